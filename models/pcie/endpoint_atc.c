#include "models/pcie/endpoint_atc.h"

#include <string.h>

#define PAGE_MASK (~UINT64_C(0xfff))

/* ---- Building ---- */

void endpoint_atc_init(struct endpoint *endpoint, uint32_t entries, uint32_t walks)
{
    bool needed = false;

    for (uint32_t f = 0; f < endpoint->function_count; f++) {
        needed = needed || endpoint->functions[f].config.ats != 0;
    }
    if (needed) {
        endpoint->atc = sim_alloc(endpoint->sim, sizeof(*endpoint->atc));
        endpoint->atc->entry_count = entries;
        endpoint->atc->walk_count = walks;
        endpoint->atc->entries = sim_alloc(endpoint->sim, entries * sizeof(*endpoint->atc->entries));
        /* Invalidate Completions and page requests come without a packet that could be turned round. */
        sim_packet_reserve(endpoint->sim, walks, false);
    }
}

/* ---- The cache ---- */

static bool same_context(const struct atc_context *one, const struct atc_context *other)
{
    return one->function == other->function && one->flags == other->flags && one->pasid == other->pasid;
}

static struct atc_context context_of(const struct endpoint_operation *operation)
{
    struct atc_context context = {.function = operation->function};

    if (operation->with_pasid && operation->function->pasid_enabled) {
        context.flags = SIM_FLAG_PASID;
        context.pasid = operation->pasid;
    }
    return context;
}

static struct atc_entry *find_entry(struct endpoint_atc *atc, const struct atc_context *context, uint64_t address)
{
    for (uint32_t i = 0; i < atc->entry_count; i++) {
        struct atc_entry *entry = &atc->entries[i];

        if (entry->valid && same_context(&entry->context, context) &&
            (address ^ entry->input) >> entry->translation.size == 0) {
            return entry;
        }
    }
    return NULL;
}

static void keep(struct endpoint_atc *atc, const struct atc_walk *walk, const struct sim_ats_entry *translation)
{
    struct atc_entry *place = find_entry(atc, &walk->context, walk->page);

    for (uint32_t i = 0; place == NULL && i < atc->entry_count; i++) {
        place = !atc->entries[i].valid ? &atc->entries[i] : NULL;
    }
    if (place == NULL) {
        place = &atc->entries[0];
        for (uint32_t i = 1; i < atc->entry_count; i++) {
            place = atc->entries[i].used < place->used ? &atc->entries[i] : place;
        }
    }
    place->valid = true;
    place->context = walk->context;
    place->input = walk->page;
    place->used = ++atc->uses;
    place->translation = *translation;
}

void endpoint_atc_forget(struct endpoint_function *function)
{
    struct endpoint_atc *atc = function->endpoint->atc;

    for (uint32_t i = 0; atc != NULL && i < atc->entry_count; i++) {
        if (atc->entries[i].context.function == function) {
            atc->entries[i].valid = false;
        }
    }
}

void endpoint_atc_reset(struct endpoint *endpoint)
{
    struct endpoint_atc *atc = endpoint->atc;

    if (atc != NULL) {
        memset(atc->entries, 0, atc->entry_count * sizeof(*atc->entries));
        *atc = (struct endpoint_atc){
            .entries = atc->entries, .entry_count = atc->entry_count, .walk_count = atc->walk_count};
    }
    endpoint->atc_blocked = 0;
}

/* ---- Walks ---- */

static void set_state(struct endpoint *endpoint, struct atc_walk *walk, enum atc_state state)
{
    struct endpoint_atc *atc = endpoint->atc;
    uint32_t bit = 1u << (walk - atc->walks);

    walk->state = state == ATC_REFUSED && walk->alone ? ATC_FREE : state;
    atc->walks_to_send = state == ATC_ASK ? atc->walks_to_send | bit : atc->walks_to_send & ~bit;
    endpoint->atc_blocked = 0;
}

static struct atc_walk *find_walk(struct endpoint_atc *atc, const struct atc_context *context, uint64_t page)
{
    for (unsigned i = 0; i < atc->walk_count; i++) {
        if (atc->walks[i].state != ATC_FREE && atc->walks[i].page == page &&
            same_context(&atc->walks[i].context, context)) {
            return &atc->walks[i];
        }
    }
    return NULL;
}

