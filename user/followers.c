// SPDX-License-Identifier: GPL-2.0-only
/* The followers of safenode-logd. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "backlog.h"
#include "followers.h"
#include "lasts.h"

/* bytes that a follower's socket holds; the kernel doubles it, for what it needs itself */
#define SOCKET_BYTES (64 << 10)
/* records that one is sent before it is the others' turn */
#define AT_ONCE 512

struct follower {
	struct sn_followers *all;
	struct follower *next, **link;
	sd_event_source *io;
	sd_event_source *timer; /* of one that has not asked */
	int fd;
	bool asked;
	bool blocked; /* is sent nothing before its socket is writable */
	struct sn_log_request request;
	__u64 at;		 /* the number of the next record in the backlog... */
	__u64 until;		 /* ...and of the first one that it does not want */
	__u64 passed;		 /* events that it missed, and was not told of */
	size_t last;		 /* the place of the next one of the last events */
	enum sn_log_state state; /* that it was told */
	void (*gone)(void *data);
	void *data;
};

struct sn_followers {
	sd_event *loop;
	sd_event_source *listening;
	struct follower *first;
	size_t nr, half_open;
	struct sn_backlog backlog;
	struct sn_lasts lasts;
	enum sn_log_state state;
};

struct sn_followers *sn_followers_new(sd_event *loop)
{
	struct sn_followers *followers = calloc(1, sizeof(*followers));

	if (followers)
		followers->loop = loop;
	return followers;
}

/* No more are accepted while as many as may be have not asked. */
static void accept_or_wait(struct sn_followers *all)
{
	if (all->listening)
		sd_event_source_set_enabled(all->listening, all->half_open < SN_HALF_OPEN_MAX
								    ? SD_EVENT_ON
								    : SD_EVENT_OFF);
}

static void has_asked(struct follower *one)
{
	if (one->asked)
		return;
	one->asked = true;
	one->timer = sd_event_source_disable_unref(one->timer);
	one->all->half_open--;
	accept_or_wait(one->all);
}

static void drop(struct follower *one)
{
	has_asked(one);
	*one->link = one->next;
	if (one->next)
		one->next->link = one->link;
	one->all->nr--;
	sd_event_source_disable_unref(one->io);
	close(one->fd);
	if (one->gone)
		one->gone(one->data);
	free(one);
}

void sn_followers_free(struct sn_followers *followers)
{
	if (!followers)
		return;
	while (followers->first)
		drop(followers->first);
	sd_event_source_disable_unref(followers->listening);
	sn_backlog_clear(&followers->backlog);
	sn_lasts_clear(&followers->lasts);
	free(followers);
}

/* ---- what each is sent ---- */

static bool wants(const struct follower *one, const struct sn_log_record *record)
{
	const char *asked = one->request.tenant;
	size_t len = strnlen(asked, SN_TENANT_MAX);

	if (!len)
		return true;
	/* no name ends so: it is the beginning of many */
	if (asked[len - 1] != ':')
		len = SN_TENANT_MAX;
	return !strncmp(asked, sn_log_tenant(record), len);
}

/* 0, or a negative errno; -EAGAIN: its socket is full. */
static int send_record(struct follower *one, const struct sn_log_record *record)
{
	ssize_t sent = send(one->fd, record, sn_log_size(record), MSG_DONTWAIT | MSG_NOSIGNAL);

	return sent < 0 ? -errno : 0;
}

static int send_passed(struct follower *one)
{
	struct sn_log_record record = { .abi = SN_ABI_VERSION, .kind = SN_LOG_PASSED };
	int ret;

	record.passed = one->passed;
	ret = send_record(one, &record);
	if (!ret)
		one->passed = 0;
	return ret;
}

static int send_state(struct follower *one)
{
	struct sn_log_record record = { .abi = SN_ABI_VERSION, .kind = SN_LOG_STATE };
	enum sn_log_state state = one->all->state;
	int ret;

	record.state = state;
	ret = send_record(one, &record);
	if (!ret)
		one->state = state;
	return ret;
}

