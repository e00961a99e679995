// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Serves org.varlink.certification on a Unix socket, over the daemon's own code, so that clients of
 * others can say whether it speaks varlink. Each client begins with Start and takes the tests in
 * order, giving back in each what the one before has answered.
 *
 *   bx-varlink-certification SOCKET      (or unix:SOCKET)
 */
#include "daemon/varlink.h"

#include <math.h>
#include <signal.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>

#define NAME	    "org.varlink.certification"
#define CLIENTS_MAX 128
#define REPLIES	    10

static const char description[] =
	"# For testing implementations of varlink: a client calls Start, the tests in order and End, and\n"
	"# passes to each of them what the one before has returned.\n"
	"interface " NAME "\n"
	"\n"
	"type Interface (\n"
	"  foo: ?[]?[string](foo, bar, baz),\n"
	"  anon: (foo: bool, bar: bool)\n"
	")\n"
	"\n"
	"type MyType (\n"
	"  object: object,\n"
	"  enum: (one, two, three),\n"
	"  struct: (first: int, second: string),\n"
	"  array: []string,\n"
	"  dictionary: [string]string,\n"
	"  stringset: [string](),\n"
	"  nullable: ?string,\n"
	"  nullable_array_struct: ?[](first: int, second: string),\n"
	"  interface: Interface\n"
	")\n"
	"\n"
	"method Start() -> (client_id: string)\n"
	"method Test01(client_id: string) -> (bool: bool)\n"
	"method Test02(client_id: string, bool: bool) -> (int: int)\n"
	"method Test03(client_id: string, int: int) -> (float: float)\n"
	"method Test04(client_id: string, float: float) -> (string: string)\n"
	"method Test05(client_id: string, string: string) -> (\n"
	"  bool: bool, int: int, float: float, string: string\n"
	")\n"
	"method Test06(\n"
	"  client_id: string, bool: bool, int: int, float: float, string: string\n"
	") -> (struct: (bool: bool, int: int, float: float, string: string))\n"
	"method Test07(\n"
	"  client_id: string, struct: (bool: bool, int: int, float: float, string: string)\n"
	") -> (map: [string]string)\n"
	"method Test08(client_id: string, map: [string]string) -> (set: [string]())\n"
	"method Test09(client_id: string, set: [string]()) -> (mytype: MyType)\n"
	"\n"
	"# To be called with `more`; gives more than one reply.\n"
	"method Test10(client_id: string, mytype: MyType) -> (string: string)\n"
	"\n"
	"# To be called with `oneway`, so what is wrong with it is said by End.\n"
	"method Test11(client_id: string, last_more_replies: []string) -> ()\n"
	"method End(client_id: string) -> (all_ok: bool)\n"
	"\n"
	"error ClientIdError ()\n"
	"error CertificationError (wants: object, got: object)\n";

#define STRUCT \
	"{\"bool\":false,\"int\":2,\"float\":3.141592653589793,\"string\":\"a lot of string\"}"
#define MAP "{\"foo\":\"Foo\",\"bar\":\"Bar\"}"
#define SET "{\"one\":{},\"two\":{},\"three\":{}}"
#define MYTYPE                                                                           \
	"{\"object\":{\"method\":\"" NAME ".Test09\",\"parameters\":{\"map\":" MAP "}}," \
	"\"enum\":\"two\",\"struct\":{\"first\":1,\"second\":\"2\"},"                    \
	"\"array\":[\"one\",\"two\",\"three\"],\"dictionary\":" MAP ","                  \
	"\"stringset\":" SET ",\"nullable\":null,\"nullable_array_struct\":null,"        \
	"\"interface\":{\"foo\":[null,{\"Foo\":\"foo\",\"Bar\":\"bar\"},null,"           \
	"{\"one\":\"foo\",\"two\":\"bar\"}],\"anon\":{\"foo\":true,\"bar\":false}}}"

