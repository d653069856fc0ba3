// SPDX-License-Identifier: GPL-2.0-only
/* What a container is called in the log and in the status. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "label.h"

#define SHORT_ID 12 /* of the 64 digits of an id, as the engines show them */

/* FNV-1a, of 32 bits: to tell apart for people, no more. */
static uint32_t hash_of(const char *text)
{
	uint32_t sum = 0x811c9dc5;

	for (; *text; text++)
		sum = (sum ^ (unsigned char)*text) * 0x01000193;
	return sum;
}

static void clean(char *part)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789._-";

	for (; *part; part++)
		if (!strchr(letters, *part))
			*part = '_';
}

/* The parts with slashes between them, at most SN_TENANT_MAX - 1 bytes. */
static void join(const char *const parts[], size_t nr, char label[SN_TENANT_MAX])
{
	char whole[3 * 256] = "";
	size_t used = 0;

	for (size_t i = 0; i < nr; i++) {
		char part[256];

		snprintf(part, sizeof(part), "%s", parts[i]);
		clean(part);
		used += snprintf(whole + used, sizeof(whole) - used, "%s%.254s", i ? "/" : "",
				 part);
	}
	if (used < SN_TENANT_MAX)
		memcpy(label, whole, used + 1);
	else
		snprintf(label, SN_TENANT_MAX, "%.*s-%08x", SN_TENANT_MAX - 10, whole,
			 hash_of(whole));
}

void sn_label(const struct sn_bundle *bundle, char label[SN_TENANT_MAX])
{
	static const char *const keys[][3] = {
		{ "io.kubernetes.cri.sandbox-namespace", "io.kubernetes.cri.sandbox-name",
		  "io.kubernetes.cri.container-name" },
		{ "io.kubernetes.pod.namespace", "io.kubernetes.pod.name",
		  "io.kubernetes.container.name" },
	};
	const char *name = sn_bundle_note(bundle, "safenode.tenant"), *parts[3];
	char id[SHORT_ID + 1];

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		for (size_t j = 0; j < 3; j++)
			parts[j] = sn_bundle_note(bundle, keys[i][j]);
		if (!parts[0] || !parts[1] || !parts[2])
			continue;
		join(parts, 3, label);
		return;
	}
	/* one that is no hexadecimal number is a name */
	snprintf(id, sizeof(id), "%s", bundle->id);
	parts[0] = "container";
	parts[1] = name ?: strspn(bundle->id, "0123456789abcdef") == 64 ? id : bundle->id;
	join(parts, 2, label);
}
