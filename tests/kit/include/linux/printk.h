/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stand-in: the kernel log, which a test can read back (kit_log()). */
#ifndef KIT_LINUX_PRINTK_H
#define KIT_LINUX_PRINTK_H

#include <linux/compiler.h>
#include <linux/stdarg.h>

#define KERN_SOH     "\001"
#define KERN_EMERG   KERN_SOH "0"
#define KERN_ALERT   KERN_SOH "1"
#define KERN_CRIT    KERN_SOH "2"
#define KERN_ERR     KERN_SOH "3"
#define KERN_WARNING KERN_SOH "4"
#define KERN_NOTICE  KERN_SOH "5"
#define KERN_INFO    KERN_SOH "6"
#define KERN_DEBUG   KERN_SOH "7"
#define KERN_CONT    KERN_SOH "c"

#ifndef pr_fmt
#define pr_fmt(format) format
#endif

int kit_printk(const char *format, ...) __printf(1, 2);
int vprintk(const char *format, va_list args) __printf(1, 0);

#define printk(format, ...) kit_printk(format, ##__VA_ARGS__)
#define no_printk(format, ...)                             \
	({                                                 \
		if (0)                                     \
			kit_printk(format, ##__VA_ARGS__); \
		0;                                         \
	})

#define pr_emerg(format, ...)  printk(KERN_EMERG pr_fmt(format), ##__VA_ARGS__)
#define pr_crit(format, ...)   printk(KERN_CRIT pr_fmt(format), ##__VA_ARGS__)
#define pr_err(format, ...)    printk(KERN_ERR pr_fmt(format), ##__VA_ARGS__)
#define pr_warn(format, ...)   printk(KERN_WARNING pr_fmt(format), ##__VA_ARGS__)
#define pr_notice(format, ...) printk(KERN_NOTICE pr_fmt(format), ##__VA_ARGS__)
#define pr_info(format, ...)   printk(KERN_INFO pr_fmt(format), ##__VA_ARGS__)
#define pr_cont(format, ...)   printk(KERN_CONT format, ##__VA_ARGS__)
#define pr_debug(format, ...)  no_printk(KERN_DEBUG pr_fmt(format), ##__VA_ARGS__)
#define pr_devel(format, ...)  no_printk(KERN_DEBUG pr_fmt(format), ##__VA_ARGS__)

/* `Once' begins anew with every test. */
#define kit_once(action)                                                     \
	do {                                                                 \
		static bool kit_done __section("kit_once");                  \
		if (!__atomic_exchange_n(&kit_done, true, __ATOMIC_RELAXED)) \
			action;                                              \
	} while (0)

#define pr_err_once(format, ...)	 kit_once(pr_err(format, ##__VA_ARGS__))
#define pr_warn_once(format, ...)	 kit_once(pr_warn(format, ##__VA_ARGS__))
#define pr_info_once(format, ...)	 kit_once(pr_info(format, ##__VA_ARGS__))

/* No rate is low enough to hide a message from a test. */
#define pr_err_ratelimited(format, ...)	 pr_err(format, ##__VA_ARGS__)
#define pr_warn_ratelimited(format, ...) pr_warn(format, ##__VA_ARGS__)
#define pr_info_ratelimited(format, ...) pr_info(format, ##__VA_ARGS__)

#endif