static bool start_walk(struct endpoint *endpoint, const struct endpoint_operation *operation, uint64_t page, bool write)
{
    struct endpoint_atc *atc = endpoint->atc;

    for (unsigned i = 0; i < endpoint->atc->walk_count; i++) {
        struct atc_walk *walk = &atc->walks[i];

        if (walk->state == ATC_FREE) {
            walk->function = operation->function;
            walk->context = context_of(operation);
            walk->page = page;
            walk->write = write;
            walk->stale = false;
            walk->alone = operation->kind == ENDPOINT_TRANSLATE;
            set_state(endpoint, walk, ATC_ASK);
            return true;
        }
    }
    return false;
}

enum endpoint_atc_answer endpoint_atc_translate(struct endpoint *endpoint, struct endpoint_operation *operation,
                                                uint32_t progress)
{
    struct endpoint_atc *atc = endpoint->atc;
    struct atc_context context = context_of(operation);
    bool write = operation->kind == ENDPOINT_DMA_WRITE;
    uint64_t address = operation->address + progress;
    struct atc_entry *entry = find_entry(atc, &context, address);
    struct atc_walk *walk;

    if (entry != NULL && (write ? entry->translation.write : entry->translation.read)) {
        entry->used = ++atc->uses;
        endpoint->counters.atc_hits++;
        if (!entry->translation.untranslated) {
            uint64_t offset = address & ((UINT64_C(1) << entry->translation.size) - 1);

            operation->at = SIM_AT_TRANSLATED;
            operation->address = entry->translation.address + offset - progress;
        }
        return ENDPOINT_ATC_GO;
    }
    walk = find_walk(atc, &context, address & PAGE_MASK);
    if (walk != NULL && walk->state == ATC_REFUSED) {
        set_state(endpoint, walk, ATC_FREE);
        endpoint->counters.atc_refused++;
        return ENDPOINT_ATC_REFUSED;
    }
    if (walk == NULL && !start_walk(endpoint, operation, address & PAGE_MASK, write)) {
        return ENDPOINT_ATC_WAIT;
    }
    if (walk != NULL) {
        walk->alone = false;
    }
    return ENDPOINT_ATC_WAIT;
}

bool endpoint_atc_prefetch(struct endpoint *endpoint, const struct endpoint_operation *operation)
{
    if (endpoint->atc == NULL || !operation->function->ats_enabled) {
        return true;
    }
    return start_walk(endpoint, operation, operation->address & PAGE_MASK, operation->write);
}

/* ---- Page requests ---- */

static struct endpoint_function *pri_owner(struct endpoint_function *function)
{
    return function->physical != NULL ? function->physical : function;
}

static bool may_request_page(struct endpoint_function *function)
{
    const struct endpoint_function *owner = pri_owner(function);
    const struct pcie_config_space *space = &owner->config;
    uint16_t status;

    if (space->pri == 0 || !function->ats_enabled) {
        return false;
    }
    status = pcie_config_get16(space, space->pri + PCIE_PRI_STATUS);
    return (pcie_config_get16(space, space->pri + PCIE_PRI_CONTROL) & PCIE_PRI_ENABLE) != 0 &&
           (status & PCIE_PRI_RESPONSE_FAILURE) == 0;
}

static bool has_allocation(struct endpoint_function *function)
{
    const struct endpoint_function *owner = pri_owner(function);
    const struct pcie_config_space *space = &owner->config;

    return owner->pages_under_way < pcie_config_get32(space, space->pri + PCIE_PRI_ALLOCATION);
}

static bool enqueue(struct endpoint_atc *atc, const struct atc_message *message)
{
    if (atc->count == ATC_MESSAGES) {
        return false;
    }
    atc->messages[(atc->head + atc->count++) % ATC_MESSAGES] = *message;
    return true;
}

