// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which tenant current belongs to, and other questions whose answers are read through computed
 * addresses. They are functions of their own so that the kernel verifies them once, not at each
 * call.
 */
#include "tenant.bpf.h"
#include "walk.bpf.h"

/*
 * since: 6.2
 * why: loads through a computed address. The verifier rejects indexing ancestors[], and the helper
 *	that does the same costs as much as the rest of the hook
 * drop when: 6.1 is no longer supported; then the helper can go
 * Here and not in compat.bpf.h, because bpftool cannot link objects that share a kernel function.
 */
extern void *bpf_rdonly_cast(const void *address, __u32 btf_id) __ksym __weak;

#define SN_CAST(address, type) \
	((type *)bpf_rdonly_cast((void *)(address), bpf_core_type_id_kernel(type)))

static __always_inline int sn_egress_type(void)
{
	if (!bpf_core_enum_value_exists(enum cgroup_bpf_attach_type, CGROUP_INET_EGRESS))
		return -1;
	return bpf_core_enum_value(enum cgroup_bpf_attach_type, CGROUP_INET_EGRESS);
}

/* Run once by safenode-load, over the parent cgroup and those above it. */
SEC("iter/cgroup")
int sn_find_parent(struct bpf_iter__cgroup *ctx)
{
	struct cgroup *cgroup = ctx->cgroup;
	struct bpf_prog_array *programs;

	if (!cgroup) /* the iteration ends */
		return 0;
	sn_egress_elsewhere = sn_egress_type() != SN_CGROUP_INET_EGRESS;
	if (cgroup->kn->id == sn_parent_id) {
		sn_parent_found = true;
		sn_parent_level = cgroup->level;
	}
	programs = cgroup->bpf.effective[SN_CGROUP_INET_EGRESS];
	if (!programs->items[0].prog)
		sn_no_egress = (__u64)programs;
	return 0;
}

/* ---- the mark ---- */

/* More than any cgroup can have: a cgroup takes 64, and so does each above it. */
#define SN_EFFECTIVE_MAX (1 << 20)

struct sn_effective {
	__u64 items; /* address of the array, which ends with one that has no program */
	bool found;
};

static long sn_try_program(__u64 step, struct sn_effective *effective)
{
	__u64 item = effective->items + step * bpf_core_type_size(struct bpf_prog_array_item);
	struct bpf_prog *prog = NULL;

	bpf_probe_read_kernel(&prog, sizeof(prog), (void *)item);
	effective->found = BPF_CORE_READ(prog, aux, id) == sn_mark;
	return effective->found || !prog;
}

int sn_marked_level(void)
{
	struct cgroup *cgroup = bpf_get_current_task_btf()->cgroups->dfl_cgrp;
	struct sn_effective effective = {};

	if (cgroup->bpf.effective[SN_CGROUP_INET_EGRESS]->items[0].prog->aux->id == sn_mark)
		return cgroup->level;
	effective.items = (__u64)BPF_CORE_READ(cgroup, bpf.effective[SN_CGROUP_INET_EGRESS]) +
			  bpf_core_field_offset(struct bpf_prog_array, items);
	bpf_loop(SN_EFFECTIVE_MAX, sn_try_program, &effective, 0);
	return effective.found ? cgroup->level : -1;
}

/* ---- ancestors ---- */

struct sn_lineage {
	__u64 level; /* of current's own cgroup */
	__u64 found;
};

static long sn_try_ancestor(__u64 step, struct sn_lineage *lineage)
{
	__u64 id = bpf_get_current_ancestor_cgroup_id(lineage->level - step);

	if (!sn_policy_of(id))
		return 0;
	lineage->found = id;
	return 1;
}

__u64 sn_current_tenant(int level)
{
	struct sn_lineage lineage = { .level = level };

	bpf_loop(lineage.level + 1, sn_try_ancestor, &lineage, 0);
	return lineage.found;
}

struct sn_ancestors {
	struct sn_descent descent;
	bool found;
};

static long sn_compare_ancestor(__u64 level, struct sn_ancestors *ancestors)
{
	struct cgroup *ancestor = NULL;

	bpf_probe_read_kernel(&ancestor, sizeof(ancestor),
			      (void *)(ancestors->descent.cgroup +
				       bpf_core_field_offset(struct cgroup, ancestors) +
				       level * sizeof(ancestor)));
	ancestors->found = BPF_CORE_READ(ancestor, kn, id) == ancestors->descent.ancestor_id;
	return ancestors->found;
}

int sn_descends(const struct sn_descent *descent)
{
	struct sn_ancestors ancestors = {};
	struct cgroup *cgroup;

	if (!descent || !descent->cgroup)
		return false;
	ancestors.descent = *descent;
	cgroup = (struct cgroup *)ancestors.descent.cgroup;
	bpf_loop(BPF_CORE_READ(cgroup, level) + 1, sn_compare_ancestor, &ancestors, 0);
	return ancestors.found;
}

/*
 * Run by the self-test of safenode-load, in a process below the parent that has no policy: do these
 * programs, and not only those that they replace, refuse it?
 */
SEC("iter/cgroup")
int sn_try_confined(struct bpf_iter__cgroup *ctx)
{
	const struct sn_policy *pol = sn_is_unconfined() ? NULL : sn_current_policy();

	sn_is_refused = pol && !pol->safe_mode;
	return 0;
}

/* As sn_is_below(), for an address; @own is one as well. */
static __always_inline bool sn_address_is_below(__u64 dentry, __u64 own)
{
	if (!own || dentry == own)
		return false;
	if (!bpf_rdonly_cast)
		return sn_address_is_inside(dentry, own);
	return sn_is_below(SN_CAST(dentry, struct dentry), own);
}

int sn_address_is_at_home(__u64 dentry)
{
	return sn_address_is_below(dentry, sn_home());
}

int sn_alias_is_at_home(__u64 inode)
{
	__u64 dentry = (__u64)BPF_CORE_READ((struct inode *)inode, i_dentry.first), own = sn_home();

	if (!own || !dentry)
		return false;
	dentry -= sn_dentry_alias_offset();
	return (__u64)BPF_CORE_READ((struct dentry *)dentry, d_inode) == inode &&
	       (dentry == own || sn_address_is_below(dentry, own));
}
