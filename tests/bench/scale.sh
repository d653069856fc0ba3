# SPDX-License-Identifier: GPL-2.0-only
# Scale: decisions, attach and detach beside many tenants and with long lists; memory.
# shellcheck shell=bash disable=SC2086,SC2154 # places and words are lib.sh's

# scale_row COLUMN OP COST
scale_row()
{
	echo "{\"part\": \"scale\", \"column\": \"$1\", \"op\": \"$2\", \"cost\": $3, \"result\": \"ok\"}"
}

# asked COLUMN AT SUFFIX COMMAND...: by what runs ops, with the ports at that address
asked()
{
	local column=$1 at=$2 suffix=$3 names=(connect+close sendto)

	[ "$suffix" ] || names+=("open+close depth 1" "open+close depth 9" "open outside")
	(cd $dir && "${@:4}" $bin/ops $clock $dir $outside $other $at:$port $at:$closed "${names[@]}") |
		sed "s/^{\"op\": \"\([^\"]*\)/{\"part\": \"scale\", \"column\": \"$column\", \"op\": \"\1$suffix/"
}

# decisions COLUMN COMMAND...: the operations that look something up
decisions()
{
	say "scale: $1"
	asked "$1" $listed "" "${@:2}"
	asked "$1" $unlisted " unrestricted" "${@:2}"
}

# with COLUMN ADDRESSES PORTS
with()
{
	decisions "$1" safenode-attach --cgroup t1 --dir $dir --safe-mode \
		--restricted-outgoing-addresses "$2" --allowed-outgoing-ports "$3" --
}

# CPU time: what the kernel makes them wait for is not theirs
tool()
{
	enter $level2 $bin/program 1 $clock $counted "$@" | cut -d' ' -f3
}

# attach and detach of a policy without a command
tools()
{
	local attach=() detach=() i

	for i in 1 2 3; do
		attach+=("$(tool safenode-attach --cgroup t9 --dir $dir --safe-mode \
			--restricted-outgoing-addresses self --allowed-outgoing-ports $port)")
		detach+=("$(tool safenode-detach --cgroup t9)")
	done
	scale_row "$1" "safenode-attach, policy only" "$(printf '%s\n' "${attach[@]}" | sort -n | head -n 1)"
	scale_row "$1" "safenode-detach" "$(printf '%s\n' "${detach[@]}" | sort -n | head -n 1)"
}

# bytes of the kernel's memory that policies use: slab, per-CPU, vmalloc
in_use()
{
	sync
	echo 3 >/proc/sys/vm/drop_caches
	awk '/^(SUnreclaim|Percpu|VmallocUsed):/ { kb += $2 } END { print kb * 1024 }' /proc/meminfo
}

# The same once it no longer falls: what is freed is given back after grace periods
memory()
{
	local now last

	now=$(in_use)
	while
		last=$now
		sleep 3
		now=$(in_use)
		[ $((last - now)) -gt 65536 ]
	do :; done
	echo $now
}

# The kernel's own account of the maps (exact since Linux 6.4)
memlock()
{
	bpftool map show -j | python3 -c 'import json, sys
print(sum(m.get("bytes_memlock", 0) for m in json.load(sys.stdin) if m.get("name") in
    ("policies", "counters", "addresses", "ports", "directories", "names", "lists")))'
}

# takes COLUMN RULES: the memory of 10000 tenants of that many rules, in new maps; the first 1000 pay for
# what the kernel keeps at hand for those that follow
takes()
{
	local before before_maps

	say "scale: memory of $1"
	safenode-load
	$bin/fill 1 1000 "$2"
	before=$(memory) before_maps=$(memlock)
	$bin/fill 1001 10000 "$2"
	scale_row "$1" "bytes per tenant, slab" $((($(memory) - before) / 10000))
	scale_row "$1" "bytes per tenant, maps" $((($(memlock) - before_maps) / 10000))
	$bin/fill --empty
	unload
}

# list N: N IPv4 addresses; spread: addresses of many prefix lengths
list()
{
	local i

	for ((i = 1; i < $1; i++)); do
		printf '10.1.%d.%d,' $((i / 256)) $((i % 256))
	done
	echo $listed
}

spread()
{
	local i

	for ((i = 8; i < 32; i++)); do
		printf '10.0.0.0/%d,' $i
	done
	for ((i = 16; i <= 64; i++)); do
		printf 'fd00::/%d,' $i
	done
	echo $listed
}

# ports N: N allowed ports, none beside another
ports()
{
	local i

	for ((i = 1; i < $1; i++)); do
		printf '%d,' $((10000 + 2 * i))
	done
	echo $port
}

decisions bare bare
takes "10000 tenants" 0
takes "10000 tenants of 10 rules" 10
safenode-load
tenants=1
with "1 tenants" $listed $port
tools "1 tenants"
for more in 100 1000 10000; do
	$bin/fill $tenants $((more - tenants)) 0
	tenants=$more
	with "$more tenants" $listed $port
	tools "$more tenants"
done
safenode-detach --cgroup t1
$bin/fill --empty

for n in 1 64 4096; do
	with "$n addresses" "$(list $n)" $port
	with "$n ports" $listed "$(ports $n)"
done
with "4096 addresses and ports" "$(list 4096)" "$(ports 4096)"
with "74 prefix lengths" "$(spread)" $port
safenode-detach --cgroup t1
unload
