// SPDX-License-Identifier: GPL-2.0-only
/* What becomes of the pinned maps when programs are loaded that lay them out in another way. */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "carry.h"
#include "lists.h"
#include "pins.h"
#include "relist.h"
#include "upgrade.h"

/* A pinned map, and the one of the same name that the programs use. */
struct pinned {
	char name[BPF_OBJ_NAME_LEN];
	int fd;
	struct bpf_map_info info;
	struct btf *btf;     /* its types; NULL for a ring, which has none */
	struct bpf_map *map; /* NULL: there is none any more */
	struct sn_carry *key, *value;
	bool same;
	bool (*key_wanted)(const void *key); /* NULL: all entries are carried over */
};

struct sn_upgrade {
	struct pinned *maps;
	size_t nr;
	bool needed;
	bool relist; /* "lists" has keys in it, as bytes, that are others now */
};

/* ---- the pinned maps ---- */

static int open_pinned(struct pinned *map, const char *name, struct sn_err *err)
{
	__u32 size = sizeof(map->info);
	char path[PATH_MAX];

	*map = (struct pinned){};
	snprintf(map->name, sizeof(map->name), "%.*s", BPF_OBJ_NAME_LEN - 1, name);
	snprintf(path, sizeof(path), SN_PIN_DIR "/%s", name);
	map->fd = bpf_obj_get(path);
	if (map->fd < 0 || bpf_obj_get_info_by_fd(map->fd, &map->info, &size))
		return sn_fail(err, errno, "cannot open %s: %s", path, strerror(errno));
	if (!map->info.btf_id)
		return 0;
	map->btf = btf__load_from_kernel_by_id(map->info.btf_id);
	if (!map->btf)
		return sn_fail(err, errno, "cannot read the types of %s: %s", path,
			       strerror(errno));
	return 0;
}

static void close_pinned(struct pinned *map)
{
	sn_carry_free(map->key);
	sn_carry_free(map->value);
	btf__free(map->btf);
	if (map->fd >= 0)
		close(map->fd);
}

static struct pinned *find(const struct sn_upgrade *upgrade, const char *name)
{
	for (size_t i = 0; i < upgrade->nr; i++)
		if (!strcmp(upgrade->maps[i].name, name))
			return upgrade->maps + i;
	return NULL;
}

static int open_all(struct sn_upgrade *upgrade, struct sn_err *err)
{
	DIR *dir = opendir(SN_PIN_DIR);
	struct dirent *entry;
	int ret = 0;

	if (!dir)
		return sn_fail(err, errno, "cannot read %s: %s", SN_PIN_DIR, strerror(errno));
	while (!ret && (entry = readdir(dir))) {
		struct pinned *maps;

		if (entry->d_type == DT_DIR)
			continue;
		maps = realloc(upgrade->maps, (upgrade->nr + 1) * sizeof(*maps));
		if (!maps) {
			ret = sn_fail(err, ENOMEM, "out of memory");
			break;
		}
		upgrade->maps = maps;
		ret = open_pinned(maps + upgrade->nr++, entry->d_name, err);
	}
	closedir(dir);
	return ret;
}

static int refuse(const struct pinned *map, const char *why, struct sn_err *err)
{
	return sn_fail(err, EPROTO,
		       "the pinned map '%s' cannot be carried over: %s; safenode-detach all "
		       "tenants with the tools of the version that is loaded, then safenode-load "
		       "--unload",
		       map->name, why);
}

int sn_upgrade_read_state(struct bpf_object *obj, struct sn_state *state, struct sn_err *err)
{
	struct bpf_map *map = bpf_object__find_map_by_name(obj, "state");
	sn_autofree void *value = NULL;
	struct pinned pinned;
	int ret = open_pinned(&pinned, "state", err);
	struct sn_err why = { "it has no types" };
	__u32 first = 0;

	value = calloc(1, pinned.info.value_size + 1);
	if (!ret && (!pinned.btf ||
		     sn_carry_plan(pinned.btf, pinned.info.btf_value_type_id, bpf_object__btf(obj),
				   bpf_map__btf_value_type_id(map), &pinned.value, &why)))
		ret = refuse(&pinned, why.text, err);
	if (!ret && (!value || bpf_map_lookup_elem(pinned.fd, &first, value)))
		ret = sn_fail(err, errno, "cannot read the state: %s", strerror(errno));
	if (!ret)
		sn_carry_value(pinned.value, value, state);
	state->parent[sizeof(state->parent) - 1] = '\0'; /* was longer, or is damaged */
	close_pinned(&pinned);
	return ret;
}

