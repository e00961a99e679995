/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stand-in: the text of a macro's value. */
#ifndef KIT_LINUX_STRINGIFY_H
#define KIT_LINUX_STRINGIFY_H

#define kit_stringify(...) #__VA_ARGS__
#define __stringify(...)   kit_stringify(__VA_ARGS__)

/* Where this line stands, as reports name it. */
#define KIT_HERE	   __FILE__ ":" __stringify(__LINE__)

#endif
