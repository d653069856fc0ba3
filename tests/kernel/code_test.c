// SPDX-License-Identifier: GPL-2.0-only
/* bpf/code.bpf.c: the only native code is the runtime's own; compiled-in-memory code works. */
#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "joined.h"
#include "tenant.h"

#define PAGE 4096

static struct tenant *t1;
static char libc_path[PATH_MAX], libz_path[PATH_MAX];

/* A function that returns 42. */
#ifdef __x86_64__
static const unsigned char code[] = { 0xb8, 42, 0, 0, 0, 0xc3 };
#else
static const unsigned char code[] = { 0x40, 0x05, 0x80, 0x52, 0xc0, 0x03, 0x5f, 0xd6 };
#endif
#define ANSWER 42

static int note_library(struct dl_phdr_info *info, size_t size, void *data)
{
	if (strstr(info->dlpi_name, "/libc.so"))
		snprintf(libc_path, sizeof(libc_path), "%s", info->dlpi_name);
	if (strstr(info->dlpi_name, "/libz.so"))
		snprintf(libz_path, sizeof(libz_path), "%s", info->dlpi_name);
	return 0;
}

SETUP()
{
	dl_iterate_phdr(note_library, NULL);
	if (!*libc_path || !*libz_path)
		GIVE_UP("this program is not linked to libc and libz");
	t1 = tenant_start("t1", NULL);
}

/* Two pages that begin with the function above. In the tenant's directory, and its own. */
static void put_code(const char *path)
{
	static unsigned char pages[2 * PAGE];
	struct stat dir;
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);

	memcpy(pages, code, sizeof(code));
	if (fd < 0 || write(fd, pages, sizeof(pages)) != sizeof(pages) || stat("/srv/t1", &dir) ||
	    fchown(fd, dir.st_uid, dir.st_gid))
		GIVE_UP("%s: %s", path, strerror(errno));
	close(fd);
}

static int memfd_with_code(void)
{
	int fd = memfd_create("code", MFD_CLOEXEC);

	if (fd < 0 || pwrite(fd, code, sizeof(code), 0) != sizeof(code) ||
	    pwrite(fd, "", 1, 2 * PAGE - 1) != 1)
		return -1;
	return fd;
}

/* ---- mappings ---- */

static int protection(const char *letters)
{
	return (strchr(letters, 'r') ? PROT_READ : 0) | (strchr(letters, 'w') ? PROT_WRITE : 0) |
	       (strchr(letters, 'x') ? PROT_EXEC : 0);
}

/*
 * @kind: "private", "shared", or "written": shared and opened for writing, whatever @prot says.
 * @what: a path, "memfd" or "anonymous".
 */
static void *map(const char *kind, const char *what, int prot)
{
	int flags = strcmp(kind, "private") ? MAP_SHARED : MAP_PRIVATE, fd = -1, error;
	bool writes = !strcmp(kind, "written") || (flags == MAP_SHARED && prot & PROT_WRITE);
	void *at;

	if (!strcmp(what, "anonymous"))
		return mmap(NULL, 2 * PAGE, prot, flags | MAP_ANONYMOUS, -1, 0);
	fd = strcmp(what, "memfd") ? open(what, (writes ? O_RDWR : O_RDONLY) | O_CLOEXEC)
				   : memfd_with_code();
	if (fd < 0) {
		could_not_try("%s", what);
		_exit(1);
	}
	at = mmap(NULL, 2 * PAGE, prot, flags, fd, 0);
	error = errno;
	close(fd);
	errno = error;
	return at;
}

static long call(void *at)
{
	return ((long (*)(void))at)();
}

/* "KIND WHAT PROTECTION" */
PROBE(map)
{
	char kind[16], what[PATH_MAX], letters[8];
	void *at;

	if (sscanf(arg, "%15s %4095s %7s", kind, what, letters) != 3)
		return could_not_try("cannot understand %s", arg);
	at = map(kind, what, protection(letters));
	if (at == MAP_FAILED)
		return answer(-1);
	munmap(at, 2 * PAGE);
	return 0;
}

/* "KIND WHAT PROTECTION...": maps with the first, then mprotect() with each of the others. */
PROBE(map_and_protect)
{
	char kind[16], what[PATH_MAX], letters[3][8];
	int nr = sscanf(arg, "%15s %4095s %7s %7s %7s", kind, what, letters[0], letters[1],
			letters[2]) -
		 2;
	long result = 0;
	void *at;

	if (nr < 2)
		return could_not_try("cannot understand %s", arg);
	at = map(kind, what, protection(letters[0]));
	if (at == MAP_FAILED)
		return could_not_try("mapping");
	for (int i = 1; i < nr && !result; i++)
		result = answer(mprotect(at, 2 * PAGE, protection(letters[i])));
	munmap(at, 2 * PAGE);
	return result;
}

