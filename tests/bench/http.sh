# SPDX-License-Identifier: GPL-2.0-only
# An HTTP server in node, under load from a client outside.
# shellcheck shell=bash disable=SC2086,SC2154 # places and words are lib.sh's

rounds=10

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
	confined "$confined" "$node" $work serve $port >/tmp/up &
	pid=$!
	read -r <>/tmp/up
	rm /tmp/up
	$bin/load "$clock" $port "$connections" 6000 1 >/dev/null # let the JIT finish
	before=$(ask cpu)
	read -r each half most < <($bin/load "$clock" $port "$connections" "$requests" $rounds)
	after=$(ask cpu)
	ask quit >/dev/null
	wait $pid
	row "HTTP request, $connections connections" "$each"
	row "HTTP request's CPU time of the server, $connections connections" \
		$(((after - before) * 1000 / (rounds * requests)))
	row "HTTP median, $connections connections" "$half"
	row "HTTP p99, $connections connections" "$most"
}

# http COLUMN CONFINED
http()
{
	local column=$1

	say "http: $column"
	serve "$2" 1 1000
	serve "$2" 50 1000
}

find_node
http bare bare
safenode-load
http tenant tenant
safenode-detach --cgroup t1
unload
http "bare again" bare
for peer in "${peers[@]}"; do
	http "$peer" "$peer"
done
