// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Spells types in C, with the attributes and the padding that their offsets call for, and the
 * assertions that hold a compiler to the result. Which types, and in which order, is for types.c.
 */
#include "print.h"

#include "bytes.h"
#include "model.h"

#include <string.h>

unsigned int composites_printed, members_printed;

/* ---------------------------------------------------------------- C declarations */

static void print_members(FILE *out, unsigned int id, unsigned int indent);
static bool is_packed(const struct btf_type *t);
static unsigned int missing_alignment(const struct btf_type *t);

static const char *tabs(unsigned int n)
{
	return &"\t\t\t\t\t\t\t\t"[n < 8 ? 8 - n : 0];
}

static const char *composite_attributes(const struct btf_type *t)
{
	unsigned int alignment = missing_alignment(t);
	const char *packed = is_packed(t) ? " __packed" : "";

	return alignment ? text("%s __aligned(%u)", packed, alignment) : packed;
}

static char *composite_body(unsigned int id, unsigned int indent)
{
	char *body = NULL;
	size_t size;
	FILE *out = open_memstream(&body, &size);

	if (!out)
		die("out of memory");
	print_members(out, id, indent + 1);
	fclose(out);
	return text("{\n%s%s}%s", body, tabs(indent), composite_attributes(type(id)));
}

/* Stands for a nameless enum, which cannot be named twice. */
static const char *integer(unsigned int size, bool is_signed)
{
	const char *sign = is_signed ? "signed" : "unsigned";

	switch (size) {
	case 1:
		return text("%s char", sign);
	case 2:
		return text("%s short", sign);
	case 4:
		return is_signed ? "int" : "unsigned int";
	case 8:
		return text("%s long long", sign);
	}
	die("an enum of %u bytes is not known to C", size);
}

/* The part of a declaration that stands left of the declarator. */
static const char *base_name(unsigned int id, unsigned int indent)
{
	const struct btf_type *t;

	if (!id)
		return "void";
	t = type(id);
	if (btf_is_composite(t) && !t->name_off)
		return text("%s %s", tag(t), composite_body(id, indent));
	if (is_enumeration(t) && !t->name_off)
		return integer(t->size, btf_kflag(t));
	if (btf_is_composite(t) || btf_is_fwd(t) || is_enumeration(t))
		return text("%s %s", tag(t), name(t->name_off));
	return name(t->name_off);
}

static char *parameters(const struct btf_type *t)
{
	char *list = text("%s", btf_vlen(t) ? "" : "void");

	for (unsigned int i = 0; i < btf_vlen(t); i++) {
		const struct btf_param *p = &btf_params(t)[i];
		const char *one = p->type ? declare(p->type, name(p->name_off), 0) : "...";

		list = text("%s%s%s", list, i ? ", " : "", one);
	}
	return list;
}

/* An array and its elements may both be marked. */
static const char *qualified(const char *qualifiers, const char *one)
{
	return strstr(qualifiers, one) ? qualifiers : text("%s%s", one, qualifiers);
}

/* Builds "int (*inner[3])(void)" from the inside out. */
char *declare(unsigned int id, const char *inner, unsigned int indent)
{
	const char *qualifiers = "", *base;

	for (;;) {
		const struct btf_type *t = id ? type(id) : NULL;
		unsigned int next = t ? t->type : 0;

		if (t && btf_is_const(t)) {
			qualifiers = qualified(qualifiers, "const ");
		} else if (t && btf_is_volatile(t)) {
			qualifiers = qualified(qualifiers, "volatile ");
		} else if (t && btf_is_restrict(t)) {
			qualifiers = qualified(qualifiers, "__restrict ");
		} else if (t && btf_is_array(t)) {
			inner = text("%s[%u]", inner, btf_array(t)->nelems);
			next = btf_array(t)->type;
		} else if (t && btf_is_ptr(t)) {
			unsigned int to = unmodified(t->type);
			bool enclose =
				to && (btf_is_array(type(to)) || btf_is_func_proto(type(to)));

			inner = text(enclose ? "(*%s%s)" : "*%s%s", qualifiers, inner);
			qualifiers = "";
		} else if (t && btf_is_func_proto(t)) {
			inner = text("%s(%s)", inner, parameters(t));
			qualifiers = "";
		} else if (!t || btf_kind(t) != BTF_KIND_TYPE_TAG) {
			break;
		}
		id = next;
	}
	base = base_name(id, indent);
	return text("%s%s%s%s", qualifiers, base, *inner ? " " : "", inner);
}