/* ---- compared with those of the object ---- */

static bool same_enum(const struct btf *from, const struct btf *to, const char *name)
{
	__s32 from_id = btf__find_by_name_kind(from, name, BTF_KIND_ENUM);
	__s32 to_id = btf__find_by_name_kind(to, name, BTF_KIND_ENUM);
	const struct btf_type *a = btf__type_by_id(from, from_id);
	const struct btf_type *b = btf__type_by_id(to, to_id);

	if (from_id < 0 || to_id < 0 || btf_vlen(a) != btf_vlen(b))
		return false;
	for (int i = 0; i < btf_vlen(a); i++)
		if (btf_enum(a)[i].val != btf_enum(b)[i].val ||
		    strcmp(btf__name_by_offset(from, btf_enum(a)[i].name_off),
			   btf__name_by_offset(to, btf_enum(b)[i].name_off)))
			return false;
	return true;
}

/* Would a reader of the one version understand what programs of the other put on the ring? */
static bool same_events(const struct btf *from, const struct btf *to)
{
	__s32 from_id = btf__find_by_name_kind(from, "sn_event", BTF_KIND_STRUCT);
	__s32 to_id = btf__find_by_name_kind(to, "sn_event", BTF_KIND_STRUCT);
	struct sn_carry *plan = NULL;
	bool same = from_id >= 0 && to_id >= 0 &&
		    !sn_carry_plan(from, from_id, to, to_id, &plan, NULL) && sn_carry_is_same(plan);

	sn_carry_free(plan);
	return same && same_enum(from, to, "sn_op") && same_enum(from, to, "sn_why") &&
	       same_enum(from, to, "sn_known");
}

static int plan_entries(struct pinned *map, const struct btf *to, struct sn_err *err)
{
	struct sn_err why = {};

	if (!map->btf)
		return refuse(map, "it has no types", err);
	if (sn_carry_plan(map->btf, map->info.btf_key_type_id, to,
			  bpf_map__btf_key_type_id(map->map), &map->key, &why) ||
	    sn_carry_plan(map->btf, map->info.btf_value_type_id, to,
			  bpf_map__btf_value_type_id(map->map), &map->value, &why))
		return refuse(map, why.text, err);
	map->same &= sn_carry_is_same(map->key) && sn_carry_is_same(map->value);
	return 0;
}

/* @types are those of the programs that are loaded, where the map itself has none. */
static int plan_map(struct pinned *map, struct bpf_object *obj, const struct btf *types,
		    struct sn_err *err)
{
	map->map = bpf_object__find_map_by_name(obj, map->name);
	if (!map->map)
		return 0;
	if (map->info.type != bpf_map__type(map->map))
		return refuse(map, "it is of another type", err);
	map->same = map->info.max_entries == bpf_map__max_entries(map->map) &&
		    map->info.map_flags == bpf_map__map_flags(map->map);
	switch (map->info.type) {
	case BPF_MAP_TYPE_RINGBUF:
		map->same &= same_events(types, bpf_object__btf(obj));
		return 0;
	case BPF_MAP_TYPE_HASH:
	case BPF_MAP_TYPE_ARRAY:
		return plan_entries(map, bpf_object__btf(obj), err);
	}
	return refuse(map, "no tool can copy maps of its type", err);
}

/* In "lists", where BTF sees but bytes, are keys of these maps. */
static bool has_other_keys(const struct sn_upgrade *upgrade)
{
	for (int i = 0; i < SN_RULE_MAPS; i++) {
		const struct pinned *map = find(upgrade, sn_rules_name(i));

		if (map && map->key && !sn_carry_is_same(map->key))
			return true;
	}
	return false;
}

