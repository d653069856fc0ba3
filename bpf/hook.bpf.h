/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The first and the last step of every hook: find the policy; count, report and answer.
 *
 * Three rules hold in every program of this directory:
 *  - A process whose cgroup does not have the mark, safenode's egress program, is unconfined:
 * return 0 before any policy is looked up. SN_HOOK() does so at once, unless other egress programs
 * are in force for its cgroup.
 *  - Where the mark is, refuse whatever is unclear. SN_UNKNOWN is 0, so a field that was forgotten
 *    refuses.
 *  - No decision rests on comparing a hook's pointer argument, or a pointer loaded through one,
 *    with NULL. Linux 6.12 assumes that such "trusted" pointers are never NULL, deletes the
 *    comparison (reg_not_null() in kernel/bpf/verifier.c), and the load that follows oopses the
 *    host. Where the kernel may pass NULL, sn_argument() reads the argument as a number, and
 *    BPF_CORE_READ() reads through it with a helper, which turns NULL into zero.
 */
#ifndef SAFENODE_HOOK_BPF_H
#define SAFENODE_HOOK_BPF_H

#include "vmlinux.h"
#include "maps.bpf.h"
#include "decide.h"
#include "compat.bpf.h"
#include "tenant.bpf.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include <stddef.h>

/*
 * A function that the verifier checks once for any arguments, not at each call with what is known
 * there: without, loading takes three times as long. It returns a number, takes an address as a
 * member of a struct only, and its pointers may be NULL for all the verifier knows. Weak, because
 * it is in several objects.
 */
#define SN_GLOBAL __weak __noinline

/* What a hook asks, and what it knows of the object; sn_event_begin() adds the rest. */
struct sn_ask {
	enum sn_op op;
	enum sn_why why;
	enum sn_known known;
	__u64 dentry; /* address of the file's struct dentry, or 0 */
	__s64 number; /* as in struct sn_event */
	__u32 target; /* another process's tgid, or 0 */
	__u16 family; /* AF_INET6 when address and port are set */
	__u16 port;   /* host byte order */
	struct sn_address address;
};

/* Argument @n of the hook, as a number about which the verifier assumes nothing. */
static __always_inline __u64 sn_argument(unsigned long long *ctx, int n)
{
	__u64 value = 0;

	bpf_probe_read_kernel(&value, sizeof(value), ctx + n);
	return value;
}

/* Is @cgroup, which may be any or NULL, that tenant's cgroup or below it? */
static __always_inline bool sn_is_cgroup_of(const struct sn_policy *pol, struct cgroup *cgroup)
{
	struct sn_descent descent = { .cgroup = (__u64)cgroup, .ancestor_id = pol->cgroup_id };

	return BPF_CORE_READ(cgroup, kn, id) == pol->cgroup_id || sn_descends(&descent);
}

/*
 * CGROUP_INET_EGRESS of enum cgroup_bpf_attach_type, as a constant for the fast path.
 * sn_find_parent() compares it with this kernel's.
 */
enum { SN_CGROUP_INET_EGRESS = 1 };

/* include/linux/sched.h: set by every fork, cleared by exec (begin_new_exec() in fs/exec.c). */
enum { SN_PF_FORKNOEXEC = 0x40 };

/*
 * Fast path: certainly unconfined. Every hook of every process runs this. A cgroup below the parent
 * or below a tenant's cgroup inherits safenode's egress program when it is made
 * (cgroup_bpf_inherit() in kernel/bpf/cgroup.c), and a program that is attached further down never
 * takes it away, for it was attached with BPF_F_ALLOW_MULTI. All cgroups without an egress program
 * share one empty array, so comparing its address is enough, at any depth.
 */
static __always_inline bool sn_is_unconfined(void)
{
	struct cgroup *cgroup = bpf_get_current_task_btf()->cgroups->dfl_cgrp;

	return (__u64)cgroup->bpf.effective[SN_CGROUP_INET_EGRESS] == sn_no_egress;
}

static __always_inline __u64 sn_current_cgroup(void)
{
	return bpf_get_current_task_btf()->cgroups->dfl_cgrp->kn->id;
}

