/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A process by more than its number, which another one has when it has ended. */
#ifndef BX_DAEMON_PROCESS_H
#define BX_DAEMON_PROCESS_H

#include <stdint.h>
#include <sys/types.h>

/* When it began, in the kernel's ticks since the boot; 0 if it has ended or cannot be looked at. */
uint64_t bx_process_began(pid_t pid);

#endif
