// SPDX-License-Identifier: GPL-2.0-only
/* user/pins.c: a pinned "state" that is not trusted, and what removing removes. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <cmocka.h>

#include "pins.h"
#include "scratch.h"

static struct {
	int error; /* of bpf_obj_get() */
	__u32 size;
	struct sn_state state;
	__u32 events, new_events; /* the ids of these maps; 0: it is not pinned */
	__u32 id;		  /* of the map that was opened last */
	struct bpf_link_info link;
} pinned;

static int open_map(__u32 id)
{
	pinned.id = id;
	errno = ENOENT;
	return id ? open("/dev/null", O_RDONLY | O_CLOEXEC) : -1;
}

int bpf_obj_get(const char *path)
{
	if (!strncmp(path, SN_LINKS_DIR "/", strlen(SN_LINKS_DIR "/"))) {
		errno = ENOENT;
		return pinned.link.type ? open("/dev/null", O_RDONLY | O_CLOEXEC) : -1;
	}
	if (!strcmp(path, SN_PIN_DIR "/events"))
		return open_map(pinned.events);
	if (!strcmp(path, SN_NEW_DIR "/events"))
		return open_map(pinned.new_events);
	assert_string_equal(path, SN_PIN_DIR "/state");
	errno = pinned.error;
	return pinned.error ? -1 : open("/dev/null", O_RDONLY | O_CLOEXEC);
}

int bpf_obj_get_info_by_fd(int fd, void *info, __u32 *size)
{
	if (pinned.link.type) {
		memcpy(info, &pinned.link, sizeof(pinned.link));
		return 0;
	}
	((struct bpf_map_info *)info)->value_size = pinned.size;
	((struct bpf_map_info *)info)->id = pinned.id;
	return 0;
}

int bpf_map_lookup_elem(int fd, const void *key, void *value)
{
	memcpy(value, &pinned.state, sizeof(pinned.state));
	return 0;
}

static int reset(void **state)
{
	memset(&pinned, 0, sizeof(pinned));
	pinned.size = sizeof(pinned.state);
	pinned.state.abi_version = SN_ABI_VERSION;
	strcpy(pinned.state.parent, "/safenode");
	return 0;
}

static void expect_link(int ret, const char *text)
{
	struct sn_err err = {};

	assert_int_equal(sn_pins_check_link("sn_egress", 7, &err), ret);
	assert_int_equal(strncmp(err.text, text, strlen(text)), 0);
}

/* The kernel keeps the link, and forgets the cgroup: cgroup_bpf_detach of kernel/bpf/cgroup.c */
static void a_link_can_be_pinned_and_detached(void **state)
{
	pinned.link.type = BPF_LINK_TYPE_CGROUP;
	pinned.link.cgroup.cgroup_id = 7;
	expect_link(0, "");
	pinned.link.cgroup.cgroup_id = 0;
	expect_link(-EPROTO, SN_LINKS_DIR "/sn_egress is detached; run safenode-load");
	/* to the parent that was removed, and made again */
	pinned.link.cgroup.cgroup_id = 6;
	expect_link(-EPROTO, SN_LINKS_DIR "/sn_egress is detached");
	pinned.link = (struct bpf_link_info){ .type = BPF_LINK_TYPE_TRACING };
	pinned.link.tracing.attach_type = BPF_LSM_MAC;
	expect_link(0, "");
	pinned.link.tracing.attach_type = BPF_TRACE_ITER;
	expect_link(-EPROTO, SN_LINKS_DIR "/sn_egress is detached");
	pinned.link.type = 0;
	expect_link(-EPROTO,
		    "cannot open " SN_LINKS_DIR "/sn_egress: No such file or directory; run");
}

static void the_state_is_read(void **state)
{
	struct sn_err err = {};
	struct sn_state found;

	assert_int_equal(sn_pins_state(&found, &err), 0);
	assert_string_equal(found.parent, "/safenode");
}

