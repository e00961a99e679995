// SPDX-License-Identifier: GPL-2.0-or-later
/* Device nodes by their numbers; see nodes.h. */
#include "daemon/nodes.h"

/* So many are made of digits that fit: more than any kernel's minor number has. */
#define DIGITS_MAX 9

static bool take_number(const char **s, unsigned int *ret)
{
	size_t n = strspn(*s, "0123456789");

	if (!n || n > DIGITS_MAX)
		return false;
	*ret = strtoul(*s, NULL, 10);
	*s += n;
	return true;
}

bool bx_node_number(const char *text, unsigned int *major, unsigned int *minor)
{
	return take_number(&text, major) && *text++ == ':' && take_number(&text, minor) && !*text;
}

int bx_nodes_add(struct bx_nodes *nodes, struct bx_root *root, const char *name, bool block,
		 const char *attribute)
{
	struct bx_node node = { .block = block }, *grown;
	char number[32];
	int r;

	r = bx_copy(node.name, sizeof(node.name), name);
	if (r < 0)
		return r;
	r = bx_root_read(root, attribute, number, sizeof(number));
	if (r < 0)
		return r == -ENOENT || r == -ENODEV ? 0 : r;
	if (!bx_node_number(number, &node.major, &node.minor))
		return -EBADMSG;
	grown = reallocarray(nodes->list, nodes->count + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	grown[nodes->count++] = node;
	nodes->list = grown;
	return 0;
}

static int add_block(struct bx_nodes *nodes, struct bx_root *root, const char *name)
{
	return bx_nodes_add(nodes, root, name, true, bx_path("sys/class/block/%s/dev", name).s);
}

int bx_nodes_add_disk(struct bx_nodes *nodes, struct bx_root *root, const char *disk)
{
	_cleanup_strv_ char **entries = NULL;
	int r;

	r = add_block(nodes, root, disk);
	if (r >= 0)
		r = bx_root_list(root, bx_path("sys/class/block/%s", disk).s, &entries);
	if (r < 0)
		return r == -ENOENT || r == -ENODEV ? 0 : r;
	for (size_t i = 0; r >= 0 && entries && entries[i]; i++)
		if (bx_startswith(entries[i], disk) &&
		    bx_root_exists(root, bx_path("sys/class/block/%s/partition", entries[i]).s))
			r = add_block(nodes, root, entries[i]);
	return r;
}

int bx_nodes_add_generic(struct bx_nodes *nodes, struct bx_root *root, const char *disk)
{
	struct bx_path name = bx_path("ng%s", disk + strlen("nvme"));

	return bx_nodes_add(nodes, root, name.s, false,
			    bx_path("sys/class/nvme-generic/%s/dev", name.s).s);
}

int bx_nodes_add_controller(struct bx_nodes *nodes, struct bx_root *root, const char *address,
			    const char *controller)
{
	return bx_nodes_add(nodes, root, controller, false,
			    bx_path(BX_PCI_DEVICES "/%s/nvme/%s/dev", address, controller).s);
}

/* @class is a folder of the function with a device in it for each node, which is below /dev by that name and @prefix. */
static int add_class(struct bx_nodes *nodes, struct bx_root *root, const char *address,
		     const char *class, const char *prefix)
{
	struct bx_path folder = bx_path(BX_PCI_DEVICES "/%s/%s", address, class);
	_cleanup_strv_ char **devices = NULL;
	int r;

	r = bx_root_list(root, folder.s, &devices);
	for (size_t i = 0; r >= 0 && devices && devices[i]; i++)
		r = bx_nodes_add(nodes, root, bx_path("%s%s", prefix, devices[i]).s, false,
				 bx_path("%s/%s/dev", folder.s, devices[i]).s);
	return r == -ENOENT || r == -ENODEV ? 0 : r;
}

int bx_nodes_add_function(struct bx_nodes *nodes, struct bx_root *root, const char *address)
{
	char group[BX_NAME_MAX];
	int r;

	r = add_class(nodes, root, address, "uio", "");
	if (r >= 0)
		r = add_class(nodes, root, address, "vfio-dev", "vfio/devices/");
	if (r < 0)
		return r;
	r = bx_root_link_name(root, bx_path(BX_PCI_DEVICES "/%s/iommu_group", address).s, group,
			      sizeof(group));
	if (r < 0 || !*group)
		return r == -ENOENT ? 0 : r;
	r = bx_nodes_add(nodes, root, bx_path("vfio/%s", group).s, false,
			 bx_path("sys/class/vfio/%s/dev", group).s);
	if (r >= 0)
		r = bx_nodes_add(nodes, root, bx_path("vfio/noiommu-%s", group).s, false,
				 bx_path("sys/class/vfio/noiommu-%s/dev", group).s);
	return r;
}

const struct bx_node *bx_nodes_find(const struct bx_nodes *nodes, bool block, unsigned int major,
				    unsigned int minor)
{
	for (size_t i = 0; i < nodes->count; i++)
		if (nodes->list[i].block == block && nodes->list[i].major == major &&
		    nodes->list[i].minor == minor)
			return &nodes->list[i];
	return NULL;
}

void bx_nodes_done(struct bx_nodes *nodes)
{
	free(nodes->list);
	*nodes = (struct bx_nodes){ 0 };
}
