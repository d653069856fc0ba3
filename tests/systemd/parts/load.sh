# SPDX-License-Identifier: GPL-2.0-only
# The unit that loads, which was there when systemd started.
# shellcheck shell=bash disable=SC2154,SC2317

# before UNIT OTHER: was active before
before()
{
	local one other

	one=$(show "$1" ActiveEnterTimestampMonotonic)
	other=$(show "$2" ActiveEnterTimestampMonotonic)
	[ "$one" -gt 0 ] && [ "$one" -le "$other" ] || fail "$1 at $one, $2 at $other"
}

loaded_by_then()
{
	has safenode.service Result success || fail "$(said_by safenode.service)"
	before safenode.service sysinit.target
	before safenode.service dbus.socket
	run 0 safenode-status
	grep -q "^in force: .* $cgroups$" "$work/out" || fail "$(cat "$work/out")"
}

recipe_is_idempotent()
{
	local before

	before=$(show safenode.service ExecMainPID)
	recipe "Load at boot"
	[ "$(systemctl is-enabled safenode.service)" = enabled ] || fail "not enabled"
	has safenode.service ExecMainPID "$before" || fail "was started again"
}

part_load()
{
	it "the unit has loaded before sysinit.target, and before any socket or service of others" loaded_by_then
	it "who follows the page where it is loaded changes nothing" recipe_is_idempotent
}
