// SPDX-License-Identifier: GPL-2.0-or-later
/* Values between D-Bus and JSON; see bus_json.h. */
#include "daemon/bus_json.h"
#include "daemon/util.h"

#include <inttypes.h>

#define NESTING_MAX 16

BX_DEFINE_CLEANUP(struct json_object *, json_object_put)

struct reading {
	sd_bus_message *message;
	size_t *budget; /* NULL: as much as it takes */
};

static int read_value(const struct reading *reading, struct json_object **ret, unsigned int depth);

/* What one more value costs in memory, roughly. */
static int spend(const struct reading *reading, size_t bytes)
{
	if (!reading->budget)
		return 0;
	bytes += 64;
	if (bytes > *reading->budget)
		return -E2BIG;
	*reading->budget -= bytes;
	return 0;
}

static int read_basic(const struct reading *reading, char type, struct json_object **ret)
{
	union {
		const char *s;
		int b;
		uint8_t y;
		int16_t n;
		uint16_t q;
		int32_t i;
		uint32_t u;
		int64_t x;
		uint64_t t;
		double d;
	} value;
	int r;

	r = sd_bus_message_read_basic(reading->message, type, &value);
	if (r >= 0)
		r = spend(reading, strchr("sog", type) ? strlen(value.s) : 0);
	if (r < 0)
		return r;
	switch (type) {
	case 's':
	case 'o':
	case 'g':
		*ret = json_object_new_string(value.s);
		break;
	case 'b':
		*ret = json_object_new_boolean(value.b);
		break;
	case 'y':
		*ret = json_object_new_int(value.y);
		break;
	case 'n':
		*ret = json_object_new_int(value.n);
		break;
	case 'q':
		*ret = json_object_new_int(value.q);
		break;
	case 'i':
		*ret = json_object_new_int(value.i);
		break;
	case 'u':
		*ret = json_object_new_int64(value.u);
		break;
	case 'x':
		*ret = json_object_new_int64(value.x);
		break;
	case 't':
		*ret = json_object_new_uint64(value.t);
		break;
	case 'd':
		*ret = json_object_new_double(value.d);
		break;
	default:
		return -EOPNOTSUPP;
	}
	return *ret ? 0 : -ENOMEM;
}

static int read_variant(const struct reading *reading, const char *contents,
			struct json_object **ret, unsigned int depth)
{
	int r;

	r = sd_bus_message_enter_container(reading->message, 'v', contents);
	if (r >= 0)
		r = read_value(reading, ret, depth);
	return r < 0 ? r : sd_bus_message_exit_container(reading->message);
}

static int read_dictionary(const struct reading *reading, const char *contents,
			   struct json_object *object, unsigned int depth)
{
	_cleanup_free_ char *entry = strndup(contents + 1, strlen(contents) - 2);
	int r;

	if (!entry)
		return -ENOMEM;
	while ((r = sd_bus_message_enter_container(reading->message, 'e', entry)) > 0) {
		struct json_object *value = NULL;
		const char *key;

		r = sd_bus_message_read_basic(reading->message, *entry, &key);
		if (r >= 0)
			r = spend(reading, strlen(key));
		if (r >= 0)
			r = read_value(reading, &value, depth);
		if (r < 0)
			return r;
		/* Of two with one name, one would be passed over in silence. */
		r = json_object_object_get_ex(object, key, NULL) ? -EBADMSG : 0;
		if (r >= 0 && json_object_object_add(object, key, value) < 0)
			r = -ENOMEM;
		if (r < 0) {
			json_object_put(value);
			return r;
		}
		r = sd_bus_message_exit_container(reading->message);
		if (r < 0)
			return r;
	}
	return r;
}

static int read_array(const struct reading *reading, const char *contents, struct json_object **ret,
		      unsigned int depth)
{
	/* What has nothing in it takes memory, too. */
	int r = spend(reading, 0);
	bool dictionary = bx_startswith(contents, "{s") || bx_startswith(contents, "{o");
	_cleanup_(json_object_putp) struct json_object *list =
		dictionary ? json_object_new_object() : json_object_new_array();

	if (r < 0 || !list)
		return r < 0 ? r : -ENOMEM;
	r = sd_bus_message_enter_container(reading->message, 'a', contents);
	if (r < 0)
		return r;
	if (dictionary)
		r = read_dictionary(reading, contents, list, depth);
	while (!dictionary && r >= 0 && (r = sd_bus_message_at_end(reading->message, false)) == 0) {
		struct json_object *value;

		r = read_value(reading, &value, depth);
		if (r >= 0 && json_object_array_add(list, value) < 0) {
			json_object_put(value);
			r = -ENOMEM;
		}
	}
	if (r >= 0)
		r = sd_bus_message_exit_container(reading->message);
	if (r < 0)
		return r;
	*ret = list;
	list = NULL;
	return 0;
}

