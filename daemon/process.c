// SPDX-License-Identifier: GPL-2.0-or-later
/* Looks at processes; see process.h. */
#include "daemon/process.h"
#include "daemon/util.h"

#include <fcntl.h>

#define FIELD_OF_NAME  2
#define FIELD_OF_BEGIN 22

uint64_t bx_process_began(pid_t pid)
{
	unsigned long long began = 0;
	_cleanup_close_ int fd = -1;
	char path[32], stat[1024], *p;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, stat, sizeof(stat) - 1);
	if (n <= 0)
		return 0;
	stat[n] = 0;
	/* The name of the program, in brackets, can be anything. */
	p = strrchr(stat, ')');
	for (int field = FIELD_OF_NAME; p && field < FIELD_OF_BEGIN; field++)
		p = strchr(p + 1, ' ');
	return p && sscanf(p, "%llu", &began) == 1 ? began : 0;
}
