# SPDX-License-Identifier: GPL-2.0-only
# What the hook costs from the start of a container of node to its end. With run --icount the clock counts
# instructions; not one of the parts that are run without being named.
# shellcheck shell=bash disable=SC2154,SC2317 # of units

cost=/sys/fs/cgroup/cost

# What ran in the cgroup and is below it took that many microseconds of CPU
used()
{
	awk '$1 == "usage_usec" { print $2 }' $cost/cpu.stat
}

# takes RUNTIME NAME: the least of six, in microseconds, of CPU into $least and by the clock into $soonest
takes()
{
	local i begin took before

	least=0 soonest=0
	for ((i = 0; i < 6; i++)); do
		before=$(used)
		begin=$(date +%s%N)
		(
			echo $BASHPID >$cost/self/cgroup.procs
			exec "$1" run -b "/srv/$2" "$2"
		) >/dev/null 2>"$work/err" </dev/null || fail "$(cat "$work/err")"
		took=$((($(date +%s%N) - begin) / 1000))
		[ $soonest != 0 ] && [ $soonest -le $took ] || soonest=$took
		took=$(($(used) - before))
		[ $least != 0 ] && [ $least -le $took ] || least=$took
	done
}

costs()
{
	local plain plain_clock

	takes "$1" plain
	plain=$least plain_clock=$soonest
	takes "$1" hooked
	{
		echo "# $1, us of CPU: $plain without the hook, $least with it, $((least * 1000 / plain)) per mille"
		echo "# $1, us by the clock: $plain_clock without the hook, $soonest with it"
	} >>/run/test/cost
	[ $((least * 100)) -le $((plain * 105)) ] || fail "$plain without the hook, $least with it"
}

part_cost()
{
	local runtime

	# what is measured is in memory
	mount -t tmpfs tmpfs /mnt
	cp -a /srv/image /mnt/image
	mkdir -p /mnt/up $cost/self
	mount --bind /mnt /srv
	mkdir -p /srv/secrets /srv/other
	bundle plain "$(js 0)"' | del(.hooks, .annotations) | .linux.cgroupsPath = "/cost/plain"'
	bundle hooked "$(js 0)"' | .linux.cgroupsPath = "/cost/hooked"'
	for runtime in "${runtimes[@]}"; do
		it "$runtime, start and end of node with the hook take at most 1.05 times as much" costs "$runtime"
	done
	cat /run/test/cost
}
