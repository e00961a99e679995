/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which processes have device nodes open, from /proc/PID/fd of all of them, in whatever namespace they live. It wants CAP_SYS_PTRACE
 * and CAP_DAC_READ_SEARCH, so it is the inspector that looks.
 *
 * Not seen: what a process has only mapped, or registered with an io_uring, and closed; what is on its way through a socket; a node on
 * a file system that may have to ask a server (see openers.c); and the kernel itself, which has no descriptors.
 */
#ifndef BX_DAEMON_OPENERS_H
#define BX_DAEMON_OPENERS_H

#include "daemon/errors.h"
#include "daemon/nodes.h"

#include <sys/types.h>

#define BX_COMMAND_MAX 64
#define BX_UNIT_MAX    256

struct bx_opener {
	struct bx_node node; /* without a name */
	pid_t pid;
	uid_t uid; /* the real one: whose process it is */
	char command[BX_COMMAND_MAX];
	char unit[BX_UNIT_MAX]; /* of the service manager; "" if it is in none */
};

struct bx_openers {
	struct bx_opener *list; /* one for each process and node */
	size_t count;
	size_t omitted; /* that are not in the list, since it would be too long */
};

/*
 * Those of @nodes that processes other than @except have open. All or nothing: UsersUnknown names the process that cannot be
 * looked at. One that ends meanwhile has nothing open.
 */
int bx_openers_find(struct bx_root *root, const struct bx_nodes *nodes, pid_t except,
		    struct bx_openers *ret, struct bx_failure *failure);
/* Appends a copy. */
int bx_openers_add(struct bx_openers *openers, const struct bx_opener *opener);
void bx_openers_done(struct bx_openers *openers);

/*
 * The unit of the service manager of the system, from /proc/PID/cgroup: the first below its slices, so that all of a user's programs
 * are in user@UID.service or session-N.scope. "" if there is none.
 */
void bx_unit_of_cgroup(const char *text, char unit[static BX_UNIT_MAX]);

#endif
