# SPDX-License-Identifier: GPL-2.0-only
# safenode-attach --replace: another policy for a tenant that runs.
# shellcheck shell=bash disable=SC2016,SC2034,SC2046,SC2086,SC2154,SC2317

r1=(safenode-attach --replace --cgroup r1 --dir /srv/t1 --safe-mode)
# the two policies that tests go between: addresses, ports, extra paths and limits differ
policy_a=(--restricted-outgoing-addresses 10.0.0.0/8 --allowed-outgoing-ports "80,443" --read-only /etc/apt
	--memory-max 64M --pids-max 50)
policy_b=(--restricted-outgoing-addresses "10.0.0.0/8,192.0.2.1" --allowed-outgoing-ports "443,1,3,5,7,9,11,13,15,17"
	--allowed-listen-ports 8080 --read-only /etc/dpkg --read-write /var/tmp --memory-max 128M --cpu-max 50%)

start_r1()
{
	start r1 t1 "$@" -- "$tenant" wait
}

limit()
{
	cat "$cgroups/r1/$1"
}

# limits MEMORY PIDS CPU
limits()
{
	[ "$(limit memory.max) $(limit pids.max) $(limit cpu.max)" = "$1 $2 $3" ] ||
		fail "limits are $(limit memory.max) $(limit pids.max) $(limit cpu.max), not $*"
}

difference_is_printed()
{
	start_r1 "${policy_a[@]}"
	limits 67108864 50 "max 100000"
	run 0 "${r1[@]}" "${policy_a[@]}"
	printed "r1: nothing changed"
	run 0 "${r1[@]}" "${policy_b[@]}"
	printed "r1:
  restricted-outgoing-addresses: 10.0.0.0/8 -> 10.0.0.0/8,192.0.2.1
  allowed-outgoing-ports: -80 +1 +3 +5 +7 +9 +11 +13 +15 +17
  read-only: /etc/apt -> /etc/dpkg
  read-write: none -> /var/tmp
  allowed-listen-ports: none -> 8080
  memory-max: 67108864 -> 134217728
  cpu-max: none -> 50000 100000
  pids-max: 50 -> none
in force; files and TCP connections that are open stay open"
	limits 134217728 max "50000 100000"
	run 0 "${r1[@]}" "${policy_b[@]}"
	printed "r1: nothing changed"
	run 0 "${r1[@]}"
	limits max max "max 100000"
	[ "$(limit memory.swap.max)" = max ] || fail "no swap without a limit of memory: $(limit memory.swap.max)"
	run 0 "${r1[@]}" "${policy_a[@]}"
	limits 67108864 50 "max 100000"
	[ "$(limit memory.swap.max)" = 0 ] || fail "swap with a limit of memory: $(limit memory.swap.max)"
	stop r1 t1
	unchanged
}

# Over and back is what it was, byte by byte but for the place of the policy
nothing_is_left_behind()
{
	start_r1 "${policy_a[@]}"
	run 0 "${r1[@]}" "${policy_a[@]}"
	run 0 "${r1[@]}" "${policy_a[@]}"
	"$here/look" >"$work/before-replace"
	run 0 "${r1[@]}" "${policy_b[@]}"
	run 0 "${r1[@]}" "${policy_a[@]}"
	"$here/look" >"$work/after"
	cmp -s "$work/before-replace" "$work/after" ||
		fail "left behind: $(diff "$work/before-replace" "$work/after" | cut -c1-100 | head -n 5)"
	stop r1 t1
	unchanged
}

# What stays for a tenant's life is named, and nothing changes
what_stays_is_named()
{
	start_r1 "${policy_a[@]}"
	"$here/look" >"$work/before"
	refuses 2 "'/srv/t2'" "tenant 'r1'" "/srv/t1" -- \
		safenode-attach --replace --cgroup r1 --dir /srv/t2 --safe-mode
	refuses 2 "user t2" "t1" -- "${r1[@]}" --user t2
	refuses 2 "group" -- "${r1[@]}" --supplementary-group t2
	refuses 2 "'node'" "program" -- "${r1[@]}" -- node app.js
	refuses 2 "is confined" "--observe" -- "${r1[@]}" "${policy_a[@]}" --observe
	refuses 2 "--safe-mode" -- safenode-attach --replace --cgroup r1 --dir /srv/t1
	refuses 2 "--dir PATH" -- safenode-attach --replace --cgroup r1 --safe-mode
	refuses 2 "/nowhere" -- "${r1[@]}" --read-only /nowhere
	printf 'user t2\n' >"$work/policy"
	refuses 2 "$work/policy:1: user t2" -- "${r1[@]}" --policy "$work/policy"
	printf 'replace\n' >"$work/policy"
	refuses 2 "$work/policy:1: " "command line" -- "${r1[@]}" --policy "$work/policy"
	limits 67108864 50 "max 100000"
	run 0 "${r1[@]}" "${policy_a[@]}"
	printed "r1: nothing changed"
	"$here/look" >"$work/before"
	stop r1 t1
}

# It may have forked, for one; but what is reported of it can be changed
observed_stays_observed()
{
	start_r1 --observe
	"$here/look" >"$work/before"
	refuses 2 "is observed" "--observe" -- "${r1[@]}"
	run 0 "${r1[@]}" --observe --log-granted
	grep -q "log-granted" "$work/out" || fail "$(cat "$work/out")"
	stop r1 t1
}

