/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tables of api.h on D-Bus: objects, properties, methods, signals, ObjectManager. */
#ifndef BX_DAEMON_BUS_H
#define BX_DAEMON_BUS_H

#include "daemon/api.h"

int bx_bus_start(struct bx_daemon *daemon);
void bx_bus_stop(struct bx_daemon *daemon);

/* See bx_object_added() and so on; nothing is said without a bus. */
void bx_bus_added(struct bx_daemon *daemon, const struct bx_interface *interface, const char *key);
void bx_bus_changed(struct bx_daemon *daemon, const struct bx_interface *interface, const char *key,
		    const char *const *names);
void bx_bus_removed(struct bx_daemon *daemon, const struct bx_interface *interface,
		    const char *key);
void bx_bus_signal(struct bx_daemon *daemon, const struct bx_interface *interface, const char *key,
		   const char *name, struct json_object *values);

/* The D-Bus path of an object, to be freed; "/" for the empty key of an interface with many objects. */
int bx_bus_path(const struct bx_interface *interface, const char *key, char **ret);

#endif
