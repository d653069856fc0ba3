# SPDX-License-Identifier: GPL-2.0-only
# A server that starts tenants itself.
# shellcheck shell=bash disable=SC2154,SC2317

# overrides <TEXT: of the page's unit
overrides()
{
	mkdir -p /run/systemd/system/gateway.service.d
	cat >/run/systemd/system/gateway.service.d/test.conf
	systemctl daemon-reload
}

starts_both()
{
	recipe "A server that starts tenants"
	serves 8082 red
	serves 8083 blue
	[ "$(cgroup_of "$(pgrep -u blue -x node)")" = /safenode/gateway.blue ] || fail "not a tenant"
}

# Today, without the line of the page
outlive_their_unit()
{
	local blue

	blue=$(pgrep -u blue -x node)
	printf '[Service]\nExecStopPost=\n' | overrides
	systemctl stop gateway.service
	[ "$(pgrep -u blue -x node)" = "$blue" ] || fail "has ended"
	answers 8083 blue || fail "does not answer"
	systemctl start gateway.service
	eventually has_line "safenode-attach: tenant 'gateway.blue' is running; choose another name, or \
safenode-detach --cgroup gateway.blue --kill first" -t gateway || fail "$(journal -n 5 -t gateway)"
}

end_with_their_unit()
{
	printf '[Service]\nRestart=no\n' | overrides
	kill -KILL "$(show gateway.service MainPID)"
	comes_to gateway.service ActiveState failed
	! pgrep -u red,blue || fail "they live"
	[ "$(echo $cgroups/gateway.*)" = "$cgroups/gateway.*" ] || fail "left: $(echo $cgroups/gateway.*)"
}

part_server()
{
	it "the server of the page starts two tenants" starts_both
	it "without ExecStopPost= they outlive the unit, whose next start finds their names taken" \
		outlive_their_unit
	it "with that line they end with the unit, also when the server is killed" end_with_their_unit
}
