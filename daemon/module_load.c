// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Loading and unloading modules; see module.h. Only the worker has it: what libkmod brings with it, above all the
 * cryptography for signatures, would be the half of bxd's memory and of the time that it takes to start.
 */
#include "daemon/kernel_log.h"
#include "daemon/module.h"
#include "daemon/pci.h"
#include "daemon/util.h"

#include <fcntl.h>
#include <libkmod.h>

BX_DEFINE_CLEANUP(struct kmod_ctx *, kmod_unref)
BX_DEFINE_CLEANUP(struct kmod_list *, kmod_module_unref_list)
BX_DEFINE_CLEANUP(struct kmod_list *, kmod_module_info_free_list)
BX_DEFINE_CLEANUP(struct kmod_module *, kmod_module_unref)

/* ---------------------------------------------------------------- why not */

static const struct {
	int r;
	enum bx_error error;
	const char *why;
} reasons[] = {
	{ -ENOENT, BX_ERROR_MODULE_LACKS_SYMBOL, "it or something that it needs lacks a symbol" },
	{ -ENOEXEC, BX_ERROR_MODULE_FOR_OTHER_KERNEL, "it was built for another kernel" },
	{ -ENOKEY, BX_ERROR_MODULE_NOT_SIGNED, "its signature is missing or not trusted" },
	{ -EKEYREJECTED, BX_ERROR_MODULE_NOT_SIGNED, "its signature is missing or not trusted" },
	{ -EBADMSG, BX_ERROR_MODULE_NOT_SIGNED, "its signature is damaged" },
	{ -EPERM, BX_ERROR_LOCKED_DOWN, "the kernel is locked down, or takes no modules any more" },
	{ -EINVAL, BX_ERROR_MODULE_PARAMETER, "it does not take what a parameter says" },
	{ -ERANGE, BX_ERROR_MODULE_PARAMETER, "a parameter is out of range" },
};

static int fail_load(const char *name, int r, const char *parameters, int log,
		     struct bx_failure *failure)
{
	struct bx_path begin = bx_path("%s: ", name);
	const char *const begins[] = { begin.s, "Loading of ", "Lockdown: ", "module: ", NULL };
	enum bx_error error = BX_ERROR_MODULE_REJECTED;
	const char *why = strerror(-r);
	char said[256];

	for (size_t i = 0; i < ARRAY_SIZE(reasons); i++) {
		/* Without parameters it is the module itself that finds something invalid. */
		if (reasons[i].r != r ||
		    (reasons[i].error == BX_ERROR_MODULE_PARAMETER && !*parameters))
			continue;
		error = reasons[i].error;
		why = reasons[i].why;
	}
	bx_kernel_log_said(log, begins, said, sizeof(said));
	return bx_fail(failure, r, error, "module %s cannot be loaded: %s%s%s", name, why,
		       *said ? "; the kernel says: " : "", said);
}

/* Whatever modprobe.d says to run in place of loading this module, or one that it needs. */
static int refuse_command(struct kmod_module *module, const char *command, void *userdata)
{
	struct bx_failure *failure = userdata;

	return bx_fail(
		failure, -EPERM, BX_ERROR_MODULE_REJECTED,
		"module %s has an install command in modprobe.d, and bxd runs no commands: load it by hand",
		kmod_module_get_name(module));
}

/* ---------------------------------------------------------------- parameters */

static bool has_parameter(struct kmod_list *info, const char *name, size_t length)
{
	struct kmod_list *item;

	kmod_list_foreach(item, info)
	{
		const char *key = kmod_module_info_get_key(item),
			   *value = kmod_module_info_get_value(item);
		size_t n = strcspn(value, ":");

		if (bx_streq(key, "parmtype") && n == length &&
		    bx_module_same_name(name, value, length))
			return true;
	}
	return false;
}

static int check_parameters(struct kmod_module *module, const char *parameters,
			    struct bx_failure *failure)
{
	_cleanup_(kmod_module_info_free_listp) struct kmod_list *info = NULL;
	int r;

