# SPDX-License-Identifier: GPL-2.0-only
# Before safenode is loaded: who refuses, what --check says, and what a kernel can lack.
# shellcheck shell=bash disable=SC2012,SC2016,SC2034,SC2086,SC2154,SC2317

check_passes()
{
	local what

	run 0 safenode-load --check
	silent
	! grep -v '^ok ' "$work/out" || fail "not ok"
	for what in root "kernel version" lockdown CONFIG_DEBUG_INFO_BTF "security modules" /sys/fs/bpf "cgroup v2" \
		ftrace_enabled hooks; do
		grep -qF "$what" "$work/out" || fail "says nothing about $what: $(cat "$work/out")"
	done
	unchanged
}

# check_misses TEXT...: one requirement is missing; --check and the load itself say the same
check_misses()
{
	local text missing

	run 3 safenode-load --check
	[ "$(wc -l <"$work/err")" = 1 ] || fail "not one line: $(cat "$work/err")"
	missing=$(grep '^MISSING' "$work/out")
	[ "$(echo "$missing" | wc -l)" = 1 ] || fail "not one is missing: $(cat "$work/out")"
	for text; do
		echo "$missing" | grep -qF -e "$text" || fail "no '$text' in: $missing"
		grep -qF -e "$text" "$work/err" || fail "no '$text' in: $(cat "$work/err")"
	done
	run 3 safenode-load
	said "safenode-load: " "$@"
	soon has_programs 0 || fail "programs are loaded"
	! [ -e "$pins" ] || fail "something is pinned"
}

# The mounts come back whatever happens in the test
without_bpffs()
{
	umount /sys/fs/bpf || fail "cannot unmount it"
	trap 'mount -t bpf -o nosuid,nodev,noexec,mode=700 bpf /sys/fs/bpf' EXIT
	check_misses "mount -t bpf bpf /sys/fs/bpf"
}

without_cgroup2()
{
	umount /sys/fs/cgroup || fail "cannot unmount it"
	trap 'mount -t cgroup2 -o nosuid,nodev,noexec,nsdelegate cgroup2 /sys/fs/cgroup' EXIT
	check_misses "cgroup v2" "mount -t cgroup2"
}

without_securityfs()
{
	umount /sys/kernel/security || fail "cannot unmount it"
	trap 'mount -t securityfs -o nosuid,nodev,noexec securityfs /sys/kernel/security' EXIT
	check_misses "mount -t securityfs securityfs /sys/kernel/security"
}

# Linux 7.3 refuses to switch it off at all
without_ftrace()
{
	local now

	if ! echo 0 2>/dev/null >/proc/sys/kernel/ftrace_enabled; then
		[ "$(cat /proc/sys/kernel/ftrace_enabled)" = 1 ] || fail "neither set nor refused"
		return
	fi
	trap 'echo 1 >/proc/sys/kernel/ftrace_enabled' EXIT
	now=$(cat /proc/sys/kernel/ftrace_enabled)
	[ "$now" = 0 ] || fail "still $now"
	check_misses "kernel.ftrace_enabled=0" "sysctl kernel.ftrace_enabled=1"
}

# The types of a kernel that counts its kinds of cgroup programs otherwise
change_types()
{
	python3 -c '
import struct
types = bytearray(open("/sys/kernel/btf/vmlinux", "rb").read())
head, = struct.unpack_from("<I", types, 4)
begin, size, names = struct.unpack_from("<III", types, 8)
name = types.index(b"\0CGROUP_INET_EGRESS\0", head + names) + 1 - head - names
at = types.index(struct.pack("<II", name, 1), head + begin, head + begin + size)
types[at:at + 8] = struct.pack("<II", name, 2)
open("'"$work"'/types", "wb").write(types)' || fail "cannot change them"
}

counts_otherwise()
{
	change_types
	refuses 3 "CGROUP_INET_EGRESS" -- unshare -m sh -c \
		'mount --bind '"$work"'/types /sys/kernel/btf/vmlinux && exec safenode-load'
}

# As for units with ProtectKernelTunables= or ProtectControlGroups=
is_read_only()
{
	refuses 3 "$2" -- unshare -m sh -c 'mount --bind '"$1 $1"' && mount -o remount,ro,bind '"$1"' &&
		exec safenode-load'
}

part_before()
{
	need_unloaded
	remember
	it "--check finds everything on this kernel, and loads nothing" check_passes
	it "attach refuses while safenode is not loaded" \
		refuses 1 "not loaded" "run safenode-load" -- "${f1[@]}" -- "$tenant" acts
	it "detach refuses while safenode is not loaded" \
		refuses 1 "not loaded" "run safenode-load" -- safenode-detach --cgroup f1
	it "status says that safenode is not loaded, in each form, and exits with 4" \
		not_in_force "not loaded" "run safenode-load"
	it "log refuses while safenode is not loaded" \
		refuses 1 "safenode-load" -- safenode-log --no-wait
	it "unload says when there is nothing to unload" \
		refuses 1 "not loaded" -- safenode-load --unload
	it "load refuses a parent that is no cgroup's path" \
		refuses 2 "'a.slice'" "such as /safenode" -- safenode-load --parent a.slice
	it "load refuses a parent that leads upwards" \
		refuses 2 "'/a/../b'" "such as /safenode" -- safenode-load --parent /a/../b
	it "load refuses the root as parent" refuses 2 "'/'" "/safenode" -- safenode-load --parent /
	it "load refuses a parent in a cgroup that is not there" \
		refuses 1 "/no/such" -- safenode-load --parent /no/such
	disposable "without the bpf file system load says how to mount it" without_bpffs
	disposable "without cgroup v2 load says how to mount it" without_cgroup2
	disposable "without securityfs load says how to mount it" without_securityfs
	it "where the bpf file system is read-only, load says what does that" \
		is_read_only /sys/fs/bpf ProtectKernelTunables=
	it "where cgroups are read-only, load says what does that" is_read_only /sys/fs/cgroup ProtectControlGroups=
	it "with kernel.ftrace_enabled=0 load says how to set it, or it cannot be set" without_ftrace
	it "load refuses a kernel that is too old, and names the version that it needs" \
		refuses 3 "kernel version: 2.6." "Linux 6.1.54" -- setarch --uname-2.6 safenode-load
	it "load refuses a kernel that keeps egress programs elsewhere" counts_otherwise
	it "none of these left anything" unchanged
}
