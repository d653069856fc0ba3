import bcrypt from 'bcrypt';

console.log(await bcrypt.hash('password', '$2b$08$abcdefghijklmnopqrstuu'));
