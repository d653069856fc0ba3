// SPDX-License-Identifier: GPL-2.0-only
/* user/opened.c, of a child process that waits: what it may hold, and how the rest is named. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <netinet/in.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "identify.h"
#include "opened.h"
#include "scratch.h"

#define TENANT 2001 /* user */
#define AT     40   /* the descriptor that a child holds beside 0, 1 and 2 */

static struct sn_err err;
static struct sn_rules rules;
static char *const *read_write; /* of one, or NULL */
static void (*meanwhile)(void); /* is done when the directory is open, or NULL */
static struct sn_entry given;	/* a file that it was given open */

/* A child that has done @prepare in @directory, and what is said of it. */
static int look(const char *directory, void (*prepare)(void), const int *keep, size_t nr)
{
	const struct sn_entries entries = { &given, 1 };
	struct sn_opened opened = { .directory = directory,
				    .read_write = read_write,
				    .nr_read_write = !!read_write,
				    .keep_fd = keep,
				    .nr_keep_fd = nr,
				    .given = &entries };
	int ready[2], ret;
	char byte;

	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	opened.pid = fork();
	if (!opened.pid) {
		assert_int_equal(chdir(directory), 0);
		assert_int_equal(dup2(open("/dev/null", O_RDWR), 0), 0);
		dup2(0, 1);
		dup2(0, 2);
		prepare();
		/* of root's libraries, some may have a second name (perf(1) makes them) */
		assert_int_equal(setuid(TENANT), 0);
		prctl(PR_SET_PDEATHSIG, SIGKILL); /* setuid(2) forgets it */
		if (write(ready[1], "r", 1) == 1)
			syscall(SYS_close_range, AT + 10, ~0U, 0);
		syscall(SYS_close_range, 3, AT - 1, 0);
		for (;;)
			pause();
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_int_equal(read(ready[0], &byte, 1), 0); /* and it has closed the rest */
	close(ready[0]);
	opened.directory_fd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (meanwhile)
		meanwhile();
	sn_rules_free(&rules);
	rules = (struct sn_rules){};
	err = (struct sn_err){};
	ret = sn_opened_check(&opened, &rules, &err);
	close(opened.directory_fd);
	kill(opened.pid, SIGKILL);
	assert_int_equal(waitpid(opened.pid, NULL, 0), opened.pid);
	return ret;
}

static void stays(void (*prepare)(void))
{
	if (look(base, prepare, NULL, 0))
		fail_msg("%s", err.text);
}

static void is_named(void (*prepare)(void), const char *text)
{
	assert_int_equal(look(base, prepare, NULL, 0), -EBUSY);
	if (!strstr(err.text, text))
		fail_msg("no '%s' in '%s'", text, err.text);
}

static void hold(int fd)
{
	dup2(fd, AT);
}

static void hold_nothing(void)
{
}

static void hold_usual(void)
{
	int ends[2];

	hold(open("file", O_RDWR | O_CREAT, 0600));
	dup2(epoll_create1(0), AT + 1);
	dup2(eventfd(0, 0), AT + 2);
	dup2(inotify_init1(0), AT + 3);
	dup2(memfd_create("m", 0), AT + 4);
	if (!pipe(ends)) {
		dup2(ends[0], AT + 5);
		dup2(ends[1], AT + 6);
	}
	dup2(open("/dev/zero", O_RDONLY), AT + 7);
	dup2(0, AT + 8);
}

static void what_a_tenant_could_open_itself_stays(void **state)
{
	stays(hold_nothing);
	stays(hold_usual);
	assert_int_equal(rules.nr_directories + rules.nr_names, 0);
}

static void hold_file(void)
{
	hold(open("/etc/passwd", O_RDONLY));
}

static void hold_beside(void)
{
	char path[256];

	snprintf(path, sizeof(path), "%s-beside", base);
	hold(open(path, O_RDWR | O_CREAT | O_TRUNC, 0600));
	unlink(path);
}

static void hold_path(void)
{
	hold(open("/etc", O_PATH));
}

static void hold_end(void)
{
	int ends[2];

	if (!pipe(ends)) {
		dup2(ends[1], AT);
		close(ends[0]);
		close(ends[1]);
	}
}

static void hold_watch(void)
{
	int fd = inotify_init1(0);

	inotify_add_watch(fd, "/", IN_CREATE);
	hold(fd);
}

static void hold_unix(void)
{
	hold(socket(AF_UNIX, SOCK_STREAM, 0));
}

static void hold_listener(void)
{
	struct sockaddr_in6 any = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	int fd = socket(AF_INET6, SOCK_STREAM, 0);

	if (!bind(fd, (void *)&any, sizeof(any)) && !listen(fd, 1))
		hold(fd);
}

static void hold_many(void)
{
	for (int i = 0; i < 8; i++)
		dup2(open("/etc/passwd", O_RDONLY), AT + i);
}

static void everything_else_is_named_by_its_number(void **state)
{
	is_named(hold_file, "40 (/etc/passwd)");
	is_named(hold_beside, "-beside (deleted))");
	is_named(hold_path, "40 (/etc)");
	is_named(hold_end, "40 (a pipe, whose other end is elsewhere)");
	is_named(hold_unix, "40 (a Unix socket)");
	is_named(hold_listener, "40 (TCP [::1]:");
	is_named(hold_many, "40 (/etc/passwd), 41 (/etc/passwd), ");
	assert_non_null(strstr(err.text, "47 (/etc/passwd); let it close that"));
}

static void a_watch_goes_on_telling(void **state)
{
	is_named(hold_watch, "40 (inotify, with watches)");
}

static void what_was_named_is_kept_and_has_to_be_there(void **state)
{
	const int keep[] = { AT }, wrong[] = { AT, AT + 9 };

	assert_int_equal(look(base, hold_file, keep, 1), 0);
	assert_int_equal(rules.nr_directories, 1);
	assert_int_equal(rules.directories[0].rule.access, SN_MAY_STAT);
	assert_int_equal(look(base, hold_unix, keep, 1), 0);
	assert_int_equal(look(base, hold_file, wrong, 2), -EINVAL);
	assert_non_null(strstr(err.text, "its descriptor 49 is not open"));
}

static void hold_copy(void)
{
	hold(open("log", O_WRONLY | O_APPEND | O_CREAT, 0600));
	dup2(AT, AT + 1);
	dup2(open("log", O_WRONLY), AT + 2);
}

/* Below the directory a tenant opens it as it likes; elsewhere only what was named. */
static void a_copy_of_what_was_named_can_do_no_more_than_that(void **state)
{
	const int keep[] = { AT };

	mkdir(at("d"), 0700);
	mkdir(at("e"), 0700);
	if (look(at("d"), hold_copy, keep, 1))
		fail_msg("%s", err.text);
	assert_int_equal(symlink("../log", at("e/log")), 0);
	assert_int_equal(look(at("e"), hold_copy, keep, 1), -EBUSY);
	assert_non_null(strstr(err.text, "42 ("));
	assert_null(strstr(err.text, "41 ("));
}

static void hold_event_and_watch(void)
{
	int fd = inotify_init1(0);

	hold(eventfd(0, 0));
	dup2(AT, AT + 1);
	inotify_add_watch(fd, "/", IN_CREATE);
	dup2(fd, AT + 2);
}

/* All of them have one inode. */
static void what_has_no_inode_of_its_own_is_no_copy(void **state)
{
	const int keep[] = { AT };

	assert_int_equal(look(base, hold_event_and_watch, keep, 1), -EBUSY);
	assert_non_null(strstr(err.text, "42 (inotify, with watches)"));
	assert_null(strstr(err.text, "41 ("));
}

static void give(int fd)
{
	struct sn_inode id;

	assert_int_equal(sn_identify_held_fd(fd, &id, NULL), 0);
	given = (struct sn_entry){ .map = SN_RULES_DIRECTORIES,
				   .key.directory = { .ino = id.ino, .dev = id.dev },
				   .rule = { .generation = id.generation, .access = SN_MAY_STAT } };
}

static void open_as_stream(void)
{
	close(0);
	open("/etc/passwd", O_RDONLY);
}

static void listen_as_stream(void)
{
	hold_listener();
	dup2(AT, 1);
	close(AT);
}

static void watch_as_stream(void)
{
	hold_watch();
	dup2(AT, 2);
	close(AT);
}

static void have_usual_streams(void)
{
	int ends[2];

	dup2(socket(AF_UNIX, SOCK_STREAM, 0), 0);
	if (!pipe(ends))
		dup2(ends[1], 2);
	close(ends[0]);
}

static void what_has_the_number_of_a_stream_is_none_for_that(void **state)
{
	int file = open("/etc/passwd", O_RDONLY | O_CLOEXEC);

	is_named(open_as_stream, ": 0 (/etc/passwd); let it");
	is_named(listen_as_stream, ": 1 (TCP [::1]:");
	is_named(watch_as_stream, ": 2 (inotify, with watches); let it");
	stays(have_usual_streams);
	give(file);
	close(file);
	stays(open_as_stream);
	given.rule.below = SN_MAY_READ;
	is_named(open_as_stream, ": 0 (/etc/passwd); let it");
	given = (struct sn_entry){};
}

static int memory;

static void hold_memory(void)
{
	hold(memory);
}

static void memory_that_it_was_given_has_to_be_named(void **state)
{
	memory = memfd_create("m", MFD_CLOEXEC);
	stays(hold_memory);
	give(memory);
	is_named(hold_memory, ": 40 (/memfd:m (deleted)); let it");
	given = (struct sn_entry){};
	close(memory);
}

static void go_elsewhere(void)
{
	assert_int_equal(chdir("/"), 0);
}

static void the_directory_is_where_it_is(void **state)
{
	is_named(go_elsewhere, "its working directory is not");
}

static void exchange_directories(void)
{
	assert_int_equal(renameat2(AT_FDCWD, at("d"), AT_FDCWD, at("e"), RENAME_EXCHANGE), 0);
}

static void hold_other(void)
{
	hold(open("../e/f", O_RDWR | O_CREAT, 0600));
}

static void another_directory_does_not_take_its_place(void **state)
{
	mkdir(at("d"), 0700);
	mkdir(at("e"), 0700);
	assert_int_equal(look(at("d"), hold_other, NULL, 0), -EBUSY);
	meanwhile = exchange_directories;
	assert_int_equal(look(at("d"), hold_other, NULL, 0), -EBUSY);
	meanwhile = NULL;
	assert_non_null(strstr(err.text, "/d is not where it was: it is /tmp/"));
}

static void map_beside(void)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s-mapped", base);
	fd = open(path, O_RDWR | O_CREAT, 0600);
	if (!ftruncate(fd, 4096))
		mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	unlink(path);
}

