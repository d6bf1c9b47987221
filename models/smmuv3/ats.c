/*
 * Address Translation Services (IHI 0070, 3.9.1 and 13.7): translation requests, and translated transactions.
 *
 * A translation request goes the way of an ordinary request through configuration and translation, needs nothing to be
 * permitted, and is answered with what is: once, however many translations it asks for. A translated transaction is
 * looked up by its StreamID alone.
 */
#include "models/smmuv3/ats_internal.h"

/* STE.EATS as it counts: split-stage needs ATSCHK (5.2). */
static uint8_t effective_eats(const struct smmu *smmu, const struct smmu_context *context)
{
    return context->eats == SMMU_EATS_SPLIT && !smmu->control.ats_check ? SMMU_EATS_NONE : context->eats;
}

static bool crosses_page(const struct sim_packet *packet)
{
    return packet->at != SIM_AT_TRANSLATION_REQUEST && (packet->address & 0xfff) + packet->length > 0x1000;
}

bool smmu_ats_passes(const struct smmu *smmu, const struct sim_packet *packet)
{
    return packet->at == SIM_AT_TRANSLATED && packet->type != SIM_PACKET_MESSAGE && smmu->features.ats &&
           smmu->control.enabled && !smmu->control.ats_check && !crosses_page(packet) &&
           !smmu_exceeds_output(smmu, packet->address);
}

/* ---- Translation requests: what they need, and what they get ---- */

static bool asks_to_write(const struct smmu_slot *slot)
{
    return (slot->packet->flags & SIM_FLAG_NO_WRITE) == 0;
}

/* Without a PASID a request is unprivileged, and not for execution. */
static bool has_flag(const struct smmu_slot *slot, uint32_t flag)
{
    return (slot->packet->flags & SIM_FLAG_PASID) != 0 && (slot->packet->flags & flag) != 0;
}

static bool is_privileged(const struct smmu_slot *slot)
{
    const struct smmu_context *context = &slot->context;

    if (((context->flags_clear | context->flags_set) & SIM_FLAG_PRIVILEGED) != 0) {
        return (context->flags_set & SIM_FLAG_PRIVILEGED) != 0;
    }
    return has_flag(slot, SIM_FLAG_PRIVILEGED);
}

/*
 * A translation request needs something that it can be granted: if stage 1 grants nothing, stage 2 is not asked
 * (3.9.1.2). What an instruction fetch may do stands for reading if the STE makes every read one.
 */
unsigned smmu_slot_need(const struct smmu_slot *slot)
{
    bool execute;
    unsigned need;

    if (slot->kind != SMMU_KIND_TRANSLATION_REQUEST) {
        return smmu_request_need(&slot->context, slot->packet);
    }
    execute = (slot->context.flags_set & SIM_FLAG_EXECUTE) != 0;
    need = smmu_access_need(false, execute, is_privileged(slot)) | smmu_access_need(true, false, is_privileged(slot));
    return SMMU_NEED_ANY | (need & SMMU_PERM_STAGE1);
}

unsigned smmu_slot_want(const struct smmu_slot *slot)
{
    if (slot->kind != SMMU_KIND_TRANSLATION_REQUEST) {
        return smmu_request_need(&slot->context, slot->packet);
    }
    return asks_to_write(slot) ? smmu_access_need(true, false, is_privileged(slot)) : 0;
}

/* Success without any permission: the access would fault. */
static void deny(struct smmu *smmu, uint16_t index, sim_time at)
{
    struct smmu_slot *slot = &smmu->slots[index];

    slot->entry = (struct sim_ats_entry){.size = 12, .privileged = has_flag(slot, SIM_FLAG_PRIVILEGED)};
    if (!smmu->features.granule_4k) {
        slot->entry.size = smmu->features.granule_16k ? 14 : 16; /* the smallest translation unit */
    }
    smmu_slot_decide(smmu, index, SMMU_OUTCOME_TRANSLATION, at);
}

