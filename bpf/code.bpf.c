// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mappings, above all executable ones: of files, only the runtime's own are ever mapped executable.
 * Anonymous memory may be, for V8 compiles into it. Hooks and why each:
 *  mmap_file		mmap, remap_file_pages, shmat, the dynamic loader, exec itself
 *  file_mprotect	making a mapped file executable afterwards
 * Both look at the protection that takes effect: with personality(READ_IMPLIES_EXEC) the requested
 * one lacks PROT_EXEC.
 */
#include "walk.bpf.h"

/* A log that was handed over for appending must not be rewritten through a mapping. */
static __noinline int sn_ask_to_share(const struct sn_policy *pol, __u64 address)
{
	struct file *file = (struct file *)address; /* NULL for anonymous memory */
	struct sn_ask ask = { .op = SN_OP_FS_MMAP };

	if (!sn_is_for_appending(BPF_CORE_READ(file, f_mode), BPF_CORE_READ(file, f_flags)))
		return 0;
	ask.dentry = (__u64)BPF_CORE_READ(file, f_path.dentry);
	ask.why = sn_decide_file(sn_access_by_rules(pol, ask.dentry, SN_MAY_WRITE), SN_MAY_WRITE);
	return sn_finish(pol, &ask);
}

SN_HOOK(mmap_file, struct file *file, unsigned long reqprot, unsigned long prot,
	unsigned long flags)
{
	const struct sn_policy *pol;
	struct sn_ask ask = { .op = SN_OP_CODE_MMAP };
	bool shared = sn_mapping_is_shared(flags);
	int error = 0;

	if (!shared && !(prot & SN_PROT_EXEC))
		return 0;
	pol = sn_current_policy();
	if (!pol)
		return 0;
	if (shared)
		error = sn_ask_to_share(pol, sn_argument(ctx, 0));
	if (error || !(prot & SN_PROT_EXEC))
		return error;
	/* NULL for anonymous memory, see hook.bpf.h */
	ask.dentry = (__u64)BPF_CORE_READ((struct file *)sn_argument(ctx, 0), f_path.dentry);
	ask.why = SN_ALLOWED;
	if (ask.dentry && (prot & SN_PROT_WRITE ||
			   !(sn_access_by_rules(pol, ask.dentry, SN_MAY_MAP) & SN_MAY_MAP)))
		ask.why = SN_NOT_RUNTIME;
	return sn_finish(pol, &ask);
}

SN_HOOK(file_mprotect, struct vm_area_struct *vma, unsigned long reqprot, unsigned long prot)
{
	const struct sn_policy *pol;
	struct sn_ask ask = { .op = SN_OP_CODE_MPROTECT };

	if (!(prot & SN_PROT_EXEC))
		return 0;
	pol = sn_current_policy();
	if (!pol)
		return 0;
	ask.dentry = (__u64)BPF_CORE_READ(vma, vm_file, f_path.dentry);
	ask.why = SN_ALLOWED;
	if (ask.dentry)
		ask.why = sn_decide_mprotect(BPF_CORE_READ(vma, vm_flags), prot);
	return sn_finish(pol, &ask);
}
