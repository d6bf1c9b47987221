#include "models/smmuv3/smmu_probe.h"

#include "models/smmuv3/smmu_internal.h"

/* What one look needs from step to step. */
struct look {
    struct smmu *smmu;
    const struct smmu_probe *transaction;
    smmu_probe_read read;
    void *context;
    struct smmu_ste ste;
    struct smmu_context stream;
    struct smmu_fault fault;
    bool would_update;
};

static bool read_words(const struct look *look, uint64_t address, uint64_t *words, unsigned count)
{
    uint8_t bytes[SMMU_STE_WORDS * 8];

    if (!look->read(look->context, address, bytes, 8 * count)) {
        return false;
    }
    for (unsigned i = 0; i < count; i++) {
        words[i] = sim_load_le64(bytes + (size_t)8 * i);
    }
    return true;
}

/* Runs a translation to its end. Updates of descriptors are taken as made, and not made. */
static bool translate(struct look *look, struct smmu_translation *t, enum smmu_translation_step step)
{
    for (;;) {
        uint64_t word;

        switch (step) {
        case SMMU_TRANSLATION_LOOKUP:
            step = smmu_translation_proceed(t);
            break;
        case SMMU_TRANSLATION_READ:
            step = read_words(look, t->address, &word, 1) ? smmu_translation_take(t, word) : smmu_translation_abort(t);
            break;
        case SMMU_TRANSLATION_UPDATE:
            look->would_update = true;
            step = smmu_translation_updated(t, t->expected);
            break;
        case SMMU_TRANSLATION_FAULT:
            look->fault = t->fault;
            return false;
        case SMMU_TRANSLATION_DONE:
            return true;
        }
    }
}

static bool fetch_abort(struct look *look, uint8_t type)
{
    look->fault = (struct smmu_fault){.type = type};
    return false;
}

/* The words of a CD or level-1 CD descriptor, whose address is an IPA if there is a stage 2. */
static bool read_cd(struct look *look, uint64_t address, uint64_t *words, unsigned count)
{
    if (look->stream.has_stage2) {
        struct smmu_translation t;

        if (!translate(look, &t, smmu_translation_begin_cd(&t, &look->stream, address))) {
            return false;
        }
        address = t.result.output;
    }
    return read_words(look, address, words, count) || fetch_abort(look, SMMU_F_CD_FETCH);
}

static bool find_cd(struct look *look, uint64_t address)
{
    const struct smmu_features *features = &look->smmu->features;
    uint64_t words[SMMU_CD_WORDS];

    if (smmu_context_is_two_level(&look->ste, features) &&
        (!read_cd(look, address, words, 1) || smmu_context_next(&look->ste, words[0], features, &look->stream, &address,
                                                                &look->fault) == SMMU_LOOKUP_FAULT)) {
        return false;
    }
    return read_cd(look, address, words, SMMU_CD_WORDS) &&
           smmu_context_finish(&look->ste, words, features, &look->stream, &look->fault) == SMMU_LOOKUP_DONE;
}

/* The stream's configuration, from the tables. */
static bool configure(struct look *look)
{
    struct smmu *smmu = look->smmu;
    const struct smmu_probe *transaction = look->transaction;
    const struct smmu_stream_table *table = &smmu->control.stream_table;
    const bool e2h = smmu_get(*smmu_register(smmu, SMMU_CR2), SMMU_CR2_E2H) != 0;
    const struct smmu_stream stream = {
        .sid = transaction->stream_id,
        .ssid = transaction->has_substream ? transaction->substream_id : 0,
        .ssv = transaction->has_substream,
    };
    uint64_t words[SMMU_STE_WORDS];
    uint64_t address;
    enum smmu_lookup lookup;

    if (smmu_stream_table_start(table, stream.sid, &address, &look->fault) == SMMU_LOOKUP_FAULT) {
        return false;
    }
    if (table->split != 0) {
        if (!read_words(look, address, words, 1)) {
            return fetch_abort(look, SMMU_F_STE_FETCH);
        }
        if (smmu_stream_table_next(table, stream.sid, words[0], &address, &look->fault) == SMMU_LOOKUP_FAULT) {
            return false;
        }
    }
    if (!read_words(look, address, words, SMMU_STE_WORDS)) {
        return fetch_abort(look, SMMU_F_STE_FETCH);
    }
    look->ste = smmu_ste_decode(words);
    if (transaction->translated) {
        lookup = smmu_context_of_ste(&look->ste, &smmu->features, e2h, &look->stream, &look->fault);
    } else {
        lookup = smmu_context_start(&look->ste, &stream, &smmu->features, e2h, &look->stream, &address, &look->fault);
    }
    return lookup == SMMU_LOOKUP_DONE || (lookup == SMMU_LOOKUP_READ && find_cd(look, address));
}

