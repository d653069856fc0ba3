// SPDX-License-Identifier: GPL-2.0-only
/*
 * bpf/walk.bpf.h, sn_access_by_steps(): files of the baseline that come, go and are turned to while
 * a tenant runs, and those whom somebody else than root has put there.
 */
#include <pwd.h>
#include <sys/mount.h>

#include "fs_places.h"

static struct tenant *t1;
static uid_t resolver; /* to whom systemd gives /run/systemd/resolve */

/* The machine's own; nothing is there when the tenant starts. */
static void forget(void)
{
	if (system("umount -q /run/systemd 2>/dev/null; rm -rf /run/systemd /run/NetworkManager "
		   "/run/resolvconf"))
		GIVE_UP("rm");
}

static bool is_spare(void)
{
	return !access("/run/vm/command", F_OK);
}

SETUP()
{
	if (is_spare()) {
		if (!getpwnam("systemd-resolve") &&
		    system("echo systemd-resolve:x:2101:2101::/: >>/etc/passwd"))
			GIVE_UP("/etc/passwd");
		if (system("cp -a /etc/resolv.conf /etc/resolv.conf.kept"))
			GIVE_UP("/etc/resolv.conf");
		resolver = getpwnam("systemd-resolve")->pw_uid;
		forget();
	}
	t1 = tenant_start("t1", NULL);
}

static void belongs_to(const char *path, uid_t uid, mode_t mode)
{
	if (lchown(path, uid, uid) || (mode && chmod(path, mode)))
		GIVE_UP("chown %s: %s", path, strerror(errno));
}

static void put_roots_dir(const char *path)
{
	put_dir(path);
	belongs_to(path, 0, 0755);
}

static void put_roots_file(const char *path)
{
	put_file(path);
	belongs_to(path, 0, 0644);
}

static void put_roots_link(const char *target, const char *path)
{
	put_link(target, path);
	belongs_to(path, 0, 0);
}

/* Root turns /etc/resolv.conf, as all programs do that have it as a link. */
static void turn_to(const char *target)
{
	put_roots_link(target, "/etc/resolv.conf.new");
	EXPECT_EQ(0, rename("/etc/resolv.conf.new", "/etc/resolv.conf"));
}

static void put_back(void)
{
	if (system("cp -a /etc/resolv.conf.kept /etc/resolv.conf.new &&"
		   "mv -T /etc/resolv.conf.new /etc/resolv.conf"))
		GIVE_UP("/etc/resolv.conf");
	forget();
}

static void need_spare_machine(void)
{
	if (!is_spare())
		SKIP("a machine that can spare its /etc and /run (tests/vm/run)");
	put_back();
}

static void systemd_resolved_starts(uid_t uid)
{
	put_roots_dir("/run/systemd");
	put_roots_dir("/run/systemd/resolve");
	put_roots_file("/run/systemd/resolve/resolv.conf");
	put_roots_file("/run/systemd/resolve/stub-resolv.conf");
	belongs_to("/run/systemd/resolve/resolv.conf", uid, 0644);
	belongs_to("/run/systemd/resolve/stub-resolv.conf", uid, 0644);
	belongs_to("/run/systemd/resolve", uid, 0755);
}

#define STUB	"/run/systemd/resolve/stub-resolv.conf"
#define UPLINKS "/run/systemd/resolve/resolv.conf"

#define EXPECT_MISSING(op, path) EXPECT_REFUSED(t1, ENOENT, op, SN_OUTSIDE, "open", "0 %s", path)

