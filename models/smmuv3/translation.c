/*
 * The translation machine: see translation_internal.h. A nested translation is a stage 1 walk in which the address of
 * every descriptor, and in the end the output address, goes through a walk of stage 2.
 */
#include "models/smmuv3/descriptor_internal.h"

static const struct smmu_table_format *format_of(const struct smmu_translation *t)
{
    return t->stage == 2 ? &t->context.stage2.table : &t->context.stage1.half[smmu_address_half(t->input)];
}

static uint64_t swap_bytes(uint64_t word)
{
    return __builtin_bswap64(word);
}

/* A word of memory as the tables' byte order gives it, and back. */
static uint64_t in_order(const struct smmu_translation *t, uint64_t word)
{
    return format_of(t)->big_endian ? swap_bytes(word) : word;
}

/* ---- Faults ---- */

static void set_response(struct smmu_fault *fault, const struct smmu_context *context)
{
    if (fault->stage2) {
        fault->silent = context->stage2.silent;
        fault->stall = context->stage2.stall;
    } else if (context->has_stage1) {
        fault->silent = context->stage1.silent;
        fault->raz_wi = context->stage1.raz_wi;
        fault->stall = context->stage1.stall;
    }
}

static struct smmu_fault input_fault(const struct smmu_context *context, uint8_t type)
{
    struct smmu_fault fault = {.type = type, .class_ = SMMU_CLASS_IN};

    set_response(&fault, context);
    return fault;
}

/* Ends the translation with a fault of the stage that is being walked. */
static enum smmu_translation_step fail(struct smmu_translation *t, uint8_t type)
{
    t->fault = (struct smmu_fault){
        .type = type,
        .class_ = t->stage == 2 ? t->purpose : SMMU_CLASS_IN,
        .stage2 = t->stage == 2,
        .table_write = t->stage == 2 && t->table_write,
        .ipa = t->stage == 2 ? t->walk[1].input : 0,
    };
    /* After stage 1 has let it pass, an access that stage 1 refuses would not have come here. */
    t->fault.depends_on_access = type == SMMU_F_PERMISSION || t->table_write ||
                                 (t->stage == 2 && t->purpose == SMMU_CLASS_IN && t->context.has_stage1);
    if (type == SMMU_F_WALK_EABT) {
        t->fault.class_ = t->stage == 2 ? t->purpose : SMMU_CLASS_TT;
        t->fault.fetch_address = t->address;
    } else {
        set_response(&t->fault, &t->context);
    }
    return SMMU_TRANSLATION_FAULT;
}

struct smmu_fault smmu_permission_fault(const struct smmu_context *context, unsigned permissions, unsigned need,
                                        uint64_t ipa)
{
    struct smmu_fault fault = {
        .type = SMMU_F_PERMISSION,
        .class_ = SMMU_CLASS_IN,
        .stage2 = (need & ~permissions & SMMU_PERM_STAGE1) == 0,
        .depends_on_access = true,
    };

    fault.ipa = fault.stage2 ? ipa : 0;
    set_response(&fault, context);
    return fault;
}

/* ---- Beginning ---- */

bool smmu_translation_refuses(const struct smmu_context *context, uint64_t input, struct smmu_fault *fault)
{
    if (context->has_stage1) {
        const unsigned half = smmu_address_half(input);
        const uint64_t above = half != 0 && !context->stage1.absent[1] ? ~input : input;

        if (context->stage1.absent[half] || above >> context->stage1.half[half].input_bits != 0) {
            *fault = input_fault(context, SMMU_F_TRANSLATION);
            return true;
        }
    } else if (input >> context->input_bits != 0) {
        *fault = input_fault(context, SMMU_F_ADDR_SIZE);
        return true;
    }
    return false;
}

/* Begins a walk of stage 2. @param purpose SMMU_CLASS_* */
static enum smmu_translation_step begin_stage2(struct smmu_translation *t, uint64_t ipa, uint8_t purpose)
{
    const struct smmu_table_format *format = &t->context.stage2.table;

