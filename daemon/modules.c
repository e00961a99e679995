// SPDX-License-Identifier: GPL-2.0-or-later
/* Loads or unloads one of our modules. The kernel does that wholly or not at all, so there is nothing to bring back. */
#include "daemon/module.h"
#include "daemon/work.h"

static int step_load(struct bx_work *work)
{
	return work->load_module(work->root, work->operation.module, work->operation.parameters,
				 &work->failure);
}

static int step_unload(struct bx_work *work)
{
	return work->unload_module(work->root, work->operation.module, &work->failure);
}

static const struct bx_stage load_stages[] = {
	{ BX_STEP_LOAD_MODULE, step_load },
	{ 0 },
};

static const struct bx_stage unload_stages[] = {
	{ BX_STEP_UNLOAD_MODULE, step_unload },
	{ 0 },
};

const struct bx_procedure bx_load_procedure = { .stages = load_stages };
const struct bx_procedure bx_unload_procedure = { .stages = unload_stages };
