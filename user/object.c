// SPDX-License-Identifier: GPL-2.0-only
/* The programs: choose, load, attach, pin, replace, undo. Only this file knows the skeleton. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "cgroup.h"
#include "object.h"
#include "safenode.skel.h"
#include "trial.h"

/* No dots: the bpf file system keeps names with them for itself (bpf_lookup). */
#define BPF_FS	      "/sys/fs/bpf"
#define NEW_DIR	      SN_PIN_DIR "_new"
#define NEW_LINKS_DIR SN_PIN_DIR "/links_new"

/* libbpf's own lines on stderr would come between the tools' one and its reader. */
static struct safenode_bpf *open_skeleton(void)
{
	libbpf_set_print(NULL);
	return safenode_bpf__open();
}

/* The hook of an LSM program, from its section "lsm/<hook>"; NULL for the others. */
static const char *hook_of(const struct bpf_program *prog)
{
	const char *section = bpf_program__section_name(prog);

	return strncmp(section, "lsm/", 4) ? NULL : section + 4;
}

/* Run by the loader itself, and attached to nothing. */
static bool is_iterator(const struct bpf_program *prog)
{
	return !strncmp(bpf_program__section_name(prog), "iter/", 5);
}

/* Leaves out the programs whose hook this kernel does not have and need not have. */
static int choose_programs(struct safenode_bpf *skel,
			   void (*each)(const struct sn_requirement *req, void *data), void *data,
			   struct sn_err *err)
{
	struct btf *btf = btf__load_vmlinux_btf();
	struct bpf_program *prog;
	int ret = 0;

	if (!btf)
		return sn_fail(err, ENOSYS,
			       "no kernel type information in /sys/kernel/btf/vmlinux; "
			       "run a kernel built with CONFIG_DEBUG_INFO_BTF=y");
	skel->rodata->sn_setattr_dentry = sn_kernel_hook_argument(btf, "inode_setattr", "dentry");
	bpf_object__for_each_program (prog, skel->obj) {
		struct sn_requirement req = { .what = hook_of(prog) };

		if (!req.what)
			continue;
		req.met = sn_kernel_has_hook(btf, req.what);
		bpf_program__set_autoload(prog, req.met);
		if (!req.met && sn_kernel_hook_is_optional(req.what))
			continue;
		snprintf(req.found, sizeof(req.found), "%s",
			 req.met ? "yes"
				 : "missing; run Linux 6.1 or newer with CONFIG_BPF_LSM, "
				   "CONFIG_SECURITY_PATH and CONFIG_SECURITY_NETWORK");
		if (req.met && !sn_kernel_hook_fits(btf, req.what)) {
			req.met = false;
			snprintf(req.found, sizeof(req.found),
				 "its arguments are not those of any known kernel; "
				 "run another one, and report this one");
		}
		each(&req, data);
		if (!req.met && !ret)
			ret = sn_fail(err, ENOSYS, "hook %s: %s", req.what, req.found);
	}
	btf__free(btf);
	return ret;
}

int sn_object_check_hooks(void (*each)(const struct sn_requirement *req, void *data), void *data,
			  struct sn_err *err)
{
	struct safenode_bpf *skel = open_skeleton();
	int ret;

	if (!skel)
		return sn_fail(err, errno, "cannot read the BPF object: %s", strerror(errno));
	ret = choose_programs(skel, each, data, err);
	safenode_bpf__destroy(skel);
	return ret;
}

/* ---- pins ---- */

static int remove_pins(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;

	if (!dir)
		return errno == ENOENT ? 0 : -errno;
	while ((entry = readdir(dir))) {
		char child[PATH_MAX];

		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		snprintf(child, sizeof(child), "%s/%s", path, entry->d_name);
		if (unlink(child) && errno == EISDIR)
			remove_pins(child);
	}
	closedir(dir);
	return rmdir(path) ? -errno : 0;
}

static int count_entries(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	int nr = 0;

	if (!dir)
		return -errno;
	while ((entry = readdir(dir)))
		nr += entry->d_name[0] != '.';
	closedir(dir);
	return nr;
}

