// SPDX-License-Identifier: GPL-2.0-only
/*
 * user/object.c, its load, in a world of variables: wherever it fails, what it leaves is what was
 * there before, and a load that has come into force keeps what it needs.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <cmocka.h>

#include "cgroup.h"
#include "elsewhere.h"
#include "kernel.h"
#include "lsmhooks.h"
#include "mark.h"
#include "object.h"
#include "peers.h"
#include "pins.h"
#include "safenode.skel.h"
#include "trial.h"
#include "upgrade.h"

#define PARENT "/sys/fs/cgroup/safenode"

enum whose { NOBODYS, OLD, NEW, KILLED };

/* Steps of a load that can fail. */
enum step { NOTHING, BUILD, HOOK, LOCK, MARK, ATTACH, TRIAL, STATE, RENAME, REMOVE_OLD };

static struct {
	enum step fails;
	bool other_version;
	bool no_bpf_lsm;	     /* is built in */
	bool parent;		     /* there is the cgroup */
	enum whose pins, new;	     /* whose directories these are */
	enum whose links, new_links; /* below the pins */
	enum whose state;
	bool marks[KILLED]; /* on the cgroup of the tenant that is elsewhere: whose */
	int locks;	    /* on the maps */
} world;

static int in_step(enum step step)
{
	errno = ENOMEM;
	return world.fails == step ? -1 : 0;
}

/* ---- directories ---- */

static enum whose *directory(const char *path)
{
	static const struct {
		const char *path;
		enum whose *whose;
	} all[] = {
		{ SN_PIN_DIR, &world.pins },
		{ SN_NEW_DIR, &world.new },
		{ SN_LINKS_DIR, &world.links },
		{ SN_NEW_LINKS_DIR, &world.new_links },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		if (!strcmp(path, all[i].path))
			return all[i].whose;
	fail_msg("%s", path);
	return NULL;
}

int access(const char *path, int mode)
{
	if (strncmp(path, SN_PIN_DIR, strlen(SN_PIN_DIR)))
		return faccessat(AT_FDCWD, path, mode, 0);
	errno = ENOENT;
	return *directory(path) == NOBODYS ? -1 : 0;
}

int mkdir(const char *path, mode_t mode)
{
	assert_int_equal(*directory(path), NOBODYS);
	*directory(path) = NEW;
	return 0;
}

int rmdir(const char *path)
{
	assert_string_equal(path, PARENT);
	world.parent = false;
	return 0;
}

int renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned int flags)
{
	enum whose *a = directory(from), *b = directory(to), was = *b;

	if (in_step(RENAME))
		return -1;
	assert_int_not_equal(*a, NOBODYS);
	assert_int_equal(was == NOBODYS, !(flags & RENAME_EXCHANGE));
	*b = *a;
	*a = was;
	return 0;
}

int sn_pins_make_new(struct sn_err *err)
{
	return mkdir(SN_NEW_DIR, 0700) ?: open("/dev/null", O_RDONLY | O_CLOEXEC);
}

int sn_pins_remove(const char *path)
{
	if (*directory(path) == KILLED && world.pins) /* which other tools may be looking at */
		assert_int_equal(world.locks, 1);
	if (*directory(path) == OLD && in_step(REMOVE_OLD))
		return -EMFILE;
	*directory(path) = NOBODYS;
	return 0;
}

