// SPDX-License-Identifier: GPL-2.0-or-later
/* Prints the tables; see describe.h. */
#include "daemon/describe.h"
#include "daemon/api.h"
#include "daemon/names.h"
#include "daemon/states.h"
#include "daemon/steps.h"
#include "daemon/util.h"

#include <ctype.h>

/* ---------------------------------------------------------------- introspection data */

static void xml_arguments(FILE *to, const struct bx_field *fields, const char *direction)
{
	for (; fields && fields->name; fields++)
		fprintf(to, "      <arg type=\"%s\" name=\"%s\"%s/>\n", fields->type, fields->name,
			direction);
}

static void xml_interface(FILE *to, const struct bx_interface *interface)
{
	const struct bx_field *property;
	const struct bx_method *method;
	const struct bx_signal *signal;

	fprintf(to, "  <interface name=\"" BX_BUS_NAME ".%s\">\n", interface->name);
	for (property = interface->properties; property && property->name; property++) {
		fprintf(to, "    <property name=\"%s\" type=\"%s\" access=\"read\">\n",
			property->name, property->type);
		/* What is not said is true: each change is signalled, with the new value. */
		if (property->constant)
			fprintf(to,
				"      <annotation name=\"org.freedesktop.DBus.Property.EmitsChangedSignal\" "
				"value=\"const\"/>\n");
		fprintf(to, "    </property>\n");
	}
	for (method = interface->methods; method && method->name; method++) {
		fprintf(to, "    <method name=\"%s\">\n", method->name);
		xml_arguments(to, method->in, " direction=\"in\"");
		if (method->options)
			fprintf(to,
				"      <arg type=\"a{sv}\" name=\"options\" direction=\"in\"/>\n");
		xml_arguments(to, method->out, " direction=\"out\"");
		fprintf(to, "    </method>\n");
	}
	for (signal = interface->signals; signal && signal->name; signal++) {
		fprintf(to, "    <signal name=\"%s\">\n", signal->name);
		xml_arguments(to, signal->fields, "");
		fprintf(to, "    </signal>\n");
	}
	fprintf(to, "  </interface>\n");
}

static void describe_xml(FILE *to)
{
	fprintf(to,
		"<!DOCTYPE node PUBLIC \"-//freedesktop//DTD D-BUS Object Introspection 1.0//EN\"\n"
		"  \"http://www.freedesktop.org/standards/dbus/1.0/introspect.dtd\">\n"
		"<!-- Made by bxd from its tables. What it means is in org.byteexpress.bx1(5). -->\n<node>\n");
	for (size_t i = 0; bx_interfaces[i]; i++)
		xml_interface(to, bx_interfaces[i]);
	fprintf(to, "</node>\n");
}

/* ---------------------------------------------------------------- the manual */

/* A sentence a line, as mdoc wants it. */
static void put_text(FILE *to, const char *text)
{
	bool begin = true;

	for (const char *p = text; *p; p++) {
		if (begin && (*p == '.' || *p == '\''))
			fputs("\\&", to);
		begin = false;
		if (*p == '\\')
			fputs("\\e", to);
		else if (p > text && p[-1] == '.' && *p == ' ' && isupper((unsigned char)p[1]))
			begin = fputc('\n', to) >= 0;
		else
			fputc(*p, to);
	}
	fputc('\n', to);
}

static void begin_list(FILE *to, const char *widest)
{
	fprintf(to, ".Bl -tag -width %s\n", widest);
}

static void put_item(FILE *to, const char *name, const char *text)
{
	fprintf(to, ".It Cm %s\n", name);
	put_text(to, text);
}

static void put_fields(FILE *to, const char *title, const struct bx_field *fields)
{
	if (!fields || !fields->name)
		return;
	fprintf(to, ".Pp\n%s\n", title);
	begin_list(to, "error_message");
	for (; fields->name; fields++) {
		fprintf(to, ".It Va %s Pq Ql %s\n", fields->name, fields->type);
		put_text(to, fields->doc);
	}
	fprintf(to, ".El\n");
}

static void put_method(FILE *to, const struct bx_method *method)
{
	fprintf(to, ".It Fn %s", method->name);
	for (const struct bx_field *field = method->in; field && field->name; field++)
		fprintf(to, " \"%s\"", field->name);
	fprintf(to, "%s\n", method->options ? " \"options\"" : "");
	put_text(to, method->doc);
	if (method->action && *method->action)
		fprintf(to, "Wants the authorization\n.Ql " BX_BUS_NAME ".%s .\n", method->action);
	put_fields(to, "Arguments:", method->in);
	put_fields(to, "Options:", method->options);
	put_fields(to, "Result:", method->out);
}

