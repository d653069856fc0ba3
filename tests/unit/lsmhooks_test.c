// SPDX-License-Identifier: GPL-2.0-only
/*
 * user/lsmhooks.c: the hooks of kernels whose types are made here, as those of each time have them,
 * and as none has, before the BPF programs as they are built.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lsmhooks.h"
#include "safenode_abi.h"
#include "safenode.skel.h"

static struct safenode_bpf *skel;
static const struct btf *programs;

static int open_programs(void **state)
{
	libbpf_set_print(NULL);
	skel = safenode_bpf__open();
	programs = skel ? bpf_object__btf(skel->obj) : NULL;
	return programs ? 0 : -1;
}

static int close_programs(void **state)
{
	safenode_bpf__destroy(skel);
	return 0;
}

/* ---- kernels ---- */

static int add_number(struct btf *btf, const char *name)
{
	static const struct {
		const char *name;
		size_t size;
		int encoding;
	} numbers[] = {
		{ "char", 1, BTF_INT_SIGNED }, { "bool", 1, BTF_INT_BOOL },
		{ "unsigned short", 2, 0 },    { "int", 4, BTF_INT_SIGNED },
		{ "unsigned int", 4, 0 },      { "unsigned long", 8, 0 },
	};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (!strcmp(name, numbers[i].name))
			return btf__add_int(btf, name, numbers[i].size, numbers[i].encoding);
	fail_msg("type %s", name);
	return 0;
}

/* "const struct path *", "const char *", "umode_t", "enum kind" or a number's name */
static int add_type(struct btf *btf, const char *text)
{
	char name[64];
	int id;

	if (sscanf(text, "const struct %63s *", name) == 1)
		return btf__add_ptr(btf, btf__add_const(btf, btf__add_struct(btf, name, 8)));
	if (sscanf(text, "struct %63s *", name) == 1)
		return btf__add_ptr(btf, btf__add_fwd(btf, name, BTF_FWD_STRUCT));
	if (!strcmp(text, "const char *"))
		return btf__add_ptr(btf, btf__add_const(btf, add_number(btf, "char")));
	if (!strcmp(text, "char *"))
		return btf__add_ptr(btf, add_number(btf, "char"));
	if (!strcmp(text, "void *"))
		return btf__add_ptr(btf, 0);
	if (!strcmp(text, "umode_t")) {
		id = btf__add_typedef(btf, "__kernel_mode_t", add_number(btf, "unsigned short"));
		return btf__add_typedef(btf, "umode_t", id);
	}
	if (sscanf(text, "enum %63s", name) == 1)
		return btf__add_enum(btf, name, 4);
	return add_number(btf, text);
}

static void add_function(struct btf *btf, const char *prefix, const char *hook, const char *args)
{
	int types[8], nr = 0, proto;
	char name[64], list[256], *rest = list, *arg;

	strcpy(list, args);
	while ((arg = strsep(&rest, ",")))
		types[nr++] = add_type(btf, arg + strspn(arg, " "));
	proto = btf__add_func_proto(btf, add_number(btf, "int"));
	for (int i = 0; i < nr; i++)
		assert_int_equal(btf__add_func_param(btf, "a", types[i]), 0);
	snprintf(name, sizeof(name), "%s%s", prefix, hook);
	assert_true(btf__add_func(btf, name, BTF_FUNC_STATIC, proto) > 0);
}

/* The types of a kernel with one hook. */
static struct btf *kernel_with(const char *hook, const char *args)
{
	struct btf *btf = btf__new_empty();

	assert_non_null(btf);
	add_function(btf, "bpf_lsm_", hook, args);
	return btf;
}

static void expect(const char *hook, const char *args, bool met, const char *found)
{
	struct btf *kernel = kernel_with(hook, args);
	struct sn_requirement req = { .cure = "of before" };

	assert_true(sn_hook_judge(kernel, programs, hook, &req));
	assert_string_equal(req.what, "hook");
	assert_string_equal(req.found, found);
	assert_int_equal(req.met, met);
	assert_string_equal(req.cure,
			    met ? ""
				: "run another kernel, or a newer safenode, and report this one");
	btf__free(kernel);
}

static void fits(const char *hook, const char *args)
{
	expect(hook, args, true, hook);
}

static void does_not_fit(const char *hook, const char *args)
{
	char found[300];

	snprintf(found, sizeof(found), "%s has other arguments than in any known kernel: (%s)",
		 hook, args);
	expect(hook, args, false, found);
}

/* ---- the tests ---- */

/* 6.1 and 6.2; 6.3 to 6.8, which have struct mnt_idmap and the older inode_setattr; 6.9 and newer
 */
