# SPDX-License-Identifier: GPL-2.0-only
# safenode-check and safenode-attach have one opinion of a policy file.
# shellcheck shell=bash disable=SC2034,SC2154,SC2317

# agree STATUS POLICY: both end with that status for it, and safenode-attach leaves nothing if it refuses
agree()
{
	printf '%b' "$2" >"$work/policy"
	run "$1" safenode-check "$work/policy" -- "$tenant" acts
	cp "$work/err" "$work/check.err"
	run "$1" safenode-attach --cgroup f1 --policy "$work/policy" -- "$tenant" acts
	if [ "$1" = 0 ]; then
		run 0 safenode-detach --cgroup f1
	else
		# what attach says first is one of the things that the check found
		said "safenode-attach: "
		grep -qxF "safenode-check: $(sed -E 's/^safenode-attach: (--policy: )?//' "$work/err")" "$work/check.err" ||
			fail "attach says '$(cat "$work/err")', the check '$(cat "$work/check.err")'"
	fi
	unchanged
}

both_take_what_is_right()
{
	agree 0 "dir /srv/t1\nsafe-mode\n"
	agree 0 "# all\ndir /srv/t1\nsafe-mode\nuser t1\nsupplementary-group t2\nread-only /etc/apt\nread-write /var/tmp
restricted-outgoing-addresses = self,10.0.0.0/8\nallowed-outgoing-ports 53,8000-8100\nallowed-listen-ports 8080
memory-max 200M\ncpu-max 50%\npids-max 50\n"
}

both_refuse_what_is_wrong()
{
	local line all="dir /srv/t1\nsafe-mode\n"

	for line in "nope" "memory-max 1Q" "read-only /nowhere" "read-only /srv/t1/x" "user nobody-here" \
		"supplementary-group nobody-here" "allowed-outgoing-ports 80" "cgroup a/b"; do
		agree 2 "$all$line\n"
		grep -qE "policy(:3)?: " "$work/err" || fail "no file and line: $(cat "$work/err")"
	done
	agree 2 "dir /srv/nobody\nsafe-mode\n"
}

# both_say TEXT POLICY: and refuse it
both_say()
{
	run 2 safenode-check "$2" -- "$tenant"
	grep -qF -e "$1" "$work/err" || fail "no '$1' in $(cat "$work/err")"
	refuses 2 "$1" /etc/safenode -- safenode-attach --cgroup f1 --policy "$2" -- "$tenant" acts
}

# Both look at the program, and at who can change the file
what_is_around_is_looked_at()
{
	printf 'dir /srv/t1\nsafe-mode\n' >"$work/policy"
	run 2 safenode-check "$work/policy" -- /nowhere/node
	grep -qF "/nowhere/node" "$work/err" || fail "$(cat "$work/err")"
	cp "$tenant" /srv/t1/tenant
	run 2 safenode-check "$work/policy" -- /srv/t1/tenant
	grep -qF "lies in the tenant's directory" "$work/err" || fail "$(cat "$work/err")"
	rm /srv/t1/tenant
	run 0 safenode-check "$work/policy" -- "$tenant"
	! grep "file" "$work/err" || fail "$(cat "$work/err")"
	chown t1 "$work/policy"
	both_say "'$work/policy' belongs to user 2001; chown it to root" "$work/policy"
	# the file is root's; the link to it can be turned to another one
	chown root "$work/policy"
	install -d -o t1 "$work/of-t1"
	ln -s "$work/policy" "$work/of-t1/policy"
	both_say "'$work/of-t1' belongs to user 2001; chown it to root" "$work/of-t1/policy"
	rm -r "$work/of-t1"
	# a pipe of the caller's has no name that others could give away
	run 0 safenode-attach --cgroup f1 --policy <(cat "$work/policy")
	run 0 safenode-detach --cgroup f1
	unchanged
}

part_check()
{
	need_loaded
	remember
	it "a policy file that safenode-check finds right, safenode-attach takes" both_take_what_is_right
	it "what safenode-check finds wrong, safenode-attach refuses, in the same words" both_refuse_what_is_wrong
	it "safenode-check looks at the program, and at who can change the file" what_is_around_is_looked_at
}
