# SPDX-License-Identifier: GPL-2.0-only
# Shared by the parts that run where it is measured: places, users, and every way to be confined.
# shellcheck shell=bash disable=SC2034,SC2086,SC2154 # what the parts use; words; where guest lies

cgroups=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
bin=/usr/local/lib/safenode-bench # where the confined may start programs
dir=/srv/t1
outside=/srv/other
port=8080
closed=22
listed=10.9.9.9 unlisted=192.0.2.1 # addresses of this machine, for lists
other= # a process of the tenant's user outside
autogroup=/proc/sys/kernel/sched_autogroup_enabled autogroups=
clock=${BENCH_CLOCK:-instructions}
# where unconfined processes are, named by their level
level1=b1
level2=b1/b2
level3=b1/b2/b3
level6=b1/b2/b3/b4/b5/b6
# whose CPU time program counts: theirs, and the tenants'
counted=$cgroups/b1:$cgroups/safenode

say()
{
	echo "bench: [$SECONDS s] $*" >&2
}

prepare()
{
	# Debian's AppArmor parser and bubblewrap, when the machine has none
	[ ! -d "$here/root" ] || cp -a "$here/root/." /
	ldconfig
	install -D -m 755 -t $bin "$here"/{ops,floor,confine,program,load,fill,safenode.linked.o,work.js}
	# in memory: no journal runs beside what is measured
	trap finish EXIT
	# tenants begin a session; a switch between sessions that are scheduled as groups costs more
	autogroups=$(cat $autogroup 2>/dev/null) || true
	[ -z "$autogroups" ] || echo 0 >$autogroup
	ip address add $listed/32 dev lo
	ip address add $unlisted/32 dev lo
	mount -t tmpfs -o mode=755 tmpfs /srv
	install -d -o 2001 -g 2001 $dir $outside
	install -o 2001 -g 2001 /dev/null $outside/file
	setpriv --reuid 2001 --regid 2001 --clear-groups sleep infinity &
	other=$!
	if command -v apparmor_parser >/dev/null; then
		apparmor_parser -K -r "$here/apparmor.profile"
	fi
	find_peers
}

# Takes back what stays in a machine that is not thrown away
finish()
{
	local tenant

	for tenant in t1 t2 t9; do
		safenode-detach --cgroup $tenant --kill 2>/dev/null || true
	done
	[ ! -e /sys/fs/bpf/safenode ] || safenode-load --unload || true
	[ -z "$autogroups" ] || echo "$autogroups" >$autogroup
	[ -z "$other" ] || kill "$other"
	! has_apparmor || apparmor_parser -R "$here/apparmor.profile"
	[ ! -d $cgroups/b1 ] || find $cgroups/b1 -depth -type d -exec rmdir {} \;
	ip address del $listed/32 dev lo
	ip address del $unlisted/32 dev lo
	rm -rf $bin
}

# enter PATH COMMAND...: as root in the tenant's directory, in that cgroup
enter()
{
	local path=$cgroups/$1

	mkdir -p "$path"
	(echo 0 >"$path/cgroup.procs" && cd $dir && exec "${@:2}")
}

# in_cgroup PATH COMMAND...: the same as the tenant's user, unconfined
in_cgroup()
{
	enter "$1" setpriv --reuid 2001 --regid 2001 --clear-groups --no-new-privs -- "${@:2}"
}

bare()
{
	in_cgroup $level2 "$@"
}

# A tenant that runs beside what is measured
neighbour_begin()
{
	safenode-attach --cgroup t2 --dir $outside --user 2001 --safe-mode -- sleep infinity &
	neighbour=$!
}

neighbour_end()
{
	kill $neighbour
	wait $neighbour || true
	safenode-detach --cgroup t2
}

# The kernel detaches in the background: until the last BPF program has gone, nothing is bare
settle()
{
	while bpftool prog show | grep -qE ' name (floor|sn_)'; do
		sleep 0.2
	done
}

unload()
{
	safenode-load --unload
	settle
}

# floor_begin [HOOK...]: empty BPF programs, on every hook of safenode when none is named
floor_begin()
{
	local hooks

	mkdir -p $cgroups/safenode
	mkfifo /tmp/ask /tmp/answer
	$bin/floor $bin/safenode.linked.o $cgroups/safenode "$@" </tmp/ask >/tmp/answer 2>/dev/null &
	floor=$!
	exec 8>/tmp/ask 9</tmp/answer
	rm /tmp/ask /tmp/answer
	read -r hooks <&9
	say "floor: $hooks empty programs"
}

floor_end()
{
	exec 8>&- 9<&-
	wait $floor
	[ ! -d $cgroups/safenode/t1 ] || rmdir $cgroups/safenode/t1
	rmdir $cgroups/safenode
	settle
}

has_apparmor()
{
	grep -qs '^safenode-bench ' /sys/kernel/security/apparmor/profiles
}

# How each column starts a command; all but the tenant's begin as bare
declare -A prefixes=(
	[bare]=""
	[Landlock]="$bin/confine landlock $dir $port"
	[AppArmor]="$bin/confine apparmor safenode-bench"
	[bubblewrap]="bwrap --unshare-user --unshare-pid --unshare-ipc --unshare-uts
		--unshare-cgroup-try --new-session --die-with-parent --ro-bind /usr /usr
		--ro-bind /etc /etc --symlink usr/bin /bin --symlink usr/lib /lib
		--symlink usr/lib64 /lib64 --proc /proc --dev /dev
		--bind $dir $dir --chdir $dir --"
	[seccomp]="$bin/confine seccomp"
	[tenant]="safenode-attach --cgroup t1 --dir $dir --safe-mode
		--restricted-outgoing-addresses self --allowed-outgoing-ports $port --"
)
peers=()
# peers that this machine has, told once the profile is loaded
find_peers()
{
	! command -v bwrap >/dev/null || peers+=(bubblewrap)
	peers+=(Landlock)
	! has_apparmor || peers+=(AppArmor)
	peers+=(seccomp)
	say "peers: ${peers[*]}"
}

# confined COLUMN COMMAND...
confined()
{
	local column=$1

	shift
	case $column in
	tenant) (cd $dir && ${prefixes[tenant]} "$@") ;;
	*) bare ${prefixes[$column]} "$@" ;;
	esac
}

# node where every column's rules let it be started, and what it does in the tenant's directory
find_node()
{
	node=${BENCH_NODE:-/opt/node-24/bin/node}
	[ -x "$node" ] || node=$(command -v node)
	[ -e $bin/node ] || cp "$(realpath "$node")" $bin/node
	node=$bin/node
	work=$dir/work.js
	cp $bin/work.js $work
}

# row OP COST: of the column in $column
row()
{
	echo "{\"part\": \"programs\", \"column\": \"$column\", \"op\": \"$1\", \"cost\": $2, \"result\": \"ok\"}"
}
