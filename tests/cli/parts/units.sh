# SPDX-License-Identifier: GPL-2.0-only
# safenode-attach where something is in its way: what units of systemd and containers take from what they
# start; what the kernel does not start, or only to start something else; directories of other groups.
# shellcheck shell=bash disable=SC2016,SC2034,SC2086,SC2154,SC2317

filtered=$here/filtered

# works [COMMAND...]: started by COMMAND, f1 is as it should be
works()
{
	run 0 "$@" "${f1[@]}" -- "$tenant" self /srv/t1
	printed "as promised"
	run 0 safenode-detach --cgroup f1
	unchanged
}

# in_mounts SCRIPT COMMAND...: in a mount namespace that SCRIPT has changed
in_mounts()
{
	local script=$1

	shift
	unshare -m sh -c "$script"' && exec "$@"' sh "$@"
}

# ---- what the kernel does not start for a tenant ----

file_capabilities()
{
	local mode program=/var/lib/program # /tmp may be mounted nosuid, /srv another user's

	trap 'rm -f /var/lib/program' EXIT
	install -m 755 "$tenant" $program
	setcap cap_net_bind_service=+ep $program || fail "no file capabilities here"
	# the control: the kernel starts it, but not where the bounding set lacks one of them
	run 0 capsh --user=t1 -- -c "$program session"
	run 126 capsh --drop=cap_net_bind_service --user=t1 -- -c "$program session"
	refuses 2 "'$program'" "setcap -r it" "--keep-fd" "net.ipv4.ip_unprivileged_port_start" -- \
		"${f1[@]}" -- $program self /srv/t1
	refuses 2 "setcap -r it" -- "${f1[@]}" --user root -- $program self /srv/t1
	# where they do not count, or do not take effect by themselves, it starts without
	run 0 in_mounts "mount --bind /var/lib /var/lib && mount -o remount,bind,nosuid /var/lib" \
		"${f1[@]}" -- $program self /srv/t1
	printed "as promised"
	setcap cap_net_bind_service=+p $program
	run 0 "${f1[@]}" -- $program self /srv/t1
	printed "as promised"
	run 0 safenode-detach --cgroup f1
	setcap cap_net_bind_service=+ei $program
	refuses 2 "'$program'" "setcap -r it" -- "${f1[@]}" -- $program self /srv/t1
	setcap -r $program
	for mode in 4755 2755 6755; do
		chmod $mode $program
		run 0 "${f1[@]}" -- $program self /srv/t1
		printed "as promised"
	done
	run 0 safenode-detach --cgroup f1
	unchanged
}

# The two cures: a socket that the server opened, and ports that are not privileged
low_ports()
{
	# not local: the trap comes when the function has returned
	before=$(sysctl -n net.ipv4.ip_unprivileged_port_start)
	sysctl -qw net.ipv4.ip_unprivileged_port_start=1024
	trap 'sysctl -qw net.ipv4.ip_unprivileged_port_start=$before' EXIT
	cat >/srv/t1/app.js <<-'END'
		const net = require("net"), port = Number(process.argv[2]);
		const server = net.createServer().on("error", e => console.log(e.code));
		server.listen(port ? port : { fd: 7 }, () => {
			console.log(server.address().port);
			server.close();
		});
	END
	f1_prints EACCES node app.js 81
	run 0 python3 -c '
import os, socket, sys
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("127.0.0.1", 81))
s.listen()
os.dup2(s.fileno(), 7, inheritable=True)
os.execvp(sys.argv[1], sys.argv[1:])' "${f1[@]}" --keep-fd 7 -- node app.js
	printed 81
	sysctl -qw net.ipv4.ip_unprivileged_port_start=81
	f1_prints 81 node app.js 81
	run 0 safenode-detach --cgroup f1
	rm -f /srv/t1/app.js
	unchanged
}