static int send_kept(struct follower *one, const struct sn_log_record *record, bool is_last)
{
	int ret = wants(one, record) ? send_record(one, record) : 0;

	if (ret)
		return ret;
	if (is_last)
		one->last++;
	else
		one->at++;
	return 0;
}

/* The next thing that it lacks. 1: nothing; otherwise as send_record(); -ENODATA: it has all. */
static int send_next(struct follower *one)
{
	static const struct sn_log_record done = { .abi = SN_ABI_VERSION, .kind = SN_LOG_DONE };
	const struct sn_log_record *last = NULL;
	const struct sn_kept *kept;
	int ret;

	if (one->passed)
		return send_passed(one);
	if (one->request.want & SN_WANT_LAST)
		last = sn_lasts_at(&one->all->lasts, one->last);
	if (last)
		return send_kept(one, last, true);
	kept = sn_backlog_at(&one->all->backlog, one->at);
	if (kept && one->at < one->until)
		return send_kept(one, &kept->record, false);
	if (one->state != one->all->state)
		return send_state(one);
	if (one->request.want & SN_WANT_NEW)
		return 1;
	ret = send_record(one, &done);
	return ret ? ret : -ENODATA;
}

/* Drops it where it cannot be sent anything, or has everything. */
static void send_some(struct follower *one)
{
	int ret = 0;

	for (int n = 0; n < AT_ONCE && !ret; n++)
		ret = send_next(one);
	if (ret < 0 && ret != -EAGAIN) {
		drop(one);
		return;
	}
	one->blocked = ret != 1;
	sd_event_source_set_io_events(one->io, EPOLLIN | (one->blocked ? EPOLLOUT : 0));
}

void sn_followers_send(struct sn_followers *followers)
{
	struct follower *next;

	for (struct follower *one = followers->first; one; one = next) {
		next = one->next;
		if (one->asked && !one->blocked)
			send_some(one);
	}
}

/* ---- what all of them are to be sent ---- */

static void forget_oldest(struct sn_followers *all)
{
	__u64 oldest = all->backlog.first;
	const struct sn_log_record *record = &sn_backlog_at(&all->backlog, oldest)->record;

	for (struct follower *one = all->first; one; one = one->next) {
		if (one->at != oldest)
			continue;
		one->at++;
		one->passed += one->asked && record->kind == SN_LOG_EVENT && wants(one, record);
	}
	sn_backlog_drop(&all->backlog);
}

/* Where there is no memory for it, those that it was meant for have missed it. */
static void keep(struct sn_followers *all, const struct sn_log_record *record)
{
	if (!sn_backlog_add(&all->backlog, record))
		return;
	for (struct follower *one = all->first; one; one = one->next)
		one->passed += one->asked && record->kind == SN_LOG_EVENT && wants(one, record);
}

void sn_followers_tell(struct sn_followers *followers, const struct sn_log_record *record)
{
	while (!sn_backlog_has_room(&followers->backlog, sn_log_size(record)))
		forget_oldest(followers);
	keep(followers, record);
	if (record->kind == SN_LOG_EVENT)
		sn_lasts_put(&followers->lasts, &record->event);
}

void sn_followers_set_state(struct sn_followers *followers, enum sn_log_state state)
{
	followers->state = state;
}

__u64 sn_followers_behind(const struct sn_followers *followers)
{
	__u64 behind = 0;

	for (struct follower *one = followers->first; one; one = one->next)
		if (one->asked && followers->backlog.next - one->at > behind)
			behind = followers->backlog.next - one->at;
	return behind;
}

/* ---- who they are ---- */

static void refuse(struct follower *one, const char *why)
{
	struct sn_log_record record = { .abi = SN_ABI_VERSION, .kind = SN_LOG_REFUSED };

	snprintf(record.why, sizeof(record.why), "%s", why);
	send_record(one, &record);
	drop(one);
}

