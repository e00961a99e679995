// SPDX-License-Identifier: GPL-2.0-or-later
/* Strict JSON: each rule with what it lets through and what it does not. */
#include "daemon/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct bx_json_limits usual = { .size = 4096, .depth = 4, .values = 64 };

/* Parses a copy of just that length, so that reading beyond it is seen. */
static int parse_with(const char *text, size_t length, const struct bx_json_limits *limits,
		      struct json_object **ret)
{
	char *copy = malloc(length ?: 1);
	int r;

	assert_non_null(copy);
	memcpy(copy, text, length);
	r = bx_json_parse(copy, length, limits, ret);
	free(copy);
	return r;
}

static int parse(const char *text, struct json_object **ret)
{
	return parse_with(text, strlen(text), &usual, ret);
}

static void takes(const char *text)
{
	_cleanup_(json_object_putp) struct json_object *value = NULL;
	int r = parse(text, &value);

	if (r != 0)
		fail_msg("%s: %s", text, strerror(-r));
}

static void refuses(const char *text)
{
	struct json_object *untouched = (void *)&usual, *value = untouched;
	int r = parse(text, &value);

	if (r != -EBADMSG)
		fail_msg("%s: %d", text, r);
	assert_ptr_equal(value, untouched);
}

#define TAKES(...)                                                           \
	do {                                                                 \
		static const char *const list[] = { __VA_ARGS__ };           \
		for (size_t index_ = 0; index_ < ARRAY_SIZE(list); index_++) \
			takes(list[index_]);                                 \
	} while (0)

#define REFUSES(...)                                                         \
	do {                                                                 \
		static const char *const list[] = { __VA_ARGS__ };           \
		for (size_t index_ = 0; index_ < ARRAY_SIZE(list); index_++) \
			refuses(list[index_]);                               \
	} while (0)

static void a_text_is_exactly_one_value(void **state)
{
	TAKES("{}", "[]", "\"\"", "0", "true", "false", "null", " \t\r\n{} \t\r\n", " 1 ", "[1, 2]",
	      "{\"a\":{\"b\":[{}]}}", "{ \"a\" : 1 , \"b\" : 2 }");
	REFUSES("", " ", "{}{}", "{} 1", "1 2", "1,", "[1]]", "{}x", "\"a\"\"b\"", "\v1", "\f1",
		"\xef\xbb\xbf{}");
	assert_int_equal(parse_with("1\0", 2, &usual, &(struct json_object *){ NULL }), -EBADMSG);
	assert_int_equal(parse_with("\0", 1, &usual, &(struct json_object *){ NULL }), -EBADMSG);
}

static void what_only_looks_like_json_is_refused(void **state)
{
	REFUSES("{'a':1}", "'a'", "{a:1}", "NaN", "nan", "-NaN", "Infinity", "-Infinity",
		"[Infinity]", "True", "TRUE", "tru", "truee", "nul", "nullx", "undefined",
		"/* */ 1", "1 // one", "[1,]", "[,1]", "[,]", "{,}", "{\"a\":1,}", "{\"a\"}",
		"{\"a\":}", "{\"a\" 1}", "{1:1}", "{null:1}", "[1 2]", "{\"a\":1 \"b\":2}", "[1:2]",
		"[", "{", "]", "}", "[}", "{]", "[1", "{\"a\":1", "{\"a\":1]", "[1}", "\"", "\"a",
		"-", "(1)", "\\");
}

static void numbers_are_written_as_json_writes_them(void **state)
{
	TAKES("0", "-0", "1", "-1", "10", "0.0", "-0.5", "1.25", "0e1", "1e5", "1E5", "1e+5",
	      "1e-5", "1.5E-10", "[0]", "{\"a\":0}");
	REFUSES("01", "-01", "00", "+1", ".5", "1.", "-.5", "1.e5", "1e", "1e+", "1e-", "1e+-5",
		"1e1.5", "0x10", "1_000", "1,5", "--1", "- 1", "1.5.5", "1a", "1e5e5");
}

static void an_integer_fits_or_is_refused(void **state)
{
	_cleanup_(json_object_putp) struct json_object *most = NULL, *least = NULL;

	assert_int_equal(parse("9223372036854775807", &most), 0);
	assert_true(json_object_is_type(most, json_type_int));
	assert_true(json_object_get_int64(most) == INT64_MAX);
	assert_int_equal(parse("-9223372036854775808", &least), 0);
	assert_true(json_object_get_int64(least) == INT64_MIN);
	REFUSES("9223372036854775808", "-9223372036854775809", "18446744073709551615",
		"18446744073709551616", "99999999999999999999", "-99999999999999999999",
		"92233720368547758070", "[9223372036854775808]", "{\"a\":9223372036854775808}",
		"100000000000000000000000000000000000000000000000000000000000000000000000");
}

