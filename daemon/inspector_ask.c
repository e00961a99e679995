// SPDX-License-Identifier: GPL-2.0-or-later
/* The worker's side of the inspector; see inspector.h. */
#include "daemon/inspector.h"
#include "daemon/varlink_client.h"

/* Less than what bxd lets a step take, and more than what systemd needs to start the inspector on a machine that is slow and busy. */
#define TIMEOUT_MS 25000

static int fail(struct bx_failure *failure, int r, const char *why)
{
	return bx_fail(failure, r, BX_ERROR_USERS_UNKNOWN,
		       "which programs have it open cannot be found out: %s", why);
}

static int fail_silent(struct bx_failure *failure, int r)
{
	return fail(failure, r,
		    bx_path("the inspector does not answer at " BX_INSPECTOR_SOCKET
			    ": %s: type systemctl status bxd-inspector.socket",
			    strerror(-r))
			    .s);
}

int bx_inspector_find_openers(struct bx_root *root, const struct bx_nodes *nodes,
			      struct bx_openers *ret, struct bx_failure *failure)
{
	_cleanup_(json_object_putp) struct json_object *question = NULL, *answer = NULL;
	_cleanup_free_ char *error = NULL;
	struct json_object *message;
	int r;

	r = bx_inspector_write_nodes(nodes, &question);
	if (r >= 0)
		r = bx_varlink_ask(BX_INSPECTOR_SOCKET, BX_INSPECTOR_NAME ".FindOpeners", question,
				   TIMEOUT_MS, &answer, &error);
	if (r < 0)
		return fail_silent(failure, r);
	if (error)
		return fail(failure, -EIO,
			    json_object_object_get_ex(answer, "message", &message)
				    ? json_object_get_string(message)
				    : error);
	r = bx_inspector_read_openers(answer, ret);
	return r < 0 ? fail_silent(failure, r) : 0;
}
