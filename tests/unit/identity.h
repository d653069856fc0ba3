/* SPDX-License-Identifier: GPL-2.0-only */
/* What tests of identities share. */
#ifndef SAFENODE_TESTS_IDENTITY_H
#define SAFENODE_TESTS_IDENTITY_H

#include <errno.h>
#include <fcntl.h>

#include "identify.h"

/* sn_identify_fd() for a path, not following a last symbolic link. */
static inline int identify(const char *path, struct sn_inode *id, struct sn_err *err)
{
	sn_autoclose int fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : sn_identify_fd(fd, id, err);
}

#endif