/* ---------------------------------------------------------------- layout, by the rules of C */

static unsigned long size_of(unsigned int id)
{
	long long size = btf__resolve_size(btf, id);

	return size < 0 ? 0 : size;
}

/* What the compiler would choose without attributes; public types it knows better itself. */
static unsigned int natural_alignment(unsigned int id)
{
	const struct btf_type *t;
	unsigned int alignment = 1;

	id = resolved(id);
	if (!id)
		return 1;
	t = type(id);
	if (btf_is_array(t))
		return natural_alignment(btf_array(t)->type);
	if (btf_is_ptr(t))
		return 8;
	if (!btf_is_composite(t))
		return t->size ? t->size : 1;
	if (is_packed(t))
		return 1;
	for (unsigned int i = 0; i < btf_vlen(t); i++) {
		unsigned int a = natural_alignment(btf_members(t)[i].type);

		alignment = a > alignment ? a : alignment;
	}
	return alignment;
}

static bool is_packed(const struct btf_type *t)
{
	for (unsigned int i = 0; i < btf_vlen(t); i++) {
		unsigned int alignment = natural_alignment(btf_members(t)[i].type);

		if (!btf_member_bitfield_size(t, i) &&
		    btf_member_bit_offset(t, i) % (8 * alignment))
			return true;
		if (!btf_member_bitfield_size(t, i) && t->size % alignment)
			return true;
	}
	return false;
}

static unsigned long rounded(unsigned long n, unsigned long to)
{
	return (n + to - 1) / to * to;
}

static unsigned long member_bits(const struct btf_type *t, unsigned int i)
{
	unsigned int width = btf_member_bitfield_size(t, i);

	return width ? width : 8 * size_of(btf_members(t)[i].type);
}

/* Where C puts member i if the one before ends at bit `end`. */
static unsigned long expected_offset(const struct btf_type *t, unsigned int i, unsigned long end)
{
	unsigned int width = btf_member_bitfield_size(t, i);
	unsigned long unit = 8 * size_of(btf_members(t)[i].type);

	if (!width)
		return is_packed(t) ? rounded(end, 8)
				    : rounded(end, 8 * natural_alignment(btf_members(t)[i].type));
	if (is_packed(t) || end / unit == (end + width - 1) / unit)
		return end;
	return rounded(end, unit);
}

/* The smallest alignment attribute that moves `from` to `to` (in bits), or 0. */
static unsigned int explaining_alignment(unsigned long from, unsigned long to)
{
	for (unsigned int a = 2; a <= 4096; a *= 2)
		if (rounded(from, 8UL * a) == to)
			return a;
	return 0;
}

static unsigned long end_of_members(const struct btf_type *t)
{
	unsigned long end = 0;

	for (unsigned int i = 0; i < btf_vlen(t); i++) {
		unsigned long bits = btf_member_bit_offset(t, i) + member_bits(t, i);

		end = bits > end ? bits : end;
	}
	return end;
}

/* The alignment that the whole needs in order to be as long as it is, or 0. */
static unsigned int missing_alignment(const struct btf_type *t)
{
	unsigned int alignment = 1;
	unsigned long end = end_of_members(t);

	for (unsigned int i = 0; i < btf_vlen(t) && !is_packed(t); i++) {
		unsigned int a = natural_alignment(btf_members(t)[i].type);

		alignment = a > alignment ? a : alignment;
	}
	if (rounded(end, 8 * alignment) == 8UL * t->size)
		return 0;
	return explaining_alignment(end, 8UL * t->size);
}

/* ---------------------------------------------------------------- structures */

static void print_bit_padding(FILE *out, unsigned long from, unsigned long to, unsigned int indent)
{
	while (from < to) {
		unsigned long n = 8 - from % 8;

		n = n < to - from ? n : to - from;
		fprintf(out, "%sunsigned char : %lu;\n", tabs(indent), n);
		from += n;
	}
}

