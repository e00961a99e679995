/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stand-in: constants that carry their type. */
#ifndef KIT_LINUX_CONST_H
#define KIT_LINUX_CONST_H

#define _AC(x, suffix)	     kit_paste(x, suffix)
#define kit_paste(x, suffix) (x##suffix)
#define UL(x)		     _AC(x, UL)
#define ULL(x)		     _AC(x, ULL)

#endif