/*
 * The home of the tenant with that cgroup: its directory, if "homes" has it. Such a tenant is in
 * safe mode and without audit. NULL: only the policy tells.
 */
static __always_inline const struct sn_inode *sn_find_home(__u64 cgroup_id)
{
	__u32 index = sn_homes_index(cgroup_id);
	struct sn_homes_set *set = bpf_map_lookup_elem(&homes, &index);

	_Static_assert(SN_HOMES_WAYS == 4, "all are looked at");
	if (!set || !cgroup_id) /* the id in unused entries is 0 */
		return NULL;
	if (set->home[0].cgroup_id == cgroup_id)
		return &set->home[0].dir;
	if (set->home[1].cgroup_id == cgroup_id)
		return &set->home[1].dir;
	if (set->home[2].cgroup_id == cgroup_id)
		return &set->home[2].dir;
	if (set->home[3].cgroup_id == cgroup_id)
		return &set->home[3].dir;
	return NULL;
}

/*
 * The policy in force for the tenant of that cgroup. A hook looks it up once: between two look-ups
 * it may be switched. What is found stays as it is until the program ends, but for its cgroup_id.
 */
static __always_inline const struct sn_policy *sn_policy_of(__u64 cgroup_id)
{
	const struct sn_slot *slot = bpf_map_lookup_elem(&policies, &cgroup_id);
	const struct sn_policy *pol;

	if (!slot)
		return NULL;
	pol = &slot->policy[*(const volatile __u32 *)&slot->in_force & 1];
	barrier_var(pol); /* one register, not a sum that is computed at every use */
	return *(const volatile __u64 *)&pol->cgroup_id == cgroup_id ? pol : NULL;
}

/*
 * For who has the mark and is in the cgroup @id, which is at @level: the policy of that cgroup,
 * without a climb, or the nearest above it.
 */
static __noinline const struct sn_policy *sn_marked_policy(__u64 id, int level)
{
	const struct sn_policy *pol = sn_policy_of(id);

	if (!pol)
		pol = sn_policy_of(sn_current_tenant(level));
	return pol ? pol : &sn_no_policy;
}

/*
 * The policy of current, which is not certainly unconfined; NULL: it is unconfined. Most processes
 * of a tenant are in its cgroup itself: then neither the mark nor the ancestors need a look.
 */
static __always_inline const struct sn_policy *sn_any_policy(void)
{
	__u64 id = sn_current_cgroup();
	const struct sn_policy *pol = NULL;
	int level;

	if (sn_find_home(id))
		pol = sn_policy_of(id);
	if (pol)
		return pol;
	level = sn_marked_level();
	return level < 0 ? NULL : sn_marked_policy(id, level);
}

/*
 * Does current belong to the engine of a container, and not yet to its tenant? It was forked into
 * the container's cgroup and has not called exec. No tenant can get there: its only exec is behind
 * it, and task_alloc refuses forks.
 */
static __always_inline bool sn_is_engines(const struct sn_policy *pol)
{
	struct task_struct *task = bpf_get_current_task_btf();

	return pol->runtime_init && BPF_CORE_READ(task, group_leader, flags) & SN_PF_FORKNOEXEC;
}

/* As sn_any_policy(), but NULL also for a container's engine: every hook but that of exec. */
static __always_inline const struct sn_policy *sn_current_policy(void)
{
	const struct sn_policy *pol = sn_any_policy();

	return pol && sn_is_engines(pol) ? NULL : pol;
}

/*
 * How the kernel's prototype of a hook begins, as far as its program reads arguments. Never called,
 * and so never loaded: the types of the object have it, and the loader compares it with the
 * kernel's own (user/lsmhooks.c). A hook has several, if kernels differ; the names of the others go
 * on with ___ and a word.
 */
#define SN_PROTOTYPE(hook, args...)      \
	int sn_prototype_of_##hook(args) \
	{                                \
		return 0;                \
	}

/*
 * The program on the LSM hook @hook. For an unconfined process it returns at once; the rest is a
 * function of its own, so that the program itself needs no stack and saves one register only, which
 * halves what it costs. Followed by the body of that function. Its arguments are ctx and those of
 * the hook, as many as it needs; it returns 0 or a negative errno.
 */
