# SPDX-License-Identifier: GPL-2.0-only
# What safenode-attach makes of its options: the process, its limits, its policy.
# shellcheck shell=bash disable=SC2012,SC2016,SC2034,SC2086,SC2154,SC2317

# f1_prints TEXT COMMAND...: as tenant f1, with the options in $options
options=()
f1_prints()
{
	local text=$1

	shift
	run 0 "${f1[@]}" "${options[@]}" -- "$@"
	printed "$text"
}

promised()
{
	# what the caller has and the tenant must not get
	exec 7</etc/hostname 11<>"$work/held"
	export USER=root LOGNAME=root HOME=/root TMPDIR=/tmp
	cd /
	f1_prints "as promised" "$tenant" self /srv/t1
	"$here/look" >"$work/after"
	[ "$(grep -c '^cgroup ' "$work/after")" = $(($(grep -c '^cgroup ' "$work/before") + 1)) ] ||
		fail "not one more cgroup: $(grep '^cgroup ' "$work/after")"
	run 0 safenode-detach --cgroup f1
	unchanged
}

other_owner()
{
	install -d -m 700 -o 4242 -g 4343 "$work/nameless"
	USER=root LOGNAME=root run 0 safenode-attach --cgroup f1 --dir "$work/nameless" --safe-mode -- \
		"$tenant" self "$work/nameless"
	printed "as promised"
}

root_by_name()
{
	install -d -m 700 "$work/roots"
	run 0 safenode-attach --cgroup f1 --dir "$work/roots" --safe-mode --user root -- \
		"$tenant" self "$work/roots"
	printed "as promised"
}

wrong_user()
{
	run 1 "${f1[@]}" --user t2 -- "$tenant" acts
	said "2002" "/srv/t1"
}

exec_fails()
{
	make_foreign "$work/foreign"
	run 1 "${f1[@]}" -- "$work/foreign"
	said "safenode-attach: " "$work/foreign" "Exec format error"
	unchanged
	head -c 100 "$tenant" >"$work/cut"
	chmod 755 "$work/cut"
	refuses 2 "$work/cut" "broken program headers" -- "${f1[@]}" -- "$work/cut"
}

same_pid()
{
	run 0 sh -c 'echo $$; exec "$@"' sh "${f1[@]}" -- sh -c 'echo $$'
	silent
	[ "$(uniq "$work/out" | wc -l) $(wc -l <"$work/out")" = "1 2" ] || fail "$(cat "$work/out")"
}

same_status()
{
	run 42 "${f1[@]}" -- sh -c 'exit 42'
	silent
	run 143 "${f1[@]}" -- sh -c 'kill -TERM $$; echo survived'
	printed ""
	run 141 "${f1[@]}" -- sh -c 'kill -PIPE $$; echo survived'
	printed ""
	# what the caller ignores stays ignored
	run 0 sh -c 'trap "" PIPE; exec "$@"' sh "${f1[@]}" -- sh -c 'kill -PIPE $$; echo survived'
	printed survived
}

signals_arrive()
{
	start f1 t1 -- sh -c 'trap "echo hup" HUP; trap "echo term; exit 3" TERM; echo ready
		while :; do read -r x <pipe; done'
	soon grep -q ready "$work/f1.out" || fail "not ready"
	kill -HUP "$(cat "$work/f1.pid")"
	soon grep -q hup "$work/f1.out" || fail "no SIGHUP"
	kill -TERM "$(cat "$work/f1.pid")"
	wait "$(cat "$work/f1.pid")"
	[ $? = 3 ] || fail "not its own exit status"
	[ "$(cat "$work/f1.out")" = $'ready\nhup\nterm' ] || fail "$(cat "$work/f1.out")"
}

stdio_passes()
{
	local got

	got=$(echo hello | "${f1[@]}" -- sh -c 'read -r x; echo "$x" again; echo aside >&2' 2>&1 | sort)
	[ "$got" = $'aside\nhello again' ] || fail "$got"
}

