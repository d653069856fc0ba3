# SPDX-License-Identifier: GPL-2.0-only
# Two tools at once: the second one says whom it waits for, goes on afterwards, and may be interrupted.
# shellcheck shell=bash disable=SC2012,SC2016,SC2034,SC2046,SC2086,SC2154,SC2317

# hold PATH: a lock that another process has; its process id is in $holder. release: it goes
hold()
{
	flock "$1" sleep infinity 3>&- &
	holder=$!
	soon is_held || fail "no lock"
}

is_held()
{
	grep -q "FLOCK .* $holder " /proc/locks
}

# The lock is the command's, too
release()
{
	kill $(cat "/proc/$holder/task/$holder/children") "$holder"
	wait "$holder" || true
}

# begin_tool COMMAND...: in the background; it has said whom it waits for
begin_tool()
{
	"$@" >"$work/out" 2>"$work/err" </dev/null &
	waiting=$!
	soon has_said || fail "it does not say so: $(cat "$work/out" "$work/err")"
	sleep 0.2
	! is_gone $waiting || fail "it does not wait: $(cat "$work/out" "$work/err")"
}

has_said()
{
	[ "$(wc -l <"$work/err")" = 1 ]
}

# It says so in one line, and does what it should once the lock is free
waits()
{
	local path=$1 status=0

	shift
	hold "$path"
	begin_tool "$@"
	grep -qxE "safenode[a-z-]*: waiting for flock \(process $holder\), which has locked $path" "$work/err" ||
		fail "$(cat "$work/err")"
	release
	wait $waiting || status=$?
	[ $status = 0 ] || fail "status $status: $(cat "$work/out" "$work/err")"
	has_said || fail "$(cat "$work/err")"
}

attach_waits()
{
	waits "$pins" "${f1[@]}" -- "$tenant" self /srv/t1
	[ "$(cat "$work/out")" = "as promised" ] || fail "$(cat "$work/out")"
	waits "$pins" safenode-detach --cgroup f1
	unchanged
}

status_waits()
{
	waits "$pins" safenode-status
	grep -q "^in force: " "$work/out" || fail "$(cat "$work/out")"
	unchanged
}

# The drop-in says once for whom it waits to clear up, and has no reason to wait again
dropin_waits()
{
	install -d -m 755 "$work/node"
	cp "$tenant" "$work/node/node"
	cd /srv/t1 || fail "no /srv/t1"
	waits "$pins" env PATH="$work/node:$PATH" safenode --safe-mode deny 1
	[ "$(cat "$work/out")" = "1 refused" ] || fail "$(cat "$work/out")"
	run 0 safenode-detach --cgroup "$(basename "$cgroups"/pid-*)"
	unchanged
}

load_waits()
{
	waits /sys/fs/bpf safenode-load
	is_whole
}

# Who reads does not wait for others who read
status_shares()
{
	flock -s "$pins" sleep infinity 3>&- &
	holder=$!
	soon is_held || fail "no lock"
	run 0 safenode-status
	silent
	release
}

# interrupted SIGNAL COMMAND...: of the lock that comes free afterwards it makes no use
interrupted()
{
	hold "$pins"
	begin_tool env --default-signal "${@:2}"
	kill "-$1" $waiting
	soon is_gone $waiting || fail "$1 does not end it"
	wait $waiting
	release
	unchanged
}

# At a terminal, where the tenant will have another session
interrupted_by_key()
{
	export f1_typed="${f1[*]}"
	hold "$pins"
	"$here/typed" <<-'END' || fail "at the terminal"
		type $f1_typed -- $tenant self /srv/t1 2>$work/typed.err; echo $? >$work/typed.status
		until grep -q "waiting for flock" $work/typed.err
		key c
		until ! pgrep -x safenode-attach
	END
	release
	unchanged
}

# A tool that was stopped in the middle of its work
names_the_tool()
{
	local status=0 stopped

	: >"$work/calls"
	chmod 666 "$work/calls"
	env LD_PRELOAD="$here/failat.so" FAILAT=mkdir:1 FAILAT_STOP=1 FAILAT_LIST="$work/calls" \
		"${f1[@]}" -- "$tenant" self /srv/t1 >"$work/out.1" 2>"$work/err.1" </dev/null &
	stopped=$!
	soon grep -q hit "$work/calls" || fail "never came so far: $(cat "$work/err.1")"
	begin_tool safenode-attach --cgroup f2 --dir /srv/t2 --safe-mode -- "$tenant" self /srv/t2
	grep -qx "safenode-attach: waiting for safenode-attach (process $stopped), which has locked $pins" \
		"$work/err" || fail "$(cat "$work/err")"
	kill -CONT $stopped
	wait $stopped || status=$?
	[ "$status $(cat "$work/out.1" "$work/err.1")" = "0 as promised" ] || fail "$(cat "$work/out.1" "$work/err.1")"
	wait $waiting || fail "$(cat "$work/err")"
	[ "$(cat "$work/out")" = "as promised" ] || fail "$(cat "$work/out")"
	run 0 safenode-detach --cgroup f1
	run 0 safenode-detach --cgroup f2
	unchanged
}

part_waiting()
{
	need_loaded
	mkdir -p /srv/t1
	remember
	it "attach and detach say whom they wait for, and then do their work" attach_waits
	it "so does status, to print what is so afterwards" status_waits
	it "status does not wait for others who read" status_shares
	it "the drop-in says it once" dropin_waits
	it "load says whom it waits for" load_waits
	it "a tool that was stopped is named by those who wait for it" names_the_tool
	it "an attach that waits can be interrupted, and has changed nothing" interrupted INT "${f1[@]}" -- "$tenant" acts
	it "or be killed" interrupted KILL "${f1[@]}" -- "$tenant" acts
	it "Ctrl-C interrupts it at a terminal" interrupted_by_key
	run 0 "${f1[@]}" -- "$tenant" acts
	remember
	it "a detach that waits can be interrupted, and has changed nothing" interrupted TERM safenode-detach --cgroup f1
	run 0 safenode-detach --cgroup f1
}
