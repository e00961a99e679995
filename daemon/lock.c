// SPDX-License-Identifier: GPL-2.0-or-later
/* The lock of a device; see lock.h. */
#include "daemon/lock.h"
#include "daemon/names.h"
#include "daemon/util.h"

#include <fcntl.h>
#include <sys/stat.h>

int bx_lock_prepare(struct bx_root *root)
{
	if (mkdirat(root->fd, BX_DIR_RUN, 0755) < 0 && errno != EEXIST)
		return -errno;
	if (mkdirat(root->fd, BX_DIR_LOCK, 0700) < 0 && errno != EEXIST)
		return -errno;
	/* Whoever can open a lock can hold it. */
	return fchmodat(root->fd, BX_DIR_LOCK, 0700, 0) < 0 ? -errno : 0;
}

static int open_lock(struct bx_root *root, const char *name, int flags)
{
	int fd = openat(root->fd, bx_path(BX_DIR_LOCK "/%s", name).s,
			flags | O_CLOEXEC | O_NOFOLLOW, 0600);

	return fd < 0 ? -errno : fd;
}

int bx_lock_take(struct bx_root *root, const char *name)
{
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	_cleanup_close_ int fd = -1;
	int ret;

	fd = open_lock(root, name, O_RDWR | O_CREAT);
	if (fd < 0)
		return fd;
	if (fcntl(fd, F_OFD_SETLK, &whole) < 0)
		return errno == EACCES || errno == EAGAIN ? -EWOULDBLOCK : -errno;
	ret = fd;
	fd = -1;
	return ret;
}

int bx_lock_held(struct bx_root *root, const char *name)
{
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	_cleanup_close_ int fd = -1;

	fd = open_lock(root, name, O_RDONLY);
	if (fd == -ENOENT)
		return 0;
	if (fd < 0)
		return fd;
	if (fcntl(fd, F_OFD_GETLK, &whole) < 0)
		return -errno;
	return whole.l_type != F_UNLCK;
}
