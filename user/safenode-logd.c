// SPDX-License-Identifier: GPL-2.0-only
/* safenode-logd: reads the events, and passes them on to the journal and to followers. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>

#include "cli.h"
#include "followers.h"
#include "intake.h"
#include "journal.h"
#include "logdir.h"

#define FLUSH_MS 3000 /* at the end, for followers and the writer */

static const struct sn_opt opts[] = { { 0 } };

static const struct sn_program program = {
	.name = "safenode-logd",
	.usage = "",
	.about = "Pass events on to the journal, or to standard output where there is none, and to "
		 "safenode-log.",
	.opts = opts,
};

struct service {
	sd_event *loop;
	struct sn_followers *followers;
	struct sn_intake *intake;
	pid_t writer;
	bool writer_ended;
	bool stop;
	enum sn_log_state state;
	char why[256];
};

/* ---- the process that writes, so that nobody waits for the journal ---- */

static int print_json(const struct sn_log_record *record, struct sn_err *err)
{
	sn_autofree char *line = sn_log_json(record);

	if (!line)
		return sn_fail(err, ENOMEM, "out of memory");
	puts(line);
	return sn_cli_flush(err);
}

static int write_all(int fd)
{
	struct sn_err err = {};
	int ret;

	/* ends with the service, when it has written what that has sent */
	signal(SIGTERM, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	ret = sn_journal_write_all(fd, sn_journal_is_there() ? sn_journal_send : print_json, &err);
	return ret ? sn_cli_fail(&program, ret, &err) : SN_EXIT_DONE;
}

static void writer_has_ended(void *data)
{
	struct service *service = data;

	service->writer_ended = true;
	service->stop = true;
}

/* The service's end of the socket, or a negative errno. In the writer it does not return. */
static int start_writer(struct service *service, int lock, struct sn_err *err)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
		return sn_fail(err, errno, "cannot make a socket: %s", strerror(errno));
	service->writer = fork();
	if (service->writer < 0) {
		close(ends[0]);
		close(ends[1]);
		return sn_fail(err, errno, "cannot start the process that writes: %s",
			       strerror(errno));
	}
	if (!service->writer) {
		close(ends[0]);
		close(lock); /* ends with the service, not with this process */
		_exit(write_all(ends[1]));
	}
	close(ends[1]);
	return ends[0];
}

/* Where the journal takes nothing, it is not waited for. */
static void end_writer(const struct service *service)
{
	for (int ms = 0; ms < FLUSH_MS; ms += 10) {
		if (waitpid(service->writer, NULL, WNOHANG))
			return;
		usleep(10000);
	}
	sn_cli_say(&program, "the journal takes nothing; what was not written to it is lost");
	kill(service->writer, SIGKILL);
	waitpid(service->writer, NULL, 0);
}

/* ---- what is read ---- */

static void on_record(const struct sn_log_record *record, void *data)
{
	sn_followers_tell(((struct service *)data)->followers, record);
}

static void say_state(struct service *service, enum sn_log_state state, const char *why)
{
	char text[sizeof(service->why) + 16];

	snprintf(text, sizeof(text), "%s%s",
		 state == SN_LOG_READS ? "reads the events" : "waits: ", why);
	sn_cli_say(&program, text);
	sd_notifyf(0, "STATUS=%s", text);
}

static void on_pause(enum sn_log_state state, const char *why, void *data)
{
	struct service *service = data;

	why = why ? why : "";
	if (state != service->state || strncmp(why, service->why, sizeof(service->why) - 1)) {
		service->state = state;
		snprintf(service->why, sizeof(service->why), "%s", why);
		sn_followers_set_state(service->followers, state);
		say_state(service, state, service->why);
	}
	sn_followers_send(service->followers);
}

/* ---- from beginning to end ---- */

static int begin(struct service *service, int writer, struct sn_err *err)
{
	const struct sn_intake_calls calls = { on_record, on_pause, service };
	int listening, ret;

	service->followers = sn_followers_new(service->loop);
	if (!service->followers)
		return sn_fail(err, ENOMEM, "out of memory");
	ret = sn_followers_add(service->followers, writer, writer_has_ended, service, err);
	if (ret)
		return ret;
	listening = sn_logdir_listen(SN_LOG_SOCKET, err);
	if (listening < 0)
		return listening;
	ret = sn_followers_listen(service->followers, listening, err);
	if (ret)
		return ret;
	service->intake = sn_intake_new(service->loop, &calls, err);
	return service->intake ? 0 : -EIO;
}

/* The followers get what was read: what was not stays on the ring. */
static void flush(struct service *service)
{
	sn_intake_free(service->intake);
	sn_followers_send(service->followers);
	for (int ms = 0; ms < FLUSH_MS && sn_followers_behind(service->followers); ms += 10) {
		sd_event_run(service->loop, 10000);
		sn_followers_send(service->followers);
	}
}

static int on_signal(sd_event_source *source, const struct signalfd_siginfo *info, void *data)
{
	((struct service *)data)->stop = true;
	return 0;
}

static int make_loop(struct service *service, struct sn_err *err)
{
	int ret = sd_event_default(&service->loop);

	if (ret >= 0)
		ret = sd_event_add_signal(service->loop, NULL, SIGTERM, on_signal, service);
	if (ret >= 0)
		ret = sd_event_add_signal(service->loop, NULL, SIGINT, on_signal, service);
	return ret < 0 ? sn_fail(err, -ret, "cannot wait for anything: %s", strerror(-ret)) : 0;
}

static int run(struct service *service, int writer, struct sn_err *err)
{
	int ret = begin(service, writer, err);

	if (ret)
		return ret;
	sd_notify(0, "READY=1");
	while (ret >= 0 && !service->stop)
		ret = sd_event_run(service->loop, UINT64_MAX);
	sd_notify(0, "STOPPING=1");
	if (ret < 0)
		return sn_fail(err, -ret, "cannot go on: %s", strerror(-ret));
	if (service->writer_ended)
		return sn_fail(err, EPIPE, "the process that writes has ended");
	return 0;
}

static void block_signals(void)
{
	sigset_t ends;

	sigemptyset(&ends);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGINT);
	sigprocmask(SIG_BLOCK, &ends, NULL);
}

static int serve(struct sn_err *err)
{
	struct service service = {};
	sn_autoclose int lock = -1;
	int writer, ret;

	if (geteuid())
		return sn_fail(err, EPERM, "must be run as root");
	ret = sn_logdir_make(SN_LOG_DIR, err);
	if (ret)
		return ret;
	lock = sn_logdir_lock(SN_LOG_LOCK, err);
	if (lock < 0)
		return lock;
	block_signals();
	ret = make_loop(&service, err);
	if (ret)
		return ret;
	writer = start_writer(&service, lock, err);
	if (writer < 0)
		return writer;
	ret = run(&service, writer, err);
	if (!ret)
		flush(&service);
	else
		sn_intake_free(service.intake);
	sn_followers_free(service.followers);
	end_writer(&service);
	sd_event_unref(service.loop);
	unlink(SN_LOG_SOCKET);
	return ret;
}

int main(int argc, char **argv)
{
	struct sn_err err = {};
	int ret = sn_cli_parse_all(&program, argc, argv, NULL, &err);

	sn_cli_begin_output();
	if (!ret)
		ret = serve(&err);
	return ret ? sn_cli_fail(&program, ret, &err) : SN_EXIT_DONE;
}