TEST(files_of_the_tenant_are_not_mapped_executable)
{
	put_code("/srv/t1/code");
	EXPECT_REFUSED(t1, EPERM, SN_OP_CODE_MMAP, SN_NOT_RUNTIME, "map",
		       "private /srv/t1/code rx");
	EXPECT_REFUSED(t1, EPERM, SN_OP_CODE_MMAP, SN_NOT_RUNTIME, "map",
		       "private /srv/t1/code rwx");
	EXPECT_REFUSED(t1, EPERM, SN_OP_CODE_MMAP, SN_NOT_RUNTIME, "map", "private /srv/t1/code x");
	EXPECT_REFUSED(t1, EPERM, SN_OP_CODE_MMAP, SN_NOT_RUNTIME, "map", "shared /srv/t1/code rx");
	EXPECT_REFUSED(t1, EPERM, SN_OP_CODE_MMAP, SN_NOT_RUNTIME, "map",
		       "shared /srv/t1/code rwx");
	EXPECT_ALLOWED(t1, "map", "private /srv/t1/code r");
	EXPECT_ALLOWED(t1, "map", "private /srv/t1/code rw");
	EXPECT_ALLOWED(t1, "map", "shared /srv/t1/code rw");
}

TEST(memory_files_and_devices_are_not_mapped_executable)
{
	EXPECT_REFUSED(t1, EPERM, SN_OP_CODE_MMAP, SN_NOT_RUNTIME, "map", "private memfd rx");
	EXPECT_REFUSED(t1, EPERM, SN_OP_CODE_MMAP, SN_NOT_RUNTIME, "map", "shared memfd rx");
	EXPECT_REFUSED(t1, EPERM, SN_OP_CODE_MMAP, SN_NOT_RUNTIME, "map", "shared memfd rwx");
	EXPECT_REFUSED(t1, EPERM, SN_OP_CODE_MMAP, SN_NOT_RUNTIME, "map", "private /dev/zero rx");
	EXPECT_ALLOWED(t1, "map", "private memfd rw");
	EXPECT_ALLOWED(t1, "map", "shared memfd rw");
	EXPECT_ALLOWED(t1, "map", "private /dev/zero rw");
}

TEST(mappings_of_files_do_not_become_executable)
{
	put_code("/srv/t1/code");
	EXPECT_REFUSED(t1, EPERM, SN_OP_CODE_MPROTECT, SN_NOT_RUNTIME, "map_and_protect",
		       "private /srv/t1/code r rx");
	EXPECT_REFUSED(t1, EPERM, SN_OP_CODE_MPROTECT, SN_NOT_RUNTIME, "map_and_protect",
		       "private /srv/t1/code rw rx");
	EXPECT_REFUSED(t1, EPERM, SN_OP_CODE_MPROTECT, SN_NOT_RUNTIME, "map_and_protect",
		       "private /srv/t1/code rw rwx");
	EXPECT_REFUSED(t1, EPERM, SN_OP_CODE_MPROTECT, SN_NOT_RUNTIME, "map_and_protect",
		       "shared /srv/t1/code rw rx");
	EXPECT_REFUSED(t1, EPERM, SN_OP_CODE_MPROTECT, SN_NOT_RUNTIME, "map_and_protect",
		       "private memfd rw rx");
	EXPECT_REFUSED(t1, EPERM, SN_OP_CODE_MPROTECT, SN_NOT_RUNTIME, "map_and_protect",
		       "shared memfd rw rx");
	EXPECT_REFUSED(t1, EPERM, SN_OP_CODE_MPROTECT, SN_NOT_RUNTIME, "map_and_protect",
		       "private /dev/zero rw rx");
	EXPECT_ALLOWED(t1, "map_and_protect", "private /srv/t1/code r rw r");
	EXPECT_ALLOWED(t1, "map_and_protect", "shared memfd r rw r");
}

/* By number, because the C library uses mprotect() where the key is -1. */
PROBE(protect_with_key)
{
	void *at = map("private", arg, PROT_READ);
	long result;

	if (at == MAP_FAILED)
		return could_not_try("mapping");
	result = answer(syscall(SYS_pkey_mprotect, at, 2 * PAGE, PROT_READ | PROT_EXEC, -1));
	munmap(at, 2 * PAGE);
	return result;
}

