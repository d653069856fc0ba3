# SPDX-License-Identifier: GPL-2.0-only
# A kernel that was booted with lockdown=integrity, and is then locked down more, which cannot be undone.
# shellcheck shell=bash disable=SC2012,SC2016,SC2034,SC2086,SC2154,SC2317

lockdown=/sys/kernel/security/lockdown

is_locked_down()
{
	grep -qF "[integrity]" $lockdown || fail "boot it with lockdown=integrity"
	run 0 safenode-load --check
	grep -qx "ok       lockdown: integrity" "$work/out" || fail "$(cat "$work/out")"
}

# BPF programs that are loaded go on reading: the kernel asks when they are verified
lock_down_more()
{
	echo confidentiality >$lockdown || fail "cannot set it"
	grep -qF "[confidentiality]" $lockdown || fail "$(cat $lockdown)"
	is_whole
	run 0 "${f1[@]}" --restricted-outgoing-addresses self -- "$tenant" self /srv/t1
	printed "as promised"
	run 0 safenode-log --no-wait --cgroup f1
	grep -q " tenant=f1 " "$work/out" || fail "no event"
	run 0 safenode-detach --cgroup f1
	silent
}

part_lockdown()
{
	local cure="boot without lockdown=confidentiality"

	need_unloaded
	it "this kernel is locked down, but for integrity, and --check says so" is_locked_down
	it "with lockdown=integrity load works" load_works
	it "a tenant runs, and does forbidden things all the time" start_watch
	it "locked down more, tenants are started, confined, reported and removed as before" lock_down_more
	remember
	it "load again then gives the boot argument, and changes nothing" refuses 3 "$cure" -- safenode-load
	it "the tenant was refused all the time" stop_watch
	it "unload works" unload_clears
	it "with lockdown=confidentiality load and --check give the boot argument, and load nothing" \
		check_misses "$cure"
}
