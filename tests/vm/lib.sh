# SPDX-License-Identifier: GPL-2.0-only
# Shared by the scripts in tests/vm: messages, missing packages, a private apt, build stamps.
# shellcheck shell=bash

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
out=$root/build/vm
apt_dir=$out/apt

say()
{
	echo "${0##*/}: $*" >&2
}

die()
{
	say "$*"
	exit "${die_status:-1}"
}

# Nothing fails without a word
set -E
trap 'say "failed: $BASH_COMMAND (${BASH_SOURCE[0]##*/} line $LINENO)"' ERR

# need PACKAGE...: install those of this machine's packages that are missing
need()
{
	local wanted installed missing log

	wanted=$(printf '%s\n' "$@" | sort -u)
	# "ii": removed ones whose configuration is still there do not count
	# shellcheck disable=SC2016 # the ${} are dpkg-query's
	installed=$(dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' "$@" 2>/dev/null |
		sed -n 's/^ii *//p' | sort -u) || true
	missing=$(comm -23 <(echo "$wanted") <(echo "$installed") | xargs)
	[ -n "$missing" ] || return 0
	[ "$(id -u)" = 0 ] || die "missing packages; as root: apt-get install $missing"
	say "installing $missing"
	# apt-get does not wait for another update, such as that of tests/deps
	exec 7>/tmp/safenode-deps.lock
	flock 7
	# shellcheck disable=SC2086 # a list of words
	log=$(apt-get update -qq 2>&1 && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y \
		--no-install-recommends -o DPkg::Lock::Timeout=300 $missing 2>&1) || {
		echo "$log" >&2
		die "could not install $missing"
	}
	exec 7>&-
}

# apt reading only our sources, and keeping everything it writes below build/
private_apt()
{
	local tool=$1

	shift
	"$tool" -q -o Dir::Etc::sourcelist="$apt_dir/sources.list" \
		-o Dir::Etc::sourceparts=/dev/null \
		-o Dir::Etc::preferences=/dev/null \
		-o Dir::Etc::preferencesparts=/dev/null \
		-o Dir::State::lists="$apt_dir/lists" \
		-o Dir::State::status="$apt_dir/status" \
		-o Dir::State::extended_states="$apt_dir/extended_states" \
		-o Dir::Cache="$apt_dir/cache" \
		-o Dir::Cache::pkgcache=pkgcache.bin -o Dir::Cache::srcpkgcache=srcpkgcache.bin \
		-o APT::Architecture=amd64 -o APT::Architectures=amd64 \
		-o APT::Sandbox::User=root -o Debug::NoLocking=1 "$@"
}

# Where this machine gets suites that match $1 (a regex) of Debian from, by its own apt sources
debian_mirror()
{
	# shellcheck disable=SC2016 # the $() are apt's
	apt-get indextargets --format '$(ORIGIN)|$(COMPONENT)|$(RELEASE)|$(REPO_URI)' \
		'Created-By: Packages' |
		awk -F'|' -v re="$1" '$1 == "Debian" && $2 == "main" && $3 ~ re { print $4; exit }'
}

# apt_setup SUITE...: what private_apt sees from now on
apt_setup()
{
	local main security suite by='[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]'

	need debian-archive-keyring
	main=$(debian_mirror '^[a-z]+$')
	if [ -z "$main" ]; then
		# apt knows the origin of a source only once it has fetched its index
		say "asking apt for its package lists"
		apt-get update -qq >&2
		main=$(debian_mirror '^[a-z]+$')
	fi
	[ -n "$main" ] || die "this machine's apt has no Debian source to take packages from"
	security=$(debian_mirror '-security$')

	mkdir -p "$apt_dir/lists/partial" "$apt_dir/cache/archives/partial"
	: >"$apt_dir/status"
	for suite in "$@"; do
		case $suite in
		*-security) [ -z "$security" ] || echo "deb $by $security $suite main" ;;
		*) echo "deb $by $main $suite main" ;;
		esac
	done >"$apt_dir/sources.list"
	private_apt apt-get update >"$apt_dir/log" 2>&1 || {
		cat "$apt_dir/log" >&2
		die "cannot fetch Debian's package lists"
	}
}

# stamp FILE...: the content that a build result depends on
stamp()
{
	cat "$@" | sha256sum | cut -d' ' -f1
}

# is_built FILE STAMP
is_built()
{
	[ -e "$1" ] && [ "$(cat "$1.stamp" 2>/dev/null)" = "$2" ]
}

# One builder at a time: concurrent runs wait here and then find the work done. $1: what for
lock_builds()
{
	mkdir -p "$out"
	exec 9>"$out/lock"
	flock -n 9 && return
	say "waiting for another build of $1"
	flock 9
}