/* 13.7.1: what is granted, from the permissions of a translation. */
static void grant(const struct smmu_slot *slot, const struct smmu_tlb_entry *translation, struct sim_ats_entry *entry)
{
    const struct smmu_context *context = &slot->context;
    const bool privileged = is_privileged(slot);
    const bool readable = smmu_entry_permits(translation, smmu_access_need(false, false, privileged));
    const bool executable = smmu_entry_permits(translation, smmu_access_need(false, true, privileged));
    const bool wants = has_flag(slot, SIM_FLAG_EXECUTE);

    entry->write = smmu_entry_permits(translation, smmu_access_need(true, false, privileged));
    entry->privileged = has_flag(slot, SIM_FLAG_PRIVILEGED);
    if ((context->flags_set & SIM_FLAG_EXECUTE) != 0) {
        entry->read = executable;
        entry->execute = wants && executable;
    } else if ((context->flags_clear & SIM_FLAG_EXECUTE) != 0) {
        entry->read = readable;
        entry->execute = wants && readable;
    } else {
        entry->read = readable;
        entry->execute = wants && readable && executable;
    }
}

void smmu_ats_translated(struct smmu *smmu, uint16_t index, const struct smmu_tlb_entry *entry,
                         const struct smmu_fault *fault, sim_time at)
{
    struct smmu_slot *slot = &smmu->slots[index];
    const unsigned size = entry != NULL ? smmu_tlb_size(entry) : 0;
    struct sim_ats_entry granted = {.size = (uint8_t)size};

    if (fault->type == SMMU_F_WALK_EABT) {
        smmu_slot_terminate(smmu, index, fault, SMMU_OUTCOME_ABORT, smmu->control.record_config_ats, at);
        return;
    }
    if (fault->type != 0) {
        deny(smmu, index, at);
        return;
    }
    grant(slot, entry, &granted);
    if (!granted.read && !granted.write) {
        deny(smmu, index, at);
        return;
    }
    granted.address = effective_eats(smmu, &slot->context) == SMMU_EATS_SPLIT ? entry->intermediate : entry->output;
    granted.address &= ~UINT64_C(0xfff);
    slot->entry = granted;
    smmu_slot_decide(smmu, index, SMMU_OUTCOME_TRANSLATION, at);
}

/* Stage 1 is bypassed, and there is no stage 2: the address is its own translation. */
static void grant_identity(struct smmu *smmu, uint16_t index, sim_time at)
{
    struct smmu_slot *slot = &smmu->slots[index];

    if (smmu_exceeds_output(smmu, slot->packet->address)) {
        deny(smmu, index, at);
        return;
    }
    slot->entry = (struct sim_ats_entry){
        .address = slot->packet->address & ~UINT64_C(0xfff),
        .size = 12,
        .read = true,
        .write = true,
        .execute = has_flag(slot, SIM_FLAG_EXECUTE),
        .privileged = has_flag(slot, SIM_FLAG_PRIVILEGED),
    };
    smmu_slot_decide(smmu, index, SMMU_OUTCOME_TRANSLATION, at);
}

/* ---- Configurations ---- */

static void refuse_request(struct smmu *smmu, uint16_t index, sim_time at)
{
    const struct smmu_fault fault = {.type = SMMU_F_BAD_ATS_TREQ};

    smmu_slot_terminate(smmu, index, &fault, SMMU_OUTCOME_UNSUPPORTED, true, at);
}

static void forbid(struct smmu *smmu, uint16_t index, sim_time at)
{
    const struct smmu_fault fault = {.type = SMMU_F_TRANSL_FORBIDDEN};

    smmu_slot_terminate(smmu, index, &fault, SMMU_OUTCOME_ABORT, true, at);
}

