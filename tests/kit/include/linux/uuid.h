/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stand-in: identifiers of 16 bytes. */
#ifndef KIT_LINUX_UUID_H
#define KIT_LINUX_UUID_H

#include <linux/string.h>
#include <linux/types.h>

#define UUID_SIZE	16
#define UUID_STRING_LEN 36

typedef struct {
	__u8 b[UUID_SIZE];
} uuid_t, guid_t;

static inline bool uuid_equal(const uuid_t *a, const uuid_t *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

static inline void uuid_copy(uuid_t *to, const uuid_t *from)
{
	*to = *from;
}

static inline bool uuid_is_null(const uuid_t *uuid)
{
	static const uuid_t null;

	return uuid_equal(uuid, &null);
}

#endif
