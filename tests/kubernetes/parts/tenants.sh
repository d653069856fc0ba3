# SPDX-License-Identifier: GPL-2.0-only
# The example as it stands, by the handler safenode, and what a tenant in a pod may and may not do.
# shellcheck shell=bash disable=SC2154,SC2317

forbidden_acts_inside=(token=ENOENT other=ENOENT write=EACCES spawn=EPERM apiserver=EPERM kubelet=EPERM socket=EPERM)

example_is_confined()
{
	kubectl -n tenants delete deployment red blue
	class safenode safenode
	apply example.yaml
	become_available red blue
	serves red
	serves blue
}

# tenant_of NAMESPACE LABEL: the name that safenode knows the pod's container by
named_in_status()
{
	local name

	name=$(api "/api/v1/namespaces/tenants/pods?labelSelector=tenant%3D$1" | jq -r '.items[0].metadata.name')
	run 0 safenode-status
	grep -q "tenants/$name/server" "$work/out" || fail "no tenants/$name/server: $(cat "$work/out")"
}

both_are_tenants()
{
	named_in_status red
	named_in_status blue
}

# inner_leg CLASS
inner_leg()
{
	run_acts "acts-$1" "$1"
	acts_are "acts-$1" "${allowed_acts[@]}" "${forbidden_acts_inside[@]}"
	remove "acts-$1"
}

by_crun()
{
	class safenode-crun safenode-crun
	inner_leg safenode-crun
}

# has_logged OPERATION TEXT: by the DaemonSet's pod
has_logged()
{
	kubectl -n safenode logs -l app=safenode -c events --tail 200000 |
		jq -c --arg op "$1" --arg text "$2" 'select(.op == $op and (tostring | contains($text)))' | grep -q .
}

refusals_are_logged()
{
	has_logged fs.lookup acts-safenode || has_logged fs.open acts-safenode || fail "no file"
	has_logged net.connect acts-safenode || fail "no connection"
	has_logged process.fork acts-safenode || has_logged process.clone acts-safenode || fail "no subprocess"
}

counted_as_without()
{
	pod counted safenode node -e 'setInterval(() => {}, 1000)' | create
	comes_to counted Running
	eventually has_stats counted || fail "$(stats_of counted)"
}

limits_are_the_same()
{
	kubectl exec counted -- node -e 'process.stdout.write(require("fs").readFileSync("/proc/self/limits"))' \
		>/tmp/safenode-limits || fail "cannot exec"
	diff /tmp/plain-limits /tmp/safenode-limits || fail "the handler's specification changes limits"
}

exec_of_one_program()
{
	[ "$(kubectl exec counted -- node -p '6 * 7')" = 42 ] || fail "cannot exec node"
	[ "$(kubectl exec counted -- cat /etc/hostname)" = counted ] || fail "cannot exec cat"
}

exec_is_confined()
{
	local said

	said=$(kubectl exec counted -- node -e 'require("fs").readFileSync("/other/secret")' 2>&1)
	[[ $said = *ENOENT* ]] || fail "$said"
	said=$(kubectl exec counted -- cat /other/secret 2>&1)
	[[ $said = *"No such file"* ]] || fail "$said"
	! kubectl exec counted -- sh -c '/bin/true; /bin/true' || fail "a shell starts programs"
}

part_tenants()
{
	it "by the handler safenode the example becomes Ready, and is served through its Services" example_is_confined
	it "safenode-status has both, by namespace, pod and container" both_are_tenants
	it "a tenant in a pod of runc does its work, and is refused the rest" inner_leg safenode
	it "a tenant in a pod of crun does its work, and is refused the rest" by_crun
	it "what was refused is in the log of the DaemonSet's pod" refusals_are_logged
	it "kubelet counts the pod's CPU, memory, disk and network as without safenode" counted_as_without
	it "the container's resource limits are those without safenode" limits_are_the_same
	it "kubectl exec starts one program" exec_of_one_program
	it "what kubectl exec starts is confined as the tenant is" exec_is_confined
	remove counted
}
