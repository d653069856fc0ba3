/* SPDX-License-Identifier: GPL-2.0-only */
/* A directory of its own for each test that is given scratch_begin() and scratch_end(). */
#ifndef SAFENODE_SCRATCH_H
#define SAFENODE_SCRATCH_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char base[32];

static int scratch_begin(void **state)
{
	strcpy(base, "/tmp/scratch.XXXXXX");
	return mkdtemp(base) ? 0 : -1;
}

static int scratch_end(void **state)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -rf '%s'", base);
	return system(command);
}

/* The path of @name in it. The last four stay valid. */
static const char *at(const char *name)
{
	static char path[4][256];
	static int next;

	next = (next + 1) % 4;
	snprintf(path[next], sizeof(path[next]), "%s/%s", base, name);
	return path[next];
}

#endif
