# SPDX-License-Identifier: GPL-2.0-only
# What an image that its tenant has built, and other containers beside it, could try.
# shellcheck shell=bash disable=SC2154,SC2317 # of units

look='try { console.log(require("fs").readFileSync(process.argv[1], "utf8").trim()); } catch (e) { console.log(e.code); }'

# reads CODE PATH FILTER: what node reads there
reads()
{
	bundle hole "$(js "$look")"' | .process.args += ["'"$2"'"] | '"$3"
	starts runc hole || fail "$(cat "$work/err")"
	[ "$(cat "$work/out")" = "$1" ] || fail "$(cat "$work/out")"
	unbundle hole
	nothing_left
}

# The image of these tests links /etc/ssl/certs, which node's baseline has elsewhere, to the token
certificates_that_lead_to_the_token()
{
	reads top-secret /etc/ssl/certs/token 'del(.hooks)'
	reads ENOENT /etc/ssl/certs/token .
	reads ENOENT /run/secrets/token .
}

a_working_directory_behind_a_link()
{
	refuses "symbolic link" '.process.cwd = "/x/link/secrets"'
	refuses "symbolic link" '.process.cwd = "/x/app"'
}

extra_paths_behind_a_link()
{
	refuses "symbolic link" '.annotations["safenode.read-only"] = "/x/link/secrets"'
	refuses "native-code" '.annotations["safenode.native-code"] = "/x/app"'
}

# read-only gives exactly that; what is mounted below it is not in it
an_extra_path_is_that_path()
{
	local more='.mounts += [{destination: "/other/deep", type: "bind", source: "/srv/secrets", options: ["rbind"]}]'

	mkdir -p /srv/other/deep
	reads other /other/file '.annotations["safenode.read-only"] = "/other"'
	reads ENOENT /other/deep/token ".annotations[\"safenode.read-only\"] = \"/other\" | $more"
	reads top-secret /other/deep/token ".annotations[\"safenode.read-only\"] = \"/other/deep\" | $more"
}

code_that_could_be_changed()
{
	refuses "its code may come from" '.annotations["safenode.read-write"] = "/usr/lib"'
	refuses "its code may come from" '.process.cwd = "/usr/local/lib"'
	refuses "its code may come from" '.annotations["safenode.read-write"] = "/other/x" |
		.annotations["safenode.native-code"] = "/other"'
}

# A volume over the image's libraries is no code of the image
a_volume_in_the_place_of_code()
{
	refuses "mounted" '.mounts += [{destination: "/opt/node", type: "bind", source: "/srv/image/opt/node",
		options: ["rbind"]}] | .process.args[0] = "/opt/node/bin/node"'
}

a_program_elsewhere_in_the_image()
{
	bundle opt "$(js 'console.log("ran")')"' | .process.args[0] = "/opt/node/bin/node"'
	starts runc opt || fail "$(cat "$work/err")"
	grep -qx ran "$work/out" || fail "$(cat "$work/out")"
	unbundle opt
}

# Two containers of one pod: they share namespaces, and neither reaches the other
beside_one_another()
{
	local pid

	bundle first "$(js 'setInterval(() => {}, 1000)')"
	crun run -d -b /srv/first first >/dev/null 2>"$work/err" || fail "$(cat "$work/err")"
	pid=$(crun state first | jq .pid)
	bundle second "$(js '
		const tries = [() => process.kill(1, 0), () => fs.readFileSync("/proc/1/environ"),
			() => fs.readFileSync("/proc/1/root/app/data.txt"), () => fs.readlinkSync("/proc/1/cwd")];
		for (const t of tries) try { t(); console.log("DONE", t); } catch (e) { console.log(e.code); }')"' |
		(.linux.namespaces[] | select(.type == "pid")).path = "/proc/'"$pid"'/ns/pid"'
	starts crun second || fail "$(cat "$work/err")"
	[ "$(xargs <"$work/out")" = "EPERM ENOENT ENOENT ENOENT" ] || fail "$(cat "$work/out")"
	crun delete --force first
	unbundle first
	unbundle second
	nothing_left
}

part_holes()
{
	it "certificates that an image links to a token do not lead there" certificates_that_lead_to_the_token
	it "a working directory behind a link of the image is refused" a_working_directory_behind_a_link
	it "so are extra paths" extra_paths_behind_a_link
	it "an extra path is what is mounted there, and nothing below it" an_extra_path_is_that_path
	it "nothing is code and can be changed" code_that_could_be_changed
	it "a program on a volume is refused" a_volume_in_the_place_of_code
	it "a program anywhere in the image can be started" a_program_elsewhere_in_the_image
	it "containers that share a pid namespace do not reach each other" beside_one_another
}
