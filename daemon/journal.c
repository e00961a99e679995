// SPDX-License-Identifier: GPL-2.0-or-later
/* The journal of operations; see journal.h. */
#include "daemon/journal.h"
#include "daemon/file.h"
#include "daemon/json.h"
#include "daemon/names.h"
#include "daemon/util.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

static const struct {
	const char *name;
	unsigned int percent;
} steps[BX_STEP_COUNT] = {
#define X(id, text, percentage, doc) [BX_STEP_##id] = { text, percentage },
	BX_STEPS(X)
#undef X
};

static const char *const results[BX_RESULT_COUNT] = {
#define X(id, name, doc) [BX_RESULT_##id] = name,
	BX_RESULTS(X)
#undef X
};

static const struct {
	const char *name;
	enum bx_subject subject;
	enum bx_step first_change;
	bool undone;
} kinds[BX_KIND_COUNT] = {
#define X(id, text, what, change, undone, doc) \
	[BX_KIND_##id] = { text, BX_OF_##what, BX_STEP_##change, undone },
	BX_KINDS(X)
#undef X
};

const char *bx_kind_name(enum bx_kind kind)
{
	return kind < BX_KIND_COUNT ? kinds[kind].name : "";
}

enum bx_subject bx_kind_subject(enum bx_kind kind)
{
	return kinds[kind].subject;
}

enum bx_subject bx_operation_subject(const struct bx_operation *operation)
{
	return bx_kind_subject(operation->kind == BX_KIND_PLAN ? operation->planned
							       : operation->kind);
}

bool bx_step_changes(enum bx_kind kind, enum bx_step step)
{
	return kind < BX_KIND_COUNT && step >= kinds[kind].first_change;
}

bool bx_operation_cancelable(const struct bx_operation *operation)
{
	if (operation->result != BX_RESULT_NONE || operation->step >= BX_STEP_RESTORE)
		return false;
	return kinds[operation->kind].undone || !bx_step_changes(operation->kind, operation->step);
}

struct bx_path bx_operation_lock(const struct bx_operation *operation)
{
	switch (bx_operation_subject(operation)) {
	case BX_OF_MODULE: /* no name of a device has a colon in it */
		return bx_path("module:%s", operation->module);
	case BX_OF_BUS:
		return bx_path("bus:pci");
	default:
		return bx_path("%s", *operation->name ? operation->name : operation->address);
	}
}

const char *bx_step_name(enum bx_step step)
{
	return step < BX_STEP_COUNT ? steps[step].name : "";
}

unsigned int bx_step_percent(enum bx_step step)
{
	return step < BX_STEP_COUNT ? steps[step].percent : 0;
}

const char *bx_result_name(enum bx_result result)
{
	return result < BX_RESULT_COUNT ? results[result] : "";
}

/* ---------------------------------------------------------------- to and from JSON */

enum field_type {
	FIELD_STRING,
	FIELD_NUMBER,
	FIELD_INT,
	FIELD_BOOL,
	FIELD_KIND,
	FIELD_STEP,
	FIELD_RESULT,
	FIELD_ERROR
};

#define STRING_FIELD(member)                                                  \
	{                                                                     \
#member, FIELD_STRING, offsetof(struct bx_operation, member), \
			sizeof(((struct bx_operation *)0)->member)            \
	}
#define FIELD(member, type)                                             \
	{                                                               \
#member, type, offsetof(struct bx_operation, member), 0 \
	}

static const struct field {
	const char *name;
	enum field_type type;
	size_t offset, size;
} fields[] = {
	FIELD(job, FIELD_NUMBER),    FIELD(kind, FIELD_KIND),
	FIELD(planned, FIELD_KIND),  FIELD(as_planned, FIELD_BOOL),
	STRING_FIELD(boot_id),	     STRING_FIELD(device),
	STRING_FIELD(name),	     FIELD(with_data, FIELD_BOOL),
	FIELD(forget, FIELD_BOOL),   STRING_FIELD(module),
	STRING_FIELD(parameters),    STRING_FIELD(address),
	FIELD(inode, FIELD_NUMBER),  STRING_FIELD(old_driver),
	STRING_FIELD(old_override),  STRING_FIELD(new_driver),
	FIELD(attempts, FIELD_INT),  FIELD(step, FIELD_STEP),
	FIELD(result, FIELD_RESULT), FIELD(error, FIELD_ERROR),
	STRING_FIELD(message),
};

static struct json_object *field_to_json(const struct bx_operation *operation,
					 const struct field *field)
{
	const void *member = (const char *)operation + field->offset;

	switch (field->type) {
	case FIELD_STRING:
		return json_object_new_string(member);
	case FIELD_NUMBER:
		return json_object_new_int64(*(const uint64_t *)member);
	case FIELD_INT:
		return json_object_new_int64(*(const unsigned int *)member);
	case FIELD_BOOL:
		return json_object_new_boolean(*(const bool *)member);
	case FIELD_KIND:
		return json_object_new_string(bx_kind_name(*(const enum bx_kind *)member));
	case FIELD_STEP:
		return json_object_new_string(bx_step_name(*(const enum bx_step *)member));
	case FIELD_RESULT:
		return json_object_new_string(bx_result_name(*(const enum bx_result *)member));
	case FIELD_ERROR:
		return json_object_new_string(bx_error_name(*(const enum bx_error *)member));
	}
	return NULL;
}

int bx_operation_format(const struct bx_operation *operation, char **ret)
{
	_cleanup_(json_object_putp) struct json_object *object = json_object_new_object();
	const char *text;

	if (!object ||
	    json_object_object_add(object, "version", json_object_new_int(BX_JOURNAL_VERSION)) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		struct json_object *value = field_to_json(operation, &fields[i]);

		if (!value || json_object_object_add(object, fields[i].name, value) < 0) {
			json_object_put(value);
			return -ENOMEM;
		}
	}
	text = json_object_to_json_string_ext(object, JSON_C_TO_STRING_PRETTY |
							      JSON_C_TO_STRING_NOSLASHESCAPE);
	if (!text || asprintf(ret, "%s\n", text) < 0)
		return -ENOMEM;
	return 0;
}

static int name_index(const char *name, const char *(*name_of)(unsigned int), unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		if (bx_streq(name, name_of(i)))
			return i;
	return -EBADMSG;
}

static const char *kind_name(unsigned int i)
{
	return bx_kind_name(i);
}

static const char *step_name(unsigned int i)
{
	return bx_step_name(i);
}

static const char *result_name(unsigned int i)
{
	return bx_result_name(i);
}

static int string_from_json(struct json_object *value, char *member, size_t size)
{
	return bx_copy(member, size, json_object_get_string(value)) < 0 ? -EBADMSG : 0;
}

static int number_from_json(struct json_object *value, int64_t max, int64_t *ret)
{
	if (!json_object_is_type(value, json_type_int))
		return -EBADMSG;
	*ret = json_object_get_int64(value);
	return *ret < 0 || *ret >= max ? -EBADMSG : 0;
}

static int field_from_json(struct json_object *value, const struct field *field,
			   struct bx_operation *operation)
{
	void *member = (char *)operation + field->offset;
	char name[64] = "";
	int64_t number = 0;
	int r;

	if (field->type == FIELD_BOOL) {
		if (!json_object_is_type(value, json_type_boolean))
			return -EBADMSG;
	} else if (field->type == FIELD_NUMBER || field->type == FIELD_INT) {
		r = number_from_json(value, field->type == FIELD_INT ? INT32_MAX : INT64_MAX,
				     &number);
		if (r < 0)
			return r;
	} else if (!json_object_is_type(value, json_type_string)) {
		return -EBADMSG;
	} else if (field->type != FIELD_STRING) {
		r = string_from_json(value, name, sizeof(name));
		if (r < 0)
			return r;
	}

	switch (field->type) {
	case FIELD_STRING:
		return string_from_json(value, member, field->size);
	case FIELD_NUMBER:
		*(uint64_t *)member = number;
		return 0;
	case FIELD_INT:
		*(unsigned int *)member = number;
		return 0;
	case FIELD_BOOL:
		*(bool *)member = json_object_get_boolean(value);
		return 0;
	case FIELD_KIND:
		r = name_index(name, kind_name, BX_KIND_COUNT);
		*(enum bx_kind *)member = r < 0 ? 0 : r;
		return r;
	case FIELD_STEP:
		r = name_index(name, step_name, BX_STEP_COUNT);
		*(enum bx_step *)member = r < 0 ? 0 : r;
		return r;
	case FIELD_RESULT:
		r = name_index(name, result_name, BX_RESULT_COUNT);
		*(enum bx_result *)member = r < 0 ? 0 : r;
		return r;
	case FIELD_ERROR:
		return bx_error_from_name(name, member) < 0 ? -EBADMSG : 0;
	}
	return -EBADMSG;
}

/* What must hold whoever wrote the file, since the worker acts on it as root. */
static int validate(const struct bx_operation *operation)
{
	enum bx_subject subject = bx_operation_subject(operation);
	bool plan = operation->kind == BX_KIND_PLAN;
	enum bx_kind kind = plan ? operation->planned : operation->kind;

	if (operation->job == 0)
		return -EBADMSG;
	/* No plans are made of plans, nor of what is no device. */
	if ((plan || operation->as_planned) && subject != BX_OF_FUNCTION &&
	    subject != BX_OF_EMULATED)
		return -EBADMSG;
	if (plan && (operation->as_planned || operation->forget))
		return -EBADMSG;
	if (subject == BX_OF_MODULE ? !bx_module_find(operation->module) : *operation->module)
		return -EBADMSG;
	if (*operation->name ? !bx_emulated_name_valid(operation->name) : subject == BX_OF_EMULATED)
		return -EBADMSG;
	if (*operation->address ? !bx_pci_address_valid(operation->address)
				: subject == BX_OF_FUNCTION)
		return -EBADMSG;
	if (*operation->old_driver && !bx_driver_name_valid(operation->old_driver))
		return -EBADMSG;
	if (kind == BX_KIND_BIND ? !bx_driver_name_valid(operation->new_driver)
				 : *operation->new_driver)
		return -EBADMSG;
	/* Somebody else's override can be any text, but it fills one line. */
	return strchr(operation->old_override, '\n') ? -EBADMSG : 0;
}

int bx_operation_parse(const char *text, size_t length, struct bx_operation *ret)
{
	/* One flat object; its version is no field. */
	static const struct bx_json_limits limits = {
		.size = BX_JOURNAL_SIZE_MAX,
		.depth = 1,
		.values = ARRAY_SIZE(fields) + 2,
	};
	_cleanup_(json_object_putp) struct json_object *object = NULL;
	struct bx_operation operation = { 0 };
	struct json_object *value;
	int64_t version;
	int r;

	r = bx_json_parse(text, length, &limits, &object);
	if (r < 0)
		return r == -ENOMEM ? r : -EBADMSG;
	if (!json_object_is_type(object, json_type_object))
		return -EBADMSG;
	if (!json_object_object_get_ex(object, "version", &value) ||
	    number_from_json(value, INT32_MAX, &version) < 0 || version != BX_JOURNAL_VERSION)
		return -EBADMSG;
	if (json_object_object_length(object) != ARRAY_SIZE(fields) + 1)
		return -EBADMSG;
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		if (!json_object_object_get_ex(object, fields[i].name, &value))
			return -EBADMSG;
		r = field_from_json(value, &fields[i], &operation);
		if (r < 0)
			return r;
	}
	r = validate(&operation);
	if (r < 0)
		return r;
	*ret = operation;
	return 0;
}

