// SPDX-License-Identifier: GPL-2.0-only
/* "10.0.0.0/8,::1,self" -> prefixes -> the keys of the map "addresses". */
#include <arpa/inet.h>
#include <ctype.h>
#include <endian.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "addresses.h"
#include "decide.h"
#include "parse.h"

struct prefix {
	struct sn_address address;
	unsigned int length; /* as it is stored, 0 to 128 */
	bool v4;	     /* written as IPv4: length is 96 more than the operator's */
};

static struct sn_address address_of(const uint8_t bytes[16])
{
	uint64_t half[2];

	memcpy(half, bytes, sizeof(half));
	return (struct sn_address){ .hi = be64toh(half[0]), .lo = be64toh(half[1]) };
}

static void put_address(uint8_t bytes[16], struct sn_address address)
{
	uint64_t half[2] = { htobe64(address.hi), htobe64(address.lo) };

	memcpy(bytes, half, sizeof(half));
}

static bool same_address(struct sn_address a, struct sn_address b)
{
	return a.hi == b.hi && a.lo == b.lo;
}

/* "10.0.0.0/8" */
static void format_prefix(const struct prefix *prefix, char *text, size_t size)
{
	char address[INET6_ADDRSTRLEN];
	uint8_t bytes[16];

	put_address(bytes, prefix->address);
	inet_ntop(prefix->v4 ? AF_INET : AF_INET6, prefix->v4 ? bytes + 12 : bytes, address,
		  sizeof(address));
	snprintf(text, size, "%s/%u", address, prefix->length - (prefix->v4 ? 96 : 0));
}

static int not_an_address(const char *word, struct sn_err *err)
{
	bool name = !strchr(word, ':');

	for (const char *c = word; name && !isalpha((unsigned char)*c); c++)
		name = *c;
	if (name)
		return sn_fail(err, EINVAL,
			       SN_QUOTED
			       " is a name: only addresses can be listed, for what a name "
			       "leads to can change",
			       word);
	return sn_fail(err, EINVAL,
		       SN_QUOTED
		       " is not an address: write IPv4, IPv6, either with /LENGTH, or self",
		       word);
}

/* The part of @word before its '/', if any. */
static int parse_address(const char *word, struct prefix *prefix, struct sn_err *err)
{
	size_t len = strcspn(word, "/");
	char text[INET6_ADDRSTRLEN];
	uint8_t bytes[16];
	struct in_addr v4;

	if (len >= sizeof(text))
		return not_an_address(word, err);
	memcpy(text, word, len);
	text[len] = '\0';
	if (inet_pton(AF_INET, text, &v4) == 1) {
		prefix->address = sn_address_v4(ntohl(v4.s_addr));
		prefix->v4 = true;
		return 0;
	}
	if (inet_pton(AF_INET6, text, bytes) != 1)
		return not_an_address(word, err);
	prefix->address = address_of(bytes);
	prefix->v4 = false;
	return 0;
}

static int parse_prefix(const char *word, struct prefix *prefix, struct sn_err *err)
{
	const char *slash = strchr(word, '/');
	struct prefix zeroed;
	uint64_t length;
	int error, bits;

	error = parse_address(word, prefix, err);
	if (error)
		return error;
	bits = prefix->v4 ? 32 : 128;
	if (!slash)
		length = bits;
	else if (!sn_parse_number(slash + 1, bits, &length))
		return sn_fail(err, EINVAL,
			       SN_QUOTED " has a bad length: IPv%d prefixes are /0 to /%d long",
			       word, prefix->v4 ? 4 : 6, bits);
	prefix->length = length + 128 - bits;

	zeroed = *prefix;
	zeroed.address = sn_address_prefix(prefix->address, prefix->length);
	if (!same_address(zeroed.address, prefix->address)) {
		char text[64];

		format_prefix(&zeroed, text, sizeof(text));
		return sn_fail(err, EINVAL,
			       SN_QUOTED " has bits set behind its length: use %s, or the address "
					 "without a length",
			       word, text);
	}
	return 0;
}

static bool overlap(struct sn_address a, uint32_t a_length, struct sn_address b, uint32_t b_length)
{
	uint32_t length = a_length < b_length ? a_length : b_length;

	return same_address(sn_address_prefix(a, length), sn_address_prefix(b, length));
}

/* Does it hold an address that sn_address_is_loopback() knows? */
static bool touches_loopback(const struct sn_address_key *key)
{
	struct sn_address address = address_of(key->addr);

	return overlap(address, key->length, sn_address_v4(127u << 24), 104) ||
	       overlap(address, key->length, sn_address_v4(0), 128) ||
	       overlap(address, key->length, (struct sn_address){ 0 }, 127);
}

