# SPDX-License-Identifier: GPL-2.0-only
# Containers that cannot be tenants are not started, and the reason is said.
# shellcheck shell=bash disable=SC2154,SC2317 # of units

# refused_by RUNTIME TEXT NAME: nothing of it has run
refused_by()
{
	: >/run/test/syslog
	! starts "$1" "$3" || fail "started: $(cat "$work/out")"
	! grep -q RAN "$work/out" || fail "has run: $(cat "$work/out")"
	soon grep -qF -e "$2" /run/test/syslog || fail "not '$2' in the system log: $(cat /run/test/syslog)"
	# crun does not show what a hook says
	[ "$1" = crun ] || grep -qF -e "$2" "$work/err" || fail "not '$2': $(cat "$work/err")"
	"$1" delete --force "$3" >/dev/null 2>&1 || :
	nothing_left
}

# refuses TEXT FILTER: each runtime does
refuses()
{
	local runtime

	for runtime in "${runtimes[@]}"; do
		bundle no "$(js 'console.log("RAN")') | $2"
		refused_by "$runtime" "$1" no
		unbundle no
	done
}

# The same, whoever says why: runtimes may fail before the hook
refuses_somehow()
{
	local runtime

	for runtime in "${runtimes[@]}"; do
		bundle no "$(js 'console.log("RAN")') | $1"
		! starts "$runtime" no || fail "started: $(cat "$work/out")"
		! grep -q RAN "$work/out" || fail "has run: $(cat "$work/out")"
		"$runtime" delete --force no >/dev/null 2>&1 || :
		nothing_left
	done
}

# The same program with nothing to refuse
control()
{
	bundle yes "$(js 'console.log("RAN")')"
	starts crun yes || fail "$(cat "$work/err")"
	grep -qx RAN "$work/out" || fail "has not run"
	unbundle yes
}

refuses_another_disk()
{
	mkdir -p /srv/upper
	mount -t tmpfs none /srv/upper
	mkdir -p /srv/upper/{up,work} /srv/two/rootfs
	mount -t overlay overlay -o lowerdir=/srv/image,upperdir=/srv/upper/up,workdir=/srv/upper/work \
		/srv/two/rootfs || fail "no overlay"
	config /srv/two "$(js 'console.log("RAN")')"
	refused_by runc "several file systems" two
	umount /srv/two/rootfs /srv/upper
	rm -rf /srv/two
}

refuses_unloaded()
{
	safenode-load --unload || fail "cannot unload"
	bundle no "$(js 'console.log("RAN")')"
	: >/run/test/syslog
	! starts runc no || fail "started"
	! grep -q RAN "$work/out" || fail "has run"
	grep -q 'safenode-load' "$work/err" || fail "$(cat "$work/err")"
	runc delete --force no >/dev/null 2>&1
	unbundle no
	safenode-load
}

# An engine that puts a container where others are. Runtimes kill all that is in the cgroup of what was
# not started, and remove that
refuses_a_shared_cgroup()
{
	local runtime

	for runtime in "${runtimes[@]}"; do
		mkdir -p /sys/fs/cgroup/shared
		sleep 1000 &
		echo $! >/sys/fs/cgroup/shared/cgroup.procs
		bundle no "$(js 'console.log("RAN")') | .linux.cgroupsPath = \"/shared\""
		refused_by "$runtime" "is not its own" no
		unbundle no
		kill $! 2>/dev/null
		wait $! 2>/dev/null
		[ ! -d /sys/fs/cgroup/shared ] || rmdir /sys/fs/cgroup/shared
	done
}

with_a_floor()
{
	printf '%s\n' "$1" >/etc/safenode/containers.conf
	"${@:2}"
	rm /etc/safenode/containers.conf
}

# A pod that says nothing, or is the engine's own
gets_the_floor()
{
	bundle silent "$(js 'try { fs.readFileSync("/run/secrets/token"); } catch (e) { console.log(e.code); }')"' |
		del(.annotations)'
	starts runc silent || fail "$(cat "$work/err")"
	grep -qx ENOENT "$work/out" || fail "$(cat "$work/out")"
	unbundle silent
}

