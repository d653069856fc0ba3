# SPDX-License-Identifier: GPL-2.0-only
# The bed itself: the example without safenode, by the handler runc. What the later parts compare with.
# shellcheck shell=bash disable=SC2154,SC2317

example_is_served()
{
	class safenode runc
	apply example.yaml
	become_available red blue
	serves red
	serves blue
}

# acts_are POD ACT=ANSWER...: and no other act
acts_are()
{
	local name=$1 want

	shift
	want=$(printf '%s\n' "$@" | sort)
	[ "$(output "$name" | jq -r 'to_entries[] | "\(.key)=\(.value)"' | sort)" = "$want" ] ||
		fail "$(output "$name" | tr -d '\n')"
}

# run_acts NAME CLASS
run_acts()
{
	pod "$1" "$2" node -e "$(sed "s/10250/$kubelet_port/" "$here/acts.js")" | create
	comes_to "$1" "Succeeded Failed"
}

allowed_acts=(own=ok listen=ok thread=ok wasm=ok image=ok resolve=ok)
forbidden_acts_outside=(token=ok other=ok write=ok spawn=ok apiserver=ok kubelet=ok socket=ok)

plain_pod_can()
{
	kubectl create secret generic other --from-literal=secret=text
	run_acts plain ""
	acts_are plain "${allowed_acts[@]}" "${forbidden_acts_outside[@]}"
}

# what kubelet counts for a pod and its container
stats_of()
{
	curl -ksSf -m 60 "https://127.0.0.1:$kubelet_port/stats/summary" |
		jq -c --arg name "$1" '.pods[] | select(.podRef.name == $name) | [.network != null, (.containers[] |
			[.name, .cpu.usageCoreNanoSeconds > 0, .memory.workingSetBytes > 0, .rootfs != null, .logs != null])]'
}

# Here kubelet has the network of no pod at all
has_stats()
{
	stats_of "$1" | grep -q '"main",true,true,true,true'
}

# spec_of NAME: what the runtime gets, without what differs from pod to pod
spec_of()
{
	local id

	id=$(field "$1" '.status.containerStatuses[0].containerID')
	# kubelet 1.20 has no order of variables
	jq -S 'del(.annotations, .linux.cgroupsPath, .linux.namespaces[].path) | .process.env |= sort |
		.mounts[].source |= gsub("[0-9a-f]{64}|[0-9a-f]{8}(-[0-9a-f]{4,12}){4}|[0-9a-f]{8}$"; "ID")' \
		"/run/containerd/io.containerd.runtime.v2.task/k8s.io/${id#containerd://}/config.json"
}

plain_pod_is_counted()
{
	pod counted "" node -e 'setInterval(() => {}, 1000)' | create
	comes_to counted Running
	eventually has_stats counted || fail "$(stats_of counted)"
	stats_of counted >/tmp/plain-stats
	spec_of counted >/tmp/plain-spec
	remove counted
}

part_plain()
{
	it "without safenode the example becomes Ready by its HTTP probes, and is served through its Services" \
		example_is_served
	it "without safenode a pod can do all that a tenant cannot: the outer leg of the later parts" plain_pod_can
	it "without safenode kubelet counts the pod's CPU, memory and disk" plain_pod_is_counted
}
