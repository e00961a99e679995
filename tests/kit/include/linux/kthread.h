/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stand-in: kernel threads, which are threads. */
#ifndef KIT_LINUX_KTHREAD_H
#define KIT_LINUX_KTHREAD_H

#include <linux/err.h>
#include <linux/sched.h>
#include <linux/sched/task.h>

struct task_struct *kit_kthread_create(int (*run)(void *data), void *data, const char *where,
				       const char *name, ...) __printf(4, 5) __must_check;
#define kthread_create(run, data, ...) kit_kthread_create(run, data, KIT_HERE, __VA_ARGS__)
#define kthread_create_on_node(run, data, node, ...) \
	((void)(node), kit_kthread_create(run, data, KIT_HERE, __VA_ARGS__))
#define kthread_run(run, data, ...)                                           \
	({                                                                    \
		struct task_struct *kit_thread =                              \
			kit_kthread_create(run, data, KIT_HERE, __VA_ARGS__); \
		if (!IS_ERR(kit_thread))                                      \
			wake_up_process(kit_thread);                          \
		kit_thread;                                                   \
	})

/* As in the kernel: a thread that has returned by itself is gone, unless a reference keeps it. */
int kthread_stop(struct task_struct *thread);
bool kthread_should_stop(void);
void kthread_bind(struct task_struct *thread, unsigned int cpu);

#endif
