// SPDX-License-Identifier: GPL-2.0-only
/*
 * For every list of up to four prefixes, none inside another, and every address: the search by
 * halves says what a plain scan of the list says. And for any list at all it ends, within its
 * steps.
 *
 * The entries of the map are given by what sn_addresses_cut() promises of them: the prefixes, and
 * the beginnings that the search passes on its way to each. That it keeps this is for the harness
 * tests/fuzz/addresses.c; CBMC cannot take in its tables.
 */
#include "prove.h"

#define NR 4

/* The list: lengths in ascending order without duplicates, and which of them each prefix has. */
static struct {
	struct sn_address prefix;
	uint32_t at; /* index of its length in the policy */
} listed[NR];
static size_t nr_listed;
static uint32_t first, end; /* the part of the policy's lengths that is searched */

static bool same(struct sn_address a, struct sn_address b)
{
	return a.hi == b.hi && a.lo == b.lo;
}

/* Does the search for the length at @to look at the one at @at before? */
static bool passes(uint32_t at, uint32_t to)
{
	uint32_t low = first, high = end;

	for (int i = 0; i < NR && low < high; i++) {
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

static int nr_steps;

static enum sn_found look_up(const struct sn_policy *policy, struct sn_address prefix,
			     uint32_t length)
{
	enum sn_found found = SN_FOUND_NONE;
	uint32_t at = first;

	/* three steps are enough for four lengths; so the others need not be looked at */
	PROVE(nr_steps < 3);
	ASSUME(nr_steps < 3);
	nr_steps++;
	for (int i = 1; i < NR; i++)
		if (first + i < end && policy->address_lengths[first + i] == length)
			at = first + i;
	for (size_t i = 0; i < NR; i++) {
		struct sn_address beginning = sn_address_prefix(listed[i].prefix, length);

		if (i >= nr_listed || !same(beginning, prefix))
			continue;
		if (listed[i].at == at)
			return SN_FOUND;
		if (passes(at, listed[i].at))
			found = SN_FOUND_LONGER;
	}
	return found;
}

static bool is_inside(size_t i, size_t k, const struct sn_policy *policy)
{
	uint32_t length = policy->address_lengths[listed[k].at];

	return length <= policy->address_lengths[listed[i].at] &&
	       same(sn_address_prefix(listed[i].prefix, length), listed[k].prefix);
}

static void finds_what_a_scan_finds(void)
{
	struct sn_policy policy = { .lengths_v4 = nondet_u8(), .lengths_all = nondet_u8() };
	struct sn_address address = { nondet_u64(), nondet_u64() };
	bool restricted = false;

	ASSUME(policy.lengths_v4 <= NR && policy.lengths_all >= policy.lengths_v4);
	ASSUME(policy.lengths_all - policy.lengths_v4 <= NR);
	first = sn_address_is_v4(address) ? 0 : policy.lengths_v4;
	end = sn_address_is_v4(address) ? policy.lengths_v4 : policy.lengths_all;
	for (uint32_t i = 0; i < 2 * NR; i++) {
		policy.address_lengths[i] = nondet_u8();
		ASSUME(policy.address_lengths[i] <= 128);
		if (i > first && i < end)
			ASSUME(policy.address_lengths[i - 1] < policy.address_lengths[i]);
	}
	nr_listed = nondet_u8();
	ASSUME(nr_listed <= NR);
	for (size_t i = 0; i < NR; i++) {
		struct sn_address a = { nondet_u64(), nondet_u64() };

		if (i >= nr_listed)
			break;
		listed[i].at = nondet_u8();
		ASSUME(listed[i].at >= first && listed[i].at < end);
		listed[i].prefix = a;
		ASSUME(same(a, sn_address_prefix(a, policy.address_lengths[listed[i].at])));
		for (size_t k = 0; k < i; k++)
			ASSUME(!is_inside(i, k, &policy) && !is_inside(k, i, &policy));
		restricted |=
			same(a, sn_address_prefix(address, policy.address_lengths[listed[i].at]));
	}
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
