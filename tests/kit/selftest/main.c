// SPDX-License-Identifier: GPL-2.0-only
/*
 * bx_kit_selftest: what the stand-in kernel claims about the kernel, checked in the kernel. The
 * module loads if all of it is true, and says which part is not.
 */
#include <linux/kernel.h>
#include <linux/module.h>

#include "selftest.h"

static const struct bx_check *const groups[] = {
	bx_checks_numbers,    bx_checks_text,	 bx_checks_memory,
	bx_checks_containers, bx_checks_threads,
};

static int __init bx_kit_selftest_init(void)
{
	const struct bx_check *check;
	unsigned int failed = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(groups); i++) {
		for (check = groups[i]; check->name; check++) {
			int error = check->run();

			if (error)
				failed++;
			pr_info("bx_kit_selftest: %s %s\n", error ? "failed" : "ok", check->name);
		}
	}
	return failed ? -EINVAL : 0;
}

static void __exit bx_kit_selftest_exit(void)
{
}

module_init(bx_kit_selftest_init);
module_exit(bx_kit_selftest_exit);
MODULE_DESCRIPTION("What the stand-in kernel of the unit tests claims about the kernel");
MODULE_LICENSE("GPL");
