# SPDX-License-Identifier: GPL-2.0-only
# What safenode-status tells: of tenants, of limits that no longer hold, of what is switched off.
# shellcheck shell=bash disable=SC2012,SC2016,SC2034,SC2086,SC2154,SC2317

# member PATH: of the JSON in $work/json, as python writes it: 'tenants.0.name'
member()
{
	python3 -c '
import json, sys
value = json.load(open(sys.argv[1]))
for step in sys.argv[2].split("."):
    value = value[int(step)] if isinstance(value, list) else value[step]
print(json.dumps(value, sort_keys=True))' "$work/json" "$1"
}

# json [TENANT]: into $work/json
json()
{
	run "${want-0}" safenode-status --json "$@"
	[ "$(wc -l <"$work/out")" = 1 ] || fail "not one line"
	cp "$work/out" "$work/json"
}

# is PATH VALUE
is()
{
	[ "$(member "$1")" = "$2" ] || fail "$1 is $(member "$1"), not $2"
}

check_is()
{
	python3 -c '
import json, sys
check = {check["id"]: check for check in json.load(open(sys.argv[1]))["checks"]}[sys.argv[2]]
sys.exit(0 if check["met"] == (sys.argv[3] == "met") and bool(check["cure"]) != check["met"] else str(check))' \
		"$work/json" "$1" "$2" || fail "check $1"
}

tells_all_of_a_tenant()
{
	start f1 t1 --restricted-outgoing-addresses 10.0.0.0/8 --allowed-outgoing-ports 80,8000-8100 \
		--memory-max 100M --cpu-max 50% --pids-max 20 -- "$tenant" wait
	json
	is in_force true
	is parent "\"$cgroups\""
	is tenants.0.name '"f1"'
	is tenants.0.cgroup "\"$cgroups/f1\""
	is tenants.0.dir '"/srv/t1"'
	is tenants.0.state '"running"'
	is tenants.0.mode '"enforce"'
	is tenants.0.user '{"name": "t1", "uid": 2001}'
	is tenants.0.pids "[$(cat "$work/f1.pid")]"
	is tenants.0.threads 1
	is tenants.0.memory_max 104857600
	[ "$(member tenants.0.memory)" -gt 4096 ] || fail "memory $(member tenants.0.memory)"
	[ "$(member tenants.0.cpu_usec)" -gt 0 ] || fail "cpu $(member tenants.0.cpu_usec)"
	is tenants.0.policy.allowed-outgoing-ports '["80", "8000-8100"]'
	is tenants.0.policy.restricted-outgoing-addresses '["10.0.0.0/8"]'
	is tenants.0.policy.memory-max 104857600
	is tenants.0.policy.user '"t1"'
	is tenants.0.limits_not_held '[]'
	check_is limits met
	run 0 safenode-status
	grep -qE '^f1 +running +enforce +t1 +1 +[0-9.]+[KM] +[0-9.]+s +[0-9]+ .* /srv/t1$' "$work/out" ||
		fail "$(cat "$work/out")"
	run 0 safenode-status f1
	grep -qx "    allowed-outgoing-ports 80,8000-8100" "$work/out" || fail "$(cat "$work/out")"
	grep -qx "  processes  1, 1 threads: $(cat "$work/f1.pid")" "$work/out" || fail "$(cat "$work/out")"
}

# All of them at once, and what was set is in the attribute of the cgroup, which goes with it
limits_that_no_longer_hold_are_told()
{
	echo max >$cgroups/f1/memory.max
	echo 1M >$cgroups/f1/memory.swap.max
	echo 30 >$cgroups/f1/pids.max
	json
	is in_force true
	check_is limits unmet
	is tenants.0.limits_not_held "[\
{\"file\": \"memory.max\", \"now\": \"max\", \"set\": \"104857600\"}, \
{\"file\": \"memory.swap.max\", \"now\": \"1048576\", \"set\": \"0\"}, \
{\"file\": \"pids.max\", \"now\": \"30\", \"set\": \"20\"}]"
	run 0 safenode-status
	grep -q '^WEAKENED limits that were set: hold no longer for f1; ' "$work/out" || fail "$(cat "$work/out")"
	run 0 safenode-status --prometheus
	grep -qx 'safenode_tenant_limits_hold{tenant="f1"} 0' "$work/out" || fail "$(cat "$work/out")"
	echo 104857600 >$cgroups/f1/memory.max
	echo 0 >$cgroups/f1/memory.swap.max
	echo 20 >$cgroups/f1/pids.max
	json
	check_is limits met
	echo -cpu >$cgroups/cgroup.subtree_control
	json
	is tenants.0.limits_not_held '[{"file": "cpu.max", "now": null, "set": "50000 100000"}]'
	run 0 safenode-status f1
	grep -qx "    cpu.max was set to 50000 100000, and is gone, for its controller was disabled" "$work/out" ||
		fail "$(cat "$work/out")"
	stop f1 t1
}

