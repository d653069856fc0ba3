import { open } from 'lmdb';

const db = open({ path: 'scratch/lmdb' });
await db.put('key', { value: 42 });
console.log(db.get('key'));
await db.close();
