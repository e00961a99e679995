// SPDX-License-Identifier: GPL-2.0-or-later
/* Small files of our own; see file.h. */
#include "daemon/file.h"
#include "daemon/util.h"

#include <fcntl.h>
#include <sys/stat.h>

int bx_folder_open(struct bx_root *root, const char *path)
{
	int fd;

	if (mkdirat(root->fd, path, 0755) < 0 && errno != EEXIST)
		return -errno;
	fd = openat(root->fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int write_all(int fd, const char *text)
{
	for (size_t left = strlen(text); left > 0;) {
		ssize_t n = write(fd, text, left);

		if (n < 0)
			return -errno;
		text += n;
		left -= n;
	}
	return 0;
}

static int write_new(int folder, const char *name, const char *text, bool durable)
{
	_cleanup_close_ int fd = -1;
	int r;

	fd = openat(folder, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0)
		return -errno;
	r = write_all(fd, text);
	if (r >= 0 && durable && fsync(fd) < 0)
		r = -errno;
	return r;
}

int bx_file_replace(int folder, const char *name, const char *text, bool durable)
{
	struct bx_path temporary = bx_path("%s.new", name);
	int r;

	r = write_new(folder, temporary.s, text, durable);
	if (r >= 0 && renameat(folder, temporary.s, folder, name) < 0)
		r = -errno;
	if (r >= 0 && durable && fsync(folder) < 0)
		r = -errno;
	if (r < 0)
		unlinkat(folder, temporary.s, 0);
	return r;
}

ssize_t bx_file_read(int folder, const char *name, char *buffer, size_t size)
{
	_cleanup_close_ int fd = -1;
	size_t length = 0;
	char more;

	fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -errno;
	for (;;) {
		ssize_t n = length < size ? read(fd, buffer + length, size - length)
					  : read(fd, &more, 1);

		if (n < 0)
			return -errno;
		if (n == 0)
			return length;
		if (length == size)
			return -EFBIG;
		length += n;
	}
}

int bx_file_remove(int folder, const char *name, bool durable)
{
	if (unlinkat(folder, name, 0) < 0)
		return -errno;
	return durable && fsync(folder) < 0 ? -errno : 0;
}
