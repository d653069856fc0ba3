// SPDX-License-Identifier: GPL-2.0-only
/* The one definition of every map and load-time constant, and the licence. */
#include "maps.bpf.h"

struct sn_policies policies SEC(".maps");
struct sn_all_counters counters SEC(".maps");
struct sn_addresses addresses SEC(".maps");
struct sn_ports ports SEC(".maps");
struct sn_directories directories SEC(".maps");
struct sn_names names SEC(".maps");
struct sn_lists lists SEC(".maps");
struct sn_cgroups cgroups SEC(".maps");
struct sn_all_homes homes SEC(".maps");
struct sn_events events SEC(".maps");
struct sn_all_state state SEC(".maps");

const volatile __u64 sn_parent_id = 0;
const volatile __u32 sn_setattr_dentry = 0;
bool sn_parent_found = false;
__u32 sn_parent_level = 0;
__u64 sn_no_egress = 0;
bool sn_egress_elsewhere = false;
__u32 sn_mark = 0;
bool sn_is_refused = false;
struct sn_policy sn_no_policy = {};

/* Not used: with it, the types of the programs tell what a record of the ring is (user/upgrade.c).
 */
const struct sn_event *sn_event_type = 0;

char LICENSE[] SEC("license") = "GPL";