arguments_pass()
{
	f1_prints "[a][b c][][--cgroup][*]" printf '[%s]' a 'b c' '' --cgroup '*'
	# a script: its interpreter is started, as the kernel would
	printf '#!/usr/bin/env -S printf [%%s]\n' >/srv/t1/script
	chmod 755 /srv/t1/script
	f1_prints "[/srv/t1/script][x y]" /srv/t1/script 'x y'
	cd /srv/t1 || fail "no /srv/t1"
	f1_prints "[/srv/t1/./script][x]" ./script x
	rm -f /srv/t1/script
}

descriptors_are_kept()
{
	echo kept >"$work/kept"
	exec 7<"$work/kept" 8<"$work/kept"
	options=(--keep-fd 7)
	f1_prints "kept closed" sh -c 'read -r x <&7
		if [ -e /proc/self/fd/8 ]; then echo "$x" open; else echo "$x" closed; fi'
}

# From node, which the rest of this file replaces by something quicker
node_agrees()
{
	local got

	cat >/srv/t1/app.js <<'END'
const fs = require("fs");
const held = fs.readdirSync("/proc/self/fd").map(fd => {
	try { return fs.readlinkSync("/proc/self/fd/" + fd); } catch (error) { return error.code; }
}).filter(path => path.startsWith("/") && !path.startsWith("/proc") && path != "/dev/null");
console.log(JSON.stringify([process.pid, process.getuid(), process.getgid(), process.getgroups(),
	process.cwd(), process.env.HOME, process.env.TMPDIR, process.env.USER, process.argv[2], held]));
process.exit(9);
END
	exec 7</etc/hostname 8<"$work/held"
	export USER=root HOME=/root TMPDIR=/tmp
	got=$(sh -c 'echo $$; exec "$@"' sh "${f1[@]}" -- node app.js arg 2>&1 </dev/null | cat
		echo "${PIPESTATUS[0]}")
	rm -f /srv/t1/app.js
	[ "$(echo "$got" | sed 1d)" = "[$(echo "$got" | head -n 1),2001,2001,[2001],\
\"/srv/t1\",\"/srv/t1\",\"/srv/t1\",\"t1\",\"arg\",[]]
9" ] || fail "$got"
}

# What its server has, and an ordinary process does not
no_weight()
{
	local ordinary="oom 0, policy 0, nice 0, io 0, rtprio 0, nice limit 0, core 1"

	run 0 "$tenant" favoured "$tenant" weight
	printed "oom -900, policy 1, nice -10, io 1, rtprio 99, nice limit 40, core 18446744073709551615, flusher, and more"
	run 0 "$tenant" favoured "${f1[@]}" -- "$tenant" weight
	printed "$ordinary"
	run 0 "$tenant" favoured "${f1[@]}" -- "$tenant" session
	grep -q "session of its own, no child" "$work/out" || fail "$(cat "$work/out")"
	# what takes weight away stays
	run 0 choom -n 100 -- nice -n 5 chrt --batch 0 "${f1[@]}" -- "$tenant" weight
	printed "oom 100, policy 3, nice 5, io 0, rtprio 0, nice limit 0, core 1"
}

closed_root()
{
	chmod 711 /
	"${f1[@]}" -- "$tenant" session >"$work/out" 2>"$work/err"
	local status=$?
	chmod 755 /
	[ $status = 0 ] || fail "$(cat "$work/err")"
}

# As in a container, or a unit with LimitCORE=0: no hard limit can be raised
no_power_to_raise()
{
	local weak=(setpriv --bounding-set -sys_resource)

	run 1 prlimit --core=0 "${weak[@]}" "${f1[@]}" -- "$tenant" weight
	said "safenode-attach" "RLIMIT_CORE" "CAP_SYS_RESOURCE, or a hard limit of 1"
	run 0 prlimit --core=1 "${weak[@]}" "${f1[@]}" -- "$tenant" weight
	grep -q "core 1" "$work/out" || fail "$(cat "$work/out")"
}

limits_land()
{
	run 0 "${f1[@]}" --memory-max 100M --cpu-max 50% --pids-max 20
	silent
	[ "$(cat "$cgroups/f1/memory.max")" = 104857600 ] || fail "memory: $(cat "$cgroups/f1/memory.max")"
	[ "$(cat "$cgroups/f1/cpu.max")" = "50000 100000" ] || fail "cpu: $(cat "$cgroups/f1/cpu.max")"
	[ "$(cat "$cgroups/f1/pids.max")" = 20 ] || fail "pids: $(cat "$cgroups/f1/pids.max")"
	[ "$(cat "$cgroups/f1/memory.swap.max")" = 0 ] || fail "swap: $(cat "$cgroups/f1/memory.swap.max")"
	[ "$(cat "$cgroups"/f1/hugetlb.*.max | sort -u)" = 0 ] || fail "$(grep . "$cgroups"/f1/hugetlb.*.max)"
	run 0 "${f1[@]}" --memory-max max --cpu-max '20000 200000'
	[ "$(cat "$cgroups/f1/memory.max")" = max ] || fail "memory: $(cat "$cgroups/f1/memory.max")"
	[ "$(cat "$cgroups/f1/memory.swap.max")" = max ] || fail "swap: $(cat "$cgroups/f1/memory.swap.max")"
	! grep -q '^0$' "$cgroups"/f1/hugetlb.*.max || fail "$(grep . "$cgroups"/f1/hugetlb.*.max)"
	[ "$(cat "$cgroups/f1/cpu.max")" = "20000 200000" ] || fail "cpu: $(cat "$cgroups/f1/cpu.max")"
	[ "$(cat "$cgroups/f1/pids.max")" = max ] || fail "pids: $(cat "$cgroups/f1/pids.max")"
}

# What it has switched on is off again, for all cgroups beside it would be counted
limits_are_undone()
{
	run 0 safenode-detach --cgroup f1
	echo -pids >"$cgroups/cgroup.subtree_control"
	run 1 env LD_PRELOAD="$here/failat.so" FAILAT=execv:1 "${f1[@]}" --pids-max 20 -- "$tenant" acts
	! grep -q pids "$cgroups/cgroup.subtree_control" || fail "$(cat "$cgroups/cgroup.subtree_control")"
	run 0 "${f1[@]}" --pids-max 20 -- "$tenant" self /srv/t1
	grep -q pids "$cgroups/cgroup.subtree_control" || fail "$(cat "$cgroups/cgroup.subtree_control")"
}

# The tenant's user reads its limits, as libuv does, whatever the server's umask
umask_is_no_matter()
{
	(
		umask 077
		run 0 "${f1[@]}" --cpu-max 50% -- cat "$cgroups/f1/cpu.max"
	) || exit
	printed "50000 100000"
}

limits_hold()
{
	# awk doubles a string until there is no more memory
	run 137 "${f1[@]}" --memory-max 30M -- awk 'BEGIN { s = "x"; while (1) s = s s }'
}

# On a block device in memory; the swap that the machine has stays as it is
swap_on()
{
	modprobe zram && echo 256M >/sys/block/zram0/disksize && mkswap /dev/zram0 >/dev/null &&
		swapon -p 9 /dev/zram0 || fail "cannot make it"
}

swap_off()
{
	swapoff /dev/zram0
	echo 1 >/sys/block/zram0/reset
	rmmod zram
}

# 100 MB with a limit of 32: in none but its own memory, and there is no more of that
swap_is_no_way_out()
{
	swap_on
	trap swap_off EXIT
	run 0 "$tenant" hold 100
	run 0 "${f1[@]}" -- "$tenant" hold 100
	printed held
	run 137 "${f1[@]}" --memory-max 32M -- "$tenant" hold 100
	grep -qx "oom_kill 1" "$cgroups/f1/memory.events" || fail "$(cat "$cgroups/f1/memory.events")"
	[ "$(cat "$cgroups/f1/memory.swap.current")" = 0 ] || fail "$(cat "$cgroups/f1/memory.swap.current") in swap"
	run 0 "${f1[@]}" --memory-max 32M -- "$tenant" hold 16
	printed held
}

huge_pages_are_no_way_out()
{
	local granted="private=ok shared=ok file=ok allocated=ok unreserved=ok"

	# not local: the trap comes when the function has returned
	before=$(cat /proc/sys/vm/nr_hugepages)
	echo 16 >/proc/sys/vm/nr_hugepages
	trap 'echo $before >/proc/sys/vm/nr_hugepages' EXIT
	[ "$(cat /proc/sys/vm/nr_hugepages)" = 16 ] || fail "$(cat /proc/sys/vm/nr_hugepages) huge pages"
	run 0 "$tenant" huge
	printed "$granted"
	f1_prints "$granted" "$tenant" huge
	options=(--memory-max max)
	f1_prints "$granted" "$tenant" huge
	options=(--memory-max 200M)
	f1_prints "private=ENOMEM shared=ENOMEM file=ENOMEM allocated=ENOSPC unreserved=SIGBUS" "$tenant" huge
}

# The maps and the limits of f1, without the id of its cgroup, which is another each time. It is taken from
# where it belongs, for any other bytes may look the same: keys begin with it, and with the device it is
# the inode of the cgroup's directory, in a rule's key and in the list that repeats the key.
policy_of_f1()
{
	local id device

	id=$(printf '%016x' "$(stat -c %i "$cgroups/f1")" | sed -E 's/(..)(..)(..)(..)(..)(..)(..)(..)/\8\7\6\5\4\3\2\1/')
	device=$(printf '%02x' "$(stat -c %d "$cgroups/f1")")
	"$here/look" | grep '^map ' | sed -E "s/^(map [a-z]+) $id/\1 ID/
		s/^(map directories ID)$id$device/\1ID$device/
		s/^(map lists ID.* .*0a)$id$device/\1ID$device/" | sort
	grep . "$cgroups"/f1/{memory,cpu,pids}.max
}

policy_equals_flags()
{
	cat >"$work/policy" <<END
# the same, in other words
safe-mode
restricted-outgoing-addresses 10.0.0.0/8,::1
restricted-outgoing-addresses=192.168.1.1   # repeated
allowed-outgoing-ports = 80,443

allowed-listen-ports 8000-8100
	read-only /etc/hostname
log-granted
memory-max 100M
cpu-max 50000 100000
pids-max=20
END
	run 0 "${f1[@]}" --restricted-outgoing-addresses 10.0.0.0/8,::1 --log-granted --pids-max 20 \
		--restricted-outgoing-addresses=192.168.1.1 --allowed-outgoing-ports 80,443 \
		--allowed-listen-ports 8000-8100 --read-only /etc/hostname --memory-max 100M --cpu-max 50%
	policy_of_f1 >"$work/by-flags"
	run 0 safenode-detach --cgroup f1
	run 0 safenode-attach --policy "$work/policy" --cgroup f1 --dir /srv/t1
	policy_of_f1 >"$work/by-file"
	[ "$(grep -c '^map addresses ID' "$work/by-flags")" = 3 ] || fail "$(grep addr "$work/by-flags")"
	diff "$work/by-flags" "$work/by-file" | cut -c1-200
	cmp "$work/by-flags" "$work/by-file" || fail "other policies"
}

extra_paths()
{
	echo one >"$work/file"
	install -d -o t1 -g t1 "$work/shared"
	run 1 "${f1[@]}" -- cat "$work/file"
	grep -q "No such file" "$work/err" || fail "$(cat "$work/err")"
	options=(--read-only "$work/file")
	f1_prints one cat "$work/file"
	run 2 "${f1[@]}" -- sh -c "echo two >$work/shared/file"
	options=(--read-write "$work/shared")
	f1_prints "" sh -c "echo two >$work/shared/file"
	[ "$(cat "$work/shared/file")" = two ] || fail "nothing written"
	[ "$(stat -c %U "$work/shared/file")" = t1 ] || fail "by $(stat -c %U "$work/shared/file")"
}

# A script of the tenant's names the program, and the neighbour has written it
neighbours_program()
{
	install -o t2 -g t2 -m 755 "$tenant" /srv/t2/program
	echo '#!/srv/t2/program acts' >"$work/script"
	install -o t1 -g t1 -m 755 "$work/script" /srv/t1/script
	"${f1[@]}" -- /srv/t1/script >"$work/out" 2>"$work/err" && fail "started: $(cat "$work/out")"
	said "safenode-attach: " "/srv/t2/program"
	rm -f /srv/t1/script /srv/t2/program
}

shared_program()
{
	install -d -o t1 -g t1 "$work/shared"
	install -m 755 "$tenant" "$work/shared/program"
	"${f1[@]}" --read-write "$work/shared" -- "$work/shared/program" acts >"$work/out" 2>"$work/err" &&
		fail "started: $(cat "$work/out")"
	said "safenode-attach: " "$work/shared/program"
}

# A member of the group could put another program there, which root would look at
groups_program()
{
	install -d -g t2 -m 2775 "$work/group"
	install -m 755 "$tenant" "$work/group/program"
	run 1 "${f1[@]}" -- "$work/group/program" acts
	said "safenode-attach: " "'$work/group' can be written by group" "chmod g-w it"
	chmod g-w "$work/group"
	run 0 "${f1[@]}" -- "$work/group/program" self /srv/t1
	printed "as promised"
}

# A link that the neighbour has made must not lead root to what the neighbour may not read
neighbours_link()
{
	install -d -o t2 -g t2 "$work/public"
	setpriv --reuid t2 --regid t2 --clear-groups ln -sfn /root "$work/public/link"
	"${f1[@]}" --read-only "$work/public/link" -- "$tenant" acts >"$work/out" 2>"$work/err" &&
		fail "granted: $(bpftool map dump pinned /sys/fs/bpf/safenode/directories |
			grep '"path": "/root"')"
	said "safenode-attach: " "$work/public/link"
}