static void map_usual(void)
{
	int own = open("mapped", O_RDWR | O_CREAT, 0600), other = open("/etc/passwd", O_RDONLY);

	if (ftruncate(own, 4096))
		return;
	mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, own, 0);
	mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	mmap(NULL, 4096, PROT_READ, MAP_SHARED, other, 0);
	mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, other, 0);
}

static void a_mapping_by_which_a_file_elsewhere_can_be_written_is_named(void **state)
{
	stays(map_usual);
	is_named(map_beside, "-mapped (deleted)', which it has mapped");
}

static void map_code(const char *path)
{
	int fd = open(path, O_RDONLY);

	if (mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0) == MAP_FAILED)
		_exit(1);
}

static void map_own_code(void)
{
	map_code("code");
}

static void map_other_code(void)
{
	map_code("../code");
}

static void make_code(const char *name)
{
	make_script(name, "text\n");
	assert_int_equal(chown(at(name), TENANT, TENANT), 0);
}

static void code_that_it_could_change_is_named(void **state)
{
	make_code("code");
	mkdir(at("d"), 0700);
	is_named(map_own_code, "/code', which it could change; install that");
	if (look(at("d"), map_other_code, NULL, 0))
		fail_msg("%s", err.text);
	assert_int_equal(link(at("code"), at("d/other")), 0);
	assert_int_equal(look(at("d"), map_other_code, NULL, 0), -EBUSY);
	assert_non_null(strstr(err.text, "by another of its names"));
	assert_int_equal(chown(at("code"), TENANT + 1, TENANT + 1), 0);
	assert_int_equal(chmod(at("code"), 0755), 0);
	if (look(at("d"), map_other_code, NULL, 0) || look(base, map_own_code, NULL, 0))
		fail_msg("%s", err.text);
	assert_int_equal(chmod(at("code"), 0775), 0);
	is_named(map_own_code, "which it could change");
}

