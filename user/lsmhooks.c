// SPDX-License-Identifier: GPL-2.0-only
/* The kernel's LSM hooks: which are there, and are their arguments where programs read them? */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lsmhooks.h"

static const struct {
	const char *hook;
	const char *why;
} optional_hooks[] = {
	{ "inode_set_acl", "6.2; before, ACLs pass inode_setxattr" },
	{ "inode_get_acl", "6.2; before, ACLs pass inode_getxattr" },
	{ "inode_remove_acl", "6.2; before, ACLs pass inode_removexattr" },
	{ "file_ioctl_compat", "6.8 and 6.1.77; before, file_ioctl sees 32-bit calls too" },
	{ "inode_file_getattr", "6.17, with the system call file_getattr" },
	{ "inode_file_setattr", "6.17, with the system call file_setattr" },
};

/* Options without which kernels lack hooks (include/linux/lsm_hook_defs.h), by their names. */
static const struct {
	const char *prefix, *option;
} options[] = {
	{ "path_", "CONFIG_SECURITY_PATH" },
	{ "socket_", "CONFIG_SECURITY_NETWORK" },
	{ "key_", "CONFIG_KEYS" },
	{ "perf_event_", "CONFIG_PERF_EVENTS" },
};

/* The type of the function <prefix><hook>, or NULL. */
static const struct btf_type *find_function(const struct btf *btf, const char *prefix,
					    const char *hook)
{
	char name[128];
	int id;

	snprintf(name, sizeof(name), "%s%s", prefix, hook);
	id = btf__find_by_name_kind(btf, name, BTF_KIND_FUNC);
	return id < 0 ? NULL : btf__type_by_id(btf, btf__type_by_id(btf, id)->type);
}

static const struct btf_type *find_hook(const struct btf *kernel, const char *hook)
{
	const struct btf_type *prototype = find_function(kernel, "bpf_lsm_", hook);

	return prototype && btf_is_func_proto(prototype) ? prototype : NULL;
}

bool sn_hook_exists(const struct btf *kernel, const char *hook)
{
	return find_hook(kernel, hook) != NULL;
}

/* Where the kernel asks all security modules, but no BPF program, the hook has to be there. */
static bool may_be_missing(const struct btf *kernel, const char *hook)
{
	for (size_t i = 0; i < sizeof(optional_hooks) / sizeof(*optional_hooks); i++)
		if (!strcmp(optional_hooks[i].hook, hook))
			return !find_function(kernel, "security_", hook);
	return false;
}

/* ---- types ---- */

/*
 * Without const, volatile and names that typedef gives. NULL: void. Not btf__resolve_type(), to
 * which a struct that is declared only is void as well.
 */
static const struct btf_type *resolve(const struct btf *btf, __u32 id)
{
	const struct btf_type *type = btf__type_by_id(btf, id);

	while (type && (btf_is_mod(type) || btf_is_typedef(type)))
		type = btf__type_by_id(btf, type->type);
	return type && !btf_is_void(type) ? type : NULL;
}

static const char *name_of(const struct btf *btf, const struct btf_type *type)
{
	return type ? btf__name_by_offset(btf, type->name_off) : "void";
}

static bool is_struct(const struct btf_type *type)
{
	return type && (btf_is_struct(type) || btf_is_fwd(type));
}

static bool is_number(const struct btf_type *type)
{
	return type && (btf_is_int(type) || btf_is_any_enum(type));
}

/* Is the type @id a pointer to a struct @name? */
static bool points_to(const struct btf *btf, __u32 id, const char *name)
{
	const struct btf_type *type = resolve(btf, id);

	if (!type || !btf_is_ptr(type))
		return false;
	type = resolve(btf, type->type);
	return is_struct(type) && !strcmp(name_of(btf, type), name);
}

/* Structs are the same by name, for what is in them CO-RE finds; numbers by their size. */
static bool is_same(const struct btf *kernel, const struct btf_type *has,
		    const struct btf *programs, const struct btf_type *wants)
{
	if (is_struct(has) && is_struct(wants))
		return !strcmp(name_of(kernel, has), name_of(programs, wants));
	return is_number(has) && is_number(wants) && has->size == wants->size;
}

static bool is_same_argument(const struct btf *kernel, __u32 has, const struct btf *programs,
			     __u32 wants)
{
	const struct btf_type *a = resolve(kernel, has), *b = resolve(programs, wants);

	if (!a || !b || btf_is_ptr(a) != btf_is_ptr(b))
		return false;
	if (btf_is_ptr(a)) {
		a = resolve(kernel, a->type);
		b = resolve(programs, b->type);
	}
	return is_same(kernel, a, programs, b);
}

