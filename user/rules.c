// SPDX-License-Identifier: GPL-2.0-only
/* Paths -> the rules that make them reachable. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include "decide.h"
#include "hash.h"
#include "identify.h"
#include "rules.h"
#include "trust.h"

#define LINKS_MAX 40 /* MAXSYMLINKS in include/linux/namei.h */

#define WAY_DIR	 (SN_MAY_STAT | SN_MAY_SEARCH)
#define WAY_LINK SN_MAY_STAT

/* A directory that a walk has reached, by its path without symbolic links; or a mounted file. */
struct sn_place {
	struct sn_place *next;
	struct sn_inode id;
	int fd;
	bool is_mount;	       /* the root of a mount */
	struct sn_fault fault; /* others can put something else there */
	char path[];
};

/* The state of a path walk: @at is reached, @rest is still to walk. */
struct walk {
	struct sn_rules rules;	 /* found so far; @path is granted completely or not at all */
	struct sn_rules *set;	 /* receives the rules, and caches the places */
	struct sn_place *before; /* the first place of the set before the walk */
	const char *path;	 /* as asked for, for errors */
	const struct sn_place *at;
	char *buffer; /* holds @rest */
	char *rest;
	int links;
	bool keep_link;	       /* do not follow a symbolic link at the end */
	bool may_miss;	       /* the last component need not exist */
	bool done;	       /* the rules are in the set */
	bool trusted;	       /* fail if there is a fault */
	struct sn_fault fault; /* the first one on the way, and... */
	const struct sn_place
		*fault_at; /* ...the directory that has it; NULL: the last component */
	const char *entry; /* the walk ended at this entry of @at; NULL: at @at itself */
	struct sn_err *err;
};

static void close_places(struct sn_rules *rules, const struct sn_place *until)
{
	while (rules->places != until) {
		struct sn_place *place = rules->places;

		rules->places = place->next;
		close(place->fd);
		free(place);
	}
}

static struct walk begin(struct sn_rules *set, const char *path, struct sn_err *err)
{
	return (struct walk){ .set = set, .before = set->places, .path = path, .err = err };
}

static void walk_release(struct walk *walk)
{
	if (!walk->done)
		close_places(walk->set, walk->before);
	sn_rules_free(&walk->rules);
	free(walk->buffer);
}

/* Shown to the operator, so the end matters more than the start: cut the start. */
static void set_path(struct sn_rule *rule, const char *path)
{
	size_t len = strlen(path);

	if (len < sizeof(rule->path)) {
		memcpy(rule->path, path, len + 1);
		return;
	}
	memcpy(rule->path, "...", 3);
	memcpy(rule->path + 3, path + len - (sizeof(rule->path) - 4), sizeof(rule->path) - 3);
}

/*
 * The same key again adds to the rule. With another generation it is a new file with a reused inode
 * number, which replaces the rule.
 */
static void join(struct sn_rule *have, const struct sn_rule *more)
{
	if (have->generation != more->generation) {
		*have = *more;
		return;
	}
	have->access |= more->access;
	have->below |= more->below;
	have->owner = have->owner ?: more->owner;
}

/* Makes room for more rules, so that adding them cannot fail. */
static int reserve(struct sn_rules *rules, size_t nr_directories, size_t nr_names)
{
	struct sn_directory_rule *directories = rules->directories;
	struct sn_name_rule *names = rules->names;

	if (nr_directories)
		directories = reallocarray(directories, rules->nr_directories + nr_directories,
					   sizeof(*directories));
	if (nr_directories && !directories)
		return -ENOMEM;
	rules->scope = 0;
	rules->directories = directories;
	if (nr_names)
		names = reallocarray(names, rules->nr_names + nr_names, sizeof(*names));
	if (nr_names && !names)
		return -ENOMEM;
	rules->names = names;
	return 0;
}

static void put_directory(struct sn_rules *rules, const struct sn_directory_rule *new)
{
	for (size_t i = 0; i < rules->nr_directories; i++) {
		if (memcmp(&rules->directories[i].key, &new->key, sizeof(new->key)))
			continue;
		join(&rules->directories[i].rule, &new->rule);
		return;
	}
	rules->directories[rules->nr_directories++] = *new;
}

