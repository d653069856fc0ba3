# SPDX-License-Identifier: GPL-2.0-only
# Options of systemd.exec(5) that a unit with safenode-attach can have, and those that it cannot: what
# tests/cli/parts/units.sh does in systemd's place, by systemd itself.
# shellcheck shell=bash disable=SC2154,SC2317

serves_with_all()
{
	systemctl -q cat shop.service >/dev/null 2>&1 || recipe "One tenant, one unit"
	recipe "Hardening"
	serves 8080 hello
	is_tenant shop.service shop || fail "is in $(cgroup_of "$(show shop.service MainPID)")"
	limits_hold
	systemctl stop shop.service
	[ ! -e $cgroups/shop ] || fail "its cgroup is left"
}

# The same options, and a program that tells whether attach did all it promises. A Unix socket would have
# the errno of RestrictAddressFamilies=
is_as_promised_with_all()
{
	local properties=()

	mapfile -t properties < <(sed -n '/^Restrict.*Families/d; /=/{ s,/srv/shop,/srv/test,; p }' \
		/etc/systemd/system/shop.service.d/hardening.conf)
	in_unit 0 "${properties[@]}" -- "${in_test[@]}" --memory-max 100M -- \
		"$tenant" self /srv/test
	printed "as promised"
}

# refused OPTION TEXT...: attach says each TEXT, and nothing is left
refused()
{
	local text status=0

	transient "$1" -- "${in_test[@]}" -- "$tenant" acts >"$work/out" 2>"$work/err" </dev/null ||
		status=$?
	[ $status != 0 ] && [ $status != 124 ] || fail "status $status: $(cat "$work/out")"
	for text in "safenode-attach: " "${@:2}"; do
		grep -qF -e "$text" "$work/err" || fail "no '$text' in: $(cat "$work/err")"
	done
	run 0 safenode-status
	! grep '^test .*running' "$work/out" || fail "something is left"
}

names_the_option()
{
	refused ProtectControlGroups=yes ProtectControlGroups=
	refused PrivateUsers=yes PrivateUsers=
	refused "CapabilityBoundingSet=CAP_BPF CAP_SETUID CAP_SETGID" CAP_SETPCAP CapabilityBoundingSet=
	refused SystemCallFilter=@system-service bpf SystemCallFilter=
	refused "SystemCallFilter=~@privileged" SystemCallFilter=
	refused InaccessiblePaths=/srv/test "'/srv/test'"
}

directory_is_read_only()
{
	in_unit 0 ProtectSystem=strict -- "${in_test[@]}" -- "$tenant" acts
	grep -q "write-inside=EROFS" "$work/out" || fail "$(cat "$work/out")"
}

hides_mounts_inside()
{
	local directory=/srv/test/data

	install -d -o test -g test /srv/data $directory
	in_unit 0 BindPaths=/srv/data:$directory -- setpriv --reuid test --regid test --clear-groups \
		bash -c ": >$directory/file"
	in_unit 1 BindPaths=/srv/data:$directory -- "${in_test[@]}" -- bash -c ": >$directory/file"
	grep -q "No such file or directory" "$work/err" || fail "$(cat "$work/err")"
}

part_hardening()
{
	it "a tenant serves with all options of the page" serves_with_all
	it "with all of them attach does what it promises" is_as_promised_with_all
	it "attach names the option of the unit that it cannot work with" names_the_option
	it "with ProtectSystem=strict alone, the tenant's directory is read-only" directory_is_read_only
	it "what BindPaths= mounts inside the directory cannot be reached" hides_mounts_inside
}
