# SPDX-License-Identifier: GPL-2.0-only
# Shared by what boots guests with systemd, after lib.sh and qemu.sh. What the host sends lies in
# $tmp/payload, a directory that becomes the guest's; guest.service runs what is in
# /etc/safenode-command there, and reports its exit status as $tmp/status.
# shellcheck shell=bash disable=SC2034,SC2154

# A scratch directory as $tmp, which goes with what was started when this ends
make_tmp()
{
	tmp=$(mktemp -d "${TMPDIR:-/tmp}/safenode-systemd.XXXXXX")
	qemu=
	trap cleanup EXIT
	trap 'exit 129' HUP
	trap 'exit 130' INT
	trap 'exit 143' TERM
}

# shellcheck disable=SC2317 # called by the trap
cleanup()
{
	[ -z "$qemu" ] || kill -KILL "$qemu" 2>/dev/null || true
	rm -rf "$tmp"
}

# leave_out /ETC/SYSTEMD: what takes most of the time of a boot and of each daemon-reload, and nobody
# needs here: udev, and units made of fstab, of scripts in init.d and the like
leave_out()
{
	local unit generator

	for unit in systemd-udevd.service systemd-udevd-{control,kernel}.socket systemd-udev-trigger.service; do
		ln -s /dev/null "$1/system/$unit"
	done
	mkdir "$1/system-generators"
	for generator in cryptsetup debug fstab getty gpt-auto hibernate-resume integritysetup rc-local run \
		system-update sysv veritysetup; do
		ln -s /dev/null "$1/system-generators/systemd-$generator-generator"
	done
}

# boot_systemd KERNEL KERNEL_DIR TIMEOUT COMMAND_LINE: with $memory MiB, the payload, and the disk "root", which
# the caller has added. Ends with an error unless the command has run to its end
boot_systemd()
{
	local kernel_dir=$2 machine reader ended=0

	tar -c --owner=0 --group=0 -f "$tmp/payload.tar" -C "$tmp/payload" .
	# init goes in as a second initramfs behind the kernel's
	make_initramfs "$kernel_dir" "$root/tests/systemd" init
	disk payload "$tmp/payload.tar" readonly=on
	[ ! -e "$kernel_dir/modules.img" ] || disk modules "$kernel_dir/modules.img" readonly=on
	read -ra machine <<<"$(emulation "$1")"

	say "booting Linux $(cat "$kernel_dir/version") with systemd"
	rm -f "$tmp/output" "$tmp/status" "$tmp/console"
	mkfifo "$tmp/output"
	cat "$tmp/output" &
	reader=$!
	limit=(timeout "$3")
	start_qemu "$kernel_dir" "systemd.show_status=0 $4" "${machine[@]}" -m "${memory:-1536}"
	wait "$qemu" || ended=$?
	qemu=
	# let the reader end, also when qemu did not get as far as opening it
	: <>"$tmp/output"
	wait "$reader"

	if [ ! -s "$tmp/console" ]; then
		cat "$tmp/qemu.log" >&2
		failed 125 "the guest did not start"
	fi
	[ $ended != 124 ] || failed 124 "no end after $3 seconds"
	[ -s "$tmp/status" ] || failed 71 "the guest ended before the command did (QEMU: status $ended)"
	check_console
}
