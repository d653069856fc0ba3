/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From a dentry to what the tenant may do with it. The place of a file is that of its dentry: the
 * walk climbs d_parent and compares directories by inode, never by path. It does not cross mounts,
 * so what is mounted inside a tenant's directory is refused.
 *
 * The walk needs no lock. These programs run in an RCU read-side critical section, so no dentry is
 * freed under them. And a tenant cannot move a foreign file below its own directory: rename and
 * link check both ends, and every ancestor of a foreign file is foreign.
 */
#ifndef SAFENODE_WALK_BPF_H
#define SAFENODE_WALK_BPF_H

#include "hook.bpf.h"

#define SN_WALK_UP   8	/* directories above the tenant's that are known without looking at rules */
#define SN_PROC_WALK 8	/* the deepest file of a process is /proc/N/task/N/fdinfo/N */
#define SN_ALIASES   16 /* hard links of one file that access(2) looks at */

/* include/uapi/linux/magic.h */
enum {
	SN_PROC_SUPER_MAGIC = 0x9fa0,
	SN_TMPFS_MAGIC = 0x01021994,
	SN_RAMFS_MAGIC = 0x858458f6,
	SN_PIPEFS_MAGIC = 0x50495045,
	SN_SOCKFS_MAGIC = 0x534f434b,
	SN_ANON_INODE_FS_MAGIC = 0x09041934,
};

/* What a decision needs to know of an inode, read through helpers. */
struct sn_facts {
	__u64 inode; /* its address */
	__u64 ino;
	__u32 dev;
	__u32 generation;
	__u32 mode;
	__u32 rdev;
	__u64 magic;
};

static __always_inline struct sn_facts sn_facts_of(struct inode *inode)
{
	struct super_block *sb = BPF_CORE_READ(inode, i_sb);

	return (struct sn_facts){
		.inode = (__u64)inode,
		.ino = BPF_CORE_READ(inode, i_ino),
		.dev = BPF_CORE_READ(sb, s_dev),
		.generation = BPF_CORE_READ(inode, i_generation),
		.mode = BPF_CORE_READ(inode, i_mode),
		.rdev = BPF_CORE_READ(inode, i_rdev),
		.magic = BPF_CORE_READ(sb, s_magic),
	};
}

/* Only what identifies a directory. */
static __always_inline struct sn_facts sn_identity_of(struct inode *inode)
{
	return (struct sn_facts){
		.inode = (__u64)inode,
		.ino = BPF_CORE_READ(inode, i_ino),
		.dev = BPF_CORE_READ(inode, i_sb, s_dev),
		.generation = BPF_CORE_READ(inode, i_generation),
	};
}

static __always_inline bool sn_facts_are_dir(const struct sn_policy *pol, const struct sn_facts *f)
{
	return pol->safe_mode && f->ino == pol->dir.ino && f->dev == pol->dir.dev &&
	       sn_generation_matches(pol->dir.generation, f->generation);
}

static __always_inline struct dentry *sn_working_directory(void)
{
	return bpf_get_current_task_btf()->fs->pwd.dentry;
}

/* @dentry as an address if it is that of the directory @dir; 0 if it is not. */
static __always_inline __u64 sn_address_if(struct dentry *dentry, const struct sn_inode *dir)
{
	struct inode *inode = dentry->d_inode;

	if (inode->i_ino != dir->ino || inode->i_sb->s_dev != dir->dev ||
	    !sn_generation_matches(dir->generation, inode->i_generation))
		return 0;
	return (__u64)dentry;
}

/*
 * The address of the dentry of the tenant's directory @dir; 0 if it is not known. It is that of the
 * working directory, which safenode-attach has set and chdir(2) does not change. A directory has
 * one dentry, so walks compare addresses, and the inode is identified only here.
 */
static __always_inline __u64 sn_own_directory(const struct sn_inode *dir)
{
	return sn_address_if(sn_working_directory(), dir);
}

/*
 * The address of the home's dentry of current, which is confined: everything below is its own. 0 if
 * it has none in "homes": then only the policy tells. The working directory is loaded before the
 * look-up: what comes after it the verifier checks once for each of its four ways, and for a
 * pointer that is loaded from current it searches all types of the kernel
 * (btf_find_by_name_kind()).
 */
static __always_inline __u64 sn_home(void)
{
	struct dentry *dentry = sn_working_directory();
	const struct sn_inode *dir = sn_find_home(sn_current_cgroup());

	return dir ? sn_address_if(dentry, dir) : 0;
}

