// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which NVMe functions the machine has, how they are called and in what state they are. Everything
 * is read again from the kernel whenever something may have changed; events only say when.
 */
#include "daemon/daemon.h"
#include "daemon/emulated.h"
#include "daemon/log.h"
#include "daemon/util.h"

#include <time.h>

/* Events come in bursts, and one look is enough for all of them. */
#define REFRESH_DELAY_US 20000ULL

/* A new device whose serial may come yet is not shown under a name that it would soon lose. */
#define HOLD_UNBOUND_US	 (2 * 1000000ULL)
#define HOLD_STARTING_US (10 * 1000000ULL)

static const char *const state_names[BX_STATE_COUNT] = {
#define X(id, name, doc) [BX_STATE_##id] = name,
	BX_STATES(X)
#undef X
};

uint64_t bx_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000ULL + now.tv_nsec / 1000;
}

const char *bx_state_name(enum bx_state state)
{
	return state_names[state < BX_STATE_COUNT ? state : BX_STATE_UNKNOWN];
}

static enum bx_state controller_state(const char *state)
{
	static const struct {
		const char *kernel;
		enum bx_state state;
	} states[] = {
		{ "", BX_STATE_STARTING },
		{ "new", BX_STATE_STARTING },
		{ "connecting", BX_STATE_STARTING },
		{ "live", BX_STATE_READY },
		{ "resetting", BX_STATE_RESETTING },
		{ "deleting", BX_STATE_REMOVING },
		{ "deleting (no IO)", BX_STATE_REMOVING },
		{ "dead", BX_STATE_DEAD },
	};

	for (size_t i = 0; i < ARRAY_SIZE(states); i++)
		if (bx_streq(state, states[i].kernel))
			return states[i].state;
	return BX_STATE_UNKNOWN;
}

static const enum bx_state state_of_job[BX_KIND_COUNT] = {
	[BX_KIND_BIND] = BX_STATE_REBINDING,  [BX_KIND_UNBIND] = BX_STATE_REBINDING,
	[BX_KIND_RESET] = BX_STATE_RESETTING, [BX_KIND_REENUMERATE] = BX_STATE_REENUMERATING,
	[BX_KIND_REMOVE] = BX_STATE_REMOVING, [BX_KIND_START] = BX_STATE_STARTING,
	[BX_KIND_STOP] = BX_STATE_STOPPING,
};

enum bx_state bx_device_state(const struct bx_device *device)
{
	if (device->gone && !(device->job && device->job->operation.kind == BX_KIND_REENUMERATE))
		return BX_STATE_GONE;
	if (device->job && device->job->stuck)
		return BX_STATE_STUCK;
	/* To plan does nothing to it. */
	if (device->job && device->job->operation.kind != BX_KIND_PLAN)
		return state_of_job[device->job->operation.kind];
	if (!*device->pci.address)
		return device->emulation == BX_EMULATION_ON ? BX_STATE_PULLED : BX_STATE_STOPPED;
	if (!*device->pci.driver)
		return BX_STATE_UNBOUND;
	if (!bx_streq(device->pci.driver, BX_NATURAL_DRIVER))
		return BX_STATE_FOREIGN_DRIVER;
	return controller_state(device->pci.controller_state);
}

/* ---------------------------------------------------------------- names */

/* What stays with the device: its name if it is an emulated one, its serial, else the slot it is in. */
static void make_base_id(struct bx_device *device)
{
	char *id = device->base_id;

	if (*device->name) {
		bx_copy(id, BX_ID_MAX, device->name);
		return;
	}
	if (!*device->serial) {
		snprintf(id, BX_ID_MAX, "slot-%s", device->pci.slot);
		return;
	}
	bx_copy(id, BX_ID_MAX, device->serial);
	for (char *p = id; *p; p++)
		if (!strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._+-",
			    *p))
			*p = '_';
}

/* Whether another device has that name, too. */
static bool is_shared(const struct bx_daemon *daemon, const struct bx_device *device)
{
	for (const struct bx_device *other = daemon->devices; other; other = other->next) {
		if (other == device || (other->gone && !other->shown))
			continue;
		/* One that has left keeps the name that its job was given for, and the object of that name. */
		if (bx_streq(device->base_id, other->gone ? other->id : other->base_id))
			return true;
	}
	return false;
}

/*
 * A device whose name another one has too gets the slot behind it, and so does the other. It does
 * not matter which of them came first, so that the names are the same after a restart.
 */
