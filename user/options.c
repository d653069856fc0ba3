// SPDX-License-Identifier: GPL-2.0-only
/* What the options of safenode-attach and safenode say. */
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "options.h"
#include "parse.h"
#include "trust.h"

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
			      "0123456789._-/";

int sn_check_shown_name(const char *name, struct sn_err *err)
{
	const char *slash = strchr(name, '/');
	size_t digits = strspn(name, "0123456789");

	if (slash && slash != name && strlen(name) < SN_TENANT_MAX && !name[strspn(name, letters)])
		return 0;
	if (digits && name[digits] == ':' && strlen(name) < SN_TENANT_MAX) /* "1000:t1" */
		name += digits + 1;
	return sn_check_tenant_name(name, err);
}

int sn_check_tenant_name(const char *name, struct sn_err *err)
{
	size_t len = strlen(name);

	if (len && len < SN_TENANT_MAX && strspn(name, letters) == len && !strchr(name, '/') &&
	    *name != '.' && *name != '-')
		return 0;
	return sn_fail(err, EINVAL,
		       SN_QUOTED
		       " is no name for a tenant: use 1 to %d of A-Z a-z 0-9 . _ - and do not "
		       "begin with '.' or '-'",
		       name, SN_TENANT_MAX - 1);
}

int sn_set_named(void *target, const char *value, struct sn_err *err)
{
	struct sn_named *named = target;

	if (named->tenant)
		return sn_fail(err, EINVAL, "given twice, '%s' and '%.100s': remove one",
			       named->tenant, value);
	named->tenant = value;
	return sn_check_shown_name(value, err);
}

/* An option with a single value: a second one would silently win or lose. */
static int set_once(char **field, const char *value, struct sn_err *err)
{
	if (!*value)
		return sn_fail(err, EINVAL, "'' is empty: write a value, or leave the option out");
	if (*field)
		return sn_fail(err, EINVAL, "given twice, '%.100s' and '%.100s': remove one",
			       *field, value);
	*field = strdup(value);
	return *field ? 0 : sn_fail(err, ENOMEM, "out of memory");
}

static int set_cgroup(void *target, const char *value, struct sn_err *err)
{
	struct sn_options *options = target;
	int error = sn_check_tenant_name(value, err);

	if (!error && !strncmp(value, SN_UNNAMED, strlen(SN_UNNAMED)))
		error = sn_fail(err, EINVAL,
				SN_QUOTED ": names that begin with '%s' are those of tenants of "
					  "safenode, which removes them; choose another",
				value, SN_UNNAMED);
	return error ? error : set_once(&options->tenant, value, err);
}

static int set_dir(void *target, const char *value, struct sn_err *err)
{
	return set_once(&((struct sn_options *)target)->directory, value, err);
}

static int set_user(void *target, const char *value, struct sn_err *err)
{
	return set_once(&((struct sn_options *)target)->user, value, err);
}

static int set_safe_mode(void *target, const char *value, struct sn_err *err)
{
	((struct sn_options *)target)->safe_mode = true;
	return 0;
}

static int set_terminal(void *target, const char *value, struct sn_err *err)
{
	((struct sn_options *)target)->terminal = true;
	return 0;
}

static int set_log_granted(void *target, const char *value, struct sn_err *err)
{
	((struct sn_options *)target)->log_granted = true;
	return 0;
}

static int set_observe(void *target, const char *value, struct sn_err *err)
{
	struct sn_options *options = target;

	options->observe = true;
	if (options->in_file)
		options->file_observes = true;
	return 0;
}

/* What is to be done with a policy is said where the tool is called. */
static int set_order(const struct sn_options *options, bool *order, struct sn_err *err)
{
	if (options->in_file)
		return sn_fail(err, EINVAL, "is no part of a policy; give it on the command line");
	*order = true;
	return 0;
}

static int set_replace(void *target, const char *value, struct sn_err *err)
{
	struct sn_options *options = target;

	return set_order(options, &options->replace, err);
}

static int set_delegated(void *target, const char *value, struct sn_err *err)
{
	struct sn_options *options = target;

	return set_order(options, &options->delegated, err);
}

static int set_warm(void *target, const char *value, struct sn_err *err)
{
	struct sn_options *options = target;

	return set_order(options, &options->warm, err);
}

