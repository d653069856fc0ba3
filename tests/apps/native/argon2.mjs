import argon2 from 'argon2';

console.log(await argon2.hash('password', { salt: Buffer.alloc(16), timeCost: 2, memoryCost: 1024, parallelism: 1 }));
