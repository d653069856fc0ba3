// SPDX-License-Identifier: GPL-2.0-only
/* user/explain.c: every refusal that the kernel tests prove has an explanation, and each is right.
 */
#include <errno.h>
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "explain.h"
#include "mountinfo.h"
#include "options.h"

enum { DEV_ROOT = 8 << 20 | 1, DEV_UNMOUNTED = 8 << 20 | 2 };

/* In place of user/mountinfo.c's, which asks the machine. */
int sn_mount_point(__u32 dev, char *path, size_t size)
{
	if (dev != DEV_ROOT)
		return -ENOENT;
	snprintf(path, size, "/");
	return 0;
}

static struct sn_event event(int op, int why)
{
	return (struct sn_event){ .op = op, .why = why, .error = -EPERM, .tenant = "t1" };
}

/* "/a/b" as the names of an event. */
static void set_path(struct sn_event *ev, const char *path)
{
	char copy[SN_EVENT_PATH_MAX];
	char *slash;

	ev->dev = DEV_ROOT;
	ev->path_len = 0;
	snprintf(copy, sizeof(copy), "%s", path);
	while ((slash = strrchr(copy, '/')) && slash[1]) {
		size_t size = strlen(slash + 1) + 1;

		memcpy(ev->path + ev->path_len, slash + 1, size);
		ev->path_len += size;
		*slash = '\0';
	}
}

static const char *const op_ids[] = {
#define OP_ID(id, name, kind, number) #id,
	SN_OPS(OP_ID)
#undef OP_ID
};

static const char *const why_ids[SN_WHY_NR] = {
	"UNKNOWN",    "ALLOWED", "NO_POLICY",  "OUTSIDE",     "READ_ONLY",
	"NOT_LISTED", "FAMILY",	 "OTHER_TASK", "NOT_RUNTIME", "NEVER",
};

static int number_of(const char *const *ids, int nr, const char *id)
{
	for (int i = 0; i < nr; i++)
		if (!strcmp(ids[i], id))
			return i;
	return -1;
}

/* Each "SN_OP_X, SN_Y" of a kernel test, as a mark in @seen. */
static void read_pairs(const char *path, bool seen[SN_OP_NR][SN_WHY_NR])
{
	static char text[1 << 20];
	FILE *file = fopen(path, "re");
	size_t len = file ? fread(text, 1, sizeof(text) - 1, file) : 0;

	assert_non_null(file);
	fclose(file);
	text[len] = '\0';
	for (const char *at = text; (at = strstr(at, "SN_OP_")); at++) {
		char op[32], why[32];
		int op_nr, why_nr;

		if (sscanf(at, "SN_OP_%31[A-Z_], SN_%31[A-Z_]", op, why) != 2)
			continue;
		op_nr = number_of(op_ids, SN_OP_NR, op);
		why_nr = number_of(why_ids, SN_WHY_NR, why);
		if (op_nr >= 0 && why_nr >= 0)
			seen[op_nr][why_nr] = true;
	}
}

/* An event with all that an explanation can need. */
static struct sn_event full_event(int op, int why)
{
	struct sn_event ev = event(op, why);

	ev.family = 10;
	ev.port = 22;
	set_path(&ev, "/opt/app/file");
	return ev;
}

static void whatever_a_kernel_test_is_refused_has_an_explanation(void **state)
{
	static bool seen[SN_OP_NR][SN_WHY_NR];
	glob_t files;
	int nr = 0;

	assert_int_equal(glob("tests/kernel/*_test.c", 0, NULL, &files), 0);
	for (size_t i = 0; i < files.gl_pathc; i++)
		read_pairs(files.gl_pathv[i], seen);
	globfree(&files);
	for (int op = 1; op < SN_OP_NR; op++)
		for (int why = 0; why < SN_WHY_NR; why++) {
			struct sn_event ev = full_event(op, why);
			struct sn_explanation explanation;

			if (!seen[op][why] || why == SN_ALLOWED)
				continue;
			nr++;
			if (!sn_explain(&ev, &explanation))
				fail_msg("%s %s", sn_op_name(op), sn_why_name(why));
		}
	assert_in_range(nr, 70, SN_OP_NR * SN_WHY_NR);
}

static void every_operation_can_be_explained(void **state)
{
	for (int op = 1; op < SN_OP_NR; op++) {
		int nr = 0;

		for (int why = SN_OUTSIDE; why < SN_WHY_NR; why++) {
			struct sn_event ev = full_event(op, why);
			struct sn_explanation explanation;

			nr += sn_explain(&ev, &explanation);
		}
		if (!nr)
			fail_msg("%s", sn_op_name(op));
	}
}

static const struct sn_opt *find_option(const char *name)
{
	for (const struct sn_opt *opt = sn_attach_opts; opt->name; opt++)
		if (!strcmp(opt->name, name))
			return opt;
	return NULL;
}

/* Whatever is named can be given to safenode-attach, and either it is or there is a text. */
static void each_explanation_has_an_option_or_says_why_not(void **state)
{
	for (int op = 0; op < SN_OP_NR + 2; op++)
		for (int why = 0; why < SN_WHY_NR + 2; why++) {
			struct sn_event ev = full_event(op, why);
			struct sn_explanation explanation;
			struct sn_options options = {};
			const struct sn_opt *opt;

			if (!sn_explain(&ev, &explanation)) {
				assert_null(explanation.option);
				continue;
			}
			assert_true(*explanation.text);
			if (!explanation.option)
				continue;
			assert_true(explanation.grantable);
			opt = find_option(explanation.option);
			assert_non_null(opt);
			assert_int_equal(opt->set(&options, explanation.value, NULL), 0);
			sn_options_free(&options);
		}
}

