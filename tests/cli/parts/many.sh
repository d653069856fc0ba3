# SPDX-License-Identifier: GPL-2.0-only
# Beside SAFENODE_MANY running tenants the tools cost what they cost beside none; and what 10 000 policies
# take. Where SAFENODE_REAL is set, each of them has been attached; else most are of "herd".
# shellcheck shell=bash disable=SC2012,SC2016,SC2034,SC2046,SC2086,SC2154,SC2317

many=${SAFENODE_MANY-1000} policies=${SAFENODE_POLICIES-10000}
meter=/sys/fs/cgroup/meter

# used: microseconds of CPU time so far, of what is measured and of tenants
used()
{
	awk '/^usage_usec/ { sum += $2 } END { print sum }' "$meter/cpu.stat" "$cgroups/cpu.stat"
}

# cost NAME COMMAND...: appends what it costs to the file of that name
cost()
{
	local before name=$1

	shift
	before=$(used)
	(
		echo "$BASHPID" >"$meter/cgroup.procs"
		exec "$@"
	) >"$work/out" 2>"$work/err" </dev/null || fail "$*: $(cat "$work/err")"
	silent
	echo $(($(used) - before)) >>"$work/cost.$name"
}

median()
{
	sort -n "$work/cost.$1" | awk '{ all[NR] = $1 } END { print all[int((NR + 1) / 2)] }'
}

# costs TAG: the median of five, into $work/TAG
costs()
{
	local i name

	rm -f "$work"/cost.*
	for ((i = 0; i < 5; i++)); do
		safenode-log --no-wait >/dev/null || fail "no log"
		cost attach "${f1[@]}" --restricted-outgoing-addresses self --allowed-outgoing-ports 80 -- \
			"$tenant" deny 20
		cost log safenode-log --no-wait
		[ "$(grep -c ' tenant=f1 .* op=net.socket ' "$work/out")" = 20 ] || fail "$(head -n 3 "$work/out")"
		cost status safenode-status
		grep -qE '^f1 +ended ' "$work/out" || fail "$(head -n 3 "$work/out")"
		cost detach safenode-detach --cgroup f1
		cd /srv/t1 || fail "no /srv/t1"
		cost dropin env PATH="$work/node:$PATH" safenode --safe-mode deny 1
		forget_ended
	done
	for name in attach log status detach dropin; do
		echo "$name $(median $name)"
	done >"$work/$1"
}

