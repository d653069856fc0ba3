# SPDX-License-Identifier: GPL-2.0-only
# The end of a tenant; and a policy without a command, for a process that the server moves itself.
# shellcheck shell=bash disable=SC2012,SC2016,SC2034,SC2086,SC2154,SC2317

unknown_name()
{
	run 1 safenode-detach --cgroup nobody
	said "safenode-detach: " "'nobody'" "safenode-status"
	run 1 safenode-detach --cgroup nobody --kill
	said "safenode-detach: " "'nobody'" "safenode-status"
	unchanged
}

running_stays()
{
	start f1 t1 -- "$tenant" wait
	"$here/look" >"$work/running"
	run 1 safenode-detach --cgroup f1
	said "safenode-detach: " "'f1' is running" "--kill"
	"$here/look" | cmp - "$work/running" || fail "something has changed"
	is_running f1 "$(cat "$work/f1.pid")" || fail "it was ended"
}

kill_ends()
{
	local pid

	pid=$(cat "$work/f1.pid")
	run 0 safenode-detach --cgroup f1 --kill
	silent
	is_gone "$pid" || fail "process $pid is left"
	unchanged
	run 1 safenode-detach --cgroup f1 --kill
	said "'f1'"
	unchanged
}

ended_comes_again()
{
	local other

	run 0 "${f1[@]}" --restricted-outgoing-addresses 10.0.0.0/8 --memory-max 100M -- "$tenant" deny 7
	run 0 safenode-status f1
	grep -qx "f1: /srv/t1, ended" "$work/out" || fail "$(cat "$work/out")"
	grep -qE '^ +net.socket +7 refused$' "$work/out" || fail "$(cat "$work/out")"
	# nothing of the first is left for the second
	run 0 "${f1[@]}" -- "$tenant" self /srv/t1
	printed "as promised"
	other=$("$here/look" | grep -c '^map addresses ')
	[ "$other" = 0 ] || fail "$other addresses of the first are left"
	[ "$(cat "$cgroups/f1/memory.max")" = max ] || fail "the first one's limit"
	run 0 safenode-status f1
	! grep -qE 'net.socket +[2-9]' "$work/out" || fail "counts on: $(cat "$work/out")"
	run 0 safenode-detach --cgroup f1
	silent
	unchanged
}

children_go()
{
	run 0 "${f1[@]}" --memory-max 100M
	mkdir -p "$cgroups/f1/a/b" "$cgroups/f1/c"
	run 0 safenode-detach --cgroup f1
	silent
	unchanged
}

# Somebody has removed the cgroup by hand
cgroup_is_gone()
{
	run 0 "${f1[@]}" --restricted-outgoing-addresses 10.0.0.0/8 -- "$tenant" acts
	rmdir "$cgroups/f1" || fail "cannot remove the cgroup"
	run 0 safenode-detach --cgroup f1
	silent
	unchanged
}

# And then attached the same name again: both are shown, and a detach of each is enough
cgroup_was_gone()
{
	run 0 "${f1[@]}" -- "$tenant" acts
	rmdir "$cgroups/f1" || fail "cannot remove the cgroup"
	start f1 t1 -- "$tenant" wait
	run 0 safenode-status f1
	[ "$(grep '^f1: ' "$work/out" | sort | tr '\n' ';')" = "f1: /srv/t1, ended;f1: /srv/t1, running;" ] ||
		fail "$(cat "$work/out")"
	stop f1 t1
	run 0 safenode-status f1
	[ "$(grep -c '^f1: ' "$work/out")" = 1 ] || fail "$(cat "$work/out")"
	run 0 safenode-detach --cgroup f1
	silent
	unchanged
}

# ---- a policy without a command ---- the program is node, found in $PATH

# Forked, and not exec'ed since: confined at once, and the exec that is refused uses nothing up
moved_starts_node()
{
	run 0 "${f1[@]}"
	silent
	[ ! -s "$work/out" ] || fail "$(cat "$work/out")"
	[ "$(cat "$cgroups/f1/cgroup.procs")" = "" ] || fail "somebody is inside"
	cat >/srv/t1/app.js <<'END'
const fs = require("fs"), { execFileSync } = require("child_process");
for (const act of [() => fs.readFileSync("/etc/passwd"), () => fs.readdirSync("/"),
		   () => execFileSync("true"), () => process.chdir("/"),
		   () => fs.writeFileSync("made", "") || { code: "made" }])
	try { console.log((act() || {}).code); } catch (error) { console.log(error.code); }
process.exit(9);
END
	cd /srv/t1 || fail "no /srv/t1"
	run 9 "$tenant" move "$cgroups/f1/cgroup.procs" 2001 node app.js
	printed "\
unix-socket=EPERM read-outside=ENOENT list-root=ENOENT chdir=EPERM fork=EACCES write-inside=ok
env: EACCES
ENOENT
ENOENT
EMFILE
EPERM
made"
	# the control: the same outside is free to start env
	mkdir -p "$cgroups/../free"
	run 0 "$tenant" move "$cgroups/../free/cgroup.procs" 2001 node app.js
	rmdir "$cgroups/../free"
	printed "unix-socket=ok read-outside=ok list-root=ok chdir=ok fork=ok write-inside=ok"
}

# The same process image after an exec: sh has had its own
moved_after_exec_starts_nothing()
{
	cd /srv/t1 || fail "no /srv/t1"
	run 126 sh -c 'echo $$ >"$1"; exec node -e "console.log(1)"' sh "$cgroups/f1/cgroup.procs"
	[ ! -s "$work/out" ] || fail "$(cat "$work/out")"
	# the control: in the parent's place it may
	run 0 sh -c 'exec node -e "console.log(1)"'
	printed 1
}

# process.execve() came with node 22.15; where it fails, node aborts
exec_is_used_up()
{
	local node=$1 again='process.execve(process.execPath, [process.execPath, "-e", "console.log(2)"])'

	cd /srv/t1 || fail "no /srv/t1"
	run 0 env PATH="$node:$PATH" "${f1[@]}"
	run 0 "$node/node" --no-warnings -e "console.log(1); $again"
	printed $'1\n2'
	if (
		echo "$BASHPID" >"$cgroups/f1/cgroup.procs"
		exec "$node/node" --no-warnings -e "console.log(1); $again"
	) >"$work/out" 2>"$work/err" </dev/null; then
		fail "succeeded"
	fi
	[ "$(cat "$work/out")" = 1 ] || fail "$(cat "$work/out")"
	grep -q EACCES "$work/err" || fail "no EACCES: $(cat "$work/err")"
}

part_detach()
{
	local node=/opt/node-24/bin sentence="whom the server moved into its cgroup has used up its exec"

	need_loaded
	remember
	it "detach names a tenant that there is not" unknown_name
	it "detach leaves a running tenant alone" running_stays
	it "detach --kill ends it, and there is nothing left to detach a second time" kill_ends
	it "an ended tenant can be attached again, from scratch" ended_comes_again
	it "detach removes the cgroups that the server made below the tenant's" children_go
	it "detach finds a tenant whose cgroup is gone" cgroup_is_gone
	it "whose cgroup was gone when the name came again is detached after the other" cgroup_was_gone
	it "without a command, attach writes the policy for a process that the server moves there" \
		moved_starts_node
	it "whom the server moved into its cgroup after an exec starts nothing" \
		moved_after_exec_starts_nothing
	if [ -x $node/node ]; then
		it "$sentence" exec_is_used_up $node
	else
		skip "$sentence" "$node/node"
	fi
	rm -f /srv/t1/app.js /srv/t1/made
	it "detach then leaves nothing" clean
}
