# SPDX-License-Identifier: GPL-2.0-only
# safenode-broker: ordinary users start tenants; what else they send it.
# shellcheck shell=bash disable=SC2016,SC2034,SC2154,SC2317

forge=$here/forge
broker=(safenode-broker)
answered=/run/safenode-broker
acts_refused="unix-socket=EPERM read-outside=ENOENT list-root=ENOENT chdir=EPERM fork=EACCES write-inside=ok"

# as USER COMMAND...: with the groups that it has
as_user()
{
	setpriv --reuid "$1" --regid "$1" --init-groups "${@:2}"
}

# asks NAME OPTION...: t1 does, for a tenant of that name
asks()
{
	as_user t1 safenode-attach --cgroup "$1" --dir /srv/t1 --safe-mode "${@:2}"
}

broker_is_there()
{
	[ -S $answered ]
}

# The broker sees another /run than who asks it
elsewhere=(unshare --mount sh -c 'mount -t tmpfs none /run/safenode-kept && exec safenode-broker')

# start_broker [OPTION...]
start_broker()
{
	rm -f $answered
	"${broker[@]}" "$@" >"$work/broker.out" 2>"$work/broker.err" </dev/null &
	echo $! >"$work/broker.pid"
	disown # one test kills it
	soon broker_is_there || fail "does not start: $(cat "$work/broker.err")"
}

stop_broker()
{
	kill "$(cat "$work/broker.pid")"
	soon is_gone "$(cat "$work/broker.pid")" || fail "does not end"
	rm -f $answered
	[ ! -s "$work/broker.out" ] || fail "printed: $(cat "$work/broker.out")"
}

has_tenants()
{
	[ "$(safenode-status | sed -n 's/^\([0-9]*\) tenants, \([0-9]*\) running.*/\1 \2/p')" = "$1" ]
}

# Those that have ended go at some time: soon is too short
all_have_gone()
{
	local i

	for ((i = 0; i < 60; i++)); do
		! has_tenants "0 0" || return 0
		sleep 1
	done
	fail "left: $(safenode-status)"
}

# ---- what works ----

broker_is_needed()
{
	run 1 asks b1 -- "$tenant" acts
	said "must be run as root, or where safenode-broker runs" "safenode-broker.socket"
	unchanged
}

user_starts_a_tenant()
{
	run 0 "$tenant" acts
	! [ "$(cat "$work/out")" = "$acts_refused" ] || fail "refused without safenode: $(cat "$work/out")"
	run 0 asks b1 -- "$tenant" acts
	printed "$acts_refused"
	run 0 safenode-log --no-wait --cgroup 2001:b1
	grep -q ' tenant=2001:b1 .* op=net.socket ' "$work/out" || fail "$(cat "$work/out")"
	# the name is free when it has ended
	run 0 asks b1 -- "$tenant" acts
	printed "$acts_refused"
	all_have_gone
	unchanged
}

# Same process, stdio and status, in a cgroup below the caller's, with its groups and no others
it_is_the_callers_process()
{
	local own=/sys/fs/cgroup/b.service pid

	mkdir -p $own
	(echo "$BASHPID" >$own/cgroup.procs && exec setpriv --reuid t1 --regid t1 --init-groups \
		safenode-attach --cgroup b1 --dir /srv/t1 --safe-mode -- "$tenant" wait) >"$work/b1.out" 2>&1 </dev/null &
	pid=$!
	soon grep -qx $pid "$own/2001:b1/cgroup.procs" || fail "$(cat "$work/b1.out")"
	soon grep -qx tenant "/proc/$pid/comm" || fail "$(cat "/proc/$pid/comm")"
	[ "$(stat -c %u:%a "$own/2001:b1" | cut -d: -f1)" = 0 ] || fail "it is not root's"
	grep -qx 'Uid:	2001	2001	2001	2001' "/proc/$pid/status" || fail "$(grep Uid "/proc/$pid/status")"
	grep -qx 'NoNewPrivs:	1' "/proc/$pid/status" || fail "$(grep NoNew "/proc/$pid/status")"
	grep -qx 'TracerPid:	0' "/proc/$pid/status" || fail "$(grep Tracer "/proc/$pid/status")"
	[ "$(ls "/proc/$pid/fd" | sort -n | xargs)" = "0 1 2" ] || fail "$(ls -l "/proc/$pid/fd")"
	run 2 asks b1 -- "$tenant" acts
	said "tenant 'b1' is running, in $own/2001:b1; choose another name, or safenode-detach --cgroup b1 --kill first"
	touch /srv/t1/stop
	wait $pid || fail "status $?"
	rm /srv/t1/stop
	all_have_gone
	soon rmdir $own || fail "$(ls $own)"
	unchanged
}

