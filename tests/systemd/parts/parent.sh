# SPDX-License-Identifier: GPL-2.0-only
# Load again; and a slice of systemd's as the parent, which today it should not be.
# shellcheck shell=bash disable=SC2154,SC2317

slice=/sys/fs/cgroup/tenants.slice

# a_tenant NAME: its unit
a_tenant()
{
	rm -f /srv/test/stop
	unit test-parent.service <<-END
		[Service]
		Type=exec
		ExecStart=/usr/local/sbin/safenode-attach --cgroup $1 --dir /srv/test --safe-mode \
			--memory-max 100M --pids-max 40 -- $tenant loop 100000
		ExecStopPost=-/usr/local/sbin/safenode-detach --cgroup $1
	END
	systemctl start test-parent.service
}

survives_reload()
{
	local pid

	a_tenant zero
	eventually grep -q . $cgroups/zero/cgroup.procs || fail "$(said_by test-parent.service)"
	pid=$(show test-parent.service MainPID)
	mkdir -p /run/systemd/system/safenode.service.d
	unit safenode.service.d/test.conf <<-END
		[Service]
		NoNewPrivileges=yes
		SystemCallFilter=@system-service bpf
	END
	systemctl reload safenode.service || fail "$(said_by safenode.service)"
	has test-parent.service MainPID "$pid" || fail "was restarted"
	# it ends, and well: all that it tried in between was answered as before
	touch /srv/test/stop
	comes_to test-parent.service ActiveState inactive
	has test-parent.service Result success || fail "$(said_by test-parent.service)"
}

# refused_load OPTION
refused_load()
{
	! transient "$1" -- /usr/local/sbin/safenode-load >"$work/out" 2>"$work/err" </dev/null ||
		fail "$1: loads"
	grep -q '^safenode-load: ' "$work/err" || fail "$1: $(cat "$work/err")"
	run 0 safenode-status
}

loads_in_no_such_unit()
{
	refused_load ProtectControlGroups=yes
	refused_load ProtectKernelTunables=yes
	refused_load CapabilityBoundingSet=CAP_BPF
}

loads_there()
{
	local name

	while read -r name; do
		safenode-detach --cgroup "$name" --kill || fail "cannot detach $name"
	done < <(safenode-status | awk 'on { print $1 } /^TENANT / { on = 1 }')
	run 0 safenode-load --unload
	run 0 safenode-load --parent /tenants.slice
	run 0 safenode-status
	grep -q "^in force: .* $slice$" "$work/out" || fail "$(cat "$work/out")"
}

# limits: of the tenant in the slice
limits()
{
	cat $slice/one/{memory,pids}.max
}

loses_limits()
{
	a_tenant one
	eventually limits || fail "$(said_by test-parent.service)"
	[ "$(limits | xargs)" = "104857600 40" ] || fail "$(limits)"
	systemctl start tenants.slice
	! limits 2>/dev/null || fail "they are there"
	run 0 safenode-status one
	grep -q "^WEAKENED limits that were set: hold no longer for one; " "$work/out" || fail "$(cat "$work/out")"
	grep -qx "    memory.max was set to 104857600, and is gone, for its controller was disabled" "$work/out" ||
		fail "$(cat "$work/out")"
}

takes_no_unit()
{
	run 219 systemd-run --quiet --wait --collect -p Slice=tenants.slice true
}

goes_with_the_slice()
{
	systemctl stop test-parent.service
	systemctl stop tenants.slice
	eventually test ! -e $slice || fail "is there"
	run 4 safenode-status
	grep -q "^safenode-status: not in force: .*the cgroup $slice was removed since safenode-load; run safenode-load$" \
		"$work/err" || fail "$(cat "$work/err")"
	systemctl start test-parent.service
	comes_to test-parent.service ActiveState failed
	run 0 safenode-load
	systemctl start test-parent.service
	eventually grep -q . $slice/one/cgroup.procs || fail "$(said_by test-parent.service)"
	systemctl stop test-parent.service
}

takes_an_active_one_away()
{
	systemctl start tenants.slice
	run 0 safenode-load --unload
	has tenants.slice ActiveState active || fail "is not active"
	[ ! -e $slice ] || fail "is there"
}

part_parent()
{
	it "over systemctl reload safenode.service a tenant runs on, and is confined" survives_reload
	it "a unit that takes from safenode-load what it needs is told so" loads_in_no_such_unit
	it "a slice can be the parent" loads_there
	it "when systemd starts the slice, limits of running tenants are gone, and status does not say so" \
		loses_limits
	it "a unit cannot be started in that slice" takes_no_unit
	it "when the slice stops, its cgroup goes, and safenode-load helps" goes_with_the_slice
	it "--unload removes the cgroup of an active slice" takes_an_active_one_away
}
