# SPDX-License-Identifier: GPL-2.0-only
# A listening socket from systemd.
# shellcheck shell=bash disable=SC2154,SC2317

starts_at_first_connection()
{
	recipe "A socket from systemd"
	has api.service ActiveState inactive || fail "was started already"
	[ "$(curl -s -m 120 http://127.0.0.1:8090/)" = "1 socket, from descriptor 3 on" ] ||
		fail "$(said_by api.service)"
	is_tenant api.service api || fail "is in $(cgroup_of "$(show api.service MainPID)")"
	systemctl stop api.socket api.service
}

part_socket()
{
	it "the first connection starts the tenant, which has LISTEN_FDS and answers on descriptor 3" \
		starts_at_first_connection
}
