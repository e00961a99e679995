// SPDX-License-Identifier: GPL-2.0-or-later
/* What the worker does to a PCI function; see function.h. */
#include "daemon/function.h"
#include "daemon/nodes.h"
#include "daemon/usage.h"
#include "daemon/util.h"

#include <fcntl.h>
#include <time.h>

/* More than these are only counted: a message is to be read by people. */
#define OPENERS_NAMED	 4
#define OPENERS_PAUSE_MS 100

void bx_pause_ms(unsigned int ms)
{
	struct timespec left = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L };

	while (nanosleep(&left, &left) < 0 && errno == EINTR)
		;
}

uint64_t bx_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ULL + now.tv_nsec / 1000000;
}

/* ---------------------------------------------------------------- what the kernel is asked to do */

struct bx_path bx_function_attribute(const struct bx_work *work, const char *name)
{
	return bx_path(BX_PCI_DEVICES "/%s/%s", work->operation.address, name);
}

int bx_function_fail(struct bx_work *work, int r, const char *what)
{
	return bx_fail(&work->failure, r, BX_ERROR_BIND_FAILED, "%s: %s", what, strerror(-r));
}

/* The device is still the one that the operation was written for. */
int bx_function_check_present(struct bx_work *work)
{
	uint64_t inode;

	if (!*work->operation.address ||
	    bx_root_inode(work->root, bx_function_attribute(work, ".").s, &inode) < 0 ||
	    inode != work->operation.inode)
		return bx_fail(&work->failure, -ENODEV, BX_ERROR_NO_SUCH_DEVICE,
			       "%s has left the machine",
			       *work->operation.address ? work->operation.address : "it");
	return 0;
}

int bx_function_driver(struct bx_work *work, char driver[static BX_NAME_MAX])
{
	int r = bx_function_check_present(work);

	if (r < 0)
		return r;
	r = bx_pci_driver(work->root, work->operation.address, driver);
	return r < 0 ? bx_function_fail(work, r, "the driver cannot be read") : 0;
}

/* Only writes what is not there yet, and believes only what it reads back. */
int bx_function_set_override(struct bx_work *work, const char *name)
{
	const char *address = work->operation.address;
	char seen[BX_NAME_MAX];
	int r;

	r = bx_pci_override(work->root, address, seen);
	if (r >= 0 && bx_streq(seen, name))
		return 0;
	r = bx_root_write(work->root, bx_function_attribute(work, "driver_override").s,
			  bx_path("%s\n", name).s);
	if (r < 0)
		return bx_function_fail(work, r, "driver_override cannot be written");
	r = bx_pci_override(work->root, address, seen);
	if (r < 0)
		return bx_function_fail(work, r, "driver_override cannot be read back");
	if (!bx_streq(seen, name))
		return bx_fail(&work->failure, -EIO, BX_ERROR_BIND_FAILED,
			       "driver_override reads '%s' after '%s' was written", seen, name);
	return 0;
}

int bx_function_unbind(struct bx_work *work, const char *driver)
{
	int r = bx_root_write(work->root, bx_path(BX_PCI_DRIVERS "/%s/unbind", driver).s,
			      work->operation.address);

	if (r < 0)
		return bx_function_fail(work, r,
					bx_path("%s did not give the device up", driver).s);
	return 0;
}

/* Explicitly, else by probing, whose success means nothing: the driver link is what counts. */
int bx_function_bind(struct bx_work *work, const char *driver)
{
	const char *address = work->operation.address;
	char now[BX_NAME_MAX];
	int r, bound;

	bound = bx_root_write(work->root, bx_path(BX_PCI_DRIVERS "/%s/bind", driver).s, address);
	r = bx_function_driver(work, now);
	if (r < 0)
		return r;
	if (bx_streq(now, driver))
		return 0;
	if (!*now) {
		bx_root_write(work->root, "sys/bus/pci/drivers_probe", address);
		r = bx_function_driver(work, now);
		if (r < 0)
			return r;
	}
	if (bx_streq(now, driver))
		return 0;
	if (*now)
		return bx_fail(&work->failure, -EBUSY, BX_ERROR_BIND_FAILED,
			       "%s took the device instead of %s", now, driver);
	return bx_function_fail(work, bound < 0 ? bound : -ENODEV,
				bx_path("%s does not take the device", driver).s);
}

