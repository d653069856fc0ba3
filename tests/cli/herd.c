// SPDX-License-Identifier: GPL-2.0-only
/*
 * Many tenants at once, stored as safenode-attach stores them, and faster than by so many attaches:
 *
 * herd N DIR PROGRAM	each with a cgroup, with a process that sleeps in it, and the rules of a
 *			tenant of DIR that runs PROGRAM; every second one has a name as the drop-in
 *			gives it
 * herd --absent N DIR PROGRAM
 *			the policies alone, of tenants without cgroups
 *
 * Prints N and how many rules each has when they are there. The end of standard input ends them.
 */
#include <bpf/bpf.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "cgroup.h"
#include "compile.h"
#include "detach.h"
#include "enforcer.h"
#include "identify.h"
#include "options.h"
#include "runtime.h"

#define STRANGER (0x5afeULL << 40) /* no cgroup's id in a young machine */
#define MANY	 16000

struct tenant {
	pid_t pid;
	char name[48];
};

static struct tenant tenants[MANY];
static struct sn_enforcer enforcer;
static struct sn_rules baseline;
static const char *directory;
static struct sn_err err;

static __attribute__((noreturn)) void die(const char *what)
{
	fprintf(stderr, "herd: %s: %s\n", what, err.text);
	exit(1);
}

/* Without the cgroup's own files where there is no cgroup. Returns how many rules it has. */
static size_t put_policy(const char *name, const char *cgroup, __u64 id)
{
	__u32 read = SN_MAY_STAT | SN_MAY_SEARCH | SN_MAY_READ;
	struct sn_options options = { .safe_mode = true, .tenant = (char *)name };
	struct sn_rules own = {};
	struct sn_source source = {
		.options = &options,
		.cgroup_id = id,
		.own = &own,
		.baseline = &baseline,
	};
	struct sn_compiled compiled;
	char real[PATH_MAX], above[PATH_MAX + sizeof("/cpu.max")];
	int fd = sn_rules_reach_directory(&own, directory, real, &err);
	size_t nr;

	source.directory = real;
	snprintf(above, sizeof(above), "%s/cpu.max", enforcer.mount);
	if (fd < 0 || sn_identify_fd(fd, &source.dir, &err) ||
	    (cgroup && sn_rules_add(&own, cgroup, read, read, &err)) ||
	    sn_rules_add(&own, above, SN_MAY_STAT | SN_MAY_READ, 0, &err))
		die("rules");
	close(fd);
	sn_rules_close(&own);
	if (sn_compile(&source, &compiled, &err) ||
	    sn_store_put(&enforcer.store, &compiled, NULL, &err))
		die("policy");
	nr = compiled.own.nr;
	sn_compiled_free(&compiled);
	sn_rules_free(&own);
	return nr;
}

/* It sleeps, and does not outlive the herd. */
static pid_t start_process(void)
{
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (1)
		pause();
}

static void path_of(const struct tenant *tenant, char path[PATH_MAX])
{
	if (sn_enforcer_cgroup(&enforcer, tenant->name, path, &err))
		die("cgroup");
}

/* The policy is there before the process is inside, as with attach. */
static size_t start(struct tenant *tenant, unsigned long number)
{
	char path[PATH_MAX], pid[16];
	size_t rules;
	__u64 id;

	tenant->pid = start_process();
	snprintf(pid, sizeof(pid), "%d", tenant->pid);
	if (number % 2)
		snprintf(tenant->name, sizeof(tenant->name), SN_UNNAMED "%s", pid);
	else
		snprintf(tenant->name, sizeof(tenant->name), "herd-%d-%lu", getpid(), number);
	path_of(tenant, path);
	if (sn_cgroup_make(path, &err) < 0 || sn_cgroup_id(path, &id, &err))
		die("cgroup");
	rules = put_policy(tenant->name, path, id);
	if (sn_cgroup_write(path, "cgroup.procs", pid))
		die("cgroup.procs");
	return rules;
}

static void end(const struct tenant *tenant)
{
	char path[PATH_MAX];

	path_of(tenant, path);
	kill(tenant->pid, SIGKILL);
	waitpid(tenant->pid, NULL, 0);
	if (sn_tenant_remove(&enforcer, path, &err) < 0)
		die("remove");
}

static void end_absent(__u64 id)
{
	struct sn_policy policy;

	if (sn_store_empty(&enforcer.store, id, &policy, &err) < 0 ||
	    sn_store_forget(&enforcer.store, &policy, 0, &err))
		die("remove");
}

static void open_all(const char *program)
{
	if (sn_enforcer_open(&enforcer, &err) || sn_enforcer_lock(&enforcer, SN_EXCLUSIVE, &err) ||
	    sn_runtime_baseline(&baseline, program, &err))
		die("open");
}

static size_t begin_all(unsigned long nr, bool absent)
{
	size_t rules = 0;

	for (unsigned long i = 0; i < nr; i++) {
		char name[48];

		snprintf(name, sizeof(name), "absent-%lu", i);
		rules = absent ? put_policy(name, NULL, STRANGER + i) : start(&tenants[i], i);
	}
	return rules;
}

int main(int argc, char **argv)
{
	bool absent = argc == 5 && !strcmp(argv[1], "--absent");
	unsigned long nr = argc == 4 + absent ? strtoul(argv[1 + absent], NULL, 10) : 0;

	if (!nr || nr > MANY) {
		fprintf(stderr, "usage: herd [--absent] NUMBER DIRECTORY PROGRAM\n");
		return 2;
	}
	directory = argv[2 + absent];
	open_all(argv[3 + absent]);
	printf("%lu %zu\n", nr, begin_all(nr, absent));
	fflush(stdout);
	/* the tools of the tests come in between */
	flock(enforcer.lock, LOCK_UN);
	while (getchar() != EOF)
		;
	flock(enforcer.lock, LOCK_EX);
	for (unsigned long i = 0; i < nr; i++)
		if (absent)
			end_absent(STRANGER + i);
		else
			end(&tenants[i]);
	sn_enforcer_close(&enforcer);
	return 0;
}
