/* SPDX-License-Identifier: GPL-2.0-only */
/* The clocks of the measuring programs: "ns" and "instructions". */
#ifndef BENCH_CLOCK_H
#define BENCH_CLOCK_H

#include <stdbool.h>
#include <string.h>
#include <time.h>
#ifdef __x86_64__
#include <x86intrin.h>
#endif

enum clock { CLOCK_NS, CLOCK_INSTRUCTIONS };

/* In QEMU with -icount shift=0 the time stamp counter counts executed instructions. */
static inline unsigned long long clock_now(enum clock unit)
{
	struct timespec t;

#ifdef __x86_64__
	if (unit == CLOCK_INSTRUCTIONS)
		return __rdtsc();
#endif
	clock_gettime(CLOCK_MONOTONIC_RAW, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

static inline bool clock_named(const char *name, enum clock *unit)
{
	*unit = strcmp(name, "instructions") ? CLOCK_NS : CLOCK_INSTRUCTIONS;
	return *unit == CLOCK_INSTRUCTIONS || !strcmp(name, "ns");
}

#endif
