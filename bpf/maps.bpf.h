/* SPDX-License-Identifier: GPL-2.0-only */
/* The shape of every map and load-time constant; maps.bpf.c holds their one definition. */
#ifndef SAFENODE_MAPS_BPF_H
#define SAFENODE_MAPS_BPF_H

#include "vmlinux.h"
#include "safenode_abi.h"
#include <bpf/bpf_helpers.h>

/* Hash maps are not preallocated: memory is paid per entry, not per possible entry. */
#define SN_HASH(key_type, value_type, entries)        \
	{                                             \
		__uint(type, BPF_MAP_TYPE_HASH);      \
		__uint(map_flags, BPF_F_NO_PREALLOC); \
		__uint(max_entries, entries);         \
		__type(key, key_type);                \
		__type(value, value_type);            \
	}

struct sn_policies SN_HASH(__u64, struct sn_slot, SN_TENANTS_MAX);
struct sn_all_counters SN_HASH(__u64, struct sn_counters, SN_TENANTS_MAX);
struct sn_addresses SN_HASH(struct sn_address_key, struct sn_text, SN_RULES_MAX);
struct sn_ports SN_HASH(struct sn_port_key, struct sn_text, SN_RULES_MAX);
struct sn_directories SN_HASH(struct sn_directory_key, struct sn_rule, SN_RULES_MAX);
struct sn_names SN_HASH(struct sn_name_key, struct sn_rule, SN_RULES_MAX);
struct sn_lists SN_HASH(struct sn_list_key, struct sn_list, SN_RULES_MAX);

/* For the tools alone: programs know cgroups by id, and nothing of their paths. */
struct sn_cgroups SN_HASH(__u64, struct sn_cgroup, SN_TENANTS_MAX);

struct sn_all_homes {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1 << SN_HOMES_BITS);
	__type(key, __u32);
	__type(value, struct sn_homes_set);
};

struct sn_all_state {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct sn_state);
};

struct sn_events {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, SN_EVENTS_BYTES);
};

extern struct sn_policies policies SEC(".maps");
extern struct sn_all_counters counters SEC(".maps");
extern struct sn_addresses addresses SEC(".maps");
extern struct sn_ports ports SEC(".maps");
extern struct sn_directories directories SEC(".maps");
extern struct sn_names names SEC(".maps");
extern struct sn_lists lists SEC(".maps");
extern struct sn_cgroups cgroups SEC(".maps");
extern struct sn_all_homes homes SEC(".maps");
extern struct sn_events events SEC(".maps");
extern struct sn_all_state state SEC(".maps");

/* Set by safenode-load: the kernfs id of the parent cgroup, below which tenants live. */
extern const volatile __u64 sn_parent_id;

/* Which argument of inode_setattr is the dentry, by the kernel's BTF; the attributes follow it. */
extern const volatile __u32 sn_setattr_dentry;

/*
 * Found by sn_find_parent() when the programs are loaded: was that cgroup seen; its level in the
 * whole hierarchy, of which safenode-load may see a part only; the array that cgroups without an
 * egress program share; and whether this kernel keeps egress programs elsewhere.
 */
extern bool sn_parent_found;
extern __u32 sn_parent_level;
extern __u64 sn_no_egress;
extern bool sn_egress_elsewhere;

/*
 * Written by safenode-load when the programs are loaded: the mark of tenants' cgroups, which is the
 * id of sn_egress(). Unlike its address, no other program gets that while these linger.
 */
extern __u32 sn_mark;

/* Found by sn_try_confined(). */
extern bool sn_is_refused;

/*
 * The policy of a process that has the mark and none: all zero, which refuses everything. Not
 * const, because what global functions are given must be writable (check_mem_reg() in
 * kernel/bpf/verifier.c).
 */
extern struct sn_policy sn_no_policy;

#endif
