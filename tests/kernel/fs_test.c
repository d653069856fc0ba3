// SPDX-License-Identifier: GPL-2.0-only
/* bpf/fs.bpf.c and bpf/walk.bpf.h: opening, looking at and changing files, here and there. */
#include "fs_places.h"

static struct tenant *t1;

SETUP()
{
	give_to_t1("/srv");
	put_dir("/srv/ro");
	put_dir("/srv/rw");
	t1 = tenant_start("t1", "--read-only", "/srv/ro", "--read-write", "/srv/rw", NULL);
}

/* ---- the rules that most calls follow ---- */

static void allowed(const char *probe, const char *options, const char *path)
{
	sn_autofree char *copy = strdup(path); /* lay_out() uses in() as well */

	lay_out();
	EXPECT_ALLOWED(t1, probe, "%s%s", options, copy);
}

static void refused(int error, enum sn_op op, enum sn_why why, const char *probe,
		    const char *options, const char *path)
{
	sn_autofree char *copy = strdup(path);

	lay_out();
	EXPECT_REFUSED(t1, error, op, why, probe, "%s%s", options, copy);
}

/* Below a hidden directory there is nothing: not even the error tells what exists. */
static void hidden(const char *probe, const char *options, const char *name)
{
	refused(ENOENT, SN_OP_FS_LOOKUP, SN_OUTSIDE, probe, options, in("/srv/t10", name));
	refused(ENOENT, SN_OP_FS_LOOKUP, SN_OUTSIDE, probe, options, in("/srv/t1-evil", name));
	EXPECT_EQ(-ENOENT, inside(t1, probe, "%s%s", options, "/srv/t10/none"));
	EXPECT_EVENT(t1, SN_OP_FS_LOOKUP, SN_OUTSIDE);
}

/* Looking: granted in all three places; elsewhere denied looks like missing. */
static void looking(const char *probe, const char *options, const char *name, enum sn_op op)
{
	allowed(probe, options, in("/srv/t1", name));
	allowed(probe, options, in("/srv/ro", name));
	allowed(probe, options, in("/srv/rw", name));
	hidden(probe, options, name);
	refused(ENOENT, op, SN_OUTSIDE, probe, options, in("/srv", name));
	EXPECT_EQ(-ENOENT, inside(t1, probe, "%s%s", options, "/srv/none"));
}

/* Changing: not even with --read-only. @why: of the refusal in an ancestor. */
static void changing(const char *probe, const char *options, const char *name, enum sn_op op,
		     enum sn_why why)
{
	allowed(probe, options, in("/srv/t1", name));
	allowed(probe, options, in("/srv/rw", name));
	hidden(probe, options, name);
	refused(EACCES, op, why, probe, options, in("/srv", name));
	refused(EACCES, op, SN_READ_ONLY, probe, options, in("/srv/ro", name));
}

/* Kernels without the call refuse it to all. */
static bool has(const char *probe, const char *options, const char *path)
{
	lay_out();
	return outside(probe, "%s%s", options, path) != -ENOSYS;
}

/* ---- opening ---- */

TEST(reading_a_file_outside_is_as_if_it_were_missing)
{
	looking("open", num(O_RDONLY), "f", SN_OP_FS_OPEN);
	looking("open", num(O_RDONLY | O_NOFOLLOW | O_NONBLOCK), "f", SN_OP_FS_OPEN);
	looking("openat2", nums(O_RDONLY, 0), "f", SN_OP_FS_OPEN);
	looking("read_byte", "", "f", SN_OP_FS_OPEN);
}

TEST(a_pipe_outside_is_as_if_it_were_missing)
{
	looking("open", num(O_RDONLY | O_NONBLOCK), "p", SN_OP_FS_OPEN);
	refused(EACCES, SN_OP_FS_OPEN_WRITE, SN_OUTSIDE, "open", num(O_RDWR | O_NONBLOCK),
		"/srv/p");
}

/* Access mode 3 opens for ioctl only: the file has neither FMODE_READ nor FMODE_WRITE. */
TEST(access_mode_three_is_no_way_around)
{
	looking("open", num(3), "f", SN_OP_FS_OPEN);
}

TEST(writing_a_file_outside_is_refused)
{
	changing("open", num(O_WRONLY), "f", SN_OP_FS_OPEN_WRITE, SN_OUTSIDE);
	changing("open", num(O_RDWR), "f", SN_OP_FS_OPEN_WRITE, SN_OUTSIDE);
	changing("open", num(O_WRONLY | O_APPEND), "f", SN_OP_FS_OPEN_WRITE, SN_OUTSIDE);
	changing("open", num(O_WRONLY | O_TRUNC), "f", SN_OP_FS_OPEN_WRITE, SN_OUTSIDE);
	changing("open", num(O_WRONLY | O_CREAT), "f", SN_OP_FS_OPEN_WRITE, SN_OUTSIDE);
	changing("openat2", nums(O_WRONLY, 0), "f", SN_OP_FS_OPEN_WRITE, SN_OUTSIDE);
	changing("write_byte", "", "f", SN_OP_FS_OPEN_WRITE, SN_OUTSIDE);
}

/* O_TRUNC changes the file although it is opened for reading. */
TEST(truncating_by_opening_for_reading_is_refused)
{
	const char *options = num(O_RDONLY | O_TRUNC);

	allowed("open", options, "/srv/t1/f");
	allowed("open", options, "/srv/rw/f");
	hidden("open", options, "f");
	refused(EACCES, SN_OP_FS_TRUNCATE, SN_READ_ONLY, "open", options, "/srv/ro/f");
	refused(ENOENT, SN_OP_FS_OPEN, SN_OUTSIDE, "open", options, "/srv/f");
}

TEST(creating_a_file_outside_is_refused)
{
	changing("open", num(O_WRONLY | O_CREAT), "new", SN_OP_FS_CREATE, SN_READ_ONLY);
	changing("open", num(O_RDONLY | O_CREAT | O_EXCL), "new", SN_OP_FS_CREATE, SN_READ_ONLY);
	changing("mknod", nums(S_IFREG | 0644, 0), "new", SN_OP_FS_CREATE, SN_READ_ONLY);
}

TEST(an_unnamed_file_outside_is_refused)
{
	changing("tmpfile", num(0644), "d", SN_OP_FS_MODIFY_DIR, SN_OUTSIDE);
	refused(EACCES, SN_OP_FS_MODIFY_DIR, SN_READ_ONLY, "tmpfile", num(0644), "/srv");
}

