/* SPDX-License-Identifier: GPL-2.0-only */
/* An executable -> its read-only baseline: what it must reach outside the tenant's directory. */
#ifndef SAFENODE_RUNTIME_H
#define SAFENODE_RUNTIME_H

#include "err.h"
#include "rules.h"

/* The program to start: an ELF file and its arguments. */
struct sn_command {
	char *path;  /* of the ELF file: absolute, without symbolic links */
	char **argv; /* ends with NULL; argv[0] as the shell would set it */
};

/*
 * Finds @argv[0] as execvp(3) does, and follows "#!" lines and "env", so that the only exec of a
 * tenant is that of an ELF file. A negative errno with the reason in @err if there is none.
 */
int sn_command_resolve(struct sn_command *command, char *const argv[], struct sn_err *err);

void sn_command_free(struct sn_command *command);

/*
 * The baseline of the ELF file @exe: the file (SN_MAY_START), its interpreter and all libraries
 * that it needs (SN_MAY_MAP), resolver and TLS configuration, time zones, ICU, the files in /proc
 * and /sys that libuv and V8 read, and the JavaScript of Debian's node.
 */
int sn_runtime_baseline(struct sn_rules *rules, const char *exe, struct sn_err *err);

#endif
