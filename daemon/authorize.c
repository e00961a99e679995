// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who may act. Today root and nobody else, by the credentials that the bus itself vouches for; a
 * question to polkit about org.byteexpress.bx1.ACTION belongs here and nowhere else.
 */
#include "daemon/daemon.h"
#include "daemon/util.h"

int bx_authorize(sd_bus_message *message, const char *action, sd_bus_error *error)
{
	_cleanup_(sd_bus_creds_unrefp) sd_bus_creds *creds = NULL;
	struct bx_failure failure;
	uid_t uid = (uid_t)-1;
	int r;

	/* Never augmented: what is read from /proc about a sender can be another process by then. */
	r = sd_bus_query_sender_creds(message, SD_BUS_CREDS_EUID, &creds);
	if (r >= 0)
		r = sd_bus_creds_get_euid(creds, &uid);
	if (r >= 0 && uid == 0)
		return 0;
	r = bx_fail(&failure, -EACCES, BX_ERROR_NOT_AUTHORIZED,
		    "only root may do this (%s); everybody may look", action);
	return bx_reply_failure(error, r, &failure);
}
