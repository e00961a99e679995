/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the NVMe specification (base 2.0, NVM command set 1.0) defines and <linux/nvme.h> of the oldest
 * kernel does not. Names begin with BX_, so that none collides where a later kernel has caught up.
 */
#ifndef BX_EMU_SPEC_H
#define BX_EMU_SPEC_H

#include <linux/build_bug.h>
#include <linux/nvme.h>

/* ---- registers */

#define BX_NSSR_MAGIC	    0x4e564d65u /* "NVMe" */

#define BX_CAP_CQR	    BIT_ULL(16) /* queues are contiguous */
#define BX_CAP_TO_SHIFT	    24
#define BX_CAP_NSSRS	    BIT_ULL(36)
#define BX_CAP_CSS_SHIFT    37
#define BX_CAP_MPSMAX_SHIFT 52
#define BX_CAP_CMBS	    BIT_ULL(57)

/* CMBLOC: queues, lists, data and metadata may lie in the memory buffer and beside it in any mixture. */
#define BX_CMBLOC_ANY_USE   (BIT(3) | BIT(5) | BIT(6) | BIT(7))

#define BX_REG_CMBSTS	    0x58
#define BX_CMBSTS_CBAI	    BIT(0) /* the address that the host gave it cannot be */

/* ---- opcodes */

enum {
	BX_CMD_COPY = 0x19,
};

/* ---- status codes */

enum {
	BX_SC_COMBINATION_REJECTED = 0x12b, /* of I/O command sets */
	BX_SC_SELF_TEST_IN_PROGRESS = 0x11d, /* has two names in the kernel's headers */
	BX_SC_CMD_SET_UNSUPPORTED = 0x129,
	BX_SC_CMD_SIZE_LIMIT = 0x183,
};

/* ---- identify */

enum {
	BX_CNS_CS_NS_LIST = 0x07,
	BX_CNS_CS_NS_PRESENT_LIST = 0x1a,
	BX_CNS_CS_NS_PRESENT = 0x1b,
	BX_CNS_CMD_SETS = 0x1c,
};

enum {
	BX_FNA_CRYPTO_ERASE = BIT(2),
	BX_FPI_SUPPORTED = BIT(7),
	BX_FRMW_SLOT_1_READ_ONLY = BIT(0),
	BX_FRMW_SLOTS_SHIFT = 1,
	BX_FRMW_NO_RESET = BIT(4),
	BX_FUSES_COMPARE_WRITE = BIT(0),
	BX_LPA_EFFECTS = BIT(1),
	BX_LPA_EXTENDED = BIT(2),
	BX_LPA_SUPPORTED_PAGES = BIT(5),
	BX_NSFEAT_OPTIMAL_SIZES = BIT(4),
	BX_NVMSR_STORAGE_DEVICE = BIT(0),
	BX_OCFS_FORMAT_0 = BIT(0),
	BX_DSTO_ONE_AT_A_TIME = BIT(0),
	BX_NWPC_SUPPORTED = BIT(0),
	BX_SGLS_SUPPORTED = BIT(0),
	BX_SGLS_METADATA_BYTES = BIT(17), /* one buffer at any address */
	BX_SGLS_METADATA_SGL = BIT(19),
	BX_VWC_FLUSH_ALL = 3 << 1, /* Flush takes NSID FFFFFFFFh */
	BX_DLFEAT_ZEROES = 1,
	BX_DLFEAT_WRITE_ZEROES = BIT(3),
};

/* What the kernel's Identify Controller leaves out: what kind of subsystem it is, and the formats of Copy. */
#define BX_ID_CTRL_NVMSR_OFFSET 253
#define BX_ID_CTRL_OCFS_OFFSET	534

enum {
	BX_SANICAP_CRYPTO_ERASE = BIT(0),
	BX_SANICAP_BLOCK_ERASE = BIT(1),
	BX_SANICAP_OVERWRITE = BIT(2),
	BX_SANICAP_NO_DEALLOCATE_INHIBITED = BIT(29),
	BX_SANICAP_MEDIA_NOT_MODIFIED = 1 << 30, /* after a sanitize without deallocation */
};

enum {
	BX_OACS_FORMAT = BIT(1),
	BX_OACS_FIRMWARE = BIT(2),
	BX_OACS_NS_MANAGEMENT = BIT(3),
	BX_OACS_SELF_TEST = BIT(4),
	BX_OACS_DBBUF = BIT(8),
};

