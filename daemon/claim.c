// SPDX-License-Identifier: GPL-2.0-or-later
/* Exclusive claims; see claim.h. */
#include "daemon/claim.h"
#include "daemon/usage.h"
#include "daemon/util.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>

/* udev holds a shared lock for a moment while it looks at a disk. */
#define LOCK_TRIES    100
#define LOCK_PAUSE_NS (20 * 1000 * 1000)

static int check_is_block(struct bx_root *root, int fd, const char *block)
{
	char dev[32], expected[32];
	struct stat st;
	int r;

	if (root->ops)
		return 0; /* a model has plain files there */
	if (fstat(fd, &st) < 0)
		return -errno;
	r = bx_root_read(root, bx_path("sys/class/block/%s/dev", block).s, expected,
			 sizeof(expected));
	if (r < 0)
		return r;
	snprintf(dev, sizeof(dev), "%u:%u", major(st.st_rdev), minor(st.st_rdev));
	return S_ISBLK(st.st_mode) && bx_streq(dev, expected) ? 0 : -ENODEV;
}

static int lock(int fd)
{
	for (int i = 0; i < LOCK_TRIES; i++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return 0;
		if (errno != EWOULDBLOCK)
			return -errno;
		nanosleep(&(struct timespec){ .tv_nsec = LOCK_PAUSE_NS }, NULL);
	}
	return -EWOULDBLOCK;
}

static int claim(struct bx_root *root, const char *block, int *ret)
{
	_cleanup_close_ int fd = -1;
	int r;

	fd = bx_root_open_file(root, bx_path("dev/%s", block).s, O_RDONLY | O_EXCL | O_NOFOLLOW);
	if (fd < 0)
		return fd;
	r = check_is_block(root, fd, block);
	if (r < 0)
		return r;
	r = lock(fd);
	if (r >= 0)
		r = bx_root_change(root, BX_CHANGE_CLAIM, bx_path("dev/%s", block).s, "");
	if (r < 0)
		return r;
	*ret = fd;
	fd = -1;
	return 0;
}

static int fail_busy(struct bx_root *root, const char *block, int error, struct bx_failure *failure)
{
	char *whole[] = { (char *)block, NULL };
	_cleanup_strv_ char **users = NULL;
	_cleanup_free_ char *text = NULL;

	if (error == -EWOULDBLOCK)
		return bx_fail(failure, -EBUSY, BX_ERROR_DEVICE_BUSY,
			       "%s is locked (flock) by another program", block);
	if (error != -EBUSY)
		return bx_fail(failure, error, BX_ERROR_INTERNAL, "%s cannot be claimed: %s", block,
			       strerror(-error));
	bx_usage_find(root, whole, true, &users);
	text = bx_strv_join(users, "; ");
	return bx_fail(failure, -EBUSY, BX_ERROR_DEVICE_BUSY, "%s",
		       text && *text
			       ? text
			       : bx_path("%s is held exclusively by another program", block).s);
}

int bx_claims_take(struct bx_claims *claims, struct bx_root *root, char *const *blocks,
		   struct bx_failure *failure)
{
	int r;

	*claims = (struct bx_claims){ 0 };
	claims->fds = calloc(bx_strv_length(blocks) + 1, sizeof(*claims->fds));
	if (!claims->fds)
		return -ENOMEM;
	for (size_t i = 0; blocks && blocks[i]; i++) {
		r = claim(root, blocks[i], &claims->fds[claims->count]);
		if (r < 0) {
			bx_claims_release(claims);
			return fail_busy(root, blocks[i], r, failure);
		}
		claims->count++;
		r = bx_strv_addf(&claims->blocks, "%s", blocks[i]);
		if (r < 0) {
			bx_claims_release(claims);
			return r;
		}
	}
	return 0;
}

const char *bx_claims_missing(const struct bx_claims *claims, char *const *blocks)
{
	for (size_t i = 0; blocks && blocks[i]; i++)
		if (!bx_strv_contains(claims->blocks, blocks[i]))
			return blocks[i];
	return NULL;
}

void bx_claims_release(struct bx_claims *claims)
{
	for (size_t i = 0; i < claims->count; i++)
		close(claims->fds[i]);
	free(claims->fds);
	bx_strv_free(claims->blocks);
	*claims = (struct bx_claims){ 0 };
}