# Nor to what the neighbour wants to be the tenant's directory
neighbours_directory()
{
	# a refused attach leaves an ended tenant of the same name as it was
	safenode-detach --cgroup f1 2>/dev/null || true
	setpriv --reuid t2 --regid t2 --clear-groups ln -sfn /etc "$work/public/etc"
	safenode-attach --cgroup f1 --dir "$work/public/etc" --user t1 --safe-mode -- \
		"$tenant" acts >"$work/out" 2>"$work/err" && fail "started in /etc"
	said "safenode-attach: " "'etc' in it is of user 2002"
	unchanged
}

# Programs look at the path by which they were named
directory_by_link()
{
	ln -sfn /srv/t1 "$work/current"
	cat >/srv/t1/app.js <<-END
		const fs = require("fs");
		console.log(fs.lstatSync("$work/current").isSymbolicLink(),
			fs.readlinkSync("$work/current"), fs.realpathSync("$work/current/app.js"));
		try { fs.readdirSync("$work"); } catch (error) { console.log(error.code); }
	END
	run 0 safenode-attach --cgroup f1 --dir "$work/current" --safe-mode -- \
		node "$work/current/app.js"
	printed $'true /srv/t1 /srv/t1/app.js\nENOENT'
	rm -f /srv/t1/app.js
}

