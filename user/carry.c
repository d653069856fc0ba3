// SPDX-License-Identifier: GPL-2.0-only
/* Values of a type of one version -> values of the type of the same name of another, by BTF. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "carry.h"

#define COUNTED_BY "counted-by:" /* as SN_COUNTED_BY says it in BTF */

/* One piece of a value. Between integers that differ, the number is kept; else the bytes are. */
struct step {
	__u32 from, from_size;
	__u32 to, to_size; /* size 0: lost */
	bool number, from_signed, to_signed;
	char name[96]; /* "port_ranges[2].first" */
};

struct sn_carry {
	struct step *steps;
	size_t nr;
	__u32 to_size;
	bool same;
};

/* A type and where a value of it begins, on both sides. */
struct place {
	__u32 from_id, from;
	__u32 to_id, to;
	const char *name;
};

struct plan {
	const struct btf *from, *to;
	struct sn_carry *carry;
	struct sn_err *err;
};

static int add(struct plan *plan, const struct place *at);

/* ---- numbers ---- */

/* The size of an integer or enumeration; 0: it is neither. */
static __u32 number_size(const struct btf_type *type, bool *is_signed)
{
	if (btf_is_int(type)) {
		*is_signed = btf_int_encoding(type) & BTF_INT_SIGNED;
		return btf_int_bits(type) == type->size * 8 && type->size <= 8 ? type->size : 0;
	}
	*is_signed = btf_kflag(type);
	return btf_is_any_enum(type) ? type->size : 0;
}

static __u64 load_number(const void *at, __u32 size, bool is_signed)
{
	__u64 u64;
	__u32 u32;
	__u16 u16;
	__u8 u8;

	switch (size) {
	case 1:
		memcpy(&u8, at, 1);
		return is_signed ? (__u64)(__s8)u8 : u8;
	case 2:
		memcpy(&u16, at, 2);
		return is_signed ? (__u64)(__s16)u16 : u16;
	case 4:
		memcpy(&u32, at, 4);
		return is_signed ? (__u64)(__s32)u32 : u32;
	}
	memcpy(&u64, at, 8);
	return u64;
}

static void store_number(void *at, __u32 size, __u64 number)
{
	switch (size) {
	case 1:
		memcpy(at, &(__u8){ number }, 1);
		break;
	case 2:
		memcpy(at, &(__u16){ number }, 2);
		break;
	case 4:
		memcpy(at, &(__u32){ number }, 4);
		break;
	default:
		memcpy(at, &number, 8);
	}
}

/* Does it come back as it was? */
static bool carry_number(const struct step *step, const void *from, void *to)
{
	__u64 number = load_number(from, step->from_size, step->from_signed);
	__u64 back;

	store_number(to, step->to_size, number);
	back = load_number(to, step->to_size, step->to_signed);
	return back == number && (step->from_signed == step->to_signed || (__s64)number >= 0);
}

/* ---- the plan ---- */

static int refuse(struct plan *plan, const struct place *at)
{
	return sn_fail(plan->err, EPROTO, "'%s' has become something else", at->name);
}

static int add_step(struct plan *plan, const struct step *step)
{
	struct sn_carry *carry = plan->carry;
	struct step *steps = realloc(carry->steps, (carry->nr + 1) * sizeof(*steps));

	if (!steps)
		return sn_fail(plan->err, ENOMEM, "out of memory");
	carry->steps = steps;
	steps[carry->nr++] = *step;
	if (step->from != step->to || step->from_size != step->to_size || step->number)
		carry->same = false;
	return 0;
}

static int add_bytes(struct plan *plan, const struct place *at, __u32 size)
{
	struct step step = { .from = at->from, .to = at->to, .from_size = size, .to_size = size };

	snprintf(step.name, sizeof(step.name), "%s", at->name);
	return add_step(plan, &step);
}

static int add_lost(struct plan *plan, const char *name, __u32 from, __u32 size)
{
	struct step step = { .from = from, .from_size = size };

	snprintf(step.name, sizeof(step.name), "%s", name);
	return add_step(plan, &step);
}

