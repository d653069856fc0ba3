// SPDX-License-Identifier: GPL-2.0-only
/* The words of the operator -> the program that is started, and its arguments. */
#include <elf.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>

#include "command.h"

#define FIRST_LINE_MAX 256 /* BINPRM_BUF_SIZE, which fs/binfmt_script.c reads */
#define DEFAULT_PATH   "/usr/local/bin:/usr/bin:/bin"

/* Where the cure is node itself, however it was installed. */
#define NAME_NODE "name node itself, which 'node -p process.execPath' prints"

/* ---- the words ---- */

static size_t count(char *const argv[])
{
	size_t n = 0;

	while (argv[n])
		n++;
	return n;
}

/* Replaces the first @drop arguments of command->argv by copies of @words, which end with NULL. */
static int put_words(struct sn_command *command, size_t drop, char *const words[])
{
	size_t nr_new = count(words), nr_old = count(command->argv);
	char **argv = calloc(nr_new + nr_old - drop + 1, sizeof(*argv));

	if (!argv)
		return -ENOMEM;
	for (size_t i = 0; i < nr_new; i++) {
		argv[i] = strdup(words[i]);
		if (argv[i])
			continue;
		while (i--)
			free(argv[i]);
		free(argv);
		return -ENOMEM;
	}
	memcpy(argv + nr_new, command->argv + drop, (nr_old - drop) * sizeof(*argv));
	for (size_t i = 0; i < drop; i++)
		free(command->argv[i]);
	free(command->argv);
	command->argv = argv;
	return 0;
}

static bool is_program(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISREG(st.st_mode) && !access(path, X_OK);
}

/* Why the file @path is no program, and the cure; NULL if there is nothing that could be one. */
static const char *why_no_program(const char *path)
{
	struct statvfs fs;
	struct stat st;

	if (stat(path, &st) || !S_ISREG(st.st_mode))
		return NULL;
	if (!(st.st_mode & (S_IXUSR | S_IXGRP | S_IXOTH)))
		return "has no permission to execute; chmod +x it";
	if (!statvfs(path, &fs) && fs.f_flag & ST_NOEXEC)
		return "is on a file system that is mounted noexec; install it on another one";
	return NULL;
}

/* As execvp(3): a word with a slash is a path; any other is searched in $PATH. */
static int find_program(const char *word, char **path, struct sn_err *err)
{
	const char *dirs = getenv("PATH") ?: DEFAULT_PATH, *why = NULL;
	sn_autofree char *skipped = NULL;

	if (strchr(word, '/')) {
		why = why_no_program(word);
		if (!is_program(word))
			return sn_fail(err, ENOENT, "'%s' is not an executable file%s%s", word,
				       why ? ": it " : "", why ?: "");
		*path = strdup(word);
		return *path ? 0 : sn_fail(err, ENOMEM, "out of memory");
	}
	while (*word) {
		int len = (int)strcspn(dirs, ":");

		if (asprintf(path, "%.*s%s%s", len, dirs, len ? "/" : "./", word) < 0)
			return sn_fail(err, ENOMEM, "out of memory");
		if (is_program(*path))
			return 0;
		if (!skipped && (why = why_no_program(*path)))
			skipped = *path;
		else
			free(*path);
		*path = NULL;
		if (!dirs[len])
			break;
		dirs += len + 1;
	}
	return sn_fail(err, ENOENT, "'%s' is not an executable file in $PATH%s%s%s%s", word,
		       skipped ? ": '" : "", skipped ?: "", skipped ? "' " : "",
		       skipped ? why : "");
}

/*
 * "env node" is the usual way to search an interpreter in $PATH, but env would use up the only exec
 * of a tenant. So env is resolved here: it may have a program, or "-S" and a line of plain words,
 * which a "#!" line passes as one argument.
 */
