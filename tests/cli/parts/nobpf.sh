# SPDX-License-Identifier: GPL-2.0-only
# A kernel that was booted without bpf in lsm=.
# shellcheck shell=bash disable=SC2012,SC2016,SC2034,SC2086,SC2154,SC2317

modules_have_no_bpf()
{
	! grep -qw bpf /sys/kernel/security/lsm || fail "boot it with lsm=landlock,yama"
}

part_nobpf()
{
	local argument

	argument=lsm=$(sed 's/^capability,//' /sys/kernel/security/lsm),bpf
	need_unloaded
	remember
	it "this kernel has no bpf in lsm=" modules_have_no_bpf
	it "load and --check give the boot argument, and load nothing" check_misses "$argument"
	it "attach refuses" refuses 1 "run safenode-load" -- "${f1[@]}" -- "$tenant" acts
}
