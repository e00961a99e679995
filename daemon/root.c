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

int bx_root_change(struct bx_root *root, enum bx_change change, const char *path, const char *value)
{
	return root->watch ? root->watch->change(root->watch, change, path, value) : 0;
}

/* What is there instead; see struct bx_watch. */
static int look(struct bx_root *root, const char *path, const char **content)
{
	*content = "";
	return root->watch ? root->watch->look(root->watch, path, content) : 0;
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
	const char *content;
	struct stat st;
	int r;

	r = look(root, path, &content);
	return r ? r > 0 : fstatat(root->fd, path, &st, 0) == 0;
}

int bx_root_open_file(struct bx_root *root, const char *path, int flags)
{
	const char *content;
	int fd, r;

	r = look(root, path, &content);
	if (r) /* what would be there can be read, and not be held open */
		return r < 0 ? r : -ENXIO;
	r = fault(root, "open", path);
	if (r < 0)
		return r;
	fd = openat(root->fd, path, flags | O_CLOEXEC | O_NOCTTY);
	return fd < 0 ? -errno : fd;
}

static int first_line(char *buffer)
{
	size_t n = strcspn(buffer, "\n");

	while (n > 0 && buffer[n - 1] == ' ')
		n--;
	buffer[n] = 0;
	return n;
}

int bx_root_read(struct bx_root *root, const char *path, char *buffer, size_t size)
{
	_cleanup_close_ int fd = -1;
	const char *content;
	ssize_t n;

	*buffer = 0;
	if (look(root, path, &content) > 0) {
		snprintf(buffer, size, "%s", content);
		return first_line(buffer);
	}
	fd = bx_root_open_file(root, path, O_RDONLY);
	if (fd < 0)
		return fd;
	n = read(fd, buffer, size - 1);
	if (n < 0) {
		*buffer = 0;
		return -errno;
	}
	buffer[n] = 0;
	return first_line(buffer);
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

	r = bx_root_change(root, BX_CHANGE_WRITE, path, value);
	if (r)
		return r < 0 ? r : 0;
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

int bx_root_make_folder(struct bx_root *root, const char *path)
{
	int r = bx_root_change(root, BX_CHANGE_MAKE, path, "");

	if (r)
		return r < 0 ? r : 0;
	r = fault(root, "make", path);
	if (r < 0)
		return r;
	if (root->ops && root->ops->make_folder)
		return root->ops->make_folder(root, path);
	return mkdirat(root->fd, path, 0755) < 0 ? -errno : 0;
}

int bx_root_remove_folder(struct bx_root *root, const char *path)
{
	int r = bx_root_change(root, BX_CHANGE_REMOVE, path, "");

	if (r)
		return r < 0 ? r : 0;
	r = fault(root, "remove", path);
	if (r < 0)
		return r;
	if (root->ops && root->ops->remove_folder)
		return root->ops->remove_folder(root, path);
	return unlinkat(root->fd, path, AT_REMOVEDIR) < 0 ? -errno : 0;
}

int bx_root_readlink(struct bx_root *root, const char *path, char *buffer, size_t size)
{
	const char *content;
	ssize_t n;
	int r;

	*buffer = 0;
	r = look(root, path, &content);
	if (r < 0)
		return r;
	if (r > 0)
		return bx_copy(buffer, size, content) < 0 ? -ENAMETOOLONG : (int)strlen(buffer);
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
	const char *content;
	DIR *dir;
	int fd, r;

	*ret = NULL;
	r = look(root, path, &content);
	if (r) /* a folder that would be made is empty */
		return r < 0 ? r : 0;
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

int bx_root_device(struct bx_root *root, const char *path, mode_t *type, unsigned int *major,
		   unsigned int *minor)
{
	struct statx st;
	int r;

	r = fault(root, "look", path);
	if (r < 0)
		return r;
	if (statx(root->fd, path, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, STATX_TYPE, &st) < 0)
		return -errno;
	*type = st.stx_mode & S_IFMT;
	*major = st.stx_rdev_major;
	*minor = st.stx_rdev_minor;
	return *type == S_IFBLK || *type == S_IFCHR;
}

int bx_root_inode(struct bx_root *root, const char *path, uint64_t *ret)
{
	const char *content;
	struct stat st;
	int r;

	*ret = 0;
	r = look(root, path, &content);
	if (r) /* what is not there yet has none */
		return r < 0 ? r : 0;
	if (fstatat(root->fd, path, &st, 0) < 0)
		return -errno;
	*ret = st.st_ino;
	return 0;
}
