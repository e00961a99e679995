// SPDX-License-Identifier: GPL-2.0-or-later
/* A model of driver binding; see model.h. */
#include "tests/unit/model.h"
#include "daemon/emulated.h"
#include "daemon/util.h"

#include <assert.h>
#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define DEVICE	   "sys/devices/pci0000:00/0000:00:05.0/" MODEL_ADDRESS
#define CONTROLLER DEVICE "/nvme/nvme0"

void model_make_folder(struct model *model, const char *path)
{
	char part[512];

	for (const char *slash = path; slash;) {
		slash = strchr(slash + 1, '/');
		snprintf(part, sizeof(part), "%.*s",
			 slash ? (int)(slash - path) : (int)strlen(path), path);
		assert(mkdirat(model->root.fd, part, 0755) == 0 || errno == EEXIST);
	}
}

void model_write(struct model *model, const char *path, const char *text)
{
	int fd = openat(model->root.fd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert(fd >= 0);
	assert(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static void remove_tree(struct model *model, const char *path)
{
	char full[512];

	snprintf(full, sizeof(full), "%s/%s", model->directory, path);
	nftw(full, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

void model_driver(struct model *model, char driver[static BX_NAME_MAX])
{
	char target[512];
	ssize_t n = readlinkat(model->root.fd, DEVICE "/driver", target, sizeof(target) - 1);

	*driver = 0;
	if (n <= 0)
		return;
	target[n] = 0;
	bx_copy(driver, BX_NAME_MAX, strrchr(target, '/') + 1);
}

void model_override(struct model *model, char override[static BX_NAME_MAX])
{
	char text[BX_NAME_MAX];
	int fd = openat(model->root.fd, DEVICE "/driver_override", O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, text, sizeof(text) - 1);

	assert(n > 0);
	close(fd);
	text[n] = 0;
	text[strcspn(text, "\n")] = 0;
	bx_copy(override, BX_NAME_MAX, bx_streq(text, "(null)") ? "" : text);
}

/* ---------------------------------------------------------------- what the kernel does */

static void add_controller(struct model *model)
{
	model_make_folder(model, CONTROLLER "/nvme0n1");
	model_write(model, CONTROLLER "/dev", "240:0\n");
	model_make_folder(model, "sys/class/nvme-generic/ng0n1");
	model_write(model, "sys/class/nvme-generic/ng0n1/dev", "241:0\n");
	model_write(model, CONTROLLER "/state", bx_path("%s\n", model->new_state).s);
	model_write(model, CONTROLLER "/serial", "bxlab0              \n");
	model_write(model, CONTROLLER "/model", "A model\n");
	model_write(model, CONTROLLER "/firmware_rev", "1.0     \n");
	model_make_folder(model, "sys/class/block/nvme0n1/holders");
	model_make_folder(model, "sys/class/block/nvme0n1/nvme0n1p1");
	model_make_folder(model, "sys/class/block/nvme0n1p1/holders");
	model_write(model, "sys/class/block/nvme0n1/dev", "259:0\n");
	model_write(model, "sys/class/block/nvme0n1p1/dev", "259:1\n");
	model_write(model, "sys/class/block/nvme0n1p1/partition", "1\n");
	model_write(model, "dev/nvme0n1", "");
}

static void remove_controller(struct model *model)
{
	remove_tree(model, DEVICE "/nvme");
	remove_tree(model, "sys/class/nvme-generic/ng0n1");
	remove_tree(model, "sys/class/block/nvme0n1");
	if (model->appears)
		remove_tree(model, bx_path("sys/class/block/%s", model->appears).s);
	remove_tree(model, "sys/class/block/nvme0n1p1");
	remove_tree(model, "dev/nvme0n1");
}

static int attach(struct model *model, const char *driver)
{
	if (model->refuses && bx_streq(driver, model->refuses))
		return -EINVAL;
	assert(symlinkat(bx_path("../../../../bus/pci/drivers/%s", driver).s, model->root.fd,
			 DEVICE "/driver") == 0);
	if (bx_streq(driver, "nvme"))
		add_controller(model);
	return 0;
}

/* With an override only that driver matches, without one only what knows the device's class. */
static bool matches(struct model *model, const char *driver)
{
	char override[BX_NAME_MAX];

	model_override(model, override);
	return bx_streq(driver, *override ? override : "nvme");
}

static int bind(struct model *model, const char *driver)
{
	char now[BX_NAME_MAX];

	model_driver(model, now);
	if (*now || !matches(model, driver))
		return *now ? -EBUSY : -ENODEV;
	return attach(model, driver);
}

static int unbind(struct model *model, const char *driver)
{
	char now[BX_NAME_MAX];

	model_driver(model, now);
	if (!*now || !bx_streq(now, driver))
		return -ENODEV;
	assert(unlinkat(model->root.fd, DEVICE "/driver", 0) == 0);
	if (bx_streq(driver, "nvme"))
		remove_controller(model);
	return 0;
}

static void probe(struct model *model)
{
	char override[BX_NAME_MAX];

	model_override(model, override);
	bind(model, *override ? override : "nvme");
}

/* ---------------------------------------------------------------- what goes wrong */

static void count(struct model *model)
{
	model->accesses++;
	if (model->accesses == model->crash_at)
		_exit(MODEL_CRASH);
	if (model->accesses == model->vanish_at) {
		unlinkat(model->root.fd, BX_PCI_DEVICES "/" MODEL_ADDRESS, 0);
		remove_tree(model, DEVICE);
	}
}

/* ---------------------------------------------------------------- bx_emu */

static void plug(struct model *model, const char *override)
{
	model_make_folder(model, DEVICE);
	assert(symlinkat("../../../devices/pci0000:00/0000:00:05.0/" MODEL_ADDRESS, model->root.fd,
			 BX_PCI_DEVICES "/" MODEL_ADDRESS) == 0);
	assert(symlinkat("../../../../kernel/iommu_groups/7", model->root.fd,
			 DEVICE "/iommu_group") == 0);
	model_write(model, DEVICE "/class", "0x010802\n");
	model_write(model, DEVICE "/vendor", "0x1b36\n");
	model_write(model, DEVICE "/device", "0x0010\n");
	model_write(model, DEVICE "/numa_node", "-1\n");
	model_write(model, DEVICE "/driver_override",
		    *override ? bx_path("%s\n", override).s : "(null)\n");
}

static void unplug(struct model *model)
{
	remove_controller(model);
	unlinkat(model->root.fd, BX_PCI_DEVICES "/" MODEL_ADDRESS, 0);
	remove_tree(model, DEVICE);
}

static void power_off(struct model *model, const char *device)
{
	unplug(model);
	model_write(model, bx_path("%s/power", device).s, "0\n");
	model_write(model, bx_path("%s/address", device).s, "\n");
}

static bool is_on(struct model *model, const char *device)
{
	char power[4] = "";
	int fd = openat(model->root.fd, bx_path("%s/power", device).s, O_RDONLY | O_CLOEXEC);
	bool on = fd >= 0 && read(fd, power, 1) == 1 && *power == '1';

	if (fd >= 0)
		close(fd);
	return on;
}

static int emu_write(struct model *model, const char *path, const char *value)
{
	const char *name = strrchr(path, '/') + 1;
	struct bx_path device = bx_path("%.*s", (int)(name - 1 - path), path);

	if (!bx_root_exists(&model->root, path))
		return -ENOENT;
	if (bx_streq(name, "queues") && atoi(value) > 128)
		return -ERANGE;
	if (!bx_streq(name, "power")) {
		model_write(model, path, bx_path("%s\n", value).s);
		return 0;
	}
	if (*value == '0' && is_on(model, device.s))
		power_off(model, device.s);
	if (*value == '0' || is_on(model, device.s))
		return 0;
	if (model->no_memory)
		return -ENOMEM;
	plug(model, "");
	assert(attach(model, "nvme") == 0);
	model_write(model, path, "1\n");
	model_write(model, bx_path("%s/address", device.s).s, MODEL_ADDRESS "\n");
	return 0;
}

/* What comes of it is another matter. */
static void note(struct bx_root *root, enum bx_change what, const char *path, const char *value)
{
	struct model *model = root->userdata;
	struct model_change *change;

	model->changes = reallocarray(model->changes, model->change_count + 1, sizeof(*change));
	assert(model->changes);
	change = &model->changes[model->change_count++];
	*change = (struct model_change){ .what = what, .watched = root->watch };
	if (bx_copy(change->path, sizeof(change->path), path) < 0 ||
	    bx_copy(change->value, sizeof(change->value), value) < 0)
		abort(); /* the model has no room for what is real */
}

static int make_emulated(struct bx_root *root, const char *path)
{
	static const char *const attributes[] = { "queues", "capacity", "serial", "address",
						  "timing/read_latency_ns" };
	struct model *model = root->userdata;

	note(root, BX_CHANGE_MAKE, path, "");
	if (model->races)
		model_make_folder(model, path);
	if (bx_root_exists(root, path))
		return -EEXIST;
	if (strstr(path, "/namespaces/")) {
		model_make_folder(model, path);
		model_write(model, bx_path("%s/size", path).s, "0\n");
	} else {
		model_make_folder(model, bx_path("%s/namespaces", path).s);
		model_make_folder(model, bx_path("%s/timing", path).s);
		for (size_t i = 0; i < ARRAY_SIZE(attributes); i++)
			model_write(model, bx_path("%s/%s", path, attributes[i]).s, "\n");
		model_write(model, bx_path("%s/power", path).s, "0\n");
	}
	count(model);
	return 0;
}

static int remove_emulated(struct bx_root *root, const char *path)
{
	struct model *model = root->userdata;
	_cleanup_strv_ char **namespaces = NULL;
	struct bx_root quiet = { .fd = root->fd };

	note(root, BX_CHANGE_REMOVE, path, "");
	if (!bx_root_exists(root, path))
		return -ENOENT;
	bx_root_list(&quiet, bx_path("%s/namespaces", path).s, &namespaces);
	if (namespaces)
		return -ENOTEMPTY;
	if (is_on(model, path))
		power_off(model, path);
	remove_tree(model, path);
	count(model);
	return 0;
}

/* ---------------------------------------------------------------- writes */

unsigned int model_resets(struct model *model)
{
	struct bx_root quiet = { .fd = model->root.fd };
	char text[16];

	return bx_root_read(&quiet, "resets", text, sizeof(text)) > 0 ? atoi(text) : 0;
}

static int kernel_write(struct model *model, const char *path, const char *value)
{
	char driver[BX_NAME_MAX] = "", file[BX_NAME_MAX] = "";

	if (bx_streq(path, BX_PCI_DEVICES "/" MODEL_ADDRESS "/driver_override")) {
		model_write(model, DEVICE "/driver_override", *value == '\n' ? "(null)\n" : value);
		if (model->appears) {
			model_make_folder(model, bx_path(CONTROLLER "/%s", model->appears).s);
			model_make_folder(model, bx_path("sys/class/block/%s", model->appears).s);
		}
		return 0;
	}
	if (bx_streq(path, BX_PCI_DEVICES "/" MODEL_ADDRESS "/remove")) {
		unplug(model);
		return 0;
	}
	if (bx_streq(path, BX_PCI_DEVICES "/" MODEL_ADDRESS "/nvme/nvme0/reset_controller")) {
		model_write(model, "resets", bx_path("%u", model_resets(model) + 1).s);
		return 0;
	}
	assert(bx_startswith(value, MODEL_ADDRESS));
	if (bx_streq(path, "sys/bus/pci/drivers_probe")) {
		probe(model);
		return 0;
	}
	assert(sscanf(path, BX_PCI_DRIVERS "/%63[^/]/%63s", driver, file) == 2);
	if (!bx_root_exists(&model->root, bx_path(BX_PCI_DRIVERS "/%s", driver).s))
		return -ENOENT;
	return bx_streq(file, "bind") ? bind(model, driver) : unbind(model, driver);
}

/* ---------------------------------------------------------------- what is called in place of the kernel */

static int fault(struct bx_root *root, const char *what, const char *path)
{
	struct model *model = root->userdata;

	count(model);
	if (model->accesses == model->fail_at[0] || model->accesses == model->fail_at[1])
		return -EIO;
	if (model->fail_from && model->accesses >= model->fail_from)
		return -EIO;
	if (model->busy && bx_streq(path, model->busy))
		return -EBUSY;
	return 0;
}

static int write_attribute(struct bx_root *root, const char *path, const char *value)
{
	struct model *model = root->userdata;
	int r;

	note(root, BX_CHANGE_WRITE, path, value);
	if (bx_startswith(path, BX_EMULATED_DIR)) {
		r = emu_write(model, path, value);
	} else if (bx_streq(path, "sys/bus/pci/rescan")) {
		r = 0;
		if (!model->lost && !bx_root_exists(root, BX_PCI_DEVICES "/" MODEL_ADDRESS)) {
			plug(model, "");
			r = attach(model, "nvme");
		}
	} else if (!bx_root_exists(root, BX_PCI_DEVICES "/" MODEL_ADDRESS)) {
		return -ENODEV;
	} else {
		r = kernel_write(model, path, value);
	}
	count(model);
	return r;
}

static const struct bx_root_ops ops = {
	.fault = fault,
	.write = write_attribute,
	.make_folder = make_emulated,
	.remove_folder = remove_emulated,
};

/* ---------------------------------------------------------------- the machine */

void model_begin(struct model *model, const char *driver, const char *override)
{
	static const char *const folders[] = { "sys/bus/pci/devices",
					       "sys/bus/pci/drivers/nvme",
					       "sys/bus/pci/drivers/vfio-pci",
					       "sys/class/block",
					       "dev",
					       "proc/1",
					       "var/lib",
					       "run/bxd/lock" };

	*model = (struct model){ .new_state = "live" };
	/* In memory where that is possible: the journal's fsync would cost most of the time. */
	strcpy(model->directory, "/dev/shm/bx-model-XXXXXX");
	if (!mkdtemp(model->directory)) {
		strcpy(model->directory, "/tmp/bx-model-XXXXXX");
		assert(mkdtemp(model->directory));
	}
	assert(bx_root_open(&model->root, model->directory) == 0);
	for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
		model_make_folder(model, folders[i]);
	model_make_folder(model, "sys/kernel/iommu_groups/7");
	model_make_folder(model, "sys/kernel/config");
	model_make_folder(model, "run/bxd/devices");
	plug(model, override);
	model_write(model, "proc/1/mountinfo", "");
	model_write(model, "proc/swaps", "Filename Type Size Used Priority\n");
	if (*driver)
		assert(attach(model, driver) == 0);
	model->root.ops = &ops;
	model->root.userdata = model;
}

void model_begin_unplugged(struct model *model)
{
	model_begin(model, "nvme", "");
	unplug(model);
}

void model_load_emu(struct model *model)
{
	model_make_folder(model, BX_EMULATED_DIR);
}

void model_add_function(struct model *model, const char *address, const char *serial)
{
	struct bx_path device = bx_path("sys/devices/pci0000:00/0000:00:06.0/%s", address);

	model_make_folder(model, bx_path("%s/nvme/nvme1", device.s).s);
	assert(symlinkat(bx_path("../../../devices/pci0000:00/0000:00:06.0/%s", address).s,
			 model->root.fd, bx_path(BX_PCI_DEVICES "/%s", address).s) == 0);
	assert(symlinkat("../../../../bus/pci/drivers/nvme", model->root.fd,
			 bx_path("%s/driver", device.s).s) == 0);
	model_write(model, bx_path("%s/class", device.s).s, "0x010802\n");
	model_write(model, bx_path("%s/driver_override", device.s).s, "(null)\n");
	model_write(model, bx_path("%s/nvme/nvme1/state", device.s).s, "live\n");
	model_write(model, bx_path("%s/nvme/nvme1/serial", device.s).s, serial);
}

void model_end(struct model *model)
{
	remove_tree(model, "");
	free(model->changes);
	bx_root_close(&model->root);
}

/* ---------------------------------------------------------------- the inspector */

int model_find_openers(struct bx_root *root, const struct bx_nodes *nodes, struct bx_openers *ret,
		       struct bx_failure *failure)
{
	struct bx_opener opener = { .pid = 812,
				    .command = "qemu-system-x86",
				    .unit = "vm.service" };
	struct model *model = root->userdata;
	int r = fault(root, "ask", "inspector");

	if (r < 0)
		return bx_fail(failure, r, BX_ERROR_USERS_UNKNOWN, "the inspector is silent");
	model->inspections++;
	if (!model->opener || (model->closes_after && model->inspections > model->closes_after))
		return 0;
	for (size_t i = 0; i < nodes->count; i++) {
		if (!bx_streq(nodes->list[i].name, model->opener))
			continue;
		opener.node = nodes->list[i];
		*opener.node.name = 0;
		assert(bx_openers_add(ret, &opener) == 0);
	}
	return 0;
}

/* ---------------------------------------------------------------- workers on it */

int model_find_contents(int fd, char *text, size_t size)
{
	ssize_t n = pread(fd, text, size - 1, 0);

	assert(n >= 0);
	text[n] = 0;
	return n > 0;
}

bool model_cancelled(const struct bx_work *work)
{
	struct model *model = work->root->userdata;

	return ++model->asked_for_end >= model->cancel_at && model->cancel_at;
}

enum bx_result model_run(struct bx_work *work)
{
	int r = bx_work_run(work);

	assert(r == 0);
	return work->operation.result;
}

bool model_run_until(struct model *model, struct bx_work *work, unsigned int access)
{
	int status, r;
	pid_t pid = fork();

	assert(pid >= 0);
	if (pid == 0) {
		r = bx_journal_read(work->journal, work->operation.job, &work->operation);
		model->accesses = 0;
		model->crash_at = access;
		_exit(r < 0 || bx_work_run(work) < 0 ? 1 : 0);
	}
	r = waitpid(pid, &status, 0);
	assert(r == pid);
	assert(WIFEXITED(status) &&
	       (WEXITSTATUS(status) == MODEL_CRASH || WEXITSTATUS(status) == 0));
	return WEXITSTATUS(status) == 0;
}
