// SPDX-License-Identifier: GPL-2.0-or-later
/* Messages of the varlink service: what is answered, in which order, and what is no call. */
#include "tests/unit/varlink_world.h"

static void a_call_is_answered(void **state)
{
	_cleanup_client_ struct client client;

	client_connect(*state, &client);
	say(&client, CALL("Echo", "{\"a\":[1,\"\xc3\xb6/\",null,{}]}"));
	hears(&client, "{\"parameters\":{\"a\":[1,\"\xc3\xb6/\",null,{}]}}");
	say(&client, "{\"method\":\"" TEST ".Echo\"}");
	hears(&client, "{\"parameters\":{}}");
	is_open_and_silent(&client);
}

static void the_service_describes_itself(void **state)
{
	_cleanup_client_ struct client client;
	const char *text;

	client_connect(*state, &client);
	say(&client, "{\"method\":\"org.varlink.service.GetInfo\"}");
	hears(&client,
	      "{\"parameters\":{\"vendor\":\"Nobody\",\"product\":\"A test\",\"version\":\"1\","
	      "\"url\":\"https://example.org/\","
	      "\"interfaces\":[\"org.varlink.service\",\"" TEST "\"]}}");
	say(&client, "{\"method\":\"org.varlink.service.GetInterfaceDescription\","
		     "\"parameters\":{\"interface\":\"" TEST "\"}}");
	hears(&client, "{\"parameters\":{\"description\":\"interface " TEST "\\n\"}}");
	say(&client, "{\"method\":\"org.varlink.service.GetInterfaceDescription\","
		     "\"parameters\":{\"interface\":\"org.varlink.service\"}}");
	text = hear(&client);
	assert_non_null(text);
	assert_non_null(strstr(text, "interface org.varlink.service\\n"));
	assert_non_null(strstr(text, "error ExpectedMore ()"));
}

static void the_errors_of_every_service_say_what_is_wrong(void **state)
{
	static const char *const pairs[][2] = {
		{ "{\"method\":\"org.example.none.Echo\"}",
		  "{\"parameters\":{\"interface\":\"org.example.none\"},"
		  "\"error\":\"org.varlink.service.InterfaceNotFound\"}" },
		{ "{\"method\":\"org.example.tes.Echo\"}",
		  "{\"parameters\":{\"interface\":\"org.example.tes\"},"
		  "\"error\":\"org.varlink.service.InterfaceNotFound\"}" },
		{ "{\"method\":\"org.varlink.GetInfo\"}",
		  "{\"parameters\":{\"interface\":\"org.varlink\"},"
		  "\"error\":\"org.varlink.service.InterfaceNotFound\"}" },
		{ "{\"method\":\"" TEST ".None\"}",
		  "{\"parameters\":{\"method\":\"" TEST ".None\"},"
		  "\"error\":\"org.varlink.service.MethodNotFound\"}" },
		{ "{\"method\":\"org.varlink.service.None\"}",
		  "{\"parameters\":{\"method\":\"org.varlink.service.None\"},"
		  "\"error\":\"org.varlink.service.MethodNotFound\"}" },
		{ CALL("Later", "{}"), "{\"parameters\":{\"method\":\"" TEST ".Later\"},"
				       "\"error\":\"org.varlink.service.MethodNotImplemented\"}" },
		{ "{\"method\":\"Echo\"}", "{\"parameters\":{\"parameter\":\"method\"},"
					   "\"error\":\"org.varlink.service.InvalidParameter\"}" },
		{ "{\"method\":\"\"}", "{\"parameters\":{\"parameter\":\"method\"},"
				       "\"error\":\"org.varlink.service.InvalidParameter\"}" },
		{ "{\"method\":\"org.varlink.service.GetInfo\",\"parameters\":{\"x\":1}}",
		  "{\"parameters\":{\"parameter\":\"x\"},"
		  "\"error\":\"org.varlink.service.InvalidParameter\"}" },
		{ "{\"method\":\"org.varlink.service.GetInterfaceDescription\"}",
		  "{\"parameters\":{\"parameter\":\"interface\"},"
		  "\"error\":\"org.varlink.service.InvalidParameter\"}" },
		{ "{\"method\":\"org.varlink.service.GetInterfaceDescription\","
		  "\"parameters\":{\"interface\":\"a.b\"}}",
		  "{\"parameters\":{\"interface\":\"a.b\"},"
		  "\"error\":\"org.varlink.service.InterfaceNotFound\"}" },
		{ CALL("Denied", "{}"),
		  "{\"parameters\":{},\"error\":\"org.varlink.service.PermissionDenied\"}" },
		{ CALL("Count", "{\"to\":3}"),
		  "{\"parameters\":{},\"error\":\"org.varlink.service.ExpectedMore\"}" },
		{ CALL("Busy", "{\"by\":\"me\"}"),
		  "{\"parameters\":{\"by\":\"me\"},\"error\":\"" TEST ".Busy\"}" },
	};
	_cleanup_client_ struct client client;

	client_connect(*state, &client);
	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
		say(&client, pairs[i][0]);
		hears(&client, pairs[i][1]);
	}
}