TEST(mappings_of_files_do_not_become_executable_by_pkey_mprotect)
{
	put_code("/srv/t1/code");
	EXPECT_REFUSED(t1, EPERM, SN_OP_CODE_MPROTECT, SN_NOT_RUNTIME, "protect_with_key",
		       "/srv/t1/code");
	EXPECT_ALLOWED(t1, "protect_with_key", "anonymous");
}

/* ---- the runtime's own files ---- */

TEST(libraries_of_the_runtime_are_mapped_executable_but_never_writable_then)
{
	EXPECT_ALLOWED(t1, "map", "private %s rx", libc_path);
	EXPECT_ALLOWED(t1, "map", "shared %s rx", libc_path);
	EXPECT_ALLOWED(t1, "map", "private %s rw", libc_path);
	EXPECT_ALLOWED(t1, "map_and_protect", "private %s rx r", libc_path);
	EXPECT_ALLOWED(t1, "map_and_protect", "private %s rx rx", libc_path);
	EXPECT_REFUSED(t1, EPERM, SN_OP_CODE_MMAP, SN_NOT_RUNTIME, "map", "private %s rwx",
		       libc_path);
	EXPECT_REFUSED(t1, EPERM, SN_OP_CODE_MPROTECT, SN_NOT_RUNTIME, "map_and_protect",
		       "private %s rx rwx", libc_path);
	EXPECT_REFUSED(t1, EPERM, SN_OP_CODE_MPROTECT, SN_NOT_RUNTIME, "map_and_protect",
		       "private %s rx rw rx", libc_path);
	EXPECT_REFUSED(t1, EPERM, SN_OP_CODE_MPROTECT, SN_NOT_RUNTIME, "map_and_protect",
		       "private %s rw rx", libc_path);
}

/* dlerror() tells why a file cannot be opened, but not why it cannot be mapped: errno does. */
static long load(const char *path)
{
	void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	long error = -errno;

	if (library)
		return dlclose(library);
	return strstr(dlerror(), strerror(ENOENT)) ? -ENOENT : error;
}

PROBE(dlopen)
{
	return load(arg);
}

/* "PATH": a copy of it in a memfd, by its name below /proc */
PROBE(dlopen_memfd)
{
	int from = open(arg, O_RDONLY | O_CLOEXEC), to = memfd_create("library", MFD_CLOEXEC);
	char buffer[65536], path[32];
	ssize_t len;
	long result;

	while ((len = read(from, buffer, sizeof(buffer))) > 0)
		if (write(to, buffer, len) != len)
			return could_not_try("copying");
	if (from < 0 || to < 0 || len)
		return could_not_try("%s", arg);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", to);
	result = load(path);
	close(from);
	close(to);
	return result;
}

static void must_run(const char *fmt, const char *arg)
{
	char command[2 * PATH_MAX];

	snprintf(command, sizeof(command), fmt, arg);
	if (system(command))
		GIVE_UP("%s failed", command);
}

TEST(a_native_library_is_not_loaded_from_the_tenants_directory)
{
	must_run("cp %s /srv/t1/addon.node && chmod 755 /srv/t1/addon.node && chown -R t1: /srv/t1",
		 libz_path);
	must_run("ln -s addon.node /srv/t1/%s", "link.node");
	EXPECT_REFUSED(t1, EPERM, SN_OP_CODE_MMAP, SN_NOT_RUNTIME, "dlopen", "/srv/t1/addon.node");
	EXPECT_REFUSED(t1, EPERM, SN_OP_CODE_MMAP, SN_NOT_RUNTIME, "dlopen", "./link.node");
	/* a memfd lies nowhere, so it cannot be opened again */
	EXPECT_REFUSED(t1, ENOENT, SN_OP_FS_OPEN, SN_OUTSIDE, "dlopen_memfd", "%s", libz_path);
}

TEST(the_systems_other_libraries_look_missing)
{
	EXPECT_ALLOWED(t1, "dlopen", "libz.so.1");
	EXPECT_REFUSED(t1, ENOENT, SN_OP_FS_OPEN, SN_OUTSIDE, "dlopen", "libresolv.so.2");
}

/* ---- code that is compiled into memory ---- */