/* Are there as many of ordinary users already as may be, or as of this one? */
static bool is_one_too_many(const struct sn_followers *all, const struct sn_log_request *request)
{
	size_t users = 0, of_one = 0, len = strcspn(request->tenant, ":") + 1;

	if (!(request->want & SN_WANT_OF_USER))
		return false;
	for (const struct follower *one = all->first; one; one = one->next) {
		if (!one->asked || !(one->request.want & SN_WANT_OF_USER))
			continue;
		users++;
		of_one += !strncmp(one->request.tenant, request->tenant, len);
	}
	return users >= SN_FOLLOWERS_OF_USERS || of_one >= SN_FOLLOWERS_OF_ONE;
}

static void take_request(struct follower *one)
{
	struct sn_log_record record = {};
	ssize_t size = recv(one->fd, &record, sizeof(record), MSG_DONTWAIT);

	if (size < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (size <= 0 || one->asked) { /* it has ended, or says what it should not */
		drop(one);
		return;
	}
	if (!sn_log_check(&record, size) || record.kind != SN_LOG_REQUEST) {
		refuse(one, "safenode-logd is of another version; restart it");
		return;
	}
	if (one->all->nr - one->all->half_open >= SN_FOLLOWERS_MAX ||
	    is_one_too_many(one->all, &record.request)) {
		refuse(one, "safenode-logd has as many followers as it can have");
		return;
	}
	has_asked(one);
	one->request = record.request;
	one->at = one->request.want & SN_WANT_BACKLOG ? one->all->backlog.first
						      : one->all->backlog.next;
	one->until = one->request.want & SN_WANT_NEW ? ~0ULL : one->all->backlog.next;
	send_some(one);
}

static int on_io(sd_event_source *source, int fd, uint32_t events, void *data)
{
	struct follower *one = data;

	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		take_request(one);
	else if (events & EPOLLOUT)
		send_some(one);
	return 0;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *data)
{
	drop(data);
	return 0;
}

/* Takes @fd over, also where it fails. */
static struct follower *new_follower(struct sn_followers *all, int fd)
{
	struct follower *one = calloc(1, sizeof(*one));

	if (!one || sd_event_add_io(all->loop, &one->io, fd, EPOLLIN, on_io, one) < 0) {
		free(one);
		close(fd);
		return NULL;
	}
	*one = (struct follower){ .all = all, .io = one->io, .fd = fd, .next = all->first };
	one->link = &all->first;
	if (one->next)
		one->next->link = &one->next;
	all->first = one;
	all->nr++;
	all->half_open++;
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &(int){ SOCKET_BYTES / 2 }, sizeof(int));
	return one;
}

/* The tools run as root, and so does the service. */
static bool is_same_user(int fd)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	return !getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) && peer.uid == geteuid();
}

static int on_connection(sd_event_source *source, int listening, uint32_t events, void *data)
{
	struct sn_followers *all = data;
	int fd = accept4(listening, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct follower *one;

	if (fd < 0)
		return 0;
	if (!is_same_user(fd)) {
		close(fd);
		return 0;
	}
	one = new_follower(all, fd);
	if (one && sd_event_add_time_relative(all->loop, &one->timer, CLOCK_MONOTONIC,
					      SN_HALF_OPEN_SECS * 1000000ULL, 0, on_timer, one) < 0)
		drop(one);
	accept_or_wait(all);
	return 0;
}

int sn_followers_listen(struct sn_followers *followers, int fd, struct sn_err *err)
{
	int ret = sd_event_add_io(followers->loop, &followers->listening, fd, EPOLLIN,
				  on_connection, followers);

	if (ret < 0) {
		close(fd);
		return sn_fail(err, -ret, "cannot wait for followers: %s", strerror(-ret));
	}
	sd_event_source_set_io_fd_own(followers->listening, 1);
	return 0;
}

int sn_followers_add(struct sn_followers *followers, int fd, void (*gone)(void *data), void *data,
		     struct sn_err *err)
{
	struct follower *one = new_follower(followers, fd);

	if (!one)
		return sn_fail(err, ENOMEM, "out of memory");
	has_asked(one);
	one->request.want = SN_WANT_NEW;
	one->at = followers->backlog.first;
	one->until = ~0ULL;
	one->gone = gone;
	one->data = data;
	return 0;
}
