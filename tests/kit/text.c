// SPDX-License-Identifier: GPL-2.0-or-later
/* Text of the stand-in kernel: numbers from it, messages into it, and strings that end. */
#include "private.h"

#include <ctype.h>
#include <errno.h>
#include <linux/kstrtox.h>
#include <linux/slab.h>
#include <linux/string.h>

#undef snprintf
#undef vsnprintf

/* ---------------------------------------------------------------- numbers from text */

static unsigned int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 'a' - 'A';
	return c >= 'a' && c <= 'f' ? 10 + c - 'a' : 16;
}

/* What the prefix says, for base 0; and past the prefix, if there is one. */
static const char *skip_prefix(const char *text, unsigned int *base)
{
	bool hex = text[0] == '0' && (text[1] | 0x20) == 'x';

	if (*base == 0)
		*base = text[0] != '0' ? 10 : hex && digit_value(text[2]) < 16 ? 16 : 8;
	return *base == 16 && hex ? text + 2 : text;
}

/* As many digits as there are, and what they come to in 64 bits. */
static const char *digits(const char *text, unsigned int base, unsigned long long *value,
			  bool *overflow)
{
	*value = 0;
	*overflow = false;
	for (; digit_value(*text) < base; text++) {
		unsigned long long product;

		*overflow |= __builtin_mul_overflow(*value, base, &product);
		*overflow |= __builtin_add_overflow(product, digit_value(*text), value);
	}
	return text;
}

/* Without a sign; a line feed may end it. */
static int whole_number(const char *text, unsigned int base, unsigned long long *value)
{
	unsigned long long number;
	const char *end;
	bool overflow;

	text = skip_prefix(text, &base);
	end = digits(text, base, &number, &overflow);
	if (overflow)
		return -ERANGE;
	if (end == text)
		return -EINVAL;
	if (*end == '\n')
		end++;
	if (*end)
		return -EINVAL;
	*value = number;
	return 0;
}

int kstrtoull(const char *text, unsigned int base, unsigned long long *value)
{
	return whole_number(text + (*text == '+'), base, value);
}

int kstrtoll(const char *text, unsigned int base, long long *value)
{
	unsigned long long number;
	int error;

	if (*text == '-') {
		error = whole_number(text + 1, base, &number);
		if (error)
			return error;
		if (number > (unsigned long long)LLONG_MAX + 1)
			return -ERANGE;
		*value = (long long)(0 - number);
		return 0;
	}
	error = kstrtoull(text, base, &number);
	if (error)
		return error;
	if (number > LLONG_MAX)
		return -ERANGE;
	*value = number;
	return 0;
}

#define NARROW(name, type, wide, wide_type)                        \
	int name(const char *text, unsigned int base, type *value) \
	{                                                          \
		wide_type number;                                  \
		int error = wide(text, base, &number);             \
                                                                   \
		if (error)                                         \
			return error;                              \
		if (number != (wide_type)(type)number)             \
			return -ERANGE;                            \
		*value = number;                                   \
		return 0;                                          \
	}

NARROW(kstrtoul, unsigned long, kstrtoull, unsigned long long)
NARROW(kstrtouint, unsigned int, kstrtoull, unsigned long long)
NARROW(kstrtou16, u16, kstrtoull, unsigned long long)
NARROW(kstrtou8, u8, kstrtoull, unsigned long long)
NARROW(kstrtol, long, kstrtoll, long long)
NARROW(kstrtoint, int, kstrtoll, long long)
NARROW(kstrtos16, s16, kstrtoll, long long)
NARROW(kstrtos8, s8, kstrtoll, long long)

int kstrtobool(const char *text, bool *value)
{
	if (!text)
		return -EINVAL;
	switch (text[0]) {
	case 'y':
	case 'Y':
	case 't':
	case 'T':
	case '1':
		*value = true;
		return 0;
	case 'n':
	case 'N':
	case 'f':
	case 'F':
	case '0':
		*value = false;
		return 0;
	case 'o':
	case 'O':
		if ((text[1] | 0x20) == 'n') {
			*value = true;
			return 0;
		}
		if ((text[1] | 0x20) == 'f') {
			*value = false;
			return 0;
		}
	}
	return -EINVAL;
}

/*
 * Past 64 bits it wraps without a word, as the kernel's does. A unit without a number is no number,
 * as in 7.2; 6.1 takes it for 0 of that unit.
 */
unsigned long long memparse(const char *text, char **end)
{
	static const char units[] = "kmgtpe";
	unsigned long long value;
	unsigned int base = 0;
	const char *after, *unit;
	bool overflow;

	text = skip_prefix(text, &base);
	after = digits(text, base, &value, &overflow);
	unit = *after && after != text ? strchr(units, *after | 0x20) : NULL;
	if (unit && *unit) {
		value <<= 10 * (unit - units + 1);
		after++;
	}
	if (end)
		*end = (char *)after;
	return value;
}

/* ---------------------------------------------------------------- messages */

#pragma GCC diagnostic ignored "-Wformat-nonliteral"

struct output {
	char *to;
	size_t size;
	size_t length;
};

static void put(struct output *out, const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++, out->length++)
		if (out->length + 1 < out->size)
			out->to[out->length] = text[i];
}

static void put_number(struct output *out, const char *format, ...)
{
	char text[512];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	put(out, text, n < (int)sizeof(text) ? n : (int)sizeof(text) - 1);
}

static void put_error(struct output *out, const char *spec, void *pointer)
{
	const char *name = IS_ERR(pointer) ? strerrorname_np(-PTR_ERR(pointer)) : NULL;

	if (name)
		put_number(out, "-%s", name);
	else if (IS_ERR(pointer))
		put_number(out, "%ld", PTR_ERR(pointer));
	else
		put_number(out, "%p", pointer);
}

