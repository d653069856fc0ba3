# SPDX-License-Identifier: GPL-2.0-only
# Attach typed at an interactive shell: the tenant's session, its terminal, --terminal.
# shellcheck shell=bash disable=SC2012,SC2016,SC2034,SC2086,SC2154,SC2317

# Where the shell at the terminal finds them; "report" and "got" are written by the tenant
export tenant work
export attach="safenode-attach --cgroup f1 --dir /srv/t1 --safe-mode"

# typed <<ORDERS: somebody types them to a shell; nothing of what was before is there
typed()
{
	soon is_idle || fail "runs still"
	rm -f "$work"/typed.* /srv/t1/got /srv/t1/report
	"$here/typed" || fail "at the terminal"
}

is_idle()
{
	! grep -q "populated 1" "$cgroups/f1/cgroup.events"
}

# has FILE TEXT: all of it
has()
{
	[ "$(cat "$1")" = "$2" ] || fail "${1##*/}: '$(cat "$1")', not '$2'"
}

# state PID LETTER: of /proc/PID/stat
state()
{
	[ "$(sed 's/.*) //; s/ .*//' "/proc/$1/stat")" = "$2" ]
}
export -f state

# Both ways to start a job, and a caller that does not want to hear of children
own_session()
{
	local how

	for how in "$attach" "env --ignore-signal=CHLD $attach"; do
		export how
		typed <<-'END'
			type $how -- $tenant session >$work/typed.back 2>$work/typed.err & echo $! >$work/typed.pid; wait $!; echo $? >$work/typed.status
			until [ -s $work/typed.status ]
			type $how -- $tenant session >$work/typed.front 2>>$work/typed.err; echo $? >>$work/typed.status
			until [ $(wc -l <$work/typed.status) = 2 ]
		END
		has "$work/typed.status" $'0\n0'
		has "$work/typed.back" "pid $(cat "$work/typed.pid"), session of its own, no child"
		grep -qx "pid [0-9]*, session of its own, no child" "$work/typed.front" ||
			fail "$(cat "$work/typed.front")"
		[ "$(grep -c "^safenode-attach: standard input is /dev/null now" "$work/typed.err")" = 2 ] ||
			fail "$(cat "$work/typed.err")"
	done
}

# attack CONDITION COMMAND...: on a job beside it, until that is true; then how is the job?
attack()
{
	export condition=$1 attacker="${*:2}"
	typed <<-'END'
		type sleep 1000 & echo $! >$work/typed.victim
		until state $(cat $work/typed.victim) S
		type $attacker $(cat $work/typed.victim) >$work/typed.attack &
		until eval "$condition"
		until sed 's/.*) //; s/ .*//' /proc/$(cat $work/typed.victim)/stat >$work/typed.state
		type kill -9 $(cat $work/typed.victim)
	END
}

victims()
{
	attack 'state $(cat $work/typed.victim) T' "$tenant" group
	has "$work/typed.attack" "joined"
	attack '[ $(wc -l <$work/typed.attack) = 2 ]' "$attach" -- "$tenant" group
	has "$work/typed.attack" $'EPERM\nset: EPERM'
	has "$work/typed.state" S
	attack '[ $(wc -l <$work/typed.attack) = 2 ]' "$attach" -t -- "$tenant" group
	has "$work/typed.attack" $'EPERM\nset: EPERM'
	has "$work/typed.state" S
}

# The kernel lets who ignores SIGTTOU: what is typed to another job would then be SIGINT for it
modes()
{
	attack '[ $(wc -l <$work/typed.attack) = 2 ]' env --ignore-signal=TTOU "$tenant" group
	has "$work/typed.attack" $'joined\nset: ok'
	attack '[ $(wc -l <$work/typed.attack) = 2 ]' env --ignore-signal=TTOU "$attach" -t -- "$tenant" group
	has "$work/typed.attack" $'EPERM\nset: EPERM'
	has "$work/typed.state" S
	typed <<-'END'
		type $attach -t -- $tenant group 1 >$work/typed.front
		until [ $(wc -l <$work/typed.front) = 2 ]
	END
	has "$work/typed.front" $'EPERM\nset: ok'
}

# In the background it would come to the foreground, for both groups have the number 0
other_namespace()
{
	typed <<-'END'
		type unshare --pid --fork $attach -t -- $tenant session 2>$work/typed.err; echo $? >$work/typed.status
		until [ -s $work/typed.status ]
	END
	has "$work/typed.status" 2
	grep -q "outside of its PID namespace" "$work/typed.err" || fail "$(cat "$work/typed.err")"
}

listeners()
{
	typed <<-'END'
		type sh -c 'setsid $tenant echo >$work/typed.got; true' &
		again : typed to the shell : grep -q "got : typed" $work/typed.got
	END
	typed <<-'END'
		type sh -c '$attach -- $tenant echo >$work/typed.got 2>$work/typed.err; echo end >$work/typed.done' &
		type echo one >>$work/typed.lines
		until [ -e $work/typed.done ]
		type echo two >>$work/typed.lines
		type echo three >>$work/typed.lines
		until [ $(wc -l <$work/typed.lines) = 3 ]
	END
	has "$work/typed.got" ""
	[ "$(wc -l <"$work/typed.err")" = 1 ] || fail "$(cat "$work/typed.err")"
}