int sn_pins_lock_loads(struct sn_err *err)
{
	return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

int sn_pins_lock_maps(struct sn_err *err)
{
	if (in_step(LOCK))
		return sn_fail(err, errno, "no lock");
	world.locks++;
	return sn_pins_lock_loads(err);
}

int sn_pins_put_maps(struct bpf_object *obj, const char *dir, struct sn_err *err)
{
	assert_string_equal(dir, SN_NEW_DIR);
	return 0;
}

int sn_pins_put_link(struct bpf_link *link, const char *dir, const char *name, struct sn_err *err)
{
	/* a new program must find its mark on each tenant's cgroup from its first moment on */
	assert_true(!strcmp(name, "sn_egress") || !world.pins || world.marks[NEW]);
	return 0;
}

int sn_pins_put_mark(const struct bpf_program *prog, const char *dir, struct sn_err *err)
{
	return 0;
}

__u32 sn_pins_program(const char *path)
{
	return 0;
}

/* ---- a tenant that is elsewhere, if something was loaded ---- */

int sn_elsewhere_each(int map, const char *mount,
		      int (*each)(__u64 id, const char *path, void *data), void *data,
		      struct sn_err *err)
{
	assert_string_equal(mount, "/sys/fs/cgroup");
	return world.pins ? each(7, "/sys/fs/cgroup/a.service/t1", data) : 0;
}

int sn_cgroup_open(const char *mount, const char *path, __u64 id)
{
	assert_int_equal(id, 7);
	return openat(AT_FDCWD, "/dev/null", O_RDONLY | O_CLOEXEC);
}

int sn_mark_open(const char *dir, struct sn_mark *mark, struct sn_err *err)
{
	*mark = (struct sn_mark){ .program = -1,
				  .id = world.other_version ? world.pins : world.links };
	return strcmp(dir, SN_LINKS_DIR) || !mark->id ? -ENOENT : 0;
}

void sn_mark_close(struct sn_mark *mark)
{
}

int sn_mark_put(const struct sn_mark *mark, int cgroup, const char *path, struct sn_err *err)
{
	if (in_step(MARK))
		return sn_fail(err, EPERM, "no place for the mark");
	world.marks[NEW] = true;
	return 0;
}

/* While the old programs are in force, that of theirs stays. */
int sn_mark_remove_others(const struct sn_mark *mark, int cgroup)
{
	for (enum whose whose = OLD; whose < KILLED; whose++)
		if (whose != mark->id)
			world.marks[whose] = false;
	return 0;
}

int bpf_obj_get_info_by_fd(int fd, void *info, __u32 *size)
{
	return 0;
}

int bpf_obj_get(const char *path)
{
	return openat(AT_FDCWD, "/dev/null", O_RDONLY | O_CLOEXEC);
}

/* ---- the cgroup ---- */

int sn_cgroup_mount(char path[PATH_MAX], struct sn_err *err)
{
	strcpy(path, "/sys/fs/cgroup");
	return 0;
}

int sn_cgroup_make(const char *path, struct sn_err *err)
{
	bool made = !world.parent;

	assert_string_equal(path, PARENT);
	world.parent = true;
	return made;
}

int sn_cgroup_id(const char *path, __u64 *id, struct sn_err *err)
{
	*id = NEW;
	return 0;
}

int open(const char *path, int flags, ...)
{
	return openat(AT_FDCWD, strcmp(path, PARENT) ? path : "/", flags);
}

int sn_trial_below(const char *parent, struct sn_trial (*act)(int round, void *data), void *data,
		   struct sn_err *err)
{
	return in_step(TRIAL) ? sn_fail(err, ENOSYS, "the self-test failed") : 0;
}

/* ---- the kernel ---- */

struct btf *btf__load_vmlinux_btf(void)
{
	return btf__new_empty();
}

int sn_kernel_check_build(const struct btf *kernel,
			  void (*each)(const struct sn_requirement *req, void *data), void *data,
			  struct sn_err *err)
{
	return in_step(BUILD) ? sn_fail(err, ENOSYS, "direct calls: none; build it") : 0;
}

bool sn_hook_exists(const struct btf *kernel, const char *hook)
{
	return !world.no_bpf_lsm;
}

int sn_hook_argument(const struct btf *kernel, const char *hook, const char *type)
{
	assert_string_equal(hook, "inode_setattr");
	assert_string_equal(type, "dentry");
	return 7;
}

bool sn_hook_judge(const struct btf *kernel, const struct btf *programs, const char *hook,
		   struct sn_requirement *req)
{
	const bool unknown = in_step(HOOK) && !strcmp(hook, "inode_setattr");

	assert_int_equal(btf__type_cnt(kernel), 1);
	assert_true(btf__find_by_name(programs, "sn_policy") > 0);
	*req = (struct sn_requirement){ .what = "hook", .met = !unknown };
	snprintf(req->found, sizeof(req->found), "%s takes what nobody knows", hook);
	snprintf(req->cure, sizeof(req->cure), "report it");
	return strcmp(hook, "inode_set_acl") != 0;
}

int sn_kernel_check_ftrace(struct sn_err *err)
{
	return 0;
}

int sn_pins_check_link(const char *name, __u64 cgroup_id, struct sn_err *err)
{
	return 0;
}

int sn_pins_check_links(__u64 cgroup_id, struct sn_err *err)
{
	return 0;
}

const char *sn_kernel_hint(int error)
{
	return "";
}

/* What the programs would write there, which nobody runs. */
static struct safenode_bpf__bss *bss;

int bpf_object__load_skeleton(struct bpf_object_skeleton *skeleton)
{
	const struct safenode_bpf__rodata *rodata;

	assert_false(in_step(BUILD) || in_step(HOOK));
	for (int i = 0; i < skeleton->map_cnt; i++) {
		if (strstr(skeleton->maps[i].name, ".bss"))
			bss = *skeleton->maps[i].mmaped;
		if (!strstr(skeleton->maps[i].name, ".rodata"))
			continue;
		rodata = *skeleton->maps[i].mmaped;
		assert_int_equal(rodata->sn_setattr_dentry, 7);
	}
	return 0;
}

static struct bpf_link *const a_link = (struct bpf_link *)&world;

struct bpf_link *bpf_program__attach_iter(const struct bpf_program *prog,
					  const struct bpf_iter_attach_opts *opts)
{
	return a_link;
}

struct bpf_link *bpf_program__attach_lsm(const struct bpf_program *prog)
{
	/* whose hook is missing, and may be */
	assert_string_not_equal(bpf_program__name(prog), "sn_inode_set_acl");
	return in_step(ATTACH) ? NULL : a_link;
}

struct bpf_link *bpf_program__attach_cgroup(const struct bpf_program *prog, int cgroup_fd)
{
	return a_link;
}

int bpf_link__fd(const struct bpf_link *link)
{
	return -1;
}

int bpf_link__destroy(struct bpf_link *link)
{
	return 0;
}

/* It is read once, and ends at once. */
int bpf_iter_create(int link_fd)
{
	bss->sn_parent_found = true;
	return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

int bpf_map_update_elem(int fd, const void *key, const void *value, __u64 flags)
{
	if (flags == BPF_NOEXIST) /* the counter */
		return 0;
	if (in_step(STATE))
		return -1;
	world.state = ((const struct sn_state *)value)->parent_id;
	return 0;
}

int sn_peers_explain_hook(const struct bpf_program *prog, const char *hook, int error,
			  struct sn_err *err)
{
	return sn_fail(err, error, "no place on %s", hook);
}

int sn_peers_explain_egress(int prog, const char *path, int error, struct sn_err *err)
{
	return sn_fail(err, error, "no place in %s", path);
}

/* ---- what was loaded before ---- */

int sn_upgrade_read_state(struct bpf_object *obj, struct sn_state *state, struct sn_err *err)
{
	*state = (struct sn_state){ .parent = "/safenode", .parent_id = OLD };
	return 0;
}

int sn_upgrade_plan(struct bpf_object *obj, const struct sn_state *old, struct sn_upgrade **upgrade,
		    struct sn_err *err)
{
	*upgrade = (struct sn_upgrade *)&world;
	return 0;
}

bool sn_upgrade_is_needed(const struct sn_upgrade *upgrade)
{
	return world.other_version;
}

int sn_upgrade_carry(struct sn_upgrade *upgrade, struct sn_err *err)
{
	return 0;
}

int sn_upgrade_carry_again(struct sn_upgrade *upgrade, const char *map, struct sn_err *err)
{
	return 0;
}

void sn_upgrade_free(struct sn_upgrade *upgrade)
{
}

/* Only an unload or another tool calls these. */
#define NOT_CALLED(type, name, ...)       \
	type name(__VA_ARGS__)            \
	{                                 \
		fail_msg("it is called"); \
		return (type){ 0 };       \
	}
NOT_CALLED(int, sn_pins_state, struct sn_state *state, struct sn_err *err)
NOT_CALLED(int, sn_pins_count, const char *path)
NOT_CALLED(bool, sn_pins_have_entries, const char *map)
NOT_CALLED(int, sn_cgroup_populated, const char *path)
NOT_CALLED(int, sn_cgroup_remove, const char *path, struct sn_err *err)
NOT_CALLED(struct sn_trial, sn_trial_acts, bool has_policy)

/* ---- the tests ---- */

static void begin(enum step fails, bool loaded, bool parent)
{
	memset(&world, 0, sizeof(world));
	world.fails = fails;
	world.parent = parent;
	if (loaded)
		world.pins = world.links = world.state = OLD;
	world.marks[OLD] = loaded;
}

/* The loaded one is @whose, and nothing lies beside it. */
static void expect_loaded(enum whose whose, bool parent)
{
	assert_int_equal(world.other_version || whose == NOBODYS ? world.pins : world.links, whose);
	assert_int_equal(world.new, NOBODYS);
	assert_int_equal(world.new_links, NOBODYS);
	assert_int_equal(world.parent, parent);
	if (whose == NOBODYS)
		return;
	assert_true(world.marks[whose]);
	assert_false(world.marks[whose == OLD ? NEW : OLD]);
}

static void a_first_load_that_fails_leaves_nothing(void **state)
{
	static const enum step steps[] = { BUILD, HOOK, ATTACH, TRIAL, STATE, RENAME };

	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++)
		for (int parent = 0; parent < 2; parent++) {
			begin(steps[i], false, parent);
			assert_true(sn_object_load(NULL, NULL) < 0);
			expect_loaded(NOBODYS, parent);
		}
	begin(NOTHING, false, false);
	assert_int_equal(sn_object_load(NULL, NULL), 0);
	assert_int_equal(world.pins, NEW);
	assert_int_equal(world.new, NOBODYS);
	assert_true(world.parent);
}

/* The parent may have been removed before it, and is then made by this load. */
static void a_load_again_that_fails_changes_nothing(void **state)
{
	static const enum step steps[] = { BUILD, HOOK, LOCK, MARK, ATTACH, TRIAL, STATE, RENAME };

	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++)
		for (int which = 0; which < 4; which++) {
			begin(steps[i], true, which & 1);
			world.other_version = which & 2;
			assert_true(sn_object_load(NULL, NULL) < 0);
			expect_loaded(OLD, which & 1);
			if (!world.other_version)
				assert_int_equal(world.state, OLD);
		}
}