static int set_narrow(void *target, const char *value, struct sn_err *err)
{
	struct sn_options *options = target;

	return set_order(options, &options->narrow, err);
}

static int set_restricted(void *target, const char *value, struct sn_err *err)
{
	return sn_addresses_add(&((struct sn_options *)target)->restricted, value, err);
}

static int set_outgoing(void *target, const char *value, struct sn_err *err)
{
	struct sn_options *options = target;

	return sn_ports_add(&options->outgoing, value, err);
}

static int set_listen(void *target, const char *value, struct sn_err *err)
{
	struct sn_options *options = target;
	int error = sn_ports_add(&options->listen, value, err);

	if (!error)
		options->restrict_listen = true;
	return error;
}

static int add_word(char **list, size_t *nr, size_t max, const char *value, struct sn_err *err)
{
	int error;

	if (*nr == max)
		return sn_fail(err, EINVAL, SN_QUOTED " is one too many: at most %zu", value, max);
	error = set_once(&list[*nr], value, err);
	if (!error)
		++*nr;
	return error;
}

static int set_read_only(void *target, const char *value, struct sn_err *err)
{
	struct sn_options *options = target;

	return add_word(options->read_only, &options->nr_read_only, SN_PATHS_MAX, value, err);
}

static int set_read_write(void *target, const char *value, struct sn_err *err)
{
	struct sn_options *options = target;

	return add_word(options->read_write, &options->nr_read_write, SN_PATHS_MAX, value, err);
}

static int set_native_code(void *target, const char *value, struct sn_err *err)
{
	struct sn_options *options = target;

	return add_word(options->native_code, &options->nr_native_code, SN_PATHS_MAX, value, err);
}

static int set_group(void *target, const char *value, struct sn_err *err)
{
	struct sn_options *options = target;

	return add_word(options->groups, &options->nr_groups, SN_GROUPS_MAX, value, err);
}

static int set_keep_fd(void *target, const char *value, struct sn_err *err)
{
	struct sn_options *options = target;
	uint64_t fd;

	if (!sn_parse_number(value, INT_MAX, &fd) || fd < 3)
		return sn_fail(err, EINVAL,
			       SN_QUOTED
			       " is no descriptor to keep: write a number above 2; 0, 1 and 2 "
			       "are always kept",
			       value);
	for (size_t i = 0; i < options->nr_keep_fd; i++)
		if (options->keep_fd[i] == (int)fd)
			return 0;
	if (options->nr_keep_fd == SN_FDS_MAX)
		return sn_fail(err, EINVAL, SN_QUOTED " is one too many: at most %d descriptors",
			       value, SN_FDS_MAX);
	options->keep_fd[options->nr_keep_fd++] = fd;
	return 0;
}

/* memory.max takes suffixes as well, but the number of bytes can be compared with what it reads. */
static int set_memory_max(void *target, const char *value, struct sn_err *err)
{
	struct sn_options *options = target;
	size_t len = strspn(value, "0123456789");
	const char *suffix = strchr("KMG", value[len]);
	int shift = value[len] && suffix ? 10 * (suffix - "KMG" + 1) : 0;
	char text[24] = "";
	uint64_t bytes;

	if (!strcmp(value, "max"))
		return set_once(&options->memory_max, value, err);
	if (len < sizeof(text))
		memcpy(text, value, len);
	if ((value[len] && (!suffix || value[len + 1])) ||
	    !sn_parse_number(text, UINT64_MAX >> (shift + 1), &bytes) || !bytes)
		return sn_fail(err, EINVAL,
			       SN_QUOTED
			       " is not a size: write bytes, as in 536870912 or 512M (K, M, "
			       "G), or max",
			       value);
	snprintf(text, sizeof(text), "%llu", (unsigned long long)bytes << shift);
	return set_once(&options->memory_max, text, err);
}

