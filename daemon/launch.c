// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Starts bxd-rebind in a transient unit of its own, so that it lives on when bxd is restarted, has
 * none of bxd's descriptors and is killed by the system manager when it takes far too long.
 */
#include "daemon/daemon.h"
#include "daemon/names.h"
#include "daemon/rebind.h"
#include "daemon/util.h"

#define SYSTEMD_NAME	     "org.freedesktop.systemd1"
#define SYSTEMD_PATH	     "/org/freedesktop/systemd1"
#define SYSTEMD_IFACE	     "org.freedesktop.systemd1.Manager"

/* Longer than all that the worker itself waits for, forth and back. */
#define RUNTIME_MAX_US	     ((1 + BX_RESTORE_ATTEMPTS) * BX_LIVE_TIMEOUT_MS * 1000ULL + 120 * 1000000ULL)

/* Disks and VFIO groups that udev gave to somebody are to be looked at, too. */
#define CAP_DAC_OVERRIDE_BIT (1ULL << 1)
/* Loading modules. */
#define CAP_SYS_MODULE_BIT   (1ULL << 16)
/* Binding some drivers asks for this one. */
#define CAP_SYS_ADMIN_BIT    (1ULL << 21)

static int on_started(sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	struct bx_job *job = userdata;
	const sd_bus_error *e = sd_bus_message_get_error(reply);

	job->call = sd_bus_slot_unref(job->call);
	if (e)
		bx_job_launch_failed(job, e->message ?: e->name,
				     sd_bus_error_has_name(e, SYSTEMD_NAME ".UnitExists"));
	return 0;
}

static int append_properties(sd_bus_message *message, const char *device, const char *number)
{
	char description[BX_ID_MAX + 64];
	int r;

	snprintf(description, sizeof(description), "Rebind NVMe device %s (job %s of bxd)", device,
		 number);
	r = sd_bus_message_open_container(message, 'a', "(sv)");
	if (r < 0)
		return r;
	r = sd_bus_message_append(message, "(sv)(sv)(sv)(sv)(sv)(sv)(sv)(sv)", "Description", "s",
				  description, "Type", "s", "exec", "CollectMode", "s",
				  "inactive-or-failed", "RuntimeMaxUSec", "t", RUNTIME_MAX_US,
				  "NoNewPrivileges", "b", 1, "CapabilityBoundingSet", "t",
				  CAP_DAC_OVERRIDE_BIT | CAP_SYS_MODULE_BIT | CAP_SYS_ADMIN_BIT,
				  "SyslogIdentifier", "s", "bxd-rebind", "ExecStart", "a(sasb)", 1,
				  BX_LIBEXECDIR "/bxd-rebind", 2, BX_LIBEXECDIR "/bxd-rebind",
				  number, 0);
	return r < 0 ? r : sd_bus_message_close_container(message);
}

int bx_launch_worker(struct bx_daemon *daemon, struct bx_job *job)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL;
	char unit[64], number[24];
	int r;

	snprintf(unit, sizeof(unit), BX_WORKER_UNIT, (unsigned long long)job->operation.job);
	snprintf(number, sizeof(number), "%llu", (unsigned long long)job->operation.job);
	r = sd_bus_message_new_method_call(daemon->bus, &message, SYSTEMD_NAME, SYSTEMD_PATH,
					   SYSTEMD_IFACE, "StartTransientUnit");
	if (r >= 0)
		r = sd_bus_message_append(message, "ss", unit, "fail");
	if (r >= 0)
		r = append_properties(message, job->operation.device, number);
	if (r >= 0)
		r = sd_bus_message_append(message, "a(sa(sv))", 0);
	if (r < 0)
		return r;
	job->call = sd_bus_slot_unref(job->call);
	return sd_bus_call_async(daemon->bus, &job->call, message, on_started, job, 0);
}
