// SPDX-License-Identifier: GPL-2.0-only
/* user/mountinfo.c: lines as kernels write them, and what no kernel writes. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <cmocka.h>

#include "mountinfo.h"

static bool parse(const char *text, struct sn_mount *mount)
{
	static char line[512];

	snprintf(line, sizeof(line), "%s", text);
	return sn_mount_parse(line, mount);
}

static void expect(const char *text, __u32 dev, const char *root, const char *point,
		   const char *type)
{
	struct sn_mount mount = {};

	assert_true(parse(text, &mount));
	assert_int_equal(mount.id, atoi(text));
	assert_int_equal(mount.dev, dev);
	assert_string_equal(mount.root, root);
	assert_string_equal(mount.point, point);
	assert_string_equal(mount.type, type);
}

static void lines_of_every_kind_are_read(void **state)
{
	expect("22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw\n", 254 << 20, "/", "/",
	       "ext4");
	expect("35 22 0:31 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw,nsdelegate\n", 31, "/",
	       "/sys/fs/cgroup", "cgroup2"); /* no optional field */
	expect("35 22 0:31 /.. /cg rw shared:2 master:3 propagate_from:4 unbindable - cgroup2 c rw",
	       31, "/..", "/cg", "cgroup2"); /* several */
	expect("40 22 0:4 net:[4026531840] /run/netns/a rw - nsfs nsfs rw", 4, "net:[4026531840]",
	       "/run/netns/a", "nsfs");
	expect("40 22 259:1048575 / /m rw - fuse.sshfs host:/a\\040b rw", 259 << 20 | 1048575, "/",
	       "/m", "fuse.sshfs");
	expect("40 22 0:9 / /m rw - tmpfs\n", 9, "/", "/m", "tmpfs");
}

static int note_layer(const char *path, void *data)
{
	strcat(strcat(data, "<"), path);
	return !strcmp(path, "stop");
}

/* The layers in the options of that line, each behind a '<'. */
static const char *layers_of(const char *text)
{
	static char found[256];
	struct sn_mount mount = {};

	found[0] = '\0';
	assert_true(parse(text, &mount));
	sn_mount_layers(mount.options, note_layer, found);
	return found;
}

#define OVERLAY "40 22 0:50 / /m rw shared:3 - overlay overlay "

static void the_layers_of_an_overlay_are_read(void **state)
{
	assert_string_equal(layers_of(OVERLAY "rw,lowerdir=/a:/b/c,upperdir=/u,workdir=/w\n"),
			    "</a</b/c</u");
	assert_string_equal(layers_of(OVERLAY "ro,lowerdir=1/fs:2/fs"), "<1/fs<2/fs");
	assert_string_equal(layers_of(OVERLAY "rw,lowerdir+=/a,lowerdir+=/b,datadir+=/d,xino=off"),
			    "</a</b</d");
	assert_string_equal(layers_of(OVERLAY "rw,lowerdir=/a::/d"), "</a</d");
	/* a space, a comma and a colon in a path */
	assert_string_equal(layers_of(OVERLAY "rw,lowerdir=/a\\040b\\054c\\134:d:/e"),
			    "</a b,c:d</e");
	assert_string_equal(layers_of(OVERLAY "rw,lowerdir=stop:/b,upperdir=/u"), "<stop");
	assert_string_equal(layers_of(OVERLAY "rw,upperdirs=/u,lowerdir"), "");
	assert_string_equal(layers_of("40 22 0:9 / /m rw - tmpfs\n"), "");
	assert_string_equal(layers_of("40 22 0:9 / /m rw - tmpfs none"), "");
}

static void names_are_decoded(void **state)
{
	expect("1 1 0:9 /a\\040-\\040b /c\\011d\\012e\\134f\\043g rw - tmpfs n rw", 9, "/a - b",
	       "/c\td\ne\\f#g", "tmpfs");
	expect("1 1 0:9 / /\\1 rw - tmpfs n rw", 9, "/", "/\\1", "tmpfs"); /* none are decoded */
	expect("1 1 0:9 / /\\400 rw - tmpfs n rw", 9, "/", "/\\400", "tmpfs");
	expect("1 1 0:9 / /\\ rw - tmpfs n rw", 9, "/", "/\\", "tmpfs");
}

static void what_is_no_mount_is_none(void **state)
{
	static const char *const lines[] = {
		"",
		"\n",
		" - ",
		" - ext4",
		"22 1 254:0 / / rw,relatime shared:1 ext4 /dev/vda rw",
		"22 1 254:0 / - ext4 /dev/vda rw",
		"22 1 254:0 / / rw - ",
		"22 1 254:0 / relative rw - ext4 /dev/vda rw",
		"22 1 254:0 /  rw - ext4 /dev/vda rw",
		"22 1 254 / / rw - ext4 /dev/vda rw",
		"22 1 254: / / rw - ext4 /dev/vda rw",
		"22 1 :0 / / rw - ext4 /dev/vda rw x",
		"22 1 254:0x1 / / rw - ext4 /dev/vda rw",
		"22 1 -1:0 / / rw - ext4 /dev/vda rw",
		"22 1 4096:0 / / rw - ext4 /dev/vda rw",
		"22 1 0:1048576 / / rw - ext4 /dev/vda rw",
		"22 1 18446744073709551616:0 / / rw - ext4 /dev/vda rw",
		"22 1 0:18446744073709551617 / / rw - ext4 /dev/vda rw",
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct sn_mount mount;

		if (parse(lines[i], &mount))
			fail_msg("'%s' was read", lines[i]);
	}
}

static void what_cannot_be_parsed_is_skipped(void **state)
{
	char text[] = "nonsense\n1 1 0:9 / /a rw - tmpfs n rw\n\n1 1 0:9 / /b rw - tmpfs n rw";
	sn_automounts struct sn_mounts mounts = { .file = fmemopen(text, sizeof(text) - 1, "r") };
	struct sn_mount mount;

	assert_non_null(mounts.file);
	assert_true(sn_mounts_next(&mounts, &mount));
	assert_string_equal(mount.point, "/a");
	assert_true(sn_mounts_next(&mounts, &mount));
	assert_string_equal(mount.point, "/b");
	assert_false(sn_mounts_next(&mounts, &mount));
	sn_mounts_close(&mounts);
	assert_false(sn_mounts_next(&mounts, &mount));
}

static __u32 dev_of(const struct stat *st)
{
	return major(st->st_dev) << 20 | minor(st->st_dev);
}

static void a_mount_point_is_found_by_device(void **state)
{
	char path[256], tiny[4];
	struct stat st;

	assert_return_code(stat("/proc", &st), errno);
	assert_int_equal(sn_mount_point(dev_of(&st), path, sizeof(path)), 0);
	assert_string_equal(path, "/proc");
	assert_int_equal(sn_mount_point(dev_of(&st), tiny, sizeof(tiny)), -ENOENT);
	assert_int_equal(sn_mount_point(0xfffffffe, path, sizeof(path)), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_of_every_kind_are_read),
		cmocka_unit_test(the_layers_of_an_overlay_are_read),
		cmocka_unit_test(names_are_decoded),
		cmocka_unit_test(what_is_no_mount_is_none),
		cmocka_unit_test(what_cannot_be_parsed_is_skipped),
		cmocka_unit_test(a_mount_point_is_found_by_device),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
