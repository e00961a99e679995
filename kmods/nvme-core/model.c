// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The kernel's BTF with nvme-core's on top of it: loading the pair, and the questions that the
 * rest asks about a type. What becomes of the types is for types.c, how C spells them for print.c.
 */
#include "model.h"

#include "bytes.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

struct btf *btf;
unsigned int base_count;

/* Strings live as long as the program, which is a second. */
char *text(const char *format, ...)
{
	va_list args;
	char *s;

	va_start(args, format);
	if (vasprintf(&s, format, args) < 0)
		die("out of memory");
	va_end(args);
	return s;
}

void *grown(void *array, size_t count, size_t size)
{
	if (count & (count - 1))
		return array;
	array = realloc(array, (count ? 2 * count : 1) * size);
	if (!array)
		die("out of memory");
	return array;
}

const struct btf_type *type(unsigned int id)
{
	const struct btf_type *t = btf__type_by_id(btf, id);

	if (!t)
		die("the two BTFs do not belong together (type %u is missing)", id);
	return t;
}

const char *name(unsigned int offset)
{
	const char *s = btf__name_by_offset(btf, offset);

	return s ? s : "";
}

static bool is_modifier(const struct btf_type *t)
{
	return btf_is_const(t) || btf_is_volatile(t) || btf_is_restrict(t) ||
	       btf_kind(t) == BTF_KIND_TYPE_TAG;
}

bool is_enumeration(const struct btf_type *t)
{
	return btf_is_enum(t) || btf_is_enum64(t);
}

unsigned int unmodified(unsigned int id)
{
	while (id && is_modifier(type(id)))
		id = type(id)->type;
	return id;
}

unsigned int resolved(unsigned int id)
{
	while (id && (is_modifier(type(id)) || btf_is_typedef(type(id))))
		id = type(id)->type;
	return id;
}

const char *enumerator(const struct btf_type *t, unsigned int i)
{
	return name(btf_is_enum64(t) ? btf_enum64(t)[i].name_off : btf_enum(t)[i].name_off);
}

char *enumerator_value(const struct btf_type *t, unsigned int i)
{
	if (btf_is_enum64(t)) {
		unsigned long long v = btf_enum64_value(&btf_enum64(t)[i]);

		return btf_kflag(t) ? text("%lldLL", (long long)v) : text("%lluULL", v);
	}
	return btf_kflag(t) ? text("%d", btf_enum(t)[i].val)
			    : text("%uU", (unsigned int)btf_enum(t)[i].val);
}

const char *tag(const struct btf_type *t)
{
	if (is_enumeration(t))
		return "enum";
	if (btf_is_union(t) || (btf_is_fwd(t) && btf_kflag(t)))
		return "union";
	return "struct";
}

char *key_of(const struct btf_type *t)
{
	if (btf_is_typedef(t))
		return text("%s", name(t->name_off));
	if (is_enumeration(t) && !t->name_off)
		return btf_vlen(t) ? text("%s", enumerator(t, 0)) : text("int");
	return text("%s %s", tag(t), name(t->name_off));
}

/* nvme-core's own type of that name, else the kernel's. */
unsigned int find(const char *wanted, bool (*is)(const struct btf_type *t))
{
	unsigned int end = btf__type_cnt(btf);

	for (unsigned int n = 1, id = base_count; n < end; n++, id++) {
		if (id == end)
			id = 1;
		if (is(type(id)) && !strcmp(name(type(id)->name_off), wanted))
			return id;
	}
	return 0;
}

bool is_function(const struct btf_type *t)
{
	return btf_is_func(t);
}

static bool is_struct(const struct btf_type *t)
{
	return btf_is_struct(t);
}

static bool is_union(const struct btf_type *t)
{
	return btf_is_union(t);
}

static bool is_typedef(const struct btf_type *t)
{
	return btf_is_typedef(t);
}

/* The anonymous enum with an enumerator that begins so. */
static unsigned int find_enumerator(const char *prefix, size_t length)
{
	for (unsigned int id = base_count; id < btf__type_cnt(btf); id++) {
		const struct btf_type *t = type(id);

		if (!is_enumeration(t) || *name(t->name_off))
			continue;
		for (unsigned int i = 0; i < btf_vlen(t); i++)
			if (!strncmp(enumerator(t, i), prefix, length))
				return id;
	}
	return 0;
}

unsigned int find_root(const char *root)
{
	size_t length = strlen(root);

	if (!strncmp(root, "struct ", 7))
		return find(root + 7, is_struct);
	if (!strncmp(root, "union ", 6))
		return find(root + 6, is_union);
	if (!strncmp(root, "enum ", 5))
		return find(root + 5, is_enumeration);
	if (length && root[length - 1] == '*')
		return find_enumerator(root, length - 1);
	return find(root, is_typedef);
}

FILE *opened(const char *path, const char *mode)
{
	FILE *f = fopen(path, mode);

	if (!f)
		die("cannot open %s: %m", path);
	return f;
}

void closed(FILE *f, const char *path)
{
	bool bad = ferror(f);

	if (fclose(f) || bad)
		die("cannot write %s", path);
}

/*
 * libbpf 1.1 declares btf__new_split() without exporting it, so the module's BTF takes the way
 * through a file, which lies beside the output.
 */
void load_btf(const char *base_path, const char *core_path, const char *output)
{
	struct bytes base = btf_bytes(base_path), core = btf_bytes(core_path);
	struct btf *base_btf = btf__new(base.data, base.size);
	const char *raw = text("%s.btf", output);
	FILE *f = opened(raw, "w");

	if (!base_btf)
		die("cannot read the BTF in %s: %m", base_path);
	base_count = btf__type_cnt(base_btf);
	fwrite(core.data, core.size, 1, f);
	closed(f, raw);
	btf = btf__parse_raw_split(raw, base_btf);
	remove(raw);
	if (!btf)
		die("the BTF in %s does not fit %s: they must come from one build of the kernel",
		    core_path, base_path);
}

/* A module's BTF counts on from the kernel's, so with a wrong kernel it still reads well: look. */
void check_btf(const char *core_path)
{
	unsigned int id = find("nvme_ctrl", is_struct);
	const struct btf_type *t;

	if (!id)
		die("%s does not define struct nvme_ctrl: it is not nvme-core's, or it is of "
		    "another build of the kernel than the base BTF",
		    core_path);
	t = type(id);
	for (unsigned int i = 0; i < btf_vlen(t); i++) {
		const struct btf_type *m = type(btf_members(t)[i].type);

		if (!strcmp(name(btf_members(t)[i].name_off), "admin_q") && btf_is_ptr(m) &&
		    !strcmp(name(type(m->type)->name_off), "request_queue"))
			return;
	}
	die("the BTF in %s belongs to another build of the kernel than the base BTF", core_path);
}
