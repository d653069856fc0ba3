// SPDX-License-Identifier: GPL-2.0-only
/*
 * --observe: a tenant does everything, and what is reported is what another tenant is refused. Each
 * act is done by a tenant that is held, by one that is observed, and outside, with files of its own
 * each time; by the last two in a process of its own.
 */
#include "acts.h"
#include "explain.h"

#define POLICY                                                                                  \
	"--keep-fd", "50", "--keep-fd", "51", "--restricted-outgoing-addresses", "self",        \
		"--allowed-outgoing-ports", "7001", "--allowed-listen-ports", "7002", "--user", \
		"t1", NULL

static struct tenant *held_one, *observed;

SETUP()
{
	prepare_acts();
	held_one = tenant_start("t1", POLICY);
	observed = tenant_start("t10", "--observe", POLICY);
}

static void compare(const struct act *act)
{
	long refused = inside(held_one, act->name, "%s", prepare(act, "held")), did, control;
	const struct sn_event *one = first(held_one, -1), *other;

	did = inside(observed, "alone", "%td %s", act - acts, prepare(act, "observed"));
	other = first(observed, observed->pid);
	control = outside("alone", "%td %s", act - acts, prepare(act, "outside"));
	if (!one || one->op != act->op || one->why != act->why || one->would)
		FAIL("%s %s: want %s %s, got %s %s", act->name, act->arg, sn_op_name(act->op),
		     sn_why_name(act->why), sn_op_name(one ? one->op : 0),
		     sn_why_name(one ? one->why : 0));
	else if (act->op != SN_OP_FS_RECEIVE)
		EXPECT_EQ(refused, one->error);
	if (!other)
		FAIL("%s %s: nothing is reported of the one that is observed", act->name, act->arg);
	else if (one && (other->op != one->op || other->why != one->why ||
			 other->would != one->error || other->error))
		FAIL("%s %s: refused %s %s %s, observed %s %s %s", act->name, act->arg,
		     sn_op_name(one->op), sn_why_name(one->why), sn_test_errno(one->error),
		     sn_op_name(other->op), sn_why_name(other->why), sn_test_errno(other->would));
	if (did != control)
		FAIL("%s %s: observed %ld %s, outside %ld %s", act->name, act->arg, did,
		     sn_test_errno(did), control, sn_test_errno(control));
}

TEST(an_observed_tenant_does_what_another_is_refused_and_the_same_is_reported)
{
	for (size_t i = 0; i < NR_ACTS; i++)
		compare(&acts[i]);
}

/* The act that is refused, the option of its explanation, a tenant with it, and the act is done. */
static bool allow(const struct act *act)
{
	const char *arg = prepare(act, "explained");
	struct sn_explanation explanation;
	const struct sn_event *event;
	char option[64];
	struct tenant *t;
	long result;

	inside(held_one, act->name, "%s", arg);
	event = first(held_one, -1);
	if (!event || !sn_explain(event, &explanation)) {
		FAIL("%s %s has no explanation", act->name, act->arg);
		return false;
	}
	if (!explanation.option)
		return false;
	snprintf(option, sizeof(option), "--%s", explanation.option);
	t = tenant_start("explained", "--dir", "/srv/t10", option, explanation.value, POLICY);
	result = inside(t, act->name, "%s", prepare(act, "explained"));
	if (result < 0 || first(t, -1))
		FAIL("%s %s with %s %s: %ld %s, %s", act->name, act->arg, option, explanation.value,
		     result, sn_test_errno(result),
		     first(t, -1) ? sn_op_name(first(t, -1)->op) : "quiet");
	tenant_stop(t);
	return true;
}

TEST(the_option_that_an_explanation_names_allows_the_act)
{
	int allowed = 0;

	DONE_BY_RUN(2);
	for (size_t i = 0; i < NR_ACTS; i++)
		allowed += allow(&acts[i]);
	EXPECT_TRUE(allowed >= 28);
}

/*
 * Not done: what only another hook leads to (task.capable, fs.getflags and fs.setflags before Linux
 * 6.17, guard.module).
 */
TEST(the_acts_that_are_compared_are_of_every_operation)
{
	bool there[SN_OP_NR] = {
		[SN_OP_NONE] = true,	    [SN_OP_TASK_CAPABLE] = true, [SN_OP_FS_GETFLAGS] = true,
		[SN_OP_FS_SETFLAGS] = true, [SN_OP_GUARD_MODULE] = true,
	};

	for (size_t i = 0; i < NR_ACTS; i++)
		there[acts[i].op] = true;
	for (int op = 0; op < SN_OP_NR; op++)
		if (!there[op])
			FAIL("no act of %s", sn_op_name(op));
}

/* ---- what stays ---- */

TEST(of_an_observed_tenants_own_files_nothing_is_reported)
{
	lay_out_in("/srv/t10");
	EXPECT_ALLOWED(observed, "open", "0 /srv/t10/f");
	EXPECT_ALLOWED(observed, "rename", "0 /srv/t10/f\t/srv/t10/new");
	EXPECT_ALLOWED(observed, "mkdir", "493 /srv/t10/d/e");
	EXPECT_EQ(0, observed->nr_seen);
}

/* It has left its directory, which then is granted by the policy and not by the map "homes". */
PROBE(work_elsewhere)
{
	return answer(chdir("/") ?: mkdir("/srv/t10/made", 0700)) ?: answer(chdir(arg));
}

TEST(an_observed_tenant_that_has_left_its_directory_still_has_its_files)
{
	EXPECT_EQ(0, inside(observed, "work_elsewhere", "/srv/t10"));
	for (int i = 0; i < observed->nr_seen; i++)
		EXPECT_EQ(SN_OP_FS_CHDIR, observed->seen[i].op);
	EXPECT_EQ(2, observed->nr_seen);
}

PROBE(privileges)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = {};

	if (*arg || syscall(SYS_capget, &header, data))
		return could_not_try("capget");
	return (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1) |
	       !!(data[0].permitted | data[1].permitted) << 1 | (getuid() != 2001) << 2;
}

TEST(an_observed_tenant_has_neither_root_nor_capabilities_nor_set_id_programs)
{
	EXPECT_EQ(0, inside(observed, "privileges", "%s", ""));
}

TEST(the_self_test_of_an_observed_tenant_is_counted_apart_and_not_reported)
{
	struct tenant *t = tenant_start("t2", "--observe", "--user", "t2", NULL);
	struct sn_counters counters = tenant_counters(t);

	EXPECT_TRUE(counters.self_test >= 4);
	for (int op = 0; op < SN_OP_NR; op++)
		EXPECT_EQ(0, counters.denied[op]);
	EXPECT_EQ(0, counters.sent);
}