static void name_devices(struct bx_daemon *daemon)
{
	for (struct bx_device *device = daemon->devices; device; device = device->next)
		make_base_id(device);
	for (struct bx_device *device = daemon->devices; device; device = device->next) {
		char id[BX_ID_MAX];
		bool shared;

		if (device->gone)
			continue;
		/* Nobody can give an emulated device the name of another, so it is a serial that is the same. */
		shared = !*device->name && is_shared(daemon, device);
		bx_copy(id, sizeof(id), device->base_id);
		if (shared) {
			size_t n = strlen(id);

			snprintf(id + n, sizeof(id) - n, "@%s", device->pci.slot);
		}
		if (shared && !bx_streq(device->id, id))
			bx_log_event(LOG_WARNING, BX_MESSAGE_SERIAL_SHARED, id,
				     "Another device has the serial '%s' too", device->serial);
		bx_copy(device->id, sizeof(device->id), id);
	}
}

int bx_inventory_find(struct bx_daemon *daemon, const char *name, struct bx_device **ret,
		      struct bx_failure *failure)
{
	struct bx_device *found = NULL;
	unsigned int matches = 0;

	for (struct bx_device *device = daemon->devices; device; device = device->next) {
		if (!device->shown)
			continue;
		if (bx_streq(device->shown_id, name)) {
			*ret = device;
			return 0;
		}
		if (*name && (bx_streq(device->serial, name) || bx_streq(device->nqn, name))) {
			matches++;
			found = device;
		}
	}
	if (matches > 1)
		return bx_fail(failure, -ENOTUNIQ, BX_ERROR_AMBIGUOUS_DEVICE,
			       "%u devices have the serial or NQN '%s': name one by its Id",
			       matches, name);
	if (!found)
		return bx_fail(failure, -ENODEV, BX_ERROR_NO_SUCH_DEVICE,
			       "no NVMe device has the Id, serial or NQN '%.100s'", name);
	*ret = found;
	return 0;
}

struct bx_device *bx_inventory_by_name(struct bx_daemon *daemon, const char *name)
{
	for (struct bx_device *device = daemon->devices; device; device = device->next)
		if (*name && bx_streq(device->name, name))
			return device;
	return NULL;
}

struct bx_device *bx_inventory_by_address(struct bx_daemon *daemon, const char *address,
					  uint64_t inode)
{
	for (struct bx_device *device = daemon->devices; device; device = device->next)
		if (bx_streq(device->pci.address, address) && device->pci.inode == inode)
			return device;
	return NULL;
}

/* ---------------------------------------------------------------- looking */

static void learn_identity(struct bx_device *device)
{
	struct bx_identities *identities = &device->daemon->identities;
	const struct bx_identity *identity;

	bx_identities_learn(identities, &device->pci);
	identity = bx_identities_find(identities, device->pci.address, device->pci.inode);
	if (!identity)
		return;
	bx_copy(device->serial, sizeof(device->serial), identity->serial);
	bx_copy(device->model, sizeof(device->model), identity->model);
	bx_copy(device->firmware, sizeof(device->firmware), identity->firmware);
	bx_copy(device->nqn, sizeof(device->nqn), identity->nqn);
}

static bool serial_may_come(const struct bx_device *device)
{
	return !*device->name && !*device->serial &&
	       (!*device->pci.driver || bx_device_state(device) == BX_STATE_STARTING);
}

static void hold(struct bx_device *device, uint64_t now)
{
	if (!serial_may_come(device))
		device->hold_until = 0;
	else if (*device->pci.driver)
		device->hold_until = now + HOLD_STARTING_US;
	else if (device->daemon->started)
		device->hold_until = now + HOLD_UNBOUND_US;
}

static int add_device(struct bx_daemon *daemon, const char *name, struct bx_device **ret)
{
	struct bx_device *device = calloc(1, sizeof(*device)), **end = &daemon->devices;

	if (!device)
		return -ENOMEM;
	device->daemon = daemon;
	device->pci = (struct bx_pci){ .numa_node = -1, .iommu_group = -1 };
	bx_copy(device->name, sizeof(device->name), name);
	while (*end)
		end = &(*end)->next;
	*end = device;
	*ret = device;
	return 0;
}

