// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who may do what. Root may do everything; of others polkit is asked, if it is there, and the call waits for its answer while
 * bxd goes on with everything else.
 */
#include "daemon/api.h"
#include "daemon/daemon.h"
#include "daemon/names.h"
#include "daemon/util.h"

#define POLKIT_NAME	  "org.freedesktop.PolicyKit1"
#define POLKIT_PATH	  "/org/freedesktop/PolicyKit1/Authority"
#define POLKIT_IFACE	  "org.freedesktop.PolicyKit1.Authority"

/* A person may have to find a password. */
#define ANSWER_TIMEOUT_US (120 * 1000000ULL)
#define ALLOW_INTERACTION 1u

/* So that nobody fills bxd with questions. */
#define ASKED_MAX	  64
#define ASKED_OF_UID_MAX  4

const char *bx_call_action(const struct bx_call *call)
{
	const char *action = call->method->action;

	return action && !*action ? call->interface->action_of(call) : action;
}

static int deny(struct bx_call *call, const char *why)
{
	return bx_fail(&call->failure, -EACCES, BX_ERROR_NOT_AUTHORIZED,
		       "%s needs the authorization " BX_BUS_NAME ".%s%s", call->method->name,
		       bx_call_action(call), why);
}

static void forget(struct bx_call *call)
{
	struct bx_call **p = &call->daemon->asked;

	while (*p != call)
		p = &(*p)->next_asked;
	*p = call->next_asked;
	call->question = sd_bus_slot_unref(call->question);
}

/* Everything but the question is still to be done when polkit says yes. */
static int on_answer(sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	struct bx_call *call = userdata;
	const sd_bus_error *e = sd_bus_message_get_error(reply);
	int r, allowed = false, challenge = false;

	forget(call);
	if (e) {
		bool absent = sd_bus_error_has_name(e, SD_BUS_ERROR_SERVICE_UNKNOWN) ||
			      sd_bus_error_has_name(e, SD_BUS_ERROR_NAME_HAS_NO_OWNER);

		r = deny(call, absent ? ", and without polkit only root has it"
				      : ", and polkit does not answer");
	} else {
		r = sd_bus_message_enter_container(reply, 'r', "bba{ss}");
		if (r >= 0)
			r = sd_bus_message_read(reply, "bb", &allowed, &challenge);
		if (r >= 0 && !allowed)
			r = deny(call, challenge ? ", which polkit would ask a person for" : "");
	}
	bx_call_authorized(call, r);
	return 0;
}

static int ask(struct bx_call *call)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *question = NULL;
	struct bx_daemon *daemon = call->daemon;
	int r;

	r = sd_bus_message_new_method_call(daemon->bus, &question, POLKIT_NAME, POLKIT_PATH,
					   POLKIT_IFACE, "CheckAuthorization");
	if (r >= 0)
		r = call->transport->append_subject(call, question);
	if (r >= 0)
		r = sd_bus_message_append(question, "s",
					  bx_path(BX_BUS_NAME ".%s", bx_call_action(call)).s);
	if (r >= 0)
		r = sd_bus_message_append(question, "a{ss}us", 0,
					  call->interactive ? ALLOW_INTERACTION : 0, "");
	if (r >= 0)
		r = sd_bus_call_async(daemon->bus, &call->question, question, on_answer, call,
				      ANSWER_TIMEOUT_US);
	if (r < 0)
		return deny(call, ", and polkit cannot be asked");
	call->next_asked = daemon->asked;
	daemon->asked = call;
	return 0;
}

int bx_authorize(struct bx_call *call)
{
	unsigned int all = 0, own = 0;
	int r;

	r = call->transport->uid(call, &call->uid);
	if (r < 0)
		return deny(call, ", and it is not known who asks");
	if (call->uid == 0)
		return 1;
	for (const struct bx_call *other = call->daemon->asked; other; other = other->next_asked) {
		all++;
		own += other->uid == call->uid;
	}
	if (all >= ASKED_MAX || own >= ASKED_OF_UID_MAX)
		return deny(call, ", and polkit has too many questions to answer already");
	return ask(call);
}

void bx_authorize_stop(struct bx_daemon *daemon)
{
	while (daemon->asked) {
		struct bx_call *call = daemon->asked;

		forget(call);
		bx_call_free(call);
	}
}
