// SPDX-License-Identifier: GPL-2.0-only
/*
 * user/inquiry.c over a status, a log and maps that are a few variables: whose tenants are asked
 * for is not the caller's to say, and processes end without the lock.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "cgroup.h"
#include "detach.h"
#include "enforcer.h"
#include "inquiry.h"
#include "logclient.h"
#include "statusform.h"
#include "steps.h"

static struct {
	char steps[256];
	const char *fails; /* the step that fails */
	int status;	   /* what sn_status_write() returns */
	char user[16], tenant[SN_TENANT_MAX], asked[SN_TENANT_MAX];
	enum sn_status_form form;
	__u32 want;
	bool locked, runs;
} world;

static int step(const char *name, struct sn_err *err)
{
	return take_step(world.steps, sizeof(world.steps), world.fails, name, err);
}

int sn_status_write(enum sn_status_form form, const char *tenant, const char *user, char **text,
		    size_t *size, struct sn_err *err)
{
	world.form = form;
	snprintf(world.user, sizeof(world.user), "%s", user ? user : "(root)");
	snprintf(world.tenant, sizeof(world.tenant), "%s", tenant ? tenant : "(all)");
	if (world.status)
		sn_fail(err, EIO, "because");
	if (world.status < 0)
		return world.status;
	*text = strdup("tenants");
	*size = 7;
	return world.status;
}

int sn_logclient_open(__u32 want, const char *tenant, struct sn_err *err)
{
	world.want = want;
	snprintf(world.asked, sizeof(world.asked), "%s", tenant);
	return step("log", err) ?: dup(0);
}

int sn_enforcer_open(struct sn_enforcer *enforcer, struct sn_err *err)
{
	*enforcer = SN_ENFORCER_CLOSED;
	return step("open", err);
}

int sn_enforcer_lock(struct sn_enforcer *enforcer, enum sn_sharing sharing, struct sn_err *err)
{
	assert_int_equal(sharing, SN_EXCLUSIVE);
	world.locked = true;
	return step("lock", err);
}

void sn_enforcer_close(struct sn_enforcer *enforcer)
{
	world.locked = false;
}

int sn_store_each(const struct sn_store *store,
		  int (*each)(const struct sn_policy *policy, void *data), void *data,
		  struct sn_err *err)
{
	static const char *const names[] = { "t1", "100:t1", "1000:t1", "1000:t2" };
	struct sn_policy policy = {};
	int ret = step("each", err);

	for (size_t i = 0; !ret && i < sizeof(names) / sizeof(names[0]); i++) {
		strcpy(policy.tenant, names[i]);
		policy.cgroup_id = i;
		ret = each(&policy, data);
	}
	return ret;
}

int sn_enforcer_cgroup_of(const struct sn_enforcer *enforcer, const struct sn_policy *policy,
			  char path[PATH_MAX], struct sn_err *err)
{
	snprintf(path, PATH_MAX, "/c/%s", policy->tenant);
	return 1;
}

int sn_cgroup_open(const char *mount, const char *path, __u64 id)
{
	assert_string_equal(path, "/c/1000:t1");
	assert_int_equal(id, 2);
	return world.runs ? dup(0) : -ENOENT;
}

int sn_cgroup_kill(const char *path, struct sn_err *err)
{
	assert_false(world.locked);
	assert_memory_equal(path, "/proc/self/fd/", 14);
	return step("kill", err);
}

int sn_detach(const char *tenant, bool kill, struct sn_err *err)
{
	assert_string_equal(tenant, "1000:t1");
	assert_false(kill || world.locked);
	return step("detach", err);
}

/* ---- the tests ---- */

static int ends[2] = { -1, -1 };

static int reset(void **state)
{
	memset(&world, 0, sizeof(world));
	close(ends[0]);
	close(ends[1]);
	return socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends);
}

static int inquire(enum sn_act act, int how, const char *tenant)
{
	const struct sn_caller caller = { .socket = ends[0], .pidfd = -1, .uid = 1000 };
	const struct sn_request request = { .act = act,
					    .how = how,
					    .options.tenant = (char *)tenant };
	struct sn_err err = {};
	int ret = sn_inquiry(&caller, &request, &err);

	assert_int_equal(!ret, !err.text[0]);
	return ret;
}

/* The answer; with it came *@fd, or -1. */
static struct sn_reply answer(int *fd)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {};
	struct sn_reply reply = {};
	struct iovec iov = { &reply, sizeof(reply) };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};

	assert_int_equal(recvmsg(ends[1], &msg, MSG_DONTWAIT), sizeof(reply));
	*fd = -1;
	if (CMSG_FIRSTHDR(&msg))
		memcpy(fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(*fd));
	return reply;
}