static void hooks_fit_as_the_kernels_of_each_time_have_them(void **state)
{
	static const char *const with_acls[] = { "inode_set_acl", "inode_get_acl",
						 "inode_remove_acl" };

	fits("inode_setattr", "struct dentry *, struct iattr *");
	fits("inode_setattr", "struct mnt_idmap *, struct dentry *, struct iattr *");
	fits("inode_setxattr", "struct user_namespace *, struct dentry *, const char *, void *");
	fits("inode_setxattr", "struct mnt_idmap *, struct dentry *, const char *, void *");
	fits("inode_removexattr", "struct user_namespace *, struct dentry *, const char *");
	fits("inode_removexattr", "struct mnt_idmap *, struct dentry *, const char *");
	for (size_t i = 0; i < sizeof(with_acls) / sizeof(with_acls[0]); i++) {
		fits(with_acls[i], "struct user_namespace *, struct dentry *, const char *");
		fits(with_acls[i], "struct mnt_idmap *, struct dentry *, const char *");
	}
	fits("perf_event_open", "struct perf_event_attr *, int");
	fits("perf_event_open", "int");
	fits("capget", "struct task_struct *, struct x *");
	fits("capget", "const struct task_struct *, struct x *");
	fits("bpf", "int, struct x *, unsigned int");
	fits("bpf", "int, struct x *, unsigned int, bool");
	fits("path_mknod", "const struct path *, struct dentry *, umode_t, unsigned int");
	fits("inode_permission", "struct inode *, int");
	fits("ipc_permission", "struct kern_ipc_perm *, unsigned short");
}

static void another_place_or_type_of_an_argument_does_not(void **state)
{
	static const char *const second[] = { "inode_set_acl", "inode_get_acl", "inode_remove_acl",
					      "inode_setxattr", "inode_removexattr" };

	does_not_fit("inode_setattr", "struct dentry *, struct path *, struct iattr *");
	does_not_fit("inode_setattr",
		     "struct mnt_idmap *, struct path *, struct dentry *, struct iattr *");
	does_not_fit("inode_setattr", "struct iattr *, struct dentry *");
	for (size_t i = 0; i < sizeof(second) / sizeof(second[0]); i++) {
		does_not_fit(second[i], "struct dentry *, char *");
		does_not_fit(second[i], "struct inode *, struct dentry *, char *");
		does_not_fit(second[i], "struct mnt_idmap *, struct path *, char *");
	}
	/* as kernels after 7.3 may have it */
	does_not_fit("inode_permission", "struct mnt_idmap *, struct inode *, int");
	does_not_fit("inode_permission", "struct inode *, unsigned long");
	does_not_fit("path_mknod", "struct path *, struct dentry *, int, unsigned int");
	does_not_fit("inode_setxattr", "struct mnt_idmap *, struct dentry *, struct qstr *");
	does_not_fit("file_open", "struct path *");
	does_not_fit("file_open", "void *");
	does_not_fit("file_open", "unsigned long");
	does_not_fit("socket_create", "int, int, int, struct net *");
	does_not_fit("bpf", "char *, int");
}

static void arguments_that_are_missing_do_not_fit(void **state)
{
	does_not_fit("inode_setattr", "struct dentry *");
	does_not_fit("inode_setattr", "struct mnt_idmap *, struct dentry *");
	does_not_fit("inode_permission", "struct inode *");
	does_not_fit("mmap_file", "struct file *, unsigned long, unsigned long");
	fits("mmap_file", "struct file *, unsigned long, unsigned long, unsigned long");
}

/* Numbers are the same by their size, whatever they are called. */
static void an_enum_is_a_number(void **state)
{
	fits("file_fcntl", "struct file *, enum x, unsigned long");
	fits("inode_permission", "const struct inode *, enum x");
}

static void the_dentry_is_where_the_prototype_has_it(void **state)
{
	struct btf *kernel = kernel_with("inode_setattr", "struct dentry *, struct iattr *");

	assert_int_equal(sn_hook_argument(kernel, "inode_setattr", "dentry"), 0);
	assert_int_equal(sn_hook_argument(kernel, "inode_setattr", "inode"), -ENOENT);
	assert_int_equal(sn_hook_argument(kernel, "file_open", "dentry"), -ENOENT);
	btf__free(kernel);
	kernel = kernel_with("inode_setattr",
			     "struct mnt_idmap *, const struct dentry *, struct iattr *");
	assert_int_equal(sn_hook_argument(kernel, "inode_setattr", "dentry"), 1);
	btf__free(kernel);
}