/* "KIND PROTECTION...": writes code into anonymous memory, and runs it. */
PROBE(compile)
{
	char kind[16], letters[2][8];
	int nr = sscanf(arg, "%15s %7s %7s", kind, letters[0], letters[1]) - 1;
	long result;
	void *at;

	if (nr < 1)
		return could_not_try("cannot understand %s", arg);
	at = map(kind, "anonymous", protection(letters[0]));
	if (at == MAP_FAILED)
		return answer(-1);
	memcpy(at, code, sizeof(code));
	__builtin___clear_cache(at, (char *)at + sizeof(code));
	result = nr > 1 ? answer(mprotect(at, 2 * PAGE, protection(letters[1]))) : 0;
	if (!result)
		result = call(at);
	munmap(at, 2 * PAGE);
	return result;
}

TEST(code_that_is_compiled_into_memory_runs)
{
	EXPECT_EQ(ANSWER, inside(t1, "compile", "private rw rx"));
	EXPECT_QUIET(t1);
	EXPECT_EQ(ANSWER, inside(t1, "compile", "private rwx"));
	EXPECT_QUIET(t1);
	EXPECT_EQ(ANSWER, inside(t1, "compile", "private rw rwx"));
	EXPECT_QUIET(t1);
	EXPECT_EQ(ANSWER, inside(t1, "compile", "shared rwx"));
	EXPECT_QUIET(t1);
}

/* Shared anonymous memory is a file of the kernel's, and mprotect() sees it as one. */
TEST(shared_anonymous_memory_does_not_become_executable_later)
{
	EXPECT_REFUSED(t1, EPERM, SN_OP_CODE_MPROTECT, SN_NOT_RUNTIME, "compile", "shared rw rx");
}

/* ---- protection that was not asked for ---- */

/*
 * Under READ_IMPLIES_EXEC what is mapped readable is executable. "HOW FILE"; the result is that of
 * the code in the file.
 */
PROBE(read_implies_exec)
{
	int before = personality(0xffffffff);
	char how[16], path[128];
	void *at = MAP_FAILED;
	long result = 0;

	if (sscanf(arg, "%15s %127s", how, path) != 2 || before < 0)
		return could_not_try("cannot understand %s", arg);
	if (strcmp(how, "mmap"))
		at = map(strcmp(how, "remap") ? "private" : "written", path, PROT_READ);
	if (personality(before | READ_IMPLIES_EXEC) < 0)
		return could_not_try("personality");
	if (!strcmp(how, "mmap"))
		at = map("private", path, PROT_READ);
	else if (!strcmp(how, "mprotect"))
		result = answer(mprotect(at, 2 * PAGE, PROT_READ));
	else if (!strcmp(how, "remap"))
		result = answer(remap_file_pages(at, 2 * PAGE, 0, 0, 0));
	else
		result = could_not_try("cannot understand %s", how);
	if (at == MAP_FAILED)
		result = answer(-1);
	personality(before);
	if (!result)
		result = call(at);
	if (at != MAP_FAILED)
		munmap(at, 2 * PAGE);
	return result;
}

TEST(a_personality_does_not_make_files_executable)
{
	put_code("/srv/t1/code");
	EXPECT_REFUSED(t1, EPERM, SN_OP_CODE_MMAP, SN_NOT_RUNTIME, "read_implies_exec",
		       "mmap /srv/t1/code");
	EXPECT_REFUSED(t1, EPERM, SN_OP_CODE_MPROTECT, SN_NOT_RUNTIME, "read_implies_exec",
		       "mprotect /srv/t1/code");
	EXPECT_REFUSED(t1, EPERM, SN_OP_CODE_MMAP, SN_NOT_RUNTIME, "read_implies_exec",
		       "remap /srv/t1/code");
	EXPECT_REFUSED(t1, EPERM, SN_OP_CODE_MMAP, SN_NOT_RUNTIME, "read_implies_exec",
		       "mmap memfd");
	EXPECT_EQ(ANSWER, outside("read_implies_exec", "mmap /srv/t1/code"));
	EXPECT_EQ(ANSWER, outside("read_implies_exec", "mprotect /srv/t1/code"));
	EXPECT_EQ(ANSWER, outside("read_implies_exec", "remap /srv/t1/code"));
}

/* "FILE" */
PROBE(remap)
{
	void *at = map("written", arg, PROT_READ);
	long result;

	if (at == MAP_FAILED)
		return could_not_try("mapping");
	result = answer(remap_file_pages(at, PAGE, 0, 1, 0));
	munmap(at, 2 * PAGE);
	return result;
}

