// SPDX-License-Identifier: GPL-2.0-or-later
/* Access to the kernel's files below one root directory; see root.h. */
#include "daemon/root.h"
#include "daemon/util.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/stat.h>

#define READ_ALL_MAX (16 << 20)

static int fault(struct bx_root *root, const char *what, const char *path)
{
	if (!root->ops || !root->ops->fault)
		return 0;
	return root->ops->fault(root, what, path);
}

struct bx_path bx_path(const char *format, ...)
{
	struct bx_path path;
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(path.s, sizeof(path.s), format, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof(path.s))
		path.s[0] = 0;
	return path;
}

int bx_root_open(struct bx_root *root, const char *directory)
{
	*root = (struct bx_root){
		.fd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC),
	};
	return root->fd < 0 ? -errno : 0;
}

void bx_root_close(struct bx_root *root)
{
	bx_closep(&root->fd);
	root->fd = -1;
}

bool bx_root_exists(struct bx_root *root, const char *path)
{
	struct stat st;

	return fstatat(root->fd, path, &st, 0) == 0;
}

int bx_root_open_file(struct bx_root *root, const char *path, int flags)
{
	int fd, r;

	r = fault(root, "open", path);
	if (r < 0)
		return r;
	fd = openat(root->fd, path, flags | O_CLOEXEC | O_NOCTTY);
	return fd < 0 ? -errno : fd;
}

int bx_root_read(struct bx_root *root, const char *path, char *buffer, size_t size)
{
	_cleanup_close_ int fd = -1;
	ssize_t n;

	*buffer = 0;
	fd = bx_root_open_file(root, path, O_RDONLY);
	if (fd < 0)
		return fd;
	n = read(fd, buffer, size - 1);
	if (n < 0) {
		*buffer = 0;
		return -errno;
	}
	buffer[n] = 0;
	n = strcspn(buffer, "\n");
	while (n > 0 && buffer[n - 1] == ' ')
		n--;
	buffer[n] = 0;
	return n;
}

ssize_t bx_root_read_all(struct bx_root *root, const char *path, char **ret)
{
	_cleanup_close_ int fd = -1;
	_cleanup_free_ char *buffer = NULL;
	size_t size = 0, length = 0;
	ssize_t n;

	fd = bx_root_open_file(root, path, O_RDONLY);
	if (fd < 0)
		return fd;
	do {
		if (length + 1 >= size) {
			char *grown;

			if (size >= READ_ALL_MAX)
				return -EFBIG;
			size = size ? 2 * size : 4096;
			grown = realloc(buffer, size);
			if (!grown)
				return -ENOMEM;
			buffer = grown;
		}
		n = read(fd, buffer + length, size - length - 1);
		if (n < 0)
			return -errno;
		length += n;
	} while (n > 0);
	buffer[length] = 0;
	*ret = buffer;
	buffer = NULL;
	return length;
}

int bx_root_write(struct bx_root *root, const char *path, const char *value)
{
	_cleanup_close_ int fd = -1;
	size_t length = strlen(value);
	ssize_t n;
	int r;

	r = fault(root, "write", path);
	if (r < 0)
		return r;
	if (root->ops && root->ops->write)
		return root->ops->write(root, path, value);
	fd = openat(root->fd, path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return -errno;
	n = write(fd, value, length);
	if (n < 0)
		return -errno;
	return (size_t)n == length ? 0 : -EIO;
}

int bx_root_readlink(struct bx_root *root, const char *path, char *buffer, size_t size)
{
	ssize_t n;
	int r;

	*buffer = 0;
	r = fault(root, "readlink", path);
	if (r < 0)
		return r;
	n = readlinkat(root->fd, path, buffer, size);
	if (n < 0) {
		*buffer = 0;
		return -errno;
	}
	if ((size_t)n >= size) {
		*buffer = 0;
		return -ENAMETOOLONG;
	}
	buffer[n] = 0;
	return n;
}

int bx_root_link_name(struct bx_root *root, const char *path, char *buffer, size_t size)
{
	char target[512], *slash;
	int r;

	*buffer = 0;
	r = bx_root_readlink(root, path, target, sizeof(target));
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return r;
	slash = strrchr(target, '/');
	return bx_copy(buffer, size, slash ? slash + 1 : target);
}

int bx_root_list(struct bx_root *root, const char *path, char ***ret)
{
	_cleanup_strv_ char **list = NULL;
	struct dirent *entry;
	DIR *dir;
	int fd, r = 0;

	fd = bx_root_open_file(root, path, O_RDONLY | O_DIRECTORY);
	if (fd < 0)
		return fd;
	dir = fdopendir(fd);
	if (!dir) {
		r = -errno;
		close(fd);
		return r;
	}
	while (r >= 0 && (errno = 0, entry = readdir(dir)))
		if (!bx_streq(entry->d_name, ".") && !bx_streq(entry->d_name, ".."))
			r = bx_strv_addf(&list, "%s", entry->d_name);
	if (r >= 0 && errno)
		r = -errno;
	closedir(dir);
	if (r < 0)
		return r;
	bx_strv_sort(list);
	*ret = list;
	list = NULL;
	return 0;
}

int bx_root_inode(struct bx_root *root, const char *path, uint64_t *ret)
{
	struct stat st;

	if (fstatat(root->fd, path, &st, 0) < 0)
		return -errno;
	*ret = st.st_ino;
	return 0;
}
