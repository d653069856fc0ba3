// SPDX-License-Identifier: GPL-2.0-only
/* The node's own policy for containers, which annotations can only narrow. */
#include <errno.h>
#include <string.h>

#include "annotations.h"
#include "floor.h"

int sn_floor_read(struct sn_options *floor, const char *path, struct sn_err *err)
{
	struct sn_err why = {};
	int ret;

	if (access(path, F_OK))
		return errno == ENOENT ? 0
				       : sn_fail(err, errno, "cannot look at %s: %s", path,
						 strerror(errno));
	ret = sn_options_trust_file(path, err);
	if (!ret)
		ret = sn_cli_parse_file(sn_container_opts, path, floor, err);
	if (ret)
		return ret;
	ret = sn_container_options_check(floor, &why);
	if (!ret)
		ret = sn_options_check_alone(floor, &why);
	if (!ret && !floor->safe_mode)
		ret = sn_fail(&why, EINVAL, "safe-mode is missing; add it");
	return ret ? sn_fail(err, -ret, "%s: %s", path, why.text) : 0;
}

/* ---- what is as narrow ---- */

static bool covers(const struct sn_address_key *wide, const struct sn_address_key *narrow)
{
	__u32 bytes = wide->length / 8, bits = wide->length % 8;

	if (wide->length > narrow->length || memcmp(wide->addr, narrow->addr, bytes))
		return false;
	return !bits || !((wide->addr[bytes] ^ narrow->addr[bytes]) >> (8 - bits));
}

/* Each prefix of the floor is in one of the options'. */
static int check_addresses(const struct sn_address_list *floor,
			   const struct sn_address_list *options, struct sn_err *err)
{
	for (size_t i = 0; i < floor->nr; i++) {
		bool covered = false;

		for (size_t j = 0; j < options->nr && !covered; j++)
			covered = covers(&options->rules[j].key, &floor->rules[i].key);
		if (!covered)
			return sn_fail(err, EINVAL,
				       "restricted-outgoing-addresses leaves out %s, which this "
				       "node restricts (" SN_FLOOR_FILE "); add it",
				       floor->rules[i].text.text);
	}
	return 0;
}

/* The last port behind @first, or that itself, up to which @list has all; -1: not even @first. */
static long last_listed(const struct sn_port_list *list, long first)
{
	long last = -1;

	for (size_t i = 0; i < list->nr; i++)
		if (list->ranges[i].first <= first && list->ranges[i].last >= first &&
		    list->ranges[i].last > last)
			last = list->ranges[i].last;
	return last;
}

static int check_ports(const char *option, const struct sn_port_list *floor,
		       const struct sn_port_list *options, struct sn_err *err)
{
	for (size_t i = 0; i < options->nr; i++) {
		long port = options->ranges[i].first, last = options->ranges[i].last;

		while (port <= last) {
			long until = last_listed(floor, port);

			if (until < 0)
				return sn_fail(err, EINVAL,
					       "%s: %ld is not among the ports that this node "
					       "allows (" SN_FLOOR_FILE "); leave it out",
					       option, port);
			port = until + 1;
		}
	}
	return 0;
}

static bool is_below(const char *path, char *const paths[], size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		size_t len = strlen(paths[i]);

		if (!strncmp(path, paths[i], len) && (!path[len] || path[len] == '/'))
			return true;
	}
	return false;
}

static int too_wide(const char *option, const char *path, struct sn_err *err)
{
	return sn_fail(err, EINVAL,
		       "%s: '%.200s' is not among the paths that this node gives (" SN_FLOOR_FILE
		       "); leave it out",
		       option, path);
}

static int check_paths(const struct sn_options *floor, const struct sn_options *options,
		       struct sn_err *err)
{
	for (size_t i = 0; i < options->nr_read_only; i++)
		if (!is_below(options->read_only[i], floor->read_only, floor->nr_read_only) &&
		    !is_below(options->read_only[i], floor->read_write, floor->nr_read_write))
			return too_wide("read-only", options->read_only[i], err);
	for (size_t i = 0; i < options->nr_read_write; i++)
		if (!is_below(options->read_write[i], floor->read_write, floor->nr_read_write))
			return too_wide("read-write", options->read_write[i], err);
	for (size_t i = 0; i < options->nr_native_code; i++)
		if (!is_below(options->native_code[i], floor->native_code, floor->nr_native_code))
			return too_wide("native-code", options->native_code[i], err);
	return 0;
}

static int check(const struct sn_options *floor, const struct sn_options *options,
		 struct sn_err *err)
{
	int ret = 0;

	if (options->restricted.nr)
		ret = check_addresses(&floor->restricted, &options->restricted, err);
	if (!ret && floor->restricted.nr)
		ret = check_ports("allowed-outgoing-ports", &floor->outgoing, &options->outgoing,
				  err);
	if (!ret && floor->restrict_listen)
		ret = check_ports("allowed-listen-ports", &floor->listen, &options->listen, err);
	return ret ? ret : check_paths(floor, options, err);
}

/* ---- what is not said ---- */

#define MOVE(list)                                            \
	do {                                                  \
		options->list = floor->list;                  \
		memset(&floor->list, 0, sizeof(floor->list)); \
	} while (0)

static void fill(struct sn_options *floor, struct sn_options *options)
{
	options->safe_mode |= floor->safe_mode;
	options->log_granted |= floor->log_granted;
	if (!options->restricted.nr)
		MOVE(restricted);
	if (!options->outgoing.nr)
		MOVE(outgoing);
	if (!options->restrict_listen) {
		MOVE(listen);
		options->restrict_listen = floor->restrict_listen;
	}
}

int sn_floor_apply(struct sn_options *floor, struct sn_options *options, struct sn_err *err)
{
	/* an empty one is none */
	int ret = floor->safe_mode ? check(floor, options, err) : 0;

	if (!ret)
		fill(floor, options);
	return ret;
}
