// SPDX-License-Identifier: GPL-2.0-only
/* user/fill.c over pins of its own: batches, buckets that need larger ones, and other types. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <bpf/bpf.h>
#include <cmocka.h>

#include "fill.h"
#include "safenode_abi.h"
#include "scratch.h"

static struct {
	__u32 entries, bucket; /* as many at once, or ENOSPC */
	__u32 given;
	int broken; /* the errno of each batch */
	char opened[32];
} world;

DIR *opendir(const char *path)
{
	assert_string_equal(path, SN_PIN_DIR);
	return fdopendir(open(base, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

int bpf_obj_get(const char *path)
{
	snprintf(world.opened, sizeof(world.opened), "%s", strrchr(path, '/') + 1);
	return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

int bpf_obj_get_info_by_fd(int fd, void *info, __u32 *size)
{
	*(struct bpf_map_info *)info = (struct bpf_map_info){
		.type = !strcmp(world.opened, "homes") ? BPF_MAP_TYPE_ARRAY : BPF_MAP_TYPE_HASH,
		.max_entries = 262144,
		.key_size = 8,
		.value_size = 16,
	};
	world.given = 0;
	return 0;
}

int bpf_map_lookup_batch(int fd, void *after, void *at, void *keys, void *values, __u32 *nr,
			 const struct bpf_map_batch_opts *opts)
{
	__u32 left;

	if (!after)
		world.given = 0;
	left = world.entries - world.given;
	errno = world.broken ?: *nr < world.bucket ? ENOSPC : 0;
	if (errno)
		return -1;
	if (left <= *nr)
		errno = ENOENT;
	*nr = left < *nr ? left : *nr;
	memset(keys, 1, 8 * (size_t)*nr);
	memset(values, 1, 16 * (size_t)*nr);
	world.given += *nr;
	return errno ? -1 : 0;
}

static int begin(void **state)
{
	memset(&world, 0, sizeof(world));
	return scratch_begin(state);
}

static void pin(const char *name)
{
	close(open(at(name), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
}

static void entries_are_counted_batch_by_batch(void **state)
{
	struct sn_fill fill[SN_FILLS_MAX];

	pin("ports");
	pin("homes");
	pin("directories");
	world.entries = 10000;
	assert_int_equal(sn_fill_read(fill), 2);
	assert_string_equal(fill[0].name, "directories");
	assert_string_equal(fill[1].name, "ports");
	assert_int_equal(fill[1].entries, 10000);
	assert_int_equal(fill[1].capacity, 262144);
	world.entries = 0;
	assert_int_equal(sn_fill_read(fill), 2);
	assert_int_equal(fill[1].entries, 0);
}

/* The kernel gives out whole buckets: __htab_map_lookup_and_delete_batch() */
static void a_full_bucket_needs_more_room(void **state)
{
	struct sn_fill fill[SN_FILLS_MAX];

	pin("ports");
	world.entries = 20000;
	world.bucket = 9000;
	assert_int_equal(sn_fill_read(fill), 1);
	assert_int_equal(fill[0].entries, 20000);
}

static void a_map_that_cannot_be_read_is_left_out(void **state)
{
	struct sn_fill fill[SN_FILLS_MAX];

	pin("ports");
	world.broken = ENOMEM;
	assert_int_equal(sn_fill_read(fill), 0);
	world.broken = ENOSPC;
	assert_int_equal(sn_fill_read(fill), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(entries_are_counted_batch_by_batch, begin,
						scratch_end),
		cmocka_unit_test_setup_teardown(a_full_bucket_needs_more_room, begin, scratch_end),
		cmocka_unit_test_setup_teardown(a_map_that_cannot_be_read_is_left_out, begin,
						scratch_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
