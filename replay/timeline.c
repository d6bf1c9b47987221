/*
 * The recording in its order: what software wrote and what tables held goes into the models, what devices did is done
 * again, and what came of it is compared.
 */
#include "models/gic-its/its_registers.h"
#include "models/smmuv3/smmu_fields.h"
#include "models/smmuv3/smmu_formats.h"
#include "models/smmuv3/smmu_regs.h"
#include "replay/player.h"
#include "replay/summary.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* STE bit 186. */
#define STE2_S2R_BIT 58

#define STE_CONFIG_STAGE2 6

/** What a step of the timeline is; those of one seq are done in this order. */
enum step_kind {
    STEP_PTE,
    STEP_CONFIG,
    STEP_REGISTER,
    STEP_TRANSLATION,
    STEP_FAULT,
    STEP_MSI,
    STEP_SNAPSHOT,
};

struct step {
    uint64_t seq;
    uint32_t row;
    uint8_t kind; /**< enum step_kind */
};

struct timeline {
    struct replay_player *player;
    struct step *steps;
    size_t count;
    size_t next_msi;                           /**< first MSI that has not been sent */
    const struct replay_translation *doorbell; /**< access that will be an MSI, translated and not yet compared */
};

/* ---- Order ---- */

static void add(struct timeline *timeline, enum step_kind kind, uint64_t seq, size_t row)
{
    timeline->steps[timeline->count++] = (struct step){.seq = seq, .row = (uint32_t)row, .kind = (uint8_t)kind};
}

static int compare_steps(const void *a, const void *b)
{
    const struct step *left = a;
    const struct step *right = b;

    if (left->seq != right->seq) {
        return left->seq < right->seq ? -1 : 1;
    }
    if (left->kind != right->kind) {
        return left->kind < right->kind ? -1 : 1;
    }
    return left->row < right->row ? -1 : left->row > right->row ? 1 : 0;
}

/** Register writes; only the ITS's and redistributors' if asked for. */
static void collect_registers(struct timeline *timeline, bool only_its)
{
    const struct replay_recording *recording = timeline->player->recording;

    for (size_t i = 0; i < recording->mmio_count; i++) {
        const struct replay_mmio *mmio = &recording->mmio[i];

        if (mmio->write && !(only_its && mmio->unit == REPLAY_UNIT_SMMU)) {
            add(timeline, STEP_REGISTER, mmio->seq, i);
        }
    }
}

/** Whether a command makes the SMMU forget a stream's STE. */
static bool invalidates(const struct replay_command *command, uint64_t stream_id)
{
    const uint64_t first = command->words[0] >> 32;
    const unsigned range = (unsigned)(command->words[1] & 0x1f);

    switch ((uint8_t)command->words[0]) {
    case SMMU_CMD_CFGI_STE:
        return first == stream_id;
    case SMMU_CMD_CFGI_STE_RANGE:
        return range == 31 || first >> (range + 1) == stream_id >> (range + 1);
    default:
        return false;
    }
}

/** The write of CMDQ_PROD that hands a command over, or the command's own position if there is none. */
static uint64_t hand_over_of(const struct replay_recording *recording, uint64_t seq)
{
    uint64_t found = seq;

    for (size_t i = 0; i < recording->mmio_count && recording->mmio[i].seq <= seq; i++) {
        const struct replay_mmio *mmio = &recording->mmio[i];

        if (mmio->write && mmio->unit == REPLAY_UNIT_SMMU && mmio->offset == SMMU_CMDQ_PROD) {
            found = mmio->seq;
        }
    }
    return found;
}

/**
 * When an STE that was fetched must have been in memory: at the software's last invalidation of it before that, since
 * a prefetch or another implementation's cache may read it from then on.
 */
static uint64_t written_by(const struct replay_recording *recording, const struct replay_config *config)
{
    uint64_t seq = config->seq;

    for (size_t i = 0; i < recording->smmu_command_count && recording->smmu_commands[i].seq < config->seq; i++) {
        if (invalidates(&recording->smmu_commands[i], config->stream_id)) {
            seq = recording->smmu_commands[i].seq;
        }
    }
    return seq == config->seq ? seq : hand_over_of(recording, seq);
}

