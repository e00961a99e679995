/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stand-in: see linux/ktime.h. */
#include <linux/ktime.h>
