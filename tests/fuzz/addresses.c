// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lists of addresses: whether an address is restricted, as the programs find it among the entries
 * of the map, must be what the text says, read word by word.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>

#include "addresses.h"
#include "decide.h"
#include "fuzz.h"
#include "parse.h"

#define WORDS_MAX 256

struct plain {
	unsigned __int128 first, last;
};

static unsigned __int128 number_of(const uint8_t bytes[16])
{
	unsigned __int128 number = 0;

	for (int i = 0; i < 16; i++)
		number = number << 8 | bytes[i];
	return number;
}

/* "10.0.0.0/8" as the first and the last address; IPv4 is ::ffff:a.b.c.d */
static bool read_word(char *word, struct plain *plain)
{
	uint8_t bytes[16] = { [10] = 0xff, [11] = 0xff };
	char *slash = strchr(word, '/'), *end;
	int bits = 32, length;
	unsigned __int128 rest;

	if (slash)
		*slash = '\0';
	if (inet_pton(AF_INET, word, bytes + 12) != 1) {
		bits = 128;
		if (inet_pton(AF_INET6, word, bytes) != 1)
			return false;
	}
	length = bits;
	if (slash) {
		if (!slash[1] || (slash[1] == '0' && slash[2]) || strlen(slash + 1) > 3)
			return false;
		for (end = slash + 1; *end; end++)
			if (*end < '0' || *end > '9')
				return false;
		length = atoi(slash + 1);
	}
	if (length > bits)
		return false;
	rest = bits == length ? 0 : ~(unsigned __int128)0 >> (128 - bits + length);
	plain->first = number_of(bytes);
	plain->last = plain->first | rest;
	return !(plain->first & rest);
}

/* How many words there are, or -1: the list is not in order. */
static int read_list(char *text, struct plain plain[WORDS_MAX])
{
	int nr = 0;

	for (char *word; (word = strsep(&text, ","));)
		if (nr == WORDS_MAX || !read_word(word, &plain[nr++]))
			return -1;
	return nr;
}

static struct sn_address_rule *rules;
static ssize_t nr_rules;

/* As sn_look_up_prefix() of bpf/net.bpf.c, which has the map */
static enum sn_found look_up(const struct sn_policy *policy, struct sn_address prefix,
			     uint32_t length)
{
	for (ssize_t i = 0; i < nr_rules; i++) {
		struct sn_address_key *key = &rules[i].key;
		unsigned __int128 number = number_of(key->addr);

		if (key->length == length && prefix.hi == (uint64_t)(number >> 64) &&
		    prefix.lo == (uint64_t)number)
			return rules[i].text.text[0] ? SN_FOUND : SN_FOUND_LONGER;
	}
	return SN_FOUND_NONE;
}

static void compare(const struct sn_policy *policy, const struct plain *plain, int nr,
		    unsigned __int128 number)
{
	struct sn_address address = { .hi = (uint64_t)(number >> 64), .lo = (uint64_t)number };
	bool restricted = false;

	for (int i = 0; i < nr; i++)
		restricted |= plain[i].first <= number && number <= plain[i].last;
	MUST(sn_search_prefixes(policy, address, look_up) == restricted);
}

/* At the edges of every prefix, and where the input says. */
static void compare_all(const struct sn_policy *policy, const struct plain *plain, int nr,
			unsigned __int128 seed)
{
	for (int i = 0; i < nr; i++) {
		compare(policy, plain, nr, plain[i].first);
		compare(policy, plain, nr, plain[i].last);
		compare(policy, plain, nr, plain[i].first - 1);
		compare(policy, plain, nr, plain[i].last + 1);
		compare(policy, plain, nr, plain[i].first ^ seed >> (i & 127));
	}
	compare(policy, plain, nr, seed);
	compare(policy, plain, nr, (unsigned __int128)0xffff << 32 | (uint32_t)seed);
}

/* Does one of them hold an address that stands for this machine? */
static bool has_loopback(const struct plain *plain, int nr)
{
	const unsigned __int128 v4 = (unsigned __int128)0xffff << 32;

	for (int i = 0; i < nr; i++)
		if (plain[i].first <= 1 || (plain[i].first <= v4 && v4 <= plain[i].last) ||
		    (plain[i].first <= v4 + 0x7fffffff && v4 + 0x7f000000 <= plain[i].last))
			return true;
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sn_address_list list = {};
	struct sn_policy policy = {};
	struct plain plain[WORDS_MAX];
	struct sn_err err = {};
	uint8_t seed[16] = {};
	char *text, *copy;
	int nr, error;

	/* the first bytes choose one more address to ask about */
	if (size < sizeof(seed) || size > 1024)
		return 0;
	memcpy(seed, data, sizeof(seed));
	text = fuzz_string(data + sizeof(seed), size - sizeof(seed));
	copy = strdup(text);
	nr = read_list(copy, plain);
	/* "self" is this machine's */
	error = strstr(text, "self") ? -EAGAIN : sn_addresses_add(&list, text, &err);
	if (error != -EAGAIN) {
		MUST(error == (nr < 0 ? -EINVAL : 0));
		MUST(!error || *err.text);
	}
	nr_rules = sn_addresses_cut(&list, &policy, &rules);
	MUST(nr_rules >= 0);
	if (!error) {
		MUST(list.loopback == has_loopback(plain, nr));
		compare_all(&policy, plain, nr, number_of(seed));
	}
	free(rules);
	sn_addresses_free(&list);
	free(text);
	free(copy);
	return 0;
}
