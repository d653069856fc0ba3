# SPDX-License-Identifier: GPL-2.0-only
# Shared by the scripts of this directory, after tests/vm/lib.sh: what is built here lies beside the
# images of others, and apt's files as well.
# shellcheck shell=bash disable=SC2034,SC2154
out=$root/build/kubernetes
apt_dir=$out/apt
