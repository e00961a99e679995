/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * JSON from somebody else, read strictly: RFC 8259 and nothing beside it, with bounds. What comes of
 * it is json-c's tree, for which that library's own functions are used. Nothing about what a text
 * should mean, and nothing about writing, where json-c does as it is told.
 */
#ifndef BX_DAEMON_JSON_H
#define BX_DAEMON_JSON_H

#include "daemon/util.h"

#include <json.h>

BX_DEFINE_CLEANUP(struct json_object *, json_object_put)

struct bx_json_limits {
	size_t size; /* of the text, in bytes; at most INT32_MAX */
	unsigned int depth; /* of arrays and objects within each other; 0: neither */
	size_t values; /* of all kinds, in all depths: what a short text can cost in memory */
};

/*
 * Reads exactly one value with white space around it. It is valid UTF-8 without U+0000 and without
 * halves of surrogate pairs; no object has two members of one name; what is written without
 * fraction and exponent fits an int64_t, and what is written with one is a finite double. So no
 * string of it has a zero byte in it, and its numbers are what was written.
 *
 * @ret is to be put by the caller; as everywhere in json-c, NULL is the value null.
 *
 * -EBADMSG: this is no such JSON. -EMSGSIZE: it is too long. -E2BIG: it is too deep or has too many
 * values. -ENOMEM. @ret is left alone then.
 */
int bx_json_parse(const char *text, size_t length, const struct bx_json_limits *limits,
		  struct json_object **ret);

#endif
