/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's maps in memory, for what is linked with this: a program's own functions come before
 * those of libbpf. Every call that changes a map is logged, and one of them can be made to fail.
 */
#ifndef SAFENODE_FAKE_MAPS_H
#define SAFENODE_FAKE_MAPS_H

#include <bpf/bpf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "grace.h"
#include "store.h"

#define FAKE_MAPS 9
#define FAKE_FD	  1000 /* of the first map; they come as in struct sn_store */

struct fake_entry {
	TAILQ_ENTRY(fake_entry) others;
	char *key, *value;
};

static struct fake_map {
	const char *name;
	size_t key_size, value_size;
	TAILQ_HEAD(, fake_entry) entries;
} fake_maps[FAKE_MAPS] = {
	{ "policies", sizeof(__u64), sizeof(struct sn_slot), {} },
	{ "counters", sizeof(__u64), sizeof(struct sn_counters), {} },
	{ "addresses", sizeof(struct sn_address_key), sizeof(struct sn_text), {} },
	{ "ports", sizeof(struct sn_port_key), sizeof(struct sn_text), {} },
	{ "directories", sizeof(struct sn_directory_key), sizeof(struct sn_rule), {} },
	{ "names", sizeof(struct sn_name_key), sizeof(struct sn_rule), {} },
	{ "homes", sizeof(__u32), sizeof(struct sn_homes_set), {} },
	{ "lists", sizeof(struct sn_list_key), sizeof(struct sn_list), {} },
	{ "cgroups", sizeof(__u64), sizeof(struct sn_cgroup), {} },
};

static char fake_log[1 << 16]; /* "policies+ names- grace ...": put, removed, waited */
static int fake_fail_at;       /* the change that fails, counted from 1; 0: none does */
static bool fake_killed;       /* and all after it: as if the tool had been killed there */
static int fake_error;	       /* with this errno */
static int fake_changes;
static int fake_reads; /* calls that read */

static struct fake_map *fake_map(int fd)
{
	if (fd < FAKE_FD || fd >= FAKE_FD + FAKE_MAPS)
		abort();
	return &fake_maps[fd - FAKE_FD];
}

static struct fake_entry *fake_find(struct fake_map *map, const void *key)
{
	struct fake_entry *entry;

	TAILQ_FOREACH(entry, &map->entries, others)
	if (!memcmp(entry->key, key, map->key_size))
		return entry;
	return NULL;
}

static bool fake_change(const struct fake_map *map, char what)
{
	size_t used = strlen(fake_log);

	fake_changes++;
	if (fake_changes == fake_fail_at ||
	    (fake_killed && fake_fail_at && fake_changes > fake_fail_at)) {
		errno = fake_error;
		return false;
	}
	snprintf(fake_log + used, sizeof(fake_log) - used, "%s%s%c", used ? " " : "", map->name,
		 what);
	return true;
}

static void fake_drop(struct fake_map *map, struct fake_entry *entry)
{
	TAILQ_REMOVE(&map->entries, entry, others);
	free(entry->key);
	free(entry->value);
	free(entry);
}

static void *fake_copy(const void *data, size_t size)
{
	void *copy = malloc(size);

	if (!copy)
		abort();
	return memcpy(copy, data, size);
}

int bpf_map_update_elem(int fd, const void *key, const void *value, __u64 flags)
{
	struct fake_map *map = fake_map(fd);
	struct fake_entry *entry = fake_find(map, key);

	if (!fake_change(map, '+'))
		return -1;
	if (entry)
		fake_drop(map, entry);
	entry = calloc(1, sizeof(*entry));
	if (!entry)
		abort();
	entry->key = fake_copy(key, map->key_size);
	entry->value = fake_copy(value, map->value_size);
	TAILQ_INSERT_TAIL(&map->entries, entry, others);
	return 0;
}

/* As generic_map_update_batch(): those before the one that fails are there, and *@nr says how many.
 */
int bpf_map_update_batch(int fd, const void *keys, const void *values, __u32 *nr,
			 const struct bpf_map_batch_opts *opts)
{
	struct fake_map *map = fake_map(fd);
	__u32 most = *nr;

	for (*nr = 0; *nr < most; ++*nr)
		if (bpf_map_update_elem(fd, (const char *)keys + *nr * map->key_size,
					(const char *)values + *nr * map->value_size, 0))
			return -1;
	return 0;
}

