// SPDX-License-Identifier: GPL-2.0-only
/*
 * poke MAP MEMBER NUMBER TEXT: puts it into that member, found by BTF, of every value of a pinned
 * map that holds the text somewhere.
 */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "safenode_abi.h"

static void __attribute__((noreturn)) die(const char *what)
{
	fprintf(stderr, "poke: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* Where the first member of that name is within the type, at any depth; -1: none. */
static __s64 find_member(const struct btf *btf, __u32 id, const char *name, __s64 *size)
{
	const struct btf_type *type = btf__type_by_id(btf, btf__resolve_type(btf, id));

	if (btf_is_array(type))
		return find_member(btf, btf_array(type)->type, name, size);
	if (!btf_is_struct(type))
		return -1;
	for (int i = 0; i < btf_vlen(type); i++) {
		const struct btf_member *member = btf_members(type) + i;
		__s64 at = 0;

		if (strcmp(btf__name_by_offset(btf, member->name_off), name))
			at = find_member(btf, member->type, name, size);
		else
			*size = btf__resolve_size(btf, member->type);
		if (at >= 0)
			return at + btf_member_bit_offset(type, i) / 8;
	}
	return -1;
}

int main(int argc, char **argv)
{
	struct bpf_map_info info = {};
	__u32 info_size = sizeof(info);
	struct btf *btf;
	unsigned long long number;
	char path[256], key[256], value[4096];
	__s64 size, at;
	int fd, end;

	if (argc != 5)
		return 2;
	number = strtoull(argv[3], NULL, 0);
	snprintf(path, sizeof(path), SN_PIN_DIR "/%s", argv[1]);
	fd = bpf_obj_get(path);
	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &info_size))
		die(path);
	if (info.key_size > sizeof(key) || info.value_size > sizeof(value))
		die("too large");
	btf = btf__load_from_kernel_by_id(info.btf_id);
	at = btf ? find_member(btf, info.btf_value_type_id, argv[2], &size) : -1;
	if (at < 0)
		die(argv[2]);
	for (end = bpf_map_get_next_key(fd, NULL, key); !end;
	     end = bpf_map_get_next_key(fd, key, key)) {
		if (bpf_map_lookup_elem(fd, key, value))
			die("lookup");
		if (!memmem(value, info.value_size, argv[4], strlen(argv[4])))
			continue;
		memcpy(value + at, &number, size);
		if (bpf_map_update_elem(fd, key, value, BPF_EXIST))
			die("update");
	}
	return 0;
}
