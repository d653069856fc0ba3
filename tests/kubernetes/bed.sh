# SPDX-License-Identifier: GPL-2.0-only
# A cluster of one node, in the guest: etcd, the control plane, containerd, kubelet and kube-proxy, each as a
# unit, so that the journal has what it says.
# shellcheck shell=bash disable=SC2154

packaging=$here/packaging
pki=/etc/kubernetes
export KUBECONFIG=$pki/kubeconfig
log_of_bed()
{
	echo "# $SECONDS s: $*"
}

# eventually COMMAND...: within ten minutes, for an emulated machine may share its CPU with others
eventually()
{
	local until=$((SECONDS + ${patience:-600}))

	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $until ] || return 1
		sleep 1
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
	local image

	containerd_config
	systemctl start containerd.service
	comes_up containerd ctr version
	log_of_bed "importing images"
	for image in /srv/images/*.tar; do
		ctr -n k8s.io images import "$image" >/dev/null
	done
}

apiserver_up()
{
	mkdir -p "$pki"
	openssl genrsa -out "$pki/sa.key" 2048 2>/dev/null
	openssl rsa -in "$pki/sa.key" -pubout -out "$pki/sa.pub" 2>/dev/null
	echo 'token,admin,1,system:masters' >"$pki/tokens.csv"
	cat >"$KUBECONFIG" <<-'END'
		apiVersion: v1
		kind: Config
		clusters: [{name: c, cluster: {server: "https://127.0.0.1:6443", insecure-skip-tls-verify: true}}]
		users: [{name: u, user: {token: token}}]
		contexts: [{name: x, context: {cluster: c, user: u}}]
		current-context: x
	END
	daemon etcd etcd --data-dir /var/lib/etcd --unsafe-no-fsync
	daemon kube-apiserver kube-apiserver --etcd-servers=http://127.0.0.1:2379 \
		--cert-dir="$pki/pki" --secure-port=6443 --bind-address=0.0.0.0 --advertise-address=10.99.0.1 \
		--external-hostname=localhost --service-cluster-ip-range=10.96.0.0/16 \
		--service-account-issuer=https://node1 --service-account-key-file="$pki/sa.pub" \
		--service-account-signing-key-file="$pki/sa.key" --token-auth-file="$pki/tokens.csv" \
		--authorization-mode=AlwaysAllow --allow-privileged=true
	comes_up kube-apiserver kubectl get --raw /readyz
}

controllers_up()
{
	daemon kube-controller-manager kube-controller-manager --kubeconfig="$KUBECONFIG" \
		--service-account-private-key-file="$pki/sa.key" --root-ca-file="$pki/pki/apiserver.crt" \
		--leader-elect=false --controllers=deployment,replicaset,daemonset,endpoint,endpointslice,\
serviceaccount,serviceaccount-token,root-ca-cert-publisher,namespace,garbagecollector
	daemon kube-scheduler kube-scheduler --kubeconfig="$KUBECONFIG" --leader-elect=false
}

node_ready()
{
	kubectl get node node1 -o jsonpath='{.status.conditions[?(@.type=="Ready")].status}' | grep -qx True
}

node_up()
{
	daemon kubelet kubelet --kubeconfig="$KUBECONFIG" --container-runtime=remote \
		--container-runtime-endpoint=unix:///run/containerd/containerd.sock --cgroup-driver=systemd \
		--fail-swap-on=false --pod-infra-container-image=localhost/pause:1 --hostname-override=node1 \
		--register-node=true --node-ip=10.99.0.1 --authorization-mode=AlwaysAllow --anonymous-auth=true \
		--runtime-request-timeout=10m --eviction-hard= --enforce-node-allocatable= --resolv-conf=/etc/resolv.conf
	daemon kube-proxy kube-proxy --kubeconfig="$KUBECONFIG" --hostname-override=node1 \
		--cluster-cidr=10.22.0.0/16 --proxy-mode=iptables
	comes_up kubelet node_ready
}

cluster_up()
{
	network
	containerd_up
	apiserver_up
	node_up
	controllers_up
	kubectl label node node1 safenode=node >/dev/null
}
