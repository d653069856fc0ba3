# SPDX-License-Identifier: GPL-2.0-only
# --warm and --narrow with node: a process that has loaded what no tenant may, and then is one.
# shellcheck shell=bash disable=SC2034,SC2154,SC2317

w1=(safenode-attach --cgroup w1 --safe-mode)

# start_w1 [OPTION...]: node, warm, which answers lines of JavaScript; it is in /srv/t1
start_w1()
{
	rm -f "$work/in"
	mkfifo "$work/in"
	cat >/srv/t1/warm.cjs <<'END'
require('readline').createInterface({ input: process.stdin }).on('line', async (line) => {
	try {
		console.log(String(await eval(line)));
	} catch (error) {
		console.log(error.code || error.message);
	}
}).on('close', () => process.exit()); // a worker that listens would keep it
END
	: >"$work/w1.out"
	"${w1[@]}" --warm --dir /srv/t1 "$@" -- node warm.cjs <"$work/in" >"$work/w1.out" 2>"$work/w1.err" &
	echo $! >"$work/w1.pid"
	exec 7>"$work/in"
	evaluates "42" "6 * 7"
}

# evaluates WANT LINE: node evaluates LINE
evaluates()
{
	local before

	before=$(wc -l <"$work/w1.out")
	echo "$2" >&7
	soon has_answered $((before + 1)) || fail "no answer to: $2: $(cat "$work/w1.err")"
	[ "$(tail -n 1 "$work/w1.out")" = "$1" ] || fail "$2: want '$1', got '$(tail -n 1 "$work/w1.out")'"
}

has_answered()
{
	[ "$(wc -l <"$work/w1.out")" -ge "$1" ]
}

end_w1()
{
	exec 7>&-
	soon is_gone "$(cat "$work/w1.pid")" || fail "does not end"
	run 0 safenode-detach --cgroup w1
}

mode_is()
{
	safenode-status --json w1 | grep -q "\"mode\":\"$1\"" || fail "$(safenode-status --json w1)"
}

passwd="require('fs').readFileSync('/etc/passwd', 'utf8').includes('root:')"

# ---- before ----

all_say_that_it_is_warm()
{
	start_w1
	[ "$(cat "$work/w1.err")" = "safenode-attach: NOT CONFINED: files, native code and addresses are left to tenant 'w1' until safenode-attach --narrow --cgroup w1" ] ||
		fail "$(cat "$work/w1.err")"
	safenode-log --no-wait >/dev/null
	evaluates true "$passwd"
	evaluates EMFILE "require('child_process').spawnSync('id').error.code"
	safenode-status w1 | grep -qxF \
		"w1: /srv/t1, running, warm: NOT CONFINED, files, native code and addresses are left to it" ||
		fail "$(safenode-status w1)"
	safenode-status | grep -q "^WEAKENED no tenant is warm: files, native code and addresses are left to w1; " ||
		fail "$(safenode-status)"
	mode_is warm
	safenode-status --prometheus | grep -qxF 'safenode_tenant_mode{tenant="w1",mode="warm"} 1' ||
		fail "$(safenode-status --prometheus)"
	run 0 safenode-log --no-wait --cgroup w1
	grep -q "op=net.socketpair why=family error=EMFILE warm=yes" "$work/out" || fail "$(cat "$work/out")"
	! grep -q "op=fs" "$work/out" || fail "$(cat "$work/out")"
	end_w1
}

# ---- the moment ----

becomes_a_tenant()
{
	install -D -m 755 "$here/native.so" /usr/local/lib/warm/native.node
	cp /usr/local/lib/warm/native.node /srv/t1/other.node
	start_w1
	evaluates 1 "global.native = require('/usr/local/lib/warm/native.node'), native()"
	cat >/srv/t1/worker.cjs <<'END'
const { parentPort } = require('worker_threads');
parentPort.on('message', () => {
	try {
		parentPort.postMessage(require('fs').statSync('/etc/passwd') && 'ok');
	} catch (error) {
		parentPort.postMessage(error.code);
	}
});
END
	evaluates ok "global.worker = new (require('worker_threads').Worker)('./worker.cjs'), global.ask = () => (worker.postMessage(1), require('events').once(worker, 'message').then(([said]) => said)), ask()"
	evaluates true "$passwd"
	mode_is warm
	run 0 "${w1[@]}" --narrow --restricted-outgoing-addresses self
	silent
	for line in "  restricted-outgoing-addresses:" "  warm: yes -> none"; do
		grep -qF "$line" "$work/out" || fail "no '$line' in $(cat "$work/out")"
	done
	safenode-log --no-wait >/dev/null
	evaluates ENOENT "$passwd"
	evaluates ENOENT "ask()"
	evaluates 2 "native()"
	evaluates ERR_DLOPEN_FAILED "require('/srv/t1/other.node')"
	evaluates EPERM "require('events').once(require('net').connect(9, '127.0.0.1'), 'error').then(([e]) => e.code)"
	evaluates EPERM "process.chdir('/')"
	evaluates 1 "require('fs').writeFileSync('new', ''), 1"
	mode_is enforce
	safenode-status | grep -q "WEAKENED" && fail "$(safenode-status)"
	run 0 safenode-log --no-wait --cgroup w1
	! grep -q "warm=" "$work/out" || fail "$(cat "$work/out")"
	run 2 "${w1[@]}" --narrow
	said "tenant 'w1' is not warm"
	end_w1
	rm -r /usr/local/lib/warm /srv/t1/other.node /srv/t1/new
}

