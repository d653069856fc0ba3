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
#include <sys/stat.h>
#include <unistd.h>

#include "cgroup.h"
#include "elsewhere.h"
#include "lsmhooks.h"
#include "mark.h"
#include "object.h"
#include "peers.h"
#include "pins.h"
#include "safenode.skel.h"
#include "trial.h"
#include "upgrade.h"

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
static int choose_by_types(struct safenode_bpf *skel, const struct btf *kernel,
			   void (*each)(const struct sn_requirement *req, void *data), void *data,
			   struct sn_err *err)
{
	const struct btf *programs = bpf_object__btf(skel->obj);
	struct bpf_program *prog;
	int ret = sn_kernel_check_build(kernel, each, data, err);

	skel->rodata->sn_setattr_dentry = sn_hook_argument(kernel, "inode_setattr", "dentry");
	bpf_object__for_each_program (prog, skel->obj) {
		struct sn_requirement req = {};
		const char *hook = hook_of(prog);

		if (!hook)
			continue;
		if (!sn_hook_judge(kernel, programs, hook, &req)) {
			bpf_program__set_autoload(prog, false);
			continue;
		}
		each(&req, data);
		if (!req.met && !ret)
			ret = sn_requirement_fail(&req, err);
	}
	return ret;
}

static int choose_programs(struct safenode_bpf *skel,
			   void (*each)(const struct sn_requirement *req, void *data), void *data,
			   struct sn_err *err)
{
	struct btf *kernel = btf__load_vmlinux_btf();
	int ret;

