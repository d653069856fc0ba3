// SPDX-License-Identifier: GPL-2.0-only
/* One HTTP request on a connection that was accepted, and its answer: enough for a scrape. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>

#include "http.h"

#define PATH "/metrics"

/* ---- the request ---- */

static long long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/* As much as there is within @wait_ms; 0 at the end; -ETIMEDOUT, or another errno. */
static ssize_t read_some(int fd, int wait_ms, char *to, size_t size)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	ssize_t len;
	int ret;

	do
		ret = poll(&ready, 1, wait_ms);
	while (ret < 0 && errno == EINTR);
	if (!ret)
		return -ETIMEDOUT;
	len = ret < 0 ? -1 : read(fd, to, size);
	return len < 0 ? -errno : len;
}

static bool is_whole(const char *head)
{
	return strstr(head, "\r\n\r\n") || strstr(head, "\n\n");
}

int sn_http_read(int fd, int wait_ms, char *head)
{
	long long until = now_ms() + wait_ms;
	size_t len = 0;

	head[0] = '\0';
	while (!is_whole(head)) {
		long long left = until - now_ms();
		ssize_t got;

		if (len == SN_HTTP_HEAD_MAX)
			return 431;
		got = read_some(fd, left > 0 ? (int)left : 0, head + len, SN_HTTP_HEAD_MAX - len);
		if (got == -ETIMEDOUT)
			return 408;
		if (got <= 0)
			return 0;
		if (memchr(head + len, '\0',
			   got)) /* no head has a NUL, and it would hide the end */
			return 400;
		len += got;
		head[len] = '\0';
	}
	return 200;
}

/* One word up to a blank or the end of the line; its length. */
static size_t word_at(const char *text)
{
	return strcspn(text, " \r\n");
}

/* "HTTP/1.x"; anything else is no request of HTTP/1 */
static int judge_version(const char *version, size_t len)
{
	bool digits = len == 8 && !strncmp(version, "HTTP/", 5) && version[5] >= '0' &&
		      version[5] <= '9' && version[6] == '.' && version[7] >= '0' &&
		      version[7] <= '9';

	if (!digits)
		return 400;
	return version[5] == '1' && version[7] <= '1' ? 200 : 505;
}

/* HTTP/1.1 demands the field, even if it is empty (RFC 9112, 3.2). */
static bool has_host(const char *head)
{
	for (const char *line = strchr(head, '\n'); line; line = strchr(line + 1, '\n'))
		if (!strncasecmp(line + 1, "Host:", 5))
			return true;
	return false;
}

/* With or without a query, or as a proxy is asked */
static bool is_metrics(const char *target, size_t len)
{
	if (!strncasecmp(target, "http://", 7)) {
		size_t host = strcspn(target + 7, "/ ");

		if (7 + host > len)
			return false;
		target += 7 + host;
		len -= 7 + host;
	}
	return len >= strlen(PATH) && !strncmp(target, PATH, strlen(PATH)) &&
	       (len == strlen(PATH) || target[strlen(PATH)] == '?');
}

int sn_http_judge(const char *head, bool *bodyless)
{
	size_t method = word_at(head), target, version;
	const char *at = head + method + 1;
	int code;

	*bodyless = method == 4 && !strncmp(head, "HEAD", 4);
	if (!method || head[method] != ' ')
		return 400;
	target = word_at(at);
	if (!target || at[target] != ' ')
		return 400;
	version = word_at(at + target + 1);
	if (at[target + 1 + version] == ' ')
		return 400;
	code = judge_version(at + target + 1, version);
	if (code != 200)
		return code;
	if (at[target + version] == '1' && !has_host(head))
		return 400;
	if (!*bodyless && (method != 3 || strncmp(head, "GET", 3) != 0))
		return 405;
	return is_metrics(at, target) ? 200 : 404;
}

/* ---- the answer ---- */

static const char *reason_of(int code)
{
	switch (code) {
	case 200:
		return "OK";
	case 404:
		return "Not Found";
	case 405:
		return "Method Not Allowed";
	case 408:
		return "Request Timeout";
	case 431:
		return "Request Header Fields Too Large";
	case 500:
		return "Internal Server Error";
	case 505:
		return "HTTP Version Not Supported";
	}
	return "Bad Request";
}

void sn_http_answer(int code, bool bodyless, const char *type, const char *body, size_t size,
		    FILE *out)
{
	char text[96];

	if (code != 200) {
		type = "text/plain; charset=utf-8";
		size = snprintf(text, sizeof(text), "%d %s%s\n", code, reason_of(code),
				code == 404 ? "; the metrics are at " PATH : "");
		body = text;
	}
	fprintf(out,
		"HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
		"Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n%s"
		"Connection: close\r\n\r\n",
		code, reason_of(code), type, size, code == 405 ? "Allow: GET, HEAD\r\n" : "");
	if (!bodyless)
		fwrite(body, 1, size, out);
}

/* What was not read when a socket is closed makes the kernel reset it, and the answer is gone. */
void sn_http_end(int fd)
{
	long long until = now_ms() + 1000, left;
	char rest[4096];

	if (shutdown(fd, SHUT_WR))
		return;
	while ((left = until - now_ms()) > 0 && read_some(fd, (int)left, rest, sizeof(rest)) > 0)
		;
}