/* Without it, no tenant could be started, and the programs would take nobody for one. */
static void a_load_that_is_in_force_keeps_its_parent(void **state)
{
	for (int which = 0; which < 4; which++) {
		struct sn_err err = {};

		begin(REMOVE_OLD, true, which & 1);
		world.other_version = which & 2;
		assert_int_equal(sn_object_load(NULL, &err), -EBUSY);
		assert_non_null(strstr(err.text, "loaded, but cannot remove the old programs"));
		assert_true(world.parent);
		assert_int_equal(world.other_version ? world.pins : world.links, NEW);
		assert_int_equal(world.state, NEW);
	}
}

static void and_so_does_one_that_succeeds(void **state)
{
	for (int which = 0; which < 4; which++) {
		begin(NOTHING, true, which & 1);
		world.other_version = which & 2;
		assert_int_equal(sn_object_load(NULL, NULL), 0);
		expect_loaded(NEW, true);
		assert_int_equal(world.state, NEW);
	}
}

static void what_a_killed_load_has_left_is_removed_under_the_lock_of_the_maps(void **state)
{
	begin(NOTHING, true, true);
	world.new = KILLED;
	assert_int_equal(sn_object_load(NULL, NULL), 0);
	expect_loaded(NEW, true);
	begin(LOCK, true, true);
	world.new = KILLED;
	assert_int_equal(sn_object_load(NULL, NULL), -ENOMEM);
	assert_int_equal(world.new, KILLED);
	assert_int_equal(world.links, OLD);
	/* where nothing is loaded, there are none */
	begin(NOTHING, false, true);
	world.new = KILLED;
	assert_int_equal(sn_object_load(NULL, NULL), 0);
	assert_int_equal(world.pins, NEW);
}