/* The bounds are the kernel's: kernel/sched/core.c tg_set_cfs_bandwidth(). */
static int set_cpu_max(void *target, const char *value, struct sn_err *err)
{
	struct sn_options *options = target;
	size_t len = strcspn(value, "% ");
	uint64_t quota = 0, period = 100000;
	char number[24] = "", text[48];
	bool good;

	if (len < sizeof(number))
		memcpy(number, value, len);
	good = sn_parse_number(number, UINT32_MAX, &quota);
	if (value[len] == '%') {
		quota *= period / 100;
		good = good && !value[len + 1];
	} else {
		good = good && value[len] && sn_parse_number(value + len + 1, 1000000, &period);
	}
	if (!good || quota < 1000 || period < 1000)
		return sn_fail(err, EINVAL,
			       SN_QUOTED
			       " is no CPU limit: write a percentage of one CPU, as in 50%%, "
			       "or QUOTA PERIOD in microseconds, as in '50000 100000' (both at "
			       "least 1000, the period at most 1000000)",
			       value);
	snprintf(text, sizeof(text), "%llu %llu", (unsigned long long)quota,
		 (unsigned long long)period);
	return set_once(&options->cpu_max, text, err);
}

static int set_pids_max(void *target, const char *value, struct sn_err *err)
{
	struct sn_options *options = target;
	uint64_t number;

	/* PID_MAX_LIMIT */
	if (strcmp(value, "max") && (!sn_parse_number(value, 4194304, &number) || !number))
		return sn_fail(err, EINVAL,
			       SN_QUOTED " is no number of threads: write 1 to 4194304, or max",
			       value);
	return set_once(&options->pids_max, value, err);
}

int sn_options_trust_file(const char *path, struct sn_err *err)
{
	struct sn_err why = {};
	int ret = geteuid() ? 0 : sn_trust_path(path, &why);

	if (!ret || ret == -ENOENT)
		return 0;
	return sn_fail(err, -ret, "%.440s%s", why.text,
		       ret == -EPERM ? "; or keep policies where only root writes, in /etc/safenode"
				     : "");
}

static int set_policy(void *target, const char *value, struct sn_err *err)
{
	struct sn_options *options = target;
	int error;

	if (options->in_file)
		return sn_fail(err, EINVAL,
			       SN_QUOTED
			       ": a policy file cannot name another one; give both on the "
			       "command line",
			       value);
	options->file_observes = false;
	error = sn_options_trust_file(value, err);
	if (!error)
		error = sn_options_read(options, value, NULL, err);
	if (!options->file_observes)
		options->file_enforces = true;
	/* a file that cannot be read is a wrong value */
	return error && error != -ENOMEM ? -EINVAL : error;
}

/* The options that safenode-attach and safenode share. */
/* clang-format off */
#define SHARED_ROWS                                                                                \
	{ "safe-mode", NULL, "confine it: files, network, processes, native code",                 \
	  set_safe_mode },                                                                         \
	{ "restricted-outgoing-addresses", "LIST",                                                 \
	  "IPv4, IPv6, CIDR, self: only allowed ports there", set_restricted },                    \
	{ "allowed-outgoing-ports", "LIST", "ports and ranges that stay open there",               \
	  set_outgoing },                                                                          \
	{ "user", "NAME|UID", "run as this user, not as the directory's owner", set_user },        \
	{ "terminal", NULL, "stay at this terminal, with job control", set_terminal, 't' }
/* clang-format on */

const struct sn_opt sn_attach_opts[] = {
	{ "cgroup", "NAME", "the tenant", set_cgroup },
	{ "dir", "PATH", "the one directory that it has", set_dir },
	SHARED_ROWS,
	{ "supplementary-group", "NAME|GID", "one more group to run with; repeatable", set_group },
	{ "read-only", "PATH", "one more file or directory to read; repeatable", set_read_only },
	{ "read-write", "PATH", "one more file or directory to change; repeatable",
	  set_read_write },
	{ "allowed-listen-ports", "LIST", "bind to these ports only", set_listen },
	{ "memory-max", "SIZE", "memory in bytes, with K, M or G, or max", set_memory_max },
	{ "cpu-max", "LIMIT", "PERCENT% of one CPU, or \"QUOTA PERIOD\" in microseconds",
	  set_cpu_max },
	{ "pids-max", "N", "number of threads, or max", set_pids_max },
	{ "keep-fd", "N", "leave this descriptor open; repeatable", set_keep_fd },
	{ "observe", NULL, "refuse nothing, report what would be refused", set_observe },
	{ "log-granted", NULL, "report what is granted, too", set_log_granted },
	{ "policy", "FILE", "options, one a line, without the dashes", set_policy },
	{ "delegated", NULL, "make its cgroup below the one that the caller is in", set_delegated },
	{ "replace", NULL, "change the policy of a tenant that runs", set_replace },
	{ "warm", NULL, "leave it files, native code and addresses until --narrow", set_warm },
	{ "narrow", NULL, "confine a tenant that is warm, for good", set_narrow },
	{ 0 },
};