static void a_damaged_parent_ends(void **state)
{
	struct sn_err err = {};
	struct sn_state found;

	memset(pinned.state.parent, 'x', sizeof(pinned.state.parent));
	pinned.state.abi_oldest = 0x78787878;
	assert_int_equal(sn_pins_state(&found, &err), 0);
	assert_int_equal(strnlen(found.parent, sizeof(found.parent)), sizeof(found.parent) - 1);
}

static void another_version_is_refused(void **state)
{
	struct sn_err err = {};
	struct sn_state found;

	pinned.state.abi_version++;
	assert_int_equal(sn_pins_state(&found, &err), -EPROTO);
	reset(NULL);
	pinned.size++;
	assert_int_equal(sn_pins_state(&found, &err), -EPROTO);
	assert_non_null(strstr(err.text, "safenode-load"));
}

static void what_cannot_be_opened_is_not_taken_for_missing(void **state)
{
	struct sn_err err = {};
	struct sn_state found;

	pinned.error = ENOENT;
	assert_int_equal(sn_pins_state(&found, &err), -ENOENT);
	assert_non_null(strstr(err.text, "is not loaded"));
	pinned.error = EMFILE;
	assert_int_equal(sn_pins_state(&found, &err), -EMFILE);
	assert_null(strstr(err.text, "is not loaded"));
}

/* ---- removing ---- */

static void make_files(const char *const names[])
{
	for (; *names; names++)
		assert_return_code(close(creat(at(*names), 0600)), errno);
}

static bool have_map(__u32 id, __u32 events, __u32 new_events)
{
	pinned.events = events;
	pinned.new_events = new_events;
	pinned.id = id;
	return sn_pins_have("events", 0);
}

/* While another version is loaded, the old maps change places with the new ones before they go */
static void a_map_is_there_as_long_as_it_is_pinned_in_one_of_two_places(void **state)
{
	assert_true(have_map(5, 5, 0));
	assert_true(have_map(5, 6, 5));
	assert_false(have_map(5, 6, 7));
	assert_false(have_map(5, 0, 0));
	assert_false(have_map(0, 0, 0));
}

static void what_is_below_goes(void **state)
{
	assert_return_code(mkdir(at("pins"), 0700), errno);
	assert_return_code(mkdir(at("pins/links"), 0700), errno);
	make_files((const char *const[]){ "pins/a", "pins/links/b", "beside", NULL });
	assert_return_code(symlink(base, at("pins/link")), errno);
	assert_int_equal(sn_pins_remove(at("pins")), 0);
	assert_int_equal(access(at("pins"), F_OK), -1);
	assert_return_code(access(at("beside"), F_OK), errno);
	assert_int_equal(sn_pins_remove(at("pins")), 0);
}

static void a_symbolic_link_in_its_place_leads_nowhere(void **state)
{
	char others[64];

	assert_return_code(mkdir(at("others"), 0700), errno);
	strcpy(others, at("others"));
	make_files((const char *const[]){ "others/file", NULL });
	assert_return_code(symlink(others, at("pins")), errno);
	assert_int_equal(sn_pins_remove(at("pins")), -ENOTDIR);
	assert_return_code(access(at("others/file"), F_OK), errno);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_state_is_read, reset),
		cmocka_unit_test_setup(a_link_can_be_pinned_and_detached, reset),
		cmocka_unit_test_setup(a_damaged_parent_ends, reset),
		cmocka_unit_test_setup(another_version_is_refused, reset),
		cmocka_unit_test_setup(what_cannot_be_opened_is_not_taken_for_missing, reset),
		cmocka_unit_test_setup(a_map_is_there_as_long_as_it_is_pinned_in_one_of_two_places,
				       reset),
		cmocka_unit_test_setup_teardown(what_is_below_goes, scratch_begin, scratch_end),
		cmocka_unit_test_setup_teardown(a_symbolic_link_in_its_place_leads_nowhere,
						scratch_begin, scratch_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