static void parameters_are_of_their_types(void **state)
{
	static const char *const bad[][2] = {
		{ "{}", "number" },
		{ "{\"number\":null}", "number" },
		{ "{\"number\":\"1\"}", "number" },
		{ "{\"number\":1.5}", "number" },
		{ "{\"number\":1,\"text\":1}", "text" },
		{ "{\"number\":1,\"real\":\"1\"}", "real" },
		{ "{\"number\":1,\"list\":{}}", "list" },
		{ "{\"number\":1,\"other\":1}", "other" },
	};
	_cleanup_client_ struct client client;

	client_connect(*state, &client);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		char call[256], reply[256];

		snprintf(call, sizeof(call), CALL("Typed", "%s"), bad[i][0]);
		snprintf(reply, sizeof(reply),
			 "{\"parameters\":{\"parameter\":\"%s\"},"
			 "\"error\":\"org.varlink.service.InvalidParameter\"}",
			 bad[i][1]);
		say(&client, call);
		hears(&client, reply);
	}
	say(&client, CALL("Typed", "{\"number\":1,\"text\":null,\"real\":1}"));
	hears(&client, "{\"parameters\":{\"text\":false,\"real\":true}}");
	say(&client, CALL("Typed", "{\"number\":1,\"text\":\"\",\"list\":[],\"real\":1.5}"));
	hears(&client, "{\"parameters\":{\"text\":true,\"real\":true}}");
}

static void what_is_no_call_closes_the_connection(void **state)
{
	static const char *const bad[] = {
		"",
		" ",
		"x",
		"null",
		"1",
		"[]",
		"\"" TEST ".Echo\"",
		"{}",
		"{\"parameters\":{}}",
		"{\"method\":null}",
		"{\"method\":1}",
		"{\"method\":\"" TEST ".Echo\"} x",
		"{\"method\":\"" TEST ".Echo\",}",
		"{'method':'" TEST ".Echo'}",
		"{\"method\":\"" TEST ".Echo\",\"method\":\"" TEST ".Echo\"}",
		"{\"method\":\"" TEST ".Echo\",\"\\u006dethod\":\"" TEST ".Echo\"}",
		"{\"method\":\"" TEST ".Echo\\u0000\"}",
		"{\"method\":\"" TEST ".Echo\xff\"}",
		"{\"method\":\"" TEST ".Echo\",\"parameters\":[]}",
		"{\"method\":\"" TEST ".Echo\",\"parameters\":1}",
		"{\"method\":\"" TEST ".Echo\",\"parameters\":{\"n\":NaN}}",
		"{\"method\":\"" TEST ".Echo\",\"parameters\":{\"n\":9223372036854775808}}",
		"{\"method\":\"" TEST ".Echo\",\"more\":1}",
		"{\"method\":\"" TEST ".Echo\",\"more\":\"true\"}",
		"{\"method\":\"" TEST ".Echo\",\"oneway\":0}",
		"{\"method\":\"" TEST ".Echo\",\"upgrade\":{}}",
		"{\"method\":\"" TEST ".Echo\",\"oneway\":true,\"more\":true}",
		"{\"method\":\"" TEST ".Echo\",\"continues\":true}",
		"{\"method\":\"" TEST ".Echo\",\"Method\":\"x\"}",
		"{\"method\":\"" TEST ".Echo\",\"org.example\":1}",
		"{\"method\":\"" TEST ".Echo\",\"vendor\":{}}",
		CALL("Echo", "{\"a\":" TEN("[") TEN("[") TEN("[") TEN("[") TEN("]") TEN("]")
				     TEN("]") TEN("]") "}"),
		CALL("KeepNoAnswer", "{}"),
		CALL("NoAnswer", "{}"),
		CALL("NoOwner", "{}"),
	};
	struct world *world = *state;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		_cleanup_client_ struct client client;

		client_connect(world, &client);
		/* What was asked before is answered. */
		say(&client, CALL("Echo", "{\"a\":1}"));
		say(&client, bad[i]);
		say(&client, CALL("Echo", "{\"a\":2}"));
		hears(&client, "{\"parameters\":{\"a\":1}}");
		if (hear(&client) || client.begin != client.end || client_read(&client))
			fail_msg("still open: %s", bad[i]);
		assert_int_equal(bx_varlink_connections(world->varlink), 0);
	}
}

