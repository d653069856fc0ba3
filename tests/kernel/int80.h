/* SPDX-License-Identifier: GPL-2.0-only */
/* The 32-bit entry, which 64-bit programs can use as well: arguments lie below 4 GB. */
#ifndef INT80_H
#define INT80_H

#include <setjmp.h>
#include <sys/mman.h>

#include "tenant.h"

/* -errno as the kernel returns it. */
static inline long int80(long number, long a, long b, long c)
{
	long result = number;

#ifdef __x86_64__
	asm volatile("int $0x80"
		     : "+a"(result)
		     : "b"(a), "c"(b), "d"(c), "S"(0600) /* of shmget: IPC_PRIVATE needs no more */
		     : "memory", "r8", "r9", "r10", "r11");
	return (int)result;
#else
	return -ENOSYS;
#endif
}

static sigjmp_buf no_int80;

static inline void no_such_entry(int sig)
{
	siglongjmp(no_int80, 1);
}

PROBE(has_int80)
{
	volatile bool has = false;

	signal(SIGSEGV, no_such_entry);
	if (!sigsetjmp(no_int80, 1))
		has = int80(20, 0, 0, 0) == getpid();
	signal(SIGSEGV, SIG_DFL);
	return has ? 0 : -ENOSYS;
}

/* A page that 32 bits can address. */
static inline char *low_page(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1,
		    0);
}

#endif