options_arrive()
{
	local own=/sys/fs/cgroup/b.service passed_on

	# as systemd passes it on to a unit with Delegate=yes
	passed_on=$(cat /sys/fs/cgroup/cgroup.subtree_control)
	echo +pids >/sys/fs/cgroup/cgroup.subtree_control
	mkdir -p $own/server
	setfattr -n user.delegate -v 1 $own
	rm -f /srv/t1/stop
	(echo "$BASHPID" >$own/server/cgroup.procs && exec setpriv --reuid t1 --regid t1 --init-groups \
		safenode-attach --cgroup b1 --dir /srv/t1 --safe-mode --read-only /srv/shared --log-granted \
		--restricted-outgoing-addresses self,10.0.0.0/8 --allowed-outgoing-ports 53,8000-8010 \
		--allowed-listen-ports 8080 --pids-max 20 -- "$tenant" wait) >"$work/b1.out" 2>&1 </dev/null &
	soon is_away_in $own/2001:b1 $! || fail "$(cat "$work/b1.out")"
	run 0 safenode-status 2001:b1
	for line in "/srv/t1" "/srv/shared" "10.0.0.0/8" "self" "53" "8000-8010" "8080" "20"; do
		grep -qF -e "$line" "$work/out" || fail "no '$line' in: $(cat "$work/out")"
	done
	[ "$(cat $own/2001:b1/pids.max)" = 20 ] || fail "$(cat $own/2001:b1/pids.max)"
	# root ends it like any other
	run 0 safenode-detach --cgroup 2001:b1 --kill
	silent
	rmdir $own/server
	rmdir $own
	[[ " $passed_on " = *" pids "* ]] || echo -pids >/sys/fs/cgroup/cgroup.subtree_control
	unchanged
}

node_starts()
{
	echo 'console.log(process.argv[2], process.getuid(), require("fs").existsSync("/etc/passwd"),
		require("fs").existsSync("/etc/hosts"))' >/srv/t1/app.js
	chown t1 /srv/t1/app.js
	run 0 as_user t1 sh -c 'cd /srv/t1 && exec safenode --safe-mode app.js word'
	printed "word 2001 false true"
	rm /srv/t1/app.js
	all_have_gone
	unchanged
}

# What has ended goes; what was made for a process to come, and who runs, stay
ended_ones_go()
{
	run 0 "${f1[@]}"
	run 0 safenode-attach --cgroup f2 --dir /srv/t2 --safe-mode -- "$tenant" acts
	start f3 t3 -- "$tenant" wait
	i=0
	until has_tenants "2 1" || [ $((i += 1)) -gt 60 ]; do sleep 1; done
	has_tenants "2 1" || fail "$(safenode-status)"
	run 0 safenode-detach --cgroup f1
	stop_kept f3 t3
	all_have_gone
	unchanged
}

# ---- a baseline that root has kept ----

# asks_no_loader NAME COMMAND...: t1 does, and can start no other process
asks_no_loader()
{
	as_user t1 env LD_PRELOAD="$here/failat.so" FAILAT=posix_spawn:1 safenode-attach --cgroup "$1" \
		--dir /srv/t1 --safe-mode -- "${@:2}"
}

no_loader()
{
	run 1 asks_no_loader b1 "$tenant" acts
	said "Resource temporarily unavailable"
}

# Root keeps it, and it is there alone
root_keeps()
{
	rm -rf /run/safenode-kept
	run 0 "${f1[@]}" -- "$tenant" acts
	all_have_gone
	[ "$(stat -c %a /run/safenode-kept /run/safenode-kept/baseline-* | xargs)" = "711 644" ] ||
		fail "$(ls -la /run/safenode-kept)"
}

