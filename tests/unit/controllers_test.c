// SPDX-License-Identifier: GPL-2.0-only
/* user/controllers.c on files that behave as cgroup.subtree_control does. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cmocka.h>

#include "controllers.h"

static char base[] = "/tmp/limits.XXXXXX"; /* where the hierarchy is "mounted" */
static char tenant[64];			   /* BASE/safenode/t1 */

static struct {
	const char *file; /* below the base; a write to it that... */
	const char *text; /* ...is this one fails... */
	int error;	  /* ...with this */
} fault;

static void read_file(const char *path, char *text, size_t size)
{
	FILE *f = fopen(path, "re");

	text[0] = '\0';
	assert_non_null(f);
	if (!fgets(text, (int)size, f))
		text[0] = '\0';
	fclose(f);
	text[strcspn(text, "\n")] = '\0';
}

/* "+x" adds x to the words of the file, and "-x" takes it away. */
static size_t apply(const char *path, const char *order, char *out, size_t size)
{
	char text[256], *rest = text, *word;
	size_t len = 0;

	read_file(path, text, sizeof(text));
	while ((word = strsep(&rest, " ")))
		if (*word && strcmp(word, order + 1))
			len += snprintf(out + len, size - len, "%s ", word);
	if (*order == '+')
		len += snprintf(out + len, size - len, "%s", order + 1);
	return len;
}

/* In place of the C library's. */
ssize_t write(int fd, const void *data, size_t size)
{
	char link[32], path[PATH_MAX], order[256], text[512];
	ssize_t len;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, path, sizeof(path) - 1);
	path[len < 0 ? 0 : len] = '\0';
	if (strncmp(path, base, strlen(base)) || size >= sizeof(order))
		return syscall(SYS_write, fd, data, size);
	memcpy(order, data, size);
	order[size] = '\0';
	if (fault.file && !strcmp(path + strlen(base) + 1, fault.file) &&
	    !strcmp(order, fault.text)) {
		errno = fault.error;
		return -1;
	}
	if (!strstr(path, "/cgroup.subtree_control"))
		return syscall(SYS_write, fd, data, size);
	len = (ssize_t)apply(path, order, text, sizeof(text));
	if (ftruncate(fd, 0) || syscall(SYS_write, fd, text, len) != len)
		return -1;
	return (ssize_t)size;
}

/* The one attribute, wherever /tmp is */
static char attribute[4096];
static ssize_t attribute_size;

int setxattr(const char *path, const char *name, const void *value, size_t size, int flags)
{
	assert_string_equal(path, tenant);
	memcpy(attribute, value, size);
	attribute_size = (ssize_t)size;
	return 0;
}

ssize_t getxattr(const char *path, const char *name, void *value, size_t size)
{
	errno = attribute_size ? ERANGE : ENODATA;
	if (!attribute_size || attribute_size > (ssize_t)size)
		return -1;
	memcpy(value, attribute, attribute_size);
	return attribute_size;
}

static void put(const char *name, const char *text)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", base, name);
	f = fopen(path, "we");
	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

static void holds(const char *name, const char *expected)
{
	char path[256], text[256];

	snprintf(path, sizeof(path), "%s/%s", base, name);
	read_file(path, text, sizeof(text));
	while (*text && text[strlen(text) - 1] == ' ')
		text[strlen(text) - 1] = '\0';
	assert_string_equal(text, expected);
}

/* Limits of huge pages for the sizes that this machine has. */
static void make_huge_page_limits(void)
{
	char command[512];

	snprintf(command, sizeof(command),
		 "n=0; for d in /sys/kernel/mm/hugepages/*; do [ -d \"$d\" ] || continue; "
		 "n=$((n + 1)); : >%s/hugetlb.$n.max; : >%s/hugetlb.$n.rsvd.max; done",
		 tenant, tenant);
	assert_int_equal(system(command), 0);
}

