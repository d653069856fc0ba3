/* SPDX-License-Identifier: GPL-2.0-only */
/* What this kernel has and lacks, in words. */
#ifndef SAFENODE_KERNEL_H
#define SAFENODE_KERNEL_H

#include <bpf/btf.h>
#include <stdbool.h>

#include "err.h"

/* One thing that safenode needs. */
struct sn_requirement {
	const char *what;
	bool met;
	char found[256]; /* what is there, or what is missing and the cure */
};

/*
 * Checks everything safenode needs and calls @each for every requirement. 0 when all are met,
 * otherwise -ENOSYS with the first missing one and its cure in @err.
 */
int sn_kernel_check(void (*each)(const struct sn_requirement *req, void *data), void *data,
		    struct sn_err *err);

/* Has the kernel with the types @btf the LSM hook @hook, so that a program can be attached to it?
 */
bool sn_kernel_has_hook(const struct btf *btf, const char *hook);

/*
 * Which argument of the LSM hook @hook is a pointer to struct @type, from 0 on, by its prototype:
 * kernels differ, and distributions take changes over in another order. -ENOENT: none.
 */
int sn_kernel_hook_argument(const struct btf *btf, const char *hook, const char *type);

/*
 * Are the arguments of @hook where the programs look for them? True for a hook that is the same in
 * all known kernels.
 */
bool sn_kernel_hook_fits(const struct btf *btf, const char *hook);

/* May @hook be missing? Some came after 6.1; what they see cannot happen, or is seen by another
 * hook, on the kernels without them. */
bool sn_kernel_hook_is_optional(const char *hook);

/*
 * Is that kernel new enough? By uname(2)'s release and version, and Ubuntu's signature, "" where
 * there is none. Fills in @req, which is zero.
 */
void sn_kernel_judge_version(const char *release, const char *version, const char *signature,
			     struct sn_requirement *req);

/* Does lockdown(7) let programs read the kernel's memory? By the line in its file. As above. */
void sn_kernel_judge_lockdown(const char *line, struct sn_requirement *req);

/*
 * kernel.ftrace_enabled=0 silently switches every BPF LSM program off (kernels before 7.3).
 * 0, or -ENOSYS with the cure in @err.
 */
int sn_kernel_check_ftrace(struct sn_err *err);

#endif