static void put_pointer(struct output *out, const char **format, va_list *args)
{
	const char *kind = *format + 1;

	if (*kind == 'e') {
		put_error(out, NULL, va_arg(*args, void *));
		*format = kind + 1;
		return;
	}
	if (isalnum((unsigned char)*kind))
		kit_bug("printk()", "the kit does not know %%p%c", *kind);
	put_number(out, "%p", va_arg(*args, void *));
	*format = kind;
}

/* One conversion, from its % to behind its letter. */
static const char *put_conversion(struct output *out, const char *format, va_list *args)
{
	char spec[64];
	size_t n = 0;
	int longs = 0;

	spec[n++] = *format++;
	for (; *format && !strchr("diouxXcsp%", *format) && n < sizeof(spec) - 16; format++) {
		if (*format == '*')
			n += snprintf(spec + n, sizeof(spec) - n, "%d", va_arg(*args, int));
		else
			spec[n++] = *format;
		longs += *format == 'l' || *format == 'z' || *format == 't' ? 1
			 : *format == 'L'				    ? 2
									    : 0;
	}
	spec[n++] = *format;
	spec[n] = '\0';

	switch (*format) {
	case '%':
		put(out, "%", 1);
		break;
	case 'p':
		put_pointer(out, &format, args);
		return format;
	case 's': {
		const char *text = va_arg(*args, const char *);

		if (n == 2)
			put(out, text ?: "(null)", strlen(text ?: "(null)"));
		else
			put_number(out, spec, text ?: "(null)");
		break;
	}
	case 'd':
	case 'i':
	case 'o':
	case 'u':
	case 'x':
	case 'X':
	case 'c':
		/* Passed on whole; the length in the conversion cuts it as it should. */
		if (longs)
			put_number(out, spec, va_arg(*args, long));
		else
			put_number(out, spec, va_arg(*args, int));
		break;
	default:
		kit_bug("printk()", "the kit does not know this conversion: %s", spec);
	}
	return format + 1;
}

int kit_vsnprintf(char *to, size_t size, const char *format, va_list args)
{
	struct output out = { .to = to, .size = size };
	va_list copy;

	if (size > INT_MAX) {
		kit_warn("vsnprintf()", "a buffer of %zu bytes", size);
		return 0;
	}
	va_copy(copy, args);
	while (*format) {
		size_t n = strcspn(format, "%");

		put(&out, format, n);
		format += n;
		if (*format)
			format = put_conversion(&out, format, &copy);
	}
	va_end(copy);
	if (size)
		to[out.length < size ? out.length : size - 1] = '\0';
	return out.length;
}

int kit_snprintf(char *to, size_t size, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = kit_vsnprintf(to, size, format, args);
	va_end(args);
	return n;
}

/* What was really written, without the end. */
int vscnprintf(char *to, size_t size, const char *format, va_list args)
{
	int n = kit_vsnprintf(to, size, format, args);

	return !size ? 0 : (size_t)n < size ? n : (int)size - 1;
}

int scnprintf(char *to, size_t size, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vscnprintf(to, size, format, args);
	va_end(args);
	return n;
}

char *kasprintf(gfp_t gfp, const char *format, ...)
{
	va_list args;
	char *text;
	int n;

	va_start(args, format);
	n = kit_vsnprintf(NULL, 0, format, args);
	va_end(args);
	text = kmalloc(n + 1, gfp);
	if (!text)
		return NULL;
	va_start(args, format);
	kit_vsnprintf(text, n + 1, format, args);
	va_end(args);
	return text;
}

/* ---------------------------------------------------------------- strings */

ssize_t strscpy(char *to, const char *from, size_t size)
{
	size_t n;

	if (size == 0 || size > INT_MAX)
		return -E2BIG;
	n = strnlen(from, size);
	if (n == size) {
		memcpy(to, from, size - 1);
		to[size - 1] = '\0';
		return -E2BIG;
	}
	memcpy(to, from, n + 1);
	return n;
}

ssize_t strscpy_pad(char *to, const char *from, size_t size)
{
	ssize_t n = strscpy(to, from, size);

	if (n >= 0)
		memset(to + n, 0, size - n);
	return n;
}

void *memchr_inv(const void *block, int byte, size_t n)
{
	const u8 *p = block;

	for (; n; n--, p++)
		if (*p != (u8)byte)
			return (void *)p;
	return NULL;
}

char *strnchr(const char *text, size_t n, int byte)
{
	for (; n; n--, text++) {
		if (*text == (char)byte)
			return (char *)text;
		if (!*text)
			break;
	}
	return NULL;
}

char *skip_spaces(const char *text)
{
	while (isspace((unsigned char)*text))
		text++;
	return (char *)text;
}

char *strim(char *text)
{
	size_t n = strlen(text);

	while (n && isspace((unsigned char)text[n - 1]))
		n--;
	text[n] = '\0';
	return skip_spaces(text);
}

/* The same, but for a line feed at the end of either. */
bool sysfs_streq(const char *a, const char *b)
{
	size_t n = strlen(a), m = strlen(b);

	n -= n && a[n - 1] == '\n' && n > m;
	m -= m && b[m - 1] == '\n' && m > n;
	return n == m && !memcmp(a, b, n);
}

int match_string(const char *const *list, size_t n, const char *text)
{
	for (size_t i = 0; i < n && list[i]; i++)
		if (!strcmp(list[i], text))
			return i;
	return -EINVAL;
}

size_t str_has_prefix(const char *text, const char *prefix)
{
	size_t n = strlen(prefix);

	return strncmp(text, prefix, n) ? 0 : n;
}
