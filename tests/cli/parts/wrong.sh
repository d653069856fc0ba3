# SPDX-License-Identifier: GPL-2.0-only
# Wrong use of safenode-attach: one line that names the value and the cure, and nothing is made.
# shellcheck shell=bash disable=SC2012,SC2016,SC2034,SC2086,SC2154,SC2317

# Files that are not what they should be
make_wrong_things()
{
	mkdir -p "$work/rooted" "$work/policies"
	printf '#!/no/such/interpreter\n' >"$work/orphan"
	printf 'no program\n' >"$work/text"
	printf '#!/bin/sh\n' >/srv/t1/own
	chmod 755 "$work/orphan" "$work/text" /srv/t1/own
	ln -sfn /srv/t1 "$work/link"
	printf '# a comment\n\nsafe-mode\nmemory-maxi 3\n' >"$work/policies/unknown"
	printf 'safe-mode\nrestricted-outgoing-addresses 10.0.0.300\n' >"$work/policies/value"
	printf 'safe-mode yes\n' >"$work/policies/surplus"
	printf 'dir\n' >"$work/policies/missing"
	printf 'policy %s\n' "$work/policies/value" >"$work/policies/nested"
	printf 'safe-mode\0\n' >"$work/policies/binary"
}

# wrong VALUE CURE [OPTION...] [-- COMMAND...]: refused, in one line with both
wrong()
{
	local value=$1 cure=$2

	shift 2
	case " $* " in
	*" -- "*) ;;
	*) set -- "$@" -- "$tenant" acts ;;
	esac
	run 2 "${f1[@]}" "$@"
	said "safenode-attach: " "$value" "$cure"
}

# The same without the options that are in f1
wrong_all()
{
	local value=$1 cure=$2

	shift 2
	run 2 safenode-attach "$@" -- "$tenant" acts
	said "safenode-attach: " "$value" "$cure"
}

# The control: without the wrong word, the same works; so do the numbers that nearly were wrong
right_use()
{
	local inside="unix-socket=EPERM read-outside=ENOENT list-root=ENOENT chdir=EPERM fork=EACCES"
	local user

	run 0 setpriv --reuid t1 --regid t1 --clear-groups sh -c "cd /srv/t1 && $tenant acts"
	printed "unix-socket=ok read-outside=ok list-root=ok chdir=ok fork=ok write-inside=ok"
	for user in t1 2001; do
		run 0 "${f1[@]}" --user "$user" --restricted-outgoing-addresses 10.0.0.0/8,::1,self \
			--allowed-outgoing-ports 1,65535,80-90 --allowed-listen-ports 1 -- "$tenant" acts
		printed "$inside write-inside=ok"
	done
	run 0 safenode-attach --cgroup f1 --dir "$work/link" --safe-mode -- "$tenant" acts
	printed "$inside write-inside=ok"
	run 0 safenode-detach --cgroup f1
	unchanged
}

wrong_addresses()
{
	local restrict=--restricted-outgoing-addresses

	wrong "'10.0.0.300'" "write IPv4, IPv6" $restrict 10.0.0.300
	wrong "'localhost'" "only addresses can be listed" $restrict localhost
	wrong "'10.0.0.0/33'" "/0 to /32" $restrict 10.0.0.0/33
	wrong "'10.0.0.1/8'" "10.0.0.0/8" $restrict 10.0.0.1/8
	wrong "':::1'" "write IPv4, IPv6" $restrict :::1
	wrong "''" "name at least one" $restrict ''
	wrong "'::1,,self'" "remove a ','" $restrict ::1,,self
	wrong "'::1, self'" "separate entries by ','" $restrict '::1, self'
	unchanged
}

wrong_ports()
{
	local ports=(--restricted-outgoing-addresses self --allowed-outgoing-ports) port

	for port in http 0 65536 -1 80- -80 08 80:90 1-65536; do
		wrong "'$port'" "write 1 to 65535" "${ports[@]}" "$port"
		wrong "'$port'" "write 1 to 65535" --allowed-listen-ports "$port"
	done
	wrong "''" "name at least one" "${ports[@]}" ''
	wrong "'90-80'" "use 80-90" "${ports[@]}" 90-80
	wrong "--allowed-outgoing-ports" "add --restricted-outgoing-addresses" \
		--allowed-outgoing-ports 80
	unchanged
}

