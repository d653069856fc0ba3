# SPDX-License-Identifier: GPL-2.0-only
# Operations: what ops measures, in one column after the other.
# shellcheck shell=bash disable=SC2086,SC2154 # places and words are lib.sh's

only=() # these operations

# column NAME COMMAND...: a column by what runs ops in it
column()
{
	local name=$1

	shift
	say "$name"
	"$@" $bin/ops "${unit:-$clock}" $dir $outside $other $port $closed "${only[@]}" >/tmp/column
	sed "s/^{/{\"part\": \"ops\", \"column\": \"$name\", /" /tmp/column
}

# The tenant's ops waits until the BPF program on the hook is gone
tenant_without()
{
	local hook=$1 pid

	shift
	mkfifo /tmp/go
	${prefixes[tenant]} "$1" --wait "${@:2}" </tmp/go &
	pid=$!
	exec 7>/tmp/go
	until [ "$(cat /proc/$pid/comm)" = ops ]; do
		sleep 0.1
	done
	rm "/sys/fs/bpf/safenode/links/sn_$hook"
	echo >&7
	exec 7>&-
	wait $pid
	rm /tmp/go
	safenode-load
}

column "bare" bare
column "bare again" bare
for peer in "${peers[@]}"; do
	column "$peer" confined "$peer"
done

floor_begin
column "floor" bare
column "floor of a tenant" in_cgroup safenode/t1
if [ "$clock" = instructions ]; then
	sysctl -q kernel.bpf_stats_enabled=1
	unit=calls column "hook calls" bare
	unit=calls column "hook calls of a tenant" in_cgroup safenode/t1
	sysctl -q kernel.bpf_stats_enabled=0
fi
floor_end

# What the one hook on every directory of every path costs, in each way to be on it
only=("open+close depth" "stat depth" access)
for way in "" fmod_ret: lsm_cgroup:; do
	floor_begin ${way}inode_permission
	column "floor of ${way}inode_permission" bare
	column "floor of ${way}inode_permission, tenant" in_cgroup safenode/t1
	floor_end
done
only=()

safenode-load
column "not a tenant, level 1" in_cgroup $level1
column "not a tenant, level 3" in_cgroup $level3
column "not a tenant, level 6" in_cgroup $level6
column "tenant" confined tenant
column "tenant without inode_permission" tenant_without inode_permission
safenode-detach --cgroup t1
unload
