// SPDX-License-Identifier: GPL-2.0-or-later
/* Loading modules; see module.h. */
#include "daemon/module.h"
#include "daemon/pci.h"
#include "daemon/util.h"

#include <libkmod.h>

BX_DEFINE_CLEANUP(struct kmod_ctx *, kmod_unref)
BX_DEFINE_CLEANUP(struct kmod_list *, kmod_module_unref_list)
BX_DEFINE_CLEANUP(struct kmod_module *, kmod_module_unref)

static int fail_load(const char *name, int r, struct bx_failure *failure)
{
	const char *why;

	switch (-r) {
	case ENOENT:
		why = "it or something that it needs lacks a symbol";
		break;
	case ENOEXEC:
		why = "it was built for another kernel";
		break;
	case ENOKEY:
	case EKEYREJECTED:
		why = "its signature is missing or not trusted";
		break;
	case EPERM:
		why = "not permitted; is the kernel locked down?";
		break;
	default:
		why = strerror(-r);
	}
	return bx_fail(failure, r, BX_ERROR_MODULE_REJECTED, "module %s cannot be loaded: %s", name,
		       why);
}

/* Whatever modprobe.d says to run in place of loading this module, or one that it needs. */
static int refuse_command(struct kmod_module *module, const char *command, void *userdata)
{
	struct bx_failure *failure = userdata;

	return bx_fail(failure, -EPERM, BX_ERROR_MODULE_REJECTED,
		       "module %s has an install command in modprobe.d, and bxd runs no commands: "
		       "load it by hand",
		       kmod_module_get_name(module));
}

static int load_one(struct kmod_module *module, struct bx_failure *failure)
{
	int r;

	failure->error = BX_ERROR_NONE;
	r = kmod_module_probe_insert_module(module, 0, NULL, refuse_command, failure, NULL);
	if (r >= 0 || failure->error != BX_ERROR_NONE)
		return r;
	return fail_load(kmod_module_get_name(module), r, failure);
}

int bx_module_load(const char *driver, struct bx_failure *failure)
{
	_cleanup_(kmod_unrefp) struct kmod_ctx *kmod = kmod_new(NULL, NULL);
	_cleanup_(kmod_module_unref_listp) struct kmod_list *list = NULL;
	struct kmod_list *item;
	int r;

	if (!kmod)
		return bx_fail(failure, -ENOMEM, BX_ERROR_INTERNAL, "libkmod cannot be used");
	r = kmod_module_new_from_lookup(kmod, driver, &list);
	if (r < 0 || !list)
		return bx_fail(failure, -ENOENT, BX_ERROR_DRIVER_NOT_FOUND,
			       "there is no PCI driver and no module named %s", driver);
	/* Known by now, but not loaded for nothing. */
	if (!bx_driver_suitable(driver))
		return bx_fail_unsuitable(driver, failure);
	kmod_list_foreach(item, list)
	{
		_cleanup_(kmod_module_unrefp) struct kmod_module *module =
			kmod_module_get_module(item);

		r = load_one(module, failure);
		if (r < 0)
			return r;
	}
	return 0;
}
