// SPDX-License-Identifier: GPL-2.0-only
/* An executable -> its read-only baseline: what it must reach outside the tenant's directory. */
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <limits.h>
#include <pwd.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "pseudo.h"
#include "runtime.h"
#include "trust.h"

#define READ_FILE (SN_MAY_STAT | SN_MAY_READ)
#define READ_TREE (SN_MAY_STAT | SN_MAY_SEARCH | SN_MAY_READ)

/* ---- the interpreter and the libraries ---- */

static void elf_release(Elf **elf)
{
	elf_end(*elf);
}

static void file_release(FILE **file)
{
	if (*file)
		fclose(*file);
}

/*
 * Reads PT_INTERP of @exe into @path, "" if there is none. With libelf, which knows both classes
 * and byte orders and checks every offset against the size of the file.
 */
static int read_interpreter(const char *exe, char path[PATH_MAX], struct sn_err *err)
{
	sn_autoclose int fd = open(exe, O_RDONLY | O_CLOEXEC);
	Elf *elf __attribute__((cleanup(elf_release))) = NULL;
	const char *image;
	size_t nr, size;
	GElf_Ehdr header;
	GElf_Phdr ph;

	if (fd < 0)
		return sn_fail(err, errno, "cannot open '%s': %m", exe);
	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	if (!elf || elf_kind(elf) != ELF_K_ELF || elf_getphdrnum(elf, &nr))
		return sn_fail(err, EINVAL, "'%s' is not an ELF file", exe);
	/* libelf has none where e_phoff is 0; the kernel reads what is there */
	if (!gelf_getehdr(elf, &header) || header.e_phnum != nr)
		return sn_fail(err, EINVAL, "'%s': broken program headers", exe);
	path[0] = '\0';
	image = elf_rawfile(elf, &size);
	for (size_t i = 0; i < nr; i++) {
		if (!gelf_getphdr(elf, (int)i, &ph))
			return sn_fail(err, EINVAL, "'%s': %s", exe, elf_errmsg(-1));
		if (ph.p_type != PT_INTERP)
			continue;
		if (!image || ph.p_offset >= size || ph.p_filesz > size - ph.p_offset ||
		    ph.p_filesz < 2 || ph.p_filesz > PATH_MAX ||
		    image[ph.p_offset + ph.p_filesz - 1])
			return sn_fail(err, EINVAL, "'%s': broken PT_INTERP", exe);
		memcpy(path, image + ph.p_offset, ph.p_filesz);
		break; /* the kernel takes the first as well: fs/binfmt_elf.c load_elf_binary() */
	}
	return 0;
}

/*
 * Starts "@interp --list @exe" with an empty environment, by its descriptor: the file that was
 * checked is the file that runs. With @tells, glibc's also says which files it tries.
 */
static int start_list(const char *interp, const char *exe, bool tells, pid_t *pid, FILE **out,
		      struct sn_err *err)
{
	sn_autoclose int fd = open(interp, O_RDONLY | O_CLOEXEC);
	char *argv[] = { (char *)interp, "--list", (char *)exe, NULL };
	char *envp[] = { tells ? "LD_DEBUG=libs" : NULL, NULL };
	posix_spawn_file_actions_t actions;
	char self[32];
	struct sn_fault fault;
	struct statx st;
	int ends[2], error;

	if (fd < 0 || statx(fd, "", AT_EMPTY_PATH, SN_FAULT_STATX, &st))
		return sn_fail(err, errno, "cannot open '%s', the interpreter of '%s': %m", interp,
			       exe);
	fault = sn_fault_of(fd, &st);
	if (fault.kind != SN_FAULT_NONE)
		return sn_fault_fail(fault, interp, interp, err);
	if (pipe2(ends, O_CLOEXEC))
		return sn_fail(err, errno, "cannot make a pipe: %m");
	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	error = posix_spawn_file_actions_init(&actions) ?:
		posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO) ?:
		posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO) ?:
		posix_spawn(pid, self, &actions, NULL, argv, envp);
	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	*out = error ? NULL : fdopen(ends[0], "r");
	if (*out)
		return 0;
	close(ends[0]);
	return sn_fail(err, error ?: ENOMEM, "cannot run '%s': %s", interp,
		       strerror(error ?: ENOMEM));
}

/* An incomplete baseline is an error: the runtime would fail in ways that are hard to explain. */
static int left_out(int error, struct sn_err *err)
{
	if (!error)
		return 0;
	if (error == -ENOMEM)
		return sn_fail(err, ENOMEM, "out of memory");
	return sn_fail(err, -error,
		       "cannot look at all that the runtime reads: %s; raise ulimit -n",
		       strerror(-error));
}

