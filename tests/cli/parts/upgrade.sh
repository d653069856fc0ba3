# SPDX-License-Identifier: GPL-2.0-only
# Load of a version that lays the maps out in another way (next.sed), and back: tenants, rules and
# counters are carried over, and no instant is unguarded, whenever it fails or is killed.
# shellcheck shell=bash disable=SC2012,SC2016,SC2030,SC2031,SC2034,SC2086,SC2154,SC2317

# as_next COMMAND...: with the tools of the next version
as_next()
{
	(PATH=${here%/*}/next:$PATH && "$@") || exit 1
}

# Four tenants: one was refused something and has ended, one waits, two are refused all the time
populate()
{
	"${f1[@]}" --restricted-outgoing-addresses self,10.0.0.0/8 --read-only /etc/apt \
		--allowed-outgoing-ports 80,82,84,86,88,90,92,94,96 -- "$tenant" deny 7 || fail "status $?"
	start waits t2 --allowed-listen-ports 80,90-99 -- "$tenant" wait
	start_watches 1500
	soon refused_count >"$work/count"
	facts >"$work/facts"
	grep -q 'net.socket  *7 refused' "$work/facts" || fail "$(cat "$work/facts")"
}

# What has to be the same in every version, but for the tenants that count all the time
facts()
{
	local map tenant

	for tenant in f1 waits; do
		safenode-status $tenant | sed -n "/^$tenant: /p; /^  options in force/,\$p"
	done
	for map in policies counters addresses ports directories names cgroups; do
		echo "$map: $(bpftool -j map dump pinned "$pins/$map" | grep -o '"key"' | wc -l)"
		bpftool map dump pinned "$pins/$map" |
			grep -E '"(text|path|tenant|directory|allowed_listen_ports|ino|generation|port)"' |
			sort
	done
}

same_facts()
{
	facts | diff "$work/facts" - >"$work/differ" || fail "others than before: $(head -n 5 "$work/differ")"
}

refused_count()
{
	safenode-status watch | awk '/ task.fork / { print $2; found = 1 } END { exit !found }'
}

# Of the tools that are not those of the version that is loaded
tools_refuse()
{
	remember
	not_in_force "another version" "safenode-load"
	unchanged
	refuses 1 "another version" "safenode-load" -- safenode-log --no-wait
	refuses 1 "another version" "safenode-load" -- safenode-detach --cgroup f1
	refuses 1 "another version" "safenode-load" -- safenode-attach --cgroup f2 --dir /srv/t1 --safe-mode
}

unload_refuses()
{
	remember
	refuses 1 "tenants are left" "of the version that is loaded" -- safenode-load --unload
}

# What it had attached reads maps that do not know the tenant
has_no_say_when_it_failed()
{
	as_next load_at rename:1 FAILAT_ON=1
	new_tenant
}

# What was counted before is in $work/count
carries()
{
	run 0 safenode-load
	silent
	new_tenant # at once: no program of before has a say any more
	is_whole
	same_facts
	refused_count >"$work/after"
	[ "$(cat "$work/after")" -ge "$(cat "$work/count")" ] ||
		fail "watch: $(cat "$work/after") refused, and $(cat "$work/count") before"
	mv "$work/after" "$work/count"
}

killed()
{
	load_at "$1" FAILAT_KILL=1
	[ "$status" = 137 ] || fail "status $status"
}

# A killed load has left programs of both versions: no tool takes that for good
both_are_left()
{
	[ -e "${pins}_new" ] || fail "nothing is left"
	not_in_force "run safenode-load"
	run 1 "${f1[@]}" -- "$tenant" acts
	said "run safenode-load"
}

killed_before()
{
	as_next killed "$1"
	both_are_left
}

events_are_read()
{
	sleep 1
	run 0 safenode-log --no-wait --cgroup watch
	grep -q ' op=task.fork ' "$work/out" || fail "no event: $(head -n 3 "$work/out")"
}

# A reader of this version, which would not understand what comes then, ends
upgrades()
{
	local log

	safenode-log >"$work/stream" 2>"$work/stream.err" </dev/null &
	log=$!
	as_next carries
	soon is_gone $log || {
		kill $log
		fail "safenode-log waits for events that do not come"
	}
	grep -q ' tenant=watch ' "$work/stream" || fail "safenode-log printed nothing"
	grep -v "safenode-logd does not run" "$work/stream.err" >"$work/err"
	: >"$work/out"
	said "safenode-log: " "another version was loaded" "start"
}

new_tenant()
{
	run 0 safenode-attach --cgroup f2 --dir /srv/t1 --safe-mode -- "$tenant" self /srv/t1
	printed "as promised"
	run 0 safenode-detach --cgroup f2
	silent
}

# loses MAP MEMBER TEXT: load does not, while that member is not zero where the value has that text
loses()
{
	"$here/poke" "$1" "$2" 5 "$3" || fail "cannot set it"
	remember
	refuses 1 "would lose '" "$2' of the map '$1'" "safenode-detach" "--unload" -- safenode-load
	"$here/poke" "$1" "$2" 0 "$3" || fail "cannot reset it"
}

is_stopped()
{
	grep -q '^State:	T' "/proc/$1/status"
}

# As long as it is at work, tools wait for it; nobody calls it killed before it is
killed_down()
{
	local load i

	env LD_PRELOAD="$here/failat.so" FAILAT="$1" FAILAT_STOP=1 safenode-load >"$work/out" 2>"$work/err" \
		</dev/null &
	load=$!
	for ((i = 0; i < 6; i++)); do
		! soon is_stopped $load || break
	done
	is_stopped $load || fail "never came so far: $(cat "$work/err")"
	run 124 timeout 3 safenode-status
	run 124 timeout 3 "${f1[@]}" -- "$tenant" acts
	kill -9 $load
	wait $load
	both_are_left
}

# The tenants that are left, and every rule
remove_all()
{
	local map

	load_works
	run 0 safenode-status waits
	grep -q '^waits: /srv/t2, running$' "$work/out" || fail "$(cat "$work/out")"
	run 0 safenode-detach --cgroup f1
	silent
	stop waits t2
	run 0 safenode-status
	grep -q '^0 tenants, ' "$work/out" || fail "left: $(cat "$work/out")"
	for map in policies addresses ports directories names lists cgroups; do
		[ "$("$here/look" $map)" = 0 ] || fail "$map has $("$here/look" $map) left"
	done
}

part_upgrade()
{
	need_loaded
	it "tenants of this version run, and two do forbidden things all the time, one of them elsewhere" populate
	outrun -5
	it "tools of the next version refuse its maps and name the cure" as_next tools_refuse
	it "unload by the next version does not leave tenants alone" as_next unload_refuses
	remember
	it "load of the next version, when an entry cannot be copied, changes nothing" \
		as_next fails_at bpf-update:40 1
	it "load of the next version, when its last step fails, changes nothing" \
		as_next fails_at rename:1 1
	it "this version starts tenants as soon as such a load has ended" has_no_say_when_it_failed
	it "load of the next version may be killed while attaching" killed_before bpf-link:40
	it "load of this version mends that" carries
	it "load of the next version may be killed before its last step" killed_before rename:1
	it "load of the next version goes on from there, with tenants, rules and counters" \
		upgrades
	it "tools of this version refuse those maps and name the cure" tools_refuse
	it "the next version starts and removes tenants" as_next new_tenant
	it "the next version reports what is refused" as_next events_are_read
	it "a member that this version lacks is not lost" loses policies next_option f1
	it "neither is one of a rule" loses directories next_rule /etc/apt
	it "load of this version may be killed while it removes the programs of the next" \
		killed_down unlink:40
	it "where nothing would be lost, this version takes all of it back" carries
	it "this version starts and removes tenants" new_tenant
	outrun 0
	it "both tenants were refused at every instant of all these loads" stop_watches
	it "the next version removes tenants that this one has started" as_next remove_all
	it "unload of this version clears what the next one has left" unload_clears
	need_loaded
}
