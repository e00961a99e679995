// SPDX-License-Identifier: GPL-2.0-only
/*
 * Identify: what the controller and its namespaces say about themselves. Every field is true for what the rest of the
 * core does; what is 0 is not there.
 */
#include <linux/kernel.h>
#include <linux/minmax.h>
#include <linux/string.h>

#include "admin.h"

#define DATA_SIZE     NVME_IDENTIFY_DATA_SIZE
#define ARBITRATION   5 /* 32 commands in a row are a good burst */
#define MAX_POWER     2500 /* hundredths of a watt */
#define RTD3_LATENCY  1000000 /* µs; far more than it needs */
#define ABORTS_0BASED (BX_ABORT_MAX - 1)

/* ---- the controller */

static u32 sanitize_capabilities(const struct bx_ctrl *ctrl)
{
	u32 caps = BX_SANICAP_CRYPTO_ERASE | BX_SANICAP_BLOCK_ERASE | BX_SANICAP_OVERWRITE |
		   BX_SANICAP_MEDIA_NOT_MODIFIED;

	/* To keep blocks allocated would fill the memory that a sparse store is there to spare. */
	if (bx_store_sparse(ctrl->store))
		caps |= BX_SANICAP_NO_DEALLOCATE_INHIBITED;
	return caps;
}

static void describe_admin(const struct bx_ctrl *ctrl, struct nvme_id_ctrl *id)
{
	id->oacs = cpu_to_le16(BX_OACS_FORMAT | BX_OACS_FIRMWARE | BX_OACS_NS_MANAGEMENT |
			       BX_OACS_SELF_TEST |
			       (ctrl->config.shadow_doorbells ? BX_OACS_DBBUF : 0));
	id->acl = ABORTS_0BASED;
	id->aerl = BX_AER_MAX - 1;
	id->frmw = BX_FRMW_SLOT_1_READ_ONLY | BX_FIRMWARE_SLOTS << BX_FRMW_SLOTS_SHIFT |
		   BX_FRMW_NO_RESET;
	id->lpa = BX_LPA_EFFECTS | BX_LPA_EXTENDED | BX_LPA_SUPPORTED_PAGES;
	id->elpe = BX_ERRORS_MAX - 1;
	id->wctemp = cpu_to_le16(BX_WARNING_KELVIN);
	id->cctemp = cpu_to_le16(BX_CRITICAL_KELVIN);
	id->mtfa = cpu_to_le16(1);
	bx_put_wide(id->tnvmcap, ctrl->store->size);
	bx_put_wide(id->unvmcap, ctrl->store->free);
	id->edstt = cpu_to_le16(BX_SELF_TEST_EXTENDED_MIN);
	id->dsto = BX_DSTO_ONE_AT_A_TIME;
	id->fwug = BX_FIRMWARE_UNIT / 4096;
	id->kas = cpu_to_le16(BX_KEEP_ALIVE_UNIT);
	id->sanicap = cpu_to_le32(sanitize_capabilities(ctrl));
}

static void describe_io(const struct bx_ctrl *ctrl, struct nvme_id_ctrl *id)
{
	id->sqes = NVME_NVM_IOSQES << 4 | NVME_NVM_IOSQES;
	id->cqes = NVME_NVM_IOCQES << 4 | NVME_NVM_IOCQES;
	id->maxcmd = cpu_to_le16(min(ctrl->config.entries, 0xffffu));
	id->nn = cpu_to_le32(BX_NS_MAX);
	id->mnan = cpu_to_le32(BX_NS_MAX);
	id->oncs = cpu_to_le16(BX_ONCS_COMPARE | BX_ONCS_WRITE_UNCORRECTABLE | BX_ONCS_DSM |
			       BX_ONCS_WRITE_ZEROES | BX_ONCS_FEATURE_SAVE | BX_ONCS_TIMESTAMP |
			       BX_ONCS_VERIFY | BX_ONCS_COPY);
	id->fuses = cpu_to_le16(BX_FUSES_COMPARE_WRITE);
	id->fna = BX_FNA_CRYPTO_ERASE;
	id->vwc = NVME_CTRL_VWC_PRESENT | BX_VWC_FLUSH_ALL;
	id->nwpc = BX_NWPC_SUPPORTED;
	id->sgls = cpu_to_le32(BX_SGLS_SUPPORTED | BX_SGLS_METADATA_BYTES | BX_SGLS_METADATA_SGL);
}

