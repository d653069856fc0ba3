/* SPDX-License-Identifier: GPL-2.0-only */
/* struct sn_event -> one JSON object. */
#ifndef SAFENODE_EVENTJSON_H
#define SAFENODE_EVENTJSON_H

#include <json-c/json.h>

#include "safenode_abi.h"

/*
 * {"v":1,"time":"2024-02-29T12:00:00.000Z","tenant":"t1","pid":123,"comm":"node","op":"fs.open",
 *  "why":"outside","error":"ENOENT","path":"/etc/passwd","known":null,
 *  "option":"--read-only /etc/passwd","grantable":true}
 * Of a tenant that is observed, error is null, and "would" has what it would have been. Where an
 * act was granted there are no option and grantable (explain.h). The caller owns it. What an event
 * has not is left out, but for tenant and known, which are null then. Of names that are not UTF-8
 * the bytes are in path_hex and comm_hex, and in path and comm U+FFFD stands for what is none.
 * NULL: out of memory.
 */
struct json_object *sn_event_json(const struct sn_event *ev);

/*
 * The object as one line of ASCII, without its end: other characters are \u escapes, so that a
 * terminal obeys none of them. The caller frees it. NULL: out of memory.
 */
char *sn_json_line(struct json_object *object);

#endif
