/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stand-in: the basics, and what the kernel's own kernel.h brings along. */
#ifndef KIT_LINUX_KERNEL_H
#define KIT_LINUX_KERNEL_H

#include <linux/align.h>
#include <linux/bitops.h>
#include <linux/build_bug.h>
#include <linux/compiler.h>
#include <linux/container_of.h>
#include <linux/kstrtox.h>
#include <linux/limits.h>
#include <linux/log2.h>
#include <linux/math.h>
#include <linux/minmax.h>
#include <linux/printk.h>
#include <linux/sched.h>
#include <linux/stdarg.h>
#include <linux/stddef.h>
#include <linux/stringify.h>
#include <linux/types.h>

#define ARRAY_SIZE(a)                 \
	(sizeof(a) / sizeof((a)[0]) + \
	 BUILD_BUG_ON_ZERO(__builtin_types_compatible_p(typeof(a), typeof(&(a)[0]))))

#define upper_32_bits(n) ((u32)((u64)(n) >> 32))
#define lower_32_bits(n) ((u32)(n))
#define upper_16_bits(n) ((u16)((n) >> 16))
#define lower_16_bits(n) ((u16)((n)&0xffff))

/* Reports when the caller must not sleep: a spinlock held, preemption or interrupts off. */
#define might_sleep()	 kit_might_sleep(KIT_HERE)

unsigned long long memparse(const char *text, char **end);

/* Bounded printing. libc's does the work; %p with a letter of the kernel's behind it is refused. */
int kit_vsnprintf(char *to, size_t size, const char *format, va_list args) __printf(3, 0);
int kit_snprintf(char *to, size_t size, const char *format, ...) __printf(3, 4);
int scnprintf(char *to, size_t size, const char *format, ...) __printf(3, 4);
int vscnprintf(char *to, size_t size, const char *format, va_list args) __printf(3, 0);
char *kasprintf(gfp_t gfp, const char *format, ...) __printf(2, 3);

#define snprintf  kit_snprintf
#define vsnprintf kit_vsnprintf

#endif
