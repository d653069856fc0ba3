// SPDX-License-Identifier: GPL-2.0-only
/* Values carried from one type information to another, both made here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "carry.h"

/* Type information with numbers in it. */
struct types {
	struct btf *btf;
	int u8, u16, u32, u64, s32, text8, text4;
};

struct member {
	const char *name;
	int type;
	int offset; /* in bytes */
};

static int array_of(struct types *types, int element, int nr)
{
	int id = btf__add_array(types->btf, types->u32, element, nr);

	assert_true(id > 0);
	return id;
}

static struct types make_types(void)
{
	struct types types = { .btf = btf__new_empty() };
	int character;

	assert_non_null(types.btf);
	types.u8 = btf__add_int(types.btf, "unsigned char", 1, 0);
	types.u16 = btf__add_int(types.btf, "unsigned short", 2, 0);
	types.u32 = btf__add_int(types.btf, "unsigned int", 4, 0);
	types.u64 = btf__add_typedef(types.btf, "__u64",
				     btf__add_int(types.btf, "unsigned long long", 8, 0));
	types.s32 = btf__add_int(types.btf, "int", 4, BTF_INT_SIGNED);
	character = btf__add_int(types.btf, "char", 1, BTF_INT_SIGNED);
	types.text8 = array_of(&types, character, 8);
	types.text4 = array_of(&types, character, 4);
	return types;
}

static int add_struct(struct types *types, const char *name, int size, const struct member *members)
{
	int id = btf__add_struct(types->btf, name, size);

	assert_true(id > 0);
	for (; members->name; members++)
		assert_int_equal(btf__add_field(types->btf, members->name, members->type,
						members->offset * 8, 0),
				 0);
	return id;
}

/* The enumerators have the numbers 0, 1, ... */
static void add_enum(struct types *types, const char *name, const char *const *enumerators)
{
	assert_true(btf__add_enum(types->btf, name, 4) > 0);
	for (int i = 0; enumerators[i]; i++)
		assert_int_equal(btf__add_enum_value(types->btf, enumerators[i], i), 0);
}

static struct types from, to;

static int make_both(void **state)
{
	from = make_types();
	to = make_types();
	/* both have other numbers for the types that a test adds */
	assert_true(btf__add_struct(to.btf, "unused", 0) > 0);
	return 0;
}

static int free_both(void **state)
{
	btf__free(from.btf);
	btf__free(to.btf);
	return 0;
}

static struct sn_carry *plan_of(int from_id, int to_id)
{
	struct sn_carry *plan;

	assert_int_equal(sn_carry_plan(from.btf, from_id, to.btf, to_id, &plan, NULL), 0);
	return plan;
}

/* Which member is refused? */
static void assert_refused(int from_id, int to_id, const char *member)
{
	struct sn_err err = {};
	struct sn_carry *plan;

	assert_int_equal(sn_carry_plan(from.btf, from_id, to.btf, to_id, &plan, &err), -EPROTO);
	assert_non_null(strstr(err.text, member));
	sn_carry_free(plan);
}

static void members_are_found_by_name_and_new_ones_are_zero(void **state)
{
	struct before {
		__u64 id;
		__u32 count;
		char name[8];
	} before = { 7, 9, "seven" };
	struct after {
		char name[8];
		__u32 added;
		__u32 count;
		__u64 id;
	} after;
	int a = add_struct(&from, "s", sizeof(before),
			   (struct member[]){ { "id", from.u64, 0 },
					      { "count", from.u32, 8 },
					      { "name", from.text8, 12 },
					      {} });
	int b = add_struct(&to, "s", sizeof(after),
			   (struct member[]){ { "name", to.text8, 0 },
					      { "added", to.u32, 8 },
					      { "count", to.u32, 12 },
					      { "id", to.u64, 16 },
					      {} });
	struct sn_carry *plan = plan_of(a, b);

	assert_false(sn_carry_is_same(plan));
	memset(&after, 0xff, sizeof(after));
	assert_null(sn_carry_value(plan, &before, &after));
	assert_int_equal(after.id, 7);
	assert_int_equal(after.count, 9);
	assert_int_equal(after.added, 0);
	assert_string_equal(after.name, "seven");
	sn_carry_free(plan);
}

static int add_pair(struct types *types, const char *first, int type, const char *second)
{
	return add_struct(types, "s", 8,
			  (struct member[]){ { first, type, 0 }, { second, types->u32, 4 }, {} });
}

