// gRPC over HTTP/2: a call, a stream of answers, an error
import grpc from '@grpc/grpc-js';

const json = { serialize: value => Buffer.from(JSON.stringify(value)), deserialize: data => JSON.parse(data) };
const method = (path, responseStream) => ({ path, requestStream: false, responseStream,
	requestSerialize: json.serialize, requestDeserialize: json.deserialize,
	responseSerialize: json.serialize, responseDeserialize: json.deserialize });
const service = { double: method('/numbers/double', false), count: method('/numbers/count', true) };

const server = new grpc.Server();
server.addService(service, {
	double: ({ request }, done) => typeof request === 'number' ? done(null, 2 * request)
		: done({ code: grpc.status.INVALID_ARGUMENT, details: 'no number' }),
	count: call => {
		for (let n = 1; n <= call.request; n++)
			call.write(n);
		call.end();
	},
});
await new Promise((done, failed) => server.bindAsync('127.0.0.1:8080', grpc.ServerCredentials.createInsecure(),
	error => error ? failed(error) : done()));
const Client = grpc.makeGenericClientConstructor(service, 'numbers');
const client = new Client('127.0.0.1:8080', grpc.credentials.createInsecure());
for (const request of [21, 'x'])
	console.log(await new Promise(done => client.double(request, (error, answer) => done(error?.message ?? answer))));
const counted = [];
for await (const n of client.count(5))
	counted.push(n);
console.log(counted);
client.close();
await new Promise(done => server.tryShutdown(done));
