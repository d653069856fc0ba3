# SPDX-License-Identifier: GPL-2.0-only
# Tenants in a cgroup below the caller's: where they are, their limits, and what is left of them.
# shellcheck shell=bash disable=SC2016,SC2034,SC2154,SC2317

# What a unit is to systemd: a cgroup that it made
own_unit=/sys/fs/cgroup/own.service
d1=(safenode-attach --cgroup d1 --delegated --dir /srv/t1 --safe-mode)

# from CGROUP COMMAND...: by a process in it
from()
{
	(echo "$BASHPID" >"$1/cgroup.procs" && exec "${@:2}")
}

stays_below_its_caller()
{
	run 0 from $own_unit "${d1[@]}" -- "$tenant" self /srv/t1
	printed "as promised"
	[ -e $own_unit/d1 ] || fail "no cgroup"
	[ ! -e "$cgroups/d1" ] || fail "it is below the parent"
	run 0 safenode-status d1
	grep -qx "  cgroup     $own_unit/d1" "$work/out" || fail "$(cat "$work/out")"
	run 0 safenode-log --no-wait --cgroup d1
	grep -q ' tenant=d1 ' "$work/out" || fail "$(cat "$work/out")"
	run 0 safenode-detach --cgroup d1
	silent
	[ ! -e $own_unit/d1 ] || fail "its cgroup is left"
	unchanged
}

gets_another_policy()
{
	rm -f /srv/t1/stop
	(echo "$BASHPID" >$own_unit/cgroup.procs && exec "${d1[@]}" -- "$tenant" wait) >"$work/d1.out" 2>&1 </dev/null &
	soon is_away_in $own_unit/d1 $! || fail "$(cat "$work/d1.out")"
	run 0 "${d1[@]}" --replace --allowed-listen-ports 80
	printf 'd1:\n  allowed-listen-ports: none -> 80\n' | cmp -s - <(head -n 2 "$work/out") || fail "$(cat "$work/out")"
	refuses_running
	run 1 safenode-detach --cgroup d1
	said "tenant 'd1' is running" "--kill"
	run 0 safenode-detach --cgroup d1 --kill
	unchanged
}

is_away_in()
{
	[ "$(cat "$1/cgroup.procs")" = "$2" ] && [ "$(cat "/proc/$2/comm")" != safenode-attach ]
}

refuses_running()
{
	run 2 safenode-attach --cgroup d1 --dir /srv/t1 --safe-mode
	said "tenant 'd1' is running, in $own_unit/d1" "safenode-detach --cgroup d1"
}

# The kernel gives controllers only to cgroups below one without processes
limits_need_a_leaf()
{
	refuses 1 "processes are in $own_unit itself" "DelegateSubgroup=" -- \
		from $own_unit "${d1[@]}" --pids-max 20 -- "$tenant" acts
	mkdir $own_unit/server
	setfattr -n user.delegate -v 1 $own_unit || fail "cannot mark it as delegated"
	run 0 from $own_unit/server "${d1[@]}" --pids-max 20 -- "$tenant" self /srv/t1
	printed "as promised"
	[ "$(cat $own_unit/d1/pids.max)" = 20 ] || fail "$(cat $own_unit/d1/pids.max)"
	run 0 safenode-detach --cgroup d1
	rmdir $own_unit/server
	setfattr -x user.delegate $own_unit
	echo -pids >$own_unit/cgroup.subtree_control
	unchanged
}

# What was not enabled above is not taken from who manages it
limits_need_a_controller()
{
	local before

	before=$(cat /sys/fs/cgroup/cgroup.subtree_control)
	mkdir -p $own_unit/inner/server
	setfattr -n user.delegate -v 1 $own_unit/inner
	run 1 from $own_unit/inner/server "${d1[@]}" --cpu-max 50% -- "$tenant" acts
	said "safenode-" "$own_unit/inner does not have it" "Delegate=yes"
	[ "$(cat /sys/fs/cgroup/cgroup.subtree_control)" = "$before" ] || fail "it was changed"
	rmdir $own_unit/inner/server $own_unit/inner
	unchanged
}

# Wherever attach is killed, the next one takes over what it left
takes_over()
{
	local call

	for call in chmod:1 bpf-update:1 bpf-update:2; do
		run 137 from $own_unit env LD_PRELOAD="$here/failat.so" FAILAT=$call FAILAT_KILL=1 "${d1[@]}"
		[ -e $own_unit/d1 ] || fail "$call: it was not killed behind the first step"
		run 0 from $own_unit "${d1[@]}" -- "$tenant" self /srv/t1
		printed "as promised"
		run 0 safenode-detach --cgroup d1
	done
	unchanged
}

# Or any other tool, of what has a policy or a note of its own
sweeps()
{
	run 137 from $own_unit env LD_PRELOAD="$here/failat.so" FAILAT=bpf-update:2 FAILAT_KILL=1 "${d1[@]}"
	run 0 "${f1[@]}"
	[ ! -e $own_unit/d1 ] || fail "its cgroup is left"
	run 0 from $own_unit "${d1[@]}"
	rmdir $own_unit/d1 || fail "cannot remove it, as systemd does"
	run 0 safenode-status
	run 0 safenode-detach --cgroup f1
	unchanged
}

names_the_capability()
{
	refuses 1 "CAP_NET_ADMIN" "CapabilityBoundingSet=" -- \
		from $own_unit capsh --drop=cap_net_admin,cap_sys_admin -- -c 'exec "$@"' - "${d1[@]}"
}

part_delegated()
{
	need_loaded
	mkdir -p $own_unit
	echo +pids >/sys/fs/cgroup/cgroup.subtree_control # as systemd does
	remember
	it "with --delegated a tenant is below its caller's cgroup, and the tools know it by its name" \
		stays_below_its_caller
	it "it gets another policy, and its name is taken everywhere" gets_another_policy
	it "limits need a caller in a leaf, beside which the tenant is" limits_need_a_leaf
	it "limits need a controller that was delegated, and nothing above is changed" limits_need_a_controller
	it "what a killed attach has left, the next one takes over" takes_over
	it "what is left of tenants whose cgroups are gone, the next tool removes" sweeps
	it "without CAP_NET_ADMIN it says so before it changes anything" names_the_capability
	rmdir $own_unit
}
