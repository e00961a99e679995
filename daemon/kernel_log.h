/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel says while it is asked for something: an errno is short, and the reason is in its log. */
#ifndef BX_DAEMON_KERNEL_LOG_H
#define BX_DAEMON_KERNEL_LOG_H

#include "daemon/root.h"

#include <stddef.h>

/* A descriptor that stands behind what was said until now, or negative, as without CAP_SYSLOG. */
int bx_kernel_log_open(struct bx_root *root);

/* The last thing said since then that begins with one of @begins, which NULL ends; "" if there is none. */
void bx_kernel_log_said(int fd, const char *const *begins, char *text, size_t size);

#endif
