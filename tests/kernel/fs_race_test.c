// SPDX-License-Identifier: GPL-2.0-only
/*
 * bpf/walk.bpf.h and bpf/fs.bpf.c against a tenant whose threads change what a path means while
 * others use it. What counts is not an errno but what was reached: bytes, sizes and links outside,
 * and what root finds there afterwards. The control, the same race unconfined, must reach it.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <sys/mount.h>

#include "fs_places.h"

/* attempts of all threads of a race together, at least; and those that do where nothing refuses */
#define ROUNDS	sn_test_rounds(100000)
#define CONTROL 10000

/*
 * On tmpfs, where renames are cheap. The tenant's is t, with all that the races move; f and o/f
 * beside it begin with another letter than every file inside.
 */
#define RACE	"/srv/race"
#define TENANT	RACE "/t"
#define INSIDE	"in\n"
#define OUTSIDE "outside\n"

static struct tenant *t1;

static void put_text(const char *path, const char *text)
{
	int fd;

	put_file(path);
	fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		GIVE_UP("writing %s: %s", path, strerror(errno));
	close(fd);
}

static void lay_out_race(void)
{
	static const char *const dirs[] = { "o",     "t/o",	"t/a",	    "t/a/x",  "t/a/x/y",
					    "t/dir", "t/first", "t/second", "t/empty" };
	static const char *const files[] = { "t/f",	"t/o/f", "t/a/f",     "t/a/x/y/f",
					     "t/dir/f", "t/b",	 "t/first/f", "t/second/f" };

	if (system("rm -rf " RACE "/[!t]* " TENANT "/*"))
		GIVE_UP("cannot empty " RACE);
	for (size_t i = 0; i < sizeof(dirs) / sizeof(*dirs); i++)
		put_dir(in(RACE, dirs[i]));
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		put_text(in(RACE, files[i]), INSIDE);
	put_text(RACE "/f", OUTSIDE);
	put_text(RACE "/o/f", OUTSIDE);
	put_link("f", TENANT "/in");
	put_link("../f", TENANT "/out");
	put_link("../o/f", TENANT "/hidden");
	put_link("..", TENANT "/up");
	put_link("first", TENANT "/current");
}

SETUP()
{
	umount2(RACE, MNT_DETACH);
	put_dir(RACE);
	if (mount("none", RACE, "tmpfs", 0, "mode=0755"))
		SKIP("tmpfs");
	give_to_t1(RACE);
	put_dir(TENANT);
	t1 = tenant_start("t1", "--dir", TENANT, NULL);
}

/* ---- the threads ---- */

static struct {
	atomic_long left; /* rounds to go */
	atomic_long outside, inside, neither;
	atomic_bool over;    /* no rounds left: the movers end as well */
	int tenant, a, deep; /* directories: t, t/a, t/a/x/y */
	ino_t f, hidden;     /* the two files outside */
} race;

/* Each thread has one, however the machine schedules them. */
static bool next_round(void)
{
	static _Thread_local bool had_one;
	bool first = !had_one;

	had_one = true;
	return atomic_fetch_sub(&race.left, 1) > 0 || first;
}

/* What a call returned that can reach nothing outside. */
static void tried(int result)
{
	atomic_fetch_add(result < 0 ? &race.neither : &race.inside, 1);
}

static void reached(int result, const struct stat *st)
{
	if (!result && (st->st_ino == race.f || st->st_ino == race.hidden))
		atomic_fetch_add(&race.outside, 1);
	else
		tried(result);
}

/* By reading: to stat what was opened is refused once more. */
static void reached_by(int fd)
{
	char byte = 0;

	if (fd >= 0 && read(fd, &byte, 1) == 1 && byte == *OUTSIDE)
		atomic_fetch_add(&race.outside, 1);
	else
		tried(fd);
	if (fd >= 0)
		close(fd);
}

typedef void *body(void *);

