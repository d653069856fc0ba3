/* SPDX-License-Identifier: GPL-2.0-only */
/* The pins: where they are, who may change them, and whose version they are of. */
#ifndef SAFENODE_PINS_H
#define SAFENODE_PINS_H

#include <bpf/libbpf.h>
#include <stdbool.h>
#include <stddef.h>

#include "err.h"
#include "safenode_abi.h"

/*
 * SN_PIN_DIR/<map> and SN_LINKS_DIR/<program> are in force. SN_NEW_DIR is what a load makes, and
 * what a load or unload removes. No dots: the bpf file system keeps names with them for itself
 * (bpf_lookup).
 */
#define SN_LINKS_DIR	 SN_PIN_DIR "/links"
#define SN_NEW_DIR	 SN_PIN_DIR "_new"
#define SN_NEW_LINKS_DIR SN_PIN_DIR "/links_new"

/*
 * Beside the links, the program that is the mark of tenants' cgroups (mark.h): no link, for a link
 * belongs to one cgroup.
 */
#define SN_MARK_PIN "mark"

/*
 * Two locks, which go with the descriptor. The first: one tool loads or unloads at a time. The
 * second, taken after the first: no tool uses the maps, and which maps are pinned may change.
 * Negative: no lock.
 */
int sn_pins_lock_loads(struct sn_err *err);
int sn_pins_lock_maps(struct sn_err *err);

/*
 * With the second lock held, which a load has as long as there is something in SN_NEW_DIR: -EPROTO
 * if a load was killed, so that there are programs with maps which nobody writes to any more.
 */
int sn_pins_check_whole(struct sn_err *err);

/*
 * Makes SN_NEW_DIR, where a load puts its pins before it moves them to SN_PIN_DIR. The descriptor
 * is the second lock on what will be there, so that no tool uses it before the load is done.
 */
int sn_pins_make_new(struct sn_err *err);

/* Opens a pinned map; -EPROTO where its keys or values have another size. */
int sn_pins_open(const char *map, size_t key_size, size_t value_size, struct sn_err *err);

/*
 * Is the map @fd still the one that is pinned under that name, or one whose programs a load is
 * about to remove, and which are in force until then?
 */
bool sn_pins_have(const char *map, int fd);

/* Has the pinned map any entry? Whatever its layout is. */
bool sn_pins_have_entries(const char *map);

/* What the loader wrote. -ENOENT: not loaded. -EPROTO: pinned by another version. */
int sn_pins_state(struct sn_state *state, struct sn_err *err);

int sn_pins_put_maps(struct bpf_object *obj, const char *dir, struct sn_err *err);
int sn_pins_put_link(struct bpf_link *link, const char *dir, const char *name, struct sn_err *err);
int sn_pins_put_mark(const struct bpf_program *prog, const char *dir, struct sn_err *err);

/*
 * Removes the directory and what is pinned below it. 0, also where there is none, or -errno;
 * -ENOTDIR if it is a symbolic link, which is not followed.
 */
int sn_pins_remove(const char *path);

/*
 * Is the pinned link @name, of a BPF program, attached? A link of a cgroup, whose id is @cgroup_id
 * here, can be detached and stay pinned; those of hooks cannot. -EPROTO with the cure in @err.
 */
int sn_pins_check_link(const char *name, __u64 cgroup_id, struct sn_err *err);

/* The same of all of them; the first that is not is in @err. */
int sn_pins_check_links(__u64 cgroup_id, struct sn_err *err);

/* How many links the directory holds, or -errno. */
int sn_pins_count(const char *path);

/* The id of the program of the pinned link at @path, or of the mark; 0: it is neither. */
__u32 sn_pins_program(const char *path);

#endif
