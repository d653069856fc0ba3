// SPDX-License-Identifier: GPL-2.0-only
/* user/request.c: what is written is read as it was; what is not of that form is refused. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "request.h"

#define PLACES 3

static struct sn_request_rule two[] = {
	{ .place = 2, .access = SN_MAY_STAT | SN_MAY_SEARCH, .below = SN_MAY_READ },
	{ .place = 0, .baseline = 1, .is_name = 1, .access = 5, .owner = 7, .name = "run/x" },
};

/* What the command line would make of it. */
static struct sn_request plain(void)
{
	struct sn_request request = {
		.act = SN_ACT_START,
		.nonce = { "0123456789abcde" },
		.nr_places = PLACES,
		.directory = 1,
		.rules = two,
		.nr_rules = 2,
	};
	struct sn_options *options = &request.options;

	options->tenant = strdup("t1");
	options->safe_mode = true;
	options->log_granted = true;
	options->restrict_listen = true;
	options->memory_max = strdup("1000");
	options->cpu_max = strdup("50000 100000");
	options->pids_max = strdup("max");
	assert_int_equal(sn_addresses_add(&options->restricted, "10.0.0.0/8,self,::5", NULL), 0);
	assert_int_equal(sn_ports_add(&options->outgoing, "80,8000-8010", NULL), 0);
	assert_int_equal(sn_ports_add(&options->listen, "443", NULL), 0);
	return request;
}

static void release(struct sn_request *request)
{
	request->rules = NULL;
	sn_request_free(request);
}

static void same_options(const struct sn_options *a, const struct sn_options *b)
{
	assert_string_equal(a->tenant, b->tenant);
	assert_string_equal(a->memory_max, b->memory_max);
	assert_string_equal(a->cpu_max, b->cpu_max);
	assert_string_equal(a->pids_max, b->pids_max);
	assert_true(b->safe_mode && b->log_granted && b->restrict_listen && !b->observe);
	assert_int_equal(a->restricted.nr, b->restricted.nr);
	assert_memory_equal(a->restricted.rules, b->restricted.rules,
			    a->restricted.nr * sizeof(*a->restricted.rules));
	assert_int_equal(a->restricted.self, b->restricted.self);
	assert_int_equal(a->restricted.loopback, b->restricted.loopback);
	assert_int_equal(a->outgoing.nr, b->outgoing.nr);
	assert_memory_equal(a->outgoing.ranges, b->outgoing.ranges,
			    a->outgoing.nr * sizeof(*a->outgoing.ranges));
	assert_int_equal(a->listen.nr, b->listen.nr);
}

static void what_is_written_is_read(void **state)
{
	struct sn_request request = plain(), again;
	char *message;
	size_t size;

	assert_int_equal(sn_request_write(&request, &message, &size, NULL), 0);
	assert_int_equal(sn_request_read(message, size, PLACES, &again, NULL), 0);
	same_options(&request.options, &again.options);
	assert_memory_equal(&request.nonce, &again.nonce, sizeof(again.nonce));
	assert_int_equal(again.act, SN_ACT_START);
	assert_int_equal(again.nr_places, PLACES);
	assert_int_equal(again.directory, 1);
	assert_int_equal(again.nr_rules, 2);
	assert_memory_equal(again.rules, two, sizeof(two));
	sn_request_free(&again);
	free(message);
	release(&request);
}

/* Reads @size bytes, with one of them changed where @at is one. */
static int read_changed(const char *message, size_t size, size_t at, char to, struct sn_err *err)
{
	struct sn_request request;
	char *copy = malloc(size ?: 1);
	int ret;

	memcpy(copy, message, size);
	if (at < size)
		copy[at] = to;
	ret = sn_request_read(copy, size, PLACES, &request, err);
	if (ret)
		assert_null(request.rules);
	sn_request_free(&request);
	free(copy);
	return ret;
}

