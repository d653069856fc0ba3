# SPDX-License-Identifier: GPL-2.0-only
# Manifests, and pods of the tests' own.
# shellcheck shell=bash disable=SC2154,SC2317

# manifest FILE [SED...]: of packaging/kubernetes, with images that this machine has, and probes with time for
# an emulated one
manifest()
{
	sed -e 's#image: node:22-slim#image: localhost/node:1#' \
		-e 's#image: safenode:[0-9.]*#image: localhost/safenode:1#' \
		-e 's#^\( *\)httpGet:$#\1timeoutSeconds: 30\n&#' "${@:2}" "$packaging/$1"
}

# apply FILE [SED...]: members that nobody knows are for admission.go to find
apply()
{
	manifest "$@" | kubectl apply --validate=false -f - || fail "cannot apply $1"
}

# class NAME HANDLER: a RuntimeClass, whose handler cannot be changed once it is there
class()
{
	kubectl delete runtimeclass "$1" --ignore-not-found
	apply runtimeclass.yaml -e "s/^  name: safenode$/  name: $1/; s/^handler: safenode$/handler: $2/"
}

# pod NAME CLASS COMMAND... : as JSON on stdout, for more to be done with jq; CLASS "" for the node's default.
# What is restricted is as in example.yaml
pod()
{
	jq -n --arg name "$1" --arg class "$2" --args '
	{apiVersion: "v1", kind: "Pod", metadata: {name: $name, annotations: {
		"safenode.safe-mode": "true",
		"safenode.restricted-outgoing-addresses": "10.0.0.0/8,127.0.0.0/8",
		"safenode.allowed-outgoing-ports": "53"}},
	 spec: {runtimeClassName: $class, restartPolicy: "Never", dnsPolicy: "Default",
		enableServiceLinks: false, terminationGracePeriodSeconds: 1,
		securityContext: {runAsUser: 1000, runAsGroup: 1000, fsGroup: 1000},
		containers: [{name: "main", image: "localhost/node:1", command: $ARGS.positional,
			workingDir: "/app", securityContext: {allowPrivilegeEscalation: false},
			volumeMounts: [{name: "app", mountPath: "/app"}, {name: "other", mountPath: "/other"}]}],
		volumes: [{name: "app", emptyDir: {}}, {name: "other", secret: {secretName: "other"}}]}}
	| if $class == "" then del(.spec.runtimeClassName) else . end' -- "${@:3}"
}

pods=/api/v1/namespaces/default/pods

create()
{
	api "$pods" --json @- -o /dev/null || fail "cannot create the pod"
}

# field NAME FILTER: of jq
field()
{
	api "$pods/$1" | jq -r "$2"
}

# output NAME [CONTAINER]: what the container has printed
output()
{
	api "$pods/$1/log?container=${2:-main}"
}

in_phase()
{
	case " $2 " in *" $(field "$1" .status.phase) "*) ;; *) false ;; esac
}

# comes_to NAME "PHASE..."
comes_to()
{
	eventually in_phase "$@" || fail "$1 is $(field "$1" .status.phase), not $2: $(events_of "$1")"
}

# events_of NAME: what kubelet says of the pod
events_of()
{
	api "/api/v1/namespaces/default/events?fieldSelector=involvedObject.name%3D$1" | jq -r '.items[].message'
}

event_says()
{
	events_of "$1" | grep -qF -e "$2"
}

# has_event NAME TEXT
has_event()
{
	eventually event_says "$@" || fail "no '$2' in the events of $1: $(events_of "$1")"
}

# gone NAME
gone()
{
	[ "$(api "$pods/$1" -o /dev/null -w '%{http_code}')" = 404 ]
}

# remove NAME...
remove()
{
	local name

	for name; do
		api "$pods/$name" -X DELETE -o /dev/null
	done
	for name; do
		eventually gone "$name" || fail "$name stays"
	done
}

available()
{
	api_has "/apis/apps/v1/namespaces/tenants/deployments/$1" '.status.availableReplicas == 1 and
		.status.replicas == 1 and .status.updatedReplicas == 1 and .status.observedGeneration == .metadata.generation'
}

# become_available DEPLOYMENT...
become_available()
{
	local name

	for name; do
		eventually available "$name" || fail "$(kubectl -n tenants describe pod -l "tenant=$name" | tail -n 20)"
	done
}

# service NAME: its address
service()
{
	api "/api/v1/namespaces/tenants/services/$1" | jq -r .spec.clusterIP
}

answers()
{
	[ "$(curl -s -m 20 "http://$1/")" = "$2" ]
}

# serves SERVICE: through kube-proxy, from the node
serves()
{
	eventually answers "$(service "$1")" "$1" || fail "$1: $(curl -sS -m 20 "http://$(service "$1")/" 2>&1)"
}
