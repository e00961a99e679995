// SPDX-License-Identifier: GPL-2.0-or-later
/* Parsers of the kernel's mount tables; see mountinfo.h. */
#include "daemon/mountinfo.h"
#include "daemon/util.h"

#include <ctype.h>

struct field {
	const char *start;
	size_t length;
};

/* Takes the next field off a line; fields are separated by single blanks. */
static bool next_field(const char **p, const char *end, struct field *field)
{
	if (*p >= end)
		return false;
	field->start = *p;
	while (*p < end && **p != ' ')
		(*p)++;
	field->length = *p - field->start;
	if (*p < end)
		(*p)++;
	return field->length > 0;
}

static bool octal_digit(char c)
{
	return c >= '0' && c <= '7';
}

/* Undoes the kernel's escapes of blank, tab, line feed, backslash and #: three octal digits. */
static int unescape(struct field field, char *out, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < field.length; i++) {
		char c = field.start[i];

		if (c == '\\' && field.length - i > 3 && octal_digit(field.start[i + 1]) &&
		    octal_digit(field.start[i + 2]) && octal_digit(field.start[i + 3])) {
			c = (field.start[i + 1] - '0') * 64 + (field.start[i + 2] - '0') * 8 +
			    field.start[i + 3] - '0';
			i += 3;
		}
		if (!c || n + 1 >= size)
			return -EINVAL;
		out[n++] = c;
	}
	out[n] = 0;
	return 0;
}

static bool parse_number(const char **p, const char *end, unsigned int *ret)
{
	unsigned long n = 0;
	const char *start = *p;

	while (*p < end && isdigit((unsigned char)**p) && *p - start < 9)
		n = n * 10 + *(*p)++ - '0';
	*ret = n;
	return *p > start;
}

static bool parse_id(struct field field, unsigned int *id)
{
	const char *p = field.start, *end = field.start + field.length;

	return parse_number(&p, end, id) && p == end;
}

static bool parse_device(struct field field, unsigned int *major, unsigned int *minor)
{
	const char *p = field.start, *end = field.start + field.length;

	return parse_number(&p, end, major) && p < end && *p++ == ':' &&
	       parse_number(&p, end, minor) && p == end;
}

int bx_mountinfo_parse_line(const char *line, size_t length, struct bx_mount *mount)
{
	const char *p = line, *end = line + length;
	struct field id, parent, device, root, point, options, field;

	if (!next_field(&p, end, &id) || !next_field(&p, end, &parent) ||
	    !next_field(&p, end, &device) || !next_field(&p, end, &root) ||
	    !next_field(&p, end, &point) || !next_field(&p, end, &options))
		return -EINVAL;
	if (!parse_id(id, &mount->id) || !parse_device(device, &mount->major, &mount->minor))
		return -EINVAL;
	if (unescape(point, mount->mount_point, sizeof(mount->mount_point)) < 0)
		return -EINVAL;
	/* Any number of optional fields, ended by a lone dash. */
	do {
		if (!next_field(&p, end, &field))
			return -EINVAL;
	} while (field.length != 1 || *field.start != '-');
	if (!next_field(&p, end, &field) || unescape(field, mount->type, sizeof(mount->type)) < 0)
		return -EINVAL;
	/* A mount without a source has an empty field there. */
	if (!next_field(&p, end, &field))
		field.length = 0;
	return unescape(field, mount->source, sizeof(mount->source));
}

int bx_mountinfo_parse(const char *text, int (*found)(const struct bx_mount *mount, void *userdata),
		       void *userdata, size_t *bad)
{
	_cleanup_free_ struct bx_mount *mount = malloc(sizeof(*mount));
	int r;

	if (!mount)
		return -ENOMEM;
	if (bad)
		*bad = 0;
	for (const char *line = text; *line;) {
		size_t n = strcspn(line, "\n");

		if (bx_mountinfo_parse_line(line, n, mount) >= 0) {
			r = found(mount, userdata);
			if (r)
				return r;
		} else if (bad) {
			(*bad)++;
		}
		line += n;
		line += *line == '\n';
	}
	return 0;
}

int bx_swaps_parse(const char *text, int (*found)(const char *path, void *userdata), void *userdata)
{
	char path[BX_MOUNT_PATH_MAX];
	int r;

	/* The first line is a heading. */
	for (const char *line = strchr(text, '\n'); line && *++line; line = strchr(line, '\n')) {
		struct field field = { line, strcspn(line, " \t\n") };

		if (!field.length || *line != '/' || unescape(field, path, sizeof(path)) < 0)
			continue;
		r = found(path, userdata);
		if (r)
			return r;
	}
	return 0;
}