/* The scratch directory a second time. */
static void mount_again(const char *path)
{
	if (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount(base, path, NULL, MS_BIND, NULL))
		fail_msg("%s", strerror(errno));
}

static void map_code_elsewhere(void)
{
	map_code("/mnt/d/code");
}

static void map_code_with_own_mounts(void)
{
	assert_int_equal(unshare(CLONE_NEWNS), 0);
	map_code("code");
}

static void code_that_it_could_reach_by_another_mount_is_named(void **state)
{
	char *const written[] = { base };

	mkdir(at("d"), 0700);
	make_code("d/code");
	mount_again("/mnt");
	assert_int_equal(look(at("d"), map_code_elsewhere, NULL, 0), -EBUSY);
	assert_non_null(strstr(err.text, "'/mnt/d/code', which it could change"));
	read_write = written;
	assert_int_equal(look("/usr", map_code_elsewhere, NULL, 0), -EBUSY);
	read_write = NULL;
	assert_non_null(strstr(err.text, "'/mnt/d/code', which it could change"));
	umount2("/mnt", MNT_DETACH);
	assert_int_equal(look(at("d"), map_code_with_own_mounts, NULL, 0), -EBUSY);
	assert_non_null(strstr(err.text, "/d/code', which it could change"));
}

static void map_code_and_hold_it(void)
{
	hold(open("../code", O_RDWR));
	map_other_code();
}