static void put_interface(FILE *to, const struct bx_interface *interface)
{
	const struct bx_signal *signal;
	const struct bx_method *method;

	fprintf(to, ".Sh %s\n", interface->name);
	put_text(to, interface->doc);
	fprintf(to, "The interface is\n.Ql " BX_BUS_NAME ".%s ,\n", interface->name);
	if (interface->single)
		fprintf(to, "and the object\n.Pa %s .\n", interface->path);
	else
		fprintf(to, "and the objects are\n.Pa %s/%s .\n", interface->path,
			interface->numbered ? "N" : "ID");
	put_fields(to, "Properties:", interface->properties);
	if (interface->methods) {
		fprintf(to, ".Pp\nMethods:\n");
		begin_list(to, "Ds");
		for (method = interface->methods; method->name; method++)
			put_method(to, method);
		fprintf(to, ".El\n");
	}
	if (interface->signals) {
		fprintf(to, ".Pp\nSignals:\n");
		begin_list(to, "Ds");
		for (signal = interface->signals; signal->name; signal++) {
			fprintf(to, ".It Fn %s", signal->name);
			for (const struct bx_field *field = signal->fields; field && field->name;
			     field++)
				fprintf(to, " \"%s\"", field->name);
			fprintf(to, "\n");
			put_text(to, signal->doc);
			put_fields(to, "Arguments:", signal->fields);
		}
		fprintf(to, ".El\n");
	}
}

static void put_tables(FILE *to)
{
	fprintf(to, ".Sh STATES OF A DEVICE\n");
	begin_list(to, "foreign-driver");
#define X(id, name, doc) put_item(to, name, doc);
	BX_STATES(X)
#undef X
	fprintf(to, ".El\n.Sh KINDS OF A JOB\n");
	begin_list(to, "foreign-driver");
#define X(id, name, subject, change, undone, doc) put_item(to, name, doc);
	BX_KINDS(X)
#undef X
	fprintf(to,
		".El\n.Sh STEPS OF A JOB\n"
		"A job takes those that its kind needs, in this order, and each is in the journal before it begins.\n"
		"The step\n.Cm restore\nis only taken when another one failed after something was changed.\n");
	begin_list(to, "load-module");
#define X(id, name, percent, doc) put_item(to, name, doc);
	BX_STEPS(X)
#undef X
	fprintf(to, ".El\n.Sh RESULTS OF A JOB\n");
	begin_list(to, "rollback-failed");
#define X(id, name, doc)  \
	if (*(name) != 0) \
		put_item(to, name, doc);
	BX_RESULTS(X)
#undef X
	fprintf(to, ".El\n.Sh NAMES OF ERRORS\nBelow\n.Ql " BX_BUS_NAME ".Error :\n");
	begin_list(to, "DriverUnsuitable");
	for (int error = BX_ERROR_NONE + 1; error < BX_ERROR_COUNT; error++)
		put_item(to, bx_error_name(error), bx_error_documentation(error));
	fprintf(to, ".El\n");
}

static void describe_manual(FILE *to)
{
	fprintf(to,
		".\\\" SPDX-License-Identifier: GPL-2.0-or-later\n"
		".\\\" Made by bxd from its tables.\n"
		".Dd November 21, 2026\n.Dt ORG.BYTEEXPRESS.BX1 5\n.Os\n"
		".Sh NAME\n.Nm " BX_BUS_NAME "\n.Nd D-Bus interface of bxd\n"
		".Sh DESCRIPTION\n"
		".Xr bxd 8\nhas this name on the system bus, and is started when somebody talks to it.\n"
		"Its root object,\n.Pa " BX_PATH_ROOT " ,\n"
		"has the interface\n.Ql org.freedesktop.DBus.ObjectManager ,\n"
		"whose methods and signals tell of all others.\n"
		"Changes of properties are signalled with their new values.\n"
		".Pp\n"
		"Everybody may look.\n"
		"What wants an authorization can be done by root, and by whom\n.Xr polkit 8\nallows it.\n"
		"What takes long is a job: the method returns at once, with the object of the job.\n"
		"An option that a method does not have is refused, as is an argument of another type.\n"
		".Pp\n"
		"Arguments are followed by their types, as D-Bus writes them.\n"
		".Pp\n"
		"On varlink the same is the interface\n.Ql " BX_BUS_NAME
		"\nat\n.Pa /run/bxd/" BX_BUS_NAME " :\n"
		"objects are named by their Id, which is the argument\n.Va id\nof their methods;\n"
		".Fn GetManager ,\n.Fn ListDevices\nand\n.Fn ListJobs\ntell of them, and\n.Fn Monitor\nof what happens to them.\n"
		"It describes itself:\n.Ql varlinkctl introspect .\n");
	for (size_t i = 0; bx_interfaces[i]; i++)
		put_interface(to, bx_interfaces[i]);
	put_tables(to);
	fprintf(to, ".Sh SEE ALSO\n.Xr busctl 1 ,\n.Xr bxctl 1 ,\n.Xr bx_emu 4 ,\n.Xr bxd 8\n");
}

