# SPDX-License-Identifier: GPL-2.0-only
# BPF programs of others take the places that safenode's need: load says whose they are.
# shellcheck shell=bash disable=SC2012,SC2016,SC2034,SC2086,SC2154,SC2317

# begin_crowd ARGUMENT...: how many there are is in $crowd
begin_crowd()
{
	coproc crowds { exec "$here/crowd" "$@"; }
	read -r crowd <&"${crowds[0]}" || fail "no crowd"
}

# One of them goes
thin_out()
{
	echo >&"${crowds[1]}"
	read -r crowd <&"${crowds[0]}" || fail "the crowd is gone"
}

# The kernel takes them off their hook a little later
end_crowd()
{
	local pid=$crowds_PID

	eval "exec ${crowds[1]}>&-"
	wait "$pid"
	soon is_alone || fail "the crowd is left: $(bpftool prog show | grep crowd)"
}

is_alone()
{
	! bpftool prog show | grep -q ' name crowd '
}

# Before there is safenode; where it takes the last place; and where it would need a second one
hook_is_full()
{
	begin_crowd file_open
	[ "$crowd" -ge 30 ] || fail "only $crowd"
	refuses 1 "hook file_open, and $crowd of others are there: crowd (id " " and $((crowd - 3)) more; end some" \
		-- safenode-load
	thin_out
	load_works
	remember
	fails_again "hook file_open, and $crowd of others are there: crowd (id " "while it is loaded again"
	end_crowd
}

# fails_again TEXT...: load again is refused, and what is loaded is in force as before
fails_again()
{
	sn_programs >"$work/programs"
	refuses 1 "$@" -- safenode-load
	soon same_programs || fail "other programs than before"
	run 0 "${f1[@]}" -- "$tenant" self /srv/t1
	printed "as promised"
	run 0 safenode-detach --cgroup f1
	unchanged
}

cgroup_is_full()
{
	mkdir "$cgroups"
	begin_crowd "$cgroups"
	remember
	refuses 1 "outgoing packets of $cgroups, and $crowd of others are there: crowd (id " "end some" -- safenode-load
	end_crowd
	rmdir "$cgroups"
}

# The cgroup above, and then the parent itself
cgroup_admits_no_other()
{
	local up=/sys/fs/cgroup/up at

	for at in $up $up/tenants; do
		mkdir $up $up/tenants
		begin_crowd --alone $at
		remember
		refuses 1 "outgoing packets of $at admits no other: crowd (id " "end it" -- \
			safenode-load --parent /up/tenants
		end_crowd_with $up
	done
}

# Those that have no link go with the cgroup
end_crowd_with()
{
	eval "exec ${crowds[1]}>&-"
	rmdir "$1/tenants" "$1"
	soon is_alone || fail "the crowd is left"
}

part_crowd()
{
	need_unloaded
	remember
	shared 1 "load names the hook that takes no more programs and who is there, and changes nothing" hook_is_full
	need_unloaded
	shared 2 "load names the cgroup whose packets take no more programs, and who is there" cgroup_is_full
	shared 3 "load names the program that admits no other, and its cgroup" cgroup_admits_no_other
}
