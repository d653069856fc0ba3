# SPDX-License-Identifier: GPL-2.0-only
# One template, a tenant an instance.
# shellcheck shell=bash disable=SC2154,SC2317

instances_serve()
{
	recipe "Many tenants, one template"
	serves 8081 blog
	is_tenant tenant@blog.service blog || fail "is in $(cgroup_of "$(show tenant@blog.service MainPID)")"
	[ "$(cat $cgroups/blog/memory.max)" = 209715200 ] || fail "memory.max: $(cat $cgroups/blog/memory.max)"
}

stop_at_once()
{
	systemctl stop 'tenant@*.service'
	[ ! -e $cgroups/blog ] || fail "its cgroup is left"
}

part_template()
{
	it "an instance serves, with the policy of its file" instances_serve
	it "all instances are stopped by one command" stop_at_once
}
