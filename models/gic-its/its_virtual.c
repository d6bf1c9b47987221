/*
 * An ITS's virtual side: configuration, registers, vPEs that are held back for another ITS, virtual SGIs.
 *
 * Choice: writes to GITS_SGIR that are not 64 bits wide are ignored, as are those for a vPE that is not mapped.
 */
#include "models/gic-its/its_virtual_internal.h"

#define BASER_WRITABLE                                                                                                 \
    (GIC_MASK(GITS_BASER_VALID) | GIC_MASK(GITS_BASER_INDIRECT) | GIC_MASK(GITS_BASER_INNER_CACHE) |                   \
     GIC_MASK(GITS_BASER_OUTER_CACHE) | GIC_MASK(GITS_BASER_ADDRESS) | GIC_MASK(GITS_BASER_SHARE) |                    \
     GIC_MASK(GITS_BASER_PAGE_SIZE) | GIC_MASK(GITS_BASER_SIZE))

/** DeviceID and EventID under which a virtual SGI stands in its slot; it has neither. */
#define SGI_SLOT UINT32_MAX

struct its_virtual_config its_virtual_config_default(void)
{
    return (struct its_virtual_config){.vpe_bits = 16, .vpe_cache_entries = 16, .vpe_cache_ways = 2};
}

static void check(struct its *its, bool right, const char *what)
{
    if (!right) {
        sim_panic(its->component.sim, &its->component, NULL, "virtual LPIs: %s", what);
    }
}

void its_virtual_create(struct its *its)
{
    const struct its_virtual_config *config = &its->config.virt;
    struct sim *sim = its->component.sim;
    size_t entries = config->vpe_cache_entries;

    if (config->version == GIC_VIRTUAL_NONE) {
        return;
    }
    check(its, config->version <= GIC_VIRTUAL_V4_1, "no such version");
    check(its, config->vpe_bits >= 1 && config->vpe_bits <= 16, "vpe_bits must be 1 to 16");
    check(its, its->config.intid_bits <= 22, "intid_bits must be at most 22");
    check(its, config->shared_table <= 3, "shared_table must be 0 to 3");
    check(its, config->version == GIC_VIRTUAL_V4_1 || config->shared_table == 0, "only GICv4.1 shares a vPE table");
    check(its, gic_cache_create(sim, &its->vpe_cache, config->vpe_cache_entries, config->vpe_cache_ways),
          "the vPE cache is not a power of two times its ways");
    its->vpe_cache_high = sim_alloc(sim, entries * sizeof(*its->vpe_cache_high));
    if (config->single_vmovp) {
        its->vpe_inputs = sim_alloc(sim, (its->config.redistributors + 63) / 64 * sizeof(*its->vpe_inputs));
    }
    sim_counter_register(&its->component, "vpe_hits", &its->vpe_cache.hits);
    sim_counter_register(&its->component, "vpe_misses", &its->vpe_cache.misses);
    gic_cache_register(&its->vpe_cache, &its->component, "vpe-cache");
}

/* ---- Registers ---- */

uint64_t its_virtual_typer(const struct its *its)
{
    const struct its_virtual_config *config = &its->config.virt;
    bool v4_1 = config->version == GIC_VIRTUAL_V4_1;

    if (config->version == GIC_VIRTUAL_NONE) {
        return 0;
    }
    return GIC_PUT(1, GITS_TYPER_VIRTUAL) | GIC_PUT(config->single_vmovp, GITS_TYPER_VMOVP) |
           GIC_PUT(v4_1, GITS_TYPER_VSGI) | GIC_PUT(v4_1, GITS_TYPER_VMAPP) |
           GIC_PUT(config->shared_table, GITS_TYPER_SVPET);
}

uint64_t its_virtual_read_baser(const struct its *its, uint32_t index)
{
    if (its->config.virt.version == GIC_VIRTUAL_NONE || index != GITS_BASER_VPE) {
        return 0;
    }
    return its->baser[index] | GIC_PUT(GITS_BASER_TYPE_VPE, GITS_BASER_TYPE) |
           GIC_PUT(GIC_VPE_ENTRY_BYTES - 1, GITS_BASER_ENTRY_SIZE);
}

void its_virtual_write_baser(struct its *its, uint32_t index, uint64_t value)
{
    if (its->config.virt.version == GIC_VIRTUAL_NONE || index != GITS_BASER_VPE) {
        return;
    }
    value &= BASER_WRITABLE;
    if (GIC_GET(value, GITS_BASER_PAGE_SIZE) == 3) {
        /* Reserved: taken as 64 KiB. */
        value = (value & ~GIC_MASK(GITS_BASER_PAGE_SIZE)) | GIC_PUT(2, GITS_BASER_PAGE_SIZE);
    }
    its->baser[index] = value;
    its_decode_baser(&its->vpe_table, value, its->config.virt.vpe_bits, GIC_VPE_ENTRY_BYTES);
}

