// Apollo Server: a schema, a query, a mutation and an error
import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';

const books = [{ title: 'One', pages: 1 }];
const server = new ApolloServer({
	typeDefs: `
		type Book { title: String! pages: Int! }
		type Query { books: [Book!]! broken: Int }
		type Mutation { add(title: String!, pages: Int!): Book! }`,
	resolvers: {
		Query: { books: () => books, broken: () => { throw new Error('broken resolver'); } },
		Mutation: { add: (parent, book) => (books.push(book), book) },
	},
	includeStacktraceInErrorResponses: false,
});
const { url } = await startStandaloneServer(server, { listen: { port: 8080, host: '127.0.0.1' } });
console.log(url);
for (const query of ['mutation { add(title: "Two", pages: 2) { title } }', '{ books { title pages } }', '{ broken }',
	'{ nothing }']) {
	const answer = await fetch(url, { method: 'POST', body: JSON.stringify({ query }),
		headers: { 'content-type': 'application/json' } });
	console.log(answer.status, await answer.text());
}
await server.stop();
