// SPDX-License-Identifier: GPL-2.0-only
/* safenode-check: what is wrong or doubtful in policy files, and what they would put in force. */
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "eventjson.h"
#include "inforcejson.h"
#include "policycheck.h"

struct choice {
	bool json;
};

static int set_json(void *target, const char *value, struct sn_err *err)
{
	((struct choice *)target)->json = true;
	return 0;
}

static const struct sn_opt opts[] = { { "json", NULL, "print one JSON object", set_json }, { 0 } };

static const struct sn_program program = {
	.name = "safenode-check",
	.usage = "[--json] FILE... [-- COMMAND [ARG...]]",
	.about = "Say what is wrong or doubtful in policy files, and print the policies. Without "
		 "root only the lines are checked; with root also whether what they name is there, "
		 "and whether COMMAND, or node, can be started.",
	.opts = opts,
};

#define SERVERS_MAX 8

/* What sn_warnings() takes of this machine. */
struct facts {
	char texts[SERVERS_MAX][64];
	const char *servers[SERVERS_MAX];
	struct sn_machine machine;
};

static void look_at_machine(struct facts *facts)
{
	struct sn_machine *machine = &facts->machine;
	FILE *f = fopen("/etc/resolv.conf", "re");
	char line[256];

	*machine = (struct sn_machine){ .servers = facts->servers, .first_port = 1024 };
	while (f && machine->nr_servers < SERVERS_MAX && fgets(line, sizeof(line), f)) {
		char *text = facts->texts[machine->nr_servers];

		/* "fe80::1%eth0" is without its scope what a list has */
		if (sscanf(line, "nameserver %63[^ \t\n%%]", text) == 1)
			facts->servers[machine->nr_servers++] = text;
	}
	if (f)
		fclose(f);
	f = fopen("/proc/sys/net/ipv4/ip_unprivileged_port_start", "re");
	if (f && fscanf(f, "%u", &machine->first_port) != 1)
		machine->first_port = 1024;
	if (f)
		fclose(f);
}

/* ---- for people ---- */

static void print_finding(const struct sn_checked *checked, const struct sn_finding *finding)
{
	char where[256 + 16], line[1024];

	if (finding->line)
		snprintf(where, sizeof(where), "%.250s:%u", checked->file, finding->line);
	else
		snprintf(where, sizeof(where), "%.250s", checked->file);
	snprintf(line, sizeof(line), "%s: %s%s", where,
		 finding->wrong ? "" : "warning: ", finding->text);
	sn_cli_say(&program, line);
}

static void print_checked(const struct sn_checked *checked)
{
	for (size_t i = 0; i < checked->nr; i++)
		print_finding(checked, &checked->all[i]);
	if (checked->wrong)
		return;
	printf("# %s%s\n", checked->file,
	       checked->whole ? "" : ": only the lines were checked; paths and users take root");
	sn_inforce_print(&checked->inforce, stdout);
}

/* ---- JSON ---- */

/* Takes @member; false: out of memory. */
static bool put(struct json_object *object, const char *key, struct json_object *member)
{
	if (member && !json_object_object_add(object, key, member))
		return true;
	json_object_put(member);
	return false;
}

static bool append(struct json_object *list, struct json_object *member)
{
	if (member && !json_object_array_add(list, member))
		return true;
	json_object_put(member);
	return false;
}

static struct json_object *json_of_finding(const struct sn_finding *finding)
{
	struct json_object *object = json_object_new_object();
	bool good = put(object, "what", json_object_new_string(finding->what)) &&
		    (!finding->option[0] ||
		     put(object, "option", json_object_new_string(finding->option))) &&
		    (!finding->line || put(object, "line", json_object_new_int64(finding->line))) &&
		    put(object, "text", json_object_new_string(finding->text));

	if (good)
		return object;
	json_object_put(object);
	return NULL;
}

static bool put_findings(struct json_object *object, const char *key,
			 const struct sn_checked *checked, bool wrong)
{
	struct json_object *list = json_object_new_array();
	bool good = put(object, key, list);

	for (size_t i = 0; i < checked->nr && good; i++)
		if (checked->all[i].wrong == wrong)
			good = append(list, json_of_finding(&checked->all[i]));
	return good;
}

static struct json_object *json_of(const struct sn_checked *checked)
{
	struct json_object *object = json_object_new_object();
	bool good = put(object, "file", json_object_new_string(checked->file)) &&
		    put(object, "ok", json_object_new_boolean(!checked->wrong)) &&
		    put(object, "whole", json_object_new_boolean(checked->whole)) &&
		    put_findings(object, "errors", checked, true) &&
		    put_findings(object, "warnings", checked, false) &&
		    (checked->wrong || put(object, "policy", sn_inforce_json(&checked->inforce)));

	if (good)
		return object;
	json_object_put(object);
	return NULL;
}

/* ---- all files ---- */

/* 1: one of them is wrong, 0, or a negative errno. With @list, the results are appended there. */
static int check_files(char *const files[], size_t nr, char *const command[],
		       struct json_object *list, struct sn_err *err)
{
	struct facts facts;
	int wrong = 0;

	look_at_machine(&facts);
	for (size_t i = 0; i < nr; i++) {
		struct sn_checked checked;
		int ret = sn_policy_check(files[i], command, &facts.machine, &checked, err);

		if (ret)
			return ret;
		wrong |= checked.wrong;
		if (!list)
			print_checked(&checked);
		else if (!append(list, json_of(&checked)))
			ret = sn_fail(err, ENOMEM, "out of memory");
		sn_checked_free(&checked);
		if (ret)
			return ret;
	}
	return wrong;
}

static int check_as_json(char *const files[], size_t nr, char *const command[], struct sn_err *err)
{
	struct json_object *all = json_object_new_object(), *list = json_object_new_array();
	sn_autofree char *line = NULL;
	int ret;

	if (!put(all, "version", json_object_new_int(1)) || !put(all, "files", list))
		return sn_fail(err, ENOMEM, "out of memory");
	ret = check_files(files, nr, command, list, err);
	line = ret < 0 ? NULL : sn_json_line(all);
	json_object_put(all);
	if (ret >= 0 && !line)
		return sn_fail(err, ENOMEM, "out of memory");
	if (line)
		puts(line);
	return ret;
}

static int check(const struct choice *choice, char *const words[], struct sn_err *err)
{
	size_t nr = 0;
	char *const *command;
	int ret, flushed;

	while (words[nr] && strcmp(words[nr], "--") != 0)
		nr++;
	command = words[nr] ? words + nr + 1 : words + nr;
	if (!nr)
		return sn_fail(err, EINVAL, "no FILE; name a policy file, such as %s",
			       "/etc/safenode/t1.conf");
	sn_cli_begin_output();
	ret = choice->json ? check_as_json(words, nr, command, err)
			   : check_files(words, nr, command, NULL, err);
	flushed = ret < 0 ? 0 : sn_cli_flush(err);
	return flushed ? flushed : ret;
}

int main(int argc, char **argv)
{
	struct choice choice = {};
	struct sn_err err = {};
	int ret = sn_cli_parse(&program, argc, argv, &choice, &err);

	if (ret >= 0)
		ret = check(&choice, argv + ret, &err);
	if (ret < 0)
		return sn_cli_fail(&program, ret, &err);
	return ret ? SN_EXIT_USAGE : SN_EXIT_DONE;
}