TEST(name_servers_are_found_wherever_resolv_conf_is_turned_to)
{
	need_spare_machine();
	EXPECT_ALLOWED(t1, "open", "0 /etc/resolv.conf");
	turn_to("../run/systemd/resolve/stub-resolv.conf");
	EXPECT_EQ(-ENOENT, inside(t1, "open", "0 /etc/resolv.conf"));
	systemd_resolved_starts(resolver);
	EXPECT_ALLOWED(t1, "open", "0 /etc/resolv.conf");
	EXPECT_ALLOWED(t1, "read_byte", "/etc/resolv.conf");
	EXPECT_ALLOWED(t1, "readlink", "/etc/resolv.conf");
	EXPECT_ALLOWED(t1, "stat", "/etc/resolv.conf");
	EXPECT_ALLOWED(t1, "access", "%d /etc/resolv.conf", R_OK);
	turn_to("/run/systemd/resolve/resolv.conf");
	EXPECT_ALLOWED(t1, "open", "0 /etc/resolv.conf");
	put_roots_dir("/run/resolvconf");
	put_roots_file("/run/resolvconf/resolv.conf");
	turn_to("../run/resolvconf/resolv.conf");
	EXPECT_ALLOWED(t1, "open", "0 /etc/resolv.conf");
	put_roots_file("/etc/resolv.conf.new");
	EXPECT_EQ(0, rename("/etc/resolv.conf.new", "/etc/resolv.conf"));
	EXPECT_ALLOWED(t1, "open", "0 /etc/resolv.conf");
	put_back();
}

/* As /var/run is a link everywhere, but not in every image. */
TEST(name_servers_are_found_by_the_old_name_of_run)
{
	bool had;

	need_spare_machine();
	had = !rename("/var/run", "/var/run.kept");
	put_roots_dir("/run/NetworkManager");
	put_roots_file("/run/NetworkManager/resolv.conf");
	put_roots_link("/run", "/var/run");
	turn_to("/var/run/NetworkManager/resolv.conf");
	EXPECT_ALLOWED(t1, "open", "0 /etc/resolv.conf");
	EXPECT_ALLOWED(t1, "readlink", "/var/run");
	unlink("/var/run");
	put_roots_dir("/var/run");
	EXPECT_REFUSED(t1, ENOENT, SN_OP_FS_OPEN, SN_OUTSIDE, "list", "/var/run");
	rmdir("/var/run");
	put_roots_file("/var/run");
	EXPECT_MISSING(SN_OP_FS_OPEN, "/var/run");
	unlink("/var/run");
	if (had)
		EXPECT_EQ(0, rename("/var/run.kept", "/var/run"));
	put_back();
}

/* The service is stopped, its directory removed; then it is started again. */
TEST(a_directory_that_is_made_anew_has_name_servers_again)
{
	need_spare_machine();
	turn_to(STUB);
	for (int i = 0; i < 3; i++) {
		systemd_resolved_starts(i == 1 ? 0 : resolver);
		EXPECT_ALLOWED(t1, "open", "0 /etc/resolv.conf");
		forget();
		EXPECT_EQ(-ENOENT, inside(t1, "open", "0 /etc/resolv.conf"));
	}
	put_back();
}

static void allowed_to_nobody_else(const char *dir, enum sn_op op, uid_t uid)
{
	static const mode_t writable[] = { 0775, 0757, 0777, 01777 };

	EXPECT_ALLOWED(t1, "open", "0 " STUB);
	for (size_t i = 0; i < sizeof(writable) / sizeof(*writable); i++) {
		belongs_to(dir, uid, writable[i]);
		EXPECT_MISSING(op, STUB);
	}
	belongs_to(dir, 2002, 0755);
	EXPECT_MISSING(op, STUB);
	belongs_to(dir, 2001, 0755); /* the tenant's own user is one of the others */
	EXPECT_MISSING(op, STUB);
	belongs_to(dir, uid, 0755);
	EXPECT_ALLOWED(t1, "open", "0 " STUB);
}

TEST(a_directory_that_others_can_write_has_no_name_servers)
{
	need_spare_machine();
	systemd_resolved_starts(0);
	allowed_to_nobody_else("/run", SN_OP_FS_LOOKUP, 0);
	allowed_to_nobody_else("/run/systemd", SN_OP_FS_LOOKUP, 0);
	allowed_to_nobody_else("/run/systemd/resolve", SN_OP_FS_OPEN, 0);
	systemd_resolved_starts(resolver);
	allowed_to_nobody_else("/run/systemd/resolve", SN_OP_FS_OPEN, resolver);
	/* of nothing else may the resolver be the owner */
	belongs_to("/run/systemd", resolver, 0755);
	EXPECT_MISSING(SN_OP_FS_LOOKUP, STUB);
	put_roots_dir("/run/NetworkManager");
	put_roots_file("/run/NetworkManager/resolv.conf");
	EXPECT_ALLOWED(t1, "open", "0 /run/NetworkManager/resolv.conf");
	belongs_to("/run/NetworkManager", resolver, 0755);
	belongs_to("/run/NetworkManager/resolv.conf", resolver, 0644);
	EXPECT_MISSING(SN_OP_FS_OPEN, "/run/NetworkManager/resolv.conf");
	put_back();
}

