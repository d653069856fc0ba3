// SPDX-License-Identifier: GPL-2.0-only
/* The operator's words: what the options of safenode-attach and safenode say. */
#include <arpa/inet.h>
#include <ctype.h>
#include <endian.h>
#include <errno.h>
#include <ifaddrs.h>
#include <limits.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy.h"
#include "decide.h"

/* A list can be longer than a message: this much of it is quoted, so that the cure still fits. */
#define QUOTED "'%.200s'"

/* A decimal number up to @max, with nothing around it and no leading zeros. */
static bool parse_number(const char *word, uint64_t max, uint64_t *number)
{
	uint64_t sum = 0;

	if (!*word || (word[0] == '0' && word[1]))
		return false;
	for (; *word; word++) {
		unsigned int digit = (unsigned char)*word - '0';

		if (digit > 9 || sum > (max - digit) / 10)
			return false;
		sum = sum * 10 + digit;
	}
	*number = sum;
	return true;
}

/* What is wrong with a list before its entries are looked at. @what: one of its entries. */
static int check_list(const char *list, const char *what, struct sn_err *err)
{
	size_t len = strlen(list);

	if (!len)
		return sn_fail(err, EINVAL,
			       "'' is an empty list: name at least one %s, or leave the option out",
			       what);
	if (strpbrk(list, " \t\r\n"))
		return sn_fail(err, EINVAL,
			       QUOTED " contains a blank: separate entries by ',' only", list);
	if (list[0] == ',' || list[len - 1] == ',' || strstr(list, ",,"))
		return sn_fail(err, EINVAL, QUOTED " has an empty entry: remove a ','", list);
	return 0;
}

