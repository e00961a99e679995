// SPDX-License-Identifier: GPL-2.0-or-later
/* What a shell can offer at the end of a command line; the shells' own files do nothing but ask this. */
#include "client/bxctl.h"
#include "daemon/json.h"
#include "daemon/names.h"
#include "daemon/pci.h"

static void offer(const char *word, const char *begin)
{
	if (bx_startswith(word, begin))
		printf("%s\n", word);
}

/* What a command can be said of. */
static bool takes(const char *verb, struct json_object *device)
{
	bool emulated = bx_streq(bxctl_text(device, "Kind"), "emulated");
	bool stopped = bx_streq(bxctl_text(device, "State"), "stopped");

	if (bx_streq(verb, "destroy") || bx_streq(verb, "forget"))
		return emulated;
	if (bx_streq(verb, "start"))
		return emulated && stopped;
	if (bx_streq(verb, "stop"))
		return emulated && !stopped;
	if (bx_streq(verb, "bind") || bx_streq(verb, "unbind") || bx_streq(verb, "reset") ||
	    bx_streq(verb, "reenumerate") || bx_streq(verb, "remove"))
		return !stopped;
	return bx_streq(verb, "show") || bx_streq(verb, "doctor");
}

static void offer_devices(struct bxctl *ctl, const char *verb, const char *begin)
{
	_cleanup_(json_object_putp) struct json_object *devices = NULL;

	if (bxctl_get_objects(ctl, BX_IFACE_DEVICE, &devices) < 0)
		return;
	for (size_t i = 0; i < json_object_array_length(devices); i++) {
		struct json_object *device = json_object_array_get_idx(devices, i);

		if (takes(verb, device))
			offer(bxctl_text(device, "Id"), begin);
	}
}

static void offer_options(const char *begin)
{
	static const char *const options[] = { "--json", "--no-wait", "--with-data", "--type",
					       "--size", "--preset",  "--from",	     "--autostart",
					       "--host", "--help",    "--version" };

	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		offer(options[i], begin);
}

enum bx_exit bxctl_complete(struct bxctl *ctl, char **words)
{
	static const char *const plannable[] = { "bind",  "unbind", "reset", "reenumerate",
						 "start", "stop",   "create" };
	size_t n = bx_strv_length(words);
	const char *last = words[n - 1], *verb;

	if (*last == '-') {
		offer_options(last);
		return BX_EXIT_OK;
	}
	for (size_t i = 0; n == 1 && (verb = bxctl_verb_name(i)); i++)
		offer(verb, last);
	if (bx_streq(words[0], "plan") && n > 1) {
		for (size_t i = 0; n == 2 && i < ARRAY_SIZE(plannable); i++)
			offer(plannable[i], last);
		words++;
		n--;
	}
	if (n == 2)
		offer_devices(ctl, words[0], last);
	for (size_t i = 0; n == 3 && bx_streq(words[0], "bind") && bx_suitable_drivers[i]; i++)
		offer(bx_suitable_drivers[i], last);
	return BX_EXIT_OK;
}