/* Is a new map made, although it would be laid out as the old one? */
static bool is_made_anew(const struct sn_upgrade *upgrade, const struct pinned *map)
{
	/* written before the new pins are in place, while the old ones are in force */
	if (!strcmp(map->name, "state"))
		return upgrade->needed;
	return !strcmp(map->name, "lists") && upgrade->relist;
}

static int use_pinned(struct sn_upgrade *upgrade, struct sn_err *err)
{
	for (size_t i = 0; i < upgrade->nr; i++) {
		struct pinned *map = upgrade->maps + i;
		int ret;

		if (is_made_anew(upgrade, map))
			map->same = false;
		if (!map->same)
			continue;
		ret = bpf_map__reuse_fd(map->map, map->fd);
		if (ret)
			return sn_fail(err, -ret, "cannot use the pinned map '%s': %s", map->name,
				       strerror(-ret));
	}
	return 0;
}

static int plan_all(struct sn_upgrade *upgrade, struct bpf_object *obj, const struct sn_state *old,
		    struct sn_err *err)
{
	const struct pinned *state = find(upgrade, "state");
	struct bpf_map *map;
	int ret = 0;

	if (!state || !state->btf)
		return sn_fail(err, EPROTO, "the pinned map 'state' has no types");
	upgrade->needed = old->abi_version != SN_ABI_VERSION;
	for (size_t i = 0; i < upgrade->nr && !ret; i++) {
		ret = plan_map(upgrade->maps + i, obj, state->btf, err);
		upgrade->needed |= !upgrade->maps[i].same;
	}
	if (ret)
		return ret;
	bpf_object__for_each_map (map, obj)
		if (!bpf_map__is_internal(map) && !find(upgrade, bpf_map__name(map)) &&
		    old->abi_version == SN_ABI_VERSION)
			return sn_fail(err, EPROTO, "%s/%s is missing; safenode-load --unload",
				       SN_PIN_DIR, bpf_map__name(map));
	upgrade->relist = has_other_keys(upgrade);
	return use_pinned(upgrade, err);
}

int sn_upgrade_plan(struct bpf_object *obj, const struct sn_state *old, struct sn_upgrade **upgrade,
		    struct sn_err *err)
{
	int ret;

	*upgrade = calloc(1, sizeof(**upgrade));
	if (!*upgrade)
		return sn_fail(err, ENOMEM, "out of memory");
	if (old->abi_version < SN_ABI_OLDEST || old->abi_oldest > SN_ABI_VERSION)
		return sn_fail(err, EPROTO,
			       "maps of layout %u are pinned, which mean something else; "
			       "safenode-detach all tenants with the tools of that version, then "
			       "safenode-load --unload",
			       old->abi_version);
	ret = open_all(*upgrade, err);
	return ret ? ret : plan_all(*upgrade, obj, old, err);
}

void sn_upgrade_free(struct sn_upgrade *upgrade)
{
	if (!upgrade)
		return;
	for (size_t i = 0; i < upgrade->nr; i++)
		close_pinned(upgrade->maps + i);
	free(upgrade->maps);
	free(upgrade);
}

bool sn_upgrade_is_needed(const struct sn_upgrade *upgrade)
{
	return upgrade->needed;
}

/* ---- entries ---- */

struct entry {
	void *key, *value;	   /* as pinned */
	void *new_key, *new_value; /* as the programs have them */
};

static int lose(const struct pinned *map, const char *what, struct sn_err *err)
{
	return sn_fail(err, EPROTO,
		       "this version would lose %s%s%sthe map '%s'; safenode-detach the tenants "
		       "that have it with the tools of the version that is loaded, or "
		       "safenode-load --unload",
		       *what ? "'" : "", what, *what ? "' of " : "", map->name);
}

static bool is_zero(const char *bytes, size_t size)
{
	while (size && !bytes[size - 1])
		size--;
	return !size;
}

