// SPDX-License-Identifier: GPL-2.0-only
/* user/hooked.c: no container is started without the hooks, and a config.json loses nothing. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "bundle.h"
#include "hooked.h"
#include "scratch.h"

#define WORDS(...) ((const char *const[]){ "runtime", __VA_ARGS__, NULL })

static struct sn_runtime_call call;

static int read_words(const char *const words[])
{
	int argc = 0;

	while (words[argc])
		argc++;
	return sn_runtime_call(argc, (char *const *)words, &call, NULL);
}

static void starts(const char *bundle, const char *const words[])
{
	assert_int_equal(read_words(words), 0);
	assert_true(call.starts);
	assert_string_equal(call.bundle, bundle);
}

static void passes(const char *const words[])
{
	assert_int_equal(read_words(words), 0);
	assert_false(call.starts);
}

static void a_start_is_known_behind_options(void **state)
{
	starts(".", WORDS("run", "c1"));
	starts("/b", WORDS("create", "--bundle", "/b", "c1"));
	starts("/b", WORDS("create", "--bundle=/b", "c1"));
	starts("/b", WORDS("--root", "run", "--log=/l", "--log-format", "json", "--systemd-cgroup",
			   "create", "-b", "/b", "--pid-file", "/p", "c1"));
	starts("/b", WORDS("--debug", "run", "-b=/a", "-b", "/b", "c1"));
	starts(".", WORDS("create", "--bundle"));
}

static void others_pass(void **state)
{
	passes(WORDS("start", "c1"));
	passes(WORDS("--root", "/r", "exec", "--bundle", "/b", "c1"));
	passes(WORDS("delete", "--force", "run"));
	passes(WORDS("--version", "features"));
	passes(WORDS("--root"));
	passes(WORDS("state", "create"));
}

static void what_is_not_known_is_refused(void **state)
{
	assert_int_equal(read_words(WORDS("restore", "c1")), -EINVAL);
	assert_int_equal(read_words(WORDS("creates", "c1")), -EINVAL);
	assert_int_equal(read_words(WORDS("--new", "state", "create")), -EINVAL);
	assert_int_equal(read_words(WORDS("-", "create")), -EINVAL);
	assert_int_equal(read_words(WORDS("--roo=/x", "create")), -EINVAL);
}

#define OUR(when) "{\"path\":\"/usr/sbin/safenode-oci\",\"args\":[\"safenode-oci\",\"" when "\"]}"
#define OTHER	  "{\"path\":\"/x\",\"timeout\":5}"

static void hooked(const char *before, const char *after)
{
	char *once = sn_hooked(before, NULL), *twice;

	assert_non_null(once);
	assert_string_equal(once, after);
	twice = sn_hooked(once, NULL);
	assert_string_equal(twice, after);
	free(once);
	free(twice);
}

static void hooks_are_added_once_behind_others(void **state)
{
	hooked("{\"a\":1.50,\"b\":18446744073709551615,\"c\":\"/é\"}",
	       "{\"a\":1.50,\"b\":18446744073709551615,\"c\":\"/é\",\"hooks\":{"
	       "\"createRuntime\":[" OUR("createRuntime") "],\"poststop\":[" OUR("poststop") "]}}");
	hooked("{\"hooks\":{\"createRuntime\":[" OTHER "],\"prestart\":[" OTHER "]}}",
	       "{\"hooks\":{\"createRuntime\":[" OTHER
	       "," OUR("createRuntime") "],\"prestart\":[" OTHER
					"],\"poststop\":[" OUR("poststop") "]}}");
}

static void what_is_no_config_is_refused(void **state)
{
	static const char *const wrong[] = { "", "[]", "{", "{\"hooks\":[]}",
					     "{\"hooks\":{\"poststop\":{}}}" };
	struct sn_err err = {};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_null(sn_hooked(wrong[i], &err));
		assert_non_null(strstr(err.text, "config.json"));
	}
}

static void a_file_is_replaced_and_keeps_its_mode(void **state)
{
	sn_autofree char *text = NULL;
	struct stat st;

	assert_int_equal(sn_hook_bundle(base, NULL), -ENOENT);
	make_script("config.json", "{}");
	assert_int_equal(chmod(at("config.json"), 0640), 0);
	assert_int_equal(sn_hook_bundle(base, NULL), 0);
	text = sn_read_text(at("config.json"));
	assert_non_null(strstr(text, "createRuntime"));
	assert_int_equal(stat(at("config.json"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	make_script("config.json", "[]");
	assert_int_equal(sn_hook_bundle(base, NULL), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_start_is_known_behind_options),
		cmocka_unit_test(others_pass),
		cmocka_unit_test(what_is_not_known_is_refused),
		cmocka_unit_test(hooks_are_added_once_behind_others),
		cmocka_unit_test(what_is_no_config_is_refused),
		cmocka_unit_test_setup_teardown(a_file_is_replaced_and_keeps_its_mode,
						scratch_begin, scratch_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