/* Is @dentry below @own? Its inode is not looked at, for it may be negative. */
static __always_inline bool sn_is_below(struct dentry *dentry, __u64 own)
{
	_Static_assert(SN_WALK_FAST % 4 == 0, "four at a time");
	for (int i = 0; own && i < SN_WALK_FAST / 4; i++) {
		struct dentry *from = dentry;

#pragma unroll
		for (int j = 0; j < 4; j++) {
			dentry = dentry->d_parent;
			if ((__u64)dentry == own)
				return true;
		}
		if (dentry == from) /* the root is its own parent */
			return false;
	}
	return false;
}

static __always_inline bool sn_is_device(__u32 mode)
{
	return (mode & SN_S_IFMT) == SN_S_IFCHR || (mode & SN_S_IFMT) == SN_S_IFBLK;
}

struct sn_ascent {
	__u64 dentry;
	__u64 own;
	bool arrived;
};

static long sn_ascent_step(__u64 step, struct sn_ascent *a)
{
	struct dentry *d = (struct dentry *)a->dentry;
	__u64 parent;

	if (a->dentry == a->own) {
		a->arrived = true;
		return 1;
	}
	parent = (__u64)BPF_CORE_READ(d, d_parent);
	if (parent == a->dentry)
		return 1;
	a->dentry = parent;
	return 0;
}

/* Is it @own or below, at any depth? For a dentry of which only the address is known. */
static __always_inline bool sn_address_is_inside(__u64 dentry, __u64 own)
{
	struct sn_ascent a = { .dentry = dentry, .own = own };

	if (own)
		bpf_loop(SN_WALK_MAX, sn_ascent_step, &a, 0);
	return a.arrived;
}

/*
 * May the kernel's path walk search the directory @inode, because it is @own, or inside, or on the
 * way to it, as current's root always is? False also if the rules have to tell. The dentry is taken
 * from the walk's state, if it is one of @inode.
 */
static __always_inline bool sn_walk_is_at_home(struct inode *inode, __u64 own)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct dentry *at = task->nameidata->path.dentry, *up;
	struct fs_struct *fs = task->fs;
	__u64 top;

	if (!own || at->d_inode != inode)
		return false;
	if ((__u64)at == own || (__u64)at == (__u64)fs->root.dentry || sn_is_below(at, own))
		return true;
	up = fs->pwd.dentry;
	top = (__u64)fs->pwd.mnt->mnt_root;
	for (int i = 0; i < SN_WALK_UP; i++) {
		if ((__u64)up == top) /* above is another mount */
			return false;
		up = up->d_parent;
		if (up == at)
			return true;
	}
	return false;
}

/*
 * A ramfs numbers its inodes by a counter of 32 bits that all pipes and sockets share. So a number
 * tells nothing, but a file system has one root. Another type of file system may have got the
 * number of a ramfs that was unmounted.
 */
static __always_inline bool sn_is_ramfs_root(struct inode *inode)
{
	struct super_block *sb = BPF_CORE_READ(inode, i_sb);

	return BPF_CORE_READ(sb, s_magic) == SN_RAMFS_MAGIC &&
	       BPF_CORE_READ(sb, s_root, d_inode) == inode;
}

/* Is the inode with these facts that of a rule with generation @known, and not a later one? */
static __always_inline bool sn_is_the_same(__u64 known, const struct sn_facts *f)
{
	if (known == SN_RAMFS_ROOT)
		return sn_is_ramfs_root((struct inode *)f->inode);
	return sn_generation_matches(known, f->generation);
}

static __always_inline struct sn_rule *sn_directory_rule(__u64 scope, const struct sn_facts *f)
{
	struct sn_directory_key key = { .scope = scope, .ino = f->ino, .dev = f->dev };
	struct sn_rule *rule = bpf_map_lookup_elem(&directories, &key);

	return rule && sn_is_the_same(rule->generation, f) ? rule : NULL;
}

/*
 * What the rules grant on a directory itself (@below false) or on all below it. If the tenant's own
 * rules grant @need, the baseline is not looked at.
 */
static __always_inline __u32 sn_directory_access(const struct sn_policy *pol,
						 const struct sn_facts *f, bool below, __u32 need)
{
	struct sn_rule *rule = sn_directory_rule(pol->scope, f);
	__u32 access = 0;

	if (rule)
		access = below ? rule->below : rule->access;
	if ((access & need) == need)
		return access;
	rule = sn_directory_rule(pol->baseline, f);
	if (rule)
		access |= below ? rule->below : rule->access;
	return access;
}

