// SPDX-License-Identifier: GPL-2.0-or-later
/* Definitions of emulated devices; see definition.h. */
#include "daemon/definition.h"
#include "daemon/file.h"
#include "daemon/json.h"
#include "daemon/util.h"

#include <ctype.h>
#include <fcntl.h>

static const struct bx_json_limits limits = { .size = BX_DEFINITION_SIZE_MAX,
					      .depth = 3,
					      .values = 2 * BX_SETTINGS_MAX };

static const struct {
	const char *name, *folder;
} kinds[BX_DEFINITION_KIND_COUNT] = {
#define X(id, text, path) [BX_DEFINITION_##id] = { text, path },
	BX_DEFINITION_KINDS(X)
#undef X
};

const char *bx_definition_kind_name(enum bx_definition_kind kind)
{
	return kind < BX_DEFINITION_KIND_COUNT ? kinds[kind].name : "";
}

/* ---------------------------------------------------------------- settings */

static bool is_number(const char *s)
{
	size_t n = bx_startswith(s, "0x") ? strspn(s + 2, "0123456789abcdefABCDEF") + 2
					  : strspn(s, "0123456789");

	return n > 0 && n < 20 && !s[n] && !(n == 2 && s[1] == 'x');
}

static bool is_integer(const char *s)
{
	return is_number(s + (*s == '-'));
}

static bool is_size(const char *s)
{
	size_t n = strlen(s);
	char digits[24];

	if (n > 1 && n < sizeof(digits) && !bx_startswith(s, "0x") &&
	    strchr("KMGTPE", toupper((unsigned char)s[n - 1]))) {
		memcpy(digits, s, n - 1);
		digits[n - 1] = 0;
		return is_number(digits);
	}
	return is_number(s);
}

static bool is_switch(const char *s)
{
	return bx_streq(s, "0") || bx_streq(s, "1");
}

static bool is_text(const char *s)
{
	if (!*s)
		return false;
	while (*s && isprint((unsigned char)*s))
		s++;
	return !*s;
}

static bool is_cpu_list(const char *s)
{
	return strspn(s, "0123456789,-") == strlen(s);
}

static bool is_type(const char *s)
{
	return bx_streq(s, "nvm");
}

static bool is_source(const char *s)
{
	return bx_streq(s, "runtime") || bx_streq(s, "memmap") ||
	       (bx_startswith(s, "reserve_mem:") && is_text(s + 12));
}

struct kind {
	bool (*fits)(const char *value);
	const char *wanted;
};

static const struct kind number = { is_number, "a number" };
static const struct kind integer = { is_integer, "a number" };
static const struct kind size = { is_size,
				  "a number of bytes, or one with K, M, G, T, P or E behind it" };
static const struct kind toggle = { is_switch, "0 or 1" };
static const struct kind printable = { is_text, "printable ASCII characters" };
static const struct kind cpus = { is_cpu_list, "a list of CPUs such as 2-3,6" };
static const struct kind type = { is_type, "nvm, the only type that bx_emu has so far" };
static const struct kind source = { is_source, "runtime, memmap or reserve_mem:NAME" };

/* All that bx_emu(4) has; an N in a name stands for a number. */
static const struct {
	const char *name;
	const struct kind *kind;
} attributes[] = {
	{ "type", &type },
	{ "memory_source", &source },
	{ "memory_start", &size },
	{ "memory_size", &size },
	{ "capacity", &size },
	{ "cpus", &cpus },
	{ "numa_node", &integer },
	{ "queues", &number },
	{ "queue_depth", &number },
	{ "mdts", &number },
	{ "cmb_size", &size },
	{ "shadow_doorbells", &toggle },
	{ "serial", &printable },
	{ "model", &printable },
	{ "idle_spin_ns", &number },
	{ "idle_step_ns", &number },
	{ "idle_max_ns", &number },
	{ "namespaces/N/size", &size },
	{ "namespaces/N/lba_size", &size },
	{ "namespaces/N/metadata_size", &size },
	{ "namespaces/N/metadata_extended", &toggle },
	{ "namespaces/N/pi_type", &number },
	{ "namespaces/N/pi_first", &toggle },
	{ "timing/read_latency_ns", &number },
	{ "timing/write_latency_ns", &number },
	{ "timing/other_latency_ns", &number },
	{ "timing/read_bandwidth", &size },
	{ "timing/write_bandwidth", &size },
	{ "timing/io_unit_size", &size },
	{ "timing/nr_io_units", &number },
};

/* @name is what @pattern says, with a number of one or two digits for each N in it. */
static bool matches(const char *name, const char *pattern)
{
	for (; *pattern; pattern++) {
		if (*pattern != 'N') {
			if (*name++ != *pattern)
				return false;
			continue;
		}
		if (*name < '1' || *name > '9')
			return false;
		name++;
		name += *name >= '0' && *name <= '9';
	}
	return !*name;
}

