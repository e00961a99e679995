// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What makes the daemon look again: udev's events, a change of the mount or swap table, the journal
 * and the locks. An event is never believed, it only says when to look.
 */
#include "daemon/daemon.h"
#include "daemon/log.h"
#include "daemon/names.h"
#include "daemon/util.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/inotify.h>

#define POLL_US		    250000ULL
#define MONITOR_BUFFER_SIZE (8 << 20)

/* ---------------------------------------------------------------- udev */

/* Of the PCI functions only those matter that are NVMe or that we know; removal hides the class. */
static bool concerns_us(struct bx_daemon *daemon, struct udev_device *device)
{
	const char *subsystem = udev_device_get_subsystem(device);
	const char *name = udev_device_get_sysname(device);
	const char *class = udev_device_get_property_value(device, "PCI_CLASS");

	if (!subsystem || !name)
		return true;
	if (bx_streq(subsystem, "block"))
		return bx_startswith(name, "nvme") || bx_startswith(name, "dm-") ||
		       bx_startswith(name, "md") || bx_startswith(name, "loop");
	if (!bx_streq(subsystem, "pci") || !class || strtol(class, NULL, 16) == BX_PCI_CLASS_NVME)
		return true;
	for (struct bx_device *d = daemon->devices; d; d = d->next)
		if (bx_streq(d->pci.address, name))
			return true;
	return false;
}

static int on_monitor(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct bx_daemon *daemon = userdata;

	for (;;) {
		struct udev_device *device;

		errno = 0;
		device = udev_monitor_receive_device(daemon->monitor);
		if (!device) {
			if (errno == EINTR)
				continue;
			/* Events were lost: what they said is in sysfs all the same. */
			if (errno == ENOBUFS) {
				bx_log(LOG_WARNING, "udev events were lost; looking at everything");
				bx_inventory_refresh_later(daemon);
				continue;
			}
			return 0;
		}
		if (concerns_us(daemon, device))
			bx_inventory_refresh_later(daemon);
		udev_device_unref(device);
	}
}

static int start_monitor(struct bx_daemon *daemon)
{
	static const char *const subsystems[] = { "pci", "nvme", "block" };
	int r = 0;

	daemon->udev = udev_new();
	if (!daemon->udev)
		return -ENOMEM;
	daemon->monitor = udev_monitor_new_from_netlink(daemon->udev, "udev");
	if (!daemon->monitor)
		return -errno ?: -EIO;
	/* Needs a capability that we do not have for more than the default; lost events are no harm. */
	udev_monitor_set_receive_buffer_size(daemon->monitor, MONITOR_BUFFER_SIZE);
	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(subsystems); i++)
		r = udev_monitor_filter_add_match_subsystem_devtype(daemon->monitor, subsystems[i],
								    NULL);
	if (r >= 0)
		r = udev_monitor_enable_receiving(daemon->monitor);
	if (r >= 0)
		r = sd_event_add_io(daemon->event, NULL, udev_monitor_get_fd(daemon->monitor),
				    EPOLLIN, on_monitor, daemon);
	return r;
}

/* ---------------------------------------------------------------- procfs */

static int on_table(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	bx_inventory_refresh_later(userdata);
	return 0;
}

/* procfs says EPOLLPRI once after each change of such a table. */
static int watch_table(struct bx_daemon *daemon, const char *path)
{
	sd_event_source *source;
	int fd, r;

	fd = bx_root_open_file(&daemon->root, path, O_RDONLY);
	if (fd < 0)
		return fd;
	r = sd_event_add_io(daemon->event, &source, fd, EPOLLPRI, on_table, daemon);
	if (r < 0) {
		close(fd);
		return r;
	}
	sd_event_source_set_io_fd_own(source, true);
	sd_event_source_set_floating(source, true);
	sd_event_source_unref(source);
	return 0;
}

/* ---------------------------------------------------------------- workers */

static int on_worker(sd_event_source *source, const struct inotify_event *event, void *userdata)
{
	bx_jobs_check(userdata);
	return 0;
}

static int watch_folder(struct bx_daemon *daemon, const char *path, uint32_t mask)
{
	_cleanup_close_ int fd = -1;

	fd = bx_root_open_file(&daemon->root, path, O_PATH | O_DIRECTORY);
	if (fd < 0)
		return fd;
	return sd_event_add_inotify(daemon->event, NULL, bx_path("/proc/self/fd/%d", fd).s, mask,
				    on_worker, daemon);
}

/* ---------------------------------------------------------------- polling */

static int on_poll(sd_event_source *source, uint64_t now, void *userdata)
{
	bx_inventory_refresh_later(userdata);
	return 0;
}

void bx_events_poll(struct bx_daemon *daemon, bool wanted)
{
	int r = 0;

	if (!wanted) {
		if (daemon->poll_source)
			sd_event_source_set_enabled(daemon->poll_source, SD_EVENT_OFF);
		return;
	}
	if (!daemon->poll_source)
		r = sd_event_add_time_relative(daemon->event, &daemon->poll_source, CLOCK_MONOTONIC,
					       POLL_US, BX_TIMER_ACCURACY_US, on_poll, daemon);
	else
		r = sd_event_source_set_time_relative(daemon->poll_source, POLL_US);
	if (r >= 0)
		r = sd_event_source_set_enabled(daemon->poll_source, SD_EVENT_ONESHOT);
	if (r < 0)
		bx_log(LOG_WARNING, "A device on its way cannot be watched: %s", strerror(-r));
}

int bx_events_start(struct bx_daemon *daemon)
{
	int r;

	r = start_monitor(daemon);
	if (r >= 0)
		r = watch_table(daemon, "proc/1/mountinfo");
	if (r >= 0)
		r = watch_table(daemon, "proc/swaps");
	/* A journal is replaced by a rename; a worker's end closes the lock that it wrote to. */
	if (r >= 0)
		r = watch_folder(daemon, BX_DIR_JOURNAL, IN_MOVED_TO);
	if (r >= 0)
		r = watch_folder(daemon, BX_DIR_LOCK, IN_CLOSE_WRITE);
	return r;
}

void bx_events_stop(struct bx_daemon *daemon)
{
	daemon->refresh_source = sd_event_source_disable_unref(daemon->refresh_source);
	daemon->poll_source = sd_event_source_disable_unref(daemon->poll_source);
	udev_monitor_unref(daemon->monitor);
	udev_unref(daemon->udev);
	daemon->monitor = NULL;
	daemon->udev = NULL;
}