kept_is_taken()
{
	rm -rf /run/safenode-kept
	no_loader
	root_keeps
	run 0 asks_no_loader b1 "$tenant" acts
	printed "$acts_refused"
	all_have_gone
	# what others cannot see anyway they do not read of
	chmod 600 /run/safenode-kept/baseline-*
	no_loader
	run 0 asks b1 -- "$tenant" acts
	printed "$acts_refused"
	chmod 644 /run/safenode-kept/baseline-*
	# something that it depends on is another than it was
	ldconfig
	no_loader
	run 0 asks b1 -- "$tenant" acts
	printed "$acts_refused"
	sleep 3
	all_have_gone
	unchanged
}

# Once for all of them, and there as long as one of them is
kept_is_shared()
{
	local script='const { existsSync } = require("fs"); const wait = () => !existsSync("go") ? setTimeout(wait, 100) :
		console.log(existsSync("/etc/hosts"), existsSync("/etc/passwd")); wait();' alone both

	rm -f /srv/t1/go
	start roots t3 -- node -e "$script"
	alone=$(names_in_force)
	(exec setpriv --reuid t1 --regid t1 --init-groups safenode-attach --cgroup b1 --dir /srv/t1 --safe-mode -- \
		node -e "$script") >"$work/b1.out" 2>&1 </dev/null &
	soon grep -qx $! "$(below_own 2001:b1)/cgroup.procs" || fail "$(cat "$work/b1.out")"
	both=$(names_in_force)
	# its own are the way to its cgroup's cpu.max
	[ $((both - alone)) -lt 20 ] && [ "$alone" -gt 40 ] || fail "$alone names, then $both"
	run 0 safenode-detach --cgroup roots --kill
	[ "$(names_in_force)" -gt 40 ] || fail "the baseline has gone"
	touch /srv/t1/go
	wait $! || fail "$(cat "$work/b1.out")"
	[ "$(cat "$work/b1.out")" = "true false" ] || fail "$(cat "$work/b1.out")"
	rm /srv/t1/go
	all_have_gone
	unchanged
}

names_in_force()
{
	"$here/look" names
}

# The caller finds it, the broker does not: it is as before
kept_elsewhere()
{
	root_keeps
	stop_broker
	broker=("${elsewhere[@]}")
	start_broker
	no_loader
	run 0 asks b1 -- "$tenant" acts
	printed "$acts_refused"
	all_have_gone
	stop_broker
	broker=(safenode-broker)
	start_broker
	unchanged
}

