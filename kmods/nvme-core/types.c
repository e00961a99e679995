// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Writes nvme-core's private types as a C header, out of the kernel's own BTF, together with a
 * header of static assertions that no compilation with another layout can pass.
 *
 * The BTF is read with libbpf. pahole, which the design names, prints neither prototypes nor an
 * anonymous enum that is known by an enumerator only; libbpf's own printer renames types (x___2)
 * and emits all of a type's dependencies, public ones too. So the C declarators are written here.
 *
 * It works in two steps, because only the compiler knows what the public headers define:
 *
 *   ask    writes a C file with one line for every name that may be needed; compiling it fails in
 *          just the lines whose name no public header has
 *   emit   is given those names, and writes what is reachable through them from the roots
 *
 * BTF keeps neither alignment attributes nor macros. The former are worked out from the offsets;
 * the latter are left to the user of the header. It also has no types of exported variables.
 */
#include "bytes.h"
#include "model.h"
#include "print.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

/* A name of C as sizeof() accepts it: "struct x", "x_t", "&function", "ENUMERATOR". */
struct item {
	const char *key;
	unsigned int id;
	bool private;
	bool forwarded;
	enum {
		UNTOUCHED,
		UNDER_WAY,
		DONE
	} state;
};

/* Each is allocated by itself: definitions add items while others are under way. */
static struct item **items;
static size_t item_count;
static unsigned char *seen; /* by id: SEEN_NAMED, SEEN_WHOLE */
static const char **functions; /* all that nvme-core exports, variables too */
static size_t function_count;
static const char **roots;
static size_t root_count;
static FILE *forwards, *definitions, *prototypes, *layout;

enum {
	SEEN_NAMED = 1,
	SEEN_WHOLE = 2
};

/* ---------------------------------------------------------------- items */

static struct item *item(const char *key)
{
	for (size_t i = 0; i < item_count; i++)
		if (!strcmp(items[i]->key, key))
			return items[i];
	return NULL;
}

static struct item *add_item(const char *key, unsigned int id)
{
	struct item *it = item(key);

	if (it)
		return it;
	it = calloc(1, sizeof(*it));
	if (!it)
		die("out of memory");
	it->key = key;
	it->id = id;
	items = grown(items, item_count, sizeof(*items));
	items[item_count++] = it;
	return it;
}

/*
 * Notes every name that a declaration of `id` might make necessary. `whole` says that the type is
 * held by value. Behind pointers only nvme-core's own structures are followed: the kernel's must
 * be public, or nobody could use them.
 */
static void collect(unsigned int id, bool whole)
{
	const struct btf_type *t;
	unsigned char mark = whole ? SEEN_WHOLE | SEEN_NAMED : SEEN_NAMED;

	if (!id || (seen[id] & mark) == mark)
		return;
	seen[id] |= mark;
	t = type(id);

	switch (btf_kind(t)) {
	case BTF_KIND_PTR:
		collect(t->type, false);
		break;
	case BTF_KIND_ARRAY:
		collect(btf_array(t)->type, whole);
		break;
	case BTF_KIND_CONST:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_TYPE_TAG:
		collect(t->type, whole);
		break;
	case BTF_KIND_FUNC_PROTO:
		collect(t->type, false);
		for (unsigned int i = 0; i < btf_vlen(t); i++)
			collect(btf_params(t)[i].type, false);
		break;
	case BTF_KIND_TYPEDEF:
		add_item(key_of(t), id);
		collect(t->type, whole);
		break;
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
		add_item(key_of(t), id);
		break;
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		if (!whole && id < base_count)
			break;
		if (t->name_off)
			add_item(key_of(t), id);
		for (unsigned int i = 0; i < btf_vlen(t); i++)
			collect(btf_members(t)[i].type, true);
		break;
	default:
		break;
	}
}

static void collect_all(const char *core_path)
{
	unsigned int found = 0;

	seen = calloc(btf__type_cnt(btf), 1);
	if (!seen)
		die("out of memory");
	for (size_t i = 0; i < root_count; i++)
		collect(find_root(roots[i]), true);
	for (size_t i = 0; i < function_count; i++) {
		unsigned int id = find(functions[i], is_function);

		if (!id)
			continue;
		add_item(text("&%s", functions[i]), id);
		collect(type(id)->type, false);
		found++;
	}
	/* The other NVMe drivers have the same structures, but not these. */
	if (!found)
		die("%s has none of the functions that nvme-core exports", core_path);
}

/* ---------------------------------------------------------------- what is used stands first */

static void define(unsigned int id, bool whole);

