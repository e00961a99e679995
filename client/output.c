// SPDX-License-Identifier: GPL-2.0-or-later
/* Tables for people, JSON for programs, sentences for errors. */
#include "client/bxctl.h"
#include "daemon/names.h"
#include "daemon/util.h"

#include <stdarg.h>

void bxctl_error(const char *format, ...)
{
	va_list ap;

	fflush(stdout);
	fprintf(stderr, "bxctl: ");
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fprintf(stderr, "\n");
}

bool bxctl_no_answer(const sd_bus_error *error)
{
	/* The bus daemon's word for it, and sd-bus's own. */
	return sd_bus_error_has_name(error, SD_BUS_ERROR_NO_REPLY) ||
	       sd_bus_error_has_name(error, SD_BUS_ERROR_TIMEOUT) ||
	       sd_bus_error_has_name(error, SD_BUS_ERROR_DISCONNECTED) ||
	       sd_bus_error_has_name(error, "System.Error.ENOTCONN");
}

enum bx_exit bxctl_call_failed(const char *what, int r, const sd_bus_error *error)
{
	const char *name = error && error->name ? error->name : "";
	const char *message = error && error->message ? error->message : strerror(-r);
	enum bx_error known;

	if (*name && bx_error_from_name(name, &known) >= 0) {
		bxctl_error("%s: %s (%s)", what, message, bx_error_name(known));
		return bx_error_exit_code(known);
	}
	if (bx_streq(name, SD_BUS_ERROR_SERVICE_UNKNOWN) ||
	    bx_streq(name, SD_BUS_ERROR_NAME_HAS_NO_OWNER) ||
	    bx_startswith(name, "org.freedesktop.DBus.Error.Spawn") ||
	    bx_startswith(name, "org.freedesktop.systemd1.")) {
		bxctl_error("%s: bxd is not running and cannot be started: %s; look at "
			    "`systemctl status bxd`",
			    what, message);
		return BX_EXIT_NO_DAEMON;
	}
	if (bxctl_no_answer(error)) {
		bxctl_error("%s: bxd does not answer", what);
		return BX_EXIT_NO_DAEMON;
	}
	bxctl_error("%s: %s", what, message);
	return BX_EXIT_FAILED;
}

void bxctl_print_json(struct json_object *object, bool one_line)
{
	int flags = JSON_C_TO_STRING_NOSLASHESCAPE |
		    (one_line ? JSON_C_TO_STRING_PLAIN
			      : JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED);

	printf("%s\n", json_object_to_json_string_ext(object, flags));
}

/* ---------------------------------------------------------------- colours */

const char *bxctl_colour_of_state(struct bxctl *ctl, const char *state)
{
	static const struct {
		const char *state, *colour;
	} colours[] = {
		{ "ready", "\033[32m" },	  { "done", "\033[32m" },
		{ "stuck", "\033[1;31m" },	  { "dead", "\033[1;31m" },
		{ "unknown", "\033[1;31m" },	  { "gone", "\033[31m" },
		{ "starting", "\033[33m" },	  { "resetting", "\033[33m" },
		{ "removing", "\033[33m" },	  { "rebinding", "\033[33m" },
		{ "stopping", "\033[33m" },	  { "stopped", "\033[2m" },
		{ "pulled", "\033[31m" },	  { "unbound", "\033[33m" },
		{ "foreign-driver", "\033[36m" },
	};

	for (size_t i = 0; ctl->colour && i < ARRAY_SIZE(colours); i++)
		if (bx_streq(state, colours[i].state))
			return colours[i].colour;
	return "";
}

const char *bxctl_colour_off(struct bxctl *ctl)
{
	return ctl->colour ? "\033[0m" : "";
}

/* ---------------------------------------------------------------- tables */

/* How many columns a text takes: its characters, which UTF-8 spreads over several bytes. */
static int width(const char *text)
{
	int n = 0;

	for (; *text; text++)
		n += (*text & 0xc0) != 0x80;
	return n;
}

static void print_cell(const char *text, int columns, bool last)
{
	printf("%s%*s", text, last ? 0 : columns - width(text) + 2, "");
}

