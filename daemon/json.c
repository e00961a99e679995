// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Strict reading of JSON; see json.h. A scan decides whether the text is good, and json-c makes the
 * tree of it. json-c alone would not do: even when it is told to be strict it takes the last of two
 * members of one name, the nearest integer, NaN, single quotes, comments and \u0000.
 */
#include "daemon/json.h"

#include <math.h>
#include <stdint.h>

struct scan {
	const char *at, *end;
	const struct bx_json_limits *limits;
	unsigned int depth;
	size_t values;
	size_t members; /* of all objects, to be compared with what json-c keeps of them */
};

/* ---------------------------------------------------------------- the scan */

static bool at_byte(const struct scan *scan, char c)
{
	return scan->at < scan->end && *scan->at == c;
}

static bool skip_byte(struct scan *scan, char c)
{
	bool found = at_byte(scan, c);

	scan->at += found;
	return found;
}

static bool skip_word(struct scan *scan, const char *word)
{
	size_t n = strlen(word);

	if ((size_t)(scan->end - scan->at) < n || memcmp(scan->at, word, n))
		return false;
	scan->at += n;
	return true;
}

static void skip_space(struct scan *scan)
{
	while (scan->at < scan->end && *scan->at && strchr(" \t\r\n", *scan->at))
		scan->at++;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* How many digits were skipped. */
static size_t skip_digits(struct scan *scan)
{
	const char *begin = scan->at;

	while (scan->at < scan->end && is_digit(*scan->at))
		scan->at++;
	return scan->at - begin;
}

/* Four hexadecimal digits, or -EBADMSG. */
static int scan_unit(struct scan *scan)
{
	int unit = 0;

	for (int i = 0; i < 4; i++, scan->at++) {
		char c = scan->at < scan->end ? *scan->at : 0;

		if (is_digit(c))
			unit = unit * 16 + c - '0';
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			unit = unit * 16 + (c | 0x20) - 'a' + 10;
		else
			return -EBADMSG;
	}
	return unit;
}

/* What follows a backslash. */
static int scan_escape(struct scan *scan)
{
	int unit;

	if (scan->at == scan->end)
		return -EBADMSG;
	if (*scan->at && strchr("\"\\/bfnrt", *scan->at)) {
		scan->at++;
		return 0;
	}
	if (!skip_byte(scan, 'u'))
		return -EBADMSG;
	unit = scan_unit(scan);
	if (unit <= 0 || (unit >= 0xdc00 && unit <= 0xdfff))
		return -EBADMSG;
	if (unit < 0xd800 || unit > 0xdfff)
		return 0;
	if (!skip_word(scan, "\\u"))
		return -EBADMSG;
	unit = scan_unit(scan);
	return unit >= 0xdc00 && unit <= 0xdfff ? 0 : -EBADMSG;
}

/* One character of more than one byte: the shortest form only, no surrogate, none above U+10FFFF. */
static int scan_utf8(struct scan *scan)
{
	unsigned char lead = *scan->at++;
	unsigned int more, c, least;

	if (lead >= 0xc0 && lead <= 0xdf) {
		more = 1, least = 0x80, c = lead & 0x1f;
	} else if (lead >= 0xe0 && lead <= 0xef) {
		more = 2, least = 0x800, c = lead & 0x0f;
	} else if (lead >= 0xf0 && lead <= 0xf7) {
		more = 3, least = 0x10000, c = lead & 0x07;
	} else {
		return -EBADMSG;
	}
	for (; more; more--, scan->at++) {
		if (scan->at == scan->end || (*scan->at & 0xc0) != 0x80)
			return -EBADMSG;
		c = c << 6 | (*scan->at & 0x3f);
	}
	return c < least || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff) ? -EBADMSG : 0;
}

static int scan_string(struct scan *scan)
{
	int r = 0;

	if (!skip_byte(scan, '"'))
		return -EBADMSG;
	while (r == 0 && scan->at < scan->end && !at_byte(scan, '"')) {
		unsigned char c = *scan->at;

		if (c < 0x20)
			return -EBADMSG;
		if (c >= 0x80) {
			r = scan_utf8(scan);
		} else {
			scan->at++;
			if (c == '\\')
				r = scan_escape(scan);
		}
	}
	if (r < 0)
		return r;
	return skip_byte(scan, '"') ? 0 : -EBADMSG;
}

/* Whether the digits of an integer fit an int64_t. */
static bool integer_fits(const char *digits, size_t n, bool negative)
{
	uint64_t most = negative ? (uint64_t)INT64_MAX + 1 : INT64_MAX, value = 0;

	for (size_t i = 0; i < n; i++) {
		unsigned int digit = digits[i] - '0';

		if (value > (most - digit) / 10)
			return false;
		value = value * 10 + digit;
	}
	return true;
}