/* What each method wants besides the client's id, and what it answers. */
static const struct {
	const char *method, *wants, *answer;
} steps[] = {
	{ "Test01", "{}", "{\"bool\":true}" },
	{ "Test02", "{\"bool\":true}", "{\"int\":1}" },
	{ "Test03", "{\"int\":1}", "{\"float\":1.0}" },
	{ "Test04", "{\"float\":1.0}", "{\"string\":\"ping\"}" },
	{ "Test05", "{\"string\":\"ping\"}", STRUCT },
	{ "Test06", STRUCT, "{\"struct\":" STRUCT "}" },
	{ "Test07", "{\"struct\":" STRUCT "}", "{\"map\":" MAP "}" },
	{ "Test08", "{\"map\":" MAP "}", "{\"set\":" SET "}" },
	{ "Test09", "{\"set\":" SET "}", "{\"mytype\":" MYTYPE "}" },
	{ "Test10", "{\"mytype\":" MYTYPE "}", NULL },
	{ "Test11",
	  "{\"last_more_replies\":[\"Reply number 1\",\"Reply number 2\",\"Reply number 3\","
	  "\"Reply number 4\",\"Reply number 5\",\"Reply number 6\",\"Reply number 7\","
	  "\"Reply number 8\",\"Reply number 9\",\"Reply number 10\"]}",
	  "{}" },
	{ "End", "{}", "{\"all_ok\":true}" },
};

struct certificate {
	char id[33]; /* "" is not in use */
	unsigned int next; /* the step that the client has to take */
};

struct certification {
	struct certificate clients[CLIENTS_MAX];
	unsigned int newest;
};

static struct json_object *parse(const char *text)
{
	const struct bx_json_limits limits = { .size = 4096, .depth = 16, .values = 256 };
	struct json_object *value = NULL;

	return bx_json_parse(text, strlen(text), &limits, &value) < 0 ? NULL : value;
}

/* ---------------------------------------------------------------- comparing */

static bool same(struct json_object *a, struct json_object *b);

/* Whether @b has the members of @a; one that is null can as well be missing. */
static bool has_members(struct json_object *a, struct json_object *b)
{
	json_object_object_foreach(a, name, value) {
		struct json_object *other = NULL;

		json_object_object_get_ex(b, name, &other);
		if (!same(value, other))
			return false;
	}
	return true;
}

/* As values: a number without fraction can be written as an integer. */
static bool same(struct json_object *a, struct json_object *b)
{
	enum json_type type = json_object_get_type(a), other = json_object_get_type(b);

	if ((type == json_type_int && other == json_type_double) ||
	    (type == json_type_double && other == json_type_int))
		return !islessgreater(json_object_get_double(a), json_object_get_double(b));
	if (type != other)
		return false;
	if (type == json_type_object)
		return has_members(a, b) && has_members(b, a);
	if (type != json_type_array)
		return json_object_equal(a, b);
	if (json_object_array_length(a) != json_object_array_length(b))
		return false;
	for (size_t i = 0; i < json_object_array_length(a); i++)
		if (!same(json_object_array_get_idx(a, i), json_object_array_get_idx(b, i)))
			return false;
	return true;
}

/* ---------------------------------------------------------------- the methods */

/* Takes both references. */
static int refuse(struct bx_varlink_call *call, struct json_object *wants, struct json_object *got)
{
	_cleanup_(json_object_putp) struct json_object *parameters = json_object_new_object();

	if (!parameters) {
		json_object_put(wants);
		json_object_put(got);
		return -ENOMEM;
	}
	json_object_object_add(parameters, "wants", wants);
	json_object_object_add(parameters, "got", got);
	bx_varlink_error(call, NAME ".CertificationError", parameters);
	return 0;
}

static struct json_object *named(const char *name, const char *value)
{
	struct json_object *object = json_object_new_object();

	if (object)
		json_object_object_add(object, name, json_object_new_string(value));
	return object;
}

static int start(struct certification *certification, struct bx_varlink_call *call)
{
	_cleanup_(json_object_putp) struct json_object *reply = NULL;
	struct certificate *client;
	unsigned char random[16];

	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		return -EIO;
	/* The oldest of many is forgotten. */
	certification->newest = (certification->newest + 1) % CLIENTS_MAX;
	client = &certification->clients[certification->newest];
	for (size_t i = 0; i < sizeof(random); i++)
		snprintf(client->id + 2 * i, 3, "%02x", random[i]);
	client->next = 0;
	reply = named("client_id", client->id);
	if (!reply)
		return -ENOMEM;
	bx_varlink_reply(call, reply);
	return 0;
}

static struct certificate *find_client(struct certification *certification, const char *id)
{
	for (size_t i = 0; *id && i < CLIENTS_MAX; i++)
		if (bx_streq(certification->clients[i].id, id))
			return &certification->clients[i];
	return NULL;
}

static int reply_often(struct bx_varlink_call *call)
{
	for (int i = 1; i <= REPLIES; i++) {
		_cleanup_(json_object_putp) struct json_object *reply = NULL;
		char text[32];

		snprintf(text, sizeof(text), "Reply number %d", i);
		reply = named("string", text);
		if (!reply)
			return -ENOMEM;
		if (i < REPLIES)
			bx_varlink_reply_more(call, reply);
		else
			bx_varlink_reply(call, reply);
	}
	return 0;
}

