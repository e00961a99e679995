/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stand-in: the ends of the integer types. libc reads this header too, for the lengths of names. */
#ifndef KIT_LINUX_LIMITS_H
#define KIT_LINUX_LIMITS_H

#define NR_OPEN	       1024
#define NGROUPS_MAX    65536
#define ARG_MAX	       131072
#define LINK_MAX       127
#define MAX_CANON      255
#define MAX_INPUT      255
#define NAME_MAX       255
#define PATH_MAX       4096
#define PIPE_BUF       4096
#define XATTR_NAME_MAX 255
#define XATTR_SIZE_MAX 65536
#define XATTR_LIST_MAX 65536
#define RTSIG_MAX      32

#define U8_MAX	       ((unsigned char)~0U)
#define S8_MAX	       ((signed char)(U8_MAX >> 1))
#define S8_MIN	       ((signed char)(-S8_MAX - 1))
#define U16_MAX	       ((unsigned short)~0U)
#define S16_MAX	       ((short)(U16_MAX >> 1))
#define S16_MIN	       ((short)(-S16_MAX - 1))
#define U32_MAX	       ((unsigned int)~0U)
#define S32_MAX	       ((int)(U32_MAX >> 1))
#define S32_MIN	       ((int)(-S32_MAX - 1))
#define U64_MAX	       (~0ULL)
#define S64_MAX	       ((long long)(U64_MAX >> 1))
#define S64_MIN	       ((long long)(-S64_MAX - 1))

/* libc's limits.h gives the same values in its own words, and may come before or after. */
#ifndef _LIBC_LIMITS_H_
#ifndef INT_MAX
#define SHRT_MAX   __SHRT_MAX__
#define USHRT_MAX  (__SHRT_MAX__ * 2 + 1)
#define INT_MAX	   __INT_MAX__
#define INT_MIN	   (-__INT_MAX__ - 1)
#define UINT_MAX   (~0U)
#define LONG_MAX   __LONG_MAX__
#define LONG_MIN   (-__LONG_MAX__ - 1L)
#define ULONG_MAX  (~0UL)
#define LLONG_MAX  __LONG_LONG_MAX__
#define LLONG_MIN  (-__LONG_LONG_MAX__ - 1LL)
#define ULLONG_MAX (~0ULL)
#endif
#endif
#ifndef SIZE_MAX
#define SIZE_MAX (~(size_t)0)
#endif

#endif
