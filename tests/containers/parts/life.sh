# SPDX-License-Identifier: GPL-2.0-only
# From the hook to the end of a container, and what comes in between.
# shellcheck shell=bash disable=SC2154,SC2317 # of units

wait_script='require("fs").writeFileSync("ready", ""); setInterval(() => {}, 1000);'
# Tries without a pause to get out, and ends when it has
attack='const fs = require("fs"); let n = 0;
for (;;) {
	try { fs.readFileSync("/run/secrets/token"); fs.writeFileSync("out", "out"); break; } catch (e) { }
	try { require("child_process").spawnSync("/usr/bin/true", [], { stdio: "ignore" }).error || fs.writeFileSync("out", "spawned"); } catch (e) { }
	if (++n === 20) fs.writeFileSync("ready", "");
}'

# runs RUNTIME NAME SCRIPT: in the background, until it is ready
runs()
{
	bundle "$2" "$(js "$3")"
	"$1" run -d -b "/srv/$2" "$2" >/dev/null 2>"$work/err" </dev/null || fail "$(cat "$work/err")"
	soon [ -e "/srv/$2/up/app/ready" ] || fail "does not run"
}

ends()
{
	"$1" delete --force "$2" || fail "cannot delete"
	unbundle "$2"
}

names_are_shown()
{
	runs runc shown "$wait_script"
	has_policies container/shown || fail "$(policies)"
	safenode-status >"$work/out"
	grep -q 'container/shown' "$work/out" || fail "$(cat "$work/out")"
	ends runc shown
	nothing_left
	bundle pod "$(js 'try { require("fs").readFileSync("/run/secrets/token"); } catch (e) { }')"' | .annotations += {
		"io.kubernetes.cri.sandbox-namespace": "shop", "io.kubernetes.cri.sandbox-name": "web-1",
		"io.kubernetes.cri.container-name": "node"}'
	starts runc pod || fail "$(cat "$work/err")"
	safenode-log --no-wait >"$work/out" 2>/dev/null
	grep 'tenant=shop/web-1/node .*op=fs.lookup ' "$work/out" | grep -q secrets || fail "$(tail -n 5 "$work/out")"
	unbundle pod
}

# execs RUNTIME DIRECTORY COMMAND...: in the container "in-RUNTIME"; what it says is in out. By a pipe,
# as an engine does it: crun hands down what it has itself, and a file of the host's is no tenant's
execs()
{
	timeout 120 "$1" exec --cwd "$2" "in-$1" "${@:3}" </dev/null 2>&1 | cat >"$work/out"
	return "${PIPESTATUS[0]}"
}

# entered RUNTIME: what exec starts is a tenant, too, and has one exec
entered()
{
	runs "$1" "in-$1" "$wait_script"
	execs "$1" /app node -e '
		const fs = require("fs"); console.log(process.cwd());
		for (const f of ["/run/secrets/token", "/other/file"])
			try { fs.readFileSync(f); console.log("READ"); } catch (e) { console.log(e.code); }
		console.log(require("child_process").spawnSync("/usr/bin/true", [], { stdio: "ignore" }).error.code);' ||
		fail "node: $(cat "$work/out")"
	[ "$(xargs <"$work/out")" = "/app ENOENT ENOENT EACCES" ] || fail "$(cat "$work/out")"
	execs "$1" /app ls / || fail "ls: $(cat "$work/out")"
	grep -qx app "$work/out" || fail "$(cat "$work/out")"
	! execs "$1" /app sh -c '/usr/bin/ls /; echo "status $?"' || fail "a shell started ls: $(cat "$work/out")"
	grep -q 'annot fork' "$work/out" || fail "sh: $(cat "$work/out")"
	! execs "$1" /app cat /run/secrets/token || fail "cat: $(cat "$work/out")"
	grep -qF 'No such file' "$work/out" || fail "cat: $(cat "$work/out")"
	# from another directory, which is not the tenant's, nothing is started
	! execs "$1" /usr node -e 'console.log("RAN")' || fail "started in /usr: $(cat "$work/out")"
	! grep -qx RAN "$work/out" || fail "has run in /usr: $(cat "$work/out")"
	ends "$1" "in-$1"
	nothing_left
}

loaded_again()
{
	runs runc loaded "$attack"
	safenode-load || fail "load"
	sleep 2
	[ ! -e /srv/loaded/up/app/out ] || fail "got out: $(cat /srv/loaded/up/app/out)"
	[ "$(runc state loaded | jq -r .status)" = running ] || fail "ended"
	policies | grep -qx container/loaded || fail "$(policies)"
	ends runc loaded
	nothing_left
}

# A hook that was never called leaves a policy of a cgroup that is gone: the next tool removes it
swept()
{
	bundle swept "$(js '1')"' | del(.hooks.poststop)'
	starts runc swept || fail "$(cat "$work/err")"
	unbundle swept
	bundle next "$(js '1')"
	starts runc next || fail "$(cat "$work/err")"
	unbundle next
	nothing_left
}

# A hook that is traced, and with a number killed at that call of bpf(2). The other one is as ever.
traced()
{
	local kill=${1+"-e inject=bpf:signal=KILL:when=$1"}

	cat >/run/test/traced <<-END
		#!/bin/sh
		[ "\$1" = poststop ] && exec /usr/sbin/safenode-oci "\$1"
		exec strace -o /run/test/trace -e trace=bpf $kill /usr/sbin/safenode-oci "\$1"
	END
	chmod 755 /run/test/traced
}

# The hook killed at some of its calls, to the last: the container is not started, and nothing is left
killed()
{
	# shellcheck disable=SC2034 # bundle has it
	local hook=/run/test/traced calls k

	traced
	bundle whole "$(js '1')"
	starts runc whole || fail "$(cat "$work/err")"
	calls=$(grep -c '^bpf(' /run/test/trace)
	[ "$calls" -gt 50 ] || fail "$calls calls"
	for k in 1 3 5 6 7 8 9 10; do
		traced $((calls * k / 10))
		bundle killed "$(js 'console.log("RAN")')"
		! starts runc killed || fail "started, killed at call $((calls * k / 10)) of $calls"
		! grep -q RAN "$work/out" || fail "has run"
		runc delete --force killed 2>/dev/null
	done
	unbundle killed
	traced
	bundle next "$(js '1')"
	starts runc next || fail "$(cat "$work/err")"
	nothing_left
}

with_a_terminal()
{
	bundle tty "$(js 'console.log(`tty ${process.stdout.isTTY} ${require("fs").fstatSync(1).isCharacterDevice()}`);
		for (const f of ["/run/secrets/token"]) try { require("fs").readFileSync(f); console.log("READ"); }
		catch (e) { console.log(e.code); }')"' | .process.terminal = true'
	# a terminal for runc itself
	timeout 300 python3 -c 'import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))' \
		runc run -b /srv/tty tty >"$work/out" 2>&1 </dev/null || fail "$(cat "$work/out")"
	tr -d '\r' <"$work/out" | grep -qx 'tty true true' || fail "$(cat "$work/out")"
	tr -d '\r' <"$work/out" | grep -qx ENOENT || fail "$(cat "$work/out")"
	unbundle tty
}

part_life()
{
	local runtime

	it "a container is shown by its name, and a pod's by three" names_are_shown
	for runtime in "${runtimes[@]}"; do
		it "$runtime exec starts one program, as the tenant" entered "$runtime"
	done
	it "safenode is loaded again while a container tries to get out" loaded_again
	it "a policy that no poststop has removed is swept" swept
	it "a hook that is killed at any time starts nothing" killed
	it "a container has the terminal that its runtime makes" with_a_terminal
}
