/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stand-in: a module is a set of functions. module_init(x) makes kit_init_x() of its function x, and
 * module_exit(y) kit_exit_y(), for a test to call; parameters keep the values they are defined with.
 */
#ifndef KIT_LINUX_MODULE_H
#define KIT_LINUX_MODULE_H

#include <linux/export.h>
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/moduleparam.h>

struct module;
#define THIS_MODULE		 ((struct module *)NULL)

#define kit_nothing(name)	 _Static_assert(1, "")
#define MODULE_LICENSE(text)	 kit_nothing()
#define MODULE_AUTHOR(text)	 kit_nothing()
#define MODULE_DESCRIPTION(text) kit_nothing()
#define MODULE_VERSION(text)	 kit_nothing()
#define MODULE_ALIAS(text)	 kit_nothing()
#define MODULE_SOFTDEP(text)	 kit_nothing()
#define MODULE_IMPORT_NS(name)	 kit_nothing()

#define module_init(function)          \
	int kit_init_##function(void); \
	int kit_init_##function(void)  \
	{                              \
		return function();     \
	}                              \
	kit_nothing()
#define module_exit(function)           \
	void kit_exit_##function(void); \
	void kit_exit_##function(void)  \
	{                               \
		function();             \
	}                               \
	kit_nothing()

#endif
