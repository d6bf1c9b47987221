/*
 * Virtual command queues: which of them run, what a virtual machine's commands become, and their errors. Their
 * registers are in cmdqv_registers.c.
 */
#include "models/smmuv3/commands_internal.h"
#include "models/smmuv3/smmu_cmdqv.h"

static const struct smmu_vintf *vintf_of(const struct smmu *smmu, const struct smmu_command_queue *q)
{
    const uint64_t number = smmu_get(q->alloc, SMMU_CMDQV_VCMDQ_ALLOC_VINTF);

    if (smmu_get(q->alloc, SMMU_CMDQV_VCMDQ_ALLOC_ALLOC) == 0 || number >= smmu->config.vintfs) {
        return NULL;
    }
    return &smmu->cmdqv.vintfs[number];
}

bool smmu_vcmdq_has_interface(const struct smmu *smmu, const struct smmu_command_queue *q)
{
    const struct smmu_vintf *vintf = vintf_of(smmu, q);

    return vintf != NULL && smmu_get(vintf->config, SMMU_CMDQV_VINTF_CONFIG_EN) != 0 &&
           smmu_get(smmu->cmdqv.config, SMMU_CMDQV_CONFIG_EN) != 0;
}

bool smmu_vcmdq_update(const struct smmu *smmu, struct smmu_command_queue *q)
{
    const bool enabled = smmu_get(q->config, SMMU_VCMDQ_CONFIG_EN) != 0 && smmu_vcmdq_has_interface(smmu, q);

    q->status = (uint32_t)smmu_put(0, SMMU_VCMDQ_STATUS_EN_OK, enabled);
    return enabled && ((q->gerror ^ q->gerrorn) & SMMU_MASK32(SMMU_VCMDQ_GERROR_CMDQ)) == 0;
}

/* The SID that a virtual one stands for. @return SMMU_CERROR_NONE, or an error if the interface does not know it */
static uint32_t replace_sid(const struct smmu *smmu, const struct smmu_vintf *vintf, uint64_t *words)
{
    const uint64_t vsid = smmu_field_get(words, SMMU_CMD_SID);

    for (uint32_t i = 0; i < smmu->config.vintf_sids; i++) {
        if (smmu_get(vintf->sid_match[i], SMMU_CMDQV_SID_MATCH_EN) != 0 &&
            smmu_get(vintf->sid_match[i], SMMU_CMDQV_SID_MATCH_VSID) == vsid) {
            smmu_field_put(words, SMMU_CMD_SID, smmu_get(vintf->sid_replace[i], SMMU_CMDQV_SID_REPLACE_SID));
            return SMMU_CERROR_NONE;
        }
    }
    return SMMU_VCMDQ_ERR_ILL_ACCESS;
}

uint32_t smmu_vcmdq_translate(const struct smmu *smmu, const struct smmu_command_queue *q, uint64_t *words)
{
    const struct smmu_vintf *vintf = vintf_of(smmu, q);

    if (smmu_get(vintf->config, SMMU_CMDQV_VINTF_CONFIG_HYP_OWN) != 0) {
        return SMMU_CERROR_NONE;
    }
    switch (smmu_field_get(words, SMMU_CMD_OPCODE)) {
    case SMMU_CMD_TLBI_NH_ASID:
    case SMMU_CMD_TLBI_NH_VA:
        smmu_field_put(words, SMMU_CMD_VMID, smmu_get(vintf->config, SMMU_CMDQV_VINTF_CONFIG_VMID));
        return SMMU_CERROR_NONE;
    case SMMU_CMD_ATC_INV:
        return replace_sid(smmu, vintf, words);
    case SMMU_CMD_SYNC:
        return smmu_field_get(words, SMMU_CMD_CS) == SMMU_SYNC_NONE ? SMMU_CERROR_NONE : SMMU_CERROR_ILL;
    default:
        return SMMU_CERROR_ILL;
    }
}

void smmu_vcmdq_raise(struct smmu *smmu, struct smmu_command_queue *q, uint32_t error)
{
    const uint64_t vintf = smmu_get(q->alloc, SMMU_CMDQV_VCMDQ_ALLOC_VINTF);

    if (((q->gerror ^ q->gerrorn) & error) != 0) {
        return;
    }
    q->gerror ^= error;
    if ((smmu->cmdqv.int_mask[vintf / 32] >> vintf % 32 & 1) == 0) {
        smmu->counters.wires[SMMU_WIRE_CMDQV]++;
    }
}

void smmu_vcmdq_fail(struct smmu *smmu, struct smmu_command_queue *q, uint32_t reason)
{
    q->cons = (uint32_t)smmu_put(q->cons, SMMU_CMDQ_CONS_ERR, reason);
    smmu_vcmdq_raise(smmu, q, SMMU_MASK32(SMMU_VCMDQ_GERROR_CMDQ));
}