	if (!kernel)
		return sn_fail(err, ENOSYS,
			       "no kernel type information in /sys/kernel/btf/vmlinux; "
			       "run a kernel built with CONFIG_DEBUG_INFO_BTF=y");
	if (sn_hook_exists(kernel, "file_open"))
		ret = choose_by_types(skel, kernel, each, data, err);
	else
		ret = sn_fail(err, ENOSYS,
			      "no hook of this kernel takes BPF programs; "
			      "run a kernel built with CONFIG_BPF_LSM=y");
	btf__free(kernel);
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

/* Tells the programs which of them is the mark. */
static int tell_mark(struct safenode_bpf *skel, struct sn_mark *mark, struct sn_err *err)
{
	struct bpf_prog_info info = {};
	__u32 size = sizeof(info);

	mark->program = bpf_program__fd(skel->progs.sn_egress);
	if (bpf_obj_get_info_by_fd(mark->program, &info, &size))
		return sn_fail(err, errno, "cannot learn the id of a program: %s", strerror(errno));
	mark->id = skel->bss->sn_mark = info.id;
	return 0;
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
	if (fd < 0 || read(fd, &nothing, 1) || !skel->bss->sn_parent_found)
		ret = sn_fail(err, errno ?: EPROTO, "cannot find the parent cgroup: %s",
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

static struct sn_trial try_in_cgroup(int round, void *data)
{
	struct trial *trial = data;
	char nothing;

	if (read(trial->whose[round], &nothing, 1) || !trial->skel->bss->sn_is_refused)
		return (struct sn_trial){ .act = "anything by these programs" };
	/* those that are replaced refuse as well: it would show nothing */
	if (trial->again)
		return (struct sn_trial){};
	return sn_trial_acts(false);
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

#define PROGRAMS_MAX 256

/* By the ids that the kernel gives them. */
struct programs {
	__u32 ids[PROGRAMS_MAX];
	size_t nr;
};

/* A load under way. */
struct load {
	struct safenode_bpf *skel;
	struct sn_upgrade *upgrade; /* NULL: nothing was loaded before */
	struct sn_state state;	    /* to be written; what was pinned comes first */
	char mount[PATH_MAX];	    /* of cgroup v2 */
	char parent[PATH_MAX + SN_TEXT_MAX];
	int cgroup_fd;	      /* the parent */
	struct sn_mark mark;  /* the new one; its descriptor is the skeleton's */
	int maps;	      /* the lock on those that were pinned before, or -1 */
	int new_maps;	      /* the lock on those that take their place, or -1 */
	bool in_force;	      /* the new programs and maps are in their final place */
	struct programs gone; /* their pins are removed, and no tenant is started until they are */
};

static int attach(struct bpf_program *prog, const struct load *load, struct bpf_link **link,
		  struct sn_err *err)
{
	const char *hook = hook_of(prog);

	*link = hook ? bpf_program__attach_lsm(prog)
		     : bpf_program__attach_cgroup(prog, load->cgroup_fd);
	if (*link)
		return 0;
	return hook ? sn_peers_explain_hook(prog, hook, errno, err)
		    : sn_peers_explain_egress(bpf_program__fd(prog), load->parent, errno, err);
}

static int attach_and_pin(struct bpf_program *prog, struct load *load, const char *dir,
			  struct sn_err *err)
{
	struct bpf_link *link;
	int ret = attach(prog, load, &link, err);

	if (ret)
		return ret;
	ret = sn_pins_put_link(link, dir, bpf_program__name(prog), err);
	bpf_link__destroy(link); /* the pin keeps it */
	++load->state.programs;
	return ret;
}

struct marking {
	const char *mount;
	const struct sn_mark *mark;
	struct sn_err *err;
};

static int put_mark(__u64 id, const char *path, void *data)
{
	const struct marking *marking = data;
	sn_autoclose int cgroup = sn_cgroup_open(marking->mount, path, id);

	if (cgroup == -ENOENT)
		return 0;
	if (cgroup < 0)
		return sn_fail(marking->err, -cgroup, "cannot open the cgroup %s of a tenant: %s",
			       path, strerror(-cgroup));
	return sn_mark_put(marking->mark, cgroup, path, marking->err);
}

static int mark_tenants(const struct load *load, struct sn_err *err)
{
	struct marking marking = { load->mount, &load->mark, err };

	return sn_elsewhere_each(bpf_map__fd(load->skel->maps.cgroups), load->mount, put_mark,
				 &marking, err);
}

static int leave_mark(__u64 id, const char *path, void *data)
{
	const struct marking *marking = data;
	sn_autoclose int cgroup = sn_cgroup_open(marking->mount, path, id);

	if (cgroup >= 0)
		sn_mark_remove_others(marking->mark, cgroup);
	return 0;
}

/*
 * Takes from the tenants' cgroups what is not the mark in force: the one of before, when the new
 * programs are in force; or the one of a load that failed or was killed.
 */
static void remove_other_marks(const struct load *load)
{
	sn_autoclose int map = bpf_obj_get(SN_PIN_DIR "/cgroups");
	struct sn_mark mark;
	struct marking marking = { load->mount, &mark, NULL };

	if (map < 0 || sn_mark_open(SN_LINKS_DIR, &mark, NULL))
		return; /* there are none */
	sn_elsewhere_each(map, load->mount, leave_mark, &marking, NULL);
	sn_mark_close(&mark);
}

/*
 * Attaches every program and pins its link in @dir. The egress program first, which is the mark by
 * which the others know tenants: on the parent, and on each tenant's cgroup that is not below it,
 * beside that of the programs that are replaced.
 */
static int attach_all(struct load *load, const char *dir, struct sn_err *err)
{
	struct bpf_program *prog, *egress = load->skel->progs.sn_egress;
	int ret;

	load->state.programs = 0;
	ret = attach_and_pin(egress, load, dir, err);
	if (!ret)
		ret = sn_pins_put_mark(egress, dir, err);
	if (!ret)
		ret = mark_tenants(load, err);
	bpf_object__for_each_program (prog, load->skel->obj) {
		if (ret)
			break;
		if (bpf_program__autoload(prog) && !is_iterator(prog) && prog != egress)
			ret = attach_and_pin(prog, load, dir, err);
	}
	return ret;
}

/* The state last: where this fails, that of before still holds. */
static int write_state(const struct load *load, struct sn_err *err)
{
	const struct safenode_bpf *skel = load->skel;
	struct sn_counters none = {};
	__u32 first = 0;
	__u64 nobody = 0;

	/* key 0 counts for processes without a policy; it may be there from an earlier load */
	if (bpf_map_update_elem(bpf_map__fd(skel->maps.counters), &nobody, &none, BPF_NOEXIST) &&
	    errno != EEXIST)
		return sn_fail(err, errno, "cannot write the counters: %s", strerror(errno));
	if (bpf_map_update_elem(bpf_map__fd(skel->maps.state), &first, &load->state, BPF_ANY))
		return sn_fail(err, errno, "cannot write the state: %s", strerror(errno));
	return 0;
}

/* From where they were made to where they count, in one step. */
static int put_in_force(struct load *load, const char *from, const char *to, unsigned int flags,
			struct sn_err *err)
{
	if (renameat2(AT_FDCWD, from, AT_FDCWD, to, flags))
		return sn_fail(err, errno, "cannot make %s: %s", to, strerror(errno));
	load->in_force = true;
	return 0;
}

static int remove_old(const char *dir, struct sn_err *err)
{
	int ret = sn_pins_remove(dir);

	if (!ret)
		return 0;
	return sn_fail(err, EBUSY,
		       "loaded, but cannot remove the old programs in %s: %s; "
		       "run safenode-load once more",
		       dir, strerror(-ret));
}

/* ---- programs of before ---- */

/* Adds those of the pinned links in @dir. */
static void find_programs(const char *dir, struct programs *programs)
{
	DIR *links = opendir(dir);
	struct dirent *entry;

	while (links && programs->nr < PROGRAMS_MAX && (entry = readdir(links))) {
		char path[PATH_MAX];
		__u32 id;

		snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
		id = sn_pins_program(path);
		if (id)
			programs->ids[programs->nr++] = id;
	}
	if (links)
		closedir(links);
}

/* 1: the kernel has it; 0: it is gone; or a negative errno. */
static int has_program(__u32 id)
{
	sn_autoclose int fd = bpf_prog_get_fd_by_id(id);

	if (fd >= 0)
		return 1;
	return errno == ENOENT ? 0 : -errno;
}

#define GONE_SECONDS 300

/*
 * The kernel takes programs off their hooks some time after the last pin of their links is gone,
 * one after the other (bpf_link_put() hands it to a worker). Until then they refuse everything to a
 * tenant that is started, for the maps that they read do not know it.
 */
static int wait_until_gone(const struct programs *programs, struct sn_err *err)
{
	int tries = GONE_SECONDS * 50, ret;

	for (size_t i = 0; i < programs->nr; i++) {
		__u32 id = programs->ids[i];

		while ((ret = has_program(id)) > 0 && tries--)
			usleep(1000000 / 50);
		if (ret)
			return sn_fail(
				err, EBUSY,
				"cannot see program %u of before go: %s; wait until 'bpftool "
				"prog show id %u' has none, for no tenant can be started until "
				"then",
				id, ret < 0 ? strerror(-ret) : "it is still there", id);
	}
	return 0;
}

/* ---- in force ---- */

/*
 * With maps of its own: everything is made beside the final place, and moves there at once. A load
 * that is killed leaves a complete directory in that place.
 *
 * Where something was loaded before, the programs of both are in force for a moment, over maps that
 * say the same, for the lock keeps others from writing to them. Refusals are counted by the old
 * programs alone, which the kernel asks first (invoke_bpf_mod_ret in the trampoline); so counters
 * are copied once more at the end.
 */
static int load_beside(struct load *load, struct sn_err *err)
{
	bool again = load->upgrade;
	int ret;

	load->new_maps = sn_pins_make_new(err);
	if (load->new_maps < 0)
		return load->new_maps;
	ret = sn_pins_put_maps(load->skel->obj, SN_NEW_DIR, err);
	if (!ret && again)
		ret = sn_upgrade_carry(load->upgrade, err);
	if (!ret)
		ret = attach_all(load, SN_NEW_DIR "/links", err);
	/* before there is a counter for those without a policy, and so without a report */
	if (!ret)
		ret = try_refusals(load->skel, load->parent, load->cgroup_fd, again, err);
	if (!ret && again)
		ret = sn_upgrade_carry_again(load->upgrade, "counters", err);
	if (!ret)
		ret = write_state(load, err);
	if (!ret)
		ret = put_in_force(load, SN_NEW_DIR, SN_PIN_DIR,
				   again ? RENAME_EXCHANGE : RENAME_NOREPLACE, err);
	if (ret || !again)
		return ret;
	remove_other_marks(load);
	find_programs(SN_NEW_DIR "/links", &load->gone);
	return remove_old(SN_NEW_DIR, err);
}

/*
 * With the maps that are there: for a moment the old and the new programs are both in force, and
 * both must agree. The two directories change places at once, so that whoever is killed here leaves
 * all links in one of them where they belong. They change back if the state cannot be written,
 * which tells how many there are and where the parent is.
 */
static int load_again(struct load *load, struct sn_err *err)
{
	unsigned int flags = access(SN_LINKS_DIR, F_OK) ? 0 : RENAME_EXCHANGE;
	int ret;

	if (mkdir(SN_NEW_LINKS_DIR, 0700))
		return sn_fail(err, errno, "cannot make %s: %s", SN_NEW_LINKS_DIR, strerror(errno));
	ret = attach_all(load, SN_NEW_LINKS_DIR, err);
	if (!ret)
		ret = try_refusals(load->skel, load->parent, load->cgroup_fd, true, err);
	if (!ret)
		ret = put_in_force(load, SN_NEW_LINKS_DIR, SN_LINKS_DIR, flags, err);
	if (ret)
		return ret;
	ret = write_state(load, err);
	if (!ret) {
		remove_other_marks(load);
		return remove_old(SN_NEW_LINKS_DIR, err);
	}
	load->in_force = renameat2(AT_FDCWD, SN_LINKS_DIR, AT_FDCWD, SN_NEW_LINKS_DIR, flags);
	return ret;
}

/* What a load left that was interrupted, or failed. Those in SN_NEW_LINKS_DIR read the same maps.
 */
static void remove_leftovers(struct load *load)
{
	remove_other_marks(load);
	find_programs(SN_NEW_DIR "/links", &load->gone);
	sn_pins_remove(SN_NEW_DIR);
	sn_pins_remove(SN_NEW_LINKS_DIR);
}

/* Tools take what is in SN_NEW_DIR for what it is, but while it goes they have to wait. */
static int remove_interrupted(struct load *load, bool loaded, struct sn_err *err)
{
	bool lock = loaded && !access(SN_NEW_DIR, F_OK);
	sn_autoclose int maps = lock ? sn_pins_lock_maps(err) : -1;

	if (lock && maps < 0)
		return maps;
	remove_leftovers(load);
	return wait_until_gone(&load->gone, err);
}

/* Into the kernel, where nothing runs yet. @old is NULL where nothing was loaded before. */
static int load_programs(struct load *load, const struct sn_state *old, struct sn_err *err)
{
	int ret;

	load->skel->rodata->sn_parent_id = load->state.parent_id;
	ret = choose_programs(load->skel, not_asked, NULL, err);
	if (!ret && old)
		ret = sn_upgrade_plan(load->skel->obj, old, &load->upgrade, err);
	if (ret)
		return ret;
	ret = safenode_bpf__load(load->skel);
	if (ret)
		return sn_fail(err, ENOSYS, "the kernel refuses the programs: %s%s", strerror(-ret),
			       sn_kernel_hint(-ret));
	ret = tell_mark(load->skel, &load->mark, err);
	return ret ? ret : find_parent(load->skel, load->cgroup_fd, &load->state, err);
}

static int load_into(struct load *load, const struct sn_state *old, struct sn_err *err)
{
	int ret = remove_interrupted(load, old, err);

	if (ret)
		return ret;
	ret = load_programs(load, old, err);
	if (!ret && old) { /* a tenant that is made meanwhile would not get the new mark */
		load->maps = sn_pins_lock_maps(err);
		ret = load->maps < 0 ? load->maps : 0;
	}
	if (!ret)
		ret = old && !sn_upgrade_is_needed(load->upgrade) ? load_again(load, err)
								  : load_beside(load, err);
	if (ret)
		remove_leftovers(load);
	return ret;
}

static int check_parent(const char *parent, const struct sn_state *old, struct sn_err *err)
{
	if (parent[0] != '/' || !parent[1] || strstr(parent, "/.") || strlen(parent) >= SN_TEXT_MAX)
		return sn_fail(err, EINVAL,
			       "'%s' is not a cgroup's path, such as " SN_DEFAULT_PARENT, parent);
	if (old && strcmp(old->parent, parent))
		return sn_fail(err, EBUSY,
			       "loaded for tenants below %s; safenode-load --unload first",
			       old->parent);
	return 0;
}

/* Makes the parent if need be: 1 if it did, 0 or a negative errno. */
static int open_parent(struct load *load, const char *parent, struct sn_err *err)
{
	int ret = sn_cgroup_mount(load->mount, err), made;

	if (ret)
		return ret;
	snprintf(load->parent, sizeof(load->parent), "%s%s", load->mount, parent);
	snprintf(load->state.parent, sizeof(load->state.parent), "%s", parent);
	made = sn_cgroup_make(load->parent, err);
	if (made < 0)
		return made;
	ret = sn_cgroup_id(load->parent, &load->state.parent_id, err);
	load->cgroup_fd = open(load->parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (!ret && load->cgroup_fd < 0)
		ret = sn_fail(err, errno, "cannot open %s: %s", load->parent, strerror(errno));
	if (ret && made)
		rmdir(load->parent);
	return ret ? ret : made;
}

static int load_below(struct load *load, const char *parent, struct sn_err *err)
{
	bool again = !access(SN_PIN_DIR, F_OK);
	struct sn_state old;
	int ret, made;

	ret = again ? sn_upgrade_read_state(load->skel->obj, &old, err) : 0;
	if (ret)
		return ret;
	parent = parent ?: again ? old.parent : SN_DEFAULT_PARENT;
	ret = check_parent(parent, again ? &old : NULL, err);
	if (ret)
		return ret;
	if (again)
		load->state = old;
	load->state.abi_version = SN_ABI_VERSION;
	load->state.abi_oldest = SN_ABI_OLDEST;
	made = open_parent(load, parent, err);
	if (made < 0)
		return made;
	ret = load_into(load, again ? &old : NULL, err);
	if (ret && made && !load->in_force)
		rmdir(load->parent);
	return ret;
}

int sn_object_load(const char *parent, struct sn_err *err)
{
	struct load load = { .cgroup_fd = -1, .maps = -1, .new_maps = -1 };
	sn_autoclose int lock = sn_pins_lock_loads(err);
	int ret, waited;

	if (lock < 0)
		return lock;
	load.skel = open_skeleton();
	ret = load.skel ? load_below(&load, parent, err)
			: sn_fail(err, errno, "cannot read the BPF object: %s", strerror(errno));
	sn_upgrade_free(load.upgrade);
	safenode_bpf__destroy(load.skel); /* which holds the programs of a load that failed */
	waited = wait_until_gone(&load.gone, ret ? NULL : err);
	sn_close_(&load.maps);
	sn_close_(&load.new_maps);
	sn_close_(&load.cgroup_fd);
	return ret ? ret : waited;
}

/* What is pinned, of whatever version; all zero where that cannot be read. */
static struct sn_state any_state(void)
{
	struct safenode_bpf *skel = open_skeleton();
	struct sn_state state = {};

	if (skel && sn_upgrade_read_state(skel->obj, &state, NULL))
		state = (struct sn_state){};
	safenode_bpf__destroy(skel);
	return state;
}

static int remove_new(struct sn_err *err)
{
	int ret = sn_pins_remove(SN_NEW_DIR);

	return ret ? sn_fail(err, -ret, "cannot remove %s: %s", SN_NEW_DIR, strerror(-ret)) : 0;
}

/*
 * First to where every load and unload clears up, in one step: killed later, this leaves what is
 * not loaded, instead of programs in force without the state by which they are known.
 */
static int remove_pins(struct sn_err *err)
{
	if (renameat2(AT_FDCWD, SN_PIN_DIR, AT_FDCWD, SN_NEW_DIR, RENAME_NOREPLACE))
		return sn_fail(err, errno, "cannot remove %s: %s", SN_PIN_DIR, strerror(errno));
	return remove_new(err);
}

int sn_object_unload(struct sn_err *err)
{
	char mount[PATH_MAX], path[PATH_MAX + SN_TEXT_MAX];
	sn_autoclose int lock = sn_pins_lock_loads(err), maps = -1;
	bool interrupted = !access(SN_NEW_DIR, F_OK);
	struct sn_state state;
	int ret = lock < 0 ? lock : remove_new(err);

	if (ret)
		return ret;
	if (access(SN_PIN_DIR, F_OK))
		return interrupted ? 0 : sn_fail(err, ENOENT, "safenode is not loaded");
	maps = sn_pins_lock_maps(err); /* no attach may come in between */
	if (maps < 0)
		return maps;
	state = any_state();
	if (sn_pins_have_entries("policies") || sn_pins_have_entries("cgroups"))
		return sn_fail(err, EBUSY, "tenants are left; %s",
			       state.abi_version != SN_ABI_VERSION
				       ? "safenode-detach each with the tools of the version that "
					 "is loaded first"
				       : "see safenode-status, and safenode-detach each of them "
					 "first");
	if (!state.parent[0] || sn_cgroup_mount(mount, NULL))
		path[0] = '\0';
	else
		snprintf(path, sizeof(path), "%s%s", mount, state.parent);
	if (path[0] && sn_cgroup_populated(path) == 1)
		return sn_fail(err, EBUSY,
			       "processes that are no tenant's run below %s; end them or move them "
			       "elsewhere first, for they would be free",
			       path);
	ret = remove_pins(err);
	return !ret && path[0] ? sn_cgroup_remove(path, err) : ret;
}

/*
 * Removed and made again, the cgroup has another id, and nothing below it would be a tenant. Load
 * makes it and tells the programs its id; unload would refuse while policies are left.
 */
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
			       "the cgroup %s was removed since safenode-load; run safenode-load",
			       path);
	return 0;
}

static int count_links(const struct sn_state *state, struct sn_err *err)
{
	int links = sn_pins_count(SN_LINKS_DIR);

	if (links == (int)state->programs)
		return 0;
	return sn_fail(err, EPROTO, "%d of %u programs are attached; run safenode-load",
		       links < 0 ? 0 : links, state->programs);
}

/* Of the links, the only one that can be detached and stay pinned. */
#define CGROUP_LINK "sn_egress"

static int look(struct sn_state *state, struct sn_err *err)
{
	int ret = sn_pins_state(state, err);

	if (!ret)
		ret = count_links(state, err);
	if (!ret)
		ret = check_parent_id(state, err);
	if (!ret)
		ret = sn_pins_check_link(CGROUP_LINK, state->parent_id, err);
	return ret ? ret : sn_kernel_check_ftrace(err);
}

/* Between two steps of a load, what it makes looks as if it were broken. */
int sn_object_state(struct sn_state *state, struct sn_err *err)
{
	int ret = look(state, err);

	if (ret == -EPROTO) {
		sn_autoclose int no_load = sn_pins_lock_loads(NULL);

		ret = no_load < 0 ? ret : look(state, err);
	}
	return ret;
}

/* ---- the same, thing by thing ---- */

static int check_loaded(struct sn_state *state, struct sn_requirement *req, struct sn_err *err)
{
	snprintf(req->found, sizeof(req->found), "yes, of this version");
	return sn_pins_state(state, err);
}

/* The cgroup before them: without it, none of its links is attached. */
static int check_links(struct sn_state *state, struct sn_requirement *req, struct sn_err *err)
{
	int ret = count_links(state, err);

	snprintf(req->found, sizeof(req->found), "%u attached", state->programs);
	return ret ? ret : sn_pins_check_links(state->parent_id, err);
}

static int check_parent_cgroup(struct sn_state *state, struct sn_requirement *req,
			       struct sn_err *err)
{
	snprintf(req->found, sizeof(req->found), "%s", state->parent);
	return check_parent_id(state, err);
}

static const struct {
	const char *id, *what;
	int (*check)(struct sn_state *state, struct sn_requirement *req, struct sn_err *err);
} loaded_checks[SN_LOADED_CHECKS] = {
	{ "loaded", "loaded", check_loaded },
	{ "parent", "the tenants' parent cgroup", check_parent_cgroup },
	{ "programs", "BPF programs", check_links },
};

/* Without the first, nothing can be said of the others. Returns the first error. */
static int look_closely(struct sn_state *state, struct sn_requirement req[SN_LOADED_CHECKS])
{
	bool known = true;
	int ret = 0, own;

	for (int i = 0; i < SN_LOADED_CHECKS; i++) {
		struct sn_err err = { "not known; run safenode-load" };

		req[i] = (struct sn_requirement){ .id = loaded_checks[i].id,
						  .what = loaded_checks[i].what,
						  .needed = true };
		own = known ? loaded_checks[i].check(state, &req[i], &err) : ret;
		req[i].met = !own;
		if (own)
			sn_requirement_unmet(&req[i], &err);
		known &= i || !own;
		ret = ret ? ret : own;
	}
	if (!known)
		*state = (struct sn_state){};
	return ret;
}

int sn_object_check(struct sn_state *state, struct sn_requirement req[SN_LOADED_CHECKS])
{
	int ret = look_closely(state, req);

	if (ret == -EPROTO) { /* as above */
		sn_autoclose int no_load = sn_pins_lock_loads(NULL);

		ret = no_load < 0 ? ret : look_closely(state, req);
	}
	return ret;
}