static int pin_link(struct bpf_link *link, const char *dir, const char *name, struct sn_err *err)
{
	char path[PATH_MAX];
	int ret;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	ret = bpf_link__pin(link, path);
	if (ret)
		return sn_fail(err, -ret, "cannot pin %s: %s", path, strerror(-ret));
	return 0;
}

static int pin_maps(struct safenode_bpf *skel, const char *dir, struct sn_err *err)
{
	struct bpf_map *map;

	bpf_object__for_each_map (map, skel->obj) {
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

/* Loaded before: the new programs use the maps that are there. */
static int reuse_maps(struct safenode_bpf *skel, struct sn_err *err)
{
	struct bpf_map *map;

	bpf_object__for_each_map (map, skel->obj) {
		char path[PATH_MAX];
		sn_autoclose int fd = -1;
		int ret;

		if (bpf_map__is_internal(map))
			continue;
		snprintf(path, sizeof(path), "%s/%s", SN_PIN_DIR, bpf_map__name(map));
		fd = bpf_obj_get(path);
		if (fd < 0)
			return sn_fail(err, EPROTO, "%s is missing (%s); safenode-load --unload",
				       path, strerror(errno));
		ret = bpf_map__reuse_fd(map, fd);
		if (ret)
			return sn_fail(err, EPROTO,
				       "%s does not fit this version; "
				       "safenode-load --unload",
				       path);
	}
	return 0;
}

static int read_state(struct sn_state *state, struct sn_err *err)
{
	sn_autoclose int fd = bpf_obj_get(SN_PIN_DIR "/state");
	struct bpf_map_info info = {};
	__u32 size = sizeof(info), first = 0;

	if (fd < 0)
		return sn_fail(err, ENOENT, "safenode is not loaded; run safenode-load");
	if (bpf_obj_get_info_by_fd(fd, &info, &size) || info.value_size != sizeof(*state) ||
	    bpf_map_lookup_elem(fd, &first, state) || state->abi_version != SN_ABI_VERSION)
		return sn_fail(err, EPROTO,
			       "another version of safenode is loaded; "
			       "use its tools, or safenode-load --unload");
	return 0;
}

/* ---- load ---- */

/* A program that is an iterator over cgroups, from @cgroup_fd upwards; whoever reads it runs it. */
static struct bpf_link *attach_iterator(struct bpf_program *prog, int cgroup_fd)
{
	union bpf_iter_link_info cgroup = {
		.cgroup = { .cgroup_fd = cgroup_fd, .order = BPF_CGROUP_ITER_ANCESTORS_UP },
	};
	LIBBPF_OPTS(bpf_iter_attach_opts, opts, .link_info = &cgroup,
		    .link_info_len = sizeof(cgroup));

	return bpf_program__attach_iter(prog, &opts);
}

/* Tells the programs addresses of the kernel, and the parent's level, which @state gets, too. */
static int find_parent(struct safenode_bpf *skel, int cgroup_fd, struct sn_state *state,
		       struct sn_err *err)
{
	struct bpf_link *link = attach_iterator(skel->progs.sn_find_parent, cgroup_fd);
	sn_autoclose int fd = -1;
	char nothing;
	int ret = 0;

	if (link)
		fd = bpf_iter_create(bpf_link__fd(link));
	if (fd < 0 || read(fd, &nothing, 1) || !skel->bss->sn_parent)
		ret = sn_fail(err, errno ?: EPROTO, "cannot find the parent cgroup's address: %s",
			      strerror(errno));
	else if (skel->bss->sn_egress_elsewhere)
		ret = sn_fail(err, ENOSYS,
			      "this kernel keeps CGROUP_INET_EGRESS where this version of safenode "
			      "does not look; run a newer safenode, or an older kernel");
	state->parent_level = skel->bss->sn_parent_level;
	bpf_link__destroy(link);
	return ret;
}

struct trial {
	struct safenode_bpf *skel;
	int whose[SN_TRIAL_ROUNDS]; /* sn_try_confined, to be read in the cgroup */
	bool again;
};

static const char *try_in_cgroup(int round, void *data)
{
	struct trial *trial = data;
	char nothing;

	if (read(trial->whose[round], &nothing, 1) || !trial->skel->bss->sn_is_refused)
		return "anything by these programs";
	/* they are in force beside those that they replace, and would show nothing */
	return trial->again ? NULL : sn_trial_acts(false);
}

/* Are those refused who have no policy, in a child cgroup, too? @parent is open as @cgroup_fd. */
static int try_refusals(struct safenode_bpf *skel, const char *parent, int cgroup_fd, bool again,
			struct sn_err *err)
{
	struct trial trial = { .skel = skel, .whose = { -1, -1 }, .again = again };
	struct bpf_link *link = attach_iterator(skel->progs.sn_try_confined, cgroup_fd);
	int ret = link ? 0 : -errno;

	for (int round = 0; round < SN_TRIAL_ROUNDS && !ret; round++) {
		trial.whose[round] = bpf_iter_create(bpf_link__fd(link));
		ret = trial.whose[round] < 0 ? -errno : 0;
	}
	if (ret)
		sn_fail(err, -ret, "cannot run the self-test: %s", strerror(-ret));
	else
		ret = sn_trial_below(parent, try_in_cgroup, &trial, err);
	for (int round = 0; round < SN_TRIAL_ROUNDS; round++)
		if (trial.whose[round] >= 0)
			close(trial.whose[round]);
	bpf_link__destroy(link);
	return ret;
}

static void not_asked(const struct sn_requirement *req, void *data)
{
}

/* Attaches every program and pins its link in @dir; how many, into @nr. */
static int attach_all(struct safenode_bpf *skel, int cgroup_fd, const char *dir, __u32 *nr,
		      struct sn_err *err)
{
	struct bpf_program *prog;

	*nr = 0;
	bpf_object__for_each_program (prog, skel->obj) {
		struct bpf_link *link;
		int ret;

		if (!bpf_program__autoload(prog) || is_iterator(prog))
			continue;
		if (hook_of(prog))
			link = bpf_program__attach_lsm(prog);
		else
			link = bpf_program__attach_cgroup(prog, cgroup_fd);
		if (!link)
			return sn_fail(err, errno, "cannot attach %s: %s", bpf_program__name(prog),
				       strerror(errno));
		ret = pin_link(link, dir, bpf_program__name(prog), err);
		bpf_link__destroy(link); /* the pin keeps it */
		if (ret)
			return ret;
		++*nr;
	}
	return 0;
}

static int write_state(struct safenode_bpf *skel, const struct sn_state *state, struct sn_err *err)
{
	struct sn_counters none = {};
	__u32 first = 0;
	__u64 nobody = 0;

	if (bpf_map_update_elem(bpf_map__fd(skel->maps.state), &first, state, BPF_ANY))
		return sn_fail(err, errno, "cannot write the state: %s", strerror(errno));
	/* key 0 counts for processes without a policy; it may be there from an earlier load */
	if (bpf_map_update_elem(bpf_map__fd(skel->maps.counters), &nobody, &none, BPF_NOEXIST) &&
	    errno != EEXIST)
		return sn_fail(err, errno, "cannot write the counters: %s", strerror(errno));
	return 0;
}

/* The first time: everything is made beside the final place, which then appears at once. */
static int load_first(struct safenode_bpf *skel, const char *parent, int cgroup_fd,
		      struct sn_state *state, struct sn_err *err)
{
	int ret;

	if (mkdir(NEW_DIR, 0700) || mkdir(NEW_DIR "/links", 0700))
		return sn_fail(err, errno, "cannot make %s: %s", NEW_DIR, strerror(errno));
	ret = pin_maps(skel, NEW_DIR, err);
	if (!ret)
		ret = attach_all(skel, cgroup_fd, NEW_DIR "/links", &state->programs, err);
	/* before there is a counter for those without a policy, and so without a report */
	if (!ret)
		ret = try_refusals(skel, parent, cgroup_fd, false, err);
	if (!ret)
		ret = write_state(skel, state, err);
	if (!ret && rename(NEW_DIR, SN_PIN_DIR))
		ret = sn_fail(err, errno, "cannot make %s: %s", SN_PIN_DIR, strerror(errno));
	return ret;
}

/*
 * Again: for a moment the old and the new programs are both in force, and both must agree. The two
 * directories change places at once, so that whoever is killed here leaves all links in one of them
 * where they belong.
 */
static int load_again(struct safenode_bpf *skel, const char *parent, int cgroup_fd,
		      struct sn_state *state, struct sn_err *err)
{
	unsigned int flags = access(SN_LINKS_DIR, F_OK) ? 0 : RENAME_EXCHANGE;
	int ret;

	if (mkdir(NEW_LINKS_DIR, 0700))
		return sn_fail(err, errno, "cannot make %s: %s", NEW_LINKS_DIR, strerror(errno));
	ret = attach_all(skel, cgroup_fd, NEW_LINKS_DIR, &state->programs, err);
	if (!ret)
		ret = try_refusals(skel, parent, cgroup_fd, true, err);
	if (ret)
		return ret;
	if (renameat2(AT_FDCWD, NEW_LINKS_DIR, AT_FDCWD, SN_LINKS_DIR, flags))
		return sn_fail(err, errno, "cannot make %s: %s", SN_LINKS_DIR, strerror(errno));
	ret = write_state(skel, state, err);
	remove_pins(NEW_LINKS_DIR); /* now the old ones */
	return ret;
}

static int open_and_load(const struct sn_state *state, bool again, struct safenode_bpf **skel,
			 struct sn_err *err)
{
	struct safenode_bpf *s = open_skeleton();
	int ret;

	*skel = s;
	if (!s)
		return sn_fail(err, errno, "cannot read the BPF object: %s", strerror(errno));
	s->rodata->sn_parent_id = state->parent_id;
	ret = choose_programs(s, not_asked, NULL, err);
	if (!ret && again)
		ret = reuse_maps(s, err);
	if (ret)
		return ret;
	ret = safenode_bpf__load(s);
	if (ret)
		return sn_fail(err, ENOSYS, "the kernel refuses the programs: %s", strerror(-ret));
	return 0;
}

static int load_into(const char *parent, int cgroup_fd, struct sn_state *state, bool again,
		     struct sn_err *err)
{
	struct safenode_bpf *skel = NULL;
	int ret;

	/* what a load that was interrupted left behind */
	remove_pins(NEW_DIR);
	remove_pins(NEW_LINKS_DIR);

	ret = open_and_load(state, again, &skel, err);
	if (!ret)
		ret = find_parent(skel, cgroup_fd, state, err);
	if (!ret)
		ret = again ? load_again(skel, parent, cgroup_fd, state, err)
			    : load_first(skel, parent, cgroup_fd, state, err);
	safenode_bpf__destroy(skel);
	if (ret) {
		remove_pins(NEW_DIR);
		remove_pins(NEW_LINKS_DIR);
	}
	return ret;
}

/* One tool loads or unloads at a time. The lock goes with the descriptor; negative: no lock. */
static int lock_pins(const char *dir, struct sn_err *err)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0 && !flock(fd, LOCK_EX))
		return fd;
	sn_fail(err, errno, "cannot lock %s: %s", dir, strerror(errno));
	if (fd >= 0)
		close(fd);
	return -EIO;
}

