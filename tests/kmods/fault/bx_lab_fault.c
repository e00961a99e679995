// SPDX-License-Identifier: GPL-2.0-only
/*
 * Makes one real kernel fault on purpose, so that the lab can prove that it notices. For a virtual
 * machine that is thrown away afterwards, and for nothing else.
 *
 *	insmod bx_lab_fault.ko fault=NAME
 *
 * A fault that only a checker can see (KASAN, lockdep, ...) is not made on a kernel without that
 * checker: the module then fails to load with EOPNOTSUPP.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/completion.h>
#include <linux/debugobjects.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/spinlock.h>
#include <linux/timer.h>

static char *fault;
module_param(fault, charp, 0444);
MODULE_PARM_DESC(fault, "which fault to make");

/* ---- what every kernel reports */

static void bx_fault_oops(void)
{
	int *nowhere = NULL;

	OPTIMIZER_HIDE_VAR(nowhere);
	WRITE_ONCE(*nowhere, 1);
}

static void bx_fault_bug(void)
{
	BUG();
}

static void bx_fault_warn(void)
{
	WARN(1, "asked for\n");
}

static void bx_fault_warn_on(void)
{
	bool asked_for = true;

	OPTIMIZER_HIDE_VAR(asked_for);
	WARN_ON(asked_for);
}

static void bx_fault_panic(void)
{
	panic("%s: asked for", KBUILD_MODNAME);
}

/* ---- what hangs */

static void bx_hang_spin(void *unused)
{
	local_irq_disable();
	for (;;)
		cpu_relax();
}

static void bx_fault_hang(void)
{
	on_each_cpu(bx_hang_spin, NULL, 0);
}

/* Interrupts stay on, so that the timer sees that this processor never schedules. */
static void bx_fault_soft_lockup(void)
{
	preempt_disable();
	for (;;)
		cpu_relax();
}

static void bx_fault_rcu_stall(void)
{
	rcu_read_lock();
	for (;;)
		cpu_relax();
}

/* The loader of the module itself waits, in D state, for what never comes. */
static void bx_fault_hung_task(void)
{
	DECLARE_COMPLETION_ONSTACK(never);

	wait_for_completion(&never);
}

/* ---- what lockdep sees */

static DEFINE_MUTEX(bx_lock_a);
static DEFINE_MUTEX(bx_lock_b);

static void bx_fault_lockdep(void)
{
	mutex_lock(&bx_lock_a);
	mutex_lock(&bx_lock_b);
	mutex_unlock(&bx_lock_b);
	mutex_unlock(&bx_lock_a);

	mutex_lock(&bx_lock_b);
	mutex_lock(&bx_lock_a);
	mutex_unlock(&bx_lock_a);
	mutex_unlock(&bx_lock_b);
}

static DEFINE_SPINLOCK(bx_spinlock);

static void bx_fault_atomic_sleep(void)
{
	void *p;

	spin_lock(&bx_spinlock);
	p = kmalloc(64, GFP_KERNEL);
	spin_unlock(&bx_spinlock);
	kfree(p);
}

/* ---- what KASAN sees */

static void bx_fault_kasan_bounds(void)
{
	char *p = kmalloc(64, GFP_KERNEL);
	size_t beyond = 64;

	if (!p)
		return;
	OPTIMIZER_HIDE_VAR(beyond);
	OPTIMIZER_HIDE_VAR(p);
	WRITE_ONCE(p[beyond], 1);
	kfree(p);
}

static void bx_fault_kasan_freed(void)
{
	char *p = kmalloc(64, GFP_KERNEL);
	unsigned long hidden = (unsigned long)p;

	if (!p)
		return;
	kfree(p);
	OPTIMIZER_HIDE_VAR(hidden);
	READ_ONCE(*(char *)hidden);
}

/* ---- what UBSAN sees */

static void bx_fault_ubsan_shift(void)
{
	int places = 33, one = 1;

	OPTIMIZER_HIDE_VAR(places);
	OPTIMIZER_HIDE_VAR(one);
	pr_info("a shift by too much gave %d\n", one << places);
}

