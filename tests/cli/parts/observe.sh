# SPDX-License-Identifier: GPL-2.0-only
# --observe, --explain and --suggest, with node; and what docs/does-not-work.md promises: each symptom,
# the option or the way around that its explanation names, and that this helps.
# shellcheck shell=bash disable=SC2034,SC2154,SC2317

# app NAME: the program of t1, from stdin
app()
{
	cat >"/srv/t1/$1"
	chown t1:t1 "/srv/t1/$1"
}

# outside COMMAND...: a server on this machine, until the test ends
outside()
{
	"$@" >/dev/null 2>"$work/outside" &
	trap 'kill $!; wait' EXIT
}

listens()
{
	grep -qE ":$(printf %04X "$1") .* (0A|07) " /proc/net/tcp /proc/net/udp
}

take_log()
{
	safenode-log --no-wait >/dev/null || fail "cannot read the ring"
}

# explained LINE...: what safenode-log --explain says of f1 has each of these lines
explained()
{
	local line

	safenode-log --no-wait --cgroup f1 --explain >"$work/explained" || fail "no log"
	for line; do
		grep -qF -e "$line" "$work/explained" || fail "no '$line' in: $(cat "$work/explained")"
	done
}

# fails STATUS TEXT OPTION...: app.cjs of t1, with these options, says TEXT
fails()
{
	local status=$1 text=$2 got=0

	shift 2
	take_log
	"${f1[@]}" "$@" -- node app.cjs >"$work/out" 2>"$work/err" </dev/null || got=$?
	[ $got = "$status" ] || fail "status $got: $(cat "$work/out" "$work/err")"
	grep -qF -e "$text" "$work/out" "$work/err" || fail "no '$text': $(cat "$work/out" "$work/err")"
}

does()
{
	run 0 "${f1[@]}" "${@:2}" -- node app.cjs
	printed "$1"
}

# ---- observing ----

says_it_confines_nothing()
{
	local line

	app app.cjs <<'END'
const fs = require('fs');
const { execFileSync } = require('child_process');
console.log(fs.readFileSync('/etc/passwd', 'utf8').includes('root:'));
console.log(execFileSync('id', ['-u'], { encoding: 'utf8' }).trim());
process.chdir('/');
END
	take_log
	run 0 "${f1[@]}" --observe -- node app.cjs
	[ "$(cat "$work/out")" = $'true\n2001' ] || fail "$(cat "$work/out")"
	[ "$(cat "$work/err")" = "safenode-attach: NOT CONFINED: --observe refuses tenant 'f1' nothing; what would be refused is only reported, see safenode-log" ] ||
		fail "$(cat "$work/err")"
	safenode-status f1 | grep -qxF "f1: /srv/t1, ended, observed: NOT CONFINED, nothing is refused" ||
		fail "$(safenode-status f1)"
	safenode-status f1 | grep -qE "^    task.fork +[0-9]+ would be refused$" || fail "$(safenode-status f1)"
	safenode-status | grep -q "^WEAKENED all tenants are confined: nothing is refused to f1; " ||
		fail "$(safenode-status)"
	safenode-status --json f1 | grep -q '"mode":"observe"' || fail "$(safenode-status --json f1)"
	safenode-status --prometheus | grep -qxF 'safenode_tenant_mode{tenant="f1",mode="observe"} 1' ||
		fail "$(safenode-status --prometheus)"
	run 0 safenode-log --no-wait --cgroup f1
	! grep -v " would=E[A-Z]* " "$work/out" || fail "a line that does not say so"
	! grep "error=" "$work/out" || fail "a line says that it was refused"
	for line in "op=fs.open why=outside would=ENOENT path=\"/etc/passwd\"" "op=task.fork why=never would=EACCES" \
		"op=task.exec .* would=EACCES path=\"/usr/bin/id\"" "op=fs.chdir why=never would=EPERM path=\"/\""; do
		grep -q "$line" "$work/out" || fail "no $line in $(cat "$work/out")"
	done
}

# A file for production is not lifted by a word on the command line
lifts_no_policy_file()
{
	printf 'safe-mode\nread-only /etc/hostname\n' >"$work/policy"
	remember
	refuses 2 "write 'observe' into the file" -- \
		safenode-attach --cgroup f1 --dir /srv/t1 --policy "$work/policy" --observe -- node app.cjs
	refuses 2 "--observe without --safe-mode" -- safenode-attach --cgroup f1 --dir /srv/t1 --observe
	echo observe >>"$work/policy"
	run 0 safenode-attach --cgroup f1 --dir /srv/t1 --policy "$work/policy" -- node -p 1
	grep -q "NOT CONFINED" "$work/err" || fail "$(cat "$work/err")"
}

