/* SPDX-License-Identifier: GPL-2.0-only */
/* /proc/self/mountinfo: what is mounted where. */
#ifndef SAFENODE_MOUNTINFO_H
#define SAFENODE_MOUNTINFO_H

#include <linux/types.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

/* One mount. The strings point into the line that it was parsed from. */
struct sn_mount {
	int id;		   /* as /proc/PID/fdinfo/N has it; of all namespaces */
	__u32 dev;	   /* s_dev of its file system: major << 20 | minor */
	const char *root;  /* its root, within its file system */
	const char *point; /* where it is mounted */
	const char *type;  /* of its file system */
	char *options;	   /* of the file system, as they are in the line; "" if there are none */
};

/* Parses a line of mountinfo, which it changes. False if the line is malformed. */
bool sn_mount_parse(char *line, struct sn_mount *mount);

/*
 * Calls @each for every layer that the options of an overlay name, until it returns non-zero;
 * returns that, or 0. A path can be relative, to the directory that whoever mounted it was in.
 * Changes @options.
 */
int sn_mount_layers(char *options, int (*each)(const char *path, void *data), void *data);

/* The mounts of the caller's namespace, one after the other. */
struct sn_mounts {
	FILE *file; /* NULL: could not be opened */
	char *line;
	size_t size;
};

#define sn_automounts __attribute__((cleanup(sn_mounts_close)))

/* Opens /proc/self/mountinfo. If that fails, there is no next mount. */
struct sn_mounts sn_mounts_open(void);
/* The same for the namespace of the process @pid. */
struct sn_mounts sn_mounts_open_of(pid_t pid);
/* The next mount, valid until the next call. Skips malformed lines. False at the end. */
bool sn_mounts_next(struct sn_mounts *mounts, struct sn_mount *mount);
void sn_mounts_close(struct sn_mounts *mounts);

/*
 * Where the root of the file system with this s_dev is mounted, into @path: the shortest such
 * place. -ENOENT if only a part of it is mounted here, or nothing.
 */
int sn_mount_point(__u32 dev, char *path, size_t size);

#endif
