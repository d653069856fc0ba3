# SPDX-License-Identifier: GPL-2.0-only
# Whole programs: node with and without what confines it.
# shellcheck shell=bash disable=SC2086,SC2154 # places and words are lib.sh's

runs=${BENCH_RUNS:-3}

# least COMMAND...: the smallest of the numbers that it prints in several runs
least()
{
	local i

	for ((i = 0; i < runs; i++)); do
		"$@"
	done | sort -g | head -n 1
}

# starts OP COLUMN COMMAND...: until its first byte of output, and the CPU time of all of it
starts()
{
	local op=$1 first _ cpu

	shift
	case $1 in
	tenant) enter $level2 $bin/program $runs $clock $counted ${prefixes[tenant]} "${@:2}" >/tmp/starts ;;
	*) bare $bin/program $runs $clock $counted ${prefixes[$1]} "${@:2}" >/tmp/starts ;;
	esac
	read -r first _ cpu </tmp/starts
	row "$op" "$first"
	row "$op, CPU time" "$cpu"
}

# programs COLUMN CONFINED [NODE-OPTION...]
programs()
{
	local column=$1 confined=$2
	options=("${@:3}")

	say "programs: $column"
	starts "node --version" "$confined" "$node" "${options[@]}" --version
	starts "node to its first line" "$confined" "$node" "${options[@]}" $work start
	row "require 500 modules" "$(least confined "$confined" "$node" "${options[@]}" $work require $dir/tree)"
	row "readFileSync" "$(least confined "$confined" "$node" "${options[@]}" $work read $dir/tree)"
	row "write 20000 files" "$(runs=1 least confined "$confined" "$node" "${options[@]}" $work files $dir)"
}

# narrow: CPU time of the tool and of node, which is warm, from the call until it is confined
narrow()
{
	local pid

	mkfifo /tmp/up
	enter $level2 safenode-attach --cgroup t1 --warm --dir $dir --safe-mode -- \
		"$node" $work idle </dev/null >/tmp/up 2>/dev/null &
	pid=$!
	read -r <>/tmp/up
	rm /tmp/up
	enter $level2 $bin/program 1 $clock $counted safenode-attach --cgroup t1 --narrow --safe-mode \
		--restricted-outgoing-addresses self --allowed-outgoing-ports $port | cut -d' ' -f3
	safenode-detach --cgroup t1 --kill
	wait $pid || true
}

find_node
bare mkdir -p $dir/tree
bare "$node" $work tree $dir/tree

programs bare bare
safenode-load
programs tenant tenant
safenode-detach --cgroup t1
row "from warm to confined, CPU time" "$(least narrow)"
neighbour_begin
programs "beside tenants" bare
neighbour_end
unload
for peer in "${peers[@]}"; do
	programs "$peer" "$peer"
done
if "$node" --permission --version >/dev/null 2>&1; then
	programs "node --permission" bare --permission --allow-fs-read=$dir --allow-fs-write=$dir
fi
programs "bare again" bare
