/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tables of api.h on varlink: one interface, org.byteexpress.bx1, in which the methods of objects take their id, and in which
 * objects are listed and monitored as a whole.
 */
#ifndef BX_DAEMON_VARLINK_API_H
#define BX_DAEMON_VARLINK_API_H

#include "daemon/api.h"

/* On the sockets that the service manager gave; nothing if it gave none. */
int bx_varlink_api_start(struct bx_daemon *daemon);
/* How many are connected. */
unsigned int bx_varlink_api_connections(const struct bx_daemon *daemon);

void bx_varlink_api_stop(struct bx_daemon *daemon);

/* Tells those who monitor that an object was added, changed or removed. */
void bx_varlink_api_say(struct bx_daemon *daemon, const struct bx_interface *interface,
			const char *key, const char *event);

#endif