/* ---- prototypes ---- */

int sn_hook_argument(const struct btf *kernel, const char *hook, const char *type)
{
	const struct btf_type *prototype = find_hook(kernel, hook);

	for (int i = 0; prototype && i < btf_vlen(prototype); i++)
		if (points_to(kernel, btf_params(prototype)[i].type, type))
			return i;
	return -ENOENT;
}

/* Does the kernel's prototype @has begin with the arguments of the programs' @wants? */
static bool begins_with(const struct btf *kernel, const struct btf_type *has,
			const struct btf *programs, const struct btf_type *wants)
{
	for (int i = 0; i < btf_vlen(wants); i++) {
		__u32 wanted = btf_params(wants)[i].type;

		if (!wanted) /* "()": none is read */
			return true;
		if (i >= btf_vlen(has) ||
		    !is_same_argument(kernel, btf_params(has)[i].type, programs, wanted))
			return false;
	}
	return true;
}

#define PROTOTYPE "sn_prototype_of_"

/* The prototype of @type, if that is a function of SN_PROTOTYPE() for @hook, or NULL. */
static const struct btf_type *prototype_of(const struct btf *programs, const struct btf_type *type,
					   const char *hook)
{
	const char *name = name_of(programs, type);
	size_t len = strlen(hook);

	if (!btf_is_func(type) || strncmp(name, PROTOTYPE, strlen(PROTOTYPE)))
		return NULL;
	name += strlen(PROTOTYPE);
	if (strncmp(name, hook, len) || (name[len] && strncmp(name + len, "___", 3)))
		return NULL;
	return btf__type_by_id(programs, type->type);
}

/* Is it as one of the programs' prototypes of it? Without one, nobody knows what they read. */
static bool is_known(const struct btf *kernel, const struct btf *programs, const char *hook)
{
	const struct btf_type *has = find_hook(kernel, hook), *wants;
	__u32 nr = btf__type_cnt(programs);

	for (__u32 id = 1; has && id < nr; id++) {
		wants = prototype_of(programs, btf__type_by_id(programs, id), hook);
		if (wants && begins_with(kernel, has, programs, wants))
			return true;
	}
	return false;
}

/* ---- for people ---- */

__attribute__((format(printf, 3, 4))) static void append(char *text, size_t size, const char *fmt,
							 ...)
{
	size_t len = strlen(text);
	va_list args;

	va_start(args, fmt);
	vsnprintf(text + len, size - len, fmt, args);
	va_end(args);
}

/* "struct dentry *" */
static void append_type(const struct btf *btf, __u32 id, char *text, size_t size)
{
	const struct btf_type *type = resolve(btf, id);
	bool pointer = type && btf_is_ptr(type);

	if (pointer)
		type = resolve(btf, type->type);
	append(text, size, "%s%s%s", is_struct(type) ? "struct " : "", name_of(btf, type),
	       pointer ? " *" : "");
}

static void describe(const struct btf *kernel, const char *hook, char *text, size_t size)
{
	const struct btf_type *prototype = find_hook(kernel, hook);

	snprintf(text, size, "%s has other arguments than in any known kernel: (", hook);
	for (int i = 0; i < btf_vlen(prototype); i++) {
		append(text, size, "%s", i ? ", " : "");
		append_type(kernel, btf_params(prototype)[i].type, text, size);
	}
	append(text, size, ")");
}

static void judge_missing(const char *hook, struct sn_requirement *req)
{
	const char *option = NULL;

	for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++)
		if (!strncmp(hook, options[i].prefix, strlen(options[i].prefix)))
			option = options[i].option;
	snprintf(req->found, sizeof(req->found), "%s is missing", hook);
	if (option)
		snprintf(req->cure, sizeof(req->cure), "run a kernel built with %s=y", option);
	else
		snprintf(req->cure, sizeof(req->cure), "run Linux 6.1.54 or newer");
}

bool sn_hook_judge(const struct btf *kernel, const struct btf *programs, const char *hook,
		   struct sn_requirement *req)
{
	bool exists = sn_hook_exists(kernel, hook);

	if (!exists && may_be_missing(kernel, hook))
		return false;
	req->what = "hook";
	req->met = exists && is_known(kernel, programs, hook);
	*req->cure = '\0';
	if (!exists) {
		judge_missing(hook, req);
	} else if (req->met) {
		snprintf(req->found, sizeof(req->found), "%s", hook);
	} else {
		describe(kernel, hook, req->found, sizeof(req->found));
		snprintf(req->cure, sizeof(req->cure),
			 "run another kernel, or a newer safenode, and report this one");
	}
	return true;
}
