# SPDX-License-Identifier: GPL-2.0-only
# safenode-logd: every reader gets every event, whatever happens to the others, to it, or to safenode.
# There is no journal here, so it writes JSON lines.
# shellcheck shell=bash disable=SC2154,SC2317

# begin NAME COMMAND...: what it says is in NAME.log and NAME.err, and later its status in NAME.status
begin()
{
	rm -f "$work/$1.status" "$work/$1.pid"
	{
		"${@:2}" >>"$work/$1.log" 2>"$work/$1.err" </dev/null &
		echo $! >"$work/$1.pid"
		wait $!
		echo $? >"$work/$1.status"
	} &
	soon test -s "$work/$1.pid" || fail "does not start"
}

# ended NAME STATUS: another test may have begun it
ended()
{
	soon test -s "$work/$1.status" || fail "$1 has not ended: $(cat "$work/$1.err")"
	[ "$(cat "$work/$1.status")" = "$2" ] || fail "$1: status $(cat "$work/$1.status"): $(cat "$work/$1.err")"
}

# begin_logd: the lines of all that run one after the other are in logd.log
begin_logd()
{
	begin logd safenode-logd
	soon test -S /run/safenode/log || fail "does not start: $(cat "$work/logd.err")"
}

logd_says()
{
	soon grep -qF -e "safenode-logd: $1" "$work/logd.err" || fail "no '$1': $(cat "$work/logd.err")"
}

end_logd()
{
	signal TERM logd
	ended logd 0
}

# follow NAME OPTION...: its lines are in NAME.log
follow()
{
	rm -f "$work/$1.log"
	begin "$1" safenode-log "${@:2}"
}

# signal SIGNAL NAME
signal()
{
	kill "-$1" "$(cat "$work/$2.pid")" || fail "$2 has ended: $(cat "$work/$2.err")"
}

# has_lines NAME NR [PATTERN]
has_lines()
{
	[ "$(grep -c "${3-op=net.socket}" "$work/$1.log")" = "$2" ]
}

gets()
{
	soon has_lines "$@" || fail "$1 has $(grep -c "${3-op=net.socket}" "$work/$1.log") lines, not $2"
}

waits_until_loaded()
{
	begin_logd
	logd_says "waits: safenode is not loaded; run safenode-load"
	safenode-load || fail "cannot load"
	logd_says "reads the events"
}

second_is_refused()
{
	run 1 safenode-logd
	said "safenode-logd: " "safenode-logd runs already, as process $(cat "$work/logd.pid")"
}

all_get_everything()
{
	local n

	for n in 1 2 3 4 5; do
		follow all$n
	done
	follow one --cgroup f2
	sleep 1
	run 0 "${f1[@]}" -- "$tenant" deny 100
	run 0 safenode-attach --cgroup f2 --dir /srv/t2 --safe-mode -- "$tenant" deny 20
	for n in 1 2 3 4 5; do
		gets all$n 120
	done
	gets one 20
	has_lines one 20 "tenant=f2 " || fail "$(grep -v "tenant=f2 " "$work/one.log" | head -n 3)"
	# who comes later gets what came before
	run 0 safenode-log --no-wait
	silent
	[ "$(grep -c op=net.socket "$work/out")" = 120 ] || fail "$(wc -l <"$work/out") lines later"
	# each tells the time by the clocks of its own
	cmp <(cut -d' ' -f2- "$work/all1.log") <(cut -d' ' -f2- "$work/all5.log") || fail "not the same lines"
	for n in 1 2 3 4 5; do
		signal KILL all$n
	done
	signal KILL one
}

kinds_are_chosen()
{
	run 0 safenode-log --no-wait --cgroup f2 --op net.socket
	[ "$(wc -l <"$work/out")" = 20 ] || fail "$(wc -l <"$work/out") lines of f2"
	run 0 safenode-log --no-wait --cgroup f2 --op net --since 1h
	[ "$(wc -l <"$work/out")" = 20 ] || fail "$(wc -l <"$work/out") lines of a family"
	run 0 safenode-log --no-wait --op code
	printed ""
	run 0 safenode-log --no-wait --since "$(date -ud "10 seconds" +%FT%TZ)"
	printed ""
	run 0 safenode-log --no-wait --cgroup f2 --op net --json
	python3 - "$work/out" "$work/logd.log" <<-'END' || fail "$(head -n 3 "$work/out")"
		import json, sys
		lines = [json.loads(line) for line in open(sys.argv[1])]
		assert len(lines) == 20
		for line in lines:
		    del line['time'], line['pid']
		    assert line == {'v': 1, 'tenant': 'f2', 'comm': 'tenant', 'op': 'net.socket', 'why': 'family',
		                    'error': 'EPERM', 'family': 1, 'known': None,
		                    'option': None, 'grantable': False}, line
		all = [json.loads(line) for line in open(sys.argv[2])]
		assert len([line for line in all if line['op'] == 'net.socket']) == 120
	END
}

# Names that are not UTF-8, as JSON and as a line
bytes_are_hex()
{
	: >$'/srv/caf\xe9'
	"${f1[@]}" -- node -e 'require("fs").readFile(Buffer.from("2f7372762f636166e9", "hex"), () => {})'
	rm $'/srv/caf\xe9'
	run 0 safenode-log --no-wait --cgroup f1 --op fs.open --json
	grep -q '"path":"/srv/caf\\ufffd","path_hex":"2f7372762f636166e9"' "$work/out" || fail "$(cat "$work/out")"
	run 0 safenode-log --no-wait --cgroup f1 --op fs.open --without-known
	grep -q ' path="/srv/caf\\xe9" path_hex=2f7372762f636166e9$' "$work/out" || fail "$(cat "$work/out")"
}

