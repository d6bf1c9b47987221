/*
 * The translation control unit: a slot's configuration is looked up or fetched, then its translation is looked up or
 * walked for. What finds no free fetch or walk waits in a queue, in order.
 */
#include "models/smmuv3/ats_internal.h"

/* What a TBU may keep of a translation. */
static void note_answer(struct smmu_slot *slot, const struct smmu_tlb_entry *entry)
{
    const uint64_t va = smmu_canonical_address(&slot->context, slot->packet->address);

    slot->answer.translation = *entry;
    slot->answer.translation.tag |= SMMU_TAG_VALID;
    slot->answer.translation.page = va >> smmu_tlb_size(entry);
    slot->answer.ignore_top = slot->context.stage1.ignore_top[smmu_address_half(va)];
    slot->answer.flags_clear = slot->context.flags_clear;
    slot->answer.flags_set = slot->context.flags_set;
    slot->has_answer = true;
}

/* A stream that bypasses translation: its addresses are their own translations, up to the output size. */
static void note_bypass(struct smmu *smmu, struct smmu_slot *slot)
{
    slot->answer = (struct smmu_tbu_entry){
        /* Without SMMU_TAG_VALID: it is nobody's translation, so only a change of configuration drops it. */
        .translation = {.tag = (uint64_t)smmu->features.output_address_bits << SMMU_TAG_SIZE_SHIFT,
                        .output = SMMU_PERM_STAGE1 | SMMU_PERM_STAGE2},
    };
    slot->has_answer = true;
}

static const struct smmu_fault no_fault = {0};

static bool translate(struct smmu *smmu, uint16_t index, bool first_time, sim_time at);

/* Another access's walk does not tell what this one may do: it looks for itself. */
static void translate_again(struct smmu *smmu, uint16_t index, sim_time at)
{
    if (!translate(smmu, index, false, at)) {
        smmu_list_append(smmu, &smmu->walk_queue, index);
    }
}

void smmu_slot_translated(struct smmu *smmu, uint16_t index, const struct smmu_tlb_entry *entry,
                          const struct smmu_fault *fault, unsigned need, unsigned want, sim_time at)
{
    struct smmu_slot *slot = &smmu->slots[index];
    const unsigned own_need = smmu_slot_need(slot);

    if (slot->state == SMMU_SLOT_WALK) {
        sim_mark(smmu->sim, slot->packet, smmu->walk_stage, at);
    }
    if (fault->type != 0) {
        if (fault->depends_on_access && own_need != need) {
            translate_again(smmu, index, at);
        } else if (slot->kind == SMMU_KIND_TRANSLATION_REQUEST) {
            smmu_ats_translated(smmu, index, NULL, fault, at);
        } else {
            smmu_slot_decide_fault(smmu, index, fault, at);
        }
    } else if (slot->kind == SMMU_KIND_TRANSLATION_REQUEST) {
        const unsigned own_want = smmu_slot_want(slot);

        if (own_want != want && smmu_entry_is_clean(entry, own_want)) {
            translate_again(smmu, index, at);
        } else {
            smmu_ats_translated(smmu, index, entry, fault, at);
        }
    } else if (smmu_entry_permits(entry, own_need)) {
        if (slot->asked && slot->kind == SMMU_KIND_ORDINARY) {
            note_answer(slot, entry);
        }
        slot->packet->address = smmu_tlb_output(entry, slot->packet->address);
        smmu_slot_decide(smmu, index, SMMU_OUTCOME_FORWARD, at);
    } else if (smmu_entry_is_clean(entry, own_need)) {
        translate_again(smmu, index, at);
    } else {
        const uint64_t offset = slot->packet->address & ((UINT64_C(1) << smmu_tlb_size(entry)) - 1);
        const uint64_t page = entry->intermediate & ~UINT64_C(0xfff);
        const struct smmu_fault denied =
            smmu_permission_fault(&slot->context, (unsigned)entry->output, own_need, page | offset);

        smmu_slot_decide_fault(smmu, index, &denied, at);
    }
}

/* Looks a slot's address up in the TLB at @p at, and waits for a walk if it misses. @return false if none is free */
static bool translate(struct smmu *smmu, uint16_t index, bool first_time, sim_time at)
{
    struct smmu_slot *slot = &smmu->slots[index];
    const uint64_t va = smmu_canonical_address(&slot->context, slot->packet->address);
    const unsigned need = smmu_slot_need(slot);
    const unsigned want = smmu_slot_want(slot);
    struct smmu_tlb_entry *entry = smmu_tlb_find(&smmu->tlb, slot->context.tag, va);
    struct smmu_fault fault;

    if (entry != NULL && !smmu_entry_permits(entry, want) && smmu_entry_is_clean(entry, want)) {
        entry = NULL; /* a write to a clean page: the walk marks it dirty, and replaces the entry */
    }
    if (first_time) {
        smmu->counters.tlb_hits += entry != NULL;
        smmu->counters.tlb_misses += entry == NULL;
    }
    if (entry != NULL) {
        smmu_tlb_touch(&smmu->tlb, entry);
        smmu_slot_translated(smmu, index, entry, &no_fault, need, want, at);
        return true;
    }
    if (smmu_translation_refuses(&slot->context, va, &fault)) {
        smmu_slot_translated(smmu, index, NULL, &fault, need, want, at);
        return true;
    }
    slot->state = SMMU_SLOT_WALK;
    return smmu_walk_start(smmu, &slot->context, va, need, want, index, at);
}

