// SPDX-License-Identifier: GPL-2.0-or-later
/* Reads bxd.conf(5); see configuration.h. */
#include "daemon/configuration.h"
#include "daemon/log.h"
#include "daemon/util.h"

#include <ctype.h>
#include <stdarg.h>

#define SECOND	1000ULL
#define MINUTE	(60 * SECOND)
#define CENTURY (100 * 365 * 24 * 60 * MINUTE)

const struct bx_configuration bx_configuration_default = {
	.log_level = LOG_INFO,
	.idle_exit = 5 * MINUTE,
	/* A controller may take CAP.TO to become ready, which is 127.5 s at most. */
	.live_timeout = 150 * SECOND,
	/* A board may be busy with itself for long after its firmware was loaded. */
	.return_timeout = 60 * SECOND,
};

/* ---------------------------------------------------------------- values */

/* "90", "90s", "1min 30s", "infinity"; without a unit it is seconds. */
static bool parse_time(const char *text, uint64_t *ret)
{
	static const struct {
		const char *name;
		uint64_t milliseconds;
	} units[] = { { "ms", 1 },
		      { "s", SECOND },
		      { "", SECOND },
		      { "min", MINUTE },
		      { "h", 60 * MINUTE } };
	uint64_t sum = 0;

	if (bx_streq(text, "infinity")) {
		*ret = BX_TIME_INFINITE;
		return true;
	}
	do {
		uint64_t number = 0, unit = 0;
		size_t n = strspn(text, "0123456789");

		if (n == 0 || n > 9)
			return false;
		for (; n; n--)
			number = number * 10 + (*text++ - '0');
		text += strspn(text, " ");
		n = strcspn(text, " 0123456789");
		for (size_t i = 0; i < ARRAY_SIZE(units) && !unit; i++)
			if (strlen(units[i].name) == n && !strncmp(units[i].name, text, n))
				unit = units[i].milliseconds;
		if (!unit)
			return false;
		/* Nine digits of hours are far from the end of 64 bits. */
		sum += number * unit;
		if (sum > CENTURY)
			return false;
		text += n;
		text += strspn(text, " ");
	} while (*text);
	*ret = sum;
	return true;
}

struct setting {
	const char *section, *name;
	size_t offset; /* of an int for a level, otherwise of a time */
	bool is_level;
	uint64_t min, max;
	const char *wanted;
};

#define FIELD(name) offsetof(struct bx_configuration, name)
/* A worker has fifteen minutes for all that it does, forth and back. */
#define TIMEOUT	    .min = SECOND, .max = 5 * MINUTE, .wanted = "1s to 5min"

static const struct setting settings[] = {
	{ "Daemon", "LogLevel", FIELD(log_level), .is_level = true,
	  .wanted = "one of emerg, alert, crit, err, warning, notice, info, debug" },
	{ "Daemon", "IdleExitSec", FIELD(idle_exit), .min = SECOND, .max = BX_TIME_INFINITE,
	  .wanted = "1s at least, or infinity" },
	{ "Jobs", "LiveTimeoutSec", FIELD(live_timeout), TIMEOUT },
	{ "Jobs", "ReturnTimeoutSec", FIELD(return_timeout), TIMEOUT },
};

static bool set(struct bx_configuration *configuration, const struct setting *setting,
		const char *value)
{
	void *field = (char *)configuration + setting->offset;
	uint64_t time;

	if (setting->is_level) {
		int level = bx_log_level_from_name(value);

		if (level >= 0)
			*(int *)field = level;
		return level >= 0;
	}
	if (!parse_time(value, &time) || time < setting->min || time > setting->max)
		return false;
	*(uint64_t *)field = time;
	return true;
}

/* ---------------------------------------------------------------- files */

struct position {
	const char *file;
	unsigned int line;
	bx_configuration_complain complain;
};

