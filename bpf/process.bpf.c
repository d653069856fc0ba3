// SPDX-License-Identifier: GPL-2.0-only
/*
 * Processes and credentials. Hooks and why each:
 *  task_alloc		fork, vfork, clone, clone3: threads only
 *  bprm_check_security	exec: once, by the launcher, of the one program
 *  task_kill		signals, including signal 0
 *  task_fix_setuid, task_fix_setgid, capset
 *			other identities; setgroups(2) asks capable() first
 *  capable		a tenant that runs as root owns root's files, but has no capabilities
 *  ptrace_access_check, ptrace_traceme
 *			other processes' memory and descriptors; being traced by a parent
 *  task_setnice, task_setscheduler, task_getscheduler, task_setioprio, task_getioprio,
 *  task_prlimit
 *			other processes' resources; move_pages(2) asks ptrace_access_check
 *  task_setrlimit	its own limit of core files: with what safenode-attach sets, no helper is
 *			started outside when it dumps core
 *  task_prctl		a core-scheduling cookie, which keeps other processes off a CPU
 *  capget		other processes' capabilities
 *  task_setpgid		another group of its session, which the kernel would
 *			stop for what it does to the terminal
 *  task_getpgid, task_getsid
 *			other processes' groups
 */
#include "walk.bpf.h"

SN_HOOK(task_alloc, struct task_struct *task, unsigned long flags)
{
	const struct sn_policy *pol = sn_current_policy();
	struct sn_ask ask;

	if (!pol)
		return 0;
	ask = (struct sn_ask){ .op = SN_OP_TASK_FORK, .number = flags };
	ask.why = sn_decide_clone(flags);
	return sn_finish(pol, &ask);
}

/*
 * Is current still the process image of safenode-attach, or one that was forked into the cgroup and
 * has not called exec yet? The tenant's command cannot become either again: task_alloc
 * refuses forks, and no exec of the launcher is granted. All threads share both properties, and a
 * failed exec changes neither. In a container the working directory is the engine's word until
 * then: it has to be the tenant's directory, for that is what keeps the latter from being another
 * one.
 */
static __always_inline bool sn_current_may_start(const struct sn_policy *pol)
{
	struct task_struct *task = bpf_get_current_task_btf();

	if (pol->runtime_init && !sn_own_directory(&pol->dir))
		return false;

	if (BPF_CORE_READ(task, group_leader, flags) & SN_PF_FORKNOEXEC)
		return true;
	return sn_current_is_launcher(pol);
}

SN_HOOK(bprm_check_security, struct linux_binprm *bprm)
{
	const struct sn_policy *pol = sn_any_policy();
	struct sn_ask ask;

	if (!pol)
		return 0;
	ask = (struct sn_ask){ .op = SN_OP_TASK_EXEC, .why = SN_NEVER };
	ask.dentry = (__u64)BPF_CORE_READ(bprm, file, f_path.dentry);
	if (sn_current_may_start(pol))
		ask.why = sn_decide_file(sn_access_by_rules(pol, ask.dentry, SN_MAY_START),
					 SN_MAY_START);
	return sn_finish(pol, &ask);
}

SN_HOOK(task_kill, struct task_struct *target, struct kernel_siginfo *info, int sig)
{
	return sn_own_task(SN_OP_TASK_KILL, target, sig);
}

SN_HOOK_NEVER(task_fix_setuid, SN_OP_TASK_SETID)
SN_HOOK_NEVER(task_fix_setgid, SN_OP_TASK_SETID)
SN_HOOK_NEVER(capset, SN_OP_TASK_CAPSET)

SN_HOOK(capable, const struct cred *cred, struct user_namespace *ns, int cap)
{
	const struct sn_policy *pol = sn_current_policy();
	struct sn_ask ask;

	if (!pol || sn_is_overlays(pol, pol->layers_dev))
		return 0;
	ask = (struct sn_ask){ .op = SN_OP_TASK_CAPABLE, .why = SN_NEVER, .number = cap };
	return sn_finish(pol, &ask);
}

SN_HOOK(ptrace_access_check, struct task_struct *child, unsigned int mode)
{
	const struct sn_policy *pol = sn_current_policy();
	struct sn_ask ask;

	if (!pol)
		return 0;
	ask = (struct sn_ask){ .op = SN_OP_TASK_PTRACE, .why = SN_NEVER, .number = mode };
	ask.target = BPF_CORE_READ(child, tgid);
	return sn_finish(pol, &ask);
}

SN_HOOK_NEVER(ptrace_traceme, SN_OP_TASK_PTRACE)
SN_HOOK_OWN_TASK(task_setnice, SN_OP_TASK_SCHED)
SN_HOOK_OWN_TASK(task_setscheduler, SN_OP_TASK_SCHED)
SN_HOOK_OWN_TASK(task_getscheduler, SN_OP_TASK_SCHED)
SN_HOOK_OWN_TASK(task_setioprio, SN_OP_TASK_SCHED)
SN_HOOK_OWN_TASK(task_getioprio, SN_OP_TASK_SCHED)

/* This hook has no task, but the threads of one process share their credentials. */
SN_HOOK(task_prlimit, const struct cred *cred, const struct cred *target)
{
	const struct sn_policy *pol = sn_current_policy();
	struct sn_ask ask;

	if (!pol)
		return 0;
	ask = (struct sn_ask){ .op = SN_OP_TASK_SCHED, .why = SN_OTHER_TASK };
	if ((__u64)cred == (__u64)target)
		ask.why = SN_ALLOWED;
	return sn_finish(pol, &ask);
}

/* For other processes the kernel has called task_prlimit before. */
SN_HOOK(task_setrlimit, struct task_struct *target, unsigned int resource)
{
	const struct sn_policy *pol = sn_current_policy();
	struct sn_ask ask;

	if (!pol)
		return 0;
	ask = (struct sn_ask){ .op = SN_OP_TASK_RLIMIT, .number = resource };
	ask.why = sn_decide_limit(resource);
	return sn_finish(pol, &ask);
}

/* After 0 the kernel goes on to its own options. */
SN_HOOK(task_prctl, int option)
{
	const struct sn_policy *pol = sn_current_policy();
	struct sn_ask ask;

	if (!pol)
		return 0;
	ask = (struct sn_ask){ .op = SN_OP_TASK_PRCTL, .number = option };
	ask.why = sn_decide_prctl(option);
	return sn_finish(pol, &ask);
}

SN_HOOK_OWN_TASK(capget, SN_OP_TASK_CAPGET)
SN_HOOK_NEVER(task_setpgid, SN_OP_TASK_PGRP)
SN_HOOK_OWN_TASK(task_getpgid, SN_OP_TASK_PGRP)
SN_HOOK_OWN_TASK(task_getsid, SN_OP_TASK_PGRP)