/* The slot's configuration is known. */
static void apply_config(struct smmu *smmu, uint16_t index, sim_time at)
{
    struct smmu_slot *slot = &smmu->slots[index];

    if (slot->context.action == SMMU_ACTION_ABORT) {
        smmu_slot_decide(smmu, index, SMMU_OUTCOME_ABORT, at);
    } else if (slot->context.action == SMMU_ACTION_BYPASS) {
        if (smmu_exceeds_output(smmu, slot->packet->address)) {
            smmu_slot_decide_type(smmu, index, SMMU_F_ADDR_SIZE, at);
        } else {
            if (slot->asked) {
                note_bypass(smmu, slot);
            }
            smmu_slot_decide(smmu, index, SMMU_OUTCOME_FORWARD, at);
        }
    } else {
        smmu_tcu_look_up(smmu, index, at);
    }
}

void smmu_tcu_look_up(struct smmu *smmu, uint16_t index, sim_time at)
{
    if (!translate(smmu, index, true, at + smmu->times.tlb_lookup)) {
        smmu_list_append(smmu, &smmu->walk_queue, index);
    }
}

/* The configuration of what is not an ordinary request. */
static void configured_otherwise(struct smmu *smmu, uint16_t index, const struct smmu_fault *fault, sim_time at)
{
    if (smmu->slots[index].kind == SMMU_KIND_MESSAGE) {
        smmu_pri_checked(smmu, index, fault, at);
    } else {
        smmu_ats_configured(smmu, index, fault, at);
    }
}

void smmu_slot_configured(struct smmu *smmu, uint16_t index, const struct smmu_context *context,
                          const struct smmu_fault *fault, sim_time at)
{
    struct smmu_slot *slot = &smmu->slots[index];

    if (slot->state == SMMU_SLOT_CONFIG) {
        sim_mark(smmu->sim, slot->packet, smmu->config_stage, at);
    }
    if (context != NULL) {
        slot->context = *context; /* also with a fault of stage 2's, which tells what the STE makes of the request */
    }
    if (slot->kind != SMMU_KIND_ORDINARY) {
        configured_otherwise(smmu, index, fault, at);
    } else if (fault->type != 0) {
        smmu_slot_decide_fault(smmu, index, fault, at);
    } else {
        apply_config(smmu, index, at);
    }
}

/* Looks a slot's stream up, and waits for a fetch if it misses. @return false if no fetch slot is free */
static bool configure(struct smmu *smmu, uint16_t index, bool first_time, sim_time at)
{
    struct smmu_slot *slot = &smmu->slots[index];
    struct smmu_config_entry *entry = smmu_config_cache_find(&smmu->configs, &slot->stream);

    if (first_time) {
        smmu->counters.config_hits += entry != NULL;
        smmu->counters.config_misses += entry == NULL;
    }
    if (entry != NULL) {
        if (!first_time) {
            sim_mark(smmu->sim, slot->packet, smmu->config_stage, at);
        }
        smmu_config_cache_touch(&smmu->configs, entry);
        slot->context = entry->context;
        if (slot->kind == SMMU_KIND_ORDINARY) {
            apply_config(smmu, index, at);
        } else {
            configured_otherwise(smmu, index, &no_fault, at);
        }
        return true;
    }
    slot->state = SMMU_SLOT_CONFIG;
    return smmu_config_fetch_start(smmu, &slot->stream, index, at);
}

/* Puts a slot that was taken off a list back to its head. */
static void put_back(struct smmu *smmu, struct smmu_list *list, uint16_t index)
{
    smmu->slots[index].next = list->head;
    list->tail = list->head == SMMU_NONE ? index : list->tail;
    list->head = index;
}

void smmu_slots_retry_config(struct smmu *smmu, sim_time at)
{
    while (smmu->config_queue.head != SMMU_NONE) {
        /* Taken off first, because the slot joins another list if it succeeds. */
        const uint16_t index = smmu_list_take(smmu, &smmu->config_queue);

        if (!configure(smmu, index, false, at)) {
            put_back(smmu, &smmu->config_queue, index);
            return;
        }
    }
}

void smmu_slots_retry_walk(struct smmu *smmu, sim_time at)
{
    while (smmu->walk_queue.head != SMMU_NONE) {
        const uint16_t index = smmu_list_take(smmu, &smmu->walk_queue);

        if (!translate(smmu, index, false, at)) {
            put_back(smmu, &smmu->walk_queue, index);
            return;
        }
    }
}

void smmu_tcu_translate(struct smmu *smmu, uint16_t index, sim_time at)
{
    if (!configure(smmu, index, true, at + smmu->times.config_lookup)) {
        smmu_list_append(smmu, &smmu->config_queue, index);
    }
}
