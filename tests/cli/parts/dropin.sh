# SPDX-License-Identifier: GPL-2.0-only
# safenode in node's place: what the caller left open, words, several in one directory.
# shellcheck shell=bash disable=SC2154,SC2317

given=$here/dropin
as_t1=(setpriv --reuid t1 --regid t1 --clear-groups)

# The last tenant without a name has no next one that would remove it
detach_unnamed()
{
	local cgroup

	for cgroup in "$cgroups"/pid-*; do
		[ ! -e "$cgroup" ] || safenode-detach --cgroup "${cgroup##*/}" || fail "cannot detach $cgroup"
	done
}

# drops COMMAND...: it starts a tenant of the drop-in in /srv/t1, which ends with status 0
drops()
{
	cd /srv/t1 || fail "no /srv/t1"
	run 0 "$@"
	silent
	detach_unnamed
	unchanged
}

# Bare, as its user, and as a tenant; each is JSON
descriptors_stay()
{
	install -m 644 -o t1 -g t1 /dev/null /srv/given
	echo given >/srv/given
	cp "$given/descriptors.js" /srv/t1
	cd /srv/t1 || fail "no /srv/t1"
	run 0 "${as_t1[@]}" "$given/leave_open" all safenode descriptors.js
	printed '{"file":"given\n","reopen":"given\n","mode":"changed","pipe":1,"closed":"EBADF","listener":"accepted","datagrams":"to itself"}'
	chmod 644 /srv/given
	drops "$given/leave_open" all safenode --safe-mode descriptors.js
	printed '{"file":"given\n","reopen":"ENOENT","mode":"EACCES","pipe":1,"closed":"EBADF","listener":"accepted","datagrams":"to itself"}'
	rm -f /srv/given /srv/t1/descriptors.js
}

# left_open KIND TEXT: bare it may be open, and for a tenant it is refused, by its number and TEXT. Bare,
# another program is node, for it starts faster
left_open()
{
	cd /srv/t1 || fail "no /srv/t1"
	run 0 env PATH="$work/node:$PATH" "$given/leave_open" "$1" safenode deny 0
	run 2 "$given/leave_open" "$1" safenode --safe-mode -e 0
	said "safenode: descriptor 9 (" "$2" "close it (FD_CLOEXEC)"
	unchanged
}

others_are_refused()
{
	left_open directory "('/etc') is open, and is a directory"
	left_open path "('/etc/hostname') is open, and is a path (O_PATH)"
	left_open proc "('/proc/1/status') is open, and is an object of the kernel's"
	left_open ptmx "ptmx') is open, and is a device"
	left_open disk "('/dev/vda') is open, and is a device"
	left_open eventfd "('anon_inode:[eventfd]') is open, and is an object of the kernel's"
	left_open bpf "('anon_inode:bpf-map') is open, and is an object of the kernel's"
	left_open pidfd "pidfd"
	left_open ring "('anon_inode:[io_uring]') is open, and is an object of the kernel's"
}

other_sockets_are_refused()
{
	local unix="is a Unix socket, and no connected stream that NODE_CHANNEL_FD names"

	left_open netlink "is a socket, and none of TCP or UDP"
	left_open raw "is a socket, and none of TCP or UDP"
	left_open packet "is a socket, and none of TCP or UDP"
	left_open stream "$unix"
	cd /srv/t1 || fail "no /srv/t1"
	for kind in channel-datagrams channel-listener; do
		run 2 "$given/leave_open" $kind safenode --safe-mode -e 0
		said "safenode: descriptor 9 (" "$unix"
	done
	unchanged
}

# What the program sees of the variables
show='const { NODE_CHANNEL_FD, NODE_UNIQUE_ID, LISTEN_FDS, LISTEN_PID } = process.env;
	console.log(Boolean(process.channel), [NODE_CHANNEL_FD, NODE_UNIQUE_ID, LISTEN_FDS, LISTEN_PID].join()); process.exit()'

