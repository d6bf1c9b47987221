/*
 * Translation table walks under way: each drives one translation (translation_internal.h), and holds the slots that
 * wait for it.
 */
#include "models/smmuv3/descriptor_internal.h"
#include "models/smmuv3/smmu_internal.h"

static const struct smmu_fault no_fault = {0};

void smmu_translation_issue(struct smmu *smmu, const struct smmu_translation *t, bool update,
                            enum smmu_requester requester, uint32_t index, sim_time at)
{
    struct smmu_request request = {
        .requester = (uint8_t)requester,
        .index = (uint8_t)index,
        .type = SIM_PACKET_READ,
        .length = 8,
        .address = t->address,
        .leave = at + smmu->times.issue,
    };

    if (update) {
        request.type = SIM_PACKET_COMPARE_SWAP;
        request.length = 16;
        request.data[0] = t->expected;
        request.data[1] = t->desired;
        smmu->counters.walk_updates++;
    } else {
        smmu->counters.walk_reads++;
    }
    smmu_walker_request(smmu, &request);
}

static struct smmu_walk *find_shared(struct smmu *smmu, const struct smmu_context *context, uint64_t va)
{
    for (uint32_t i = 0; i < smmu->walk_count && smmu->walks_active > 0; i++) {
        struct smmu_walk *walk = &smmu->walks[i];

        if (walk->active && walk->fresh && walk->translation.context.tag == context->tag &&
            walk->translation.input >> 12 == va >> 12) {
            return walk;
        }
    }
    return NULL;
}

static struct smmu_walk *find_free(struct smmu *smmu)
{
    for (uint32_t i = 0; i < smmu->walk_count; i++) {
        if (!smmu->walks[i].active) {
            return &smmu->walks[i];
        }
    }
    return NULL;
}

struct smmu_tlb_entry smmu_translation_entry(const struct smmu_translation *t)
{
    const struct smmu_translation_result *result = &t->result;

    return (struct smmu_tlb_entry){
        .tag = (result->global ? (t->context.tag & ~SMMU_TAG_ASID_MASK) | SMMU_TAG_GLOBAL : t->context.tag) |
               (uint64_t)result->size << SMMU_TAG_SIZE_SHIFT,
        .output = result->output | result->permissions,
        .intermediate = result->intermediate | result->attributes,
    };
}

/* Hands the result to all who wait, and frees the walk slot. */
static void finish(struct smmu *smmu, struct smmu_walk *walk, bool faulty, sim_time at)
{
    /* Copies, because who has to try again may take this walk slot. */
    const struct smmu_tlb_entry entry = smmu_translation_entry(&walk->translation);
    const struct smmu_fault fault = faulty ? walk->translation.fault : no_fault;
    const uint16_t need = walk->translation.need;
    const uint16_t want = walk->translation.want;
    struct smmu_list waiters = walk->waiters;

    if (walk->fresh && (!faulty || (walk->translation.learnt & SMMU_LEARNT_RESULT) != 0)) {
        smmu_tlb_fill(&smmu->tlb, walk->translation.context.tag, walk->translation.input, walk->translation.result.size,
                      walk->translation.result.global, entry.output, entry.intermediate);
    }
    walk->active = false;
    smmu->walks_active--;
    while (waiters.head != SMMU_NONE) {
        smmu_slot_translated(smmu, smmu_list_take(smmu, &waiters), &entry, &fault, need, want, at);
    }
    smmu_slots_retry_walk(smmu, at);
}

/* Goes on from a step at @p at. */
static void drive(struct smmu *smmu, struct smmu_walk *walk, enum smmu_translation_step step, sim_time at)
{
    step = smmu_translation_look_up(smmu, &walk->translation, step, &at);
    if (step == SMMU_TRANSLATION_READ || step == SMMU_TRANSLATION_UPDATE) {
        walk->updating = step == SMMU_TRANSLATION_UPDATE;
        smmu_translation_issue(smmu, &walk->translation, walk->updating, SMMU_REQUEST_WALK,
                               (uint32_t)(walk - smmu->walks), at);
    } else {
        finish(smmu, walk, step == SMMU_TRANSLATION_FAULT, at);
    }
}

bool smmu_walk_start(struct smmu *smmu, const struct smmu_context *context, uint64_t va, unsigned need, unsigned want,
                     uint16_t slot, sim_time at)
{
    struct smmu_walk *walk = smmu->config.separate_walks ? NULL : find_shared(smmu, context, va);
    const bool shared = walk != NULL;
    enum smmu_translation_step step = SMMU_TRANSLATION_FAULT;

    if (!shared) {
        walk = find_free(smmu);
        if (walk == NULL) {
            return false;
        }
        walk->active = true;
        walk->fresh = true;
        walk->waiters = (struct smmu_list){SMMU_NONE, SMMU_NONE};
        step = smmu_translation_begin(&walk->translation, context, va, need, want);
        walk->translation.stage1_fresh = true;
        walk->translation.stage2_epoch = smmu->stage2_epoch;
        smmu->walks_active++;
        smmu->counters.walks++;
    }
    if (slot != SMMU_NONE) {
        smmu_list_append(smmu, &walk->waiters, slot);
    }
    if (!shared) {
        at = sim_time_max(at, smmu->walk_free);
        smmu->walk_free = at + smmu->times.walk_interval;
        drive(smmu, walk, step, at);
    }
    return true;
}

enum smmu_translation_step smmu_translation_answer(struct smmu_translation *t, bool updating, const uint8_t *data)
{
    if (data == NULL) {
        return smmu_translation_abort(t);
    }
    return updating ? smmu_translation_updated(t, sim_load_le64(data)) : smmu_translation_take(t, sim_load_le64(data));
}

void smmu_walk_step(struct smmu *smmu, uint32_t index, const uint8_t *data, sim_time now)
{
    struct smmu_walk *walk = &smmu->walks[index];

    const enum smmu_translation_step step = smmu_translation_answer(&walk->translation, walk->updating, data);

    smmu_translation_learn(smmu, &walk->translation, step);
    drive(smmu, walk, step, now + smmu->times.decode);
}

/* log2 of the largest page in which a walk can end from where it is. */
static unsigned largest_page(const struct smmu_translation *t)
{
    const struct smmu_table_format *format =
        t->context.has_stage1 ? &t->context.stage1.half[smmu_address_half(t->input)] : &t->context.stage2.table;
    const int level = t->walk[t->context.has_stage1 ? 0 : 1].at.level;

    return smmu_descriptor_largest(format, level);
}

void smmu_walk_invalidate(struct smmu *smmu, const struct smmu_tlb_scope *scope)
{
    for (uint32_t i = 0; i < smmu->walk_count; i++) {
        struct smmu_walk *walk = &smmu->walks[i];
        const struct smmu_translation *t = &walk->translation;

        /* Its page size and whether it is global are not known yet: the widest of both counts. */
        if (walk->active && (smmu_tlb_scope_covers(scope, t->context.tag, false, t->input, largest_page(t)) ||
                             smmu_tlb_scope_covers(scope, t->context.tag, true, t->input, largest_page(t)))) {
            walk->fresh = false;
            walk->translation.stage1_fresh = false;
        }
    }
}