static void describe_controller(const struct bx_ctrl *ctrl, void *data)
{
	const struct bx_config *config = &ctrl->config;
	struct nvme_id_ctrl *id = data;
	u8 *bytes = data;

	id->vid = cpu_to_le16(config->vendor);
	id->ssvid = cpu_to_le16(config->subsystem_vendor);
	bx_put_text(id->sn, config->serial, sizeof(id->sn));
	bx_put_text(id->mn, config->model, sizeof(id->mn));
	memcpy(id->fr, ctrl->admin->firmware.running, sizeof(id->fr));
	id->rab = ARBITRATION;
	bx_ns_oui(id->ieee);
	id->mdts = config->mdts;
	id->cntlid = cpu_to_le16(config->controller_id);
	id->ver = cpu_to_le32(NVME_VS(2, 0, 0));
	id->rtd3r = cpu_to_le32(RTD3_LATENCY);
	id->rtd3e = cpu_to_le32(RTD3_LATENCY);
	id->oaes = cpu_to_le32(NVME_AEN_CFG_NS_ATTR | NVME_AEN_CFG_FW_ACT);
	id->ctratt = cpu_to_le32(NVME_CTRL_CTRATT_128_ID);
	id->cntrltype = NVME_CTRL_IO;
	bytes[BX_ID_CTRL_NVMSR_OFFSET] = BX_NVMSR_STORAGE_DEVICE;
	bytes[BX_ID_CTRL_OCFS_OFFSET] = BX_OCFS_FORMAT_0;
	describe_admin(ctrl, id);
	describe_io(ctrl, id);
	bx_subsystem_name(ctrl, id->subnqn, sizeof(id->subnqn));
	id->psd[0].max_power = cpu_to_le16(MAX_POWER);
}

/* ---- namespaces */

/* What all namespaces have in common: what NSID FFFFFFFFh asks for. */
static void describe_formats(struct nvme_id_ns *id)
{
	id->nlbaf = BX_FORMATS - 1;
	id->mc = NVME_MC_EXTENDED_LBA | NVME_MC_METADATA_PTR;
	id->dpc = NVME_NS_DPC_PI_TYPE1 | NVME_NS_DPC_PI_TYPE2 | NVME_NS_DPC_PI_TYPE3 |
		  NVME_NS_DPC_PI_FIRST | NVME_NS_DPC_PI_LAST;
	id->dlfeat = BX_DLFEAT_ZEROES | BX_DLFEAT_WRITE_ZEROES;
	for (unsigned int i = 0; i < BX_FORMATS; i++) {
		id->lbaf[i].ms = cpu_to_le16(bx_formats[i].metadata);
		id->lbaf[i].ds = bx_formats[i].block_shift;
		id->lbaf[i].rp = bx_formats[i].performance;
	}
}

static void describe_copy(struct nvme_id_ns *id)
{
	const struct bx_id_ns_copy copy = {
		.mssrl = cpu_to_le16(BX_COPY_BLOCKS),
		.mcl = cpu_to_le32(BX_COPY_TOTAL),
		.msrc = BX_COPY_RANGES - 1,
	};

	memcpy((u8 *)id + BX_ID_NS_COPY_OFFSET, &copy, sizeof(copy));
}

/* The store's pages, in blocks and 0-based: what is smaller is written, and discarded, at more cost. */
static void describe_optimal_sizes(const struct bx_ns *ns, struct nvme_id_ns *id)
{
	__le16 blocks = cpu_to_le16((BX_STORE_PAGE_SIZE >> bx_formats[ns->format].block_shift) - 1);

	id->nsfeat |= BX_NSFEAT_OPTIMAL_SIZES;
	id->npwg = id->npwa = id->npdg = id->npda = id->nows = blocks;
}

static u8 protection_of(const struct bx_ns *ns)
{
	return ns->pi_type | (ns->pi_first ? NVME_NS_DPS_PI_FIRST : 0);
}

static u8 progress_of(const struct bx_ctrl *ctrl, const struct bx_ns *ns)
{
	return BX_FPI_SUPPORTED | bx_format_remaining(ctrl, ns);
}

