// SPDX-License-Identifier: GPL-2.0-or-later
/* Text and lists of strings; see util.h. */
#include "daemon/util.h"

#include <stdarg.h>

/* The length of the UTF-8 sequence at @s, 0 if it is not one or stands for a control character. */
static size_t utf8_length(const unsigned char *s)
{
	static const unsigned long smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned long code;
	size_t n;

	if (*s < 0x80)
		return *s >= 0x20 && *s != 0x7f;
	n = *s >= 0xf0 ? 4 : *s >= 0xe0 ? 3 : *s >= 0xc0 ? 2 : 0;
	if (!n || *s >= 0xf8)
		return 0;
	code = *s & (0x7f >> n);
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (s[i] & 0x3f);
	}
	if (code < smallest[n] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
		return 0;
	return code >= 0xa0 ? n : 0;
}

char *bx_clean_text(char *s)
{
	for (char *p = s; *p;) {
		size_t n = utf8_length((const unsigned char *)p);

		if (!n)
			*p = '?';
		p += n ? n : 1;
	}
	return s;
}

size_t bx_strv_length(char *const *list)
{
	size_t n = 0;

	while (list && list[n])
		n++;
	return n;
}

void bx_strv_free(char **list)
{
	for (size_t i = 0; list && list[i]; i++)
		free(list[i]);
	free(list);
}

int bx_strv_addf(char ***list, const char *format, ...)
{
	size_t n = bx_strv_length(*list);
	char **grown, *s;
	va_list ap;
	int r;

	va_start(ap, format);
	r = vasprintf(&s, format, ap);
	va_end(ap);
	if (r < 0)
		return -ENOMEM;
	bx_clean_text(s);
	grown = realloc(*list, (n + 2) * sizeof(*grown));
	if (!grown) {
		free(s);
		return -ENOMEM;
	}
	grown[n] = s;
	grown[n + 1] = NULL;
	*list = grown;
	return 0;
}

bool bx_strv_contains(char *const *list, const char *s)
{
	for (size_t i = 0; list && list[i]; i++)
		if (bx_streq(list[i], s))
			return true;
	return false;
}

bool bx_strv_equal(char *const *a, char *const *b)
{
	size_t n = bx_strv_length(a);

	if (n != bx_strv_length(b))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!bx_streq(a[i], b[i]))
			return false;
	return true;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void bx_strv_sort(char **list)
{
	if (list)
		qsort(list, bx_strv_length(list), sizeof(*list), compare);
}

char *bx_strv_join(char *const *list, const char *separator)
{
	size_t size = 1;
	char *joined, *end;

	for (size_t i = 0; list && list[i]; i++)
		size += strlen(list[i]) + strlen(separator);
	end = joined = malloc(size);
	if (!joined)
		return NULL;
	*end = 0;
	for (size_t i = 0; list && list[i]; i++)
		end += sprintf(end, "%s%s", i ? separator : "", list[i]);
	return joined;
}
