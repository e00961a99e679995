// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads an NVMe controller through nvme-core's private types and shows what it found below
 * /sys/module/bx_nvme_peek/parameters, where a test compares it with what nvme-core itself says.
 * If the generated types were wrong, these values would be. Everything is read once, at load.
 *
 *	insmod bx_nvme_peek.ko path=/dev/nvme0
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/file.h>
#include <linux/fs.h>
#include <linux/module.h>

#include <bx_compat.h>
#include <nvme_core_types.h>

static char *path;
module_param(path, charp, 0444);
MODULE_PARM_DESC(path, "the controller's character device");

/* What was read, spelled as nvme-core's own attributes spell it. */
#define BX_PEEKED(name, size)        \
	static char bx_##name[size]; \
	module_param_string(name, bx_##name, sizeof(bx_##name), 0444)

BX_PEEKED(state, 24);
BX_PEEKED(queue_count, 12);
BX_PEEKED(instance, 12);
BX_PEEKED(device, 32);
BX_PEEKED(cntlid, 12);
BX_PEEKED(numa_node, 12);
BX_PEEKED(max_hw_sectors, 12);
BX_PEEKED(sqsize, 12);
BX_PEEKED(kato, 12);
BX_PEEKED(ops, 16);
BX_PEEKED(subsysnqn, NVMF_NQN_SIZE);
BX_PEEKED(model, 41);
BX_PEEKED(serial, 21);
BX_PEEKED(namespaces, 12);

static const char *bx_peek_state_name(enum nvme_ctrl_state s)
{
	static const char *const names[] = {
		[NVME_CTRL_NEW] = "new",
		[NVME_CTRL_LIVE] = "live",
		[NVME_CTRL_RESETTING] = "resetting",
		[NVME_CTRL_CONNECTING] = "connecting",
		[NVME_CTRL_DELETING] = "deleting",
		[NVME_CTRL_DELETING_NOIO] = "deleting (no IO)",
		[NVME_CTRL_DEAD] = "dead",
	};

	return s < ARRAY_SIZE(names) && names[s] ? names[s] : "unknown state";
}

/* Identify strings are padded with blanks and not terminated. */
static void bx_peek_identify_string(char *to, const char *from, size_t length)
{
	while (length && (from[length - 1] == ' ' || !from[length - 1]))
		length--;
	memcpy(to, from, length);
	to[length] = '\0';
}

static void bx_peek_ctrl(struct nvme_ctrl *ctrl)
{
	snprintf(bx_state, sizeof(bx_state), "%s", bx_peek_state_name(READ_ONCE(ctrl->state)));
	snprintf(bx_queue_count, sizeof(bx_queue_count), "%u", ctrl->queue_count);
	snprintf(bx_instance, sizeof(bx_instance), "%d", ctrl->instance);
	snprintf(bx_device, sizeof(bx_device), "%s", dev_name(ctrl->device));
	snprintf(bx_cntlid, sizeof(bx_cntlid), "%u", ctrl->cntlid);
	snprintf(bx_numa_node, sizeof(bx_numa_node), "%d", ctrl->numa_node);
	snprintf(bx_max_hw_sectors, sizeof(bx_max_hw_sectors), "%u", ctrl->max_hw_sectors);
	snprintf(bx_sqsize, sizeof(bx_sqsize), "%u", ctrl->sqsize);
	snprintf(bx_kato, sizeof(bx_kato), "%u", ctrl->kato);
	snprintf(bx_ops, sizeof(bx_ops), "%s", ctrl->ops->name);
}

static void bx_peek_subsystem(const struct nvme_subsystem *subsys)
{
	snprintf(bx_subsysnqn, sizeof(bx_subsysnqn), "%s", subsys->subnqn);
	bx_peek_identify_string(bx_model, subsys->model, sizeof(subsys->model));
	bx_peek_identify_string(bx_serial, subsys->serial, sizeof(subsys->serial));
}

/*
 * The lock of this list is not the same in every kernel, so a test must not add or remove
 * namespaces meanwhile. Each is checked to point back, which a wrong layout would not survive.
 */
static int bx_peek_namespaces(struct nvme_ctrl *ctrl)
{
	struct nvme_ns *ns;
	unsigned int count = 0;

	list_for_each_entry(ns, &ctrl->namespaces, list) {
		if (ns->ctrl != ctrl || ns->head->subsys != ctrl->subsys)
			return -EUCLEAN;
		count++;
	}
	snprintf(bx_namespaces, sizeof(bx_namespaces), "%u", count);
	return 0;
}

static int __init bx_peek_init(void)
{
	struct nvme_ctrl *ctrl;
	struct file *file;
	int err = 0;

	if (!path) {
		pr_err("say which controller: path=/dev/nvme0\n");
		return -EINVAL;
	}
	file = filp_open(path, O_RDONLY | O_NONBLOCK, 0);
	if (IS_ERR(file)) {
		pr_err("cannot open %s: %ld\n", path, PTR_ERR(file));
		return PTR_ERR(file);
	}
	/* The file holds a reference to the controller, so it stays while we read. */
	ctrl = nvme_ctrl_from_file(file);
	if (ctrl) {
		bx_peek_ctrl(ctrl);
		bx_peek_subsystem(ctrl->subsys);
		err = bx_peek_namespaces(ctrl);
	} else {
		pr_err("%s is not an NVMe controller\n", path);
		err = -ENODEV;
	}
	fput(file);
	return err;
}

static void __exit bx_peek_exit(void)
{
}

module_init(bx_peek_init);
module_exit(bx_peek_exit);

BX_IMPORT_NS(NVME_TARGET_PASSTHRU);
MODULE_DESCRIPTION("Reads an NVMe controller through nvme-core's private types, for tests");
MODULE_LICENSE("GPL");
