// SPDX-License-Identifier: GPL-2.0-or-later
/* Questions to the inspector and its answers as JSON; see inspector.h. What they mean is in inspector.c, in the interface. */
#include "daemon/inspector.h"

#include <limits.h>
#include <stdint.h>

/* Takes the reference of @value. */
static int add(struct json_object *object, const char *name, struct json_object *value)
{
	if (value && json_object_object_add(object, name, value) == 0)
		return 0;
	json_object_put(value);
	return -ENOMEM;
}

static int append(struct json_object *list, struct json_object *value)
{
	if (value && json_object_array_add(list, value) == 0)
		return 0;
	json_object_put(value);
	return -ENOMEM;
}

static struct json_object *number_of(const struct bx_node *node)
{
	return json_object_new_string(bx_path("%u:%u", node->major, node->minor).s);
}

/* ---------------------------------------------------------------- questions */

int bx_inspector_write_nodes(const struct bx_nodes *nodes, struct json_object **ret)
{
	_cleanup_(json_object_putp) struct json_object *block = json_object_new_array(),
						       *character = json_object_new_array(),
						       *question = json_object_new_object();
	int r = block && character && question ? 0 : -ENOMEM;

	for (size_t i = 0; r >= 0 && i < nodes->count; i++)
		r = append(nodes->list[i].block ? block : character, number_of(&nodes->list[i]));
	if (r >= 0)
		r = add(question, "block", json_object_get(block));
	if (r >= 0)
		r = add(question, "char", json_object_get(character));
	if (r < 0)
		return r;
	*ret = question;
	question = NULL;
	return 0;
}

static int read_list(struct json_object *list, bool block, struct bx_nodes *nodes)
{
	size_t n = json_object_array_length(list);
	struct bx_node *grown = reallocarray(nodes->list, nodes->count + n + 1, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	nodes->list = grown;
	for (size_t i = 0; i < n; i++) {
		struct json_object *number = json_object_array_get_idx(list, i);
		struct bx_node node = { .block = block };

		if (!json_object_is_type(number, json_type_string) ||
		    !bx_node_number(json_object_get_string(number), &node.major, &node.minor))
			return -EBADMSG;
		grown[nodes->count++] = node;
	}
	return 0;
}

int bx_inspector_read_nodes(struct json_object *block, struct json_object *character,
			    struct bx_nodes *ret)
{
	struct bx_nodes nodes = { 0 };
	int r;

	r = read_list(block, true, &nodes);
	if (r >= 0)
		r = read_list(character, false, &nodes);
	if (r < 0)
		bx_nodes_done(&nodes);
	else
		*ret = nodes;
	return r;
}

/* ---------------------------------------------------------------- answers */

static int write_opener(const struct bx_opener *opener, struct json_object **ret)
{
	_cleanup_(json_object_putp) struct json_object *object = json_object_new_object();
	int r;

	if (!object)
		return -ENOMEM;
	r = add(object, "kind", json_object_new_string(opener->node.block ? "block" : "char"));
	if (r >= 0)
		r = add(object, "node", number_of(&opener->node));
	if (r >= 0)
		r = add(object, "pid", json_object_new_int64(opener->pid));
	if (r >= 0)
		r = add(object, "uid", json_object_new_int64(opener->uid));
	if (r >= 0)
		r = add(object, "command", json_object_new_string(opener->command));
	if (r >= 0 && *opener->unit)
		r = add(object, "unit", json_object_new_string(opener->unit));
	if (r < 0)
		return r;
	*ret = object;
	object = NULL;
	return 0;
}

int bx_inspector_write_openers(const struct bx_openers *openers, struct json_object **ret)
{
	_cleanup_(json_object_putp) struct json_object *list = json_object_new_array(),
						       *answer = json_object_new_object();
	size_t listed = openers->count < BX_INSPECTOR_LISTED ? openers->count : BX_INSPECTOR_LISTED;
	int r = list && answer ? 0 : -ENOMEM;

	for (size_t i = 0; r >= 0 && i < listed; i++) {
		struct json_object *opener = NULL;

		r = write_opener(&openers->list[i], &opener);
		if (r >= 0)
			r = append(list, opener);
	}
	if (r >= 0)
		r = add(answer, "openers", json_object_get(list));
	if (r >= 0)
		r = add(answer, "omitted",
			json_object_new_int64(openers->count - listed + openers->omitted));
	if (r < 0)
		return r;
	*ret = answer;
	answer = NULL;
	return 0;
}

static bool take_number(struct json_object *object, const char *name, int64_t most, int64_t *ret)
{
	struct json_object *value;

	if (!json_object_object_get_ex(object, name, &value) ||
	    !json_object_is_type(value, json_type_int))
		return false;
	*ret = json_object_get_int64(value);
	return *ret >= 0 && *ret <= most;
}

/* Cut to what fits, since it is for people. */
static bool take_text(struct json_object *object, const char *name, char *text, size_t size)
{
	struct json_object *value;

	if (!json_object_object_get_ex(object, name, &value) ||
	    !json_object_is_type(value, json_type_string))
		return false;
	snprintf(text, size, "%s", json_object_get_string(value));
	bx_clean_text(text);
	return true;
}

static bool take_opener(struct json_object *object, struct bx_opener *opener)
{
	char kind[8], node[32];
	int64_t pid, uid;

	if (!json_object_is_type(object, json_type_object) ||
	    !take_text(object, "kind", kind, sizeof(kind)) ||
	    !take_text(object, "node", node, sizeof(node)) ||
	    !bx_node_number(node, &opener->node.major, &opener->node.minor) ||
	    !take_number(object, "pid", INT_MAX, &pid) ||
	    !take_number(object, "uid", UINT32_MAX, &uid) ||
	    !take_text(object, "command", opener->command, sizeof(opener->command)))
		return false;
	take_text(object, "unit", opener->unit, sizeof(opener->unit));
	opener->node.block = bx_streq(kind, "block");
	opener->pid = pid;
	opener->uid = uid;
	return opener->node.block || bx_streq(kind, "char");
}

int bx_inspector_read_openers(struct json_object *reply, struct bx_openers *ret)
{
	struct bx_openers openers = { 0 };
	struct json_object *list;
	int64_t omitted;
	int r = 0;

	if (!json_object_object_get_ex(reply, "openers", &list) ||
	    !json_object_is_type(list, json_type_array) ||
	    !take_number(reply, "omitted", INT64_MAX, &omitted))
		return -EBADMSG;
	for (size_t i = 0; r >= 0 && i < json_object_array_length(list); i++) {
		struct bx_opener opener = { 0 };

		r = take_opener(json_object_array_get_idx(list, i), &opener)
			    ? bx_openers_add(&openers, &opener)
			    : -EBADMSG;
	}
	if (r < 0) {
		bx_openers_done(&openers);
		return r;
	}
	openers.omitted = omitted;
	*ret = openers;
	return 0;
}
