/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stand-in: cache lines. */
#ifndef KIT_LINUX_CACHE_H
#define KIT_LINUX_CACHE_H

#include <linux/align.h>
#include <linux/compiler.h>

#define L1_CACHE_BYTES		     64
#define SMP_CACHE_BYTES		     L1_CACHE_BYTES
#define L1_CACHE_ALIGN(x)	     ALIGN(x, L1_CACHE_BYTES)

#define ____cacheline_aligned	     __aligned(SMP_CACHE_BYTES)
#define ____cacheline_aligned_in_smp __aligned(SMP_CACHE_BYTES)
#define __read_mostly

#endif