not_executable()
{
	install -d -m 755 "$work/bin"
	install -m 644 "$tenant" "$work/bin/program"
	refuses 2 "'$work/bin/program'" "chmod +x it" -- "${f1[@]}" -- "$work/bin/program" acts
	PATH=$work/bin:$PATH refuses 2 "'$work/bin/program'" "chmod +x it" -- "${f1[@]}" -- program acts
	# executable for root, and not for the tenant's user
	chmod 700 "$work/bin/program"
	refuses 1 "user 2001 cannot start '$work/bin/program'" "--supplementary-group" -- \
		"${f1[@]}" -- "$work/bin/program" acts
	chmod 755 "$work/bin/program"
	chmod 700 "$work/bin"
	refuses 1 "user 2001 cannot start '$work/bin/program', for it cannot enter '$work/bin'" \
		"/usr/local" -- "${f1[@]}" -- "$work/bin/program" acts
	chmod 755 "$work/bin"
	refuses 2 "'$work/bin/program'" "mounted noexec" -- in_mounts \
		"mount --bind $work $work && mount -o remount,bind,noexec $work" \
		"${f1[@]}" -- "$work/bin/program" acts
}

# ---- what would only start something else ----

# As of nodenv and asdf, or written by hand; of volta, mise and snap
wrappers()
{
	local cure="name node itself, which 'node -p process.execPath' prints" line

	install -d -m 755 "$work/bin"
	for line in '#!/bin/sh' '#!/usr/bin/env bash'; do
		printf '%s\nexec %s "$@"\n' "$line" "$tenant" >"$work/bin/node"
		chmod 755 "$work/bin/node"
		run 0 "$work/bin/node" session # the control
		PATH=$work/bin:$PATH refuses 2 "'$work/bin/node' is a script for" "$cure" -- \
			"${f1[@]}" -- node app.js
		PATH=$work/bin:$PATH refuses 2 "'$work/bin/node' is a script for" "$cure" -- "${f1[@]}"
	done
	# a script for node finds it, too
	printf '#!/usr/bin/env node\n' >/srv/t1/script
	chmod 755 /srv/t1/script
	PATH=$work/bin:$PATH refuses 2 "'$work/bin/node' is a script for" "$cure" -- "${f1[@]}" -- \
		/srv/t1/script
	# and where it could read the wrapper
	refuses 2 "'$work/bin/node' is a script for" -- "${f1[@]}" --read-only "$work/bin" -- \
		"$work/bin/node" app.js
	ln -sf "$tenant" "$work/bin/node"
	PATH=$work/bin:$PATH refuses 2 "'$work/bin/node' is a link to '$tenant'" "$cure" -- \
		"${f1[@]}" -- node app.js
	rm -f "$work/bin/node" /srv/t1/script
	# a shell that the operator names is none
	f1_prints hello sh -c 'echo hello'
	run 0 safenode-detach --cgroup f1
	unchanged
}

# As npm install -g makes them
linked_scripts()
{
	local app=$work/lib/node_modules/app

	install -d -m 755 "$work/bin" "$app"
	printf '#!/usr/bin/env node\nconsole.log(require("./lib"), process.argv[1], process.argv[2]);\n' \
		>"$app/cli.js"
	echo 'module.exports = "whole";' >"$app/lib.js"
	chmod 755 "$app/cli.js"
	ln -sf ../lib/node_modules/app/cli.js "$work/bin/app"
	refuses 2 "'$work/bin/app'" "add --read-only $work/bin/app --read-only $app" -- \
		"${f1[@]}" -- "$work/bin/app" x
	options=(--read-only "$work/bin/app" --read-only "$app")
	f1_prints "whole $work/bin/app x" "$work/bin/app" x
	PATH=$work/bin:$PATH f1_prints "whole $work/bin/app x" app x
	run 0 safenode-detach --cgroup f1
	# one that the server reads, and the tenant's user does not
	chmod 700 "$app/cli.js"
	refuses 1 "user 2001 cannot read the script '$work/bin/app'" "chmod" -- \
		"${f1[@]}" "${options[@]}" -- "$work/bin/app" x
	rm -rf "${work:?}/bin" "${work:?}/lib"
}

# ---- groups ----

