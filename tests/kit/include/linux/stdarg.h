/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stand-in: variable arguments. */
#ifndef KIT_LINUX_STDARG_H
#define KIT_LINUX_STDARG_H

#ifndef va_start
typedef __builtin_va_list va_list;
#define va_start(ap, last) __builtin_va_start(ap, last)
#define va_arg(ap, type)   __builtin_va_arg(ap, type)
#define va_copy(to, from)  __builtin_va_copy(to, from)
#define va_end(ap)	   __builtin_va_end(ap)
#endif

#endif
