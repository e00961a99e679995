/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a device has done since it is there, in numbers that only grow, and what it is doing. Reads only. */
#ifndef BX_DAEMON_STATISTICS_H
#define BX_DAEMON_STATISTICS_H

#include "daemon/root.h"

#include <json.h>

/*
 * Of all namespaces together, by the block layer's count: reads, bytes_read, writes, bytes_written, discards, bytes_discarded,
 * flushes, in_flight, busy_ms. Of an emulated device, whose @name is not "", by its own: interrupts, engine_busy_ns. To be
 * put.
 */
int bx_statistics_read(struct bx_root *root, char *const *blocks, const char *name,
		       struct json_object **ret);

#endif