static void a_double_is_finite(void **state)
{
	_cleanup_(json_object_putp) struct json_object *value = NULL;

	assert_int_equal(parse("1.7976931348623157e308", &value), 0);
	assert_true(json_object_is_type(value, json_type_double));
	assert_true(json_object_get_double(value) == 1.7976931348623157e308);
	/* What is too small for a double is zero, which is finite. */
	TAKES("9223372036854775808.0", "1e-400", "-1e308");
	REFUSES("1e309", "-1e309", "1e999999999999", "[1e400]", "{\"a\":[{\"b\":1e400}]}");
}

static void text_is_valid_utf8(void **state)
{
	TAKES("\"Gr\xc3\xb6\xc3\x9f"
	      "e\"",
	      "\"\xc2\x80\"", "\"\xdf\xbf\"", "\"\xe0\xa0\x80\"", "\"\xed\x9f\xbf\"",
	      "\"\xee\x80\x80\"", "\"\xef\xbf\xbf\"", "\"\xf0\x90\x80\x80\"",
	      "\"\xf4\x8f\xbf\xbf\"", "\"\x7f\"", "{\"\xe2\x82\xac\":1}");
	REFUSES("\"\x80\"", "\"\xbf\"", "\"\xc0\x80\"", "\"\xc1\xbf\"", "\"\xc3\"", "\"\xc3x\"",
		"\"\xe0\x80\x80\"", "\"\xe0\x9f\xbf\"", "\"\xe2\x82\"", "\"\xe2\x82x\"",
		"\"\xed\xa0\x80\"", "\"\xed\xbf\xbf\"", "\"\xf0\x80\x80\x80\"",
		"\"\xf0\x8f\xbf\xbf\"", "\"\xf4\x90\x80\x80\"", "\"\xf5\x80\x80\x80\"", "\"\xff\"",
		"\"\xf0\x90\x80\"", "{\"\xff\":1}", "\xc3\xb6", "[\xc2\xa0]");
}

static void control_characters_are_escaped(void **state)
{
	TAKES("\"\\n\\t\\r\\b\\f\\/\\\\\\\"\"", "\"\\u0001\\u001f\"");
	REFUSES("\"\n\"", "\"\t\"", "\"\x01\"", "\"\x1f\"", "{\"\n\":1}", "\"\\a\"", "\"\\v\"",
		"\"\\0\"", "\"\\x41\"", "\"\\'\"", "\"\\", "\"\\\"");
	assert_int_equal(parse_with("\"a\0b\"", 5, &usual, &(struct json_object *){ NULL }),
			 -EBADMSG);
	assert_int_equal(parse_with("\"\\\0\"", 4, &usual, &(struct json_object *){ NULL }),
			 -EBADMSG);
}

static void escapes_are_characters_but_not_zero(void **state)
{
	_cleanup_(json_object_putp) struct json_object *value = NULL;

	assert_int_equal(parse("\"\\u00e4\\u20AC\\ud83d\\ude00\"", &value), 0);
	assert_string_equal(json_object_get_string(value), "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80");
	TAKES("\"\\uffff\"", "\"\\ud7ff\\ue000\"", "\"\\udbff\\udfff\"");
	REFUSES("\"\\u0000\"", "\"a\\u0000b\"", "{\"\\u0000\":1}", "{\"a\\u0000\":1}", "\"\\u\"",
		"\"\\u12\"", "\"\\u123\"", "\"\\u123g\"", "\"\\u 123\"", "\"\\u+123\"",
		"\"\\U0041\"", "\"\\u00");
}

static void half_a_surrogate_pair_is_refused(void **state)
{
	REFUSES("\"\\udc00\\udc00\"", "\"\\ud800\"", "\"\\udbff\"", "\"\\udc00\"", "\"\\udfff\"",
		"\"\\ud83dx\"", "\"\\ud83d\\n\"", "\"\\ud83d\\u0041\"", "\"\\ud83d\\ud83d\"",
		"\"\\ude00\\ud83d\"", "\"\\ud83d\\ude0\"", "\"\\ud83d\\", "\"\\ud83d\\u\"",
		"{\"\\ud800\":1}");
}

static void a_name_stands_once_in_an_object(void **state)
{
	TAKES("{\"a\":1,\"b\":1}", "{\"a\":{\"a\":{\"a\":1}}}", "[{\"a\":1},{\"a\":1}]",
	      "{\"\":1,\" \":1}", "{\"a\":1,\"A\":1}", "{\"a\":null,\"b\":null}");
	REFUSES("{\"a\":1,\"a\":1}", "{\"a\":1,\"b\":2,\"a\":3}", "{\"\":1,\"\":2}",
		"{\"a\":1,\"\\u0061\":2}", "{\"\\u00e4\":1,\"\xc3\xa4\":2}", "{\"\\/\":1,\"/\":2}",
		"[{\"a\":1,\"a\":2}]", "{\"x\":{\"a\":1,\"a\":2}}", "{\"a\":null,\"a\":null}",
		"{\"a\":{\"b\":1},\"a\":{}}", "{\"a\":{},\"a\":{\"b\":1}}");
}

