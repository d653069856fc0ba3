// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is loaded and the tenants, found out and written in one of its forms. All of it in memory:
 * nothing is printed of what fails, and who reads slowly delays nobody.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>

#include "eventjson.h"
#include "metrics.h"
#include "status.h"
#include "statusform.h"
#include "statusjson.h"
#include "statustable.h"

static int put_json(const struct sn_status *status, FILE *out)
{
	struct json_object *object = sn_status_json(status);
	sn_autofree char *line = object ? sn_json_line(object) : NULL;

	json_object_put(object);
	if (!line)
		return -ENOMEM;
	fprintf(out, "%s\n", line);
	return 0;
}

static int put(enum sn_status_form form, bool one, const struct sn_status *status, FILE *out)
{
	switch (form) {
	case SN_STATUS_JSON:
		return put_json(status, out);
	case SN_STATUS_METRICS:
		sn_metrics(status, out);
		return 0;
	case SN_STATUS_TABLE:
		break;
	}
	if (one)
		sn_status_details(status, out);
	else
		sn_status_table(status, out);
	return 0;
}

int sn_status_write(enum sn_status_form form, const char *tenant, const char *user, char **text,
		    size_t *size, struct sn_err *err)
{
	bool details = form == SN_STATUS_JSON || (form == SN_STATUS_TABLE && tenant);
	const struct sn_status_query query = {
		.tenant = tenant,
		.user = user,
		.options = details,
		.maps = form != SN_STATUS_TABLE && !user,
		.lasts = details,
	};
	struct sn_status status;
	int ret = sn_status_collect(&query, &status, err), failed;
	FILE *out;

	*text = NULL;
	if (ret)
		return ret;
	out = open_memstream(text, size);
	failed = out ? put(form, tenant, &status, out) : -ENOMEM;
	if ((out && fclose(out)) || failed)
		ret = sn_fail(err, ENOMEM, "out of memory");
	else if (sn_status_in_force(&status, err))
		ret = 1;
	sn_status_free(&status);
	if (ret < 0) {
		free(*text);
		*text = NULL;
	}
	return ret;
}