/* ---- addresses ---- */

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
			       QUOTED " is a name: only addresses can be listed, for what a name "
				      "leads to can change",
			       word);
	return sn_fail(err, EINVAL,
		       QUOTED " is not an address: write IPv4, IPv6, either with /LENGTH, or self",
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
	else if (!parse_number(slash + 1, bits, &length))
		return sn_fail(err, EINVAL,
			       QUOTED " has a bad length: IPv%d prefixes are /0 to /%d long", word,
			       prefix->v4 ? 4 : 6, bits);
	prefix->length = length + 128 - bits;

	zeroed = *prefix;
	zeroed.address = sn_address_prefix(prefix->address, prefix->length);
	if (!same_address(zeroed.address, prefix->address)) {
		char text[64];

		format_prefix(&zeroed, text, sizeof(text));
		return sn_fail(err, EINVAL,
			       QUOTED " has bits set behind its length: use %s, or the address "
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

/* @label goes in front of the text for people. */
static int restrict_prefix(struct sn_words *words, const char *label, const char *word,
			   struct sn_err *err)
{
	struct sn_address_rule rule = {}, *list;
	struct prefix prefix = {};
	int error = parse_prefix(word, &prefix, err);

	if (error)
		return error;
	rule.key.length = prefix.length;
	put_address(rule.key.addr, prefix.address);
	for (size_t i = 0; i < words->nr_restricted; i++)
		if (!memcmp(&words->restricted[i].key, &rule.key, sizeof(rule.key)))
			return 0;
	if (words->nr_restricted == SN_LIST_MAX)
		return sn_fail(err, EINVAL,
			       QUOTED
			       " is one too many: at most %d addresses; join them to prefixes",
			       word, SN_LIST_MAX);

	/* only IPv6 with all its zeros and the last 32 bits in IPv4's form is too long */
	if (snprintf(rule.text.text, sizeof(rule.text.text), "%s%s", label, word) >=
	    (int)sizeof(rule.text.text))
		format_prefix(&prefix, rule.text.text, sizeof(rule.text.text));
	list = reallocarray(words->restricted, words->nr_restricted + 1, sizeof(*list));
	if (!list)
		return sn_fail(err, ENOMEM, "out of memory");
	words->restricted = list;
	list[words->nr_restricted++] = rule;
	return 0;
}

static int restrict_own(struct sn_words *words, int family, const void *address, struct sn_err *err)
{
	char text[INET6_ADDRSTRLEN];

	inet_ntop(family, address, text, sizeof(text));
	return restrict_prefix(words, "self: ", text, err);
}

/*
 * An interface's address and its broadcasts: the configured one, and the one that the kernel adds
 * to every network that has room for it (net/ipv4/fib_frontend.c fib_add_ifaddr).
 */
static int restrict_interface(struct sn_words *words, const struct ifaddrs *ifa, struct sn_err *err)
{
	const struct sockaddr_in *address = (void *)ifa->ifa_addr, *mask = (void *)ifa->ifa_netmask;
	const struct sockaddr_in *broadcast = (void *)ifa->ifa_broadaddr;
	int error;

	if (!ifa->ifa_addr)
		return 0;
	if (ifa->ifa_addr->sa_family == AF_INET6)
		return restrict_own(words, AF_INET6,
				    &((struct sockaddr_in6 *)ifa->ifa_addr)->sin6_addr, err);
	if (ifa->ifa_addr->sa_family != AF_INET)
		return 0;
	error = restrict_own(words, AF_INET, &address->sin_addr, err);
	if (!error && broadcast && ifa->ifa_flags & IFF_BROADCAST)
		error = restrict_own(words, AF_INET, &broadcast->sin_addr, err);
	if (!error && mask && ntohl(~mask->sin_addr.s_addr) > 1) {
		struct in_addr last = { address->sin_addr.s_addr | ~mask->sin_addr.s_addr };

		error = restrict_own(words, AF_INET, &last, err);
	}
	return error;
}

static int restrict_self(struct sn_words *words, struct sn_err *err)
{
	static const char *const always[] = { "127.0.0.0/8", "::1",	 "0.0.0.0",	   "::",
					      "224.0.0.0/4", "ff00::/8", "255.255.255.255" };
	struct ifaddrs *all;
	int error = 0;

	if (getifaddrs(&all)) {
		error = errno;
		return sn_fail(err, error, "'self': cannot list this machine's addresses: %s",
			       strerror(error));
	}
	for (size_t i = 0; !error && i < sizeof(always) / sizeof(always[0]); i++)
		error = restrict_prefix(words, "self: ", always[i], err);
	for (struct ifaddrs *ifa = all; !error && ifa; ifa = ifa->ifa_next)
		error = restrict_interface(words, ifa, err);
	freeifaddrs(all);
	return error;
}

/* By address, and what holds others before them. */
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

/* ::ffff:0:0/96 and what is inside; and what has to do with it. */
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

ssize_t sn_address_rules(const struct sn_address_rule *listed, size_t nr_listed,
			 struct sn_policy *policy, struct sn_address_rule **rules)
{
	struct sn_address_key last[129] = {};
	struct sn_address_rule *list;
	size_t nr = 0, nr_kept;

	/* each with all that a search passes before it */
	list = calloc(nr_listed + 1, (1 + SN_SEARCH_STEPS) * sizeof(*list));
	*rules = list;
	if (!list)
		return -ENOMEM;
	if (nr_listed)
		memcpy(list, listed, nr_listed * sizeof(*list));
	qsort(list, nr_listed, sizeof(*list), compare_rules);
	for (size_t i = 0; i < nr_listed; i++)
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

int sn_words_restrict(struct sn_words *words, const char *list, struct sn_err *err)
{
	sn_autofree char *copy = strdup(list);
	size_t before = words->nr_restricted;
	char *rest = copy, *word;
	bool self = false;
	int error;

	if (!copy)
		return sn_fail(err, ENOMEM, "out of memory");
	error = check_list(list, "address", err);
	while (!error && (word = strsep(&rest, ","))) {
		if (!strcmp(word, "self")) {
			self = true;
			error = restrict_self(words, err);
		} else {
			error = restrict_prefix(words, "", word, err);
		}
	}
	if (error) {
		words->nr_restricted = before;
		return error;
	}
	words->restrict_self |= self;
	for (size_t i = before; i < words->nr_restricted; i++)
		words->restrict_loopback |= touches_loopback(&words->restricted[i].key);
	return 0;
}

/* ---- ports ---- */

static int parse_range(char *word, struct sn_port_range *range, struct sn_err *err)
{
	char *dash = strchr(word, '-');
	uint64_t first = 0, last = 0;
	bool good;

	if (dash)
		*dash = '\0';
	good = parse_number(word, 65535, &first) &&
	       parse_number(dash ? dash + 1 : word, 65535, &last) && first && last;
	if (dash)
		*dash = '-';
	if (!good)
		return sn_fail(err, EINVAL,
			       QUOTED " is not a port: write 1 to 65535, or a range such as "
				      "8000-8100",
			       word);
	if (first > last)
		return sn_fail(err, EINVAL, QUOTED " runs backwards: use %u-%u", word,
			       (unsigned int)last, (unsigned int)first);
	*range = (struct sn_port_range){ .first = first, .last = last };
	return 0;
}

static int add_range(struct sn_port_range range, struct sn_port_range **ranges, size_t *nr,
		     struct sn_err *err)
{
	struct sn_port_range *list = *ranges;

	for (size_t i = 0; i < *nr; i++)
		if (list[i].first == range.first && list[i].last == range.last)
			return 0;
	if (*nr == SN_LIST_MAX)
		return sn_fail(err, EINVAL,
			       "'%u' is one too many: at most %d ports or ranges; join them to "
			       "ranges",
			       range.first, SN_LIST_MAX);
	list = reallocarray(list, *nr + 1, sizeof(*list));
	if (!list)
		return sn_fail(err, ENOMEM, "out of memory");
	list[(*nr)++] = range;
	*ranges = list;
	return 0;
}

int sn_parse_ports(const char *list, struct sn_port_range **ranges, size_t *nr, struct sn_err *err)
{
	sn_autofree char *copy = strdup(list);
	char *rest = copy, *word;
	size_t before = *nr;
	int error;

	if (!copy)
		return sn_fail(err, ENOMEM, "out of memory");
	error = check_list(list, "port", err);
	while (!error && (word = strsep(&rest, ","))) {
		struct sn_port_range range = {};

		error = parse_range(word, &range, err);
		if (!error)
			error = add_range(range, ranges, nr, err);
	}
	if (error)
		*nr = before;
	return error;
}

struct sn_text sn_port_text(struct sn_port_range range)
{
	struct sn_text text = {};

	snprintf(text.text, sizeof(text.text), range.first == range.last ? "%u" : "%u-%u",
		 range.first, range.last);
	return text;
}

size_t sn_port_blocks(struct sn_port_range range, struct sn_port_key blocks[30])
{
	size_t nr = 0;

	for (uint32_t port = range.first; port <= range.last; nr++) {
		uint32_t size = 1;
		uint8_t length = 16;

		/* twice the size, as long as it stays aligned and inside */
		while (length && !(port & size) && port + 2 * size - 1 <= range.last) {
			size *= 2;
			length--;
		}
		blocks[nr] = (struct sn_port_key){ .port = port, .length = length };
		port += size;
	}
	return nr;
}

/* ---- the options ---- */

int sn_check_tenant_name(const char *name, struct sn_err *err)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789._-";
	size_t len = strlen(name);

	if (len && len < SN_TENANT_MAX && strspn(name, letters) == len && *name != '.' &&
	    *name != '-')
		return 0;
	return sn_fail(err, EINVAL,
		       QUOTED
		       " is no name for a tenant: use 1 to %d of A-Z a-z 0-9 . _ - and do not "
		       "begin with '.' or '-'",
		       name, SN_TENANT_MAX - 1);
}

/* An option that stands for one thing: a second value would silently win or lose. */
static int set_once(char **field, const char *value, struct sn_err *err)
{
	if (!*value)
		return sn_fail(err, EINVAL, "'' is empty: write a value, or leave the option out");
	if (*field)
		return sn_fail(err, EINVAL, "given twice, '%.100s' and '%.100s': remove one",
			       *field, value);
	*field = strdup(value);
	return *field ? 0 : sn_fail(err, ENOMEM, "out of memory");
}

static int set_cgroup(void *target, const char *value, struct sn_err *err)
{
	struct sn_words *words = target;
	int error = sn_check_tenant_name(value, err);

	return error ? error : set_once(&words->tenant, value, err);
}

static int set_dir(void *target, const char *value, struct sn_err *err)
{
	return set_once(&((struct sn_words *)target)->directory, value, err);
}

static int set_user(void *target, const char *value, struct sn_err *err)
{
	return set_once(&((struct sn_words *)target)->user, value, err);
}

static int set_safe_mode(void *target, const char *value, struct sn_err *err)
{
	((struct sn_words *)target)->safe_mode = true;
	return 0;
}

static int set_terminal(void *target, const char *value, struct sn_err *err)
{
	((struct sn_words *)target)->terminal = true;
	return 0;
}

static int set_audit(void *target, const char *value, struct sn_err *err)
{
	((struct sn_words *)target)->audit = true;
	return 0;
}

static int set_restricted(void *target, const char *value, struct sn_err *err)
{
	return sn_words_restrict(target, value, err);
}

static int set_outgoing(void *target, const char *value, struct sn_err *err)
{
	struct sn_words *words = target;

	return sn_parse_ports(value, &words->outgoing, &words->nr_outgoing, err);
}

static int set_listen(void *target, const char *value, struct sn_err *err)
{
	struct sn_words *words = target;
	int error = sn_parse_ports(value, &words->listen, &words->nr_listen, err);

	if (!error)
		words->restrict_listen = true;
	return error;
}

static int add_path(char **list, size_t *nr, const char *value, struct sn_err *err)
{
	int error;

	if (*nr == SN_PATHS_MAX)
		return sn_fail(err, EINVAL, QUOTED " is one too many: at most %d paths", value,
			       SN_PATHS_MAX);
	error = set_once(&list[*nr], value, err);
	if (!error)
		++*nr;
	return error;
}

static int set_read_only(void *target, const char *value, struct sn_err *err)
{
	struct sn_words *words = target;

	return add_path(words->read_only, &words->nr_read_only, value, err);
}

static int set_read_write(void *target, const char *value, struct sn_err *err)
{
	struct sn_words *words = target;

	return add_path(words->read_write, &words->nr_read_write, value, err);
}

static int set_keep_fd(void *target, const char *value, struct sn_err *err)
{
	struct sn_words *words = target;
	uint64_t fd;

	if (!parse_number(value, INT_MAX, &fd) || fd < 3)
		return sn_fail(err, EINVAL,
			       QUOTED
			       " is no descriptor to keep: write a number above 2; 0, 1 and 2 "
			       "are always kept",
			       value);
	for (size_t i = 0; i < words->nr_keep_fd; i++)
		if (words->keep_fd[i] == (int)fd)
			return 0;
	if (words->nr_keep_fd == SN_FDS_MAX)
		return sn_fail(err, EINVAL, QUOTED " is one too many: at most %d descriptors",
			       value, SN_FDS_MAX);
	words->keep_fd[words->nr_keep_fd++] = fd;
	return 0;
}

/* memory.max takes suffixes as well, but a written-out number can be compared with what it has. */
static int set_memory_max(void *target, const char *value, struct sn_err *err)
{
	struct sn_words *words = target;
	size_t len = strspn(value, "0123456789");
	const char *suffix = strchr("KMG", value[len]);
	int shift = value[len] && suffix ? 10 * (suffix - "KMG" + 1) : 0;
	char text[24] = "";
	uint64_t bytes;

	if (!strcmp(value, "max"))
		return set_once(&words->memory_max, value, err);
	if (len < sizeof(text))
		memcpy(text, value, len);
	if ((value[len] && (!suffix || value[len + 1])) ||
	    !parse_number(text, UINT64_MAX >> (shift + 1), &bytes) || !bytes)
		return sn_fail(err, EINVAL,
			       QUOTED " is not a size: write bytes, as in 536870912 or 512M (K, M, "
				      "G), or max",
			       value);
	snprintf(text, sizeof(text), "%llu", (unsigned long long)bytes << shift);
	return set_once(&words->memory_max, text, err);
}

/* The bounds are the kernel's: kernel/sched/core.c tg_set_cfs_bandwidth(). */
static int set_cpu_max(void *target, const char *value, struct sn_err *err)
{
	struct sn_words *words = target;
	size_t len = strcspn(value, "% ");
	uint64_t quota = 0, period = 100000;
	char number[24] = "", text[48];
	bool good;

	if (len < sizeof(number))
		memcpy(number, value, len);
	good = parse_number(number, UINT32_MAX, &quota);
	if (value[len] == '%') {
		quota *= period / 100;
		good = good && !value[len + 1];
	} else {
		good = good && value[len] && parse_number(value + len + 1, 1000000, &period);
	}
	if (!good || quota < 1000 || period < 1000)
		return sn_fail(err, EINVAL,
			       QUOTED
			       " is no CPU limit: write a percentage of one CPU, as in 50%%, "
			       "or QUOTA PERIOD in microseconds, as in '50000 100000' (both at "
			       "least 1000, the period at most 1000000)",
			       value);
	snprintf(text, sizeof(text), "%llu %llu", (unsigned long long)quota,
		 (unsigned long long)period);
	return set_once(&words->cpu_max, text, err);
}

static int set_pids_max(void *target, const char *value, struct sn_err *err)
{
	struct sn_words *words = target;
	uint64_t number;

	/* PID_MAX_LIMIT */
	if (strcmp(value, "max") && (!parse_number(value, 4194304, &number) || !number))
		return sn_fail(err, EINVAL,
			       QUOTED " is no number of threads: write 1 to 4194304, or max",
			       value);
	return set_once(&words->pids_max, value, err);
}

static int set_policy(void *target, const char *value, struct sn_err *err)
{
	struct sn_words *words = target;
	int error;

	if (words->in_file)
		return sn_fail(err, EINVAL,
			       QUOTED ": a policy file cannot name another one; give both on the "
				      "command line",
			       value);
	words->in_file = true;
	error = sn_cli_parse_file(sn_attach_opts, value, words, err);
	words->in_file = false;
	/* a file that cannot be read is as wrong a value as any */
	return error && error != -ENOMEM ? -EINVAL : error;
}

/* What both programs take. */
/* clang-format off */
#define SHARED_ROWS                                                                                \
	{ "safe-mode", NULL, "confine it: files, network, processes, native code",                 \
	  set_safe_mode },                                                                         \
	{ "restricted-outgoing-addresses", "LIST",                                                 \
	  "IPv4, IPv6, CIDR, self: only allowed ports there", set_restricted },                    \
	{ "allowed-outgoing-ports", "LIST", "ports and ranges that stay open there",               \
	  set_outgoing },                                                                          \
	{ "user", "NAME|UID", "run as this user, not as the directory's owner", set_user },        \
	{ "terminal", NULL, "stay at this terminal, with job control", set_terminal, 't' }
/* clang-format on */

const struct sn_opt sn_attach_opts[] = {
	{ "cgroup", "NAME", "the tenant", set_cgroup },
	{ "dir", "PATH", "the one directory that it has", set_dir },
	SHARED_ROWS,
	{ "read-only", "PATH", "one more file or directory to read; repeatable", set_read_only },
	{ "read-write", "PATH", "one more file or directory to change; repeatable",
	  set_read_write },
	{ "allowed-listen-ports", "LIST", "bind to these ports only", set_listen },
	{ "memory-max", "SIZE", "memory in bytes, with K, M or G, or max", set_memory_max },
	{ "cpu-max", "LIMIT", "PERCENT% of one CPU, or \"QUOTA PERIOD\" in microseconds",
	  set_cpu_max },
	{ "pids-max", "N", "number of threads, or max", set_pids_max },
	{ "keep-fd", "N", "leave this descriptor open; repeatable", set_keep_fd },
	{ "audit", NULL, "report what is granted, too", set_audit },
	{ "policy", "FILE", "options, one a line, without the dashes", set_policy },
	{ 0 },
};

const struct sn_opt sn_dropin_opts[] = { SHARED_ROWS, { 0 } };

/* ---- all words together ---- */

/* An option that only means something to a confined tenant; NULL if there is none. */
static const char *needs_safe_mode(const struct sn_words *words)
{
	if (words->nr_restricted)
		return "restricted-outgoing-addresses";
	if (words->nr_outgoing)
		return "allowed-outgoing-ports";
	if (words->restrict_listen)
		return "allowed-listen-ports";
	if (words->nr_read_only)
		return "read-only";
	if (words->nr_read_write)
		return "read-write";
	if (words->user)
		return "user";
	if (words->terminal)
		return "terminal";
	return words->audit ? "audit" : NULL;
}

int sn_words_check(const struct sn_words *words, struct sn_err *err)
{
	const char *option = needs_safe_mode(words);

	if (!words->tenant)
		return sn_fail(err, EINVAL, "--cgroup NAME is missing: name the tenant");
	if (!words->directory)
		return sn_fail(err, EINVAL, "--dir PATH is missing: name the tenant's directory");
	if (option && !words->safe_mode)
		return sn_fail(err, EINVAL, "--%s without --safe-mode: add --safe-mode", option);
	if (words->nr_outgoing && !words->nr_restricted)
		return sn_fail(err, EINVAL,
			       "--allowed-outgoing-ports without --restricted-outgoing-addresses "
			       "would restrict nothing; to restrict every address add "
			       "--restricted-outgoing-addresses 0.0.0.0/0,::/0");
	return 0;
}

void sn_words_free(struct sn_words *words)
{
	free(words->tenant);
	free(words->directory);
	free(words->user);
	free(words->restricted);
	free(words->outgoing);
	free(words->listen);
	for (size_t i = 0; i < words->nr_read_only; i++)
		free(words->read_only[i]);
	for (size_t i = 0; i < words->nr_read_write; i++)
		free(words->read_write[i]);
	free(words->memory_max);
	free(words->cpu_max);
	free(words->pids_max);
	*words = (struct sn_words){ 0 };
}
