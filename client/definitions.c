// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * create, define and forget. What a device is to be is put together from a file, from options and from words, and it is bxd that
 * judges it.
 */
#include "client/bxctl.h"
#include "daemon/bus_json.h"
#include "daemon/definition.h"
#include "daemon/json.h"
#include "daemon/names.h"

#include <fcntl.h>

static int set(struct json_object *settings, const char *name, const char *value)
{
	return json_object_object_add(settings, name, json_object_new_string(value)) < 0 ? -ENOMEM
											 : 0;
}

char *bxctl_read_file(const char *path, size_t most, size_t *length)
{
	_cleanup_close_ int fd =
		bx_streq(path, "-") ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
	char *text = malloc(most + 1);
	ssize_t n = fd < 0 ? -1 : 1;

	*length = 0;
	while (fd >= 0 && text && n > 0 && *length <= most) {
		n = read(fd, text + *length, most + 1 - *length);
		if (n > 0)
			*length += n;
	}
	if (fd >= 0 && text && n == 0)
		return text;
	bxctl_error("%s cannot be read: %s", path, n > 0 ? "it is too long" : strerror(errno));
	free(text);
	return NULL;
}

/* What `bxctl --json show` printed, or a file of /etc/bxd/devices: the settings, and whether it is started with bxd. */
static int add_file(struct bxctl *ctl, struct json_object *settings)
{
	static const struct bx_json_limits limits = { .size = BX_DEFINITION_SIZE_MAX,
						      .depth = 8,
						      .values = 4096 };
	_cleanup_(json_object_putp) struct json_object *object = NULL;
	_cleanup_free_ char *text = NULL;
	struct json_object *from;
	size_t length;
	int r = 0;

	text = bxctl_read_file(ctl->from, BX_DEFINITION_SIZE_MAX, &length);
	if (!text)
		return -EIO;
	if (bx_json_parse(text, length, &limits, &object) < 0 ||
	    !json_object_is_type(object, json_type_object)) {
		bxctl_error("%s is no JSON object", ctl->from);
		return -EBADMSG;
	}
	if ((!json_object_object_get_ex(object, "Settings", &from) &&
	     !json_object_object_get_ex(object, "settings", &from)) ||
	    !json_object_is_type(from, json_type_object)) {
		bxctl_error("%s has no object 'Settings', as `bxctl --json show` prints it",
			    ctl->from);
		return -EBADMSG;
	}
	json_object_object_foreach(from, name, value) {
		if (r >= 0)
			r = set(settings, name, json_object_get_string(value) ?: "");
	}
	ctl->autostart |= json_object_get_boolean(json_object_object_get(object, "Autostart")) ||
			  json_object_get_boolean(json_object_object_get(object, "autostart"));
	return r;
}

int bxctl_add_words(struct json_object *settings, char **words)
{
	int r = 0;

	for (; r >= 0 && *words; words++) {
		char *equals = strchr(*words, '=');

		if (!equals || equals == *words) {
			bxctl_error("'%s' is no setting: they look like queues=4", *words);
			return -EINVAL;
		}
		*equals = 0;
		r = set(settings, *words, equals + 1);
	}
	return r;
}

/* The more it was said on purpose, the later: what comes last holds. */
enum bx_exit bxctl_gather_settings(struct bxctl *ctl, char **words, struct json_object **ret)
{
	_cleanup_(json_object_putp) struct json_object *settings = json_object_new_object();
	int r = 0;

	if (ctl->from)
		r = add_file(ctl, settings);
	if (r >= 0 && ctl->type)
		r = set(settings, "type", ctl->type);
	if (r >= 0 && ctl->size)
		r = set(settings, "capacity", ctl->size);
	if (r >= 0)
		r = bxctl_add_words(settings, words);
	if (r < 0)
		return BX_EXIT_USAGE;
	*ret = settings;
	settings = NULL;
	return BX_EXIT_OK;
}

static int call(struct bxctl *ctl, const char *method, const char *name,
		struct json_object *settings, sd_bus_message **reply, sd_bus_error *error)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL;
	_cleanup_(json_object_putp) struct json_object *options = json_object_new_object();
	int r = options ? 0 : -ENOMEM;

	if (r >= 0 && ctl->preset)
		r = set(options, "preset", ctl->preset);
	if (r >= 0 && ctl->autostart)
		r = json_object_object_add(options, "autostart", json_object_new_boolean(true)) < 0
			    ? -ENOMEM
			    : 0;
	if (r >= 0)
		r = sd_bus_message_new_method_call(ctl->bus, &message, BX_BUS_NAME, BX_PATH_ROOT,
						   BX_IFACE_MANAGER, method);
	if (r >= 0)
		r = sd_bus_message_append(message, "s", name);
	if (r >= 0)
		r = bx_bus_append_value(message, "a{ss}", settings);
	if (r >= 0)
		r = bx_bus_append_value(message, "a{sv}", options);
	return r < 0 ? r : sd_bus_call(ctl->bus, message, 0, error, reply);
}

enum bx_exit bxctl_create(struct bxctl *ctl, const char *name, char **words)
{
	_cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	_cleanup_(json_object_putp) struct json_object *settings = NULL;
	const char *device, *job;
	enum bx_exit code;
	char what[128];
	int r;

	code = bxctl_gather_settings(ctl, words, &settings);
	if (code != BX_EXIT_OK)
		return code;
	snprintf(what, sizeof(what), "%.64s cannot be created", name);
	/* Who takes a file of a device that starts with bxd makes this one for now. */
	ctl->autostart = false;
	r = call(ctl, "CreateDevice", name, settings, &reply, &error);
	if (r >= 0)
		r = sd_bus_message_read(reply, "oo", &device, &job);
	if (r < 0)
		return bxctl_call_failed(what, r, &error);
	code = bxctl_follow_job(ctl, job, what);
	if (code == BX_EXIT_OK && !ctl->no_wait && !ctl->json)
		bxctl_tell_disks(ctl, device);
	return code;
}

enum bx_exit bxctl_define(struct bxctl *ctl, const char *name, char **words)
{
	_cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	_cleanup_(json_object_putp) struct json_object *settings = NULL;
	enum bx_exit code;
	int r;

	code = bxctl_gather_settings(ctl, words, &settings);
	if (code != BX_EXIT_OK)
		return code;
	r = call(ctl, "DefineDevice", name, settings, &reply, &error);
	return r < 0 ? bxctl_call_failed(bx_path("%.64s cannot be defined", name).s, r, &error)
		     : BX_EXIT_OK;
}

enum bx_exit bxctl_forget(struct bxctl *ctl, const char *name)
{
	_cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
	_cleanup_(json_object_putp) struct json_object *device = NULL;
	enum bx_exit code;
	int r;

	code = bxctl_find_device(ctl, name, &device);
	if (code != BX_EXIT_OK)
		return code;
	r = sd_bus_call_method(ctl->bus, BX_BUS_NAME, bxctl_text(device, "Object"), BX_IFACE_DEVICE,
			       "Forget", &error, NULL, "a{sv}", 0);
	return r < 0 ? bxctl_call_failed(bx_path("%.64s cannot be forgotten", name).s, r, &error)
		     : BX_EXIT_OK;
}
