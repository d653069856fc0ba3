// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kernel interfaces that no tenant needs, and that would each be a way around the other hooks.
 * Hooks and why each:
 *  bpf			safenode's own programs and maps
 *  perf_event_open	other processes' execution
 *  userns_create	a new user namespace has all capabilities
 *  inode_init_security_anon
 *			io_uring (I/O from kernel threads), userfaultfd (suspends the kernel in the
 *			middle of a system call)
 *  sb_mount		a mount changes what the policy's directories are; for other changes of
 *			mounts the kernel asks capable() first, which is refused
 *  quotactl		how much of the machine's disks is used, and by which user
 *  key_alloc, key_permission
 *			keyrings outlive the tenant and are shared by user id
 *  ipc_permission, shm_alloc_security, sem_alloc_security, msg_queue_alloc_security
 *			System V IPC is shared by the whole machine
 *  shm_shmctl, sem_semctl, msg_queue_msgctl
 *			the owner may remove and lock, and anyone may count, without ipc_permission
 *  kernel_module_request
 *			a system call can make the kernel load a module
 *  syslog		the kernel's log, if dmesg_restrict is off
 */
#include "hook.bpf.h"

SN_HOOK(bpf, int cmd)
{
	return sn_never(SN_OP_GUARD_BPF, cmd);
}

SN_HOOK_NEVER(perf_event_open, SN_OP_GUARD_PERF)
SN_HOOK_NEVER(userns_create, SN_OP_GUARD_USERNS)

/* Newer kernels ask for a memfd as well. That is granted: it cannot be mapped executable. */
SN_HOOK(inode_init_security_anon, struct inode *inode, const struct qstr *name)
{
	const struct sn_policy *pol = sn_current_policy();
	struct sn_ask ask;
	char start[8] = {};

	if (!pol)
		return 0;
	ask = (struct sn_ask){ .op = SN_OP_GUARD_ANON, .why = SN_NEVER };
	bpf_probe_read_kernel_str(start, sizeof(start), BPF_CORE_READ(name, name));
	if (start[1] == 'm' && start[2] == 'e' && start[3] == 'm' && start[4] == 'f')
		ask.why = SN_ALLOWED;
	if (start[1] == 'i' && start[2] == 'o') /* io_uring: libuv tries it in every loop */
		ask.known = SN_KNOWN_IO_URING;
	return sn_finish(pol, &ask);
}

SN_HOOK_NEVER(sb_mount, SN_OP_GUARD_MOUNT)

SN_HOOK(quotactl, int cmd)
{
	return sn_never(SN_OP_GUARD_QUOTA, cmd);
}

SN_HOOK_NEVER(key_alloc, SN_OP_GUARD_KEY)
SN_HOOK_NEVER(key_permission, SN_OP_GUARD_KEY)
SN_HOOK_NEVER(ipc_permission, SN_OP_GUARD_IPC)
SN_HOOK_NEVER(shm_alloc_security, SN_OP_GUARD_IPC)
SN_HOOK_NEVER(sem_alloc_security, SN_OP_GUARD_IPC)
SN_HOOK_NEVER(msg_queue_alloc_security, SN_OP_GUARD_IPC)

/* The first argument of these is NULL if the question is about all, as with IPC_INFO. */
SN_HOOK_NEVER(shm_shmctl, SN_OP_GUARD_IPC)
SN_HOOK_NEVER(sem_semctl, SN_OP_GUARD_IPC)
SN_HOOK_NEVER(msg_queue_msgctl, SN_OP_GUARD_IPC)
SN_HOOK_NEVER(kernel_module_request, SN_OP_GUARD_MODULE)

SN_HOOK(syslog, int type)
{
	return sn_never(SN_OP_GUARD_SYSLOG, type);
}
