// SPDX-License-Identifier: GPL-2.0-or-later
/* bx_emu's devices in configfs; see emulated.h. */
#include "daemon/emulated.h"
#include "daemon/util.h"

static void read_one(struct bx_root *root, const char *name, struct bx_emulated *emulated)
{
	char power[4];

	bx_copy(emulated->name, sizeof(emulated->name), name);
	if (bx_root_read(root, bx_path(BX_EMULATED_DIR "/%s/power", name).s, power, sizeof(power)) <
	    0)
		return;
	emulated->on = bx_streq(power, "1");
	if (bx_root_read(root, bx_path(BX_EMULATED_DIR "/%s/address", name).s, emulated->address,
			 sizeof(emulated->address)) < 0 ||
	    !bx_pci_address_valid(emulated->address))
		*emulated->address = 0;
}

int bx_emulated_list(struct bx_root *root, struct bx_emulated **ret)
{
	_cleanup_strv_ char **names = NULL;
	struct bx_emulated *list;
	int r, n = 0;

	*ret = NULL;
	r = bx_root_list(root, BX_EMULATED_DIR, &names);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	list = calloc(bx_strv_length(names) + 1, sizeof(*list));
	if (!list)
		return -ENOMEM;
	for (size_t i = 0; names && names[i]; i++)
		/* A name of anybody's choice that cannot be an Id of ours is still a PCI function like any other. */
		if (bx_emulated_name_valid(names[i]))
			read_one(root, names[i], &list[n++]);
	*ret = list;
	return n;
}
