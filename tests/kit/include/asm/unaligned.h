/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stand-in: the old name of linux/unaligned.h. */
#include <linux/unaligned.h>
