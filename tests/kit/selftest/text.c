// SPDX-License-Identifier: GPL-2.0-only
/* Text and numbers in it. */
#include <linux/ctype.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/kstrtox.h>
#include <linux/slab.h>
#include <linux/stdarg.h>
#include <linux/string.h>

#include "selftest.h"

static int sizes_with_units(void)
{
	static const struct {
		const char *text;
		u64 value;
		size_t used;
	} cases[] = {
		{ "0", 0, 1 },
		{ "64", 64, 2 },
		{ "64G", 64ull << 30, 3 },
		{ "512m,", 512ull << 20, 4 },
		{ "1k1", 1024, 2 },
		{ "2T", 2ull << 40, 2 },
		{ "3p", 3ull << 50, 2 },
		{ "1E", 1ull << 60, 2 },
		{ "0x10k", 16384, 5 },
		{ "0x", 0, 1 },
		{ "010", 8, 3 },
		{ "08", 0, 1 },
		{ "", 0, 0 },
		{ "-1", 0, 0 },
		{ " 1", 0, 0 },
		{ "1KB", 1024, 2 },
		{ "18446744073709551615", U64_MAX, 20 },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		char *end;
		u64 value = memparse(cases[i].text, &end);

		if (value != cases[i].value || end != cases[i].text + cases[i].used) {
			pr_err("bx_kit_selftest: size \"%s\" is %llu, %d characters\n",
			       cases[i].text, value, (int)(end - cases[i].text));
			return -EINVAL;
		}
	}
	EXPECT(memparse("2M", NULL) == 2 << 20);
	return 0;
}

static int whole_numbers(void)
{
	static const struct {
		const char *text;
		unsigned int base;
		int error;
		u64 value;
	} cases[] = {
		{ "0", 0, 0, 0 },
		{ "42\n", 0, 0, 42 },
		{ "42\n\n", 0, -EINVAL, 0 },
		{ "+42", 10, 0, 42 },
		{ "++42", 10, -EINVAL, 0 },
		{ "-1", 10, -EINVAL, 0 },
		{ "0x2A", 0, 0, 42 },
		{ "0x2a", 16, 0, 42 },
		{ "2a", 16, 0, 42 },
		{ "0x", 0, -EINVAL, 0 },
		{ "0x", 16, -EINVAL, 0 },
		{ "0xg", 0, -EINVAL, 0 },
		{ "052", 0, 0, 42 },
		{ "08", 0, -EINVAL, 0 },
		{ "08", 10, 0, 8 },
		{ "101010", 2, 0, 42 },
		{ "", 0, -EINVAL, 0 },
		{ "\n", 0, -EINVAL, 0 },
		{ " 1", 0, -EINVAL, 0 },
		{ "1 ", 0, -EINVAL, 0 },
		{ "18446744073709551615", 0, 0, U64_MAX },
		{ "18446744073709551616", 0, -ERANGE, 0 },
		{ "99999999999999999999x", 0, -ERANGE, 0 },
		{ "0xffffffffffffffff", 0, 0, U64_MAX },
		{ "0x10000000000000000", 0, -ERANGE, 0 },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		unsigned long long value = 0;
		int error = kstrtoull(cases[i].text, cases[i].base, &value);

		if (error != cases[i].error || value != cases[i].value) {
			pr_err("bx_kit_selftest: number \"%s\" gives %d, %llu\n", cases[i].text,
			       error, value);
			return -EINVAL;
		}
	}
	return 0;
}

