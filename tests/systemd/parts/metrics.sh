# SPDX-License-Identifier: GPL-2.0-only
# Metrics from a socket of systemd: what Prometheus makes of them, who can read them, bad requests.
# shellcheck shell=bash disable=SC2154,SC2317

metrics_port=9957
metrics_url=http://127.0.0.1:$metrics_port/metrics

# The units of packaging/systemd, with the tools where `make install` puts them here
install_units()
{
	local file

	for file in "$here"/packaging/safenode-metrics*; do
		sed 's#/usr/sbin/#/usr/local/sbin/#' "$file" >"/etc/systemd/system/${file##*/}"
	done
	systemctl daemon-reload
	systemctl start safenode-metrics.socket || fail "$(said_by safenode-metrics.socket)"
}

scrape()
{
	curl -sS -m 120 "$@" $metrics_url >"$work/metrics" || fail "$(journal -n 8)"
}

answers_a_scrape()
{
	install_units
	scrape
	grep -qx 'safenode_in_force 1' "$work/metrics" || fail "$(head -n 20 "$work/metrics" "$work/err")"
	grep -q '^safenode_map_capacity{map="policies"} 16384$' "$work/metrics" || fail "no maps"
	promtool check metrics <"$work/metrics" >"$work/lint" 2>&1 || fail "$(cat "$work/lint")"
	[ ! -s "$work/lint" ] || fail "$(cat "$work/lint")"
}

# said_http REQUEST: the first line of the answer
said_http()
{
	exec 5<>"/dev/tcp/127.0.0.1/$metrics_port"
	# shellcheck disable=SC2059 # it is a format
	printf "$1" >&5
	timeout 120 head -n 1 <&5 | tr -d '\r'
	exec 5>&-
}

refuses_bad_requests()
{
	[ "$(said_http 'GET / HTTP/1.0\r\n\r\n')" = "HTTP/1.1 404 Not Found" ] || fail "/"
	[ "$(said_http 'POST /metrics HTTP/1.0\r\n\r\n')" = "HTTP/1.1 405 Method Not Allowed" ] || fail "POST"
	[ "$(said_http 'GET /metrics HTTP/1.1\r\n\r\n')" = "HTTP/1.1 400 Bad Request" ] || fail "no host"
	[ "$(said_http '\026\003\001\r\n\r\n')" = "HTTP/1.1 400 Bad Request" ] || fail "TLS"
	[ "$(said_http 'GET /metrics HTTP/1.1\r\nA: '"$(printf %09000d 0)"'\r\n\r\n')" = \
		"HTTP/1.1 431 Request Header Fields Too Large" ] || fail "too long"
	scrape
}

# a_reader OPTION...: a tenant that scrapes by itself
a_reader()
{
	in_unit 0 -- "${in_test[@]}" "$@" -- bash -c "exec 5<>/dev/tcp/127.0.0.1/$metrics_port || exit 0
		printf 'GET /metrics HTTP/1.0\r\n\r\n' >&5; read -r line <&5; echo \"\$line\"" || fail "$(cat "$work/err")"
}

only_who_may_connect_reads()
{
	a_reader
	grep -q '^HTTP/1.1 200 OK' "$work/out" || fail "the control: $(cat "$work/out" "$work/err")"
	a_reader --restricted-outgoing-addresses self --allowed-outgoing-ports $metrics_port
	grep -q '^HTTP/1.1 200 OK' "$work/out" || fail "listed: $(cat "$work/out" "$work/err")"
	a_reader --restricted-outgoing-addresses self --allowed-outgoing-ports 53
	[ ! -s "$work/out" ] || fail "it reads: $(cat "$work/out")"
	grep -q 'Operation not permitted' "$work/err" || fail "$(cat "$work/err")"
	/usr/local/sbin/safenode-status test | grep -qE '^    net.connect +1 refused$' ||
		fail "$(/usr/local/sbin/safenode-status test)"
}

# asked EXPRESSION: by Prometheus; into $work/answer
asked()
{
	curl -sS -m 60 -G --data-urlencode "query=$1" http://127.0.0.1:9090/api/v1/query >"$work/answer"
	grep -q '"status":"success"' "$work/answer" || fail "$1: $(cat "$work/answer")"
}