groups_directory()
{
	install -d -o root -g 3000 -m 2770 "$work/team"
	run 2 "${f1[@]}" --read-write "$work/team" -- sh -c "echo two >$work/team/file"
	grep -q "Permission denied" "$work/err" || fail "$(cat "$work/err")"
	options=(--read-write "$work/team" --supplementary-group 3000 --supplementary-group 3001)
	f1_prints "2001 3000 3001" id -G
	f1_prints "" sh -c "echo two >$work/team/file"
	[ "$(stat -c %u:%g "$work/team/file")" = 2001:3000 ] || fail "$(stat -c %u:%g "$work/team/file")"
	printf 'supplementary-group 3000\nread-write %s\n' "$work/team" >"$work/policy"
	options=(--policy "$work/policy")
	f1_prints "two" cat "$work/team/file"
	# the directory, too
	install -d -o root -g 3000 -m 2770 "$work/theirs"
	run 1 safenode-attach --cgroup f2 --dir "$work/theirs" --user t1 --safe-mode -- "$tenant" acts
	said "user 2001 cannot enter $work/theirs" "--supplementary-group"
	run 0 safenode-attach --cgroup f2 --dir "$work/theirs" --user t1 --safe-mode \
		--supplementary-group 3000 -- id -G
	printed "2001 3000"
	run 0 safenode-detach --cgroup f1
	run 0 safenode-detach --cgroup f2
	refuses 2 "'no-such'" "getent group" -- "${f1[@]}" --supplementary-group no-such -- "$tenant" acts
	unchanged
}

# A user can be in groups that are as strong as root
groups_of_user()
{
	groupadd --gid 3006 strong && usermod -aG strong t1
	trap 'groupdel strong' EXIT
	[ "$(id -G t1)" = "2001 3006" ] || fail "$(id -G t1)"
	f1_prints "2001" id -G
	options=(--supplementary-group strong)
	f1_prints "2001 3006" id -G
	run 0 safenode-detach --cgroup f1
	unchanged
}

# ---- what a unit takes away ----

# With these four it works, also a second time, and without each of them it says which
capabilities()
{
	local weak=(setpriv --bounding-set) of="${f1[*]} -- $tenant self /srv/t1"

	run 0 "${weak[@]}" -all,+bpf,+setgid,+setuid,+setpcap $of
	works "${weak[@]}" -all,+bpf,+setgid,+setuid,+setpcap
	works "${weak[@]}" -all,+sys_admin,+setgid,+setuid,+setpcap
	refuses 1 "CAP_BPF in CapabilityBoundingSet=" -- "${weak[@]}" -bpf,-sys_admin $of
	refuses 1 "CAP_SETPCAP in CapabilityBoundingSet=" -- "${weak[@]}" -setpcap $of
	refuses 1 "CAP_SETUID in CapabilityBoundingSet=" -- "${weak[@]}" -setuid $of
	refuses 1 "CAP_SETGID and CAP_SETUID in" -- "${weak[@]}" -setgid $of
}

# RestrictAddressFamilies=
address_families()
{
	local none='socket:0!0' inet='socket:0!2,10'

	run 0 "$filtered" EAFNOSUPPORT "$inet" "${f1[@]}" -- "$tenant" acts
	printed "unix-socket=EAFNOSUPPORT read-outside=ENOENT list-root=ENOENT chdir=EPERM fork=EACCES write-inside=ok"
	run 0 safenode-detach --cgroup f1
	works "$filtered" EAFNOSUPPORT 'socket:0!1'
	refuses 1 "refuses a Unix socket, for something else does (Address family not supported" \
		"add AF_UNIX to RestrictAddressFamilies=" -- \
		"$filtered" EAFNOSUPPORT "$none" "${f1[@]}" -- "$tenant" acts
	refuses 1 "cannot list this machine's addresses" "add AF_NETLINK to RestrictAddressFamilies=" -- \
		"$filtered" EAFNOSUPPORT "$inet" "${f1[@]}" --restricted-outgoing-addresses self -- "$tenant" acts
}

