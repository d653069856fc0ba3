// SPDX-License-Identifier: GPL-2.0-only
/* Names of users, for a list of many: what passwd(5) lists is read once. */
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "names.h"

static int by_number(const void *a, const void *b)
{
	uid_t x = ((const struct sn_name *)a)->uid, y = ((const struct sn_name *)b)->uid;

	return (x > y) - (x < y);
}

static int add(struct sn_names *names, uid_t uid, const char *name)
{
	/* room for 2^n of them */
	if (!(names->nr & (names->nr - 1))) {
		size_t room = names->nr ? 2 * names->nr : 1;
		struct sn_name *more = reallocarray(names->all, room, sizeof(*more));

		if (!more)
			return -1;
		names->all = more;
	}
	names->all[names->nr].uid = uid;
	names->all[names->nr].name = strdup(name);
	return names->all[names->nr].name ? (int)names->nr++ : -1;
}

/* getpwuid(3) goes through the file for each user: with as many lines as tenants, that is too much.
 */
static void read_all(struct sn_names *names)
{
	const struct passwd *pw;

	setpwent();
	while ((pw = getpwent()) && add(names, pw->pw_uid, pw->pw_name) >= 0)
		;
	endpwent();
	if (names->nr)
		qsort(names->all, names->nr, sizeof(*names->all), by_number);
	names->read = 1;
}

const char *sn_names_user(struct sn_names *names, uid_t uid)
{
	const struct sn_name key = { .uid = uid }, *found = NULL;
	const struct passwd *pw;

	if (!names->read)
		read_all(names);
	if (names->nr)
		found = bsearch(&key, names->all, names->nr, sizeof(key), by_number);
	if (found)
		return found->name;
	/* a source that does not list its users, such as a directory service */
	pw = getpwuid(uid);
	if (!pw || add(names, uid, pw->pw_name) < 0)
		return NULL;
	qsort(names->all, names->nr, sizeof(*names->all), by_number);
	return sn_names_user(names, uid);
}

void sn_names_free(struct sn_names *names)
{
	for (size_t i = 0; i < names->nr; i++)
		free(names->all[i].name);
	free(names->all);
	*names = (struct sn_names){};
}
