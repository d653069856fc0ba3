// SPDX-License-Identifier: GPL-2.0-only
/*
 * For every list of up to four prefixes (three, where they have one length), none inside another,
 * and every address: the search by halves says what a plain scan of the list says. And for any list
 * at all it ends, within its steps.
 *
 * The entries of the map are given by what sn_addresses_cut() promises of them: the prefixes, and
 * the beginnings that the search passes on its way to each. That it keeps this is for the harness
 * tests/fuzz/addresses.c; CBMC cannot take in its tables.
 */
#include "prove.h"

/*
 * The shape of the list: LENGTHS lengths, and which of them each of its prefixes has.
 * tests/prove/run has all shapes of four; a list of fewer prefixes is one that has some twice.
 * IPv4's lengths come first in a policy, and the search of the others begins behind them: which
 * does not matter, for the middle of two numbers moves with them.
 */
#ifndef LENGTHS
#define LENGTHS 4
#define SHAPE              \
	{                  \
		0, 1, 2, 3 \
	}
#endif
static const uint32_t shape[] = SHAPE;
#define NR ((int)(sizeof(shape) / sizeof(shape[0])))

static struct sn_address listed[NR];
static int nr_steps;

static bool same(struct sn_address a, struct sn_address b)
{
	return a.hi == b.hi && a.lo == b.lo;
}

/* Does the search for the length at @to look at the one at @at before? */
static bool passes(uint32_t at, uint32_t to)
{
	uint32_t low = 0, high = LENGTHS;

	while (low < high) {
		uint32_t middle = (low + high) / 2;

		if (middle == to)
			return false;
		if (middle == at)
			return at < to;
		if (middle < to)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

static enum sn_found look_up_at(struct sn_address prefix, uint32_t length, uint32_t at)
{
	enum sn_found found = SN_FOUND_NONE;

	for (int i = 0; i < NR; i++) {
		if (shape[i] < at || (shape[i] > at && !passes(at, shape[i])))
			continue;
		if (shape[i] == at && same(listed[i], prefix))
			return SN_FOUND;
		if (shape[i] > at && same(sn_address_prefix(listed[i], length), prefix))
			found = SN_FOUND_LONGER;
	}
	return found;
}

static enum sn_found look_up(const struct sn_policy *policy, struct sn_address prefix,
			     uint32_t length)
{
	/* three steps are enough for four lengths; so what comes behind them need not be looked at
	 */
	PROVE(nr_steps < 3);
	ASSUME(nr_steps < 3);
	nr_steps++;
	for (uint32_t at = 0; at < LENGTHS; at++)
		if (policy->address_lengths[at] == length)
			return look_up_at(prefix, length, at);
	return SN_FOUND_NONE;
}

static void finds_what_a_scan_finds(void)
{
	struct sn_policy policy = { .lengths_all = LENGTHS };
	struct sn_address address = { nondet_u64(), nondet_u64() };
	bool restricted = false;

	for (int i = 0; i < LENGTHS; i++) {
		policy.address_lengths[i] = nondet_u8();
		ASSUME(policy.address_lengths[i] <= 128);
		if (i)
			ASSUME(policy.address_lengths[i - 1] < policy.address_lengths[i]);
	}
	for (int i = 0; i < NR; i++) {
		uint32_t length = policy.address_lengths[shape[i]];

		listed[i] = (struct sn_address){ nondet_u64(), nondet_u64() };
		ASSUME(same(listed[i], sn_address_prefix(listed[i], length)));
		for (int k = 0; k < i; k++)
			if (shape[k] != shape[i])
				ASSUME(!same(sn_address_prefix(listed[i],
							       policy.address_lengths[shape[k]]),
					     listed[k]));
		restricted |= same(listed[i], sn_address_prefix(address, length));
	}
	if (sn_address_is_v4(address))
		policy.lengths_v4 = LENGTHS;
	PROVE(sn_search_prefixes(&policy, address, look_up) == restricted);
}

static enum sn_found find_no_prefix(const struct sn_policy *policy, struct sn_address prefix,
				    uint32_t length)
{
	return nondet_bool() ? SN_FOUND_LONGER : SN_FOUND_NONE;
}

/* Where it stopped before its end it would refuse. */
static void comes_to_its_end(void)
{
	struct sn_policy policy = nondet_policy();
	struct sn_address address = { nondet_u64(), nondet_u64() };

	ASSUME(policy.lengths_v4 <= policy.lengths_all);
	ASSUME(policy.lengths_all <= SN_ADDRESS_LENGTHS_MAX);
	PROVE(!sn_search_prefixes(&policy, address, find_no_prefix));
}

int main(void)
{
	finds_what_a_scan_finds();
	comes_to_its_end();
	return 0;
}
