// TypeORM on sql.js: entities, a relation, a transaction that is rolled back
import 'reflect-metadata';
import { DataSource, EntitySchema } from 'typeorm';

const Author = new EntitySchema({ name: 'author', columns: { id: { type: Number, primary: true, generated: true },
	name: { type: String, unique: true } }, relations: { books: { type: 'one-to-many', target: 'book', inverseSide: 'author' } } });
const Book = new EntitySchema({ name: 'book', columns: { id: { type: Number, primary: true, generated: true },
	title: { type: String } }, relations: { author: { type: 'many-to-one', target: 'author' } } });
const source = await new DataSource({ type: 'sqljs', location: 'scratch/typeorm.db', autoSave: true, synchronize: true,
	entities: [Author, Book] }).initialize();
const author = await source.getRepository(Author).save({ name: 'anna' });
await source.getRepository(Book).save([{ title: 'One', author }, { title: 'Two', author }]);
await source.transaction(async manager => {
	await manager.save(Author, { name: 'ben' });
	await manager.save(Author, { name: 'anna' });
}).catch(error => console.log(error.name, error.message));
console.log(JSON.stringify(await source.getRepository(Author).find({ relations: { books: true } })));
await source.destroy();
