/*
 * Reading a stream's configuration: [level-1 descriptor,] STE, [[level-1 CD descriptor,] CD], one read at a time; in a
 * nested stream, the addresses of the last two go through stage 2.
 */
#include "models/smmuv3/smmu_internal.h"

static const struct smmu_fault no_fault = {0};

static bool same_stream(const struct smmu_stream *a, const struct smmu_stream *b)
{
    return a->sid == b->sid && a->ssid == b->ssid && a->ssv == b->ssv && a->ste_only == b->ste_only;
}

static void read_structure(struct smmu *smmu, struct smmu_config_fetch *fetch, enum smmu_config_step step, sim_time at)
{
    static const uint8_t bytes[] = {
        [SMMU_STEP_L1STD] = SMMU_L1STD_BYTES,
        [SMMU_STEP_STE] = SMMU_STE_BYTES,
        [SMMU_STEP_L1CD] = SMMU_L1CD_BYTES,
        [SMMU_STEP_CD] = SMMU_CD_BYTES,
    };
    const struct smmu_request request = {
        .requester = SMMU_REQUEST_CONFIG,
        .index = (uint8_t)(fetch - smmu->fetches),
        .type = SIM_PACKET_READ,
        .length = bytes[step],
        .address = fetch->address,
        .leave = at + smmu->times.issue,
    };

    fetch->step = (uint8_t)step;
    smmu->counters.config_reads++;
    smmu_walker_request(smmu, &request);
}

/* Hands the result to all who wait, and frees the fetch slot. */
static void finish(struct smmu *smmu, struct smmu_config_fetch *fetch, const struct smmu_fault *fault, sim_time at)
{
    struct smmu_list waiters = fetch->waiters;

    if (fault->type == 0 && fetch->fresh) {
        smmu_config_cache_fill(&smmu->configs, &fetch->stream, &fetch->context);
    }
    fetch->active = false;
    smmu->fetches_active--;
    while (waiters.head != SMMU_NONE) {
        smmu_slot_configured(smmu, smmu_list_take(smmu, &waiters), &fetch->context, fault, at);
    }
    smmu_slots_retry_config(smmu, at);
}

static struct smmu_config_fetch *find_shared(struct smmu *smmu, const struct smmu_stream *stream)
{
    for (uint32_t i = 0; i < smmu->fetch_count && smmu->fetches_active > 0; i++) {
        struct smmu_config_fetch *fetch = &smmu->fetches[i];

        if (fetch->active && fetch->fresh && same_stream(&fetch->stream, stream)) {
            return fetch;
        }
    }
    return NULL;
}

static struct smmu_config_fetch *find_free(struct smmu *smmu)
{
    for (uint32_t i = 0; i < smmu->fetch_count; i++) {
        if (!smmu->fetches[i].active) {
            return &smmu->fetches[i];
        }
    }
    return NULL;
}

bool smmu_config_fetch_start(struct smmu *smmu, const struct smmu_stream *stream, uint16_t slot, sim_time at)
{
    const struct smmu_stream_table *table = &smmu->control.stream_table;
    struct smmu_config_fetch *fetch = find_shared(smmu, stream);
    struct smmu_fault fault;
    uint64_t address;

    if (fetch == NULL) {
        if (smmu_stream_table_start(table, stream->sid, &address, &fault) == SMMU_LOOKUP_FAULT) {
            if (slot != SMMU_NONE) {
                smmu_slot_configured(smmu, slot, NULL, &fault, at);
            }
            return true;
        }
        fetch = find_free(smmu);
        if (fetch == NULL) {
            return false;
        }
        *fetch = (struct smmu_config_fetch){
            .active = true,
            .fresh = true,
            .stream = *stream,
            .address = address,
            .waiters = {SMMU_NONE, SMMU_NONE},
        };
        smmu->fetches_active++;
        read_structure(smmu, fetch, table->split != 0 ? SMMU_STEP_L1STD : SMMU_STEP_STE, at);
    }
    if (slot != SMMU_NONE) {
        smmu_list_append(smmu, &fetch->waiters, slot);
    }
    return true;
}

static void load_words(uint64_t *words, const uint8_t *data, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        words[i] = sim_load_le64(data + (size_t)8 * i);
    }
}

/* Decodes what was read; on SMMU_LOOKUP_READ, fetch->address and *step say what comes next. */
static enum smmu_lookup decode(struct smmu *smmu, struct smmu_config_fetch *fetch, const uint8_t *data,
                               enum smmu_config_step *step, struct smmu_fault *fault)
{
    const bool e2h = smmu_get(*smmu_register(smmu, SMMU_CR2), SMMU_CR2_E2H) != 0;
    uint64_t words[SMMU_STE_WORDS];