static void put_name(struct sn_rules *rules, const struct sn_name_rule *new)
{
	for (size_t i = 0; i < rules->nr_names; i++) {
		if (memcmp(&rules->names[i].key, &new->key, sizeof(new->key)))
			continue;
		join(&rules->names[i].rule, &new->rule);
		return;
	}
	rules->names[rules->nr_names++] = *new;
}

/* On failure, @into is unchanged. */
static int merge(struct sn_rules *into, const struct sn_rules *from)
{
	int error = reserve(into, from->nr_directories, from->nr_names);

	if (error)
		return error;
	for (size_t i = 0; i < from->nr_directories; i++)
		put_directory(into, &from->directories[i]);
	for (size_t i = 0; i < from->nr_names; i++)
		put_name(into, &from->names[i]);
	return 0;
}

static int add_inode(struct sn_rules *rules, const char *path, const struct sn_inode *id,
		     __u32 access, __u32 below, struct sn_err *err)
{
	struct sn_directory_rule new = {
		.key = { .ino = id->ino, .dev = id->dev },
		.rule = { .generation = id->generation, .access = access, .below = below },
	};

	if (reserve(rules, 1, 0))
		return sn_fail(err, ENOMEM, "out of memory");
	set_path(&new.rule, path);
	put_directory(rules, &new);
	return 0;
}

/* The path of the entry @name of walk->at, without symbolic links. */
static int entry_path(struct walk *walk, const char *name, char path[PATH_MAX])
{
	const char *dir = walk->at->path;
	int len;

	if (strcmp(name, ".."))
		len = snprintf(path, PATH_MAX, "%s/%s", strcmp(dir, "/") ? dir : "", name);
	else
		len = snprintf(path, PATH_MAX, "%.*s", (int)(strrchr(dir, '/') - dir) ?: 1, dir);
	if (len < PATH_MAX)
		return 0;
	return sn_fail(walk->err, ENAMETOOLONG, "'%.200s' leads to a path that is too long",
		       walk->path);
}

/* Adds a rule for the entry @name of walk->at. */
static int add_name(struct walk *walk, const char *name, __u32 access)
{
	struct sn_name_rule new = {
		.key.directory = { .ino = walk->at->id.ino, .dev = walk->at->id.dev },
		.rule = { .generation = walk->at->id.generation, .access = access },
	};
	char path[PATH_MAX];
	int error = entry_path(walk, name, path);

	if (error)
		return error;
	if (strlen(name) >= SN_NAME_MAX)
		return sn_fail(walk->err, ENAMETOOLONG,
			       "'%.200s': the name '%.200s' is longer than %d bytes, the most for "
			       "a single "
			       "file; name its directory instead",
			       walk->path, name, SN_NAME_MAX - 1);
	if (reserve(&walk->rules, 0, 1))
		return sn_fail(walk->err, ENOMEM, "out of memory");
	memcpy(new.key.name, name, strlen(name));
	set_path(&new.rule, path);
	put_name(&walk->rules, &new);
	return 0;
}

static void note(struct walk *walk, enum sn_look kind, const char *path, const struct statx *st)
{
	if (walk->set->looks)
		sn_looks_add(walk->set->looks, kind, path, st);
}

/* What an error comes from is not known well enough to tell later whether it still does. */
static void note_failure(struct walk *walk, int error, const char *path)
{
	if (error == ENOENT)
		note(walk, SN_LOOK_MISSING, path, NULL);
	else if (walk->set->looks)
		walk->set->looks->doubtful = true;
}

static void arrive(struct walk *walk, const struct sn_place *place)
{
	walk->at = place;
	if (walk->fault.kind != SN_FAULT_NONE)
		return;
	walk->fault = place->fault;
	walk->fault_at = place;
}

static bool known(struct walk *walk, const char *path)
{
	for (const struct sn_place *place = walk->set->places; place; place = place->next) {
		if (strcmp(place->path, path))
			continue;
		arrive(walk, place);
		return true;
	}
	return false;
}

