// SPDX-License-Identifier: GPL-2.0-or-later
/* Definitions of emulated devices: how they come, change and go, and which devices begin with bxd. */
#include "daemon/daemon.h"
#include "daemon/file.h"
#include "daemon/log.h"
#include "daemon/names.h"
#include "daemon/util.h"

BX_DEFINE_CLEANUP(struct bx_definition *, bx_definition_free)
BX_DEFINE_CLEANUP(struct json_object *, json_object_put)

static void warn_damaged(const char *path, const char *why)
{
	bx_log_event(LOG_WARNING, BX_MESSAGE_DEFINITION_DAMAGED, NULL, "%s is left out: %s", path,
		     why);
}

int bx_definitions_reload(struct bx_daemon *daemon)
{
	struct bx_definition *definitions;
	int r;

	r = bx_definitions_load(&daemon->root, warn_damaged, &definitions);
	if (r < 0)
		return r;
	/* The devices that point to the old ones learn of the new ones by the next look. */
	for (struct bx_device *device = daemon->devices; device; device = device->next)
		device->definition = NULL;
	bx_definitions_free(daemon->definitions);
	daemon->definitions = definitions;
	return 0;
}

/* What is on the disk is what counts, so that a restart changes nothing. */
static int changed(struct bx_daemon *daemon, struct bx_failure *failure)
{
	int r;

	r = bx_definitions_reload(daemon);
	if (r >= 0)
		r = bx_inventory_refresh(daemon);
	return r < 0 ? bx_fail(failure, r, BX_ERROR_INTERNAL, "the definitions cannot be read: %s",
			       strerror(-r))
		     : 0;
}

/* Those of the preset, and over them those that were given. */
static int merge(struct bx_daemon *daemon, const char *preset, struct json_object *given,
		 struct json_object **ret, struct bx_failure *failure)
{
	_cleanup_(json_object_putp) struct json_object *settings = NULL;
	int r;

	r = preset ? bx_preset_read(&daemon->root, preset, &settings, failure) : 0;
	if (r < 0)
		return r;
	if (!settings)
		settings = json_object_new_object();
	if (!settings)
		return -ENOMEM;
	json_object_object_foreach(given, name, value) {
		if (json_object_object_add(settings, name, json_object_get(value)) < 0)
			return -ENOMEM;
	}
	r = bx_settings_check(settings, failure);
	if (r < 0)
		return r;
	*ret = settings;
	settings = NULL;
	return 0;
}

static int check_name(struct bx_daemon *daemon, const char *name, enum bx_definition_kind kind,
		      struct bx_failure *failure)
{
	if (!bx_emulated_name_valid(name))
		return bx_fail(
			failure, -EINVAL, BX_ERROR_INVALID_ARGUMENT,
			"'%.64s' cannot be the name of a device: 1 to 31 letters, digits, - and _, beginning with a letter or digit",
			name);
	for (const struct bx_device *device = daemon->devices; device; device = device->next) {
		bool same = bx_streq(device->name, name);

		if (device->gone ||
		    (!same && !bx_streq(device->id, name) && !bx_streq(device->serial, name)))
			continue;
		if (!same)
			return bx_fail(failure, -EEXIST, BX_ERROR_NAME_TAKEN,
				       "%s is the Id or serial number of another device", name);
		/* It may be about to forget its definition. */
		if (device->job)
			return bx_fail(failure, -EBUSY, BX_ERROR_JOB_IN_PROGRESS,
				       "job %s is at work on %s", device->job->key, name);
		if (kind == BX_DEFINITION_TRANSIENT)
			return bx_fail(failure, -EEXIST, BX_ERROR_NAME_TAKEN,
				       "there is an emulated device '%s' already", name);
	}
	for (const struct bx_definition *other = daemon->definitions; other; other = other->next) {
		if (!bx_streq(other->name, name))
			continue;
		if (other->kind == BX_DEFINITION_ADMINISTRATOR)
			return bx_fail(
				failure, -EEXIST, BX_ERROR_NAME_TAKEN,
				"%s is defined by the administrator, in /etc/bxd/devices/%s.json",
				name, name);
		if (!other->settings)
			return bx_fail(
				failure, -EEXIST, BX_ERROR_NAME_TAKEN,
				"there is a definition of %s that cannot be read: see the system journal, and remove it",
				name);
	}
	return 0;
}

int bx_device_settle(struct bx_daemon *daemon, const char *name, struct json_object *given,
		     const char *preset, enum bx_definition_kind kind, struct json_object **ret,
		     struct bx_failure *failure)
{
	int r = check_name(daemon, name, kind, failure);

