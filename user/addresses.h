/* SPDX-License-Identifier: GPL-2.0-only */
/* "10.0.0.0/8,::1,self" -> prefixes -> the keys of the map "addresses". */
#ifndef SAFENODE_ADDRESSES_H
#define SAFENODE_ADDRESSES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "err.h"
#include "safenode_abi.h"

/* A prefix as the map has it; the key's scope is filled in by sn_compile(). */
struct sn_address_rule {
	struct sn_address_key key;
	struct sn_text text;
};

/* Prefixes as the operator listed them, without duplicates. Owns @rules. */
struct sn_address_list {
	struct sn_address_rule *rules;
	size_t nr;
	bool self;     /* "self" is in the list */
	bool loopback; /* a prefix touches 127.0.0.0/8, ::1 or the unspecified addresses */
};

/*
 * Adds the entries of @text to @list, all of them or none. IPv4 and IPv6 addresses in
 * inet_pton(3)'s form, or CIDR of any length, where host bits must be zero. "self" stands for every
 * address that the machine has now, loopback, multicast, broadcast and unspecified. 0, -EINVAL or
 * -ENOMEM.
 */
int sn_addresses_add(struct sn_address_list *list, const char *text, struct sn_err *err);

/*
 * Adds one prefix by the text that a list has for it, which begins with "self: " where "self" stood
 * for it: for a list of another process. 0, -EINVAL or -ENOMEM.
 */
int sn_addresses_add_listed(struct sn_address_list *list, const char *text, struct sn_err *err);

void sn_addresses_free(struct sn_address_list *list);

/*
 * The entries of "addresses" for @listed, without a scope, and the lengths in @policy that go with
 * them. A prefix inside another one is left out; the beginnings of longer prefixes that
 * sn_search_prefixes() looks for are added. Returns how many entries *@rules has, which is the
 * caller's to free, or -ENOMEM.
 */
ssize_t sn_addresses_cut(const struct sn_address_list *listed, struct sn_policy *policy,
			 struct sn_address_rule **rules);

#endif