/* Where a number can be used again, the time of birth tells one directory from the next. */
static void note_place(struct walk *walk, const struct sn_place *place, const struct statx *st)
{
	note(walk, SN_LOOK_PLACE, place->path, st);
	if (walk->set->looks && place->id.generation != SN_ANY_GENERATION &&
	    !(st->stx_mask & STATX_BTIME))
		walk->set->looks->doubtful = true;
}

/* Makes @fd, which it owns from here on, the place that the walk has reached. */
static int enter(struct walk *walk, const char *path, int fd, const struct statx *st)
{
	size_t size = strlen(path) + 1;
	struct sn_place *place;
	struct sn_err why = {};
	int error;

	place = malloc(sizeof(*place) + size);
	if (!place) {
		close(fd);
		return sn_fail(walk->err, ENOMEM, "out of memory");
	}
	place->fd = fd;
	place->is_mount = st->stx_attributes & STATX_ATTR_MOUNT_ROOT;
	place->fault = sn_fault_of(fd, st);
	memcpy(place->path, path, size);
	error = walk->set->rooted ? sn_identify_in_image(fd, &place->id, &why)
				  : sn_identify_fd(fd, &place->id, &why);
	if (error) {
		sn_fail(walk->err, -error, "'%.200s' cannot be reached: %s", walk->path, why.text);
		note_failure(walk, -error, path);
		close(fd);
		free(place);
		return error;
	}
	place->next = walk->set->places;
	walk->set->places = place;
	note_place(walk, place, st);
	arrive(walk, place);
	return 0;
}

static int look(struct walk *walk, int fd, struct statx *st)
{
	if (!statx(fd, "", AT_EMPTY_PATH, SN_LOOK_STATX, st))
		return 0;
	return sn_fail(walk->err, errno, "cannot stat '%.200s': %m", walk->path);
}

static int enter_root(struct walk *walk)
{
	sn_autoclose int fd = -1;
	struct statx st;
	int root, error;

	if (known(walk, "/"))
		return 0;
	fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return sn_fail(walk->err, errno, "cannot open '%.200s': %m", walk->path);
	error = look(walk, fd, &st);
	if (error)
		return error;
	root = fd;
	fd = -1;
	return enter(walk, "/", root, &st);
}

/*
 * Puts the target of the link at @fd in front of the rest of the path. Refuses links of other
 * users: the owner of a link chooses its target, and could make root grant any file.
 */
static int follow(struct walk *walk, int fd, const char *name, uid_t owner)
{
	char target[PATH_MAX], *rest;
	ssize_t len;
	int error;

	if (walk->set->rooted)
		return sn_fail(walk->err, ELOOP,
			       "'%.200s': '%.200s' is a symbolic link in the container, which "
			       "could lead anywhere; name the place itself",
			       walk->path, name);
	if (sn_is_another_user(owner))
		return sn_fail(walk->err, EPERM,
			       "'%.200s': the symbolic link '%.200s' in it is of user %u; "
			       "name the place itself",
			       walk->path, name, owner);
	error = add_name(walk, name, WAY_LINK);
	if (error)
		return error;
	if (++walk->links > LINKS_MAX)
		return sn_fail(walk->err, ELOOP, "'%.200s': too many symbolic links", walk->path);
	len = readlinkat(fd, "", target, sizeof(target) - 1);
	if (len < 0)
		return sn_fail(walk->err, errno, "'%.200s': cannot read a link: %m", walk->path);
	target[len] = '\0';
	if (asprintf(&rest, "%s/%s", target, walk->rest) < 0)
		return sn_fail(walk->err, ENOMEM, "out of memory");
	free(walk->buffer);
	walk->buffer = walk->rest = rest;
	return target[0] == '/' ? enter_root(walk) : 0;
}

int sn_rules_root(struct sn_rules *rules, int root, struct sn_err *err)
{
	struct walk walk __attribute__((cleanup(walk_release))) = begin(rules, "/", err);
	struct statx st;
	int error = look(&walk, root, &st), fd = -1;

	sn_rules_close(rules);
	rules->rooted = true;
	walk.before = NULL;
	if (!error)
		fd = fcntl(root, F_DUPFD_CLOEXEC, 3);
	if (!error && fd < 0)
		error = sn_fail(err, errno, "cannot hold a container's root open: %m");
	if (!error)
		error = enter(&walk, "/", fd, &st);
	walk.done = !error;
	return error;
}