    t->stage = 2;
    t->purpose = purpose;
    t->walk[1].input = ipa;
    t->walk[1].at = (struct smmu_table_point){.table = format->base, .level = format->start_level};
    return ipa >> format->input_bits != 0 ? fail(t, SMMU_F_TRANSLATION) : SMMU_TRANSLATION_LOOKUP;
}

enum smmu_translation_step smmu_translation_begin(struct smmu_translation *t, const struct smmu_context *context,
                                                  uint64_t input, unsigned need, unsigned want)
{
    *t = (struct smmu_translation){
        .context = *context,
        .input = input,
        .need = (uint16_t)need,
        .want = (uint16_t)want,
        .purpose = SMMU_CLASS_IN,
    };
    if (smmu_translation_refuses(context, input, &t->fault)) {
        return SMMU_TRANSLATION_FAULT;
    }
    if (!context->has_stage1) {
        t->result.permissions = SMMU_PERM_STAGE1;
        t->result.attributes = context->attributes;
        t->result.size = 63;
        return begin_stage2(t, input, SMMU_CLASS_IN);
    }
    t->stage = 1;
    t->walk[0].input = input;
    t->walk[0].at = (struct smmu_table_point){.table = format_of(t)->base, .level = format_of(t)->start_level};
    return SMMU_TRANSLATION_LOOKUP;
}

enum smmu_translation_step smmu_translation_begin_cd(struct smmu_translation *t, const struct smmu_context *context,
                                                     uint64_t ipa)
{
    *t = (struct smmu_translation){.context = *context, .input = ipa};
    return begin_stage2(t, ipa, SMMU_CLASS_CD);
}

/* ---- Towards the next read ---- */

/* Address of the descriptor that comes next, as the table's own address space has it. */
static uint64_t descriptor_address(const struct smmu_translation *t)
{
    const struct smmu_table_format *format = format_of(t);
    const struct smmu_stage_walk *walk = &t->walk[t->stage - 1];
    const unsigned size = smmu_level_size(format->granule, walk->at.level);
    const unsigned stride = format->granule - 3u;
    /* The first table has as many entries as the input range needs: fewer than others, or (stage 2) more. */
    const unsigned bits = walk->at.level == format->start_level ? format->input_bits - size : stride;

    return walk->at.table + 8 * (walk->input >> size & ((UINT64_C(1) << bits) - 1));
}

static enum smmu_translation_step next_read(struct smmu_translation *t)
{
    if (t->stage == 1 && t->context.has_stage2) {
        const struct smmu_table_point *at = &t->walk[0].at;
        const uint64_t ipa = descriptor_address(t);

        if (!at->has_physical) {
            return begin_stage2(t, ipa, SMMU_CLASS_TT);
        }
        /* From a walk cache. What else stage 2 says of that page is not known: an update has to ask. */
        t->walk[1].input = ipa;
        t->page2 = (struct smmu_stage2_page){0};
        t->address = at->physical + (ipa - at->table);
        return SMMU_TRANSLATION_READ;
    }
    t->address = descriptor_address(t);
    return SMMU_TRANSLATION_READ;
}

enum smmu_translation_step smmu_translation_proceed(struct smmu_translation *t)
{
    t->learnt = 0;
    return next_read(t);
}

void smmu_translation_use_table(struct smmu_translation *t, const struct smmu_table_point *point)
{
    t->walk[t->stage - 1].at = *point;
}

/* ---- Stage 2 ---- */

/* What stage 2 must permit. */
static unsigned need_of_stage2(const struct smmu_translation *t)
{
    if (t->purpose == SMMU_CLASS_IN) {
        return t->need & SMMU_PERM_STAGE2;
    }
    return t->table_write ? SMMU_PERM_S2_W : SMMU_PERM_S2_R;
}