static void a_kernel_that_does_not_fit_is_told_before_anything_is_done(void **state)
{
	struct sn_err err = {};

	begin(HOOK, false, false);
	assert_int_equal(sn_object_load(NULL, &err), -ENOSYS);
	assert_string_equal(err.text, "hook: inode_setattr takes what nobody knows; report it");
	begin(BUILD, false, false);
	assert_int_equal(sn_object_load(NULL, &err), -ENOSYS);
	assert_string_equal(err.text, "direct calls: none; build it");
	begin(NOTHING, false, false);
	world.no_bpf_lsm = true;
	assert_int_equal(sn_object_load(NULL, &err), -ENOSYS);
	assert_string_equal(err.text, "no hook of this kernel takes BPF programs; "
				      "run a kernel built with CONFIG_BPF_LSM=y");
	expect_loaded(NOBODYS, false);
}

static void count_unmet(const struct sn_requirement *req, void *data)
{
	*(int *)data += !req->met;
}

static void and_by_a_check_as_well(void **state)
{
	struct sn_err err = {};
	int unmet = 0;

	begin(HOOK, false, false);
	assert_int_equal(sn_object_check_hooks(count_unmet, &unmet, &err), -ENOSYS);
	assert_string_equal(err.text, "hook: inode_setattr takes what nobody knows; report it");
	assert_int_equal(unmet, 1);
	begin(NOTHING, false, false);
	assert_int_equal(sn_object_check_hooks(count_unmet, &unmet, &err), 0);
	assert_int_equal(unmet, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_first_load_that_fails_leaves_nothing),
		cmocka_unit_test(a_load_again_that_fails_changes_nothing),
		cmocka_unit_test(a_load_that_is_in_force_keeps_its_parent),
		cmocka_unit_test(and_so_does_one_that_succeeds),
		cmocka_unit_test(a_kernel_that_does_not_fit_is_told_before_anything_is_done),
		cmocka_unit_test(and_by_a_check_as_well),
		cmocka_unit_test(what_a_killed_load_has_left_is_removed_under_the_lock_of_the_maps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
