/* SPDX-License-Identifier: GPL-2.0-only */
/* Errors as values, and cleanup at the end of a scope. */
#ifndef SAFENODE_ERR_H
#define SAFENODE_ERR_H

#include <stdlib.h>
#include <unistd.h>

/* One line for the operator: the wrong value, and the cure. */
struct sn_err {
	char text[512];
};

/*
 * Fills in @err, which may be NULL, and returns -@error. The result is always negative: an @error
 * that is not positive counts as EIO.
 */
int sn_fail(struct sn_err *err, int error, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static inline void sn_free_(void *p)
{
	free(*(void **)p);
}

static inline void sn_close_(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

#define sn_autofree  __attribute__((cleanup(sn_free_)))
#define sn_autoclose __attribute__((cleanup(sn_close_)))

#endif
