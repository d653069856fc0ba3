/* SPDX-License-Identifier: GPL-2.0-only */
/* The words of the operator -> the program that is started, and its arguments. */
#ifndef SAFENODE_COMMAND_H
#define SAFENODE_COMMAND_H

#include <stddef.h>

#include "err.h"

#define SN_SCRIPTS_MAX 4 /* that interpret each other; fs/exec.c exec_binprm() allows 5 */

/* A script that its interpreter is going to read. */
struct sn_script {
	char *path;  /* as the interpreter gets it; absolute */
	char *whole; /* what it loads with it: a package in node_modules, or what it links to */
};

/* The program to start: an ELF file and its arguments. */
struct sn_command {
	char *path;  /* of the ELF file: absolute, without symbolic links */
	char **argv; /* ends with NULL; argv[0] as the shell would set it */
	struct sn_script scripts[SN_SCRIPTS_MAX]; /* the operator's own first */
	size_t nr_scripts;
};

/*
 * Finds @argv[0] as execvp(3) does, and follows "#!" lines and "env", so that the only exec of a
 * tenant is that of an ELF file. Refuses what could only start another program, such as a script
 * for a shell, and what the kernel would not start for a tenant. A negative errno with the reason
 * and the cure in @err.
 */
int sn_command_resolve(struct sn_command *command, char *const argv[], struct sn_err *err);

void sn_command_free(struct sn_command *command);

#endif