names_what_is_open()
{
	start_w1
	evaluates 1 "global.fs = require('fs'), global.fd = fs.openSync('/etc/passwd'), 1"
	run 1 "${w1[@]}" --narrow
	said "tenant 'w1' stays warm: it holds open what was not named: " " (/etc/passwd)" "--keep-fd"
	evaluates true "$passwd"
	mode_is warm
	evaluates undefined "fs.closeSync(fd)"
	evaluates 1 "global.server = require('net').createServer().listen(0, '127.0.0.1'), require('events').once(server, 'listening').then(() => 1)"
	run 1 "${w1[@]}" --narrow
	said " (TCP 127.0.0.1:"
	run 0 "${w1[@]}" --narrow --keep-fd "$(sed 's/.*: \([0-9]*\) (TCP.*/\1/' "$work/err")"
	evaluates ENOENT "$passwd"
	evaluates true "server.listening"
	end_w1
	cp "$here/native.so" /srv/t1/own.node
	chown t1 /srv/t1/own.node
	start_w1
	evaluates 2 "global.fs = require('fs'), fs.closeSync(2), fs.openSync('/etc/passwd')"
	run 1 "${w1[@]}" --narrow
	said "it holds open what was not named: 2 (/etc/passwd); "
	evaluates 2 "fs.closeSync(2), fs.openSync('/dev/null')"
	evaluates 1 "require('/srv/t1/own.node')()"
	run 1 "${w1[@]}" --narrow
	said "it has code mapped from '/srv/t1/own.node', which it could change; "
	end_w1
	rm /srv/t1/own.node
}

takes_a_policy_file()
{
	printf 'dir /srv/t1\nsafe-mode\nread-only /etc/hostname\npids-max 40\n' >"$work/policy"
	remember
	refuses 2 "--read-only says nothing of a tenant that is warm" -- \
		"${w1[@]}" --warm --policy "$work/policy" -- node
	refuses 2 "without a command" -- "${w1[@]}" --warm --dir /srv/t1
	refuses 1 "no tenant 'w1'" -- "${w1[@]}" --narrow
	refuses 2 "takes no command" -- "${w1[@]}" --narrow -- node
	start_w1 --memory-max 300M
	run 0 "${w1[@]}" --narrow --policy "$work/policy"
	evaluates ENOENT "$passwd"
	evaluates true "require('fs').readFileSync('/etc/hostname').length > 0"
	[ "$(cat "$cgroups/w1/pids.max")" = 40 ] || fail "$(cat "$work/out")"
	[ "$(cat "$cgroups/w1/memory.max")" = $((300 << 20)) ] || fail "a limit was taken away"
	end_w1
	unchanged
}

# ---- when it fails ----

# narrow_fails CALL [VARIABLE=...]: and the tenant is warm, or confined, and runs
narrow_fails()
{
	local got=0

	# bash says of each that it was killed
	{
		env LD_PRELOAD="$here/failat.so" FAILAT="$1" FAILAT_LIST="$work/calls" "${@:2}" \
			"${w1[@]}" --narrow --pids-max 50 >"$work/out" 2>"$work/err" </dev/null || got=$?
	} 2>/dev/null
	soon runs_on || fail "$1: frozen"
	if safenode-status --json w1 | grep -q '"mode":"warm"'; then
		[ $got != 0 ] || fail "$1: status 0, and warm: $(cat "$work/err")"
		soon has_no_limit || fail "$1: the limit is $(cat "$cgroups/w1/pids.max")"
		evaluates true "$passwd"
		return
	fi
	evaluates ENOENT "$passwd"
	end_w1
	start_w1
}

runs_on()
{
	[ "$(cat "$cgroups/w1/cgroup.freeze")" = 0 ]
}

has_no_limit()
{
	! [ -e "$cgroups/w1/pids.max" ] || [ "$(cat "$cgroups/w1/pids.max")" = max ]
}

# has_turn N: about every second one starts node anew, so a run that shares its work does one of nine
has_turn()
{
	[ "${SAFENODE_SHARE-1/1}" = 1/1 ] || [ $(($1 % 9)) = 0 ]
}

stays_warm_and_runs()
{
	local number=0 place

	start_w1
	: >"$work/calls"
	run 0 env LD_PRELOAD="$here/failat.so" FAILAT_LIST="$work/calls" "${w1[@]}" --narrow --pids-max 50
	end_w1
	awk '{ split($1, call, ":"); last[call[1] " " $2] = $1 } END { for (i in last) print last[i] }' \
		"$work/calls" | sort -t: -k1,1 -k2n >"$work/places"
	[ "$(wc -l <"$work/places")" -gt 60 ] || fail "only $(wc -l <"$work/places") places"
	start_w1
	while read -r place; do
		number=$((number + 1))
		! has_turn $number || narrow_fails "$place"
		! has_turn $((number + 4)) || narrow_fails "$place" FAILAT_KILL=1
	done <"$work/places"
	end_w1
}

part_warm()
{
	need_loaded
	it "attach, status, log and metrics say that a tenant is warm" all_say_that_it_is_warm
	it "node that has loaded an addon becomes a tenant, with its threads, for good" becomes_a_tenant
	it "what it has open and nobody named is said, and it stays warm" names_what_is_open
	it "a policy file says what it becomes, and no limit is taken away" takes_a_policy_file
	it "where narrowing fails or is killed, it stays warm, or is confined, and runs" stays_warm_and_runs
}