variables_go()
{
	local attach=(safenode-attach --cgroup f1 --dir /srv/t1 --safe-mode)

	drops "$given/leave_open" channel safenode --safe-mode -e "$show"
	printed "true ,,,"
	drops "$given/leave_open" channel-nothing safenode --safe-mode -e "$show"
	printed "false ,,,"
	export LISTEN_PID=1 NODE_UNIQUE_ID=1
	drops env LISTEN_FDS=2 safenode --safe-mode -e "$show" 3</dev/null
	printed "false ,1,,"
	drops env LISTEN_FDS=1 safenode --safe-mode -e "$show" 3</dev/null
	printed "false ,1,1,1"
	run 0 env LISTEN_FDS=1 "${attach[@]}" -- node -e "$show" 3</dev/null
	printed "false ,1,,"
	run 0 env LISTEN_FDS=1 "${attach[@]}" --keep-fd 3 -- node -e "$show" 3</dev/null
	printed "false ,1,1,1"
	unset LISTEN_PID
	run 0 "$given/leave_open" channel "${attach[@]}" -- node -e "$show"
	printed "false ,,,"
	run 0 "$given/leave_open" channel "${attach[@]}" --keep-fd 9 -- node -e "$show"
	grep -q "^true " "$work/out" || fail "$(cat "$work/out" "$work/err")"
	run 0 safenode-detach --cgroup f1
}

# What was typed there must not be read by a tenant of another session: as on 0, 1 and 2
terminals_are_for_writing()
{
	cat >/srv/t1/reads.js <<-'END'
		const fs = require('fs');
		let got;
		try { got = fs.readSync(9, Buffer.alloc(9)); } catch (error) { got = error.code; }
		fs.writeSync(9, `${got}\n`);
	END
	cat >"$work/at_terminal" <<-'END'
		import os, pty, subprocess, sys
		pid, master = pty.fork()
		if not pid:
		    os.dup2(0, 9)
		    null = os.open("/dev/null", os.O_RDWR)
		    for n in range(3):
		        os.dup2(null, n)
		    sys.exit(subprocess.call(sys.argv[1:], close_fds=False))
		os.write(master, b"typed\n")
		seen = b""
		try:
		    while True:
		        seen += os.read(master, 100)
		except OSError:
		    pass
		print(seen.replace(b"typed\r\n", b"", 1).decode().strip())
		sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
	END
	cd /srv/t1 || fail "no /srv/t1"
	run 0 python3 "$work/at_terminal" safenode reads.js
	printed 6
	drops python3 "$work/at_terminal" safenode --safe-mode reads.js
	printed EBADF
	rm -f /srv/t1/reads.js
}

# says SCRIPT-WORDS...: what node sees, bare and as a tenant, is the same
sees_the_same()
{
	cd /srv/t1 || fail "no /srv/t1"
	run 0 "${as_t1[@]}" node "$@"
	silent
	mv "$work/out" "$work/bare"
	drops safenode --safe-mode "$@"
	[ -s "$work/bare" ] || fail "nothing to compare"
	diff "$work/bare" "$work/out" || fail "bare (<) and as a tenant (>) differ: $*"
}

as_bare()
{
	local says='console.log(process.argv, process.argv0, process.execArgv, process.execPath, process.title, process.cwd(), require.main?.filename)'

	echo "$says" >/srv/t1/says.js
	sees_the_same says.js a --b '' -- --c
	sees_the_same --max-old-space-size=64 --no-warnings says.js --help
	sees_the_same -- says.js
	sees_the_same --require ./says.js -e 1+1 a
	sees_the_same -p '[process.argv, process.execArgv]' a
	sees_the_same --version
	rm -f /srv/t1/says.js
}

# safenode's options among node's
options_in_any_order()
{
	echo 'globalThis.before = 1' >/srv/t1/before.js
	echo 'console.log(globalThis.before, process.execArgv.join(), process.argv.slice(2).join());
		require("fs").readFile("/etc/passwd", error => console.log(error && error.code));' >/srv/t1/app.js
	drops safenode --max-old-space-size=64 --safe-mode app.js a
	printed $'undefined --max-old-space-size=64 a\nENOENT'
	drops safenode -r ./before.js --restricted-outgoing-addresses self --expose-gc --safe-mode --no-warnings \
		--allowed-outgoing-ports 53 app.js --user x -t
	printed $'1 -r,./before.js,--expose-gc,--no-warnings --user,x,-t\nENOENT'
	drops safenode --require ./before.js -e 'require("./app.js")' --safe-mode -- a b
	printed $'1 --require,./before.js,-e,require("./app.js") b\nENOENT'
	drops safenode -p 'process.argv.length' --safe-mode
	printed 1
	# an option whose value is not known for one leads to words that node refuses
	run 9 safenode --no-such-option x --safe-mode app.js
	run 9 node --safe-mode app.js
	rm -f /srv/t1/before.js
}