/* Waits until nvme has brought the controller up. */
int bx_function_wait_live(struct bx_work *work)
{
	uint64_t deadline = bx_now_ms() + work->live_timeout_ms;
	const char *address = work->operation.address;
	char driver[BX_NAME_MAX], controller[BX_NAME_MAX], state[BX_NAME_MAX] = "";
	int r;

	for (;;) {
		r = bx_function_driver(work, driver);
		if (r < 0)
			return r;
		if (!bx_streq(driver, BX_NATURAL_DRIVER))
			return bx_fail(
				&work->failure, -EIO, BX_ERROR_BIND_FAILED,
				"nvme let the device go again: the controller does not start");
		r = bx_pci_controller(work->root, address, controller);
		if (r >= 0 && *controller)
			r = bx_root_read(
				work->root,
				bx_path(BX_PCI_DEVICES "/%s/nvme/%s/state", address, controller).s,
				state, sizeof(state));
		if (r >= 0 && bx_streq(state, "live"))
			return 0;
		if (bx_streq(state, "dead") || bx_startswith(state, "deleting"))
			return bx_fail(&work->failure, -EIO, BX_ERROR_BIND_FAILED,
				       "the controller is %s", state);
		if (bx_now_ms() >= deadline)
			return bx_fail(&work->failure, -ETIMEDOUT, BX_ERROR_BIND_FAILED,
				       "the controller is not live after %u s but '%s'",
				       work->live_timeout_ms / 1000, state);
		r = bx_work_pause(work, BX_POLL_MS);
		if (r < 0)
			return r;
	}
}

static int list_blocks(struct bx_work *work, char ***blocks)
{
	const char *address = work->operation.address;
	char controller[BX_NAME_MAX];
	int r;

	r = bx_pci_controller(work->root, address, controller);
	if (r >= 0 && *controller)
		r = bx_nvme_blocks(work->root, address, controller, blocks);
	return r < 0 ? bx_function_fail(work, r, "the namespaces cannot be listed") : 0;
}

/*
 * A live controller has its namespaces looked for in the background. Whoever asked for nvme wants to use a disk next, so the first of
 * them is waited for; a controller that has none costs the whole time, and that is no failure.
 */
static int wait_namespace(struct bx_work *work)
{
	uint64_t deadline = bx_now_ms() + work->namespace_timeout_ms;
	int r;

	for (;;) {
		_cleanup_strv_ char **blocks = NULL;

		r = bx_function_check_present(work);
		if (r >= 0)
			r = list_blocks(work, &blocks);
		if (r < 0 || blocks || bx_now_ms() >= deadline)
			return r;
		r = bx_work_pause(work, BX_POLL_MS);
		if (r < 0)
			return r;
	}
}

/* @driver has the device, or nothing has if it is "". */
int bx_function_verify(struct bx_work *work, const char *driver)
{
	char now[BX_NAME_MAX];
	int r;

	r = bx_function_driver(work, now);
	if (r < 0)
		return r;
	if (!bx_streq(now, driver))
		return bx_fail(&work->failure, -EIO, BX_ERROR_BIND_FAILED,
			       "the device is bound to %s instead of %s", *now ? now : "nothing",
			       *driver ? driver : "nothing");
	if (!bx_streq(driver, BX_NATURAL_DRIVER))
		return 0;
	r = bx_function_wait_live(work);
	return r < 0 ? r : wait_namespace(work);
}

int bx_function_claim(struct bx_work *work)
{
	_cleanup_strv_ char **blocks = NULL;
	int r = list_blocks(work, &blocks);

	return r < 0 ? r : bx_claims_take(&work->claims, work->root, blocks, &work->failure);
}

int bx_function_check_data(struct bx_work *work)
{
	const struct bx_claims *claims = &work->claims;

	if (work->operation.with_data)
		return 0;
	for (size_t i = 0; i < claims->count; i++) {
		char text[64];
		int r = work->find_contents(claims->fds[i], text, sizeof(text));

		if (r < 0)
			snprintf(text, sizeof(text), "perhaps something (%.40s)", strerror(-r));
		if (r)
			return bx_fail(
				&work->failure, -EEXIST, BX_ERROR_DEVICE_HAS_DATA,
				"%s has %s on it, which nothing uses now; --with-data moves it all the same",
				claims->blocks[i], text);
	}
	return 0;
}

/* A namespace may have come since the others were claimed, and nobody knows whether it is in use already. */
int bx_function_check_claimed(struct bx_work *work)
{
	_cleanup_strv_ char **blocks = NULL;
	const char *missing;
	int r;

	r = list_blocks(work, &blocks);
	if (r < 0)
		return r;
	missing = bx_claims_missing(&work->claims, blocks);
	return missing ? bx_fail(&work->failure, -EBUSY, BX_ERROR_DEVICE_BUSY,
				 "%s has just appeared and is not claimed: try again", missing)
		       : 0;
}

/* ---------------------------------------------------------------- users */

static const char *name_of(const struct bx_nodes *nodes, const struct bx_node *number)
{
	const struct bx_node *node =
		bx_nodes_find(nodes, number->block, number->major, number->minor);

	return node ? node->name : "?";
}