int bpf_map_lookup_elem(int fd, const void *key, void *value)
{
	struct fake_map *map = fake_map(fd);
	struct fake_entry *entry = fake_find(map, key);

	fake_reads++;
	if (!entry && !strcmp(map->name, "homes")) { /* an array: all are there, and zero */
		memset(value, 0, map->value_size);
		return 0;
	}
	if (!entry) {
		errno = ENOENT;
		return -1;
	}
	memcpy(value, entry->value, map->value_size);
	return 0;
}

int bpf_map_delete_elem(int fd, const void *key)
{
	struct fake_map *map = fake_map(fd);
	struct fake_entry *entry = fake_find(map, key);

	if (!entry) {
		errno = ENOENT;
		return -1;
	}
	if (!fake_change(map, '-'))
		return -1;
	fake_drop(map, entry);
	return 0;
}

int bpf_map_get_next_key(int fd, const void *key, void *next)
{
	struct fake_map *map = fake_map(fd);
	struct fake_entry *entry = key ? fake_find(map, key) : NULL;

	fake_reads++;
	entry = entry ? TAILQ_NEXT(entry, others) : TAILQ_FIRST(&map->entries);
	if (!entry) {
		errno = ENOENT;
		return -1;
	}
	memcpy(next, entry->key, map->key_size);
	return 0;
}

/* Where it goes on is a number of entries here. */
int bpf_map_lookup_batch(int fd, void *after, void *at, void *keys, void *values, __u32 *nr,
			 const struct bpf_map_batch_opts *opts)
{
	struct fake_map *map = fake_map(fd);
	struct fake_entry *entry;
	__u32 most = *nr, skip = after ? *(__u32 *)after : 0, seen = 0;

	fake_reads++;
	*nr = 0;
	TAILQ_FOREACH(entry, &map->entries, others)
	{
		if (seen++ < skip)
			continue;
		if (*nr == most) {
			*(__u32 *)at = skip + most;
			return 0;
		}
		memcpy((char *)keys + *nr * map->key_size, entry->key, map->key_size);
		memcpy((char *)values + *nr * map->value_size, entry->value, map->value_size);
		++*nr;
	}
	errno = ENOENT;
	return -1;
}

static size_t fake_count(int fd)
{
	struct fake_entry *entry;
	size_t nr = 0;

	TAILQ_FOREACH(entry, &fake_map(fd)->entries, others)
	nr++;
	return nr;
}

/* No program runs that could be waited for. */
int sn_grace_open(struct sn_grace *grace, struct sn_err *err)
{
	*grace = SN_GRACE_CLOSED;
	return 0;
}

void sn_grace_close(struct sn_grace *grace)
{
}

int sn_grace_wait(const struct sn_grace *grace, struct sn_err *err)
{
	size_t used = strlen(fake_log);

	snprintf(fake_log + used, sizeof(fake_log) - used, "%sgrace", used ? " " : "");
	return 0;
}

/* Empties all maps and the log; what was to fail does no longer. */
static void fake_reset(void)
{
	for (int i = 0; i < FAKE_MAPS; i++) {
		if (!fake_maps[i].entries.tqh_last)
			TAILQ_INIT(&fake_maps[i].entries);
		while (!TAILQ_EMPTY(&fake_maps[i].entries))
			fake_drop(&fake_maps[i], TAILQ_FIRST(&fake_maps[i].entries));
	}
	fake_log[0] = '\0';
	fake_fail_at = fake_changes = fake_reads = 0;
	fake_killed = false;
	fake_error = ENOMEM;
}

static const struct sn_store fake_store = {
	.policies = FAKE_FD,
	.counters = FAKE_FD + 1,
	.addresses = FAKE_FD + 2,
	.ports = FAKE_FD + 3,
	.directories = FAKE_FD + 4,
	.names = FAKE_FD + 5,
	.homes = FAKE_FD + 6,
	.lists = FAKE_FD + 7,
	.cgroups = FAKE_FD + 8,
};

/* The entries of all maps but "homes", where an entry is set to zero. */
static inline size_t fake_left(void)
{
	size_t nr = 0;

	for (int fd = FAKE_FD; fd < FAKE_FD + FAKE_MAPS; fd++)
		nr += fd == fake_store.homes ? 0 : fake_count(fd);
	return nr;
}

#endif
