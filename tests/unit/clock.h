/* SPDX-License-Identifier: GPL-2.0-only */
/* What is linked with this believes in a later time than the kernel, so no file is too new for it.
 */
#ifndef SAFENODE_CLOCK_H
#define SAFENODE_CLOCK_H

#include <time.h>

static time_t ahead = 1000; /* seconds */

time_t time(time_t *to)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	now.tv_sec += ahead;
	if (to)
		*to = now.tv_sec;
	return now.tv_sec;
}

#endif