static int scan_number(struct scan *scan)
{
	bool negative = skip_byte(scan, '-'), integer = true;
	const char *digits = scan->at;
	size_t n = skip_digits(scan);

	if (n == 0 || (n > 1 && *digits == '0'))
		return -EBADMSG;
	if (skip_byte(scan, '.')) {
		integer = false;
		if (!skip_digits(scan))
			return -EBADMSG;
	}
	if (skip_byte(scan, 'e') || skip_byte(scan, 'E')) {
		integer = false;
		if (!skip_byte(scan, '+'))
			skip_byte(scan, '-');
		if (!skip_digits(scan))
			return -EBADMSG;
	}
	return integer && !integer_fits(digits, n, negative) ? -EBADMSG : 0;
}

static int scan_value(struct scan *scan);

/* Elements or members up to the closing bracket, the opening one being behind us. */
static int scan_list(struct scan *scan, char close, bool named)
{
	int r;

	skip_space(scan);
	if (skip_byte(scan, close))
		return 0;
	do {
		skip_space(scan);
		if (named) {
			r = scan_string(scan);
			if (r < 0)
				return r;
			skip_space(scan);
			if (!skip_byte(scan, ':'))
				return -EBADMSG;
			scan->members++;
		}
		r = scan_value(scan);
		if (r < 0)
			return r;
	} while (skip_byte(scan, ','));
	return skip_byte(scan, close) ? 0 : -EBADMSG;
}

/* One value with the white space around it. It calls itself no deeper than the limit allows. */
static int scan_value(struct scan *scan)
{
	int r;

	skip_space(scan);
	if (scan->at == scan->end)
		return -EBADMSG;
	if (++scan->values > scan->limits->values)
		return -E2BIG;
	if (at_byte(scan, '{') || at_byte(scan, '[')) {
		bool object = *scan->at++ == '{';

		if (++scan->depth > scan->limits->depth)
			return -E2BIG;
		r = scan_list(scan, object ? '}' : ']', object);
		scan->depth--;
	} else if (at_byte(scan, '"')) {
		r = scan_string(scan);
	} else if (at_byte(scan, '-') || is_digit(*scan->at)) {
		r = scan_number(scan);
	} else {
		r = skip_word(scan, "true") || skip_word(scan, "false") || skip_word(scan, "null")
			    ? 0
			    : -EBADMSG;
	}
	skip_space(scan);
	return r;
}

/* ---------------------------------------------------------------- the tree */

/* Counts the members of all objects; -EBADMSG if a number is not finite. */
static int inspect(struct json_object *value, size_t *members)
{
	int r = 0;

	switch (json_object_get_type(value)) {
	case json_type_object: {
		json_object_object_foreach(value, name, member) {
			(void)name;
			(*members)++;
			r = inspect(member, members);
			if (r < 0)
				return r;
		}
		return 0;
	}
	case json_type_array:
		for (size_t i = 0; r == 0 && i < json_object_array_length(value); i++)
			r = inspect(json_object_array_get_idx(value, i), members);
		return r;
	case json_type_double:
		return isfinite(json_object_get_double(value)) ? 0 : -EBADMSG;
	default:
		return 0;
	}
}

/* The text has been found good, so what json-c does not do now it does not do for lack of memory. */
static int make_tree(const char *text, size_t length, unsigned int depth, struct json_object **ret)
{
	struct json_tokener *tokener = json_tokener_new_ex(depth + 2);
	struct json_object *value;
	enum json_tokener_error error;

	if (!tokener)
		return -ENOMEM;
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
	value = json_tokener_parse_ex(tokener, text, length);
	/* Whether a number or a word has ended it only knows from what follows. */
	if (json_tokener_get_error(tokener) == json_tokener_continue)
		value = json_tokener_parse_ex(tokener, "", 1);
	error = json_tokener_get_error(tokener);
	json_tokener_free(tokener);
	if (error != json_tokener_success) {
		json_object_put(value);
		return -ENOMEM;
	}
	*ret = value;
	return 0;
}

int bx_json_parse(const char *text, size_t length, const struct bx_json_limits *limits,
		  struct json_object **ret)
{
	_cleanup_(json_object_putp) struct json_object *value = NULL;
	struct scan scan = { .at = text, .end = text + length, .limits = limits };
	size_t members = 0;
	int r;

	if (length > limits->size || length > INT32_MAX)
		return -EMSGSIZE;
	r = scan_value(&scan);
	if (r < 0)
		return r;
	if (scan.at != scan.end)
		return -EBADMSG;
	/* json-c takes white space before a value, and a strict one does not like it behind. */
	while (length > 0 && strchr(" \t\r\n", text[length - 1]))
		length--;
	r = make_tree(text, length, limits->depth, &value);
	if (r < 0)
		return r;
	r = inspect(value, &members);
	if (r < 0)
		return r;
	/*
	 * Of two members of one name only one is left. This compares the names as they are read:
	 * "a" and "\u0061" are one. What a lost member had within it is missing, too, and nothing
	 * makes up for it.
	 */
	if (members != scan.members)
		return -EBADMSG;
	*ret = value;
	value = NULL;
	return 0;
}