TEST(an_unnamed_file_can_get_a_name_inside)
{
	long control;

	lay_out();
	EXPECT_ALLOWED(t1, "tmpfile_link", "/srv/t1\t/srv/t1/new");
	lay_out();
	EXPECT_REFUSED(t1, EACCES, SN_OP_FS_LINK, SN_READ_ONLY, "tmpfile_link",
		       "/srv/t1\t/srv/new");
	lay_out();
	EXPECT_REFUSED(t1, ENOENT, SN_OP_FS_LOOKUP, SN_OUTSIDE, "tmpfile_link",
		       "/srv/t1\t/srv/t10/new");
	/* by AT_EMPTY_PATH, which older kernels reserve for CAP_DAC_READ_SEARCH */
	lay_out();
	control = outside("tmpfile_link_empty", "/srv/t1\t/srv/t1/new");
	lay_out();
	EXPECT_EQ(control, inside(t1, "tmpfile_link_empty", "/srv/t1\t/srv/t1/new"));
}

TEST(a_descriptor_made_with_o_path_reaches_nothing_outside)
{
	static const char *const whats[] = { "fstat", "open", "chmod", "truncate", "link" };

	for (size_t i = 0; i < sizeof(whats) / sizeof(*whats); i++) {
		lay_out();
		EXPECT_ALLOWED(t1, "o_path_then", "%s\t/srv/t1/f", whats[i]);
	}
	lay_out();
	EXPECT_REFUSED(t1, ENOENT, SN_OP_FS_STAT, SN_OUTSIDE, "o_path_then", "fstat\t/srv/f");
	EXPECT_REFUSED(t1, ENOENT, SN_OP_FS_OPEN, SN_OUTSIDE, "o_path_then", "open\t/srv/f");
	EXPECT_REFUSED(t1, EACCES, SN_OP_FS_OPEN_WRITE, SN_OUTSIDE, "o_path_then", "write\t/srv/f");
	EXPECT_REFUSED(t1, EACCES, SN_OP_FS_CHMOD, SN_OUTSIDE, "o_path_then", "chmod\t/srv/f");
	EXPECT_REFUSED(t1, EACCES, SN_OP_FS_TRUNCATE, SN_OUTSIDE, "o_path_then",
		       "truncate\t/srv/f");
	EXPECT_REFUSED(t1, EACCES, SN_OP_FS_LINK, SN_OUTSIDE, "o_path_then", "link\t/srv/f");
	EXPECT_REFUSED(t1, EACCES, SN_OP_FS_OPEN_WRITE, SN_READ_ONLY, "o_path_then",
		       "write\t/srv/ro/f");
	EXPECT_REFUSED(t1, ENOENT, SN_OP_FS_LOOKUP, SN_OUTSIDE, "open", "%d /srv/t10/f", O_PATH);
	EXPECT_EQ(-ENOENT, inside(t1, "open", "%d /srv/t10/none", O_PATH));
	EXPECT_EVENT(t1, SN_OP_FS_LOOKUP, SN_OUTSIDE);
}

TEST(calls_with_an_o_path_descriptor_and_no_path_reach_nothing_outside)
{
	static const struct {
		const char *what;
		enum sn_op op;
	} looks[] = {
		{ "stat", SN_OP_FS_STAT },
		{ "statx", SN_OP_FS_STAT },
		{ "access", SN_OP_FS_ACCESS },
	}, changes[] = {
		{ "chown", SN_OP_FS_CHOWN },
		{ "utimes", SN_OP_FS_UTIMES },
		{ "chmod", SN_OP_FS_CHMOD },
	};

	lay_out();
	for (int i = 0; i < 3; i++) {
		EXPECT_ALLOWED(t1, "o_path_empty", "%s\t/srv/t1/f", looks[i].what);
		EXPECT_ALLOWED(t1, "o_path_empty", "%s\t/srv/ro/f", looks[i].what);
		EXPECT_REFUSED(t1, ENOENT, looks[i].op, SN_OUTSIDE, "o_path_empty", "%s\t/srv/f",
			       looks[i].what);
	}
	EXPECT_ALLOWED(t1, "o_path_empty", "readlink\t/srv/t1/l");
	EXPECT_REFUSED(t1, ENOENT, SN_OP_FS_READLINK, SN_OUTSIDE, "o_path_empty",
		       "readlink\t/srv/l");
	for (int i = 0; i < 3; i++) {
		if (outside("o_path_empty", "%s\t/srv/t1/f", changes[i].what) == -ENOSYS)
			continue; /* fchmodat2() */
		EXPECT_ALLOWED(t1, "o_path_empty", "%s\t/srv/t1/f", changes[i].what);
		EXPECT_REFUSED(t1, EACCES, changes[i].op, SN_OUTSIDE, "o_path_empty", "%s\t/srv/f",
			       changes[i].what);
		EXPECT_REFUSED(t1, EACCES, changes[i].op, SN_READ_ONLY, "o_path_empty",
			       "%s\t/srv/ro/f", changes[i].what);
	}
}

/* All 32 bits, known or not, beside all four access modes. */
TEST(no_flag_of_open_is_a_way_around)
{
	struct sn_counters before, now;
	long control;

	lay_out();
	control = outside("open_with_any_flag", "/srv/f");
	EXPECT_TRUE(control > 80);
	lay_out();
	EXPECT_EQ(control, inside(t1, "open_with_any_flag", "/srv/t1/f"));
	before = tenant_counters(t1);
	EXPECT_EQ(0, inside(t1, "open_with_any_flag", "/srv/f"));
	EXPECT_EQ(0, inside(t1, "open_with_any_flag", "/srv/t10/f"));
	now = tenant_counters(t1);
	EXPECT_TRUE(now.denied[SN_OP_FS_OPEN] > before.denied[SN_OP_FS_OPEN]);
	EXPECT_TRUE(now.denied[SN_OP_FS_OPEN_WRITE] > before.denied[SN_OP_FS_OPEN_WRITE]);
}

/* Copies inside the kernel need two descriptors, each of which was asked about. */
TEST(copies_inside_the_kernel_need_descriptors_that_were_granted)
{
	static const char *const ways[] = { "range", "sendfile", "splice" };

	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
		lay_out();
		EXPECT_ALLOWED(t1, "copy", "%s 1 /srv/ro/f\t/srv/t1/f", ways[i]);
		EXPECT_REFUSED(t1, ENOENT, SN_OP_FS_OPEN, SN_OUTSIDE, "copy",
			       "%s 1 /srv/f\t/srv/t1/f", ways[i]);
		EXPECT_REFUSED(t1, EACCES, SN_OP_FS_OPEN_WRITE, SN_OUTSIDE, "copy",
			       "%s 1 /srv/t1/f\t/srv/f", ways[i]);
		EXPECT_REFUSED(t1, EACCES, SN_OP_FS_OPEN_WRITE, SN_READ_ONLY, "copy",
			       "%s 1 /srv/t1/f\t/srv/ro/f", ways[i]);
		/* what may be read cannot be written through the same descriptor */
		EXPECT_EQ(-EBADF, inside(t1, "copy", "%s 0 /srv/t1/f\t/srv/ro/f", ways[i]));
	}
	EXPECT_ALLOWED(t1, "copy", "mprotect 2 /srv/t1/f\t/srv/t1/f");
	EXPECT_EQ(-EACCES, inside(t1, "copy", "mprotect 0 /srv/t1/f\t/srv/ro/f"));
}