static char *next_name(struct walk *walk)
{
	char *name = walk->rest + strspn(walk->rest, "/");

	walk->rest = name + strcspn(name, "/");
	if (*walk->rest)
		*walk->rest++ = '\0';
	return *name ? name : NULL;
}

/* @name of walk->at, which is @path, cannot be opened: errno. */
static int miss(struct walk *walk, const char *name, const char *path, bool last)
{
	int error = errno;

	note_failure(walk, error, path);
	if (error != ENOENT || !last || !walk->may_miss)
		return sn_fail(walk->err, error, "cannot reach '%.200s': %s", walk->path,
			       strerror(error));
	walk->entry = name;
	return 0;
}

/* @name of walk->at is no directory: @fd, and @st. */
static int end_at(struct walk *walk, int fd, const char *name, const struct statx *st, bool last)
{
	if (!last)
		return sn_fail(walk->err, ENOTDIR,
			       "cannot reach '%.200s': '%.200s' is not a directory", walk->path,
			       name);
	if (walk->fault.kind == SN_FAULT_NONE) {
		walk->fault = sn_fault_of(fd, st);
		walk->fault_at = NULL;
	}
	walk->entry = name;
	return 0;
}

/* Walks one component further, or sets walk->entry. */
static int step(struct walk *walk, const char *name)
{
	bool last = !walk->rest[strspn(walk->rest, "/")];
	sn_autoclose int fd = -1;
	struct statx st = {};
	char path[PATH_MAX];
	int dir, error;

	error = add_inode(&walk->rules, walk->at->path, &walk->at->id, WAY_DIR, 0, walk->err);
	if (!error)
		error = entry_path(walk, name, path);
	if (error || known(walk, path))
		return error;
	fd = openat(walk->at->fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return miss(walk, name, path, last);
	error = look(walk, fd, &st);
	if (error)
		return error;
	if (S_ISLNK(st.stx_mode) && !(last && walk->keep_link)) {
		note(walk, SN_LOOK_WHOLE, path, &st);
		return follow(walk, fd, name, st.stx_uid);
	}
	/* The kernel sees a mounted file under its original name, so it is known by inode. */
	if (S_ISDIR(st.stx_mode) || (last && st.stx_attributes & STATX_ATTR_MOUNT_ROOT)) {
		dir = fd;
		fd = -1;
		return enter(walk, path, dir, &st);
	}
	note(walk, walk->trusted ? SN_LOOK_WHOLE : SN_LOOK_TYPE, path, &st);
	return end_at(walk, fd, name, &st, last);
}

static int run(struct walk *walk)
{
	const char *name;
	int error;

	if (walk->path[0] != '/')
		return sn_fail(walk->err, EINVAL, "'%.200s' is not an absolute path", walk->path);
	walk->buffer = walk->rest = strdup(walk->path);
	if (!walk->buffer)
		return sn_fail(walk->err, ENOMEM, "out of memory");
	error = enter_root(walk);
	while (!error && !walk->entry && (name = next_name(walk)))
		if (strcmp(name, "."))
			error = step(walk, name);
	return error;
}

static int check_trust(struct walk *walk)
{
	char path[PATH_MAX];
	int error;

	if (walk->fault.kind == SN_FAULT_NONE)
		return 0;
	if (walk->fault_at)
		return sn_fault_fail(walk->fault, walk->path, walk->fault_at->path, walk->err);
	error = entry_path(walk, walk->entry, path);
	return error ? error : sn_fault_fail(walk->fault, walk->path, path, walk->err);
}

/* Runs @walk, grants @access and @below at its end, and adds the rules to the set. */
static int add(struct walk *walk, __u32 access, __u32 below)
{
	int error = run(walk);

	if (!error && walk->trusted)
		error = check_trust(walk);
	if (!error && walk->entry && access)
		error = add_name(walk, walk->entry, access);
	if (!error && !walk->entry && (access | below))
		error = add_inode(&walk->rules, walk->at->path, &walk->at->id, access, below,
				  walk->err);
	if (!error && merge(walk->set, &walk->rules))
		error = sn_fail(walk->err, ENOMEM, "out of memory");
	walk->done = !error;
	return error;
}

int sn_rules_add(struct sn_rules *rules, const char *path, __u32 access, __u32 below,
		 struct sn_err *err)
{
	struct walk walk __attribute__((cleanup(walk_release))) = begin(rules, path, err);

	walk.may_miss = !below;
	return add(&walk, access, below);
}

int sn_rules_add_code(struct sn_rules *rules, const char *path, __u32 access, struct sn_err *err)
{
	struct walk walk __attribute__((cleanup(walk_release))) = begin(rules, path, err);

	walk.trusted = true;
	return add(&walk, access, 0);
}

/* Ignores a path that cannot be reached. These errors are about the process, not the path. */
static int unless_missing(int error)
{
	return error == -ENOMEM || error == -EMFILE || error == -ENFILE ? error : 0;
}

int sn_rules_add_if_there(struct sn_rules *rules, const char *path, __u32 access, __u32 below)
{
	return unless_missing(sn_rules_add(rules, path, access, below, NULL));
}

int sn_rules_add_link_if_there(struct sn_rules *rules, const char *path)
{
	struct walk walk __attribute__((cleanup(walk_release))) = begin(rules, path, NULL);

	walk.keep_link = true;
	return unless_missing(add(&walk, WAY_LINK, 0));
}

/* @path cannot be opened as a directory: errno. */
static int no_directory(struct walk *walk, const char *path)
{
	int error = errno;
	struct statx st;

	if ((error == ENOTDIR || error == ELOOP) && walk->set->looks &&
	    !statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, SN_LOOK_STATX, &st) &&
	    !S_ISDIR(st.stx_mode))
		note(walk, SN_LOOK_TYPE, path, &st);
	else
		note_failure(walk, error, path);
	return -error;
}