static void what_the_protocol_allows_is_taken(void **state)
{
	static const char *const good[] = {
		"{\"method\":\"" TEST ".Echo\",\"parameters\":null}",
		"{\"method\":\"" TEST ".Echo\",\"more\":null,\"oneway\":null,\"upgrade\":null}",
		"{\"method\":\"" TEST ".Echo\",\"more\":false,\"oneway\":false,\"upgrade\":false}",
		"{\"method\":\"" TEST ".Echo\",\"org.example\":{\"a\":1}}",
		"\n {\"more\" : true , \"method\" : \"" TEST ".Echo\" } \n",
		"{\"\\u006dethod\":\"" TEST ".\\u0045cho\"}",
		"{\"method\":\"" TEST ".Echo\",\"org.example\":{\"a\":" TEN("[") TEN("[") TEN("]")
			TEN("]") "}}",
	};
	_cleanup_client_ struct client client;

	client_connect(*state, &client);
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		say(&client, good[i]);
		hears(&client, "{\"parameters\":{}}");
	}
}

static void an_upgrade_is_refused(void **state)
{
	_cleanup_client_ struct client client;
	struct world *world = *state;

	client_connect(world, &client);
	say(&client, "{\"method\":\"" TEST ".Echo\",\"upgrade\":true}");
	hears(&client, "{\"parameters\":{\"method\":\"" TEST ".Echo\"},"
		       "\"error\":\"org.varlink.service.MethodNotImplemented\"}");
	assert_int_equal(world->handled, 0);
	say(&client, CALL("Echo", "{}"));
	hears(&client, "{\"parameters\":{}}");
}

static void calls_in_one_piece_are_answered_in_order(void **state)
{
	_cleanup_client_ struct client client;
	char text[16384], expected[64];
	size_t length = 0;

	client_connect(*state, &client);
	for (int i = 0; i < 100; i++)
		length += 1 + snprintf(text + length, sizeof(text) - length,
				       CALL("Echo", "{\"n\":%d}"), i);
	assert_int_equal(client_write(&client, text, length), length);
	for (int i = 0; i < 100; i++) {
		snprintf(expected, sizeof(expected), "{\"parameters\":{\"n\":%d}}", i);
		hears(&client, expected);
	}
	is_open_and_silent(&client);
}

static void a_call_in_single_bytes_is_a_call(void **state)
{
	static const char text[] = CALL("Echo", "{\"a\":1}") "\0" CALL("Echo", "{\"a\":2}");
	_cleanup_client_ struct client client;

	client_connect(*state, &client);
	for (size_t i = 0; i < sizeof(text); i++) {
		assert_int_equal(client_write(&client, text + i, 1), 1);
		assert_true(settle(*state));
	}
	hears(&client, "{\"parameters\":{\"a\":1}}");
	hears(&client, "{\"parameters\":{\"a\":2}}");
}

static void calls_cut_anywhere_are_calls(void **state)
{
	static const char text[] = CALL("Echo", "{\"a\":1}") "\0" CALL("Echo", "{\"a\":2}");

	for (size_t i = 1; i < sizeof(text); i++) {
		_cleanup_client_ struct client client;

		client_connect(*state, &client);
		assert_int_equal(client_write(&client, text, i), i);
		assert_true(settle(*state));
		assert_int_equal(client_write(&client, text + i, sizeof(text) - i),
				 sizeof(text) - i);
		hears(&client, "{\"parameters\":{\"a\":1}}");
		hears(&client, "{\"parameters\":{\"a\":2}}");
	}
}

static void a_long_message_closes_the_connection(void **state)
{
	for (size_t length = small.message - 2; length <= small.message + 2; length++) {
		_cleanup_client_ struct client client;
		char text[8192];

		client_connect(*state, &client);
		memset(text, ' ', sizeof(text));
		memcpy(text, CALL("Echo", "{}"), strlen(CALL("Echo", "{}")));
		text[length] = 0;
		say(&client, text);
		if (length <= small.message) {
			hears(&client, "{\"parameters\":{}}");
			is_open_and_silent(&client);
		} else {
			is_closed(&client);
		}
	}
}

static void a_message_without_end_closes_the_connection(void **state)
{
	_cleanup_client_ struct client client;
	struct world *world = *state;
	char text[1000];
	size_t sent = 0;

	client_connect(world, &client);
	memset(text, ' ', sizeof(text));
	for (int i = 0; i < 100; i++) {
		sent += client_write(&client, text, sizeof(text));
		assert_true(settle(world));
	}
	assert_true(sent < 3 * small.message);
	is_closed(&client);
	assert_int_equal(bx_varlink_connections(world->varlink), 0);
}

