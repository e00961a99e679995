// SPDX-License-Identifier: GPL-2.0-or-later
/* Finds the users of a disk; see usage.h. */
#include "daemon/usage.h"
#include "daemon/mountinfo.h"
#include "daemon/nodes.h"
#include "daemon/util.h"

#include <ctype.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#define NVMET_SUBSYSTEMS "sys/kernel/config/nvmet/subsystems"

struct search {
	struct bx_root *root;
	struct bx_nodes disks; /* whole namespaces and partitions of them */
	const char *process; /* whose mount table is read; NULL for process 1 */
	char ***users;
};

static int search_begin(struct search *search, struct bx_root *root, char *const *blocks,
			char ***users)
{
	int r = 0;

	*search = (struct search){ .root = root, .users = users };
	for (size_t i = 0; r >= 0 && blocks && blocks[i]; i++)
		r = bx_nodes_add_disk(&search->disks, root, blocks[i]);
	return r;
}

static void search_end(struct search *search)
{
	bx_nodes_done(&search->disks);
}

static const struct bx_node *disk_by_number(const struct search *search, unsigned int major,
					    unsigned int minor)
{
	return bx_nodes_find(&search->disks, true, major, minor);
}

/* By device node: its number where there is one, else its name. */
static const struct bx_node *disk_by_path(const struct search *search, const char *path)
{
	struct stat st;

	if (!bx_startswith(path, "/dev/"))
		return NULL;
	if (fstatat(search->root->fd, path + 1, &st, 0) == 0 && S_ISBLK(st.st_mode))
		return disk_by_number(search, major(st.st_rdev), minor(st.st_rdev));
	for (size_t i = 0; i < search->disks.count; i++)
		if (bx_streq(path + strlen("/dev/"), search->disks.list[i].name))
			return &search->disks.list[i];
	return NULL;
}

static int found_mount(const struct bx_mount *mount, void *userdata)
{
	struct search *search = userdata;
	const struct bx_node *disk = disk_by_number(search, mount->major, mount->minor);
	_cleanup_free_ char *text = NULL;
	char comm[32] = "";
	int r;

	/* File systems over several disks (btrfs) have a number of their own. */
	if (!disk)
		disk = disk_by_path(search, mount->source);
	if (!disk)
		return 0;
	if (asprintf(&text, "%s is mounted at %s", disk->name, mount->mount_point) < 0)
		return -ENOMEM;
	if (bx_strv_contains(*search->users, text))
		return 0;
	if (!search->process)
		return bx_strv_addf(search->users, "%s", text);
	/* Once per mount, however many processes share the namespace. */
	for (size_t i = 0; *search->users && (*search->users)[i]; i++)
		if (bx_startswith((*search->users)[i], text))
			return 0;
	bx_root_read(search->root, bx_path("proc/%s/comm", search->process).s, comm, sizeof(comm));
	r = bx_strv_addf(search->users, "%s in the mount namespace of process %s (%s)", text,
			 search->process, comm);
	return r;
}

static int found_swap(const char *path, void *userdata)
{
	struct search *search = userdata;
	const struct bx_node *disk = disk_by_path(search, path);

	return disk ? bx_strv_addf(search->users, "%s is used as swap", disk->name) : 0;
}

static int find_mounts(struct search *search, const char *process)
{
	_cleanup_free_ char *text = NULL;
	ssize_t n;

	n = bx_root_read_all(search->root, bx_path("proc/%s/mountinfo", process).s, &text);
	if (n < 0)
		return 0; /* the process has ended */
	return bx_mountinfo_parse(text, found_mount, search, NULL);
}

static int find_mounts_everywhere(struct search *search)
{
	_cleanup_strv_ char **processes = NULL;
	int r;

	r = bx_root_list(search->root, "proc", &processes);
	for (size_t i = 0; r >= 0 && processes && processes[i]; i++) {
		if (!isdigit((unsigned char)processes[i][0]))
			continue;
		search->process = processes[i];
		r = find_mounts(search, processes[i]);
	}
	search->process = NULL;
	return r;
}

static int find_holders(struct search *search)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < search->disks.count; i++) {
		_cleanup_strv_ char **holders = NULL;
		const char *disk = search->disks.list[i].name;

		if (bx_root_list(search->root, bx_path("sys/class/block/%s/holders", disk).s,
				 &holders) < 0)
			continue;
		for (size_t j = 0; r >= 0 && holders && holders[j]; j++) {
			char name[128] = "";

			bx_root_read(search->root,
				     bx_path("sys/class/block/%s/dm/name", holders[j]).s, name,
				     sizeof(name));
			r = bx_strv_addf(search->users,
					 *name ? "%s is part of %s (%s)" : "%s is part of %s", disk,
					 holders[j], name);
		}
	}
	return r;
}

