/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The device nodes of an NVMe function by their numbers, which are the same under whatever name and in whatever container. */
#ifndef BX_DAEMON_NODES_H
#define BX_DAEMON_NODES_H

#include "daemon/pci.h"
#include "daemon/root.h"
#include "daemon/util.h"

struct bx_node {
	char name[BX_NAME_MAX]; /* below /dev, for people; "" where only the number is known */
	bool block; /* or a character device */
	unsigned int major, minor;
};

struct bx_nodes {
	struct bx_node *list;
	size_t count;
};

/*
 * These add what has a node, and leave out what has none or has just left. Nothing else is left out: a negative errno says that
 * the nodes are not all known.
 */

/* A whole namespace, and its partitions. */
int bx_nodes_add_disk(struct bx_nodes *nodes, struct bx_root *root, const char *disk);
/* The character device of a namespace: ng0n1 is that of nvme0n1. */
int bx_nodes_add_generic(struct bx_nodes *nodes, struct bx_root *root, const char *disk);
/* The character device of a controller. */
int bx_nodes_add_controller(struct bx_nodes *nodes, struct bx_root *root, const char *address,
			    const char *controller);
/* What a function is used by where no kernel driver for NVMe has it: uio, VFIO, and the group of the latter. */
int bx_nodes_add_function(struct bx_nodes *nodes, struct bx_root *root, const char *address);
/* The one whose number sysfs has in @attribute. */
int bx_nodes_add(struct bx_nodes *nodes, struct bx_root *root, const char *name, bool block,
		 const char *attribute);

const struct bx_node *bx_nodes_find(const struct bx_nodes *nodes, bool block, unsigned int major,
				    unsigned int minor);
void bx_nodes_done(struct bx_nodes *nodes);

/* "259:0" and nothing else. */
bool bx_node_number(const char *text, unsigned int *major, unsigned int *minor);

#endif