/* Whether what stage 2 is walked for writes, so that its page gets dirty. */
static bool stage2_writes(const struct smmu_translation *t)
{
    if (t->purpose != SMMU_CLASS_IN) {
        return t->table_write;
    }
    /* A translation request that asks for more than it needs dirties nothing if stage 1 refuses to write. */
    return (t->want & SMMU_PERM_S2_W) != 0 && (t->want & SMMU_PERM_STAGE1 & ~(unsigned)t->result.permissions) == 0;
}

/* The whole translation: stage 1, if there is one, is in t->result. */
static enum smmu_translation_step combine(struct smmu_translation *t)
{
    struct smmu_translation_result *result = &t->result;
    const struct smmu_stage2_page *page = &t->page2;
    const uint64_t ipa = t->walk[1].input;

    result->size = page->size < result->size ? page->size : result->size;
    result->intermediate = ipa & ~((UINT64_C(1) << result->size) - 1);
    /* A page smaller than stage 2's lies somewhere in it. */
    result->output = page->output | (result->intermediate & ((UINT64_C(1) << page->size) - 1));
    result->permissions |= page->permissions;
    result->attributes = (uint16_t)smmu_attributes_combine(result->attributes, page->attributes);
    return SMMU_TRANSLATION_DONE;
}

/* Stage 2 has translated walk[1].input: what that was for goes on. */
static enum smmu_translation_step stage2_done(struct smmu_translation *t)
{
    const uint64_t offset = t->walk[1].input & ((UINT64_C(1) << t->page2.size) - 1);

    if (t->purpose == SMMU_CLASS_IN) {
        return combine(t);
    }
    if (t->purpose == SMMU_CLASS_CD) {
        t->result.output = t->page2.output | offset;
        return SMMU_TRANSLATION_DONE;
    }
    t->stage = 1;
    t->address = t->page2.output | offset;
    if (t->table_write) {
        t->table_write = false;
        t->expected = t->pending[0];
        t->desired = t->pending[1];
        return SMMU_TRANSLATION_UPDATE;
    }
    return SMMU_TRANSLATION_READ;
}

/* S2PTW: neither CDs nor tables may lie where stage 2 says Device. */
static bool is_protected(const struct smmu_translation *t, unsigned attributes)
{
    return t->purpose != SMMU_CLASS_IN && t->context.stage2.protected_walk && smmu_attributes_is_device(attributes);
}

bool smmu_translation_use_stage2(struct smmu_translation *t, const struct smmu_stage2_page *page,
                                 enum smmu_translation_step *next)
{
    const bool must_mark = stage2_writes(t) && (page->permissions & SMMU_PERM_CLEAN) != 0;

    if ((need_of_stage2(t) & ~(unsigned)page->permissions) != 0 || must_mark || is_protected(t, page->attributes)) {
        return false;
    }
    t->learnt = 0;
    t->page2 = *page;
    *next = stage2_done(t);
    return true;
}

/* The bits of a stage 2 leaf that hardware has to set. */
static uint64_t updates_of_leaf2(const struct smmu_translation *t, uint64_t leaf)
{
    const struct smmu_stage2 *stage2 = &t->context.stage2;
    uint64_t updated = leaf;

    if (stage2->update_access) {
        updated |= SMMU_MASK(SMMU_PTE_AF);
    }
    if (stage2_writes(t) && smmu_descriptor_is_clean2(stage2, leaf)) {
        updated |= SMMU_MASK(SMMU_PTE_S2_WRITE);
    }
    return updated;
}

/* Asks for a leaf to be replaced in memory. */
static enum smmu_translation_step update(struct smmu_translation *t, uint64_t leaf, uint64_t updated)
{
    t->expected = in_order(t, leaf);
    t->desired = in_order(t, updated);
    return SMMU_TRANSLATION_UPDATE;
}

