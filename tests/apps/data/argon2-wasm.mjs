// hash-wasm, which replaces argon2
import { argon2id, argon2Verify } from 'hash-wasm';

const hash = await argon2id({ password: 'password', salt: Buffer.alloc(16), iterations: 2, memorySize: 1024, parallelism: 1,
	hashLength: 32, outputType: 'encoded' });
console.log(hash, await argon2Verify({ password: 'password', hash }), await argon2Verify({ password: 'wrong', hash }));
