/*
 * What an answer on the walker port says, in words, for whoever follows the packets that wait for it. Nothing here runs
 * unless somebody listens.
 */
#include "models/smmuv3/descriptor_internal.h"
#include "models/smmuv3/smmu_internal.h"

#include <inttypes.h>
#include <stdio.h>

/** Words about an entry. */
struct words {
    char what[64];
    char meaning[120];
};

/** The words of an entry, as it lies in memory. */
static void load_words(uint64_t *words, unsigned count, const uint8_t *data)
{
    for (unsigned i = 0; i < count; i++) {
        words[i] = sim_load_le64(data + (size_t)8 * i);
    }
}

static void describe_ste(struct words *words, const uint8_t *data)
{
    static const char *const configs[] = {"abort",    "abort",   "abort",   "abort",
                                          "bypassed", "stage 1", "stage 2", "stages 1 and 2"};
    uint64_t bits[SMMU_STE_WORDS];
    struct smmu_ste ste;

    load_words(bits, SMMU_STE_WORDS, data);
    ste = smmu_ste_decode(bits);
    snprintf(words->what, sizeof(words->what), "stream table entry (STE)");
    if (!ste.valid) {
        snprintf(words->meaning, sizeof(words->meaning), "not valid: the stream has no configuration");
    } else if (ste.config == SMMU_STE_CONFIG_S1 || ste.config == SMMU_STE_CONFIG_NESTED) {
        snprintf(words->meaning, sizeof(words->meaning), "%s; context descriptors at 0x%" PRIx64,
                 configs[ste.config & 7], ste.s1contextptr);
    } else if (ste.config == SMMU_STE_CONFIG_S2) {
        snprintf(words->meaning, sizeof(words->meaning), "%s; its tables begin at 0x%" PRIx64, configs[ste.config & 7],
                 ste.s2ttb);
    } else {
        snprintf(words->meaning, sizeof(words->meaning), "%s", configs[ste.config & 7]);
    }
}

static void describe_cd(struct words *words, const uint8_t *data)
{
    uint64_t bits[SMMU_CD_WORDS];
    struct smmu_cd cd;

    load_words(bits, SMMU_CD_WORDS, data);
    cd = smmu_cd_decode(bits);
    snprintf(words->what, sizeof(words->what), "context descriptor (CD)");
    if (cd.valid) {
        snprintf(words->meaning, sizeof(words->meaning), "ASID %u; translation tables begin at 0x%" PRIx64, cd.asid,
                 cd.range[cd.range[0].disabled ? 1 : 0].table);
    } else {
        snprintf(words->meaning, sizeof(words->meaning), "not valid");
    }
}

static void describe_level1(struct words *words, const char *what, uint64_t table, bool valid)
{
    snprintf(words->what, sizeof(words->what), "%s", what);
    if (valid) {
        snprintf(words->meaning, sizeof(words->meaning), "the second level is at 0x%" PRIx64, table);
    } else {
        snprintf(words->meaning, sizeof(words->meaning), "not valid: there is no second level here");
    }
}

/** A descriptor of a translation table: which stage and level, and what it leads to. */
static void describe_descriptor(struct words *words, const struct smmu_translation *t, bool update, uint64_t word)
{
    const int level = t->walk[t->stage - 1].at.level;
    const struct smmu_table_format *format =
        t->stage == 2 ? &t->context.stage2.table : &t->context.stage1.half[smmu_address_half(t->input)];
    struct smmu_descriptor descriptor;

    if (update && word == t->expected) {
        word = t->desired;
    }
    descriptor = smmu_descriptor_decode(format, level, format->big_endian ? __builtin_bswap64(word) : word);
    snprintf(words->what, sizeof(words->what), "translation table, stage %u level %d%s", t->stage, level,
             update ? ", updated" : "");
    if (descriptor.kind == SMMU_DESCRIPTOR_TABLE) {
        snprintf(words->meaning, sizeof(words->meaning), "the next table is at 0x%" PRIx64, descriptor.address);
    } else if (descriptor.kind == SMMU_DESCRIPTOR_LEAF) {
        snprintf(words->meaning, sizeof(words->meaning), "%" PRIu64 " KiB at 0x%" PRIx64,
                 (UINT64_C(1) << descriptor.size) / 1024, descriptor.address);
    } else {
        snprintf(words->meaning, sizeof(words->meaning), "not valid: nothing is mapped here");
    }
}

static void describe_config(struct words *words, const struct smmu_config_fetch *fetch, const uint8_t *data)
{
    const uint64_t word = sim_load_le64(data);

    if (fetch->translating) {
        describe_descriptor(words, &fetch->translation, fetch->updating, word);
        return;
    }
    switch ((enum smmu_config_step)fetch->step) {
    case SMMU_STEP_L1STD:
        describe_level1(words, "stream table, level 1", smmu_field_get_address(&word, SMMU_L1STD_L2PTR),
                        smmu_get(word, SMMU_L1STD_SPAN) != 0);
        break;
    case SMMU_STEP_STE:
        describe_ste(words, data);
        break;
    case SMMU_STEP_L1CD:
        describe_level1(words, "context descriptor table, level 1", smmu_field_get_address(&word, SMMU_L1CD_L2PTR),
                        smmu_get(word, SMMU_L1CD_V) != 0);
        break;
    case SMMU_STEP_CD:
    default:
        describe_cd(words, data);
        break;
    }
}

/** Tells of an answer to each slot that waits for it: the first of them caused it. */
static void tell(struct smmu *smmu, const struct smmu_list *waiters, struct sim_table_read *read)
{
    for (uint16_t index = waiters->head; index != SMMU_NONE; index = smmu->slots[index].next) {
        read->packet = smmu->slots[index].packet;
        read->shared = index != waiters->head;
        if (sim_reads_are_wanted(smmu->sim, read->packet)) {
            sim_tell_read(smmu->sim, read);
        }
    }
}

static bool anybody_listens(const struct smmu *smmu, const struct smmu_list *waiters)
{
    for (uint16_t index = waiters->head; index != SMMU_NONE; index = smmu->slots[index].next) {
        if (sim_reads_are_wanted(smmu->sim, smmu->slots[index].packet)) {
            return true;
        }
    }
    return false;
}

void smmu_tell_reads(struct smmu *smmu, const struct sim_packet *packet, sim_time now)
{
    const uint32_t index = packet->tag & 0xff;
    const bool walk = packet->tag >> 8 == SMMU_REQUEST_WALK;
    const struct smmu_list *waiters = walk ? &smmu->walks[index].waiters : &smmu->fetches[index].waiters;
    struct words words = {.meaning = "the read ended in a bus error"};
    struct sim_table_read read = {.where = &smmu->component,
                                  .what = words.what,
                                  .meaning = words.meaning,
                                  .address = packet->address,
                                  .length = packet->length,
                                  .issued = packet->born,
                                  .arrived = now};

    if (!anybody_listens(smmu, waiters)) {
        return;
    }
    if (packet->status != SIM_STATUS_OK) {
        snprintf(words.what, sizeof(words.what), walk ? "translation table" : "stream configuration");
    } else if (walk) {
        describe_descriptor(&words, &smmu->walks[index].translation, smmu->walks[index].updating,
                            sim_load_le64(packet->data));
    } else {
        describe_config(&words, &smmu->fetches[index], packet->data);
    }
    tell(smmu, waiters, &read);
}