int bx_usage_find(struct bx_root *root, char *const *blocks, bool everywhere, char ***users)
{
	_cleanup_free_ char *swaps = NULL;
	struct search search;
	int r;

	r = search_begin(&search, root, blocks, users);
	if (r >= 0 && search.disks.count > 0)
		r = find_mounts(&search, "1");
	if (r >= 0 && search.disks.count > 0 && everywhere)
		r = find_mounts_everywhere(&search);
	if (r >= 0 && search.disks.count > 0 && bx_root_read_all(root, "proc/swaps", &swaps) > 0)
		r = bx_swaps_parse(swaps, found_swap, &search);
	if (r >= 0)
		r = find_holders(&search);
	search_end(&search);
	return r;
}

/* @folder has enable and device_path: a namespace of an exported subsystem, or its passthru. */
static int find_export(struct search *search, const char *subsystem, const char *folder,
		       const char *controller)
{
	char enabled[8], path[256];
	const struct bx_node *disk;
	int r;

	/* What is not there any more, or never was, exports nothing; what cannot be read might. */
	r = bx_root_read(search->root, bx_path("%s/enable", folder).s, enabled, sizeof(enabled));
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	if (bx_streq(enabled, "0"))
		return 0;
	r = bx_root_read(search->root, bx_path("%s/device_path", folder).s, path, sizeof(path));
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	if (bx_startswith(path, "/dev/") && *controller && bx_streq(path + 5, controller))
		return bx_strv_addf(search->users, "%s is exported over NVMe-oF as %s", controller,
				    subsystem);
	disk = disk_by_path(search, path);
	return disk ? bx_strv_addf(search->users, "%s is exported over NVMe-oF as %s", disk->name,
				   subsystem)
		    : 0;
}

static int find_exports_of(struct search *search, const char *subsystem, const char *controller)
{
	_cleanup_strv_ char **namespaces = NULL;
	int r;

	r = find_export(search, subsystem, bx_path(NVMET_SUBSYSTEMS "/%s/passthru", subsystem).s,
			controller);
	if (r >= 0)
		r = bx_root_list(search->root,
				 bx_path(NVMET_SUBSYSTEMS "/%s/namespaces", subsystem).s,
				 &namespaces);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	for (size_t i = 0; r >= 0 && namespaces && namespaces[i]; i++)
		r = find_export(
			search, subsystem,
			bx_path(NVMET_SUBSYSTEMS "/%s/namespaces/%s", subsystem, namespaces[i]).s,
			controller);
	return r;
}

static int find_exports(struct search *search, const char *controller)
{
	_cleanup_strv_ char **subsystems = NULL;
	int r;

	r = bx_root_list(search->root, NVMET_SUBSYSTEMS, &subsystems);
	if (r < 0)
		return r == -ENOENT ? 0 : r; /* nvmet is not loaded */
	for (size_t i = 0; r >= 0 && subsystems && subsystems[i]; i++)
		r = find_exports_of(search, subsystems[i], controller);
	return r;
}

/* Their backing is open in the kernel, in no process, and not exclusively. */
static int find_loops(struct search *search)
{
	_cleanup_strv_ char **blocks = NULL;
	int r;

	r = bx_root_list(search->root, "sys/class/block", &blocks);
	for (size_t i = 0; r >= 0 && blocks && blocks[i]; i++) {
		const struct bx_node *disk;
		char path[4097];

		if (!bx_startswith(blocks[i], "loop"))
			continue;
		/* One without a backing has no such attribute, and one that is too long is no disk. */
		r = bx_root_read(search->root,
				 bx_path("sys/class/block/%s/loop/backing_file", blocks[i]).s, path,
				 sizeof(path));
		if (r == -ENOENT || r == -ENXIO || r == -ENODEV) {
			r = 0;
			continue;
		}
		disk = r < 0 ? NULL : disk_by_path(search, path);
		if (disk)
			r = bx_strv_addf(search->users, "%s is the backing of %s", disk->name,
					 blocks[i]);
	}
	return r == -ENOENT ? 0 : r;
}

int bx_usage_find_unclaimed(struct bx_root *root, char *const *blocks, const char *controller,
			    char ***users)
{
	struct search search;
	int r;

	r = search_begin(&search, root, blocks, users);
	if (r >= 0)
		r = find_exports(&search, controller);
	if (r >= 0 && search.disks.count)
		r = find_loops(&search);
	search_end(&search);
	return r;
}
