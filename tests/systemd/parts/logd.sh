# SPDX-License-Identifier: GPL-2.0-only
# The unit of safenode-logd, as it is installed, and what the journal has of it.
# shellcheck shell=bash disable=SC2154,SC2317

# in_journal MATCH...: how many
in_journal()
{
	journalctl --sync
	journalctl -q -o cat -t safenode "$@" | wc -l
}

# of a name that no other part has
in_logged=(/usr/local/sbin/safenode-attach --cgroup logged --dir /srv/test --safe-mode)

# refuse_some: acts of a tenant, of which the journal then has N of one kind
refuse_some()
{
	in_unit 0 -- "${in_logged[@]}" -- "$tenant" deny 10
	printed "10 refused"
}

has_refused()
{
	[ "$(in_journal SAFENODE_TENANT=logged SAFENODE_COMM=tenant SAFENODE_OP=net.socket)" = "$1" ]
}

starts()
{
	recipe "The log"
	has safenode-logd.service ActiveState active || fail "$(said_by safenode-logd.service)"
	comes_to safenode-logd.service StatusText "reads the events"
	grep -qx "CapEff:	0000008000000000" "/proc/$(show safenode-logd.service MainPID)/status" ||
		fail "$(grep CapEff "/proc/$(show safenode-logd.service MainPID)/status")"
}

has_fields()
{
	local field

	refuse_some
	eventually has_refused 10 || fail "$(in_journal) lines: $(said_by safenode-logd.service)"
	journalctl -q -n 1 SAFENODE_TENANT=logged -o json >"$work/out"
	for field in '"SAFENODE_OP":"net.socket"' '"SAFENODE_WHY":"family"' '"SAFENODE_ERROR":"EPERM"' \
		'"SAFENODE_COMM":"tenant"' '"PRIORITY":"5"' '"SYSLOG_IDENTIFIER":"safenode"' \
		'"_SYSTEMD_UNIT":"safenode-logd.service"' '"SAFENODE_PID":"' '"MESSAGE":"time=2'; do
		grep -qF -e "$field" "$work/out" || fail "no $field in $(cat "$work/out")"
	done
	run 0 safenode-log --no-wait --cgroup logged --op net.socket
	[ "$(wc -l <"$work/out")" = 10 ] || fail "$(wc -l <"$work/out") lines of safenode-log"
}

# has_path PATH
has_path()
{
	[ "$(in_journal SAFENODE_TENANT=logged SAFENODE_PATH="$1")" -gt 0 ]
}

# The unit has mounts of its own, and must see those of everybody, later ones included
names_paths()
{
	mount -t tmpfs none /mnt || fail "cannot mount"
	in_unit 0 -- "${in_logged[@]}" -- bash -c 'true </etc/passwd; true </mnt/file; true'
	eventually has_path /etc/passwd || fail "$(journal -n 5 -t safenode)"
	# its root, where the tenant does not get further; otherwise it has a device
	eventually has_path /mnt || fail "$(journal -n 5 -t safenode)"
	umount /mnt
}

loses_nothing_in_a_restart()
{
	systemctl stop safenode-logd.service
	has safenode-logd.service Result success || fail "$(said_by safenode-logd.service)"
	refuse_some
	systemctl start safenode-logd.service
	eventually has_refused 20 || fail "$(in_journal) lines: $(said_by safenode-logd.service)"
}

is_started_again()
{
	kill -KILL "$(show safenode-logd.service MainPID)"
	refuse_some
	eventually has_refused 30 || fail "$(in_journal) lines: $(said_by safenode-logd.service)"
	comes_to safenode-logd.service ActiveState active
}

reads_on_after_a_reload()
{
	systemctl reload safenode.service
	refuse_some
	eventually has_refused 40 || fail "$(in_journal) lines: $(said_by safenode-logd.service)"
	systemctl disable --now -q safenode-logd.service
}

part_logd()
{
	it "the unit of safenode-logd starts, with one capability" starts
	it "the journal has fields for each refusal, and safenode-log the lines" has_fields
	it "paths are named by the mounts of the machine" names_paths
	it "what is refused while the unit restarts is in the journal" loses_nothing_in_a_restart
	it "the unit is started again when it is killed, and reads what was refused meanwhile" is_started_again
	it "it reads on after a reload of safenode.service" reads_on_after_a_reload
}
