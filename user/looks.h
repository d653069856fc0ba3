/* SPDX-License-Identifier: GPL-2.0-only */
/* What was looked at to find something out: is all of it as it was? */
#ifndef SAFENODE_LOOKS_H
#define SAFENODE_LOOKS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

/* What of a path has to be as it was. The later ones say more. */
enum sn_look {
	SN_LOOK_MISSING, /* there is nothing */
	SN_LOOK_TYPE,	 /* what it is: a file, a link, ... that is no mount */
	SN_LOOK_PLACE,	 /* that very directory or mounted file, and who may change what is in it */
	SN_LOOK_WHOLE,	 /* that very file or link, who may change it, and what is in it */
};

/* What sn_looks_add() needs of statx(2). */
#define SN_LOOK_STATX \
	(STATX_TYPE | STATX_MODE | STATX_UID | STATX_GID | STATX_INO | STATX_CTIME | STATX_BTIME)

/* Owns its bytes, which mean something to this program on this machine until it is booted. */
struct sn_looks {
	char *bytes;
	size_t size;
	bool doubtful; /* that nothing has changed could not be told: of no use later */
	bool hidden;   /* some of it is in a directory that not everyone may search */
};

/*
 * Notes what was seen at @path, which has no symbolic link on the way: @st, or NULL where there was
 * nothing. Doubtful is what has an access control list, what two looks saw differently, and what
 * changed less than two seconds ago: the next change could have the same time, for the kernel's
 * clock for files goes in steps of up to 10 ms.
 */
void sn_looks_add(struct sn_looks *looks, enum sn_look kind, const char *path,
		  const struct statx *st);

/* The same with a look at @path now. A link is doubtful, and so is what is there and should not. */
void sn_looks_at(struct sn_looks *looks, enum sn_look kind, const char *path);

/*
 * Is all of it as it was? One statx(2) each. A file that was written, replaced, or given to others
 * has another number or time of change, which only the kernel sets; a directory that was
 * replaced has another number or time of birth.
 */
bool sn_looks_hold(const char *bytes, size_t size);

void sn_looks_free(struct sn_looks *looks);

#endif