static int check_setting(const char *name, const char *value, struct bx_failure *failure)
{
	for (size_t i = 0; i < ARRAY_SIZE(attributes); i++) {
		if (!matches(name, attributes[i].name))
			continue;
		if (attributes[i].kind->fits(value))
			return 0;
		return bx_fail(failure, -EINVAL, BX_ERROR_INVALID_ARGUMENT,
			       "%s is '%.64s', and must be %s", name, value,
			       attributes[i].kind->wanted);
	}
	return bx_fail(
		failure, -EINVAL, BX_ERROR_INVALID_ARGUMENT,
		"there is no setting '%.64s': bx_emu(4) has all of them, those of folders as namespaces/1/size",
		name);
}

int bx_settings_check(struct json_object *settings, struct bx_failure *failure)
{
	if (!json_object_is_type(settings, json_type_object))
		return bx_fail(failure, -EINVAL, BX_ERROR_INVALID_ARGUMENT,
			       "settings must be an object");
	if (json_object_object_length(settings) > BX_SETTINGS_MAX)
		return bx_fail(failure, -EINVAL, BX_ERROR_INVALID_ARGUMENT, "more than %d settings",
			       BX_SETTINGS_MAX);
	json_object_object_foreach(settings, name, value) {
		int r;

		if (!json_object_is_type(value, json_type_string))
			return bx_fail(failure, -EINVAL, BX_ERROR_INVALID_ARGUMENT,
				       "setting '%.64s' must be a string", name);
		r = check_setting(name, json_object_get_string(value), failure);
		if (r < 0)
			return r;
	}
	return 0;
}

bool bx_emulated_name_valid(const char *name)
{
	size_t n = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");

	return n > 0 && n < BX_EMULATED_NAME_MAX && !name[n] && *name != '-' && *name != '_';
}

/* ---------------------------------------------------------------- definitions */

struct bx_definition *bx_definition_new(const char *name, enum bx_definition_kind kind,
					bool autostart, struct json_object *settings)
{
	struct bx_definition *definition = calloc(1, sizeof(*definition));

	if (!definition)
		return NULL;
	bx_copy(definition->name, sizeof(definition->name), name);
	definition->kind = kind;
	definition->autostart = autostart;
	definition->settings = json_object_get(settings);
	return definition;
}

void bx_definition_free(struct bx_definition *definition)
{
	if (definition)
		json_object_put(definition->settings);
	free(definition);
}

void bx_definitions_free(struct bx_definition *list)
{
	while (list) {
		struct bx_definition *next = list->next;

		bx_definition_free(list);
		list = next;
	}
}

int bx_definition_format(const struct bx_definition *definition, char **ret)
{
	_cleanup_(json_object_putp) struct json_object *object = json_object_new_object();
	const char *formatted;

	if (!object ||
	    json_object_object_add(object, "version", json_object_new_int(BX_DEFINITION_VERSION)) <
		    0 ||
	    json_object_object_add(object, "name", json_object_new_string(definition->name)) < 0 ||
	    json_object_object_add(object, "autostart",
				   json_object_new_boolean(definition->autostart)) < 0 ||
	    json_object_object_add(object, "settings", json_object_get(definition->settings)) < 0)
		return -ENOMEM;
	formatted = json_object_to_json_string_ext(object, JSON_C_TO_STRING_PRETTY |
								   JSON_C_TO_STRING_NOSLASHESCAPE);
	return formatted && asprintf(ret, "%s\n", formatted) >= 0 ? 0 : -ENOMEM;
}

/* An object with nothing in it but these members and those that are @optional, of a version that we know. */
static int parse_file(const char *text, size_t length, const char *const *members,
		      struct json_object **ret, struct bx_failure *failure)
{
	_cleanup_(json_object_putp) struct json_object *object = NULL;
	struct json_object *version;
	int r;

	r = bx_json_parse(text, length, &limits, &object);
	if (r < 0 || !json_object_is_type(object, json_type_object))
		return bx_fail(failure, r == -ENOMEM ? r : -EBADMSG, BX_ERROR_INVALID_ARGUMENT,
			       "it is no JSON object");
	if (!json_object_object_get_ex(object, "version", &version) ||
	    !json_object_is_type(version, json_type_int))
		return bx_fail(failure, -EBADMSG, BX_ERROR_INVALID_ARGUMENT,
			       "it has no number 'version'");
	if (json_object_get_int64(version) != BX_DEFINITION_VERSION)
		return bx_fail(failure, -EPROTO, BX_ERROR_INVALID_ARGUMENT,
			       "it has version %lld, and this bxd knows version %d",
			       (long long)json_object_get_int64(version), BX_DEFINITION_VERSION);
	json_object_object_foreach(object, name, value) {
		bool known = bx_streq(name, "version");

		(void)value;
		for (size_t i = 0; members[i]; i++)
			known |= bx_streq(name, members[i]);
		if (!known)
			return bx_fail(failure, -EBADMSG, BX_ERROR_INVALID_ARGUMENT,
				       "there is no member '%.64s'", name);
	}
	*ret = object;
	object = NULL;
	return 0;
}