static void expect_missing(const char *hook, const char *cure)
{
	struct btf *kernel = kernel_with("file_open", "struct file *");
	struct sn_requirement req = {};
	char found[64];

	assert_true(sn_hook_exists(kernel, "file_open"));
	assert_false(sn_hook_exists(kernel, hook));
	assert_true(sn_hook_judge(kernel, programs, hook, &req));
	assert_false(req.met);
	snprintf(found, sizeof(found), "%s is missing", hook);
	assert_string_equal(req.found, found);
	assert_string_equal(req.cure, cure);
	btf__free(kernel);
}

static void a_hook_that_is_missing_is_named_with_the_option(void **state)
{
	expect_missing("path_mknod", "run a kernel built with CONFIG_SECURITY_PATH=y");
	expect_missing("socket_connect", "run a kernel built with CONFIG_SECURITY_NETWORK=y");
	expect_missing("key_alloc", "run a kernel built with CONFIG_KEYS=y");
	expect_missing("perf_event_open", "run a kernel built with CONFIG_PERF_EVENTS=y");
	expect_missing("userns_create", "run Linux 6.1.54 or newer");
}

static void a_hook_that_the_kernel_does_not_ask_may_be_missing(void **state)
{
	static const char *const newer[] = { "inode_set_acl",	   "inode_get_acl",
					     "inode_remove_acl",   "file_ioctl_compat",
					     "inode_file_getattr", "inode_file_setattr" };
	struct btf *kernel = kernel_with("file_open", "struct file *");
	struct sn_requirement req = {};

	for (size_t i = 0; i < sizeof(newer) / sizeof(newer[0]); i++) {
		assert_false(sn_hook_judge(kernel, programs, newer[i], &req));
		assert_null(req.what);
	}
	btf__free(kernel);
}

/* Then it is asked, and only BPF programs have no say. */
static void a_hook_that_the_kernel_asks_may_not(void **state)
{
	struct btf *kernel = kernel_with("file_open", "struct file *");
	struct sn_requirement req = {};

	add_function(kernel, "security_", "inode_set_acl",
		     "struct mnt_idmap *, struct dentry *, const char *");
	assert_true(sn_hook_judge(kernel, programs, "inode_set_acl", &req));
	assert_false(req.met);
	assert_string_equal(req.found, "inode_set_acl is missing");
	assert_false(sn_hook_judge(kernel, programs, "inode_get_acl", &req));
	btf__free(kernel);
}

/* Otherwise nobody would know what a new program reads. */
static void every_program_has_a_prototype(void **state)
{
	struct bpf_program *prog;
	int nr = 0;

	bpf_object__for_each_program (prog, skel->obj) {
		const char *section = bpf_program__section_name(prog);
		char name[64];

		if (strncmp(section, "lsm/", 4))
			continue;
		snprintf(name, sizeof(name), "sn_prototype_of_%s", section + 4);
		if (btf__find_by_name_kind(programs, name, BTF_KIND_FUNC) < 0)
			fail_msg("%s", section);
		nr++;
	}
	assert_true(nr > 60);
}

static void a_hook_of_no_program_does_not_fit(void **state)
{
	does_not_fit("inode_create", "struct inode *, struct dentry *, int");
	does_not_fit("file", "struct file *");
}

static void a_prototype_that_is_too_long_is_cut(void **state)
{
	static const char type[] = "struct a_name_that_is_as_long_as_no_other_in_this_kernel *";
	char args[256];
	struct btf *kernel;
	struct sn_requirement req = {};

	snprintf(args, sizeof(args), "%s, %s, %s, %s", type, type, type, type);
	kernel = kernel_with("file_open", args);
	assert_true(sn_hook_judge(kernel, programs, "file_open", &req));
	assert_false(req.met);
	assert_int_equal(strlen(req.found), sizeof(req.found) - 1);
	btf__free(kernel);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hooks_fit_as_the_kernels_of_each_time_have_them),
		cmocka_unit_test(another_place_or_type_of_an_argument_does_not),
		cmocka_unit_test(arguments_that_are_missing_do_not_fit),
		cmocka_unit_test(an_enum_is_a_number),
		cmocka_unit_test(the_dentry_is_where_the_prototype_has_it),
		cmocka_unit_test(a_hook_that_is_missing_is_named_with_the_option),
		cmocka_unit_test(a_hook_that_the_kernel_does_not_ask_may_be_missing),
		cmocka_unit_test(a_hook_that_the_kernel_asks_may_not),
		cmocka_unit_test(every_program_has_a_prototype),
		cmocka_unit_test(a_hook_of_no_program_does_not_fit),
		cmocka_unit_test(a_prototype_that_is_too_long_is_cut),
	};

	return cmocka_run_group_tests(tests, open_programs, close_programs);
}
