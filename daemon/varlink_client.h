/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One call to a varlink service, waited for: for programs that have nothing else to do meanwhile. */
#ifndef BX_DAEMON_VARLINK_CLIENT_H
#define BX_DAEMON_VARLINK_CLIENT_H

#include "daemon/json.h"

/*
 * Calls @method with @parameters, which stay the caller's, at the socket @path. 0: @reply is an object, to be put, and @error the name
 * of the error that it belongs to, to be freed, or NULL. Negative: there is no answer. -ETIMEDOUT: there is none after
 * @timeout_ms in all; -ECONNRESET: the service has hung up; -EBADMSG: what came is none.
 */
int bx_varlink_ask(const char *path, const char *method, struct json_object *parameters,
		   unsigned int timeout_ms, struct json_object **reply, char **error);

#endif