int bx_definition_parse(const char *text, size_t length, const char *name,
			enum bx_definition_kind kind, struct bx_definition **ret,
			struct bx_failure *failure)
{
	static const char *const members[] = { "name", "autostart", "settings", NULL };
	_cleanup_(json_object_putp) struct json_object *object = NULL;
	struct json_object *value, *settings;
	bool autostart = false;
	int r;

	r = parse_file(text, length, members, &object, failure);
	if (r < 0)
		return r;
	/* The name is the file's; one that is written in it must be the same, since somebody may rely on either. */
	if (json_object_object_get_ex(object, "name", &value) &&
	    (!json_object_is_type(value, json_type_string) ||
	     !bx_streq(json_object_get_string(value), name)))
		return bx_fail(failure, -EBADMSG, BX_ERROR_INVALID_ARGUMENT,
			       "the name in it is not '%s', as that of the file", name);
	if (json_object_object_get_ex(object, "autostart", &value)) {
		if (!json_object_is_type(value, json_type_boolean))
			return bx_fail(failure, -EBADMSG, BX_ERROR_INVALID_ARGUMENT,
				       "'autostart' must be true or false");
		autostart = json_object_get_boolean(value);
	}
	if (!json_object_object_get_ex(object, "settings", &settings))
		return bx_fail(failure, -EBADMSG, BX_ERROR_INVALID_ARGUMENT,
			       "it has no 'settings'");
	r = bx_settings_check(settings, failure);
	if (r < 0)
		return -EBADMSG;
	*ret = bx_definition_new(name, kind, autostart, settings);
	return *ret ? 0 : -ENOMEM;
}

/* ---------------------------------------------------------------- files */

static struct bx_path file_name(const char *name)
{
	return bx_path("%s.json", name);
}

int bx_definition_write(struct bx_root *root, const struct bx_definition *definition)
{
	_cleanup_free_ char *formatted = NULL;
	_cleanup_close_ int folder = -1;
	int r;

	folder = bx_folder_open(root, kinds[definition->kind].folder);
	if (folder < 0)
		return folder;
	r = bx_definition_format(definition, &formatted);
	return r < 0 ? r : bx_file_replace(folder, file_name(definition->name).s, formatted, true);
}

int bx_definition_remove(struct bx_root *root, const char *name, enum bx_definition_kind kind)
{
	_cleanup_close_ int folder =
		bx_root_open_file(root, kinds[kind].folder, O_RDONLY | O_DIRECTORY);

	return folder < 0 ? folder : bx_file_remove(folder, file_name(name).s, true);
}

static int read_one(int folder, const char *name, enum bx_definition_kind kind,
		    struct bx_definition **ret, struct bx_failure *failure)
{
	_cleanup_free_ char *buffer = malloc(BX_DEFINITION_SIZE_MAX);
	ssize_t n;

	if (!buffer)
		return -ENOMEM;
	n = bx_file_read(folder, file_name(name).s, buffer, BX_DEFINITION_SIZE_MAX);
	if (n < 0)
		return n == -ENOENT ? n
				    : bx_fail(failure, n, BX_ERROR_INTERNAL, "%s", strerror(-n));
	return bx_definition_parse(buffer, n, name, kind, ret, failure);
}

int bx_definition_read(struct bx_root *root, const char *name, struct bx_definition **ret,
		       struct bx_failure *failure)
{
	int r = -ENOENT;

	if (!bx_emulated_name_valid(name))
		return r;
	for (int kind = 0; r == -ENOENT && kind < BX_DEFINITION_KIND_COUNT; kind++) {
		_cleanup_close_ int folder =
			bx_root_open_file(root, kinds[kind].folder, O_RDONLY | O_DIRECTORY);

		if (folder >= 0)
			r = read_one(folder, name, kind, ret, failure);
		else if (folder != -ENOENT)
			return folder;
	}
	return r;
}

static struct bx_definition **place_of(struct bx_definition **list, const char *name)
{
	while (*list && strcmp((*list)->name, name) < 0)
		list = &(*list)->next;
	return list;
}