# The way may lead through the directory itself
directory_through_itself()
{
	local way

	mkdir -p /srv/t1/below
	for way in ../t1 below/.. "$work/current/below/../"; do
		(cd /srv/t1 && safenode-attach --cgroup f1 --dir "$way" --safe-mode -- "$tenant" \
			self /srv/t1) >"$work/out" 2>"$work/err" || fail "$way: $(cat "$work/err")"
		printed "as promised"
	done
	rmdir /srv/t1/below
	(cd /srv && safenode-attach --cgroup f1 --dir t1/../t1 --read-only /srv/t1/../t2 --safe-mode -- \
		"$tenant" self /srv/t1) >"$work/out" 2>"$work/err" && fail "granted"
	said "safenode-attach: "
}

# nodes: Debian's, which is of version 18, and one of upstream's where there is one
nodes()
{
	command -v node
	find /opt -maxdepth 3 -path '/opt/node-*/bin/node' 2>/dev/null | sort | head -n 1
}

# What node looks at before the program starts depends on how that is named; the second word is the
# path by which the program was found
deploy()
{
	install -d "$work/releases" "$work/way" "$work/data"
	install -d -o t1 -g t1 -m 700 "$work/releases/1"
	ln -sfn releases/1 "$work/current"
	ln -sfn current "$work/live"
	ln -sfn .. "$work/way/round"
	ln -sfn data "$work/lent"
	echo lent >"$work/data/file"
	echo 'module.exports = "lib";' >"$work/releases/1/lib.cjs"
	echo 'export default "lib";' >"$work/releases/1/lib.mjs"
	echo 'console.log(require("./lib.cjs"), __filename);' >"$work/releases/1/app.cjs"
	cat >"$work/releases/1/app.mjs" <<-END
		import { fileURLToPath } from "node:url";
		import lib from "./lib.mjs";
		console.log(lib, fileURLToPath(import.meta.url));
	END
	echo "console.log(require('fs').readFileSync('$work/lent/file', 'utf8').trim());" \
		>"$work/releases/1/reads.cjs"
	chown -R t1 "$work/releases/1"
}

