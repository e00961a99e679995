/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stand-in: keeping a thread's structure after the thread. */
#ifndef KIT_LINUX_SCHED_TASK_H
#define KIT_LINUX_SCHED_TASK_H

#include <linux/sched.h>

struct task_struct *get_task_struct(struct task_struct *task);
void put_task_struct(struct task_struct *task);

#endif
