// SPDX-License-Identifier: GPL-2.0-or-later
/* Which modules bxd is for, and how they are; see module.h. */
#include "daemon/module.h"
#include "daemon/util.h"

const char *const bx_module_names[] = { "bx_emu", "bx_nvme",  "nvme_ring_io",
					"nvme",	  "vfio-pci", NULL };

bool bx_module_same_name(const char *a, const char *b, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if ((a[i] == '-' ? '_' : a[i]) != (b[i] == '-' ? '_' : b[i]))
			return false;
	return true;
}

const char *bx_module_find(const char *name)
{
	for (size_t i = 0; bx_module_names[i]; i++)
		if (strlen(name) == strlen(bx_module_names[i]) &&
		    bx_module_same_name(name, bx_module_names[i], strlen(name)))
			return bx_module_names[i];
	return NULL;
}

/* From sysfs alone, since the files of modules are hidden from bxd. */
int bx_module_state(struct bx_root *root, const char *name, char *text, size_t size)
{
	_cleanup_strv_ char **holders = NULL;
	_cleanup_free_ char *joined = NULL;
	char folder[BX_MODULE_NAME_MAX] = "";
	int r;

	bx_copy(folder, sizeof(folder), name);
	for (char *p = folder; *p; p++)
		*p = *p == '-' ? '_' : *p;
	if (!bx_root_exists(root, bx_path("sys/module/%s", folder).s)) {
		snprintf(text, size, "not loaded");
		return 0;
	}
	if (!bx_root_exists(root, bx_path("sys/module/%s/initstate", folder).s)) {
		snprintf(text, size, "built in");
		return 0;
	}
	r = bx_root_list(root, bx_path("sys/module/%s/holders", folder).s, &holders);
	if (r < 0 && r != -ENOENT)
		return r;
	joined = bx_strv_join(holders, ", ");
	if (!joined)
		return -ENOMEM;
	snprintf(text, size, "loaded%s%s", *joined ? ", used by " : "", joined);
	return 0;
}