static int setup(void **state)
{
	char path[64];

	memset(&fault, 0, sizeof(fault));
	attribute_size = 0;
	strcpy(base, "/tmp/limits.XXXXXX");
	if (!mkdtemp(base))
		return -1;
	snprintf(path, sizeof(path), "%s/safenode", base);
	snprintf(tenant, sizeof(tenant), "%s/safenode/t1", base);
	if (mkdir(path, 0755) || mkdir(tenant, 0755))
		return -1;
	put("cgroup.subtree_control", "io pids\n");
	put("safenode/cgroup.subtree_control", "");
	put("safenode/t1/memory.max", "");
	put("safenode/t1/memory.swap.max", "");
	put("safenode/t1/cpu.max", "");
	put("safenode/t1/pids.max", "");
	make_huge_page_limits();
	return 0;
}

static int teardown(void **state)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -rf '%s'", base);
	return system(command);
}

static int limit(struct sn_limits limits, struct sn_controllers *enabled, struct sn_err *err)
{
	return sn_limits_set(base, base, tenant, &limits, enabled, err);
}

static void nothing_is_changed_without_a_limit(void **state)
{
	struct sn_controllers enabled;

	assert_int_equal(limit((struct sn_limits){}, &enabled, NULL), 0);
	holds("cgroup.subtree_control", "io pids");
	holds("safenode/cgroup.subtree_control", "");
	sn_controllers_undo(tenant, &enabled);
	holds("cgroup.subtree_control", "io pids");
}

static void controllers_are_switched_on_from_the_mount_to_the_parent(void **state)
{
	struct sn_controllers enabled;

	assert_int_equal(limit((struct sn_limits){ .cpu_max = "50000 100000", .pids_max = "20" },
			       &enabled, NULL),
			 0);
	holds("cgroup.subtree_control", "io pids cpu");
	holds("safenode/cgroup.subtree_control", "cpu pids");
	holds("safenode/t1/cpu.max", "50000 100000");
	holds("safenode/t1/pids.max", "20");
}

static void what_was_switched_on_is_switched_off_and_nothing_else(void **state)
{
	struct sn_controllers enabled;

	assert_int_equal(
		limit((struct sn_limits){ .cpu_max = "max", .pids_max = "20" }, &enabled, NULL), 0);
	sn_controllers_undo(tenant, &enabled);
	holds("cgroup.subtree_control", "io pids");
	holds("safenode/cgroup.subtree_control", "");
	/* another tenant has them on already */
	put("cgroup.subtree_control", "io pids cpu\n");
	put("safenode/cgroup.subtree_control", "cpu pids\n");
	assert_int_equal(
		limit((struct sn_limits){ .cpu_max = "max", .pids_max = "20" }, &enabled, NULL), 0);
	sn_controllers_undo(tenant, &enabled);
	holds("cgroup.subtree_control", "io pids cpu");
	holds("safenode/cgroup.subtree_control", "cpu pids");
}

static void memory_has_neither_swap_nor_huge_pages(void **state)
{
	struct sn_controllers enabled;

	assert_int_equal(limit((struct sn_limits){ .memory_max = "1000" }, &enabled, NULL), 0);
	holds("safenode/t1/memory.max", "1000");
	holds("safenode/t1/memory.swap.max", "0");
}

static void expect_drift(const char *file, const char *set, const char *now)
{
	struct sn_drift drift[4] = {};

	assert_int_equal(sn_limits_drift(tenant, drift, 4), 1);
	assert_string_equal(drift[0].file, file);
	assert_string_equal(drift[0].set, set);
	assert_string_equal(drift[0].now, now);
}

static void what_differs_from_what_was_set_is_told(void **state)
{
	struct sn_controllers enabled;
	struct sn_drift drift;
	char path[80];

	assert_int_equal(
		limit((struct sn_limits){ .memory_max = "1000", .pids_max = "20" }, &enabled, NULL),
		0);
	assert_int_equal(sn_limits_drift(tenant, &drift, 1), 0);
	put("safenode/t1/pids.max", "30\n");
	expect_drift("pids.max", "20", "30");
	put("safenode/t1/cpu.max", "30\n"); /* which was not set */
	expect_drift("pids.max", "20", "30");
	/* who changes them has them remembered */
	sn_limits_remember(tenant);
	assert_int_equal(sn_limits_drift(tenant, &drift, 1), 0);
	put("safenode/t1/cpu.max", "max 100000\n");
	expect_drift("cpu.max", "30", "max 100000");
	sn_limits_remember(tenant);
	put("safenode/t1/cpu.max", "30\n");
	assert_int_equal(sn_limits_drift(tenant, &drift, 1), 0);
	put("safenode/t1/pids.max", "20\n");
	sn_limits_remember(tenant);
	put("safenode/t1/pids.max", "20\n");
	put("safenode/t1/memory.swap.max", "max\n");
	expect_drift("memory.swap.max", "0", "max");
	put("safenode/t1/memory.swap.max", "0\n");
	/* as systemd does, when it disables the controller */
	snprintf(path, sizeof(path), "%s/pids.max", tenant);
	assert_int_equal(unlink(path), 0);
	expect_drift("pids.max", "20", "");
	put("safenode/t1/memory.max", "max\n");
	assert_int_equal(sn_limits_drift(tenant, &drift, 1), 2);
}

