// SPDX-License-Identifier: GPL-2.0-only
/* What every runtime reads of the kernel's own file systems. */
#include "pseudo.h"

#define READ_FILE (SN_MAY_STAT | SN_MAY_READ)
#define READ_TREE (SN_MAY_STAT | SN_MAY_SEARCH | SN_MAY_READ)

static const struct place {
	const char *path;
	enum { A_FILE, A_TREE, A_LINK } is;
} places[] = {
	/* libuv: os.cpus(), os.freemem(), process.memoryUsage(). Its own /proc/<pid> needs no rule.
	 */
	{ "/proc/cpuinfo", A_FILE },
	{ "/proc/meminfo", A_FILE },
	{ "/proc/stat", A_FILE },
	{ "/proc/uptime", A_FILE },
	{ "/proc/loadavg", A_FILE },
	{ "/proc/version", A_FILE },
	{ "/proc/version_signature", A_FILE },
	{ "/proc/self", A_LINK },
	{ "/proc/thread-self", A_LINK },
	{ "/sys/devices/system/cpu", A_TREE },
	{ "/sys/kernel/mm/transparent_hugepage/enabled", A_FILE },
	/* The way to the five devices and to inherited descriptors */
	{ "/dev/fd", A_LINK },
	{ "/dev/stdin", A_LINK },
	{ "/dev/stdout", A_LINK },
	{ "/dev/stderr", A_LINK },
};

int sn_pseudo_places(struct sn_rules *rules)
{
	int error = 0;

	for (size_t i = 0; !error && i < sizeof(places) / sizeof(places[0]); i++) {
		const struct place *place = &places[i];

		if (place->is == A_LINK)
			error = sn_rules_add_link_if_there(rules, place->path);
		if (place->is == A_FILE)
			error = sn_rules_add_if_there(rules, place->path, READ_FILE, 0);
		if (place->is == A_TREE)
			error = sn_rules_add_if_there(rules, place->path, READ_TREE, READ_TREE);
	}
	return error;
}