const struct sn_opt sn_dropin_opts[] = { SHARED_ROWS, { 0 } };

/* Limits, users and groups are the engine's, and nothing is observed. */
const struct sn_opt sn_container_opts[] = {
	{ "safe-mode", NULL, "confine it: files, network, processes, native code", set_safe_mode },
	{ "restricted-outgoing-addresses", "LIST", "IPv4, IPv6, CIDR: only allowed ports there",
	  set_restricted },
	{ "allowed-outgoing-ports", "LIST", "ports and ranges that stay open there", set_outgoing },
	{ "allowed-listen-ports", "LIST", "bind to these ports only", set_listen },
	{ "read-only", "PATH", "one more file or directory to read", set_read_only },
	{ "read-write", "PATH", "one more file or directory to change", set_read_write },
	{ "native-code", "PATH", "a file or directory of the image to load code from",
	  set_native_code },
	{ "log-granted", NULL, "report also what is granted", set_log_granted },
	{ 0 },
};

/* ---- policy files ---- */

/* The number of the value of @option that was set last. */
static size_t last_of(const struct sn_options *options, const char *option)
{
	if (!strcmp(option, "read-only"))
		return options->nr_read_only - 1;
	if (!strcmp(option, "read-write"))
		return options->nr_read_write - 1;
	return strcmp(option, "supplementary-group") ? 0 : options->nr_groups - 1;
}

/* Called for each line that was applied. */
static int note(void *target, const char *option, const char *where)
{
	struct sn_options *options = target;
	struct sn_origin *all = reallocarray(options->origins, options->nr_origins + 1,
					     sizeof(*all)),
			 *new;

	if (!all)
		return -ENOMEM;
	options->origins = all;
	new = &all[options->nr_origins];
	*new = (struct sn_origin){ option, last_of(options, option), strdup(where) };
	if (!new->where)
		return -ENOMEM;
	options->nr_origins++;
	return 0;
}

int sn_options_read(struct sn_options *options, const char *path, const struct sn_watch *watch,
		    struct sn_err *err)
{
	struct sn_watch both = { .applied = note };
	int error;

	if (watch) {
		both.wrong = watch->wrong;
		both.data = watch->data;
	}
	options->in_file = true;
	error = sn_cli_watch_file(sn_attach_opts, path, options, &both, err);
	options->in_file = false;
	return error;
}

const char *sn_options_where(const struct sn_options *options, const char *option, size_t number)
{
	for (size_t i = 0; i < options->nr_origins; i++)
		if (options->origins[i].number == number &&
		    !strcmp(options->origins[i].option, option))
			return options->origins[i].where;
	return NULL;
}

int sn_options_blame(const struct sn_options *options, const char *option, size_t number, int ret,
		     const struct sn_err *why, struct sn_err *err)
{
	const char *where = sn_options_where(options, option, number);

	if (!ret)
		return 0;
	return where ? sn_fail(err, -ret, "%s: %s", where, why->text)
		     : sn_fail(err, -ret, "%s", why->text);
}

/* ---- all of them together ---- */

/* An option that only means something to a confined tenant; NULL if there is none. */
static const char *needs_safe_mode(const struct sn_options *options)
{
	if (options->restricted.nr)
		return "restricted-outgoing-addresses";
	if (options->outgoing.nr)
		return "allowed-outgoing-ports";
	if (options->restrict_listen)
		return "allowed-listen-ports";
	if (options->nr_read_only)
		return "read-only";
	if (options->nr_read_write)
		return "read-write";
	if (options->user)
		return "user";
	if (options->nr_groups)
		return "supplementary-group";
	if (options->terminal)
		return "terminal";
	if (options->observe)
		return "observe";
	if (options->warm)
		return "warm";
	return options->log_granted ? "log-granted" : NULL;
}

