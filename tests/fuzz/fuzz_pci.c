// SPDX-License-Identifier: GPL-2.0-or-later
/* The small parsers of PCI and NVMe names, and the cleaning of text. */
#include "daemon/pci.h"
#include "daemon/util.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = malloc(size + 1);
	char slot[BX_SLOT_MAX], address[BX_ADDRESS_MAX], disk[BX_NAME_MAX];
	_cleanup_free_ char *once = NULL;

	memcpy(text, data, size);
	text[size] = 0;
	if (bx_pci_slot_from_link(text, slot, sizeof(slot)) == 0)
		assert(strlen(slot) < sizeof(slot));
	if (bx_pci_address_in_path(text, address) == 0)
		assert(bx_pci_address_valid(address));
	if (bx_nvme_disk_of(text, disk, sizeof(disk)))
		assert(bx_nvme_disk_of(disk, address, sizeof(address)) ||
		       strlen(disk) >= sizeof(address));
	if (bx_driver_name_valid(text))
		assert(!strchr(text, '/') && !strchr(text, '.'));
	bx_clean_text(text);
	once = strdup(text);
	assert(bx_streq(bx_clean_text(text), once));
	return 0;
}
