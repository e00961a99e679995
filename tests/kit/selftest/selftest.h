/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Checks that hold in the kernel and in the stand-in kernel alike. They are written for the kernel,
 * without a condition on which of the two it is.
 */
#ifndef BX_KIT_SELFTEST_H
#define BX_KIT_SELFTEST_H

#include <linux/errno.h>
#include <linux/printk.h>

struct bx_check {
	const char *name;
	int (*run)(void);
};

/* Each ends with an entry without a name. */
extern const struct bx_check bx_checks_numbers[];
extern const struct bx_check bx_checks_text[];
extern const struct bx_check bx_checks_memory[];
extern const struct bx_check bx_checks_containers[];
extern const struct bx_check bx_checks_threads[];

#define EXPECT(condition)                                                                       \
	do {                                                                                    \
		if (!(condition)) {                                                             \
			pr_err("bx_kit_selftest: %s:%d: %s\n", __func__, __LINE__, #condition); \
			return -EINVAL;                                                         \
		}                                                                               \
	} while (0)

#endif
