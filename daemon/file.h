/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Small files of our own below /run, /var/lib and /etc: made and replaced as a whole, read as a whole. A name never has
 * a slash in it; the folder is an open descriptor.
 */
#ifndef BX_DAEMON_FILE_H
#define BX_DAEMON_FILE_H

#include "daemon/root.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Makes the folder if it is not there, and opens it. */
int bx_folder_open(struct bx_root *root, const char *path);

/* The old content or the new one is there, whatever happens; with @durable the new one is on the disk when this returns. */
int bx_file_replace(int folder, const char *name, const char *text, bool durable);

/* At most @size bytes, without a zero byte behind them; how many there are, or -EFBIG if there are more. */
ssize_t bx_file_read(int folder, const char *name, char *buffer, size_t size);

int bx_file_remove(int folder, const char *name, bool durable);

#endif