enum {
	BX_ONCS_COMPARE = BIT(0),
	BX_ONCS_WRITE_UNCORRECTABLE = BIT(1),
	BX_ONCS_DSM = BIT(2),
	BX_ONCS_WRITE_ZEROES = BIT(3),
	BX_ONCS_FEATURE_SAVE = BIT(4),
	BX_ONCS_TIMESTAMP = BIT(6),
	BX_ONCS_VERIFY = BIT(7),
	BX_ONCS_COPY = BIT(8),
};

/* Identify Namespace from byte 74: the limits of Copy, which the kernel's structure leaves out. */
struct bx_id_ns_copy {
	__le16 mssrl;
	__le32 mcl;
	__u8 msrc;
} __packed;
#define BX_ID_NS_COPY_OFFSET 74

/* ---- log pages */

enum {
	BX_LOG_SUPPORTED = 0x00,
	BX_LOG_FEATURE_EFFECTS = 0x12,
	BX_LOG_MI_EFFECTS = 0x13,
	BX_LOG_SANITIZE = 0x81,
};

/* Who an effect of a command or feature reaches; in the top bits of its entry. */
enum {
	BX_SCOPE_NAMESPACE = 1 << 20,
	BX_SCOPE_CONTROLLER = 1 << 21,
	BX_SCOPE_SUBSYSTEM = 1 << 25,
};

struct bx_self_test_result {
	__u8 status; /* which test in the upper half, how it ended in the lower */
	__u8 segment;
	__u8 valid;
	__u8 rsvd3;
	__le64 power_on_hours;
	__le32 nsid;
	__le64 lba;
	__u8 sct, sc;
	__u8 vs[2];
} __packed;
static_assert(sizeof(struct bx_self_test_result) == 28);

#define BX_SELF_TEST_RESULTS 20

struct bx_self_test_log {
	__u8 operation;
	__u8 completion; /* per cent */
	__u8 rsvd2[2];
	struct bx_self_test_result results[BX_SELF_TEST_RESULTS];
};
static_assert(sizeof(struct bx_self_test_log) == 564);

struct bx_sanitize_log {
	__le16 progress; /* 65536ths; FFFFh when none runs */
	__le16 status;
	__le32 cdw10;
	__le32 estimates[6]; /* seconds; all ones: not said */
	__u8 rsvd32[480];
};
static_assert(sizeof(struct bx_sanitize_log) == 512);

/* ---- commands */

enum {
	BX_NS_MGMT_CREATE = 0,
	BX_NS_MGMT_DELETE = 1,
	BX_NS_ATTACH = 0,
	BX_NS_DETACH = 1,
};

#define BX_CTRL_LIST_MAX 2047

enum {
	BX_FORMAT_SECURE_ERASE_MAX = 2, /* none, user data, cryptographic */
};

enum {
	BX_SANITIZE_EXIT_FAILURE = 1,
	BX_SANITIZE_BLOCK_ERASE = 2,
	BX_SANITIZE_OVERWRITE = 3,
	BX_SANITIZE_CRYPTO_ERASE = 4,
};

enum {
	BX_SELF_TEST_SHORT = 0x1,
	BX_SELF_TEST_EXTENDED = 0x2,
	BX_SELF_TEST_ABORT = 0xf,
};

/* ---- features */

enum {
	BX_FEAT_CMD_SET_PROFILE = 0x19,
};

/* ---- data structures */

struct bx_copy_range {
	__u8 rsvd0[8];
	__le64 slba;
	__le16 nlb;
	__u8 rsvd18[6];
	__le32 reftag;
	__le16 apptag;
	__le16 appmask;
};
static_assert(sizeof(struct bx_copy_range) == 32);

/* Protection information with a guard of 16 bits; big endian as T10 has it. */
struct bx_pi {
	__be16 guard;
	__be16 apptag;
	__be32 reftag;
};
static_assert(sizeof(struct bx_pi) == 8);

static_assert(sizeof(struct nvme_command) == 64);
static_assert(sizeof(struct nvme_completion) == 16);
static_assert(sizeof(struct nvme_id_ctrl) == 4096);
static_assert(sizeof(struct nvme_id_ns) == 4096);
static_assert(sizeof(struct nvme_smart_log) == 512);
static_assert(sizeof(struct nvme_error_slot) == 64);

#endif
