// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Numbers in text: the stand-ins of memparse(), kstrtoull() and their relatives, and of lists of
 * bits, against a reference that is slow and plain. The first byte says which, and in what base.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/bitmap.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/kstrtox.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SAME(a, b)                                                                          \
	do {                                                                                \
		long long kit_is = (long long)(a), kit_must = (long long)(b);               \
		if (kit_is != kit_must) {                                                   \
			fprintf(stderr, "\"%s\": %s is %lld, not %lld\n", text, #a, kit_is, \
				kit_must);                                                  \
			abort();                                                            \
		}                                                                           \
	} while (0)

static int digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *found = c ? strchr(digits, c >= 'A' && c <= 'F' ? c + 32 : c) : NULL;

	return found ? (int)(found - digits) : 99;
}

/* How many characters the prefix has; base 0 becomes what it says. */
static size_t prefix(const char *text, int *base)
{
	bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');

	if (*base == 0 && hex && digit(text[2]) < 16)
		*base = 16;
	else if (*base == 0)
		*base = text[0] == '0' ? 8 : 10;
	return *base == 16 && hex ? 2 : 0;
}

/* The value of the digits with no end to its size: as good as, for what fits the input. */
static size_t run_of_digits(const char *text, int base, unsigned __int128 *value, bool *huge)
{
	size_t n;

	*value = 0;
	*huge = false;
	for (n = 0; digit(text[n]) < base; n++) {
		*value = *value * base + digit(text[n]);
		if (*value > UINT64_MAX)
			*huge = true;
		*value &= ((unsigned __int128)1 << 100) - 1;
	}
	return n;
}

static int reference_number(const char *text, int base, bool may_be_negative, __int128 *value)
{
	bool negative = may_be_negative && *text == '-', huge;
	unsigned __int128 digits;
	size_t n;

	text += negative || *text == '+';
	text += prefix(text, &base);
	n = run_of_digits(text, base, &digits, &huge);
	if (huge)
		return -ERANGE;
	if (!n || (strcmp(text + n, "") && strcmp(text + n, "\n")))
		return -EINVAL;
	*value = negative ? -(__int128)digits : (__int128)digits;
	return 0;
}

#define CHECK_NUMBER(function, type, low, high, negative)                  \
	do {                                                               \
		__int128 must = 0;                                         \
		type is = 77;                                              \
		int error = reference_number(text, base, negative, &must); \
		if (!error && (must < (low) || must > (high)))             \
			error = -ERANGE;                                   \
		SAME(function(text, base, &is), error);                    \
		SAME(is, error ? 77 : must);                               \
	} while (0)

static void check_numbers(const char *text, int base)
{
	CHECK_NUMBER(kstrtoull, unsigned long long, 0, ULLONG_MAX, false);
	CHECK_NUMBER(kstrtoul, unsigned long, 0, ULONG_MAX, false);
	CHECK_NUMBER(kstrtouint, unsigned int, 0, UINT_MAX, false);
	CHECK_NUMBER(kstrtou16, u16, 0, U16_MAX, false);
	CHECK_NUMBER(kstrtou8, u8, 0, U8_MAX, false);
	CHECK_NUMBER(kstrtoll, long long, LLONG_MIN, LLONG_MAX, true);
	CHECK_NUMBER(kstrtol, long, LONG_MIN, LONG_MAX, true);
	CHECK_NUMBER(kstrtoint, int, INT_MIN, INT_MAX, true);
	CHECK_NUMBER(kstrtos16, s16, S16_MIN, S16_MAX, true);
	CHECK_NUMBER(kstrtos8, s8, S8_MIN, S8_MAX, true);
}

static void check_size(const char *text)
{
	static const char units[] = "KMGTPE";
	unsigned __int128 digits;
	int base = 0;
	bool huge;
	size_t n = prefix(text, &base);
	unsigned long long must;
	char *end;

	n += run_of_digits(text + n, base, &digits, &huge);
	/* A size that does not fit has no meaning that could be checked. */
	if (huge)
		return;
	must = digits;
	for (int i = 0; n && text[n] && i < 6; i++) {
		if (text[n] == units[i] || text[n] == units[i] + 32) {
			for (int j = 0; j <= i; j++)
				must *= 1024;
			n++;
			break;
		}
	}
	SAME(memparse(text, &end), must);
	SAME(end - text, n);
}

/* Only lists of plain numbers and ranges; anything else has merely to be survived. */
static void check_list(const char *text)
{
	enum {
		BITS = 70
	};
	DECLARE_BITMAP(map, BITS);
	bool must[BITS] = {};
	const char *c = text;

	if (strspn(text, "0123456789,-") != strlen(text)) {
		(void)!bitmap_parselist(text, map, BITS);
		return;
	}
	while (*c) {
		unsigned long first, last;
		char *end;

		if (*c == ',') {
			c++;
			continue;
		}
		if (*c == '-')
			goto refused;
		first = last = strtoul(c, &end, 10);
		if (*end == '-') {
			if (digit(end[1]) > 9)
				goto refused;
			last = strtoul(end + 1, &end, 10);
		}
		if (*end == '-' || first > last || last >= BITS)
			goto refused;
		for (; first <= last; first++)
			must[first] = true;
		c = end;
	}
	SAME(bitmap_parselist(text, map, BITS), 0);
	for (int i = 0; i < BITS; i++)
		SAME(test_bit(i, map), must[i]);
	return;
refused:
	SAME(bitmap_parselist(text, map, BITS) < 0, true);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int bases[] = { 0, 10, 16, 8, 2 };
	char *text;

	if (size < 1 || size > 200)
		return 0;
	/* Exactly as long as it is, so that reading past its end is seen. */
	text = strndup((const char *)data + 1, size - 1);
	switch (data[0]) {
	case 's':
		check_size(text);
		break;
	case 'l':
		check_list(text);
		break;
	default:
		check_numbers(text, bases[data[0] % ARRAY_SIZE(bases)]);
	}
	free(text);
	return 0;
}