#ifdef __x86_64__
struct call_32bit {
	int number, second;
	const char *name;
	enum sn_op op;
};

static void call_32bit(const struct call_32bit *call, bool looks)
{
	const char *options = nums(call->number, call->second);

	if (looks)
		looking("call_32bit", options, call->name, call->op);
	else
		changing("call_32bit", options, call->name, call->op,
			 strcmp(call->name, "f") ? SN_READ_ONLY : SN_OUTSIDE);
}

TEST(calls_of_32_bit_programs_are_asked_the_same)
{
	static const struct call_32bit looks[] = {
		{ 5, O_RDONLY, "f", SN_OP_FS_OPEN },
		{ 33, F_OK, "f", SN_OP_FS_ACCESS },
		{ 195, -1, "f", SN_OP_FS_STAT }, /* stat64 */
		{ 106, -1, "f", SN_OP_FS_STAT }, /* stat */
	}, changes[] = {
		{ 5, O_WRONLY, "f", SN_OP_FS_OPEN_WRITE },
		{ 5, O_WRONLY | O_CREAT, "new", SN_OP_FS_CREATE },
		{ 8, 0644, "new", SN_OP_FS_CREATE }, /* creat */
		{ 15, 0640, "f", SN_OP_FS_CHMOD },
		{ 92, 1, "f", SN_OP_FS_TRUNCATE },
		{ 30, 0, "f", SN_OP_FS_UTIMES },
		{ 39, 0755, "new", SN_OP_FS_MKDIR },
		{ 14, S_IFIFO | 0644, "new", SN_OP_FS_CREATE }, /* mknod */
	};

	for (size_t i = 0; i < sizeof(looks) / sizeof(*looks); i++)
		call_32bit(&looks[i], true);
	for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++)
		call_32bit(&changes[i], false);
	refused(EACCES, SN_OP_FS_UNLINK, SN_READ_ONLY, "call_32bit", "10 0 ", "/srv/f");
	refused(EACCES, SN_OP_FS_RMDIR, SN_READ_ONLY, "call_32bit", "40 0 ", "/srv/d");
	refused(EACCES, SN_OP_FS_LINK, SN_OUTSIDE, "call_32bit", "9 0 ", "/srv/f\t/srv/t1/new");
	refused(EACCES, SN_OP_FS_RENAME, SN_READ_ONLY, "call_32bit", "38 0 ",
		"/srv/f\t/srv/t1/new");
	refused(EACCES, SN_OP_FS_SYMLINK, SN_READ_ONLY, "call_32bit", "83 0 ", "f\t/srv/new");
}
#endif

TEST(mapped_files_read_and_write_inside_only)
{
	looking("mmap", nums(PROT_READ, MAP_PRIVATE), "f", SN_OP_FS_OPEN);
	changing("mmap", nums(PROT_READ | PROT_WRITE, MAP_SHARED), "f", SN_OP_FS_OPEN_WRITE,
		 SN_OUTSIDE);
}

/* ---- looking ---- */

TEST(attributes_of_files_outside_are_as_if_missing)
{
	looking("stat", "", "f", SN_OP_FS_STAT);
	looking("stat", "", "d", SN_OP_FS_STAT);
	looking("lstat", "", "f", SN_OP_FS_STAT);
	looking("lstat", "", "l", SN_OP_FS_STAT);
	looking("stat", "", "l", SN_OP_FS_STAT);
	looking("statx", "", "f", SN_OP_FS_STAT);
}

TEST(access_outside_is_as_if_missing)
{
	looking("access", num(F_OK), "f", SN_OP_FS_ACCESS);
	looking("access", num(R_OK), "f", SN_OP_FS_ACCESS);
	looking("access", num(F_OK), "d", SN_OP_FS_ACCESS);
	looking("access", num(X_OK), "d", SN_OP_FS_ACCESS);
	looking("faccessat2", num(F_OK), "f", SN_OP_FS_ACCESS);
	looking("faccessat2", num(R_OK), "d", SN_OP_FS_ACCESS);
}

TEST(access_for_writing_tells_what_writing_would)
{
	const char *options = num(W_OK);

	allowed("access", options, "/srv/t1/f");
	allowed("access", options, "/srv/t1/d");
	allowed("access", options, "/srv/rw/f");
	hidden("access", options, "f");
	refused(ENOENT, SN_OP_FS_ACCESS, SN_OUTSIDE, "access", options, "/srv/f");
	refused(EACCES, SN_OP_FS_ACCESS, SN_READ_ONLY, "access", options, "/srv/ro/f");
	refused(EACCES, SN_OP_FS_ACCESS, SN_READ_ONLY, "faccessat2", options, "/srv/ro/d");
}

TEST(links_outside_cannot_be_read)
{
	looking("readlink", "", "l", SN_OP_FS_READLINK);
}

TEST(directories_outside_cannot_be_listed)
{
	looking("list", "", "d", SN_OP_FS_OPEN);
	looking("open", num(O_RDONLY | O_DIRECTORY), "d", SN_OP_FS_OPEN);
	EXPECT_REFUSED(t1, ENOENT, SN_OP_FS_OPEN, SN_OUTSIDE, "list", "/srv/t10");
}

TEST(file_systems_outside_cannot_be_asked_for_their_size)
{
	looking("statfs", "", "f", SN_OP_FS_STATFS);
}

TEST(files_outside_cannot_be_watched)
{
	looking("watch", "", "f", SN_OP_FS_WATCH);
	looking("watch", "", "d", SN_OP_FS_LOOKUP);
	looking("fanotify", "", "f", SN_OP_FS_WATCH);
	EXPECT_REFUSED(t1, ENOENT, SN_OP_FS_LOOKUP, SN_OUTSIDE, "watch", "/srv");
}

