// SPDX-License-Identifier: GPL-2.0-only
/* safenode-status: what is in force and what weakens it, the tenants, and what they were refused.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "cli.h"
#include "eventjson.h"
#include "http.h"
#include "metrics.h"
#include "status.h"
#include "statusjson.h"
#include "statustable.h"

enum form { TABLE, JSON, PROMETHEUS, HTTP };

struct choice {
	enum form form;
	const char *tenant;
};

static int set_form(void *target, enum form form, struct sn_err *err)
{
	struct choice *choice = target;

	if (choice->form && choice->form != form)
		return sn_fail(err, EINVAL,
			       "--json, --prometheus and --http exclude each other; give one");
	choice->form = form;
	return 0;
}

static int set_json(void *target, const char *value, struct sn_err *err)
{
	return set_form(target, JSON, err);
}

static int set_prometheus(void *target, const char *value, struct sn_err *err)
{
	return set_form(target, PROMETHEUS, err);
}

static int set_http(void *target, const char *value, struct sn_err *err)
{
	return set_form(target, HTTP, err);
}

static const struct sn_opt opts[] = {
	{ "json", NULL, "one JSON object, as docs/status.schema.json describes it", set_json },
	{ "prometheus", NULL, "metrics, in the exposition format of Prometheus", set_prometheus },
	{ "http", NULL, "the same as the answer to an HTTP request on standard input", set_http },
	{ 0 }
};

static const struct sn_program program = {
	.name = "safenode-status",
	.usage = "[--json | --prometheus | --http] [TENANT]",
	.about = "Show whether safenode is in force and what weakens it, the tenants, and what was "
		 "refused to each; all of it for one TENANT. Exit status 4: not in force.",
	.opts = opts,
};

static int print_json(const struct sn_status *status, FILE *out)
{
	struct json_object *object = sn_status_json(status);
	sn_autofree char *line = object ? sn_json_line(object) : NULL;

	json_object_put(object);
	if (!line)
		return -ENOMEM;
	fprintf(out, "%s\n", line);
	return 0;
}

static int print(const struct choice *choice, const struct sn_status *status, FILE *out)
{
	switch (choice->form) {
	case JSON:
		return print_json(status, out);
	case PROMETHEUS:
	case HTTP:
		sn_metrics(status, out);
		return 0;
	case TABLE:
		break;
	}
	if (choice->tenant)
		sn_status_details(status, out);
	else
		sn_status_table(status, out);
	return 0;
}

/*
 * All of it in memory: nothing is printed of what fails, and who reads slowly delays nobody. The
 * caller frees @text. 1: it tells that nothing is in force, and why is in @err.
 */
static int render(const struct choice *choice, char **text, size_t *size, struct sn_err *err)
{
	const struct sn_status_query query = {
		.tenant = choice->tenant,
		.options = choice->form == JSON || (choice->form == TABLE && choice->tenant),
		.maps = choice->form != TABLE,
		.lasts = choice->form == JSON || (choice->form == TABLE && choice->tenant),
	};
	struct sn_status status;
	int ret = sn_status_collect(&query, &status, err), printed;
	FILE *out;

	if (ret)
		return ret;
	out = open_memstream(text, size);
	printed = out ? print(choice, &status, out) : -ENOMEM;
	if ((out && fclose(out)) || printed)
		ret = sn_fail(err, ENOMEM, "out of memory");
	else if (sn_status_in_force(&status, err))
		ret = 1;
	sn_status_free(&status);
	return ret;
}

static int show(const struct choice *choice, struct sn_err *err)
{
	sn_autofree char *text = NULL;
	size_t size = 0;
	int ret = render(choice, &text, &size, err), flushed;
	struct sn_err unwritten;

	if (ret < 0)
		return ret;
	fwrite(text, 1, size, stdout);
	flushed = sn_cli_flush(&unwritten);
	if (flushed)
		*err = unwritten;
	return flushed ? flushed : ret;
}

/* The request first: who connects and says nothing costs nothing. */
static int serve(const struct choice *choice, struct sn_err *err)
{
	const struct timeval wait = { .tv_sec = SN_HTTP_WAIT_MS / 1000 };
	char head[SN_HTTP_HEAD_MAX + 1];
	sn_autofree char *text = NULL;
	int ret = 0, code = sn_http_read(STDIN_FILENO, SN_HTTP_WAIT_MS, head);
	bool bodyless = false;
	size_t size = 0;

	if (!code)
		return 0;
	if (code == 200)
		code = sn_http_judge(head, &bodyless);
	if (code == 200)
		ret = render(choice, &text, &size, err);
	if (ret < 0)
		code = 500;
	/* not for ever either: a socket, or else it is of no use */
	setsockopt(STDOUT_FILENO, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait));
	sn_http_answer(code, bodyless, SN_METRICS_TYPE, text, size, stdout);
	if (ret >= 0)
		ret = sn_cli_flush(err); /* that nothing is in force is in the answer */
	sn_http_end(STDOUT_FILENO);
	return ret;
}

int main(int argc, char **argv)
{
	struct choice choice = {};
	struct sn_err err = {};
	int ret = sn_cli_parse(&program, argc, argv, &choice, &err);

	if (ret >= 0 && ret < argc && sn_check_shown_name(argv[ret], NULL) == 0)
		choice.tenant = argv[ret++];
	if (ret >= 0 && (ret < argc || (choice.tenant && choice.form == HTTP)))
		ret = sn_fail(&err, EINVAL, "unexpected '%s'; see --help", argv[argc - 1]);
	sn_cli_begin_output();
	if (ret >= 0)
		ret = choice.form == HTTP ? serve(&choice, &err) : show(&choice, &err);
	if (ret > 0) {
		sn_cli_fail(&program, ret, &err);
		return SN_EXIT_NOT_IN_FORCE;
	}
	return ret ? sn_cli_fail(&program, ret, &err) : SN_EXIT_DONE;
}