int sn_options_check_alone(const struct sn_options *options, struct sn_err *err)
{
	struct sn_err why = {};

	if (!options->outgoing.nr || options->restricted.nr)
		return 0;
	sn_fail(&why, EINVAL,
		"--allowed-outgoing-ports without --restricted-outgoing-addresses "
		"would restrict nothing; to restrict every address add "
		"--restricted-outgoing-addresses 0.0.0.0/0,::/0");
	return sn_options_blame(options, "allowed-outgoing-ports", 0, -EINVAL, &why, err);
}

static int check_safe_mode(const struct sn_options *options, struct sn_err *err)
{
	const char *option = needs_safe_mode(options);
	struct sn_err why = {};

	if (!option || options->safe_mode)
		return 0;
	sn_fail(&why, EINVAL, "--%s without --safe-mode: add --safe-mode", option);
	return sn_options_blame(options, option, 0, -EINVAL, &why, err);
}

/* An option that says nothing of a tenant that is warm; NULL if there is none. */
static const char *comes_with_narrow(const struct sn_options *options)
{
	if (options->restricted.nr)
		return "restricted-outgoing-addresses";
	if (options->outgoing.nr)
		return "allowed-outgoing-ports";
	if (options->restrict_listen)
		return "allowed-listen-ports";
	if (options->nr_read_only)
		return "read-only";
	if (options->nr_read_write)
		return "read-write";
	return options->log_granted ? "log-granted" : NULL;
}

static int check_warm(const struct sn_options *options, struct sn_err *err)
{
	const char *option = options->warm ? comes_with_narrow(options) : NULL;
	struct sn_err why = {};

	if (options->warm + options->narrow + options->replace > 1)
		return sn_fail(err, EINVAL,
			       "--warm starts a tenant, --narrow confines it, --replace changes "
			       "its policy: give one of them");
	if ((options->warm || options->narrow) && options->observe)
		return sn_fail(err, EINVAL,
			       "--observe with --%s: what is observed is never confined; leave "
			       "one of them out",
			       options->warm ? "warm" : "narrow");
	if (!option)
		return 0;
	sn_fail(&why, EINVAL,
		"--%s says nothing of a tenant that is warm: give it when that is confined, "
		"with --narrow",
		option);
	return sn_options_blame(options, option, 0, -EINVAL, &why, err);
}

int sn_options_need_safe_mode(const struct sn_options *options, struct sn_err *err)
{
	if (options->safe_mode)
		return 0;
	return sn_fail(err, EINVAL,
		       "--safe-mode is missing: without it a tenant may do nothing at all; "
		       "add --safe-mode");
}

int sn_options_check(const struct sn_options *options, struct sn_err *err)
{
	int ret = check_warm(options, err);

	if (ret)
		return ret;
	if (!options->tenant)
		return sn_fail(err, EINVAL, "--cgroup NAME is missing: name the tenant");
	if (!options->directory && !options->narrow)
		return sn_fail(err, EINVAL, "--dir PATH is missing: name the tenant's directory");
	if (options->observe && options->file_enforces)
		return sn_fail(
			err, EINVAL,
			"--observe would lift what the policy file confines; write 'observe' "
			"into the file to mean that");
	return check_safe_mode(options, err) ?: sn_options_check_alone(options, err);
}

void sn_options_free(struct sn_options *options)
{
	free(options->tenant);
	free(options->directory);
	free(options->user);
	for (size_t i = 0; i < options->nr_groups; i++)
		free(options->groups[i]);
	sn_addresses_free(&options->restricted);
	sn_ports_free(&options->outgoing);
	sn_ports_free(&options->listen);
	for (size_t i = 0; i < options->nr_read_only; i++)
		free(options->read_only[i]);
	for (size_t i = 0; i < options->nr_read_write; i++)
		free(options->read_write[i]);
	for (size_t i = 0; i < options->nr_native_code; i++)
		free(options->native_code[i]);
	free(options->memory_max);
	free(options->cpu_max);
	free(options->pids_max);
	for (size_t i = 0; i < options->nr_origins; i++)
		free(options->origins[i].where);
	free(options->origins);
	*options = (struct sn_options){ 0 };
}