static int enter_directory(struct walk *walk, const char *path)
{
	struct statx st;
	int fd;

	if (known(walk, path))
		return 0;
	fd = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return no_directory(walk, path);
	if (!look(walk, fd, &st))
		return enter(walk, path, fd, &st);
	close(fd);
	return -EIO;
}

/*
 * The mount on which @path lies, by the directories that are there now. A symbolic link leads
 * elsewhere, so it ends the way.
 */
static int mount_of(struct walk *walk, const char *path, char mount[PATH_MAX])
{
	char dir[PATH_MAX];
	int error = enter_root(walk);

	strcpy(mount, "/");
	for (const char *end = path; !error && (end = strchr(end + 1, '/'));) {
		snprintf(dir, sizeof(dir), "%.*s", (int)(end - path), path);
		error = enter_directory(walk, dir);
		if (!error && walk->at->is_mount)
			strcpy(mount, dir);
	}
	return unless_missing(error);
}

/* Adds a rule for the first @len bytes of @steps, which begin at walk->at. */
static int add_steps(struct walk *walk, const char *steps, size_t len, const struct sn_grant *grant)
{
	const struct sn_place *root = walk->at;
	struct sn_name_rule new = {
		.key.directory = { .ino = root->id.ino, .dev = root->id.dev },
		.rule = { .generation = root->id.generation,
			  .access = grant->access,
			  .below = grant->below,
			  .owner = grant->owner },
	};
	char path[PATH_MAX];

	if (reserve(&walk->rules, 0, 1))
		return -ENOMEM;
	memcpy(new.key.name, steps, len);
	snprintf(path, sizeof(path), "%s/%.*s", root->path[1] ? root->path : "", (int)len, steps);
	set_path(&new.rule, path);
	put_name(&walk->rules, &new);
	return 0;
}

/* Can the BPF programs compare them? See sn_access_by_steps(). */
static bool are_short(const char *steps)
{
	const char *step = steps;

	for (int nr = 1; nr <= SN_STEPS_MAX; nr++) {
		size_t len = strcspn(step, "/");

		if (len >= SN_STEP_MAX || step - steps > SN_NAME_MAX - (SN_STEP_MAX + 1))
			return false;
		if (!step[len])
			return true;
		step += len + 1;
	}
	return false;
}

