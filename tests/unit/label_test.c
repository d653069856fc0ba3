// SPDX-License-Identifier: GPL-2.0-only
/* user/label.c: short, clean, and never the name of another kind of tenant. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "engine.h"
#include "label.h"
#include "options.h"

static const char *label_of(const char *config)
{
	static char label[SN_TENANT_MAX];
	struct sn_bundle bundle = {};

	describe(&bundle, config);
	sn_label(&bundle, label);
	assert_non_null(strchr(label, '/'));
	assert_true(strlen(label) < SN_TENANT_MAX);
	assert_int_not_equal(sn_check_tenant_name(label, NULL), 0);
	sn_bundle_free(&bundle);
	return label;
}

#define CRI(ns, pod, name)                                                                      \
	NOTES("\"io.kubernetes.cri.sandbox-namespace\":\"" ns "\",\"io.kubernetes.cri.sandbox-" \
	      "name\":\"" pod "\",\"io.kubernetes.cri.container-name\":\"" name "\","           \
	      "\"safenode.tenant\":\"other\"")
#define CRIO(ns, pod, name)                                                                  \
	NOTES("\"io.kubernetes.pod.namespace\":\"" ns "\",\"io.kubernetes.pod.name\":\"" pod \
	      "\",\"io.kubernetes.container.name\":\"" name "\"")
#define LONG "a-name-that-is-longer-than-there-is-room-for-in-the-policy-of-a-tenant"

static void a_container_of_a_pod_has_three_names(void **state)
{
	assert_string_equal(label_of(CRI("shop", "web-1", "node")), "shop/web-1/node");
	assert_string_equal(label_of(CRIO("shop", "web-1", "node")), "shop/web-1/node");
}

static void others_are_called_container(void **state)
{
	struct sn_bundle bundle = {};
	char label[SN_TENANT_MAX];

	assert_string_equal(label_of(NOTES("\"safenode.tenant\":\"shop\"")), "container/shop");
	assert_string_equal(label_of(CONFIG("", "")), "container/c1");
	describe(&bundle, CONFIG("", ""));
	bundle.id = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
	sn_label(&bundle, label);
	assert_string_equal(label, "container/0123456789ab");
	sn_bundle_free(&bundle);
}

static void nothing_else_gets_into_a_line(void **state)
{
	assert_string_equal(label_of(NOTES("\"safenode.tenant\":\"a/b c\\n\\u00e9=\"")),
			    "container/a_b_c____");
}

static void a_long_one_is_cut_and_stays_itself(void **state)
{
	char first[SN_TENANT_MAX];

	strcpy(first, label_of(CRI("shop", LONG, "one")));
	assert_int_equal(strlen(first), SN_TENANT_MAX - 1);
	assert_memory_equal(first, "shop/a-name-that-is", 19);
	assert_string_not_equal(first, label_of(CRI("shop", LONG, "two")));
	assert_string_equal(first, label_of(CRI("shop", LONG, "one")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_container_of_a_pod_has_three_names),
		cmocka_unit_test(others_are_called_container),
		cmocka_unit_test(nothing_else_gets_into_a_line),
		cmocka_unit_test(a_long_one_is_cut_and_stays_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
