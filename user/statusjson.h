/* SPDX-License-Identifier: GPL-2.0-only */
/* What is loaded and the tenants -> JSON, as docs/status.schema.json describes it. */
#ifndef SAFENODE_STATUSJSON_H
#define SAFENODE_STATUSJSON_H

#include <json-c/json.h>

#include "status.h"

#define SN_STATUS_JSON_VERSION 1 /* goes up where a member changes its meaning, or goes */

/* The caller puts it. NULL: out of memory. */
struct json_object *sn_status_json(const struct sn_status *status);

#endif
