# SPDX-License-Identifier: GPL-2.0-only
# Shared by what boots guests, after lib.sh: QEMU, its disks, and what the guest's kernel said. What is
# made for one guest lies in $tmp.
# shellcheck shell=bash disable=SC2034,SC2154 # $qemu, $tmp

# thread=multi looks faster, but QEMU before 8.1 then now and then runs code that another CPU has
# just patched in its old form: about one boot in a hundred of Linux 7 oopses or hangs.
#
# guest-init uses two CPUs. Where a process may use all that there are, Linux 7.3.4 now and then stops
# for good when it makes a thread: mm_get_cid() waits with interrupts off for one of as many ids as
# there are CPUs, and none is given back. Older ones do not, and are faster with two.
#
# Without "erms" the kernel clears and copies memory by eight bytes. With it, it does so by single bytes, for
# which processors have a fast way and the emulator has none; that took an eighth of all its time.
emulation()
{
	local cpus=4

	case $1 in 6.*) cpus=2 ;; esac
	echo -accel tcg,thread=single -cpu max,-erms -smp $cpus
}

# make_initramfs KERNEL_DIR DIR FILE...: $tmp/initramfs, the kernel's with these files of DIR behind it
make_initramfs()
{
	local kernel_dir=$1 dir=$2
	shift 2
	(cd "$dir" && printf '%s\n' "$@" | cpio -o -H newc -R 0:0 --quiet) |
		cat "$kernel_dir/initramfs" - >"$tmp/initramfs"
}

disks=()
# disk SERIAL FILE OPTION
disk()
{
	disks+=(-drive "if=none,id=$1,format=raw,file=$2,$3"
		-device "virtio-blk-pci,drive=$1,serial=$1")
}

# start_qemu KERNEL_DIR COMMAND_LINE OPTION...: as $qemu, for no longer than the words of $limit allow
start_qemu()
{
	local kernel_dir=$1 cmdline
	# loglevel=5 shows warnings (quiet would not). The watchdogs and the timer check mistake a host
	# that is busy for a kernel that is broken
	cmdline="console=ttyS0 loglevel=5 panic=-1 no_timer_check nowatchdog"
	cmdline+=" rcupdate.rcu_cpu_stall_suppress=1 $2"
	shift 2
	"${limit[@]}" setpriv --pdeathsig KILL \
		qemu-system-x86_64 -nodefaults -no-user-config -display none -monitor none \
		-no-reboot "$@" \
		-kernel "$kernel_dir/image" -initrd "$tmp/initramfs" -append "$cmdline" \
		-serial "file:$tmp/console" "${disks[@]}" -device virtio-serial-pci \
		-chardev "file,id=output,path=$tmp/output" \
		-device virtserialport,nr=1,chardev=output,name=output \
		-chardev "file,id=status,path=$tmp/status" \
		-device virtserialport,nr=2,chardev=status,name=status \
		</dev/null 2>"$tmp/qemu.log" &
	qemu=$!
}
limit=()

complaint='BUG:|Oops|WARNING:|kernel BUG at|general protection fault|Kernel panic'
# Last, or from where it began to complain
kernel_said()
{
	grep -aE -m 1 -A 40 "$complaint" "$tmp/console" || tail -n 20 "$tmp/console"
}

# failed STATUS WHY
failed()
{
	say "$2"
	kernel_said >&2
	exit "$1"
}

# What the kernel said is a failure of its own
check_console()
{
	! grep -aqE "$complaint" "$tmp/console" || failed 70 "the kernel complained:"
}