/* The movers change the tree until the others have used up all rounds. */
static long run_race(const char *arg, body *const movers[2], body *const others[4])
{
	pthread_t thread[6];

	race.left = number(&arg);
	race.f = number(&arg);
	race.hidden = number(&arg);
	race.tenant = open(TENANT, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	race.a = open(TENANT "/a", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	race.deep = open(TENANT "/a/x/y", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	race.outside = race.inside = race.neither = race.over = 0;
	if (race.tenant < 0 || race.a < 0 || race.deep < 0)
		return could_not_try("opening the directories");
	for (int i = 0; i < 6; i++)
		if (pthread_create(&thread[i], NULL, i < 2 ? movers[i] : others[i - 2], NULL))
			return could_not_try("thread %d", i);
	for (int i = 2; i < 6; i++)
		pthread_join(thread[i], NULL);
	race.over = true;
	pthread_join(thread[0], NULL);
	pthread_join(thread[1], NULL);
	close(race.tenant);
	close(race.a);
	close(race.deep);
	return race.outside;
}

/* What the tenant's last race counted besides. */
PROBE(count) /* WHICH */
{
	if (!strcmp(arg, "inside"))
		return race.inside;
	return !strcmp(arg, "neither") ? race.neither : could_not_try("no '%s'", arg);
}

/* ---- what is outside ---- */

static bool is_as_laid_out(const char *path)
{
	struct stat st;

	return !lstat(path, &st) && S_ISREG(st.st_mode) && st.st_size == strlen(OUTSIDE) &&
	       (st.st_mode & 07777) == 0644 && st.st_nlink == 1;
}

static int entries(const char *path)
{
	DIR *dir = opendir(path);
	int nr = 0;

	while (dir && readdir(dir))
		nr++;
	if (dir)
		closedir(dir);
	return nr - 2;
}

/* Two files with nothing changed, and nothing new beside them. */
static bool outside_is_as_laid_out(void)
{
	return is_as_laid_out(RACE "/f") && is_as_laid_out(RACE "/o/f") && entries(RACE) == 3 &&
	       entries(RACE "/o") == 1 && entries(TENANT) > 3;
}

static const char *inodes(void)
{
	struct stat f, hidden;

	if (stat(RACE "/f", &f) || stat(RACE "/o/f", &hidden))
		GIVE_UP("nothing is outside: %s", strerror(errno));
	return nums(f.st_ino, hidden.st_ino);
}

/* @probe: a race in which nothing outside may be reached or changed. */
static void expect_race_lost(const char *probe, int rounds)
{
	lay_out_race();
	EXPECT_EQ(0, inside(t1, probe, "%d %s", rounds, inodes()));
	EXPECT_TRUE(outside_is_as_laid_out());
	EXPECT_TRUE(inside(t1, "count", "inside") > 0);
	EXPECT_TRUE(inside(t1, "count", "neither") > 0);
	lay_out_race();
	EXPECT_TRUE(outside(probe, "%d %s", CONTROL, inodes()) > 0);
	EXPECT_TRUE(!outside_is_as_laid_out());
}

/* ---- a path leads elsewhere from one moment to the next ---- */

static void exchange(const char *a, const char *b)
{
	renameat2(race.tenant, a, race.tenant, b, RENAME_EXCHANGE);
}

/* Links in and out, a file and a link out, a directory and a link upwards. */
static void *exchange_targets(void *unused)
{
	while (!race.over) {
		exchange("in", "out");
		exchange("b", "hidden");
		exchange("dir", "up");
	}
	return unused;
}

/* By a link that is made anew, as programs do. */
static void *replace_link(void *unused)
{
	while (!race.over) {
		symlinkat("../f", race.tenant, "next");
		renameat(race.tenant, "next", race.tenant, "out");
		symlinkat("f", race.tenant, "next");
		renameat(race.tenant, "next", race.tenant, "out");
	}
	return unused;
}

static const char *const swapped[] = { TENANT "/out", TENANT "/hidden", TENANT "/up/f" };

static void *open_swapped(void *unused)
{
	for (int i = 0; next_round(); i++)
		reached_by(open(swapped[i % 3], (i & 1 ? O_RDWR : O_RDONLY) | O_CLOEXEC));
	return unused;
}

static void *stat_swapped(void *unused)
{
	struct stat st;

	for (int i = 0; next_round(); i++)
		reached(stat(swapped[i % 3], &st), &st);
	return unused;
}

/* Root sees whether these reached anything outside. */
static void *change_swapped(void *unused)
{
	for (int i = 0; next_round(); i++) {
		truncate(swapped[i % 3], 1);
		chmod(swapped[i % 3], 0600);
	}
	return unused;
}

static void *link_swapped(void *unused)
{
	struct stat st;

	for (int i = 0; next_round(); i++) {
		if (linkat(AT_FDCWD, swapped[i % 3], race.tenant, "new", AT_SYMLINK_FOLLOW))
			continue;
		reached(fstatat(race.tenant, "new", &st, 0), &st);
		unlinkat(race.tenant, "new", 0);
	}
	return unused;
}

PROBE(targets_change) /* ROUNDS INODE INODE */
{
	return run_race(
		arg, (body *const[]){ exchange_targets, replace_link },
		(body *const[]){ open_swapped, stat_swapped, change_swapped, link_swapped });
}

TEST(a_link_that_changes_while_it_is_followed_leads_nowhere_else)
{
	expect_race_lost("targets_change", ROUNDS);
}

/* ---- directories move while paths lead through them ---- */

/* A deep tree goes up and down, so that its ".." lead to the tenant's directory or beyond. */
static void *move_up_and_down(void *unused)
{
	while (!race.over) {
		renameat(race.a, "x", race.tenant, "x");
		renameat(race.tenant, "x", race.a, "x");
	}
	return unused;
}

/* And what it hangs in goes across. */
static void *move_across(void *unused)
{
	while (!race.over) {
		renameat(race.tenant, "a", race.tenant, "first/a");
		renameat(race.tenant, "first/a", race.tenant, "a");
		exchange("a", "second");
		exchange("second", "a");
	}
	return unused;
}

/* From t/a/x/y these lie in the tenant's directory, from t/x/y outside. */
static const char *const upwards[] = { "../../../f", "../../../o/f", "../../../../f" };

static void *open_upwards(void *unused)
{
	for (int i = 0; next_round(); i++)
		reached_by(openat(race.deep, upwards[i % 3], O_RDONLY | O_CLOEXEC));
	return unused;
}

static void *stat_upwards(void *unused)
{
	struct stat st;

	for (int i = 0; next_round(); i++)
		reached(fstatat(race.deep, upwards[i % 3], &st, 0), &st);
	return unused;
}

/* In two steps, with the tree moved in between. */
static void *open_by_steps(void *unused)
{
	while (next_round()) {
		int up = openat(race.deep, "../../..", O_PATH | O_DIRECTORY | O_CLOEXEC);

		reached_by(openat(up, "f", O_RDONLY | O_CLOEXEC));
		close(up);
	}
	return unused;
}

/* Root sees what these leave outside. */
static void *change_upwards(void *unused)
{
	for (int i = 0; next_round(); i++) {
		close(openat(race.deep, "../../../new", O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
		mkdirat(race.deep, "../../../new.d", 0755);
		renameat(race.deep, "f", race.deep, "../../../stolen");
		renameat(race.deep, "../../../stolen", race.deep, "f");
		fchmodat(race.deep, upwards[i % 3], 0600, 0);
	}
	return unused;
}

PROBE(directories_move) /* ROUNDS INODE INODE */
{
	return run_race(
		arg, (body *const[]){ move_up_and_down, move_across },
		(body *const[]){ open_upwards, stat_upwards, open_by_steps, change_upwards });
}

TEST(a_directory_that_moves_while_it_is_walked_leads_nowhere_else)
{
	expect_race_lost("directories_move", ROUNDS);
}

/* ---- entries come and go while others take them ---- */

static void *link_and_unlink(void *unused)
{
	while (!race.over) {
		linkat(race.tenant, "f", race.tenant, "name", 0);
		unlinkat(race.tenant, "name", 0);
	}
	return unused;
}

static void *rename_and_unlink(void *unused)
{
	while (!race.over) {
		close(openat(race.tenant, "name", O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
		renameat(race.tenant, "name", race.tenant, "other");
		unlinkat(race.tenant, "other", 0);
	}
	return unused;
}

/* Whatever file ../f is by now: where nothing refuses, the other threads soon replace it. */
static void *take_in(void *unused)
{
	while (next_round()) {
		struct stat st;

		if (!linkat(race.tenant, "../f", race.tenant, "name", 0) ||
		    !renameat(race.tenant, "../f", race.tenant, "name"))
			atomic_fetch_add(&race.outside, 1);
		tried(fstatat(race.tenant, "name", &st, 0));
	}
	return unused;
}

static void *take_out(void *unused)
{
	while (next_round()) {
		renameat(race.tenant, "name", race.tenant, "../name");
		linkat(race.tenant, "name", race.tenant, "../o/name", 0);
		renameat2(race.tenant, "name", race.tenant, "../f", RENAME_EXCHANGE);
	}
	return unused;
}

static void *remove_outside(void *unused)
{
	while (next_round()) {
		unlinkat(race.tenant, "../o/f", 0);
		renameat(race.tenant, "other", race.tenant, "../f");
	}
	return unused;
}

PROBE(entries_come_and_go) /* ROUNDS INODE INODE */
{
	return run_race(arg, (body *const[]){ link_and_unlink, rename_and_unlink },
			(body *const[]){ take_in, take_in, take_out, remove_outside });
}

TEST(entries_that_come_and_go_cannot_be_carried_across_the_border)
{
	expect_race_lost("entries_come_and_go", ROUNDS / 2);
}

/* ---- what is allowed stays allowed ---- */

static void *replace_directory(void *unused)
{
	while (!race.over) {
		symlinkat("first", race.tenant, "next");
		renameat(race.tenant, "next", race.tenant, "current");
		symlinkat("second", race.tenant, "next");
		renameat(race.tenant, "next", race.tenant, "current");
		exchange("first", "second");
	}
	return unused;
}

/* The one that was there is gone at once, while others are walking through it. */
static void *replace_empty(void *unused)
{
	while (!race.over) {
		mkdirat(race.tenant, "next.d", 0755);
		renameat(race.tenant, "next.d", race.tenant, "empty");
	}
	return unused;
}

static void *move_all(void *unused)
{
	while (!race.over) {
		renameat(race.a, "x", race.tenant, "x");
		linkat(race.tenant, "f", race.tenant, "name", 0);
		renameat(race.tenant, "a", race.tenant, "o/a");
		renameat(race.tenant, "x", race.a, "x");
		unlinkat(race.tenant, "name", 0);
		renameat(race.tenant, "o/a", race.tenant, "a");
	}
	return unused;
}

/* There at every moment. */
static void *use_deep(void *unused)
{
	struct stat st;

	while (next_round()) {
		reached_by(openat(race.deep, "f", O_RDWR | O_CLOEXEC));
		reached_by(openat(race.deep, "../y/f", O_RDONLY | O_CLOEXEC));
		tried(fstatat(race.deep, "f", &st, 0));
		tried(faccessat(race.deep, "f", R_OK | W_OK, 0));
		tried(fchmodat(race.deep, "f", 0644, 0));
	}
	return unused;
}

static void *use_by_path(void *unused)
{
	struct stat st;

	while (next_round()) {
		reached_by(open(TENANT "/current/f", O_RDONLY | O_CLOEXEC));
		reached_by(open(TENANT "/first/f", O_RDONLY | O_CLOEXEC));
		tried(stat(TENANT "/current/.", &st));
		tried(access(TENANT "/f", R_OK | W_OK));
	}
	return unused;
}

PROBE(everything_moves) /* ROUNDS INODE INODE */
{
	return run_race(arg, (body *const[]){ replace_directory, move_all },
			(body *const[]){ use_deep, use_deep, use_by_path, use_by_path });
}

/* Never refused, not even in a walk that the kernel repeats. */
static void expect_race_won(const char *probe, int rounds)
{
	lay_out_race();
	EXPECT_ALLOWED(t1, probe, "%d %s", rounds, inodes());
	EXPECT_EQ(0, inside(t1, "count", "neither"));
	EXPECT_TRUE(inside(t1, "count", "inside") >= ROUNDS);
}

TEST(what_is_inside_is_never_refused_while_directories_move)
{
	expect_race_won("everything_moves", ROUNDS / 4);
}

static void *use_empty(void *unused)
{
	struct stat st;

	while (next_round())
		tried(stat(TENANT "/empty/.", &st));
	return unused;
}

PROBE(a_directory_is_replaced) /* ROUNDS INODE INODE */
{
	return run_race(arg, (body *const[]){ replace_empty, replace_empty },
			(body *const[]){ use_empty, use_empty, use_empty, use_empty });
}

TEST(a_directory_is_never_refused_while_another_takes_its_place)
{
	expect_race_won("a_directory_is_replaced", ROUNDS);
}
