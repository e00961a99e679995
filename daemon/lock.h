/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The lock of a device: a file below /run/bxd/lock, locked by the worker for as long as it lives, in
 * whatever state it is. Asking takes nothing, so that a question cannot get in a worker's way.
 */
#ifndef BX_DAEMON_LOCK_H
#define BX_DAEMON_LOCK_H

#include "daemon/root.h"

/* A descriptor that holds the lock until it is closed; -EWOULDBLOCK if another process has it. */
int bx_lock_take(struct bx_root *root, const char *name);

/* 1 if a process has it, 0 if not. */
int bx_lock_held(struct bx_root *root, const char *name);

/* Makes the folder. */
int bx_lock_prepare(struct bx_root *root);

#endif
