/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The few helpers that every file of the daemon and the client needs: cleanup attributes, bounded
 * string copies, string lists. Nothing that knows about devices.
 */
#ifndef BX_DAEMON_UTIL_H
#define BX_DAEMON_UTIL_H

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define _cleanup_(f)	__attribute__((cleanup(f)))
#define _cleanup_free_	_cleanup_(bx_freep)
#define _cleanup_close_ _cleanup_(bx_closep)
#define _cleanup_strv_	_cleanup_(bx_strv_freep)

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

/* A cleanup function for a pointer type whose release function accepts NULL. */
#define BX_DEFINE_CLEANUP(type, function)       \
	static inline void function##p(type *p) \
	{                                       \
		if (*p)                         \
			function(*p);           \
	}

static inline void bx_freep(void *p)
{
	free(*(void **)p);
}

static inline void bx_closep(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline bool bx_streq(const char *a, const char *b)
{
	return !strcmp(a, b);
}

static inline bool bx_startswith(const char *s, const char *prefix)
{
	return !strncmp(s, prefix, strlen(prefix));
}

/* Copies @src whole or not at all: -ENAMETOOLONG and an empty @dst if it does not fit. */
static inline int bx_copy(char *dst, size_t size, const char *src)
{
	size_t n = strlen(src);

	if (n >= size) {
		*dst = 0;
		return -ENAMETOOLONG;
	}
	memcpy(dst, src, n + 1);
	return 0;
}

/* Replaces every byte that is not part of valid, printable UTF-8 by '?', in place. What the kernel
 * says about mounts and devices can be any bytes; D-Bus and JSON take only text. */
char *bx_clean_text(char *s);

/* Lists of strings end with NULL; NULL is the empty list. */
size_t bx_strv_length(char *const *list);
void bx_strv_free(char **list);
/* Appends a formatted string, cleaned as above. On -ENOMEM the list is unchanged. */
int bx_strv_addf(char ***list, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool bx_strv_contains(char *const *list, const char *s);
bool bx_strv_equal(char *const *a, char *const *b);
void bx_strv_sort(char **list);
/* "a, b, c", to be freed, or NULL without memory. */
char *bx_strv_join(char *const *list, const char *separator);

static inline void bx_strv_freep(char ***list)
{
	bx_strv_free(*list);
}

#endif