/* That they were there when it started is no reason to trust who may write them now. */
TEST(a_tenant_that_found_name_servers_loses_them_to_whoever_may_write_there)
{
	struct tenant *t;

	need_spare_machine();
	systemd_resolved_starts(resolver);
	t = tenant_start("t10", NULL);
	EXPECT_ALLOWED(t, "open", "0 " STUB);
	belongs_to("/run/systemd/resolve", resolver, 0775);
	EXPECT_REFUSED(t, ENOENT, SN_OP_FS_OPEN, SN_OUTSIDE, "open", "0 " STUB);
	belongs_to("/run/systemd/resolve", 2002, 0755);
	EXPECT_REFUSED(t, ENOENT, SN_OP_FS_OPEN, SN_OUTSIDE, "open", "0 " STUB);
	belongs_to("/run/systemd/resolve", resolver, 0755);
	EXPECT_ALLOWED(t, "open", "0 " STUB);
	tenant_stop(t);
	put_back();
}

/* An ACL that lets others write shows in the bits of the group. */
TEST(a_directory_whose_acl_lets_others_write_has_no_name_servers)
{
	need_spare_machine();
	systemd_resolved_starts(0);
	if (setxattr("/run/systemd/resolve", SN_ACL, sn_acl, sizeof(sn_acl), 0))
		SKIP("access control lists on /run");
	EXPECT_EQ(0, chmod("/run/systemd/resolve", 0775));
	EXPECT_MISSING(SN_OP_FS_OPEN, STUB);
	EXPECT_EQ(0, chmod("/run/systemd/resolve", 0755));
	EXPECT_ALLOWED(t1, "open", "0 " STUB);
	put_back();
}

/* The resolver's user is no root: what it puts into its directory may not be another's. */
TEST(who_may_write_the_resolvers_directory_brings_nothing_else_there)
{
	need_spare_machine();
	systemd_resolved_starts(resolver);
	put_roots_file("/run/secret");
	belongs_to("/run/secret", resolver, 0644);
	unlink(STUB);
	EXPECT_EQ(0, link("/run/secret", STUB));
	EXPECT_MISSING(SN_OP_FS_OPEN, STUB);
	unlink("/run/secret");
	EXPECT_ALLOWED(t1, "open", "0 " STUB);
	belongs_to(STUB, 0, 0644);
	EXPECT_MISSING(SN_OP_FS_OPEN, STUB);
	belongs_to(STUB, 2002, 0644);
	EXPECT_MISSING(SN_OP_FS_OPEN, STUB);
	put_roots_link("/srv/t10/f", STUB);
	belongs_to(STUB, resolver, 0);
	put_file("/srv/t10/f");
	EXPECT_ALLOWED(t1, "readlink", STUB);
	EXPECT_MISSING(SN_OP_FS_LOOKUP, STUB);
	unlink(STUB);
	put_dir(STUB);
	belongs_to(STUB, resolver, 0755);
	EXPECT_REFUSED(t1, ENOENT, SN_OP_FS_OPEN, SN_OUTSIDE, "list", STUB);
	rmdir(STUB);
	put_back();
}

TEST(a_directory_in_the_place_of_a_file_is_not_listed)
{
	need_spare_machine();
	systemd_resolved_starts(0);
	unlink(STUB);
	put_roots_dir(STUB);
	put_roots_file(STUB "/resolv.conf");
	EXPECT_REFUSED(t1, ENOENT, SN_OP_FS_OPEN, SN_OUTSIDE, "list", STUB);
	EXPECT_MISSING(SN_OP_FS_LOOKUP, STUB "/resolv.conf");
	EXPECT_REFUSED(t1, ENOENT, SN_OP_FS_OPEN, SN_OUTSIDE, "list", "/run/systemd/resolve");
	EXPECT_REFUSED(t1, ENOENT, SN_OP_FS_OPEN, SN_OUTSIDE, "list", "/run/systemd");
	put_back();
}