/* An array without a length at the end of a structure. Elsewhere C only has [0] for it. */
static bool is_flexible_array(const struct btf_type *t, unsigned int i)
{
	unsigned int of = unmodified(btf_members(t)[i].type);

	return of && btf_is_array(type(of)) && !btf_array(type(of))->nelems && !btf_is_union(t) &&
	       i && i == btf_vlen(t) - 1u;
}

static void print_members(FILE *out, unsigned int id, unsigned int indent)
{
	const struct btf_type *t = type(id);
	unsigned int count = btf_vlen(t);
	unsigned long end = 0;

	for (unsigned int i = 0; i < count; i++) {
		const struct btf_member *m = &btf_members(t)[i];
		unsigned int width = btf_member_bitfield_size(t, i);
		unsigned long offset = btf_member_bit_offset(t, i);
		const char *member = name(m->name_off), *after = "";
		unsigned int of = unmodified(m->type);

		if (!btf_is_union(t) && offset != expected_offset(t, i, end)) {
			unsigned int a = explaining_alignment(end, offset);

			if (width)
				print_bit_padding(out, end, offset, indent);
			else if (a && !is_packed(t))
				after = text(" __aligned(%u)", a);
			else if (offset > end)
				fprintf(out, "%sunsigned char __bx_pad%u[%lu];\n", tabs(indent), i,
					offset / 8 - rounded(end, 8) / 8);
		}
		if (width)
			after = text(" : %u", width);
		if (is_flexible_array(t, i))
			fprintf(out, "%s%s%s;\n", tabs(indent),
				declare(btf_array(type(of))->type, text("%s[]", member), indent),
				after);
		else
			fprintf(out, "%s%s%s;\n", tabs(indent), declare(m->type, member, indent),
				after);
		end = offset + member_bits(t, i);
	}
}

/* One assertion for each member that has an address, those of nameless structures included. */
static void print_layout(FILE *layout, const char *of, const char *path, const struct btf_type *t,
			 unsigned long start)
{
	for (unsigned int i = 0; i < btf_vlen(t); i++) {
		const struct btf_member *m = &btf_members(t)[i];
		unsigned long offset = start + btf_member_bit_offset(t, i) / 8;
		const struct btf_type *inner = type(unmodified(m->type));
		const char *member = text("%s%s", path, name(m->name_off));

		if (btf_member_bitfield_size(t, i)) {
			fprintf(layout, "/* %s, %s: %u bits at %lu */\n", of, member,
				btf_member_bitfield_size(t, i),
				8 * start + btf_member_bit_offset(t, i));
			continue;
		}
		if (m->name_off) {
			fprintf(layout, "BX_MEMBER(%s, %s, %lu);\n", of, member, offset);
			if (size_of(m->type))
				fprintf(layout, "BX_MEMBER_SIZE(%s, %s, %lu);\n", of, member,
					size_of(m->type));
			members_printed++;
		}
		if (btf_is_composite(inner) && !inner->name_off)
			print_layout(layout, of, m->name_off ? text("%s.", member) : path, inner,
				     offset);
	}
}

void print_composite(FILE *definitions, FILE *layout, unsigned int id)
{
	const struct btf_type *t = type(id);
	const char *key = key_of(t);

	fprintf(definitions, "%s %s;\n\n", key, composite_body(id, 0));
	fprintf(layout, "\nBX_SIZE(%s, %u);\n", key, t->size);
	print_layout(layout, key, "", t, 0);
	composites_printed++;
}

void print_enumeration(FILE *definitions, FILE *layout, unsigned int id)
{
	const struct btf_type *t = type(id);

	fprintf(definitions, "enum%s%s {\n", t->name_off ? " " : "", name(t->name_off));
	fprintf(layout, "\n");
	for (unsigned int i = 0; i < btf_vlen(t); i++) {
		fprintf(definitions, "\t%s = %s,\n", enumerator(t, i), enumerator_value(t, i));
		fprintf(layout, "BX_VALUE(%s, %s);\n", enumerator(t, i), enumerator_value(t, i));
	}
	fprintf(definitions, "}%s;\n\n", t->size < 4 ? " __packed" : "");
	if (t->name_off)
		fprintf(layout, "BX_SIZE(%s, %u);\n", key_of(t), t->size);
}
