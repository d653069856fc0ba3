# SPDX-License-Identifier: GPL-2.0-only
# A container restarts, a pod is deleted, a container has others beside it.
# shellcheck shell=bash disable=SC2154,SC2317

# how often the example's containers were started again
restarts()
{
	api /api/v1/namespaces/tenants/pods | jq '[.items[].status.containerStatuses[]?.restartCount] | add'
}

more_restarts()
{
	[ "$(restarts)" -gt "$1" ]
}

restart_leaves_nothing()
{
	local before restarted

	before=$(policies)
	restarted=$(restarts)
	# from outside, for in its own namespace the first process ignores a signal
	kill -KILL "$(pgrep -x node -u 1000 | head -n 1)"
	eventually more_restarts "$restarted" || fail "nothing is started again"
	become_available red blue
	serves red
	serves blue
	eventually count_is "$before" || fail "$(policies) tenants, not $before: $(safenode-status)"
}

deletion_leaves_nothing()
{
	local before

	before=$(policies)
	pod short safenode node -e 'setInterval(() => {}, 1000)' | create
	comes_to short Running
	eventually count_is $((before + 1)) || fail "$(policies) tenants"
	remove short
	eventually count_is "$before" || fail "$(policies) tenants, not $before"
}

# Its program has time for the hook, and says at the end whether that has left a file
exec_probe_works()
{
	pod probed safenode node -e 'process.on("SIGTERM", () => {
		console.log(require("fs").existsSync("left"));
		process.exit();
	});
	setInterval(() => {}, 1000)' | jq '.spec.terminationGracePeriodSeconds = 300 | .spec.containers[0] += {
		readinessProbe: {exec: {command: ["node", "-e", "0"]}, timeoutSeconds: 60},
		lifecycle: {preStop: {exec: {command: ["node", "-e", "require(\"fs\").writeFileSync(\"left\", \"\")"]}}}}' |
		create
	eventually ready probed || fail "$(events_of probed)"
	kubectl logs -f probed >"$work/said" &
	remove probed
	wait $!
	[ "$(cat "$work/said")" = true ] || fail "$(cat "$work/said") $(events_of probed)"
}

ready()
{
	field "$1" '.status.conditions[] | select(.type == "Ready").status' | grep -qx True
}

# A probe that is a shell script of several programs
exec_probe_of_a_shell_fails()
{
	pod probed safenode node -e 'setInterval(() => {}, 1000)' | jq '.spec.containers[0].readinessProbe =
		{exec: {command: ["sh", "-c", "/bin/true && /bin/true; exit $?"]}, timeoutSeconds: 60}' | create
	has_event probed "Readiness probe failed"
	! ready probed || fail "is Ready"
	remove probed
}

# Two containers of one pod share the network, and are two tenants
containers_are_apart()
{
	pod two safenode node -e 'setInterval(() => {}, 1000)' | jq '.spec.containers += [.spec.containers[0] |
		.name = "second" | .workingDir = "/second" | .volumeMounts = [{name: "second", mountPath: "/second"}]] |
		.spec.volumes += [{name: "second", emptyDir: {}}]' | create
	comes_to two Running
	run 0 safenode-status
	grep -q default/two/main "$work/out" && grep -q default/two/second "$work/out" || fail "$(cat "$work/out")"
	remove two
}

init_container_is_confined()
{
	pod first safenode node -e 0 | jq '.spec.initContainers = [.spec.containers[0] | .name = "first" |
		.command = ["node", "-e", "require(\"fs\").readFileSync(\"/other/secret\")"]]' | create
	comes_to first Failed
	output first first | grep -q ENOENT || fail "$(output first first)"
	remove first
}

part_life()
{
	it "a container that ends is started again, confined, and nothing of the old one is left" restart_leaves_nothing
	it "a pod that is deleted leaves nothing" deletion_leaves_nothing
	it "an exec probe and a preStop hook of one program work" exec_probe_works
	it "an exec probe that starts programs from a shell fails" exec_probe_of_a_shell_fails
	it "two containers of a pod are two tenants" containers_are_apart
	it "an init container is confined as well" init_container_is_confined
}