static void describe_namespace(const struct bx_ctrl *ctrl, const struct bx_ns *ns, void *data)
{
	struct nvme_id_ns *id = data;
	u64 used = READ_ONCE(ns->data.used) >> bx_formats[ns->format].block_shift;

	describe_formats(id);
	describe_copy(id);
	describe_optimal_sizes(ns, id);
	id->nsze = cpu_to_le64(ns->blocks);
	id->ncap = cpu_to_le64(ns->blocks);
	id->nuse = cpu_to_le64(min(used, ns->blocks));
	id->flbas = ns->format | (ns->extended ? NVME_NS_FLBAS_META_EXT : 0);
	id->dps = protection_of(ns);
	id->fpi = progress_of(ctrl, ns);
	bx_put_wide(id->nvmcap, round_up(ns->data.size, BX_CHUNK_SIZE) +
					round_up(ns->metadata.size, BX_CHUNK_SIZE));
	id->nsattr = ns->write_protected ? NVME_NS_ATTR_RO : 0;
	memcpy(id->nguid, ns->nguid, sizeof(id->nguid));
	memcpy(id->eui64, ns->eui64, sizeof(id->eui64));
}

/* Of the NVM command set; what is not here is limited by MDTS. */
static void describe_limits(void *data)
{
	struct nvme_id_ctrl_nvm *id = data;

	id->dmrsl = cpu_to_le32(BX_DSM_RANGE_BLOCKS);
	id->dmsl = cpu_to_le64(BX_DSM_BLOCKS);
}

static void describe_independently(const struct bx_ctrl *ctrl, const struct bx_ns *ns, void *data)
{
	struct nvme_id_ns_cs_indep *id = data;

	id->fpi = progress_of(ctrl, ns);
	id->nsattr = ns->write_protected ? NVME_NS_ATTR_RO : 0;
	id->nstat = ns->ready ? NVME_NSTAT_NRDY : 0;
}

static u8 *put_descriptor(u8 *to, u8 type, const void *from, u8 length)
{
	const struct nvme_ns_id_desc descriptor = { .nidt = type, .nidl = length };

	memcpy(to, &descriptor, sizeof(descriptor));
	memcpy(to + sizeof(descriptor), from, length);
	return to + sizeof(descriptor) + length;
}

static void list_identifiers(const struct bx_ns *ns, u8 *to)
{
	static const u8 command_set = NVME_CSI_NVM;

	to = put_descriptor(to, NVME_NIDT_EUI64, ns->eui64, NVME_NIDT_EUI64_LEN);
	to = put_descriptor(to, NVME_NIDT_NGUID, ns->nguid, NVME_NIDT_NGUID_LEN);
	to = put_descriptor(to, NVME_NIDT_UUID, ns->uuid, NVME_NIDT_UUID_LEN);
	put_descriptor(to, NVME_NIDT_CSI, &command_set, NVME_NIDT_CSI_LEN);
}

/* ---- by CNS: each fills the buffer, which is all zeros, and is a status */

static u16 bad_nsid(struct bx_request *request)
{
	return bx_invalid(request, NVME_SC_INVALID_NS, identify.nsid);
}

/* One namespace; what does not exist, or is not to be seen here, is all zeros. */
static u16 one_namespace(struct bx_ctrl *ctrl, struct bx_request *request, bool inactive_too,
			 bool common,
			 void (*describe)(const struct bx_ctrl *, const struct bx_ns *, void *),
			 void *data)
{
	u32 nsid = le32_to_cpu(request->cmd.identify.nsid);
	const struct bx_ns *ns;

	if (nsid == NVME_NSID_ALL && common) {
		if (describe == describe_namespace) {
			describe_formats(data);
			describe_copy(data);
		}
		return NVME_SC_SUCCESS;
	}
	if (!nsid || nsid > BX_NS_MAX)
		return bad_nsid(request);
	ns = ctrl->namespaces[nsid];
	if (ns && (ns->attached || inactive_too) && describe)
		describe(ctrl, ns, data);
	return NVME_SC_SUCCESS;
}

static u16 namespace_list(struct bx_ctrl *ctrl, struct bx_request *request, bool inactive_too,
			  void *data)
{
	u32 nsid = le32_to_cpu(request->cmd.identify.nsid);
	__le32 *to = data;

	if (nsid >= NVME_NSID_ALL - 1)
		return bad_nsid(request);
	for (u32 id = 1; id <= BX_NS_MAX; id++) {
		const struct bx_ns *ns = ctrl->namespaces[id];

		if (id > nsid && ns && (ns->attached || inactive_too))
			*to++ = cpu_to_le32(id);
	}
	return NVME_SC_SUCCESS;
}

static u16 namespace_identifiers(struct bx_ctrl *ctrl, struct bx_request *request, void *data)
{
	struct bx_ns *ns;
	u16 status = bx_ns_find(ctrl, request, &ns);

	if (!status)
		list_identifiers(ns, data);
	return status;
}