/* ---------------------------------------------------------------- files */

int bx_journal_open(struct bx_journal *journal, struct bx_root *root)
{
	_cleanup_close_ int run = bx_folder_open(root, BX_DIR_RUN);

	if (run < 0)
		return run;
	journal->fd = bx_folder_open(root, BX_DIR_JOURNAL);
	return journal->fd < 0 ? journal->fd : 0;
}

void bx_journal_close(struct bx_journal *journal)
{
	bx_closep(&journal->fd);
	journal->fd = -1;
}

struct bx_path bx_plan_file(uint64_t job)
{
	return bx_path("%llu.plan", (unsigned long long)job);
}

static struct bx_path cancel_file(uint64_t job)
{
	return bx_path("%llu.cancelled", (unsigned long long)job);
}

static struct bx_path file_name(uint64_t job)
{
	return bx_path("%llu.json", (unsigned long long)job);
}

int bx_journal_write(struct bx_journal *journal, const struct bx_operation *operation)
{
	_cleanup_free_ char *text = NULL;
	int r;

	r = bx_operation_format(operation, &text);
	return r < 0 ? r : bx_file_replace(journal->fd, file_name(operation->job).s, text, false);
}

int bx_journal_read(struct bx_journal *journal, uint64_t job, struct bx_operation *ret)
{
	char text[BX_JOURNAL_SIZE_MAX];
	ssize_t n;
	int r;

	n = bx_file_read(journal->fd, file_name(job).s, text, sizeof(text));
	if (n < 0)
		return n == -EFBIG ? -EBADMSG : n;
	r = bx_operation_parse(text, n, ret);
	if (r >= 0 && ret->job != job)
		r = -EBADMSG;
	return r;
}