/* ---- Holding a vPE's interrupts back ---- */

bool its_virtual_is_held(const struct its *its, uint32_t vpe, const struct its_walk *walk)
{
    const struct its_engine *engine = &its->engine;
    bool own = walk == &engine->walk && (engine->hazard == ITS_HAZARD_VPE || engine->internal);

    if (own) {
        return false;
    }
    if (engine->hazard == ITS_HAZARD_VPE && engine->command.virt.vpe == vpe) {
        return true;
    }
    for (uint32_t i = 0; its->vpe_holds > 0 && i < its->config.redistributors; i++) {
        if (its->links[i].holds && its->links[i].held_vpe == vpe) {
            return true;
        }
    }
    return false;
}

bool its_virtual_is_in_flight(const struct its *its, uint32_t vpe)
{
    for (uint32_t i = 0; i < its->slot_count; i++) {
        const struct its_slot *slot = &its->slots[its->age[i]];

        if (!slot->held && slot->walk.vpe_bound && slot->walk.vpe == vpe) {
            return true;
        }
    }
    return false;
}

/** Whether the command under way has looked the vPE up and may still speak to its redistributor. */
static bool is_in_command(const struct its *its, uint32_t vpe)
{
    const struct its_engine *engine = &its->engine;

    if (engine->internal) {
        return true;
    }
    if (engine->state != ITS_ENGINE_EXECUTE || engine->hazard == ITS_HAZARD_VPE) {
        return false;
    }
    return (engine->walk.vpe_bound && engine->walk.vpe == vpe) ||
           (engine->command.opcode == ITS_COMMAND_VMOVI && engine->step > 1 && engine->old_vpe == vpe &&
            engine->walk.state != ITS_WALK_BLOCKED);
}

/** A VMOVI that waits for its new vPE lets the old one go, and begins again: two of them could wait for each other. */
static void let_go(struct its *its, uint32_t vpe)
{
    struct its_engine *engine = &its->engine;

    if (engine->state == ITS_ENGINE_EXECUTE && engine->command.opcode == ITS_COMMAND_VMOVI && engine->step == 2 &&
        engine->old_vpe == vpe) {
        engine->restart = true;
    }
}

static void take_unasked(struct its *its, struct its_link *link, sim_time now)
{
    struct sim_packet *packet = sim_channel_pop(link->from, now);

    link->taken_at = now;
    if (packet->operation == GIC_VHOLD) {
        link->holds = true;
        link->holds_answered = false;
        link->held_vpe = packet->target;
        its->vpe_holds++;
    } else if (its->config.virt.shared_table != 0) {
        link->holds = false;
        its->vpe_holds--;
    } else {
        /* This ITS's own entry must change first. */
        link->moved = true;
        its->update.waiting++;
        link->moved_to = packet->arg;
    }
    its_virtual_forget(its, packet->target);
    sim_packet_free(its->component.sim, packet);
    its->busy = true;
    its->progress = true;
}

/** One of the redistributors that may have said something. @return whether it may say more */
static bool listen_to(struct its *its, struct its_link *link, sim_time now)
{
    const struct sim_packet *head = sim_channel_peek(link->from, now);

    /* The next vPE is held when this ITS's table says where the last one has gone. */
    if (head != NULL && !link->moved && (head->operation == GIC_VHOLD || head->operation == GIC_VCONTINUE)) {
        take_unasked(its, link, now);
    }
    its_look_at(its, sim_channel_next_arrival(link->from));
    return link->moved || sim_channel_next_arrival(link->from) != SIM_TIME_NEVER;
}

SIM_APART void its_virtual_listen(struct its *its, sim_time now)
{
    for (uint32_t word = 0; word < (its->config.redistributors + 63) / 64; word++) {
        for (uint64_t bits = its->vpe_inputs[word]; bits != 0; bits &= bits - 1) {
            uint32_t bit = (uint32_t)__builtin_ctzll(bits);

            if (!listen_to(its, &its->links[64 * word + bit], now)) {
                its->vpe_inputs[word] &= ~((uint64_t)1 << bit);
            }
        }
    }
}

