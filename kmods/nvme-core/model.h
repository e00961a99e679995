/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One model of the kernel's types and nvme-core's, and small help around it. Everything here ends
 * the program with one line on stderr when it cannot do its work; strings live as long as it.
 */
#ifndef BX_MODEL_H
#define BX_MODEL_H

#include <bpf/btf.h>
#include <stdbool.h>
#include <stdio.h>

extern struct btf *btf;
extern unsigned int base_count; /* ids below this are the kernel's, not nvme-core's */

/* output: a file beside which a temporary one may lie */
void load_btf(const char *base_path, const char *core_path, const char *output);
void check_btf(const char *core_path);

const struct btf_type *type(unsigned int id);
const char *name(unsigned int offset);
const char *tag(const struct btf_type *t); /* "struct", "union" or "enum" */
char *key_of(const struct btf_type *t); /* how sizeof() names it */
bool is_enumeration(const struct btf_type *t);
bool is_function(const struct btf_type *t);
unsigned int unmodified(unsigned int id); /* without const and the like */
unsigned int resolved(unsigned int id); /* without typedefs either */
const char *enumerator(const struct btf_type *t, unsigned int i);
char *enumerator_value(const struct btf_type *t, unsigned int i);

/* nvme-core's own type of that name, else the kernel's, else 0 */
unsigned int find(const char *wanted, bool (*is)(const struct btf_type *t));
unsigned int find_root(const char *root);

char *text(const char *format, ...) __attribute__((format(printf, 1, 2)));
void *grown(void *array, size_t count, size_t size); /* with room for one more */
FILE *opened(const char *path, const char *mode);
void closed(FILE *f, const char *path);

#endif