/* May the path walk search the directory @inode because a rule names this very directory? */
static __always_inline bool sn_search_is_listed(const struct sn_policy *pol, struct inode *inode)
{
	struct sn_facts f = {
		.inode = (__u64)inode,
		.ino = inode->i_ino,
		.dev = inode->i_sb->s_dev,
		.generation = inode->i_generation,
	};

	return pol->safe_mode && !pol->audit &&
	       sn_directory_access(pol, &f, false, SN_MAY_SEARCH) & SN_MAY_SEARCH;
}

static __noinline __u32 sn_access_by_name(const struct sn_policy *pol, __u64 dentry)
{
	struct dentry *d = (struct dentry *)dentry;
	struct sn_facts f = sn_facts_of(BPF_CORE_READ(d, d_parent, d_inode));
	struct sn_name_key key = { .directory = { .ino = f.ino, .dev = f.dev } };
	__u32 access = 0;

	if (BPF_CORE_READ(d, d_name.len) >= SN_NAME_MAX)
		return 0;
	if (bpf_probe_read_kernel_str(key.name, sizeof(key.name), BPF_CORE_READ(d, d_name.name)) <=
	    0)
		return 0;
	for (int i = 0; i < 2; i++) {
		struct sn_rule *rule;

		key.directory.scope = i ? pol->scope : pol->baseline;
		rule = bpf_map_lookup_elem(&names, &key);
		if (rule && sn_is_the_same(rule->generation, &f))
			access |= rule->access;
	}
	return access;
}

struct sn_climb {
	const struct sn_policy *pol;
	__u64 dentry;		   /* in the end the root of its file system */
	__u64 steps[SN_STEPS_MAX]; /* the uppermost dentries below that on the way; then 0 */
	__u32 need;
	__u32 access;
};

static __always_inline void sn_climb_to(struct sn_climb *climb, __u64 parent)
{
	_Static_assert(SN_STEPS_MAX == 4, "all are moved");
	climb->steps[3] = climb->steps[2];
	climb->steps[2] = climb->steps[1];
	climb->steps[1] = climb->steps[0];
	climb->steps[0] = climb->dentry;
	climb->dentry = parent;
}

static __always_inline __u64 sn_next_step(struct sn_climb *climb)
{
	__u64 dentry = climb->steps[0];

	climb->steps[0] = climb->steps[1];
	climb->steps[1] = climb->steps[2];
	climb->steps[2] = climb->steps[3];
	climb->steps[3] = 0;
	return dentry;
}

/* One step upwards: what do the rules grant on everything below this directory? */
static long sn_climb_step(__u64 step, struct sn_climb *climb)
{
	struct dentry *d = (struct dentry *)climb->dentry;
	__u64 parent = (__u64)BPF_CORE_READ(d, d_parent);
	struct sn_facts f;

	if (parent == climb->dentry || !parent)
		return 1;
	d = (struct dentry *)parent;
	f = sn_identity_of(BPF_CORE_READ(d, d_inode));
	if (sn_facts_are_dir(climb->pol, &f))
		climb->access |= SN_MAY_ALL;
	climb->access |= sn_directory_access(climb->pol, &f, true, climb->need);
	sn_climb_to(climb, parent);
	return (climb->access & climb->need) == climb->need;
}

/* Beside climb->access: what the rules grant on a dentry because of the directories above it. */
static __noinline __u32 sn_access_from_above(struct sn_climb *climb)
{
	bpf_loop(SN_WALK_MAX, sn_climb_step, climb, 0);
	return climb->access;
}

/*
 * What the baseline grants by the names of all directories from the root of the file system on, of
 * which only that root is known by inode: what comes or is made anew while the tenant runs. For
 * each step there is a rule, so that a foreign path ends at its first or second. @climb has reached
 * that root.
 */
