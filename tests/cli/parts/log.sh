# SPDX-License-Identifier: GPL-2.0-only
# What the operator sees: safenode-log, safenode-status, bpftool. Counters are exact.
# shellcheck shell=bash disable=SC2012,SC2016,SC2034,SC2086,SC2154,SC2317

drain()
{
	safenode-log --no-wait >/dev/null || fail "cannot read the ring"
}

# counted NAME WHAT: what status says of a tenant: refusals of an operation, or "not reported"
counted()
{
	safenode-status "$1" | awk -v what="$2" '
		index($0, "    " what " ") == 1 { sub("    " what, ""); sum += $1 }
		END { print sum + 0 }'
}

denials_are_lines()
{
	drain
	run 0 "${f1[@]}" -- "$tenant" deny 100
	printed "100 refused"
	[ "$(counted f1 net.socket)" = 100 ] || fail "counted $(counted f1 net.socket)"
	[ "$(counted f1 "not reported")" = 0 ] || fail "$(counted f1 "not reported") not reported"
	run 0 safenode-log --no-wait
	silent
	[ "$(grep -cE '^time=[0-9TZ:.-]+ tenant=f1 pid=[0-9]+ comm="tenant" op=net.socket why=family error=EPERM family=1$' \
		"$work/out")" = 100 ] || fail "$(sort "$work/out" | cut -d' ' -f2,4- | uniq -c | head -n 5)"
	[ "$(wc -l <"$work/out")" = 100 ] || fail "$(wc -l <"$work/out") lines"
	run 0 safenode-log --no-wait
	printed ""
}

# node says only that it cannot map it
native_addons_are_named()
{
	local status=0

	install -o t1 "$tenant" /srv/t1/addon
	"${f1[@]}" -- "$(ldd "$tenant" | awk '/ld-linux/ { print $1 }')" /srv/t1/addon acts \
		>"$work/out" 2>&1 || status=$?
	rm -f /srv/t1/addon
	[ $status = 127 ] || fail "status $status: $(cat "$work/out")"
	run 0 safenode-status f1
	grep -qE "^    code.mmap +[0-9]+ refused \(native addons are: docs/for-tenant-authors.md\)$" \
		"$work/out" || fail "$(cat "$work/out")"
}

each_has_its_own()
{
	drain
	run 0 "${f1[@]}" -- "$tenant" deny 3
	run 0 safenode-attach --cgroup f2 --dir /srv/t2 --safe-mode -- "$tenant" deny 5
	[ "$(counted f1 net.socket) $(counted f2 net.socket)" = "3 5" ] || fail "$(safenode-status)"
	run 0 safenode-log --no-wait --cgroup f2
	[ "$(grep -c tenant=f2 "$work/out") $(wc -l <"$work/out")" = "5 5" ] || fail "$(cat "$work/out")"
}

stream_is_live()
{
	local log

	drain
	safenode-log --cgroup f1 >"$work/stream" 2>"$work/stream.err" </dev/null &
	log=$!
	start f1 t1 -- "$tenant" loop 100000
	soon grep -q op=task.fork "$work/stream" || {
		kill $log
		fail "nothing came: $(cat "$work/stream")"
	}
	kill -9 $log
	stop f1 t1
	! grep -v '^time=.* tenant=f1 ' "$work/stream" || fail "not the tenant's, or no lines"
	grep -q "safenode-logd does not run: reads the events itself" "$work/stream.err" ||
		fail "does not say that it is the one reader"
}

# A reader that is stopped in the middle, and then killed, holds up nobody
flood_blocks_nobody()
{
	local log lines nr=20000

	drain
	safenode-log >"$work/stream" 2>/dev/null </dev/null &
	log=$!
	sleep 0.5
	kill -STOP $log
	run 0 timeout 60 "${f1[@]}" -- "$tenant" deny $nr
	printed "$nr refused"
	kill -9 $log
	run 0 timeout 60 safenode-attach --cgroup f2 --dir /srv/t2 --safe-mode -- "$tenant" deny $nr
	printed "$nr refused"
	[ "$(counted f1 net.socket) $(counted f2 net.socket)" = "$nr $nr" ] || fail "$(safenode-status)"
	# each refusal is on the ring, or counted as not there; the stopped reader had taken none
	[ ! -s "$work/stream" ] || fail "not stopped in time: $(wc -l <"$work/stream")"
	run 0 safenode-log --no-wait
	for name in f1 f2; do
		lines=$(grep -c "tenant=$name .*op=net.socket" "$work/out")
		[ "$lines" -ge 256 ] || fail "$name: only $lines lines"
		[ $((lines + $(counted $name "not reported"))) = $nr ] ||
			fail "$name: $lines lines, $(counted $name "not reported") not reported"
	done
}

