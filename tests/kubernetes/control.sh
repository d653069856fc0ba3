# SPDX-License-Identifier: GPL-2.0-only
# The control plane, as processes of this machine: emulated, it could not answer in the time that kubelet
# waits. The guest reaches it, and it the guest's kubelet, by ports of 127.0.0.1. After lib.sh and qemu.sh.
# shellcheck shell=bash disable=SC2034,SC2154

# What the guest has for this machine: QEMU's user network
gateway=10.0.2.2

# free_ports N: of 127.0.0.1, all different
free_ports()
{
	python3 -c 'import socket, sys
sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(int(sys.argv[1]))]
print(*[s.getsockname()[1] for s in sockets])' "$1"
}

# daemon NAME COMMAND...: for as long as this script runs; what it says is in $control/NAME.log
daemon()
{
	setpriv --pdeathsig KILL "${@:2}" >"$control/$1.log" 2>&1 </dev/null 9>&- &
	control_pids+=($!)
}
control_pids=()

# answers NAME COMMAND...: within two minutes, or what the daemon said last
answers()
{
	local tries

	for ((tries = 0; tries < 120; tries++)); do
		! "${@:2}" >/dev/null 2>&1 || return 0
		sleep 1
	done
	tail -n 20 "$control/$1.log" >&2
	die "$1 does not answer"
}

# kubeconfig SERVER
kubeconfig()
{
	cat <<-END
		apiVersion: v1
		kind: Config
		clusters: [{name: c, cluster: {server: "$1", insecure-skip-tls-verify: true}}]
		users: [{name: u, user: {token: token}}]
		contexts: [{name: x, context: {cluster: c, user: u}}]
		current-context: x
	END
}

# control_up: with $api_port and $kubelet_port, which the guest's kubelet is to have as well
control_up()
{
	local etcd_port peer_port

	control=$tmp/control
	mkdir "$control"
	read -r api_port kubelet_port etcd_port peer_port <<<"$(free_ports 4)"
	openssl genrsa -out "$control/sa.key" 2048 2>/dev/null
	openssl rsa -in "$control/sa.key" -pubout -out "$control/sa.pub" 2>/dev/null
	echo 'token,admin,1,system:masters' >"$control/tokens.csv"
	kubeconfig "https://127.0.0.1:$api_port" >"$control/kubeconfig"
	daemon etcd "$out/etcd" --data-dir "$control/etcd" --unsafe-no-fsync \
		--{listen,advertise}-client-urls="http://127.0.0.1:$etcd_port" \
		--{listen-peer,initial-advertise-peer}-urls="http://127.0.0.1:$peer_port" \
		--initial-cluster="default=http://127.0.0.1:$peer_port"
	# kubelet by the node's name, which is localhost
	daemon kube-apiserver "$out/bin/kube-apiserver" --etcd-servers="http://127.0.0.1:$etcd_port" \
		--cert-dir="$control/pki" --secure-port="$api_port" --bind-address=127.0.0.1 \
		--advertise-address="$gateway" --external-hostname=localhost --kubelet-preferred-address-types=Hostname \
		--service-cluster-ip-range=10.96.0.0/16 --service-account-issuer=https://localhost \
		--service-account-key-file="$control/sa.pub" --service-account-signing-key-file="$control/sa.key" \
		--token-auth-file="$control/tokens.csv" --authorization-mode=AlwaysAllow --allow-privileged=true \
		--disable-admission-plugins=TaintNodesByCondition
	answers kube-apiserver curl -ksSf -H 'Authorization: Bearer token' "https://127.0.0.1:$api_port/readyz"
	daemon kube-controller-manager "$out/bin/kube-controller-manager" --kubeconfig="$control/kubeconfig" \
		--service-account-private-key-file="$control/sa.key" --root-ca-file="$control/pki/apiserver.crt" \
		--leader-elect=false --port=0 --secure-port=0 --controllers=deployment,replicaset,daemonset,endpoint,\
endpointslice,serviceaccount,serviceaccount-token,root-ca-cert-publisher,namespace,garbagecollector
	daemon kube-scheduler "$out/bin/kube-scheduler" --kubeconfig="$control/kubeconfig" --leader-elect=false \
		--port=0 --secure-port=0
	# shellcheck disable=SC2054 # the commas are QEMU's
	disks+=(-netdev "user,id=net,hostfwd=tcp:127.0.0.1:$kubelet_port-:$kubelet_port"
		-device virtio-net-pci,netdev=net,romfile=)
}

control_down()
{
	[ ${#control_pids[@]} = 0 ] || kill -KILL "${control_pids[@]}" 2>/dev/null || true
}