/* ---------------------------------------------------------------- varlink */

static const char *varlink_type(const char *type)
{
	static const struct {
		const char *bus, *varlink;
	} types[] = {
		{ "s", "string" },
		{ "o", "string" },
		{ "b", "bool" },
		{ "i", "int" },
		{ "u", "int" },
		{ "as", "[]string" },
		{ "ao", "[]string" },
		{ "a{ss}", "[string]string" },
		{ "aa{ss}", "[][string]string" },
		{ "a{st}", "[string]int" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (bx_streq(types[i].bus, type))
			return types[i].varlink;
	return "object";
}

static void varlink_fields(FILE *to, const struct bx_field *fields, const char *optional)
{
	for (const char *comma = ""; fields && fields->name; fields++, comma = ", ")
		fprintf(to, "%s%s: %s%s", comma, fields->name, optional,
			varlink_type(fields->type));
}

static void varlink_comment(FILE *to, const char *text)
{
	fprintf(to, "\n# %s\n", text);
}

/* An object is named by its key, which comes first. */
static void varlink_method(FILE *to, const struct bx_interface *interface,
			   const struct bx_method *method)
{
	bool any = method->in && method->in->name;

	varlink_comment(to, method->doc);
	fprintf(to, "method %s(%s%s", method->name, interface->single ? "" : "id: string",
		!interface->single && any ? ", " : "");
	varlink_fields(to, method->in, "");
	if (method->options && method->options->name) {
		fprintf(to, "%soptions: ?(", any || !interface->single ? ", " : "");
		varlink_fields(to, method->options, "?");
		fprintf(to, ")");
	}
	fprintf(to, ") -> (");
	varlink_fields(to, method->out, "");
	fprintf(to, ")\n");
}

static void varlink_interface(FILE *to, const struct bx_interface *interface)
{
	varlink_comment(to, interface->doc);
	fprintf(to, "type %s (\n", interface->name);
	for (const struct bx_field *property = interface->properties; property->name; property++)
		fprintf(to, "  # %s\n  %s: %s%s\n", property->doc, property->name,
			varlink_type(property->type), property[1].name ? "," : "");
	fprintf(to, ")\n");
	if (interface->single)
		fprintf(to, "\nmethod Get%s() -> (object: %s)\n", interface->name, interface->name);
	else
		fprintf(to, "\nmethod List%ss() -> (objects: []%s)\n", interface->name,
			interface->name);
	for (const struct bx_method *method = interface->methods; method && method->name; method++)
		varlink_method(to, interface, method);
}

static void describe_varlink(FILE *to)
{
	fprintf(to,
		"# The life of NVMe devices. Objects are named by their Id.\ninterface " BX_BUS_NAME
		"\n");
	for (size_t i = 0; bx_interfaces[i]; i++)
		varlink_interface(to, bx_interfaces[i]);
	varlink_comment(
		to,
		"Wants more: first all objects (present), then ready, then what happens to them.");
	fprintf(to,
		"method Monitor() -> (event: (present, ready, added, changed, removed), id: ?string, device: ?Device, job: ?Job)\n");
	for (int error = BX_ERROR_NONE + 1; error < BX_ERROR_COUNT; error++) {
		varlink_comment(to, bx_error_documentation(error));
		fprintf(to, "error %s (message: string)\n", bx_error_name(error));
	}
}

char *bx_describe_varlink(void)
{
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	if (!to)
		return NULL;
	describe_varlink(to);
	if (fclose(to) == 0)
		return text;
	free(text);
	return NULL;
}

int bx_describe(const char *what, FILE *to)
{
	if (bx_streq(what, "xml"))
		describe_xml(to);
	else if (bx_streq(what, "varlink"))
		describe_varlink(to);
	else if (bx_streq(what, "manual"))
		describe_manual(to);
	else
		return -EINVAL;
	return ferror(to) ? -EIO : 0;
}
