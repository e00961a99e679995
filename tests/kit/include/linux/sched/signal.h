/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stand-in: signals, which come from kit_signal() alone and stay until kit_signal_clear(). */
#ifndef KIT_LINUX_SCHED_SIGNAL_H
#define KIT_LINUX_SCHED_SIGNAL_H

#include <linux/sched.h>

int signal_pending(struct task_struct *task);
int kit_signal_pending_state(unsigned int state, struct task_struct *task);
#define signal_pending_state(state, task) kit_signal_pending_state(state, task)
#define fatal_signal_pending(task)	  kit_signal_pending_state(TASK_KILLABLE, task)

#endif