# runs_by KIND DIR SCRIPT [NODE-OPTION...]: $node finds app.KIND below SCRIPT
runs_by()
{
	local kind=$1 dir=$2 script=$3 path=$work/releases/1

	shift 3
	[[ $* != *preserve* ]] || path=$script
	run 0 safenode-attach --cgroup f1 --dir "$dir" --safe-mode -- "$node" "$@" "$script/app.$kind"
	printed "lib $path/app.$kind"
}

# Every name by which the operator, or the operator's shell, has named the directory
named_by_links()
{
	local node kind

	deploy
	for node in $(nodes); do
		for kind in cjs mjs; do
			cd / || fail "no /"
			runs_by $kind "$work/current" "$work/current"
			runs_by $kind "$work/live" "$work/live" --preserve-symlinks --preserve-symlinks-main
			cd "$work/live" || fail "not live"
			runs_by $kind . "$work/live"
		done
	done
	node=node
	runs_by cjs . .
	runs_by cjs "$work/live" "$work/live"
	runs_by cjs "$work/way/round/current" "$work/way/round/current"
	runs_by cjs "$work/way/round/releases/1" "$work/way/round/releases/1"
	cd "$work/way/round" || fail "no way"
	runs_by cjs current "$work/way/round/current"
	runs_by cjs ./way/round/live "$work/way/round/live"
}