static int narrow_and_signed_numbers(void)
{
	long long wide;
	unsigned long ul;
	long l;
	unsigned int ui;
	int i;
	u16 u16_value;
	s16 s16_value;
	u8 u8_value = 9;
	s8 s8_value;
	bool yes;

	EXPECT(!kstrtoll("-9223372036854775808", 0, &wide) && wide == LLONG_MIN);
	EXPECT(kstrtoll("-9223372036854775809", 0, &wide) == -ERANGE);
	EXPECT(kstrtoll("9223372036854775808", 0, &wide) == -ERANGE);
	EXPECT(!kstrtoll("-0", 0, &wide) && wide == 0 && kstrtoll("-+1", 0, &wide) == -EINVAL);
	EXPECT(!kstrtos64("-0x10", 0, &wide) && wide == -16);
	EXPECT(!kstrtoul("7", 0, &ul) && ul == 7 && !kstrtol("-7", 0, &l) && l == -7);
	EXPECT(!kstrtouint("4294967295", 0, &ui) && ui == U32_MAX);
	EXPECT(kstrtouint("4294967296", 0, &ui) == -ERANGE && ui == U32_MAX);
	EXPECT(!kstrtoint("-2147483648", 0, &i) && i == INT_MIN &&
	       kstrtoint("2147483648", 0, &i) == -ERANGE);
	EXPECT(!kstrtou16("65535", 0, &u16_value) && kstrtou16("65536", 0, &u16_value) == -ERANGE);
	EXPECT(!kstrtos16("-32768", 0, &s16_value) && kstrtos16("32768", 0, &s16_value) == -ERANGE);
	EXPECT(kstrtou8("256", 0, &u8_value) == -ERANGE && u8_value == 9 &&
	       !kstrtou8("255", 0, &u8_value));
	EXPECT(!kstrtos8("-128", 0, &s8_value) && s8_value == -128 &&
	       kstrtos8("128", 0, &s8_value) == -ERANGE);
	EXPECT(!kstrtou32("1", 0, &ui) && !kstrtos32("-1", 0, &i) && i == -1);

	EXPECT(!kstrtobool("y", &yes) && yes && !kstrtobool("0", &yes) && !yes);
	EXPECT(!kstrtobool("on\n", &yes) && yes && !kstrtobool("Off", &yes) && !yes);
	EXPECT(!kstrtobool("true", &yes) && yes && !kstrtobool("False", &yes) && !yes);
	EXPECT(kstrtobool("x", &yes) == -EINVAL && kstrtobool("o", &yes) == -EINVAL);
	EXPECT(kstrtobool("", &yes) == -EINVAL && kstrtobool("2", &yes) == -EINVAL);
	return 0;
}

static int print_list(char *to, size_t size, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vscnprintf(to, size, format, args);
	va_end(args);
	return n;
}

static int messages(void)
{
	char text[64], *made;

	EXPECT(snprintf(text, sizeof(text), "%s %d %u %x %c%%", "a", -1, 2u, 0xabc, 'z') == 13);
	EXPECT(!strcmp(text, "a -1 2 abc z%"));
	EXPECT(snprintf(text, sizeof(text), "%08llx|%-4d|%4d|%#x|%zu", 0x1ull << 32, 5, 6, 255,
			(size_t)7) == 26);
	EXPECT(!strcmp(text, "100000000|5   |   6|0xff|7"));
	EXPECT(snprintf(text, sizeof(text), "%.*s|%5s|%hhu|%lu", 2, "abc", "d", (u8)200, 9ul) ==
	       14);
	EXPECT(!strcmp(text, "ab|    d|200|9"));
	EXPECT(snprintf(text, sizeof(text), "%lld %ld %i", -5ll, -6l, -7) == 8 &&
	       !strcmp(text, "-5 -6 -7"));
	EXPECT(snprintf(text, 4, "%d", 123456) == 6 && !strcmp(text, "123"));
	EXPECT(scnprintf(text, 4, "%d", 123456) == 3 && scnprintf(text, 1, "abc") == 0 && !text[0]);
	EXPECT(print_list(text, sizeof(text), "%s-%d", "x", 1) == 3 && !strcmp(text, "x-1"));
	snprintf(text, sizeof(text), "%pe", ERR_PTR(-EINVAL));
	/* A kernel without CONFIG_SYMBOLIC_ERRNAME has the numbers only. */
	EXPECT(!strcmp(text, "-EINVAL") || !strcmp(text, "-22"));
	made = kasprintf(GFP_KERNEL, "%s/%u", "queue", 12);
	EXPECT(made && !strcmp(made, "queue/12"));
	kfree(made);
	return 0;
}

static int copies_that_end(void)
{
	char text[6] = "12345";

	EXPECT(strscpy(text, "abc", sizeof(text)) == 3 && !strcmp(text, "abc"));
	EXPECT(strscpy(text, "abcdef", sizeof(text)) == -E2BIG && !strcmp(text, "abcde"));
	EXPECT(strscpy(text, "abcde", sizeof(text)) == 5);
	memset(text, 'x', sizeof(text));
	EXPECT(strscpy_pad(text, "a", sizeof(text)) == 1 && !memchr_inv(text + 1, 0, 5));
	EXPECT(memchr_inv("aaab", 'a', 4) && !memchr_inv("aaab", 'a', 3));
	memzero_explicit(text, sizeof(text));
	EXPECT(!memchr_inv(text, 0, sizeof(text)));
	EXPECT(strnchr("abc", 2, 'b') && !strnchr("abc", 2, 'c') && !strnchr("a", 9, 'b'));
	return 0;
}

