/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stand-in: kinds of characters, for ASCII; above it nothing is anything. */
#ifndef KIT_LINUX_CTYPE_H
#define KIT_LINUX_CTYPE_H

#include <linux/types.h>

#define kit_in(c, low, high) ((unsigned char)(c) >= (low) && (unsigned char)(c) <= (high))
#define kit_ctype(name, test)               \
	static inline int kit_##name(int c) \
	{                                   \
		return test;                \
	}

kit_ctype(isdigit, kit_in(c, '0', '9')) kit_ctype(islower, kit_in(c, 'a', 'z')) kit_ctype(
	isupper, kit_in(c, 'A', 'Z')) kit_ctype(isalpha, kit_islower(c) || kit_isupper(c))
	kit_ctype(isalnum, kit_isalpha(c) || kit_isdigit(c)) kit_ctype(
		isxdigit, kit_isdigit(c) || kit_in(c, 'a', 'f') || kit_in(c, 'A', 'F'))
		kit_ctype(isspace, kit_in(c, '\t', '\r') || (unsigned char)(c) == ' ') kit_ctype(
			isprint, kit_in(c, ' ', '~')) kit_ctype(isgraph, kit_in(c, '!', '~'))
			kit_ctype(iscntrl, kit_in(c, 0, 0x1f) || (unsigned char)(c) == 0x7f)
				kit_ctype(ispunct, kit_isgraph(c) && !kit_isalnum(c))
					kit_ctype(tolower, kit_isupper(c) ? c + ('a' - 'A') : c)
						kit_ctype(toupper,
							  kit_islower(c) ? c - ('a' - 'A') : c)

#define isdigit(c)  kit_isdigit(c)
#define islower(c)  kit_islower(c)
#define isupper(c)  kit_isupper(c)
#define isalpha(c)  kit_isalpha(c)
#define isalnum(c)  kit_isalnum(c)
#define isxdigit(c) kit_isxdigit(c)
#define isspace(c)  kit_isspace(c)
#define isprint(c)  kit_isprint(c)
#define isgraph(c)  kit_isgraph(c)
#define iscntrl(c)  kit_iscntrl(c)
#define ispunct(c)  kit_ispunct(c)
#define tolower(c)  kit_tolower(c)
#define toupper(c)  kit_toupper(c)
#define isascii(c)  (((unsigned char)(c)) <= 0x7f)

#endif
