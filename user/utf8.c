// SPDX-License-Identifier: GPL-2.0-only
/* Bytes that others chose -> characters, where they are UTF-8. */
#include "utf8.h"

/* By hand: mbrtowc(3) goes by the locale, of which the tools have none. */
size_t sn_utf8_next(const char *text, size_t len, uint32_t *code)
{
	static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *bytes = (const unsigned char *)text;
	size_t size;

	if (!len)
		return 0;
	size = bytes[0] < 0x80 ? 1 : bytes[0] < 0xe0 ? 2 : bytes[0] < 0xf0 ? 3 : 4;
	if (size > len || (bytes[0] >= 0x80 && bytes[0] < 0xc0) || bytes[0] >= 0xf8)
		return 0;
	*code = size == 1 ? bytes[0] : bytes[0] & (0xffU >> (size + 1));
	for (size_t i = 1; i < size; i++) {
		if ((bytes[i] & 0xc0) != 0x80)
			return 0;
		*code = *code << 6 | (bytes[i] & 0x3f);
	}
	if (*code < smallest[size] || *code > 0x10ffff || (*code >= 0xd800 && *code <= 0xdfff))
		return 0;
	return size;
}

bool sn_is_utf8(const char *text, size_t len)
{
	uint32_t code;
	size_t size;

	for (; len; text += size, len -= size) {
		size = sn_utf8_next(text, len, &code);
		if (!size)
			return false;
	}
	return true;
}

char *sn_hex(const char *bytes, size_t len, char *hex)
{
	static const char digits[] = "0123456789abcdef";
	char *to = hex;

	for (size_t i = 0; i < len; i++) {
		*to++ = digits[(unsigned char)bytes[i] >> 4];
		*to++ = digits[bytes[i] & 0xf];
	}
	*to = '\0';
	return hex;
}
