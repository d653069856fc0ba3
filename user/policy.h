/* SPDX-License-Identifier: GPL-2.0-only */
/* The operator's words: what the options of safenode-attach and safenode say. */
#ifndef SAFENODE_POLICY_H
#define SAFENODE_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli.h"
#include "err.h"
#include "safenode_abi.h"

#define SN_LIST_MAX  4096 /* entries in one list of addresses or ports, "self" expanded */
#define SN_PATHS_MAX 64	  /* --read-only and --read-write, each */
#define SN_FDS_MAX   64	  /* --keep-fd */

/* A prefix as the maps have it; cgroup_id is filled in when it is stored. */
struct sn_address_rule {
	struct sn_address_key key;
	struct sn_text text;
};

/* All that one tenant's options say. Owns its strings and lists; see sn_words_free(). */
struct sn_words {
	char *tenant;	 /* --cgroup */
	char *directory; /* --dir, as given */
	char *user;	 /* --user, or NULL: the owner of the directory */
	bool safe_mode;
	bool audit;
	bool terminal;		/* stay at the terminal where it is started */
	bool restrict_self;	/* "self" is in the list */
	bool restrict_loopback; /* some listed prefix touches 127.0.0.0/8, ::1 or the unspecified */
	bool restrict_listen;	/* --allowed-listen-ports was given */

	struct sn_address_rule *restricted;
	size_t nr_restricted;
	struct sn_port_range *outgoing;
	size_t nr_outgoing;
	struct sn_port_range *listen;
	size_t nr_listen;

	char *read_only[SN_PATHS_MAX];
	size_t nr_read_only;
	char *read_write[SN_PATHS_MAX];
	size_t nr_read_write;
	int keep_fd[SN_FDS_MAX];
	size_t nr_keep_fd;

	char *memory_max; /* as cgroup v2 takes them: bytes or "max" */
	char *cpu_max;	  /* "QUOTA PERIOD" in microseconds; the option also takes a percentage */
	char *pids_max;

	bool in_file; /* the options come from --policy FILE now */
};

/* The option table of safenode-attach; every set() takes a struct sn_words. */
extern const struct sn_opt sn_attach_opts[];
/* The three flags of the drop-in, and --user. */
extern const struct sn_opt sn_dropin_opts[];

/*
 * What no single option can tell: names missing, lists without their partner. Called when all
 * options are in; the drop-in has filled in tenant and directory itself. 0, or -EINVAL with @err
 * filled in.
 */
int sn_words_check(const struct sn_words *words, struct sn_err *err);

void sn_words_free(struct sn_words *words);

/*
 * "10.0.0.0/8,::1,self": adds to words->restricted, all of it or nothing. IPv4 and IPv6 addresses
 * in inet_pton(3)'s form, CIDR of any length; host bits below the prefix must be zero. "self"
 * becomes every address that the machine has now, loopback, multicast, broadcast and unspecified.
 */
int sn_words_restrict(struct sn_words *words, const char *list, struct sn_err *err);

/* "80,443,8000-8100": adds to a list of ranges, all of it or nothing. */
int sn_parse_ports(const char *list, struct sn_port_range **ranges, size_t *nr, struct sn_err *err);

/* "80" or "8000-8100". */
struct sn_text sn_port_text(struct sn_port_range range);

/*
 * What "addresses" holds for a list, cgroup_ids still missing, and the lengths in @policy that go
 * with it. A prefix inside another one is left out; the beginnings of longer ones are added that
 * sn_search_prefixes() wants. Returns how many there are in *@rules, to be freed, or -ENOMEM.
 */
ssize_t sn_address_rules(const struct sn_address_rule *listed, size_t nr_listed,
			 struct sn_policy *policy, struct sn_address_rule **rules);

/*
 * Cuts @range into the fewest aligned blocks, as "ports" keeps them: at most 30. Returns how many
 * it wrote to @blocks (port and length are set, the rest is zero).
 */
size_t sn_port_blocks(struct sn_port_range range, struct sn_port_key blocks[30]);

/* A tenant's name: 1 to 63 of A-Z a-z 0-9 . _ - and not beginning with '.' or '-'. */
int sn_check_tenant_name(const char *name, struct sn_err *err);

#endif
