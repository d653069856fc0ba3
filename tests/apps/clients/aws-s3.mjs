// The AWS SDK: S3 objects on a server that knows put, get, list and delete
import { createServer } from 'node:http';
import { DeleteObjectCommand, GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';

const objects = new Map();
const server = createServer(async (request, response) => {
	const { pathname } = new URL(request.url, 'http://localhost');
	const parts = [];
	for await (const part of request)
		parts.push(part);
	if (!request.headers.authorization?.startsWith('AWS4-HMAC-SHA256'))
		return response.writeHead(403).end();
	switch (`${request.method} ${pathname.split('/').filter(Boolean).length}`) {
	case 'PUT 2':
		objects.set(pathname, Buffer.concat(parts));
		return response.end();
	case 'GET 2':
		return objects.has(pathname) ? response.end(objects.get(pathname)) : response.writeHead(404).end(
			'<?xml version="1.0"?><Error><Code>NoSuchKey</Code><Message>no such key</Message></Error>');
	case 'DELETE 2':
		return response.writeHead(objects.delete(pathname) ? 204 : 404).end();
	}
	const keys = [...objects.keys()].map(path => `<Contents><Key>${path.split('/')[2]}</Key></Contents>`);
	response.end(`<?xml version="1.0"?><ListBucketResult><Name>bucket</Name>${keys.join('')}</ListBucketResult>`);
});
await new Promise(done => server.listen(8080, '127.0.0.1', done));
const s3 = new S3Client({ endpoint: 'http://127.0.0.1:8080', region: 'eu-test-1', forcePathStyle: true,
	requestChecksumCalculation: 'WHEN_REQUIRED', credentials: { accessKeyId: 'id', secretAccessKey: 'secret' } });
const Bucket = 'bucket';
for (const Key of ['one', 'two'])
	console.log((await s3.send(new PutObjectCommand({ Bucket, Key, Body: `body of ${Key}` }))).$metadata.httpStatusCode);
console.log(await (await s3.send(new GetObjectCommand({ Bucket, Key: 'two' }))).Body.transformToString());
await s3.send(new DeleteObjectCommand({ Bucket, Key: 'one' }));
console.log((await s3.send(new ListObjectsV2Command({ Bucket }))).Contents.map(({ Key }) => Key));
console.log(await s3.send(new GetObjectCommand({ Bucket, Key: 'one' })).catch(error => error.name));
s3.destroy();
server.close();
