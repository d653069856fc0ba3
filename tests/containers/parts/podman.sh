# SPDX-License-Identifier: GPL-2.0-only
# podman, which calls the hooks because of files in a directory.
# shellcheck shell=bash disable=SC2154,SC2317 # of units

hooked=(--annotation safenode.safe-mode=true --annotation safenode.restricted-outgoing-addresses=127.0.0.1
	--annotation safenode.allowed-outgoing-ports="$open")
around=(--network host --security-opt no-new-privileges -v /srv/secrets:/run/secrets:ro -v /srv/other:/other)

pod_run()
{
	timeout 300 podman run --rm "$@" >"$work/out" 2>"$work/err" </dev/null
}

import_image()
{
	tar -C /srv/image --owner=0 --group=0 -c . | podman import -c 'WORKDIR /app' -c "CMD [\"node\",\"acts.js\",\"$open\",\"$closed\"]" \
		- localhost/node >"$work/out" 2>&1 || fail "$(cat "$work/out")"
}

# pod_acts OPTION...
pod_acts()
{
	pod_run "${hooked[@]}" "${around[@]}" "$@" localhost/node || fail "$(cat "$work/out" "$work/err")"
	grep -q ' 0 different$' "$work/out" || fail "$(cat "$work/out" "$work/err")"
	nothing_left
}

pod_volume()
{
	rm -rf /srv/podvol
	cp -a /srv/image/app /srv/podvol
	pod_acts -u 2001:2001 -v /srv/podvol:/app "$@"
}

pod_without_annotation()
{
	pod_run "${around[@]}" localhost/node node -e 'console.log(require("fs").readFileSync("/run/secrets/token", "utf8").trim())' ||
		fail "$(cat "$work/err")"
	grep -qx top-secret "$work/out" || fail "$(cat "$work/out")"
}

pod_refused()
{
	! pod_run "${around[@]}" "${hooked[@]}" "${@:2}" localhost/node node -e 'console.log("RAN")' || fail "started"
	! grep -q RAN "$work/out" || fail "has run"
	nothing_left
}

pod_stopped_and_started()
{
	podman run -d --name web "${hooked[@]}" "${around[@]}" localhost/node node -e 'setInterval(() => {}, 1000)' \
		>/dev/null 2>"$work/err" || fail "$(cat "$work/err")"
	soon [ -n "$(policies)" ] || fail "no policy"
	podman exec web ls / >"$work/out" 2>&1 || fail "exec: $(cat "$work/out")"
	podman stop -t 1 web >/dev/null 2>&1 || fail "stop"
	nothing_left
	podman start web >/dev/null 2>"$work/err" || fail "start: $(cat "$work/err")"
	[ "$(policies | wc -l)" = 1 ] || fail "$(policies)"
	podman rm -f -t 0 web >/dev/null 2>&1
	nothing_left
}

part_podman()
{
	mkdir -p /usr/share/containers/oci/hooks.d
	cp "$here"/hooks.d/*.json /usr/share/containers/oci/hooks.d/
	it "podman takes an image" import_image
	it "podman and crun, the working directory in the image" pod_acts
	it "podman and crun, as uid 2001, the working directory a volume" pod_volume
	it "podman and runc, as uid 0" pod_acts --runtime runc
	it "podman and runc, as uid 2001, the working directory a volume" pod_volume --runtime runc
	it "without an annotation podman's containers are what they were" pod_without_annotation
	it "podman starts nothing that is wrong" pod_refused x --annotation safenode.allowed-outgoing-ports=http
	it "podman starts nothing that is privileged" pod_refused x --privileged
	it "a container of podman's is stopped and started" pod_stopped_and_started
}

# An engine without hooks: podman, told nothing of them, with the runtime that adds them
runtime_acts()
{
	pod_run --runtime /usr/sbin/safenode-runtime "${hooked[@]}" "${around[@]}" localhost/node ||
		fail "$(cat "$work/out" "$work/err")"
	grep -q ' 0 different$' "$work/out" || fail "$(cat "$work/out" "$work/err")"
	nothing_left
}

runtime_refuses()
{
	! pod_run --runtime /usr/sbin/safenode-runtime "${around[@]}" localhost/node node -e 'console.log("RAN")' || fail "started"
	! grep -q RAN "$work/out" || fail "has run"
	run 2 safenode-runtime restore -b /srv/none x
	said "restore"
}

part_runtime()
{
	rm -f /usr/share/containers/oci/hooks.d/*.json
	podman image exists localhost/node || it "podman takes an image" import_image
	it "a runtime adds the hooks where the engine does not" runtime_acts
	it "without annotations and a floor it starts nothing" runtime_refuses
}