	if (!*parameters)
		return 0;
	r = kmod_module_get_info(module, &info);
	if (r < 0)
		return bx_fail(failure, r, BX_ERROR_MODULE_REJECTED,
			       "what parameters %s has cannot be read: %s",
			       kmod_module_get_name(module), strerror(-r));
	for (const char *p = parameters; *p;) {
		size_t n = strcspn(p, " ");

		if (!has_parameter(info, p, strcspn(p, "= ")))
			return bx_fail(failure, -EINVAL, BX_ERROR_MODULE_PARAMETER,
				       "module %s has no parameter '%.*s'",
				       kmod_module_get_name(module), (int)strcspn(p, "= "), p);
		p += n;
		p += strspn(p, " ");
	}
	return 0;
}

/* ---------------------------------------------------------------- loading */

/* libkmod gives the function that it tells of each module nothing to tell it by. */
static struct {
	struct bx_root *root;
	struct bx_failure *failure;
	bool any;
	int r;
} listing;

static void list_module(struct kmod_module *module, bool install, const char *options)
{
	listing.any = true;
	if (listing.r < 0)
		return;
	if (install)
		listing.r = refuse_command(module, options, listing.failure);
	else
		listing.r = bx_root_change(listing.root, BX_CHANGE_LOAD,
					   kmod_module_get_name(module), options ?: "");
}

/* Whoever watches is told of all that would be loaded, in that order: 1 if that is all there is to do. */
static int list_modules(struct bx_root *root, struct kmod_module *module, const char *parameters,
			struct bx_failure *failure)
{
	int r;

	listing.root = root;
	listing.failure = failure;
	listing.any = false;
	listing.r = 0;
	r = kmod_module_probe_insert_module(module, KMOD_PROBE_DRY_RUN, parameters, NULL, NULL,
					    list_module);
	if (r < 0 || listing.r)
		return r < 0 ? r : listing.r;
	return !listing.any;
}

static int load_one(struct bx_root *root, struct kmod_module *module, const char *parameters,
		    struct bx_failure *failure)
{
	_cleanup_close_ int log = -1;
	int r;

	r = kmod_module_get_initstate(module);
	if (r == KMOD_MODULE_LIVE || r == KMOD_MODULE_BUILTIN) {
		if (!*parameters)
			return 0;
		return bx_fail(
			failure, -EBUSY, BX_ERROR_WRONG_STATE,
			"module %s is loaded already, and parameters only count when it is: unload it first",
			kmod_module_get_name(module));
	}
	r = check_parameters(module, parameters, failure);
	if (r < 0)
		return r;
	log = bx_kernel_log_open(root);
	failure->error = BX_ERROR_NONE;
	r = root->watch ? list_modules(root, module, parameters, failure) : 0;
	if (r)
		return r < 0 && failure->error == BX_ERROR_NONE
			       ? fail_load(kmod_module_get_name(module), r, parameters, log,
					   failure)
		       : r < 0 ? r
			       : 0;
	r = kmod_module_probe_insert_module(module, 0, parameters, refuse_command, failure, NULL);
	if (r >= 0 || failure->error != BX_ERROR_NONE)
		return r;
	return fail_load(kmod_module_get_name(module), r, parameters, log, failure);
}

static int find(struct kmod_ctx *kmod, const char *name, struct kmod_list **ret,
		struct bx_failure *failure)
{
	int r;

	if (!kmod)
		return bx_fail(failure, -ENOMEM, BX_ERROR_INTERNAL, "libkmod cannot be used");
	r = kmod_module_new_from_lookup(kmod, name, ret);
	if (r >= 0 && *ret)
		return 0;
	return bx_fail(
		failure, -ENOENT, BX_ERROR_MODULE_NOT_FOUND,
		"there is no module %s for this kernel; one that is built here wants the kernel's headers",
		name);
}

static int load_all(struct bx_root *root, struct kmod_list *list, const char *parameters,
		    struct bx_failure *failure)
{
	struct kmod_list *item;

	kmod_list_foreach(item, list)
	{
		_cleanup_(kmod_module_unrefp) struct kmod_module *module =
			kmod_module_get_module(item);
		int r = load_one(root, module, parameters, failure);

		if (r < 0)
			return r;
	}
	return 0;
}

int bx_driver_load(struct bx_root *root, const char *driver, struct bx_failure *failure)
{
	_cleanup_(kmod_unrefp) struct kmod_ctx *kmod = kmod_new(NULL, NULL);
	_cleanup_(kmod_module_unref_listp) struct kmod_list *list = NULL;

	if (find(kmod, driver, &list, failure) < 0)
		return bx_fail(failure, -ENOENT, BX_ERROR_DRIVER_NOT_FOUND,
			       "there is no PCI driver and no module named %s", driver);
	/* Known by now, but not loaded for nothing. */
	if (!bx_driver_suitable(driver))
		return bx_fail_unsuitable(driver, failure);
	return load_all(root, list, "", failure);
}