/* The same names below another directory, on another file system, or on one that hides this one. */
TEST(the_same_names_elsewhere_have_no_name_servers)
{
	need_spare_machine();
	systemd_resolved_starts(0);
	if (system("mkdir -p /srv/t10/run && cp -a /run/systemd /srv/t10/run/ &&"
		   "cp -a /run/systemd /srv/t10/ && chown 0:0 /srv/t10/run /srv/t10"))
		GIVE_UP("cp");
	EXPECT_MISSING(SN_OP_FS_LOOKUP, "/srv/t10/run/systemd/resolve/stub-resolv.conf");
	if (mount("none", "/srv/t10/run", "tmpfs", 0, "mode=0755"))
		SKIP("tmpfs");
	if (system("cp -a /run/systemd /srv/t10/run/"))
		GIVE_UP("cp");
	EXPECT_MISSING(SN_OP_FS_LOOKUP, "/srv/t10/run/systemd/resolve/stub-resolv.conf");
	umount("/srv/t10/run");
	if (mount("/srv/t10/systemd", "/run/systemd", NULL, MS_BIND, NULL))
		GIVE_UP("mount: %s", strerror(errno));
	EXPECT_MISSING(SN_OP_FS_LOOKUP, STUB);
	umount("/run/systemd");
	EXPECT_ALLOWED(t1, "open", "0 " STUB);
	belongs_to("/srv/t10", 2001, 0755);
	put_back();
}

TEST(names_that_begin_or_end_alike_have_no_name_servers)
{
	static const char *const alike[] = {
		"/run/systemd/resolve/other",
		"/run/systemd/resolve/resolv.conf2",
		"/run/systemd/resolve/resolv.con",
		"/run/systemd/resolv.conf",
		"/run/resolv.conf",
		"/run/systemd/resolve/stub-resolv.conf-and-a-long-name"
	};
	char longest[300] = "/run/systemd/resolve/";

	need_spare_machine();
	systemd_resolved_starts(0);
	for (size_t i = 0; i < sizeof(alike) / sizeof(*alike); i++) {
		put_roots_file(alike[i]);
		EXPECT_MISSING(SN_OP_FS_OPEN, alike[i]);
		unlink(alike[i]);
	}
	memset(longest + strlen(longest), 'n', 255);
	put_roots_file(longest);
	EXPECT_MISSING(SN_OP_FS_OPEN, longest);
	put_roots_dir("/run/systemd/resolve/systemd");
	put_roots_file("/run/systemd/resolve/systemd/resolv.conf");
	EXPECT_MISSING(SN_OP_FS_LOOKUP, "/run/systemd/resolve/systemd/resolv.conf");
	EXPECT_EQ(0, rename("/run/systemd/resolve", "/run/systemd/resolved"));
	EXPECT_MISSING(SN_OP_FS_LOOKUP, "/run/systemd/resolved/resolv.conf");
	put_back();
}

TEST(name_servers_cannot_be_changed)
{
	need_spare_machine();
	systemd_resolved_starts(0);
	give_to_t1(STUB);
	EXPECT_REFUSED(t1, EACCES, SN_OP_FS_OPEN_WRITE, SN_READ_ONLY, "open", "1 " STUB);
	EXPECT_REFUSED(t1, EACCES, SN_OP_FS_TRUNCATE, SN_READ_ONLY, "truncate", STUB);
	EXPECT_REFUSED(t1, EACCES, SN_OP_FS_CHMOD, SN_READ_ONLY, "chmod", "420 " STUB);
	EXPECT_ALLOWED(t1, "open", "0 " STUB);
	put_back();
}

