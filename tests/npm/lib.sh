# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash

# tests_of NODE PREFIX FILE...: what node:test says of each, as this project's TAP: why comes behind
# "# " where a test fails, and not at all where it passes
tests_of()
{
	local node=$1 prefix=$2 file failed=0

	shift 2
	for file; do
		"$node" --test-reporter=tap "$file" 2>&1 | awk -v prefix="$prefix" '
		/^(not )?ok / { failed = /^not/; sub(/ - /, " - " prefix) }
		/^(not )?ok |^1\.\./ { print; fflush(); next }
		/^TAP version|^# (Subtest:|tests |suites |pass |fail |cancelled |skipped |todo |duration_ms )/ { next }
		/^  / && !failed { next }
		{ sub(/^#? */, "# "); print; fflush() }'
		[ "${PIPESTATUS[0]}" = 0 ] || failed=1
	done
	return $failed
}