refusals_are_in_each_form()
{
	run 0 "${f1[@]}" -- "$tenant" deny 7
	json f1
	member tenants.0.denied | grep -q '"net.socket": 7' || fail "$(member tenants.0.denied)"
	is tenants.0.state '"ended"'
	is tenants.0.user null
	is tenants.0.pids '[]'
	run 0 safenode-status --prometheus
	for line in 'safenode_denied_total{tenant="f1",op="net.socket"} 7' 'safenode_in_force 1' \
		'safenode_tenant_running{tenant="f1"} 0' 'safenode_tenant_mode{tenant="f1",mode="enforce"} 1' \
		'safenode_map_entries{map="policies"} 1' 'safenode_map_capacity{map="policies"} 16384' \
		'safenode_events_lost_total{tenant="f1"} 0'; do
		grep -qxF "$line" "$work/out" || fail "no $line: $(grep -v '^#' "$work/out" | head -n 30)"
	done
	[ "$(sed -n 's/^safenode_programs //p' "$work/out")" = "$(find $pins/links -name "sn_*" | wc -l)" ] || fail "programs"
	# values may look like one: CPU time of 10.25 s
	! grep -v '^#' "$work/out" | sed 's/} [^ ]*$/}/' | grep -E '/srv|10\.|cgroup/' || fail "a path or an address"
}

dashboard_has_its_metrics()
{
	safenode-status --prometheus | "$here/dashboard" "$here/safenode.json" || fail "others"
}

# Two policies of one name are two lines; a series is there once
names_come_twice()
{
	rmdir $cgroups/f1 || fail "cannot remove the cgroup"
	start f1 t1 -- "$tenant" wait
	run 0 safenode-status --prometheus
	[ "$(grep -c '^safenode_tenant_running{tenant="f1"}' "$work/out")" = 1 ] || fail "$(grep f1 "$work/out")"
	grep -qx 'safenode_tenant_running{tenant="f1"} 1' "$work/out" || fail "$(grep f1 "$work/out")"
	[ "$(grep -v '^#' "$work/out" | sed 's/ [^ ]*$//' | sort | uniq -d)" = "" ] || fail "a series twice"
	json f1
	is tenants.0.state '"ended"'
	is tenants.1.state '"running"'
	stop f1 t1
	run 0 safenode-detach --cgroup f1 # the other one
}

names_nobody()
{
	remember
	refuses 1 "no tenant 'nobody'" -- safenode-status nobody
	refuses 1 "no tenant 'nobody'" -- safenode-status --json nobody
}

# bytes that are no UTF-8 in the name of the directory
directory_is_no_text()
{
	local dir=$'/srv/t3/\xffé"'

	install -d -o t3 -g t3 "$dir"
	run 0 safenode-attach --cgroup f3 --dir "$dir" --safe-mode
	json f3
	is tenants.0.dir '"/srv/t3/\ufffd\u00e9\""'
	is tenants.0.dir_hex "\"$(printf %s "$dir" | od -An -tx1 | tr -d ' \n')\""
	run 0 safenode-detach --cgroup f3
	rmdir "$dir"
}

# Linux 7.3 keeps it from being set while programs are attached
ftrace_is_told()
{
	start f1 t1 -- "$tenant" wait
	if echo 0 2>/dev/null >/proc/sys/kernel/ftrace_enabled; then
		trap 'echo 1 >/proc/sys/kernel/ftrace_enabled' EXIT
		want=4 json
		check_is ftrace unmet
		check_is programs met
		is tenants.0.state '"running"'
		run 4 safenode-status
		head -1 "$work/out" | grep -q '^NOT IN FORCE: nothing keeps the tenants' || fail "$(cat "$work/out")"
		grep -qE '^f1 +running ' "$work/out" || fail "$(cat "$work/out")"
	else
		json
		check_is ftrace met
	fi
}

detached_link_is_told()
{
	bpftool link detach pinned $pins/links/sn_egress || fail "cannot detach it"
	want=4 json
	check_is programs unmet
	not_in_force "$pins/links/sn_egress is detached" "run safenode-load"
	run 1 "${f1[@]}" -- "$tenant" acts
	said "$pins/links/sn_egress is detached" "run safenode-load"
	run 0 safenode-load
	json
	check_is programs met
}

missing_map_is_told()
{
	mv $pins/homes $pins/away || fail "cannot move it"
	want=4 json
	check_is maps unmet
	check_is programs met
	is tenants null
	not_in_force "$pins/homes" "run safenode-load"
	mv $pins/away $pins/homes
}

parent_is_told()
{
	stop f1 t1
	rmdir $cgroups || fail "cannot remove it"
	want=4 json
	check_is parent unmet
	not_in_force "the cgroup $cgroups was removed" "run safenode-load"
	run 0 safenode-load
	json
	check_is parent met
}