/* "/dev/nvme0n1 is open in qemu-system-x86 (pid 812, unit vm.service); ..." */
static int fail_open(struct bx_work *work, const struct bx_nodes *nodes,
		     const struct bx_openers *openers)
{
	_cleanup_strv_ char **users = NULL;
	_cleanup_free_ char *text = NULL;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < openers->count && i < OPENERS_NAMED; i++) {
		const struct bx_opener *opener = &openers->list[i];

		r = bx_strv_addf(&users, "/dev/%s is open in %s (pid %d%s%s)",
				 name_of(nodes, &opener->node), opener->command, (int)opener->pid,
				 *opener->unit ? ", unit " : "", opener->unit);
	}
	if (r >= 0 && openers->count + openers->omitted > OPENERS_NAMED)
		r = bx_strv_addf(&users, "and %zu more",
				 openers->count + openers->omitted - OPENERS_NAMED);
	text = bx_strv_join(users, "; ");
	return bx_fail(&work->failure, -EBUSY, BX_ERROR_DEVICE_BUSY, "%s",
		       text ? text : "a program has it open");
}

/* Who is only looking has closed it in a moment. */
static int check_openers(struct bx_work *work, const struct bx_nodes *nodes)
{
	uint64_t deadline = bx_now_ms() + work->openers_patience_ms;

	for (;;) {
		struct bx_openers openers = { 0 };
		bool last = bx_now_ms() >= deadline;
		int r;

		r = work->find_openers(work->root, nodes, &openers, &work->failure);
		if (r >= 0 && openers.count && last)
			r = fail_open(work, nodes, &openers);
		last = r < 0 || !openers.count;
		bx_openers_done(&openers);
		if (last)
			return r;
		r = bx_work_pause(work, OPENERS_PAUSE_MS);
		if (r < 0)
			return r;
	}
}

static int list_nodes(struct bx_work *work, const char *controller, char *const *blocks,
		      struct bx_nodes *nodes)
{
	int r;

	r = bx_nodes_add_function(nodes, work->root, work->operation.address);
	if (r >= 0 && *controller)
		r = bx_nodes_add_controller(nodes, work->root, work->operation.address, controller);
	for (size_t i = 0; r >= 0 && blocks && blocks[i]; i++) {
		r = bx_nodes_add_disk(nodes, work->root, blocks[i]);
		if (r >= 0)
			r = bx_nodes_add_generic(nodes, work->root, blocks[i]);
	}
	return r < 0 ? bx_function_fail(work, r, "the device nodes cannot be listed") : 0;
}

/* Refused in any case; who it is, if that can be found out. */
static int fail_vfio_group(struct bx_work *work, const char *group)
{
	_cleanup_(bx_nodes_done) struct bx_nodes nodes = { 0 };
	_cleanup_(bx_openers_done) struct bx_openers openers = { 0 };

	if (bx_nodes_add_function(&nodes, work->root, work->operation.address) >= 0 &&
	    work->find_openers(work->root, &nodes, &openers, &work->failure) >= 0 && openers.count)
		return fail_open(work, &nodes, &openers);
	return bx_fail(&work->failure, -EBUSY, BX_ERROR_DEVICE_BUSY,
		       "a program, such as a virtual machine, has VFIO group %s open", group);
}

/* A VFIO group has one user at a time: whoever runs a virtual machine with the device in it has it open. */
static int check_vfio_group(struct bx_work *work, const char *driver)
{
	char group[BX_NAME_MAX];
	int r;

	if (!bx_streq(driver, "vfio-pci"))
		return 0;
	r = bx_root_link_name(work->root, bx_function_attribute(work, "iommu_group").s, group,
			      sizeof(group));
	if (r == -ENOENT || (r >= 0 && !*group))
		return 0;
	if (r < 0)
		return bx_function_fail(work, r, "the IOMMU group cannot be read");
	r = bx_root_open_file(work->root, bx_path("dev/vfio/%s", group).s, O_RDWR);
	if (r >= 0)
		close(r);
	if (r >= 0 || r == -ENOENT)
		return 0;
	if (r == -EBUSY)
		return fail_vfio_group(work, group);
	return bx_function_fail(work, r, bx_path("VFIO group %s cannot be looked at", group).s);
}

/* Nobody uses it of whom a claim knows nothing. */
int bx_function_check_users(struct bx_work *work, const char *driver)
{
	const char *address = work->operation.address;
	_cleanup_strv_ char **blocks = NULL, **users = NULL;
	_cleanup_(bx_nodes_done) struct bx_nodes nodes = { 0 };
	_cleanup_free_ char *text = NULL;
	char controller[BX_NAME_MAX];
	int r;

	r = check_vfio_group(work, driver);
	if (r < 0)
		return r;
	r = bx_pci_controller(work->root, address, controller);
	if (r < 0)
		return r;
	if (*controller)
		r = bx_nvme_blocks(work->root, address, controller, &blocks);
	if (r >= 0)
		r = bx_usage_find_unclaimed(work->root, blocks, controller, &users);
	if (r < 0)
		return bx_function_fail(work, r, "the users of the device cannot be listed");
	if (users) {
		text = bx_strv_join(users, "; ");
		return bx_fail(&work->failure, -EBUSY, BX_ERROR_DEVICE_BUSY, "%s",
			       text ? text : "");
	}
	r = list_nodes(work, controller, blocks, &nodes);
	return r < 0 || !nodes.count ? r : check_openers(work, &nodes);
}
