// SPDX-License-Identifier: GPL-2.0-only
/* Where a hook's arguments are, by prototypes as kernels of the time before and after had them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>

#include "kernel.h"

/* A kernel's type information with one hook in it, which takes pointers to these structs. */
static struct btf *kernel_with(const char *hook, const char *const types[])
{
	struct btf *btf = btf__new_empty();
	int pointers[8], proto, nr = 0, number;
	char name[64];

	assert_non_null(btf);
	number = btf__add_int(btf, "int", 4, BTF_INT_SIGNED);
	for (; types[nr]; nr++) {
		int type = btf__add_struct(btf, types[nr], 8);

		if (nr % 2) /* "const struct path *" is as good */
			type = btf__add_const(btf, type);
		pointers[nr] = btf__add_ptr(btf, type);
	}
	proto = btf__add_func_proto(btf, number);
	for (int i = 0; i < nr; i++)
		assert_int_equal(btf__add_func_param(btf, types[i], pointers[i]), 0);
	assert_int_equal(btf__add_func_param(btf, "flags", number), 0);
	snprintf(name, sizeof(name), "bpf_lsm_%s", hook);
	assert_true(btf__add_func(btf, name, BTF_FUNC_STATIC, proto) > 0);
	return btf;
}

static void the_place_of_an_argument_is_the_prototypes(void **state)
{
	/* 6.1 to 6.8, although those from 6.2 on have struct mnt_idmap; 6.9 and newer */
	static const char *const older[] = { "dentry", "iattr", NULL };
	static const char *const newer[] = { "mnt_idmap", "dentry", "iattr", NULL };
	struct btf *btf = kernel_with("inode_setattr", older);

	assert_true(btf__add_struct(btf, "mnt_idmap", 8) > 0);
	assert_int_equal(sn_kernel_hook_argument(btf, "inode_setattr", "dentry"), 0);
	assert_int_equal(sn_kernel_hook_argument(btf, "inode_setattr", "iattr"), 1);
	assert_true(sn_kernel_hook_fits(btf, "inode_setattr"));
	btf__free(btf);

	btf = kernel_with("inode_setattr", newer);
	assert_int_equal(sn_kernel_hook_argument(btf, "inode_setattr", "dentry"), 1);
	assert_true(sn_kernel_hook_fits(btf, "inode_setattr"));
	btf__free(btf);
}

static void what_is_not_there_is_not_found(void **state)
{
	static const char *const types[] = { "dentry", NULL };
	struct btf *btf = kernel_with("inode_setattr", types);

	assert_int_equal(sn_kernel_hook_argument(btf, "inode_setattr", "iattr"), -ENOENT);
	assert_int_equal(sn_kernel_hook_argument(btf, "file_open", "dentry"), -ENOENT);
	assert_false(sn_kernel_has_hook(btf, "file_open"));
	assert_true(sn_kernel_has_hook(btf, "inode_setattr"));
	btf__free(btf);
}

static void a_hook_that_nobody_knows_like_this_does_not_fit(void **state)
{
	static const char *const apart[] = { "dentry", "path", "iattr", NULL };
	static const char *const first[] = { "dentry", NULL };
	static const char *const second[] = { "user_namespace", "dentry", NULL };
	static const char *const third[] = { "mnt_idmap", "path", "dentry", NULL };
	static const char *const hooks[] = { "inode_setxattr", "inode_removexattr", "inode_set_acl",
					     "inode_get_acl", "inode_remove_acl" };
	struct btf *btf = kernel_with("inode_setattr", apart);

	assert_false(sn_kernel_hook_fits(btf, "inode_setattr"));
	btf__free(btf);
	for (size_t i = 0; i < sizeof(hooks) / sizeof(hooks[0]); i++) {
		btf = kernel_with(hooks[i], second);
		assert_true(sn_kernel_hook_fits(btf, hooks[i]));
		btf__free(btf);
		btf = kernel_with(hooks[i], first);
		assert_false(sn_kernel_hook_fits(btf, hooks[i]));
		btf__free(btf);
		btf = kernel_with(hooks[i], third);
		assert_false(sn_kernel_hook_fits(btf, hooks[i]));
		btf__free(btf);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_place_of_an_argument_is_the_prototypes),
		cmocka_unit_test(what_is_not_there_is_not_found),
		cmocka_unit_test(a_hook_that_nobody_knows_like_this_does_not_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
