/* SPDX-License-Identifier: GPL-2.0-only */
/* Bytes that others chose -> characters, where they are UTF-8. */
#ifndef SAFENODE_UTF8_H
#define SAFENODE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The character that @text of @len bytes begins with, into @code; how many bytes it has. 0: this is
 * no UTF-8 (overlong forms, surrogates and what is above U+10FFFF are none), or there is nothing.
 */
size_t sn_utf8_next(const char *text, size_t len, uint32_t *code);

bool sn_is_utf8(const char *text, size_t len);

/* Two digits for each byte, and a NUL, into @hex, which has room for them. Returns @hex. */
char *sn_hex(const char *bytes, size_t len, char *hex);

#endif