enum endpoint_atc_answer endpoint_atc_request_page(struct endpoint *endpoint, struct endpoint_function *function,
                                                   const struct sim_ats_page_request *request,
                                                   const struct endpoint_operation *operation)
{
    struct endpoint_atc *atc = endpoint->atc;
    bool with_pasid = operation->with_pasid && function->pasid_enabled;
    struct atc_message message = {.function = function,
                                  .word = sim_ats_page_request_word(request),
                                  .flags = with_pasid ? SIM_FLAG_PASID : 0,
                                  .pasid = with_pasid ? operation->pasid : 0,
                                  .operation = SIM_ATS_PAGE_REQUEST};
    bool marker = sim_ats_is_stop_marker(message.word, with_pasid);

    if (atc == NULL || !may_request_page(function)) {
        return ENDPOINT_ATC_REFUSED;
    }
    if ((!marker && !has_allocation(function)) || atc->count >= ATC_MESSAGES / 2 || !enqueue(atc, &message)) {
        return ENDPOINT_ATC_WAIT;
    }
    if (!marker) {
        atc->pages[request->group]++;
        atc->group_owner[request->group] = function;
        pri_owner(function)->pages_under_way++;
    }
    endpoint->counters.page_requests++;
    return ENDPOINT_ATC_GO;
}

/** A group that nothing is under way in. */
static bool find_group(struct endpoint_atc *atc, uint16_t *group)
{
    for (unsigned i = 0; i < ATC_GROUPS; i++) {
        *group = (uint16_t)((atc->next_group + i) % ATC_GROUPS);
        if (atc->pages[*group] == 0) {
            return true;
        }
    }
    return false;
}

/** The page is not there: ask for it, if page requests are allowed. */
static void request_page(struct endpoint *endpoint, struct atc_walk *walk)
{
    struct endpoint_operation operation = {.function = walk->function,
                                           .with_pasid = (walk->context.flags & SIM_FLAG_PASID) != 0,
                                           .pasid = walk->context.pasid};
    struct sim_ats_page_request request = {
        .page = walk->page, .last = true, .read = !walk->write, .write = walk->write};
    enum endpoint_atc_answer answer = ENDPOINT_ATC_WAIT;

    if (find_group(endpoint->atc, &request.group)) {
        answer = endpoint_atc_request_page(endpoint, walk->function, &request, &operation);
    }
    switch (answer) {
    case ENDPOINT_ATC_GO:
        endpoint->atc->next_group = request.group + 1u;
        walk->group = request.group;
        set_state(endpoint, walk, ATC_PAGED);
        break;
    case ENDPOINT_ATC_WAIT:
        set_state(endpoint, walk, ATC_PAGE);
        break;
    default:
        set_state(endpoint, walk, ATC_REFUSED);
        break;
    }
}

void endpoint_atc_pri_changed(struct endpoint *endpoint)
{
    for (unsigned i = 0; endpoint->atc != NULL && i < endpoint->atc->walk_count; i++) {
        if (endpoint->atc->walks[i].state == ATC_PAGE) {
            request_page(endpoint, &endpoint->atc->walks[i]);
        }
    }
    endpoint->atc_blocked = 0;
}

static void take_response(struct endpoint *endpoint, struct endpoint_function *function,
                          const struct sim_packet *packet)
{
    struct endpoint_atc *atc = endpoint->atc;
    struct endpoint_function *owner = pri_owner(function);
    struct pcie_config_space *space = &owner->config;
    unsigned group = sim_ats_response_group(packet->address);
    unsigned code = sim_ats_response_code(packet->address);
    uint16_t status = pcie_config_get16(space, space->pri + PCIE_PRI_STATUS);

    if (atc->pages[group] == 0 || atc->group_owner[group] != function) {
        pcie_config_set16(space, space->pri + PCIE_PRI_STATUS, status | PCIE_PRI_UNEXPECTED_GROUP);
        return;
    }
    if (code != SIM_ATS_PRG_SUCCESS && code != SIM_ATS_PRG_INVALID) {
        pcie_config_set16(space, space->pri + PCIE_PRI_STATUS, status | PCIE_PRI_RESPONSE_FAILURE);
    }
    owner->pages_under_way -= atc->pages[group];
    atc->pages[group] = 0;
    endpoint->counters.page_responses++;
    for (unsigned i = 0; i < endpoint->atc->walk_count; i++) {
        struct atc_walk *walk = &atc->walks[i];

        if (walk->state == ATC_PAGED && walk->group == group) {
            set_state(endpoint, walk, code == SIM_ATS_PRG_SUCCESS ? ATC_ASK : ATC_REFUSED);
        }
    }
    endpoint_function_decode(owner);
    endpoint_atc_pri_changed(endpoint);
}