int sn_rules_add_steps(struct sn_rules *rules, const char *path, const struct sn_grant *grant)
{
	struct sn_grant way = { .access = WAY_DIR };
	char mount[PATH_MAX];
	struct walk walk __attribute__((cleanup(walk_release))) = begin(rules, mount, NULL);
	int error = mount_of(&walk, path, mount);
	const char *steps = path + strlen(mount) + !!mount[1], *last = strrchr(path, '/');

	if (!error && !are_short(steps))
		return -ENAMETOOLONG;
	if (!error)
		error = run(&walk);
	if (!error)
		error = add_inode(&walk.rules, walk.at->path, &walk.at->id, WAY_DIR, SN_HAS_STEPS,
				  NULL);
	for (const char *end = steps; !error && (end = strchr(end, '/')); end++) {
		way.owner = end == last ? grant->owner : 0;
		error = add_steps(&walk, steps, end - steps, &way);
	}
	if (!error)
		error = add_steps(&walk, steps, strlen(steps),
				  &(struct sn_grant){ grant->access, grant->below, 0 });
	if (!error)
		error = merge(rules, &walk.rules);
	walk.done = !error;
	return unless_missing(error);
}

/* A tenant needs no rule for its own directory, which a path such as "../t1" leads through. */
static void forget_directory(struct sn_rules *rules, const struct sn_inode *id)
{
	struct sn_directory_rule *all = rules->directories;
	size_t i = 0;

	while (i < rules->nr_directories &&
	       (all[i].key.ino != id->ino || all[i].key.dev != id->dev))
		i++;
	if (i < rules->nr_directories) /* put_directory() keeps one rule per directory */
		all[i] = all[--rules->nr_directories];
}

/* Does @path lead to the directory that the walk has reached? */
static bool is_reached(const struct walk *walk, const char *path)
{
	struct stat named, reached;

	return !stat(path, &named) && !fstat(walk->at->fd, &reached) &&
	       named.st_dev == reached.st_dev && named.st_ino == reached.st_ino;
}

/* As sn_rules_reach_directory(), for @path from the current directory @cwd, or "". */
static int reach_from(struct sn_rules *rules, const char *cwd, const char *path,
		      char real[PATH_MAX], struct sn_err *err)
{
	sn_autofree char *absolute = NULL;
	struct walk walk __attribute__((cleanup(walk_release))) = begin(rules, path, err);
	int error, fd;

	if (asprintf(&absolute, "%s%s%s", cwd, cwd[0] ? "/" : "", path) < 0)
		return sn_fail(err, ENOMEM, "out of memory");
	walk.path = absolute;
	error = run(&walk);
	if (error)
		return error;
	if (walk.entry)
		return sn_fail(err, ENOTDIR, "'%.200s' is not a directory", path);
	if (cwd[0] && !is_reached(&walk, path))
		return sn_fail(err, ENOENT, "'%.200s' is not where it was", path);
	if (walk.at->id.generation == SN_RAMFS_ROOT)
		return sn_fail(err, EOPNOTSUPP,
			       "'%.200s' is on a ramfs, which has no limits; "
			       "put it on ext4, xfs, f2fs or tmpfs",
			       path);
	forget_directory(&walk.rules, &walk.at->id);
	fd = fcntl(walk.at->fd, F_DUPFD_CLOEXEC, 3);
	if (fd < 0)
		return sn_fail(err, errno, "cannot hold '%.200s' open: %m", path);
	if (merge(rules, &walk.rules)) {
		close(fd);
		return sn_fail(err, ENOMEM, "out of memory");
	}
	walk.done = true;
	strcpy(real, walk.at->path); /* entry_path() has checked its length */
	return fd;
}

int sn_rules_reach_directory(struct sn_rules *rules, const char *path, char real[PATH_MAX],
			     struct sn_err *err)
{
	sn_autofree char *shells = NULL;
	char cwd[PATH_MAX];
	int fd;

	if (path[0] == '/')
		return reach_from(rules, "", path, real, err);
	/* $PWD, if that is the current directory */
	shells = get_current_dir_name();
	fd = shells ? reach_from(rules, shells, path, real, NULL) : -1;
	if (fd >= 0)
		return fd;
	if (!getcwd(cwd, sizeof(cwd)))
		return sn_fail(err, errno, "cannot get the current directory: %m");
	return reach_from(rules, cwd, path, real, err);
}

