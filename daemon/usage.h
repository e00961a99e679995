/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who uses a disk, in words for people: mounts, swap, holders (dm, md), NVMe-oF exports, loop devices. This
 * explains; it does not protect. What protects is the exclusive claim of claim.h, which also sees
 * users that cannot be named. Processes that have a plain device open are looked for by openers.h.
 */
#ifndef BX_DAEMON_USAGE_H
#define BX_DAEMON_USAGE_H

#include "daemon/root.h"

#include <stdbool.h>

/*
 * Adds to @users a line for each use of the whole namespaces @blocks or their partitions. With
 * @everywhere the mount tables of all processes are read, otherwise only that of process 1.
 */
int bx_usage_find(struct bx_root *root, char *const *blocks, bool everywhere, char ***users);

/*
 * The same for uses by the kernel that a claim does not see: NVMe-oF exports of @blocks, their partitions and @controller by this
 * machine, and loop devices on them.
 */
int bx_usage_find_unclaimed(struct bx_root *root, char *const *blocks, const char *controller,
			    char ***users);

#endif
