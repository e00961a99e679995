// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The interface org.varlink.service, which every varlink service has: what there is, and how it is
 * described. It says nothing that is not public.
 */
#include "daemon/varlink_private.h"

static const char description[] =
	"# What every varlink service can be asked: who it is and which interfaces it has.\n"
	"interface org.varlink.service\n"
	"\n"
	"# Who made the service, what it is, and the names of its interfaces.\n"
	"method GetInfo() -> (\n"
	"  vendor: string,\n"
	"  product: string,\n"
	"  version: string,\n"
	"  url: string,\n"
	"  interfaces: []string\n"
	")\n"
	"\n"
	"# One of these interfaces, in the language that this is written in.\n"
	"method GetInterfaceDescription(interface: string) -> (description: string)\n"
	"\n"
	"# The service has no such interface.\n"
	"error InterfaceNotFound (interface: string)\n"
	"\n"
	"# The interface has no such method.\n"
	"error MethodNotFound (method: string)\n"
	"\n"
	"# The interface has the method, and this service cannot do it.\n"
	"error MethodNotImplemented (method: string)\n"
	"\n"
	"# A parameter is missing, is unknown, or cannot be what was meant.\n"
	"error InvalidParameter (parameter: string)\n"
	"\n"
	"# The caller may not do that.\n"
	"error PermissionDenied ()\n"
	"\n"
	"# The method is to be called with `more`.\n"
	"error ExpectedMore ()\n";

static int add_string(struct json_object *object, const char *name, const char *text)
{
	struct json_object *value = json_object_new_string(text);

	if (value && json_object_object_add(object, name, value) == 0)
		return 0;
	json_object_put(value);
	return -ENOMEM;
}

static int append_string(struct json_object *array, const char *text)
{
	struct json_object *value = json_object_new_string(text);

	if (value && json_object_array_add(array, value) == 0)
		return 0;
	json_object_put(value);
	return -ENOMEM;
}

static int add_interfaces(struct json_object *object, const struct bx_varlink *varlink)
{
	struct json_object *names = json_object_new_array();
	int r;

	if (!names)
		return -ENOMEM;
	r = append_string(names, bx_varlink_service_interface.name);
	for (size_t i = 0; r == 0 && varlink->interfaces[i]; i++)
		r = append_string(names, varlink->interfaces[i]->name);
	if (r == 0 && json_object_object_add(object, "interfaces", names) == 0)
		return 0;
	json_object_put(names);
	return -ENOMEM;
}

static int get_info(struct bx_varlink_call *call, struct json_object *parameters)
{
	static const struct bx_varlink_parameter none[] = { { 0 } };
	_cleanup_(json_object_putp) struct json_object *reply = NULL;
	const struct bx_varlink *varlink = call->connection->varlink;

	if (bx_varlink_parameters(call, parameters, none) == 0)
		return 0;
	reply = json_object_new_object();
	if (!reply || add_string(reply, "vendor", varlink->info.vendor) < 0 ||
	    add_string(reply, "product", varlink->info.product) < 0 ||
	    add_string(reply, "version", varlink->info.version) < 0 ||
	    add_string(reply, "url", varlink->info.url) < 0 || add_interfaces(reply, varlink) < 0)
		return -ENOMEM;
	bx_varlink_reply(call, reply);
	return 0;
}

static int get_interface_description(struct bx_varlink_call *call, struct json_object *parameters)
{
	_cleanup_(json_object_putp) struct json_object *reply = NULL;
	const struct bx_varlink_interface *interface;
	struct json_object *name;
	const struct bx_varlink_parameter table[] = {
		{ "interface", json_type_string, &name, false },
		{ 0 },
	};

	if (bx_varlink_parameters(call, parameters, table) == 0)
		return 0;
	interface =
		bx_varlink_find_interface(call->connection->varlink, json_object_get_string(name),
					  json_object_get_string_len(name));
	if (!interface) {
		bx_varlink_interface_not_found(call, json_object_get_string(name));
		return 0;
	}
	reply = json_object_new_object();
	if (!reply || add_string(reply, "description", interface->description) < 0)
		return -ENOMEM;
	bx_varlink_reply(call, reply);
	return 0;
}

static int service_call(struct bx_varlink_call *call, const char *method,
			struct json_object *parameters, void *userdata)
{
	if (bx_streq(method, "GetInfo"))
		return get_info(call, parameters);
	if (bx_streq(method, "GetInterfaceDescription"))
		return get_interface_description(call, parameters);
	bx_varlink_method_not_found(call);
	return 0;
}

const struct bx_varlink_interface bx_varlink_service_interface = {
	.name = "org.varlink.service",
	.description = description,
	.call = service_call,
};