static int add_number(struct plan *plan, const struct place *at, const struct btf_type *from,
		      const struct btf_type *to)
{
	struct step step = { .from = at->from, .to = at->to };

	step.from_size = number_size(from, &step.from_signed);
	step.to_size = number_size(to, &step.to_signed);
	if (!step.from_size || !step.to_size)
		return refuse(plan, at);
	step.number = step.from_size != step.to_size || step.from_signed != step.to_signed;
	snprintf(step.name, sizeof(step.name), "%s", at->name);
	return add_step(plan, &step);
}

/* ---- structures ---- */

static int find_member(const struct btf *btf, const struct btf_type *type, const char *name)
{
	for (int i = 0; i < btf_vlen(type); i++)
		if (!strcmp(btf__name_by_offset(btf, btf_members(type)[i].name_off), name))
			return i;
	return -1;
}

static void name_member(char *name, size_t size, const struct place *at, const char *member)
{
	snprintf(name, size, "%s%s%s", at->name, *at->name ? "." : "", member);
}

/* The enumeration that counts the elements of that member, by its tag; NULL: it has none. */
static const char *counted_by(const struct btf *btf, __u32 id, int member)
{
	for (__u32 i = 1; i < btf__type_cnt(btf); i++) {
		const struct btf_type *tag = btf__type_by_id(btf, i);
		const char *text = btf__name_by_offset(btf, tag->name_off);

		if (btf_is_decl_tag(tag) && tag->type == id &&
		    btf_decl_tag(tag)->component_idx == member &&
		    !strncmp(text, COUNTED_BY, strlen(COUNTED_BY)))
			return text + strlen(COUNTED_BY);
	}
	return NULL;
}

static int add_counted(struct plan *plan, const struct place *at, const char *counts);

static int add_member(struct plan *plan, const struct place *outer, int from, int to)
{
	const struct btf_type *from_type = btf__type_by_id(plan->from, outer->from_id);
	const struct btf_type *to_type = btf__type_by_id(plan->to, outer->to_id);
	const struct btf_member *member = btf_members(to_type) + to;
	const char *counts = counted_by(plan->to, outer->to_id, to);
	char name[96];
	struct place at = { .from_id = btf_members(from_type)[from].type,
			    .to_id = member->type,
			    .from = outer->from + btf_member_bit_offset(from_type, from) / 8,
			    .to = outer->to + btf_member_bit_offset(to_type, to) / 8,
			    .name = name };

	name_member(name, sizeof(name), outer, btf__name_by_offset(plan->to, member->name_off));
	if (btf_member_bitfield_size(from_type, from) || btf_member_bitfield_size(to_type, to))
		return refuse(plan, &at);
	if (!counts)
		counts = counted_by(plan->from, outer->from_id, from);
	return counts ? add_counted(plan, &at, counts) : add(plan, &at);
}

static bool is_pad(const char *name)
{
	return !strcmp(name, "pad");
}

static int add_lost_members(struct plan *plan, const struct place *at, const struct btf_type *from,
			    const struct btf_type *to)
{
	int ret = 0;

	for (int i = 0; i < btf_vlen(from) && !ret; i++) {
		const struct btf_member *member = btf_members(from) + i;
		const char *own = btf__name_by_offset(plan->from, member->name_off);
		char name[96];

		if (is_pad(own) || find_member(plan->to, to, own) >= 0)
			continue;
		name_member(name, sizeof(name), at, own);
		ret = add_lost(plan, name, at->from + btf_member_bit_offset(from, i) / 8,
			       btf__resolve_size(plan->from, member->type));
	}
	return ret;
}

static int add_struct(struct plan *plan, const struct place *at, const struct btf_type *from,
		      const struct btf_type *to)
{
	int ret = 0;

	for (int i = 0; i < btf_vlen(to) && !ret; i++) {
		const char *name = btf__name_by_offset(plan->to, btf_members(to)[i].name_off);
		int of = find_member(plan->from, from, name);

		if (is_pad(name))
			continue;
		if (of < 0) /* it begins as zero */
			plan->carry->same = false;
		else
			ret = add_member(plan, at, of, i);
	}
	return ret ? ret : add_lost_members(plan, at, from, to);
}

