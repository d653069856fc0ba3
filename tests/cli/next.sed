# include/safenode_abi.h as a later version may have it: with more members, in the middle, and one
# more operation. Where members lie is asserted for the real one.
/^#define SN_ABI_VERSION/s/[0-9]*$/99/
/^_Static_assert/d
/^SN_LAYOUT(SN_ASSERT_OFFSET)/d
/^struct sn_policy {/,/^};/s/^	__u8 safe_mode;/	__u32 next_option;\n	__u32 pad_next;\n&/
/^struct sn_counters {/,/^};/s/^	__u64 lost;/	__u64 next_count;\n&/
/^struct sn_port_key {/,/^};/s/^	__u16 port;/	__u64 next_key;\n&/
/^struct sn_rule {/,/^};/s/^	__u8 access;/	__u64 next_rule;\n&/
s/^	X(FS_ACCESS, .*/	X(NEXT_OPERATION, "next.operation", SN_ACTS, NULL) \\\n&/