/* clang-format off */
#define SN_HOOK(hook, args...)       \
	SN_PROTOTYPE(hook, ##args)   \
	SN_PROGRAM(hook, ##args)

/* The same without the prototype, for a hook whose arguments are elsewhere in some kernels. */
#define SN_PROGRAM(hook, args...)                                                     \
	static __always_inline int sn_answer_##hook(unsigned long long *ctx, ##args); \
	static __noinline int sn_confined_##hook(unsigned long long *ctx)             \
	{                                                                             \
		_Pragma("GCC diagnostic push") /* as BPF_PROG() does */               \
		_Pragma("GCC diagnostic ignored \"-Wint-conversion\"")                \
		return sn_answer_##hook(___bpf_ctx_cast(args));                       \
		_Pragma("GCC diagnostic pop")                                         \
	}                                                                             \
	SEC("lsm/" #hook) int sn_##hook(unsigned long long *ctx)                      \
	{                                                                             \
		return sn_is_unconfined() ? 0 : sn_confined_##hook(ctx);              \
	}                                                                             \
	static __always_inline int sn_answer_##hook(unsigned long long *ctx, ##args)
/* clang-format on */

/*
 * Is current still the launcher, the process image of safenode-attach? Once in the cgroup, that
 * tries whether acts are refused, and starts the tenant's command.
 */
static __always_inline bool sn_current_is_launcher(const struct sn_policy *pol)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct inode *inode = BPF_CORE_READ(task, mm, exe_file, f_inode);

	return pol->safe_mode && BPF_CORE_READ(inode, i_ino) == pol->launcher.ino &&
	       BPF_CORE_READ(inode, i_sb, s_dev) == pol->launcher.dev &&
	       sn_generation_matches(pol->launcher.generation, BPF_CORE_READ(inode, i_generation));
}

enum { SN_CAP_SYS_ADMIN = 21 };

/*
 * Is a question about a file on the file system @dev overlayfs's own, and not the tenant's? For an
 * act of the tenant overlayfs works on the files of its layers, and the kernel asks about these
 * again, with the credentials of whoever mounted the overlay (ovl_override_creds() in
 * fs/overlayfs). A tenant has no CAP_SYS_ADMIN, and where the kernel lets access(2) override
 * credentials they have no more than its own. No path leads a tenant to the layers: without an
 * override each is foreign.
 */
SN_GLOBAL int sn_is_overlays(const struct sn_policy *pol, __u32 dev)
{
	struct task_struct *task = bpf_get_current_task_btf();
	const struct cred *cred = task->cred, *own = task->real_cred;
	__u64 has = 0, permitted = ~0ULL;

	if (!pol || !pol->layers_dev || dev != pol->layers_dev || (__u64)cred == (__u64)own)
		return false;
	bpf_probe_read_kernel(&has, sizeof(has), &cred->cap_effective);
	bpf_probe_read_kernel(&permitted, sizeof(permitted), &own->cap_permitted);
	return has & 1 << SN_CAP_SYS_ADMIN && !(permitted & 1 << SN_CAP_SYS_ADMIN);
}

/* The same for a dentry, by its address. */
static __always_inline bool sn_is_overlays_dentry(const struct sn_policy *pol, __u64 dentry)
{
	if (!pol->layers_dev)
		return false;
	return sn_is_overlays(pol, BPF_CORE_READ((struct dentry *)dentry, d_sb, s_dev));
}

static __always_inline void sn_put_address(__u8 *to, struct sn_address a)
{
	__builtin_memcpy(to, &(__u64){ __builtin_bswap64(a.hi) }, 8);
	__builtin_memcpy(to + 8, &(__u64){ __builtin_bswap64(a.lo) }, 8);
}

#define SN_EVENT_NAME_MAX  256 /* a name and its NUL */
#define SN_EVENT_NAMES_MAX 40

struct sn_ascending_path {
	struct sn_event *event;
	__u64 dentry;
	__u32 used;
	bool complete;
};

static long sn_put_name(__u64 step, struct sn_ascending_path *names)
{
	struct dentry *d = (struct dentry *)names->dentry;
	__u64 parent = (__u64)BPF_CORE_READ(d, d_parent);
	__u32 used = names->used;
	long got;

	if (parent == names->dentry || !parent) {
		names->complete = true;
		return 1;
	}
	if (used > SN_EVENT_PATH_MAX - SN_EVENT_NAME_MAX)
		return 1;
	got = bpf_probe_read_kernel_str(names->event->path + used, SN_EVENT_NAME_MAX,
					BPF_CORE_READ(d, d_name.name));
	if (got < 0 || got > SN_EVENT_NAME_MAX)
		return 1;
	names->used = used + got;
	names->dentry = parent;
	return 0;
}

/*
 * Writes the names from @dentry up to its file system's root into the event. bpf_loop() lets the
 * verifier look at one name instead of all, in each program anew.
 */
static __always_inline void sn_put_path(struct sn_event *ev, __u64 dentry)
{
	struct sn_ascending_path names = { .event = ev, .dentry = dentry };

	ev->dev = BPF_CORE_READ((struct dentry *)dentry, d_sb, s_dev);
	bpf_loop(SN_EVENT_NAMES_MAX, sn_put_name, &names, 0);
	ev->path_len = names.used;
	ev->path_cut = !names.complete;
}

/* Does the tenant only learn what it would be refused? Without a policy everything is refused. */
static __always_inline bool sn_is_observed(const struct sn_policy *pol)
{
	return pol->safe_mode && pol->observe;
}

/* Is one more event allowed in this second? Two CPUs may both take the last one: no harm. */
static __always_inline bool sn_within_rate(struct sn_counters *count)
{
	__u64 second = bpf_ktime_get_ns() / 1000000000;

	if (count->second != second) {
		count->second = second;
		count->sent = 0;
	}
	if (count->sent >= SN_EVENTS_RATE)
		return false;
	__sync_fetch_and_add(&count->sent, 1);
	return true;
}

/*
 * Counts a refusal (with @error 0: a grant) and begins its event, without the process. NULL if none
 * is to be sent, because of the rate or because the ring is full; both are counted.
 */
static __always_inline struct sn_event *sn_event_begin(const struct sn_policy *pol,
						       const struct sn_ask *ask, int error)
{
	__u64 id = pol->cgroup_id;
	struct sn_counters *count = bpf_map_lookup_elem(&counters, &id);
	struct sn_event *ev;

	if (!count)
		return NULL;
	if (error && ask->known)
		__sync_fetch_and_add(&count->known, 1);
	else if (error && ask->op < SN_OP_NR)
		__sync_fetch_and_add(&count->denied[ask->op], 1);
	if (!sn_within_rate(count)) {
		__sync_fetch_and_add(&count->suppressed, 1);
		return NULL;
	}
	ev = bpf_ringbuf_reserve(&events, sizeof(*ev), 0);
	if (!ev) {
		__sync_fetch_and_add(&count->lost, 1);
		return NULL;
	}
	__builtin_memset(ev, 0, offsetof(struct sn_event, path));
	ev->time_ns = bpf_ktime_get_boot_ns();
	ev->cgroup_id = id;
	__builtin_memcpy(ev->tenant, pol->tenant, sizeof(ev->tenant));
	ev->op = ask->op;
	ev->why = ask->why;
	ev->known = error ? ask->known : SN_KNOWN_NOTHING;
	if (sn_is_observed(pol))
		ev->would = error;
	else
		ev->error = error;
	ev->warm = pol->warm;
	ev->number = ask->number;
	ev->target = ask->target;
	ev->family = ask->family;
	ev->port = ask->port;
	sn_put_address(ev->addr, ask->address);
	return ev;
}

/*
 * Is it the self-test of safenode-attach? That tries whether acts are refused, or noticed, which is
 * counted apart and not worth reporting.
 */
static __always_inline bool sn_is_self_test(const struct sn_policy *pol)
{
	__u64 id = pol->cgroup_id;
	struct sn_counters *count;

	if (!sn_current_is_launcher(pol))
		return false;
	count = bpf_map_lookup_elem(&counters, &id);
	if (count)
		__sync_fetch_and_add(&count->self_test, 1);
	return true;
}

/* Counts and reports what current did. Whether that works changes no answer. */
SN_GLOBAL int sn_report(const struct sn_policy *pol, const struct sn_ask *ask, int error)
{
	__u64 task = bpf_get_current_pid_tgid();
	struct sn_event *ev;

	if (!pol || !ask || (error && sn_is_self_test(pol)))
		return 0;
	ev = sn_event_begin(pol, ask, error);
	if (!ev)
		return 0;
	bpf_get_current_comm(ev->comm, sizeof(ev->comm));
	ev->pid = task >> 32;
	ev->tid = (__u32)task;
	if (ask->dentry)
		sn_put_path(ev, ask->dentry);
	bpf_ringbuf_submit(ev, 0);
	return 0;
}

/*
 * Of a struct sn_ask, what sn_is_left() needs: what a function was given, Linux 6.1 no longer
 * knows, and sn_errno() wants the operation known.
 */
struct sn_refusal {
	__u64 dentry;
	__u32 op;
	__u32 why;
};

/*
 * Is what would be refused left to the tenant, because it is warm? Not to the launcher, whose
 * self-test wants to see the refusals.
 */
SN_GLOBAL int sn_is_left(const struct sn_policy *pol, const struct sn_refusal *refusal)
{
	struct dentry *dentry;

	if (!pol || !refusal || !pol->warm)
		return false;
	dentry = (struct dentry *)refusal->dentry;
	return sn_decide_left(refusal->op, refusal->why, BPF_CORE_READ(dentry, d_sb, s_magic)) &&
	       !sn_current_is_launcher(pol);
}

static __always_inline bool sn_leaves(const struct sn_policy *pol, const struct sn_ask *ask)
{
	struct sn_refusal refusal = { .dentry = ask->dentry, .op = ask->op, .why = ask->why };

	return sn_is_left(pol, &refusal);
}

/* The answer of a hook: 0 or a negative errno. */
static __always_inline int sn_finish(const struct sn_policy *pol, struct sn_ask *ask)
{
	int error = 0;

	if (!pol->safe_mode)
		ask->why = SN_NO_POLICY;
	if (ask->why != SN_ALLOWED && pol->warm && sn_leaves(pol, ask))
		ask->why = SN_ALLOWED;
	if (ask->why != SN_ALLOWED)
		error = sn_errno(ask->op, ask->why);
	if (!error && !pol->audit)
		return 0;
	sn_report(pol, ask, error);
	return sn_is_observed(pol) ? 0 : error;
}

/* Answers a hook whose act is never granted. */
static __always_inline int sn_never(enum sn_op op, __s64 number)
{
	const struct sn_policy *pol = sn_current_policy();
	struct sn_ask ask;

	if (!pol)
		return 0;
	ask = (struct sn_ask){ .op = op, .why = SN_NEVER, .number = number };
	return sn_finish(pol, &ask);
}

/* The whole of such a hook, where no argument is worth reporting. */
#define SN_HOOK_NEVER(hook, op)         \
	SN_HOOK(hook)                   \
	{                               \
		return sn_never(op, 0); \
	}

/* Answers a hook whose act is granted on the caller's own threads only. */
static __always_inline int sn_own_task(enum sn_op op, const struct task_struct *target,
				       __s64 number)
{
	const struct sn_policy *pol = sn_current_policy();
	struct sn_ask ask;

	if (!pol)
		return 0;
	ask = (struct sn_ask){ .op = op, .number = number };
	ask.target = BPF_CORE_READ(target, tgid);
	ask.why = sn_decide_task(ask.target, bpf_get_current_pid_tgid() >> 32);
	return sn_finish(pol, &ask);
}

/* The whole of such a hook, where the task is its first argument. */
#define SN_HOOK_OWN_TASK(hook, op)                 \
	SN_HOOK(hook, struct task_struct *target)  \
	{                                          \
		return sn_own_task(op, target, 0); \
	}

#endif