static int load_file(int folder, const char *file, enum bx_definition_kind kind,
		     void (*damaged)(const char *path, const char *why),
		     struct bx_definition **list)
{
	struct bx_path path = bx_path("/%s/%s", kinds[kind].folder, file);
	struct bx_failure failure = { 0 };
	struct bx_definition *definition = NULL, **place;
	char name[BX_EMULATED_NAME_MAX] = "";
	size_t n = strlen(file);
	int r;

	if (n <= 5 || !bx_streq(file + n - 5, ".json"))
		return 0; /* such as what was being written when the power went */
	if (n - 5 < sizeof(name)) {
		memcpy(name, file, n - 5);
		name[n - 5] = 0;
	}
	if (!bx_emulated_name_valid(name)) {
		damaged(path.s, "its name is none of a device");
		return 0;
	}
	place = place_of(list, name);
	if (*place && bx_streq((*place)->name, name))
		return 0;
	r = read_one(folder, name, kind, &definition, &failure);
	if (r < 0 && r != -ENOMEM) {
		damaged(path.s, failure.message);
		/* Nobody else gets the name, and nothing that is behind it counts: who wrote it meant something. */
		definition = bx_definition_new(name, kind, false, NULL);
	}
	if (r == -ENOMEM || !definition)
		return -ENOMEM;
	definition->next = *place;
	*place = definition;
	return 0;
}

int bx_definitions_load(struct bx_root *root, void (*damaged)(const char *path, const char *why),
			struct bx_definition **ret)
{
	struct bx_definition *list = NULL;
	int r = 0;

	for (int kind = 0; r >= 0 && kind < BX_DEFINITION_KIND_COUNT; kind++) {
		_cleanup_close_ int folder =
			bx_root_open_file(root, kinds[kind].folder, O_RDONLY | O_DIRECTORY);
		struct bx_root names = { .fd = folder };
		_cleanup_strv_ char **files = NULL;
		int listed;

		if (folder == -ENOENT)
			continue;
		listed = folder < 0 ? folder : bx_root_list(&names, ".", &files);
		if (listed < 0)
			damaged(bx_path("/%s", kinds[kind].folder).s, strerror(-listed));
		for (size_t i = 0; r >= 0 && files && files[i]; i++)
			r = load_file(folder, files[i], kind, damaged, &list);
	}
	if (r < 0) {
		bx_definitions_free(list);
		return r;
	}
	*ret = list;
	return 0;
}

/* ---------------------------------------------------------------- presets */

static int read_preset(struct bx_root *root, const char *path, struct json_object **ret,
		       struct bx_failure *failure)
{
	static const char *const members[] = { "description", "source", "settings", NULL };
	_cleanup_(json_object_putp) struct json_object *object = NULL;
	_cleanup_free_ char *buffer = NULL;
	struct json_object *settings;
	ssize_t n;
	int r;

	n = bx_root_read_all(root, path, &buffer);
	if (n < 0)
		return n == -ENOENT ? n
				    : bx_fail(failure, n, BX_ERROR_INTERNAL, "%s", strerror(-n));
	r = parse_file(buffer, n, members, &object, failure);
	if (r < 0)
		return r;
	if (!json_object_object_get_ex(object, "settings", &settings))
		return bx_fail(failure, -EBADMSG, BX_ERROR_INVALID_ARGUMENT,
			       "it has no 'settings'");
	r = bx_settings_check(settings, failure);
	if (r < 0)
		return r;
	*ret = json_object_get(settings);
	return 0;
}

int bx_preset_read(struct bx_root *root, const char *name, struct json_object **ret,
		   struct bx_failure *failure)
{
	static const char *const folders[] = { BX_PRESETS_ADMINISTRATOR, BX_PRESETS };
	struct bx_failure inner = { 0 };
	int r = -ENOENT;

	if (!bx_emulated_name_valid(name))
		return bx_fail(
			failure, -EINVAL, BX_ERROR_INVALID_ARGUMENT,
			"'%.64s' cannot be the name of a preset: letters, digits, - and _ only",
			name);
	for (size_t i = 0; r == -ENOENT && i < ARRAY_SIZE(folders); i++) {
		struct bx_path path = bx_path("%s/%s.json", folders[i], name);

		r = read_preset(root, path.s, ret, &inner);
		if (r < 0 && r != -ENOENT)
			return bx_fail(failure, r, BX_ERROR_INVALID_ARGUMENT, "preset /%s: %.300s",
				       path.s, inner.message);
	}
	if (r == -ENOENT)
		bx_fail(failure, r, BX_ERROR_INVALID_ARGUMENT,
			"there is no preset '%s' in /" BX_PRESETS_ADMINISTRATOR " or /%s", name,
			BX_PRESETS);
	return r;
}
