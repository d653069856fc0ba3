// Nodemailer sends a mail with an attachment to smtp-server, which asks for a password
import nodemailer from 'nodemailer';
import { SMTPServer } from 'smtp-server';

const mails = [];
const server = new SMTPServer({
	disabledCommands: ['STARTTLS'],
	onAuth: ({ username, password }, session, done) =>
		password === 'right' ? done(null, { user: username }) : done(new Error('wrong password')),
	onRcptTo: ({ address }, session, done) => address.startsWith('nobody') ? done(new Error('unknown')) : done(),
	onData: async (stream, session, done) => {
		let text = '';
		for await (const part of stream)
			text += part;
		mails.push({ from: session.envelope.mailFrom.address, to: session.envelope.rcptTo.map(to => to.address), text });
		done();
	},
});
server.on('error', () => {});
await new Promise(done => server.listen(8080, '127.0.0.1', done));
const transport = pass => nodemailer.createTransport({ host: '127.0.0.1', port: 8080, name: 'tenant.test',
	ignoreTLS: true, auth: { user: 'anna', pass } });
const mail = { from: 'anna@a.test', to: ['ben@b.test', 'nobody@b.test'], subject: 'Grüße', text: 'hello',
	attachments: [{ path: 'package.json' }] };
const sent = await transport('right').sendMail(mail);
console.log(sent.accepted, sent.rejected, sent.response);
console.log(mails[0].from, mails[0].to, mails[0].text.match(/^(Subject|Content-Disposition): .*/gm));
console.log(await transport('wrong').sendMail(mail).catch(error => [error.code, error.responseCode]));
server.close();
