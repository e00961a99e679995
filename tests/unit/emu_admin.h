/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Admin commands as the tests of them say it: a status each, DNR and all. */
#ifndef BX_TESTS_EMU_ADMIN_H
#define BX_TESTS_EMU_ADMIN_H

#include "kmods/emu/admin.h"
#include "tests/unit/emu_host.h"

#define RETAIN	BIT(15) /* of Dword 10 of Get Log Page */
#define SAVE_IT BIT(31) /* of Dword 10 of Set Features */

/* A controller that is enabled, with one namespace of 4 MiB; and what ends it. */
void admin_begin(struct emu_host *host);
void admin_begin_with(struct emu_host *host, const struct emu_options *options);
/* The same with a marked namespace that is far larger than one slice of what goes on beside other commands. */
void admin_begin_large(struct emu_host *host);

struct nvme_command admin_command(u8 opcode, u32 nsid, u32 cdw10, u32 cdw11);
struct emu_result admin_run(struct emu_host *host, u8 opcode, u32 nsid, u32 cdw10, u32 cdw11,
			    void *data, size_t length);
/* Get Log Page of @length bytes from @offset; @flags for Dword 10. */
u16 admin_log(struct emu_host *host, u8 lid, u32 flags, u64 offset, void *data, size_t length);
struct emu_result admin_get(struct emu_host *host, u32 cdw10, u32 cdw11);
u16 admin_set(struct emu_host *host, u32 cdw10, u32 cdw11);
/* The event that has come, as Dword 0 says it; 0 if none has. */
u32 admin_event(struct emu_host *host);
void admin_ask_for_event(struct emu_host *host);
/* Lets the clock run, which the test holds, until the worker has nothing more to do. */
void admin_work(struct emu_host *host);

/* What a host asks for when it makes a namespace. */
struct nvme_id_ns admin_wish(u64 blocks, u8 flbas, u8 dps);
struct emu_result admin_create_ns(struct emu_host *host, struct nvme_id_ns wish);
/* A status each. */
u16 admin_delete_ns(struct emu_host *host, u32 nsid);
u16 admin_attach_ns(struct emu_host *host, u32 nsid, u32 action, u16 count, u16 controller);
u16 admin_format(struct emu_host *host, u32 nsid, u32 cdw10);
u16 admin_sanitize(struct emu_host *host, u32 cdw10, u32 pattern);
/* Marks a namespace with data, and says whether that is still there. */
void admin_mark(struct bx_ns *ns);
bool admin_is_marked(struct bx_ns *ns);

#endif