static void define_item(struct item *it)
{
	const struct btf_type *t = type(it->id);

	if (it->state == UNDER_WAY)
		die("%s contains itself: the two BTFs do not belong together", it->key);
	if (it->state == DONE)
		return;
	it->state = UNDER_WAY;

	if (btf_is_typedef(t)) {
		define(t->type, btf_is_composite(type(unmodified(t->type))) &&
					!type(unmodified(t->type))->name_off);
		fprintf(definitions, "typedef %s;\n\n", declare(t->type, name(t->name_off), 0));
	} else if (is_enumeration(t)) {
		print_enumeration(definitions, layout, it->id);
	} else {
		for (unsigned int i = 0; i < btf_vlen(t); i++)
			define(btf_members(t)[i].type, true);
		print_composite(definitions, layout, it->id);
	}
	it->state = DONE;
}

static void forward(const struct btf_type *t)
{
	const char *key = key_of(t);
	struct item *it = add_item(key, 0);

	if (!it->forwarded)
		fprintf(forwards, "%s;\n", key);
	it->forwarded = true;
}

/* Makes all that a declaration of `id` needs stand before it. */
static void define(unsigned int id, bool whole)
{
	const struct btf_type *t;
	struct item *it;

	if (!id)
		return;
	t = type(id);
	switch (btf_kind(t)) {
	case BTF_KIND_PTR:
		define(t->type, false);
		break;
	case BTF_KIND_ARRAY:
		define(btf_array(t)->type, whole);
		break;
	case BTF_KIND_CONST:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_TYPE_TAG:
		define(t->type, whole);
		break;
	case BTF_KIND_FUNC_PROTO:
		define(t->type, false);
		for (unsigned int i = 0; i < btf_vlen(t); i++)
			define(btf_params(t)[i].type, false);
		break;
	case BTF_KIND_FWD:
		forward(t);
		break;
	case BTF_KIND_TYPEDEF:
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
		it = item(key_of(t));
		if (it && it->private)
			define_item(it);
		if (it && it->private && whole && btf_is_typedef(t))
			define(t->type, true);
		break;
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		if (!t->name_off) {
			for (unsigned int i = 0; i < btf_vlen(t); i++)
				define(btf_members(t)[i].type, true);
			break;
		}
		it = item(key_of(t));
		if (!whole)
			forward(t);
		else if (it && it->private)
			define_item(it);
		break;
	default:
		break;
	}
}

/* What is pointed at is defined as well, after that which points at it. */
static void define_forwarded(void)
{
	for (size_t i = 0; i < item_count; i++) {
		struct item *it = items[i];

		if (it->forwarded && it->private && it->id && it->state == UNTOUCHED) {
			define_item(it);
			i = -1;
		}
	}
}

/*
 * For #ifdef: a kernel may lack any of them, and of a variable there is no more to be told than
 * that it is there.
 */
static void print_exports(void)
{
	for (size_t i = 0; i < function_count; i++)
		fprintf(prototypes, "#define NVME_CORE_EXPORTS_%s 1\n", functions[i]);
	fprintf(prototypes, "\n");
}

static void print_prototypes(void)
{
	for (size_t i = 0; i < function_count; i++) {
		struct item *it = item(text("&%s", functions[i]));

		if (!it) {
			fprintf(prototypes, "/* no type is known for %s */\n", functions[i]);
		} else if (it->private) {
			unsigned int id = type(it->id)->type;

			define(id, false);
			fprintf(prototypes, "extern %s;\n", declare(id, functions[i], 0));
		}
	}
}

/* ---------------------------------------------------------------- input and output */