# ---- a policy file from a run ----

suggests_what_the_program_needs()
{
	local name line

	install -d -m 755 /usr/share/shop/lib /usr/share/shop/.ssh /var/cache/shop
	chown t1:t1 /var/cache/shop
	for name in a b c; do
		echo "$name" >/usr/share/shop/lib/$name
	done
	echo conf >/etc/shop.conf
	echo id >/usr/share/shop/.ssh/id
	outside node -e 'require("net").createServer((s) => s.end("db")).listen(5432, "127.0.0.1")'
	soon listens 5432 || fail "no server"
	app app.cjs <<'END'
const fs = require('fs');
const net = require('net');
const out = [];
const attempt = (f) => { try { out.push(f()); } catch (e) { out.push(e.code); } };
for (const file of ['/usr/share/shop/lib/a', '/usr/share/shop/lib/b', '/usr/share/shop/lib/c', '/etc/shop.conf', '/usr/share/shop/.ssh/id'])
	attempt(() => fs.readFileSync(file, 'utf8').trim());
for (const name of ['x', 'y', 'z'])
	attempt(() => fs.writeFileSync(`/var/cache/shop/${name}`, ''));
attempt(() => fs.readdirSync('/etc').length > 3);
const socket = net.connect(5432, '127.0.0.1');
socket.on('data', (data) => out.push(String(data))).on('error', (e) => out.push(e.code));
socket.on('close', () => console.log(out.join()));
END
	take_log
	does ENOENT,ENOENT,ENOENT,ENOENT,ENOENT,ENOENT,ENOENT,ENOENT,ENOENT,EPERM --restricted-outgoing-addresses self
	run 0 "${f1[@]}" --restricted-outgoing-addresses self --observe -- node app.cjs
	[ "$(cat "$work/out")" = a,b,c,conf,id,,,,true,db ] || fail "$(cat "$work/out")"
	run 0 safenode-log --suggest --cgroup f1
	grep -q "other readers do not get them" "$work/err" || fail "takes from the ring, and does not say so"
	cp "$work/out" "$work/suggested"
	[ "$(grep -v '^#' "$work/suggested" | grep .)" = "allowed-outgoing-ports 5432
read-only /etc/shop.conf
read-only /usr/share/shop/lib
read-write /var/cache/shop" ] || fail "$(cat "$work/suggested")"
	for line in "read-only /usr/share/shop/.ssh/id, .*: secrets are kept there" \
		"read-only /etc, .* times*: fs.open: it would open all of a directory that belongs to many"; do
		grep -q "^#  $line" "$work/suggested" || fail "'$line' is not left out: $(cat "$work/suggested")"
	done
	rm -f /var/cache/shop/*
	does a,b,c,conf,ENOENT,,,,ENOENT,db --restricted-outgoing-addresses self --policy "$work/suggested"
	rm -rf /usr/share/shop /var/cache/shop /etc/shop.conf
}

# Events name a directory by the mount of its file system, not as attach was given it
knows_a_neighbour_by_another_name()
{
	mkdir -p /srv/bound
	mount --bind /srv/t2 /srv/bound || fail "cannot bind"
	trap 'umount /srv/bound; rmdir /srv/bound' EXIT
	run 0 safenode-attach --cgroup f2 --dir /srv/bound --safe-mode
	chmod 755 /srv/t2
	echo secret >/srv/t2/secret
	app app.cjs <<'END'
try { require('fs').readFileSync('/srv/t2/secret'); } catch (e) { console.log(e.code); }
END
	take_log
	does ENOENT
	run 0 safenode-log --suggest --cgroup f1
	grep -qE "^#  read-only /srv/t2[a-z/]*, .*: it is, or holds, another tenant's directory" "$work/out" ||
		fail "$(cat "$work/out")"
	! grep -q "^read-only" "$work/out" || fail "$(cat "$work/out")"
	run 0 safenode-detach --cgroup f2
	rm /srv/t2/secret
	chmod 700 /srv/t2
}

wants_a_tenant_to_suggest_for()
{
	remember
	refuses 2 "name the tenant" -- safenode-log --suggest
	refuses 2 "leave --json, --explain and --follow out" -- safenode-log --suggest --cgroup f1 --json
}

# ---- docs/does-not-work.md ----

a_file_outside()
{
	echo '{"name":"shop"}' >/etc/shop.json
	app app.cjs <<'END'
console.log(JSON.parse(require('fs').readFileSync('/etc/shop.json')).name);
END
	fails 1 "ENOENT: no such file or directory, open '/etc/shop.json'"
	explained "    to allow: --read-only /etc/shop.json (opens it for reading"
	does shop --read-only /etc/shop.json
	rm /etc/shop.json
}

a_database_on_this_machine()
{
	outside node -e 'require("net").createServer((s) => s.end("db")).listen(5432, "127.0.0.1")'
	soon listens 5432 || fail "no server"
	app app.cjs <<'END'
require('net').connect(5432, '127.0.0.1').on('data', (data) => console.log(String(data)));
END
	fails 1 "connect EPERM 127.0.0.1:5432" --restricted-outgoing-addresses self
	explained "    to allow: --allowed-outgoing-ports 5432 (opens port 5432 on every restricted address)"
	does db --restricted-outgoing-addresses self --allowed-outgoing-ports 5432
}

a_program()
{
	app app.cjs <<'END'
console.log(require('child_process').execFileSync('/usr/bin/env', ['echo', 'done'], { encoding: 'utf8' }).trim());
END
	fails 1 "spawnSync /usr/bin/env EMFILE"
	explained "    never allowed: node makes pipes to a subprocess of it: use worker_threads"
	app app.cjs <<'END'
const { Worker } = require('worker_threads');
new Worker('require("worker_threads").parentPort.postMessage("done")', { eval: true })
	.on('message', (text) => console.log(text));
END
	does "done"
}

an_addon()
{
	install -o t1 -g t1 "$here/tenant" /srv/t1/fast.node
	app app.cjs <<'END'
require('./fast.node');
END
	fails 1 "fast.node: failed to map segment from shared object"
	explained "    never allowed: no native addons: look for a build in WebAssembly or JavaScript"
	# (module (func (export "f") (result i32) i32.const 42))
	app app.cjs <<'END'
const code = Buffer.from('0061736d010000000105016000017f03020100070501016600000a06010400412a0b', 'hex');
WebAssembly.instantiate(code).then(({ instance }) => console.log(instance.exports.f()));
END
	does 42
	rm /srv/t1/fast.node
}

# A name server at 127.0.0.53 that knows one answer
serve_names()
{
	cat >"$work/names.cjs" <<'END'
const server = require('dgram').createSocket('udp4');
server.on('message', (query, from) => {
	const end = query.indexOf(0, 12) + 5;
	const is_a = query.readUInt16BE(end - 4) === 1;
	const head = Buffer.from(query.subarray(0, end));
	head.writeUInt16BE(0x8180, 2);
	head.writeUInt16BE(is_a ? 1 : 0, 6);
	head.writeUInt32BE(0, 8);
	const answer = Buffer.from('c00c00010001000000040004c0000207', 'hex');
	server.send(is_a ? Buffer.concat([head, answer]) : head, from.port, from.address);
});
server.bind(53, '127.0.0.53');
END
	outside node "$work/names.cjs"
	soon listens 53 || fail "no name server: $(cat "$work/outside")"
}

a_name_server_on_this_machine()
{
	serve_names
	cp --preserve=all --no-dereference /etc/resolv.conf "$work/resolv.conf" 2>/dev/null
	rm -f /etc/resolv.conf
	echo "nameserver 127.0.0.53" >/etc/resolv.conf
	app app.cjs <<'END'
require('dns').lookup('db.example', (error, address) => console.log(error ? error.message : address));
END
	fails 0 "getaddrinfo EAI_AGAIN db.example" --restricted-outgoing-addresses self
	explained "    to allow: --allowed-outgoing-ports 53 (opens port 53 on every restricted address)"
	does 192.0.2.7 --restricted-outgoing-addresses self --allowed-outgoing-ports 53
	rm /etc/resolv.conf
	[ ! -e "$work/resolv.conf" ] || cp --preserve=all --no-dereference "$work/resolv.conf" /etc/
}

part_observe()
{
	need_loaded
	take_log # of earlier parts
	it "an observed tenant does what others are refused, and attach, status and log say so" \
		says_it_confines_nothing
	it "--observe lifts no policy file that does not say so" lifts_no_policy_file
	it "what an observed run needs becomes a policy file, with which it runs" \
		suggests_what_the_program_needs
	disposable "another tenant's directory is not suggested, whatever its name" knows_a_neighbour_by_another_name
	it "--suggest is for one tenant, and is a policy file" wants_a_tenant_to_suggest_for
	it "a program that reads a file outside: --read-only" a_file_outside
	it "one that connects to a local database: --allowed-outgoing-ports" a_database_on_this_machine
	it "one that starts a program: worker_threads" a_program
	it "one that loads an addon: WebAssembly" an_addon
	disposable "one whose name server is refused: --allowed-outgoing-ports 53" a_name_server_on_this_machine
	run 0 safenode-detach --cgroup f1
}