# What it can do with the terminal on 1, which was open for reading
written_only()
{
	local all="tty no yes yes, size yes, read EBADF, open ENOENT, set EPERM, count EPERM"

	typed <<-'END'
		type chmod 666 $(tty); $tenant terminal; mv report $work/typed.bare
		until [ -s $work/typed.bare ]
		type chmod 666 $(tty); $attach -- $tenant terminal
		until [ -s /srv/t1/report ]
	END
	has /srv/t1/report "$all"
	has "$work/typed.bare" "tty yes yes yes, size yes, read none, open ok, set ok, count ok"
	# the leader of the terminal's session, as a login is
	typed <<-'END'
		type chmod 666 $(tty); exec $attach -- $tenant terminal
		until [ -s /srv/t1/report ]
	END
	has /srv/t1/report "tty yes yes yes, size yes, read none, open ENOENT, set ok, count ok"
}

job_control()
{
	# Ctrl-C ends it without --terminal, too: the terminal's foreground group has its number
	typed <<-'END'
		type $attach -- $tenant wait
		until [ "$(cat /sys/fs/cgroup/safenode/f1/cgroup.procs)" ] && grep -qx tenant /proc/$(cat /sys/fs/cgroup/safenode/f1/cgroup.procs)/comm
		key C
		until ! [ "$(cat /sys/fs/cgroup/safenode/f1/cgroup.procs)" ]
		type echo $? >$work/typed.status
		until [ -s $work/typed.status ]
	END
	has "$work/typed.status" 130
	typed <<-'END'
		type $attach -t -- $tenant echo; echo $? >>$work/typed.status
		until [ "$(cat /sys/fs/cgroup/safenode/f1/cgroup.procs)" ] && [ -e /srv/t1/got ]
		type hello
		until grep -qx "got hello" /srv/t1/got
		key Z
		until [ -s $work/typed.status ] && state $(cat /sys/fs/cgroup/safenode/f1/cgroup.procs) T
		type echo to the shell >$work/typed.shell
		until [ -s $work/typed.shell ]
		type fg
		until state $(cat /sys/fs/cgroup/safenode/f1/cgroup.procs) S
		type again
		until grep -qx "got again" /srv/t1/got
		key C
		until ! [ "$(cat /sys/fs/cgroup/safenode/f1/cgroup.procs)" ]
		type echo $? >>$work/typed.status
		until [ $(wc -l <$work/typed.status) = 2 ]
	END
	has "$work/typed.status" $'148\n130'
	has /srv/t1/got $'got hello\ngot again'
}

# In a script it makes itself a group, and comes to the foreground; a failure gives that back
scripts()
{
	make_foreign "$work/foreign"
	typed <<-'END'
		type sh -c '$attach -t -- $tenant echo; echo $? >$work/typed.status'
		until [ -e /srv/t1/got ]
		type hello
		until grep -qx "got hello" /srv/t1/got
		key C
		until [ -s $work/typed.status ]
	END
	has "$work/typed.status" 130
	typed <<-'END'
		type sh -c '$attach -t -- $work/foreign 2>$work/typed.err; read x; echo $x >$work/typed.line'
		until [ -s $work/typed.err ]
		type to the script
		until [ -s $work/typed.line ]
	END
	has "$work/typed.line" "to the script"
	grep -q "foreign" "$work/typed.err" || fail "$(cat "$work/typed.err")"
}

pipelines()
{
	typed <<-'END'
		type $attach -- $tenant session 2>$work/typed.err | cat; echo ${PIPESTATUS[0]} >$work/typed.status
		until [ -s $work/typed.status ]
		type $attach -t -- $tenant session 2>>$work/typed.err | cat; echo ${PIPESTATUS[0]} >>$work/typed.status
		until [ $(wc -l <$work/typed.status) = 2 ]
	END
	has "$work/typed.status" $'2\n2'
	[ "$(wc -l <"$work/typed.err")" = 2 ] || fail "$(cat "$work/typed.err")"
	sed -n 1p "$work/typed.err" | grep -q "setsid -w" || fail "$(cat "$work/typed.err")"
	sed -n 2p "$work/typed.err" | grep -q -e "--terminal" || fail "$(cat "$work/typed.err")"
	unchanged
	typed <<-'END'
		type setsid -w $attach -- $tenant session 2>/dev/null | cat >$work/typed.first; echo ${PIPESTATUS[0]} >$work/typed.status
		until [ -s $work/typed.status ]
		type echo | $attach -- $tenant session | cat >$work/typed.second; echo ${PIPESTATUS[1]} >>$work/typed.status
		until [ $(wc -l <$work/typed.status) = 2 ]
		type echo | $attach -- $tenant session >$work/typed.third; echo $? >>$work/typed.status
		until [ $(wc -l <$work/typed.status) = 3 ]
	END
	has "$work/typed.status" $'0\n0\n0'
	[ "$(cat "$work"/typed.{first,second,third} | sed 's/[0-9]\+/N/' | uniq -c | xargs)" = \
		"3 pid N, session of its own, no child" ] || fail "$(cat "$work"/typed.{first,second,third})"
	run 0 safenode-detach --cgroup f1
}

no_terminal()
{
	refuses 2 "--terminal" -- "${f1[@]}" --terminal -- "$tenant" session
}

part_terminal()
{
	need_loaded
	remember
	it "without a terminal --terminal is refused" no_terminal
	it "typed at a shell, the tenant has a session of its own, and the process id that the shell knows" own_session
	it "a tenant cannot stop the other jobs of the terminal" victims
	it "with --terminal a tenant in the background does not set the terminal's modes" modes
	it "--terminal is refused where the process group is outside of the PID namespace" other_namespace
	it "a tenant does not read what is typed to the shell" listeners
	it "a terminal on stdout can be written, not read and not set" written_only
	it "with --terminal a tenant is a job like any other: it reads, stops, goes on, is interrupted" job_control
	it "with --terminal it comes to the foreground of a script, which has it back after a failure" scripts
	it "the first of a pipeline is refused, and told what helps" pipelines
}