static int check_parent(const char *parent, const struct sn_state *old, struct sn_err *err)
{
	if (parent[0] != '/' || !parent[1] || strstr(parent, "/.") || strlen(parent) >= SN_TEXT_MAX)
		return sn_fail(err, EINVAL, "'%s' is not a cgroup's path, such as /safenode",
			       parent);
	if (old && strcmp(old->parent, parent))
		return sn_fail(err, EBUSY,
			       "loaded for tenants below %s; safenode-load --unload first",
			       old->parent);
	return 0;
}

int sn_object_load(const char *parent, struct sn_err *err)
{
	struct sn_state state = { .abi_version = SN_ABI_VERSION }, old;
	char mount[PATH_MAX], path[PATH_MAX + SN_TEXT_MAX];
	sn_autoclose int lock = lock_pins(BPF_FS, err);
	bool again = !access(SN_PIN_DIR, F_OK);
	sn_autoclose int cgroup_fd = -1;
	int ret, made;

	if (lock < 0)
		return lock;
	ret = again ? read_state(&old, err) : 0;
	if (ret)
		return ret;
	ret = check_parent(parent, again ? &old : NULL, err);
	if (!ret)
		ret = sn_cgroup_mount(mount, err);
	if (ret)
		return ret;
	snprintf(path, sizeof(path), "%s%s", mount, parent);
	made = sn_cgroup_make(path, err);
	if (made < 0)
		return made;
	snprintf(state.parent, sizeof(state.parent), "%s", parent);
	ret = sn_cgroup_id(path, &state.parent_id, err);
	cgroup_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (!ret && cgroup_fd < 0)
		ret = sn_fail(err, errno, "cannot open %s: %s", path, strerror(errno));
	if (!ret)
		ret = load_into(path, cgroup_fd, &state, again, err);
	if (ret && made)
		rmdir(path);
	return ret;
}

