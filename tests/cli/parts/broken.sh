# SPDX-License-Identifier: GPL-2.0-only
# Something of what was loaded is gone, or switched off: no tool takes that for protection.
# shellcheck shell=bash disable=SC2012,SC2016,SC2034,SC2086,SC2154,SC2317

link_is_missing()
{
	local link

	link=$(find "$pins/links" -type f | sort | sed -n 10p)
	rm "$link" || fail "cannot remove $link"
	remember
	refuses 1 "programs are attached" "run safenode-load" -- "${f1[@]}" -- "$tenant" acts
	refuses 1 "programs are attached" "run safenode-load" -- "${f1[@]}"
	not_in_force "programs are attached" "run safenode-load"
	unchanged
	cd /srv/t1 || fail "no /srv/t1"
	refuses 1 "programs are attached" "run safenode-load" -- safenode --safe-mode app.js
}

# An empty directory instead of the pins' does not pass for them
links_are_elsewhere()
{
	mv "$pins/links" "$pins/away" || fail "cannot move them"
	mkdir "$pins/links"
	refuses_links
	rmdir "$pins/links"
	refuses_links
	mv "$pins/away" "$pins/links"
	run 0 safenode-status
}

refuses_links()
{
	run 1 "${f1[@]}" -- "$tenant" acts
	said "programs are attached" "run safenode-load"
	[ ! -e "$cgroups/f1" ] || fail "the cgroup is left"
}

# Linux 7.3 keeps it from being set while programs are attached; older ones lose every BPF LSM program
ftrace_is_off()
{
	if ! echo 0 2>/dev/null >/proc/sys/kernel/ftrace_enabled; then
		[ "$(cat /proc/sys/kernel/ftrace_enabled)" = 1 ] || fail "neither set nor refused"
		echo "the kernel refuses to set it"
		run 0 "${f1[@]}" -- "$tenant" self /srv/t1
		printed "as promised"
		run 0 safenode-detach --cgroup f1
		return
	fi
	trap 'echo 1 >/proc/sys/kernel/ftrace_enabled' EXIT
	remember
	refuses 3 "kernel.ftrace_enabled=0" "sysctl kernel.ftrace_enabled=1" -- "${f1[@]}" -- "$tenant" acts
	not_in_force "kernel.ftrace_enabled=0" "sysctl kernel.ftrace_enabled=1"
	unchanged
	refuses 3 "kernel.ftrace_enabled=0" "sysctl kernel.ftrace_enabled=1" -- safenode-load
}

# The control of all tests with a watch: without links it is not refused, and says so
watch_notices()
{
	rm "$pins"/links/* || fail "cannot remove the links"
	sleep 2
	stop_kept watch t3
	grep -qE ' tries, [1-9][0-9]* with another answer$' "$work/watch.out" ||
		fail "$(cat "$work/watch.out" "$work/watch.err")"
}

mends()
{
	load_works
	run 0 safenode-detach --cgroup watch
	silent
}

# The control
works_again()
{
	run 0 "${f1[@]}" -- "$tenant" self /srv/t1
	printed "as promised"
	run 0 safenode-detach --cgroup f1
}

part_broken()
{
	need_loaded
	it "with kernel.ftrace_enabled=0 nothing is started" ftrace_is_off
	it "when it is set back, tenants are confined again" works_again
	it "while links are elsewhere, nothing is started" links_are_elsewhere
	it "a tenant runs, and does forbidden things all the time" start_watch
	it "when one link is missing, nothing is started" link_is_missing
	it "the tenant notices when all are missing" watch_notices
	it "load mends it" mends
}
