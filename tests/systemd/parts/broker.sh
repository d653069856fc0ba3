# SPDX-License-Identifier: GPL-2.0-only
# The units of safenode-broker, as they are installed, and servers that are not root.
# shellcheck shell=bash disable=SC2154,SC2317

acts_refused="unix-socket=EPERM read-outside=ENOENT list-root=ENOENT chdir=EPERM fork=EACCES write-inside=ok"
by_user=(/usr/local/sbin/safenode-attach --cgroup b1 --dir /srv/test --safe-mode)

is_started_by_its_socket()
{
	groupadd --system --force safenode
	usermod -aG safenode test
	systemctl enable --now -q safenode-broker.socket
	has safenode-broker.service ActiveState inactive || fail "it runs already"
	run 0 transient User=test PrivateTmp=yes ProtectSystem=strict ReadWritePaths=/srv/test -- \
		"${by_user[@]}" -- "$tenant" acts
	[ "$(cat "$work/out")" = "$acts_refused" ] || fail "$(cat "$work/out" "$work/err")"
	has safenode-broker.service ActiveState active || fail "$(said_by safenode-broker.service)"
	grep -qx "CapEff:	0000008000081002" "/proc/$(show safenode-broker.service MainPID)/status" ||
		fail "$(grep CapEff "/proc/$(show safenode-broker.service MainPID)/status")"
}

has_gone()
{
	[ ! -d "/sys/fs/cgroup/system.slice/server.service/$(id -u test):b1" ]
}

runs_below()
{
	[ "$(cgroup_of "$1")" = "/system.slice/server.service/$(id -u test):b1" ]
}

# A server of node's, its tenant with limits, and the end of both
server_is_not_root()
{
	cat >/srv/server.js <<-END
		const { spawn } = require('child_process');
		const child = spawn('/usr/local/sbin/safenode-attach', ['--cgroup', 'b1', '--dir', '/srv/test', '--safe-mode',
			'--pids-max', '20', '--', '$tenant', 'wait'], { stdio: 'inherit' });
		console.log('tenant', child.pid);
	END
	mkdir -p /sys/fs/cgroup/system.slice
	unit server.service <<-END
		[Service]
		User=test
		Delegate=yes
		SyslogIdentifier=server
		ExecStart=/bin/sh -c 'mkdir /sys/fs/cgroup/system.slice/server.service/own; \
			echo \$\$\$\$ >/sys/fs/cgroup/system.slice/server.service/own/cgroup.procs; \
			exec node /srv/server.js'
	END
	rm -f /srv/test/stop
	systemctl start server.service
	eventually is_said || fail "$(said_by server.service)"
	pid=$(journal -t server | sed -n 's/^tenant //p' | tail -n 1)
	eventually runs_below "$pid" || fail "$(cgroup_of "$pid"): $(said_by server.service)"
	[ "$(cat "/sys/fs/cgroup$(cgroup_of "$pid")/pids.max")" = 20 ] || fail "no limit"
	systemctl stop server.service
	[ ! -e "/proc/$pid" ] || fail "the tenant lives"
	has_gone || fail "its cgroup is left"
}

is_said()
{
	journal -t server | grep -q "^tenant "
}

as_test()
{
	setpriv --reuid test --regid test --init-groups "$@"
}

# What the service may not do would be told as a check that is not met
asks_through_the_service()
{
	systemctl start safenode-logd.service
	run 0 as_test "${by_user[@]}" -- "$tenant" deny 3
	run 0 as_test /usr/local/sbin/safenode-log --no-wait --op net.socket
	grep -q " tenant=$(id -u test):b1 " "$work/out" || fail "$(cat "$work/out" "$work/err")"
	rm -f /srv/test/stop
	as_test "${by_user[@]}" -- "$tenant" wait >"$work/b1.out" 2>&1 </dev/null &
	eventually is_shown || fail "$(cat "$work/out" "$work/err" "$work/b1.out")"
	run 0 safenode-status
	cp "$work/out" "$work/roots"
	run 0 as_test /usr/local/sbin/safenode-status
	[ "$(sed '/ tenants\?, /,$d' "$work/out")" = "$(sed '/ tenants\?, /,$d' "$work/roots")" ] ||
		fail "$(diff "$work/out" "$work/roots")"
	run 0 as_test /usr/local/sbin/safenode-detach --cgroup b1 --kill
	run 0 as_test /usr/local/sbin/safenode-status
	grep -q "^0 tenants" "$work/out" || fail "$(cat "$work/out")"
}

is_shown()
{
	as_test /usr/local/sbin/safenode-status >"$work/out" 2>"$work/err" && grep -q "^1 tenant, 1 running" "$work/out"
}

ends_in_order()
{
	run 0 transient User=test -- "${by_user[@]}" -- "$tenant" acts
	systemctl disable --now -q safenode-broker.socket
	systemctl stop safenode-broker.service
	has safenode-broker.service Result success || fail "$(said_by safenode-broker.service)"
	in_unit 1 User=test -- "${by_user[@]}" -- "$tenant" acts
	grep -q "must be run as root, or where safenode-broker runs" "$work/err" || fail "$(cat "$work/err")"
}

part_broker()
{
	it "the broker is started by its socket, with four capabilities, for a unit with a user" is_started_by_its_socket
	it "a server that is not root has tenants in its unit, with limits, and they end with it" server_is_not_root
	it "status, log and detach of a user get through the service" asks_through_the_service
	it "stopped, it ends in order" ends_in_order
}
