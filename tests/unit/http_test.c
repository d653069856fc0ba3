// SPDX-License-Identifier: GPL-2.0-only
/* user/http.c: what is a request, what is refused and how, and a connection that says nothing. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "http.h"

/* ---- requests ---- */

static void judged(int code, const char *head)
{
	bool bodyless;

	if (sn_http_judge(head, &bodyless) != code)
		fail_msg("%d, not %d: %s", sn_http_judge(head, &bodyless), code, head);
}

static void a_scrape_is_answered(void **state)
{
	/* as Prometheus 2.42 sends it */
	judged(200,
	       "GET /metrics HTTP/1.1\r\nHost: localhost:9957\r\nUser-Agent: Prometheus/2.42.0\r\n"
	       "Accept: application/openmetrics-text;version=1.0.0,*/*;q=0.1\r\n"
	       "Accept-Encoding: gzip\r\nX-Prometheus-Scrape-Timeout-Seconds: 10\r\n\r\n");
	judged(200, "GET /metrics HTTP/1.0\r\n\r\n");
	judged(200, "GET /metrics HTTP/1.0\n\n");
	judged(200, "GET /metrics?name=a HTTP/1.1\r\nhost:\r\n\r\n");
	judged(200, "GET http://localhost:9957/metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
	judged(200, "HEAD /metrics HTTP/1.0\r\n\r\n");
}

static void what_is_asked_for_elsewhere_is_not_found(void **state)
{
	judged(404, "GET / HTTP/1.0\r\n\r\n");
	judged(404, "GET /metrics/ HTTP/1.0\r\n\r\n");
	judged(404, "GET /metricsx HTTP/1.0\r\n\r\n");
	judged(404, "GET /metric HTTP/1.0\r\n\r\n");
	judged(404, "GET //metrics HTTP/1.0\r\n\r\n");
	judged(404, "GET http://metrics HTTP/1.0\r\n\r\n");
}

static void other_methods_and_versions_are_named(void **state)
{
	judged(405, "POST /metrics HTTP/1.0\r\n\r\n");
	judged(405, "get /metrics HTTP/1.0\r\n\r\n");
	judged(405, "GETS /metrics HTTP/1.0\r\n\r\n");
	judged(505, "GET /metrics HTTP/2.0\r\n\r\n");
	judged(505, "GET /metrics HTTP/1.2\r\n\r\n");
	judged(505, "PRI * HTTP/2.0\r\n\r\n");
}

static void what_is_no_request_is_refused(void **state)
{
	judged(400, "\r\n\r\n");
	judged(400, "GET\r\n\r\n");
	judged(400, "GET /metrics\r\n\r\n"); /* HTTP/0.9 */
	judged(400, "GET /metrics \r\n\r\n");
	judged(400, "GET  /metrics HTTP/1.0\r\n\r\n");
	judged(400, "GET /metrics HTTP/1.0 x\r\n\r\n");
	judged(400, "GET /metrics HTTP/1.\r\n\r\n");
	judged(400, "GET /metrics HTTP/1.10\r\n\r\n");
	judged(400, "GET /metrics FTP/1.0\r\n\r\n");
	judged(400, " GET /metrics HTTP/1.0\r\n\r\n");
	/* HTTP/1.1 has to have a host */
	judged(400, "GET /metrics HTTP/1.1\r\n\r\n");
	judged(400, "GET /metrics HTTP/1.1\r\nX-Host: a\r\n\r\n");
}

static void only_HEAD_has_no_body(void **state)
{
	bool bodyless;

	sn_http_judge("GET /metrics HTTP/1.0\r\n\r\n", &bodyless);
	assert_false(bodyless);
	sn_http_judge("HEAD / HTTP/1.0\r\n\r\n", &bodyless);
	assert_true(bodyless);
}

/* ---- answers ---- */

static void answer(int code, bool bodyless, const char *body, char *text, size_t size)
{
	FILE *out = fmemopen(text, size, "w");

	assert_non_null(out);
	sn_http_answer(code, bodyless, "text/x", body, body ? strlen(body) : 0, out);
	fclose(out);
}

static void an_answer_tells_its_length_and_ends(void **state)
{
	char text[1024];

	answer(200, false, "a 1\n", text, sizeof(text));
	assert_memory_equal(text,
			    "HTTP/1.1 200 OK\r\nContent-Type: text/x\r\nContent-Length: 4\r\n", 58);
	assert_non_null(strstr(text, "\r\nConnection: close\r\n"));
	assert_string_equal(strstr(text, "\r\n\r\n"), "\r\n\r\na 1\n");
	answer(200, true, "a 1\n", text, sizeof(text));
	assert_non_null(strstr(text, "Content-Length: 4\r\n"));
	assert_string_equal(strstr(text, "\r\n\r\n"), "\r\n\r\n");
	answer(405, false, NULL, text, sizeof(text));
	assert_non_null(strstr(text, "\r\nAllow: GET, HEAD\r\n"));
	assert_string_equal(strstr(text, "\r\n\r\n"), "\r\n\r\n405 Method Not Allowed\n");
	answer(404, false, NULL, text, sizeof(text));
	assert_string_equal(strstr(text, "\r\n\r\n"),
			    "\r\n\r\n404 Not Found; the metrics are at /metrics\n");
}

/* ---- connections ---- */

static int pair[2]; /* ours, and the client's */

static int connect_both(void **state)
{
	return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair);
}