static void collect(struct timeline *timeline)
{
    const struct replay_recording *recording = timeline->player->recording;

    for (size_t i = 0; i < recording->pte_count; i++) {
        add(timeline, STEP_PTE, recording->ptes[i].seq, i);
    }
    for (size_t i = 0; i < recording->config_count; i++) {
        add(timeline, STEP_CONFIG, written_by(recording, &recording->configs[i]), i);
    }
    for (size_t i = 0; i < recording->translation_count; i++) {
        add(timeline, STEP_TRANSLATION, recording->translations[i].seq, i);
    }
    for (size_t i = 0; i < recording->fault_count; i++) {
        add(timeline, STEP_FAULT, recording->faults[i].seq, i);
    }
    for (size_t i = 0; i < recording->msi_count; i++) {
        add(timeline, STEP_MSI, recording->msis[i].seq, i);
    }
    for (size_t i = 0; i < recording->snapshot_count; i++) {
        add(timeline, STEP_SNAPSHOT, recording->snapshots[i].seq, i);
    }
}

/* ---- Accesses ---- */

/** Whether the access is the MSI that the recording has next: then it is sent there. */
static bool is_msi(const struct timeline *timeline, const struct replay_translation *row)
{
    const struct replay_recording *recording = timeline->player->recording;
    const struct replay_msi *msi = &recording->msis[timeline->next_msi];

    return timeline->next_msi < recording->msi_count && row->pa - recording->map.its < GITS_SIZE &&
           msi->device_id == row->stream_id && msi->iova == row->iova && msi->seq >= row->seq;
}

static void do_translation(struct timeline *timeline, const struct replay_translation *row)
{
    struct replay_subject subject = {.check = REPLAY_CHECK_TRANSLATION,
                                     .has_seq = true,
                                     .seq = row->seq,
                                     .stream_id = (uint32_t)row->stream_id,
                                     .iova = row->iova};

    if (is_msi(timeline, row)) {
        timeline->doorbell = row;
        return;
    }
    if ((row->permission & REPLAY_MAY_READ) != 0) {
        replay_expect_pass(timeline->player, &subject, row->pa);
    }
    if ((row->permission & REPLAY_MAY_WRITE) != 0) {
        subject.write = true;
        replay_expect_pass(timeline->player, &subject, row->pa);
    }
}

/** Compares how an MSI came through the SMMU. */
static void compare_path(struct timeline *timeline, const struct replay_msi *msi, const struct replay_outcome *outcome)
{
    char subject[64];
    char expected[32];
    char got[32];

    replay_result_compare(timeline->player->result, REPLAY_CHECK_TRANSLATION);
    if (outcome->passed && outcome->address == msi->doorbell) {
        return;
    }
    snprintf(subject, sizeof(subject), "MSI of StreamID 0x%x to 0x%" PRIx64, (unsigned)msi->device_id, msi->iova);
    snprintf(expected, sizeof(expected), "0x%" PRIx64, msi->doorbell);
    snprintf(got, sizeof(got), "0x%" PRIx64, outcome->address);
    replay_differ(timeline->player, REPLAY_CHECK_TRANSLATION, msi->seq, subject, expected,
                  outcome->passed ? got : "denied");
}

/** The whole path: a device's write, the SMMU, the ITS, a redistributor, its PE. */
static void do_msi(struct timeline *timeline, const struct replay_msi *msi)
{
    const struct replay_access access = {.stream_id = (uint32_t)msi->device_id,
                                         .address = msi->iova,
                                         .write = true,
                                         .msi = true,
                                         .device_id = (uint32_t)msi->device_id,
                                         .data = (uint32_t)msi->event_id};
    const struct replay_goal goal = {.check = REPLAY_CHECK_MSI,
                                     .has_seq = true,
                                     .seq = msi->seq,
                                     .device_id = (uint32_t)msi->device_id,
                                     .event_id = (uint32_t)msi->event_id,
                                     .intid = msi->intid,
                                     .collection = msi->collection,
                                     .target = msi->target};
    struct replay_outcome outcome;

    replay_rig_access(&timeline->player->rig, &access, &outcome);
    compare_path(timeline, msi, &outcome);
    replay_compare_arrival(timeline->player, &goal);
    timeline->doorbell = NULL;
    timeline->next_msi++;
}

/* ---- Faults ---- */

/** Number of an event type by its name; 0 if there is none. */
static uint8_t type_of(const char *name)
{
    for (unsigned type = 1; type < 0x100; type++) {
        const char *known = replay_event_name((uint8_t)type);

        if (known != NULL && strcmp(known, name) == 0) {
            return (uint8_t)type;
        }
    }
    return 0;
}

/** A stream's STE as fetched last; NULL if it never was. */
static const struct replay_config *config_of(const struct replay_recording *recording, const struct replay_fault *fault)
{
    const struct replay_config *config = NULL;

    for (size_t i = 0; i < recording->config_count && recording->configs[i].seq <= fault->seq; i++) {
        if (recording->configs[i].stream_id == fault->stream_id) {
            config = &recording->configs[i];
        }
    }
    return config;
}

