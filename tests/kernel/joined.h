/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Acts of root with every capability, in a process that was moved into the tenant's cgroup. There
 * the kernel's own checks allow, so it is a hook that refuses; the tenants that safenode-attach
 * starts have no capability left to be refused, whatever their user.
 */
#ifndef JOINED_H
#define JOINED_H

#include "tenant.h"

/* What a moved root gets, and root outside. */
#define JOINED(t, probe, ...)                                                  \
	({                                                                     \
		outside_as("root");                                            \
		long joined_ = moved_into(t, (t)->cgroup, probe, __VA_ARGS__); \
		outside_as("t1");                                              \
		joined_;                                                       \
	})

#define ROOT_OUTSIDE(probe, ...)                             \
	({                                                   \
		outside_as("root");                          \
		long outside_ = outside(probe, __VA_ARGS__); \
		outside_as("t1");                            \
		outside_;                                    \
	})

/* As EXPECT_REFUSED(), for a moved root; the control is root outside. */
#define EXPECT_ROOT_REFUSED(t, error, op, why, probe, ...)                                      \
	do {                                                                                    \
		long got_ = JOINED(t, probe, __VA_ARGS__);                                      \
		if (got_ != -(error))                                                           \
			FAIL("moved root: %s %s: want %d %s, got %ld %s", probe, sn_last_arg(), \
			     -(error), sn_test_errno(-(error)), got_, sn_test_errno(got_));     \
		else                                                                            \
			EXPECT_EVENT(t, op, why);                                               \
		got_ = ROOT_OUTSIDE(probe, __VA_ARGS__);                                        \
		if (got_ < 0)                                                                   \
			FAIL("root outside: %s %s: got %ld %s", probe, sn_last_arg(), got_,     \
			     sn_test_errno(got_));                                              \
	} while (0)

#endif