/* There is one controller: it is in the list, or nobody is. */
static void list_controller(const struct bx_ctrl *ctrl, const struct bx_request *request,
			    void *data)
{
	u16 id = ctrl->config.controller_id;
	__le16 *to = data;

	if (id < le16_to_cpu(request->cmd.identify.ctrlid))
		return;
	to[0] = cpu_to_le16(1);
	to[1] = cpu_to_le16(id);
}

static u16 attached_controllers(struct bx_ctrl *ctrl, struct bx_request *request, void *data)
{
	u32 nsid = le32_to_cpu(request->cmd.identify.nsid);
	const struct bx_ns *ns;

	if (nsid == NVME_NSID_ALL)
		return bx_invalid(request, NVME_SC_INVALID_FIELD, identify.nsid);
	if (!nsid || nsid > BX_NS_MAX)
		return bad_nsid(request);
	ns = ctrl->namespaces[nsid];
	if (ns && ns->attached)
		list_controller(ctrl, request, data);
	return NVME_SC_SUCCESS;
}

/* One combination of command sets: NVM alone. */
static u16 command_sets(struct bx_ctrl *ctrl, struct bx_request *request, void *data)
{
	u16 id = le16_to_cpu(request->cmd.identify.ctrlid);
	__le64 *to = data;

	if (id != 0xffff && id != ctrl->config.controller_id)
		return bx_invalid(request, NVME_SC_INVALID_FIELD, identify.ctrlid);
	to[0] = cpu_to_le64(BIT_ULL(NVME_CSI_NVM));
	return NVME_SC_SUCCESS;
}

static u16 describe(struct bx_ctrl *ctrl, struct bx_request *request, void *data)
{
	switch (request->cmd.identify.cns) {
	case NVME_ID_CNS_NS:
		return one_namespace(ctrl, request, false, true, describe_namespace, data);
	case NVME_ID_CNS_CTRL:
		describe_controller(ctrl, data);
		return NVME_SC_SUCCESS;
	case NVME_ID_CNS_NS_ACTIVE_LIST:
	case BX_CNS_CS_NS_LIST:
		return namespace_list(ctrl, request, false, data);
	case NVME_ID_CNS_NS_DESC_LIST:
		return namespace_identifiers(ctrl, request, data);
	case NVME_ID_CNS_CS_NS:
		/* Of the NVM command set: guards of 16 bits and no storage tag, which is all zeros. */
		return one_namespace(ctrl, request, false, true, NULL, data);
	case NVME_ID_CNS_CS_CTRL:
		describe_limits(data);
		return NVME_SC_SUCCESS;
	case NVME_ID_CNS_NS_CS_INDEP:
		return one_namespace(ctrl, request, false, true, describe_independently, data);
	case NVME_ID_CNS_NS_PRESENT_LIST:
	case BX_CNS_CS_NS_PRESENT_LIST:
		return namespace_list(ctrl, request, true, data);
	case NVME_ID_CNS_NS_PRESENT:
		return one_namespace(ctrl, request, true, false, describe_namespace, data);
	case BX_CNS_CS_NS_PRESENT:
		return one_namespace(ctrl, request, true, false, NULL, data);
	case NVME_ID_CNS_CTRL_NS_LIST:
		return attached_controllers(ctrl, request, data);
	case NVME_ID_CNS_CTRL_LIST:
		list_controller(ctrl, request, data);
		return NVME_SC_SUCCESS;
	case BX_CNS_CMD_SETS:
		return command_sets(ctrl, request, data);
	default:
		return bx_invalid(request, NVME_SC_INVALID_FIELD, identify.cns);
	}
}

/* Those where the command says of which command set. */
static bool has_command_set(u8 cns)
{
	return cns == NVME_ID_CNS_CS_NS || cns == NVME_ID_CNS_CS_CTRL || cns == BX_CNS_CS_NS_LIST ||
	       cns == BX_CNS_CS_NS_PRESENT_LIST || cns == BX_CNS_CS_NS_PRESENT;
}

u16 bx_identify(struct bx_engine *engine, struct bx_request *request)
{
	const struct nvme_identify *cmd = &request->cmd.identify;
	u16 status;

	if (has_command_set(cmd->cns) && !bx_command_set_valid(cmd->csi))
		return bx_invalid(request, NVME_SC_INVALID_FIELD, identify.csi);
	memset(engine->buffer, 0, DATA_SIZE);
	status = describe(engine->ctrl, request, engine->buffer);
	if (status)
		return status;
	return bx_reply(engine, request, engine->buffer, DATA_SIZE, DATA_SIZE);
}