TEST(resolv_conf_turned_to_anywhere_else_has_no_name_servers)
{
	static const char *const made[] = { "/tmp/resolv.conf", "/run/user/2001/resolv.conf",
					    "/dev/shm/resolv.conf", "/srv/t10/f" };

	need_spare_machine();
	lay_out();
	if (system("mkdir -p /run/user/2001 && chown 2001 /run/user/2001"))
		GIVE_UP("/run/user/2001");
	for (size_t i = 0; i < sizeof(made) / sizeof(*made); i++) {
		put_file(made[i]);
		turn_to(made[i]);
		EXPECT_MISSING(SN_OP_FS_LOOKUP, "/etc/resolv.conf");
	}
	unlink("/tmp/resolv.conf");
	unlink("/dev/shm/resolv.conf");
	if (system("rm -r /run/user/2001"))
		GIVE_UP("/run/user/2001");
	put_back();
}

/* ---- other files of the baseline ---- */

/* A package is removed and installed again: another directory, of the same name. */
TEST(certificates_and_time_zones_that_are_installed_later_can_be_read)
{
	static const char *const trees[] = { "/etc/ssl/certs", "/usr/share/zoneinfo" };

	need_spare_machine();
	for (size_t i = 0; i < sizeof(trees) / sizeof(*trees); i++) {
		char kept[64], file[64];

		snprintf(kept, sizeof(kept), "%s.kept", trees[i]);
		snprintf(file, sizeof(file), "%s/below/file", trees[i]);
		EXPECT_EQ(0, rename(trees[i], kept));
		put_roots_dir(trees[i]);
		put_roots_dir(in(trees[i], "below"));
		put_roots_file(file);
		EXPECT_ALLOWED(t1, "list", "%s", trees[i]);
		EXPECT_ALLOWED(t1, "open", "0 %s", file);
		EXPECT_ALLOWED(t1, "list", "%s", in(trees[i], "below"));
		give_to_t1(file);
		EXPECT_REFUSED(t1, EACCES, SN_OP_FS_OPEN_WRITE, SN_READ_ONLY, "open", "1 %s", file);
		belongs_to(trees[i], 2002, 0755);
		EXPECT_MISSING(SN_OP_FS_LOOKUP, file);
		belongs_to(trees[i], 0, 0757);
		EXPECT_MISSING(SN_OP_FS_LOOKUP, file);
		unlink(file);
		rmdir(in(trees[i], "below"));
		rmdir(trees[i]);
		EXPECT_EQ(0, rename(kept, trees[i]));
		EXPECT_ALLOWED(t1, "list", "%s", trees[i]);
	}
}

/* /etc/localtime is turned by timedatectl(1); the others by whoever has files of that name. */
TEST(links_that_are_turned_to_what_may_be_read_can_be_followed)
{
	static const char *const names[] = { "/etc/localtime", "/etc/hosts",
					     "/etc/ssl/certs/ca-certificates.crt" };

	need_spare_machine();
	put_roots_file("/usr/share/zoneinfo/Mine");
	put_roots_file("/etc/other");
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		char kept[64];
		int had;

		snprintf(kept, sizeof(kept), "%s.kept", names[i]);
		had = !rename(names[i], kept);
		put_roots_link("/usr/share/zoneinfo/Mine", names[i]);
		EXPECT_ALLOWED(t1, "open", "0 %s", names[i]);
		put_roots_link("/etc/other", names[i]);
		EXPECT_MISSING(SN_OP_FS_OPEN, names[i]);
		unlink(names[i]);
		if (had)
			EXPECT_EQ(0, rename(kept, names[i]));
	}
	unlink("/usr/share/zoneinfo/Mine");
	unlink("/etc/other");
}

TEST(what_else_is_in_the_directories_on_the_way_is_missing)
{
	static const char *const hidden[] = { "/etc/passwd", "/run/hidden", "/var/hidden",
					      "/run/systemd/hidden", "/usr/share/hidden" };

	need_spare_machine();
	systemd_resolved_starts(0);
	for (size_t i = 0; i < sizeof(hidden) / sizeof(*hidden); i++) {
		if (i)
			put_roots_file(hidden[i]);
		EXPECT_MISSING(SN_OP_FS_OPEN, hidden[i]);
		EXPECT_REFUSED(t1, ENOENT, SN_OP_FS_STAT, SN_OUTSIDE, "stat", "%s", hidden[i]);
		if (i)
			unlink(hidden[i]);
	}
	put_back();
}
