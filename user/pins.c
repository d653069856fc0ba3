// SPDX-License-Identifier: GPL-2.0-only
/* The pins: where they are, who may change them, and whose version they are of. */
#include <bpf/bpf.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "lock.h"
#include "pins.h"

#define BPF_FS "/sys/fs/bpf"

#define OTHER_VERSION "; run this version's safenode-load, which carries tenants and rules over"

/* ---- locks ---- */

static int lock_dir(const char *dir, struct sn_err *err)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), ret;

	if (fd < 0)
		return sn_fail(err, errno, "cannot lock %s: %s", dir, strerror(errno));
	ret = sn_lock(fd, dir, LOCK_EX, err);
	if (!ret)
		return fd;
	close(fd);
	return ret;
}

int sn_pins_lock_loads(struct sn_err *err)
{
	return lock_dir(BPF_FS, err);
}

int sn_pins_lock_maps(struct sn_err *err)
{
	return lock_dir(SN_PIN_DIR, err);
}

int sn_pins_check_whole(struct sn_err *err)
{
	if (access(SN_NEW_DIR, F_OK))
		return errno == ENOENT ? 0
				       : sn_fail(err, errno, "cannot look at %s: %s", SN_NEW_DIR,
						 strerror(errno));
	return sn_fail(err, EPROTO,
		       "a load was killed, and programs of two loads are in force; "
		       "run safenode-load");
}

int sn_pins_make_new(struct sn_err *err)
{
	if (mkdir(SN_NEW_DIR, 0700) || mkdir(SN_NEW_DIR "/links", 0700))
		return sn_fail(err, errno, "cannot make %s: %s", SN_NEW_DIR, strerror(errno));
	return lock_dir(SN_NEW_DIR, err);
}

/* ---- maps ---- */

int sn_pins_open(const char *map, size_t key_size, size_t value_size, struct sn_err *err)
{
	struct bpf_map_info info = {};
	__u32 size = sizeof(info);
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), SN_PIN_DIR "/%s", map);
	fd = bpf_obj_get(path);
	if (fd < 0)
		return sn_fail(err, errno, "cannot open %s: %s; run safenode-load", path,
			       strerror(errno));
	if (!bpf_obj_get_info_by_fd(fd, &info, &size) && info.key_size == key_size &&
	    info.value_size == value_size)
		return fd;
	close(fd);
	return sn_fail(err, EPROTO, "%s has the layout of another version" OTHER_VERSION, path);
}

/* The map's id, which no other gets while it is open; 0: there is no map. */
static __u32 id_of(int fd)
{
	struct bpf_map_info info = {};
	__u32 size = sizeof(info);

	return fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &size) ? 0 : info.id;
}

bool sn_pins_have(const char *map, int fd)
{
	static const char *const dirs[] = { SN_PIN_DIR, SN_NEW_DIR };
	__u32 own = id_of(fd);
	bool have = false;

	for (size_t i = 0; i < sizeof(dirs) / sizeof(*dirs) && !have; i++) {
		sn_autoclose int there = -1;
		char path[PATH_MAX];

		snprintf(path, sizeof(path), "%s/%s", dirs[i], map);
		there = bpf_obj_get(path);
		have = own && id_of(there) == own;
	}
	return have;
}

bool sn_pins_have_entries(const char *map)
{
	struct bpf_map_info info = {};
	__u32 size = sizeof(info);
	sn_autofree void *key = NULL;
	sn_autoclose int fd = -1;
	char path[PATH_MAX];

	snprintf(path, sizeof(path), SN_PIN_DIR "/%s", map);
	fd = bpf_obj_get(path);
	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &size))
		return false;
	key = malloc(info.key_size);
	return !key || !bpf_map_get_next_key(fd, NULL, key);
}

int sn_pins_state(struct sn_state *state, struct sn_err *err)
{
	sn_autoclose int fd = bpf_obj_get(SN_PIN_DIR "/state");
	struct bpf_map_info info = {};
	__u32 size = sizeof(info), first = 0;

	if (fd < 0)
		return errno == ENOENT
			       ? sn_fail(err, ENOENT, "safenode is not loaded; run safenode-load")
			       : sn_fail(err, errno, "cannot open %s: %s", SN_PIN_DIR "/state",
					 strerror(errno));
	if (bpf_obj_get_info_by_fd(fd, &info, &size) || info.value_size != sizeof(*state) ||
	    bpf_map_lookup_elem(fd, &first, state) || state->abi_version != SN_ABI_VERSION)
		return sn_fail(err, EPROTO,
			       "the maps of another version of safenode are pinned" OTHER_VERSION);
	state->parent[sizeof(state->parent) - 1] = '\0'; /* may be damaged */
	return 0;
}