static enum smmu_translation_step leaf2(struct smmu_translation *t, const struct smmu_descriptor *descriptor,
                                        uint64_t leaf, bool is_updated)
{
    const struct smmu_stage2 *stage2 = &t->context.stage2;
    const unsigned attributes = smmu_descriptor_attributes2(stage2, leaf);
    unsigned permissions = smmu_descriptor_permissions2(stage2, leaf);
    const bool denied = (need_of_stage2(t) & ~permissions) != 0 || is_protected(t, attributes);
    const uint64_t updated = denied ? leaf : updates_of_leaf2(t, leaf);

    if (smmu_get(leaf, SMMU_PTE_AF) == 0 && !stage2->update_access && !stage2->access_flag_ignored) {
        return fail(t, SMMU_F_ACCESS);
    }
    if (updated != leaf && !is_updated) {
        return update(t, leaf, updated);
    }
    if (smmu_descriptor_is_clean2(stage2, leaf)) {
        permissions = (permissions & ~SMMU_PERM_S2_W) | SMMU_PERM_CLEAN;
    }
    t->page2 = (struct smmu_stage2_page){
        .output = descriptor->address & ~((UINT64_C(1) << descriptor->size) - 1),
        .permissions = (uint16_t)permissions,
        .attributes = (uint16_t)attributes,
        .size = descriptor->size,
    };
    if (!denied) {
        t->learnt |= SMMU_LEARNT_STAGE2;
        return stage2_done(t);
    }
    /* A page whose access flag is not set, and that was refused, is not kept. */
    if (t->purpose == SMMU_CLASS_IN && (smmu_get(leaf, SMMU_PTE_AF) != 0 || !stage2->update_access)) {
        t->learnt |= SMMU_LEARNT_RESULT;
        (void)combine(t);
    }
    return fail(t, SMMU_F_PERMISSION);
}

/* ---- Stage 1 ---- */

static uint64_t updates_of_leaf1(const struct smmu_translation *t, uint64_t leaf, unsigned permissions)
{
    const struct smmu_stage1 *stage1 = &t->context.stage1;
    const unsigned write = t->want & (SMMU_PERM_UW | SMMU_PERM_PW);
    uint64_t updated = leaf;

    if (stage1->update_access) {
        updated |= SMMU_MASK(SMMU_PTE_AF);
    }
    if (write != 0 && (permissions & write) == write && smmu_descriptor_is_clean1(stage1, leaf)) {
        updated &= ~SMMU_MASK(SMMU_PTE_AP_RO);
    }
    return updated;
}

/* Asks for a stage 1 leaf to be replaced; stage 2, if there is one, must permit that. */
static enum smmu_translation_step update1(struct smmu_translation *t, uint64_t leaf, uint64_t updated)
{
    const enum smmu_translation_step step = update(t, leaf, updated);

    if (t->context.has_stage2 && (t->page2.permissions & SMMU_PERM_S2_W) == 0) {
        t->table_write = true;
        t->pending[0] = t->expected;
        t->pending[1] = t->desired;
        return begin_stage2(t, t->walk[1].input, SMMU_CLASS_TT);
    }
    return step;
}

/* Whether stage 1 refuses what is needed; @param any whether a need for one of several permissions counts too. */
static bool is_refused(const struct smmu_translation *t, unsigned permissions, bool any)
{
    const unsigned need = t->need & SMMU_PERM_STAGE1;

    if ((t->need & SMMU_NEED_ANY) != 0) {
        return any && (need & permissions) == 0;
    }
    return (need & ~permissions) != 0;
}

/* Stage 1's part of the result. */
static void take_leaf1(struct smmu_translation *t, const struct smmu_descriptor *descriptor, uint64_t leaf,
                       unsigned permissions)
{
    const struct smmu_stage1 *stage1 = &t->context.stage1;
    const unsigned write = SMMU_PERM_UW | SMMU_PERM_PW;

    if (smmu_descriptor_is_clean1(stage1, leaf) && (permissions & write) != 0) {
        permissions = (permissions & ~write) | SMMU_PERM_CLEAN;
    }
    t->result = (struct smmu_translation_result){
        .output = descriptor->address & ~((UINT64_C(1) << descriptor->size) - 1),
        .permissions = (uint16_t)(permissions | (t->context.has_stage2 ? 0 : SMMU_PERM_STAGE2)),
        .attributes = (uint16_t)smmu_descriptor_attributes1(stage1, smmu_address_half(t->input), leaf),
        .size = descriptor->size,
        /* EL2 has no ASIDs, hence nothing that is global among them. */
        .global = smmu_get(leaf, SMMU_PTE_NG) == 0 && !stage1->one_privilege,
    };
}

