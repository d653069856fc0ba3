// SPDX-License-Identifier: GPL-2.0-only
/* The options that are in force -> a JSON object. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "inforcejson.h"

enum shape { ONE, FLAG, NUMBER, MANY };

static enum shape shape_of(const char *option)
{
	static const struct {
		const char *option;
		enum shape shape;
	} others[] = {
		{ "safe-mode", FLAG },
		{ "log-granted", FLAG },
		{ "observe", FLAG },
		{ "warm", FLAG },
		{ "memory-max", NUMBER },
		{ "pids-max", NUMBER },
		{ "restricted-outgoing-addresses", MANY },
		{ "allowed-outgoing-ports", MANY },
		{ "allowed-listen-ports", MANY },
		{ "supplementary-group", MANY },
		{ "read-only", MANY },
		{ "read-write", MANY },
	};

	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		if (!strcmp(others[i].option, option))
			return others[i].shape;
	return ONE;
}

/* Takes @member. */
static int put(struct json_object *object, const char *key, struct json_object *member)
{
	if (member && !json_object_object_add(object, key, member))
		return 0;
	json_object_put(member);
	return -ENOMEM;
}

static int append(struct json_object *object, const char *key, const char *text)
{
	struct json_object *list = json_object_object_get(object, key), *word;

	if (!list) {
		list = json_object_new_array();
		if (put(object, key, list))
			return -ENOMEM;
	}
	word = json_object_new_string(text);
	if (word && !json_object_array_add(list, word))
		return 0;
	json_object_put(word);
	return -ENOMEM;
}

static int add(struct json_object *object, const struct sn_value *value)
{
	if (value->by_self) /* "self: 10.0.0.5" */
		return append(object, "self-addresses", value->text + strlen("self: "));
	switch (shape_of(value->option)) {
	case FLAG:
		return put(object, value->option, json_object_new_boolean(1));
	case NUMBER:
		return put(object, value->option,
			   json_object_new_int64(strtoll(value->text, NULL, 10)));
	case MANY:
		return append(object, value->option, value->text);
	case ONE:
		break;
	}
	return put(object, value->option, json_object_new_string(value->text));
}

struct json_object *sn_inforce_json(const struct sn_inforce *inforce)
{
	struct json_object *object = json_object_new_object();

	for (size_t i = 0; i < inforce->nr && object; i++) {
		if (!add(object, &inforce->all[i]))
			continue;
		json_object_put(object);
		object = NULL;
	}
	return object;
}
