# SPDX-License-Identifier: GPL-2.0-only
# The npm package and the server of examples/, as the pages have them.
# shellcheck shell=bash disable=SC2154,SC2317

# in_checkout HEADING [PAGE]: a recipe that is carried out where the archive of the npm package is
in_checkout()
{
	cd "$here" || fail "no $here"
	PATH=$here:$PATH recipe "$@"
}

# What it prints is on the page
first_in_javascript()
{
	local server

	in_checkout "First tenant, in JavaScript" README.md
	node /opt/cafe/server.js >"$work/cafe" 2>&1 &
	server=$!
	serves 8095 cafe
	eventually grep -q ^refused "$work/cafe" || fail "$(cat "$work/cafe")"
	sort "$work/cafe" >"$work/sorted"
	sed -n '/^# node .opt.cafe/,/^```/{/^[#`]/!p}' "$here/README.md" | sort | diff - "$work/sorted" || fail "the page differs"
	[ "$(cgroup_of "$(pgrep -u cafe -x node)")" != "$(cgroup_of $server)" ] || fail "not a tenant"
	# it comes back
	pkill -KILL -u cafe -x node
	serves 8095 cafe
	kill $server
	wait $server
	/usr/local/sbin/safenode-status --json | grep -o '"name":"js-[0-9-]*"' | cut -d '"' -f 4 >"$work/left"
	run 0 /usr/local/sbin/safenode-detach --cgroup "$(cat "$work/left")" --kill
}

# customer NAME TEXT: by the front
customer()
{
	[ "$(curl -s -m 5 "http://127.0.0.1:8000/$1/")" = "$2" ]
}

server_has_a_front()
{
	local group name

	in_checkout "A server with a front"
	group=$(show hosting.service ControlGroup)
	for name in acme globex; do
		eventually customer $name $name || fail "$name: $(said_by hosting.service)"
		[ "$(cgroup_of "$(pgrep -u $name -x node)")" = "$group/$name" ] || fail "$name is elsewhere"
		[ "$(cat "/sys/fs/cgroup$group/$name/memory.max")" = $((200 << 20)) ] || fail "no limit"
	done
}

its_tenant_comes_back()
{
	pkill -KILL -u acme -x node
	eventually has_line "acme: ended (SIGKILL), starts again in 0.5 s" -u hosting.service || fail "$(said_by hosting.service)"
	eventually customer acme acme || fail "$(said_by hosting.service)"
	grep -q '"out":"GET /"' /var/log/hosting/acme.log || fail "$(cat /var/log/hosting/acme.log)"
}

none_left()
{
	! pgrep -u acme,globex >/dev/null || return 1
	! /usr/local/sbin/safenode-status --json | grep -qE '"name":"(acme|globex)"'
}

stops_with_all()
{
	systemctl stop hosting.service
	none_left || fail "$(/usr/local/sbin/safenode-status)"
	has hosting.service Result success || fail "$(said_by hosting.service)"
	grep -q '"ended":"status 0"' /var/log/hosting/globex.log || fail "$(cat /var/log/hosting/globex.log)"
}

# Nobody ends them but systemd, and the next server finds no name taken
comes_back_from_a_kill()
{
	systemctl start hosting.service
	eventually customer acme acme || fail "$(said_by hosting.service)"
	systemctl kill -s KILL --kill-who=main hosting.service
	comes_to hosting.service NRestarts 1
	eventually customer acme acme || fail "$(said_by hosting.service)"
	systemctl disable -q --now hosting.service
	none_left || fail "$(/usr/local/sbin/safenode-status)"
}

part_front()
{
	it "the README's server starts a tenant, and prints what it prints there" first_in_javascript
	it "the example's server has its tenants beside it in its unit, with their limits" server_has_a_front
	it "a tenant that ends comes back, and the server says so" its_tenant_comes_back
	it "systemctl stop leaves no process and no policy, and is a success" stops_with_all
	it "when the server is killed its tenants end, and all comes back" comes_back_from_a_kill
}