static void types_that_are_alike_are_the_same(void **state)
{
	static const struct {
		const char *first;
		bool is_signed;
		const char *second;
		bool same;
	} others[] = {
		{ "a", false, "b", true },
		{ "b", false, "a", false },
		{ "a", true, "b", false },
		{ "a", false, "c", false },
	};
	int a = add_pair(&from, "a", from.u32, "b");

	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		int b = add_pair(&to, others[i].first, others[i].is_signed ? to.s32 : to.u32,
				 others[i].second);
		struct sn_carry *plan = plan_of(a, b);

		assert_int_equal(sn_carry_is_same(plan), others[i].same);
		sn_carry_free(plan);
	}
}

static void what_is_lost_is_named_unless_it_is_zero(void **state)
{
	int inner_a = add_pair(&from, "kept", from.u32, "gone");
	int inner_b = add_struct(&to, "s", 4, (struct member[]){ { "kept", to.u32, 0 }, {} });
	int a = add_struct(&from, "outer", 16,
			   (struct member[]){ { "id", from.u64, 0 }, { "in", inner_a, 8 }, {} });
	int b = add_struct(&to, "outer", 16,
			   (struct member[]){ { "id", to.u64, 0 }, { "in", inner_b, 8 }, {} });
	struct sn_carry *plan = plan_of(a, b);
	__u32 before[4] = { 1, 0, 2, 0 }, after[4];

	assert_null(sn_carry_value(plan, before, after));
	assert_int_equal(after[2], 2);
	before[3] = 1U << 31;
	assert_string_equal(sn_carry_value(plan, before, after), "in.gone");
	assert_int_equal(after[0], 1); /* all the same, the rest is there */
	assert_int_equal(after[2], 2);
	sn_carry_free(plan);
}

static void pads_mean_nothing(void **state)
{
	int a = add_pair(&from, "a", from.u32, "pad"), b = add_pair(&to, "a", to.u32, "b");
	struct sn_carry *plan = plan_of(a, b);
	__u32 before[2] = { 1, 5 }, after[2];

	assert_null(sn_carry_value(plan, before, after));
	assert_int_equal(after[0], 1);
	assert_int_equal(after[1], 0);
	sn_carry_free(plan);

	plan = plan_of(add_pair(&from, "a", from.u32, "b"), add_pair(&to, "a", to.u32, "pad"));
	assert_string_equal(sn_carry_value(plan, before, after), "b");
	sn_carry_free(plan);
}

/* Carries one number between members of these types; what was lost. */
static const char *carry_number(int from_type, int to_type, __s64 number, __s64 *result)
{
	int a = add_struct(&from, "s", 8, (struct member[]){ { "n", from_type, 0 }, {} });
	int b = add_struct(&to, "s", 8, (struct member[]){ { "n", to_type, 0 }, {} });
	struct sn_carry *plan = plan_of(a, b);
	const char *lost = sn_carry_value(plan, &number, result) ? "n" : NULL;

	sn_carry_free(plan);
	return lost;
}

static void numbers_change_their_size_if_they_fit(void **state)
{
	__s64 result;

	assert_null(carry_number(from.u8, to.u64, 255, &result));
	assert_int_equal(result, 255);
	assert_null(carry_number(from.u64, to.u16, 65535, &result));
	assert_int_equal(result, 65535);
	assert_non_null(carry_number(from.u64, to.u16, 65536, &result));
	assert_null(carry_number(from.s32, to.s32, -1, &result));
	assert_int_equal((int)result, -1);
	assert_null(carry_number(from.s32, to.u64, 1, &result));
	assert_non_null(carry_number(from.s32, to.u64, -1, &result));
	assert_non_null(carry_number(from.s32, to.u32, -1, &result));
	assert_non_null(carry_number(from.u32, to.s32, 1LL << 31, &result));
}

static void texts_keep_what_they_have_in_common(void **state)
{
	int four = add_struct(&from, "s", 4, (struct member[]){ { "t", from.text4, 0 }, {} });
	int eight = add_struct(&to, "s", 8, (struct member[]){ { "t", to.text8, 0 }, {} });
	struct sn_carry *plan = plan_of(four, eight);
	char after[8];

	assert_null(sn_carry_value(plan, "abc", after));
	assert_memory_equal(after, "abc\0\0\0\0\0", 8);
	sn_carry_free(plan);

	eight = add_struct(&from, "s", 8, (struct member[]){ { "t", from.text8, 0 }, {} });
	four = add_struct(&to, "s", 4, (struct member[]){ { "t", to.text4, 0 }, {} });
	plan = plan_of(eight, four);
	assert_null(sn_carry_value(plan, "abc\0\0\0\0", after));
	assert_string_equal(sn_carry_value(plan, "abcdefg", after), "t");
	sn_carry_free(plan);
}

