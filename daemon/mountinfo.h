/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Parses the kernel's mount tables, /proc/PID/mountinfo and /proc/swaps. Text in, calls out; what a
 * mount means for a device is usage.c's concern.
 */
#ifndef BX_DAEMON_MOUNTINFO_H
#define BX_DAEMON_MOUNTINFO_H

#include <stddef.h>

#define BX_MOUNT_PATH_MAX 4096

struct bx_mount {
	unsigned int id; /* which no other mount has, in whatever namespace */
	unsigned int major, minor;
	char mount_point[BX_MOUNT_PATH_MAX]; /* octal escapes undone */
	char type[64];
	char source[BX_MOUNT_PATH_MAX];
};

/* One line without its line end. -EINVAL if it is not one of mountinfo's. */
int bx_mountinfo_parse_line(const char *line, size_t length, struct bx_mount *mount);

/*
 * Calls @found for each line that can be parsed, until it returns something but 0, which is
 * returned. Lines that cannot be parsed are counted in @bad, which may be NULL.
 */
int bx_mountinfo_parse(const char *text, int (*found)(const struct bx_mount *mount, void *userdata),
		       void *userdata, size_t *bad);

/* The same for the first column of /proc/swaps: each file or device in use as swap. */
int bx_swaps_parse(const char *text, int (*found)(const char *path, void *userdata),
		   void *userdata);

#endif
