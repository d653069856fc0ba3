// SPDX-License-Identifier: GPL-2.0-only
/*
 * What an ordinary user asks safenode-broker for: one message, and back. A head and rules of fixed
 * size, for both ends are one machine's and of one version; then options, "NAME" or "NAME=VALUE",
 * each with its NUL, read by the functions that read the command line.
 */
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "logrecord.h"
#include "request.h"
#include "statusform.h"

struct head {
	__u32 version;
	__u16 nr_places, nr_rules, directory;
	__u8 act, how;
	__u32 pad;
	__u64 kept, kept_scope;
	struct sn_nonce nonce;
	char tenant[SN_TENANT_MAX]; /* NUL-padded */
};
_Static_assert(sizeof(struct head) == 112, "no hidden padding");

#define ADDRESS "restricted-outgoing-addresses"

void sn_request_prefix(uid_t uid, char prefix[SN_USER_PREFIX])
{
	snprintf(prefix, SN_USER_PREFIX, "%u:", uid);
}

/* ---- writing ---- */

static void put_option(FILE *out, const char *name, const char *value)
{
	fputs(name, out);
	if (value) {
		fputc('=', out);
		fputs(value, out);
	}
	fputc('\0', out);
}

static void put_ports(FILE *out, const char *name, const struct sn_port_list *list)
{
	for (size_t i = 0; i < list->nr; i++)
		put_option(out, name, sn_port_text(list->ranges[i]).text);
}

static void put_options(FILE *out, const struct sn_options *options)
{
	for (size_t i = 0; i < options->restricted.nr; i++)
		put_option(out, ADDRESS, options->restricted.rules[i].text.text);
	put_ports(out, "allowed-outgoing-ports", &options->outgoing);
	put_ports(out, "allowed-listen-ports", &options->listen);
	if (options->memory_max)
		put_option(out, "memory-max", options->memory_max);
	if (options->cpu_max)
		put_option(out, "cpu-max", options->cpu_max);
	if (options->pids_max)
		put_option(out, "pids-max", options->pids_max);
	if (options->log_granted)
		put_option(out, "log-granted", NULL);
}

static int check_length(size_t size, const struct sn_request *request, struct sn_err *err)
{
	if (size <= SN_REQUEST_MAX && request->nr_places <= SN_PLACES_MAX &&
	    request->nr_rules <= SN_REQUEST_RULES)
		return 0;
	return sn_fail(err, E2BIG,
		       "too much for safenode-broker (%zu bytes, %zu places, %zu rules; at most "
		       "%d, %d, %d): name fewer paths, or join addresses to prefixes",
		       size, request->nr_places, request->nr_rules, SN_REQUEST_MAX, SN_PLACES_MAX,
		       SN_REQUEST_RULES);
}

int sn_request_write(const struct sn_request *request, char **message, size_t *size,
		     struct sn_err *err)
{
	struct head head = {
		.version = SN_REQUEST_VERSION,
		.nr_places = request->nr_places,
		.nr_rules = request->nr_rules,
		.directory = request->directory,
		.act = request->act,
		.how = request->how,
		.kept = request->kept,
		.kept_scope = request->kept_scope,
		.nonce = request->nonce,
	};
	FILE *out;
	bool failed;
	int ret;

	*message = NULL;
	snprintf(head.tenant, sizeof(head.tenant), "%s", request->options.tenant);
	out = open_memstream(message, size);
	if (!out)
		return sn_fail(err, ENOMEM, "out of memory");
	fwrite(&head, sizeof(head), 1, out);
	/* of none there is no array */
	if (request->nr_rules)
		fwrite(request->rules, sizeof(*request->rules), request->nr_rules, out);
	put_options(out, &request->options);
	failed = ferror(out);
	failed |= fclose(out);
	ret = failed ? sn_fail(err, ENOMEM, "out of memory") : check_length(*size, request, err);
	if (!ret)
		return 0;
	free(*message);
	*message = NULL;
	return ret;
}

/* ---- reading ---- */

static int malformed(const char *what, struct sn_err *err)
{
	return sn_fail(err, EINVAL, "malformed request: %s", what);
}

/* A NUL in it, nothing behind that, and nothing that a terminal would obey. */
static bool is_padded(const char *text, size_t size)
{
	size_t len = strnlen(text, size);

	for (size_t i = 0; i < len; i++)
		if (iscntrl((unsigned char)text[i]))
			return false;
	for (size_t i = len; i < size; i++)
		if (text[i])
			return false;
	return len < size;
}

static int check_head(const struct head *head, size_t nr_places, struct sn_err *err)
{
	if (head->version != SN_REQUEST_VERSION)
		return sn_fail(err, EINVAL,
			       "the request is of version %u, and safenode-broker of %d: they have "
			       "to be of one installation",
			       head->version, SN_REQUEST_VERSION);
	if (head->nr_places != nr_places || nr_places > SN_PLACES_MAX)
		return malformed("not as many descriptors as it says", err);
	if (head->act == SN_ACT_START && head->directory >= nr_places)
		return malformed("no directory", err);
	if (head->nr_rules > SN_REQUEST_RULES)
		return malformed("too many rules", err);
	if (!is_padded(head->tenant, sizeof(head->tenant)))
		return malformed("the name", err);
	if (!*head->tenant && (head->act == SN_ACT_STATUS || head->act == SN_ACT_LOG))
		return 0;
	return sn_check_tenant_name(head->tenant, err);
}