/*
 * glibc before 2.34 loads these by dlopen(3) for getaddrinfo(3). Other modules that nsswitch.conf
 * may name talk to daemons over Unix sockets, which a tenant cannot use; if a module cannot be
 * loaded, getaddrinfo(3) asks the next one.
 */
static int add_nss(struct sn_rules *rules, const char *libc, struct sn_err *err)
{
	static const char *const modules[] = { "libnss_files.so.2", "libnss_dns.so.2" };
	int error = 0, dir = (int)(strrchr(libc, '/') - libc);

	for (size_t i = 0; i < sizeof(modules) / sizeof(modules[0]) && !error; i++) {
		sn_autofree char *path = NULL;

		if (asprintf(&path, "%.*s/%s", dir, libc, modules[i]) < 0)
			return sn_fail(err, ENOMEM, "out of memory");
		error = sn_rules_add_code(rules, path, READ_FILE | SN_MAY_MAP, err);
		if (error == -ENOENT)
			error = 0;
	}
	return error;
}

/* What the loader is asked for, and has said. */
struct listing {
	struct sn_rules *rules;
	const char *exe;
	unsigned int tried, found; /* files that it found there, and libraries that it took */
	char last[256];		   /* line that is not about trying */
};

/* "libc.so.6 => /lib/libc.so.6 (0x7f...)" or "/lib64/ld-linux-x86-64.so.2 (0x7f...)" */
static int add_listed(struct listing *list, char *line, struct sn_err *err)
{
	char *arrow = strstr(line, " => ");
	char *path = arrow ? arrow + 4 : line + strspn(line, " \t");
	char *address = strrchr(path, '(');
	int error;

	snprintf(list->last, sizeof(list->last), "%s", line);
	if (arrow && path[0] != '/')
		return sn_fail(err, ENOENT, "'%s' needs a library that is missing: %s", list->exe,
			       line);
	if (path[0] != '/' || !address || strncmp(address - 1, " (0x", 4))
		return 0; /* linux-vdso.so.1, which is not a file, or an error message */
	list->found += !!arrow;
	address[-1] = '\0';
	error = sn_rules_add_code(list->rules, path, READ_FILE | SN_MAY_MAP, err);
	if (error || strcmp(strrchr(path, '/'), "/libc.so.6"))
		return error;
	return add_nss(list->rules, path, err);
}

/*
 * "     1234:	  trying file=/lib/libc.so.6". Where it found none, none may come later; it tries no
 * other file in a directory that is not there, or that is a file: of Debian's node, which looks
 * below $ORIGIN/x86_64, that is /usr/bin/x86_64.
 */
static void note_tried(struct listing *list, char *line)
{
	static const char trying[] = "trying file=";
	char *path = strstr(line, trying), *slash;
	struct sn_looks *looks = list->rules->looks;

	if (!path)
		return;
	path += strlen(trying);
	slash = strrchr(path, '/');
	if (!access(path, F_OK)) { /* what it is has been looked at if it took that */
		list->tried++;
		return;
	}
	sn_looks_at(looks, SN_LOOK_MISSING, path);
	if (!slash || slash == path || !slash[1])
		return;
	strcpy(slash, "/.");
	if (access(path, F_OK))
		sn_looks_at(looks, SN_LOOK_MISSING, path);
}

/* "    1234:" begins what glibc's loader says for LD_DEBUG. */
static bool is_told(const char *line)
{
	size_t blanks = strspn(line, " "), digits = strspn(line + blanks, "0123456789");

	return digits && line[blanks + digits] == ':';
}

/* What else the loader depends on. It was asked after that, so what came in between is noticed. */
static void note_configuration(struct sn_looks *looks)
{
	sn_looks_at(looks, SN_LOOK_WHOLE, "/etc/ld.so.cache");
	sn_looks_at(looks, SN_LOOK_MISSING, "/etc/ld.so.preload");
}

static int read_list(struct listing *list, FILE *out, struct sn_err *err)
{
	sn_autofree char *line = NULL;
	bool tells = list->rules->looks;
	size_t size = 0;
	int error = 0;

	while (!error && getline(&line, &size, out) > 0) {
		line[strcspn(line, "\n")] = '\0';
		if (tells && is_told(line))
			note_tried(list, line);
		else
			error = add_listed(list, line, err);
	}
	/* musl's does not tell, and of what another says not all may be understood */
	if (tells && list->tried != list->found)
		list->rules->looks->doubtful = true;
	return error;
}

