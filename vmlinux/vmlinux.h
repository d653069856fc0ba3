/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel types that the programs touch, and of each only the members they read. CO-RE finds
 * the offsets in the running kernel's BTF when the object is loaded, so this page is the same for
 * every kernel and architecture. A type whose name ends in ___something is a variant: the same
 * kernel type as other versions have it.
 */
#ifndef SAFENODE_VMLINUX_H
#define SAFENODE_VMLINUX_H

typedef signed char __s8;
typedef unsigned char __u8;
typedef short __s16;
typedef unsigned short __u16;
typedef int __s32;
typedef unsigned int __u32;
typedef long long __s64;
typedef unsigned long long __u64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u64 __be64;
typedef __u32 __wsum;
typedef _Bool bool;

#define NULL ((void *)0)
#define true 1
#define false 0

/* include/uapi/linux/bpf.h */
enum bpf_map_type {
	BPF_MAP_TYPE_HASH = 1,
	BPF_MAP_TYPE_ARRAY = 2,
	BPF_MAP_TYPE_RINGBUF = 27,
};
enum { BPF_F_NO_PREALLOC = 1 };
struct bpf_spin_lock {
	__u32 val;
};
enum { BPF_RB_NO_WAKEUP = 1 };

struct __sk_buff {
	__u32 len;
	__u32 pkt_type;
	__u32 mark;
	__u32 queue_mapping;
	__u32 protocol;
	__u32 vlan_present;
	__u32 vlan_tci;
	__u32 vlan_proto;
	__u32 priority;
	__u32 ingress_ifindex;
	__u32 ifindex;
	__u32 tc_index;
	__u32 cb[5];
	__u32 hash;
	__u32 tc_classid;
	__u32 data;
	__u32 data_end;
	__u32 napi_id;
	__u32 family;
	__u32 remote_ip4;
	__u32 local_ip4;
	__u32 remote_ip6[4];
	__u32 local_ip6[4];
	__u32 remote_port;
	__u32 local_port;
	__u32 data_meta;
	struct bpf_flow_keys *flow_keys;
	__u64 tstamp;
	__u32 wire_len;
	__u32 gso_segs;
	struct bpf_sock *sk;
};
struct bpf_sock {
	__u32 bound_dev_if;
	__u32 family;
	__u32 type;
	__u32 protocol;
	__u32 mark;
	__u32 priority;
	__u32 src_ip4;
	__u32 src_ip6[4];
	__u32 src_port;
	__be16 dst_port;
	__u16 pad;
	__be32 dst_ip4;
	__be32 dst_ip6[4];
};

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct list_head {
	struct list_head *next;
};
struct hlist_node {
	struct hlist_node *next, **pprev;
};
struct hlist_head {
	struct hlist_node *first;
};

/* files */
struct super_block {
	__u32 s_dev;
	unsigned long s_magic;
	struct dentry *s_root;
};
typedef struct {
	__u32 val;
} kuid_t;
struct inode {
	unsigned short i_mode;
	kuid_t i_uid;
	struct super_block *i_sb;
	unsigned long i_ino;
	__u32 i_nlink;
	__u32 i_rdev;
	__u32 i_generation;
	struct hlist_head i_dentry;
};
struct qstr {
	__u32 len;
	const unsigned char *name;
};
struct dentry {
	struct dentry *d_parent;
	struct qstr d_name;
	struct inode *d_inode;
	struct super_block *d_sb;
	union {
		struct hlist_node d_alias;
	} d_u;
};
struct dentry___alias_outside { /* 7.3: d_alias left the union d_u */
	struct hlist_node d_alias;
};
struct vfsmount {
	struct dentry *mnt_root;
};
struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
};
struct file {
	void *private_data;
	unsigned int f_mode;
	unsigned int f_flags;
	struct inode *f_inode;
	struct path f_path;
};
struct iattr {
	unsigned int ia_valid;
	unsigned short ia_mode;
};
struct vm_area_struct {
	unsigned long vm_flags;
	struct file *vm_file;
};
struct proc_inode {
	struct pid *pid;
	struct inode vfs_inode;
};

/* tasks */
struct kernfs_node {
	__u64 id;
};
struct bpf_prog_aux {
	__u32 id;
};
struct bpf_prog {
	struct bpf_prog_aux *aux;
};
struct bpf_prog_array_item {
	struct bpf_prog *prog;
};
struct callback_head {
	struct callback_head *next;
};
struct bpf_prog_array {
	struct callback_head rcu;
	struct bpf_prog_array_item items[]; /* up to one without a program */
};
/* Its value is the kernel's, found by CO-RE; only the name counts here. */
enum cgroup_bpf_attach_type {
	CGROUP_INET_EGRESS = 1,
};
struct cgroup_bpf {
	struct bpf_prog_array
		*effective[2]; /* ingress, egress, and more that matter to nobody here */
};
struct cgroup {
	struct cgroup_bpf bpf;
	int level;
	struct kernfs_node *kn;
	struct cgroup *ancestors[]; /* by level, itself the last */
};
struct css_set {
	struct cgroup *dfl_cgrp;
};
struct mm_struct {
	struct file *exe_file;
};
struct fs_struct {
	struct path root;
	struct path pwd;
};
struct filename {
	const char *name;
};
struct nameidata {
	struct path path;
	struct filename *name;
};
struct tty_struct {
	struct {
		struct pid *pgrp;
	} ctrl;
};
struct signal_struct {
	struct pid *pids[4];
	struct tty_struct *tty;
};
typedef struct {
	__u64 val;
} kernel_cap_t; /* before 6.3 an array of two words, which are in the same order here */
struct cred {
	kernel_cap_t cap_permitted;
	kernel_cap_t cap_effective;
};
struct task_struct {
	unsigned int flags;
	int pid;
	int tgid;
	struct mm_struct *mm;
	struct task_struct *group_leader;
	struct pid *thread_pid;
	struct css_set *cgroups;
	struct fs_struct *fs;
	struct nameidata *nameidata;
	struct signal_struct *signal;
	const struct cred *real_cred;
	const struct cred *cred;
};
struct bpf_iter__cgroup {
	struct cgroup *cgroup;
};
struct pt_regs { /* x86 */
	unsigned long bx;
	unsigned long orig_ax;
};
struct pt_regs___on_arm64 {
	int syscallno;
};
struct linux_binprm {
	struct file *file;
};

/* network */
struct sock_common {
	unsigned short skc_family;
	unsigned char skc_reuse : 4;
	unsigned char skc_reuseport : 1;
	unsigned short skc_num;
};
struct sock_cgroup_data {
	struct cgroup *cgroup;
};
struct sock {
	struct sock_common __sk_common;
	unsigned char sk_userlocks : 4; /* a byte of its own in later kernels */
	unsigned short sk_protocol;
	struct sock_cgroup_data sk_cgrp_data;
};
struct tcp_sock {
	__u32 snd_una;
	__u32 packets_out;
	__u64 tcp_wstamp_ns;
};
struct socket {
	short type;
	struct sock *sk;
};
struct msghdr {
	void *msg_name;
	int msg_namelen;
	unsigned long msg_controllen;
};
struct sk_buff {
	unsigned int len;
	unsigned char *data;
};

#pragma clang attribute pop

/* Passed by the hooks, never looked into. */
struct kernel_siginfo;
struct mnt_idmap;
struct sockaddr;
struct user_namespace;

#endif