/* They would tell when /etc/hosts is opened, and when a node is started. */
TEST(who_uses_what_is_outside_cannot_be_watched)
{
	static const unsigned int masks[] = {
		IN_OPEN,	  IN_ACCESS,	 IN_CLOSE_WRITE,
		IN_CLOSE_NOWRITE, IN_ALL_EVENTS, WATCH_MASK | IN_OPEN
	};
	static const unsigned int marks[] = { FAN_OPEN, FAN_ACCESS, FAN_CLOSE_WRITE,
					      FAN_CLOSE_NOWRITE, FAN_OPEN_EXEC };

	for (size_t i = 0; i < sizeof(masks) / sizeof(*masks); i++) {
		allowed("watch_for", num(masks[i]), "/srv/t1/f");
		allowed("watch_for", num(masks[i]), "/srv/rw/f");
		refused(EACCES, SN_OP_FS_WATCH, SN_READ_ONLY, "watch_for", num(masks[i]),
			"/srv/ro/f");
		refused(EACCES, SN_OP_FS_WATCH, SN_READ_ONLY, "watch_for", num(masks[i]),
			"/etc/hosts");
	}
	for (size_t i = 0; i < sizeof(marks) / sizeof(*marks); i++) {
		allowed("fanotify_for", num(marks[i]), "/srv/t1/f");
		refused(EACCES, SN_OP_FS_WATCH, SN_READ_ONLY, "fanotify_for", num(marks[i]),
			"/srv/ro/f");
	}
	allowed("watch", "", "/etc/hosts");
}

/* Others would wait, and not only those that ask for locks: services lock what they write.
 */
TEST(what_cannot_be_written_cannot_be_locked)
{
	static const int commands[] = { F_SETLK, F_OFD_SETLK };

	allowed("flock", num(LOCK_EX), "/srv/t1/f");
	allowed("flock", num(LOCK_EX), "/srv/t1/d");
	allowed("flock", num(LOCK_SH), "/srv/rw/f");
	refused(EACCES, SN_OP_FS_LOCK, SN_READ_ONLY, "flock", num(LOCK_EX), "/srv/ro/f");
	refused(EACCES, SN_OP_FS_LOCK, SN_READ_ONLY, "flock", num(LOCK_SH), "/srv/ro/d");
	refused(EACCES, SN_OP_FS_LOCK, SN_READ_ONLY, "flock", num(LOCK_SH), "/etc/hosts");
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
		allowed("lock", nums(commands[i], F_WRLCK), "/srv/t1/f");
		allowed("lock", nums(commands[i], F_RDLCK), "/srv/rw/f");
		refused(EACCES, SN_OP_FS_LOCK, SN_READ_ONLY, "lock", nums(commands[i], F_RDLCK),
			"/srv/ro/f");
		refused(EACCES, SN_OP_FS_LOCK, SN_READ_ONLY, "lock", nums(commands[i], F_RDLCK),
			"/etc/hosts");
	}
}

/* /dev/null is shared by all: scripts lock it, and every process writes to it. */
TEST(devices_that_all_share_cannot_be_locked_or_watched)
{
	static const char *const devices[] = { "/dev/null", "/dev/zero", "/dev/urandom" };

	for (size_t i = 0; i < sizeof(devices) / sizeof(*devices); i++) {
		refused(EACCES, SN_OP_FS_LOCK, SN_READ_ONLY, "flock", num(LOCK_EX), devices[i]);
		refused(EACCES, SN_OP_FS_LOCK, SN_READ_ONLY, "lock", nums(F_SETLK, F_RDLCK),
			devices[i]);
		refused(EACCES, SN_OP_FS_LOCK, SN_READ_ONLY, "lock", nums(F_OFD_SETLK, F_RDLCK),
			devices[i]);
		refused(EACCES, SN_OP_FS_WATCH, SN_READ_ONLY, "watch_for", num(IN_MODIFY),
			devices[i]);
		refused(EACCES, SN_OP_FS_WATCH, SN_READ_ONLY, "fanotify_for", num(FAN_MODIFY),
			devices[i]);
	}
}

TEST(hidden_directories_are_hidden_from_calls_that_open_nothing)
{
	allowed("handle", "", "/srv/t1/f");
	hidden("handle", "", "f");
	allowed("open_tree", "", "/srv/t1/f");
	hidden("open_tree", "", "f");
	hidden("open", num(O_PATH), "d");
}

/* ---- changing ---- */

TEST(directory_entries_outside_cannot_be_changed)
{
	changing("mkdir", num(0755), "new", SN_OP_FS_MKDIR, SN_READ_ONLY);
	changing("rmdir", "", "d", SN_OP_FS_RMDIR, SN_READ_ONLY);
	changing("unlink", "", "f", SN_OP_FS_UNLINK, SN_READ_ONLY);
	changing("unlink", "", "l", SN_OP_FS_UNLINK, SN_READ_ONLY);
	changing("symlink", "f\t", "new", SN_OP_FS_SYMLINK, SN_READ_ONLY);
	changing("mknod", nums(S_IFIFO | 0644, 0), "new", SN_OP_FS_CREATE, SN_READ_ONLY);
}

TEST(a_tenant_cannot_remove_or_rename_its_own_directory)
{
	EXPECT_EQ(-EACCES, inside(t1, "rmdir", "/srv/t1"));
	EXPECT_EVENT(t1, SN_OP_FS_RMDIR, SN_READ_ONLY);
	EXPECT_EQ(-EACCES, inside(t1, "rename", "0 /srv/t1\t/srv/elsewhere"));
	EXPECT_EVENT(t1, SN_OP_FS_RENAME, SN_READ_ONLY);
	/* the control: it is t1's, in a directory of t1's */
	EXPECT_EQ(0, outside("rename", "0 /srv/t1\t/srv/elsewhere"));
	EXPECT_EQ(0, rename("/srv/elsewhere", "/srv/t1"));
}

static void rename_refused(int error, enum sn_op op, enum sn_why why, int flags, const char *from,
			   const char *to)
{
	lay_out();
	EXPECT_REFUSED(t1, error, op, why, "rename", "%d %s\t%s", flags, from, to);
}

