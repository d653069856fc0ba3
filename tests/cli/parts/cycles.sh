# SPDX-License-Identifier: GPL-2.0-only
# Tenants come and go by thousands while BPF programs are replaced beneath them: nothing of it stays in
# the kernel. SAFENODE_CYCLES tenants in all, SAFENODE_LOADS loads over what is loaded.
# shellcheck shell=bash disable=SC2012,SC2016,SC2034,SC2054,SC2086,SC2154,SC2317

cycles=${SAFENODE_CYCLES-5000} loads=${SAFENODE_LOADS-200}

# one N: a tenant comes, is refused something, ends and is detached; each in one of the ways that there are
one()
{
	local options=() end=()

	case $(($1 % 50)) in
	0) # the drop-in, whose cgroup the next one removes
		cd /srv/t1 || fail "no /srv/t1"
		run 0 env PATH="$work/node:$PATH" safenode --safe-mode deny 1
		printed "1 refused"
		return
		;;
	*[05]) options=(--memory-max 64M --pids-max 10) ;;
	*[16]) options=(--restricted-outgoing-addresses "self,10.0.0.0/8" --allowed-outgoing-ports 1-9,80,443) ;;
	*[27]) options=(--read-only /etc/apt) ;;
	*[38]) end=(--kill) ;;
	esac
	echo "tenant $1: ${options[*]}"
	if [ ${#end[@]} -gt 0 ]; then
		start c1 t1 -- "$tenant" wait
		disown
	else
		run 0 safenode-attach --cgroup c1 --dir /srv/t1 --safe-mode "${options[@]}" -- "$tenant" deny 1
		printed "1 refused"
	fi
	run 0 safenode-detach --cgroup c1 "${end[@]}"
	silent
}

# The last tenant of the drop-in has no next one
forget_unnamed()
{
	local cgroup

	for cgroup in "$cgroups"/pid-*; do
		[ ! -e "$cgroup" ] || run 0 safenode-detach --cgroup "${cgroup##*/}"
	done
}

# load_often N: one after the other, in the background; given so much of the one CPU that its loads last
# about as long as the tenants come
load_often()
{
	local i

	for ((i = 1; i <= $1; i++)); do
		nice -n -3 safenode-load >>"$work/loads.out" 2>&1 </dev/null || echo "load $i failed" >>"$work/loads.out"
		echo "$i" >"$work/loads"
		[ $((i % 10)) -gt 0 ] || echo "# $i loads, [$((SECONDS - begun)) s]" >&3
	done
}

# What runs the hooks beside them, unconfined; with pauses, for it shares one emulated CPU with them
busy()
{
	exec 6<> <(:)
	while [ ! -e "$work/idle" ]; do
		cat /etc/hostname "$work"/* >/dev/null 2>&1
		read -r -t 0.5 -u 6 || true
	done
}

come_and_go()
{
	local begun=$SECONDS loader nr=0 n
	# shellcheck disable=SC2034 # of load_often
	: >"$work/loads.out"
	load_often "$loads" &
	loader=$!
	busy &
	while [ $nr -lt "$cycles" ] || ! is_gone $loader; do
		nr=$((nr + 1))
		one $nr
		[ $((nr % 100)) -gt 0 ] || echo "# $nr tenants, [$((SECONDS - begun)) s]" >&3
	done
	touch "$work/idle"
	wait
	forget_unnamed
	rm "$work/idle"
	forget_waiting "$work/loads.out"
	[ ! -s "$work/loads.out" ] || fail "load said: $(head -n 3 "$work/loads.out")"
	[ "$(cat "$work/loads")" = "$loads" ] || fail "$(cat "$work/loads") loads"
	echo "# $nr tenants and $loads loads in $((SECONDS - begun)) s" >&3
}

# The last detach takes every BPF program off its hook while others run it
unload_and_load()
{
	local i

	busy &
	for ((i = 0; i < $1; i++)); do
		run 0 safenode-load --unload
		silent
		run 0 safenode-load
		silent
	done
	touch "$work/idle"
	wait
	rm "$work/idle"
	echo "# $1 times unloaded and loaded" >&3
}

# Of what a tool makes in the kernel, how much there is
objects()
{
	local process words

	echo "BPF programs $(bpftool prog show | grep -c '^[0-9]')"
	echo "BPF maps $(bpftool map show | grep -c '^[0-9]')"
	echo "BPF links $(bpftool link show | grep -c '^[0-9]')"
	echo "mounts $(wc -l </proc/self/mountinfo)"
	# the kernel's own have no words
	for process in /proc/[0-9]*/cmdline; do
		words=$(tr '\0' ' ' 2>/dev/null <"$process" | cut -c1-80)
		[ -z "$words" ] || echo "process $words"
	done | sort
	sed -n 's/^nr_descendants/cgroups/p' "${cgroups%/*}/cgroup.stat"
	sed -n 's/^nr_dying_descendants/dying cgroups/p' "${cgroups%/*}/cgroup.stat"
}

# What is freed is given back after grace periods
settle()
{
	sync
	echo 3 >/proc/sys/vm/drop_caches
	sleep 3
}

# Caches keep some of it
shrink()
{
	local cache

	for cache in /sys/kernel/slab/*/shrink; do
		echo 1 >"$cache"
	done
	settle
}

same_objects()
{
	settle
	objects >"$work/objects.now"
	cmp -s "$work/objects" "$work/objects.now"
}

# kB of the kernel's own memory
kernel_memory()
{
	awk '/^(SUnreclaim|Percpu|VmallocUsed|KernelStack|PageTables):/ { print $1, $2 }' /proc/meminfo
}

# Name, objects, size of each. Of vmap_area most objects are no memory in use: free pieces of the address
# space, and what was given back and waits until it is worth flushing all TLBs (lazy_max_pages() in
# mm/vmalloc.c). So the areas in use are counted instead
caches()
{
	{
		awk 'NR > 2 && $1 != "vmap_area" { print $1, $2, $4 }' /proc/slabinfo
		echo "vmap_area_in_use $(grep -vc unpurged /proc/vmallocinfo) 72"
	} | sort
}

take_stock()
{
	settle
	shrink
	objects >"$work/objects"
	caches >"$work/slab"
	kernel_memory >"$work/memory"
	[ "$(awk '/^BPF programs/ { print $3 }' "$work/objects")" -gt 50 ] || fail "$(cat "$work/objects")"
	[ "$(wc -l <"$work/slab")" -gt 50 ] || fail "no /proc/slabinfo"
}

no_object_stays()
{
	local i

	for ((i = 0; i < 20; i++)); do
		! same_objects || return 0
	done
	fail "before and now: $(diff "$work/objects" "$work/objects.now" | grep '^[<>]')"
}

# One object for every tenth tenant is too many. Beside that, a cache has some hundreds more after 30
# tenants as after 1 000
no_slab_stays()
{
	shrink
	caches | join "$work/slab" - |
		awk '{ print $4 - $2, $1, $3 }' | sort -rn >"$work/grown"
	kernel_memory >"$work/memory.now"
	{
		echo "# slab caches that have grown most, in objects: $(head -n 4 "$work/grown" | awk '{ printf "%s %+d ", $2, $1 }')"
		echo "# kB: $(paste -d ' ' "$work/memory.now" "$work/memory" | awk '{ printf "%s %d -> %d  ", $1, $4, $2 }')"
	} >&3
	awk -v most=$((600 + cycles / 10)) '$1 > most { print "grown:", $0; grown = 1 } END { exit grown }' "$work/grown" ||
		fail "caches have grown"
	# 30 tenants and one load leave 1.4 MB in use; every tenant's policy would be 2 kB more
	paste -d ' ' "$work/memory.now" "$work/memory" |
		awk -v most=$((2048 + cycles / 2 + loads * 8)) '{ grown += $2 - $4 } END { exit grown > most }' ||
		fail "memory has grown: $(cat "$work/memory.now")"
}

kernel_is_calm()
{
	! dmesg | grep -E 'BUG|Oops|WARNING|blocked for more|detected stalls|corrupt|general protection' || fail "see above"
}

part_cycles()
{
	exec 3>&1
	install -d -m 755 "$work/node"
	cp "$tenant" "$work/node/node"
	need_unloaded
	need_loaded
	it "all kinds of tenants come and go once" warm_up
	remember
	it "the kernel's objects and memory are counted" take_stock
	it "a tenant of another program runs meanwhile" start_watch 5000
	it "$cycles tenants come and go during $loads loads" come_and_go
	it "the tenant that ran meanwhile was refused all the time" stop_watch
	it "detach and load have left no entry, pin, cgroup, process or lock" unchanged
	it "BPF programs are unloaded and loaded again $(((loads + 9) / 10)) times" unload_and_load $(((loads + 9) / 10))
	it "no BPF program, map, link, mount, process or dying cgroup is left" no_object_stays
	it "no slab cache has grown" no_slab_stays
	it "the kernel has not complained" kernel_is_calm
}

warm_up()
{
	local i

	for ((i = 45; i <= 50; i++)); do # one of each kind
		one $i
	done
	start_watch 5000
	run 0 safenode-load
	busy &
	sleep 1
	touch "$work/idle"
	wait $!
	rm "$work/idle"
	stop_watch
	forget_unnamed
	unload_and_load 1
}
