/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stand-in: byte order, for a little-endian machine. */
#ifndef KIT_ASM_BYTEORDER_H
#define KIT_ASM_BYTEORDER_H

#include <linux/types.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the kit is written for x86-64");

#define cpu_to_le16(x) ((__force __le16)(u16)(x))
#define cpu_to_le32(x) ((__force __le32)(u32)(x))
#define cpu_to_le64(x) ((__force __le64)(u64)(x))
#define le16_to_cpu(x) ((__force u16)(__le16)(x))
#define le32_to_cpu(x) ((__force u32)(__le32)(x))
#define le64_to_cpu(x) ((__force u64)(__le64)(x))
#define cpu_to_be16(x) ((__force __be16)__builtin_bswap16((u16)(x)))
#define cpu_to_be32(x) ((__force __be32)__builtin_bswap32((u32)(x)))
#define cpu_to_be64(x) ((__force __be64)__builtin_bswap64((u64)(x)))
#define be16_to_cpu(x) __builtin_bswap16((__force u16)(__be16)(x))
#define be32_to_cpu(x) __builtin_bswap32((__force u32)(__be32)(x))
#define be64_to_cpu(x) __builtin_bswap64((__force u64)(__be64)(x))

#define swab16(x)      __builtin_bswap16(x)
#define swab32(x)      __builtin_bswap32(x)
#define swab64(x)      __builtin_bswap64(x)

static inline u16 le16_to_cpup(const __le16 *p)
{
	return le16_to_cpu(*p);
}

static inline u32 le32_to_cpup(const __le32 *p)
{
	return le32_to_cpu(*p);
}

static inline u64 le64_to_cpup(const __le64 *p)
{
	return le64_to_cpu(*p);
}

static inline void le16_add_cpu(__le16 *p, u16 n)
{
	*p = cpu_to_le16(le16_to_cpu(*p) + n);
}

static inline void le32_add_cpu(__le32 *p, u32 n)
{
	*p = cpu_to_le32(le32_to_cpu(*p) + n);
}

static inline void le64_add_cpu(__le64 *p, u64 n)
{
	*p = cpu_to_le64(le64_to_cpu(*p) + n);
}

#endif
