// SPDX-License-Identifier: GPL-2.0-or-later
/* Reads NVMe PCI functions from sysfs; see pci.h. */
#include "daemon/pci.h"
#include "daemon/util.h"

#include <ctype.h>

static bool hex_run(const char **s, size_t min, size_t max)
{
	size_t n = 0;

	while (n < max && ((**s >= '0' && **s <= '9') || (**s >= 'a' && **s <= 'f'))) {
		(*s)++;
		n++;
	}
	return n >= min;
}

static bool skip(const char **s, char c)
{
	if (**s != c)
		return false;
	(*s)++;
	return true;
}

bool bx_pci_address_valid(const char *s)
{
	if (!hex_run(&s, 4, 8) || !skip(&s, ':') || !hex_run(&s, 2, 2) || !skip(&s, ':') ||
	    !hex_run(&s, 2, 2) || !skip(&s, '.'))
		return false;
	return *s >= '0' && *s <= '7' && !s[1];
}

bool bx_driver_name_valid(const char *s)
{
	size_t n = strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");

	return n > 0 && n <= 55 && !s[n] && *s != '-';
}

const char *const bx_suitable_drivers[] = {
	BX_NATURAL_DRIVER, BX_OWN_DRIVER, "vfio-pci", "pci-stub", "pciback", NULL,
};

bool bx_driver_suitable(const char *driver)
{
	for (size_t i = 0; bx_suitable_drivers[i]; i++)
		if (bx_streq(driver, bx_suitable_drivers[i]))
			return true;
	return false;
}

int bx_fail_unsuitable(const char *driver, struct bx_failure *failure)
{
	char names[128] = "";
	size_t used = 0;

	for (size_t i = 0; bx_suitable_drivers[i]; i++)
		used += snprintf(names + used, sizeof(names) - used, "%s%s", i ? ", " : "",
				 bx_suitable_drivers[i]);
	return bx_fail(failure, -EOPNOTSUPP, BX_ERROR_DRIVER_UNSUITABLE,
		       "%s is not made for NVMe devices; those that are: %s", driver, names);
}

int bx_pci_slot_from_link(const char *link, char *slot, size_t size)
{
	const char *p = strstr(link, "devices/pci");
	size_t n;

	*slot = 0;
	if (!p)
		return -EINVAL;
	p += strlen("devices/pci");
	n = strcspn(p, "/");
	if (!n || n >= size)
		return -EINVAL;
	memcpy(slot, p, n);
	slot[n] = 0;
	for (p += n; *p == '/'; p += strcspn(p, "/")) {
		char component[BX_ADDRESS_MAX];
		size_t length = strcspn(++p, "/");

		if (length >= sizeof(component))
			return -EINVAL;
		memcpy(component, p, length);
		component[length] = 0;
		/* A host bridge with a domain of its own (VMD) puts its pciDDDD:BB in between. */
		if (bx_startswith(component, "pci"))
			continue;
		if (!bx_pci_address_valid(component))
			return -EINVAL;
		if (n + 6 > size)
			return -ENAMETOOLONG;
		n += sprintf(slot + n, "-%s", component + length - 4);
	}
	return strchr(slot, '-') ? 0 : -EINVAL;
}

int bx_pci_address_in_path(const char *path, char address[static BX_ADDRESS_MAX])
{
	int r = -ENOENT;

	for (const char *p = path; *p;) {
		size_t n = strcspn(p, "/");
		char component[BX_ADDRESS_MAX];

		if (n > 0 && n < sizeof(component)) {
			memcpy(component, p, n);
			component[n] = 0;
			if (bx_pci_address_valid(component))
				r = bx_copy(address, BX_ADDRESS_MAX, component);
		}
		p += n;
		p += strspn(p, "/");
	}
	return r;
}

static long read_number(struct bx_root *root, const char *path, long otherwise)
{
	char text[32], *end;
	long n;

	if (bx_root_read(root, path, text, sizeof(text)) <= 0)
		return otherwise;
	errno = 0;
	n = strtol(text, &end, 0);
	return errno || end == text || *end ? otherwise : n;
}

int bx_pci_is_nvme(struct bx_root *root, const char *address)
{
	return read_number(root, bx_path(BX_PCI_DEVICES "/%s/class", address).s, 0) ==
	       BX_PCI_CLASS_NVME;
}

int bx_pci_driver(struct bx_root *root, const char *address, char driver[static BX_NAME_MAX])
{
	return bx_root_link_name(root, bx_path(BX_PCI_DEVICES "/%s/driver", address).s, driver,
				 BX_NAME_MAX);
}

int bx_pci_override(struct bx_root *root, const char *address, char name[static BX_NAME_MAX])
{
	int r = bx_root_read(root, bx_path(BX_PCI_DEVICES "/%s/driver_override", address).s, name,
			     BX_NAME_MAX);

	if (r > 0 && bx_streq(name, "(null)"))
		*name = 0;
	return r < 0 ? r : 0;
}

int bx_pci_controller(struct bx_root *root, const char *address, char name[static BX_NAME_MAX])
{
	_cleanup_strv_ char **names = NULL;
	int r;

	*name = 0;
	r = bx_root_list(root, bx_path(BX_PCI_DEVICES "/%s/nvme", address).s, &names);
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return r;
	for (size_t i = 0; names && names[i]; i++)
		if (bx_startswith(names[i], "nvme"))
			return bx_copy(name, BX_NAME_MAX, names[i]);
	return 0;
}

