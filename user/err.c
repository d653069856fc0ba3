// SPDX-License-Identifier: GPL-2.0-only
/* Errors as values. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "err.h"

int sn_fail(struct sn_err *err, int error, const char *fmt, ...)
{
	va_list args;

	if (error <= 0) /* a function that failed without setting errno */
		error = EIO;
	if (!err)
		return -error;
	va_start(args, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, args);
	va_end(args);
	return -error;
}
