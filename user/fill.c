// SPDX-License-Identifier: GPL-2.0-only
/* How full the pinned maps are. */
#include <bpf/bpf.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "fill.h"
#include "safenode_abi.h"

#define BATCH 4096 /* entries; it grows where a bucket of the kernel's table has more */

/* What a map of this type returns for all of its entries can only be counted by getting it. */
static int count_batches(int fd, const struct bpf_map_info *info, __u32 room, __u32 *entries)
{
	sn_autofree void *keys = calloc(room, info->key_size), *values = NULL;
	__u32 at, nr, *after = NULL;
	int ret;

	values = calloc(room, info->value_size);
	if (!keys || !values)
		return -ENOMEM;
	*entries = 0;
	do {
		nr = room;
		ret = bpf_map_lookup_batch(fd, after, &at, keys, values, &nr, NULL) ? -errno : 0;
		if (ret && ret != -ENOENT) /* ENOENT: these are the last */
			return ret;
		*entries += nr;
		after = &at;
	} while (!ret);
	return 0;
}

static int count(int fd, const struct bpf_map_info *info, __u32 *entries)
{
	__u32 room = BATCH;
	int ret;

	do
		ret = count_batches(fd, info, room, entries);
	while (ret == -ENOSPC && (room *= 4) <= 4 * info->max_entries);
	return ret;
}

static bool read_one(const char *name, struct sn_fill *fill)
{
	struct bpf_map_info info = {};
	__u32 size = sizeof(info);
	sn_autoclose int fd = -1;
	char path[PATH_MAX];

	if (strlen(name) >= sizeof(fill->name))
		return false;
	snprintf(path, sizeof(path), SN_PIN_DIR "/%s", name);
	fd = bpf_obj_get(path);
	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &size) || info.type != BPF_MAP_TYPE_HASH)
		return false;
	strcpy(fill->name, name);
	fill->capacity = info.max_entries;
	return !count(fd, &info, &fill->entries);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct sn_fill *)a)->name, ((const struct sn_fill *)b)->name);
}

size_t sn_fill_read(struct sn_fill *fill)
{
	DIR *dir = opendir(SN_PIN_DIR);
	struct dirent *entry;
	size_t nr = 0;

	while (dir && nr < SN_FILLS_MAX && (entry = readdir(dir)))
		if (entry->d_name[0] != '.' && read_one(entry->d_name, &fill[nr]))
			nr++;
	if (dir)
		closedir(dir);
	qsort(fill, nr, sizeof(*fill), by_name);
	return nr;
}
