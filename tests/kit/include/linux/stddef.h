/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stand-in: NULL, bool and where a member lies. */
#ifndef KIT_LINUX_STDDEF_H
#define KIT_LINUX_STDDEF_H

typedef __SIZE_TYPE__ size_t;
typedef __PTRDIFF_TYPE__ ptrdiff_t;

#ifndef NULL
#define NULL ((void *)0)
#endif

#ifndef bool
typedef _Bool bool;
#endif
#ifndef true
enum {
	false = 0,
	true = 1
};
#endif

#ifndef offsetof
#define offsetof(type, member) __builtin_offsetof(type, member)
#endif
#define sizeof_field(type, member) sizeof(((type *)0)->member)
#define offsetofend(type, member)  (offsetof(type, member) + sizeof_field(type, member))

/* A flexible array where the language wants another member beside it. */
#define DECLARE_FLEX_ARRAY(type, name) \
	struct {                       \
		struct {               \
		} kit_empty_##name;    \
		type name[];           \
	}

/* Members that also have a name together. */
#define struct_group(group, members...) \
	union {                         \
		struct {                \
			members         \
		};                      \
		struct {                \
			members         \
		} group;                \
	}

#endif
