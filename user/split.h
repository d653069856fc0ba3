/* SPDX-License-Identifier: GPL-2.0-only */
/* The command line of the drop-in: which words are safenode's, which are node's. Pure. */
#ifndef SAFENODE_SPLIT_H
#define SAFENODE_SPLIT_H

#include "cli.h"
#include "err.h"

/* Both lists end with NULL, and their words are those of the command line. See sn_split_free(). */
struct sn_split {
	int nr_own;
	char **own;    /* the name of the tool and its options, with their values */
	char **node;   /* "node" and all other words, in their order */
	char **script; /* in node: the first word that is no option, nor the value of one; or NULL
			*/
};

/*
 * Options of @opts, and --help, are safenode's wherever they stand before the script, also between
 * node's. A word behind one of node's options is that option's value where node takes it for one
 * (src/node_options-inl.h OptionsParser::Parse()); an option of node's that is not known here has
 * none, and then node itself says of an option of safenode's behind it that it is none of its own.
 * 0, or -ENOMEM with @err filled in.
 */
int sn_split(const struct sn_opt *opts, int argc, char *argv[], struct sn_split *split,
	     struct sn_err *err);

void sn_split_free(struct sn_split *split);

#endif