static void a_million_bytes_are_a_call_by_default(void **state)
{
	_cleanup_client_ struct client client;
	struct world *world = *state;
	size_t size = (1 << 20) - 1, sent = 0, head = strlen(CALL("Echo", "{}"));
	_cleanup_free_ char *text = malloc(size + 1);

	serve(world, NULL);
	client_connect(world, &client);
	memset(text, ' ', size);
	memcpy(text, CALL("Echo", "{}"), head);
	text[size] = 0;
	while (sent <= size) {
		size_t n = client_write(&client, text + sent, size + 1 - sent);

		sent += n;
		assert_true(settle(world));
	}
	hears(&client, "{\"parameters\":{}}");
}

static void a_oneway_call_gets_no_reply(void **state)
{
	_cleanup_client_ struct client client;
	struct world *world = *state;

	client_connect(world, &client);
	say(&client, "{\"method\":\"" TEST ".Oneway\",\"oneway\":true}");
	say(&client, "{\"method\":\"" TEST ".None\",\"oneway\":true}");
	say(&client, "{\"method\":\"org.example.none.None\",\"oneway\":true}");
	say(&client, "{\"method\":\"" TEST ".Echo\",\"oneway\":true,\"upgrade\":true}");
	say(&client, "{\"method\":\"" TEST ".Keep\",\"oneway\":true}");
	say(&client, CALL("Echo", "{\"after\":1}"));
	is_open_and_silent(&client);
	/* In order all the same. */
	assert_int_equal(world->kept_count, 1);
	assert_int_equal(bx_varlink_reply(world->kept[--world->kept_count], NULL), 0);
	hears(&client, "{\"parameters\":{\"after\":1}}");
}

static void oneway_calls_of_a_client_that_left_are_done(void **state)
{
	struct world *world = *state;
	struct client client;

	client_connect(world, &client);
	for (int i = 0; i < 50; i++)
		say(&client, "{\"method\":\"" TEST ".Oneway\",\"oneway\":true}");
	client_free(&client);
	assert_true(settle(world));
	assert_int_equal(world->handled, 50);
	assert_int_equal(bx_varlink_connections(world->varlink), 0);
}

static void a_call_that_wants_more_gets_more(void **state)
{
	_cleanup_client_ struct client client;

	client_connect(*state, &client);
	say(&client, "{\"method\":\"" TEST ".Count\",\"parameters\":{\"to\":3},\"more\":true}");
	say(&client, CALL("Echo", "{}"));
	hears(&client, "{\"parameters\":{\"n\":1},\"continues\":true}");
	hears(&client, "{\"parameters\":{\"n\":2},\"continues\":true}");
	hears(&client, "{\"parameters\":{\"n\":3}}");
	hears(&client, "{\"parameters\":{}}");
}

static void a_call_can_be_answered_later(void **state)
{
	_cleanup_client_ struct client one, two;
	struct world *world = *state;

	client_connect(world, &one);
	client_connect(world, &two);
	say(&one, "{\"method\":\"" TEST ".Keep\",\"more\":true}");
	say(&one, CALL("Echo", "{\"next\":1}"));
	is_open_and_silent(&one);
	say(&two, CALL("Echo", "{\"two\":1}"));
	hears(&two, "{\"parameters\":{\"two\":1}}");
	/* The call behind it waits for its end. */
	assert_int_equal(world->handled, 2);
	assert_int_equal(bx_varlink_reply_more(world->kept[0], NULL), 0);
	hears(&one, "{\"parameters\":{},\"continues\":true}");
	is_open_and_silent(&one);
	assert_int_equal(bx_varlink_reply(world->kept[0], NULL), 0);
	hears(&one, "{\"parameters\":{}}");
	hears(&one, "{\"parameters\":{\"next\":1}}");
	assert_int_equal(world->gone, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST_CASE(a_call_is_answered),
		TEST_CASE(the_service_describes_itself),
		TEST_CASE(the_errors_of_every_service_say_what_is_wrong),
		TEST_CASE(parameters_are_of_their_types),
		TEST_CASE(what_is_no_call_closes_the_connection),
		TEST_CASE(what_the_protocol_allows_is_taken),
		TEST_CASE(an_upgrade_is_refused),
		TEST_CASE(calls_in_one_piece_are_answered_in_order),
		TEST_CASE(a_call_in_single_bytes_is_a_call),
		TEST_CASE(calls_cut_anywhere_are_calls),
		TEST_CASE(a_long_message_closes_the_connection),
		TEST_CASE(a_message_without_end_closes_the_connection),
		TEST_CASE(a_million_bytes_are_a_call_by_default),
		TEST_CASE(a_oneway_call_gets_no_reply),
		TEST_CASE(oneway_calls_of_a_client_that_left_are_done),
		TEST_CASE(a_call_that_wants_more_gets_more),
		TEST_CASE(a_call_can_be_answered_later),
	};

	return cmocka_run_group_tests_name("varlink-calls", tests, NULL, NULL);
}