static void complain(const struct position *at, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void complain(const struct position *at, const char *format, ...)
{
	char why[512];
	va_list ap;

	va_start(ap, format);
	vsnprintf(why, sizeof(why), format, ap);
	va_end(ap);
	at->complain(at->file, at->line, bx_clean_text(why));
}

/* Without the blanks around it. */
static char *trim(char *text)
{
	size_t n;

	while (isspace((unsigned char)*text))
		text++;
	n = strlen(text);
	while (n && isspace((unsigned char)text[n - 1]))
		n--;
	text[n] = 0;
	return text;
}

static bool section_known(const char *section)
{
	for (size_t i = 0; i < ARRAY_SIZE(settings); i++)
		if (bx_streq(settings[i].section, section))
			return true;
	return false;
}

static void assign(struct bx_configuration *configuration, const struct position *at,
		   const char *section, char *line)
{
	char *equals = strchr(line, '='), *value;
	const char *name;

	if (!equals) {
		complain(at, "'%.64s' is neither [Section] nor Name=value", line);
		return;
	}
	*equals = 0;
	name = trim(line);
	value = trim(equals + 1);
	for (size_t i = 0; i < ARRAY_SIZE(settings); i++) {
		const struct setting *setting = &settings[i];

		if (!bx_streq(setting->section, section) || !bx_streq(setting->name, name))
			continue;
		if (!set(configuration, setting, value))
			complain(at, "%s=%.64s is wrong: it is %s", name, value, setting->wanted);
		return;
	}
	complain(at, "there is no setting '%.64s' in [%s]", name, section);
}

void bx_configuration_parse(struct bx_configuration *configuration, const char *file, char *text,
			    bx_configuration_complain said)
{
	struct position at = { .file = file, .complain = said };
	char *line, *section = NULL;
	bool skipping = false; /* a section that was complained of already */

	while ((line = strsep(&text, "\n"))) {
		size_t n;

		at.line++;
		line = trim(line);
		n = strlen(line);
		if (!n || *line == '#' || *line == ';')
			continue;
		if (*line == '[' && line[n - 1] == ']') {
			line[n - 1] = 0;
			section = line + 1;
			skipping = !section_known(section);
			if (skipping)
				complain(&at, "there is no section [%.64s]", section);
		} else if (!section) {
			complain(&at, "'%.64s' stands before any section", line);
		} else if (!skipping) {
			assign(configuration, &at, section, line);
		}
	}
}

static void read_file(struct bx_configuration *configuration, struct bx_root *root,
		      const char *file, bx_configuration_complain said)
{
	_cleanup_free_ char *text = NULL;
	ssize_t n = bx_root_read_all(root, file, &text);

	if (n == -ENOENT)
		return;
	if (n < 0)
		complain(&(struct position){ file, 0, said }, "it cannot be read: %s",
			 strerror(-n));
	else if (strlen(text) != (size_t)n)
		complain(&(struct position){ file, 0, said },
			 "it is no text: there is a zero byte in it");
	else
		bx_configuration_parse(configuration, file, text, said);
}

struct bx_configuration bx_configuration_read(struct bx_root *root, bx_configuration_complain said)
{
	struct bx_configuration configuration = bx_configuration_default;
	_cleanup_strv_ char **names = NULL;
	int r;

	read_file(&configuration, root, BX_CONFIGURATION_FILE, said);
	r = bx_root_list(root, BX_CONFIGURATION_FOLDER, &names);
	if (r < 0 && r != -ENOENT)
		complain(&(struct position){ BX_CONFIGURATION_FOLDER, 0, said },
			 "it cannot be read: %s", strerror(-r));
	for (size_t i = 0; r >= 0 && names && names[i]; i++) {
		size_t n = strlen(names[i]);

		if (n > 5 && bx_streq(names[i] + n - 5, ".conf"))
			read_file(&configuration, root,
				  bx_path(BX_CONFIGURATION_FOLDER "/%s", names[i]).s, said);
	}
	return configuration;
}
