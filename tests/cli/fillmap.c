// SPDX-License-Identifier: GPL-2.0-only
/*
 * fillmap NAME fills a pinned map with entries of tenants that do not exist, until the kernel says
 * that it is full; fillmap --empty NAME takes them out. Prints how many.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "safenode_abi.h"

#define BATCH	 4096
#define STRANGER (0x5afeULL << 40) /* no cgroup's id in a young machine, no baseline's number */

struct map {
	int fd;
	__u32 key_size;
	char *keys;   /* BATCH of them */
	char *values; /* all zero */
};

static void __attribute__((noreturn)) die(const char *what)
{
	fprintf(stderr, "fillmap: %s: %s\n", what, strerror(errno));
	exit(1);
}

static struct map open_map(const char *name)
{
	struct bpf_map_info info = {};
	__u32 size = sizeof(info);
	struct map map;
	char path[256];

	snprintf(path, sizeof(path), SN_PIN_DIR "/%s", name);
	map.fd = bpf_obj_get(path);
	if (map.fd < 0 || bpf_obj_get_info_by_fd(map.fd, &info, &size))
		die(path);
	map.key_size = info.key_size;
	map.keys = calloc(BATCH, info.key_size);
	map.values = calloc(BATCH, info.value_size);
	if (!map.keys || !map.values)
		die("memory");
	return map;
}

/* Every key of every map begins with a tenant's number. */
static void set_keys(struct map *map, __u64 first, __u32 nr)
{
	for (__u32 i = 0; i < nr; i++) {
		__u64 stranger = STRANGER + first + i;

		memcpy(map->keys + (size_t)i * map->key_size, &stranger, sizeof(stranger));
	}
}

static __u64 fill(struct map *map)
{
	__u64 total = 0;
	__u32 nr;

	do {
		nr = BATCH;
		set_keys(map, total, nr);
		if (bpf_map_update_batch(map->fd, map->keys, map->values, &nr, NULL) &&
		    errno != E2BIG)
			die("fill");
		total += nr;
	} while (nr == BATCH);
	return total;
}

static __u64 empty(struct map *map)
{
	__u64 total = 0;
	__u32 nr;

	do {
		nr = BATCH;
		set_keys(map, total, nr);
		if (bpf_map_delete_batch(map->fd, map->keys, &nr, NULL) && errno != ENOENT)
			die("empty");
		total += nr;
	} while (nr == BATCH);
	return total;
}

int main(int argc, char **argv)
{
	int emptying = argc > 1 && !strcmp(argv[1], "--empty");
	struct map map;

	if (argc != 2 + emptying)
		return 2;
	map = open_map(argv[1 + emptying]);
	printf("%llu\n", (unsigned long long)(emptying ? empty(&map) : fill(&map)));
	return 0;
}
