/* SPDX-License-Identifier: GPL-2.0-only */
/* The options that are in force -> a JSON object. */
#ifndef SAFENODE_INFORCEJSON_H
#define SAFENODE_INFORCEJSON_H

#include <json-c/json.h>

#include "inforce.h"

/*
 * An object with a member for each option that has a value, which the caller puts: true for those
 * without one ("safe-mode"), an array of strings for addresses, ports, groups and extra paths, a
 * number for "memory-max" and "pids-max", otherwise a string. Addresses that "self" stood for are
 * "self-addresses". NULL: out of memory.
 */
struct json_object *sn_inforce_json(const struct sn_inforce *inforce);

#endif
