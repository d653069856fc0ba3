# SPDX-License-Identifier: GPL-2.0-only
# Tools that are killed at any moment, alone or with their guardian: the next tool finds the old state or
# the new one, and what it removes is all there is. SAFENODE_KILLS of each tool (of load a tenth), at moments
# that SAFENODE_SEED determines as far as a clock can.
# shellcheck shell=bash disable=SC2012,SC2016,SC2034,SC2086,SC2154,SC2317

kills=${SAFENODE_KILLS-3}
doomed=/sys/fs/cgroup/doomed

# now: in milliseconds
now()
{
	echo $((${EPOCHREALTIME/./} / 1000))
}

# pause MS
pause()
{
	read -rt "$(printf '%d.%03d' $(($1 / 1000)) $(($1 % 1000)))" <>"$work/never" || true
}

# in_doomed COMMAND...: where all that it starts can be killed at once
in_doomed()
{
	echo "$BASHPID" >"$doomed/cgroup.procs"
	exec "$@" >"$work/out" 2>"$work/err" </dev/null
}

# time_it COMMAND...: how long it takes is in $takes, in milliseconds
time_it()
{
	local begun

	begun=$(now)
	(in_doomed "$@") || fail "$*: $(cat "$work/out" "$work/err")"
	takes=$(($(now) - begun))
}

# kill_it COMMAND...: at a random moment of what it takes, or a little later
kill_it()
{
	local pid moment=$((RANDOM % (takes * 11 / 10 + 1))) all=$((RANDOM % 2)) cgroup

	(in_doomed "$@") &
	pid=$!
	disown
	pause $moment
	echo "killed after $moment of $takes ms$([ $all = 0 ] || echo ', with all that it has started'): $*"
	if [ $all = 1 ]; then
		# in this order: once it has entered the tenant's, it starts nothing more
		for cgroup in "$doomed" "$cgroups"/f1 "$cgroups"/pid-*; do
			[ ! -e "$cgroup" ] || echo 1 >"$cgroup/cgroup.kill"
		done 2>/dev/null
	else
		kill -9 $pid 2>/dev/null
	fi
	soon is_gone $pid || fail "it does not end"
}

# The next one either removes it or says that there is nothing
detach_f1()
{
	safenode-detach --cgroup f1 "$@" 2>"$work/err" ||
		grep -qx "safenode-detach: no tenant 'f1'; see safenode-status" "$work/err" || fail "$(cat "$work/err")"
	unchanged
}

# The next is a detach or an attach
after_attach()
{
	run 0 safenode-status
	if [ $((RANDOM % 2)) = 0 ]; then
		run 0 "${f1[@]}" -- "$tenant" self /srv/t1
		printed "as promised"
	fi
	detach_f1
}

attached=("${f1[@]}" --restricted-outgoing-addresses "self,10.0.0.0/8" --memory-max 200M
	"--allowed-outgoing-ports=443,80,82,84,86,88,90,92,8000-8100" --read-only /etc/apt -- "$tenant" self /srv/t1)

new_one()
{
	kill_it "${attached[@]}"
	after_attach
}

# Where an ended tenant has the name
one_again()
{
	run 0 "${attached[@]}"
	kill_it "${f1[@]}" -- "$tenant" self /srv/t1
	after_attach
}

detach_ended()
{
	run 0 "${attached[@]}"
	kill_it safenode-detach --cgroup f1
	run 0 safenode-status
	detach_f1
}

detach_running()
{
	start f1 t1 -- "$tenant" wait
	disown
	kill_it safenode-detach --cgroup f1 --kill
	run 0 safenode-status
	detach_f1 --kill
	is_gone "$(cat "$work/f1.pid")" || fail "it runs"
}

# The next one of the drop-in clears up after both, but for itself
dropin()
{
	local cgroup

	run 0 "${unnamed[@]}"
	kill_it "${unnamed[@]}"
	soon no_unnamed_runs || fail "it does not end"
	run 0 "${unnamed[@]}"
	printed "1 refused"
	cgroup=$(echo "$cgroups"/pid-*)
	run 0 safenode-detach --cgroup "${cgroup##*/}"
	unchanged
}

no_unnamed_runs()
{
	! grep -q '^populated 1' "$cgroups"/pid-*/cgroup.events
}

load_over_loaded()
{
	kill_it safenode-load
	attach_knows
	load_works
	unchanged
}

# Without tenants
unload()
{
	kill_it safenode-load --unload
	is_taken_as_it_is
}

first_load()
{
	run 0 safenode-load --unload
	kill_it safenode-load
	is_taken_as_it_is
}

# Either nobody takes it for loaded, or it is; the next load works
is_taken_as_it_is()
{
	if ! safenode-status >"$work/out" 2>"$work/err"; then
		grep -q "run safenode-load" "$work/err" || fail "$(cat "$work/err")"
	fi
	load_works
}

# often N ACT COMMAND...: COMMAND tells how long it takes
often()
{
	local i act=$2 nr=$1

	shift 2
	for ((i = 0; i < nr; i++)); do
		$act || fail "$act"
	done
}

each_kill()
{
	cd /srv/t1 || fail "no /srv/t1"
	case $2 in
	new_one | one_again)
		time_it "${attached[@]}"
		detach_f1
		;;
	detach_ended)
		run 0 "${attached[@]}"
		time_it safenode-detach --cgroup f1
		;;
	detach_running)
		start f1 t1 -- "$tenant" wait
		disown
		time_it safenode-detach --cgroup f1 --kill
		;;
	dropin)
		time_it "${unnamed[@]}"
		run 0 safenode-detach --cgroup "$(basename "$cgroups"/pid-*)"
		;;
	load_over_loaded) time_it safenode-load ;;
	first_load)
		run 0 safenode-load --unload
		time_it safenode-load
		;;
	unload)
		time_it safenode-load --unload
		run 0 safenode-load
		;;
	esac
	RANDOM=$((seed + ${#2}))
	often "$@"
}

part_kills()
{
	local seed=${SAFENODE_SEED-$((RANDOM + 1))} loads=$(((kills + 9) / 10))
	local unnamed=(env PATH="$work/node:$PATH" safenode --safe-mode deny 1)

	echo "# SAFENODE_SEED=$seed SAFENODE_KILLS=$kills"
	mkfifo "$work/never"
	mkdir -p "$doomed"
	install -d -m 755 "$work/node"
	cp "$tenant" "$work/node/node"
	need_loaded
	run 0 safenode-status
	it "a tenant of another program runs meanwhile" start_watch 50000
	# the first one enables the controllers of its limits
	run 0 "${attached[@]}"
	run 0 safenode-detach --cgroup f1
	remember
	it "attach that is killed $kills times leaves what the next tool removes" each_kill "$kills" new_one
	it "so it does in the place of an ended tenant" each_kill "$kills" one_again
	it "detach that is killed $kills times leaves what the next one removes" each_kill "$kills" detach_ended
	it "so does detach --kill" each_kill "$kills" detach_running
	it "the drop-in that is killed $kills times leaves what the next one removes" each_kill "$kills" dropin
	it "load over loaded that is killed $loads times leaves what the next one replaces" \
		each_kill "$loads" load_over_loaded
	it "the tenant that ran meanwhile was refused all the time" stop_watch
	if [ -n "${SAFENODE_SEED-}" ] || [ "$kills" -ge 100 ]; then
		it "a first load that is killed $loads times is not taken for one" each_kill "$loads" first_load
		it "unload that is killed $loads times has unloaded, or has not" each_kill "$loads" unload
	fi
	rmdir "$doomed"
}
