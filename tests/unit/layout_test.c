// SPDX-License-Identifier: GPL-2.0-only
/* The layout of what is in the maps, as the programs have it, beside what the header says of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <bpf/btf.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "safenode_abi.h"

/* A hash of all that the second test describes, and of which version it is. */
static const struct {
	unsigned int version;
	unsigned long long layout;
} known = { 8, 0x29ef615a48545ee4 };

static struct btf *btf;
static __u32 structs[64];
static size_t nr_structs;

static const struct btf_type *type_of(__u32 id)
{
	int resolved = btf__resolve_type(btf, id);

	assert_true(resolved >= 0);
	return btf__type_by_id(btf, resolved);
}

static const char *name_of(const struct btf_type *type)
{
	return btf__name_by_offset(btf, type->name_off);
}

/* Adds the structure, and before it those inside. */
static void add_structs(__u32 id)
{
	const struct btf_type *type = type_of(id);

	id = btf__resolve_type(btf, id);
	if (btf_is_array(type))
		add_structs(btf_array(type)->type);
	if (!btf_is_struct(type))
		return;
	for (size_t i = 0; i < nr_structs; i++)
		if (structs[i] == id)
			return;
	for (int i = 0; i < btf_vlen(type); i++)
		add_structs(btf_members(type)[i].type);
	assert_true(nr_structs < sizeof(structs) / sizeof(*structs));
	structs[nr_structs++] = id;
}

/* A member of a map's definition: as libbpf reads it, a pointer to a type or to an array. */
static const struct btf_type *of_map(const struct btf_type *map, const char *name, __u32 *id)
{
	for (int i = 0; i < btf_vlen(map); i++) {
		const struct btf_member *member = btf_members(map) + i;

		if (strcmp(btf__name_by_offset(btf, member->name_off), name))
			continue;
		*id = type_of(member->type)->type;
		return type_of(*id);
	}
	return NULL;
}

static const struct btf_type *maps(void)
{
	__s32 id = btf__find_by_name_kind(btf, ".maps", BTF_KIND_DATASEC);

	assert_true(id > 0);
	return btf__type_by_id(btf, id);
}

static const struct btf_type *map_at(int i, const char **name)
{
	const struct btf_type *var = btf__type_by_id(btf, btf_var_secinfos(maps())[i].type);

	*name = name_of(var);
	return type_of(var->type);
}

static int read_types(void **state)
{
	static const char *const parts[] = { "key", "value" };
	const char *name;
	__u32 id;

	btf = btf__parse("build/safenode.linked.o", NULL);
	assert_non_null(btf);
	for (int i = 0; i < btf_vlen(maps()); i++)
		for (int part = 0; part < 2; part++)
			if (of_map(map_at(i, &name), parts[part], &id))
				add_structs(id);
	add_structs(btf__find_by_name_kind(btf, "sn_event", BTF_KIND_STRUCT));
	return 0;
}

static int forget_types(void **state)
{
	btf__free(btf);
	return 0;
}

static const struct row {
	const char *type, *member;
	size_t offset;
} rows[] = {
#define ROW(type, member, offset) { #type, #member, offset },
	SN_LAYOUT(ROW)
};
#define NR_ROWS (sizeof(rows) / sizeof(*rows))

static bool is_row(size_t i, const struct row *row)
{
	return i < NR_ROWS && !strcmp(rows[i].type, row->type) &&
	       !strcmp(rows[i].member, row->member) && rows[i].offset == row->offset;
}

/* No member is left out, either. What the list has to be is printed where it is not. */
static void each_member_is_where_the_header_says(void **state)
{
	size_t nr = 0;
	bool right = true;
	char *text;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	for (size_t i = 0; i < nr_structs; i++) {
		const struct btf_type *type = btf__type_by_id(btf, structs[i]);

		for (int m = 0; m < btf_vlen(type); m++) {
			struct row row = { .type = name_of(type),
					   .offset = btf_member_bit_offset(type, m) / 8 };

			row.member = btf__name_by_offset(btf, btf_members(type)[m].name_off);
			right &= is_row(nr++, &row);
			fprintf(file, "	X(%s, %s, %zu) \\\n", row.type, row.member, row.offset);
		}
	}
	fclose(file);
	if (!right || nr != NR_ROWS)
		fprintf(stderr, "SN_LAYOUT has to be\n%s", text);
	free(text);
	assert_true(right && nr == NR_ROWS);
}