# total NAME WORD: the last one of a line of losses; the first such line may come later
total()
{
	sed -n "s/.* tenant=f3 .*$2=\([0-9]*\).*/\1/p" "$work/$1.log" | awk '{ last = $1 } END { print last + 0 }'
}

# adds_up NAME NR: the lines of f3, and those that it was told are missing
adds_up()
{
	local lines

	lines=$(grep -c "tenant=f3 .*op=net.socket" "$work/$1.log")
	[ $((lines + $(total "$1" lost) + $(total "$1" suppressed))) = "$2" ]
}

# One that stands still and one that is killed, in a flood
flood_costs_nobody()
{
	local name nr=20000

	for name in fast still dead; do
		follow $name --cgroup f3
	done
	sleep 1
	signal STOP still
	safenode-attach --cgroup f3 --dir /srv/t3 --safe-mode -- "$tenant" deny $nr >"$work/f3.out" &
	sleep 0.3
	signal KILL dead
	wait $! || fail "$(cat "$work/f3.out")"
	grep -qx "$nr refused" "$work/f3.out" || fail "$(cat "$work/f3.out")"
	soon adds_up fast $nr || fail "$(wc -l <"$work/fast.log") lines, $(tail -n 2 "$work/fast.log")"
	signal CONT still
	soon adds_up still $nr || fail "still: $(wc -l <"$work/still.log"), $(tail -n 2 "$work/still.log")"
	! grep passed-over "$work/fast.log" "$work/still.log" || fail "the backlog did not suffice"
	signal KILL fast
	signal KILL still
}

# What happens while there is no service stays on the ring
survives_kill()
{
	follow stays --follow --cgroup f1 --op net.socket --since 0s
	follow ends --cgroup f1 --op net.socket --since 0s
	sleep 1
	run 0 "${f1[@]}" -- "$tenant" deny 10
	gets stays 10
	gets ends 10
	signal KILL logd
	run 0 "${f1[@]}" -- "$tenant" deny 30
	ended ends 1
	grep -qx "safenode-log: safenode-logd has ended; start it again" "$work/ends.err" || fail "$(cat "$work/ends.err")"
	begin_logd
	logd_says "reads the events"
	run 0 "${f1[@]}" -- "$tenant" deny 5
	gets stays 45
	grep -qx "safenode-log: safenode-logd has ended; start it again" "$work/stays.err" || fail "$(cat "$work/stays.err")"
}

reads_again()
{
	[ "$(tail -n 1 "$work/logd.err")" = "safenode-logd: reads the events" ]
}

# The one of above goes on through an upgrade and back
survives_other_versions()
{
	run 0 safenode-detach --cgroup f2
	run 0 safenode-detach --cgroup f3
	as_next safenode-load || fail "cannot load the next version"
	logd_says "waits: another version of safenode is loaded; restart its safenode-logd"
	run 0 safenode-load
	soon reads_again || fail "$(cat "$work/logd.err")"
	run 0 "${f1[@]}" -- "$tenant" deny 8
	gets stays 53
	signal KILL stays
}

# Nobody reads what it writes: others get their lines all the same
writing_is_not_waited_for()
{
	local reader

	end_logd
	mkfifo "$work/fifo"
	sleep 1000 <>"$work/fifo" &
	reader=$!
	begin logd sh -c "exec safenode-logd >$work/fifo"
	logd_says "reads the events"
	run 0 "${f1[@]}" -- "$tenant" deny 250
	sleep 1
	run 0 "${f1[@]}" -- "$tenant" deny 250
	follow fifo --cgroup f1
	gets fifo 500
	signal KILL fifo
	end_logd
	logd_says "the journal takes nothing"
	kill $reader
}

# A log that reads the ring leaves it to the service that starts
ring_is_handed_over()
{
	follow alone --cgroup f1
	soon grep -q "safenode-logd does not run: reads the events itself" "$work/alone.err" || fail "$(cat "$work/alone.err")"
	run 0 "${f1[@]}" -- "$tenant" deny 10
	gets alone 10
	begin_logd
	logd_says "reads the events"
	run 0 "${f1[@]}" -- "$tenant" deny 20
	gets alone 30
	follow second --cgroup f1
	gets second 20
}

ends_with_unload()
{
	run 0 safenode-detach --cgroup f1
	follow on --follow
	sleep 1
	run 0 safenode-load --unload
	ended second 1
	grep -qx "safenode-log: safenode is not loaded; run safenode-load" "$work/second.err" || fail "$(cat "$work/second.err")"
	soon grep -qx "safenode-log: safenode is not loaded; run safenode-load" "$work/on.err" || fail "$(cat "$work/on.err")"
	signal KILL on
	end_logd
	[ ! -e /run/safenode/log ] || fail "its socket is left"
}

part_logd()
{
	need_unloaded
	it "logd waits until safenode is loaded" waits_until_loaded
	it "a second logd is refused, and names the first" second_is_refused
	it "every log gets every line, those before it included" all_get_everything
	it "operations, families and times are chosen; JSON says the same" kinds_are_chosen
	it "bytes that are not UTF-8 are also hex" bytes_are_hex
	it "in a flood a log that stands still and one that is killed cost the others nothing" flood_costs_nobody
	it "what is refused while logd was killed is read by the next" survives_kill
	it "logd waits while another version is loaded, and reads on" survives_other_versions
	it "logd does not wait for who reads what it writes" writing_is_not_waited_for
	it "a log that reads the ring leaves it to the logd that starts" ring_is_handed_over
	it "a log ends with unload; with --follow it waits, as logd does" ends_with_unload
}
