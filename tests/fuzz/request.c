// SPDX-License-Identifier: GPL-2.0-only
/* A request to the broker, behind a byte that says how many descriptors came with it. */
#include "fuzz.h"
#include "request.h"

/* Whatever was sent, this much the broker may rely on. */
static void check(const struct sn_request *request, size_t nr_places)
{
	const struct sn_options *options = &request->options;

	MUST(request->act > SN_ACT_NONE && request->act <= SN_ACT_DETACH);
	MUST(request->nr_places == nr_places);
	if (request->act != SN_ACT_START) { /* a tenant, or all of them, and nothing else */
		MUST(!nr_places && !request->nr_rules && !request->kept && !options->restricted.nr);
		MUST(!*options->tenant || !sn_check_tenant_name(options->tenant, NULL));
		MUST(*options->tenant || request->act != SN_ACT_DETACH);
		return;
	}
	MUST(request->directory < nr_places);
	MUST(!sn_check_tenant_name(options->tenant, NULL));
	MUST(options->safe_mode && !options->observe && !options->user && !options->directory);
	MUST(!options->nr_groups && !options->nr_read_only && !options->nr_keep_fd);
	for (size_t i = 0; i < request->nr_rules; i++) {
		const struct sn_request_rule *rule = &request->rules[i];

		MUST(rule->place < nr_places && strnlen(rule->name, SN_NAME_MAX) < SN_NAME_MAX);
		MUST(rule->is_name == !!rule->name[0]);
		MUST(!rule->baseline || !request->kept);
	}
}

/* What was read can be written, and is then read as the same. */
static void check_again(const struct sn_request *request)
{
	struct sn_request again;
	struct sn_err err = {};
	char *message, *same;
	size_t size, same_size;

	if (sn_request_write(request, &message, &size, &err))
		return; /* "1" became "1-1", and so on: it may be longer than what was read */
	MUST(!sn_request_read(message, size, request->nr_places, &again, &err));
	MUST(!sn_request_write(&again, &same, &same_size, &err));
	MUST(size == same_size && !memcmp(message, same, size));
	free(message);
	free(same);
	sn_request_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sn_request request;
	struct sn_err err = {};
	size_t nr_places;

	if (!size)
		return 0;
	nr_places = *data;
	if (sn_request_read((const char *)data + 1, size - 1, nr_places, &request, &err)) {
		MUST(*err.text && !request.rules && !request.options.tenant);
		return 0;
	}
	check(&request, nr_places);
	check_again(&request);
	sn_request_free(&request);
	return 0;
}
