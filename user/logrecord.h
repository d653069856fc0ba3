/* SPDX-License-Identifier: GPL-2.0-only */
/* What safenode-logd passes on to its followers, and how each of that is written. */
#ifndef SAFENODE_LOGRECORD_H
#define SAFENODE_LOGRECORD_H

#include <stdbool.h>
#include <stddef.h>

#include "safenode_abi.h"

#define SN_LOG_DIR    "/run/safenode"
#define SN_LOG_SOCKET SN_LOG_DIR "/log"	 /* SOCK_SEQPACKET: a record a packet */
#define SN_LOG_LOCK   SN_LOG_DIR "/logd" /* held by the one safenode-logd */
#define SN_RING_LOCK  SN_LOG_DIR "/ring" /* by it while it reads the ring; shared: safenode-log */

enum sn_log_kind {
	SN_LOG_EVENT,
	SN_LOG_LOSS,   /* what a tenant did that never was on the ring */
	SN_LOG_PASSED, /* this follower was too slow for so many events */
	SN_LOG_STATE,  /* does the service read? First sent when what came before was sent */
	SN_LOG_LAST,   /* the last event of a tenant */
	SN_LOG_DONE,   /* nothing follows */
	SN_LOG_REFUSED,
	SN_LOG_REQUEST, /* of a follower, once; the others are the service's */
};

enum sn_log_state {
	SN_LOG_UNKNOWN,
	SN_LOG_READS,
	SN_LOG_NOT_LOADED,
	SN_LOG_OTHER_VERSION, /* is loaded */
	SN_LOG_WAITS,	      /* for something else */
};

/* What a follower asks for: a sum of these. Without SN_WANT_NEW it ends with SN_LOG_DONE. */
enum sn_log_want {
	SN_WANT_BACKLOG = 1, /* what came shortly before */
	SN_WANT_NEW = 2,
	SN_WANT_LAST = 4, /* of each tenant */
	/* who listens is the user in whose name @tenant is, and has few of these at a time */
	SN_WANT_OF_USER = 8,
};

/* Totals of a tenant, since it was attached. */
struct sn_log_loss {
	__u64 time_ns; /* CLOCK_BOOTTIME */
	__u64 cgroup_id;
	char tenant[SN_TENANT_MAX]; /* empty: processes without a policy */
	__u64 lost;		    /* found the ring full */
	__u64 suppressed;	    /* above SN_EVENTS_RATE */
};

struct sn_log_request {
	__u32 want;
	/* only of this one; empty: of all; "1000:": of all that this user has by the broker */
	char tenant[SN_TENANT_MAX];
};

struct sn_log_record {
	__u32 abi;  /* SN_ABI_VERSION, of which the rest is */
	__u32 kind; /* enum sn_log_kind */
	union {
		struct sn_event event; /* its path is as long as path_len */
		struct sn_log_loss loss;
		__u64 passed;
		__u32 state; /* enum sn_log_state */
		char why[256];
		struct sn_log_request request;
	};
};

/* How many bytes of the record are sent. */
size_t sn_log_size(const struct sn_log_record *record);
/* Is this, of @size bytes, a whole record of this version? Completes the path of an event. */
bool sn_log_check(struct sn_log_record *record, size_t size);
/* The tenant of an event or a loss, not NUL-terminated where it fills its SN_TENANT_MAX bytes. */
const char *sn_log_tenant(const struct sn_log_record *record);
void sn_log_set_event(struct sn_log_record *record, const struct sn_event *ev);

/* An event, a loss or what was passed over, as one line without its end. Returns @line. */
#define SN_LOG_LINE_MAX 8192
const char *sn_log_line(const struct sn_log_record *record, char line[SN_LOG_LINE_MAX]);
/* The same as JSON, in ASCII. The caller frees it. NULL: out of memory. */
char *sn_log_json(const struct sn_log_record *record);

#endif