static void every_shorter_one_is_refused(void **state)
{
	struct sn_request request = plain();
	char *message;
	size_t size;

	assert_int_equal(sn_request_write(&request, &message, &size, NULL), 0);
	for (size_t cut = 0; cut < size; cut++) {
		struct sn_err err = {};
		int ret = read_changed(message, cut, cut, 0, &err);

		/* options may end behind any of them */
		if (ret ? !err.text[0] : cut < 112 + sizeof(two) || message[cut - 1])
			fail_msg("%zu bytes: %d", cut, ret);
	}
	free(message);
	release(&request);
}

static void what_it_must_not_say_is_refused(void **state)
{
	enum { HEAD = 112, RULE = sizeof(struct sn_request_rule) };
	static const struct {
		size_t at;
		char to;
		const char *why;
	} wrong[] = {
		{ 0, 3, "version 3" },
		{ 4, 2, "descriptors" },
		{ 7, 9, "too many rules" },
		{ 8, PLACES, "no directory" },
		{ 10, SN_ACT_NONE, "an unknown act" },
		{ 10, SN_ACT_DETACH + 1, "an unknown act" },
		{ 10, SN_ACT_STATUS, "more than a tenant's name" },
		{ 11, 1, "an unknown act" },
		{ 16, 1, "beside those of a kept baseline" },
		{ 48, '\0', "the name" },
		{ 48, '/', "no name" },
		{ 48, '.', "no name" },
		{ 48 + 60, 'x', "the name" },
		{ 48 + 63, 'x', "the name" },
		{ HEAD, PLACES, "without a descriptor" },
		{ HEAD + 2, 2, "unknown kind" },
		{ HEAD + 3, 1, "the name in a rule" },
		{ HEAD + 8, 1, "with an owner" },
		{ HEAD + 12, 'x', "the name in a rule" },
		{ HEAD + RULE + 12, '\033', "the name in a rule" },
		{ HEAD + RULE + 12 + 63, 'x', "the name in a rule" },
		{ HEAD + RULE + 2, 0, "with an owner" },
		{ HEAD + 2 * RULE, 'x', "an option" },
	};
	struct sn_request request = plain();
	char *message;
	size_t size;

	assert_int_equal(sn_request_write(&request, &message, &size, NULL), 0);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct sn_err err = {};
		int ret = read_changed(message, size, wrong[i].at, wrong[i].to, &err);

		if (ret != -EINVAL || !strstr(err.text, wrong[i].why))
			fail_msg("byte %zu: %d, %s", wrong[i].at, ret, err.text);
	}
	free(message);
	release(&request);
}

/* It can be in force for root's tenants, so nobody adds to it. */
static void a_kept_baseline_has_no_rule_beside(void **state)
{
	struct sn_request request = plain(), again;
	struct sn_err err = {};
	char *message;
	size_t size;

	request.kept = 0x123456789abcdef0;
	request.kept_scope = 0xfedcba9876543210;
	for (request.nr_rules = 2; request.nr_rules; request.nr_rules--) {
		bool beside = request.rules[request.nr_rules - 1].baseline;

		assert_int_equal(sn_request_write(&request, &message, &size, NULL), 0);
		assert_int_equal(sn_request_read(message, size, PLACES, &again, &err),
				 beside ? -EINVAL : 0);
		assert_int_equal(!!strstr(err.text, "beside"), beside);
		assert_true(again.kept == (beside ? 0 : request.kept));
		assert_true(again.kept_scope == (beside ? 0 : request.kept_scope));
		err.text[0] = '\0';
		sn_request_free(&again);
		free(message);
	}
	release(&request);
}

/* Reads a request that is fine but for @word, an option, behind it. */
static int read_with(const char *word, struct sn_err *err)
{
	struct sn_request request = { .act = SN_ACT_START, .nr_places = PLACES }, again;
	size_t size, len = strlen(word) + 1;
	char *message;
	int ret;

	request.options.tenant = (char *)"t1";
	assert_int_equal(sn_request_write(&request, &message, &size, NULL), 0);
	message = realloc(message, size + len);
	memcpy(message + size, word, len);
	ret = sn_request_read(message, size + len, PLACES, &again, err);
	sn_request_free(&again);
	free(message);
	return ret;
}