/* ---- arrays ---- */

static int add_element(struct plan *plan, const struct place *array, __u32 from, __u32 to,
		       const char *index)
{
	const struct btf_array *from_array = btf_array(btf__type_by_id(plan->from, array->from_id));
	const struct btf_array *to_array = btf_array(btf__type_by_id(plan->to, array->to_id));
	char name[96];
	struct place at = {
		.from_id = from_array->type,
		.to_id = to_array->type,
		.from = array->from + from * btf__resolve_size(plan->from, from_array->type),
		.to = array->to + to * btf__resolve_size(plan->to, to_array->type),
		.name = name,
	};

	snprintf(name, sizeof(name), "%s[%s]", array->name, index);
	return add(plan, &at);
}

static int lose_element(struct plan *plan, const struct place *array, __u32 at, const char *index)
{
	const struct btf_type *type = btf__type_by_id(plan->from, array->from_id);
	__u32 size = btf__resolve_size(plan->from, btf_array(type)->type);
	char name[96];

	snprintf(name, sizeof(name), "%s[%s]", array->name, index);
	return add_lost(plan, name, array->from + at * size, size);
}

/* Texts and other arrays of numbers that are alike are one step, not one for each. */
static bool are_same_numbers(const struct plan *plan, __u32 from_id, __u32 to_id)
{
	bool from_signed, to_signed;
	__u32 from = number_size(btf__type_by_id(plan->from, from_id), &from_signed);
	__u32 to = number_size(btf__type_by_id(plan->to, to_id), &to_signed);

	return from && from == to && from_signed == to_signed;
}

static int add_array(struct plan *plan, const struct place *at, const struct btf_array *from,
		     const struct btf_array *to)
{
	__u32 both = from->nelems < to->nelems ? from->nelems : to->nelems;
	__s64 size = btf__resolve_size(plan->from, from->type);
	int from_id = btf__resolve_type(plan->from, from->type);
	int to_id = btf__resolve_type(plan->to, to->type), ret = 0;

	if (from_id < 0 || to_id < 0 || size <= 0)
		return refuse(plan, at);
	if (from->nelems != to->nelems)
		plan->carry->same = false;
	if (are_same_numbers(plan, from_id, to_id)) {
		ret = both ? add_bytes(plan, at, both * size) : 0;
	} else {
		for (__u32 i = 0; i < both && !ret; i++) {
			char index[16];

			snprintf(index, sizeof(index), "%u", i);
			ret = add_element(plan, at, i, i, index);
		}
	}
	if (ret || both == from->nelems)
		return ret;
	return add_lost(plan, at->name, at->from + both * size, (from->nelems - both) * size);
}

static const char *enumerator(const struct btf *btf, const struct btf_type *type, __s64 value)
{
	for (int i = 0; i < btf_vlen(type); i++)
		if (btf_enum(type)[i].val == value)
			return btf__name_by_offset(btf, btf_enum(type)[i].name_off);
	return NULL;
}

/* Which of the @nr elements of an array that @type counts is called @name? -1: none. */
static __s64 find_enumerator(const struct btf *btf, const struct btf_type *type, const char *name,
			     __u32 nr)
{
	for (int i = 0; i < btf_vlen(type); i++) {
		const struct btf_enum *e = btf_enum(type) + i;

		if (!strcmp(btf__name_by_offset(btf, e->name_off), name))
			return e->val < 0 || (__u32)e->val >= nr ? -1 : e->val;
	}
	return -1;
}

static const struct btf_type *find_enum(const struct btf *btf, const char *name)
{
	__s32 id = btf__find_by_name_kind(btf, name, BTF_KIND_ENUM);

	return id < 0 ? NULL : btf__type_by_id(btf, id);
}

