/* SPDX-License-Identifier: GPL-2.0-only */
/* A directory of its own for each test that is given scratch_begin() and scratch_end(). */
#ifndef SAFENODE_SCRATCH_H
#define SAFENODE_SCRATCH_H

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

/* An executable file in it. */
static inline void make_program(const char *name, const void *content, size_t size)
{
	int fd = open(at(name), O_WRONLY | O_CREAT | O_TRUNC, 0755);

	assert_return_code(fd, errno);
	assert_int_equal(write(fd, content, size), size);
	close(fd);
}

static inline void make_script(const char *name, const char *content)
{
	make_program(name, content, strlen(content));
}

#endif