# The shell stands at a link, and names the program by it
dropin_by_links()
{
	local node

	deploy
	for node in $(nodes); do
		cd "$work/way/round/live" || fail "not live"
		PATH=${node%/*}:$PATH run 0 safenode --safe-mode "$PWD/app.cjs"
		printed "lib $work/releases/1/app.cjs"
	done
	run 0 safenode-detach --cgroup "$(basename $cgroups/pid-*)"
}

# A link of another user's is none of the names, but the current directory is one
strangers_link_to_here()
{
	deploy
	install -d -o t2 -g t2 "$work/public"
	setpriv --reuid t2 --regid t2 --clear-groups ln -sfn "$work/releases/1" "$work/public/app"
	cd "$work/public/app" || fail "no app"
	run 0 safenode-attach --cgroup f1 --dir . --safe-mode -- node app.cjs
	printed "lib $work/releases/1/app.cjs"
	run 1 safenode-attach --cgroup f1 --dir . --safe-mode -- node "$work/public/app/app.cjs"
}

extra_paths_by_links()
{
	local option

	deploy
	run 1 safenode-attach --cgroup f1 --dir "$work/current" --safe-mode -- node reads.cjs
	for option in --read-only --read-write; do
		for path in "$work/lent" "$work/lent/file" "$work/way/round/lent"; do
			run 0 safenode-attach --cgroup f1 --dir "$work/current" --safe-mode \
				$option "$path" -- node reads.cjs
			printed lent
		done
	done
}

# log_granted_reports N [OPTION]: events of granted acts, of a tenant that does the same each time
log_granted_reports()
{
	local want=$1 got

	shift
	safenode-log --no-wait >"$work/out"
	run 0 "${f1[@]}" "$@" -- "$tenant" acts
	run 0 safenode-log --no-wait --cgroup f1
	grep -q "op=net.socket why=family error=EPERM" "$work/out" || fail "no denials: $(cat "$work/out")"
	got=$(grep -c "why=allowed .*path=\"/srv/t1/written\"" "$work/out")
	case $want in
	some) [ "$got" -gt 0 ] || fail "$(cat "$work/out")" ;;
	none) ! grep "why=allowed" "$work/out" || fail "reported without --log-granted" ;;
	esac
}

# The drop-in: an unnamed tenant in the current directory, swept away by the next
dropin_runs()
{
	local first

	echo 'console.log(process.argv.slice(2).join(), process.cwd(), process.getuid());
		try { require("fs").readFileSync("/etc/passwd"); } catch (e) { console.log(e.code); }
		process.exit(5);' >/srv/t1/app.js
	cd /srv/t1 || fail "no /srv/t1"
	run 5 safenode --safe-mode --restricted-outgoing-addresses self --allowed-outgoing-ports 80 \
		app.js a b
	printed $'a,b /srv/t1 2001\nENOENT'
	first=$(ls -d $cgroups/pid-*)
	[ "$(echo "$first" | wc -l)" = 1 ] || fail "not one tenant: $first"
	mkdir $cgroups/pid-backup # by hand: not its own, so left alone
	run 5 safenode --safe-mode --max-old-space-size=64 app.js a b
	rmdir $cgroups/pid-backup || fail "a cgroup that is no tenant's was swept"
	[ "$(ls -d $cgroups/pid-* | wc -l)" = 1 ] || fail "not swept: $(ls -d $cgroups/pid-*)"
	[ "$(ls -d $cgroups/pid-*)" != "$first" ] || fail "the same"
	run 0 safenode-detach --cgroup "$(basename $cgroups/pid-*)"
	rm -f /srv/t1/app.js
	unchanged
}

# One of them wins, and the other finds it running
same_name_at_once()
{
	local status=0

	"${f1[@]}" -- "$tenant" wait 2>"$work/err.1" &
	"${f1[@]}" -- "$tenant" wait 2>"$work/err.2" &
	wait -n || status=$?
	[ $status = 2 ] || fail "status $status: $(cat "$work/err.1" "$work/err.2")"
	cat "$work/err.1" "$work/err.2" >"$work/err"
	forget_waiting "$work/err"
	: >"$work/out"
	said "safenode-attach: " "'f1' is running"
	touch /srv/t1/stop
	wait -n || fail "status $?"
	rm -f /srv/t1/stop
}

many_at_once()
{
	local n

	for n in 1 2 3 4 5; do
		safenode-attach --cgroup "m$n" --dir /srv/t1 --safe-mode -- \
			"$tenant" self /srv/t1 >"$work/out.$n" 2>"$work/err.$n" </dev/null &
	done
	wait
	for n in 1 2 3 4 5; do
		forget_waiting "$work/err.$n"
		[ "$(cat "$work/out.$n" "$work/err.$n")" = "as promised" ] ||
			fail "m$n: $(cat "$work/out.$n" "$work/err.$n")"
		run 0 safenode-detach --cgroup "m$n"
	done
}

clean()
{
	run 0 safenode-detach --cgroup f1
	unchanged
}

# The baseline is whole, or there is none
kept_baselines()
{
	stat -c '%n %i %z' /run/safenode-kept/baseline-*
}

baseline_is_kept()
{
	local before

	rm -f /run/safenode-kept/baseline-*
	f1_prints "as promised" "$tenant" self /srv/t1
	before=$(kept_baselines) || fail "none is kept"
	f1_prints "as promised" "$tenant" self /srv/t1
	[ "$(kept_baselines)" = "$before" ] || fail "$before; then $(kept_baselines)"
	ldconfig
	f1_prints "as promised" "$tenant" self /srv/t1
	[ "$(kept_baselines)" = "$before" ] || fail "kept where something has just changed"
	sleep 3
	f1_prints "as promised" "$tenant" self /srv/t1
	[ "$(kept_baselines)" != "$before" ] || fail "not found anew"
}

too_few_descriptors()
{
	local limit

	limit=$(ulimit -Sn)

	safenode-detach --cgroup f1 2>/dev/null || true
	rm -f /run/safenode-kept/baseline-* # with them it takes fewer
	ulimit -Sn 36
	run 1 "${f1[@]}" -- "$tenant" self /srv/t1
	ulimit -Sn "$limit"
	said "Too many open files"
	unchanged
}

# Its process has ended, and another has its number now: that does not keep its cgroup for good
number_is_used_again()
{
	local starts=0 last

	install -d -m 755 "$work/bin"
	cp "$tenant" "$work/bin/node"
	cd /srv/t1 || fail "no /srv/t1"
	mkdir "$cgroups/pid-$$"
	while [ -e "$cgroups/pid-$$" ]; do
		starts=$((starts + 1))
		[ $starts -lt 200 ] || fail "it stays"
		run 0 env PATH="$work/bin:$PATH" safenode --safe-mode deny 1
	done
	for last in "$cgroups"/pid-*; do
		run 0 safenode-detach --cgroup "${last##*/}"
	done
	unchanged
}