static int take_step(struct certificate *client, struct bx_varlink_call *call, const char *method,
		     struct json_object *parameters)
{
	_cleanup_(json_object_putp) struct json_object *wants = NULL, *answer = NULL;
	unsigned int step = client->next;

	if (!bx_streq(steps[step].method, method))
		return refuse(call, named("method", steps[step].method), named("method", method));
	wants = parse(steps[step].wants);
	if (!wants)
		return -ENOMEM;
	json_object_object_add(wants, "client_id", json_object_new_string(client->id));
	if (!same(wants, parameters))
		return refuse(call, json_object_get(wants), json_object_get(parameters));
	if (bx_streq(method, "Test10") && !bx_varlink_call_wants_more(call)) {
		bx_varlink_expected_more(call);
		return 0;
	}
	if (bx_streq(method, "Test11") && !bx_varlink_call_is_oneway(call))
		return refuse(call, named("call", "oneway"), named("call", "not oneway"));
	client->next++;
	if (!steps[step].answer)
		return reply_often(call);
	if (client->next == ARRAY_SIZE(steps))
		*client = (struct certificate){ 0 };
	answer = parse(steps[step].answer);
	if (!answer)
		return -ENOMEM;
	bx_varlink_reply(call, answer);
	return 0;
}

static int certify(struct bx_varlink_call *call, const char *method, struct json_object *parameters,
		   void *userdata)
{
	struct certification *certification = userdata;
	struct certificate *client;
	struct json_object *id;
	size_t step = 0;

	if (bx_streq(method, "Start"))
		return start(certification, call);
	while (step < ARRAY_SIZE(steps) && !bx_streq(steps[step].method, method))
		step++;
	if (step == ARRAY_SIZE(steps)) {
		bx_varlink_method_not_found(call);
		return 0;
	}
	if (!json_object_object_get_ex(parameters, "client_id", &id) ||
	    !json_object_is_type(id, json_type_string)) {
		bx_varlink_invalid_parameter(call, "client_id");
		return 0;
	}
	client = find_client(certification, json_object_get_string(id));
	if (client)
		return take_step(client, call, method, parameters);
	bx_varlink_error(call, NAME ".ClientIdError", NULL);
	return 0;
}

/* ---------------------------------------------------------------- the program */

static int listening_socket(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	_cleanup_close_ int fd = -1;
	int r;

	if (bx_startswith(path, "unix:"))
		path += strlen("unix:");
	r = bx_copy(address.sun_path, sizeof(address.sun_path), path);
	if (r < 0)
		return r;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	unlink(path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(fd, SOMAXCONN) < 0)
		return -errno;
	r = fd;
	fd = -1;
	return r;
}

static int run(const char *path)
{
	static const struct bx_varlink_info info = {
		.vendor = "Byteexpress",
		.product = "Certification",
		.version = BX_VERSION,
		.url = "https://varlink.org/",
	};
	static struct certification certification;
	static const struct bx_varlink_interface interface = {
		.name = NAME,
		.description = description,
		.call = certify,
		.userdata = &certification,
	};
	static const struct bx_varlink_interface *const interfaces[] = { &interface, NULL };
	_cleanup_(sd_event_unrefp) sd_event *event = NULL;
	_cleanup_(bx_varlink_freep) struct bx_varlink *varlink = NULL;
	sigset_t signals;
	int fd, r;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	if (sigprocmask(SIG_BLOCK, &signals, NULL) < 0)
		return -errno;
	r = sd_event_new(&event);
	if (r >= 0)
		r = sd_event_add_signal(event, NULL, SIGTERM, NULL, NULL);
	if (r >= 0)
		r = sd_event_add_signal(event, NULL, SIGINT, NULL, NULL);
	if (r >= 0)
		r = bx_varlink_new(event, &info, interfaces, NULL, &varlink);
	if (r < 0)
		return r;
	fd = listening_socket(path);
	if (fd < 0)
		return fd;
	r = bx_varlink_listen(varlink, fd);
	return r < 0 ? r : sd_event_loop(event);
}

int main(int argc, char **argv)
{
	int r;

	if (argc != 2) {
		fprintf(stderr, "usage: %s SOCKET\n", argv[0]);
		return 2;
	}
	r = run(argv[1]);
	if (r < 0)
		fprintf(stderr, "%s: %s\n", argv[1], strerror(-r));
	return r < 0;
}