# 1 MiB holds no more than 1600 events; f1 puts 256 in a second on it
ring_runs_full()
{
	local lines

	drain
	start f1 t1 -- "$tenant" loop 0
	sleep 12
	stop_kept f1 t1
	run 0 safenode-log --no-wait
	lines=$(wc -l <"$work/out")
	safenode-status f1 >"$work/status"
	grep -q 'not reported .* found the ring full' "$work/status" || fail "not full: $(cat "$work/status")"
	[ "$(awk '/^f1:/ { on = 1; next } /^[^ ]/ { on = 0 } on && / refused$/ { n += $2 }
		on && /not reported/ { n -= $3 } END { print n }' "$work/status")" = "$lines" ] ||
		fail "$lines lines, and $(cat "$work/status")"
}

strangers_are_seen()
{
	drain
	mkdir "$cgroups/stranger"
	cd /srv/t1 || fail "no /srv/t1"
	run 98 "$tenant" move "$cgroups/stranger/cgroup.procs" 2001 node -e 0
	rmdir "$cgroups/stranger" || fail "cannot remove the cgroup"
	# not even what every tenant may: no path leads anywhere
	printed "\
unix-socket=EPERM read-outside=ENOENT list-root=ENOENT chdir=ENOENT fork=EACCES write-inside=ENOENT
env: ENOENT
node: ENOENT"
	run 0 safenode-status
	grep -qx "processes without a policy:" "$work/out" || fail "$(cat "$work/out")"
	sed '1,/^processes without/d' "$work/out" | grep -q 'task.fork  *1 refused' || fail "$(cat "$work/out")"
	run 0 safenode-log --no-wait
	grep -q 'op=task.fork why=no-policy error=EACCES' "$work/out" || fail "$(cat "$work/out")"
}

maps_read_like_configuration()
{
	run 0 "${f1[@]}" --restricted-outgoing-addresses 10.0.0.0/8 \
		--allowed-outgoing-ports 80,443,1001,1002,1003,1004,1005,1006,8000-8100
	run 0 bpftool map dump pinned $pins/policies
	grep -q '"tenant": "f1"' "$work/out" || fail "$(cat "$work/out")"
	grep -q '"directory": "/srv/t1"' "$work/out" || fail "$(cat "$work/out")"
	grep -q '"safe_mode": 1' "$work/out" || fail "$(cat "$work/out")"
	run 0 bpftool map dump pinned $pins/addresses
	grep -q '"10.0.0.0/8"' "$work/out" || fail "$(cat "$work/out")"
	run 0 bpftool map dump pinned $pins/ports
	grep -q '"8000-8100"' "$work/out" || fail "$(cat "$work/out")"
	run 0 bpftool map dump pinned $pins/names
	grep -qF '"/etc/resolv.conf"' "$work/out" || fail "no /etc/resolv.conf"
	run 0 bpftool map dump pinned $pins/directories
	grep -q '"/srv"' "$work/out" || fail "no /srv"
	run 0 bpftool map dump pinned $pins/state
	grep -q '"parent": "/safenode"' "$work/out" || fail "$(cat "$work/out")"
}

# The name of a directory may hold a line's end, and what a terminal obeys
status_is_one_line_each()
{
	local dir=$'/srv/t3/a\nf9: /srv, running\e[2J'

	install -d -o t3 -g t3 "$dir"
	run 0 safenode-attach --cgroup f3 --dir "$dir" --safe-mode
	run 0 safenode-status
	grep -qE '^f3 +ended .* /srv/t3/a\\x0af9: /srv, running\\x1b\[2J$' "$work/out" || fail "$(cat "$work/out")"
	run 0 safenode-status f3
	grep -qxF 'f3: /srv/t3/a\x0af9: /srv, running\x1b[2J, ended' "$work/out" || fail "$(cat "$work/out")"
	run 0 safenode-detach --cgroup f3
	rmdir "$dir"
}

# Without room for the first line: that event is lost, and no other is taken
log_stops_where_it_cannot_write()
{
	local status=0

	drain
	run 0 "${f1[@]}" -- "$tenant" deny 5
	safenode-log --no-wait >/dev/full 2>"$work/err" || status=$?
	: >"$work/out"
	[ $status = 1 ] || fail "status $status"
	said "safenode-log: " "No space left on device" "lost the event of process "
	run 0 safenode-log --no-wait
	[ "$(wc -l <"$work/out")" = 4 ] || fail "$(wc -l <"$work/out") of 4 lines are left"
	# a reader that has gone is no other thing, but for the signal
	run 0 "${f1[@]}" -- "$tenant" deny 5
	python3 -c '
import os, subprocess
r, w = os.pipe()
os.close(r)
print(subprocess.run(["safenode-log", "--no-wait"], stdout=w, stderr=subprocess.PIPE, text=True))' \
		>"$work/out"
	grep -q "returncode=1, .*safenode-log: cannot write to standard output: Broken pipe" "$work/out" ||
		fail "$(cat "$work/out")"
	run 0 safenode-log --no-wait
	[ "$(wc -l <"$work/out")" = 4 ] || fail "$(wc -l <"$work/out") of 4 lines are left behind a pipe"
}

# A log that was stopped goes on
log_survives_a_stop()
{
	local log

	drain
	safenode-log --cgroup f1 >"$work/stream" 2>&1 </dev/null &
	log=$!
	sleep 0.5
	kill -STOP $log
	kill -CONT $log
	sleep 0.5
	run 0 "${f1[@]}" -- "$tenant" deny 1
	soon grep -q op=net.socket "$work/stream" || fail "nothing came: $(cat "$work/stream")"
	kill $log || fail "it has ended"
}

# begin_log NAME: its lines are in NAME.log, and its process id in NAME.pid
begin_log()
{
	safenode-log >"$work/$1.log" 2>"$work/$1.err" </dev/null &
	echo $! >"$work/$1.pid"
	soon grep -q libbpf "/proc/$!/maps" || fail "it does not start"
	sleep 1
}

# log_has_ended NAME: it does not wait for events that will not come
log_has_ended()
{
	soon is_gone "$(cat "$work/$1.pid")" || fail "$1 waits"
	grep -v "safenode-logd does not run" "$work/$1.err" >"$work/err"
	: >"$work/out"
	said "safenode-log: " "safenode was unloaded" "start"
}

# The second one finds it loaded when it looks again
log_ends_with_unload()
{
	local status=0

	begin_log one
	begin_log two
	kill -STOP "$(cat "$work/two.pid")"
	run 0 safenode-load --unload
	log_has_ended one
	wait "$(cat "$work/one.pid")" || status=$?
	[ $status = 1 ] || fail "status $status"
	run 0 safenode-load
	kill -CONT "$(cat "$work/two.pid")"
	log_has_ended two
}

# With the file system go the pins, and with them the programs
log_ends_without_bpffs()
{
	begin_log one
	umount /sys/fs/bpf || fail "cannot unmount it"
	mount -t bpf -o nosuid,nodev,noexec,mode=700 bpf /sys/fs/bpf
	log_has_ended one
	not_in_force "not loaded" "run safenode-load"
	run 0 safenode-load
}

lost_output_is_an_error()
{
	local command status

	for command in "safenode-status" "safenode-load --check"; do
		status=0
		$command >/dev/full 2>"$work/err" || status=$?
		: >"$work/out"
		[ $status = 1 ] || fail "$command: status $status"
		said "${command%% *}: cannot write to standard output: No space left on device"
	done
}

both_clean()
{
	run 0 safenode-detach --cgroup f2
	clean
}

part_log()
{
	need_loaded
	remember
	it "each refusal is counted, and one line" denials_are_lines
	it "each tenant has its own count" each_has_its_own
	it "status names native addons, where code is refused" native_addons_are_named
	it "the stream shows refusals as they happen" stream_is_live
	it "a flood blocks nobody, with a reader that stands still or is killed, and is counted exactly" \
		flood_blocks_nobody
	it "a ring that runs full loses only events, and counts them" ring_runs_full
	it "a process without a policy is refused, counted and reported" strangers_are_seen
	it "status has one line for each tenant, whatever its directory is called" status_is_one_line_each
	it "a log that cannot write stops, and loses no more than one event" log_stops_where_it_cannot_write
	it "a log that was stopped by a signal goes on" log_survives_a_stop
	it "status and --check that cannot be written say so" lost_output_is_an_error
	it "bpftool shows the policy in words" maps_read_like_configuration
	it "detach leaves nothing of it" both_clean
	it "a log ends when safenode is unloaded, whether it is loaded anew or not" log_ends_with_unload
	disposable "a log ends when the bpf file system is unmounted" log_ends_without_bpffs
}