static const char *joined(struct json_object *object, const char *name, char *buffer, size_t size)
{
	struct json_object *list;
	size_t used = 0;

	*buffer = 0;
	if (!json_object_object_get_ex(object, name, &list) ||
	    !json_object_is_type(list, json_type_array))
		return buffer;
	for (size_t i = 0; i < json_object_array_length(list) && used < size; i++)
		used += snprintf(buffer + used, size - used, "%s%s", i ? ", " : "",
				 json_object_get_string(json_object_array_get_idx(list, i)));
	return buffer;
}

enum column {
	ID,
	ADDRESS,
	DRIVER,
	STATE,
	DEVICES,
	MODEL,
	IN_USE_BY,
	COLUMNS
};

static const char *const headings[COLUMNS] = { "ID",	  "ADDRESS", "DRIVER",	 "STATE",
					       "DEVICES", "MODEL",   "IN USE BY" };

static const char *cell(struct json_object *device, enum column column, char *buffer, size_t size)
{
	static const char *const members[COLUMNS] = {
		[ID] = "Id",	   [ADDRESS] = "Address", [DRIVER] = "Driver",
		[STATE] = "State", [MODEL] = "Model",
	};
	const char *text;

	if (column == DEVICES)
		text = joined(device, "BlockDevices", buffer, size);
	else if (column == IN_USE_BY)
		text = joined(device, "InUseBy", buffer, size);
	else
		text = bxctl_text(device, members[column]);
	return *text ? text : "-";
}

void bxctl_print_devices(struct bxctl *ctl, struct json_object *devices)
{
	size_t count = json_object_array_length(devices);
	int widths[COLUMNS];
	char buffer[1024];

	if (!count) {
		printf("No NVMe devices.\n");
		return;
	}
	for (enum column c = ID; c < COLUMNS; c++) {
		widths[c] = width(headings[c]);
		for (size_t i = 0; i < count; i++) {
			int w = width(cell(json_object_array_get_idx(devices, i), c, buffer,
					   sizeof(buffer)));

			if (w > widths[c])
				widths[c] = w;
		}
	}
	for (enum column c = ID; c < COLUMNS; c++)
		print_cell(headings[c], widths[c], c == COLUMNS - 1);
	printf("\n");
	for (size_t i = 0; i < count; i++) {
		struct json_object *device = json_object_array_get_idx(devices, i);

		for (enum column c = ID; c < COLUMNS; c++) {
			const char *text = cell(device, c, buffer, sizeof(buffer));

			if (c == STATE)
				printf("%s", bxctl_colour_of_state(ctl, text));
			print_cell(text, widths[c], c == COLUMNS - 1);
			if (c == STATE)
				printf("%s", bxctl_colour_off(ctl));
		}
		printf("\n");
	}
}

/* "capacity=1G queues=4" */
static const char *settings_of(struct json_object *object, char *buffer, size_t size)
{
	size_t used = 0;

	*buffer = 0;
	json_object_object_foreach(object, name, value) {
		if (used < size)
			used += snprintf(buffer + used, size - used, "%s%s=%s", used ? " " : "",
					 name, json_object_get_string(value));
	}
	return buffer;
}

void bxctl_print_device(struct bxctl *ctl, struct json_object *device)
{
	int widest = 0;
	char buffer[1024];

	json_object_object_foreach(device, name, value) {
		if (value && width(name) > widest)
			widest = width(name);
	}
	json_object_object_foreach(device, key, member) {
		bool state = bx_streq(key, "State");
		const char *text;

		if (bx_streq(key, "Object"))
			continue;
		if (json_object_is_type(member, json_type_array))
			text = joined(device, key, buffer, sizeof(buffer));
		else if (json_object_is_type(member, json_type_object))
			text = settings_of(member, buffer, sizeof(buffer));
		else
			text = json_object_get_string(member);
		if (bx_streq(key, "IommuGroup") && bx_streq(text, "-1"))
			text = "none";
		if (bx_streq(key, "NumaNode") && bx_streq(text, "-1"))
			text = "any";
		if (bx_streq(key, "Job") && bx_streq(text, "/"))
			text = "";
		printf("%*s: %s%s%s\n", widest, key, state ? bxctl_colour_of_state(ctl, text) : "",
		       *text ? text : "-", state ? bxctl_colour_off(ctl) : "");
	}
}
