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
	/* Done instead of writing @value to the attribute, making or removing the folder. */
	int (*write)(struct bx_root *root, const char *path, const char *value);
	int (*make_folder)(struct bx_root *root, const char *path);
	int (*remove_folder)(struct bx_root *root, const char *path);
};

/* What somebody who watches is told of, and the name of it. */
/* clang-format off */
#define BX_CHANGES(X) \
	X(LOAD, "load") \
	X(CLAIM, "claim") \
	X(WRITE, "write") \
	X(MAKE, "make") \
	X(REMOVE, "remove")
/* clang-format on */

enum bx_change {
#define X(id, name) BX_CHANGE_##id,
	BX_CHANGES(X)
#undef X
	BX_CHANGE_COUNT,
};

/*
 * Stands before every access that changes something or keeps others out, and in front of what would be there after those that it
 * has kept to itself. Unlike the model of a test it knows no device, and what it does not know of is there as it is.
 */
struct bx_watch {
	/* 0: it is to be done, 1: it counts as done, negative: it fails with that. */
	int (*change)(struct bx_watch *watch, enum bx_change change, const char *path,
		      const char *value);
	/* 0: as it is; 1: there, with @content, which is a file's text or where a link points to; -ENOENT. */
	int (*look)(struct bx_watch *watch, const char *path, const char **content);
};

struct bx_root {
	int fd;
	const struct bx_root_ops *ops;
	void *userdata;
	struct bx_watch *watch; /* mostly nobody */
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

/*
 * Says that something else is about to change, for whoever watches: a module to be loaded, a disk that is claimed. As the member
 * of struct bx_watch.
 */
int bx_root_change(struct bx_root *root, enum bx_change change, const char *path,
		   const char *value);

/* In configfs, where that makes and removes objects of the kernel. */
int bx_root_make_folder(struct bx_root *root, const char *path);
int bx_root_remove_folder(struct bx_root *root, const char *path);

/* Where a link points to, as it stands there. */
int bx_root_readlink(struct bx_root *root, const char *path, char *buffer, size_t size);

/* The last component of where a link points to; "" and 0 if there is no link. */
int bx_root_link_name(struct bx_root *root, const char *path, char *buffer, size_t size);

/* The names in a folder, sorted, without . and .. */
int bx_root_list(struct bx_root *root, const char *path, char ***ret);

/*
 * 1 and its type (S_IFBLK or S_IFCHR) and number if @path is, or leads to, a device node, else 0. What the file system remembers is
 * enough: no server is asked.
 */
int bx_root_device(struct bx_root *root, const char *path, mode_t *type, unsigned int *major,
		   unsigned int *minor);

/* A number that no other object in sysfs gets while this machine runs. */
int bx_root_inode(struct bx_root *root, const char *path, uint64_t *ret);

#endif
