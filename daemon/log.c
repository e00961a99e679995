// SPDX-License-Identifier: GPL-2.0-or-later
/* Logging; see log.h. */
#include "daemon/log.h"
#include "daemon/util.h"

#include <stdarg.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <systemd/sd-journal.h>

static int level = LOG_INFO;
static bool to_journal;

void bx_log_open(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat st;

	/* The variable is inherited by whoever has its output elsewhere, too. */
	to_journal = stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
		     fstat(STDERR_FILENO, &st) == 0 && st.st_dev == device && st.st_ino == inode;
}

void bx_log_set_level(int priority)
{
	level = priority;
}

int bx_log_level(void)
{
	return level;
}

static const char *const level_names[] = { "emerg",   "alert",	"crit", "err",
					   "warning", "notice", "info", "debug" };

const char *bx_log_level_name(int priority)
{
	return level_names[priority];
}

int bx_log_level_from_name(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(level_names); i++)
		if (bx_streq(name, level_names[i]))
			return i;
	return -EINVAL;
}

bool bx_log_set_target(const char *target)
{
	if (!bx_streq(target, "journal") && !bx_streq(target, "console"))
		return false;
	to_journal = bx_streq(target, "journal");
	return true;
}

const char *bx_log_target(void)
{
	return to_journal ? "journal" : "console";
}

static void add_field(struct iovec *fields, int *n, char *buffer, size_t size, const char *name,
		      const char *value)
{
	int length = snprintf(buffer, size, "%s=%s", name, value);

	if (length > 0)
		fields[(*n)++] =
			(struct iovec){ buffer, (size_t)length < size ? (size_t)length : size - 1 };
}

void bx_log_event(int priority, const char *message_id, const char *device, const char *format, ...)
{
	char text[1024], message[1040], number[16], id[64], name[300];
	struct iovec fields[4];
	va_list ap;
	int n = 0;

	if (priority > level)
		return;
	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	if (!to_journal) {
		fprintf(stderr, "%s%s%s\n", device ? device : "", device ? ": " : "", text);
		return;
	}
	add_field(fields, &n, message, sizeof(message), "MESSAGE", text);
	add_field(fields, &n, number, sizeof(number), "PRIORITY", (char[]){ '0' + priority, 0 });
	if (message_id)
		add_field(fields, &n, id, sizeof(id), "MESSAGE_ID", message_id);
	if (device)
		add_field(fields, &n, name, sizeof(name), "BX_DEVICE", device);
	sd_journal_sendv(fields, n);
}
