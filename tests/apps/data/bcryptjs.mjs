// bcryptjs, which replaces bcrypt
import bcrypt from 'bcryptjs';

const salt = '$2b$08$abcdefghijklmnopqrstuu';
console.log(bcrypt.hashSync('password', salt), await bcrypt.hash('password', salt));
console.log(await bcrypt.compare('password', bcrypt.hashSync('password', salt)), await bcrypt.compare('wrong', salt));
