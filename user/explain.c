// SPDX-License-Identifier: GPL-2.0-only
/* struct sn_event -> which option would have allowed the act, or what to do without. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "explain.h"

/* What an act needs. */
enum need {
	NOTHING,   /* no option allows it */
	TO_READ,   /* --read-only of the file */
	TO_CHANGE, /* --read-write of the file */
	TO_ENTER,  /* --read-write of the directory that the file is in */
	OUT_PORT,  /* --allowed-outgoing-ports */
	OWN_PORT,  /* --allowed-listen-ports */
};

static const struct row {
	enum sn_op op;
	enum sn_why why;
	enum need need;
	const char *text; /* what else there is to say */
} rows[] = {
#define SEEN(op)                                       \
	{                                              \
		SN_OP_FS_##op, SN_OUTSIDE, TO_READ, "" \
	}
#define CHANGED(op)                                        \
	{ SN_OP_FS_##op, SN_OUTSIDE, TO_CHANGE, "" },      \
	{                                                  \
		SN_OP_FS_##op, SN_READ_ONLY, TO_CHANGE, "" \
	}
#define ENTERED(op)                                       \
	{ SN_OP_FS_##op, SN_OUTSIDE, TO_ENTER, "" },      \
	{                                                 \
		SN_OP_FS_##op, SN_READ_ONLY, TO_ENTER, "" \
	}
#define NEVER(op, text)                             \
	{                                           \
		SN_OP_##op, SN_NEVER, NOTHING, text \
	}
	SEEN(OPEN),
	SEEN(STAT),
	{ SN_OP_FS_READLINK, SN_OUTSIDE, TO_READ,
	  "; a link of another user's is not followed: "
	  "name what it leads to" },
	SEEN(LOOKUP),
	SEEN(STATFS),
	SEEN(GETXATTR),
	SEEN(GETFLAGS),
	SEEN(RECEIVE),
	SEEN(ACCESS),
	{ SN_OP_FS_ACCESS, SN_READ_ONLY, TO_CHANGE, "" },
	SEEN(WATCH),
	{ SN_OP_FS_WATCH, SN_READ_ONLY, TO_CHANGE, "" },
	{ SN_OP_FS_RECEIVE, SN_READ_ONLY, TO_CHANGE, "" },
	CHANGED(OPEN_WRITE),
	CHANGED(TRUNCATE),
	CHANGED(CHMOD),
	CHANGED(CHOWN),
	CHANGED(UTIMES),
	CHANGED(SETXATTR),
	CHANGED(LOCK),
	CHANGED(MMAP),
	CHANGED(MODIFY_DIR),
	ENTERED(CREATE),
	ENTERED(MKDIR),
	ENTERED(RMDIR),
	ENTERED(UNLINK),
	ENTERED(SYMLINK),
	ENTERED(LINK),
	ENTERED(RENAME),
	NEVER(FS_OPEN_WRITE, "files with set-id bits are not written"),
	NEVER(FS_RECEIVE, "files with set-id bits are not written"),
	NEVER(FS_CREATE, "no device nodes, sockets and set-id bits: make a plain file or a pipe"),
	NEVER(FS_CHMOD, "no set-id bits: leave 06000 out of the mode"),
	NEVER(FS_SETXATTR, "security.* and trusted.* are not the tenant's: use user.*"),
	NEVER(FS_RENAME, "RENAME_WHITEOUT makes a device"),
	NEVER(FS_SETFLAGS, "inode flags and project ids are the operator's"),
	NEVER(FS_CHDIR, "the working directory stays: use absolute paths, or path.resolve()"),
	NEVER(FS_IOCTL, "no request that reaches beyond the caller's own descriptor"),
	NEVER(FS_FCNTL, "no signals, leases and other commands that reach beyond the caller"),
	{ SN_OP_NET_SOCKET, SN_FAMILY, NOTHING, "only TCP and UDP over IPv4 and IPv6" },
	{ SN_OP_NET_SOCKETPAIR, SN_FAMILY, NOTHING,
	  "node makes pipes to a subprocess of it: use worker_threads and their messages" },
	{ SN_OP_NET_BIND, SN_NOT_LISTED, OWN_PORT, "" },
	{ SN_OP_NET_LISTEN, SN_NOT_LISTED, OWN_PORT, "" },
	{ SN_OP_NET_SETSOCKOPT, SN_NOT_LISTED, OWN_PORT, "" },
	{ SN_OP_NET_CONNECT, SN_NOT_LISTED, OUT_PORT, "" },
	{ SN_OP_NET_SEND, SN_NOT_LISTED, OUT_PORT, "" },
	{ SN_OP_NET_EGRESS, SN_NOT_LISTED, OUT_PORT, "" },
	{ SN_OP_NET_BIND, SN_FAMILY, NOTHING, "only sockets of TCP and UDP get a name" },
	{ SN_OP_NET_LISTEN, SN_FAMILY, NOTHING, "only sockets of TCP listen: use a port" },
	{ SN_OP_NET_CONNECT, SN_FAMILY, NOTHING,
	  "only TCP and UDP connect; let the server connect it before --keep-fd" },
	{ SN_OP_NET_SEND, SN_FAMILY, NOTHING,
	  "a socket that was handed over sends only to where the server has connected it" },
	{ SN_OP_NET_NETLINK, SN_FAMILY, NOTHING, "of netlink only links and addresses" },
	NEVER(NET_NETLINK, "rtnetlink tells links and addresses only: os.networkInterfaces()"),
	NEVER(NET_BIND, "no groups of netlink: ask os.networkInterfaces() again"),
	NEVER(NET_CONNECT, "a bound datagram socket does not disconnect: make another one"),
	NEVER(NET_SETSOCKOPT, "this option reaches beyond the tenant's own socket"),
	NEVER(TASK_FORK, "a tenant is one process: use worker_threads; for cluster, more tenants"),
	NEVER(TASK_EXEC, "no other program: use worker_threads, or a package in JavaScript or "
			 "WebAssembly; or let the server run it"),
	{ SN_OP_TASK_EXEC, SN_OUTSIDE, NOTHING,
	  "no other program: use worker_threads, or a package in JavaScript or WebAssembly; or "
	  "let the server run it" },
	{ SN_OP_TASK_KILL, SN_OTHER_TASK, NOTHING,
	  "signals reach the tenant alone: let the server send them" },
	NEVER(TASK_SETID, "users and groups stay: --user, --supplementary-group at the start"),
	{ SN_OP_TASK_CAPGET, SN_OTHER_TASK, NOTHING, "other processes are hidden" },
	NEVER(TASK_CAPSET, "a tenant has no capabilities"),
	NEVER(TASK_CAPABLE, "a tenant has no capabilities: let the server do it"),
	NEVER(TASK_PTRACE, "no tracing and no memory of other processes: node --inspect"),
	{ SN_OP_TASK_SCHED, SN_OTHER_TASK, NOTHING,
	  "only the tenant's own scheduling and limits: let the server set those of others" },
	NEVER(TASK_RLIMIT, "the limit of core files stays: node --heapsnapshot-signal"),
	NEVER(TASK_PRCTL, "no core-scheduling cookie: let the server make it"),
	NEVER(TASK_PGRP, "process groups stay as they are"),
	{ SN_OP_TASK_PGRP, SN_OTHER_TASK, NOTHING, "other processes are hidden" },
	{ SN_OP_CODE_MMAP, SN_NOT_RUNTIME, NOTHING,
	  "no native code but node's own: use a package in JavaScript or WebAssembly" },
	{ SN_OP_CODE_MPROTECT, SN_NOT_RUNTIME, NOTHING,
	  "no native code but node's own: use a package in JavaScript or WebAssembly" },
	NEVER(GUARD_BPF, "bpf(2) is the operator's"),
	NEVER(GUARD_PERF, "perf measures others as well: node --cpu-prof, perf_hooks"),
	NEVER(GUARD_USERNS, "no namespaces: a tenant is confined already"),
	NEVER(GUARD_ANON, "no io_uring and no userfaultfd: libuv works without"),
	NEVER(GUARD_MOUNT, "no mounts: mount before the start, and name it with --read-only"),
	NEVER(GUARD_QUOTA, "quotas are the operator's"),
	NEVER(GUARD_KEY, "keyrings outlive the tenant: keep secrets in memory or in a file"),
	NEVER(GUARD_IPC, "IPC of System V and POSIX queues are everybody's: SharedArrayBuffer"),
	NEVER(GUARD_MODULE, "no kernel modules: load it before the start"),
	NEVER(GUARD_SYSLOG, "the kernel's log is the operator's"),
#undef SEEN
#undef CHANGED
#undef ENTERED
#undef NEVER
};

static const struct row *find_row(__u16 op, __u16 why)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (rows[i].op == op && rows[i].why == why)
			return &rows[i];
	return NULL;
}

bool sn_is_writable_value(const char *value)
{
	for (const char *c = value; *c; c++)
		if (!isascii(*c) || !(isalnum(*c) || strchr("/._-+,:@%=~", *c)))
			return false;
	return *value;
}

#define SAY(explanation, ...) \
	snprintf((explanation)->text, sizeof((explanation)->text), __VA_ARGS__)

static void give(struct sn_explanation *explanation, const char *option, const char *value)
{
	explanation->grantable = true;
	snprintf(explanation->value, sizeof(explanation->value), "%s", value);
	explanation->option = sn_is_writable_value(value) ? option : NULL;
}

/* ---- files ---- */

static bool is_below(const char *path, const char *directory)
{
	size_t len = strlen(directory);

	return !strncmp(path, directory, len) && path[len] == '/';
}

/* What no option opens, wherever it lies. */
static const char *never_opened(const char *path)
{
	if (is_below(path, "/dev") && !is_below(path, "/dev/shm") && strcmp(path, "/dev/shm"))
		return "of devices only null, zero, full, random and urandom, without locks and "
		       "watches";
	if (is_below(path, "/proc") && isdigit((unsigned char)path[strlen("/proc/")]))
		return "other processes are hidden; its own is only read, without mem and net";
	return NULL;
}

static void say_width(struct sn_explanation *explanation, enum need need, const char *more)
{
	const char *act = need == TO_READ ? "reading" : "reading and changing";

	if (!explanation->option)
		SAY(explanation,
		    "an option opens it for %s, but its name cannot be written here: name the "
		    "directory that it is in, or rename it",
		    act);
	else if (need == TO_ENTER)
		SAY(explanation, "opens all of %.200s for %s", explanation->value, act);
	else
		SAY(explanation, "opens it for %s; of a directory, all that is below%s", act, more);
}

/* From a path to that of its directory. */
static void cut_name(char *path)
{
	char *slash = strrchr(path, '/');

	slash[slash == path] = '\0';
}

static void explain_file(const struct sn_event *ev, const struct row *row,
			 struct sn_explanation *explanation)
{
	enum need need = row->need;
	char path[SN_EVENT_PATH_TEXT];
	bool mounted = false;
	size_t len = ev->dev ? sn_event_path(ev, path, &mounted) : 0;
	const char *never;

	path[len] = '\0';
	if (!len || !mounted) {
		SAY(explanation, "it lies in no directory that could be named here: let the server "
				 "open it, and hand it over with --keep-fd");
		return;
	}
	never = never_opened(path);
	if (never) {
		SAY(explanation, "%s", never);
		return;
	}
	if (!strcmp(path, "/") && need != TO_ENTER) {
		explanation->grantable = true;
		SAY(explanation, "only an option for / would open it, and with it everything: name "
				 "what lies below");
		return;
	}
	if (*path != '/') { /* the upper directories did not fit into the event */
		explanation->grantable = true;
		SAY(explanation, "--read-%s of a directory above, whose name is too long here",
		    need == TO_READ ? "only" : "write");
		return;
	}
	if (need == TO_ENTER)
		cut_name(path);
	give(explanation, need == TO_READ ? "read-only" : "read-write", path);
	say_width(explanation, need, row->text);
}

/* ---- ports ---- */

static void explain_outgoing(const struct sn_event *ev, struct sn_explanation *explanation)
{
	char address[SN_ADDRESS_MAX], port[8];

	if (!ev->port) {
		SAY(explanation,
		    "nothing but TCP and UDP, and no port 0, at a restricted address: leave %s out "
		    "of --restricted-outgoing-addresses",
		    ev->family ? sn_address_text(ev, address) : "it");
		return;
	}
	snprintf(port, sizeof(port), "%u", ev->port);
	give(explanation, "allowed-outgoing-ports", port);
	SAY(explanation, "opens port %s on every restricted address", port);
}

/* A socket that shares its port has to say which one, before. */
static void explain_own(const struct sn_event *ev, struct sn_explanation *explanation)
{
	char port[8];

	if (!ev->port && ev->op != SN_OP_NET_SETSOCKOPT) {
		SAY(explanation, "where ports are listed, or shared, the socket has to be bound to "
				 "one of --allowed-listen-ports first");
		return;
	}
	if (!ev->port) {
		explanation->grantable = true;
		SAY(explanation, "--allowed-listen-ports with the port that is to be shared; then "
				 "it listens on listed ports only");
		return;
	}
	snprintf(port, sizeof(port), "%u", ev->port);
	give(explanation, "allowed-listen-ports", port);
	SAY(explanation,
	    "lets it listen on port %s, and share it with others that want to; without the "
	    "option every free port is open, with it only listed ones",
	    port);
}

/* ---- all ---- */

static const char *known_text(__u8 known)
{
	switch (known) {
	case SN_KNOWN_IO_URING:
		return "libuv tries io_uring in every loop, and works without: nothing to do";
	case SN_KNOWN_NSCD:
		return "libc asks nscd before it looks up a name, and does without: nothing to do";
	case SN_KNOWN_MALLOC:
		return "libc reads it when a thread ends, and does without: nothing to do";
	}
	return NULL;
}

/* The file's own name comes first. */
static bool is_addon(const struct sn_event *ev)
{
	size_t len = ev->path_len ? strnlen(ev->path, sizeof(ev->path)) : 0;

	return len > 5 && !strncmp(ev->path + len - 5, ".node", 5);
}

static const char *more_of(const struct sn_event *ev)
{
	if (ev->op == SN_OP_NET_SOCKET && ev->number == 1) /* AF_UNIX */
		return "no Unix sockets: use TCP, or let the server connect one and hand it over "
		       "with --keep-fd";
	if (ev->op == SN_OP_CODE_MMAP && is_addon(ev))
		return "no native addons: look for a build in WebAssembly or JavaScript "
		       "(docs/for-tenant-authors.md lists some)";
	return NULL;
}

static void explain_row(const struct row *row, const struct sn_event *ev,
			struct sn_explanation *explanation)
{
	const char *more = more_of(ev);

	switch (row->need) {
	case NOTHING:
		SAY(explanation, "%s", more ? more : row->text);
		break;
	case OUT_PORT:
		explain_outgoing(ev, explanation);
		break;
	case OWN_PORT:
		explain_own(ev, explanation);
		break;
	default:
		explain_file(ev, row, explanation);
	}
}

bool sn_explain(const struct sn_event *ev, struct sn_explanation *explanation)
{
	const char *known = known_text(ev->known);
	const struct row *row = find_row(ev->op, ev->why);

	*explanation = (struct sn_explanation){};
	if (!ev->op || ev->op >= SN_OP_NR || ev->why == SN_ALLOWED)
		return false;
	if (ev->why == SN_NO_POLICY)
		SAY(explanation, "its cgroup has no policy: start it with safenode-attach");
	else if (ev->why == SN_UNKNOWN)
		SAY(explanation, "what was asked for could not be read, so it is refused");
	else if (known)
		SAY(explanation, "%s", known);
	else if (row)
		explain_row(row, ev, explanation);
	return *explanation->text;
}