has_scraped()
{
	asked 'up{job="safenode"} == 1' && grep -q '"value"' "$work/answer"
}

# prometheus_is_there PID: its start alone takes minutes where several such machines share two CPUs
prometheus_is_there()
{
	local i

	for ((i = 0; i < 5; i++)); do
		! eventually listens 9090 || return 0
		kill -0 "$1" 2>/dev/null || return 1
	done
	return 1
}

# As its configuration is in docs/watching.md
real_prometheus_scrapes()
{
	local expression nr=0

	recipe "Prometheus" watching.md
	sed 's/^  scrape_interval: .*/  scrape_interval: 60s\n  scrape_timeout: 60s/' \
		/etc/prometheus/prometheus.yml >"$work/prometheus.yml"
	promtool check config "$work/prometheus.yml" >"$work/out" 2>&1 || fail "$(cat "$work/out")"
	prometheus --config.file="$work/prometheus.yml" --storage.tsdb.path="$work/tsdb" \
		--web.listen-address=127.0.0.1:9090 >"$work/prometheus.log" 2>&1 &
	# shellcheck disable=SC2064 # this one
	trap "kill $!" EXIT
	prometheus_is_there $! || fail "no Prometheus after $SECONDS s: $(tail -n 5 "$work/prometheus.log")"
	eventually has_scraped || eventually has_scraped ||
		fail "$(curl -sS http://127.0.0.1:9090/api/v1/targets; tail -n 3 "$work/prometheus.log")"
	asked safenode_in_force
	grep -q '"value":\[[0-9.]*,"1"\]' "$work/answer" || fail "$(cat "$work/answer")"
	asked 'safenode_denied_total{tenant="test",op="net.connect"}'
	grep -q '"value":\[[0-9.]*,"1"\]' "$work/answer" || fail "$(cat "$work/answer")"
	while read -r expression; do
		asked "$expression"
		nr=$((nr + 1))
	done < <(sed -n 's/^.*"expr": "\(.*\)",$/\1/p' "$here/packaging/safenode.json" |
		sed 's/\\"/"/g; s/\$__rate_interval/5m/g; s/"\$[a-z]*"/".*"/g')
	[ $nr -gt 10 ] || fail "only $nr expressions in the dashboard"
}

tells_what_is_not_in_force()
{
	local pins=/sys/fs/bpf/safenode

	mv $pins/homes $pins/away || fail "cannot move a pin"
	# shellcheck disable=SC2064
	trap "mv $pins/away $pins/homes" EXIT
	scrape -f
	grep -qx 'safenode_in_force 0' "$work/metrics" || fail "$(cat "$work/metrics")"
	grep -qx 'safenode_check{check="maps"} 0' "$work/metrics" || fail "$(cat "$work/metrics")"
	promtool check metrics <"$work/metrics" >"$work/lint" 2>&1 || fail "$(cat "$work/lint")"
}

# No instance that failed is left, whatever was asked
leaves_no_instance()
{
	eventually no_instance || fail "$(systemctl list-units --all 'safenode-metrics@*')"
	systemctl stop safenode-metrics.socket
}

no_instance()
{
	[ "$(systemctl list-units --all --no-legend 'safenode-metrics@*')" = "" ]
}

part_metrics()
{
	it "the socket's unit answers a scrape, hardened, and promtool finds nothing wrong" answers_a_scrape
	it "what is no request for the metrics is refused by HTTP's codes" refuses_bad_requests
	it "a tenant reads them unless its addresses are restricted and the port is not listed" \
		only_who_may_connect_reads
	# its start takes minutes here
	if [ -n "$quick" ]; then
		echo "# left out: a real Prometheus scrapes them"
	else
		it "a real Prometheus scrapes them, and can be asked all that the dashboard asks" \
			real_prometheus_scrapes
	fi
	it "where nothing is in force, the scrape succeeds and says so" tells_what_is_not_in_force
	it "no instance is left" leaves_no_instance
}