/* Asks the dynamic loader itself, which knows best what it will load. */
static int add_libraries(struct sn_rules *rules, const char *interp, const char *exe,
			 struct sn_err *err)
{
	struct listing list = { .rules = rules, .exe = exe };
	FILE *out __attribute__((cleanup(file_release))) = NULL;
	void (*before)(int) = signal(SIGCHLD, SIG_DFL); /* ignored, waitpid(2) gives no status */
	int error, status = 0;
	pid_t pid;

	if (rules->looks)
		note_configuration(rules->looks);
	error = start_list(interp, exe, rules->looks, &pid, &out, err);
	if (error) {
		signal(SIGCHLD, before);
		return error;
	}
	error = read_list(&list, out, err);
	file_release(&out);
	out = NULL;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	signal(SIGCHLD, before);
	if (!error && status)
		error = sn_fail(err, EINVAL, "'%s' cannot load '%s': %s", interp, exe, list.last);
	return error;
}

/* ---- files that every runtime reads ---- */

/*
 * Seen with strace in node 18 (Debian's), 20, 22, 24 and 26 (upstream's) using dns, https, os,
 * Intl, worker_threads and fs.watch, or known from the named source. Left out on purpose:
 * /etc/passwd (os.userInfo() fails), /proc/sys, /proc/net, locales, iconv and OpenSSL modules.
 *
 * LATER: also what is made or replaced while the tenant runs. IF_ROOTS: targets to which
 * /etc/resolv.conf may be turned; only by names, so that each use checks whose directories they
 * are.
 */
static const struct place {
	const char *path;
	enum { A_FILE, A_TREE, A_LINK } is;
	enum { NOW, LATER, IF_ROOTS } when;
	const char *owner; /* whose directory a file may be in, beside root's */
} places[] = {
	/* ld.so */
	{ "/etc/ld.so.cache", A_FILE, LATER },
	/* getaddrinfo(3), getnameinfo(3), c-ares */
	{ "/etc/resolv.conf", A_FILE, LATER },
	{ "/etc/hosts", A_FILE, LATER },
	{ "/etc/nsswitch.conf", A_FILE, LATER },
	{ "/etc/host.conf", A_FILE, LATER },
	{ "/etc/gai.conf", A_FILE, LATER },
	{ "/etc/services", A_FILE, LATER },
	{ "/etc/protocols", A_FILE, LATER },
	/* systemd-resolved(8), NetworkManager.conf(5), resolvconf(8), connman.conf(5), SUSE's
	   netconfig(8) */
	{ "/run/systemd/resolve/stub-resolv.conf", A_FILE, IF_ROOTS, "systemd-resolve" },
	{ "/run/systemd/resolve/resolv.conf", A_FILE, IF_ROOTS, "systemd-resolve" },
	{ "/usr/lib/systemd/resolv.conf", A_FILE, IF_ROOTS },
	{ "/run/NetworkManager/resolv.conf", A_FILE, IF_ROOTS },
	{ "/run/NetworkManager/no-stub-resolv.conf", A_FILE, IF_ROOTS },
	{ "/run/resolvconf/resolv.conf", A_FILE, IF_ROOTS },
	{ "/run/connman/resolv.conf", A_FILE, IF_ROOTS },
	{ "/run/netconfig/resolv.conf", A_FILE, IF_ROOTS },
	{ "/var/run", A_LINK, IF_ROOTS },
	/* OpenSSL: upstream's node and Alpine, Debian, Fedora, SUSE, Arch. No private keys. */
	{ "/etc/ssl/openssl.cnf", A_FILE, LATER },
	{ "/etc/ssl/cert.pem", A_FILE, LATER },
	{ "/etc/ssl/ca-bundle.pem", A_FILE, LATER },
	{ "/etc/ssl/certs", A_TREE, LATER },
	{ "/usr/lib/ssl/openssl.cnf", A_FILE, LATER },
	{ "/usr/lib/ssl/cert.pem", A_FILE, LATER },
	{ "/usr/lib/ssl/certs", A_TREE, LATER },
	{ "/usr/share/ca-certificates", A_TREE, LATER },
	{ "/usr/local/share/ca-certificates", A_TREE, LATER },
	{ "/etc/pki/tls/openssl.cnf", A_FILE, LATER },
	{ "/etc/pki/tls/cert.pem", A_FILE, LATER },
	{ "/etc/pki/tls/certs", A_TREE, LATER },
	{ "/etc/pki/ca-trust/extracted", A_TREE, LATER },
	{ "/etc/crypto-policies/back-ends/opensslcnf.config", A_FILE, LATER },
	{ "/var/lib/ca-certificates", A_TREE, NOW },
	{ "/etc/ca-certificates/extracted", A_TREE, LATER },
	/* ICU compares all time zones with /etc/localtime to find the name of the zone */
	{ "/etc/localtime", A_FILE, LATER },
	{ "/etc/timezone", A_FILE, LATER },
	{ "/usr/share/zoneinfo", A_TREE, LATER },
	{ "/usr/share/zoneinfo-icu", A_TREE, NOW },
	{ "/usr/share/icu", A_TREE, NOW },
	/* Debian's node: acorn, cjs-module-lexer, undici, and installed packages */
	{ "/usr/share/nodejs", A_TREE, NOW },
	{ "/usr/lib/nodejs", A_TREE, NOW },
};

