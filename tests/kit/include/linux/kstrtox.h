/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stand-in: numbers from text, whole or not at all. */
#ifndef KIT_LINUX_KSTRTOX_H
#define KIT_LINUX_KSTRTOX_H

#include <linux/compiler.h>
#include <linux/types.h>

int __must_check kstrtoull(const char *text, unsigned int base, unsigned long long *value);
int __must_check kstrtoll(const char *text, unsigned int base, long long *value);
int __must_check kstrtoul(const char *text, unsigned int base, unsigned long *value);
int __must_check kstrtol(const char *text, unsigned int base, long *value);
int __must_check kstrtouint(const char *text, unsigned int base, unsigned int *value);
int __must_check kstrtoint(const char *text, unsigned int base, int *value);
int __must_check kstrtou16(const char *text, unsigned int base, u16 *value);
int __must_check kstrtos16(const char *text, unsigned int base, s16 *value);
int __must_check kstrtou8(const char *text, unsigned int base, u8 *value);
int __must_check kstrtos8(const char *text, unsigned int base, s8 *value);
int __must_check kstrtobool(const char *text, bool *value);

#define kstrtou64(text, base, value) kstrtoull(text, base, value)
#define kstrtos64(text, base, value) kstrtoll(text, base, value)
#define kstrtou32(text, base, value) kstrtouint(text, base, value)
#define kstrtos32(text, base, value) kstrtoint(text, base, value)

#endif