/**
 * Whether an input address is beyond IAS, which is OAS, with stage 2 alone: then it does not get as far as stage 2, but
 * is an address size fault of stage 1 (IHI 0070, 3.4).
 */
static bool is_beyond(const struct timeline *timeline, const struct replay_config *config, uint64_t iova)
{
    return smmu_field_get(config->ste, SMMU_STE_CONFIG) == STE_CONFIG_STAGE2 &&
           iova >> timeline->player->rig.address_bits != 0;
}

static void do_fault(struct timeline *timeline, const struct replay_fault *fault)
{
    const bool silent = strcmp(fault->type, "NO_EVENT") == 0;
    const struct replay_config *config = silent ? config_of(timeline->player->recording, fault) : NULL;
    const bool known = config != NULL && (config->ste[2] >> STE2_S2R_BIT & 1) != 0;
    const struct replay_subject subject = {.check = REPLAY_CHECK_FAULT,
                                           .has_seq = true,
                                           .seq = fault->seq,
                                           .stream_id = (uint32_t)fault->stream_id,
                                           .iova = fault->iova,
                                           .write = fault->read == 0};
    const struct replay_denial denial = {.type = silent ? 0 : type_of(fault->type),
                                         .has_address = fault->read != REPLAY_NONE,
                                         .known = known,
                                         .is_beyond = known && is_beyond(timeline, config, fault->iova)};

    replay_expect_denial(timeline->player, &subject, &denial);
}

/* ---- Registers at stopped moments ---- */

struct compared_register {
    const char *name;
    enum replay_unit unit;
    uint32_t offset;
    uint32_t size;
    uint64_t mask; /**< bits that the architecture does not leave to the implementation */
};

#define ALL UINT64_MAX

/* Caching attributes that an implementation fixes are left out of the ITS's and redistributors'. */
static const struct compared_register compared[] = {
    {"CR0", REPLAY_UNIT_SMMU, SMMU_CR0, 4, ALL},
    {"CR0ACK", REPLAY_UNIT_SMMU, SMMU_CR0ACK, 4, ALL},
    {"CR1", REPLAY_UNIT_SMMU, SMMU_CR1, 4, ALL},
    {"CR2", REPLAY_UNIT_SMMU, SMMU_CR2, 4, ALL},
    {"IRQ_CTRL", REPLAY_UNIT_SMMU, SMMU_IRQ_CTRL, 4, ALL},
    {"IRQ_CTRLACK", REPLAY_UNIT_SMMU, SMMU_IRQ_CTRLACK, 4, ALL},
    {"GERROR", REPLAY_UNIT_SMMU, SMMU_GERROR, 4, ALL},
    {"GERRORN", REPLAY_UNIT_SMMU, SMMU_GERRORN, 4, ALL},
    {"STRTAB_BASE", REPLAY_UNIT_SMMU, SMMU_STRTAB_BASE, 8, ALL},
    {"STRTAB_BASE_CFG", REPLAY_UNIT_SMMU, SMMU_STRTAB_BASE_CFG, 4, ALL},
    {"CMDQ_BASE", REPLAY_UNIT_SMMU, SMMU_CMDQ_BASE, 8, ALL},
    {"CMDQ_PROD", REPLAY_UNIT_SMMU, SMMU_CMDQ_PROD, 4, ALL},
    {"CMDQ_CONS", REPLAY_UNIT_SMMU, SMMU_CMDQ_CONS, 4, ALL},
    {"EVENTQ_BASE", REPLAY_UNIT_SMMU, SMMU_EVENTQ_BASE, 8, ALL},
    {"EVENTQ_PROD", REPLAY_UNIT_SMMU, SMMU_EVENTQ_PROD, 4, ALL},
    {"EVENTQ_CONS", REPLAY_UNIT_SMMU, SMMU_EVENTQ_CONS, 4, ALL},
    {"GITS_CTLR", REPLAY_UNIT_ITS, 0x0, 4, 1},
    {"GITS_CBASER", REPLAY_UNIT_ITS, 0x80, 8, UINT64_C(0x800ffffffffff0ff)},
    {"GITS_CWRITER", REPLAY_UNIT_ITS, 0x88, 8, ALL},
    {"GITS_CREADR", REPLAY_UNIT_ITS, 0x90, 8, ALL},
    {"GITS_BASER0", REPLAY_UNIT_ITS, 0x100, 8, UINT64_C(0xc700fffffffff3ff)},
    {"GITS_BASER1", REPLAY_UNIT_ITS, 0x108, 8, UINT64_C(0xc700fffffffff3ff)},
    {"GICR_CTLR", REPLAY_UNIT_GICR, 0x0, 4, 1},
    {"GICR_PROPBASER", REPLAY_UNIT_GICR, 0x70, 8, UINT64_C(0x000ffffffffff01f)},
    {"GICR_PENDBASER", REPLAY_UNIT_GICR, 0x78, 8, UINT64_C(0x000fffffffff0000)},
};

