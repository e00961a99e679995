/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Values between D-Bus and JSON. Numbers keep their value, not their width; dictionaries are objects; what JSON has
 * no word for, such as a descriptor, is refused.
 */
#ifndef BX_DAEMON_BUS_JSON_H
#define BX_DAEMON_BUS_JSON_H

#include <json.h>
#include <systemd/sd-bus.h>

/*
 * The value at which @message stands, of whatever type. -EBADMSG for a dictionary with a name in it twice. @budget is for
 * what somebody else has sent: bytes that it may cost in memory, from which they are taken, and -E2BIG if they are not
 * enough. NULL is no limit.
 */
int bx_bus_read_value(sd_bus_message *message, size_t *budget, struct json_object **ret);

/* Appends @value as one of @type: s, o, b, i, u, x, t, a list of one of them, a{ss}, a{st} or a{sv}. */
int bx_bus_append_value(sd_bus_message *message, const char *type, struct json_object *value);

#endif
