// SPDX-License-Identifier: GPL-2.0-only
/* An ordinary user's tools, to safenode-broker: a request, and what it answers. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "brokerclient.h"

static int is_not_there(int error, struct sn_err *err)
{
	return sn_fail(err, error,
		       "must be run as root, or where safenode-broker runs (%s: %s); systemctl "
		       "enable --now safenode-broker.socket",
		       SN_BROKER_SOCKET, strerror(error));
}

int sn_brokerclient_check(struct sn_err *err)
{
	if (!access(SN_BROKER_SOCKET, W_OK))
		return 0;
	if (errno == EACCES)
		return sn_fail(err, EACCES,
			       "must be run as root, or by a member of the group 'safenode'; "
			       "adduser USER safenode, and log in anew");
	return is_not_there(errno, err);
}

/* ---- the connection ---- */

/* The socket of one that has ended is left. */
static int call(struct sn_err *err)
{
	const struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = SN_BROKER_SOCKET };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (fd >= 0 && !connect(fd, (const struct sockaddr *)&address, sizeof(address)))
		return fd;
	is_not_there(errno, err);
	if (fd >= 0)
		close(fd);
	return -EIO;
}

/* The broker stops this process for a while, which can interrupt. */
static ssize_t hear(int socket, void *answer, size_t size, int *handed)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {};
	struct iovec iov = { answer, size };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *c;
	ssize_t len;

	do
		len = recvmsg(socket, &msg, MSG_CMSG_CLOEXEC);
	while (len < 0 && errno == EINTR);
	c = len < 0 ? NULL : CMSG_FIRSTHDR(&msg);
	if (handed && c && c->cmsg_type == SCM_RIGHTS && c->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(handed, CMSG_DATA(c), sizeof(*handed));
	return len;
}

static int no_answer(struct sn_err *err)
{
	return sn_fail(err, EPIPE,
		       "safenode-broker does not answer; see journalctl -u safenode-broker");
}

/* Also instead of the nonce, by who turns this one away. */
static int read_reply(const struct sn_reply *reply, ssize_t len, struct sn_err *err)
{
	if (len != sizeof(*reply))
		return no_answer(err);
	if (!reply->error)
		return 0;
	sn_fail(err, EIO, "%.*s", (int)sizeof(reply->err.text) - 1, reply->err.text);
	return reply->error;
}

static int send_request(int socket, const struct sn_request *request, const int *fds,
			struct sn_err *err)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(SN_PLACES_MAX * sizeof(int))];
	} control = {};
	sn_autofree char *message = NULL;
	struct iovec iov;
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	size_t size, bytes = request->nr_places * sizeof(int);
	int ret = sn_request_write(request, &message, &size, err);

	if (ret)
		return ret;
	iov = (struct iovec){ message, size };
	if (bytes) {
		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(bytes);
		control.align = (struct cmsghdr){ CMSG_LEN(bytes), SOL_SOCKET, SCM_RIGHTS };
		memcpy(CMSG_DATA(&control.align), fds, bytes);
	}
	if (sendmsg(socket, &msg, MSG_NOSIGNAL) >= 0)
		return 0;
	return sn_fail(err, errno, "cannot ask safenode-broker: %s", strerror(errno));
}

/* The broker's answer to @request; with 0 or 1, its size of text follows. */
static int converse(int socket, struct sn_request *request, const int *fds, struct sn_reply *reply,
		    int *handed, struct sn_err *err)
{
	ssize_t len = hear(socket, reply, sizeof(*reply), NULL);
	int ret;

	if (len != sizeof(request->nonce)) {
		ret = read_reply(reply, len, err);
		return ret ? ret : sn_fail(err, EPROTO, "safenode-broker answers too early");
	}
	memcpy(&request->nonce, reply, sizeof(request->nonce));
	ret = send_request(socket, request, fds, err);
	if (ret)
		return ret;
	*reply = (struct sn_reply){};
	len = hear(socket, reply, sizeof(*reply), handed);
	return read_reply(reply, len, err);
}

int sn_brokerclient_start(struct sn_request *request, const int *fds, struct sn_err *err)
{
	sn_autoclose int socket = call(err);
	struct sn_reply reply = {};
	int ret = socket;

	if (socket >= 0)
		ret = converse(socket, request, fds, &reply, NULL, err);
	return ret > 0 ? sn_fail(err, EPROTO, "safenode-broker answers something else") : ret;
}

/* ---- what is not a tenant ---- */

int sn_brokerclient_name(const char *tenant, char name[SN_TENANT_MAX], struct sn_err *err)
{
	char own[SN_USER_PREFIX];

	sn_request_prefix(geteuid(), own);
	if (!strncmp(tenant, own, strlen(own)))
		tenant += strlen(own);
	if (strpbrk(tenant, ":/"))
		return sn_fail(err, EPERM, "'%s' is not a tenant of user %u; only root can do that",
			       tenant, geteuid());
	if (strlen(own) + strlen(tenant) < SN_TENANT_MAX) {
		strcpy(stpcpy(name, own), tenant);
		return 0;
	}
	return sn_fail(err, ENOENT, "no tenant '%s'; see safenode-status", tenant);
}

/* The socket, for what follows; or a negative errno. *@error: the reply's, 0 or 1. */
static int inquire(enum sn_act act, int how, const char *tenant, struct sn_reply *reply,
		   int *handed, struct sn_err *err)
{
	struct sn_request request = { .act = act, .how = how };
	char name[SN_TENANT_MAX] = "";
	int ret = sn_brokerclient_check(err), socket;

	if (!ret && tenant)
		ret = sn_brokerclient_name(tenant, name, err);
	if (ret)
		return ret;
	request.options.tenant = *name ? strchr(name, ':') + 1 : name;
	socket = call(err);
	if (socket < 0)
		return socket;
	ret = converse(socket, &request, NULL, reply, handed, err);
	if (ret >= 0)
		return socket;
	close(socket);
	return ret;
}

static int read_text(int socket, char *text, size_t size, struct sn_err *err)
{
	ssize_t len;

	for (size_t at = 0; at < size; at += len) {
		len = recv(socket, text + at, size - at, 0);
		if (len <= 0)
			return no_answer(err);
	}
	return 0;
}

int sn_brokerclient_status(enum sn_status_form form, const char *tenant, char **text, size_t *size,
			   struct sn_err *err)
{
	struct sn_reply reply = {};
	sn_autoclose int socket = inquire(SN_ACT_STATUS, form, tenant, &reply, NULL, err);
	int ret;

	*text = NULL;
	if (socket < 0)
		return socket;
	*size = reply.size;
	*text = malloc(*size + 1);
	ret = *text ? read_text(socket, *text, *size, err) : sn_fail(err, ENOMEM, "out of memory");
	if (!ret)
		return reply.error;
	free(*text);
	*text = NULL;
	return ret;
}

int sn_brokerclient_log(__u32 want, const char *tenant, struct sn_err *err)
{
	struct sn_reply reply = {};
	int log = -1;
	sn_autoclose int socket = inquire(SN_ACT_LOG, (int)want, tenant, &reply, &log, err);

	if (socket < 0)
		return socket;
	return log < 0 ? sn_fail(err, EPROTO, "safenode-broker hands nothing over") : log;
}

int sn_brokerclient_detach(const char *tenant, bool kill, struct sn_err *err)
{
	struct sn_reply reply = {};
	sn_autoclose int socket = inquire(SN_ACT_DETACH, kill, tenant, &reply, NULL, err);

	return socket < 0 ? socket : 0;
}