static int unwrap_env(struct sn_command *command, struct sn_err *err)
{
	const char *const special = "\\\"'$#";
	char *words[FIRST_LINE_MAX] = {};
	sn_autofree char *line = NULL;
	char *rest, *word;
	size_t nr = 0, drop = 1;

	if (!command->argv[1])
		return sn_fail(err, EINVAL, "'%s': which program?", command->argv[0]);
	if (!strncmp(command->argv[1], "-S", 2)) {
		line = rest = strdup(command->argv[1] + 2);
		if (!line)
			return sn_fail(err, ENOMEM, "out of memory");
		if (strpbrk(line, special))
			return sn_fail(err, EINVAL, "'env -S%s': only plain words are understood",
				       line);
		while (nr < FIRST_LINE_MAX - 1 && (word = strsep(&rest, " \t")))
			if (*word)
				words[nr++] = word;
		if (rest)
			return sn_fail(err, E2BIG, "'env -S' with too many words");
		drop = 2;
	}
	if (put_words(command, drop, words))
		return sn_fail(err, ENOMEM, "out of memory");
	word = command->argv[0];
	if (!word || word[0] == '-' || strchr(word, '='))
		return sn_fail(err, EINVAL,
			       "'env %s': only a program and its arguments are "
			       "understood; set variables before starting safenode",
			       word ?: "");
	return 0;
}

/*
 * npm puts links to scripts into directories of programs: /usr/local/bin/app leads to
 * /usr/local/lib/node_modules/app/cli.js, which loads the rest of that package.
 */
static char *whole_of(const char *script)
{
	static const char modules[] = "/node_modules/";
	char *real = realpath(script, NULL);
	char *package = real ? strstr(real, modules) : NULL;

	if (!package)
		return real;
	package += strlen(modules);
	if (*package == '@') /* @scope/name */
		package += strcspn(package, "/") + 1;
	package[strcspn(package, "/")] = '\0';
	return real;
}

/*
 * @line is the first line of the script @path. Puts the interpreter, its one argument and @path in
 * front of the arguments, as fs/binfmt_script.c load_script() does. Makes @path absolute, because
 * the tenant starts in another directory.
 */
static int unwrap_script(struct sn_command *command, char *line, const char *path,
			 struct sn_err *err)
{
	char *end = strchr(line, '\n');
	char cwd[PATH_MAX] = "";
	char *words[4] = {}, *script;
	size_t nr = 0;

