# SPDX-License-Identifier: GPL-2.0-only
# safenode-attach fails, or is killed, at each of its steps: one line, and nothing is left.
# shellcheck shell=bash disable=SC2012,SC2016,SC2034,SC2086,SC2154,SC2317

# What is attached: most of what attach can do
failing=("${f1[@]}" --restricted-outgoing-addresses "self,10.0.0.0/8" --memory-max 200M
	--allowed-outgoing-ports "443,80,82,84,86,88,90,92,8000-8100" --read-only /etc/apt --user t1)

# a command that starts it in a way of its own
caller=()

# Without a baseline that another attach has kept, it takes all of its steps
forget_baselines()
{
	rm -f /run/safenode-kept/baseline-*
}

# fail_at CALL [FAILAT_KILL=1]: runs it until there; its status is in $status
fail_at()
{
	local call=$1

	shift
	forget_baselines
	: >"$work/calls"
	chmod 666 "$work/calls"
	status=0
	"${caller[@]}" env LD_PRELOAD="$here/failat.so" FAILAT="$call" FAILAT_LIST="$work/calls" "$@" \
		"${failing[@]}" -- "$tenant" self /srv/t1 >"$work/out" 2>"$work/err" </dev/null ||
		status=$?
	[ "$(cat "$work/calls")" = "hit $call" ] || fail "$call: never came so far: $(cat "$work/err")"
}

# The first one enables the controllers of its limits, which takes calls that no other makes
run_once()
{
	run 0 "${failing[@]}" -- "$tenant" self /srv/t1
	run 0 safenode-detach --cgroup f1
}

# Lists the calls of a run that succeeds: each family's last call from each place, "FAMILY:N", in
# $work/places. With FAILAT_DEPTH=3, twice as many places are told apart. Those of this run are in
# $work/mine: see is_ours.
list_calls()
{
	local number place

	: >"$work/calls"
	chmod 666 "$work/calls"
	forget_baselines
	run 0 env LD_PRELOAD="$here/failat.so" FAILAT_LIST="$work/calls" "${failing[@]}" -- \
		"$tenant" self /srv/t1
	printed "as promised"
	run 0 safenode-detach --cgroup f1
	unchanged
	awk '{ split($1, call, ":"); last[call[1] " " $2] = $1 } END { for (i in last) print last[i] }' \
		"$work/calls" | sort -t: -k1,1 -k2n >"$work/places"
	[ "$(wc -l <"$work/places")" -gt 80 ] || fail "only $(wc -l <"$work/places") places"
	number=0
	while read -r place; do
		number=$((number + 1))
		! is_ours $number || echo "$place"
	done <"$work/places" >"$work/mine"
}

# What the kernel could refuse, and what attach can do without: then the tenant is all right
tolerated()
{
	[ "$(cat "$work/out")" = "as promised" ] || fail "$1: started a tenant that is $(cat "$work/out")"
	silent
	run 0 safenode-detach --cgroup f1
	unchanged
}

fails_cleanly()
{
	local call

	[ $# -gt 0 ] || fail "no place to fail at"
	for call; do
		fail_at "$call"
		if [ $status = 0 ]; then
			tolerated "$call"
			continue
		fi
		[ $status -lt 4 ] || fail "$call: status $status: $(cat "$work/err")"
		said "safenode-attach: "
		# shellcheck disable=SC2031
		"$here/look" >"$work/after"
		cmp -s "$work/before" "$work/after" || {
			echo "$call, which said $(cat "$work/err")"
			unchanged
		}
	done
}

# Killed, it leaves nothing, or a tenant that has ended and can be detached
dies_cleanly()
{
	local call

	[ $# -gt 0 ] || fail "no place to fail at"
	for call; do
		fail_at "$call" FAILAT_KILL=1
		case $call in
		+*) [ $status -lt 4 ] || fail "$call: status $status" ;;
		*) [ $status = 137 ] || fail "$call: status $status, was not killed" ;;
		esac
		"$here/look" >"$work/after"
		if ! cmp -s "$work/before" "$work/after"; then
			! grep -E '^(process|locked)' "$work/after" || fail "$call: does not end"
			safenode-detach --cgroup f1 2>"$work/err" || fail "$call: $(cat "$work/err")"
			"$here/look" >"$work/after"
		fi
		cmp -s "$work/before" "$work/after" || {
			echo "$call"
			unchanged
		}
	done
}

# The same where an ended tenant of that name has to go first: one detach removes both. It makes
# fewer calls, for what the other left is not put again.
dies_cleanly_again()
{
	local calls call

	run 0 "${f1[@]}" -- "$tenant" self /srv/t1
	list_calls
	readarray -t calls < <(grep -E '^(mkdir|write|bpf-update):' "$work/mine")
	[ ${#calls[@]} -ge 2 ] || fail "only ${#calls[@]} places"
	for call in "${calls[@]}"; do
		run 0 "${f1[@]}" -- "$tenant" self /srv/t1
		fail_at "$call" FAILAT_KILL=1
		[ $status = 137 ] || fail "$call: status $status, was not killed"
		# a guardian may have removed all of it
		safenode-detach --cgroup f1 2>"$work/err" || grep -q "no tenant 'f1'" "$work/err" ||
			fail "$call: $(cat "$work/err")"
		"$here/look" >"$work/after"
		cmp -s "$work/before" "$work/after" || {
			echo "$call"
			unchanged
		}
	done
}

# A caller that ignores SIGCHLD leaves its children nothing to wait for
fails_without_sigchld()
{
	local caller=(env --ignore-signal=CHLD)

	fail_at "$1" FAILAT_ON=1
	[ $status = 1 ] || fail "status $status: $(cat "$work/err")"
	said "safenode-attach: " "guardian"
	unchanged
}

# At the boundaries between steps that change something
changing='^(\+*fork|mkdir|write|bpf-update|pipe2|close_range|setenv|setgroups|setres[ug]id|capset|socket|execv|fchdir|\+*read):'

part_failat()
{
	local families family

	need_loaded
	it "a tenant of another program runs meanwhile" start_watch 50000
	it "attach with all that may fail here works" run_once
	remember
	it "attach does the same calls each time, from many places" list_calls
	readarray -t families < <(sed 's/:.*//' "$work/mine" | sort -u)
	for family in "${families[@]}"; do
		# a guardian's read from its pipe cannot fail; it is killed there, below
		[ "$family" != ++read ] || continue
		# shellcheck disable=SC2046 # a list
		it "attach says so in one line and leaves nothing when $family fails" \
			fails_cleanly $(grep -F "$family:" "$work/mine" | grep "^$family:")
	done
	# shellcheck disable=SC2046
	it "attach leaves nothing, or an ended tenant, when it is killed" \
		dies_cleanly $(grep -E "$changing" "$work/mine")
	it "attach leaves nothing when its caller ignores SIGCHLD and it cannot fork a guardian" \
		fails_without_sigchld "$(grep -m 1 -E '^[+]+fork:' "$work/places")"
	it "nor does one that is killed where an ended tenant was before" dies_cleanly_again
	it "the tenant that ran meanwhile was refused all the time" stop_watch
}
