# SPDX-License-Identifier: GPL-2.0-only
# What a tenant of /srv/t1 may, as far as AppArmor can say it: no ports, no addresses, no execution
# of the baseline's own libraries only. Numbers are kept out of tenants' hands by its user.
abi <kernel>,

profile safenode-bench {
  /usr/** mr,
  /usr/local/lib/safenode-bench/* mrix,
  /etc/** r,
  /proc/ r,
  /proc/** r,
  /sys/** r,
  /dev/{null,zero,full,random,urandom} rw,
  / r,
  /srv/ r,
  /srv/t1/ r,
  /srv/t1/** rwlk,
  network inet stream,
  network inet dgram,
  network inet6 stream,
  network inet6 dgram,
  network netlink raw,
  signal (send,receive) peer=safenode-bench,
}