#define BY_SELF "self: "

/* @label goes in front of the text that people read. */
static int restrict_prefix(struct sn_address_list *list, const char *label, const char *word,
			   struct sn_err *err)
{
	struct sn_address_rule rule = {}, *rules;
	struct prefix prefix = {};
	int error = parse_prefix(word, &prefix, err);

	if (error)
		return error;
	rule.key.length = prefix.length;
	put_address(rule.key.addr, prefix.address);
	for (size_t i = 0; i < list->nr; i++)
		if (!memcmp(&list->rules[i].key, &rule.key, sizeof(rule.key)))
			return 0;
	if (list->nr == SN_LIST_MAX)
		return sn_fail(err, EINVAL,
			       SN_QUOTED
			       " is one too many: at most %d addresses; join them to prefixes",
			       word, SN_LIST_MAX);

	/* too long: only an IPv6 address in full, with the last 32 bits in IPv4's form */
	if (snprintf(rule.text.text, sizeof(rule.text.text), "%s%s", label, word) >=
	    (int)sizeof(rule.text.text))
		format_prefix(&prefix, rule.text.text, sizeof(rule.text.text));
	rules = reallocarray(list->rules, list->nr + 1, sizeof(*rules));
	if (!rules)
		return sn_fail(err, ENOMEM, "out of memory");
	list->rules = rules;
	rules[list->nr++] = rule;
	return 0;
}

static int restrict_own(struct sn_address_list *list, int family, const void *address,
			struct sn_err *err)
{
	char text[INET6_ADDRSTRLEN];

	inet_ntop(family, address, text, sizeof(text));
	return restrict_prefix(list, BY_SELF, text, err);
}

/*
 * An interface's address and its broadcasts: the configured one, and the one that the kernel adds
 * to every network that has room for it (net/ipv4/fib_frontend.c fib_add_ifaddr).
 */
static int restrict_interface(struct sn_address_list *list, const struct ifaddrs *ifa,
			      struct sn_err *err)
{
	const struct sockaddr_in *address = (void *)ifa->ifa_addr, *mask = (void *)ifa->ifa_netmask;
	const struct sockaddr_in *broadcast = (void *)ifa->ifa_broadaddr;
	int error;

	if (!ifa->ifa_addr)
		return 0;
	if (ifa->ifa_addr->sa_family == AF_INET6)
		return restrict_own(list, AF_INET6,
				    &((struct sockaddr_in6 *)ifa->ifa_addr)->sin6_addr, err);
	if (ifa->ifa_addr->sa_family != AF_INET)
		return 0;
	error = restrict_own(list, AF_INET, &address->sin_addr, err);
	if (!error && broadcast && ifa->ifa_flags & IFF_BROADCAST)
		error = restrict_own(list, AF_INET, &broadcast->sin_addr, err);
	if (!error && mask && ntohl(~mask->sin_addr.s_addr) > 1) {
		struct in_addr last = { address->sin_addr.s_addr | ~mask->sin_addr.s_addr };

		error = restrict_own(list, AF_INET, &last, err);
	}
	return error;
}

static int restrict_self(struct sn_address_list *list, struct sn_err *err)
{
	static const char *const always[] = { "127.0.0.0/8", "::1",	 "0.0.0.0",	   "::",
					      "224.0.0.0/4", "ff00::/8", "255.255.255.255" };
	struct ifaddrs *all;
	int error = 0;

	if (getifaddrs(&all)) {
		error = errno;
		return sn_fail(err, error, "'self': cannot list this machine's addresses: %s%s",
			       strerror(error),
			       error == EAFNOSUPPORT
				       ? "; add AF_NETLINK to RestrictAddressFamilies= of the unit"
				       : "");
	}
	for (size_t i = 0; !error && i < sizeof(always) / sizeof(always[0]); i++)
		error = restrict_prefix(list, BY_SELF, always[i], err);
	for (struct ifaddrs *ifa = all; !error && ifa; ifa = ifa->ifa_next)
		error = restrict_interface(list, ifa, err);
	freeifaddrs(all);
	return error;
}

int sn_addresses_add(struct sn_address_list *list, const char *text, struct sn_err *err)
{
	sn_autofree char *copy = strdup(text);
	size_t before = list->nr;
	char *rest = copy, *word;
	bool self = false;
	int error;

	if (!copy)
		return sn_fail(err, ENOMEM, "out of memory");
	error = sn_check_list(text, "address", err);
	while (!error && (word = strsep(&rest, ","))) {
		if (!strcmp(word, "self")) {
			self = true;
			error = restrict_self(list, err);
		} else {
			error = restrict_prefix(list, "", word, err);
		}
	}
	if (error) {
		list->nr = before;
		return error;
	}
	list->self |= self;
	for (size_t i = before; i < list->nr; i++)
		list->loopback |= touches_loopback(&list->rules[i].key);
	return 0;
}

