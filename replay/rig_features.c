#include "replay/rig_features.h"

#include "models/gic-its/its_registers.h"
#include "models/smmuv3/smmu_regs.h"

/** Sizes of IDR5.OAS. */
static const uint32_t address_bits[] = {32, 36, 40, 42, 44, 48, 52};

struct reader {
    const struct replay_recording *recording;
    struct diagnostics *diagnostics;
    bool complete;
};

static uint64_t take(struct reader *reader, const struct replay_registers *registers, const char *name)
{
    const struct diagnostic_where where = {.file = reader->recording->regs.path};
    uint64_t value = 0;

    if (!replay_register_find(registers, name, &value)) {
        diagnostics_add(reader->diagnostics, DIAGNOSTIC_ERROR, &where, "E2206 snapshots[0] lacks the register %s",
                        name);
        reader->complete = false;
    }
    return value;
}

static bool bit(uint64_t value, unsigned high, unsigned low)
{
    (void)high;
    return (value >> low & 1) != 0;
}

static uint32_t field(uint64_t value, unsigned high, unsigned low)
{
    return (uint32_t)(value >> low & ((UINT64_C(2) << (high - low)) - 1));
}

static void read_smmu_features(struct reader *reader, struct smmu_features *features)
{
    const struct replay_registers *registers = &reader->recording->snapshots[0].smmu;
    const uint64_t idr0 = take(reader, registers, "IDR0");
    const uint64_t idr3 = take(reader, registers, "IDR3");
    const uint64_t idr5 = take(reader, registers, "IDR5");

    features->stage1 = bit(idr0, SMMU_IDR0_S1P);
    features->stage2 = bit(idr0, SMMU_IDR0_S2P);
    features->hypervisor = bit(idr0, SMMU_IDR0_HYP);
    features->asid16 = bit(idr0, SMMU_IDR0_ASID16);
    features->vmid16 = bit(idr0, SMMU_IDR0_VMID16);
    features->cd_two_level = bit(idr0, SMMU_IDR0_CD2L);
    features->term_abort = bit(idr0, SMMU_IDR0_TERM_MODEL);
    features->had = bit(idr3, SMMU_IDR3_HAD);
    features->stt = bit(idr3, SMMU_IDR3_STT);
    features->granule_4k = bit(idr5, SMMU_IDR5_GRAN4K);
    features->granule_16k = bit(idr5, SMMU_IDR5_GRAN16K);
    features->granule_64k = bit(idr5, SMMU_IDR5_GRAN64K);
}

static void read_smmu(struct reader *reader, struct smmu_config *config)
{
    const struct replay_registers *registers = &reader->recording->snapshots[0].smmu;
    const uint64_t idr1 = take(reader, registers, "IDR1");
    const uint32_t size = field(take(reader, registers, "IDR5"), SMMU_IDR5_OAS);

    config->base = reader->recording->map.smmu;
    config->stream_id_bits = field(idr1, SMMU_IDR1_SIDSIZE);
    config->substream_id_bits = field(idr1, SMMU_IDR1_SSIDSIZE);
    config->command_queue_bits = field(idr1, SMMU_IDR1_CMDQS);
    config->event_queue_bits = field(idr1, SMMU_IDR1_EVENTQS);
    config->output_address_bits = address_bits[size < 7 ? size : 6];
    read_smmu_features(reader, &config->features);
}

static void read_its(struct reader *reader, uint32_t cpus, struct its_config *config)
{
    const struct replay_recording *recording = reader->recording;
    const uint64_t typer = take(reader, &recording->snapshots[0].its, "GITS_TYPER");
    const uint64_t gicd_typer = take(reader, &recording->snapshots[0].gicd, "GICD_TYPER");

    *config = its_config_default();
    config->base = recording->map.its;
    config->redistributors = cpus;
    config->event_bits = (uint32_t)GIC_GET(typer, GITS_TYPER_ID_BITS) + 1;
    config->device_bits = (uint32_t)GIC_GET(typer, GITS_TYPER_DEVBITS) + 1;
    config->intid_bits = (uint32_t)(gicd_typer >> 19 & 0x1f) + 1;
    config->physical_targets = GIC_GET(typer, GITS_TYPER_PTA) != 0;
    config->redistributor_base = recording->map.gicr;
    config->redistributor_stride = recording->map.gicr_stride;
}

bool replay_features_read(struct replay_features *features, const struct replay_recording *recording, uint32_t cpus,
                          const char *preset, struct diagnostics *diagnostics)
{
    const struct diagnostic_where where = {.file = recording->regs.path};
    struct reader reader = {.recording = recording, .diagnostics = diagnostics, .complete = true};
    const char *wrong;

    smmu_config_defaults(&features->smmu);
    if (preset != NULL && !smmu_config_preset(&features->smmu, preset)) {
        diagnostics_add(diagnostics, DIAGNOSTIC_ERROR, NULL, "E0105 there is no SMMU preset '%s'", preset);
        return false;
    }
    read_smmu(&reader, &features->smmu);
    read_its(&reader, cpus, &features->its);
    if (!reader.complete) {
        return false;
    }
    wrong = smmu_config_error(&features->smmu);
    if (wrong != NULL) {
        diagnostics_add(diagnostics, DIAGNOSTIC_ERROR, &where,
                        "E2206 no SMMU can be built as its IDR registers say: %s", wrong);
        return false;
    }
    if (features->its.intid_bits < 14 || features->its.intid_bits > 24) {
        diagnostics_add(diagnostics, DIAGNOSTIC_ERROR, &where, "E2206 GICD_TYPER.IDbits: no LPIs (%u INTID bits)",
                        features->its.intid_bits);
        return false;
    }
    return true;
}
