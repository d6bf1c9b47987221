/*
 * The identification registers (IHI 0070, 6.3.1 to 6.3.8): what the configuration says an SMMU implements. Fields of
 * features that are not modelled read as zero.
 */
#include "models/smmuv3/smmu_internal.h"

static uint32_t encode_output_size(uint32_t bits)
{
    uint32_t ips = 0;

    while (smmu_ips_bits(ips) != bits) {
        ips++;
    }
    return ips;
}

static uint32_t identification0(const struct smmu_config *config, const struct smmu_features *features)
{
    uint64_t idr0 = 0;

    idr0 = smmu_put(idr0, SMMU_IDR0_S2P, features->stage2);
    idr0 = smmu_put(idr0, SMMU_IDR0_S1P, features->stage1);
    idr0 = smmu_put(idr0, SMMU_IDR0_TTF, 2);
    idr0 = smmu_put(idr0, SMMU_IDR0_COHACC, 1);
    idr0 = smmu_put(idr0, SMMU_IDR0_HTTU, features->httu);
    idr0 = smmu_put(idr0, SMMU_IDR0_HYP, features->hypervisor);
    idr0 = smmu_put(idr0, SMMU_IDR0_ATS, features->ats);
    idr0 = smmu_put(idr0, SMMU_IDR0_NS1ATS, features->ns1ats);
    idr0 = smmu_put(idr0, SMMU_IDR0_ASID16, features->asid16);
    idr0 = smmu_put(idr0, SMMU_IDR0_MSI, config->msi);
    idr0 = smmu_put(idr0, SMMU_IDR0_SEV, features->sev);
    idr0 = smmu_put(idr0, SMMU_IDR0_PRI, features->pri);
    idr0 = smmu_put(idr0, SMMU_IDR0_VMW, features->vmw);
    idr0 = smmu_put(idr0, SMMU_IDR0_VMID16, features->vmid16);
    idr0 = smmu_put(idr0, SMMU_IDR0_CD2L, features->cd_two_level);
    idr0 = smmu_put(idr0, SMMU_IDR0_TTENDIAN, features->endian);
    idr0 = smmu_put(idr0, SMMU_IDR0_ATSRECERR, features->ats_rec_err);
    idr0 = smmu_put(idr0, SMMU_IDR0_STALL_MODEL, features->stall);
    idr0 = smmu_put(idr0, SMMU_IDR0_TERM_MODEL, features->term_abort);
    idr0 = smmu_put(idr0, SMMU_IDR0_ST_LEVEL, features->st_two_level);
    return (uint32_t)idr0;
}

void smmu_identification_reset(struct smmu *smmu)
{
    const struct smmu_config *config = &smmu->config;
    const struct smmu_features *features = &smmu->features;
    uint64_t idr1 = 0;
    uint64_t idr3 = SMMU_MASK32(SMMU_IDR3_RIL);
    uint64_t idr5 = 0;

    idr1 = smmu_put(idr1, SMMU_IDR1_SIDSIZE, config->stream_id_bits);
    idr1 = smmu_put(idr1, SMMU_IDR1_SSIDSIZE, config->substream_id_bits);
    idr1 = smmu_put(idr1, SMMU_IDR1_CMDQS, config->command_queue_bits);
    idr1 = smmu_put(idr1, SMMU_IDR1_EVENTQS, config->event_queue_bits);
    idr1 = smmu_put(idr1, SMMU_IDR1_PRIQS, features->pri ? config->pri_queue_bits : 0);
    idr1 = smmu_put(idr1, SMMU_IDR1_ATTR_PERMS_OVR, features->perms_ovr);
    idr1 = smmu_put(idr1, SMMU_IDR1_ATTR_TYPES_OVR, features->types_ovr);
    idr3 = smmu_put(idr3, SMMU_IDR3_HAD, features->had);
    idr3 = smmu_put(idr3, SMMU_IDR3_XNX, features->xnx);
    idr3 = smmu_put(idr3, SMMU_IDR3_PPS, features->pps);
    idr3 = smmu_put(idr3, SMMU_IDR3_STT, features->stt);
    idr5 = smmu_put(idr5, SMMU_IDR5_OAS, encode_output_size(config->output_address_bits));
    idr5 = smmu_put(idr5, SMMU_IDR5_GRAN4K, features->granule_4k);
    idr5 = smmu_put(idr5, SMMU_IDR5_GRAN16K, features->granule_16k);
    idr5 = smmu_put(idr5, SMMU_IDR5_GRAN64K, features->granule_64k);
    idr5 = smmu_put(idr5, SMMU_IDR5_DS, features->ds);
    idr5 = smmu_put(idr5, SMMU_IDR5_STALL_MAX, features->stall != SMMU_STALL_MODEL_NONE ? config->stall_slots : 0);
    idr5 = smmu_put(idr5, SMMU_IDR5_VAX, features->va52);
    if (config->ecmdq_pages > 0) {
        uint64_t idr6 = 0;

        idr1 = smmu_put(idr1, SMMU_IDR1_ECMDQ, 1);
        idr6 = smmu_put(idr6, SMMU_IDR6_LOG2NUMP, (uint64_t)__builtin_ctz(config->ecmdq_pages));
        idr6 = smmu_put(idr6, SMMU_IDR6_LOG2NUMQ, (uint64_t)__builtin_ctz(config->ecmdq_queues));
        *smmu_register(smmu, SMMU_IDR6) = (uint32_t)idr6;
    }
    *smmu_register(smmu, SMMU_IDR0) = identification0(config, features);
    *smmu_register(smmu, SMMU_IDR1) = (uint32_t)idr1;
    *smmu_register(smmu, SMMU_IDR3) = (uint32_t)idr3;
    *smmu_register(smmu, SMMU_IDR5) = (uint32_t)idr5;
    *smmu_register(smmu, SMMU_IIDR) = features->iidr;
    *smmu_register(smmu, SMMU_AIDR) = 2; /* SMMUv3.2 */
}
