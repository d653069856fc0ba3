// SPDX-License-Identifier: GPL-2.0-only
/* user/names.c over accounts of its own: all that are listed are read once. */
#include <pwd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "names.h"

#define LISTED 1000

static struct {
	int next, lists, asked;
} world;

static struct passwd *user(uid_t uid)
{
	static struct passwd pw;
	static char name[16];

	snprintf(name, sizeof(name), "u%u", uid);
	pw.pw_name = name;
	pw.pw_uid = uid;
	return &pw;
}

void setpwent(void)
{
	world.next = 0;
	world.lists++;
}

/* Not in order */
struct passwd *getpwent(void)
{
	return world.next < LISTED ? user((uid_t)(world.next++ * 7 % LISTED)) : NULL;
}

void endpwent(void)
{
}

/* Of a service that does not list them: 2000 to 2009 */
struct passwd *getpwuid(uid_t uid)
{
	world.asked++;
	return uid >= 2000 && uid < 2010 ? user(uid) : NULL;
}

static void they_are_read_once(void **state)
{
	struct sn_names names = {};
	char name[16];

	for (uid_t uid = 0; uid < LISTED; uid++) {
		snprintf(name, sizeof(name), "u%u", uid);
		assert_string_equal(sn_names_user(&names, uid), name);
	}
	assert_int_equal(world.lists, 1);
	assert_int_equal(world.asked, 0);
	for (int i = 0; i < 3; i++) {
		assert_string_equal(sn_names_user(&names, 2001), "u2001");
		assert_string_equal(sn_names_user(&names, 2000), "u2000");
		assert_string_equal(sn_names_user(&names, 999), "u999");
	}
	assert_int_equal(world.asked, 2);
	assert_null(sn_names_user(&names, 3000));
	sn_names_free(&names);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(they_are_read_once) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
