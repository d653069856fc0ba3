# SPDX-License-Identifier: GPL-2.0-only
# The end of it all.
# shellcheck shell=bash disable=SC2012,SC2016,SC2034,SC2086,SC2154,SC2317

ended_tenant_keeps_it()
{
	run 0 "${f1[@]}" -- "$tenant" acts
	"$here/look" >"$work/before"
	refuses 1 "tenants are left" "safenode-detach" -- safenode-load --unload
	run 0 safenode-detach --cgroup f1
}

has_no_maps()
{
	! bpftool map show |
		grep -qE 'name (policies|counters|addresses|ports|directories|names|homes|lists|events|state) '
}

leaves_nothing()
{
	run 0 safenode-load --unload
	silent
	[ "$(ls /sys/fs/bpf)" = "" ] || fail "pins are left: $(ls /sys/fs/bpf)"
	soon has_programs 0 || fail "programs are left"
	soon has_no_maps || fail "maps are left: $(bpftool map show | grep ' name ')"
	[ ! -e "$cgroups" ] || fail "the cgroup is left"
	run 0 setpriv --reuid t1 --regid t1 --clear-groups sh -c "cd /srv/t1 && $tenant acts"
	printed "unix-socket=ok read-outside=ok list-root=ok chdir=ok fork=ok write-inside=ok"
	run 1 safenode-load --unload
	said "not loaded"
}

# Nobody wrote its policy, so it is refused everything; without the programs it would be free
keeps_those_without_policy()
{
	local pid status=0

	mkdir "$cgroups/nobodys"
	sleep 100 &
	pid=$!
	soon grep -q libc.so /proc/$pid/maps || fail "it does not start"
	sleep 1 # until it sleeps: from now on it can open nothing
	echo $pid >"$cgroups/nobodys/cgroup.procs"
	remember
	(refuses 1 "$cgroups" "free" -- safenode-load --unload) || status=1
	kill $pid
	wait $pid
	soon rmdir "$cgroups/nobodys"
	return $status
}

part_unload()
{
	need_loaded
	it "a tenant runs" start_watch
	remember
	it "unload refuses while it runs" \
		refuses 1 "tenants are left" "safenode-detach" -- safenode-load --unload
	it "the tenant was refused all the time" stop_watch
	it "unload refuses while a tenant has ended and is not detached" ended_tenant_keeps_it
	it "unload refuses while a process without a policy runs" keeps_those_without_policy
	it "unload leaves nothing" leaves_nothing
}