/* What is at that address could not be read; it is there, only nothing new is known of it. */
static void keep_function(struct bx_daemon *daemon, const char *address)
{
	for (struct bx_device *device = daemon->devices; device; device = device->next)
		if (bx_streq(device->pci.address, address)) {
			device->gone = false;
			device->seen = true;
		}
}

/* To the kernel it is another function, but it is the device that a job waits for. */
static struct bx_device *find_returning(struct bx_daemon *daemon, const char *address)
{
	for (struct bx_device *device = daemon->devices; device; device = device->next)
		if (device->job && device->job->operation.kind == BX_KIND_REENUMERATE &&
		    bx_streq(device->job->operation.address, address))
			return device;
	return NULL;
}

/* @emulated: the function is one of bx_emu's, or NULL. */
static int refresh_function(struct bx_daemon *daemon, const char *address,
			    const struct bx_emulated *emulated)
{
	struct bx_device *device;
	bool driver_came, new;
	struct bx_pci pci;
	int r;

	r = bx_pci_read(&daemon->root, address, &pci);
	if (r == -ENODEV)
		return 0;
	if (r < 0) {
		keep_function(daemon, address);
		return r;
	}
	device = emulated ? bx_inventory_by_name(daemon, emulated->name)
			  : bx_inventory_by_address(daemon, address, pci.inode);
	if (!device) {
		device = find_returning(daemon, address);
		if (device)
			bx_identities_follow(&daemon->identities, address, device->pci.inode,
					     pci.inode);
	}
	new = !device;
	if (new) {
		r = add_device(daemon, emulated ? emulated->name : "", &device);
		if (r < 0) {
			bx_pci_done(&pci);
			return r;
		}
	}
	driver_came = !*device->pci.driver && *pci.driver;
	bx_pci_done(&device->pci);
	device->pci = pci;
	device->gone = false;
	device->seen = true;
	learn_identity(device);
	if (new)
		device->job = bx_job_of_device(daemon, device);
	if (new || (!device->shown && (driver_came || !serial_may_come(device))))
		hold(device, bx_now());
	return 0;
}

static const struct bx_emulated *find_emulated(const struct bx_emulated *list, int count,
					       const char *address)
{
	for (int i = 0; i < count; i++)
		if (bx_streq(list[i].address, address))
			return &list[i];
	return NULL;
}

/* The device is there by its name alone, whether or not it has a PCI function. */
static int refresh_name(struct bx_daemon *daemon, const char *name, struct bx_device **ret)
{
	struct bx_device *device = bx_inventory_by_name(daemon, name);
	int r;

	if (!device) {
		r = add_device(daemon, name, &device);
		if (r < 0)
			return r;
		device->job = bx_job_of_device(daemon, device);
	}
	device->gone = false;
	*ret = device;
	return 0;
}

/* What a device without a PCI function says of itself. */
static void refresh_absent(struct bx_device *device)
{
	const struct bx_definition *definition = device->definition;
	const char *serial = definition ? json_object_get_string(json_object_object_get(
						  definition->settings, "serial"))
					: NULL;

	bx_pci_done(&device->pci);
	device->pci = (struct bx_pci){ .numa_node = -1, .iommu_group = -1 };
	*device->model = *device->firmware = *device->nqn = 0;
	bx_copy(device->serial, sizeof(device->serial), serial ?: "");
}

static int refresh_emulated(struct bx_daemon *daemon, const struct bx_emulated *list, int count)
{
	struct bx_device *device;
	int r = 0;

	for (device = daemon->devices; device; device = device->next) {
		device->emulation = BX_EMULATION_NONE;
		device->definition = NULL;
	}
	for (int i = 0; r >= 0 && i < count; i++) {
		r = refresh_name(daemon, list[i].name, &device);
		if (r >= 0)
			device->emulation = list[i].on ? BX_EMULATION_ON : BX_EMULATION_OFF;
	}
	for (const struct bx_definition *definition = daemon->definitions; r >= 0 && definition;
	     definition = definition->next) {
		if (!definition->settings)
			continue; /* there is a file, and nobody knows of what */
		r = refresh_name(daemon, definition->name, &device);
		if (r >= 0)
			device->definition = definition;
	}
	for (device = daemon->devices; device; device = device->next)
		if (*device->name && !device->seen)
			refresh_absent(device);
	return r;
}

static void free_device(struct bx_device *device)
{
	bx_device_hide(device);
	bx_pci_done(&device->pci);
	free(device);
}