leaves_a_sandbox()
{
	bundle pause "$(js 'fs.readFileSync("/run/secrets/token"); console.log("RAN")')"' |
		.hooks.createRuntime[0].args = ["safenode-oci", "--sandbox-annotation", "who", "createRuntime"] |
		.annotations = {"who": "sandbox"}'
	starts runc pause || fail "$(cat "$work/err")"
	grep -qx RAN "$work/out" || fail "$(cat "$work/out")"
	unbundle pause
}

# By an annotation that engines take from an image, too
claims_to_be_a_sandbox()
{
	bundle silent "$(js 'try { fs.readFileSync("/run/secrets/token"); } catch (e) { console.log(e.code); }')"' |
		.hooks.createRuntime[0].args = ["safenode-oci", "createRuntime"] |
		.annotations += {"io.kubernetes.cri.container-type": "sandbox",
			"io.kubernetes.cri-o.ContainerType": "sandbox"}'
	starts runc silent || fail "$(cat "$work/err")"
	grep -qx ENOENT "$work/out" || fail "$(cat "$work/out")"
	unbundle silent
}

part_refused()
{
	local all='["CAP_SYS_ADMIN", "CAP_KILL"]'

	it "a container with nothing wrong is started" control
	it "a container without annotations is refused" refuses "nothing says" 'del(.annotations)'
	it "an annotation that is not known is refused" refuses "unknown annotation 'safenode.safemode'" \
		'.annotations["safenode.safemode"] = "true"'
	it "an annotation with a wrong value is refused" refuses "safenode.allowed-outgoing-ports" \
		'.annotations["safenode.allowed-outgoing-ports"] = "http"'
	it "'self' is refused" refuses "'self'" \
		'.annotations["safenode.restricted-outgoing-addresses"] = "self"'
	it "a path that is missing is refused" refuses "/none" '.annotations["safenode.read-only"] = "/none"'
	it "the working directory / is refused" refuses "working directory is '/'" '.process.cwd = "/"'
	it "a working directory that is not there is refused" refuses "/none" '.process.cwd = "/none"'
	it "a working directory of the kernel is refused" refuses "belongs to the kernel" \
		'.process.cwd = "/proc"'
	it "a working directory with code in it is refused" refuses "its code may come from" \
		'.process.cwd = "/usr"'
	it "a container without no_new_privs is refused" refuses "no_new_privs" \
		'.process.noNewPrivileges = false'
	it "a privileged container is refused" refuses "CAP_SYS_ADMIN" \
		".process.capabilities = {bounding: $all, effective: $all, permitted: $all}"
	it "a user namespace is refused" refuses_somehow \
		'.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 0, size: 9999}]
		| .linux.gidMappings = .linux.uidMappings'
	it "a program in the working directory is refused" refuses "is in the working directory" \
		'.process.args[0] = "./run"'
	it "hooks of others that would run as the tenant are refused" refuses "createContainer" \
		'.hooks.createContainer = [{path: "/usr/bin/touch", args: ["touch", "/tmp/x"]}]'
	it "a cgroup with others in it is refused" refuses_a_shared_cgroup
	it "an overlay of two file systems is refused" refuses_another_disk
	it "where safenode is not loaded, nothing is started" refuses_unloaded
	it "a floor is what a container without annotations gets" with_a_floor safe-mode gets_the_floor
	it "a container that wants more than the floor is refused" with_a_floor \
		$'safe-mode\nrestricted-outgoing-addresses 0.0.0.0/0,::/0' refuses "leaves out" .
	it "a floor that is wrong lets nothing start" with_a_floor $'safe-mode\nobserve' \
		refuses "containers.conf:2" .
	it "a pod's sandbox is left as it is" leaves_a_sandbox
	it "a container that only claims to be one is a tenant" claims_to_be_a_sandbox
}