static struct smmu_probe_result faulty(const struct look *look)
{
    return (struct smmu_probe_result){.outcome = SMMU_PROBE_FAULTS, .event = look->fault.type};
}

/* As it is: everything up to the output size goes the same way. */
static struct smmu_probe_result passes(const struct look *look)
{
    return (struct smmu_probe_result){
        .outcome = SMMU_PROBE_PASSES,
        .address = look->transaction->address,
        .first = 0,
        .last = (UINT64_C(1) << look->smmu->config.output_address_bits) - 1,
        .reads = true,
        .writes = true,
    };
}

static struct smmu_probe_result walk(struct look *look)
{
    const struct smmu_probe *transaction = look->transaction;
    const uint64_t input = smmu_canonical_address(&look->stream, transaction->address);
    const uint32_t given =
        (transaction->privileged ? SIM_FLAG_PRIVILEGED : 0) | (transaction->execute ? SIM_FLAG_EXECUTE : 0);
    const uint32_t flags = (given & ~look->stream.flags_clear) | look->stream.flags_set;
    const bool privileged = (flags & SIM_FLAG_PRIVILEGED) != 0;
    const unsigned need = smmu_access_need(transaction->write, (flags & SIM_FLAG_EXECUTE) != 0, privileged);
    struct smmu_translation t;
    uint64_t mask;

    if (smmu_translation_refuses(&look->stream, input, &look->fault) ||
        !translate(look, &t, smmu_translation_begin(&t, &look->stream, input, need, need))) {
        return faulty(look);
    }
    mask = (UINT64_C(1) << t.result.size) - 1;
    return (struct smmu_probe_result){
        .outcome = SMMU_PROBE_PASSES,
        .address = (t.result.output & ~mask) | (input & mask),
        .first = transaction->address & ~mask,
        .last = transaction->address | mask,
        .reads = (smmu_access_need(false, false, privileged) & ~(unsigned)t.result.permissions) == 0,
        .writes = (smmu_access_need(true, false, privileged) & ~(unsigned)t.result.permissions) == 0,
        .would_update = look->would_update,
    };
}

static struct smmu_probe_result aborted(void)
{
    return (struct smmu_probe_result){.outcome = SMMU_PROBE_ABORTED};
}

static struct smmu_probe_result fault_of(uint8_t type)
{
    return (struct smmu_probe_result){.outcome = SMMU_PROBE_FAULTS, .event = type};
}

/* A translated transaction (3.9.1.3). */
static struct smmu_probe_result probe_translated(struct look *look)
{
    const struct smmu *smmu = look->smmu;

    if (!smmu->features.ats) {
        return fault_of(SMMU_F_UUT);
    }
    if (!smmu->control.enabled) {
        return fault_of(SMMU_F_TRANSL_FORBIDDEN);
    }
    if (smmu->control.ats_check) {
        if (!configure(look)) {
            return faulty(look);
        }
        if (look->stream.action == SMMU_ACTION_ABORT) {
            return aborted();
        }
        if (look->stream.eats == SMMU_EATS_SPLIT) {
            look->stream.flags_clear |= SIM_FLAG_PRIVILEGED | SIM_FLAG_EXECUTE;
            return walk(look);
        }
        if (look->stream.eats != SMMU_EATS_FULL) {
            return fault_of(SMMU_F_TRANSL_FORBIDDEN);
        }
    }
    return smmu_exceeds_output(smmu, look->transaction->address) ? aborted() : passes(look);
}

struct smmu_probe_result smmu_probe(struct smmu *smmu, const struct smmu_probe *transaction, smmu_probe_read read,
                                    void *context)
{
    struct look look = {.smmu = smmu, .transaction = transaction, .read = read, .context = context};
    const bool exceeds = smmu_exceeds_output(smmu, transaction->address);

    if (!transaction->has_stream_id) {
        return passes(&look);
    }
    if (transaction->translated) {
        return probe_translated(&look);
    }
    if (!smmu->control.enabled) {
        return smmu->control.global_abort || exceeds ? aborted() : passes(&look);
    }
    if (!configure(&look)) {
        return faulty(&look);
    }
    if (look.stream.action == SMMU_ACTION_TRANSLATE) {
        return walk(&look);
    }
    if (look.stream.action == SMMU_ACTION_ABORT) {
        return aborted();
    }
    return exceeds ? fault_of(SMMU_F_ADDR_SIZE) : passes(&look);
}