int sn_addresses_add_listed(struct sn_address_list *list, const char *text, struct sn_err *err)
{
	bool self = !strncmp(text, BY_SELF, strlen(BY_SELF));
	int error = restrict_prefix(list, self ? BY_SELF : "", text + (self ? strlen(BY_SELF) : 0),
				    err);

	if (error)
		return error;
	list->self |= self;
	list->loopback |= touches_loopback(&list->rules[list->nr - 1].key);
	return 0;
}

void sn_addresses_free(struct sn_address_list *list)
{
	free(list->rules);
	*list = (struct sn_address_list){};
}

/* ---- the keys of "addresses" ---- */

/* By address; a prefix comes before those inside it. */
static int compare_rules(const void *a, const void *b)
{
	const struct sn_address_key *x = a, *y = b;
	int order = memcmp(x->addr, y->addr, sizeof(x->addr));

	return order ? order : (x->length > y->length) - (x->length < y->length);
}

static bool holds(const struct sn_address_key *outer, const struct sn_address_key *inner)
{
	return outer->length <= inner->length && overlap(address_of(outer->addr), outer->length,
							 address_of(inner->addr), inner->length);
}

/* ::ffff:0:0/96 and prefixes inside it; and all that overlap it. */
static bool is_v4(const struct sn_address_key *key)
{
	return key->length >= 96 && sn_address_is_v4(address_of(key->addr));
}

static bool touches_v4(const struct sn_address_key *key)
{
	return overlap(address_of(key->addr), key->length, sn_address_v4(0), 96);
}

/* Notes the lengths of @rules for one of the searches, in ascending order. Returns how many. */
static size_t note_lengths(const struct sn_address_rule *rules, size_t nr, bool v4, __u8 *lengths)
{
	bool used[129] = {};
	size_t nr_lengths = 0;

	for (size_t i = 0; i < nr; i++)
		if (v4 ? touches_v4(&rules[i].key) : !is_v4(&rules[i].key))
			used[rules[i].key.length] = true;
	for (int length = 0; length <= 128; length++)
		if (used[length])
			lengths[nr_lengths++] = length;
	return nr_lengths;
}

/*
 * The beginnings of @rule that sn_search_prefixes() must find on its way to it. @last: the latest
 * of each length; rules come in order, so those that share a beginning follow one another.
 */
static size_t add_beginnings(const struct sn_address_rule *rule, const struct sn_policy *policy,
			     struct sn_address_key last[129], struct sn_address_rule *to)
{
	bool v4 = is_v4(&rule->key);
	size_t low = v4 ? 0 : policy->lengths_v4,
	       high = v4 ? policy->lengths_v4 : policy->lengths_all;
	struct sn_address address = address_of(rule->key.addr);
	size_t nr = 0;

	while (low < high) {
		size_t middle = (low + high) / 2;
		struct sn_address_key key = { .length = policy->address_lengths[middle] };

		if (key.length == rule->key.length)
			break;
		if (key.length > rule->key.length) {
			high = middle;
			continue;
		}
		low = middle + 1;
		put_address(key.addr, sn_address_prefix(address, key.length));
		if (!memcmp(&last[key.length], &key, sizeof(key)))
			continue;
		last[key.length] = key;
		to[nr++] = (struct sn_address_rule){ .key = key };
	}
	return nr;
}

ssize_t sn_addresses_cut(const struct sn_address_list *listed, struct sn_policy *policy,
			 struct sn_address_rule **rules)
{
	struct sn_address_key last[129] = {};
	struct sn_address_rule *list;
	size_t nr = 0, nr_kept;

	/* each with the beginnings that a search passes on its way to it */
	list = calloc(listed->nr + 1, (1 + SN_SEARCH_STEPS) * sizeof(*list));
	*rules = list;
	if (!list)
		return -ENOMEM;
	if (listed->nr)
		memcpy(list, listed->rules, listed->nr * sizeof(*list));
	qsort(list, listed->nr, sizeof(*list), compare_rules);
	for (size_t i = 0; i < listed->nr; i++)
		if (!nr || !holds(&list[nr - 1].key, &list[i].key))
			list[nr++] = list[i];
	policy->lengths_v4 = note_lengths(list, nr, true, policy->address_lengths);
	policy->lengths_all =
		policy->lengths_v4 +
		note_lengths(list, nr, false, policy->address_lengths + policy->lengths_v4);
	nr_kept = nr;
	for (size_t i = 0; i < nr_kept; i++)
		nr += add_beginnings(&list[i], policy, last, list + nr);
	return nr;
}
