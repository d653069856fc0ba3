# SPDX-License-Identifier: GPL-2.0-only
# TAP, and what all tests of the tools do: run one, look at what it said and at what it left.
# shellcheck shell=bash

tests=0 failures=0
work=$(mktemp -d /tmp/safenode-cli.XXXXXX)
chmod 755 "$work"
trap 'rm -rf "$work"' EXIT

# it SENTENCE COMMAND...: one test; it fails by calling fail
it()
{
	local sentence=$1

	shift
	tests=$((tests + 1))
	if ("$@") >"$work/log" 2>&1; then
		echo "ok $tests - $sentence"
		return
	fi
	failures=$((failures + 1))
	echo "not ok $tests - $sentence"
	head -n 8 "$work/log" | cut -c1-400 | sed 's/^/# /'
}

# is_ours N: where runs on several kernels share what takes long (SAFENODE_SHARE=K/OF), every OF-th of
# it is this run's
is_ours()
{
	local share=${SAFENODE_SHARE-1/1}

	[ $(($1 % ${share#*/})) = $((${share%/*} % ${share#*/})) ]
}

# shared N SENTENCE COMMAND...: a test that is done on one of them; those of one N on the same
shared()
{
	if is_ours "$1"; then
		it "${@:2}"
	else
		echo "# left out: $2"
	fi
}

# skip SENTENCE WHAT: WHAT is missing
skip()
{
	tests=$((tests + 1))
	if [ "${SAFENODE_MUST_RUN-}" = 1 ]; then
		failures=$((failures + 1))
		echo "not ok $tests - $1 (missing: $2)"
		return
	fi
	echo "ok $tests - $1 # SKIP $2"
}

fail()
{
	echo "$*"
	exit 1
}

# The plan, and the exit status
end()
{
	echo "1..$tests"
	[ "$failures" = 0 ]
	exit
}

# run STATUS COMMAND...: must end with that status; its output is in out and err
run()
{
	local want=$1 got=0

	shift
	"$@" >"$work/out" 2>"$work/err" </dev/null || got=$?
	[ ! -s "$work/err" ] || forget_waiting "$work/err"
	[ $got = "$want" ] || fail "status $got, not $want: $*: $(cat "$work/out" "$work/err")"
}

# forget_waiting FILE...: who comes while another tool works may have to wait, in an emulator for long
forget_waiting()
{
	sed -i '/^safenode[a-z-]*: waiting for .* locked /d' "$@"
}

# said TEXT...: one line on stderr, with every TEXT in it, and nothing else
said()
{
	local text

	[ "$(wc -l <"$work/err")" = 1 ] || fail "not one line: $(cat "$work/err")"
	[ ! -s "$work/out" ] || fail "wrote to stdout, too: $(cat "$work/out")"
	for text; do
		grep -qF -e "$text" "$work/err" || fail "no '$text' in: $(cat "$work/err")"
	done
}

silent()
{
	[ ! -s "$work/err" ] || fail "complained: $(cat "$work/err")"
}

# printed TEXT: all of stdout
printed()
{
	[ "$(cat "$work/out")" = "$1" ] || fail "printed '$(cat "$work/out")', not '$1'"
	silent
}

# soon COMMAND...: within ten seconds
soon()
{
	local i

	for ((i = 0; i < 200; i++)); do
		! "$@" 2>/dev/null || return 0
		sleep 0.05
	done
	return 1
}