wrong_directories()
{
	local all=(--cgroup f1 --safe-mode --dir) dir

	wrong_all "'/no/such'" "No such file" "${all[@]}" /no/such
	wrong_all "'/etc/passwd'" "not a directory" "${all[@]}" /etc/passwd
	wrong_all "'$pins'" "put it on ext4" "${all[@]}" "$pins" --user t1
	for dir in / /.. /./; do
		wrong_all "'/'" "such as /srv/t1" "${all[@]}" "$dir" --user t1
	done
	for dir in /proc /proc/self /sys/kernel "$cgroups" /dev/pts; do
		wrong_all "'$dir'" "give a directory of files" "${all[@]}" "$dir" --user t1
	done
	wrong_all "$work/rooted" "--user" "${all[@]}" "$work/rooted"
	wrong_all "''" "write a value" "${all[@]}" ''
	wrong_all "'/aaaa" "a path that is too long" "${all[@]}" "/$(printf 'a%.0s' {1..5000})"
	unchanged
}

wrong_users()
{
	local user

	# the last three would be root or t1 for whoever cuts a number to 32 bits
	for user in no-such 99999 -1 ' 2001' +2001 0x7d1 2001x 4294967295 4294967296 4294969297 \
		18446744073709551616; do
		wrong "'$user'" "getent passwd" --user "$user"
	done
	wrong "''" "write a value" --user ''
	unchanged
}

wrong_names()
{
	local all=(--dir /srv/t1 --safe-mode --cgroup) long name

	long=$(printf 'n%.0s' {1..300})
	for name in a/b .. . .hidden -x 'a b' a$'\n'b ü '' '*' ../../x "$pins"; do
		wrong_all "'${name//$'\n'/?}" "A-Z a-z 0-9" "${all[@]}" "$name"
	done
	wrong_all "'nnnnnnnn" "1 to 63" "${all[@]}" "$long"
	wrong_all "'nnnnnnnn" "1 to 63" "${all[@]}" "${long:0:64}"
	wrong_all "--cgroup NAME" "name the tenant" --dir /srv/t1 --safe-mode
	wrong_all "--dir PATH" "name the tenant's directory" --cgroup f1 --safe-mode
	unchanged
}

wrong_running()
{
	local all=(--dir /srv/t1 --safe-mode --cgroup watch)

	wrong_all "'watch'" "safenode-detach --cgroup watch --kill" "${all[@]}"
	# nor may its policy be changed behind its back
	run 2 safenode-attach "${all[@]}"
	said "safenode-attach: " "'watch'" "safenode-detach --cgroup watch --kill"
	unchanged
}

wrong_without_safe_mode()
{
	local all=(--cgroup f1 --dir /srv/t1)

	wrong_all "--safe-mode" "add" "${all[@]}"
	wrong_all "--safe-mode" "add" "${all[@]}" --memory-max 100M
	wrong_all "--restricted-outgoing-addresses" "add --safe-mode" "${all[@]}" \
		--restricted-outgoing-addresses self
	wrong_all "--allowed-outgoing-ports" "add --safe-mode" "${all[@]}" --allowed-outgoing-ports 80
	wrong_all "--allowed-listen-ports" "add --safe-mode" "${all[@]}" --allowed-listen-ports 80
	wrong_all "--read-only" "add --safe-mode" "${all[@]}" --read-only /etc
	wrong_all "--user" "add --safe-mode" "${all[@]}" --user t1
	unchanged
}

wrong_commands()
{
	wrong "'no-such'" "\$PATH" -- no-such
	wrong "'/no/such'" "executable" -- /no/such
	wrong "''" "executable" -- ''
	wrong "'/etc/passwd'" "executable" -- /etc/passwd
	wrong "'/usr'" "executable" -- /usr
	wrong "'/no/such/interpreter'" "executable" -- "$work/orphan"
	wrong "'$work/text'" "#! line" -- "$work/text"
	unchanged
}

wrong_command_in_directory()
{
	cp "$tenant" /srv/t1/own
	wrong "'/srv/t1/own'" "outside" -- /srv/t1/own
	wrong "'/srv/t1/own'" "outside" -- "$work/link/own"
	unchanged
}

