// SPDX-License-Identifier: GPL-2.0-only
/* Options, identities and rules -> exactly what the maps will hold for one tenant. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "compile.h"

/* ---- entries ---- */

struct sn_entry *sn_entries_add(struct sn_entries *entries, enum sn_rule_map map, __u64 scope)
{
	struct sn_entry *all = entries->all, *new;

	if (!(entries->nr & (entries->nr - 1))) { /* all powers of two, and 0, are full */
		all = reallocarray(all, entries->nr ? 2 * entries->nr : 1, sizeof(*all));
		if (!all)
			return NULL;
		entries->all = all;
	}
	new = &all[entries->nr++];
	*new = (struct sn_entry){ .map = map, .key.scope = scope };
	return new;
}

static int add_addresses(struct sn_compiled *compiled, const struct sn_address_list *list)
{
	struct sn_policy *policy = &compiled->policy;
	sn_autofree struct sn_address_rule *rules = NULL;
	ssize_t nr = sn_addresses_cut(list, policy, &rules);

	for (ssize_t i = 0; i < nr; i++) {
		struct sn_entry *entry =
			sn_entries_add(&compiled->own, SN_RULES_ADDRESSES, policy->cgroup_id);

		if (!entry)
			return -ENOMEM;
		entry->key.address = rules[i].key;
		entry->key.scope = policy->cgroup_id;
		entry->text = rules[i].text;
	}
	return nr < 0 ? (int)nr : 0;
}

/* The blocks of one range; the lengths that occur are noted in @lengths. */
static int add_range(struct sn_compiled *compiled, struct sn_port_range range, enum sn_port_use use,
		     __u32 *lengths)
{
	struct sn_port_key blocks[SN_PORT_BLOCKS_MAX];
	size_t nr = sn_port_blocks(range, blocks);

	for (size_t i = 0; i < nr; i++) {
		struct sn_entry *entry = sn_entries_add(&compiled->own, SN_RULES_PORTS, 0);

		if (!entry)
			return -ENOMEM;
		entry->key.port = blocks[i];
		entry->key.port.use = use;
		entry->key.scope = compiled->policy.cgroup_id;
		entry->text = sn_port_text(range);
		*lengths |= 1U << blocks[i].length;
	}
	return 0;
}

static int add_ports(struct sn_compiled *compiled, const struct sn_port_list *list,
		     enum sn_port_use use, __u32 *lengths)
{
	int ret = 0;

	for (size_t i = 0; i < list->nr && !ret; i++)
		ret = add_range(compiled, list->ranges[i], use, lengths);
	return ret;
}

/* A short list goes into the policy instead of the map. */
static int add_outgoing_ports(struct sn_compiled *compiled, const struct sn_port_list *list)
{
	struct sn_policy *policy = &compiled->policy;

	if (list->nr > SN_PORT_RANGES_MAX)
		return add_ports(compiled, list, SN_PORT_OUTGOING, &policy->port_lengths);
	for (size_t i = 0; i < list->nr; i++)
		policy->port_ranges[i] = list->ranges[i];
	policy->port_ranges_nr = list->nr;
	return 0;
}

static int add_rules(struct sn_entries *entries, const struct sn_rules *rules, __u64 scope)
{
	for (size_t i = 0; i < rules->nr_directories; i++) {
		struct sn_entry *entry = sn_entries_add(entries, SN_RULES_DIRECTORIES, scope);

		if (!entry)
			return -ENOMEM;
		entry->key.directory = rules->directories[i].key;
		entry->key.scope = scope;
		entry->rule = rules->directories[i].rule;
	}
	for (size_t i = 0; i < rules->nr_names; i++) {
		struct sn_entry *entry = sn_entries_add(entries, SN_RULES_NAMES, scope);

		if (!entry)
			return -ENOMEM;
		entry->key.name = rules->names[i].key;
		entry->key.scope = scope;
		entry->rule = rules->names[i].rule;
	}
	return 0;
}

/* ---- the policy ---- */

/* Adds @word to the list @text, or "..." once when the text is full. */
static void append(char text[SN_TEXT_MAX], const char *word)
{
	static const char more[] = "...";
	size_t used = strlen(text), len = strlen(word);

	if (used >= sizeof(more) - 1 && !strcmp(text + used - (sizeof(more) - 1), more))
		return;
	if (used + 1 + len + sizeof(",...") > SN_TEXT_MAX) /* room for the last word */
		word = more;
	snprintf(text + used, SN_TEXT_MAX - used, "%s%s", used ? "," : "", word);
}

static void append_ports(char text[SN_TEXT_MAX], const struct sn_port_list *list)
{
	for (size_t i = 0; i < list->nr; i++)
		append(text, sn_port_text(list->ranges[i]).text);
}

static void fill_policy(const struct sn_source *source, struct sn_policy *policy)
{
	const struct sn_options *options = source->options;
	__u64 sum = sn_rules_scope(source->baseline);

	*policy = (struct sn_policy){
		.safe_mode = options->safe_mode,
		.observe = options->observe,
		.warm = options->warm,
		.audit = options->log_granted,
		.loopback_restricted = options->restricted.loopback,
		.self_restricted = options->restricted.self,
		.listen_restricted = options->restrict_listen,
		.cgroup_id = source->cgroup_id,
		.baseline = source->baseline_scope ?: sum,
		.baseline_sum = sum,
		.dir = source->dir,
		.launcher = source->launcher,
		.runtime_init = source->container,
		.layers_dev = source->layers,
	};
	snprintf(policy->tenant, sizeof(policy->tenant), "%s", options->tenant);
	append(policy->directory, source->directory);
	for (size_t i = 0; i < options->restricted.nr; i++)
		append(policy->restricted_outgoing_addresses,
		       options->restricted.rules[i].text.text);
	append_ports(policy->allowed_outgoing_ports, &options->outgoing);
	append_ports(policy->allowed_listen_ports, &options->listen);
}

int sn_compile(const struct sn_source *source, struct sn_compiled *compiled, struct sn_err *err)
{
	const struct sn_options *options = source->options;
	struct sn_policy *policy = &compiled->policy;
	int ret;

	*compiled = (struct sn_compiled){};
	fill_policy(source, policy);
	ret = add_addresses(compiled, &options->restricted);
	if (!ret)
		ret = add_outgoing_ports(compiled, &options->outgoing);
	if (!ret)
		ret = add_ports(compiled, &options->listen, SN_PORT_LISTEN,
				&policy->listen_lengths);
	if (!ret)
		ret = add_rules(&compiled->own, source->own, policy->cgroup_id);
	if (!ret)
		ret = add_rules(&compiled->baseline, source->baseline, policy->baseline);
	if (!ret)
		return 0;
	sn_compiled_free(compiled);
	return sn_fail(err, -ret, "out of memory");
}

void sn_compiled_free(struct sn_compiled *compiled)
{
	free(compiled->own.all);
	free(compiled->baseline.all);
	*compiled = (struct sn_compiled){};
}