	return r < 0 ? r : merge(daemon, preset, given, ret, failure);
}

int bx_device_define(struct bx_daemon *daemon, const char *name, struct json_object *given,
		     const char *preset, enum bx_definition_kind kind, bool autostart,
		     struct bx_device **ret, struct bx_failure *failure)
{
	_cleanup_(bx_definition_freep) struct bx_definition *definition = NULL;
	_cleanup_(json_object_putp) struct json_object *settings = NULL;
	struct bx_device *device;
	int r;

	r = bx_device_settle(daemon, name, given, preset, kind, &settings, failure);
	if (r < 0)
		return r;
	definition = bx_definition_new(name, kind, autostart, settings);
	if (!definition)
		return -ENOMEM;
	r = bx_definition_write(&daemon->root, definition);
	if (r < 0)
		return bx_fail(failure, r, BX_ERROR_INTERNAL,
			       "the definition cannot be written: %s", strerror(-r));
	r = changed(daemon, failure);
	if (r < 0)
		return r;
	device = bx_inventory_by_name(daemon, name);
	if (!device)
		return -ENOMEM;
	*ret = device;
	return 0;
}

int bx_device_forget(struct bx_device *device, struct bx_failure *failure)
{
	struct bx_daemon *daemon = device->daemon;
	const struct bx_definition *definition = device->definition;
	int r;

	if (!definition)
		return bx_fail(failure, -ENOENT, BX_ERROR_WRONG_STATE, "%s has no definition",
			       device->id);
	if (definition->kind == BX_DEFINITION_TRANSIENT)
		return bx_fail(failure, -EINVAL, BX_ERROR_WRONG_STATE,
			       "%s is not written down: destroy it", device->id);
	if (definition->kind == BX_DEFINITION_ADMINISTRATOR)
		return bx_fail(
			failure, -EPERM, BX_ERROR_WRONG_STATE,
			"%s is defined by the administrator: remove /etc/bxd/devices/%s.json, and reload bxd",
			device->name, device->name);
	if (device->job)
		return bx_fail(failure, -EBUSY, BX_ERROR_JOB_IN_PROGRESS, "job %s is at work on %s",
			       device->job->key, device->id);
	r = bx_definition_remove(&daemon->root, device->name, BX_DEFINITION_STORED);
	if (r < 0)
		return bx_fail(failure, r, BX_ERROR_INTERNAL,
			       "the definition cannot be removed: %s", strerror(-r));
	return changed(daemon, failure);
}

void bx_device_drop(struct bx_daemon *daemon, const char *name)
{
	int r = bx_definition_remove(&daemon->root, name, BX_DEFINITION_TRANSIENT);

	if (r < 0 && r != -ENOENT)
		bx_log_event(LOG_ERR, NULL, name, "Its definition cannot be removed: %s",
			     strerror(-r));
	changed(daemon, NULL);
}

/* A job that cannot even begin changes the lists that are walked here, so their names are noted first. */
void bx_devices_autostart(struct bx_daemon *daemon)
{
	_cleanup_close_ int folder = bx_folder_open(&daemon->root, BX_DIR_RUN);
	_cleanup_strv_ char **names = NULL;
	char before[4];
	int r = 0;

	/* Once in a boot: what was stopped since then was stopped on purpose. */
	if (folder < 0 || bx_file_read(folder, "autostarted", before, sizeof(before)) >= 0)
		return;
	for (const struct bx_definition *definition = daemon->definitions; r >= 0 && definition;
	     definition = definition->next)
		if (definition->autostart)
			r = bx_strv_addf(&names, "%s", definition->name);
	for (size_t i = 0; names && names[i]; i++) {
		struct bx_device *device = bx_inventory_by_name(daemon, names[i]);
		const struct bx_wish wish = { .kind = BX_KIND_START };
		struct bx_failure failure = { 0 };
		struct bx_job *job;

		if (!device || device->job || device->emulation != BX_EMULATION_NONE)
			continue;
		if (bx_job_start(device, &wish, &job, &failure) < 0)
			bx_log_event(LOG_ERR, NULL, names[i], "It cannot be started: %s",
				     failure.message);
	}
	/* Last: what was begun before a crash is found in the journal, and the rest is begun by the next bxd. */
	if (r >= 0)
		r = bx_file_replace(folder, "autostarted", "1\n", false);
	if (r < 0)
		bx_log(LOG_ERR, "Not all devices can be started: %s", strerror(-r));
}