wrong_extras()
{
	wrong "77" "--keep-fd takes one" --keep-fd 77
	# numbers that files of attach's own get
	wrong "4" "--keep-fd takes one" --keep-fd 4
	wrong "12" "--keep-fd takes one" --keep-fd 12
	wrong "'1'" "above 2" --keep-fd 1
	wrong "'log'" "above 2" --keep-fd log
	wrong "'/no/such'" "No such file" --read-only /no/such
	wrong "'etc'" "absolute" --read-write etc
	wrong "/srv/t1" "outside" --read-only /srv/t1/own
	wrong "'0'" "512M" --memory-max 0
	wrong "'3Q'" "512M" --memory-max 3Q
	wrong "'0%'" "50%" --cpu-max 0%
	wrong "'0'" "1 to 4194304" --pids-max 0
	wrong "'--no-such'" "--help" --no-such
	wrong "'/srv/t1' and '/srv/t2'" "remove one" --dir /srv/t2
	unchanged
}

wrong_policies()
{
	local at=$work/policies

	wrong "$at/unknown:4: " "'memory-maxi'" --policy "$at/unknown"
	wrong "$at/value:2: " "'10.0.0.300'" --policy "$at/value"
	wrong "$at/surplus:1" "remove 'yes'" --policy "$at/surplus"
	wrong "$at/missing:1" "PATH" --policy "$at/missing"
	wrong "$at/nested:1: " "on the command line" --policy "$at/nested"
	wrong "$at/binary:1: " "text file" --policy "$at/binary"
	wrong "'/no/such'" "No such file" --policy /no/such
	wrong "'$work'" "Is a directory" --policy "$work"
	unchanged
}

wrong_disk()
{
	wrong_all "'$1'" "put it on ext4" --cgroup f1 --dir "$1" --safe-mode
	wrong "${1%/t1}" "put it on ext4" --read-write "$1"
	unchanged
}

# A file system of TYPE, whose directories cannot be told apart by inode
wrong_file_system()
{
	local type=$1 sentence="attach refuses paths on $1, where inodes do not tell directories apart"
	local at=$work/$type

	mkdir -p "$at.lower" "$at.upper/up" "$at.upper/work" "$at"
	case $type in
	overlay)
		if ! modprobe overlay 2>"$work/err" || ! mount -t overlay -o \
			"lowerdir=$at.lower,upperdir=$at.upper/up,workdir=$at.upper/work" \
			overlay "$at" 2>"$work/err"; then
			skip "$sentence" "overlayfs: $(head -n 1 "$work/err")"
			return
		fi
		;;
	btrfs)
		truncate -s 120M "$at.img"
		if ! modprobe btrfs 2>"$work/err" || ! modprobe loop 2>"$work/err" ||
			! mkfs.btrfs -q "$at.img" >"$work/err" 2>&1 ||
			! mount -o loop "$at.img" "$at" 2>"$work/err"; then
			skip "$sentence" "btrfs: $(head -n 1 "$work/err")"
			return
		fi
		;;
	esac
	install -d -o t1 -g t1 "$at/t1"
	it "$sentence" wrong_disk "$at/t1"
	umount "$at"
}

part_wrong()
{
	need_loaded
	it "a tenant runs meanwhile" start_watch
	make_wrong_things
	remember
	it "what the refused ones would start runs in a tenant, and is confined" right_use
	it "attach refuses addresses that are none" wrong_addresses
	it "attach refuses ports that are none, and ports without addresses" wrong_ports
	it "attach refuses directories that cannot be a tenant's" wrong_directories
	it "attach refuses users that are none, and numbers that wrap around to one" wrong_users
	it "attach refuses names that are more or less than a name" wrong_names
	it "attach refuses a tenant that runs" wrong_running
	it "attach refuses everything that only --safe-mode gives a meaning" wrong_without_safe_mode
	it "attach refuses commands that cannot be started" wrong_commands
	it "attach refuses a command that the tenant could replace" wrong_command_in_directory
	it "attach refuses descriptors, paths and limits that are none" wrong_extras
	it "attach refuses a policy file with a wrong line, by its number" wrong_policies
	wrong_file_system overlay
	wrong_file_system btrfs
	rm -f /srv/t1/own
	it "the tenant that ran meanwhile was refused all the time" stop_watch
}
