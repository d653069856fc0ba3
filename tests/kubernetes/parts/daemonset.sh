# SPDX-License-Identifier: GPL-2.0-only
# packaging/kubernetes/daemonset.yaml: safenode is loaded by a pod.
# shellcheck shell=bash disable=SC2154,SC2317

# safenode_image VERSION DIR: localhost/safenode:VERSION, as the Dockerfile makes it, with tools of DIR
safenode_image()
{
	local tree=$work/image-$1

	mkdir -p "$tree/usr/sbin" "$tree/usr/libexec"
	cp "$2"/safenode* "$tree/usr/sbin/"
	cp "$packaging/safenode-node" "$tree/usr/libexec/"
	"$here/archives" --add /srv/images/safenode-base.tar "$tree" "safenode:$1" "$work/image.tar" || return
	ctr -n k8s.io images import "$work/image.tar"
	rm -r "$tree" "$work/image.tar"
}

# daemonset_is N: its pods are N, all of them Ready and of what was applied last
daemonset_is()
{
	api_has /apis/apps/v1/namespaces/safenode/daemonsets/safenode --argjson n "$1" '
		.status.observedGeneration == .metadata.generation and .status.desiredNumberScheduled == $n and
		.status.numberReady == $n and (.status.updatedNumberScheduled // 0) == $n'
}

# what the pod of the DaemonSet says and what kubelet says of it
daemonset_tells()
{
	kubectl -n safenode logs -l app=safenode -c load --tail 8
	kubectl -n safenode describe pod -l app=safenode | tail -n 12
}

loads()
{
	! safenode-status || fail "is loaded already"
	safenode_image 1 /usr/sbin || fail "no image"
	apply daemonset.yaml
	eventually daemonset_is 1 || fail "$(daemonset_tells)"
	run 0 safenode-status
	grep -q '^in force' "$work/out" || fail "$(cat "$work/out")"
}

only_labelled_nodes()
{
	kubectl label node "$node" safenode-
	eventually daemonset_is 0 || fail "$(daemonset_tells)"
	safenode-status || fail "what was loaded is gone with the pod"
	kubectl label node "$node" safenode=node
	eventually daemonset_is 1 || fail "$(daemonset_tells)"
}

puts_the_hook_there()
{
	cmp /opt/safenode/safenode-oci /usr/sbin/safenode-oci || fail "$(ls -la /opt/safenode)"
	[ "$(stat -c '%U %a' /opt/safenode/safenode-oci)" = "root 755" ] || fail "$(ls -la /opt/safenode)"
	[ "$(jq -r '.hooks | keys[]' /opt/safenode/base-spec.json | tr '\n' ' ')" = "createRuntime poststop " ] ||
		fail "$(jq -c .hooks /opt/safenode/base-spec.json)"
	[ "$(jq -cS 'del(.hooks)' /opt/safenode/base-spec.json)" = "$(ctr oci spec | jq -cS 'del(.process.rlimits)')" ] ||
		fail "differs in more than hooks and limits"
}

takes_the_handler()
{
	handler_up
	eventually node_ready || fail "$(kubectl get nodes)"
	eventually daemonset_is 1 || fail "$(daemonset_tells)"
}

part_daemonset()
{
	it "the DaemonSet loads safenode on a node with the label" loads
	it "where the label is taken away, the pod goes, and what is in force stays" only_labelled_nodes
	it "the DaemonSet puts the hook and containerd's own specification with it in /opt/safenode" puts_the_hook_there
	it "then containerd is restarted with the handler, and its pods live on" takes_the_handler
}