/* @size: all of the message's bytes. */
static int check_act(const struct head *head, size_t size, struct sn_err *err)
{
	static const __u8 most[] = {
		[SN_ACT_START] = 0,
		[SN_ACT_STATUS] = SN_STATUS_JSON,
		[SN_ACT_LOG] = SN_WANT_BACKLOG | SN_WANT_NEW | SN_WANT_LAST,
		[SN_ACT_DETACH] = 1,
	};

	if (!head->act || head->act >= sizeof(most) || head->how > most[head->act])
		return malformed("an unknown act", err);
	if (head->act != SN_ACT_START && (size > sizeof(*head) || head->nr_places || head->kept))
		return malformed("more than a tenant's name", err);
	return 0;
}

/* Steps are names that slashes separate; any other name has none. */
static int check_rule(const struct sn_request_rule *rule, const struct sn_request *request,
		      struct sn_err *err)
{
	if (rule->place >= request->nr_places)
		return malformed("a rule without a descriptor", err);
	if (rule->baseline > 1 || rule->is_name > 1)
		return malformed("a rule of an unknown kind", err);
	if (rule->baseline && request->kept) /* it would be in force for root's tenants */
		return malformed("a rule beside those of a kept baseline", err);
	if (!is_padded(rule->name, sizeof(rule->name)) || rule->is_name != !!*rule->name)
		return malformed("the name in a rule", err);
	if (rule->owner && !(rule->baseline && rule->is_name))
		return malformed("a rule with an owner", err);
	return 0;
}

static bool is_passed_on(const char *name)
{
	static const char *const names[] = {
		/* the rest of what attach takes is of fixed size, or none of a user's business */
		"allowed-outgoing-ports",
		"allowed-listen-ports",
		"memory-max",
		"cpu-max",
		"pids-max",
		"log-granted",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(name, names[i]))
			return true;
	return false;
}

static int set(struct sn_options *options, const char *name, size_t len, const char *value,
	       struct sn_err *err)
{
	if (len == strlen(ADDRESS) && !memcmp(name, ADDRESS, len) && value)
		return sn_addresses_add_listed(&options->restricted, value, err);
	for (const struct sn_opt *opt = sn_attach_opts; opt->name; opt++)
		if (strlen(opt->name) == len && !memcmp(name, opt->name, len) &&
		    !opt->arg == !value && is_passed_on(opt->name))
			return opt->set(options, value, err);
	return malformed("an option", err);
}

/* Each is in front of its NUL, and the last one ends the message. */
static int read_options(const char *text, size_t size, struct sn_options *options,
			struct sn_err *err)
{
	int ret = size && text[size - 1] ? malformed("its end", err) : 0;

	for (const char *word = text; !ret && word < text + size; word += strlen(word) + 1) {
		size_t len = strcspn(word, "=");

		ret = set(options, word, len, word[len] ? word + len + 1 : NULL, err);
	}
	return ret;
}

static int read_rules(const char *message, struct sn_request *request, struct sn_err *err)
{
	size_t nr = request->nr_rules;
	int ret = 0;

	request->rules = calloc(nr + 1, sizeof(*request->rules));
	if (!request->rules)
		return sn_fail(err, ENOMEM, "out of memory");
	memcpy(request->rules, message, nr * sizeof(*request->rules));
	for (size_t i = 0; !ret && i < nr; i++)
		ret = check_rule(&request->rules[i], request, err);
	return ret;
}

static int read_all(const char *message, size_t size, size_t nr_places, struct sn_request *request,
		    struct sn_err *err)
{
	struct head head;
	size_t rules;
	int ret;

	if (size < sizeof(head) || size > SN_REQUEST_MAX)
		return malformed("its length", err);
	memcpy(&head, message, sizeof(head));
	ret = check_act(&head, size, err);
	if (!ret)
		ret = check_head(&head, nr_places, err);
	if (ret)
		return ret;
	rules = head.nr_rules * sizeof(*request->rules);
	if (size - sizeof(head) < rules)
		return malformed("its length", err);
	request->nonce = head.nonce;
	request->act = head.act;
	request->how = head.how;
	request->nr_places = nr_places;
	request->directory = head.directory;
	request->kept = head.kept;
	request->kept_scope = head.kept_scope;
	request->nr_rules = head.nr_rules;
	request->options.safe_mode = true;
	request->options.tenant = strdup(head.tenant);
	if (!request->options.tenant)
		return sn_fail(err, ENOMEM, "out of memory");
	ret = read_rules(message + sizeof(head), request, err);
	if (!ret)
		ret = read_options(message + sizeof(head) + rules, size - sizeof(head) - rules,
				   &request->options, err);
	return ret ? ret : sn_options_check_alone(&request->options, err);
}

int sn_request_read(const char *message, size_t size, size_t nr_places, struct sn_request *request,
		    struct sn_err *err)
{
	int ret;

	*request = (struct sn_request){};
	ret = read_all(message, size, nr_places, request, err);
	if (ret)
		sn_request_free(request);
	return ret;
}

void sn_request_free(struct sn_request *request)
{
	sn_options_free(&request->options);
	free(request->rules);
	*request = (struct sn_request){};
}
