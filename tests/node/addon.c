// SPDX-License-Identifier: GPL-2.0-only
/* A shared object that proves that its code ran: its constructor makes a file. */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static void __attribute__((constructor)) mark(void)
{
	const char *marker = getenv("SAFENODE_TEST_MARKER");

	if (marker)
		close(open(marker, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
}
