/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The inspector: a process of its own that may look at all the others and do nothing else, so that neither bxd nor its worker has to
 * be able to. This is how it is asked.
 */
#ifndef BX_DAEMON_INSPECTOR_H
#define BX_DAEMON_INSPECTOR_H

#include "daemon/json.h"
#include "daemon/openers.h"

#define BX_INSPECTOR_SOCKET "/run/bxd/inspector"
#define BX_INSPECTOR_NAME   "org.byteexpress.bx1.inspector"
/* What an answer names at most, so that it stays short. */
#define BX_INSPECTOR_LISTED 32

/*
 * As bx_openers_find(), by the inspector and without the caller itself. UsersUnknown if the inspector does not answer, too: nobody may
 * take that for an answer.
 */
int bx_inspector_find_openers(struct bx_root *root, const struct bx_nodes *nodes,
			      struct bx_openers *ret, struct bx_failure *failure);

/* The messages of both sides: made by one and read by the other. Negative if there is no memory, or it is none. */
int bx_inspector_write_nodes(const struct bx_nodes *nodes, struct json_object **ret);
int bx_inspector_read_nodes(struct json_object *block, struct json_object *character,
			    struct bx_nodes *ret);
int bx_inspector_write_openers(const struct bx_openers *openers, struct json_object **ret);
int bx_inspector_read_openers(struct json_object *reply, struct bx_openers *ret);

#endif
