# SPDX-License-Identifier: GPL-2.0-only
# Whole programs: node with and without what confines it.
# shellcheck shell=bash disable=SC2086,SC2154 # places and words are lib.sh's

node=${BENCH_NODE:-/opt/node-24/bin/node}
[ -x "$node" ] || node=$(command -v node)
# where every column's rules let it be started
cp "$(realpath "$node")" $bin/node
node=$bin/node
work=$dir/work.js
runs=${BENCH_RUNS:-3}

# row OP COST
row()
{
	echo "{\"part\": \"programs\", \"column\": \"$column\", \"op\": \"$1\", \"cost\": $2, \"result\": \"ok\"}"
}

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
	tenant) (cd $dir && $bin/program $runs $clock ${prefixes[tenant]} "${@:2}") >/tmp/starts ;;
	*) bare $bin/program $runs $clock ${prefixes[$1]} "${@:2}" >/tmp/starts ;;
	esac
	read -r first _ cpu </tmp/starts
	row "$op" "$first"
	row "$op, CPU time" "$cpu"
}

ask()
{
	exec 6<>/dev/tcp/127.0.0.1/$port
	printf 'GET /%s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' "$1" >&6
	tail -n 1 <&6
	exec 6>&-
}

# serve CONFINED CONNECTIONS REQUESTS
serve()
{
	local confined=$1 connections=$2 requests=$3 pid each half most before after

	mkfifo /tmp/up
	confined "$confined" "$node" "${options[@]}" $work serve $port >/tmp/up &
	pid=$!
	read -r <>/tmp/up
	rm /tmp/up
	$bin/load "$clock" $port "$connections" 1500 1 >/dev/null # let the JIT finish
	before=$(ask cpu)
	read -r each half most < <($bin/load "$clock" $port "$connections" "$requests" 3)
	after=$(ask cpu)
	ask quit >/dev/null
	wait $pid
	row "HTTP request, $connections connections" "$each"
	row "HTTP request's CPU time of the server, $connections connections" \
		$(((after - before) * 1000 / (3 * requests)))
	row "HTTP median, $connections connections" "$half"
	row "HTTP p99, $connections connections" "$most"
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
	serve "$confined" 1 500
	serve "$confined" 50 1500
}

cp $bin/work.js $work
bare mkdir -p $dir/tree
bare "$node" $work tree $dir/tree

programs bare bare
safenode-load
programs tenant tenant
# another tenant runs beside
safenode-attach --cgroup t2 --dir $outside --user 2001 --safe-mode -- sleep infinity &
neighbour=$!
programs "beside tenants" bare
kill $neighbour
wait $neighbour || true
safenode-detach --cgroup t1
safenode-detach --cgroup t2
safenode-load --unload
for peer in "${peers[@]}"; do
	programs "$peer" "$peer"
done
if "$node" --permission --version >/dev/null 2>&1; then
	programs "node --permission" bare --permission --allow-fs-read=$dir --allow-fs-write=$dir
fi
programs "bare again" bare
