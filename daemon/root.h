/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The only way to sysfs, procfs, configfs and /dev: openat() below one root directory. Tests give
 * another directory and, through struct bx_root_ops, a model of what the kernel does when an
 * attribute is written. No path begins with a slash; no shell is involved anywhere.
 */
#ifndef BX_DAEMON_ROOT_H
#define BX_DAEMON_ROOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct bx_root;

/* Stands between the daemon and a model of the kernel. Every member may be NULL. */
struct bx_root_ops {
	/* Called before every access; a negative errno is what the access then fails with. */
	int (*fault)(struct bx_root *root, const char *what, const char *path);
	/* Done instead of writing @value to the attribute. */
	int (*write)(struct bx_root *root, const char *path, const char *value);
};

struct bx_root {
	int fd;
	const struct bx_root_ops *ops;
	void *userdata;
};

struct bx_path {
	char s[384];
};

/* A formatted path for the length of one expression: bx_path("sys/%s", name).s; "" if too long. */
struct bx_path bx_path(const char *format, ...) __attribute__((format(printf, 1, 2)));

int bx_root_open(struct bx_root *root, const char *directory);
void bx_root_close(struct bx_root *root);

bool bx_root_exists(struct bx_root *root, const char *path);

/* An open descriptor, O_CLOEXEC, never the controlling terminal. */
int bx_root_open_file(struct bx_root *root, const char *path, int flags);

/* A one-line attribute without its line end and trailing blanks; its length or a negative errno. */
int bx_root_read(struct bx_root *root, const char *path, char *buffer, size_t size);

/* A whole file up to 16 MiB, zero-terminated, to be freed; its length or a negative errno. */
ssize_t bx_root_read_all(struct bx_root *root, const char *path, char **ret);

/* Writes an attribute in one write(). */
int bx_root_write(struct bx_root *root, const char *path, const char *value);

/* Where a link points to, as it stands there. */
int bx_root_readlink(struct bx_root *root, const char *path, char *buffer, size_t size);

/* The last component of where a link points to; "" and 0 if there is no link. */
int bx_root_link_name(struct bx_root *root, const char *path, char *buffer, size_t size);

/* The names in a folder, sorted, without . and .. */
int bx_root_list(struct bx_root *root, const char *path, char ***ret);

/* A number that no other object in sysfs gets while this machine runs. */
int bx_root_inode(struct bx_root *root, const char *path, uint64_t *ret);

#endif