# ask TEXT: what the answer to that request begins with is in $work/head, the rest in $work/body
ask()
{
	printf "$1" | safenode-status --http >"$work/answer" 2>"$work/err" || fail "status $?: $(cat "$work/err")"
	tr -d '\r' <"$work/answer" | sed '/^$/q' >"$work/head"
	tr -d '\r' <"$work/answer" | sed '1,/^$/d' >"$work/body"
}

# answered CODE
answered()
{
	head -1 "$work/head" | grep -q "^HTTP/1.1 $1 " || fail "$(cat "$work/head")"
	[ "$(sed -n 's/^Content-Length: //p' "$work/head")" = "$(wc -c <"$work/body")" ] || fail "$(cat "$work/head")"
}

a_request_is_answered()
{
	ask 'GET /metrics HTTP/1.1\r\nHost: localhost\r\nUser-Agent: Prometheus/2.42.0\r\n\r\n'
	answered 200
	grep -qx 'Content-Type: text/plain; version=0.0.4; charset=utf-8' "$work/head" || fail "$(cat "$work/head")"
	safenode-status --prometheus | grep -v cpu_seconds | cmp - <(grep -v cpu_seconds "$work/body") || fail "others"
	ask 'GET / HTTP/1.0\r\n\r\n'
	answered 404
	ask 'POST /metrics HTTP/1.0\r\n\r\n'
	answered 405
	ask 'nonsense\r\n\r\n'
	answered 400
	# and the connection that is closed at once is no failure
	ask ''
	[ ! -s "$work/answer" ] || fail "$(cat "$work/answer")"
}

# While status cannot write, for its pipe is full, the lock is free
slow_reader_delays_nobody()
{
	run 0 timeout 120 python3 -c '
import fcntl, os, subprocess, sys, time
reader, writer = os.pipe()
os.write(writer, bytes(fcntl.fcntl(writer, fcntl.F_GETPIPE_SZ)))
slow = subprocess.Popen(["safenode-status", "--json"], stdout=writer)
while not open(f"/proc/{slow.pid}/syscall").read().startswith("1 0x1 "): # write(1, ...)
    time.sleep(0.1)
status = subprocess.run(sys.argv[1:]).returncode
waits = slow.poll() is None
os.close(writer)
while os.read(reader, 65536):
    pass
sys.exit(status or slow.wait() or not waits)' "${f1[@]}" -- "$tenant" self /srv/t1
	run 0 safenode-detach --cgroup f1
}

report_has_no_names()
{
	start f1 t1 --restricted-outgoing-addresses 10.9.8.7 --read-only /etc/apt -- "$tenant" wait
	run 0 safenode-report
	silent
	grep -qE "^CONFIG_BPF_LSM=y$|^\(neither /proc/config.gz nor " "$work/out" || fail "no configuration"
	for text in "in force: yes" "sn_egress: link type 3, program " "policies: 1 of 16384 entries" \
		"/sys/kernel/security/lsm: " "tenant 1: running, enforce, 1 processes" "for tenants: "; do
		grep -qF -e "$text" "$work/out" || fail "no '$text': $(cat "$work/out")"
	done
	! grep -nE "\<f1\>|/srv|10\.9\.8\.7|/etc/apt|$(uname -n)" "$work/out" || fail "names"
	run 0 safenode-report --with-tenants
	grep -qx "    restricted-outgoing-addresses 10.9.8.7" "$work/out" || fail "$(cat "$work/out")"
	stop f1 t1
}

status_changes_nothing()
{
	remember
	run 0 safenode-status
	run 0 safenode-status --json
	run 0 safenode-status --prometheus
	unchanged
}

part_status()
{
	need_loaded
	remember
	it "status changes nothing" status_changes_nothing
	it "status tells the options, the user, the processes and what a tenant uses" tells_all_of_a_tenant
	it "status tells of limits that were set and hold no longer" limits_that_no_longer_hold_are_told
	it "refusals are in each form, and no metric has a path or an address" refusals_are_in_each_form
	it "each metric is in the dashboard, and no other" dashboard_has_its_metrics
	it "where a name comes twice, both are told, and each metric once" names_come_twice
	it "status names a tenant that is not there" names_nobody
	it "a directory's name that is no text is told byte by byte" directory_is_no_text
	it "a report has what is needed, and names of tenants only where asked" report_has_no_names
	it "an HTTP request is answered, and one that is none is refused" a_request_is_answered
	it "a reader of status that does not read delays nobody" slow_reader_delays_nobody
	it "with kernel.ftrace_enabled=0 status tells that tenants are free" ftrace_is_told
	it "a link that was detached is told, and nothing is started" detached_link_is_told
	it "a pin that is missing is told" missing_map_is_told
	it "a parent cgroup that was removed is told" parent_is_told
}