int bx_module_load(struct bx_root *root, const char *name, const char *parameters,
		   struct bx_failure *failure)
{
	_cleanup_(kmod_unrefp) struct kmod_ctx *kmod = kmod_new(NULL, NULL);
	_cleanup_(kmod_module_unref_listp) struct kmod_list *list = NULL;
	int r;

	r = find(kmod, name, &list, failure);
	return r < 0 ? r : load_all(root, list, parameters, failure);
}

/* ---------------------------------------------------------------- unloading */

/* "a, b"; "" if no module holds it. */
static void name_holders(struct kmod_module *module, char *text, size_t size)
{
	_cleanup_(kmod_module_unref_listp) struct kmod_list *holders =
		kmod_module_get_holders(module);
	struct kmod_list *item;
	size_t n = 0;

	*text = 0;
	kmod_list_foreach(item, holders)
	{
		_cleanup_(kmod_module_unrefp) struct kmod_module *holder =
			kmod_module_get_module(item);

		if (n < size)
			n += snprintf(text + n, size - n, "%s%s", n ? ", " : "",
				      kmod_module_get_name(holder));
	}
}

static int fail_in_use(struct kmod_module *module, struct bx_failure *failure)
{
	const char *name = kmod_module_get_name(module);
	int users = kmod_module_get_refcnt(module);
	char holders[256];

	name_holders(module, holders, sizeof(holders));
	if (*holders)
		return bx_fail(failure, -EBUSY, BX_ERROR_MODULE_IN_USE, "module %s is used by %s",
			       name, holders);
	return bx_fail(failure, -EBUSY, BX_ERROR_MODULE_IN_USE,
		       "module %s has %d users that are no modules%s", name, users,
		       bx_streq(name, "bx_emu") ? ": emulated devices, which `bxctl list` shows"
						: "");
}

/* Devices that a driver has do not count as users to the kernel, and would lose it without a word. */
static int check_devices(struct bx_root *root, const char *name, struct bx_failure *failure)
{
	_cleanup_strv_ char **entries = NULL, **devices = NULL;
	_cleanup_free_ char *joined = NULL;
	int r;

	r = bx_root_list(root, bx_path(BX_PCI_DRIVERS "/%s", name).s, &entries);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	for (size_t i = 0; r >= 0 && entries && entries[i]; i++)
		if (bx_pci_address_valid(entries[i]))
			r = bx_strv_addf(&devices, "%s", entries[i]);
	if (r < 0 || !devices)
		return r;
	joined = bx_strv_join(devices, ", ");
	return bx_fail(failure, -EBUSY, BX_ERROR_MODULE_IN_USE,
		       "module %s drives %s: unbind them first", name, joined ? joined : "devices");
}

int bx_module_unload(struct bx_root *root, const char *name, struct bx_failure *failure)
{
	_cleanup_(kmod_unrefp) struct kmod_ctx *kmod = kmod_new(NULL, NULL);
	_cleanup_(kmod_module_unrefp) struct kmod_module *module = NULL;
	int r;

	if (!kmod || kmod_module_new_from_name(kmod, name, &module) < 0)
		return bx_fail(failure, -ENOMEM, BX_ERROR_INTERNAL, "libkmod cannot be used");
	r = kmod_module_get_initstate(module);
	if (r == KMOD_MODULE_BUILTIN)
		return bx_fail(failure, -EBUSY, BX_ERROR_WRONG_STATE,
			       "module %s is built into the kernel", name);
	if (r < 0)
		return 0;
	r = check_devices(root, name, failure);
	if (r < 0)
		return r;
	if (kmod_module_get_refcnt(module) > 0)
		return fail_in_use(module, failure);
	r = kmod_module_remove_module(module, O_NONBLOCK);
	if (r == -EAGAIN || r == -EWOULDBLOCK || r == -EBUSY)
		return fail_in_use(module, failure);
	if (r < 0 && r != -ENOENT)
		return bx_fail(failure, r,
			       r == -EPERM ? BX_ERROR_LOCKED_DOWN : BX_ERROR_MODULE_REJECTED,
			       "module %s cannot be unloaded: %s", name, strerror(-r));
	return 0;
}
