# SPDX-License-Identifier: GPL-2.0-only
# A cluster's one node, in the guest: containerd, kubelet and kube-proxy, each as a unit, so that the journal
# has what it says. The control plane is outside: control.sh.
# shellcheck shell=bash disable=SC2154

packaging=$here/packaging
export KUBECONFIG=/etc/kubernetes/kubeconfig
# the name by which the control plane reaches kubelet
node=localhost

log_of_bed()
{
	echo "# $SECONDS s: $*"
}

# api PATH [CURL'S OPTION...]: what the apiserver answers. kubectl takes seconds of an emulated CPU
# each time, so it does what docs/kubernetes.md says, and this waits and looks
api()
{
	curl -ksSf -m 60 -H 'Authorization: Bearer token' "$api$1" "${@:2}"
}

# api_has PATH JQ'S ARGUMENT...: of nothing jq 1.6 says that it is as wanted
api_has()
{
	local text

	text=$(api "$1") && [ -n "$text" ] && jq -e "${@:2}" <<<"$text"
}

# eventually COMMAND...: within ten minutes, for an emulated machine may share its CPU with others
eventually()
{
	local until=$((SECONDS + ${patience:-600}))

	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $until ] || return 1
		sleep 2
	done
}

# daemon NAME COMMAND...: as unit bed-NAME, for Debian has units of some of these names. Started again, as
# everywhere: while an emulated machine is busy, one that asks another at its start may give up
daemon()
{
	systemd-run --quiet --unit "bed-$1" -p Delegate=yes -p KillMode=process -p Restart=always -p RestartSec=5 \
		-p StartLimitIntervalSec=0 -E PATH="$PATH" "${@:2}"
}

# comes_up NAME COMMAND...: the daemon is there once the command succeeds
comes_up()
{
	eventually "${@:2}" || {
		# what it said last, of which a Go program's stack is not the interesting part
		journalctl -q -o cat -u "bed-$1" -u "$1" | grep -E '^[EF][0-9]{4} |panic:|fatal|level=error' |
			tail -n 15 | cut -c1-400
		echo "Bail out! $1 does not come up"
		exit 1
	}
	log_of_bed "$1 is up"
}

network()
{
	modprobe -a overlay br_netfilter bridge veth dummy
	ip link add dummy0 type dummy
	ip addr add 10.99.0.1/24 dev dummy0
	ip link set dummy0 up
	ip route add default dev dummy0
	sysctl -qw net.ipv4.ip_forward=1 net.bridge.bridge-nf-call-iptables=1
	mkdir -p /etc/cni/net.d
	cat >/etc/cni/net.d/10-bridge.conflist <<-'END'
		{"cniVersion": "0.4.0", "name": "bridge", "plugins": [
			{"type": "bridge", "bridge": "cni0", "isGateway": true, "ipMasq": false, "hairpinMode": true,
			 "ipam": {"type": "host-local", "ranges": [[{"subnet": "10.22.0.0/16"}]],
			          "routes": [{"dst": "0.0.0.0/0"}]}},
			{"type": "loopback"}]}
	END
}

# To the control plane, and no further: the default route leads nowhere
reach_control()
{
	# $api and $kubelet_port, from the host
	# shellcheck disable=SC1091
	. /etc/kubernetes/bed
	modprobe virtio_net
	ip addr add 10.0.2.15/24 dev eth0
	ip link set eth0 up
	iptables -t nat -A POSTROUTING -s 10.22.0.0/16 -o eth0 -j MASQUERADE
	comes_up control api /readyz
}

# Without the handler, whose specification is not there yet: containerd reads it when it starts, and
# without the file all of its CRI is missing
containerd_config()
{
	mkdir -p /etc/containerd
	cat >/etc/containerd/config.toml <<-'END'
		version = 2
		[plugins."io.containerd.grpc.v1.cri"]
		  sandbox_image = "localhost/pause:1"
		  disable_apparmor = true
		  [plugins."io.containerd.grpc.v1.cri".cni]
		    bin_dir = "/usr/lib/cni"
		    conf_dir = "/etc/cni/net.d"
		[plugins."io.containerd.grpc.v1.cri".containerd]
		  default_runtime_name = "runc"
		[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
		  runtime_type = "io.containerd.runc.v2"
		[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
		  SystemdCgroup = true
	END
}

# The handler as packaging/kubernetes/containerd.toml has it, and once more with crun
handler_up()
{
	cat "$packaging/containerd.toml" >>/etc/containerd/config.toml
	sed '/^#/d; s/\.safenode\([].]\)/.safenode-crun\1/; $a BinaryName = "/usr/bin/crun"' \
		"$packaging/containerd.toml" >>/etc/containerd/config.toml
	systemctl restart containerd.service
	comes_up containerd ctr version
}

containerd_up()
{
	containerd_config
	systemctl start containerd.service
	comes_up containerd ctr version
}

node_ready()
{
	api_has "/api/v1/nodes/$node" '.status.conditions[] | select(.type == "Ready").status == "True"'
}

node_up()
{
	daemon kubelet kubelet --kubeconfig="$KUBECONFIG" --container-runtime=remote \
		--container-runtime-endpoint=unix:///run/containerd/containerd.sock --cgroup-driver=systemd \
		--fail-swap-on=false --pod-infra-container-image=localhost/pause:1 --hostname-override="$node" \
		--port="$kubelet_port" --register-node=true --node-ip=10.99.0.1 --authorization-mode=AlwaysAllow \
		--anonymous-auth=true --runtime-request-timeout=10m --eviction-hard= --enforce-node-allocatable= \
		--resolv-conf=/etc/resolv.conf
	daemon kube-proxy kube-proxy --kubeconfig="$KUBECONFIG" --hostname-override="$node" \
		--cluster-cidr=10.22.0.0/16 --proxy-mode=iptables
	comes_up kubelet node_ready
}

cluster_up()
{
	# an emulated CPU has none to give to a collector of garbage, nor to threads that look for work
	export GOGC=400 GOMAXPROCS=1
	systemctl set-environment GOGC=$GOGC GOMAXPROCS=$GOMAXPROCS
	network
	reach_control
	containerd_up
	node_up
	kubectl label node "$node" safenode=node >/dev/null
}