TEST(renaming_checks_both_ends)
{
	const int exchange = RENAME_EXCHANGE;

	lay_out();
	EXPECT_ALLOWED(t1, "rename", "0 /srv/t1/f\t/srv/t1/d/f");
	EXPECT_ALLOWED(t1, "rename", "0 /srv/t1/d/f\t/srv/t1/f");
	EXPECT_ALLOWED(t1, "rename", "%d /srv/t1/f\t/srv/t1/d", exchange);
	lay_out();
	EXPECT_ALLOWED(t1, "rename", "0 /srv/t1/f\t/srv/t1/new");
	EXPECT_ALLOWED(t1, "rename", "0 /srv/rw/f\t/srv/t1/f");
	rename_refused(EACCES, SN_OP_FS_RENAME, SN_READ_ONLY, 0, "/srv/f", "/srv/t1/new");
	rename_refused(EACCES, SN_OP_FS_RENAME, SN_READ_ONLY, 0, "/srv/t1/f", "/srv/new");
	rename_refused(EACCES, SN_OP_FS_RENAME, SN_READ_ONLY, 0, "/srv/t1/f", "/srv/f");
	rename_refused(EACCES, SN_OP_FS_RENAME, SN_READ_ONLY, 0, "/srv/d", "/srv/t1/new");
	rename_refused(EACCES, SN_OP_FS_RENAME, SN_READ_ONLY, 0, "/srv/ro/f", "/srv/t1/f");
	rename_refused(EACCES, SN_OP_FS_RENAME, SN_READ_ONLY, 0, "/srv/t1/f", "/srv/ro/f");
	rename_refused(EACCES, SN_OP_FS_RENAME, SN_READ_ONLY, exchange, "/srv/t1/f", "/srv/f");
	rename_refused(EACCES, SN_OP_FS_RENAME, SN_READ_ONLY, exchange, "/srv/f", "/srv/t1/f");
	rename_refused(EACCES, SN_OP_FS_RENAME, SN_READ_ONLY, exchange, "/srv/t1/d", "/srv/d");
	rename_refused(EACCES, SN_OP_FS_RENAME, SN_READ_ONLY, exchange, "/srv/t1/f", "/srv/ro/f");
	rename_refused(EACCES, SN_OP_FS_RENAME, SN_READ_ONLY, exchange, "/srv/ro/f", "/srv/rw/f");
	rename_refused(ENOENT, SN_OP_FS_LOOKUP, SN_OUTSIDE, exchange, "/srv/t10/f", "/srv/t1/f");
	rename_refused(ENOENT, SN_OP_FS_LOOKUP, SN_OUTSIDE, 0, "/srv/t10/f", "/srv/t1/new");
	rename_refused(ENOENT, SN_OP_FS_LOOKUP, SN_OUTSIDE, 0, "/srv/t1/f", "/srv/t10/new");
	rename_refused(ENOENT, SN_OP_FS_LOOKUP, SN_OUTSIDE, exchange, "/srv/t1/f", "/srv/t10/f");
}

static void link_refused(int error, enum sn_op op, enum sn_why why, const char *from,
			 const char *to)
{
	lay_out();
	EXPECT_REFUSED(t1, error, op, why, "link", "%s\t%s", from, to);
}

TEST(linking_checks_both_ends)
{
	lay_out();
	EXPECT_ALLOWED(t1, "link", "/srv/t1/f\t/srv/t1/d/f");
	unlink("/srv/t1/d/f");
	EXPECT_ALLOWED(t1, "link", "/srv/rw/f\t/srv/t1/new");
	link_refused(EACCES, SN_OP_FS_LINK, SN_OUTSIDE, "/srv/f", "/srv/t1/new");
	link_refused(EACCES, SN_OP_FS_LINK, SN_READ_ONLY, "/srv/t1/f", "/srv/new");
	link_refused(EACCES, SN_OP_FS_LINK, SN_READ_ONLY, "/srv/ro/f", "/srv/t1/new");
	link_refused(EACCES, SN_OP_FS_LINK, SN_READ_ONLY, "/srv/t1/f", "/srv/ro/new");
	link_refused(ENOENT, SN_OP_FS_LOOKUP, SN_OUTSIDE, "/srv/t10/f", "/srv/t1/new");
	link_refused(ENOENT, SN_OP_FS_LOOKUP, SN_OUTSIDE, "/srv/t1/f", "/srv/t10/new");
}

/* The operator's own hard link shares a file on purpose: where a name hangs decides. */
TEST(a_hard_link_that_the_operator_made_belongs_to_where_it_hangs)
{
	lay_out();
	EXPECT_EQ(0, link("/srv/t10/f", "/srv/t1/shared"));
	EXPECT_ALLOWED(t1, "open", "%d /srv/t1/shared", O_RDWR);
	EXPECT_REFUSED(t1, ENOENT, SN_OP_FS_LOOKUP, SN_OUTSIDE, "open", "%d /srv/t10/f", O_RDWR);
	EXPECT_EQ(0, link("/srv/t1/f", "/srv/shared"));
	EXPECT_REFUSED(t1, EACCES, SN_OP_FS_OPEN_WRITE, SN_OUTSIDE, "open", "%d /srv/shared",
		       O_RDWR);
	EXPECT_EQ(0, unlink("/srv/shared"));
}

TEST(files_outside_cannot_be_truncated)
{
	changing("truncate", "", "f", SN_OP_FS_TRUNCATE, SN_OUTSIDE);
	allowed("ftruncate", "", "/srv/t1/f");
	refused(EACCES, SN_OP_FS_OPEN_WRITE, SN_OUTSIDE, "ftruncate", "", "/srv/f");
}

TEST(modes_outside_cannot_be_changed)
{
	changing("chmod", num(0640), "f", SN_OP_FS_CHMOD, SN_OUTSIDE);
	changing("chmod", num(0750), "d", SN_OP_FS_CHMOD, SN_OUTSIDE);
	allowed("fchmod", num(0640), "/srv/t1/f");
	refused(EACCES, SN_OP_FS_CHMOD, SN_READ_ONLY, "fchmod", num(0640), "/srv/ro/f");
	/* the directory itself is the tenant's, its parent is not */
	allowed("chmod", num(0755), "/srv/t1");
	refused(EACCES, SN_OP_FS_CHMOD, SN_READ_ONLY, "chmod", num(0755), "/srv");
	if (has("fchmodat2", num(0640), "/srv/t1/f"))
		changing("fchmodat2", num(0640), "f", SN_OP_FS_CHMOD, SN_OUTSIDE);
}

TEST(owners_outside_cannot_be_changed)
{
	changing("chown", "", "f", SN_OP_FS_CHOWN, SN_OUTSIDE);
	changing("lchown", "", "l", SN_OP_FS_CHOWN, SN_OUTSIDE);
	allowed("fchown", "", "/srv/t1/f");
	refused(EACCES, SN_OP_FS_CHOWN, SN_READ_ONLY, "fchown", "", "/srv/ro/f");
}

TEST(times_outside_cannot_be_changed)
{
	changing("utimes", "", "f", SN_OP_FS_UTIMES, SN_OUTSIDE);
	changing("lutimes", "", "l", SN_OP_FS_UTIMES, SN_OUTSIDE);
}

