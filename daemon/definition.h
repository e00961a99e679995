/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an emulated device is to be: a name and the attributes of bx_emu(4) that are not at their defaults, as
 * {"timing/read_latency_ns": "10000"}. A definition is a file of JSON, NAME.json, in one of three folders; which of them says
 * how long it lives. Presets are files of the same settings that a definition can begin with.
 *
 * Names of attributes and what their values look like are checked here; whether bx_emu can do it is for bx_emu to say,
 * when the device is started.
 */
#ifndef BX_DAEMON_DEFINITION_H
#define BX_DAEMON_DEFINITION_H

#include "daemon/errors.h"
#include "daemon/root.h"

#include <json.h>
#include <stdbool.h>

#define BX_DEFINITION_VERSION	 1
#define BX_DEFINITION_SIZE_MAX	 65536
#define BX_EMULATED_NAME_MAX	 32 /* with its zero byte, as configfs has it */
#define BX_SETTINGS_MAX		 1024

/* Of presets. One in the administrator's folder counts before ours of the same name. */
#define BX_PRESETS_ADMINISTRATOR "etc/bxd/presets"
#define BX_PRESETS		 (&(BX_DATADIR "/presets")[1])

/* clang-format off */
#define BX_DEFINITION_KINDS(X) \
	X(ADMINISTRATOR, "administrator", "etc/bxd/devices") \
	X(STORED, "stored", "var/lib/bxd/devices") \
	X(TRANSIENT, "transient", "run/bxd/devices")
/* clang-format on */

/* Where a name is in several, the first one counts. */
enum bx_definition_kind {
#define X(id, name, folder) BX_DEFINITION_##id,
	BX_DEFINITION_KINDS(X)
#undef X
	BX_DEFINITION_KIND_COUNT,
};

struct bx_definition {
	struct bx_definition *next;
	char name[BX_EMULATED_NAME_MAX];
	enum bx_definition_kind kind;
	bool autostart;
	struct json_object *
		settings; /* an object of strings; NULL: the file cannot be read, and the name is taken all the same */
};

const char *bx_definition_kind_name(enum bx_definition_kind kind);

/* True for 1 to 31 letters, digits, - and _, beginning with a letter or digit. */
bool bx_emulated_name_valid(const char *name);

/* InvalidArgument that names what is wrong, and what would be right. */
int bx_settings_check(struct json_object *settings, struct bx_failure *failure);

/* The settings of a preset, to be put; InvalidArgument. */
int bx_preset_read(struct bx_root *root, const char *name, struct json_object **ret,
		   struct bx_failure *failure);

/* Takes a reference to @settings. */
struct bx_definition *bx_definition_new(const char *name, enum bx_definition_kind kind,
					bool autostart, struct json_object *settings);
void bx_definition_free(struct bx_definition *definition);

int bx_definition_format(const struct bx_definition *definition, char **ret);
/* -EBADMSG for what is no definition, -EPROTO for one of a newer version. @failure says what is wrong with it. */
int bx_definition_parse(const char *text, size_t length, const char *name,
			enum bx_definition_kind kind, struct bx_definition **ret,
			struct bx_failure *failure);

int bx_definition_write(struct bx_root *root, const struct bx_definition *definition);
int bx_definition_remove(struct bx_root *root, const char *name, enum bx_definition_kind kind);
/* Of the name that counts; -ENOENT if there is none. */
int bx_definition_read(struct bx_root *root, const char *name, struct bx_definition **ret,
		       struct bx_failure *failure);

/* All that count, sorted by name. What cannot be read, a folder too, is passed to @damaged. */
int bx_definitions_load(struct bx_root *root, void (*damaged)(const char *path, const char *why),
			struct bx_definition **ret);
void bx_definitions_free(struct bx_definition *list);

#endif