SIM_APART void its_virtual_answer_holds(struct its *its, sim_time now)
{
    for (uint32_t i = 0; i < its->config.redistributors; i++) {
        struct its_link *link = &its->links[i];
        struct vpe_entry entry = {.target = i};

        if (!link->holds || link->holds_answered || its_virtual_is_in_flight(its, link->held_vpe) ||
            is_in_command(its, link->held_vpe)) {
            continue;
        }
        let_go(its, link->held_vpe);
        link->holds_answered = its_virtual_send(its, &entry, link->held_vpe, GIC_VHELD, 0, now) != NULL;
        its->progress = its->progress || link->holds_answered;
    }
}

/* ---- Sending ---- */

/** What every message about a vPE says. */
static void address_vpe(struct sim_packet *packet, const struct vpe_entry *entry, uint32_t vpe)
{
    packet->type = SIM_PACKET_GIC;
    packet->target = (uint16_t)vpe;
    packet->address = entry->table | (entry->id_bits - 1u);
}

void its_virtual_make_lpi(const struct its *its, struct sim_packet *packet, const struct its_ite *ite,
                          const struct vpe_entry *vpe)
{
    bool v4_1 = its->config.virt.version == GIC_VIRTUAL_V4_1;

    address_vpe(packet, vpe, ite->vpe);
    packet->operation = GIC_SET_VLPI;
    packet->intid = ite->intid;
    packet->arg = v4_1 ? vpe->doorbell : ite->doorbell;
}

struct sim_packet *its_virtual_send(struct its *its, const struct vpe_entry *entry, uint32_t vpe, uint8_t operation,
                                    uint32_t intid, sim_time now)
{
    struct its_link *link = &its->links[entry->target];
    struct sim_packet *packet;

    if (!gic_output_is_ready(&link->to, now, &its->due)) {
        return NULL;
    }
    packet = sim_packet_new(its->component.sim, 0);
    address_vpe(packet, entry, vpe);
    packet->operation = operation;
    packet->intid = intid;
    link->dirty = true;
    gic_output_push(&link->to, packet, now, 0);
    return packet;
}

/* ---- Virtual SGIs ---- */

bool its_virtual_is_sgi(const struct its *its, const struct sim_packet *packet)
{
    return its->config.virt.version == GIC_VIRTUAL_V4_1 && packet->type == SIM_PACKET_WRITE && packet->length == 8 &&
           packet->address == its->config.base + GITS_SGIR;
}

bool its_virtual_accept_sgi(struct its *its, struct its_target *target, sim_time now)
{
    struct sim_packet *write;
    struct sim_packet *sgi;
    struct its_slot *slot;
    uint64_t value;
    uint32_t index;

    if (its->free_slots == 0) {
        return false;
    }
    write = sim_channel_pop(target->request, now);
    value = sim_load_le64(write->data);
    write->type = SIM_PACKET_WRITE_ACK;
    write->status = SIM_STATUS_OK;
    gic_output_push(&target->response, write, now, its->register_service);
    if (!its->enabled) {
        return true;
    }
    sgi = sim_packet_new(its->component.sim, 0);
    sgi->intid = (uint32_t)GIC_GET(value, GITS_SGIR_INTID);
    index = (uint32_t)__builtin_ctzll(its->free_slots);
    slot = &its->slots[index];
    its->free_slots &= its->free_slots - 1;
    its->age[its->slot_count++] = (uint8_t)index;
    slot->packet = sgi;
    slot->sequence = its->accepted;
    slot->held = false;
    slot->walk.device = SGI_SLOT;
    slot->walk.event = SGI_SLOT;
    its_virtual_walk_start(its, &slot->walk, (uint32_t)GIC_GET(value, GITS_SGIR_VPE), ITS_GOAL_VPE, true);
    its->busy = true;
    its->progress = true;
    return true;
}

bool its_virtual_finish_sgi(struct its *its, struct its_slot *slot, sim_time now)
{
    const struct its_walk *walk = &slot->walk;
    struct its_link *link;

    if (walk->outcome != ITS_OUTCOME_OK) {
        sim_packet_free(its->component.sim, slot->packet);
        slot->packet = NULL;
        its->count_dropped++;
        return true;
    }
    link = &its->links[walk->vpe_entry.target];
    if (!gic_output_is_ready(&link->to, now, &its->due)) {
        return false;
    }
    address_vpe(slot->packet, &walk->vpe_entry, walk->vpe);
    slot->packet->operation = GIC_SET_VSGI;
    slot->packet->arg = walk->vpe_entry.doorbell;
    link->dirty = true;
    gic_output_push(&link->to, slot->packet, now, its->translate_service);
    slot->packet = NULL;
    return true;
}