static bool is_in_passwd(const char *name, __u32 id)
{
	FILE *file __attribute__((cleanup(file_release))) = fopen("/etc/passwd", "re");
	const struct passwd *user;

	while (file && (user = fgetpwent(file)))
		if (!strcmp(user->pw_name, name))
			return user->pw_uid == id;
	return false;
}

/* The user's id; 0 if there is no such user. */
static int find_owner(const char *name, struct sn_looks *looks, __u32 *id)
{
	const struct passwd *user;

	if (looks) {
		sn_looks_at(looks, SN_LOOK_WHOLE, "/etc/nsswitch.conf");
		sn_looks_at(looks, SN_LOOK_WHOLE, "/etc/passwd");
	}
	errno = 0;
	user = getpwnam(name);
	*id = user ? user->pw_uid : 0;
	/* of what comes from elsewhere nobody can tell whether it is as it was */
	if (looks && user && !is_in_passwd(name, *id))
		looks->doubtful = true;
	return !user && (errno == ENOMEM || errno == EMFILE || errno == ENFILE) ? -errno : 0;
}

static int add_place(struct sn_rules *rules, const struct place *place, __u32 owner)
{
	static const struct sn_grant by_kind[] = {
		[A_FILE] = { .access = READ_FILE },
		[A_TREE] = { .access = READ_TREE, .below = READ_TREE },
		[A_LINK] = { .access = SN_MAY_STAT },
	};
	struct sn_grant grant = by_kind[place->is];
	int error = 0;

	if (place->when != IF_ROOTS)
		error = place->is == A_LINK ? sn_rules_add_link_if_there(rules, place->path)
					    : sn_rules_add_if_there(rules, place->path,
								    grant.access, grant.below);
	grant.owner = owner;
	if (!error && place->when != NOW)
		error = sn_rules_add_steps(rules, place->path, &grant);
	return error;
}

static int add_places(struct sn_rules *rules)
{
	const char *known = NULL;
	__u32 owner = 0;
	int error = 0;

	for (size_t i = 0; !error && i < sizeof(places) / sizeof(places[0]); i++) {
		const struct place *place = &places[i];

		/* a name is looked up once: the modules of nsswitch.conf can take long */
		if (place->owner && (!known || strcmp(known, place->owner)))
			error = find_owner(known = place->owner, rules->looks, &owner);
		if (!error)
			error = add_place(rules, place, place->owner ? owner : 0);
	}
	return error ?: sn_pseudo_places(rules);
}

/* Debian's node 18 checks at each start whether it exists. If node is elsewhere, /usr/bin stays
 * hidden. */
static int add_setarch(struct sn_rules *rules, const char *exe)
{
	if (strncmp(exe, "/usr/bin/", strlen("/usr/bin/")))
		return 0;
	return sn_rules_add_if_there(rules, "/usr/bin/setarch", SN_MAY_STAT, 0);
}

int sn_runtime_baseline(struct sn_rules *rules, const char *exe, struct sn_err *err)
{
	char interp[PATH_MAX];
	int error;

	/*
	 * No tenant may have written this code: the dynamic loader, which runs as root and
	 * unconfined, loads and runs the libraries that DT_AUDIT of the program names.
	 */
	error = sn_rules_add_code(rules, exe, READ_FILE | SN_MAY_MAP | SN_MAY_START, err);
	if (!error)
		error = read_interpreter(exe, interp, err);
	if (!error && interp[0])
		error = sn_rules_add_code(rules, interp, READ_FILE | SN_MAY_MAP, err);
	if (!error && interp[0])
		error = add_libraries(rules, interp, exe, err);
	if (error)
		return error;
	return left_out(add_places(rules) ?: add_setarch(rules, exe), err);
}
