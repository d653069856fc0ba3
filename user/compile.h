/* SPDX-License-Identifier: GPL-2.0-only */
/* Options, identities and rules -> exactly what the maps will hold for one tenant. Pure. */
#ifndef SAFENODE_COMPILE_H
#define SAFENODE_COMPILE_H

#include "compiled.h"
#include "err.h"
#include "options.h"
#include "rules.h"
#include "safenode_abi.h"

/* All that a policy is made of. Nothing in it is owned. */
struct sn_source {
	const struct sn_options *options;
	__u64 cgroup_id;	  /* of the tenant's cgroup: the scope of its own rules */
	const char *directory;	  /* its path, without symbolic links */
	struct sn_inode dir;	  /* the same as the kernel sees it */
	struct sn_inode launcher; /* the program that will exec() once in the tenant's cgroup; zero:
				     none, as in a container */
	const struct sn_rules *own; /* the way to the directory, extra paths, descriptors, cgroup */
	struct sn_rules *baseline;  /* what the runtime needs; sorted here */
	__u64 baseline_scope;	    /* 0: by what is in it, shared by all with the same */
	bool container;		    /* its processes come from an engine's runtime */
	__u32 layers;		    /* as in sn_identify_layers() */
};

/* 0, or -ENOMEM with @err filled in and @compiled empty. */
int sn_compile(const struct sn_source *source, struct sn_compiled *compiled, struct sn_err *err);

#endif