    switch ((enum smmu_config_step)fetch->step) {
    case SMMU_STEP_L1STD:
        *step = SMMU_STEP_STE;
        return smmu_stream_table_next(&smmu->control.stream_table, fetch->stream.sid, sim_load_le64(data),
                                      &fetch->address, fault);
    case SMMU_STEP_STE:
        load_words(words, data, SMMU_STE_WORDS);
        fetch->ste = smmu_ste_decode(words);
        if (fetch->stream.ste_only) {
            return smmu_context_of_ste(&fetch->ste, &smmu->features, e2h, &fetch->context, fault);
        }
        *step = smmu_context_is_two_level(&fetch->ste, &smmu->features) ? SMMU_STEP_L1CD : SMMU_STEP_CD;
        return smmu_context_start(&fetch->ste, &fetch->stream, &smmu->features, e2h, &fetch->context, &fetch->address,
                                  fault);
    case SMMU_STEP_L1CD:
        *step = SMMU_STEP_CD;
        return smmu_context_next(&fetch->ste, sim_load_le64(data), &smmu->features, &fetch->context, &fetch->address,
                                 fault);
    case SMMU_STEP_CD:
    default:
        load_words(words, data, SMMU_CD_WORDS);
        return smmu_context_finish(&fetch->ste, words, &smmu->features, &fetch->context, fault);
    }
}

/* Goes on with stage 2's translation of where a CD or level-1 CD descriptor is, from a step at @p at. */
static void drive(struct smmu *smmu, struct smmu_config_fetch *fetch, enum smmu_translation_step step, sim_time at)
{
    step = smmu_translation_look_up(smmu, &fetch->translation, step, &at);
    fetch->translating = step == SMMU_TRANSLATION_READ || step == SMMU_TRANSLATION_UPDATE;
    if (fetch->translating) {
        fetch->updating = step == SMMU_TRANSLATION_UPDATE;
        smmu_translation_issue(smmu, &fetch->translation, fetch->updating, SMMU_REQUEST_CONFIG,
                               (uint32_t)(fetch - smmu->fetches), at);
    } else if (step == SMMU_TRANSLATION_FAULT) {
        finish(smmu, fetch, &fetch->translation.fault, at);
    } else {
        fetch->address = fetch->translation.result.output;
        read_structure(smmu, fetch, (enum smmu_config_step)fetch->step, at);
    }
}

/* Reads the structure at fetch->address, which is an IPA if it is a CD of a nested stream. */
static void go_on(struct smmu *smmu, struct smmu_config_fetch *fetch, enum smmu_config_step step, sim_time at)
{
    enum smmu_translation_step first;

    if (step == SMMU_STEP_STE || !fetch->context.has_stage2) {
        read_structure(smmu, fetch, step, at);
        return;
    }
    fetch->step = (uint8_t)step;
    first = smmu_translation_begin_cd(&fetch->translation, &fetch->context, fetch->address);
    fetch->translation.stage2_epoch = smmu->stage2_epoch;
    drive(smmu, fetch, first, at);
}

void smmu_config_fetch_step(struct smmu *smmu, uint32_t index, const uint8_t *data, sim_time now)
{
    struct smmu_config_fetch *fetch = &smmu->fetches[index];
    const sim_time at = now + smmu->times.config_decode;
    enum smmu_config_step step = SMMU_STEP_STE;
    struct smmu_fault fault = no_fault;

    if (fetch->translating) {
        const enum smmu_translation_step next = smmu_translation_answer(&fetch->translation, fetch->updating, data);

        smmu_translation_learn(smmu, &fetch->translation, next);
        drive(smmu, fetch, next, now + smmu->times.decode);
        return;
    }
    if (data == NULL) {
        fault.type =
            fetch->step == SMMU_STEP_L1STD || fetch->step == SMMU_STEP_STE ? SMMU_F_STE_FETCH : SMMU_F_CD_FETCH;
        fault.fetch_address = fetch->address;
        finish(smmu, fetch, &fault, at);
        return;
    }
    switch (decode(smmu, fetch, data, &step, &fault)) {
    case SMMU_LOOKUP_READ:
        go_on(smmu, fetch, step, at);
        break;
    case SMMU_LOOKUP_DONE:
        finish(smmu, fetch, &no_fault, at);
        break;
    case SMMU_LOOKUP_FAULT:
        finish(smmu, fetch, &fault, at);
        break;
    }
}

void smmu_config_fetch_invalidate(struct smmu *smmu, const struct smmu_config_scope *scope)
{
    for (uint32_t i = 0; i < smmu->fetch_count; i++) {
        struct smmu_config_fetch *fetch = &smmu->fetches[i];

        /* Coarser than the command: any CD of a StreamID that is covered. More than asked for may be invalidated. */
        if (((fetch->stream.sid ^ scope->sid) & scope->sid_mask) == 0) {
            fetch->fresh = false;
        }
    }
}