static enum smmu_translation_step leaf1(struct smmu_translation *t, const struct smmu_descriptor *descriptor,
                                        uint64_t leaf, bool is_updated)
{
    const struct smmu_stage1 *stage1 = &t->context.stage1;
    const unsigned permissions = smmu_descriptor_permissions1(stage1, leaf, t->walk[0].at.denied);
    const bool denied = is_refused(t, permissions, false);
    const uint64_t updated = denied ? leaf : updates_of_leaf1(t, leaf, permissions);

    if (smmu_get(leaf, SMMU_PTE_AF) == 0 && !stage1->update_access && !stage1->access_flag_ignored) {
        return fail(t, SMMU_F_ACCESS);
    }
    if (updated != leaf && !is_updated) {
        return update1(t, leaf, updated);
    }
    take_leaf1(t, descriptor, leaf, permissions);
    if (denied) {
        /* As for stage 2; and what stage 2 would make of it is not known. */
        if (!t->context.has_stage2 && (smmu_get(leaf, SMMU_PTE_AF) != 0 || !stage1->update_access)) {
            t->learnt |= SMMU_LEARNT_RESULT;
        }
        return fail(t, SMMU_F_PERMISSION);
    }
    if (t->context.has_stage2 && is_refused(t, permissions, true)) {
        return fail(t, SMMU_F_PERMISSION);
    }
    if (t->context.has_stage2) {
        return begin_stage2(t, t->result.output | (t->input & ((UINT64_C(1) << descriptor->size) - 1)), SMMU_CLASS_IN);
    }
    return SMMU_TRANSLATION_DONE;
}

/* ---- Answers ---- */

/* A descriptor in host byte order. @param is_updated memory holds it as it is: it needs no update any more */
static enum smmu_translation_step consider(struct smmu_translation *t, uint64_t word, bool is_updated)
{
    struct smmu_stage_walk *walk = &t->walk[t->stage - 1];
    const struct smmu_table_format *format = format_of(t);
    const struct smmu_descriptor descriptor = smmu_descriptor_decode(format, walk->at.level, word);

    if (descriptor.kind == SMMU_DESCRIPTOR_INVALID) {
        return fail(t, SMMU_F_TRANSLATION);
    }
    if (descriptor.address >> format->output_bits != 0) {
        return fail(t, SMMU_F_ADDR_SIZE);
    }
    if (descriptor.kind == SMMU_DESCRIPTOR_LEAF) {
        return t->stage == 2 ? leaf2(t, &descriptor, word, is_updated) : leaf1(t, &descriptor, word, is_updated);
    }
    walk->at.table = descriptor.address;
    walk->at.has_physical = false;
    walk->at.level++;
    if (t->stage == 1 && !t->context.stage1.had[smmu_address_half(t->input)]) {
        walk->at.denied |= (uint16_t)smmu_descriptor_denied(&t->context.stage1, word);
    }
    t->learnt |= t->stage == 2 ? SMMU_LEARNT_TABLE2 : SMMU_LEARNT_TABLE1;
    return next_read(t);
}

enum smmu_translation_step smmu_translation_take(struct smmu_translation *t, uint64_t word)
{
    t->learnt = 0;
    return consider(t, in_order(t, word), false);
}

enum smmu_translation_step smmu_translation_updated(struct smmu_translation *t, uint64_t word)
{
    const bool done = word == t->expected;

    t->learnt = 0;
    /* If somebody else was faster, what is there now is what the walk goes by. */
    return consider(t, in_order(t, done ? t->desired : word), done);
}

enum smmu_translation_step smmu_translation_abort(struct smmu_translation *t)
{
    t->learnt = 0;
    return fail(t, SMMU_F_WALK_EABT);
}
