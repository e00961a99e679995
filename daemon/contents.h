/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a disk has on it, for the worker alone: libblkid is not for bxd itself to carry. */
#ifndef BX_DAEMON_CONTENTS_H
#define BX_DAEMON_CONTENTS_H

#include <stddef.h>

/*
 * 1 if there is something, which @text then says in words such as "a file system (ext4)"; 0 if nothing that is known; negative if
 * that cannot be found out.
 */
int bx_contents_find(int fd, char *text, size_t size);

#endif
