/* SPDX-License-Identifier: GPL-2.0-only */
/* What safenode needs of the kernel: what is there, what is missing, and the cure. */
#ifndef SAFENODE_KERNEL_H
#define SAFENODE_KERNEL_H

#include <bpf/btf.h>
#include <stdbool.h>

#include "err.h"
#include "requirement.h"

/*
 * Checks all requirements and calls @each for each of them: of a load, or else of what has been
 * loaded, which does not depend on the caller's rights. 0 if all are met, otherwise -ENOSYS with
 * the first one that is not, and its cure, in @err.
 */
int sn_kernel_check(bool to_load, void (*each)(const struct sn_requirement *req, void *data),
		    void *data, struct sn_err *err);

/* "; " and the cure, where the kernel refuses BPF programs with @error and there is one, or "". */
const char *sn_kernel_hint(int error);

/*
 * The same for what attaching takes of a kernel with the types @kernel, by functions that it has
 * only if it was built with it.
 */
int sn_kernel_check_build(const struct btf *kernel,
			  void (*each)(const struct sn_requirement *req, void *data), void *data,
			  struct sn_err *err);

/*
 * Is the kernel new enough? By release and version of uname(2), and the signature of Ubuntu's
 * kernels, "" on others. Fills in @req, which must be zero.
 */
void sn_kernel_judge_version(const char *release, const char *version, const char *signature,
			     struct sn_requirement *req);

/* Does kernel_lockdown(7) allow BPF programs to read kernel memory? By the line in its file. */
void sn_kernel_judge_lockdown(const char *line, struct sn_requirement *req);

/*
 * In kernels before 7.3, kernel.ftrace_enabled=0 silently disables every BPF LSM program. 0;
 * -ENOSYS with the cure in @err; or another errno if that cannot be read.
 */
int sn_kernel_check_ftrace(struct sn_err *err);

#endif
