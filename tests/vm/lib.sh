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

# ---- a Debian of its own ----

# make_disk TREE IMAGE SIZE: an ext4 of the tree, without mounting anything. Inode tables are written
# at once: the kernel would do it in the background while something is being measured
make_disk()
{
	rm -f "$2.new"
	mke2fs -q -t ext4 -m 0 -E lazy_itable_init=0,lazy_journal_init=0,root_owner=0:0 \
		-d "$1" "$2.new" "$3" >/dev/null
	mv "$2.new" "$2"
}

# unpack DEB TREE: without what only people read. Several run at once
unpack()
{
	dpkg-deb --fsys-tarfile "$1" | tar -x -C "$2" --keep-directory-symlink \
		--exclude='./usr/share/doc/*' --exclude='./usr/share/man/*' \
		--exclude='./usr/share/locale/*' --exclude='./usr/share/info/*' \
		--exclude='./usr/share/bash-completion/*'
}

# debian IMAGE SIZE PACKAGE...: build/vm/IMAGE.img, a Debian 12 of these packages and what they need.
# configure TREE, of the caller, does what maintainer scripts would do, had they been run
debian()
{
	local image=$out/$1.img size=$2 tree=$out/$1.tree dir
	shift 2

	need e2fsprogs
	[ "$(id -u)" = 0 ] || die "building the image needs root (chroot, file owners)"
	say "[1/4] fetching Debian 12's package lists"
	apt_setup bookworm bookworm-updates bookworm-security
	say "[2/4] fetching $# packages and what they need"
	rm -rf "$tree" "$apt_dir/cache/archives"
	mkdir -p "$apt_dir/cache/archives/partial"
	private_apt apt-get install -qq -y --no-install-recommends --download-only \
		-o APT::Keep-Downloaded-Packages=true "$@" >"$apt_dir/log" 2>&1 || {
		cat "$apt_dir/log" >&2
		die "cannot fetch the packages"
	}
	say "[3/4] unpacking"
	mkdir -p "$tree"/usr/{bin,sbin,lib,lib32,lib64,libx32}
	for dir in bin sbin lib lib32 lib64 libx32; do
		ln -s "usr/$dir" "$tree/$dir"
	done
	export -f unpack
	# shellcheck disable=SC2016 # expanded by the inner shell
	printf '%s\0' "$apt_dir"/cache/archives/*.deb |
		xargs -0 -n 1 -P "$(nproc)" bash -c 'set -eo pipefail; unpack "$1" "$0"' "$tree"
	configure "$tree"
	say "[4/4] making the disk ($(du -sm "$tree" | cut -f1) MB)"
	make_disk "$tree" "$image" "$size"
	rm -rf "$tree" "$apt_dir/cache/archives"
}
