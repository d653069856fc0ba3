// SPDX-License-Identifier: GPL-2.0-only
/* A follower of safenode-logd. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include "logclient.h"

#define PATIENCE 5 /* seconds, for a service that is stopped */

static int connect_to(const char *path, struct sn_err *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct timeval patience = { .tv_sec = PATIENCE };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), error;

	strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
	if (fd >= 0 && !setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) &&
	    !connect(fd, (struct sockaddr *)&address, sizeof(address)))
		return fd;
	error = errno == ECONNREFUSED ? ENOENT : errno; /* a service that was killed leaves it */
	if (fd >= 0)
		close(fd);
	return sn_fail(err, error, "cannot connect to safenode-logd at %s: %s", path,
		       error == ENOENT ? "it does not run" : strerror(error));
}

int sn_logclient_open(__u32 want, const char *tenant, struct sn_err *err)
{
	struct sn_log_record record = { .abi = SN_ABI_VERSION, .kind = SN_LOG_REQUEST };
	int fd = connect_to(SN_LOG_SOCKET, err), ret;

	if (fd < 0)
		return fd;
	record.request.want = want;
	if (tenant)
		strncpy(record.request.tenant, tenant, SN_TENANT_MAX - 1);
	if (send(fd, &record, sn_log_size(&record), MSG_NOSIGNAL) >= 0)
		return fd;
	ret = sn_fail(err, errno, "cannot ask safenode-logd: %s", strerror(errno));
	close(fd);
	return ret;
}

int sn_logclient_next(int fd, struct sn_log_record *record, struct sn_err *err)
{
	ssize_t size;

	do
		size = recv(fd, record, sizeof(*record), 0);
	while (size < 0 && errno == EINTR);
	if (!size || (size < 0 && errno == ECONNRESET))
		return 0;
	if (size < 0)
		return sn_fail(err, errno, "safenode-logd does not answer: %s", strerror(errno));
	if (!sn_log_check(record, size))
		return sn_fail(err, EPROTO, "safenode-logd is of another version; restart it");
	if (record->kind == SN_LOG_REFUSED)
		return sn_fail(err, EBUSY, "%.*s", (int)sizeof(record->why), record->why);
	return 1;
}

int sn_logclient_lasts(int (*each)(const struct sn_event *ev, void *data), void *data,
		       struct sn_err *err)
{
	sn_autoclose int fd = sn_logclient_open(SN_WANT_LAST, NULL, err);
	struct timeval patience = { .tv_sec = PATIENCE };
	struct sn_log_record record;
	int ret;

	if (fd < 0)
		return fd;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	while ((ret = sn_logclient_next(fd, &record, err)) > 0 && record.kind != SN_LOG_DONE) {
		ret = record.kind == SN_LOG_LAST ? each(&record.event, data) : 0;
		if (ret)
			return ret;
	}
	return ret ? (ret < 0 ? ret : 0) : sn_fail(err, EPIPE, "safenode-logd has ended");
}