static bool take_number(const char **s, unsigned long *ret)
{
	char *end;

	if (!isdigit((unsigned char)**s))
		return false;
	*ret = strtoul(*s, &end, 10);
	*s = end;
	return true;
}

int bx_nvme_disk_of(const char *name, char *disk, size_t size)
{
	unsigned long subsystem, controller, number;

	*disk = 0;
	if (!bx_startswith(name, "nvme"))
		return 0;
	name += strlen("nvme");
	if (!take_number(&name, &subsystem))
		return 0;
	if (skip(&name, 'c') && !take_number(&name, &controller))
		return 0;
	if (!skip(&name, 'n') || !take_number(&name, &number) || *name)
		return 0;
	return snprintf(disk, size, "nvme%lun%lu", subsystem, number) < (int)size ? 1 : 0;
}

int bx_nvme_blocks(struct bx_root *root, const char *address, const char *controller, char ***ret)
{
	_cleanup_strv_ char **names = NULL, **blocks = NULL;
	int r;

	r = bx_root_list(root, bx_path(BX_PCI_DEVICES "/%s/nvme/%s", address, controller).s,
			 &names);
	if (r < 0)
		return r;
	for (size_t i = 0; names && names[i]; i++) {
		char disk[BX_NAME_MAX];

		if (!bx_nvme_disk_of(names[i], disk, sizeof(disk)))
			continue;
		r = bx_strv_addf(&blocks, "%s", disk);
		if (r < 0)
			return r;
	}
	bx_strv_sort(blocks);
	*ret = blocks;
	blocks = NULL;
	return 0;
}

/* What the kernel prints for a string that it does not have yet is not a value. */
static bool is_placeholder(const char *value)
{
	return bx_streq(value, "(efault)") || bx_streq(value, "(null)") ||
	       bx_streq(value, "(einval)");
}

static int read_controller(struct bx_root *root, struct bx_pci *pci)
{
	static const struct {
		const char *attribute;
		size_t offset, size;
	} attributes[] = {
		{ "state", offsetof(struct bx_pci, controller_state), BX_NAME_MAX },
		{ "serial", offsetof(struct bx_pci, serial), BX_SERIAL_MAX },
		{ "model", offsetof(struct bx_pci, model), BX_MODEL_MAX },
		{ "firmware_rev", offsetof(struct bx_pci, firmware), BX_SERIAL_MAX },
		{ "subsysnqn", offsetof(struct bx_pci, nqn), BX_NQN_MAX },
	};
	int r;

	r = bx_pci_controller(root, pci->address, pci->controller);
	if (r < 0 || !*pci->controller)
		return r;
	/* An attribute that cannot be read is empty: the controller may be on its way in or out. */
	for (size_t i = 0; i < ARRAY_SIZE(attributes); i++) {
		char *value = (char *)pci + attributes[i].offset;

		bx_root_read(root,
			     bx_path(BX_PCI_DEVICES "/%s/nvme/%s/%s", pci->address, pci->controller,
				     attributes[i].attribute)
				     .s,
			     value, attributes[i].size);
		bx_clean_text(value);
		if (is_placeholder(value))
			*value = 0;
	}
	bx_nvme_blocks(root, pci->address, pci->controller, &pci->blocks);
	return 0;
}

int bx_pci_read(struct bx_root *root, const char *address, struct bx_pci *pci)
{
	char link[512], group[16];
	int r;

	*pci = (struct bx_pci){ .numa_node = -1, .iommu_group = -1 };
	r = bx_copy(pci->address, sizeof(pci->address), address);
	if (r < 0)
		return r;
	r = bx_root_inode(root, bx_path(BX_PCI_DEVICES "/%s/.", address).s, &pci->inode);
	if (r < 0)
		return -ENODEV;
	r = bx_root_readlink(root, bx_path(BX_PCI_DEVICES "/%s", address).s, link, sizeof(link));
	if (r < 0)
		return -ENODEV;
	r = bx_pci_slot_from_link(link, pci->slot, sizeof(pci->slot));
	if (r < 0)
		bx_copy(pci->slot, sizeof(pci->slot), address);
	r = bx_pci_driver(root, address, pci->driver);
	if (r < 0)
		return r;
	pci->vendor = read_number(root, bx_path(BX_PCI_DEVICES "/%s/vendor", address).s, 0);
	pci->device = read_number(root, bx_path(BX_PCI_DEVICES "/%s/device", address).s, 0);
	pci->numa_node = read_number(root, bx_path(BX_PCI_DEVICES "/%s/numa_node", address).s, -1);
	r = bx_root_link_name(root, bx_path(BX_PCI_DEVICES "/%s/iommu_group", address).s, group,
			      sizeof(group));
	if (r >= 0 && *group)
		pci->iommu_group = atoi(group);
	if (bx_streq(pci->driver, BX_NATURAL_DRIVER))
		read_controller(root, pci);
	/* Gone while it was read: say so instead of showing a device without a driver. */
	if (!bx_root_exists(root, bx_path(BX_PCI_DEVICES "/%s", address).s)) {
		bx_pci_done(pci);
		return -ENODEV;
	}
	return 0;
}

void bx_pci_done(struct bx_pci *pci)
{
	bx_strv_free(pci->blocks);
	pci->blocks = NULL;
}
