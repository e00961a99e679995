// SPDX-License-Identifier: GPL-2.0-or-later
/* Reads /dev/kmsg; see kernel_log.h. */
#include "daemon/kernel_log.h"
#include "daemon/util.h"

#include <fcntl.h>

int bx_kernel_log_open(struct bx_root *root)
{
	int fd = bx_root_open_file(root, "dev/kmsg", O_RDONLY | O_NONBLOCK);

	if (fd >= 0 && lseek(fd, 0, SEEK_END) < 0) {
		close(fd);
		return -EIO;
	}
	return fd;
}

static bool begins_so(const char *message, const char *const *begins)
{
	for (; *begins; begins++)
		if (bx_startswith(message, *begins))
			return true;
	return false;
}

void bx_kernel_log_said(int fd, const char *const *begins, char *text, size_t size)
{
	char record[8192];
	ssize_t n;

	*text = 0;
	/* A record a read: "6,339,5140900,-;bx_emu: demo: is on\n", and perhaps lines of fields behind it. */
	while (fd >= 0 &&
	       ((n = read(fd, record, sizeof(record) - 1)) > 0 || (n < 0 && errno == EPIPE))) {
		char *message;

		if (n < 0)
			continue; /* some were overwritten */
		record[n] = 0;
		message = strchr(record, ';');
		if (!message || !begins_so(++message, begins))
			continue;
		message[strcspn(message, "\n")] = 0;
		snprintf(text, size, "%s", message);
		bx_clean_text(text);
	}
}