static __noinline __u32 sn_access_by_steps(struct sn_climb *climb, __u64 dentry)
{
	struct dentry *root = (struct dentry *)climb->dentry;
	struct inode *dir = BPF_CORE_READ(root, d_inode);
	struct sn_name_key key = { .directory = { .scope = climb->pol->baseline,
						  .ino = BPF_CORE_READ(dir, i_ino),
						  .dev = BPF_CORE_READ(dir, i_sb, s_dev) } };
	__u32 generation = BPF_CORE_READ(dir, i_generation), access = 0, used = 0, owner = 0;

	for (int i = 0; i < SN_STEPS_MAX && used <= SN_NAME_MAX - (SN_STEP_MAX + 1); i++) {
		struct dentry *d = (struct dentry *)sn_next_step(climb);
		__u32 user = BPF_CORE_READ(dir, i_uid.val);
		struct sn_rule *rule;
		long got;

		if (!d || !sn_decide_step(BPF_CORE_READ(dir, i_mode), user, owner))
			break;
		got = bpf_probe_read_kernel_str(key.name + used, SN_STEP_MAX + 1,
						BPF_CORE_READ(d, d_name.name));
		if (got <= 0 || got > SN_STEP_MAX)
			break;
		rule = bpf_map_lookup_elem(&names, &key);
		if (!rule || !sn_generation_matches(rule->generation, generation))
			break;
		dir = BPF_CORE_READ(d, d_inode);
		if ((__u64)d == dentry)
			return access |
			       sn_last_step_access(rule->access, BPF_CORE_READ(dir, i_mode),
						   BPF_CORE_READ(dir, i_uid.val), user,
						   BPF_CORE_READ(dir, i_nlink));
		if (sn_decide_step(BPF_CORE_READ(dir, i_mode), BPF_CORE_READ(dir, i_uid.val), 0))
			access |= rule->below;
		owner = rule->owner;
		used += got;
		key.name[(used - 1) & (SN_NAME_MAX - 1)] = '/';
	}
	return access;
}

/*
 * A process's own /proc/<pid> is readable and never writable, except for mem and for net, which
 * lists the connections of the whole host. It is recognized by the thread group leader's struct
 * pid, which the directory's inode refers to, whatever the pid namespace.
 */
static __always_inline __u32 sn_proc_access(__u64 dentry)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u64 own = (__u64)BPF_CORE_READ(task, group_leader, thread_pid);
	__u64 inode = 0;
	char name[4] = {};

	for (int i = 0; i < SN_PROC_WALK; i++) {
		struct dentry *d = (struct dentry *)dentry;
		__u64 parent = (__u64)BPF_CORE_READ(d, d_parent);

		if (parent == dentry || !parent)
			break;
		inode = (__u64)BPF_CORE_READ(d, d_inode);
		bpf_probe_read_kernel(name, sizeof(name), BPF_CORE_READ(d, d_name.name));
		if (name[0] == 'm' && name[1] == 'e' && name[2] == 'm' && !name[3])
			return 0;
		if (name[0] == 'n' && name[1] == 'e' && name[2] == 't' && !name[3])
			return 0;
		dentry = parent;
	}
	if (!inode || !own)
		return 0;
	inode -= bpf_core_field_offset(struct proc_inode, vfs_inode);
	if ((__u64)BPF_CORE_READ((struct proc_inode *)inode, pid) != own)
		return 0;
	return SN_MAY_LOOK;
}

/*
 * A memfd or other memory without a name: of the files of tmpfs, only these have no directory
 * (alloc_file_pseudo() in fs/file_table.c).
 */
static __always_inline bool sn_is_memfd(__u64 dentry)
{
	struct dentry *d = (struct dentry *)dentry;
	struct inode *inode = BPF_CORE_READ(d, d_inode);

	return (__u64)BPF_CORE_READ(d, d_parent) == dentry &&
	       (BPF_CORE_READ(inode, i_mode) & SN_S_IFMT) == SN_S_IFREG &&
	       BPF_CORE_READ(inode, i_sb, s_magic) == SN_TMPFS_MAGIC;
}

/* Beside enum sn_access. */
enum {
	SN_SETTLED = 1 << 8, /* nothing else counts */
	SN_IS_DIRECTORY = 1 << 9,
};

/* What the rules grant on the inode of a positive dentry, or what it is. */
static __noinline __u32 sn_access_itself(const struct sn_policy *pol, __u64 dentry, __u32 need)
{
	struct inode *inode = BPF_CORE_READ((struct dentry *)dentry, d_inode);
	__u32 type = BPF_CORE_READ(inode, i_mode) & SN_S_IFMT, access;
	bool device = sn_is_device(type);
	struct sn_facts f;

	if (!pol->safe_mode || !type)
		return SN_SETTLED;
	if (!device && sn_address_is_inside(dentry, sn_own_directory(&pol->dir)))
		return SN_SETTLED | SN_MAY_ALL;
	f = sn_facts_of(inode);
	access = sn_directory_access(pol, &f, false, need);
	if (device)
		return SN_SETTLED | access | sn_device_access(f.mode, f.rdev);
	/* reached only through own descriptors: fstat(2), /proc/self/fd */
	if (f.magic == SN_PIPEFS_MAGIC || f.magic == SN_SOCKFS_MAGIC ||
	    f.magic == SN_ANON_INODE_FS_MAGIC)
		return SN_SETTLED | access | SN_MAY_STAT | SN_MAY_READ | SN_MAY_WRITE;
	if (sn_facts_are_dir(pol, &f))
		return SN_SETTLED | SN_MAY_ALL;
	if (f.magic == SN_PROC_SUPER_MAGIC)
		access |= sn_proc_access(dentry);
	/* not to be opened again: one handed over for reading would become writable */
	if (sn_is_memfd(dentry))
		return SN_SETTLED | access | SN_MAY_STAT;
	return type == SN_S_IFDIR ? SN_IS_DIRECTORY | access : access;
}

