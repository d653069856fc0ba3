# SPDX-License-Identifier: GPL-2.0-only
# Today a tenant leaves its unit's cgroup: what hangs on that does not hold for it. Where a tenant stays
# in its unit, the first tests turn round.
# shellcheck shell=bash disable=SC2016,SC2154,SC2317

# A socket that systemd listens on is enough to connect to
addresses_are_not_denied()
{
	local connect='exec 3<>/dev/tcp/127.0.0.1/8099 && echo connected'

	unit test-listen@.service <<-END
		[Service]
		ExecStart=/usr/bin/true
	END
	unit test-listen.socket <<-END
		[Socket]
		ListenStream=127.0.0.1:8099
		Accept=yes
	END
	systemctl start test-listen.socket
	in_unit 0 -- bash -c "$connect"
	in_unit 124 IPAddressDeny=any -- timeout 5 bash -c "$connect"
	in_unit 0 IPAddressDeny=any -- "${in_test[@]}" -- bash -c "$connect"
	printed connected
	systemctl stop test-listen.socket
}

memory_is_not_limited()
{
	in_unit 1 MemoryMax=20M MemorySwapMax=0 -- "$tenant" hold 60
	in_unit 0 MemoryMax=20M MemorySwapMax=0 -- "${in_test[@]}" -- "$tenant" hold 60
	printed held
}

unit_is_empty()
{
	local pid

	unit test-one.service <<-END
		[Service]
		Type=exec
		ExecStart=${in_test[*]} -- bash -c 'echo here; while :; do read -t 1 x <>fifo; done'
		SyslogIdentifier=one
	END
	systemctl start test-one.service
	eventually has_line here -t one || fail "$(said_by test-one.service)"
	pid=$(show test-one.service MainPID)
	[ "$(cgroup_of "$pid")" = /safenode/test ] || fail "is in $(cgroup_of "$pid")"
	[ -z "$(cat /sys/fs/cgroup/system.slice/test-one.service/cgroup.procs)" ] || fail "is not empty"
	has test-one.service TasksCurrent 0 || fail "$(show test-one.service TasksCurrent) tasks"
}

# By what the page says to ask for
journal_knows_it_by()
{
	has_line "Started test-one.service." -u test-one.service || fail "not even systemd's own"
	! has_line here -u test-one.service || fail "is there"
	systemctl status test-one.service >"$work/out"
	! grep ' one\[.*here' "$work/out" || fail "status shows it"
	has_line here -t one || fail "not by its identifier"
	has_line here _SYSTEMD_CGROUP=/safenode/test || fail "not by its cgroup"
	systemctl stop test-one.service
}

# priority_of PREFIX-IS-READ: of a line that begins with <3>
priority_of()
{
	unit test-level.service <<-END
		[Service]
		Type=oneshot
		ExecStart=${in_test[*]} -- bash -c 'echo "<3>urgent"'
		SyslogIdentifier=level-$1
		SyslogLevelPrefix=$1
	END
	systemctl start test-level.service || fail "$(said_by test-level.service)"
	journalctl --sync
	journalctl -q -t "level-$1" -o json --output-fields=PRIORITY,MESSAGE
}

chooses_its_priority()
{
	priority_of yes >"$work/out"
	grep '"PRIORITY":"3"' "$work/out" | grep -q '"MESSAGE":"urgent"' || fail "with: $(cat "$work/out")"
	priority_of no >"$work/out"
	grep '"PRIORITY":"6"' "$work/out" | grep -q '"MESSAGE":"<3>urgent"' || fail "without: $(cat "$work/out")"
}

has_cores()
{
	[ "$(coredumpctl -q --no-legend list /usr/bin/bash | wc -l)" = "$1" ]
}

leaves_no_core()
{
	in_unit 255 -- "${in_test[@]}" -- bash -c 'kill -ABRT $$$$'
	in_unit 1 -- bash -c 'kill -ABRT $$$$'
	eventually has_cores 1 || fail "not one, of the process without policy: $(coredumpctl -q list)"
}

works_with_hidepid()
{
	mount -o remount,hidepid=invisible /proc
	trap 'mount -o remount,hidepid=off /proc' EXIT
	in_unit 0 -- "${in_test[@]}" -- "$tenant" self /srv/test
	printed "as promised"
}

part_leaves()
{
	it "IPAddressDeny= of the unit does not hold for the tenant" addresses_are_not_denied
	it "MemoryMax= of the unit does not hold for the tenant" memory_is_not_limited
	it "the unit has no processes, and systemd still knows its main one" unit_is_empty
	it "journalctl -u has not what a tenant says, -t and _SYSTEMD_CGROUP= have" journal_knows_it_by
	it "SyslogLevelPrefix=no takes the choice of a priority from the tenant" chooses_its_priority
	it "systemd-coredump gets nothing of a tenant" leaves_no_core
	it "where /proc is mounted with hidepid, all is as promised" works_with_hidepid
}
