/* SPDX-License-Identifier: GPL-2.0-only */
/* What the options of safenode-attach and safenode say. */
#ifndef SAFENODE_OPTIONS_H
#define SAFENODE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "account.h"
#include "addresses.h"
#include "cli.h"
#include "err.h"
#include "ports.h"

#define SN_PATHS_MAX 64 /* --read-only and --read-write, each */
#define SN_FDS_MAX   64 /* --keep-fd */

/* The options of one tenant. Owns its strings and lists; see sn_options_free(). */
struct sn_options {
	char *tenant;		     /* --cgroup */
	char *directory;	     /* --dir, as given; NULL where --narrow finds it */
	char *user;		     /* --user, or NULL: the owner of the directory */
	char *groups[SN_GROUPS_MAX]; /* --supplementary-group */
	size_t nr_groups;
	bool safe_mode;
	bool observe;	      /* --observe: refuse nothing, report what would be refused */
	bool log_granted;     /* --log-granted: report what is granted, too */
	bool terminal;	      /* --terminal: stay at the terminal */
	bool replace;	      /* --replace: of a tenant that runs */
	bool warm;	      /* --warm: files, mappings and addresses are left to it at first */
	bool narrow;	      /* --narrow: ...until this, of one that runs */
	bool delegated;	      /* --delegated: its cgroup is below the caller's */
	bool restrict_listen; /* --allowed-listen-ports was given */

	struct sn_address_list restricted;
	struct sn_port_list outgoing;
	struct sn_port_list listen;

	char *read_only[SN_PATHS_MAX];
	size_t nr_read_only;
	char *read_write[SN_PATHS_MAX];
	size_t nr_read_write;
	char *native_code[SN_PATHS_MAX]; /* of a container's image */
	size_t nr_native_code;
	int keep_fd[SN_FDS_MAX];
	size_t nr_keep_fd;
	bool handed_over; /* they are all that the caller left open (handed.h): nobody named one */

	char *memory_max; /* as cgroup v2 takes them: bytes or "max" */
	char *cpu_max;	  /* "QUOTA PERIOD" in microseconds; the option also takes a percentage */
	char *pids_max;

	bool in_file;	    /* while a policy file is read */
	bool file_observes; /* the last one says "observe" */
	bool file_enforces; /* one does not */
	struct sn_origin *origins;
	size_t nr_origins;
};

/* Where a value that is from a policy file was found. */
struct sn_origin {
	const char *option; /* its row's name */
	size_t number;	    /* which of the option's values, from 0 on */
	char *where;	    /* "FILE:LINE" */
};

/* The option table of safenode-attach; every set() takes a struct sn_options. */
extern const struct sn_opt sn_attach_opts[];
/* The three flags of the drop-in, --user and --terminal. */
extern const struct sn_opt sn_dropin_opts[];
/* What of them a container's annotations and /etc/safenode/containers.conf may say. */
extern const struct sn_opt sn_container_opts[];

/*
 * Checks what a single option cannot tell: missing names, lists without their partner. Called when
 * all options are read; the drop-in fills in tenant and directory before. 0, or -EINVAL with @err
 * filled in.
 */
int sn_options_check(const struct sn_options *options, struct sn_err *err);

/* What starts or changes a tenant takes it from the command line or the policy file: or -EINVAL. */
int sn_options_need_safe_mode(const struct sn_options *options, struct sn_err *err);

/*
 * The same as sn_options_check() for a policy file alone, which may leave to the command line who
 * the tenant is and whether it is confined.
 */
int sn_options_check_alone(const struct sn_options *options, struct sn_err *err);

/* "FILE:LINE" of the value @number of @option; or NULL: it is from the command line, or not there.
 */
const char *sn_options_where(const struct sn_options *options, const char *option, size_t number);

/*
 * For an error @ret, found later in the value @number of @option: fills in @err with the text of
 * @why, behind file and line if the value is from a policy file. Returns @ret, also if it is none.
 */
int sn_options_blame(const struct sn_options *options, const char *option, size_t number, int ret,
		     const struct sn_err *why, struct sn_err *err);

/*
 * For root: -EPERM if others can change the policy file @path, and so give a tenant what they like;
 * or another negative errno. 0 also where it is missing, which is said when it is read.
 */
int sn_options_trust_file(const char *path, struct sn_err *err);

/* Reads the policy file @path into @options, as --policy does, and tells @watch, or NULL. */
int sn_options_read(struct sn_options *options, const char *path, const struct sn_watch *watch,
		    struct sn_err *err);

void sn_options_free(struct sn_options *options);

/*
 * --cgroup NAME of the tools that work on an existing tenant: the set() of its row. Their targets
 * begin with this. @tenant points into the argument list.
 */
struct sn_named {
	const char *tenant;
};
int sn_set_named(void *target, const char *value, struct sn_err *err);

/* A tenant of the drop-in has this and its process id for a name; no other name begins so. */
#define SN_UNNAMED "pid-"

/*
 * A tenant as the log and the status show it: by its name, by a container's label (label.h), or by
 * the number of the user who started it by the broker, and its name.
 */
int sn_check_shown_name(const char *name, struct sn_err *err);

/* A tenant's name: 1 to 63 of A-Z a-z 0-9 . _ - and not beginning with '.' or '-'. */
int sn_check_tenant_name(const char *name, struct sn_err *err);

#endif
