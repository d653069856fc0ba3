/* SPDX-License-Identifier: GPL-2.0-only */
/* An executable -> its read-only baseline: what it must reach outside the tenant's directory. */
#ifndef SAFENODE_RUNTIME_H
#define SAFENODE_RUNTIME_H

#include "err.h"
#include "rules.h"

/* The program that will be started: an ELF file, and the words to put before the arguments. */
struct sn_command {
	char *path;  /* absolute, symbolic links resolved: of the ELF file */
	char **argv; /* ends with NULL; argv[0] as the shell would set it */
};

/*
 * Finds @argv[0] as execvp(3) does and follows "#!" lines ("env" included), so that the one exec
 * that a tenant has is that of an ELF file. -EINVAL, with the reason in @err, if there is none.
 */
int sn_command_resolve(struct sn_command *command, char *const argv[], struct sn_err *err);

void sn_command_free(struct sn_command *command);

/*
 * The baseline of the ELF file @exe: itself (SN_MAY_START), its interpreter and the closure of its
 * needed libraries (SN_MAY_MAP), resolver and TLS configuration, time zones, ICU, the files in
 * /proc and /sys that libuv and V8 read, and for Debian's node its JavaScript.
 */
int sn_runtime_baseline(struct sn_rules *rules, const char *exe, struct sn_err *err);

#endif