part_attach()
{
	need_loaded
	mkfifo -m 666 /srv/t1/pipe
	: >"$work/held"
	remember
	it "a tenant has its directory, its user, no power, no descriptor, a clean environment" promised
	it "the owner of the directory needs no name" other_owner
	it "root has to be asked for, and is then as confined" root_by_name
	it "a user who cannot enter the directory is named" wrong_user
	it "a program that the kernel cannot start leaves nothing" exec_fails
	it "the tenant is the same process" same_pid
	it "its exit status and its end by a signal are its own" same_status
	it "signals arrive" signals_arrive
	it "stdin, stdout and stderr pass through" stdio_passes
	it "arguments pass through, and scripts get their interpreter" arguments_pass
	it "--keep-fd keeps one descriptor, all others are closed" descriptors_are_kept
	it "node sees all that, too" node_agrees
	it "--memory-max, --cpu-max and --pids-max land in the cgroup, and do not outlive it" limits_land
	it "when attach fails, controllers that it has switched on are off again" limits_are_undone
	it "with a umask that closes all, a tenant still reads its limits" umask_is_no_matter
	it "--memory-max holds" limits_hold
	it "a tenant with --memory-max does not get more of it in swap" swap_is_no_way_out
	it "a tenant with --memory-max gets no huge pages, which it would not count" huge_pages_are_no_way_out
	it "what gives weight is not handed down, and what takes it away is" no_weight
	it "where / is closed to the tenant's user, it starts as elsewhere" closed_root
	it "where the limit of core files cannot be set, attach says what is missing" no_power_to_raise
	it "--read-only and --read-write give what they name" extra_paths
	it "a script cannot start a program that a neighbour has written" neighbours_program
	it "a program that lies where the tenant may write is refused" shared_program
	it "a program that a group can replace is refused, with the directory at fault" groups_program
	it "a link that another user has made does not widen --read-only" neighbours_link
	it "a link that another user has made does not choose the directory" neighbours_directory
	it "a directory may be named by a link, which programs can look at" directory_by_link
	it "the way to a directory may lead through the directory" directory_through_itself
	it "without --log-granted, what is granted is not reported" log_granted_reports none
	it "with --log-granted, what is granted is reported" log_granted_reports some --log-granted
	it "what a program needs is looked for once, and again when any of it has changed" baseline_is_kept
	it "where files cannot be opened for want of descriptors, nothing is started" too_few_descriptors
	it "of two attaches of one name at once, one wins and the other says why not" same_name_at_once
	it "five tenants can be started at once" many_at_once
	it "the last of these tenants is gone after detach, and all traces of all" clean
	it "--policy FILE is the same as the flags" policy_equals_flags
	it "the drop-in runs node as a tenant without a name" dropin_clean
	it "one that has ended goes also where another process has its number" number_is_used_again
	it "node finds its program by every link that names the directory" named_by_links
	it "so it does where the shell came by links and starts the drop-in" dropin_by_links
	it "a link by which another user led the shell here is none of these names" strangers_link_to_here
	it "--read-only and --read-write may name links" extra_paths_by_links
	run 0 safenode-detach --cgroup f1
	rm -f /srv/t1/pipe
}

dropin_clean()
{
	run 0 safenode-detach --cgroup f1
	unchanged
	dropin_runs
}
