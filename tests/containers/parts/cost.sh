# SPDX-License-Identifier: GPL-2.0-only
# What the hook costs from the start of a container of node to its end. With run --icount the clock counts
# instructions; not one of the parts that are run without being named.
# shellcheck shell=bash disable=SC2154,SC2317 # of units

# takes RUNTIME NAME: the least of six, in microseconds, into $least
takes()
{
	local i begin took

	least=0
	for ((i = 0; i < 6; i++)); do
		begin=$(date +%s%N)
		"$1" run -b "/srv/$2" "$2" >/dev/null 2>"$work/err" </dev/null || fail "$(cat "$work/err")"
		took=$((($(date +%s%N) - begin) / 1000))
		[ $least != 0 ] && [ $least -le $took ] || least=$took
	done
}

costs()
{
	local plain

	takes "$1" plain
	plain=$least
	takes "$1" hooked
	echo "# $1: $plain us without the hook, $least with it, $((least * 1000 / plain)) per mille" >>/run/test/cost
	[ $((least * 100)) -le $((plain * 105)) ] || fail "$plain without the hook, $least with it"
}

part_cost()
{
	local runtime

	# what is measured is in memory
	mount -t tmpfs tmpfs /mnt
	cp -a /srv/image /mnt/image
	mkdir /mnt/up
	mount --bind /mnt /srv
	mkdir -p /srv/secrets /srv/other
	bundle plain "$(js 0) | del(.hooks, .annotations)"
	bundle hooked "$(js 0)"
	for runtime in "${runtimes[@]}"; do
		it "$runtime, start and end of node with the hook take at most 1.05 times as much" costs "$runtime"
	done
	cat /run/test/cost
}