static void the_status_is_of_the_callers_tenants(void **state)
{
	struct sn_reply reply;
	char text[16] = "";
	int fd;

	assert_int_equal(inquire(SN_ACT_STATUS, SN_STATUS_JSON, ""), 0);
	assert_string_equal(world.user, "1000:");
	assert_string_equal(world.tenant, "(all)");
	assert_int_equal(world.form, SN_STATUS_JSON);
	reply = answer(&fd);
	assert_int_equal(reply.error, 0);
	assert_int_equal(reply.size, 7);
	assert_int_equal(fd, -1);
	assert_int_equal(recv(ends[1], text, sizeof(text), MSG_DONTWAIT), 7);
	assert_string_equal(text, "tenants");
	/* one of them */
	assert_int_equal(inquire(SN_ACT_STATUS, SN_STATUS_TABLE, "t1"), 0);
	assert_string_equal(world.user, "1000:");
	assert_string_equal(world.tenant, "1000:t1");
}

static void that_nothing_is_in_force_is_told(void **state)
{
	const struct sn_caller caller = { .socket = ends[0], .uid = 1000 };
	const struct sn_request request = { .act = SN_ACT_STATUS, .options.tenant = (char *)"" };
	struct sn_reply reply;
	int fd;

	world.status = 1;
	assert_int_equal(sn_inquiry(&caller, &request, &(struct sn_err){}), 0);
	reply = answer(&fd);
	assert_int_equal(reply.error, 1);
	assert_string_equal(reply.err.text, "because");
	assert_int_equal(reply.size, 7);
	/* what fails, the broker tells */
	world.status = -ENOENT;
	assert_int_equal(inquire(SN_ACT_STATUS, 0, "t1"), -ENOENT);
	assert_int_equal(recv(ends[1], &reply, sizeof(reply), MSG_DONTWAIT), 7);
	assert_int_equal(recv(ends[1], &reply, sizeof(reply), MSG_DONTWAIT), -1);
}

static void the_log_is_of_the_callers_tenants(void **state)
{
	int fd;

	assert_int_equal(inquire(SN_ACT_LOG, SN_WANT_NEW, ""), 0);
	assert_string_equal(world.asked, "1000:");
	assert_int_equal(world.want, SN_WANT_NEW | SN_WANT_OF_USER);
	assert_int_equal(answer(&fd).error, 0);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(inquire(SN_ACT_LOG, 0, "t1"), 0);
	assert_string_equal(world.asked, "1000:t1");
	world.fails = "log";
	assert_int_equal(inquire(SN_ACT_LOG, 0, "t1"), -EIO);
}

static void processes_end_without_the_lock(void **state)
{
	int fd;

	world.runs = true;
	assert_int_equal(inquire(SN_ACT_DETACH, 1, "t1"), 0);
	assert_string_equal(world.steps, "open lock each kill detach");
	assert_int_equal(answer(&fd).error, 0);
	reset(NULL);
	world.runs = true;
	assert_int_equal(inquire(SN_ACT_DETACH, 0, "t1"), 0);
	assert_string_equal(world.steps, "detach");
	reset(NULL);
	world.runs = true;
	world.fails = "kill";
	assert_int_equal(inquire(SN_ACT_DETACH, 1, "t1"), -EIO);
	assert_null(strstr(world.steps, "detach"));
	reset(NULL); /* detaching says what there is to say */
	assert_int_equal(inquire(SN_ACT_DETACH, 1, "t1"), 0);
	assert_string_equal(world.steps, "open lock each detach");
}

static void a_name_that_is_too_long_is_no_tenants(void **state)
{
	char name[SN_TENANT_MAX];

	memset(name, 'x', sizeof(name));
	name[SN_TENANT_MAX - 5] = '\0';
	assert_int_equal(inquire(SN_ACT_DETACH, 1, name), -ENOENT);
	assert_string_equal(world.steps, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_status_is_of_the_callers_tenants, reset),
		cmocka_unit_test_setup(that_nothing_is_in_force_is_told, reset),
		cmocka_unit_test_setup(the_log_is_of_the_callers_tenants, reset),
		cmocka_unit_test_setup(processes_end_without_the_lock, reset),
		cmocka_unit_test_setup(a_name_that_is_too_long_is_no_tenants, reset),
	};

	return cmocka_run_group_tests_name("inquiry", tests, NULL, NULL);
}