static void expect(const struct sn_event *ev, const char *option, const char *value,
		   const char *text)
{
	struct sn_explanation explanation;

	assert_true(sn_explain(ev, &explanation));
	if (option)
		assert_string_equal(explanation.option ? explanation.option : "none", option);
	else
		assert_null(explanation.option);
	assert_string_equal(explanation.value, value);
	if (!strstr(explanation.text, text))
		fail_msg("'%s' is not in '%s'", text, explanation.text);
}

static void ports_are_opened_on_every_restricted_address(void **state)
{
	struct sn_event ev = full_event(SN_OP_NET_CONNECT, SN_NOT_LISTED);

	expect(&ev, "allowed-outgoing-ports", "22", "opens port 22 on every restricted address");
	ev.port = 0; /* ICMP, or port 0 */
	expect(&ev, NULL, "", "leave :: out of --restricted-outgoing-addresses");
	ev = full_event(SN_OP_NET_BIND, SN_NOT_LISTED);
	expect(&ev, "allowed-listen-ports", "22", "with it only listed ones");
	ev.port = 0;
	expect(&ev, NULL, "", "bound to one of --allowed-listen-ports");
	ev = full_event(SN_OP_NET_SETSOCKOPT, SN_NOT_LISTED);
	ev.port = 0;
	expect(&ev, NULL, "", "with the port that is to be shared");
}

static void files_are_opened_one_by_one_and_new_ones_by_their_directory(void **state)
{
	struct sn_event ev = event(SN_OP_FS_OPEN, SN_OUTSIDE);

	set_path(&ev, "/etc/passwd");
	expect(&ev, "read-only", "/etc/passwd", "opens it for reading; of a directory, all");
	ev.op = SN_OP_FS_CHMOD;
	expect(&ev, "read-write", "/etc/passwd", "reading and changing");
	ev.op = SN_OP_FS_UNLINK;
	ev.why = SN_READ_ONLY;
	expect(&ev, "read-write", "/etc", "opens all of /etc for reading and changing");
	set_path(&ev, "/new");
	expect(&ev, "read-write", "/", "opens all of / for");
	ev.op = SN_OP_FS_OPEN;
	ev.why = SN_OUTSIDE;
	set_path(&ev, "/");
	expect(&ev, NULL, "", "only an option for / would open it");
}

static void what_no_option_opens_is_not_named(void **state)
{
	struct sn_event ev = event(SN_OP_FS_OPEN, SN_OUTSIDE);
	struct sn_explanation explanation;

	set_path(&ev, "/dev/kvm");
	expect(&ev, NULL, "", "of devices only null");
	set_path(&ev, "/dev/shm/file");
	expect(&ev, "read-only", "/dev/shm/file", "opens it");
	set_path(&ev, "/proc/17/environ");
	expect(&ev, NULL, "", "other processes are hidden");
	set_path(&ev, "/proc/meminfo");
	expect(&ev, "read-only", "/proc/meminfo", "opens it");
	set_path(&ev, "/opt/a b");
	expect(&ev, NULL, "/opt/a b", "its name cannot be written here");
	set_path(&ev, "/opt/app/file");
	ev.path_cut = 1;
	expect(&ev, NULL, "", "--read-only of a directory above");
	ev.path_cut = 0;
	ev.dev = DEV_UNMOUNTED;
	expect(&ev, NULL, "", "let the server open it, and hand it over");
	ev.dev = 0;
	expect(&ev, NULL, "", "let the server open it, and hand it over");
	set_path(&ev, "/opt/a\nb");
	assert_true(sn_explain(&ev, &explanation));
	assert_null(explanation.option);
	assert_true(explanation.grantable);
}

static void what_is_never_granted_names_what_to_use_instead(void **state)
{
	struct sn_event ev = event(SN_OP_CODE_MMAP, SN_NOT_RUNTIME);

	set_path(&ev, "/srv/t1/node_modules/x/build/x.node");
	expect(&ev, NULL, "", "no native addons: look for a build in WebAssembly");
	set_path(&ev, "/usr/lib/libssl.so.3");
	expect(&ev, NULL, "", "no native code but node's own");
	/* a name that is shorter than ".node" is not looked at with what stands before it */
	set_path(&ev, "/usr/lib/e");
	memcpy(ev.pad, ".nod", 4);
	expect(&ev, NULL, "", "no native code but node's own");
	ev = event(SN_OP_NET_SOCKET, SN_FAMILY);
	ev.number = 1;
	expect(&ev, NULL, "", "no Unix sockets: use TCP");
	ev.number = 17;
	expect(&ev, NULL, "", "only TCP and UDP");
	ev.known = SN_KNOWN_NSCD;
	expect(&ev, NULL, "", "nothing to do");
	ev = event(SN_OP_TASK_FORK, SN_NEVER);
	expect(&ev, NULL, "", "worker_threads");
	ev = event(SN_OP_TASK_FORK, SN_NO_POLICY);
	expect(&ev, NULL, "", "its cgroup has no policy");
	ev = event(SN_OP_NET_EGRESS, SN_UNKNOWN);
	expect(&ev, NULL, "", "could not be read");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whatever_a_kernel_test_is_refused_has_an_explanation),
		cmocka_unit_test(every_operation_can_be_explained),
		cmocka_unit_test(each_explanation_has_an_option_or_says_why_not),
		cmocka_unit_test(ports_are_opened_on_every_restricted_address),
		cmocka_unit_test(files_are_opened_one_by_one_and_new_ones_by_their_directory),
		cmocka_unit_test(what_no_option_opens_is_not_named),
		cmocka_unit_test(what_is_never_granted_names_what_to_use_instead),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
