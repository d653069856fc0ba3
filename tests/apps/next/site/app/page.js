import Counter from './counter';

export const dynamic = 'force-dynamic';
export default async function Page({ searchParams })
{
	const { name = 'nobody' } = await searchParams;
	return <main><h1>hello {name}</h1><Counter from={41} /></main>;
}
