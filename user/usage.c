// SPDX-License-Identifier: GPL-2.0-only
/* What the kernel tells of a tenant's cgroup: processes, their user, memory, CPU time. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "usage.h"

/* All of a file, NUL-terminated; NULL: it cannot be read. Files of cgroups and /proc have no size.
 */
static char *read_all(int dir, const char *name)
{
	sn_autoclose int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	size_t room = 512, len = 0;
	char *text = fd < 0 ? NULL : malloc(room);
	ssize_t got;

	while (text && (got = read(fd, text + len, room - len - 1))) {
		char *more = text;

		if (got > 0) {
			len += got;
			if (len + 1 < room)
				continue;
			room *= 2;
			more = realloc(text, room);
		}
		if (got < 0 || !more) {
			free(text);
			return NULL;
		}
		text = more;
	}
	if (text)
		text[len] = '\0';
	return text;
}

/* The number behind @word, which begins a line, or at the start for "". "max" is no number. */
static __s64 number_in(int dir, const char *name, const char *word)
{
	sn_autofree char *text = read_all(dir, name);

	for (char *line, *rest = text; rest && (line = strsep(&rest, "\n"));) {
		char *end, *value = line + strlen(word);
		__s64 number;

		if (strncmp(line, word, strlen(word)))
			continue;
		number = strtoll(value, &end, 10);
		return end == value ? SN_NOT_KNOWN : number;
	}
	return SN_NOT_KNOWN;
}

/* The numbers of a list of ids. -ENOMEM, and then there are none. */
static int parse_ids(const char *text, unsigned int **ids, size_t *nr)
{
	size_t room = 0;
	char *end;

	*ids = NULL;
	*nr = 0;
	for (unsigned long id = strtoul(text, &end, 10); end != text;
	     id = strtoul(text, &end, 10)) {
		if (*nr == room) {
			unsigned int *more;

			room = room ? 2 * room : 4;
			more = reallocarray(*ids, room, sizeof(*more));
			if (!more) {
				free(*ids);
				*ids = NULL;
				*nr = 0;
				return -ENOMEM;
			}
			*ids = more;
		}
		(*ids)[(*nr)++] = id;
		text = end;
	}
	return 0;
}

bool sn_usage_take_user(char *status, struct sn_usage *usage)
{
	bool user = false, group = false;

	for (char *line; (line = strsep(&status, "\n"));) {
		user |= sscanf(line, "Uid: %u", &usage->user) == 1;
		group |= sscanf(line, "Gid: %u", &usage->group) == 1;
		if (!usage->groups && !strncmp(line, "Groups:", 7) &&
		    parse_ids(line + 7, &usage->groups, &usage->nr_groups))
			return false;
	}
	usage->has_user = user && group;
	return usage->has_user;
}

/* Another process may have the number by now; so what is in the cgroup is read again after it. */
static void find_user(pid_t pid, struct sn_usage *usage)
{
	sn_autofree char *status = NULL;
	char name[32];

	snprintf(name, sizeof(name), "/proc/%d/status", pid);
	status = read_all(AT_FDCWD, name);
	if (status)
		sn_usage_take_user(status, usage);
}

static bool is_first(int dir, pid_t pid)
{
	sn_autofree char *text = read_all(dir, "cgroup.procs");

	return text && atoi(text) == pid;
}

static int read_processes(int dir, struct sn_usage *usage)
{
	sn_autofree char *text = read_all(dir, "cgroup.procs");
	int ret = text ? parse_ids(text, (unsigned int **)&usage->pids, &usage->nr_pids) : 0;

	if (ret || !usage->nr_pids)
		return ret;
	find_user(usage->pids[0], usage);
	if (usage->has_user && !is_first(dir, usage->pids[0]))
		usage->has_user = false;
	return 0;
}

int sn_usage_read(const char *path, struct sn_usage *usage)
{
	sn_autoclose int dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	*usage = (struct sn_usage){ .memory = SN_NOT_KNOWN,
				    .memory_max = SN_NOT_KNOWN,
				    .cpu_usec = SN_NOT_KNOWN,
				    .threads = SN_NOT_KNOWN };
	if (dir < 0)
		return 0;
	usage->memory = number_in(dir, "memory.current", "");
	usage->memory_max = number_in(dir, "memory.max", "");
	usage->cpu_usec = number_in(dir, "cpu.stat", "usage_usec ");
	usage->threads = number_in(dir, "pids.current", "");
	return read_processes(dir, usage);
}

void sn_usage_free(struct sn_usage *usage)
{
	free(usage->pids);
	free(usage->groups);
	*usage = (struct sn_usage){};
}