/* ---- Translation completions ---- */

void endpoint_atc_answered(struct endpoint *endpoint, unsigned index, const struct sim_packet *packet)
{
    struct endpoint_atc *atc = endpoint->atc;
    struct atc_walk *walk = &atc->walks[index];
    struct sim_ats_entry translation;

    if (packet == NULL || packet->status != SIM_STATUS_OK) {
        set_state(endpoint, walk, ATC_REFUSED);
        return;
    }
    translation = sim_ats_load_entry(packet->data);
    if (walk->stale) {
        walk->stale = false;
        set_state(endpoint, walk, ATC_ASK);
        return;
    }
    if (translation.read || translation.write) {
        keep(atc, walk, &translation);
    }
    if (walk->write ? translation.write : translation.read) {
        set_state(endpoint, walk, ATC_FREE);
    } else if (walk->alone) {
        set_state(endpoint, walk, ATC_REFUSED);
    } else {
        request_page(endpoint, walk);
    }
}

/* ---- Invalidation ---- */

static bool is_hit(const struct atc_context *context, const struct endpoint_function *function,
                   const struct sim_packet *packet, bool global)
{
    bool with_pasid = (packet->flags & SIM_FLAG_PASID) != 0;
    bool has_pasid = (context->flags & SIM_FLAG_PASID) != 0;

    if (context->function != function) {
        return false;
    }
    /*
     * With Global it is for every PASID (10.3.8). One without a PASID is for all that the function has in the range,
     * with PASIDs and without: no request tells the latter apart, and software counts on it.
     */
    return !with_pasid || (has_pasid && (global || context->pasid == packet->pasid));
}

static void invalidate(struct endpoint *endpoint, struct endpoint_function *function, const struct sim_packet *packet,
                       sim_time now)
{
    struct endpoint_atc *atc = endpoint->atc;
    uint64_t base = 0;
    bool global = false;
    unsigned size = sim_ats_load_range(packet->data, &base, &global);
    uint64_t mask = size >= 64 ? 0 : ~((UINT64_C(1) << size) - 1);
    struct atc_message done = {.function = function,
                               .word = sim_ats_completion_word(1u << sim_ats_itag(packet->address), 1),
                               .target = packet->requester,
                               .operation = SIM_ATS_INVALIDATE_COMPLETION,
                               .after = now};

    for (uint32_t i = 0; i < atc->entry_count; i++) {
        struct atc_entry *entry = &atc->entries[i];
        uint64_t wide = mask & ~((UINT64_C(1) << entry->translation.size) - 1);

        if (entry->valid && ((entry->input ^ base) & wide) == 0 && is_hit(&entry->context, function, packet, global)) {
            entry->valid = false;
        }
    }
    for (unsigned i = 0; i < endpoint->atc->walk_count; i++) {
        struct atc_walk *walk = &atc->walks[i];

        /* How large the translation under way will be is not known: any may be affected. */
        if (walk->state == ATC_ASKED && is_hit(&walk->context, function, packet, global)) {
            walk->stale = true;
        }
    }
    endpoint->counters.invalidations++;
    if (!enqueue(atc, &done)) {
        sim_panic(endpoint->sim, &endpoint->component, packet, "more invalidations than an ATC can have under way");
    }
}

bool endpoint_atc_take_message(struct endpoint *endpoint, const struct sim_packet *packet, sim_time now)
{
    struct endpoint_function *function = endpoint_find_function(endpoint, packet->target);

    if (endpoint->atc == NULL || function == NULL) {
        return false;
    }
    if (packet->operation == SIM_ATS_INVALIDATE_REQUEST && function->config.ats != 0 &&
        packet->length == SIM_ATS_ENTRY_BYTES) {
        invalidate(endpoint, function, packet, now);
        return true;
    }
    if (packet->operation == SIM_ATS_PRG_RESPONSE && pri_owner(function)->config.pri != 0) {
        take_response(endpoint, function, packet);
        return true;
    }
    return false;
}