/* Elements without an enumerator have their number for a name. */
static int add_counted(struct plan *plan, const struct place *at, const char *counts)
{
	const struct btf_type *from = btf__type_by_id(plan->from, at->from_id);
	const struct btf_type *to = btf__type_by_id(plan->to, at->to_id);
	const struct btf_type *from_enum = find_enum(plan->from, counts);
	const struct btf_type *to_enum = find_enum(plan->to, counts);
	int ret = 0;

	if (!btf_is_array(from) || !btf_is_array(to) || !from_enum || !to_enum)
		return add(plan, at);
	if (btf_array(from)->nelems != btf_array(to)->nelems)
		plan->carry->same = false;
	for (__u32 i = 0; i < btf_array(from)->nelems && !ret; i++) {
		const char *name = enumerator(plan->from, from_enum, i);
		char index[16];
		__s64 there = i;

		snprintf(index, sizeof(index), "%u", i);
		if (name)
			there = find_enumerator(plan->to, to_enum, name, btf_array(to)->nelems);
		else if (enumerator(plan->to, to_enum, i) || i >= btf_array(to)->nelems)
			there = -1;
		ret = there < 0 ? lose_element(plan, at, i, name ?: index)
				: add_element(plan, at, i, there, name ?: index);
	}
	return ret;
}

static int add(struct plan *plan, const struct place *unresolved)
{
	struct place at = *unresolved;
	const struct btf_type *from, *to;
	int from_id = btf__resolve_type(plan->from, at.from_id);
	int to_id = btf__resolve_type(plan->to, at.to_id);

	if (from_id < 0 || to_id < 0)
		return refuse(plan, &at);
	at.from_id = from_id;
	at.to_id = to_id;
	from = btf__type_by_id(plan->from, at.from_id);
	to = btf__type_by_id(plan->to, at.to_id);
	if (btf_is_struct(from) && btf_is_struct(to))
		return add_struct(plan, &at, from, to);
	if (btf_is_array(from) && btf_is_array(to))
		return add_array(plan, &at, btf_array(from), btf_array(to));
	if (btf_is_composite(from) || btf_is_composite(to))
		return refuse(plan, &at);
	return add_number(plan, &at, from, to);
}

int sn_carry_plan(const struct btf *from, __u32 from_id, const struct btf *to, __u32 to_id,
		  struct sn_carry **plan, struct sn_err *err)
{
	__s64 from_size = btf__resolve_size(from, from_id), to_size = btf__resolve_size(to, to_id);
	struct sn_carry *carry = calloc(1, sizeof(*carry));
	struct plan making = { .from = from, .to = to, .carry = carry, .err = err };
	struct place whole = { .from_id = from_id, .to_id = to_id, .name = "" };

	*plan = carry;
	if (!carry)
		return sn_fail(err, ENOMEM, "out of memory");
	if (from_size <= 0 || to_size <= 0)
		return sn_fail(err, EPROTO, "its types cannot be read");
	carry->to_size = to_size;
	carry->same = from_size == to_size;
	return add(&making, &whole);
}

void sn_carry_free(struct sn_carry *plan)
{
	if (plan)
		free(plan->steps);
	free(plan);
}

bool sn_carry_is_same(const struct sn_carry *plan)
{
	return plan->same;
}

/* ---- a value ---- */

static bool is_zero(const char *bytes, size_t size)
{
	while (size && !bytes[size - 1])
		size--;
	return !size;
}

const char *sn_carry_value(const struct sn_carry *plan, const void *from, void *to)
{
	const char *lost = NULL;

	memset(to, 0, plan->to_size);
	for (size_t i = 0; i < plan->nr; i++) {
		const struct step *step = plan->steps + i;
		const char *at = (const char *)from + step->from;
		char *there = (char *)to + step->to;
		bool kept = true;

		if (!step->to_size)
			kept = is_zero(at, step->from_size);
		else if (step->number)
			kept = carry_number(step, at, there);
		else
			memcpy(there, at, step->from_size);
		if (!kept && !lost)
			lost = step->name;
	}
	return lost;
}
