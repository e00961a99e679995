/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stand-in: the kernel's integer types, and the few structures that it keeps beside them.
 *
 * A test may include libc's headers as well, but must do so first: where both name a type, libc's
 * stays. Kernel sources never see libc's headers.
 */
#ifndef KIT_LINUX_TYPES_H
#define KIT_LINUX_TYPES_H

#include <linux/stddef.h>

typedef signed char __s8;
typedef unsigned char __u8;
typedef short __s16;
typedef unsigned short __u16;
typedef int __s32;
typedef unsigned int __u32;
typedef long long __s64;
typedef unsigned long long __u64;

typedef __s8 s8;
typedef __u8 u8;
typedef __s16 s16;
typedef __u16 u16;
typedef __s32 s32;
typedef __u32 u32;
typedef __s64 s64;
typedef __u64 u64;

/* sparse knows these apart; a compiler does not. */
#define __bitwise
#define __force
#define __user
#define __iomem
#define __kernel
#define __percpu
#define __rcu

typedef __u16 __bitwise __le16;
typedef __u16 __bitwise __be16;
typedef __u32 __bitwise __le32;
typedef __u32 __bitwise __be32;
typedef __u64 __bitwise __le64;
typedef __u64 __bitwise __be64;

#define __aligned_u64  __u64 __attribute__((aligned(8)))
#define __aligned_le64 __le64 __attribute__((aligned(8)))

#ifndef _SYS_TYPES_H
typedef long ssize_t;
typedef long long loff_t;
typedef int pid_t;
#endif

#ifndef _BITS_STDINT_INTN_H
typedef s8 int8_t;
typedef s16 int16_t;
typedef s32 int32_t;
typedef s64 int64_t;
#endif

#ifndef _BITS_STDINT_UINTN_H
typedef u8 uint8_t;
typedef u16 uint16_t;
typedef u32 uint32_t;
typedef u64 uint64_t;
#endif

#ifndef _STDINT_H
typedef unsigned long uintptr_t;
#endif

typedef unsigned short umode_t;
typedef unsigned int gfp_t;
typedef unsigned int slab_flags_t;
typedef u64 dma_addr_t;
typedef u64 phys_addr_t;
typedef u64 resource_size_t;
typedef u64 sector_t;

typedef struct {
	int counter;
} atomic_t;

typedef struct {
	s64 counter;
} atomic64_t;

struct list_head {
	struct list_head *next, *prev;
};

struct hlist_node {
	struct hlist_node *next, **pprev;
};

struct hlist_head {
	struct hlist_node *first;
};

#endif
