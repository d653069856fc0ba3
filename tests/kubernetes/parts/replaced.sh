# SPDX-License-Identifier: GPL-2.0-only
# A new version comes by the DaemonSet while tenants serve; the DaemonSet is deleted.
# shellcheck shell=bash disable=SC2154,SC2317

# One that tries all the while, and prints what it ever reached. The pauses are for an emulated CPU, which has
# to load the programs beside it
attacker="const { readFileSync } = require('fs');
let tries = 0;
const one = () => {
	try {
		readFileSync('/other/secret');
		console.log('REACHED');
	} catch (e) {
		if (e.code !== 'ENOENT')
			console.log(e.code);
	}
	if (++tries % 100 === 0)
		console.log('tried');
	setTimeout(one, 5);
};
one();"

has_tried()
{
	[ "$(output attacker | grep -c tried)" -gt "${1:-0}" ]
}

replaced_while_tenants_serve()
{
	local version restarted

	restarted=$(restarts)
	version=$(bpftool -j map dump pinned /sys/fs/bpf/safenode/state | md5sum)
	safenode_image 2 "$here/../next" || fail "no image"
	pod attacker safenode node -e "$attacker" | create
	eventually has_tried || fail "$(output attacker) $(events_of attacker)"
	manifest daemonset.yaml | sed 's#localhost/safenode:1#localhost/safenode:2#' | kubectl apply --validate=false -f - || fail "cannot apply"
	eventually daemonset_is 1 || fail "$(daemonset_tells)"
	[ "$(bpftool -j map dump pinned /sys/fs/bpf/safenode/state | md5sum)" != "$version" ] || fail "the old version is loaded"
	serves red
	serves blue
	[ "$(restarts)" = "$restarted" ] || fail "tenants were restarted"
}

attacked_in_vain()
{
	local tried

	tried=$(output attacker | grep -c tried)
	eventually has_tried "$tried" || fail "the attacker has stopped"
	[ "$(output attacker | sort -u)" = tried ] || fail "$(output attacker | sort | uniq -c)"
	remove attacker
}

starts_with_the_new_version()
{
	run_acts late safenode
	acts_are late "${allowed_acts[@]}" "${forbidden_acts_inside[@]}"
	remove late
}

stays_without_the_daemonset()
{
	kubectl delete namespace safenode
	serves red
	"$here/../next/safenode-status" || fail "not in force"
	inner_leg safenode
}

part_replaced()
{
	it "a new image of the DaemonSet puts a new version in force, and tenants serve on" replaced_while_tenants_serve
	it "a tenant that attacks all the while reached nothing" attacked_in_vain
	it "pods that start after it are confined by the new version" starts_with_the_new_version
	it "with the DaemonSet deleted, tenants are confined, and new ones start" stays_without_the_daemonset
}
