# SPDX-License-Identifier: GPL-2.0-only
# The example as it stands, by the handler safenode, and what a tenant in a pod may and may not do.
# shellcheck shell=bash disable=SC2154,SC2317

forbidden_acts_inside=(token=ENOENT other=ENOENT write=EACCES spawn=EACCES apiserver=EPERM kubelet=EPERM socket=EPERM)

# how many tenants there are
policies()
{
	safenode-status --json | jq '.tenants | length'
}

count_is()
{
	[ "$(policies)" = "$1" ]
}

example_is_confined()
{
	kubectl -n tenants delete deployment red blue
	class safenode safenode
	apply example.yaml
	become_available red blue
	serves red
	serves blue
}

# named_in_status LABEL: the pod with it, as NAMESPACE/POD/CONTAINER
named_in_status()
{
	local name

	# without those of the part before, which may be ending still
	name=$(api "/api/v1/namespaces/tenants/pods?labelSelector=tenant%3D$1" |
		jq -r '.items[].metadata | select(.deletionTimestamp == null).name')
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

# has_logged FILTER: of jq, for an event of the pod of the acts; by the DaemonSet's pod, whose log has what
# safenode-logd says of itself as well
has_logged()
{
	kubectl -n safenode logs -l app=safenode -c events --tail 200000 |
		jq -Rc "fromjson? | select(.tenant == \"default/acts-safenode/main\") | select($1)" | grep -q .
}

refusals_are_logged()
{
	has_logged '.op == "fs.lookup" and .error == "ENOENT"' || fail "no file"
	has_logged '.op == "net.connect" and .address == "10.96.0.1" and .port == 443' || fail "no connection"
	has_logged '.op == "task.fork" and .error == "EACCES"' || fail "no subprocess"
}

counted_as_without()
{
	pod counted safenode node -e 'setInterval(() => {}, 1000)' | create
	comes_to counted Running
	eventually has_stats counted || fail "$(stats_of counted)"
	[ "$(stats_of counted)" = "$(cat /tmp/plain-stats)" ] || fail "$(stats_of counted), not $(cat /tmp/plain-stats)"
}

# What crun and runc get is what they get without safenode, but for the hooks and what differs from pod to pod
specified_as_without()
{
	spec_of counted >"$work/spec"
	[ "$(jq -c '.hooks | keys' "$work/spec")" = '["createRuntime","poststop"]' ] || fail "no hooks"
	jq 'del(.hooks)' "$work/spec" | diff /tmp/plain-spec - || fail "the handler's specification changes more"
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
	it "kubelet counts the pod's CPU, memory and disk as without safenode" counted_as_without
	it "the container's specification is that without safenode, but for the hooks" specified_as_without
	it "kubectl exec starts one program" exec_of_one_program
	it "what kubectl exec starts is confined as the tenant is" exec_is_confined
	remove counted
}