TEST(extended_attributes_outside_are_out_of_reach)
{
	looking("getxattr", "user.x\t", "f", SN_OP_FS_GETXATTR);
	looking("listxattr", "", "f", SN_OP_FS_GETXATTR);
	changing("setxattr", "user.x\t", "f", SN_OP_FS_SETXATTR, SN_OUTSIDE);
	changing("removexattr", "user.x\t", "f", SN_OP_FS_SETXATTR, SN_OUTSIDE);
	if (!has("listxattrat", "", "/srv/t1/f"))
		return;
	looking("getxattrat", "user.x\t", "f", SN_OP_FS_GETXATTR);
	looking("listxattrat", "", "f", SN_OP_FS_GETXATTR);
	changing("setxattrat", "user.x\t", "f", SN_OP_FS_SETXATTR, SN_OUTSIDE);
	changing("removexattrat", "user.x\t", "f", SN_OP_FS_SETXATTR, SN_OUTSIDE);
}

TEST(access_control_lists_outside_are_out_of_reach)
{
	looking("get_acl", "", "f", SN_OP_FS_GETXATTR);
	changing("set_acl", "", "f", SN_OP_FS_SETXATTR, SN_OUTSIDE);
	changing("remove_acl", "", "f", SN_OP_FS_SETXATTR, SN_OUTSIDE);
}

TEST(inode_flags_outside_are_out_of_reach)
{
	if (!has("file_getattr", "", "/srv/t1/f"))
		return;
	looking("file_getattr", "", "f", SN_OP_FS_GETFLAGS);
	hidden("file_setattr", "", "f");
	refused(EPERM, SN_OP_FS_SETFLAGS, SN_NEVER, "file_setattr", "", "/srv/ro/f");
	/* the kernel looks before it changes (fs/file_attr.c vfs_fileattr_set) */
	refused(ENOENT, SN_OP_FS_GETFLAGS, SN_OUTSIDE, "file_setattr", "", "/srv/f");
}

/* ---- paths ---- */

TEST(every_form_of_a_path_leads_to_the_same_answer)
{
	static const char *const beside[] = {
		"../f",
		"./../f",
		"d/../../f",
		"//srv//t1/..//f",
		"/srv/t1/./../f",
		"/proc/self/cwd/../f",
		"/proc/self/root/srv/f",
		"/dev/fd/../cwd/../f",
		"/proc/thread-self/root/srv/f",
		"/../srv/f",
	};
	static const char *const hidden_ones[] = {
		"../t10/f",
		"d/../../t10/f",
		"/srv/t1/../t10/f",
		"/srv/t10/../t10/f",
		"/srv/t10/../t1/f",
		"/proc/self/cwd/../t10/f",
		"/proc/self/root/srv/t10/f",
	};

	lay_out();
	EXPECT_ALLOWED(t1, "open", "0 f");
	EXPECT_ALLOWED(t1, "open", "0 d/../f");
	EXPECT_ALLOWED(t1, "open", "0 ../t1/f");
	EXPECT_ALLOWED(t1, "open", "0 /proc/self/cwd/f");
	for (size_t i = 0; i < sizeof(beside) / sizeof(*beside); i++)
		EXPECT_REFUSED(t1, ENOENT, SN_OP_FS_OPEN, SN_OUTSIDE, "open", "0 %s", beside[i]);
	for (size_t i = 0; i < sizeof(hidden_ones) / sizeof(*hidden_ones); i++)
		EXPECT_REFUSED(t1, ENOENT, SN_OP_FS_LOOKUP, SN_OUTSIDE, "open", "0 %s",
			       hidden_ones[i]);
}

TEST(paths_relative_to_a_descriptor_are_no_way_around)
{
	lay_out();
	EXPECT_ALLOWED(t1, "openat", "0 /srv/t1/d\t../f");
	EXPECT_ALLOWED(t1, "openat", "0 /srv\tt1/f");
	EXPECT_REFUSED(t1, ENOENT, SN_OP_FS_OPEN, SN_OUTSIDE, "openat", "0 /srv/t1\t../f");
	EXPECT_REFUSED(t1, ENOENT, SN_OP_FS_OPEN, SN_OUTSIDE, "openat", "0 /srv\tf");
	EXPECT_REFUSED(t1, ENOENT, SN_OP_FS_OPEN, SN_OUTSIDE, "openat", "%d /srv/t1\t..",
		       O_DIRECTORY);
	EXPECT_REFUSED(t1, ENOENT, SN_OP_FS_LOOKUP, SN_OUTSIDE, "openat", "0 /srv\tt10/f");
	/* O_PATH reaches the directory's name, but nothing in it */
	EXPECT_REFUSED(t1, ENOENT, SN_OP_FS_LOOKUP, SN_OUTSIDE, "openat", "0 /srv/t10\tf");
	EXPECT_REFUSED(t1, EACCES, SN_OP_FS_CREATE, SN_READ_ONLY, "openat", "%d /srv/t1\t../new",
		       O_WRONLY | O_CREAT);
}

