/*
 * What an SMMU implements by default, and which combinations the architecture knows.
 */
#include "models/smmuv3/smmu_features.h"

#include <stddef.h>

void smmu_features_defaults(struct smmu_features *features)
{
    const struct smmu_features sizes = *features;

    *features = (struct smmu_features){
        .stream_id_bits = sizes.stream_id_bits,
        .substream_id_bits = sizes.substream_id_bits,
        .output_address_bits = sizes.output_address_bits,
        .stage1 = true,
        .stage2 = true,
        .hypervisor = true,
        .asid16 = true,
        .vmid16 = true,
        .cd_two_level = true,
        .st_two_level = true,
        .stall = SMMU_STALL_MODEL_NONE,
        .endian = SMMU_TTENDIAN_LITTLE,
        .httu = SMMU_HTTU_DIRTY,
        .types_ovr = true,
        .perms_ovr = true,
        .had = true,
        .xnx = true,
        .granule_4k = true,
        .granule_16k = true,
        .granule_64k = true,
    };
}

void smmu_features_resolve(struct smmu_features *features)
{
    features->hypervisor = features->hypervisor && features->stage1 && features->stage2;
    features->asid16 = features->asid16 && features->stage1;
    features->vmid16 = features->vmid16 && features->stage2;
    features->vmw = features->vmw && features->stage2;
    features->cd_two_level = features->cd_two_level && features->stage1 && features->substream_id_bits > 0;
    features->ns1ats = features->ns1ats && features->ats && features->stage1 && features->stage2;
    features->ats_rec_err = features->ats_rec_err && features->ats;
    features->pri = features->pri && features->ats;
    features->pps = features->pps && features->pri;
}

const char *smmu_features_error(const struct smmu_features *features)
{
    const struct {
        bool wrong;
        const char *what;
    } checks[] = {
        {!features->stage1 && !features->stage2, "neither stage 1 nor stage 2 is implemented"},
        {!features->granule_4k && !features->granule_16k && !features->granule_64k, "no granule is implemented"},
        {!features->st_two_level && features->stream_id_bits > 6,
         "more than 64 StreamIDs need two-level stream tables"},
        {features->stall > SMMU_STALL_MODEL_FORCED, "stall is not 0, 1 or 2"},
        {features->endian == 1 || features->endian > SMMU_TTENDIAN_BIG, "endian is not 0, 2 or 3"},
        {features->httu > SMMU_HTTU_DIRTY, "httu is not 0, 1 or 2"},
        {features->ds && !features->va52, "ds needs va52"},
        {features->ds && !features->granule_4k && !features->granule_16k, "ds needs the 4 or the 16 KiB granule"},
        {features->va52 && !features->granule_64k && !features->ds, "va52 needs the 64 KiB granule or ds"},
        {features->output_address_bits == 52 && !features->granule_64k && !features->ds,
         "output_address_bits 52 needs the 64 KiB granule or ds"},
    };

    for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
        if (checks[i].wrong) {
            return checks[i].what;
        }
    }
    return NULL;
}