int sn_object_unload(struct sn_err *err)
{
	char mount[PATH_MAX], path[PATH_MAX + SN_TEXT_MAX];
	sn_autoclose int lock = lock_pins(BPF_FS, err), tenants = -1;
	bool interrupted = !access(NEW_DIR, F_OK);
	struct sn_state state = {};
	__u64 key;
	int policies, known, ret;

	if (lock < 0)
		return lock;
	remove_pins(NEW_DIR);
	if (access(SN_PIN_DIR, F_OK))
		return interrupted ? 0 : sn_fail(err, ENOENT, "safenode is not loaded");
	tenants = lock_pins(SN_PIN_DIR, err); /* no attach may come in between */
	if (tenants < 0)
		return tenants;
	known = read_state(&state, NULL);
	policies = bpf_obj_get(SN_PIN_DIR "/policies");
	if (policies >= 0) {
		ret = bpf_map_get_next_key(policies, NULL, &key);
		close(policies);
		if (!ret)
			return sn_fail(err, EBUSY, "tenants are left; %s",
				       known == -EPROTO
					       ? "safenode-detach each with the tools of the "
						 "version that is loaded first"
					       : "see safenode-status, and safenode-detach each of "
						 "them first");
	}
	if (!state.parent[0] || sn_cgroup_mount(mount, NULL))
		path[0] = '\0';
	else
		snprintf(path, sizeof(path), "%s%s", mount, state.parent);
	if (path[0] && sn_cgroup_populated(path) == 1)
		return sn_fail(err, EBUSY,
			       "processes that are no tenant's run below %s; end them or move them "
			       "elsewhere first, for they would be free",
			       path);
	ret = remove_pins(SN_PIN_DIR);
	if (ret)
		return sn_fail(err, -ret, "cannot remove %s: %s", SN_PIN_DIR, strerror(-ret));
	return path[0] ? sn_cgroup_remove(path, err) : 0;
}

/* Removed and made again, the cgroup has another id, and nothing below it would be a tenant. */
static int check_parent_id(const struct sn_state *state, struct sn_err *err)
{
	char mount[PATH_MAX], path[PATH_MAX + SN_TEXT_MAX];
	__u64 id;
	int ret = sn_cgroup_mount(mount, err);

	if (ret)
		return ret;
	snprintf(path, sizeof(path), "%s%s", mount, state->parent);
	if (sn_cgroup_id(path, &id, NULL) || id != state->parent_id)
		return sn_fail(err, EPROTO,
			       "the cgroup %s was removed since safenode-load; "
			       "safenode-load --unload, then safenode-load",
			       path);
	return 0;
}

int sn_object_state(struct sn_state *state, struct sn_err *err)
{
	int ret = read_state(state, err), links;

	if (ret)
		return ret;
	links = count_entries(SN_LINKS_DIR);
	if (links != (int)state->programs)
		return sn_fail(err, EPROTO, "%d of %u programs are attached; run safenode-load",
			       links < 0 ? 0 : links, state->programs);
	ret = check_parent_id(state, err);
	return ret ? ret : sn_kernel_check_ftrace(err);
}