TEST(openat2_restricts_itself_only)
{
	lay_out();
	EXPECT_ALLOWED(t1, "openat2", "0 %d f", RESOLVE_BENEATH);
	EXPECT_ALLOWED(t1, "openat2", "0 %d /f", RESOLVE_IN_ROOT);
	EXPECT_ALLOWED(t1, "openat2", "0 %d /srv/t1/f", RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV);
	EXPECT_EQ(-EXDEV, inside(t1, "openat2", "0 %d ../f", RESOLVE_BENEATH));
	EXPECT_REFUSED(t1, ENOENT, SN_OP_FS_OPEN, SN_OUTSIDE, "openat2", "0 %d /srv/f",
		       RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
	EXPECT_REFUSED(t1, ENOENT, SN_OP_FS_OPEN, SN_OUTSIDE, "openat2", "0 %d ../f",
		       RESOLVE_NO_XDEV);
}

TEST(symbolic_links_lead_nowhere_else)
{
	lay_out();
	put_link("f", "/srv/t1/to_f");
	put_link("/srv/t1/f", "/srv/t1/absolute");
	put_link("/srv/f", "/srv/t1/beside");
	put_link("../t10/f", "/srv/t1/hidden");
	put_link("../t1/d/b", "/srv/t1/a");
	put_link("../c", "/srv/t1/d/b");
	put_link("../t1/hidden", "/srv/t1/c");
	put_link("/srv/t10", "/srv/t1/dir");
	EXPECT_ALLOWED(t1, "open", "0 /srv/t1/to_f");
	EXPECT_ALLOWED(t1, "open", "0 /srv/t1/absolute");
	EXPECT_ALLOWED(t1, "readlink", "/srv/t1/hidden");
	EXPECT_ALLOWED(t1, "lstat", "/srv/t1/hidden");
	EXPECT_REFUSED(t1, ENOENT, SN_OP_FS_OPEN, SN_OUTSIDE, "open", "0 /srv/t1/beside");
	EXPECT_REFUSED(t1, EACCES, SN_OP_FS_OPEN_WRITE, SN_OUTSIDE, "open", "1 /srv/t1/beside");
	EXPECT_REFUSED(t1, EACCES, SN_OP_FS_CHMOD, SN_OUTSIDE, "chmod", "416 /srv/t1/beside");
	EXPECT_REFUSED(t1, ENOENT, SN_OP_FS_STAT, SN_OUTSIDE, "stat", "/srv/t1/beside");
	EXPECT_REFUSED(t1, ENOENT, SN_OP_FS_LOOKUP, SN_OUTSIDE, "open", "0 /srv/t1/hidden");
	EXPECT_REFUSED(t1, ENOENT, SN_OP_FS_LOOKUP, SN_OUTSIDE, "open", "0 /srv/t1/a");
	EXPECT_REFUSED(t1, ENOENT, SN_OP_FS_LOOKUP, SN_OUTSIDE, "open", "0 /srv/t1/dir/f");
	EXPECT_REFUSED(t1, ENOENT, SN_OP_FS_OPEN, SN_OUTSIDE, "list", "/srv/t1/dir");
}

TEST(a_dangling_link_creates_nothing_outside_and_can_be_turned)
{
	lay_out();
	put_link("/srv/new", "/srv/t1/dangling");
	EXPECT_EQ(-ENOENT, inside(t1, "open", "0 /srv/t1/dangling"));
	EXPECT_REFUSED(t1, EACCES, SN_OP_FS_CREATE, SN_READ_ONLY, "open", "%d /srv/t1/dangling",
		       O_WRONLY | O_CREAT);
	put_file("/srv/new");
	EXPECT_REFUSED(t1, ENOENT, SN_OP_FS_OPEN, SN_OUTSIDE, "open", "0 /srv/t1/dangling");
	put_link("/srv/t1/f", "/srv/t1/dangling");
	EXPECT_ALLOWED(t1, "open", "0 /srv/t1/dangling");
	put_link("/srv/t10/f", "/srv/t1/dangling");
	EXPECT_REFUSED(t1, ENOENT, SN_OP_FS_LOOKUP, SN_OUTSIDE, "open", "0 /srv/t1/dangling");
}

TEST(ancestors_can_be_stated_but_not_listed)
{
	static const char *const ancestors[] = { "/", "/srv" };

	for (int i = 0; i < 2; i++) {
		const char *dir = ancestors[i];

		EXPECT_ALLOWED(t1, "stat", "%s", dir);
		EXPECT_ALLOWED(t1, "lstat", "%s", dir);
		EXPECT_ALLOWED(t1, "access", "%d %s", F_OK, dir);
		EXPECT_ALLOWED(t1, "access", "%d %s", X_OK, dir);
		EXPECT_ALLOWED(t1, "statfs", "%s", dir);
		EXPECT_REFUSED(t1, ENOENT, SN_OP_FS_OPEN, SN_OUTSIDE, "list", "%s", dir);
		EXPECT_REFUSED(t1, ENOENT, SN_OP_FS_ACCESS, SN_OUTSIDE, "access", "%d %s", R_OK,
			       dir);
		EXPECT_REFUSED(t1, ENOENT, SN_OP_FS_LOOKUP, SN_OUTSIDE, "watch", "%s", dir);
		EXPECT_REFUSED(t1, ENOENT, SN_OP_FS_GETXATTR, SN_OUTSIDE, "listxattr", "%s", dir);
	}
}

/*
 * The limit of hiding: the kernel looks the last name of a path up before it asks a hook. So in
 * an ancestor a name that is taken can be told from one that is free by these calls, and not by
 * any that reads, lists or stats; below a hidden directory by none.
 */
TEST(names_in_an_ancestor_can_be_guessed_by_creating_them)
{
	lay_out();
	EXPECT_EQ(-EEXIST, inside(t1, "mkdir", "493 /srv/t10"));
	EXPECT_EQ(-EACCES, inside(t1, "mkdir", "493 /srv/none"));
	EXPECT_EQ(0, inside(t1, "open", "%d /srv/t10", O_PATH));
	EXPECT_EQ(-ENOENT, inside(t1, "open", "%d /srv/none", O_PATH));
	EXPECT_EQ(-ENOENT, inside(t1, "mkdir", "493 /srv/t10/f"));
	EXPECT_EQ(-ENOENT, inside(t1, "mkdir", "493 /srv/t10/none"));
}

TEST(names_may_be_long_and_hold_any_byte)
{
	char long_name[256] = {}, odd_name[256] = {};
	int used = 0;

	memset(long_name, 'n', 255);
	for (int c = 1; c < 256; c++)
		if (c != '/' && c != '\t' && used < 250)
			odd_name[used++] = c;
	for (int i = 0; i < 2; i++) {
		const char *name = i ? odd_name : long_name;

		EXPECT_ALLOWED(t1, "open", "%d /srv/t1/%s", O_WRONLY | O_CREAT, name);
		EXPECT_ALLOWED(t1, "stat", "/srv/t1/%s", name);
		EXPECT_ALLOWED(t1, "rename", "0 /srv/t1/%s\t/srv/t1/other", name);
		EXPECT_ALLOWED(t1, "unlink", "/srv/t1/other");
		put_file(in("/srv", name));
		EXPECT_REFUSED(t1, ENOENT, SN_OP_FS_OPEN, SN_OUTSIDE, "open", "0 /srv/%s", name);
		unlink(in("/srv", name));
	}
}

/* ---- ordinary work ---- */

#define STEP(call)                                            \
	do {                                                  \
		if ((call) < 0) {                             \
			long error_ = -errno;                 \
			dprintf(2, "# refused: %s\n", #call); \
			return error_;                        \
		}                                             \
	} while (0)

/* What programs do with a file of their own, also after its name is gone. */
PROBE(work_with_one_file)
{
	sn_autoclose int fd = open("work", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	char bytes[4], self[32];
	struct stat st;

	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	STEP(fd);
	STEP(write(fd, "1234", 4));
	STEP(fsync(fd));
	STEP(flock(fd, LOCK_EX | LOCK_NB));
	STEP(posix_fallocate(fd, 0, 8192) ? -1 : 0);
	STEP(fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 16384));
	STEP(ftruncate(fd, 4));
	STEP(fchmod(fd, 0640));
	STEP(futimens(fd, NULL));
	STEP(fsetxattr(fd, "user.note", "v", 1, 0));
	STEP(unlink("work"));
	STEP(fstat(fd, &st));
	STEP(pread(fd, bytes, 4, 0));
	STEP(pwrite(fd, "5", 1, 0));
	STEP(ftruncate(fd, 2));
	STEP(fchmod(fd, 0600));
	STEP(fcntl(fd, F_SETFL, O_APPEND | O_NONBLOCK));
	STEP(opened(open(self, O_RDWR)));
	return 0;
}

/* A build: directories, links, a package renamed into place, a list, removal. */
PROBE(work_with_a_tree)
{
	struct stat st;

	STEP(mkdir("pkg.tmp", 0755));
	STEP(mkdir("pkg.tmp/lib", 0755));
	STEP(opened(open("pkg.tmp/lib/a", O_WRONLY | O_CREAT, 0755)));
	STEP(link("pkg.tmp/lib/a", "pkg.tmp/lib/b"));
	STEP(symlink("../lib/a", "pkg.tmp/lib/c"));
	STEP(mkfifo("pkg.tmp/pipe", 0600));
	STEP(rename("pkg.tmp", "pkg"));
	STEP(stat("pkg/lib/c", &st));
	STEP(chmod("pkg/lib", 0700));
	STEP(opened(open("pkg/lib", O_RDONLY | O_DIRECTORY)));
	STEP(access("pkg/lib/b", R_OK | W_OK | X_OK));
	STEP(unlink("pkg/lib/a"));
	STEP(unlink("pkg/lib/b"));
	STEP(unlink("pkg/lib/c"));
	STEP(unlink("pkg/pipe"));
	STEP(rmdir("pkg/lib"));
	STEP(rmdir("pkg"));
	return 0;
}

PROBE(resolve_own_directory)
{
	char path[PATH_MAX];

	if (!realpath("d/..", path) || strcmp(path, "/srv/t1") || !getcwd(path, sizeof(path)))
		return -errno;
	return strcmp(path, "/srv/t1") ? -ERANGE : 0;
}

TEST(ordinary_work_inside_succeeds)
{
	lay_out();
	EXPECT_ALLOWED(t1, "work_with_one_file", " ");
	EXPECT_ALLOWED(t1, "work_with_a_tree", " ");
	EXPECT_ALLOWED(t1, "resolve_own_directory", " ");
}

/* Makes or walks a chain of directories called d, and works at its end. */
PROBE(deep) /* LEVELS DIRECTORY */
{
	long levels = number(&arg);
	int fd = open(arg, O_RDONLY | O_DIRECTORY | O_CLOEXEC), next;
	struct stat st;

	for (long i = 0; fd >= 0 && i < levels; i++) {
		if (mkdirat(fd, "d", 0755) && errno != EEXIST)
			return -errno;
		next = openat(fd, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		close(fd);
		fd = next;
	}
	STEP(fd);
	STEP(opened(openat(fd, "f", O_WRONLY | O_CREAT | O_CLOEXEC, 0644)));
	STEP(fstatat(fd, "f", &st, 0));
	STEP(faccessat(fd, "f", R_OK, 0));
	STEP(fchmodat(fd, "f", 0600, 0));
	STEP(renameat(fd, "f", fd, "g"));
	STEP(unlinkat(fd, "g", 0));
	close(fd);
	return 0;
}

TEST(deep_trees_work)
{
	/* on both sides of where the slower walk begins */
	for (int levels = SN_WALK_FAST - 2; levels <= SN_WALK_FAST + 2; levels++)
		EXPECT_ALLOWED(t1, "deep", "%d /srv/t1", levels);
	EXPECT_ALLOWED(t1, "deep", "200 /srv/t1");
}

/* A tree whose end no path of 4096 bytes reaches; works there, or opens what is there. */
PROBE(long_path) /* FLAGS DIRECTORY */
{
	int flags = number(&arg), fd = open(arg, O_PATH | O_DIRECTORY | O_CLOEXEC), next;
	char name[251] = {};

	memset(name, 'n', 250);
	for (int i = 0; fd >= 0 && i < 20; i++) {
		mkdirat(fd, name, 0755);
		next = openat(fd, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (next < 0)
			next = -errno;
		close(fd);
		fd = next;
	}
	if (fd < 0)
		return fd;
	next = opened(openat(fd, "f", flags | O_CLOEXEC, 0644));
	close(fd);
	return next;
}

TEST(paths_longer_than_the_kernel_takes_at_once_are_no_way_around)
{
	const int create = O_WRONLY | O_CREAT;

	EXPECT_ALLOWED(t1, "long_path", "%d /srv/t1", create);
	EXPECT_EQ(0, outside("long_path", "%d /srv/ro", create));
	EXPECT_EQ(0, outside("long_path", "%d /srv/t10", create));
	EXPECT_EQ(0, inside(t1, "long_path", "%d /srv/ro", O_RDONLY));
	EXPECT_REFUSED(t1, EACCES, SN_OP_FS_OPEN_WRITE, SN_READ_ONLY, "long_path", "%d /srv/ro",
		       O_WRONLY);
	EXPECT_TRUE(t1->event.path_cut);
	EXPECT_REFUSED(t1, ENOENT, SN_OP_FS_LOOKUP, SN_OUTSIDE, "long_path", "0 /srv/t10");
	if (system("rm -rf /srv/ro/n*"))
		FAIL("rm");
}

/* The tree is made from outside, and the tenant is handed its end: walking costs square time. */
TEST(a_tree_three_thousand_levels_deep_works)
{
	int fd = open("/srv/t2", O_RDONLY | O_DIRECTORY | O_CLOEXEC), next;
	struct tenant *t;

	for (int i = 0; fd >= 0 && i < 3000; i++) {
		if (mkdirat(fd, "d", 0777))
			break;
		next = openat(fd, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		close(fd);
		fd = next;
	}
	if (fd < 0 || fchown(fd, 2002, 2002) || dup2(fd, 50) != 50)
		GIVE_UP("making the tree: %s", strerror(errno));
	t = tenant_start("t2", "--keep-fd", "50", NULL);
	EXPECT_ALLOWED(t, "deep", "2 /proc/self/fd/50");
}

TEST(a_process_in_no_tenant_notices_nothing)
{
	struct sn_counters before = tenant_counters(t1), now;

	lay_out();
	EXPECT_EQ('t', outside("read_byte", "/srv/t10/f"));
	EXPECT_EQ(0, outside("open", "%d /proc/self/mem", O_RDWR));
	EXPECT_EQ(0, outside("stat", "/proc/1"));
	now = tenant_counters(t1);
	EXPECT_EQ(0, memcmp(&before, &now, sizeof(now)));
}
