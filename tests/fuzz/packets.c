// SPDX-License-Identifier: GPL-2.0-only
/*
 * Packets: the reader of nearly all of them, the reader of all others, and a plain one must agree
 * about where a packet goes. This compiles the programs' own source, with a helper of its own in
 * the kernel's place; beside vmlinux.h there is no room for the C library's headers.
 */
#define __builtin_preserve_field_info(...)  0
#define __builtin_preserve_type_info(...)   0
#define __builtin_preserve_enum_value(...)  0
#define __builtin_preserve_access_index(at) (at)

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#define __bpf__ /* for safenode_abi.h; bpf_helpers.h would write BPF's instructions */
#undef SEC
#define SEC(name)
#define bpf_skb_load_bytes load_bytes
static long load_bytes(const struct __sk_buff *skb, __u32 offset, void *to, __u32 len);
#include "../../bpf/maps.bpf.c"
#include "../../bpf/net.bpf.c"

/* of bpf/tenant.bpf.c; no process asks here */
int sn_marked_level(void)
{
	return 0;
}

int sn_descends(const struct sn_descent *descent)
{
	return 0;
}

__u64 sn_current_tenant(int level)
{
	return 0;
}

void abort(void);
void *memcpy(void *to, const void *from, unsigned long len);
void *mmap(void *at, unsigned long size, int prot, int flags, int fd, long offset);
int mprotect(void *at, unsigned long size, int prot);

#define MUST(condition)           \
	do {                      \
		if (!(condition)) \
			abort();  \
	} while (0)

#define PAGE 4096

/* The packet that the helper reads, of which the first part only is where skb->data says. */
static const __u8 *bytes;
static __u32 nr_bytes;

static long load_bytes(const struct __sk_buff *skb, __u32 offset, void *to, __u32 len)
{
	if (offset > 0xffff || offset > nr_bytes || len > nr_bytes - offset)
		return -1;
	memcpy(to, bytes + offset, len);
	return 0;
}

/* The linear part in front of a page that nobody may read, at an address of 32 bits. */
static struct __sk_buff place(__u32 len)
{
	static __u8 *page;

	if (!page) {
		/* PROT_READ | PROT_WRITE; MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT */
		page = mmap(NULL, 2 * PAGE, 3, 0x62, -1, 0);
		MUST((long)page != -1 && !mprotect(page + PAGE, PAGE, 0));
	}
	memcpy(page + PAGE - len, bytes, len);
	return (struct __sk_buff){
		.data = (__u32)(unsigned long)(page + PAGE - len),
		.data_end = (__u32)(unsigned long)(page + PAGE),
	};
}

struct plain {
	__u64 hi, lo;
	__u32 port;
	__u8 protocol;
	bool opens;
};

static __u64 number_at(__u32 at, int len)
{
	__u64 number = 0;

	while (len--)
		number = number << 8 | bytes[at++];
	return number;
}

/* RFC 791, RFC 8200; the offset of the transport header, or 0: this is no packet. */
static __u32 plain_ip(struct plain *plain)
{
	__u32 at = 40;

	if (nr_bytes < 20)
		return 0;
	if (bytes[0] >> 4 == 4) {
		plain->lo = 0xffffULL << 32 | number_at(16, 4);
		plain->protocol = bytes[9];
		return (bytes[0] & 15) * 4;
	}
	if (bytes[0] >> 4 != 6 || nr_bytes < 40)
		return 0;
	plain->hi = number_at(24, 8);
	plain->lo = number_at(32, 8);
	plain->protocol = bytes[6];
	for (int headers = 0; plain->protocol == 0 || plain->protocol == 43 ||
			      plain->protocol == 44 || plain->protocol == 60;
	     headers++) {
		__u32 start = at;

		if (headers == SN_EXTENSIONS_MAX - 1 || at + 2 > nr_bytes)
			return 0;
		at += plain->protocol == 44 ? 8 : (bytes[at + 1] + 1) * 8;
		plain->protocol = bytes[start];
	}
	return at;
}

static bool plain_packet(struct plain *plain)
{
	__u32 at = plain_ip(plain);
	__u32 needed = plain->protocol == 6 ? 14 : 4;

	if (!at)
		return false;
	if (plain->protocol != 6 && plain->protocol != 17)
		return true;
	if (at + needed > nr_bytes)
		return false;
	plain->port = (__u32)number_at(at + 2, 2);
	plain->opens = plain->protocol == 6 && bytes[at + 13] & 2 && !(bytes[at + 13] & 16);
	return true;
}

static void compare(const struct sn_packet *packet, const struct plain *plain)
{
	MUST(packet->dest.address.hi == plain->hi && packet->dest.address.lo == plain->lo);
	MUST(packet->protocol == plain->protocol && packet->dest.port == plain->port);
	MUST(packet->opens == plain->opens);
}

int LLVMFuzzerTestOneInput(const __u8 *data, unsigned long size);
int LLVMFuzzerTestOneInput(const __u8 *data, unsigned long size)
{
	struct sn_packet packet = {};
	struct plain plain = {};
	struct __sk_buff skb;
	bool good;

	/* the first byte says how much of the packet is not in its linear part */
	if (size < 2 || size > PAGE)
		return 0;
	/* every receiver drops an IPv4 packet whose header is shorter than it can be (ip_rcv) */
	if (data[1] >> 4 == 4 && (data[1] & 15) < 5)
		return 0;
	bytes = data + 1;
	nr_bytes = (__u32)size - 1;
	skb = place(data[0] < nr_bytes ? nr_bytes - data[0] : 0);
	good = plain_packet(&plain);

	MUST(sn_read_packet(&skb, &packet) == good);
	if (good)
		compare(&packet, &plain);
	packet = (struct sn_packet){};
	if (sn_read_plain_packet(&skb, &packet)) {
		MUST(good);
		compare(&packet, &plain);
	}
	return 0;
}
