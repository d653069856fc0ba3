# SPDX-License-Identifier: GPL-2.0-only
# Pods that do not start, and why, where the operator looks.
# shellcheck shell=bash disable=SC2154,SC2317

# never_starts NAME FILTER TEXT: the tenant's pod changed by jq's FILTER
never_starts()
{
	local before

	before=$(policies)
	pod "$1" safenode node -e 'setInterval(() => {}, 1000)' | jq "$2" | create
	has_event "$1" "$3"
	[ "$(field "$1" '.status.containerStatuses[0].started')" != true ] || fail "has started"
	remove "$1"
	eventually count_is "$before" || fail "a policy is left: $(safenode-status)"
}

annotation='.metadata.annotations["safenode.allowed-outgoing-ports"] = "http"'
unknown='.metadata.annotations["safenode.alowed-outgoing-ports"] = "53"'
observed='.metadata.annotations["safenode.observe"] = "true"'
setid='.spec.containers[0].securityContext.allowPrivilegeEscalation = true'
privileged='.spec.containers[0].securityContext = {privileged: true, runAsUser: 0}'
shell='.spec.containers[0].command = ["sh", "-c", "node -e 0; true"]'

# A shell may start: what it starts may not
shell_starts_nothing()
{
	pod shell safenode node | jq "$shell" | create
	comes_to shell "Failed Succeeded"
	output shell | grep -qiE 'cannot fork|permission|not permitted' || fail "$(output shell)"
	remove shell
}

part_refused()
{
	it "an annotation with a wrong value keeps the pod from starting, and its events say which" \
		never_starts wrong "$annotation" allowed-outgoing-ports
	it "an annotation that is no option keeps the pod from starting, and its events say which" \
		never_starts unknown "$unknown" alowed-outgoing-ports
	it "a pod cannot have itself observed" never_starts observed "$observed" observe
	it "a container that may use set-id programs does not start" never_starts setid "$setid" no_new_privs
	it "a privileged container does not start" never_starts privileged "$privileged" CAP_SYS_ADMIN
	it "a shell as the container's program can start no other" shell_starts_nothing
}