/* Root outside may have written it. */
static void what_was_remembered_is_not_trusted(void **state)
{
	static const char *const texts[] = {
		"",
		"\n",
		"pids.max\n",
		"../t1/pids.max 7\n",
		"a\nb",
		" ",
		"a-name-that-is-longer-than-that-of-any-file-in-a-cgroup 1\n",
	};
	struct sn_drift drift;

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		attribute_size = (ssize_t)strlen(texts[i]);
		memcpy(attribute, texts[i], attribute_size);
		assert_int_equal(sn_limits_drift(tenant, &drift, 1), 0);
	}
	memset(attribute, 'x', sizeof(attribute));
	attribute_size = sizeof(attribute);
	assert_int_equal(sn_limits_drift(tenant, &drift, 1), 0);
}

/* Nothing stays switched on, and the error says @text. */
static void fails(struct sn_limits limits, int error, const char *text)
{
	struct sn_controllers enabled;
	struct sn_err err = {};

	assert_int_equal(limit(limits, &enabled, &err), -error);
	if (!strstr(err.text, text))
		fail_msg("'%s' is not in '%s'", text, err.text);
	holds("cgroup.subtree_control", "io pids");
	holds("safenode/cgroup.subtree_control", "");
}

static void a_controller_that_cannot_be_had_leaves_none_switched_on(void **state)
{
	static const struct {
		const char *file;
		int error, expected;
		const char *text;
	} cases[] = {
		{ "safenode/cgroup.subtree_control", EBUSY, EBUSY,
		  "/safenode itself; move them into a cgroup below it" },
		{ "cgroup.subtree_control", ENOENT, ENOENT, "cgroup v1, or not passed on" },
		{ "cgroup.subtree_control", EINVAL, ENOSYS, "no cgroup v2 controller 'cpu'" },
		{ "safenode/cgroup.subtree_control", EOPNOTSUPP, EOPNOTSUPP, "is threaded" },
		{ "safenode/cgroup.subtree_control", ENOMEM, ENOMEM, "Cannot allocate memory" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		fault.file = cases[i].file;
		fault.text = "+cpu";
		fault.error = cases[i].error;
		fails((struct sn_limits){ .memory_max = "max", .cpu_max = "max" },
		      cases[i].expected, cases[i].text);
	}
}

static void a_limit_that_cannot_be_written_leaves_none_switched_on(void **state)
{
	fault.file = "safenode/t1/pids.max";
	fault.text = "-1";
	fault.error = EINVAL;
	fails((struct sn_limits){ .memory_max = "max", .cpu_max = "max", .pids_max = "-1" }, EINVAL,
	      "cannot write '-1' to ");
}

static void a_child_that_nobody_can_join_is_told_as_processes_of_its_parent(void **state)
{
	struct sn_controllers enabled;
	struct sn_err err = {};

	put("safenode/t1/cgroup.type", "domain invalid\n");
	fails((struct sn_limits){ .pids_max = "20" }, EBUSY, "/safenode itself; move them");
	put("safenode/t1/cgroup.type", "domain\n");
	assert_int_equal(limit((struct sn_limits){ .pids_max = "20" }, &enabled, &err), 0);
}

static void busy_is_not_explained_as_cgroup_v1(void **state)
{
	if (access("/sys/kernel/mm/hugepages", F_OK))
		skip();
	fault.file = "safenode/cgroup.subtree_control";
	fault.text = "+hugetlb";
	fault.error = EBUSY;
	fails((struct sn_limits){ .memory_max = "1000" }, EBUSY,
	      "huge pages would escape --memory-max: cannot enable the cgroup v2 controller "
	      "'hugetlb': processes are in ");
	fault.error = ENOENT;
	fails((struct sn_limits){ .memory_max = "1000" }, ENOENT, "not passed on");
}

static void change(struct sn_limits limits)
{
	struct sn_controllers enabled = {};
	struct sn_err err = {};

	if (sn_limits_change(base, base, tenant, &limits, &enabled, &err))
		fail_msg("%s", err.text);
}

static void without_a_limit_of_memory_nothing_is_forbidden(void **state)
{
	put("safenode/t1/memory.max", "1000\n");
	put("safenode/t1/memory.swap.max", "0\n");
	put("safenode/t1/hugetlb.2MB.max", "0\n");
	put("safenode/t1/hugetlb.2MB.rsvd.max", "0\n");
	change((struct sn_limits){ .memory_max = "max", .pids_max = "9" });
	holds("safenode/t1/memory.max", "max0");
	holds("safenode/t1/memory.swap.max", "max");
	holds("safenode/t1/hugetlb.2MB.max", "max");
	holds("safenode/t1/hugetlb.2MB.rsvd.max", "max");
	holds("safenode/t1/pids.max", "9");
	holds("cgroup.subtree_control", "io pids");
}

static void a_limit_that_does_not_exist_need_not_be_lifted(void **state)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -f %s/memory.*", tenant);
	assert_int_equal(system(command), 0);
	change((struct sn_limits){ .memory_max = "max" });
	snprintf(command, sizeof(command), "%s/memory.max", tenant);
	assert_int_equal(access(command, F_OK), -1);
}

