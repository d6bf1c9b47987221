#include "scenario/schema/keys_table.h"

#define IDR_FLAG(key, field_, standard_, doc_)                                                                         \
    {                                                                                                                  \
        .name = key, KEY_FIELD(scenario_smmu_idr, field_), .type = &scenario_type_boolean, .standard = standard_,      \
        .source = SCENARIO_ASSUMPTION, .doc = doc_                                                                     \
    }

#define IDR_NUMBER(key, field_, standard_, least, most, unit, doc_)                                                    \
    {                                                                                                                  \
        .name = key, KEY_FIELD(scenario_smmu_idr, field_), .type = &scenario_type_number, .standard = standard_,       \
        .source = SCENARIO_ASSUMPTION, .minimum = least, .maximum = most, .unit_name = unit, .doc = doc_               \
    }

static const struct scenario_key idr_keys[] = {
    IDR_FLAG("s1p", s1p, "true", "SMMU_IDR0.S1P: stage 1."),
    IDR_FLAG("s2p", s2p, "true", "SMMU_IDR0.S2P: stage 2."),
    IDR_FLAG("hyp", hyp, "true", "SMMU_IDR0.HYP: streams of EL2."),
    IDR_FLAG("ats", ats, "false", "SMMU_IDR0.ATS: translations for endpoints."),
    IDR_FLAG("ns1ats", ns1ats, "false", "SMMU_IDR0.NS1ATS: no ATS for stage 1 alone of both stages."),
    IDR_FLAG("pri", pri, "false", "SMMU_IDR0.PRI: page requests; nothing without `ats`."),
    IDR_FLAG("asid16", asid16, "true", "SMMU_IDR0.ASID16: 16-bit ASIDs, not 8."),
    IDR_FLAG("vmid16", vmid16, "true", "SMMU_IDR0.VMID16: 16-bit VMIDs, not 8; nothing without `s2p`."),
    IDR_FLAG("vmw", vmw, "false", "SMMU_IDR0.VMW: VMID wildcards; nothing without `s2p`."),
    IDR_FLAG("msi", msi, "true", "SMMU_IDR0.MSI: interrupts and CMD_SYNC completions can be messages."),
    IDR_FLAG("sev", sev, "false", "SMMU_IDR0.SEV: it wakes PEs that wait for it."),
    IDR_NUMBER("stall-model", stall_model, "1", "0", "2", "",
               "SMMU_IDR0.STALL_MODEL: 0 software chooses, 1 no stalls, 2 all faults stall."),
    IDR_FLAG("term-model", term_model, "false", "SMMU_IDR0.TERM_MODEL: what is terminated always aborts."),
    IDR_NUMBER("httu", httu, "2", "0", "2", "", "SMMU_IDR0.HTTU: 0 none, 1 access flag, 2 and dirty state."),
    IDR_FLAG("gran4k", gran4k, "true", "SMMU_IDR5.GRAN4K: tables of 4 KiB."),
    IDR_FLAG("gran16k", gran16k, "true", "SMMU_IDR5.GRAN16K: tables of 16 KiB."),
    IDR_FLAG("gran64k", gran64k, "true", "SMMU_IDR5.GRAN64K: tables of 64 KiB."),
    IDR_NUMBER("iidr", iidr, "0", "0", "4294967295", "", "SMMU_IIDR: who made it."),
    IDR_NUMBER("ecmdq-pages", ecmdq_pages, "0", "0", "128", "pages",
               "Command queue control pages, a power of two; 0: SMMU_IDR1.ECMDQ is 0."),
    IDR_NUMBER("ecmdq-queues", ecmdq_queues, "1", "1", "128", "queues",
               "Queues of each control page, a power of two; at most 128 in all."),
    IDR_NUMBER("vcmdqs", vcmdqs, "0", "0", "64", "queues", "Virtual command queues, a power of two; 0: none."),
    IDR_NUMBER("vintfs", vintfs, "1", "1", "64", "interfaces", "Their interfaces, a power of two up to `vcmdqs`."),
};
const struct scenario_table scenario_table_smmu_idr = {
    .name = "idr",
    .path = "platform.smmu.NAME.idr",
    .doc =
        "What an SMMU implements, as its identification registers say. What means nothing without another feature is "
        "absent with it.",
    TABLE_KEYS(idr_keys),
    TABLE_PLAIN(scenario_smmu_idr)};