/* 3.9.1.2. */
static void request_configured(struct smmu *smmu, uint16_t index, const struct smmu_fault *fault, sim_time at)
{
    const struct smmu_context *context = &smmu->slots[index].context;
    bool record = smmu->control.record_config_ats;

    if (smmu_fault_is_of_ste(fault)) {
        record = record && (fault->type != SMMU_C_BAD_STREAMID || smmu->control.record_invalid_id);
        smmu_slot_terminate(smmu, index, fault, SMMU_OUTCOME_ABORT, record, at);
    } else if (fault->type == 0 && context->action == SMMU_ACTION_ABORT) {
        smmu_slot_decide(smmu, index, SMMU_OUTCOME_UNSUPPORTED, at);
    } else if (effective_eats(smmu, context) == SMMU_EATS_NONE) {
        refuse_request(smmu, index, at);
    } else if (fault->type >= SMMU_F_TRANSLATION) {
        deny(smmu, index, at); /* stage 2, of a CD's address */
    } else if (fault->type != 0) {
        smmu_slot_terminate(smmu, index, fault, SMMU_OUTCOME_ABORT, record, at);
    } else if (context->action == SMMU_ACTION_BYPASS) {
        grant_identity(smmu, index, at);
    } else {
        smmu_tcu_look_up(smmu, index, at);
    }
}

/* 3.9.1.3, with ATSCHK = 1. */
static void transaction_configured(struct smmu *smmu, uint16_t index, const struct smmu_fault *fault, sim_time at)
{
    struct smmu_slot *slot = &smmu->slots[index];

    if (fault->type != 0) {
        smmu_slot_terminate(smmu, index, fault, SMMU_OUTCOME_ABORT, smmu->control.record_config_ats, at);
        return;
    }
    if (slot->context.action == SMMU_ACTION_ABORT) {
        smmu_slot_decide(smmu, index, SMMU_OUTCOME_ABORT, at);
        return;
    }
    switch (effective_eats(smmu, &slot->context)) {
    case SMMU_EATS_FULL:
        /* An address beyond the output size aborts, without a record: the choice among 3.9.1.1. */
        smmu_slot_decide(smmu, index,
                         smmu_exceeds_output(smmu, slot->packet->address) ? SMMU_OUTCOME_ABORT : SMMU_OUTCOME_FORWARD,
                         at);
        break;
    case SMMU_EATS_SPLIT:
        slot->context.flags_clear |= SIM_FLAG_PRIVILEGED | SIM_FLAG_EXECUTE; /* what came with a PASID */
        smmu_tcu_look_up(smmu, index, at);
        break;
    default:
        forbid(smmu, index, at);
        break;
    }
}

void smmu_ats_configured(struct smmu *smmu, uint16_t index, const struct smmu_fault *fault, sim_time at)
{
    if (smmu->slots[index].kind == SMMU_KIND_TRANSLATION_REQUEST) {
        request_configured(smmu, index, fault, at);
    } else {
        transaction_configured(smmu, index, fault, at);
    }
}

/* ---- In ---- */

static void begin_transaction(struct smmu *smmu, uint16_t index, sim_time at)
{
    struct smmu_slot *slot = &smmu->slots[index];
    const bool exceeds = smmu_exceeds_output(smmu, slot->packet->address);

    smmu->counters.translated++;
    /* A PASID is ignored, and what comes with it (IDR3.PASIDTT = 0). */
    slot->stream = (struct smmu_stream){.sid = slot->packet->stream_id, .ste_only = true};
    if (!slot->enabled) {
        forbid(smmu, index, at);
    } else if (crosses_page(slot->packet)) {
        smmu_slot_decide(smmu, index, SMMU_OUTCOME_ABORT, at);
    } else if (smmu->control.ats_check) {
        smmu_tbu_ask(smmu, index, at);
    } else {
        smmu_slot_decide(smmu, index, exceeds ? SMMU_OUTCOME_ABORT : SMMU_OUTCOME_FORWARD, at);
    }
}

void smmu_ats_begin(struct smmu *smmu, uint16_t index, sim_time at)
{
    struct smmu_slot *slot = &smmu->slots[index];

    if (!smmu->features.ats || slot->kind == SMMU_KIND_ORDINARY) {
        slot->kind = SMMU_KIND_ORDINARY;
        smmu_slot_decide_type(smmu, index, SMMU_F_UUT, at);
    } else if (slot->kind == SMMU_KIND_TRANSLATED) {
        begin_transaction(smmu, index, at);
    } else {
        smmu->counters.translation_requests++;
        if (slot->enabled) {
            smmu_tbu_ask(smmu, index, at);
        } else {
            refuse_request(smmu, index, at);
        }
    }
}
