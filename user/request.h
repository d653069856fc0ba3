/* SPDX-License-Identifier: GPL-2.0-only */
/* What an ordinary user asks safenode-broker for: one message, and back. Pure. */
#ifndef SAFENODE_REQUEST_H
#define SAFENODE_REQUEST_H

#include <stddef.h>
#include <sys/types.h>

#include "err.h"
#include "options.h"
#include "safenode_abi.h"

#define SN_BROKER_SOCKET "/run/safenode-broker"

#define SN_REQUEST_VERSION 2
#define SN_REQUEST_MAX	   (192 * 1024) /* bytes of a message; the kernel takes some more */
#define SN_PLACES_MAX	   253 /* descriptors of a message: SCM_MAX_FD in include/net/scm.h */
#define SN_REQUEST_RULES   1024
#define SN_NONCE_SIZE	   16

/* Room for "4294967295:" */
#define SN_USER_PREFIX 16

/* "1000:", with which the name of each tenant of user @uid begins, and no other name. */
void sn_request_prefix(uid_t uid, char prefix[SN_USER_PREFIX]);

/* What is asked for. */
enum sn_act {
	SN_ACT_NONE,
	SN_ACT_START,  /* to be a tenant */
	SN_ACT_STATUS, /* what safenode-status prints; its form: enum sn_status_form, no metrics */
	SN_ACT_LOG,    /* a connection to safenode-logd; a sum of enum sn_log_want */
	SN_ACT_DETACH, /* 1: its processes are ended first */
};

/* What the broker says first, to be repeated in the request. */
struct sn_nonce {
	__u8 bytes[SN_NONCE_SIZE];
};

/* A rule without an identity: what it is about has been handed over as descriptor @place. */
struct sn_request_rule {
	__u16 place;   /* index of a descriptor */
	__u8 baseline; /* what the runtime needs, not what the options name */
	__u8 is_name;  /* about @name in the directory @place, not about @place itself */
	__u8 access;   /* enum sn_access, as in struct sn_rule */
	__u8 below;
	__u8 pad[2];
	__u32 owner;
	char name[SN_NAME_MAX]; /* NUL-padded */
};
_Static_assert(sizeof(struct sn_request_rule) == 76, "no hidden padding");

/*
 * A request. Owns its options and rules; see sn_request_free(). But for SN_ACT_START there is
 * nothing behind the tenant, which is "" for all of the user's.
 */
struct sn_request {
	struct sn_nonce nonce;
	enum sn_act act;
	int how;		   /* see enum sn_act */
	struct sn_options options; /* tenant, addresses, ports, limits, log_granted; no paths */
	size_t nr_places;
	size_t directory; /* index of the descriptor of the tenant's directory */
	__u64 kept;	  /* the baseline that root has kept (kept.h); 0: by rules, if at all */
	__u64 kept_scope; /* of its rules */
	struct sn_request_rule *rules;
	size_t nr_rules;
};

/* What the broker answers. */
struct sn_reply {
	/* 0, or a negative errno: then @err says why, and -ESTALE is that there is no such kept
	   baseline; 1: see sn_status_write() */
	__s32 error;
	__u32 size; /* of the text that follows, in bytes */
	struct sn_err err;
};

/*
 * The message, into *@message, which is the caller's to free, and its length. Of the options only
 * what struct sn_request names. -E2BIG with the cure: it is too long.
 */
int sn_request_write(const struct sn_request *request, char **message, size_t *size,
		     struct sn_err *err);

/*
 * Reads a message of @size bytes with which @nr_places descriptors came. Whatever the bytes, what
 * is read is an act that there is, names no other descriptor, has a valid name, no access that
 * there is not, and text without control characters. 0, -EINVAL or -ENOMEM; then @request is empty.
 */
int sn_request_read(const char *message, size_t size, size_t nr_places, struct sn_request *request,
		    struct sn_err *err);

void sn_request_free(struct sn_request *request);

#endif
