# SPDX-License-Identifier: GPL-2.0-only
# Load, and load again: all or nothing, whenever it fails or is killed, and no unguarded instant.
# shellcheck shell=bash disable=SC2012,SC2016,SC2034,SC2086,SC2154,SC2317

# load_at CALL FAILAT_ON=1|FAILAT_KILL=1: fails from there on, or is killed; its status is in $status
load_at()
{
	local call=$1

	shift
	: >"$work/calls"
	status=0
	(
		umask 077 # which changes nothing
		exec env LD_PRELOAD="$here/failat.so" FAILAT="$call" FAILAT_LIST="$work/calls" "$@" \
			safenode-load >"$work/out" 2>"$work/err" </dev/null
	) || status=$?
	[ "$(cat "$work/calls")" = "hit $call" ] || fail "$call: never came so far: $(cat "$work/err")"
}

# Everything is in force, once, and nothing lies beside it
is_whole()
{
	local programs

	run 0 safenode-status
	silent
	programs=$(sed -n 's/^in force: \([0-9]*\) programs, .*/\1/p' "$work/out")
	[ "${programs:-0}" -gt 50 ] || fail "$(cat "$work/out")"
	[ "$(ls /sys/fs/bpf)" = safenode ] || fail "beside it: $(ls /sys/fs/bpf)"
	! [ -e "$cgroups/.self-test" ] || fail "its self-test is left"
	[ "$(stat -c %a "$cgroups" "$pins" "$pins/links" | xargs)" = "755 700 700" ] ||
		fail "modes $(stat -c %a "$cgroups" "$pins" "$pins/links" | xargs)"
	[ "$(find "$pins" -name '*_*' -path "$pins/*" ! -path "$pins/links/*")" = "" ] || fail "in it"
	[ "$(find "$pins/links" -name "sn_*" | wc -l)" = "$programs" ] || fail "$(find "$pins/links" | wc -l) links"
	# those that were replaced are freed a little later
	soon has_programs "$programs" || fail "$(sn_programs | wc -l) programs in the kernel"
}

load_works()
{
	run 0 safenode-load
	silent
	[ ! -s "$work/out" ] || fail "$(cat "$work/out")"
	is_whole
}

same_programs()
{
	sn_programs | cmp -s - "$work/programs"
}

# fails_at CALL STATUS: one line, and everything is as it was before
fails_at()
{
	sn_programs >"$work/programs"
	load_at "$1" FAILAT_ON=1
	[ "$status" = "$2" ] || fail "status $status: $(cat "$work/err")"
	said "safenode-load: "
	soon same_programs || fail "other programs than before"
	unchanged
}

# As where a unit has RestrictAddressFamilies=, but with another errno
refused_elsewhere()
{
	fails_at +socket:1 1
	said "refuses a Unix socket, for something else does (Cannot allocate memory)"
}

# The third write to a map, after those to the programs' own variables
state_is_not_written()
{
	fails_at bpf-update:3 1
	said "cannot write the "
}

# It might be left without the mark. The third is asked for when the tenants elsewhere get it
tenant_is_not_seen()
{
	fails_at name_to_handle_at:3 1
	said "cannot open the cgroup $(below_own away) of a tenant: "
}

is_not_there()
{
	run 1 "${f1[@]}" -- "$tenant" acts
	said "not loaded" "run safenode-load"
	not_in_force "not loaded" "run safenode-load"
}

# A first load that is killed: nobody takes that for loaded
killed_first()
{
	load_at "$1" FAILAT_KILL=1
	[ "$status" = 137 ] || fail "status $status"
	is_not_there
}

# Whatever state a killed load has left, attach takes it or says what to do
attach_knows()
{
	local status=0

	"${f1[@]}" -- "$tenant" acts >"$work/out" 2>"$work/err" || status=$?
	case $status in
	0) run 0 safenode-detach --cgroup f1 ;;
	1) said "run safenode-load" ;;
	*) fail "status $status: $(cat "$work/err")" ;;
	esac
}

killed_again()
{
	load_at "$1" FAILAT_KILL=1
	[ "$status" = 137 ] || fail "status $status"
	attach_knows
}

are_others()
{
	[ "$(sn_programs | comm -12 - "$work/programs")" = "" ]
}

# Meanwhile, tenants can be started; and who reads the log reads on
replaces()
{
	local load log tenants=0

	rm -f "$work/stream"
	sn_programs >"$work/programs"
	safenode-log --cgroup watch >>"$work/stream" 2>&1 </dev/null &
	log=$!
	safenode-load &
	load=$!
	while ! is_gone $load; do
		run 0 "${f1[@]}" -- "$tenant" self /srv/t1
		printed "as promised"
		tenants=$((tenants + 1))
	done
	wait $load || fail "status $?"
	[ $tenants -gt 2 ] || fail "only $tenants tenants meanwhile"
	sleep 3 # for a reader that ends
	: >"$work/stream"
	soon grep -q " tenant=watch .* op=task.fork " "$work/stream" || fail "the log: $(cat "$work/stream")"
	kill $log || fail "the log has ended: $(cat "$work/stream")"
	run 0 safenode-detach --cgroup f1
	is_whole
	[ -s "$work/programs" ] || fail "there were no programs"
	soon are_others || fail "programs of the first load are left"
}

two_at_once()
{
	local first=0 second=0 pid

	safenode-load 2>"$work/err.2" &
	pid=$!
	safenode-load 2>"$work/err" || first=$?
	wait $pid || second=$?
	[ $first = 0 ] || [ $second = 0 ] || fail "both failed: $(cat "$work/err" "$work/err.2")"
	grep -qE "waiting for safenode-load \(process [0-9]*\), which has locked /sys/fs/bpf$" "$work/err" "$work/err.2" ||
		fail "none waits: $(cat "$work/err" "$work/err.2")"
	forget_waiting "$work/err" "$work/err.2"
	[ "$(cat "$work/err" "$work/err.2" | wc -l)" -le 1 ] || fail "$(cat "$work/err" "$work/err.2")"
	is_whole
}

other_parent()
{
	run 1 safenode-load --parent /other.slice
	said "/safenode" "--unload first"
	unchanged
}

unload_clears()
{
	! has_programs 0 || fail "there is nothing to clear"
	run 0 safenode-load --unload
	silent
	[ "$(ls /sys/fs/bpf)" = "" ] || fail "pins are left: $(ls /sys/fs/bpf)"
	soon has_programs 0 || fail "$(sn_programs | wc -l) programs in the kernel"
}

part_load()
{
	need_unloaded
	# freed a little later; the next test counts them
	soon has_programs 0 || echo "Bail out! programs are left"
	remember
	shared 1 "when the kernel refuses a program, load says so in one line and leaves nothing" \
		fails_at bpf-prog:20 3
	shared 1 "when the last step fails, load says so in one line and leaves nothing" fails_at rename:1 1
	shared 1 "when the self-test finds an act that is not refused, load says so and leaves nothing" \
		fails_at +read:1 3
	shared 1 "when the self-test cannot see who refuses, load says so and leaves nothing" \
		refused_elsewhere
	shared 1 "when the self-test cannot be run, load says so and leaves nothing" fails_at fork:1 1
	shared 1 "a load that was killed while attaching is not taken for a load" killed_first bpf-link:40
	shared 1 "unload clears what that load has left" unload_clears
	shared 1 "a load that was killed in its self-test is not taken for a load" killed_first rmdir:1
	shared 1 "a load that was killed before its last step is not taken for a load" killed_first rename:1
	it "the next load works, and keeps nothing of that" load_works

	it "a tenant runs, one elsewhere, and both do forbidden things all the time" start_watches 1500
	outrun -5
	remember
	it "load again replaces every program, and tenants can be started meanwhile" replaces
	shared 1 "load again, when a program cannot be attached, changes nothing" fails_at bpf-link:40 1
	shared 1 "load again, when the last step fails, changes nothing" fails_at rename:1 1
	shared 1 "load again, when its self-test fails, changes nothing" fails_at +read:1 3
	shared 1 "load again, when it cannot write the state, changes nothing" state_is_not_written
	shared 1 "load again, when it cannot look at a tenant's cgroup, changes nothing" tenant_is_not_seen
	it "load refuses another parent while it is loaded" other_parent
	shared 1 "load again may be killed in its self-test; attach then works, or says what to do" \
		killed_again rmdir:1
	shared 1 "load again may be killed while attaching; attach then works, or says what to do" \
		killed_again bpf-link:40
	shared 1 "load again may be killed before the new ones take the place of the old ones" \
		killed_again rename:1
	shared 1 "load again may be killed while it removes the old ones" killed_again unlink:40
	it "the next load works, and keeps nothing of those" load_works
	shared 1 "two loads at once leave it whole, and keep nothing of those" two_at_once
	outrun 0
	it "both tenants were refused at every instant of all these loads" stop_watches
}