static void code_that_is_open_for_writing_is_named(void **state)
{
	const int keep[] = { AT };

	make_script("code", "text\n");
	mkdir(at("d"), 0700);
	assert_int_equal(look(at("d"), map_code_and_hold_it, keep, 1), -EBUSY);
	assert_non_null(strstr(err.text, "/code', which it holds open for writing"));
}

static void code_where_it_is_to_write_is_named(void **state)
{
	char *const written[] = { base };

	make_code("code");
	mkdir(at("d"), 0700);
	read_write = written;
	assert_int_equal(look(at("d"), map_other_code, NULL, 0), -EBUSY);
	read_write = NULL;
	assert_non_null(strstr(err.text, "which it could change"));
}

/* Not in every container: it takes pidfd_getfd(2), kcmp(2) and /proc/PID/map_files. */
static bool can_look(void)
{
	int pidfd = syscall(SYS_pidfd_open, getpid(), 0);
	int fd = syscall(SYS_pidfd_getfd, pidfd, 0, 0);
	bool can = fd >= 0 && !syscall(SYS_kcmp, getpid(), getpid(), KCMP_FILES, 0, 0) &&
		   !access("/proc/self/map_files", R_OK);

	close(fd);
	close(pidfd);
	return can && !getuid();
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, scratch_begin, scratch_end)
	const struct CMUnitTest tests[] = {
		TEST(what_a_tenant_could_open_itself_stays),
		TEST(everything_else_is_named_by_its_number),
		TEST(a_watch_goes_on_telling),
		TEST(what_was_named_is_kept_and_has_to_be_there),
		TEST(a_copy_of_what_was_named_can_do_no_more_than_that),
		TEST(what_has_no_inode_of_its_own_is_no_copy),
		TEST(what_has_the_number_of_a_stream_is_none_for_that),
		TEST(memory_that_it_was_given_has_to_be_named),
		TEST(the_directory_is_where_it_is),
		TEST(another_directory_does_not_take_its_place),
		TEST(a_mapping_by_which_a_file_elsewhere_can_be_written_is_named),
		TEST(code_that_it_could_change_is_named),
		TEST(code_that_it_could_reach_by_another_mount_is_named),
		TEST(code_that_is_open_for_writing_is_named),
		TEST(code_where_it_is_to_write_is_named),
	};

	if (!can_look()) {
		puts("# opened_test: needs root, kcmp() and pidfd_getfd(), skipped");
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
