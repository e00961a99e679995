// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Looks through the descriptors of all processes; see openers.h.
 *
 * Only the kernel's answer to stat() says which device a descriptor is of, and where a network file system or FUSE is below it, that
 * answer can wait for a server for ever; even AT_STATX_DONT_SYNC does not help, since following the link may have to ask it first. The
 * text of the link never waits. So nothing is looked at but
 *
 *   what is called /dev/..., in whatever namespace it has that name: there are nodes, and no servers behind them; and
 *   what is on a file system whose inodes are in memory or on a disk of this machine, by its mount.
 *
 * The mount of what is below /dev is not asked for: drivers of graphics add to that answer what they have to wait for.
 */
#include "daemon/openers.h"
#include "daemon/mountinfo.h"

#include <ctype.h>
#include <linux/kcmp.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define LINK_TEXT_MAX 4097

/* Where nodes can be, and what is asked is known without asking anybody. */
static const char *const local_types[] = {
	"devtmpfs", "tmpfs", "ramfs", "overlay", "ext2", "ext3",     "ext4",
	"xfs",	    "btrfs", "f2fs",  "zfs",	 "aufs", "bcachefs", "squashfs",
};

struct search {
	struct bx_root *root;
	const struct bx_nodes *nodes;
	struct bx_openers *openers;
	unsigned int *local; /* mounts of such types, in order once all are known */
	size_t local_count, local_room;
	const char *process;
};

/* The process or thread has ended, or the descriptor is closed. */
static bool gone(int r)
{
	return r == -ENOENT || r == -ESRCH;
}

/* ---------------------------------------------------------------- mounts */

static int found_mount(const struct bx_mount *mount, void *userdata)
{
	struct search *search = userdata;
	size_t type = 0;

	while (type < ARRAY_SIZE(local_types) && !bx_streq(mount->type, local_types[type]))
		type++;
	if (type == ARRAY_SIZE(local_types))
		return 0;
	if (search->local_count == search->local_room) {
		size_t room = 2 * search->local_room + 64;
		unsigned int *grown = reallocarray(search->local, room, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		search->local = grown;
		search->local_room = room;
	}
	search->local[search->local_count++] = mount->id;
	return 0;
}

static int compare_ids(const void *a, const void *b)
{
	unsigned int x = *(const unsigned int *)a, y = *(const unsigned int *)b;

	return (x > y) - (x < y);
}

/* A process sees the mounts of its namespace that are below its root: its view. */
static int find_view(struct search *search, char ***views)
{
	char space[64], top[LINK_TEXT_MAX];
	_cleanup_free_ char *text = NULL, *view = NULL;
	ssize_t n;
	int r;

	r = bx_root_readlink(search->root, bx_path("proc/%s/ns/mnt", search->process).s, space,
			     sizeof(space));
	if (r >= 0)
		r = bx_root_readlink(search->root, bx_path("proc/%s/root", search->process).s, top,
				     sizeof(top));
	if (r < 0)
		return r;
	if (asprintf(&view, "%s %s", space, top) < 0)
		return -ENOMEM;
	bx_clean_text(view);
	if (bx_strv_contains(*views, view))
		return 0;
	n = bx_root_read_all(search->root, bx_path("proc/%s/mountinfo", search->process).s, &text);
	if (n < 0)
		return n == -EINVAL ? -ESRCH : n; /* that is how the kernel says it of a table */
	r = bx_mountinfo_parse(text, found_mount, search, NULL);
	return r < 0 ? r : bx_strv_addf(views, "%s", view);
}

static bool mount_is_local(const struct search *search, unsigned int id)
{
	return search->local_count && bsearch(&id, search->local, search->local_count,
					      sizeof(*search->local), compare_ids);
}

/* ---------------------------------------------------------------- a process */

/* The first word after @name, which begins a line; NULL if there is no such line. */
static const char *line_of(const char *text, const char *name)
{
	while (text && !bx_startswith(text, name)) {
		text = strchr(text, '\n');
		text = text ? text + 1 : NULL;
	}
	return text ? text + strlen(name) : NULL;
}

static bool is_unit(const char *name, size_t length)
{
	static const char *const suffixes[] = { ".service", ".scope", ".socket", ".mount",
						".swap" };

	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
		size_t n = strlen(suffixes[i]);

		if (length > n && !memcmp(name + length - n, suffixes[i], n))
			return true;
	}
	return false;
}

