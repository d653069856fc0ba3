// SPDX-License-Identifier: GPL-2.0-only
/*
 * filtered ANSWER CALL[:N!VALUES|:N&MASK] COMMAND...: starts COMMAND with a seccomp filter, as
 * units of systemd have them. ANSWER is "kill" or the name of an errno. Only if argument N is none
 * of the VALUES, separated by commas, or has a bit of the MASK.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static const struct {
	const char *name;
	int nr;
} calls[] = {
	{ "bpf", SYS_bpf },
	{ "capset", SYS_capset },
	{ "chdir", SYS_chdir },
	{ "close_range", SYS_close_range },
	{ "getsid", SYS_getsid },
	{ "mmap", SYS_mmap },
	{ "mprotect", SYS_mprotect },
	{ "name_to_handle_at", SYS_name_to_handle_at },
	{ "setgroups", SYS_setgroups },
	{ "setresuid", SYS_setresuid },
	{ "socket", SYS_socket },
	{ "unshare", SYS_unshare },
};

static struct sock_filter code[32];
static unsigned short len;

static void put(struct sock_filter insn)
{
	code[len++] = insn;
}

static int wrong(const char *word)
{
	fprintf(stderr, "filtered: what is '%s'?\n", word);
	return 99;
}

static int number_of(const char *call)
{
	size_t n = strcspn(call, ":");

	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++)
		if (strlen(calls[i].name) == n && !strncmp(calls[i].name, call, n))
			return calls[i].nr;
	return -1;
}

static int answer_of(const char *word)
{
	for (int error = 1; error < 200; error++) {
		const char *name = strerrorname_np(error);

		if (name && !strcmp(name, word))
			return SECCOMP_RET_ERRNO | error;
	}
	return -1;
}

/* ":N!VALUES" or ":N&MASK"; what follows is reached if it holds. */
static void put_condition(const char *word)
{
	char *at;
	unsigned long nr = strtoul(word, &at, 10);
	char kind = *at;

	put((struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
					 offsetof(struct seccomp_data, args[nr])));
	do {
		unsigned long value = strtoul(at + 1, &at, 10);

		if (kind == '&')
			put((struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, value, 1, 0));
		else
			put((struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1));
		put((struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
	} while (*at == ',');
}

int main(int argc, char **argv)
{
	struct sock_fprog prog = { .filter = code };
	unsigned int answer = SECCOMP_RET_KILL_PROCESS;
	const char *condition;
	int nr;

	if (argc < 4)
		return wrong("the usage");
	if (strcmp(argv[1], "kill"))
		answer = answer_of(argv[1]);
	nr = number_of(argv[2]);
	if (nr < 0 || answer == (unsigned int)-1)
		return wrong(nr < 0 ? argv[2] : argv[1]);
	put((struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
					 offsetof(struct seccomp_data, nr)));
	put((struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 1, 0));
	put((struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
	condition = strchr(argv[2], ':');
	if (condition)
		put_condition(condition + 1);
	put((struct sock_filter)BPF_STMT(BPF_RET | BPF_K, answer));
	prog.len = len;
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog)) {
		perror("filtered");
		return 99;
	}
	execvp(argv[3], argv + 3);
	perror(argv[3]);
	return 98;
}
