// SPDX-License-Identifier: GPL-2.0-only
/*
 * Prints everything that a tool could have left behind, sorted, so that two states can be compared:
 * the entries of every pinned map (of counters only the keys, for others go on counting), the pins,
 * the cgroups, the tools that run, and whether the pin directory is locked. The tools get a few
 * seconds to end. With NAME, only the number of entries in the map of that name.
 */
#include <bpf/bpf.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "cgroup.h"
#include "safenode_abi.h"

static char **lines;
static size_t nr_lines;

static void __attribute__((noreturn)) die(const char *what)
{
	fprintf(stderr, "look: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void __attribute__((format(printf, 1, 2))) add(const char *fmt, ...)
{
	va_list args;

	char **more = reallocarray(lines, nr_lines + 1, sizeof(*lines));

	if (!more)
		die("memory");
	lines = more;
	va_start(args, fmt);
	if (vasprintf(&lines[nr_lines++], fmt, args) < 0)
		die("memory");
	va_end(args);
}

static char *hex(const unsigned char *bytes, size_t size)
{
	char *text = malloc(size * 2 + 1);

	if (!text)
		die("memory");
	text[0] = '\0';
	for (size_t i = 0; i < size; i++)
		sprintf(text + 2 * i, "%02x", bytes[i]);
	return text;
}

static bool is_zero(const unsigned char *bytes, size_t size)
{
	return !*bytes && !memcmp(bytes, bytes + 1, size - 1);
}

/* The ids that the key tells already: it is in one place of a line then, and easy to replace. */
static void forget_id(const void *key, void *value)
{
	struct sn_slot *slot = value;

	for (int i = 0; i < 2; i++)
		if (!memcmp(key, &slot->policy[i].cgroup_id, sizeof(__u64)))
			slot->policy[i].cgroup_id = slot->policy[i].scope = 0;
}

/* The number of entries; each becomes a line, if @name is not NULL. */
static size_t look_at_map(int fd, const char *name)
{
	struct bpf_map_info info = {};
	__u32 size = sizeof(info);
	unsigned char *key, *next, *value;
	bool first = true;
	size_t nr = 0;

	if (bpf_obj_get_info_by_fd(fd, &info, &size))
		die("map");
	if (info.type == BPF_MAP_TYPE_RINGBUF)
		return 0;
	key = malloc(info.key_size);
	next = malloc(info.key_size);
	value = malloc(info.value_size);
	if (!key || !next || !value)
		die("memory");
	for (; !bpf_map_get_next_key(fd, first ? NULL : key, next); first = false, nr++) {
		memcpy(key, next, info.key_size);
		if (!name)
			continue;
		if (bpf_map_lookup_elem(fd, key, value))
			die("entry");
		/* an array has all its entries always; in "homes" hardly one is in use */
		if (info.type == BPF_MAP_TYPE_ARRAY && is_zero(value, info.value_size))
			continue;
		if (!strcmp(name, "counters"))
			memset(value, 0, info.value_size);
		else if (!strcmp(name, "policies"))
			forget_id(key, value);
		add("map %s %s %s", name, hex(key, info.key_size), hex(value, info.value_size));
	}
	free(key);
	free(next);
	free(value);
	return nr;
}

static int look_at_pin(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	int fd;

	add("pin %s", path);
	/* only maps lie in the directory itself */
	if (type != FTW_F || strncmp(path, SN_PIN_DIR "/", strlen(SN_PIN_DIR) + 1) ||
	    strchr(path + strlen(SN_PIN_DIR) + 1, '/'))
		return 0;
	fd = bpf_obj_get(path);
	if (fd < 0)
		die(path);
	look_at_map(fd, path + ftw->base);
	close(fd);
	return 0;
}

static int look_at_cgroup(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	if (type == FTW_D)
		add("cgroup %s", path);
	return 0;
}

static void read_comm(const char *pid, char comm[32])
{
	char path[300];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%s/comm", pid);
	f = fopen(path, "re");
	if (!f || !fgets(comm, 32, f))
		*comm = '\0';
	comm[strcspn(comm, "\n")] = '\0';
	if (f)
		fclose(f);
}

/* The test's own service, and not what that has forked, which has to end. */
static bool is_broker(const char *pid, const char *comm)
{
	char path[300], parent[16] = "", above[32] = "";
	FILE *f;

	if (strcmp(comm, "safenode-broker") != 0)
		return false;
	snprintf(path, sizeof(path), "/proc/%s/stat", pid);
	f = fopen(path, "re");
	if (f && fscanf(f, "%*d (safenode-broker) %*c %15s", parent) == 1)
		read_comm(parent, above);
	if (f)
		fclose(f);
	return strcmp(above, comm) != 0;
}

/* Of processes whose name begins with "safenode"; how many. */
static int look_at_processes(bool print)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	int nr = 0;

	if (!dir)
		die("/proc");
	while ((entry = readdir(dir))) {
		char comm[32] = "";

		if (*entry->d_name > '0' && *entry->d_name <= '9')
			read_comm(entry->d_name, comm);
		if (strncmp(comm, "safenode", 8) != 0 || is_broker(entry->d_name, comm))
			continue;
		nr++;
		if (print)
			add("process %s %s", entry->d_name, comm);
	}
	closedir(dir);
	return nr;
}

static bool is_locked(void)
{
	int fd = open(SN_PIN_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool locked = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB);

	if (fd >= 0)
		close(fd);
	return locked;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int count(const char *map)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), SN_PIN_DIR "/%s", map);
	fd = bpf_obj_get(path);
	if (fd < 0)
		die(path);
	printf("%zu\n", look_at_map(fd, NULL));
	return 0;
}

int main(int argc, char **argv)
{
	char mount[PATH_MAX];

	if (argc > 1)
		return count(argv[1]);
	for (int i = 0; i < 500 && (look_at_processes(false) || is_locked()); i++)
		poll(NULL, 0, 10);
	look_at_processes(true);
	if (is_locked())
		add("locked %s", SN_PIN_DIR);
	nftw("/sys/fs/bpf", look_at_pin, 16, FTW_PHYS);
	if (!sn_cgroup_mount(mount, NULL))
		nftw(mount, look_at_cgroup, 16, FTW_PHYS | FTW_MOUNT);
	qsort(lines, nr_lines, sizeof(*lines), compare);
	for (size_t i = 0; i < nr_lines; i++)
		puts(lines[i]);
	return 0;
}
