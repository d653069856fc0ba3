// SPDX-License-Identifier: GPL-2.0-only
/* Variables of the environment that name descriptors. */
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "environment.h"
#include "parse.h"

static bool is_kept(uint64_t fd, const int *kept, size_t nr)
{
	if (fd <= 2)
		return true;
	for (size_t i = 0; i < nr; i++)
		if ((uint64_t)kept[i] == fd)
			return true;
	return false;
}

/* @names ends with NULL. */
static void forget(const char *const names[])
{
	for (size_t i = 0; names[i]; i++)
		unsetenv(names[i]);
}

static void forget_channel(const int *kept, size_t nr)
{
	/* the last: a worker of node's cluster, which is none without the channel */
	static const char *const all[] = { "NODE_CHANNEL_FD", "NODE_CHANNEL_SERIALIZATION_MODE",
					   "NODE_UNIQUE_ID", NULL };
	const char *value = getenv(all[0]);
	uint64_t fd;

	if (value && (!sn_parse_number(value, INT_MAX, &fd) || !is_kept(fd, kept, nr)))
		forget(all);
}

static void forget_sockets(const int *kept, size_t nr)
{
	static const char *const all[] = { "LISTEN_FDS", "LISTEN_PID", "LISTEN_PIDFDID",
					   "LISTEN_FDNAMES", NULL };
	const char *value = getenv(all[0]);
	uint64_t number, fd = 3; /* SD_LISTEN_FDS_START */

	if (!value)
		return;
	if (!sn_parse_number(value, INT_MAX, &number))
		return forget(all);
	while (number && is_kept(fd, kept, nr)) {
		number--;
		fd++;
	}
	if (number)
		forget(all);
}

void sn_environment_forget(const int *kept, size_t nr)
{
	forget_channel(kept, nr);
	forget_sockets(kept, nr);
}
