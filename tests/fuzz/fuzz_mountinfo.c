// SPDX-License-Identifier: GPL-2.0-or-later
/* The parsers of the kernel's mount tables, and of the remembered identities. */
#include "daemon/identity.h"
#include "daemon/mountinfo.h"
#include "daemon/util.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int found_mount(const struct bx_mount *mount, void *userdata)
{
	assert(strnlen(mount->mount_point, sizeof(mount->mount_point)) <
	       sizeof(mount->mount_point));
	assert(strnlen(mount->type, sizeof(mount->type)) < sizeof(mount->type));
	return 0;
}

static int found_swap(const char *path, void *userdata)
{
	assert(*path);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = malloc(size + 1);
	struct bx_identities identities = { 0 };
	size_t bad;

	memcpy(text, data, size);
	text[size] = 0;
	bx_mountinfo_parse(text, found_mount, NULL, &bad);
	bx_swaps_parse(text, found_swap, NULL);
	bx_identities_parse(&identities, text);
	for (size_t i = 0; i < identities.count; i++)
		assert(bx_pci_address_valid(identities.list[i].address));
	bx_identities_done(&identities);
	return 0;
}
