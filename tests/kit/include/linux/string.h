/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stand-in: memory and text. What C has is libc's; the rest is the kernel's. */
#ifndef KIT_LINUX_STRING_H
#define KIT_LINUX_STRING_H

#include <linux/compiler.h>
#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/types.h>

void *memcpy(void *to, const void *from, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *memset(void *to, int byte, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *text);
size_t strnlen(const char *text, size_t n);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
int strcasecmp(const char *a, const char *b);
int strncasecmp(const char *a, const char *b, size_t n);
char *strcpy(char *to, const char *from);
char *strsep(char **text, const char *separators);
size_t strspn(const char *text, const char *accept);
size_t strcspn(const char *text, const char *reject);
/* C++ aside, libc declares these as functions of plain pointers too. */
void *memchr(const void *block, int byte, size_t n);
char *strchr(const char *text, int byte);
char *strrchr(const char *text, int byte);
char *strstr(const char *text, const char *part);

void *memchr_inv(const void *block, int byte, size_t n);
char *strnchr(const char *text, size_t n, int byte);
ssize_t strscpy(char *to, const char *from, size_t size);
ssize_t strscpy_pad(char *to, const char *from, size_t size);
char *skip_spaces(const char *text);
char *strim(char *text);
bool sysfs_streq(const char *a, const char *b);
int match_string(const char *const *list, size_t n, const char *text);
size_t str_has_prefix(const char *text, const char *prefix);

static inline void memzero_explicit(void *block, size_t n)
{
	memset(block, 0, n);
	__asm__ __volatile__("" : : "r"(block) : "memory");
}

static inline __must_check char *strstrip(char *text)
{
	return strim(text);
}

void *kit_memdup(const void *from, size_t n, gfp_t gfp, const char *where);
char *kit_strndup(const char *from, size_t max, gfp_t gfp, const char *where);

#define kmemdup(from, n, gfp)	 kit_memdup(from, n, gfp, KIT_HERE)
#define kstrdup(from, gfp)	 kit_strndup(from, (size_t)-1, gfp, KIT_HERE)
#define kstrndup(from, max, gfp) kit_strndup(from, max, gfp, KIT_HERE)

#endif
