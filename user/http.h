/* SPDX-License-Identifier: GPL-2.0-only */
/* One HTTP request on a connection that was accepted, and its answer: enough for a scrape. */
#ifndef SAFENODE_HTTP_H
#define SAFENODE_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "err.h"

#define SN_HTTP_HEAD_MAX 8192  /* bytes of a request's head; longer ones are refused */
#define SN_HTTP_WAIT_MS	 10000 /* in which it has to be here */

/*
 * Reads a request's head, up to the empty line, into @head of SN_HTTP_HEAD_MAX + 1 bytes,
 * NUL-terminated. 200, or the code to refuse it with: 408 it takes longer than @wait_ms, 431 it is
 * too long. 0: the other side has closed the connection, and there is nobody to answer.
 */
int sn_http_read(int fd, int wait_ms, char *head);

/*
 * Judges a request's head: 200 for GET and HEAD of /metrics; 400 it is none; 404 another path; 405
 * another method; 505 another version than 1.0 and 1.1. @bodyless: the answer has no body.
 */
int sn_http_judge(const char *head, bool *bodyless);

/*
 * Writes the answer with that code, and @body of @size bytes of @type, to @out. Where @code is not
 * 200 the body is the code's own text.
 */
void sn_http_answer(int code, bool bodyless, const char *type, const char *body, size_t size,
		    FILE *out);

/*
 * Ends the connection @fd: the other side gets all of the answer, even if it has sent more than was
 * read. No more than a second.
 */
void sn_http_end(int fd);

#endif