	if (command->nr_scripts == SN_SCRIPTS_MAX)
		return sn_fail(err, EINVAL, "'%s': too many interpreters that are scripts", path);
	if (!end && strlen(line) == FIRST_LINE_MAX - 1)
		return sn_fail(err, EINVAL, "'%s': its #! line is longer than the kernel reads",
			       path);
	end = end ?: line + strlen(line);
	while (end > line && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	*end = '\0';
	line += 2;
	line += strspn(line, " \t");
	if (!*line)
		return sn_fail(err, EINVAL, "'%s': its #! line names no interpreter", path);
	if (path[0] != '/' && !getcwd(cwd, sizeof(cwd)))
		return sn_fail(err, errno, "cannot get the current directory: %m");
	if (asprintf(&script, "%s%s%s", cwd, path[0] == '/' ? "" : "/", path) < 0)
		return sn_fail(err, ENOMEM, "out of memory");
	command->scripts[command->nr_scripts++] = (struct sn_script){
		.path = script,
		.whole = whole_of(script),
	};
	words[nr++] = strsep(&line, " \t");
	if (line)
		words[nr++] = line + strspn(line, " \t");
	words[nr++] = script;
	return put_words(command, 1, words) ? sn_fail(err, ENOMEM, "out of memory") : 0;
}

/* The first line of @path, or as much as the kernel reads of it. */
static int read_start(const char *path, char line[FIRST_LINE_MAX], struct sn_err *err)
{
	/* if it was replaced by a pipe or a terminal, do not wait for it or get it as our own */
	sn_autoclose int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;
	ssize_t len;

	if (fd < 0)
		return sn_fail(err, errno, "cannot open '%s': %m", path);
	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		return sn_fail(err, EINVAL, "'%s' is not a file", path);
	len = read(fd, line, FIRST_LINE_MAX - 1);
	if (len < 0)
		return sn_fail(err, errno, "cannot read '%s': %m", path);
	line[len] = '\0';
	return 0;
}

static const char *last_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool is_env(const char *path)
{
	return !strcmp(last_name(path), "env");
}

/* Follows "#!" lines and "env" to the ELF file @found. */
static int unwrap(struct sn_command *command, char **found, struct sn_err *err)
{
	for (;;) {
		sn_autofree char *path = NULL;
		char line[FIRST_LINE_MAX];
		int error;

		while (is_env(command->argv[0])) {
			error = unwrap_env(command, err);
			if (error)
				return error;
		}
		error = find_program(command->argv[0], &path, err);
		if (!error)
			error = read_start(path, line, err);
		if (error)
			return error;
		if (!strncmp(line, ELFMAG, SELFMAG)) {
			*found = path;
			path = NULL;
			return 0;
		}
		if (line[0] != '#' || line[1] != '!')
			return sn_fail(err, EINVAL,
				       "'%s' is neither an ELF file nor a script with a #! line",
				       path);
		error = unwrap_script(command, line, path, err);
		if (error)
			return error;
	}
}

/* ---- what cannot start as a tenant ---- */

static bool is_shell(const char *interpreter)
{
	static const char *const shells[] = { "sh",   "bash", "dash", "ash",	"ksh",
					      "mksh", "zsh",  "fish", "busybox" };

	for (size_t i = 0; i < sizeof(shells) / sizeof(shells[0]); i++)
		if (!strcmp(last_name(interpreter), shells[i]))
			return true;
	return false;
}

/*
 * Version managers and wrappers put another program in node's place, which starts node: a script
 * for a shell, or a link with node's name. What is no script may be a shell, for the operator has
 * written it.
 */
static int check_wrapper(const struct sn_command *command, const char *found, struct sn_err *err)
{
	const char *name = last_name(found);

	if (command->nr_scripts && is_shell(command->argv[0]))
		return sn_fail(err, EINVAL,
			       "'%.180s' is a script for '%.60s', after which a tenant can start "
			       "no other program; " NAME_NODE,
			       command->scripts[command->nr_scripts - 1].path, command->argv[0]);
	if ((strcmp(name, "node") && strcmp(name, "nodejs")) ||
	    !strncmp(last_name(command->path), "node", strlen("node")))
		return 0;
	return sn_fail(err, EINVAL,
		       "'%.140s' is a link to '%.140s', after which a tenant can start no other "
		       "program; " NAME_NODE,
		       found, command->path);
}

/*
 * With the effective bit the kernel starts a file only if it can give all that the file has
 * (security/commoncap.c bprm_caps_from_vfs_caps()), and a tenant's bounding set is empty. If that
 * is none but the inheritable ones, it starts it with AT_SECURE, for which the C library drops
 * TMPDIR and node ignores NODE_OPTIONS. Without that bit it starts it, and gives none. On a file
 * system that is mounted nosuid, or for the root of another user namespace, they do not count.
 */
static int check_capabilities(const char *path, struct sn_err *err)
{
	struct vfs_ns_cap_data caps = {};
	ssize_t size = getxattr(path, "security.capability", &caps, sizeof(caps));
	__u32 magic = le32toh(caps.magic_etc);
	struct statvfs fs;

	if (size < 0 || !(magic & VFS_CAP_FLAGS_EFFECTIVE))
		return 0;
	if ((magic & VFS_CAP_REVISION_MASK) == VFS_CAP_REVISION_3 && caps.rootid)
		return 0;
	if (!statvfs(path, &fs) && fs.f_flag & ST_NOSUID)
		return 0;
	return sn_fail(
		err, EINVAL,
		"'%.200s' has file capabilities, and a tenant gets none, so the kernel would "
		"not start it, or not as usual; setcap -r it, or name a copy without them; "
		"for a port below 1024 hand over a socket with --keep-fd, or set "
		"net.ipv4.ip_unprivileged_port_start",
		path);
}

static int resolve(struct sn_command *command, struct sn_err *err)
{
	sn_autofree char *found = NULL;
	int error = unwrap(command, &found, err);

	if (error)
		return error;
	command->path = realpath(found, NULL);
	if (!command->path)
		return sn_fail(err, errno, "'%s': %m", found);
	error = check_wrapper(command, found, err);
	return error ? error : check_capabilities(command->path, err);
}

int sn_command_resolve(struct sn_command *command, char *const argv[], struct sn_err *err)
{
	int error;

	*command = (struct sn_command){ .argv = calloc(1, sizeof(char *)) };
	if (!command->argv || put_words(command, 0, argv))
		error = sn_fail(err, ENOMEM, "out of memory");
	else if (!argv[0])
		error = sn_fail(err, EINVAL, "no program to start");
	else
		error = resolve(command, err);
	if (error)
		sn_command_free(command);
	return error;
}

void sn_command_free(struct sn_command *command)
{
	for (size_t i = 0; command->argv && command->argv[i]; i++)
		free(command->argv[i]);
	for (size_t i = 0; i < command->nr_scripts; i++) {
		free(command->scripts[i].path);
		free(command->scripts[i].whole);
	}
	free(command->argv);
	free(command->path);
	*command = (struct sn_command){};
}
