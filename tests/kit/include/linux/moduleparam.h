/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stand-in: parameters of a module are its variables; only their types are looked at. */
#ifndef KIT_LINUX_MODULEPARAM_H
#define KIT_LINUX_MODULEPARAM_H

#include <linux/build_bug.h>
#include <linux/types.h>

typedef char *kit_param_charp;
typedef bool kit_param_bool;
typedef u8 kit_param_byte;
typedef short kit_param_short;
typedef unsigned short kit_param_ushort;
typedef int kit_param_int;
typedef unsigned int kit_param_uint;
typedef long kit_param_long;
typedef unsigned long kit_param_ulong;
typedef unsigned long long kit_param_ullong;

#define module_param_named(name, variable, type, mode)                         \
	_Static_assert(__same_type(variable, kit_param_##type) && (mode) >= 0, \
		       #name " is not of the type that it is a parameter of")
#define module_param(variable, type, mode) module_param_named(variable, variable, type, mode)
#define MODULE_PARM_DESC(name, text)	   _Static_assert(1, text)

#endif
