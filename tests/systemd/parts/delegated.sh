# SPDX-License-Identifier: GPL-2.0-only
# Tenants that stay in their unit: what systemd offers for units holds for them. The other side of
# leaves.sh.
# shellcheck shell=bash disable=SC2016,SC2154,SC2317

in_unit_test=("${in_test[@]}" --delegated)

# is_in UNIT NAME: its main process is that tenant
is_in()
{
	[ "$(cgroup_of "$(show "$1" MainPID)")" = "$(show "$1" ControlGroup)/$2" ]
}

stays_in_its_unit()
{
	recipe "A tenant in its unit"
	serves 8086 note
	is_in safenode@note.service note || fail "is in $(cgroup_of "$(show safenode@note.service MainPID)")"
	/usr/local/sbin/safenode-status note >"$work/out" || fail "$(cat "$work/out")"
	grep -q '^  cgroup     /sys/fs/cgroup/.*safenode@note.service/note$' "$work/out" || fail "$(cat "$work/out")"
}

systemd_counts_it()
{
	[ "$(show safenode@note.service TasksCurrent)" -gt 3 ] || fail "$(show safenode@note.service TasksCurrent) tasks"
	systemd-cgtop -b -n 1 --depth=5 --order=path >"$work/out"
	grep -qE 'safenode@note.service +[1-9]' "$work/out" || fail "$(cat "$work/out")"
	eventually has_line "GET /" -u safenode@note.service || fail "$(journal -u safenode@note.service)"
	systemctl status safenode@note.service >"$work/out"
	grep -q 'note\[.*GET /' "$work/out" || fail "$(cat "$work/out")"
}

memory_is_limited()
{
	in_unit 0 MemoryMax=200M MemorySwapMax=0 Delegate=yes -- "${in_unit_test[@]}" -- "$tenant" hold 60
	printed held
	# the kernel ends it, and systemd says so
	! transient MemoryMax=20M MemorySwapMax=0 Delegate=yes -- "${in_unit_test[@]}" -- "$tenant" hold 60 \
		>"$work/out" 2>&1 || fail "it holds 60 MB"
	! grep held "$work/out" || fail "it held 60 MB"
}

tasks_are_limited()
{
	local pid

	systemctl set-property --runtime safenode@note.service TasksMax=12
	pid=$(show safenode@note.service MainPID)
	[ "$(cat "/sys/fs/cgroup$(show safenode@note.service ControlGroup)/pids.max")" = 12 ] || fail "not set"
	is_in safenode@note.service note || fail "has moved"
	[ "$(show safenode@note.service MainPID)" = "$pid" ] || fail "is another"
	answers 8086 note || fail "does not answer"
}

addresses_are_denied()
{
	local connect='exec 3<>/dev/tcp/127.0.0.1/8086 && echo connected'

	in_unit 0 Delegate=yes -- "${in_unit_test[@]}" -- bash -c "$connect"
	printed connected
	in_unit 0 Delegate=yes IPAddressDeny=192.0.2.0/24 -- "${in_unit_test[@]}" -- bash -c "$connect"
	printed connected
	in_unit 124 Delegate=yes IPAddressDeny=any -- timeout 5 bash -c "$connect"
	! transient Delegate=yes IPAddressDeny=any RuntimeMaxSec=20 -- "${in_unit_test[@]}" -- bash -c "$connect" \
		>"$work/out" 2>&1 || fail "it connects"
	! grep connected "$work/out" || fail "it connects"
}

# Its rules ask for Delegate=, its BPF program does not
so_they_are_without_delegate()
{
	in_unit 0 IPAddressDeny=192.0.2.0/24 -- "${in_unit_test[@]}" -- "$tenant" self /srv/test
	printed "as promised"
}

# All that the recipe of Hardening leaves, and one more
needs_a_capability()
{
	local caps="CAP_BPF CAP_SETUID CAP_SETGID CAP_SETPCAP"

	in_unit 1 Delegate=yes "CapabilityBoundingSet=$caps" -- "${in_unit_test[@]}" -- true
	grep -q 'CAP_NET_ADMIN.*CapabilityBoundingSet=' "$work/err" || fail "$(cat "$work/err")"
	in_unit 0 Delegate=yes "CapabilityBoundingSet=$caps CAP_NET_ADMIN" -- "${in_unit_test[@]}" -- "$tenant" self /srv/test
	printed "as promised"
	in_unit 0 Delegate=yes "CapabilityBoundingSet=$caps CAP_NET_ADMIN" -- "${in_unit_test[@]}" -- "$tenant" self /srv/test
	printed "as promised" # again, over what the first has left
}

# Process 1 reaps them a little later
nobody_of()
{
	! pgrep -u "$1" >/dev/null
}

ends_with_its_unit()
{
	systemctl stop safenode@note.service
	eventually nobody_of note || fail "it lives"
	! /usr/local/sbin/safenode-status --json | grep -q '"name":"note"' || fail "its policy is left"
	systemctl start safenode@note.service
	serves 8086 note
	systemctl kill -s KILL safenode@note.service
	serves 8086 note # Restart=on-failure
	systemctl disable -q --now safenode@note.service
}

server_has_its_tenants()
{
	local group

	recipe "A server with its tenants"
	serves 8087 left
	serves 8088 right
	group=$(show hub.service ControlGroup)
	[ "$(cgroup_of "$(pgrep -u left -x node)")" = "$group/left" ] || fail "left: $(cgroup_of "$(pgrep -u left -x node)")"
	[ "$(cgroup_of "$(show hub.service MainPID)")" = "$group/server" ] || fail "the server is elsewhere"
	[ "$(cat "/sys/fs/cgroup$group/right/pids.max")" = 40 ] || fail "no limit"
	/usr/local/sbin/safenode-load || fail "cannot load again"
	answers 8087 left || fail "does not answer"
	/usr/local/sbin/safenode-status >"$work/out" || fail "$(cat "$work/out")"
}

# Also where the server is killed; and its next start finds no name taken
end_with_their_server()
{
	systemctl restart hub.service
	serves 8087 left
	systemctl stop hub.service
	eventually nobody_of left,right || fail "they live"
	systemctl start hub.service
	serves 8088 right
	systemctl kill -s KILL --kill-who=main hub.service
	serves 8088 right
	systemctl disable -q --now hub.service
	eventually nobody_of left,right || fail "they live"
	# no unit's ExecStopPost= has said so, but the next tool finds out
	run 0 "${in_unit_test[@]}"
	[ "$(/usr/local/sbin/safenode-status --json | grep -cE '"name":"(left|right)"')" = 0 ] || fail "their policies are left"
	run 0 /usr/local/sbin/safenode-detach --cgroup test
}

part_delegated()
{
	it "an instance of safenode@.service stays in its unit" stays_in_its_unit
	it "systemctl, systemd-cgtop and journalctl -u know it" systemd_counts_it
	it "MemoryMax= of the unit holds for the tenant" memory_is_limited
	it "TasksMax= can be changed while it runs" tasks_are_limited
	it "IPAddressDeny= of the unit holds for the tenant" addresses_are_denied
	it "IPAddressDeny= does not keep a tenant out of a unit without Delegate=" so_they_are_without_delegate
	it "hardened, it needs CAP_NET_ADMIN, and says so" needs_a_capability
	it "it ends with its unit, and comes back" ends_with_its_unit
	it "a server has its tenants beside it in its unit, with their own limits, also after a load" \
		server_has_its_tenants
	it "they end with it, and their names are free" end_with_their_server
}