static void what_is_read_is_what_was_written(void **state)
{
	_cleanup_(json_object_putp) struct json_object *value = NULL;
	struct json_object *null = (void *)&usual, *member;

	assert_int_equal(parse(" {\"a\" : [1, -2.5, \"x\", true, null], \"b\":\"\"} ", &value), 0);
	assert_string_equal(json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN),
			    "{\"a\":[1,-2.5,\"x\",true,null],\"b\":\"\"}");
	assert_true(json_object_object_get_ex(value, "b", &member));
	assert_int_equal(json_object_get_string_len(member), 0);
	assert_int_equal(parse("null", &null), 0);
	assert_null(null);
}

static void a_long_text_is_refused(void **state)
{
	const struct bx_json_limits limits = { .size = 4, .depth = 1, .values = 1 };
	_cleanup_(json_object_putp) struct json_object *value = NULL;

	assert_int_equal(parse_with("1234", 4, &limits, &value), 0);
	assert_int_equal(parse_with("12345", 5, &limits, &value), -EMSGSIZE);
	/* Whatever it is. */
	assert_int_equal(parse_with("[[[[[", 5, &limits, &value), -EMSGSIZE);
}

static void a_deep_text_is_refused(void **state)
{
	const struct bx_json_limits flat = { .size = 64, .depth = 0, .values = 64 };
	_cleanup_(json_object_putp) struct json_object *value = NULL;
	char deep[4096];

	TAKES("[[[[]]]]", "[[[[1]]],[[[2]]]]", "{\"a\":{\"a\":{\"a\":{\"a\":1}}}}");
	assert_int_equal(parse("[[[[[]]]]]", &value), -E2BIG);
	assert_int_equal(parse("{\"a\":[{\"a\":[[]]}]}", &value), -E2BIG);
	assert_int_equal(parse("{\"a\":[{\"a\":[{}]}]}", &value), -E2BIG);
	memset(deep, '[', sizeof(deep));
	assert_int_equal(parse_with(deep, sizeof(deep), &usual, &value), -E2BIG);
	assert_int_equal(parse_with("[]", 2, &flat, &value), -E2BIG);
	assert_int_equal(parse_with("{}", 2, &flat, &value), -E2BIG);
	assert_int_equal(parse_with("1", 1, &flat, &value), 0);
}

static void a_text_of_many_values_is_refused(void **state)
{
	const struct bx_json_limits limits = { .size = 64, .depth = 2, .values = 4 };
	_cleanup_(json_object_putp) struct json_object *value = NULL;

	assert_int_equal(parse_with("[1,2,3,4]", 9, &limits, &value), -E2BIG);
	assert_int_equal(parse_with("[[],[],[],[]]", 13, &limits, &value), -E2BIG);
	assert_int_equal(parse_with("{\"a\":[[],1]}", 12, &limits, &value), -E2BIG);
	assert_int_equal(parse_with("[1,2,3]", 7, &limits, &value), 0);
}

static void a_text_that_was_cut_off_is_refused_wherever_it_was(void **state)
{
	static const char text[] =
		"{\"a\":[1,-2.5e3,\"x\\ud83d\\ude00\xc3\xb6\",true],\"b\":{\"c\":null}}";
	_cleanup_(json_object_putp) struct json_object *value = NULL;

	for (size_t n = 0; n < sizeof(text) - 1; n++)
		assert_int_equal(parse_with(text, n, &usual, &value), -EBADMSG);
	assert_int_equal(parse_with(text, sizeof(text) - 1, &usual, &value), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_text_is_exactly_one_value),
		cmocka_unit_test(what_only_looks_like_json_is_refused),
		cmocka_unit_test(numbers_are_written_as_json_writes_them),
		cmocka_unit_test(an_integer_fits_or_is_refused),
		cmocka_unit_test(a_double_is_finite),
		cmocka_unit_test(text_is_valid_utf8),
		cmocka_unit_test(control_characters_are_escaped),
		cmocka_unit_test(escapes_are_characters_but_not_zero),
		cmocka_unit_test(half_a_surrogate_pair_is_refused),
		cmocka_unit_test(a_name_stands_once_in_an_object),
		cmocka_unit_test(what_is_read_is_what_was_written),
		cmocka_unit_test(a_long_text_is_refused),
		cmocka_unit_test(a_deep_text_is_refused),
		cmocka_unit_test(a_text_of_many_values_is_refused),
		cmocka_unit_test(a_text_that_was_cut_off_is_refused_wherever_it_was),
	};

	return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