static int copies_that_are_allocated(void)
{
	char *text = kstrdup("abc", GFP_KERNEL), *part = kstrndup("abcdef", 2, GFP_KERNEL);
	u8 *block = kmemdup("\1\2\3", 3, GFP_KERNEL);

	EXPECT(text && !strcmp(text, "abc") && part && !strcmp(part, "ab"));
	EXPECT(block && block[2] == 3 && !kstrdup(NULL, GFP_KERNEL));
	kfree(text);
	kfree(part);
	kfree(block);
	return 0;
}

static int words(void)
{
	char text[] = " \ta b \n", list[] = "a,b,,c", *rest = list;
	static const char *const names[] = { "nvm", "ssd", "zns" };

	EXPECT(!strcmp(strim(text), "a b") && !strcmp(skip_spaces("  x "), "x "));
	EXPECT(!strcmp(strstrip(text), "a b"));
	EXPECT(sysfs_streq("a", "a\n") && sysfs_streq("a\n", "a") && sysfs_streq("a\n", "a\n"));
	EXPECT(!sysfs_streq("a", "b") && !sysfs_streq("a", "a\n\n") && !sysfs_streq("ab", "a"));
	EXPECT(!strcmp(strsep(&rest, ","), "a") && !strcmp(strsep(&rest, ","), "b"));
	EXPECT(!*strsep(&rest, ",") && !strcmp(strsep(&rest, ","), "c") && !strsep(&rest, ","));
	EXPECT(match_string(names, ARRAY_SIZE(names), "ssd") == 1);
	EXPECT(match_string(names, ARRAY_SIZE(names), "kv") == -EINVAL);
	EXPECT(str_has_prefix("nvme0", "nvme") == 4 && !str_has_prefix("nv", "nvme"));
	EXPECT(!strcasecmp("AbC", "aBc") && !strncasecmp("ABx", "aby", 2) &&
	       strspn("aab", "a") == 2);
	EXPECT(strcspn("aab", "b") == 2 && strnlen("abc", 2) == 2 && strrchr("abab", 'a'));
	EXPECT(strchr("ab", 'b') && strstr("abc", "bc") && !strncmp("abc", "abd", 2) &&
	       memchr("ab", 'b', 2));
	return 0;
}

static int kinds_of_characters(void)
{
	int c, counts[11] = {};

	for (c = 0; c < 128; c++) {
		counts[0] += !!isdigit(c);
		counts[1] += !!islower(c);
		counts[2] += !!isupper(c);
		counts[3] += !!isalpha(c);
		counts[4] += !!isalnum(c);
		counts[5] += !!isxdigit(c);
		counts[6] += !!isspace(c);
		counts[7] += !!isprint(c);
		counts[8] += !!isgraph(c);
		counts[9] += !!iscntrl(c);
		counts[10] += !!ispunct(c);
	}
	EXPECT(counts[0] == 10 && counts[1] == 26 && counts[2] == 26 && counts[3] == 52);
	EXPECT(counts[4] == 62 && counts[5] == 22 && counts[6] == 6 && counts[7] == 95);
	EXPECT(counts[8] == 94 && counts[9] == 33 && counts[10] == 32);
	EXPECT(tolower('Q') == 'q' && toupper('q') == 'Q' && tolower('1') == '1' && isascii('a'));
	return 0;
}

static int errors_in_pointers(void)
{
	void *error = ERR_PTR(-ENOMEM);
	int valid;

	EXPECT(IS_ERR(error) && PTR_ERR(error) == -ENOMEM && PTR_ERR_OR_ZERO(error) == -ENOMEM);
	EXPECT(!IS_ERR(NULL) && IS_ERR_OR_NULL(NULL) && IS_ERR_OR_NULL(error));
	EXPECT(!IS_ERR(&valid) && !PTR_ERR_OR_ZERO(&valid) && ERR_CAST(error) == error);
	EXPECT(IS_ERR_VALUE((unsigned long)-4095) && !IS_ERR_VALUE((unsigned long)-4096));
	EXPECT(EAGAIN == EWOULDBLOCK && ERESTARTSYS == 512 && ENOTSUPP == 524);
	return 0;
}

const struct bx_check bx_checks_text[] = {
	{ "sizes_with_units", sizes_with_units },
	{ "whole_numbers", whole_numbers },
	{ "narrow_and_signed_numbers", narrow_and_signed_numbers },
	{ "messages", messages },
	{ "copies_that_end", copies_that_end },
	{ "copies_that_are_allocated", copies_that_are_allocated },
	{ "words", words },
	{ "kinds_of_characters", kinds_of_characters },
	{ "errors_in_pointers", errors_in_pointers },
	{}
};