# SystemCallFilter=, with SystemCallErrorNumber= or without
system_calls()
{
	local command=("${f1[@]}" -- "$tenant" acts) call

	refuses 1 "bpf(2) is refused here (Operation not permitted)" "add bpf to SystemCallFilter=" -- \
		"$filtered" EPERM bpf "${command[@]}"
	refuses 1 "kills whoever calls bpf;" "SystemCallFilter= of the unit" -- \
		"$filtered" kill bpf "${command[@]}"
	refuses 1 "kills whoever calls bpf;" -- "$filtered" kill bpf "${f1[@]}"
	for call in close_range unshare setgroups setresuid capset chdir getsid; do
		refuses 1 "a seccomp filter kills" "$call" "SystemCallFilter=" -- \
			"$filtered" kill $call "${command[@]}"
	done
	# with the errno of safenode, it would be no proof
	refuses 1 "refuses a Unix socket, for something else does" "SystemCallFilter=" -- \
		"$filtered" EPERM socket "${command[@]}"
	refuses 1 "refuses chdir, for something else does (Function not implemented)" \
		"SystemCallFilter=" -- "$filtered" ENOSYS chdir "${command[@]}"
	refuses 1 "session of process 1, for something else does" -- \
		"$filtered" ESRCH getsid "${command[@]}"
	refuses 1 "cannot get a file handle" "Allow name_to_handle_at in SystemCallFilter=" -- \
		"$filtered" EPERM name_to_handle_at "${command[@]}"
	# TasksMax=
	refuses 1 "cannot fork: Resource temporarily unavailable; raise TasksMax= of the unit" -- \
		env LD_PRELOAD="$here/failat.so" FAILAT=fork:1 "${command[@]}"
}

# MemoryDenyWriteExecute=
no_executable_memory()
{
	local deny=("$filtered" EPERM 'mprotect:2&4')

	works "${deny[@]}"
	"${deny[@]}" "${f1[@]}" -- node -e 0 >"$work/out" 2>"$work/err" && fail "node needs it no more"
	head -n 1 "$work/err" | grep -q "^safenode-attach: .*MemoryDenyWriteExecute= .*--jitless$" ||
		fail "$(head -n 1 "$work/err")"
	run 0 "${deny[@]}" "${f1[@]}" -- node --jitless -p 1
	[ "$(cat "$work/out")" = 1 ] || fail "$(cat "$work/out")"
	! grep safenode "$work/err" || fail "complained"
	run 0 safenode-detach --cgroup f1
	unchanged
}

# ProtectControlGroups=, ProtectKernelTunables=, ProtectProc= with ProcSubset=, NoNewPrivileges=
mounts()
{
	local ro='seal() { mount --bind $1 $1 && mount -o remount,bind,ro $1; }; '

	refuses 1 "ProtectControlGroups=" -- in_mounts "$ro seal /sys/fs/cgroup" \
		"${f1[@]}" -- "$tenant" acts
	refuses 1 "ProtectControlGroups=" -- in_mounts "$ro seal /sys/fs/cgroup" "${f1[@]}"
	works in_mounts "$ro seal /proc/sys && seal /sys/fs/bpf"
	works in_mounts "mount -t proc -o hidepid=invisible,subset=pid proc /proc"
	works setpriv --no-new-privs
}

# PrivateUsers=
user_namespace()
{
	refuses 1 "cannot change to user" "PrivateUsers= out of the unit" -- \
		unshare --user --map-root-user "${f1[@]}" --user t1 -- "$tenant" acts
}

# The self-test of a load
load_is_filtered()
{
	run 1 "$filtered" kill getsid safenode-load
	said "safenode-load: " "a seccomp filter killed the self-test's process" "SystemCallFilter="
	! is_loaded || fail "loaded"
	unchanged
}

part_units()
{
	need_loaded
	safenode-detach --cgroup f1 2>/dev/null
	remember
	it "a program with file capabilities is refused where the kernel would refuse it" file_capabilities
	it "a port below 1024 can be handed over, or made unprivileged" low_ports
	it "a program that cannot be executed, here or by the tenant's user, is named with the reason" \
		not_executable
	it "a wrapper of node is refused, and names node" wrappers
	it "a script that the tenant cannot read is named, with what it belongs to" linked_scripts
	it "a directory of another group needs --supplementary-group" groups_directory
	disposable "the groups of a user are not handed down, and can be named" groups_of_user
	it "four capabilities are needed, and each is named when it is missing" capabilities
	it "address families that a unit refuses are told from those that nobody refuses" address_families
	it "system calls that a filter refuses or kills are named" system_calls
	it "where memory cannot be made executable, a line says so for node" no_executable_memory
	it "read-only control groups are named; other mounts of a unit do no harm" mounts
	it "users that do not exist in a user namespace are told from capabilities" user_namespace
	need_unloaded
	remember
	it "a filter that stops the self-test of a load is named" load_is_filtered
}
