# SPDX-License-Identifier: GPL-2.0-only
# A kernel that was booted with lockdown=confidentiality.
# shellcheck shell=bash disable=SC2012,SC2016,SC2034,SC2086,SC2154,SC2317

is_locked_down()
{
	grep -qF "[confidentiality]" /sys/kernel/security/lockdown || fail "boot it with lockdown=confidentiality"
}

part_lockdown()
{
	need_unloaded
	remember
	it "this kernel is locked down" is_locked_down
	it "with lockdown=confidentiality load and --check give the boot argument, and load nothing" \
		check_misses "boot without lockdown=confidentiality"
}