int sn_rules_add_inode(struct sn_rules *rules, const char *path, const struct sn_inode *id,
		       __u32 access, struct sn_err *err)
{
	return add_inode(rules, path, id, access, 0, err);
}

int sn_rules_put(struct sn_rules *rules, const char *path, const struct sn_inode *id,
		 const char *name, const struct sn_grant *grant, struct sn_err *err)
{
	struct sn_name_rule new = {
		.key.directory = { .ino = id->ino, .dev = id->dev },
		.rule = { .generation = id->generation,
			  .access = grant->access,
			  .below = grant->below,
			  .owner = grant->owner },
	};
	char whole[PATH_MAX + SN_NAME_MAX];

	if (!name)
		return add_inode(rules, path, id, grant->access, grant->below, err);
	if (reserve(rules, 0, 1))
		return sn_fail(err, ENOMEM, "out of memory");
	strncpy(new.key.name, name, sizeof(new.key.name) - 1);
	snprintf(whole, sizeof(whole), "%s/%s", path[1] ? path : "", name);
	set_path(&new.rule, whole);
	put_name(rules, &new);
	return 0;
}

int sn_rules_place(const struct sn_rules *rules, const struct sn_inode *id)
{
	for (const struct sn_place *place = rules->places; place; place = place->next)
		if (!memcmp(&place->id, id, sizeof(*id)))
			return place->fd;
	return -1;
}

int sn_rules_add_fd(struct sn_rules *rules, int fd, struct sn_err *err)
{
	char link[32], path[PATH_MAX];
	struct sn_inode id;
	struct statfs fs;
	struct stat st;
	ssize_t len;
	int error;

	if (fstat(fd, &st) || fstatfs(fd, &fs))
		return sn_fail(err, errno, "descriptor %d: %m", fd);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, path, sizeof(path) - 1);
	path[len < 0 ? 0 : len] = '\0';
	if (fs.f_type == ANON_INODE_FS_MAGIC && strstr(path, "[io_uring]"))
		return sn_fail(err, EINVAL,
			       "descriptor %d is an io_uring, with which the tenant could do what "
			       "is checked for others; close it",
			       fd);
	if (fs.f_type == PIPEFS_MAGIC || fs.f_type == SOCKFS_MAGIC ||
	    fs.f_type == ANON_INODE_FS_MAGIC)
		return 0;
	if (sn_device_access(st.st_mode, major(st.st_rdev) << 20 | minor(st.st_rdev)))
		return 0;
	error = sn_identify_held_fd(fd, &id, err);
	return error ?: add_inode(rules, path, &id, SN_MAY_STAT, 0, err);
}

static int by_directory(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct sn_directory_key));
}

static int by_name(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct sn_name_key));
}

__u64 sn_rules_scope(struct sn_rules *rules)
{
	const size_t counts = offsetof(struct sn_rule, path); /* the path is for the operator */
	__u64 sum = SN_HASH_BEGIN;

	if (rules->scope)
		return rules->scope;
	if (rules->nr_directories)
		qsort(rules->directories, rules->nr_directories, sizeof(*rules->directories),
		      by_directory);
	if (rules->nr_names)
		qsort(rules->names, rules->nr_names, sizeof(*rules->names), by_name);
	for (size_t i = 0; i < rules->nr_directories; i++) {
		sum = sn_hash(sum, &rules->directories[i].key, sizeof(struct sn_directory_key));
		sum = sn_hash(sum, &rules->directories[i].rule, counts);
	}
	for (size_t i = 0; i < rules->nr_names; i++) {
		sum = sn_hash(sum, &rules->names[i].key, sizeof(struct sn_name_key));
		sum = sn_hash(sum, &rules->names[i].rule, counts);
	}
	return sum | SN_SCOPE_BASELINE;
}

void sn_rules_close(struct sn_rules *rules)
{
	close_places(rules, NULL);
	rules->rooted = false;
}

void sn_rules_free(struct sn_rules *rules)
{
	sn_rules_close(rules);
	free(rules->directories);
	free(rules->names);
	*rules = (struct sn_rules){};
}