/* Where the old hierarchies are there as well, one of them is the service manager's, and counts. */
static const char *managed_path(const char *text)
{
	const char *path = NULL;

	for (const char *line = text; line && *line;) {
		const char *name = line + strspn(line, "0123456789");

		if (bx_startswith(name, ":name=systemd:"))
			return name + strlen(":name=systemd:");
		if (bx_startswith(line, "0::"))
			path = line + strlen("0::");
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
	return path;
}

void bx_unit_of_cgroup(const char *text, char unit[static BX_UNIT_MAX])
{
	const char *path = managed_path(text);
	size_t n;

	*unit = 0;
	for (; path && *path == '/'; path += n) {
		n = strcspn(++path, "/\n");
		if (!is_unit(path, n))
			continue;
		if (n < BX_UNIT_MAX)
			snprintf(unit, BX_UNIT_MAX, "%.*s", (int)n, path);
		bx_clean_text(unit);
		return;
	}
}

static int describe(struct search *search, struct bx_opener *opener)
{
	_cleanup_free_ char *status = NULL, *cgroup = NULL;
	const char *uid;
	ssize_t n;
	int r;

	opener->pid = atoi(search->process);
	r = bx_root_read(search->root, bx_path("proc/%s/comm", search->process).s, opener->command,
			 sizeof(opener->command));
	if (r < 0)
		return r;
	bx_clean_text(opener->command);
	n = bx_root_read_all(search->root, bx_path("proc/%s/status", search->process).s, &status);
	if (n < 0)
		return n;
	uid = line_of(status, "Uid:\t");
	if (!uid || !isdigit((unsigned char)*uid))
		return -EBADMSG;
	opener->uid = strtoul(uid, NULL, 10);
	/* A kernel may have no control groups. */
	n = bx_root_read_all(search->root, bx_path("proc/%s/cgroup", search->process).s, &cgroup);
	if (n < 0)
		return n == -ENOENT ? 0 : n;
	bx_unit_of_cgroup(cgroup, opener->unit);
	return 0;
}

static bool is_known(const struct bx_openers *openers, pid_t pid, const struct bx_node *node)
{
	for (size_t i = 0; i < openers->count; i++) {
		const struct bx_opener *opener = &openers->list[i];

		if (opener->pid == pid && opener->node.block == node->block &&
		    opener->node.major == node->major && opener->node.minor == node->minor)
			return true;
	}
	return false;
}

/* May be looked at: see the head of this file. */
static int is_safe(struct search *search, const char *table, const char *fd)
{
	_cleanup_free_ char *info = NULL;
	char link[LINK_TEXT_MAX];
	const char *mount;
	ssize_t n;
	int r;

	r = bx_root_readlink(search->root, bx_path("proc/%s/fd/%s", table, fd).s, link,
			     sizeof(link));
	/* Longer than the kernel can say is some file far below. */
	if (r < 0 && r != -ENAMETOOLONG)
		return r;
	if (r >= 0 && *link != '/')
		return 0; /* a socket, a pipe and the like */
	if (bx_startswith(link, "/dev/"))
		return 1;
	n = bx_root_read_all(search->root, bx_path("proc/%s/fdinfo/%s", table, fd).s, &info);
	if (n < 0)
		return n;
	mount = line_of(info, "mnt_id:\t");
	return mount && mount_is_local(search, strtoul(mount, NULL, 10));
}

static int look_at_descriptor(struct search *search, const char *table, const char *fd)
{
	struct bx_opener opener = { 0 };
	struct bx_node *node = &opener.node;
	mode_t type;
	int r;

	r = is_safe(search, table, fd);
	if (r > 0)
		r = bx_root_device(search->root, bx_path("proc/%s/fd/%s", table, fd).s, &type,
				   &node->major, &node->minor);
	if (r <= 0)
		return r;
	node->block = type == S_IFBLK;
	if (!bx_nodes_find(search->nodes, node->block, node->major, node->minor) ||
	    is_known(search->openers, atoi(search->process), node))
		return 0;
	r = describe(search, &opener);
	return r < 0 ? r : bx_openers_add(search->openers, &opener);
}

/* @table is a process or one of its threads, as below /proc. */
static int look_at_table(struct search *search, const char *table)
{
	_cleanup_strv_ char **fds = NULL;
	int r;

	r = bx_root_list(search->root, bx_path("proc/%s/fd", table).s, &fds);
	for (size_t i = 0; r >= 0 && fds && fds[i]; i++) {
		r = look_at_descriptor(search, table, fds[i]);
		if (gone(r))
			r = 0;
	}
	return r;
}

/* Threads have one table of descriptors, as a rule. */
static bool same_table(const char *a, const char *b)
{
	return syscall(SYS_kcmp, atoi(a), atoi(b), KCMP_FILES, 0, 0) == 0;
}

static int look_at_process(struct search *search)
{
	_cleanup_strv_ char **threads = NULL;
	const char *last = search->process;
	int r;

	r = look_at_table(search, search->process);
	/* The first thread may have ended before the others, and has no table then. */
	if (r >= 0 || gone(r))
		r = bx_root_list(search->root, bx_path("proc/%s/task", search->process).s,
				 &threads);
	for (size_t i = 0; r >= 0 && threads && threads[i]; i++) {
		if (bx_streq(threads[i], search->process) || same_table(last, threads[i]))
			continue;
		last = threads[i];
		r = look_at_table(search, bx_path("%s/task/%s", search->process, threads[i]).s);
		if (gone(r))
			r = 0;
	}
	return r;
}

/* ---------------------------------------------------------------- all of them */

static int fail(struct search *search, int r, struct bx_failure *failure)
{
	char command[BX_COMMAND_MAX];

	bx_root_read(search->root, bx_path("proc/%s/comm", search->process).s, command,
		     sizeof(command));
	return bx_fail(failure, r, BX_ERROR_USERS_UNKNOWN,
		       "what process %s (%s) has open cannot be looked at: %s", search->process,
		       command, strerror(-r));
}

static int look_at_all(struct search *search, char *const *processes, pid_t except,
		       struct bx_failure *failure)
{
	_cleanup_strv_ char **views = NULL;
	int r;

	/* Descriptors are passed on between namespaces: first the mounts of all of them. */
	for (int pass = 0; pass < 2; pass++) {
		for (size_t i = 0; processes && processes[i]; i++) {
			if (!isdigit((unsigned char)*processes[i]) || atoi(processes[i]) == except)
				continue;
			search->process = processes[i];
			r = pass ? look_at_process(search) : find_view(search, &views);
			if (r < 0 && !gone(r))
				return fail(search, r, failure);
		}
		if (!pass && search->local_count)
			qsort(search->local, search->local_count, sizeof(*search->local),
			      compare_ids);
	}
	return 0;
}

int bx_openers_find(struct bx_root *root, const struct bx_nodes *nodes, pid_t except,
		    struct bx_openers *ret, struct bx_failure *failure)
{
	_cleanup_strv_ char **processes = NULL;
	struct bx_openers openers = { 0 };
	struct search search = { .root = root, .nodes = nodes, .openers = &openers };
	int r;

	r = bx_root_list(root, "proc", &processes);
	if (r < 0)
		return bx_fail(failure, r, BX_ERROR_USERS_UNKNOWN,
			       "the processes cannot be listed: %s", strerror(-r));
	/* Where processes are hidden from us, that one is, too. */
	if (!bx_strv_contains(processes, "1"))
		return bx_fail(failure, -EPERM, BX_ERROR_USERS_UNKNOWN,
			       "not even process 1 is to be seen, so others may be hidden, too");
	r = look_at_all(&search, processes, except, failure);
	free(search.local);
	if (r < 0) {
		bx_openers_done(&openers);
		return r;
	}
	*ret = openers;
	return 0;
}

int bx_openers_add(struct bx_openers *openers, const struct bx_opener *opener)
{
	struct bx_opener *grown = reallocarray(openers->list, openers->count + 1, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	openers->list = grown;
	grown[openers->count++] = *opener;
	return 0;
}

void bx_openers_done(struct bx_openers *openers)
{
	free(openers->list);
	*openers = (struct bx_openers){ 0 };
}
