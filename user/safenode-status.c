// SPDX-License-Identifier: GPL-2.0-only
/* safenode-status: what is in force and what weakens it, the tenants, and what they were refused.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "brokerclient.h"
#include "cli.h"
#include "http.h"
#include "metrics.h"
#include "options.h"
#include "statusform.h"

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

/* As sn_status_write(). An ordinary user whom the broker serves is told of its own tenants. */
static int render(const struct choice *choice, char **text, size_t *size, struct sn_err *err)
{
	static const enum sn_status_form forms[] = {
		[TABLE] = SN_STATUS_TABLE,
		[JSON] = SN_STATUS_JSON,
		[PROMETHEUS] = SN_STATUS_METRICS,
		[HTTP] = SN_STATUS_METRICS,
	};
	enum sn_status_form form = forms[choice->form];

	if (geteuid() && form != SN_STATUS_METRICS && !sn_brokerclient_check(NULL))
		return sn_brokerclient_status(form, choice->tenant, text, size, err);
	return sn_status_write(form, choice->tenant, NULL, text, size, err);
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