static void compare_register(struct timeline *timeline, const struct replay_snapshot *snapshot,
                             const struct compared_register *row, const struct replay_registers *registers,
                             uint32_t cpu)
{
    struct replay_player *player = timeline->player;
    uint64_t expected;
    uint64_t got;
    char subject[80];

    if (!replay_register_find(registers, row->name, &expected)) {
        return;
    }
    if (row->unit == REPLAY_UNIT_SMMU && row->offset == SMMU_EVENTQ_PROD) {
        /* With the events that the recorded hardware did not write. */
        expected = (expected + player->extra_events) & ((2u << player->events.log2) - 1);
    }
    got = replay_rig_read(&player->rig, replay_rig_address(&player->rig, row->unit, cpu, row->offset), row->size);
    snprintf(subject, sizeof(subject), "snapshot %.30s: %s", snapshot->tag, row->name);
    if (row->unit == REPLAY_UNIT_GICR) {
        snprintf(subject, sizeof(subject), "snapshot %.30s: %s of redistributor %u", snapshot->tag, row->name, cpu);
    }
    replay_compare_value(player, REPLAY_CHECK_REGISTERS, snapshot->seq, subject, expected & row->mask, got & row->mask);
}

static void do_snapshot(struct timeline *timeline, const struct replay_snapshot *snapshot)
{
    for (size_t i = 0; i < sizeof(compared) / sizeof(compared[0]); i++) {
        const struct compared_register *row = &compared[i];

        if (row->unit == REPLAY_UNIT_GICR) {
            for (uint32_t cpu = 0; cpu < timeline->player->rig.cpus; cpu++) {
                compare_register(timeline, snapshot, row, &snapshot->gicr[cpu], cpu);
            }
        } else {
            compare_register(timeline, snapshot, row, row->unit == REPLAY_UNIT_SMMU ? &snapshot->smmu : &snapshot->its,
                             0);
        }
    }
}

/* ---- Steps ---- */

static void do_step(struct timeline *timeline, const struct step *step)
{
    struct replay_player *player = timeline->player;
    const struct replay_recording *recording = player->recording;
    const size_t row = step->row;

    switch ((enum step_kind)step->kind) {
    case STEP_PTE:
        memory_write64(player->rig.memory, recording->ptes[row].address, recording->ptes[row].value);
        break;
    case STEP_CONFIG:
        replay_feed_config(player, &recording->configs[row]);
        break;
    case STEP_REGISTER:
        replay_feed_register(player, &recording->mmio[row]);
        break;
    case STEP_TRANSLATION:
        do_translation(timeline, &recording->translations[row]);
        break;
    case STEP_FAULT:
        do_fault(timeline, &recording->faults[row]);
        break;
    case STEP_MSI:
        do_msi(timeline, &recording->msis[row]);
        break;
    case STEP_SNAPSHOT:
        do_snapshot(timeline, &recording->snapshots[row]);
        break;
    }
}

void replay_timeline(struct replay_player *player, bool only_its)
{
    const struct replay_recording *recording = player->recording;
    const size_t most = recording->pte_count + recording->config_count + recording->mmio_count +
                        recording->translation_count + recording->fault_count + recording->msi_count +
                        recording->snapshot_count;
    struct timeline timeline = {.player = player, .steps = calloc(most + 1, sizeof(*timeline.steps))};
    uint64_t last = 0;

    if (timeline.steps == NULL) {
        fputs("doorbell: out of memory\n", stderr);
        abort();
    }
    collect_registers(&timeline, only_its);
    if (!only_its) {
        collect(&timeline);
    }
    qsort(timeline.steps, timeline.count, sizeof(*timeline.steps), compare_steps);
    for (size_t i = 0; i < timeline.count && timeline.steps[i].seq <= player->options->until; i++) {
        if (replay_is_interrupted(player)) {
            break;
        }
        last = timeline.steps[i].seq;
        do_step(&timeline, &timeline.steps[i]);
    }
    if (!only_its) {
        replay_expect_no_event(player, last);
    }
    free(timeline.steps);
}