/* The element that is read lies inside the structure: only the index is wrong. */
static void bx_fault_ubsan_index(void)
{
	struct {
		int four[4];
		int more[4];
	} room = {};
	int index = 5;

	OPTIMIZER_HIDE_VAR(index);
	pr_info("an element that is not there is %d\n", room.four[index]);
}

/* ---- what kmemleak and debugobjects see */

/* Reported by a scan only (echo scan > /sys/kernel/debug/kmemleak), once it is 5 s old. */
static noinline void bx_fault_leak(void)
{
	int i;

	/* Several, since a stale copy of one pointer may lie about and hide it. */
	for (i = 0; i < 8; i++) {
		void *lost = kmalloc(1000 + i, GFP_KERNEL);

		OPTIMIZER_HIDE_VAR(lost);
	}
}

static void bx_timer_never(struct timer_list *unused)
{
}

static void bx_fault_debugobjects(void)
{
	struct timer_list *timer = kzalloc(sizeof(*timer), GFP_KERNEL);

	if (!timer)
		return;
	timer_setup(timer, bx_timer_never, 0);
	mod_timer(timer, jiffies + HZ);
	kfree(timer);
}

/* ---- which there are */

static const struct bx_fault {
	const char *name;
	void (*make)(void);
	bool visible;
} bx_faults[] = {
	{ "oops", bx_fault_oops, true },
	{ "bug", bx_fault_bug, true },
	{ "warn", bx_fault_warn, true },
	{ "warn_on", bx_fault_warn_on, true },
	{ "panic", bx_fault_panic, true },
	{ "hang", bx_fault_hang, true },
	{ "soft_lockup", bx_fault_soft_lockup, IS_ENABLED(CONFIG_SOFTLOCKUP_DETECTOR) },
	{ "rcu_stall", bx_fault_rcu_stall, true },
	{ "hung_task", bx_fault_hung_task, IS_ENABLED(CONFIG_DETECT_HUNG_TASK) },
	{ "lockdep", bx_fault_lockdep, IS_ENABLED(CONFIG_PROVE_LOCKING) },
	{ "atomic_sleep", bx_fault_atomic_sleep, IS_ENABLED(CONFIG_DEBUG_ATOMIC_SLEEP) },
	{ "kasan_bounds", bx_fault_kasan_bounds, IS_ENABLED(CONFIG_KASAN) },
	{ "kasan_freed", bx_fault_kasan_freed, IS_ENABLED(CONFIG_KASAN) },
	{ "ubsan_shift", bx_fault_ubsan_shift, IS_ENABLED(CONFIG_UBSAN_SHIFT) },
	{ "ubsan_index", bx_fault_ubsan_index, IS_ENABLED(CONFIG_UBSAN_BOUNDS) },
	{ "leak", bx_fault_leak, IS_ENABLED(CONFIG_DEBUG_KMEMLEAK) },
	{ "debugobjects", bx_fault_debugobjects,
	  IS_ENABLED(CONFIG_DEBUG_OBJECTS_FREE) && IS_ENABLED(CONFIG_DEBUG_OBJECTS_TIMERS) },
};

static void bx_fault_name_all(void)
{
	char names[256];
	size_t i, length = 0;

	for (i = 0; i < ARRAY_SIZE(bx_faults); i++)
		length +=
			scnprintf(names + length, sizeof(names) - length, " %s", bx_faults[i].name);
	pr_err("fault= must be one of:%s\n", names);
}

static int __init bx_fault_init(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bx_faults); i++) {
		if (!fault || strcmp(fault, bx_faults[i].name))
			continue;
		if (!bx_faults[i].visible) {
			pr_err("this kernel has nothing that would notice %s\n", fault);
			return -EOPNOTSUPP;
		}
		bx_faults[i].make();
		return 0;
	}
	bx_fault_name_all();
	return -EINVAL;
}

static void __exit bx_fault_exit(void)
{
}

module_init(bx_fault_init);
module_exit(bx_fault_exit);

MODULE_DESCRIPTION("Makes a kernel fault on purpose, for the lab's own tests");
MODULE_LICENSE("GPL");
