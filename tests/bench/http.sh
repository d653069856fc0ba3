# SPDX-License-Identifier: GPL-2.0-only
# An HTTP server in node, under load from a client outside.
# shellcheck shell=bash disable=SC2086,SC2154 # places and words are lib.sh's

servers=${BENCH_SERVERS:-3}
# short ones: in the cheapest no garbage is collected
rounds=40 requests=250

ask()
{
	exec 6<>/dev/tcp/127.0.0.1/$port
	printf 'GET /%s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' "$1" >&6
	tail -n 1 <&6
	exec 6>&-
}

# The client runs when the server has nothing to do, so as many requests share a switch each time
load()
{
	chrt --idle 0 $bin/load "$clock" $port "$@"
}

# serve CONFINED CONNECTIONS: the cost of a request, the server's share of it, median and p99
serve()
{
	local confined=$1 connections=$2 pid each half most before after

	mkfifo /tmp/up
	# one thread: what its helpers do is different each time
	confined "$confined" "$node" --single-threaded $work serve $port >/tmp/up &
	pid=$!
	read -r <>/tmp/up
	rm /tmp/up
	load "$connections" 6000 1 >/dev/null # let the JIT finish
	before=$(ask cpu)
	read -r each half most < <(load "$connections" "$requests" $rounds)
	after=$(ask cpu)
	ask quit >/dev/null
	wait $pid
	echo "$each $(((after - before) * 1000 / (rounds * requests))) $half $most"
}

# cheapest CONFINED CONNECTIONS: of several servers, for two of the same column still differ a little
cheapest()
{
	local i each share half most

	for ((i = 0; i < servers; i++)); do
		serve "$1" "$2"
	done >/tmp/served
	read -r each share half most < <(sort -n /tmp/served)
	row "HTTP request, $2 connections" "$each"
	row "HTTP request's CPU time of the server, $2 connections" "$share"
	row "HTTP median, $2 connections" "$half"
	row "HTTP p99, $2 connections" "$most"
}

# http COLUMN CONFINED
http()
{
	local column=$1

	say "http: $column"
	cheapest "$2" 1
	cheapest "$2" 50
}

find_node
http bare bare
safenode-load
http tenant tenant
safenode-detach --cgroup t1
neighbour_begin
http "beside tenants" bare
neighbour_end
unload
http "bare again" bare
for peer in "${peers[@]}"; do
	http "$peer" "$peer"
done