who_does_not_run_is_named()
{
	refuses 1 "no tenant 'r1'" -- "${r1[@]}"
	run 0 safenode-attach --cgroup r1 --dir /srv/t1 --safe-mode
	run 1 "${r1[@]}"
	said "tenant 'r1' has no process"
	run 0 safenode-detach --cgroup r1
	unchanged
	start_r1
	stop_kept r1 t1
	run 1 "${r1[@]}"
	said "tenant 'r1' has no process"
	run 0 safenode-detach --cgroup r1
	unchanged
	mkdir "$cgroups/r1"
	# a fork of this shell, which has loaded all that it needs
	(while :; do :; done) &
	echo $! >"$cgroups/r1/cgroup.procs"
	run 1 "${r1[@]}"
	said "never in safe mode"
	kill $!
	soon rmdir "$cgroups/r1" || fail "cannot remove the cgroup"
	unchanged
}

# The kernel would kill it
memory_in_use_is_not_taken()
{
	start r1 t1 --memory-max 200M -- "$tenant" hold 60 wait
	soon grep -q held "$work/r1.out" || fail "does not hold"
	run 1 "${r1[@]}" --memory-max 20M
	said "uses" "--memory-max more"
	limits 209715200 max "max 100000"
	run 0 "${r1[@]}" --memory-max 190M
	is_running r1 "$(cat "$work/r1.pid")" || fail "was killed"
	stop r1 t1
	unchanged
}

# A directory that was removed and made again is another one, also for a path that stays
made_anew_is_taken()
{
	install -d -m 755 /var/tmp/extra
	start_r1 --read-only /var/tmp/extra
	mv /var/tmp/extra /var/tmp/extra-old
	install -d -m 755 /var/tmp/extra
	run 0 "${r1[@]}" --read-only /var/tmp/extra
	printed "r1:
  read-only: another one has the name /var/tmp/extra now
in force; files and TCP connections that are open stay open"
	rmdir /var/tmp/extra /var/tmp/extra-old
	stop r1 t1
	unchanged
}

# is_one_policy: after whatever happened, the policy is A or B with the limits of the same. Leaves A.
is_one_policy()
{
	run 0 "${r1[@]}" "${policy_a[@]}"
	case $(cat "$work/out") in
	"r1: nothing changed") ;;
	"$b_to_a") ;;
	*) fail "$1: a mixture: $(cat "$work/out")" ;;
	esac
	limits 67108864 50 "max 100000"
}

# replace_places: the last call of each family from each place, in $work/places
replace_places()
{
	: >"$work/calls"
	run 0 env LD_PRELOAD="$here/failat.so" FAILAT_LIST="$work/calls" "${r1[@]}" "${policy_b[@]}"
	run 0 "${r1[@]}" "${policy_a[@]}"
	b_to_a=$(cat "$work/out")
	awk '{ split($1, call, ":"); last[call[1] " " $2] = $1 } END { for (i in last) print last[i] }' \
		"$work/calls" | sort -t: -k1,1 -k2n >"$work/places"
	[ "$(wc -l <"$work/places")" -gt 40 ] || fail "only $(wc -l <"$work/places") places"
}

# replace_at CALL [FAILAT_KILL=1]
replace_at()
{
	local call=$1

	shift
	: >"$work/calls"
	status=0
	env LD_PRELOAD="$here/failat.so" FAILAT="$call" FAILAT_LIST="$work/calls" "$@" \
		"${r1[@]}" "${policy_b[@]}" >"$work/out" 2>"$work/err" </dev/null || status=$?
	[ "$(cat "$work/calls")" = "hit $call" ] || fail "$call: never came so far: $(cat "$work/err")"
}

# Where a step fails, it is the old one; killed at any moment, the old or the new
old_or_new()
{
	local call calls places_new=0 b_to_a

	# what is not seen of others is not taken for gone
	start_watches
	start_r1 "${policy_a[@]}"
	run 0 "${r1[@]}" "${policy_a[@]}"
	replace_places
	readarray -t calls < <(grep -E '^\+*(bpf-[a-z-]+|write|fork|pipe2|flock|opendir|name_to_handle_at|statx):' "$work/places")
	[ ${#calls[@]} -gt 15 ] || fail "only ${#calls[@]} places to fail at"
	for call in "${calls[@]}"; do
		replace_at "$call"
		if [ $status != 0 ] && [[ $call != +* ]]; then
			said "safenode-attach: "
			run 0 "${r1[@]}" "${policy_a[@]}"
			[ "$(cat "$work/out")" = "r1: nothing changed" ] || fail "$call: failed, and changed: $(cat "$work/out")"
		fi
		is_one_policy "$call"
	done
	readarray -t calls < <(grep -E '^\+*(bpf-update|write|fork|flock|read):' "$work/places")
	[ ${#calls[@]} -gt 5 ] || fail "only ${#calls[@]} places to be killed at"
	for call in "${calls[@]}"; do
		replace_at "$call" FAILAT_KILL=1
		is_one_policy "$call, killed"
		[ "$(cat "$work/out")" = "r1: nothing changed" ] || places_new=$((places_new + 1))
	done
	echo "killed at ${#calls[@]} places, $places_new of them behind the step"
	stop r1 t1
	stop_watches
	unchanged
}

part_replace()
{
	need_loaded
	# the controllers that limits need are enabled by the first tenant with limits
	start_r1 "${policy_a[@]}" --cpu-max 50%
	stop r1 t1
	remember
	it "what a new policy changes is printed, and its limits are in the cgroup" difference_is_printed
	it "a policy that is replaced and put back leaves nothing behind" nothing_is_left_behind
	it "directory, user, groups and program stay, and a difference is named" what_stays_is_named
	it "who is observed stays observed, and who is confined, confined" observed_stays_observed
	remember
	it "a tenant that does not run, or has no policy, is named" who_does_not_run_is_named
	it "a tenant is not given less memory than it uses" memory_in_use_is_not_taken
	it "a path that was made anew is another one, and said to be" made_anew_is_taken
	it "failing or killed at any step, the policy is the old one or the new one" old_or_new
}