/* Files here keep the end of what was longer, which a cgroup's do not. */
static void what_was_saved_is_restored(void **state)
{
	struct sn_saved saved;
	struct sn_err err = {};
	char command[192];

	snprintf(command, sizeof(command), "rm -f %s/hugetlb.* %s/memory.swap.max", tenant, tenant);
	assert_int_equal(system(command), 0);
	put("safenode/t1/memory.max", "1000\n");
	put("safenode/t1/cpu.max", "max 100000\n");
	put("safenode/t1/pids.max", "10\n");
	put("safenode/t1/memory.high", "77\n");
	if (sn_limits_save(tenant, &saved, &err))
		fail_msg("%s", err.text);
	put("safenode/t1/memory.max", "2000\n");
	put("safenode/t1/pids.max", "20\n");
	put("safenode/t1/memory.high", "88\n");
	fault.file = "safenode/t1/cpu.max"; /* it is as it was: not written */
	fault.text = "max 100000";
	fault.error = EIO;
	assert_int_equal(sn_limits_restore(tenant, &saved), 0);
	holds("safenode/t1/memory.max", "1000");
	holds("safenode/t1/pids.max", "10");
	holds("safenode/t1/memory.high", "88");
	put("safenode/t1/cpu.max", "1 2\n");
	put("safenode/t1/pids.max", "30\n");
	assert_int_equal(sn_limits_restore(tenant, &saved), -EIO);
	holds("safenode/t1/pids.max", "10");
	sn_saved_free(&saved);
	assert_int_equal(sn_limits_save("/nowhere", &saved, &err), -ENOENT);
	assert_int_equal(saved.nr, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(nothing_is_changed_without_a_limit),
		TEST(controllers_are_switched_on_from_the_mount_to_the_parent),
		TEST(what_was_switched_on_is_switched_off_and_nothing_else),
		TEST(memory_has_neither_swap_nor_huge_pages),
		TEST(what_differs_from_what_was_set_is_told),
		TEST(what_was_remembered_is_not_trusted),
		TEST(a_controller_that_cannot_be_had_leaves_none_switched_on),
		TEST(a_limit_that_cannot_be_written_leaves_none_switched_on),
		TEST(a_child_that_nobody_can_join_is_told_as_processes_of_its_parent),
		TEST(busy_is_not_explained_as_cgroup_v1),
		TEST(without_a_limit_of_memory_nothing_is_forbidden),
		TEST(a_limit_that_does_not_exist_need_not_be_lifted),
		TEST(what_was_saved_is_restored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