/* Drops what has left, except where a job still shows it. */
static void drop_gone(struct bx_daemon *daemon)
{
	for (struct bx_device **p = &daemon->devices; *p;) {
		struct bx_device *device = *p;

		if (!device->gone || device->job) {
			p = &device->next;
			continue;
		}
		bx_log_event(LOG_INFO, BX_MESSAGE_DEVICE_REMOVED, device->id, "Gone%s%s",
			     *device->pci.address ? " from " : "", device->pci.address);
		/* The bus looks up what it says has gone, so it is said first. */
		bx_device_hide(device);
		*p = device->next;
		free_device(device);
	}
}

static bool in_transit(const struct bx_device *device)
{
	enum bx_state state = bx_device_state(device);

	return state == BX_STATE_STARTING || state == BX_STATE_RESETTING ||
	       state == BX_STATE_REMOVING || (!device->shown && !device->gone);
}

static void show_devices(struct bx_daemon *daemon)
{
	uint64_t now = bx_now();
	bool poll = false;

	/* First what disappears, so that a name is free before another device takes it. */
	for (struct bx_device *device = daemon->devices; device; device = device->next)
		if (device->shown && !bx_streq(device->shown_id, device->id))
			bx_device_hide(device);
	for (struct bx_device *device = daemon->devices; device; device = device->next) {
		if (device->shown || !serial_may_come(device) || now >= device->hold_until)
			bx_device_show(device);
		poll |= in_transit(device);
	}
	bx_events_poll(daemon, poll);
}

int bx_inventory_refresh(struct bx_daemon *daemon)
{
	_cleanup_strv_ char **functions = NULL;
	_cleanup_free_ struct bx_emulated *emulated = NULL;
	int r, count;

	/* First, so that a function of one of them is known for what it is. */
	count = bx_emulated_list(&daemon->root, &emulated);
	if (count < 0)
		return count;
	r = bx_root_list(&daemon->root, BX_PCI_DEVICES, &functions);
	if (r < 0 && r != -ENOENT)
		return r;
	for (struct bx_device *device = daemon->devices; device; device = device->next) {
		device->gone = true;
		device->seen = false;
	}
	for (size_t i = 0; functions && functions[i]; i++) {
		if (!bx_pci_is_nvme(&daemon->root, functions[i]))
			continue;
		r = refresh_function(daemon, functions[i],
				     find_emulated(emulated, count, functions[i]));
		if (r < 0)
			bx_log(LOG_WARNING, "%s cannot be read: %s", functions[i], strerror(-r));
	}
	r = refresh_emulated(daemon, emulated, count);
	if (r < 0)
		bx_log(LOG_WARNING, "The emulated devices cannot be listed: %s", strerror(-r));
	drop_gone(daemon);
	name_devices(daemon);
	show_devices(daemon);
	r = bx_identities_save(&daemon->identities, &daemon->root);
	if (r < 0)
		bx_log(LOG_WARNING, "The identities cannot be saved: %s", strerror(-r));
	return 0;
}

static int on_refresh(sd_event_source *source, uint64_t now, void *userdata)
{
	int r = bx_inventory_refresh(userdata);

	if (r < 0)
		bx_log(LOG_ERR, "The devices cannot be listed: %s", strerror(-r));
	return 0;
}

static bool refresh_is_due(struct bx_daemon *daemon)
{
	int enabled = SD_EVENT_OFF;

	sd_event_source_get_enabled(daemon->refresh_source, &enabled);
	return enabled != SD_EVENT_OFF;
}

void bx_inventory_refresh_later(struct bx_daemon *daemon)
{
	int r = 0;

	if (!daemon->refresh_source)
		r = sd_event_add_time_relative(daemon->event, &daemon->refresh_source,
					       CLOCK_MONOTONIC, REFRESH_DELAY_US,
					       BX_TIMER_ACCURACY_US, on_refresh, daemon);
	else if (!refresh_is_due(daemon))
		r = sd_event_source_set_time_relative(daemon->refresh_source, REFRESH_DELAY_US);
	if (r >= 0)
		r = sd_event_source_set_enabled(daemon->refresh_source, SD_EVENT_ONESHOT);
	if (r < 0)
		bx_log(LOG_ERR, "The devices cannot be looked at again: %s", strerror(-r));
}

void bx_inventory_free(struct bx_daemon *daemon)
{
	while (daemon->devices) {
		struct bx_device *device = daemon->devices;

		daemon->devices = device->next;
		free_device(device);
	}
}