/* What an ordinary user may not have, and what would be looked up in the broker's place. */
static void other_options_are_refused(void **state)
{
	static const char *const words[] = {
		"observe",
		"warm",
		"narrow",
		"safe-mode",
		"user=root",
		"read-only=/etc/shadow",
		"policy=/etc/passwd",
		"keep-fd=3",
		"restricted-outgoing-addresses",
		"restricted-outgoing-addresses=self",
		"restricted-outgoing-addresses=self: self",
		"restricted-outgoing-addresses=1.1.1.1,2.2.2.2",
		"memory-max",
		"log-granted=1",
		"allowed-outgoing-ports=80",
		"pids-max=-1",
		"",
	};

	assert_int_equal(read_with("memory-max=1000", NULL), 0);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		struct sn_err err = {};

		if (read_with(words[i], &err) != -EINVAL || !err.text[0])
			fail_msg("taken: %s", words[i]);
	}
}

static void what_is_too_long_is_not_written(void **state)
{
	struct sn_request request = { .nr_places = SN_PLACES_MAX + 1 };
	struct sn_err err = {};
	char *message;
	size_t size;

	request.options.tenant = (char *)"t1";
	assert_int_equal(sn_request_write(&request, &message, &size, &err), -E2BIG);
	assert_null(message);
	assert_non_null(strstr(err.text, "join addresses"));
}

static __u64 kept; /* in the next inquiry */

static int read_inquiry(enum sn_act act, int how, const char *tenant, size_t more)
{
	struct sn_request request = {
		.act = act, .how = how, .kept = kept, .options.tenant = (char *)tenant
	};
	struct sn_request again;
	char *message;
	size_t size;
	int ret;

	assert_int_equal(sn_request_write(&request, &message, &size, NULL), 0);
	message = realloc(message, size + 1);
	message[size] = '\0';
	ret = sn_request_read(message, size + more, 0, &again, NULL);
	if (!ret) {
		assert_int_equal(again.act, act);
		assert_int_equal(again.how, how);
		assert_string_equal(again.options.tenant, tenant);
	}
	sn_request_free(&again);
	free(message);
	return ret;
}

static void an_inquiry_is_of_a_tenant_or_of_all(void **state)
{
	assert_int_equal(read_inquiry(SN_ACT_STATUS, 1, "t1", 0), 0);
	assert_int_equal(read_inquiry(SN_ACT_STATUS, 0, "", 0), 0);
	assert_int_equal(read_inquiry(SN_ACT_LOG, 7, "", 0), 0);
	assert_int_equal(read_inquiry(SN_ACT_DETACH, 1, "t1", 0), 0);
	/* not all at once, not those of another user, and nothing that there is not */
	assert_int_equal(read_inquiry(SN_ACT_DETACH, 1, "", 0), -EINVAL);
	assert_int_equal(read_inquiry(SN_ACT_STATUS, 0, "0:t1", 0), -EINVAL);
	assert_int_equal(read_inquiry(SN_ACT_LOG, 7, "1000:", 0), -EINVAL);
	assert_int_equal(read_inquiry(SN_ACT_STATUS, 2, "t1", 0), -EINVAL);
	assert_int_equal(read_inquiry(SN_ACT_LOG, 8, "t1", 0), -EINVAL);
	assert_int_equal(read_inquiry(SN_ACT_DETACH, 2, "t1", 0), -EINVAL);
	assert_int_equal(read_inquiry(SN_ACT_NONE, 0, "t1", 0), -EINVAL);
	assert_int_equal(read_inquiry(SN_ACT_STATUS, 0, "t1", 1), -EINVAL);
	kept = 1;
	assert_int_equal(read_inquiry(SN_ACT_STATUS, 0, "t1", 0), -EINVAL);
	kept = 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(an_inquiry_is_of_a_tenant_or_of_all),
		cmocka_unit_test(every_shorter_one_is_refused),
		cmocka_unit_test(what_it_must_not_say_is_refused),
		cmocka_unit_test(a_kept_baseline_has_no_rule_beside),
		cmocka_unit_test(other_options_are_refused),
		cmocka_unit_test(what_is_too_long_is_not_written),
	};

	return cmocka_run_group_tests_name("request", tests, NULL, NULL);
}
