# SPDX-License-Identifier: GPL-2.0-only
# What a container does, and what it is refused.
# shellcheck shell=bash disable=SC2154,SC2317 # of units

# acts_in RUNTIME NAME: all as wanted
acts_in()
{
	safenode-log --no-wait >/dev/null 2>&1
	starts "$1" "$2" || fail "$(cat "$work/out" "$work/err"; safenode-log --no-wait 2>&1 | tail -n 60)"
	nothing_left
}

# Without the hooks every act goes well: nothing else refuses what safenode does
bare_acts()
{
	bundle bare 'del(.hooks, .annotations) | .process.args += ["bare"] | .process.noNewPrivileges = false'
	starts crun bare || fail "$(cat "$work/out" "$work/err")"
	unbundle bare
}

# overlay_acts RUNTIME UID
overlay_acts()
{
	bundle "o-$1" ".process.user = {uid: $2, gid: $2}"
	# root has no capability there, so it needs to own what it changes
	chown -R "$2:$2" "/srv/o-$1/rootfs/app"
	acts_in "$1" "o-$1"
	unbundle "o-$1"
}

volume_acts()
{
	cp -a /srv/image/app "/srv/v-$1.volume"
	bundle "v-$1" '.mounts += [{destination: "/app", type: "bind", source: "/srv/v-'"$1"'.volume",
		options: ["rbind", "rw"]}]'
	acts_in "$1" "v-$1"
	unbundle "v-$1"
}

# The image as a plain directory, without an overlay
plain_acts()
{
	mkdir -p /srv/plain
	cp -a /srv/image /srv/plain/rootfs
	config /srv/plain .
	acts_in "$1" plain
	rm -rf /srv/plain
}

part_acts()
{
	local runtime

	it "without the hooks a container does all that is refused to it otherwise" bare_acts
	for runtime in "${runtimes[@]}"; do
		it "$runtime, the working directory in the image" overlay_acts "$runtime" 2001
		it "$runtime, the working directory a volume" volume_acts "$runtime"
		[ -z "$quick" ] || continue
		it "$runtime, as root of the container" overlay_acts "$runtime" 0
		it "$runtime, the image without an overlay" plain_acts "$runtime"
	done
}
