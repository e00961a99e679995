/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * When bxd ends by itself: nobody has asked it anything for a while, and there is nothing for which it must be there. Whoever asks
 * next starts it again, by the bus or by the socket, and no call is lost in between.
 */
#ifndef BX_DAEMON_IDLE_H
#define BX_DAEMON_IDLE_H

struct bx_daemon;
struct bx_idle;

/* After the bus and before any call can come. */
int bx_idle_start(struct bx_daemon *daemon);

/* The configuration has been read again. */
void bx_idle_reload(struct bx_daemon *daemon);

/* Somebody has asked something. */
void bx_idle_touch(struct bx_daemon *daemon);

void bx_idle_stop(struct bx_daemon *daemon);

#endif