/* ---- links ---- */

static bool is_link(const struct dirent *entry)
{
	return entry->d_name[0] != '.' && strcmp(entry->d_name, SN_MARK_PIN) != 0;
}

static bool is_attached(const struct bpf_link_info *link, __u64 cgroup_id)
{
	if (link->type == BPF_LINK_TYPE_TRACING)
		return link->tracing.attach_type == BPF_LSM_MAC;
	return link->type == BPF_LINK_TYPE_CGROUP && link->cgroup.cgroup_id == cgroup_id;
}

int sn_pins_check_link(const char *name, __u64 cgroup_id, struct sn_err *err)
{
	struct bpf_link_info info = {};
	__u32 size = sizeof(info);
	sn_autoclose int fd = -1;
	char path[PATH_MAX];

	snprintf(path, sizeof(path), SN_LINKS_DIR "/%s", name);
	fd = bpf_obj_get(path);
	if (fd < 0)
		return sn_fail(err, EPROTO, "cannot open %s: %s; run safenode-load", path,
			       strerror(errno));
	if (!bpf_obj_get_info_by_fd(fd, &info, &size) && is_attached(&info, cgroup_id))
		return 0;
	return sn_fail(err, EPROTO, "%s is detached; run safenode-load", path);
}

int sn_pins_check_links(__u64 cgroup_id, struct sn_err *err)
{
	DIR *dir = opendir(SN_LINKS_DIR);
	struct dirent *entry;
	int ret = 0;

	if (!dir)
		return sn_fail(err, EPROTO, "cannot open %s: %s; run safenode-load", SN_LINKS_DIR,
			       strerror(errno));
	while (!ret && (entry = readdir(dir)))
		if (is_link(entry))
			ret = sn_pins_check_link(entry->d_name, cgroup_id, err);
	closedir(dir);
	return ret;
}

/* ---- making and removing them ---- */

int sn_pins_put_maps(struct bpf_object *obj, const char *dir, struct sn_err *err)
{
	struct bpf_map *map;

	bpf_object__for_each_map (map, obj) {
		char path[PATH_MAX];
		int ret;

		if (bpf_map__is_internal(map))
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, bpf_map__name(map));
		ret = bpf_map__pin(map, path);
		if (ret)
			return sn_fail(err, -ret, "cannot pin %s: %s", path, strerror(-ret));
	}
	return 0;
}

int sn_pins_put_link(struct bpf_link *link, const char *dir, const char *name, struct sn_err *err)
{
	char path[PATH_MAX];
	int ret;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	ret = bpf_link__pin(link, path);
	if (ret)
		return sn_fail(err, -ret, "cannot pin %s: %s", path, strerror(-ret));
	return 0;
}

int sn_pins_put_mark(const struct bpf_program *prog, const char *dir, struct sn_err *err)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/" SN_MARK_PIN, dir);
	if (bpf_obj_pin(bpf_program__fd(prog), path))
		return sn_fail(err, errno, "cannot pin %s: %s", path, strerror(errno));
	return 0;
}

/* bpf_obj_get_info_by_fd() does not tell what kind of object a descriptor is; the name does. */
__u32 sn_pins_program(const char *path)
{
	sn_autoclose int fd = bpf_obj_get(path);
	const char *slash = strrchr(path, '/');
	struct bpf_prog_info prog = {};
	struct bpf_link_info link = {};
	__u32 size = sizeof(link);

	if (fd < 0)
		return 0;
	if (!slash || strcmp(slash + 1, SN_MARK_PIN) != 0)
		return bpf_obj_get_info_by_fd(fd, &link, &size) ? 0 : link.prog_id;
	size = sizeof(prog);
	return bpf_obj_get_info_by_fd(fd, &prog, &size) ? 0 : prog.id;
}

/*
 * By descriptors, and not through symbolic links: a bpf file system that was mounted without
 * "mode=" has the mode 1777, so other users can put a link in this place.
 */
static int remove_at(int dir, const char *name)
{
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), error;
	DIR *entries = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!entries) {
		error = errno;
		sn_close_(&fd);
		return error == ENOENT ? 0 : -error;
	}
	while ((entry = readdir(entries))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		if (unlinkat(fd, entry->d_name, 0) && errno == EISDIR)
			remove_at(fd, entry->d_name);
	}
	closedir(entries);
	return unlinkat(dir, name, AT_REMOVEDIR) ? -errno : 0;
}

int sn_pins_remove(const char *path)
{
	return remove_at(AT_FDCWD, path);
}

int sn_pins_count(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	int nr = 0;

	if (!dir)
		return -errno;
	while ((entry = readdir(dir)))
		nr += is_link(entry);
	closedir(dir);
	return nr;
}