late_flags()
{
	cd /srv/t1 || fail "no /srv/t1"
	run 0 safenode app.js --safe-mode
	grep -qF "safenode: warning: --safe-mode stands behind 'app.js' and is an argument of that: nothing is confined" \
		"$work/err" || fail "$(cat "$work/err")"
	printf 'undefined  --safe-mode\nnull\n' | diff - "$work/out" || fail "see above"
	run 0 safenode --safe-mode app.js --safe-mode --allowed-outgoing-ports=1
	grep -qF "safenode: warning: --allowed-outgoing-ports stands behind 'app.js' and is an argument of that: it restricts nothing" \
		"$work/err" || fail "$(cat "$work/err")"
	detach_unnamed
	rm -f /srv/t1/app.js
	unchanged
}

# server and client are tenants of one directory, at once, each with a policy of its own
acceptance()
{
	local server status=0

	cp "$given/server.js" "$given/client.js" /srv/t1
	chown t1:t1 /srv/t1/*.js
	echo secret >/srv/secret
	cd /srv/t1 || fail "no /srv/t1"
	safenode --safe-mode server.js >"$work/server" 2>&1 &
	server=$!
	for _ in {1..600}; do
		! grep -q ready "$work/server" || break
		sleep 0.1
	done
	grep -qx ready "$work/server" || fail "the server: $(cat "$work/server")"
	run 4 safenode --safe-mode --restricted-outgoing-addresses 127.0.0.1 --allowed-outgoing-ports 10002,10004 client.js
	wait $server || status=$?
	[ $status = 0 ] || fail "the server ended with $status: $(cat "$work/server")"
	diff - "$work/out" <<-'END' || fail "wanted (<)"
		write its own: ok
		read its own: own
		read what the server is: true
		read outside: ENOENT
		list outside: ENOENT
		stat outside: ENOENT
		write outside: ENOENT
		change the directory: EPERM
		start a program: EACCES
		signal its parent: EPERM
		listen on a Unix socket: EPERM
		reach TCP port 10001: EPERM
		reach TCP port 10002: from 10002
		reach UDP port 10003: EPERM
		reach UDP port 10004: from 10004
	END
	silent
	[ "$(ls -d "$cgroups"/pid-* | wc -l)" = 2 ] || fail "not two: $(ls "$cgroups")"
	detach_unnamed
	rm -f /srv/t1/*.js /srv/t1/own.txt /srv/secret
	unchanged
}

# The same outside, as their user: but for their directory and the lists nothing is refused
acceptance_control()
{
	local server

	cp "$given/server.js" "$given/client.js" /srv/t1
	echo secret >/srv/secret
	cd /srv/t1 || fail "no /srv/t1"
	"${as_t1[@]}" safenode server.js >"$work/server" 2>&1 &
	server=$!
	for _ in {1..600}; do
		! grep -q ready "$work/server" || break
		sleep 0.1
	done
	run 4 "${as_t1[@]}" safenode client.js
	wait $server || fail "the server: $(cat "$work/server")"
	for text in "read outside: true" "list outside: true" "stat outside: 7" "write outside: ok" "start a program: 0," \
		"change the directory: ok" "reach TCP port 10001: from 10001" "reach UDP port 10003: from 10003"; do
		grep -qxF "$text" "$work/out" || fail "no '$text' in: $(cat "$work/out")"
	done
	rm -f /srv/t1/*.js /srv/t1/own.txt /tmp/from-the-client /srv/secret
}

part_dropin()
{
	need_loaded
	detach_unnamed
	install -d -m 755 "$work/node"
	cp "$tenant" "$work/node/node"
	remember
	it "files, pipes, TCP and UDP sockets that the caller left open are used, and nothing more" descriptors_stay
	it "a directory, a path, a device, an object of the kernel's that is open is refused by name" others_are_refused
	it "so is every other socket" other_sockets_are_refused
	it "a variable that names a descriptor goes with it" variables_go
	it "a terminal of another session stays open for writing only" terminals_are_for_writing
	it "node sees the same arguments, title and path as bare" as_bare
	it "options stand in any order, behind values of node's options, too" options_in_any_order
	it "flags behind the script are the script's, and said to be" late_flags
	it "outside, server and client do what they like" acceptance_control
	it "as two tenants of one directory they do what the fork let them do" acceptance
}