/* What is asked of the rules. */
struct sn_look {
	__u64 dentry; /* address of a positive dentry */
	__u64 need;   /* sum of enum sn_access */
};

/*
 * What the rules, or special file systems, grant. Stops looking as soon as what is needed is
 * granted. Each look is a function of its own: their keys take much of the 512 bytes of stack that
 * nested calls share.
 */
SN_GLOBAL int sn_look_at_rules(const struct sn_policy *pol, const struct sn_look *look)
{
	struct sn_climb climb = { .pol = pol };
	__u64 dentry;
	__u32 access, need;

	if (!pol || !look)
		return 0;
	climb.dentry = dentry = look->dentry;
	climb.need = need = look->need;
	access = sn_access_itself(pol, dentry, need);
	if (!(access & (SN_SETTLED | SN_IS_DIRECTORY)) && (access & need) != need)
		access |= sn_access_by_name(pol, dentry);
	climb.access = access;
	if (!(access & SN_SETTLED) && (access & need) != need)
		access = sn_access_from_above(&climb);
	if (access & SN_HAS_STEPS && (access & need) != need)
		access |= sn_access_by_steps(&climb, dentry);
	return access & ~(SN_SETTLED | SN_IS_DIRECTORY | SN_HAS_STEPS);
}

static __always_inline __u32 sn_access_by_rules(const struct sn_policy *pol, __u64 dentry,
						__u32 need)
{
	struct sn_look look = { .dentry = dentry, .need = need };

	return sn_look_at_rules(pol, &look);
}

struct sn_aliases {
	const struct sn_policy *pol;
	__u64 inode;
	__u64 node; /* address of the next dentry's d_alias */
	__u32 need;
	__u32 access;
};

/* Is @node on a list? What points to it does; in a dentry that has left, d_rcu is in its place. */
static __always_inline bool sn_is_on_list(struct hlist_node *node)
{
	__u64 first = 0;

	bpf_probe_read_kernel(&first, sizeof(first), BPF_CORE_READ(node, pprev));
	return first == (__u64)node;
}

/*
 * Dentries join and leave the list during this step. One that joins is on it before it has its
 * inode (__d_instantiate() in fs/dcache.c), one that leaves loses its inode first
 * (dentry_unlink_inode()): both grant nothing, but as long as it is on the list its next counts.
 * After that the list is read from the beginning.
 */
static long sn_alias_step(__u64 step, struct sn_aliases *a)
{
	struct inode *inode = (struct inode *)a->inode;
	struct hlist_node *node = (struct hlist_node *)a->node;
	__u64 dentry = a->node - sn_dentry_alias_offset(), next;

	if (!node)
		return 1;
	if ((__u64)BPF_CORE_READ((struct dentry *)dentry, d_inode) == a->inode)
		a->access |= sn_access_by_rules(a->pol, dentry, a->need);
	next = (__u64)BPF_CORE_READ(node, next);
	if (!sn_is_on_list(node))
		next = (__u64)BPF_CORE_READ(inode, i_dentry.first);
	a->node = next;
	return (a->access & a->need) == a->need;
}

/*
 * What may the tenant do with @inode, for a hook that has no dentry? A directory has one alias. A
 * file has one for each hard link in use; it is enough if one of them is granted, for all of them
 * tell the same about the file.
 */
static __always_inline __u32 sn_access_to_inode(const struct sn_policy *pol, struct inode *inode,
						__u32 need)
{
	struct sn_aliases a = { .pol = pol, .inode = (__u64)inode, .need = need };

	a.node = (__u64)BPF_CORE_READ(inode, i_dentry.first);
	bpf_loop(SN_ALIASES, sn_alias_step, &a, 0);
	return a.access;
}

#endif
