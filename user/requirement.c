// SPDX-License-Identifier: GPL-2.0-only
/* One thing that safenode needs: what is there, and the cure. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "requirement.h"

void sn_requirement_unmet(struct sn_requirement *req, const struct sn_err *err)
{
	const char *cure = strstr(err->text, "; ");
	int len = cure ? (int)(cure - err->text) : (int)strlen(err->text);

	req->met = false;
	snprintf(req->found, sizeof(req->found), "%.*s", len, err->text);
	snprintf(req->cure, sizeof(req->cure), "%.255s", cure ? cure + 2 : "");
}

int sn_requirement_fail(const struct sn_requirement *req, struct sn_err *err)
{
	return sn_fail(err, ENOSYS, "%s: %s%s%s", req->what, req->found, *req->cure ? "; " : "",
		       req->cure);
}
