/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * BTF out of whatever file carries it: raw BTF, an ELF file, either of them compressed, or an
 * x86 boot image. What the bytes mean is for types.c.
 */
#ifndef BX_BYTES_H
#define BX_BYTES_H

#include <stddef.h>

struct bytes {
	unsigned char *data;
	size_t size;
};

/* Both end the program with one line on stderr when they cannot do their work. */
struct bytes btf_bytes(const char *path);
void die(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

#endif