static void structures_in_an_array_are_carried_one_by_one(void **state)
{
	int a = add_pair(&from, "x", from.u32, "y"), b = add_pair(&to, "y", to.u32, "x");
	__u32 before[3][2] = { { 1, 2 }, { 3, 4 } }, after[2][2];
	struct sn_carry *plan;

	a = add_struct(&from, "s", sizeof(before),
		       (struct member[]){ { "e", array_of(&from, a, 3), 0 }, {} });
	b = add_struct(&to, "s", sizeof(after),
		       (struct member[]){ { "e", array_of(&to, b, 2), 0 }, {} });
	plan = plan_of(a, b);
	assert_null(sn_carry_value(plan, before, after));
	assert_int_equal(after[0][0], 2);
	assert_int_equal(after[0][1], 1);
	assert_int_equal(after[1][0], 4);
	assert_int_equal(after[1][1], 3);
	before[2][1] = 1;
	assert_string_equal(sn_carry_value(plan, before, after), "e");
	sn_carry_free(plan);
}

/* struct s { __u64 count[@nr]; }, where @names count */
static int add_counts(struct types *types, const char *const *names, int nr)
{
	int id = add_struct(
		types, "s", 8 * nr,
		(struct member[]){ { "count", array_of(types, types->u64, nr), 0 }, {} });

	add_enum(types, "op", names);
	assert_true(btf__add_decl_tag(types->btf, "counted-by:op", id, 0) > 0);
	return id;
}

static void counted_elements_go_where_their_name_is(void **state)
{
	static const char *const before[] = { "OPEN", "STAT", "KILL", "NR", NULL };
	static const char *const after[] = { "OPEN", "NEW", "KILL", "STAT", "NR", NULL };
	int a = add_counts(&from, before, 3), b = add_counts(&to, after, 4);
	__u64 counts[3] = { 1, 2, 3 }, got[4];
	struct sn_carry *plan = plan_of(a, b);

	assert_false(sn_carry_is_same(plan));
	assert_null(sn_carry_value(plan, counts, got));
	assert_memory_equal(got, ((__u64[]){ 1, 0, 3, 2 }), sizeof(got));
	sn_carry_free(plan);
}

static void a_counted_element_whose_name_is_gone_is_lost(void **state)
{
	static const char *const before[] = { "OPEN", "STAT", "NR", NULL };
	static const char *const after[] = { "OPEN", "NEW", "NR", NULL };
	int a = add_counts(&from, before, 2), b = add_counts(&to, after, 2);
	__u64 counts[2] = { 1, 2 }, got[2];
	struct sn_carry *plan = plan_of(a, b);

	assert_false(sn_carry_is_same(plan));
	assert_string_equal(sn_carry_value(plan, counts, got), "count[STAT]");
	assert_memory_equal(got, ((__u64[]){ 1, 0 }), sizeof(got));
	sn_carry_free(plan);
}

static void what_became_something_else_is_refused_by_name(void **state)
{
	int number = add_struct(&from, "s", 8, (struct member[]){ { "m", from.u64, 0 }, {} });
	int text = add_struct(&to, "s", 8, (struct member[]){ { "m", to.text8, 0 }, {} });
	int pointer = add_struct(&to, "s", 8,
				 (struct member[]){ { "m", btf__add_ptr(to.btf, to.u8), 0 }, {} });
	int nested = add_struct(&to, "s", 8, (struct member[]){ { "m", text, 0 }, {} });

	assert_refused(number, text, "'m'");
	assert_refused(number, pointer, "'m'");
	assert_refused(number, nested, "'m'");
	assert_refused(number, 9999, "types");
}

int main(void)
{
#define WITH_BOTH(test) cmocka_unit_test_setup_teardown(test, make_both, free_both)
	const struct CMUnitTest tests[] = {
		WITH_BOTH(members_are_found_by_name_and_new_ones_are_zero),
		WITH_BOTH(types_that_are_alike_are_the_same),
		WITH_BOTH(what_is_lost_is_named_unless_it_is_zero),
		WITH_BOTH(pads_mean_nothing),
		WITH_BOTH(numbers_change_their_size_if_they_fit),
		WITH_BOTH(texts_keep_what_they_have_in_common),
		WITH_BOTH(structures_in_an_array_are_carried_one_by_one),
		WITH_BOTH(counted_elements_go_where_their_name_is),
		WITH_BOTH(a_counted_element_whose_name_is_gone_is_lost),
		WITH_BOTH(what_became_something_else_is_refused_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
