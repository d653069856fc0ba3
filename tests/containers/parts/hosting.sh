# SPDX-License-Identifier: GPL-2.0-only
# The server of examples/, whose customers are containers of podman. import_image is of podman.sh.
# shellcheck shell=bash disable=SC2154,SC2317 # of units

# The tests of tests/npm, which has them as processes
customers_are_containers()
{
	local logd status=0

	safenode-logd >"$work/logd" 2>&1 &
	logd=$!
	SHAPE=container IMAGE=localhost/node timeout 1200 node --test-reporter=tap "$here/../npm/hosting.test.js" \
		>"$work/out" 2>&1 </dev/null || status=$?
	kill $logd
	[ $status = 0 ] || fail "$(grep -A 9 '^not ok' "$work/out" || cat "$work/out")"
	[ "$(grep -c '^ok' "$work/out")" -ge 8 ] || fail "$(cat "$work/out")"
	nothing_left
}

part_hosting()
{
	mkdir -p /usr/share/containers/oci/hooks.d
	cp "$here"/hooks.d/*.json /usr/share/containers/oci/hooks.d/
	podman image exists localhost/node || it "podman takes an image" import_image
	it "the example's server has its customers in containers as it has them as processes" customers_are_containers
}
