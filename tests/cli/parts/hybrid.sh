# SPDX-License-Identifier: GPL-2.0-only
# Cgroup v2 beside v1, at /sys/fs/cgroup/unified, and a parent of the operator's choice; and the pins
# and the parent, when somebody removes them by hand.
# shellcheck shell=bash disable=SC2012,SC2016,SC2034,SC2086,SC2154,SC2317

unified=/sys/fs/cgroup/unified

mount_hybrid()
{
	umount /sys/fs/cgroup && mount -t tmpfs -o mode=755 tmpfs /sys/fs/cgroup &&
		mkdir $unified /sys/fs/cgroup/systemd /sys/fs/cgroup/pids &&
		mount -t cgroup -o none,name=systemd systemd /sys/fs/cgroup/systemd &&
		mount -t cgroup2 -o nosuid,nodev,noexec,nsdelegate cgroup2 $unified
}

mount_again()
{
	umount -R /sys/fs/cgroup
	mount -t cgroup2 -o nosuid,nodev,noexec,nsdelegate cgroup2 /sys/fs/cgroup
}

is_in_force()
{
	run 0 safenode-status
	grep -q "^in force: .* $unified/a.slice$" "$work/out" || fail "$(cat "$work/out")"
}

loads()
{
	mount_hybrid || fail "cannot mount it"
	run 0 safenode-load --check
	grep -qx "ok .*cgroup v2: $unified" "$work/out" || fail "$(cat "$work/out")"
	run 0 safenode-load --parent /a.slice
	silent
	[ -d $unified/a.slice ] || fail "no $unified/a.slice"
	is_in_force
}

confines()
{
	run 0 "${f1[@]}" -- "$tenant" self /srv/t1
	printed "as promised"
	[ -d $unified/a.slice/f1 ] || fail "no cgroup"
	[ ! -e /sys/fs/cgroup/systemd/a.slice ] || fail "a v1 cgroup"
	run 0 safenode-status f1
	grep -qx "f1: /srv/t1, ended" "$work/out" || fail "$(cat "$work/out")"
	run 0 safenode-detach --cgroup f1
	silent
	unchanged
}

keeps_its_parent()
{
	refuses 1 "/a.slice" "--unload first" -- safenode-load --parent /b.slice
	run 0 safenode-load
	silent
	is_in_force
}

# An earlier test has given the controller to cgroup v2, and the kernel frees what is left of that late
mount_pids()
{
	echo -pids >$unified/cgroup.subtree_control &&
		mount -t cgroup -o pids pids /sys/fs/cgroup/pids 2>"$work/err"
}

controller_is_v1()
{
	refuses 1 "'pids'" "cgroup v1" -- "${f1[@]}" --pids-max 20 -- "$tenant" acts
}

# All that was loaded is for a cgroup that is gone
parent_was_made_again()
{
	rmdir $unified/a.slice || fail "cannot remove it"
	mkdir $unified/a.slice
	run 1 "${f1[@]}" -- "$tenant" acts
	said "safenode-attach: " "$unified/a.slice" "run safenode-load"
	not_in_force "$unified/a.slice" "run safenode-load"
	[ ! -e $unified/a.slice/f1 ] || fail "the cgroup is left"
}

# What the tools have named as the cure
load_is_the_cure()
{
	run 0 safenode-load
	silent
	works_again
	silent
}

map_is_missing()
{
	rm $pins/names || fail "cannot remove it"
	run 1 "${f1[@]}" -- "$tenant" acts
	said "safenode-attach: "
	[ ! -e $unified/a.slice/f1 ] || fail "the cgroup is left"
	run 1 safenode-load --parent /a.slice
	said "safenode-load: " "$pins/names" "safenode-load --unload"
}

unloads()
{
	run 0 safenode-load --unload
	silent
	[ "$(ls /sys/fs/bpf)" = "" ] || fail "pins are left"
	soon has_programs 0 || fail "programs are left"
	[ ! -e $unified/a.slice ] || fail "the cgroup is left"
}

part_hybrid()
{
	local sentence="a limit whose controller belongs to cgroup v1 is refused with the reason"

	if ! [ -e /run/vm/command ]; then
		skip "the tools work in a hybrid layout" \
			"a machine that can spare its mounts (tests/vm/run)"
		return
	fi
	need_unloaded
	it "load finds cgroup v2 in a hybrid layout, and makes the parent that was asked for" loads
	remember
	it "attach and detach work there" confines
	it "load refuses another parent while it is loaded, and keeps it where none is given" \
		keeps_its_parent
	if soon mount_pids; then
		it "$sentence" controller_is_v1
	else
		skip "$sentence" "the pids controller in v1: $(cat "$work/err")"
	fi
	it "when the parent cgroup was made again, nothing is started" parent_was_made_again
	it "and then a load is the cure" load_is_the_cure
	it "when a map is missing, nothing is started or loaded" map_is_missing
	it "unload leaves nothing, not even then" unloads
	mount_again
}
