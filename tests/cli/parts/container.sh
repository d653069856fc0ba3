# SPDX-License-Identifier: GPL-2.0-only
# Load and attach inside of a cgroup namespace, as in a container: the cgroup that is mounted there as the
# root is not the hierarchy's.
# shellcheck shell=bash disable=SC2012,SC2016,SC2034,SC2086,SC2154,SC2317

container=/sys/fs/cgroup/container

# The namespaces of a container, kept by a process that sleeps in it
make_container()
{
	mkdir $container $container/init
	sh -c 'echo $$ >/sys/fs/cgroup/container/cgroup.procs; exec unshare -C -m "$@"' sh \
		sh -c 'umount /sys/fs/cgroup && mount -t cgroup2 cgroup2 /sys/fs/cgroup &&
			echo $$ >/sys/fs/cgroup/init/cgroup.procs && exec sleep 3600' &
	echo $! >"$work/container"
	soon grep -q . $container/init/cgroup.procs || fail "cannot make it"
}

remove_container()
{
	kill "$(cat "$work/container")"
	soon is_gone "$(cat "$work/container")"
	rmdir $container/init $container
}

# inside COMMAND...: in the container
inside()
{
	sh -c 'echo $$ >/sys/fs/cgroup/container/init/cgroup.procs; pid=$1; shift
		exec nsenter --cgroup=/proc/$pid/ns/cgroup --mount=/proc/$pid/ns/mnt "$@"' \
		sh "$(cat "$work/container")" "$@"
}

loads_inside()
{
	run 0 inside safenode-load
	silent
	[ -d $container/safenode ] || fail "no $container/safenode"
	[ "$(find $container/safenode -maxdepth 1 -name "*self*")" = "" ] || fail "the self-test is left"
	run 0 inside safenode-status
	grep -q "^in force: .* /sys/fs/cgroup/safenode$" "$work/out" || fail "$(cat "$work/out")"
}

# What the kernel calls the parent's level: one below the container
level_is_the_kernels()
{
	bpftool map dump pinned $pins/state | grep -q '"parent_level": 2,' ||
		fail "$(bpftool map dump pinned $pins/state)"
}

confines_inside()
{
	run 0 inside "${f1[@]}" -- "$tenant" self /srv/t1
	printed "as promised"
	[ -d $container/safenode/f1 ] || fail "no cgroup"
	run 0 inside safenode-detach --cgroup f1
	silent
}

# is_in CGROUP: a tenant whose program has started; its process id is in $work/pid
is_in()
{
	cp "$container/safenode/$1/cgroup.procs" "$work/pid"
	[ "$(cat "/proc/$(cat "$work/pid")/comm")" = tenant ]
}

# A child cgroup of the tenant's: made by root, who may
child_is_the_tenant()
{
	local pid tries

	rm -f /srv/t1/stop
	inside "${f1[@]}" -- "$tenant" loop 300 >"$work/loop.out" 2>"$work/err" </dev/null &
	soon is_in f1 || fail "did not start: $(cat "$work/err")"
	pid=$(cat "$work/pid")
	mkdir $container/safenode/f1/child
	echo $pid >$container/safenode/f1/child/cgroup.procs || fail "cannot move it"
	sleep 2
	is_in f1/child || fail "is not there"
	touch /srv/t1/stop
	soon is_gone $pid || fail "does not end"
	rm -f /srv/t1/stop
	read -r tries _ <"$work/loop.out"
	[ "${tries:-0}" -gt 50 ] || fail "hardly tried: $(cat "$work/loop.out")"
	grep -qx "$tries tries, 0 with another answer" "$work/loop.out" || fail "$(cat "$work/loop.out")"
	run 0 inside safenode-detach --cgroup f1
}

# refused_in CGROUP: who goes there is refused; status 98, for nothing could be started
refused_in()
{
	mkdir -p "$container/safenode/$1"
	cd /srv/t1 || fail "no /srv/t1"
	run 98 inside "$tenant" move "/sys/fs/cgroup/safenode/$1/cgroup.procs" 2001 "$tenant" acts
	grep -q "^unix-socket=EPERM read-outside=ENOENT list-root=ENOENT chdir=ENOENT fork=EACCES " \
		"$work/out" || fail "$(cat "$work/out")"
}

strangers_are_refused()
{
	refused_in stranger
	refused_in stranger/child
	rmdir $container/safenode/stranger/child $container/safenode/stranger
}

# greeting PORT COMMAND...: what a tenant reads from there
greeting()
{
	local port=$1

	shift
	run 0 "$@" timeout 60 "${f1[@]}" --restricted-outgoing-addresses self \
		--allowed-outgoing-ports "$port" -- \
		bash -c "exec 3<>/dev/tcp/127.0.0.1/$port && read -r x <&3 && echo \"\$x\""
	printed hello
	run 0 "$@" safenode-detach --cgroup f1
}

tcp_works()
{
	python3 -c '
import socket
s = socket.create_server(("127.0.0.1", 8099))
while True:
    c, _ = s.accept()
    c.sendall(b"hello\n")
    c.close()' &
	server=$! # not local: the trap comes when the function has returned
	trap 'kill $server' EXIT
	soon bash -c 'exec 3<>/dev/tcp/127.0.0.1/8099' || fail "no server"
	greeting 8099 inside
}

# pass_on CONTROLLER...: all that the container gets
pass_on()
{
	echo "-memory -hugetlb" >/sys/fs/cgroup/cgroup.subtree_control
	echo "$*" >/sys/fs/cgroup/cgroup.subtree_control || fail "cannot pass on $*"
}

limits_inside()
{
	pass_on +memory
	run 1 inside "${f1[@]}" --memory-max 100M -- "$tenant" acts
	said "'hugetlb'" "huge pages" "not passed on"
	[ ! -e $container/safenode/f1 ] || fail "the cgroup is left"
	! grep memory $container/cgroup.subtree_control $container/safenode/cgroup.subtree_control ||
		fail "a controller is left switched on"
	pass_on +memory +hugetlb
	run 0 inside "${f1[@]}" --memory-max 100M -- "$tenant" self /srv/t1
	printed "as promised"
	[ "$(cat $container/safenode/f1/memory.max $container/safenode/f1/hugetlb.*.max | sort -u)" = \
		"$(printf '0\n104857600')" ] || fail "$(grep . $container/safenode/f1/*.max)"
	run 0 inside safenode-detach --cgroup f1
}

reloads_inside()
{
	run 0 inside safenode-load
	silent
	level_is_the_kernels
	child_is_the_tenant
	strangers_are_refused
}

unloads_inside()
{
	run 0 inside safenode-load --unload
	silent
	[ ! -e $container/safenode ] || fail "the cgroup is left"
	soon has_programs 0 || fail "programs are left"
}

part_container()
{
	need_unloaded
	it "there is a container with a cgroup namespace" make_container
	it "load works in a cgroup namespace" loads_inside
	it "the parent's level is the kernel's, not that of a path" level_is_the_kernels
	it "attach and detach work in a cgroup namespace" confines_inside
	it "a child cgroup in a cgroup namespace is still the tenant" child_is_the_tenant
	it "a process without a policy in a cgroup namespace is refused" strangers_are_refused
	it "a tenant in a cgroup namespace connects where it may" tcp_works
	it "where a container may not limit huge pages, --memory-max is refused with the reason" limits_inside
	it "load again works in a cgroup namespace, and all of that is still so" reloads_inside
	it "unload works in a cgroup namespace" unloads_inside
	it "the container leaves nothing" remove_container
}