/* The functions come from Module.symvers, since that is what the linker of modules goes by. */
static void load_functions(const char *path)
{
	static const char owner[] = "nvme/host/nvme-core";
	FILE *f = opened(path, "r");
	char *line = NULL;
	size_t room = 0;

	while (getline(&line, &room, f) > 0) {
		char symbol[256], module[256];
		size_t length;

		if (sscanf(line, "%*s %255s %255s", symbol, module) != 2)
			continue;
		length = strlen(module);
		if (length < strlen(owner) || strcmp(module + length - strlen(owner), owner))
			continue;
		functions = grown(functions, function_count, sizeof(*functions));
		functions[function_count++] = text("%s", symbol);
	}
	free(line);
	fclose(f);
	if (!function_count)
		die("%s lists nothing that nvme-core exports", path);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void load_roots(const char *path)
{
	FILE *f = opened(path, "r");
	char *line = NULL;
	size_t room = 0;

	while (getline(&line, &room, f) > 0) {
		line[strcspn(line, "#\n")] = 0;
		if (!*line)
			continue;
		roots = grown(roots, root_count, sizeof(*roots));
		roots[root_count++] = text("%s", line);
	}
	free(line);
	fclose(f);
}

static void load_private(const char *path)
{
	FILE *f = opened(path, "r");
	char *line = NULL;
	size_t room = 0;

	while (getline(&line, &room, f) > 0) {
		struct item *it;

		line[strcspn(line, "\n")] = 0;
		it = item(line);
		if (!it)
			die("%s names %s, which was never asked for", path, line);
		it->private = true;
	}
	free(line);
	fclose(f);
}

static void ask(const char *path)
{
	FILE *out = opened(path, "w");

	fprintf(out, "#include <nvme_core_public.h>\n\n"
		     "/* The first must compile, the last must not. */\n"
		     "extern char bx_ask_control[sizeof(int)]; /* ask: int */\n");
	for (size_t i = 0; i < item_count; i++)
		fprintf(out, "extern char bx_ask_%zu[sizeof(%s)]; /* ask: %s */\n", i,
			items[i]->key, items[i]->key);
	fprintf(out, "extern char bx_ask_end[sizeof(struct bx_no_such_type)]; "
		     "/* ask: struct bx_no_such_type */\n");
	closed(out, path);
}

static void emit(const char *types_path, const char *layout_path)
{
	char *forwards_text = NULL, *definitions_text = NULL, *prototypes_text = NULL;
	size_t size;
	FILE *out;

	forwards = open_memstream(&forwards_text, &size);
	definitions = open_memstream(&definitions_text, &size);
	prototypes = open_memstream(&prototypes_text, &size);
	layout = opened(layout_path, "w");
	if (!forwards || !definitions || !prototypes)
		die("out of memory");

	fprintf(layout,
		"/* Generated from BTF by kmods/nvme-core: how the types must come out. */\n\n"
		"#define BX_SIZE(type, size) static_assert(sizeof(type) == (size))\n"
		"#define BX_MEMBER(type, member, offset) "
		"static_assert(offsetof(type, member) == (offset))\n"
		"#define BX_MEMBER_SIZE(type, member, size) "
		"static_assert(sizeof_field(type, member) == (size))\n"
		"#define BX_VALUE(enumerator, value) static_assert((enumerator) == (value))\n");

	for (size_t i = 0; i < root_count; i++) {
		unsigned int id = find_root(roots[i]);

		if (id)
			define(id, true);
		else
			fprintf(definitions, "/* this kernel has no %s */\n\n", roots[i]);
	}
	print_exports();
	print_prototypes();
	define_forwarded();

	fprintf(layout, "\n#undef BX_SIZE\n#undef BX_MEMBER\n"
			"#undef BX_MEMBER_SIZE\n#undef BX_VALUE\n");
	closed(layout, layout_path);
	fclose(forwards);
	fclose(definitions);
	fclose(prototypes);

	out = opened(types_path, "w");
	fprintf(out,
		"/* Generated from BTF by kmods/nvme-core: private types and prototypes. */\n"
		"#ifndef NVME_CORE_TYPES_H\n#define NVME_CORE_TYPES_H\n\n"
		"#include <nvme_core_public.h>\n\n%s\n%s%s\n"
		"/* sparse does not know all the attributes that decide on a layout. */\n"
		"#ifndef __CHECKER__\n#include <nvme_core_layout.h>\n#endif\n\n#endif\n",
		forwards_text, definitions_text, prototypes_text);
	closed(out, types_path);
	printf("%u structures with %u members from BTF\n", composites_printed, members_printed);
}

static void usage(void)
{
	die("usage: types --base FILE --core FILE --symvers FILE --roots FILE\n"
	    "             { --ask FILE | --private FILE --types FILE --layout FILE }");
}

int main(int argc, char **argv)
{
	static const char *const names[] = { "base", "core",	"symvers", "roots",
					     "ask",  "private", "types",   "layout" };
	enum {
		BASE,
		CORE,
		SYMVERS,
		ROOTS,
		ASK,
		PRIVATE,
		TYPES,
		LAYOUT,
		COUNT
	};
	struct option options[COUNT + 1] = { 0 };
	const char *path[COUNT] = { 0 };
	int o;

	for (int i = 0; i < COUNT; i++)
		options[i] = (struct option){ names[i], required_argument, NULL, i };
	while ((o = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		if (o >= COUNT)
			usage();
		path[o] = optarg;
	}
	if (!path[BASE] || !path[CORE] || !path[SYMVERS] || !path[ROOTS] ||
	    (!path[ASK] && (!path[PRIVATE] || !path[TYPES] || !path[LAYOUT])))
		usage();

	load_btf(path[BASE], path[CORE], path[ASK] ? path[ASK] : path[TYPES]);
	check_btf(path[CORE]);
	load_functions(path[SYMVERS]);
	qsort(functions, function_count, sizeof(*functions), by_name);
	load_roots(path[ROOTS]);
	collect_all(path[CORE]);
	if (path[ASK]) {
		ask(path[ASK]);
		return 0;
	}
	load_private(path[PRIVATE]);
	emit(path[TYPES], path[LAYOUT]);
	return 0;
}