forged_numbers()
{
	local number scope

	root_keeps
	number=$(ls /run/safenode-kept)
	number=${number#baseline-}
	scope=$(od -An -tx8 -j24 -N8 /run/safenode-kept/baseline-* | tr -d ' ')
	answers "ESTALE: no such baseline is kept as /run/safenode-kept/baseline-0000000000000001" kept "1:$scope"
	answers "ESTALE: no such baseline is kept as /run/safenode-kept/baseline-$number" kept "$number:1"
	answers "EPERM: it is not the safenode-attach or safenode in" kept "$number:$scope"
	answers "EINVAL: malformed request: a rule beside those of a kept baseline" beside "$number:$scope"
	chmod 600 "/run/safenode-kept/baseline-$number"
	answers "ESTALE: no such baseline is kept as" kept "$number:$scope"
	rm "/run/safenode-kept/baseline-$number"
}

# ---- what is told, and ended ----

# waits_as USER: a tenant b1 of that user
waits_as()
{
	rm -f "/srv/$1/stop"
	(exec setpriv --reuid "$1" --regid "$1" --init-groups safenode-attach --cgroup b1 --dir "/srv/$1" \
		--safe-mode -- "$tenant" wait) >"$work/$1.out" 2>&1 </dev/null &
	echo $! >"$work/$1.waits"
	disown # that it was killed is not to be said
	soon grep -qx "$(cat "$work/$1.waits")" "$(below_own "$(id -u "$1"):b1")/cgroup.procs" || fail "$(cat "$work/$1.out")"
}

# Root's, and those of two users
three_tenants()
{
	usermod -aG safenode t2
	start roots t3 -- "$tenant" wait
	waits_as t1
	waits_as t2
}

three_end()
{
	stop_kept roots t3
	touch /srv/t1/stop /srv/t2/stop
	for user in t1 t2; do
		soon is_gone "$(cat "$work/$user.waits")" || fail "that of $user does not end"
	done
	rm /srv/t1/stop /srv/t2/stop
	gpasswd -d t2 safenode >/dev/null
	all_have_gone
	unchanged
}

users_see_their_own()
{
	local form

	three_tenants
	run 0 safenode-status
	for name in roots 2001:b1 2002:b1; do
		grep -qF "$name" "$work/out" || fail "root sees no $name: $(cat "$work/out")"
	done
	for form in "" --json 2001:b1 b1 "--json b1"; do
		# shellcheck disable=SC2086 # words
		run 0 as_user t1 safenode-status $form
		silent
		grep -q "2001:b1" "$work/out" || fail "$form: $(cat "$work/out")"
		! grep -q "2002\|roots" "$work/out" || fail "$form: $(cat "$work/out")"
	done
	grep -q '"without_policy":null' "$work/out" || fail "$(cat "$work/out")"
	run 0 as_user t1 safenode-status
	grep -q "^1 tenant, 1 running" "$work/out" || fail "$(cat "$work/out")"
	run 1 as_user t1 safenode-status 2002:b1
	said "'2002:b1' is not a tenant of user 2001"
	run 1 as_user t1 safenode-status roots
	said "no tenant '2001:roots'"
	three_end
}

# deny_three USER: a tenant of that user is refused three sockets
deny_three()
{
	run 0 as_user "$1" safenode-attach --cgroup b2 --dir "/srv/$1" --safe-mode -- "$tenant" deny 3
}

users_read_their_own()
{
	usermod -aG safenode t2
	run 1 as_user t1 safenode-log --no-wait
	said "safenode-logd" "does not run"
	rm -f "$work/logd.log"
	begin_logd
	deny_three t2
	deny_three t1
	run 0 safenode-log --no-wait --since 10m
	grep -q " tenant=2002:b2 " "$work/out" || fail "root: $(cat "$work/out")"
	for named in "" "--cgroup b2" "--cgroup 2001:b2"; do
		# shellcheck disable=SC2086 # words
		run 0 as_user t1 safenode-log --no-wait --op net.socket $named
		[ "$(grep -c " tenant=2001:b2 " "$work/out")" -ge 3 ] || fail "$named: $(cat "$work/out")"
		! grep -v " tenant=2001:" "$work/out" || fail "$named: $(cat "$work/out")"
	done
	run 1 as_user t1 safenode-log --no-wait --cgroup 2002:b2
	said "'2002:b2' is not a tenant of user 2001"
	run 1 as_user t1 safenode-log --suggest --cgroup b2
	said "must be run as root"
	# as it happens
	rm -f "$work/own.log"
	begin own setpriv --reuid t1 --regid t1 --init-groups safenode-log --op net.socket
	soon has_lines own 3 " tenant=2001:b2 " || fail "$(cat "$work/own.log" "$work/own.err")"
	deny_three t2
	deny_three t1
	soon has_lines own 6 " tenant=2001:b2 " || fail "$(cat "$work/own.log" "$work/own.err")"
	! grep -v " tenant=2001:" "$work/own.log" || fail "$(cat "$work/own.log")"
	signal TERM own
	end_logd
	gpasswd -d t2 safenode >/dev/null
	all_have_gone
	unchanged
}

users_end_their_own()
{
	three_tenants
	run 1 as_user t1 safenode-detach --cgroup b1
	said "tenant '2001:b1' is running" "--kill"
	run 1 as_user t1 safenode-detach --cgroup 2002:b1 --kill
	said "'2002:b1' is not a tenant of user 2001"
	run 1 as_user t1 safenode-detach --cgroup roots --kill
	said "no tenant '2001:roots'"
	has_tenants "3 3" || fail "$(safenode-status)"
	run 0 as_user t1 safenode-detach --cgroup b1 --kill
	silent
	has_tenants "2 2" || fail "$(safenode-status)"
	[ ! -d "$(below_own 2001:b1)" ] || fail "its cgroup is left"
	three_end
	for tool in "safenode-log --no-wait" "safenode-detach --cgroup b1"; do
		# shellcheck disable=SC2086 # words
		run 1 as_user t2 $tool
		said "by a member of the group 'safenode'"
	done
}

# A server in JavaScript; 'exit' comes when the name is free again
server_has_tenants()
{
	cat >/srv/t1/server.js <<-END
		const { spawn } = require('$here/../npm/node_modules/safenode');
		const start = () => {
			const child = spawn('app.js', { cgroup: 'js', dir: '/srv/t1', stdio: ['ignore', 'inherit', 'inherit'] });
			child.on('denial', ({ op, path, tenant }) => path === '/etc/passwd' && console.log(op, tenant, child.tenant));
			child.on('error', (error) => console.log(error.message));
			return new Promise((resolve) => child.on('exit', resolve));
		};
		start().then(start).then((status) => console.log('status', status));
	END
	echo 'require("fs").readFile("/etc/passwd", (error) => { console.log(error.code); process.exitCode = 7; })' >/srv/t1/app.js
	rm -f "$work/logd.log"
	begin_logd
	run 0 as_user t1 node /srv/t1/server.js
	[ "$(sort "$work/out" | uniq -c | xargs)" = "2 ENOENT 2 fs.open 2001:js js 1 status 7" ] || fail "$(cat "$work/out" "$work/err")"
	end_logd
	rm /srv/t1/app.js /srv/t1/server.js
	unchanged
}

# ---- what is refused ----

# refused STATUS TEXT -- COMMAND...: t1 is, and nothing is left
refused()
{
	run "$1" as_user t1 "${@:4}"
	said "$2"
	unchanged
}

only_root_may()
{
	local t1=(safenode-attach --cgroup b1 --dir /srv/t1 --safe-mode)

	refused 1 "--user of another user" -- "${t1[@]}" --user t2 -- "$tenant" acts
	refused 1 "--supplementary-group" -- "${t1[@]}" --supplementary-group 0 -- "$tenant" acts
	refused 1 "--observe" -- "${t1[@]}" --observe -- "$tenant" acts
	refused 1 "--warm" -- "${t1[@]}" --warm -- "$tenant" acts
	refused 1 "a policy without COMMAND" -- "${t1[@]}"
	refused 1 "must be run as root" -- "${t1[@]}" --replace
	refused 1 "must be run as root" -- "${t1[@]}" --narrow
	refused 1 "cannot enter /srv/t2" -- safenode-attach --cgroup b1 --dir /srv/t2 --safe-mode -- "$tenant" acts
	run 1 as_user t2 safenode-attach --cgroup b1 --dir /srv/t2 --safe-mode -- "$tenant" acts
	said "by a member of the group 'safenode'"
	# another's name, and a name as the broker gives it
	refused 2 "is no name" -- safenode-attach --cgroup 2002:b1 --dir /srv/t1 --safe-mode -- "$tenant" acts
}

# answers TEXT WORD...: to what t1 forges so; nothing comes of it, and the next one is served
answers()
{
	local text=$1

	shift
	run 0 as_user t1 sh -c 'cd /srv/t1 && exec "$@"' sh "$forge" "$@"
	grep -qF -e "$text" "$work/out" || fail "$*: '$(cat "$work/out")', not '$text'"
	rm -f /srv/t1/fifo
	unchanged
}

forged_ones()
{
	answers "EPERM: it is not the safenode-attach or safenode in" plain
	answers "EINVAL: malformed request: its length" garbage
	answers "EPIPE: it has gone" empty
	answers "EPERM: the request is of another connection" replay
	answers "of user 2001 has sent what process" child
	answers "EPERM: it has not set no_new_privs" privileges
	answers "EPERM: it has threads" threads
	answers "EINVAL: a descriptor was handed over that is not O_PATH" open
	answers "cannot be a tenant's directory" fifo
	answers "mounted nowhere" socket
	for path in /etc/hosts /dev/null /proc / /sys/fs/cgroup; do
		answers "'$path' cannot be a tenant's directory" place $path
	done
	run 0 asks b1 -- "$tenant" acts
	printed "$acts_refused"
	all_have_gone
}

# A copy has the same bytes, and is the user's
copies()
{
	cp "$(command -v safenode-attach)" /srv/t1/safenode-attach
	refused 1 "it is not the safenode-attach or safenode in" -- \
		/srv/t1/safenode-attach --cgroup b1 --dir /srv/t1 --safe-mode -- "$tenant" acts
	rm /srv/t1/safenode-attach
}

# Whoever is left with the connection is not who was met
heirs()
{
	run 0 as_user t1 sh -c 'cd /srv/t1 && exec "$@"' sh "$forge" heir
	sleep 1
	! grep -q granted "$work/out" || fail "$(cat "$work/out")"
	unchanged
}

# It sends a request, and is another program when that is looked at; a set-user-id one for one
other_programs()
{
	local i

	cp /bin/sleep /usr/bin/as-root && chmod 4755 /usr/bin/as-root
	for program in /bin/sleep /usr/bin/as-root; do
		as_user t1 sh -c 'cd /srv/t1 && exec "$@"' sh "$forge" exec $program 2 >"$work/out" 2>&1 </dev/null
		sleep 1
		unchanged
	done
	rm /usr/bin/as-root
	[ "$(grep -c "it has not set no_new_privs\|it has several users\|it is not the safenode" "$work/broker.err")" -ge 2 ] ||
		fail "$(cat "$work/broker.err")"
}

# By another tracer the caller could be changed after it was looked at
traced_ones()
{
	run 1 as_user t1 strace -o /dev/null safenode-attach --cgroup b1 --dir /srv/t1 --safe-mode -- "$tenant" acts
	grep -q "cannot stop process .*traced" "$work/err" || fail "$(cat "$work/err")"
	unchanged
}

# Whoever asks it waits for good, so it is not asked
fuse()
{
	modprobe fuse || fail "no fuse"
	mkdir -p "$work/fuse"
	mkfifo "$work/fuse.in"
	"$forge" fuse "$work/fuse" <"$work/fuse.in" >"$work/fuse.out" &
	exec 9>"$work/fuse.in"
	soon grep -q mounted "$work/fuse.out" || fail "cannot mount"
	run 0 timeout 60 setpriv --reuid t1 --regid t1 --init-groups "$forge" place "$work/fuse"
	exec 9>&-
	umount -l "$work/fuse"
	grep -q "which is on fuse; put it on ext4" "$work/out" || fail "$(cat "$work/out")"
}

user_namespaces()
{
	run 0 as_user t1 sh -c 'cd /srv/t1 && exec "$@"' sh unshare --user --map-current-user "$forge" plain
	grep -q "EPERM: it is in a user namespace" "$work/out" || fail "$(cat "$work/out")"
	unchanged
}

# At each of these the caller is killed; before the exec nothing of it runs
dies_anywhere()
{
	local call status

	run 0 as_user t1 sh -c 'cd /srv/t1 && exec "$@"' sh "$forge" dies
	for call in close_range:1 prctl:1 capset:1 socket:1 socket:2 setenv:1 setenv:3 getsid:3 execv:1; do
		status=0
		as_user t1 env LD_PRELOAD="$here/failat.so" FAILAT=$call FAILAT_KILL=1 safenode-attach --cgroup b1 \
			--dir /srv/t1 --safe-mode -- "$tenant" acts >"$work/out" 2>&1 </dev/null || status=$?
		echo "$call $status" >>"$work/dies"
		! grep -q unix-socket "$work/out" || [ $status = 0 ] || fail "$call: $(cat "$work/out")"
	done
	[ "$(grep -c ' 137$' "$work/dies")" -ge 7 ] || fail "$(cat "$work/dies")"
	all_have_gone
	unchanged
}

# What fails in the broker is said to the caller, and undone
fails_anywhere()
{
	local call

	stop_broker
	for call in mkdir:1 chmod:1 bpf-update:1 bpf-update:3 bpf-update:7 write:1 open:5 calloc:1 flock:1; do
		LD_PRELOAD="$here/failat.so" FAILAT=+$call start_broker
		run_any asks b1 -- "$tenant" acts
		stop_broker
		unchanged
	done
	start_broker
}

# run_any COMMAND...: it works, or it is refused in a line
run_any()
{
	local status=0

	"$@" >"$work/out" 2>"$work/err" </dev/null || status=$?
	forget_waiting "$work/err"
	[ $status = 0 ] || [ "$(wc -l <"$work/err")" = 1 ] || fail "status $status: $(cat "$work/err")"
	[ $status != 0 ] || [ "$(cat "$work/out")" = "$acts_refused" ] || fail "$(cat "$work/out")"
	[ $status != 0 ] || all_have_gone
}

# Others are served meanwhile
crowd()
{
	usermod -aG safenode t2
	mkfifo "$work/crowd.in"
	as_user t1 "$forge" crowd 2000 <"$work/crowd.in" >"$work/crowd.out" 2>&1 &
	exec 8>"$work/crowd.in"
	for ((i = 0; i < 120; i++)); do
		[ ! -s "$work/crowd.out" ] || break
		sleep 0.5
	done
	# some may have been waited for long enough by then
	[ "$(cat "$work/crowd.out")" -ge 1900 ] || fail "turned away: $(cat "$work/crowd.out")"
	run 0 as_user t2 safenode-attach --cgroup b1 --dir /srv/t2 --safe-mode -- "$tenant" acts
	printed "$acts_refused"
	exec 8>&-
	gpasswd -d t2 safenode >/dev/null
	sleep 1
	run 0 asks b1 -- "$tenant" acts
	all_have_gone
	unchanged
}

quota()
{
	stop_broker
	start_broker --tenants-per-user 2
	rm -f /srv/t1/stop
	for name in b1 b2; do
		(exec setpriv --reuid t1 --regid t1 --init-groups safenode-attach --cgroup $name --dir /srv/t1 \
			--safe-mode -- "$tenant" wait) >"$work/$name.out" 2>&1 </dev/null &
		soon grep -qx $! "$(below_own "2001:$name")/cgroup.procs" || fail "$(cat "$work/$name.out")"
	done
	run 1 asks b3 -- "$tenant" acts
	said "user 2001 has 2 tenants, which is the most" "--tenants-per-user"
	touch /srv/t1/stop
	wait -n && wait -n
	rm /srv/t1/stop
	# those that have ended make room at once
	run 0 asks b3 -- "$tenant" acts
	printed "$acts_refused"
	all_have_gone
	stop_broker
	start_broker
	unchanged
}

stops_in_order()
{
	kill -KILL "$(cat "$work/broker.pid")"
	soon is_gone "$(cat "$work/broker.pid")" || fail "does not end"
	[ -S $answered ] || fail "its socket has gone"
	run 1 asks b1 -- "$tenant" acts
	said "must be run as root, or where safenode-broker runs" "Connection refused" "safenode-broker.socket"
	rm $answered
	run 1 asks b1 -- "$tenant" acts
	said "must be run as root, or where safenode-broker runs" "safenode-broker.socket"
	unchanged
}

part_broker()
{
	need_loaded
	if [ ! -e /run/vm/command ]; then
		skip "ordinary users start tenants" "a machine that can spare its users (tests/vm/run)"
		return
	fi
	groupadd --system --force safenode
	usermod -aG safenode t1
	install -d -m 755 /srv/shared
	remember
	it "without the broker an ordinary user is told of it" broker_is_needed
	start_broker
	it "an ordinary user starts a tenant, again and again, and it goes when it has ended" user_starts_a_tenant
	it "the tenant is the caller's own process, in a cgroup below the caller's" it_is_the_callers_process
	it "all options arrive at the broker, and root sees them" options_arrive
	it "an ordinary user's safenode starts node" node_starts
	it "tenants of root's that have ended go, and no others" ended_ones_go
	it "a baseline that root has kept is taken, while all of it is as it was" kept_is_taken
	it "it is in force once, for root's tenants and others'" kept_is_shared
	it "where the broker does not find it, the caller finds its own" kept_elsewhere
	it "an ordinary user's status shows its own tenants, and no others" users_see_their_own
	it "an ordinary user's log shows its own tenants, and no others" users_read_their_own
	it "an ordinary user detaches its own tenants, and no others" users_end_their_own
	it "a server that is not root has tenants by the npm package, and their denials" server_has_tenants
	it "what only root may do is refused, and so are other users" only_root_may
	it "forged and replayed requests, and descriptors of other kinds, are refused" forged_ones
	it "a kept baseline is taken as it is, and no other file" forged_numbers
	it "a copy of the tool is refused" copies
	it "a caller that has left its connection to a child is refused" heirs
	it "a caller that is another program by then is refused" other_programs
	it "a caller that is traced is refused" traced_ones
	it "a file system that never answers keeps nobody waiting" fuse
	it "a caller in a user namespace is refused" user_namespaces
	it "a caller that is killed anywhere leaves nothing" dies_anywhere
	it "a step of the broker that fails leaves nothing" fails_anywhere
	it "thousands of connections that say nothing keep no other user waiting" crowd
	it "a user has so many tenants and no more" quota
	it "without the broker it is as before" stops_in_order
	gpasswd -d t1 safenode >/dev/null
	rmdir /srv/shared
}