static int read_value(const struct reading *reading, struct json_object **ret, unsigned int depth)
{
	const char *contents;
	char type;
	int r;

	if (depth > NESTING_MAX)
		return -ELOOP;
	r = sd_bus_message_peek_type(reading->message, &type, &contents);
	if (r < 0)
		return r;
	if (r == 0)
		return -EBADMSG;
	if (type == 'v')
		return read_variant(reading, contents, ret, depth + 1);
	if (type == 'a')
		return read_array(reading, contents, ret, depth + 1);
	return read_basic(reading, type, ret);
}

int bx_bus_read_value(sd_bus_message *message, size_t *budget, struct json_object **ret)
{
	return read_value(&(struct reading){ message, budget }, ret, 0);
}

/* ---------------------------------------------------------------- from JSON */

static int append_basic(sd_bus_message *message, char type, struct json_object *value)
{
	switch (type) {
	case 's':
	case 'o':
		return sd_bus_message_append_basic(message, type,
						   json_object_get_string(value) ?: "");
	case 'b':
		return sd_bus_message_append(message, "b", (int)json_object_get_boolean(value));
	case 'i':
		return sd_bus_message_append(message, "i", (int32_t)json_object_get_int64(value));
	case 'u':
		return sd_bus_message_append(message, "u", (uint32_t)json_object_get_int64(value));
	case 'x':
		return sd_bus_message_append(message, "x", json_object_get_int64(value));
	case 't':
		return sd_bus_message_append(message, "t", json_object_get_uint64(value));
	}
	return -EOPNOTSUPP;
}

static int append_list(sd_bus_message *message, char type, struct json_object *list)
{
	int r;

	r = sd_bus_message_open_container(message, 'a', (char[]){ type, 0 });
	for (size_t i = 0; r >= 0 && i < json_object_array_length(list); i++)
		r = append_basic(message, type, json_object_array_get_idx(list, i));
	return r < 0 ? r : sd_bus_message_close_container(message);
}

static int append_texts(sd_bus_message *message, struct json_object *object)
{
	int r;

	r = sd_bus_message_open_container(message, 'a', "{ss}");
	if (r < 0)
		return r;
	json_object_object_foreach(object, name, value) {
		r = sd_bus_message_append(message, "{ss}", name,
					  json_object_get_string(value) ?: "");
		if (r < 0)
			return r;
	}
	return sd_bus_message_close_container(message);
}

static int append_list_of_texts(sd_bus_message *message, struct json_object *list)
{
	int r = sd_bus_message_open_container(message, 'a', "a{ss}");

	for (size_t i = 0; r >= 0 && i < json_object_array_length(list); i++)
		r = append_texts(message, json_object_array_get_idx(list, i));
	return r < 0 ? r : sd_bus_message_close_container(message);
}

static int append_numbers(sd_bus_message *message, struct json_object *object)
{
	int r;

	r = sd_bus_message_open_container(message, 'a', "{st}");
	if (r < 0)
		return r;
	json_object_object_foreach(object, name, value) {
		r = sd_bus_message_append(message, "{st}", name, json_object_get_uint64(value));
		if (r < 0)
			return r;
	}
	return sd_bus_message_close_container(message);
}

static const char *type_of(struct json_object *value)
{
	switch (json_object_get_type(value)) {
	case json_type_boolean:
		return "b";
	case json_type_int:
		return "x";
	case json_type_array:
		return "as";
	case json_type_object:
		return "a{ss}";
	default:
		return "s";
	}
}

static int append_members(sd_bus_message *message, struct json_object *object)
{
	int r;

	r = sd_bus_message_open_container(message, 'a', "{sv}");
	if (r < 0)
		return r;
	json_object_object_foreach(object, name, value) {
		r = sd_bus_message_open_container(message, 'e', "sv");
		if (r >= 0)
			r = sd_bus_message_append(message, "s", name);
		if (r >= 0)
			r = sd_bus_message_open_container(message, 'v', type_of(value));
		if (r >= 0)
			r = bx_bus_append_value(message, type_of(value), value);
		if (r >= 0)
			r = sd_bus_message_close_container(message);
		if (r >= 0)
			r = sd_bus_message_close_container(message);
		if (r < 0)
			return r;
	}
	return sd_bus_message_close_container(message);
}

int bx_bus_append_value(sd_bus_message *message, const char *type, struct json_object *value)
{
	if (bx_streq(type, "aa{ss}"))
		return append_list_of_texts(message, value);
	if (bx_streq(type, "a{ss}"))
		return append_texts(message, value);
	if (bx_streq(type, "a{st}"))
		return append_numbers(message, value);
	if (bx_streq(type, "a{sv}"))
		return append_members(message, value);
	return *type == 'a' ? append_list(message, type[1], value)
			    : append_basic(message, *type, value);
}
