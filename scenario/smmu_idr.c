#include "scenario/smmu_idr.h"

static uint32_t log2_of(uint32_t value)
{
    return (uint32_t)__builtin_ctz(value);
}

void smmu_idr_apply(const struct scenario_smmu *from, struct smmu_config *config)
{
    const struct scenario_smmu_idr *idr = &from->idr;
    struct smmu_features *features = &config->features;

    config->stream_id_bits = from->stream_id_bits;
    config->substream_id_bits = from->substream_id_bits;
    config->output_address_bits = from->output_address_bits;
    config->command_queue_bits = log2_of(from->command_queue_entries);
    config->event_queue_bits = log2_of(from->event_queue_entries);
    config->pri_queue_bits = log2_of(from->page_queue_entries);
    config->msi = idr->msi;
    config->ecmdq_pages = idr->ecmdq_pages;
    config->ecmdq_queues = idr->ecmdq_queues;
    config->vcmdqs = idr->vcmdqs;
    config->vintfs = idr->vintfs;
    features->stage1 = idr->s1p;
    features->stage2 = idr->s2p;
    features->hypervisor = idr->hyp;
    features->ats = idr->ats;
    features->ns1ats = idr->ns1ats;
    features->pri = idr->pri;
    features->asid16 = idr->asid16;
    features->vmid16 = idr->vmid16;
    features->vmw = idr->vmw;
    features->sev = idr->sev;
    features->stall = (uint8_t)idr->stall_model;
    features->term_abort = idr->term_model;
    features->httu = (uint8_t)idr->httu;
    features->granule_4k = idr->gran4k;
    features->granule_16k = idr->gran16k;
    features->granule_64k = idr->gran64k;
    features->iidr = idr->iidr;
}
