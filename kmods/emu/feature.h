/* SPDX-License-Identifier: GPL-2.0-only */
/* What a feature is to Get Features and Set Features: feature_table.c describes each to feature.c. */
#ifndef BX_EMU_FEATURE_H
#define BX_EMU_FEATURE_H

#include <linux/bits.h>
#include <linux/types.h>

#include "admin.h"

/* What Get Features answers when it is asked what can be done to a feature. */
enum {
	BX_FEATURE_SAVE = BIT(0),
	BX_FEATURE_PER_NAMESPACE = BIT(1),
	BX_FEATURE_CHANGE = BIT(2),
};

enum {
	BX_SELECT_CURRENT,
	BX_SELECT_DEFAULT,
	BX_SELECT_SAVED,
	BX_SELECT_CAPABILITIES
};

struct bx_feature {
	u8 id;
	u8 flags;
	/* A number: which one, the bits it has, and what it is at first. */
	u8 index;
	u32 mask, standard;
	u16 (*check)(struct bx_request *request, u32 value);
	void (*apply)(struct bx_ctrl *ctrl, u32 value);
	/* Anything else; Get with what was selected. */
	u16 (*set)(struct bx_engine *engine, struct bx_request *request, u32 value);
	u16 (*get)(struct bx_engine *engine, struct bx_request *request, unsigned int select);
};

extern const struct bx_feature bx_feature_table[];
extern const unsigned int bx_feature_count;

#endif
