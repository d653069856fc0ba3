// SPDX-License-Identifier: GPL-2.0-only
/* A config.json, and what is made of it: name, options, reasons to refuse it; with hooks added. */
#include "annotations.h"
#include "bundle.h"
#include "fuzz.h"
#include "hooked.h"
#include "label.h"

#define STATE "{\"id\":\"c1\",\"pid\":1,\"bundle\":\"/b\"}"

static void check_label(const struct sn_bundle *bundle)
{
	char label[SN_TENANT_MAX];

	sn_label(bundle, label);
	MUST(strlen(label) < SN_TENANT_MAX && strchr(label, '/'));
	MUST(!sn_check_shown_name(label, NULL) && sn_check_tenant_name(label, NULL));
}

/* What is not refused has a place to live, and cannot get more than a tenant has. */
static void check(const struct sn_bundle *bundle)
{
	struct sn_options options = {};
	struct sn_err err = {};

	check_label(bundle);
	if (!sn_bundle_check(bundle, &err))
		MUST(sn_path_is_plain(bundle->cwd) && !strstr(bundle->cwd, "/../"));
	else
		MUST(*err.text);
	err.text[0] = '\0';
	if (sn_annotations_read(bundle, &options, &err) ||
	    sn_container_options_check(&options, &err))
		MUST(*err.text);
	else
		MUST(!options.observe && !options.user && !options.restricted.self);
	sn_options_free(&options);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_string(data, size), *hooked;
	struct sn_bundle bundle = {}, again = {};
	struct sn_err err = {};

	MUST(!sn_bundle_state(&again, STATE, &err));
	if (sn_bundle_state(&bundle, text, &err))
		MUST(*err.text);
	sn_bundle_free(&bundle);
	if (!sn_bundle_config(&again, text, &err))
		check(&again);
	sn_bundle_free(&again);
	hooked = sn_hooked(text, &err);
	if (hooked)
		MUST(strstr(hooked, "createRuntime") && strstr(hooked, "poststop"));
	free(hooked);
	free(text);
	return 0;
}