int bx_journal_cancel(struct bx_journal *journal, uint64_t job)
{
	return bx_file_replace(journal->fd, cancel_file(job).s, "", false);
}

bool bx_journal_cancelled(const struct bx_journal *journal, uint64_t job)
{
	return faccessat(journal->fd, cancel_file(job).s, F_OK, 0) == 0;
}

/* First, so that none is left alone. */
static void remove_companions(struct bx_journal *journal, uint64_t job)
{
	bx_file_remove(journal->fd, bx_plan_file(job).s, false);
	bx_file_remove(journal->fd, cancel_file(job).s, false);
}

int bx_journal_remove(struct bx_journal *journal, uint64_t job)
{
	remove_companions(journal, job);
	return bx_file_remove(journal->fd, file_name(job).s, false);
}

int bx_journal_set_aside(struct bx_journal *journal, uint64_t job)
{
	struct bx_path name = file_name(job);

	remove_companions(journal, job);
	return renameat(journal->fd, name.s, journal->fd, bx_path("%s.damaged", name.s).s) < 0
		       ? -errno
		       : 0;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* The number of an operation's file name, or 0. */
static uint64_t number_of_file(const char *name)
{
	unsigned long long job;
	char *end;

	if (*name < '1' || *name > '9')
		return 0;
	errno = 0;
	job = strtoull(name, &end, 10);
	return errno || !bx_streq(end, ".json") ? 0 : job;
}

int bx_journal_list(struct bx_journal *journal, uint64_t **ret)
{
	struct bx_root folder = { .fd = journal->fd };
	_cleanup_strv_ char **names = NULL;
	uint64_t *jobs;
	int r, n = 0;

	r = bx_root_list(&folder, ".", &names);
	if (r < 0)
		return r;
	jobs = calloc(bx_strv_length(names) + 1, sizeof(*jobs));
	if (!jobs)
		return -ENOMEM;
	for (size_t i = 0; names && names[i]; i++) {
		uint64_t job = number_of_file(names[i]);

		if (job)
			jobs[n++] = job;
	}
	qsort(jobs, n, sizeof(*jobs), compare);
	*ret = jobs;
	return n;
}