static void describe_enum(FILE *file, const char *name)
{
	const struct btf_type *type;
	__s32 id = btf__find_by_name_kind(btf, name, BTF_KIND_ENUM);

	if (id < 0)
		return;
	type = btf__type_by_id(btf, id);
	for (int i = 0; i < btf_vlen(type); i++)
		fprintf(file, "%s %s = %d\n", name,
			btf__name_by_offset(btf, btf_enum(type)[i].name_off),
			btf_enum(type)[i].val);
}

static void describe_map(FILE *file, int i)
{
	static const char *const parts[] = { "type", "max_entries", "map_flags", "key", "value" };
	const char *name;
	const struct btf_type *map = map_at(i, &name), *type;
	__u32 id;

	for (size_t part = 0; part < sizeof(parts) / sizeof(*parts); part++) {
		type = of_map(map, parts[part], &id);
		if (type && btf_is_array(type))
			fprintf(file, "%s %s %u\n", name, parts[part], btf_array(type)->nelems);
		else if (type)
			fprintf(file, "%s %s %s\n", name, parts[part], name_of(type));
	}
}

static void describe_struct(FILE *file, const struct btf_type *type)
{
	fprintf(file, "struct %s %u\n", name_of(type), type->size);
	for (int i = 0; i < btf_vlen(type); i++)
		fprintf(file, "	%s %u %lld %s\n",
			btf__name_by_offset(btf, btf_members(type)[i].name_off),
			btf_member_bit_offset(type, i) / 8,
			btf__resolve_size(btf, btf_members(type)[i].type),
			name_of(type_of(btf_members(type)[i].type)));
}

static void another_layout_has_another_version(void **state)
{
	/* numbers of these are in maps and in events */
	static const char *const enums[] = { "sn_op", "sn_why", "sn_known" };
	static const int numbers[] = {
		SN_MAY_STAT,	SN_MAY_SEARCH,	    SN_MAY_READ,    SN_MAY_WRITE,
		SN_MAY_CHANGE,	SN_MAY_MAP,	    SN_MAY_START,   SN_PORT_OUTGOING,
		SN_PORT_LISTEN, SN_RULES_ADDRESSES, SN_RULES_PORTS, SN_RULES_DIRECTORIES,
		SN_RULES_NAMES,
	};
	unsigned long long hash = 14695981039346656037ULL;
	char *text;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	for (int i = 0; i < btf_vlen(maps()); i++)
		describe_map(file, i);
	for (size_t i = 0; i < nr_structs; i++)
		describe_struct(file, btf__type_by_id(btf, structs[i]));
	for (size_t i = 0; i < sizeof(enums) / sizeof(*enums); i++)
		describe_enum(file, enums[i]);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		fprintf(file, "%d\n", numbers[i]);
	fclose(file);
	for (size_t i = 0; i < size; i++) /* FNV-1a */
		hash = (hash ^ (unsigned char)text[i]) * 1099511628211ULL;
	free(text);
	if (hash == known.layout && SN_ABI_VERSION == known.version)
		return;
	fail_msg("the layout is not that of version %u: %s; here goes { %u, 0x%llx }",
		 known.version,
		 SN_ABI_VERSION == known.version ? "raise SN_ABI_VERSION" : "as its number says",
		 SN_ABI_VERSION, hash);
}

/* What is compared as bytes, as keys are, has no bytes that a compiler leaves as they are. */
static void there_is_no_hidden_padding(void **state)
{
	for (size_t i = 0; i < nr_structs; i++) {
		const struct btf_type *type = btf__type_by_id(btf, structs[i]);
		__u32 end = 0;

		for (int m = 0; m < btf_vlen(type); m++) {
			if (btf_member_bit_offset(type, m) != end * 8)
				fail_msg("before '%s' of struct %s",
					 btf__name_by_offset(btf, btf_members(type)[m].name_off),
					 name_of(type));
			end += btf__resolve_size(btf, btf_members(type)[m].type);
		}
		if (type->size != end)
			fail_msg("at the end of struct %s", name_of(type));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_member_is_where_the_header_says),
		cmocka_unit_test(another_layout_has_another_version),
		cmocka_unit_test(there_is_no_hidden_padding),
	};

	return cmocka_run_group_tests(tests, read_types, forget_types);
}
