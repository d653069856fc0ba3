/* SPDX-License-Identifier: GPL-2.0-only */
/* For stand-ins of other rooms: which of them were called, in order, and the one that is to fail.
 */
#ifndef SAFENODE_STEPS_H
#define SAFENODE_STEPS_H

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "err.h"

/* Adds @name to @steps, which is of @size bytes. -EIO if it is @fails, which may be NULL. */
static int take_step(char *steps, size_t size, const char *fails, const char *name,
		     struct sn_err *err)
{
	size_t used = strlen(steps);

	snprintf(steps + used, size - used, "%s%s", used ? " " : "", name);
	if (fails && !strcmp(fails, name))
		return sn_fail(err, EIO, "%s failed", name);
	return 0;
}

#endif
