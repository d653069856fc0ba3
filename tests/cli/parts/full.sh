# SPDX-License-Identifier: GPL-2.0-only
# A map that is full: attach says which one and leaves nothing; those who run stay confined.
# shellcheck shell=bash disable=SC2012,SC2016,SC2034,SC2086,SC2154,SC2317

# shellcheck disable=SC2054 # more ports than a policy has room for
lists=(--restricted-outgoing-addresses 10.0.0.0/8 --allowed-outgoing-ports 80,82,84,86,88,90,92,94,96)

# Also once more after it has been emptied: the control
full()
{
	local map=$1 filled emptied

	filled=$("$here/fillmap" "$map") || fail "cannot fill it"
	trap '"$here/fillmap" --empty "$map"' EXIT
	run 1 "${f1[@]}" "${lists[@]}" -- "$tenant" acts
	said "safenode-attach: " "the map '$map' is full" "detach tenants"
	[ ! -e "$cgroups/f1" ] || fail "the cgroup is left"
	run 0 safenode-status
	! grep -q '^f1' "$work/out" || fail "the tenant is left: $(cat "$work/out")"
	emptied=$("$here/fillmap" --empty "$map") || fail "cannot empty it"
	trap - EXIT
	[ "$filled" = "$emptied" ] || fail "filled $filled, emptied $emptied"
	unchanged
	run 0 "${f1[@]}" "${lists[@]}" -- "$tenant" self /srv/t1
	printed "as promised"
	run 0 safenode-detach --cgroup f1
	unchanged
}

part_full()
{
	local map

	need_loaded
	it "a tenant of another program runs meanwhile" start_watch
	remember
	for map in policies counters addresses ports directories names lists; do
		it "when the map '$map' is full, attach says so and leaves nothing" full "$map"
	done
	it "the tenant that ran meanwhile was refused all the time" stop_watch
}
