# SPDX-License-Identifier: GPL-2.0-only
# A unit for one tenant: start, limits, failure, restart, a log file, stop; how such units end.
# shellcheck shell=bash disable=SC2154,SC2317

serves_as_tenant()
{
	recipe "One tenant, one unit"
	serves 8080 hello
	is_tenant shop.service shop || fail "is in $(cgroup_of "$(show shop.service MainPID)")"
	[ "$(stat -c %U "/proc/$(show shop.service MainPID)")" = shop ] || fail "of another user"
}

limits_hold()
{
	[ "$(cd $cgroups/shop && cat memory.max cpu.max pids.max | xargs)" = \
		"314572800 200000 100000 40" ] || fail "$(grep . $cgroups/shop/*.max)"
}

keeps_limits()
{
	limits_hold
	systemctl daemon-reload
	# systemd takes stock of the controllers
	systemd-run --quiet --wait --slice=other -p CPUQuota=50% -p MemoryMax=50M -p TasksMax=50 true
	limits_hold
}

# other_pid OLD
other_pid()
{
	has shop.service ActiveState active && ! has shop.service MainPID "$1" && is_tenant shop.service shop
}

comes_back()
{
	local pid

	pid=$(show shop.service MainPID)
	kill -KILL "$pid"
	eventually other_pid "$pid" || fail "$(said_by shop.service)"
	has shop.service NRestarts 1 || fail "$(show shop.service NRestarts) restarts"
	serves 8080 hello
}

log=/var/log/shop.log

is_in_log()
{
	grep -qx "$1" "$log"
}

# This recipe ends with systemctl restart
restarts_with_log()
{
	local pid

	pid=$(show shop.service MainPID)
	recipe "A log file"
	eventually other_pid "$pid" || fail "$(said_by shop.service)"
	serves 8080 hello
	curl -s http://127.0.0.1:8080/first >/dev/null
	eventually is_in_log "GET /first" || fail "$(cat $log)"
}

is_rotated()
{
	local pid

	pid=$(show shop.service MainPID)
	logrotate -f /etc/logrotate.d/shop || fail "logrotate"
	grep -qx "GET /first" $log.1 || fail "not in the old one"
	curl -s http://127.0.0.1:8080/second >/dev/null
	eventually is_in_log "GET /second" || fail "$(cat $log)"
	# with O_APPEND no hole is left where the old content was
	! is_in_log "GET /first" && [ "$(tr -d '\0' <$log | wc -c)" = "$(stat -c %s $log)" ] ||
		fail "$(head -c 200 $log | od -c)"
	has shop.service MainPID "$pid" || fail "was restarted"
}

stops_by_sigterm()
{
	systemctl stop shop.service
	is_in_log closed || fail "it did not get SIGTERM: $(cat $log)"
	run 0 safenode-status
	! grep shop "$work/out" || fail "is left"
	[ ! -e $cgroups/shop ] || fail "its cgroup is left"
}

ends_with_its_status()
{
	in_unit 7 -- "${in_test[@]}" -- bash -c "exit 7"
}

must_be_killed()
{
	unit test-deaf.service <<-END
		[Service]
		Type=exec
		TimeoutStopSec=1
		ExecStart=${in_test[*]} -- bash -c 'trap "" TERM; echo deaf; while :; do read -t 1 x <>fifo; done'
		SyslogIdentifier=deaf
	END
	systemctl start test-deaf.service
	eventually has_line deaf -t deaf || fail "$(said_by test-deaf.service)"
	systemctl stop test-deaf.service
	has test-deaf.service Result timeout || fail "$(show test-deaf.service Result)"
	is_empty test || fail "it lives"
}

starts_before_it_is_checked()
{
	unit test-wrong.service <<-END
		[Service]
		Type=exec
		ExecStart=/usr/local/sbin/safenode-attach --cgroup test --dir /srv/missing --safe-mode -- node
	END
	systemctl start test-wrong.service || fail "does not start"
	comes_to test-wrong.service ActiveState failed
	has test-wrong.service ExecMainStatus 2 || fail "$(show test-wrong.service ExecMainStatus)"
	said_by test-wrong.service | grep -q "^safenode-attach: .*'/srv/missing'" ||
		fail "$(said_by test-wrong.service)"
}

# notifies_by ATTACH...: a unit that waits for it
notifies_by()
{
	unit test-notify.service <<-END
		[Service]
		Type=notify
		NotifyAccess=all
		ExecStart=$* /usr/bin/systemd-notify --ready
	END
	systemctl start test-notify.service
}

cannot_notify()
{
	notifies_by || fail "nobody can: $(said_by test-notify.service)"
	! notifies_by "${in_test[*]} --" || fail "it starts"
	journal -b | grep -q "Failed to notify init system: Operation not permitted" ||
		fail "$(journal -n 8)"
}

killed_for_memory()
{
	unit test-oom.service <<-END
		[Service]
		Type=exec
		ExecStart=${in_test[*]} --memory-max 30M -- $tenant hold 60
	END
	systemctl start test-oom.service
	comes_to test-oom.service ActiveState failed
	[ "$(show test-oom.service Result) $(show test-oom.service ExecMainStatus)" = "signal 9" ] ||
		fail "$(show test-oom.service Result)"
}

part_one()
{
	it "the unit of the page makes a tenant that serves" serves_as_tenant
	it "its limits hold over daemon-reload and units with limits of their own" keeps_limits
	it "Restart=on-failure brings it back" comes_back
	it "systemctl restart starts it anew, writing to the file of StandardOutput=append:" restarts_with_log
	it "logrotate with copytruncate rotates that file while the tenant writes" is_rotated
	it "systemctl stop is SIGTERM for node, and leaves nothing" stops_by_sigterm
	it "the exit status is the command's" ends_with_its_status
	it "a tenant that ignores SIGTERM is killed after TimeoutStopSec=" must_be_killed
	it "systemctl start succeeds where attach then refuses, and the unit fails with its reason" \
		starts_before_it_is_checked
	it "a tenant cannot notify, so a unit with Type=notify does not come up" cannot_notify
	it "a tenant beyond its --memory-max fails by signal 9" killed_for_memory
}