# Those of the herd are not there for detach
forget_ended()
{
	local events

	for events in "$cgroups"/pid-*/cgroup.events; do
		grep -q '^populated 1' "$events" || run 0 safenode-detach --cgroup "$(basename "${events%/*}")"
	done
}

feeds=()
# begin_herd ARGUMENT...: what it prints is in $herd
begin_herd()
{
	mkfifo "$work/herd.in" "$work/herd.out"
	"$here/herd" "$@" <"$work/herd.in" >"$work/herd.out" 3>&- &
	echo $! >>"$work/herds"
	exec {feed}>"$work/herd.in"
	feeds+=("$feed")
	read -r herd <"$work/herd.out" || fail "no herd"
	rm "$work/herd.in" "$work/herd.out"
}

end_herds()
{
	local feed

	for feed in "${feeds[@]}"; do
		exec {feed}>&-
	done
	wait $(cat "$work/herds") || fail "a herd ends badly"
	rm "$work/herds"
}

# freeze_all 1|0: they look for the file "stop" all the time, which would be counted as the tools' time
freeze_all()
{
	local freeze

	for freeze in "$cgroups"/many-*/cgroup.freeze; do
		echo "$1" >"$freeze"
	done
	soon has_frozen "$1"
}

has_frozen()
{
	[ "$(grep -lx "frozen $1" "$cgroups"/many-*/cgroup.events | wc -l)" = "$nr_attached" ]
}

nr_attached=0
# attach_all N: each by a tool of its own
attach_all()
{
	local i all=$((nr_attached + $1))

	for ((i = nr_attached; i < all; i++)); do
		safenode-attach --cgroup "many-$i" --dir /srv/t2 --safe-mode -- "$tenant" wait \
			2>>"$work/many.err" </dev/null &
		[ $((i % 20)) -gt 0 ] || soon is_running "many-$i" $! || fail "$(cat "$work/many.err")"
	done
	nr_attached=$all
	i=0
	until [ "$(grep -l '^populated 1' "$cgroups"/many-*/cgroup.events | wc -l)" = "$all" ]; do
		sleep 1
		i=$((i + 1))
		[ $i -lt 100 ] || fail "not all run: $(cat "$work/many.err")"
	done
	forget_waiting "$work/many.err"
	[ ! -s "$work/many.err" ] || fail "$(cat "$work/many.err")"
	freeze_all 1 || fail "not all are frozen"
}

begin_many()
{
	if [ -n "${SAFENODE_REAL-}" ]; then
		attach_all "$1"
	else
		begin_herd "$1" /srv/t2 "$tenant"
	fi
}

# Adds up over the lines of status, which runs for the last time here
is_crowded()
{
	local running

	running=$(grep -cE '^[^ ]+ +running ' "$work/out")
	[ "$running" = "$1" ] || fail "$running run"
}

grows_not()
{
	local tenth=$((many / 10)) row=0

	mkdir "$meter"
	costs first
	begin_many "$tenth"
	costs tenth
	begin_many $((many - tenth))
	costs all
	run 0 safenode-status
	is_crowded "$many"
	paste -d ' ' "$work/first" "$work/tenth" "$work/all" | awk -v many="$many" '{
		ratio = $6 / $2
		# half as much again beside a thousand, and its part of that beside fewer
		most = 1 + many / 2000
		# what a tenant more costs: the last nine tenths beside the first
		if ($1 == "status") {
			ratio = ($6 - $4) / 9 / ($4 - $2)
			most = 1.5
		}
		printf "# %s: %d us CPU time alone, %d beside %d, %d beside %d: %.2f\n", $1, $2, $4, many / 10, $6,
			many, ratio
		if (ratio > most)
			bad = bad " " $1
	} END { if (bad) print "grow:" bad; exit bad != "" }' >"$work/ratios" || row=1
	grep '^#' "$work/ratios" >&3
	rmdir "$meter"
	end_many
	[ $row = 0 ] || fail "$(cat "$work/ratios")"
}

end_many()
{
	local i

	if [ -n "${SAFENODE_REAL-}" ]; then
		touch /srv/t2/stop
		freeze_all 0 || fail "they do not go on"
		wait
		rm /srv/t2/stop
		for ((i = 0; i < many; i++)); do
			safenode-detach --cgroup "many-$i" || fail "many-$i"
		done
	else
		end_herds
	fi
	unchanged
}

# in_use: kB of the kernel's memory for BPF: slab, per CPU, vmalloc; what is freed comes back late
in_use()
{
	settle
	settle
	awk '/^(SUnreclaim|Percpu|VmallocUsed):/ { kb += $2 } END { print kb }' /proc/meminfo
}

# What README.md says under Limits
takes_little()
{
	local none empty full rules each

	need_unloaded
	soon has_programs 0 || fail "not unloaded"
	none=$(in_use)
	run 0 safenode-load
	empty=$(in_use)
	begin_herd --absent "$policies" /srv/t2 "$tenant"
	rules=${herd#* }
	full=$(in_use)
	each=$(((full - empty) * 1024 / policies))
	echo "# loaded: $((empty - none)) kB; $policies policies of $rules rules: $((full - empty)) kB, $each bytes each" >&3
	end_herds
	[ $((empty - none)) -lt 36864 ] || fail "the maps and programs take more than 36 MB"
	[ "$each" -le $((3328 + 384 * rules)) ] || fail "a policy takes $each bytes"
}

part_many()
{
	exec 3>&1
	install -d -m 755 "$work/node"
	cp "$tenant" "$work/node/node"
	need_loaded
	rm -f /srv/t1/stop /srv/t2/stop
	run 0 safenode-status
	remember
	it "beside $many tenants no tool grows to more than 1.5 times beside a thousand" grows_not
}

part_policies()
{
	exec 3>&1
	it "$policies policies take no more memory than README.md says" takes_little
}
