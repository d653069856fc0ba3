// SPDX-License-Identifier: GPL-2.0-only
/* What the values of options have in common: numbers and lists. */
#include <errno.h>
#include <string.h>

#include "parse.h"

bool sn_parse_number(const char *word, uint64_t max, uint64_t *number)
{
	uint64_t sum = 0;

	if (!*word || (word[0] == '0' && word[1]))
		return false;
	for (; *word; word++) {
		unsigned int digit = (unsigned char)*word - '0';

		if (digit > 9 || sum > (max - digit) / 10)
			return false;
		sum = sum * 10 + digit;
	}
	*number = sum;
	return true;
}

int sn_check_list(const char *list, const char *what, struct sn_err *err)
{
	size_t len = strlen(list);

	if (!len)
		return sn_fail(err, EINVAL,
			       "'' is an empty list: name at least one %s, or leave the option out",
			       what);
	if (strpbrk(list, " \t\r\n"))
		return sn_fail(err, EINVAL,
			       SN_QUOTED " contains a blank: separate entries by ',' only", list);
	if (list[0] == ',' || list[len - 1] == ',' || strstr(list, ",,"))
		return sn_fail(err, EINVAL, SN_QUOTED " has an empty entry: remove a ','", list);
	return 0;
}
