# SPDX-License-Identifier: GPL-2.0-only
# DynamicUser= with StateDirectory=, and User= in the unit.
# shellcheck shell=bash disable=SC2154,SC2317

has_a_dynamic_user()
{
	recipe "A user from systemd"
	serves 8085 "start 1"
	[ "$(stat -c %U "/proc/$(show counter.service MainPID)")" = counter ] || fail "another user"
	is_tenant counter.service counter || fail "is in $(cgroup_of "$(show counter.service MainPID)")"
	systemctl stop counter.service
	! id counter 2>/dev/null || fail "the user is left"
	[ "$(cat /var/lib/counter/starts)" = 1 ] || fail "the state is gone"
}

needs_the_mark()
{
	in_unit 1 User=test -- "${in_test[@]}" -- "$tenant" acts
	grep -q "must be run as root" "$work/err" || fail "$(cat "$work/err")"
}

part_user()
{
	it "a tenant runs as the dynamic user of its unit, in the state directory, which stays" \
		has_a_dynamic_user
	it "User= without the mark ! is refused" needs_the_mark
}