static int put_entry(const struct pinned *map, const struct entry *entry, struct sn_err *err)
{
	const char *lost = sn_carry_value(map->key, entry->key, entry->new_key);

	if (!lost)
		lost = sn_carry_value(map->value, entry->value, entry->new_value);
	if (lost)
		return lose(map, lost, err);
	if (map->key_wanted && !map->key_wanted(entry->new_key))
		return 0;
	if (bpf_map_update_elem(bpf_map__fd(map->map), entry->new_key, entry->new_value, BPF_ANY))
		return sn_fail(err, errno, "cannot write to the map '%s': %s", map->name,
			       errno == E2BIG ? "it is full" : strerror(errno));
	return 0;
}

static int carry_entry(const struct pinned *map, const struct entry *entry, struct sn_err *err)
{
	bool is_array = map->info.type == BPF_MAP_TYPE_ARRAY;

	if (bpf_map_lookup_elem(map->fd, entry->key, entry->value))
		return sn_fail(err, errno, "cannot read the map '%s': %s", map->name,
			       strerror(errno));
	/* those of an array are there from the beginning */
	if (is_array && is_zero(entry->value, map->info.value_size))
		return 0;
	if (!map->map || (is_array && *(__u32 *)entry->key >= bpf_map__max_entries(map->map)))
		return lose(map, "", err);
	return put_entry(map, entry, err);
}

static int carry_entries(const struct pinned *map, struct sn_err *err)
{
	bool kept = map->map;
	sn_autofree void *key = calloc(1, map->info.key_size);
	sn_autofree void *value = calloc(1, map->info.value_size);
	sn_autofree void *new_key = calloc(1, kept ? bpf_map__key_size(map->map) : 1);
	sn_autofree void *new_value = calloc(1, kept ? bpf_map__value_size(map->map) : 1);
	const struct entry entry = { key, value, new_key, new_value };
	int ret = 0, end;

	if (!key || !value || !new_key || !new_value)
		return sn_fail(err, ENOMEM, "out of memory");
	end = bpf_map_get_next_key(map->fd, NULL, key);
	while (!end && !ret) {
		ret = carry_entry(map, &entry, err);
		end = bpf_map_get_next_key(map->fd, key, key);
	}
	if (!ret && end != -ENOENT)
		ret = sn_fail(err, -end, "cannot read the map '%s': %s", map->name, strerror(-end));
	return ret;
}

static bool says_complete(const void *key)
{
	return ((const struct sn_list_key *)key)->number == SN_LIST_COMPLETE;
}

/* The rules are there already, with their new keys. */
static int list_anew(const struct sn_upgrade *upgrade, struct sn_err *err)
{
	struct pinned *lists = find(upgrade, "lists");
	int fds[SN_RULE_MAPS], ret;

	if (!lists || !lists->map)
		return 0;
	for (int i = 0; i < SN_RULE_MAPS; i++) {
		const struct pinned *map = find(upgrade, sn_rules_name(i));

		if (!map || !map->map)
			return lose(lists, "", err);
		fds[i] = bpf_map__fd(map->map);
	}
	lists->key_wanted = says_complete;
	ret = carry_entries(lists, err);
	return ret ? ret : sn_relist(fds, bpf_map__fd(lists->map), err);
}

int sn_upgrade_carry(struct sn_upgrade *upgrade, struct sn_err *err)
{
	int ret = 0;

	for (size_t i = 0; i < upgrade->nr && !ret; i++) {
		const struct pinned *map = upgrade->maps + i;

		/* what is on a ring was not promised to anybody */
		if (map->same || map->info.type == BPF_MAP_TYPE_RINGBUF ||
		    (upgrade->relist && !strcmp(map->name, "lists")))
			continue;
		ret = carry_entries(map, err);
	}
	return !ret && upgrade->relist ? list_anew(upgrade, err) : ret;
}

int sn_upgrade_carry_again(struct sn_upgrade *upgrade, const char *map, struct sn_err *err)
{
	const struct pinned *pinned = find(upgrade, map);

	return !pinned || pinned->same ? 0 : carry_entries(pinned, err);
}