static int close_both(void **state)
{
	close(pair[0]);
	if (pair[1] >= 0)
		close(pair[1]);
	return 0;
}

static void says(const char *text, size_t size)
{
	assert_int_equal(write(pair[1], text, size), size);
}

static void a_head_comes_in_pieces(void **state)
{
	char head[SN_HTTP_HEAD_MAX + 1];

	says("GET / HTTP/1.0\r\n", 16);
	assert_int_equal(sn_http_read(pair[0], 20, head), 408);
	says("GET / HTTP/1.0\r\n\r", 17);
	says("\nwhat follows", 13);
	assert_int_equal(sn_http_read(pair[0], 1000, head), 200);
	assert_string_equal(head, "GET / HTTP/1.0\r\n\r\nwhat follows");
}

static void who_says_nothing_is_not_waited_for(void **state)
{
	char head[SN_HTTP_HEAD_MAX + 1];

	assert_int_equal(sn_http_read(pair[0], 20, head), 408);
	close(pair[1]);
	pair[1] = -1;
	assert_int_equal(sn_http_read(pair[0], 1000, head), 0);
}

static void a_head_without_an_end_is_too_long(void **state)
{
	char head[SN_HTTP_HEAD_MAX + 1], much[SN_HTTP_HEAD_MAX];

	memset(much, 'a', sizeof(much));
	says(much, sizeof(much));
	assert_int_equal(sn_http_read(pair[0], 1000, head), 431);
}

static void a_NUL_is_no_text(void **state)
{
	char head[SN_HTTP_HEAD_MAX + 1];

	says("GET\0\r\n\r\n", 8);
	assert_int_equal(sn_http_read(pair[0], 1000, head), 400);
}

static void the_end_is_read_before_the_connection_ends(void **state)
{
	char text[64];

	says("more than was read", 18);
	assert_int_equal(write(pair[0], "the answer", 10), 10);
	shutdown(pair[1], SHUT_WR);
	sn_http_end(pair[0]);
	assert_int_equal(recv(pair[0], text, sizeof(text), MSG_DONTWAIT), 0);
	assert_int_equal(read(pair[1], text, sizeof(text)), 10);
	assert_int_equal(read(pair[1], text, sizeof(text)), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_scrape_is_answered),
		cmocka_unit_test(what_is_asked_for_elsewhere_is_not_found),
		cmocka_unit_test(other_methods_and_versions_are_named),
		cmocka_unit_test(what_is_no_request_is_refused),
		cmocka_unit_test(only_HEAD_has_no_body),
		cmocka_unit_test(an_answer_tells_its_length_and_ends),
		cmocka_unit_test_setup_teardown(a_head_comes_in_pieces, connect_both, close_both),
		cmocka_unit_test_setup_teardown(who_says_nothing_is_not_waited_for, connect_both,
						close_both),
		cmocka_unit_test_setup_teardown(a_head_without_an_end_is_too_long, connect_both,
						close_both),
		cmocka_unit_test_setup_teardown(a_NUL_is_no_text, connect_both, close_both),
		cmocka_unit_test_setup_teardown(the_end_is_read_before_the_connection_ends,
						connect_both, close_both),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