TEST(remapping_the_pages_of_a_file_works)
{
	put_code("/srv/t1/code");
	EXPECT_ALLOWED(t1, "remap", "/srv/t1/code");
}

/* ---- other ways in ---- */

/* A page of the library's code, moved and made two */
PROBE(move)
{
	int fd = open(arg, O_RDONLY | O_CLOEXEC);
	void *at = mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
	long result = 0;

	close(fd);
	if (at == MAP_FAILED)
		return answer(-1);
	at = mremap(at, PAGE, 2 * PAGE, MREMAP_MAYMOVE);
	if (at == MAP_FAILED)
		return answer(-1);
	result = answer(mprotect(at, 2 * PAGE, PROT_READ | PROT_WRITE | PROT_EXEC));
	munmap(at, 2 * PAGE);
	return result;
}

TEST(mapped_code_that_is_moved_stays_what_it_is)
{
	EXPECT_REFUSED(t1, EPERM, SN_OP_CODE_MPROTECT, SN_NOT_RUNTIME, "move", "%s", libc_path);
}

/* By a way that skips the protection of pages for debuggers, but not here. */
PROBE(write_own_code)
{
	unsigned char byte = 0;
	struct iovec here = { .iov_base = &byte, .iov_len = 1 };
	struct iovec there = { .iov_base = dlsym(RTLD_DEFAULT, "getpid"), .iov_len = 1 };

	return answer(process_vm_writev(getpid(), &here, 1, &there, 1, 0));
}

TEST(a_tenant_cannot_write_over_its_own_code)
{
	EXPECT_EQ(-EFAULT, inside(t1, "write_own_code", "%s", ""));
	EXPECT_EQ(-EFAULT, outside("write_own_code", "%s", ""));
}

/* "SEGMENT FLAGS" */
PROBE(attach_segment)
{
	int id, flags;
	void *at;

	if (sscanf(arg, "%d %d", &id, &flags) != 2)
		return could_not_try("cannot understand %s", arg);
	at = shmat(id, NULL, flags);
	if (at == (void *)-1)
		return answer(-1);
	shmdt(at);
	return 0;
}

/* The kernel says EACCES to whatever the hook said. */
TEST(a_shared_segment_of_another_process_is_not_mapped_executable)
{
	int id = shmget(IPC_PRIVATE, PAGE, IPC_CREAT | 0777);

	EXPECT_EQ(-EACCES, inside(t1, "attach_segment", "%d %d", id, SHM_EXEC | SHM_RDONLY));
	t1->result = -EPERM;
	EXPECT_EVENT(t1, SN_OP_GUARD_IPC, SN_NEVER);
	EXPECT_EQ(0, outside("attach_segment", "%d %d", id, SHM_EXEC | SHM_RDONLY));
	shmctl(id, IPC_RMID, NULL);
}

#ifdef __x86_64__
/* A program of one segment: what uselib(2) takes. */
static void put_library(const char *path)
{
	struct {
		Elf64_Ehdr header;
		Elf64_Phdr segment;
		unsigned char rest[2 * PAGE];
	} elf = {
		.header = {
			.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
				     EV_CURRENT },
			.e_type = ET_EXEC, .e_machine = EM_X86_64, .e_version = EV_CURRENT,
			.e_phoff = sizeof(Elf64_Ehdr), .e_ehsize = sizeof(Elf64_Ehdr),
			.e_phentsize = sizeof(Elf64_Phdr), .e_phnum = 1,
		},
		.segment = {
			.p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_vaddr = 0x10000000,
			.p_filesz = PAGE, .p_memsz = PAGE, .p_align = PAGE,
		},
	};
	int fd;

	put_code(path);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, &elf, sizeof(elf)) != sizeof(elf))
		GIVE_UP("%s: %s", path, strerror(errno));
	close(fd);
}

PROBE(uselib)
{
	long result = answer(syscall(134, arg));

	if (!result)
		munmap((void *)0x10000000, PAGE);
	return result;
}

/* A system call of 1993, which Debian's kernels had until 6.1. */
TEST(uselib_loads_nothing)
{
	put_library("/srv/t1/library");
	if (outside("uselib", "/srv/t1/library") == -ENOSYS)
		EXPECT_EQ(-ENOSYS, inside(t1, "uselib", "/srv/t1/library"));
	else
		EXPECT_REFUSED(t1, EPERM, SN_OP_CODE_MMAP, SN_NOT_RUNTIME, "uselib",
			       "/srv/t1/library");
}
#endif
