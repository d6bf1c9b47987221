/*
 * Requests about vPEs, in order: those for the resident vPE, and those that need no table. The rest is in
 * redistributor_virtual_store.c.
 *
 * An interrupt for the resident vPE that finds the queue empty is taken at once, as a physical LPI is. None is carried
 * out while a vPE comes or goes.
 */
#include "models/gic-its/redistributor_virtual_internal.h"

void virtual_enqueue(struct redistributor *rd, struct sim_packet *packet)
{
    struct redistributor_virtual *virt = rd->virt;

    packet->next = NULL;
    if (virt->head == NULL) {
        virt->head = packet;
    } else {
        virt->tail->next = packet;
    }
    virt->tail = packet;
    virt->queued++;
    rd->progress = true;
}

struct sim_packet *virtual_dequeue(struct redistributor *rd)
{
    struct redistributor_virtual *virt = rd->virt;
    struct sim_packet *packet = virt->head;

    virt->head = packet->next;
    packet->next = NULL;
    virt->queued--;
    virt->phase = VIRTUAL_PHASE_START;
    rd->progress = true;
    return packet;
}

static void finish(struct redistributor *rd)
{
    sim_packet_free(rd->component.sim, virtual_dequeue(rd));
}

bool virtual_can_answer(struct redistributor *rd, uint32_t link, sim_time now)
{
    return gic_output_is_ready(&rd->its[link].to, now, &rd->due);
}

void virtual_answer(struct redistributor *rd, uint32_t link, struct sim_packet *packet, uint8_t operation, sim_time now)
{
    packet->type = SIM_PACKET_GIC;
    packet->operation = operation;
    gic_output_push(&rd->its[link].to, packet, now, 0);
    rd->progress = true;
}

/* ---- The resident vPE ---- */

/** Makes an LPI of the resident vPE pending. @param packet its message, taken; there must be room to configure it */
static void set_here(struct redistributor *rd, struct sim_packet *packet, uint32_t lpi, sim_time now)
{
    struct redistributor_virtual *virt = rd->virt;

    if (lpi_set_is_pending(&virt->lpis, lpi)) {
        virtual_merge(rd, packet, now);
        return;
    }
    lpi_set_add(&virt->lpis, lpi, packet);
    virt->count_set++;
    virtual_configure(rd, lpi);
    virtual_tell_pending(rd, packet, now);
}

/** LPI number of a message for the resident vPE. */
static bool find_here(const struct redistributor *rd, const struct sim_packet *packet, uint32_t *lpi)
{
    return virtual_find_lpi(rd, packet->intid, rd->virt->id_bits, lpi);
}

/** A GIC_SET_VLPI that needs no queue. @return whether it was taken */
static bool take_at_once(struct redistributor *rd, struct sim_channel *from, const struct sim_packet *head,
                         sim_time now)
{
    uint32_t lpi;

    if (!find_here(rd, head, &lpi)) {
        redistributor_drop(rd, sim_channel_pop(from, now), now, SIM_DROP_LPI_DISABLED);
        return true;
    }
    if (!lpi_set_is_pending(&rd->virt->lpis, lpi) && !virtual_can_configure(rd, lpi)) {
        return false;
    }
    set_here(rd, sim_channel_pop(from, now), lpi, now);
    return true;
}

static bool is_message(uint8_t operation)
{
    return (operation >= GIC_SET_VLPI && operation <= GIC_VMOVE_END) || operation == GIC_VHELD ||
           operation == GIC_VPARK;
}

bool redistributor_take_virtual_message(struct redistributor *rd, uint32_t link, const struct sim_packet *head,
                                        sim_time now)
{
    struct redistributor_virtual *virt = rd->virt;
    struct sim_channel *from = rd->its[link].from;
    struct sim_packet *packet;

    if (virt == NULL || !is_message(head->operation)) {
        sim_panic(rd->component.sim, &rd->component, head, "operation %u from an ITS", head->operation);
    }
    if (head->operation == GIC_SET_VLPI && virt->queued == 0 && virtual_is_here(rd, head) && !virtual_is_changing(rd)) {
        return take_at_once(rd, from, head, now);
    }
    if (virt->queued >= rd->config.virt.slots) {
        return false;
    }
    packet = sim_channel_pop(from, now);
    packet->tag = (uint16_t)link;
    virtual_enqueue(rd, packet);
    return true;
}

static void set_lpi(struct redistributor *rd, sim_time now)
{
    uint32_t lpi;

    if (!find_here(rd, rd->virt->head, &lpi)) {
        redistributor_drop(rd, virtual_dequeue(rd), now, SIM_DROP_LPI_DISABLED);
    } else if (lpi_set_is_pending(&rd->virt->lpis, lpi) || virtual_can_configure(rd, lpi)) {
        set_here(rd, virtual_dequeue(rd), lpi, now);
    }
}

static void clear_lpi(struct redistributor *rd, sim_time now)
{
    uint32_t lpi;

    if (find_here(rd, rd->virt->head, &lpi) && lpi_set_is_pending(&rd->virt->lpis, lpi)) {
        struct sim_packet *held = lpi_set_remove(&rd->virt->lpis, lpi);

        if (held != NULL) {
            redistributor_drop(rd, held, now, SIM_DROP_LPI_CLEARED);
        }
    }
    finish(rd);
}

static void move_lpi(struct redistributor *rd, sim_time now)
{
    uint32_t link = rd->virt->head->tag;
    uint8_t operation = GIC_NOT_MOVED;
    struct sim_packet *packet;
    uint32_t lpi;

    if (!virtual_can_answer(rd, link, now)) {
        return;
    }
    packet = virtual_dequeue(rd);
    if (find_here(rd, packet, &lpi) && lpi_set_is_pending(&rd->virt->lpis, lpi)) {
        struct sim_packet *held = lpi_set_remove(&rd->virt->lpis, lpi);

        operation = GIC_MOVED;
        if (held != NULL) {
            sim_packet_free(rd->component.sim, packet);
            packet = held;
        }
    }
    virtual_answer(rd, link, packet, operation, now);
}

static void invalidate(struct redistributor *rd)
{
    uint32_t lpi;

    if (find_here(rd, rd->virt->head, &lpi)) {
        if (!virtual_can_fetch(rd, lpi)) {
            return;
        }
        virtual_invalidate(rd, lpi);
    }
    finish(rd);
}

static void configure_sgi(struct redistributor *rd)
{
    const struct sim_packet *head = rd->virt->head;

    rd->virt->sgis[head->intid] =
        (uint8_t)((head->arg & GIC_VSGI_PRIORITY) | ((head->arg & GIC_VSGI_ENABLE) != 0 ? VPT_SGI_ENABLE : 0) |
                  ((head->arg & GIC_VSGI_GROUP) != 0 ? VPT_SGI_GROUP : 0));
    if ((head->arg & GIC_VSGI_CLEAR) != 0) {
        rd->virt->sgi_pending &= (uint16_t) ~(1u << head->intid);
    }
    finish(rd);
}

/** An MSI whose bit was in memory when its vPE moved here, and which has come by now. */
static void adopt(struct redistributor *rd, sim_time now)
{
    struct sim_packet *packet = virtual_dequeue(rd);
    uint32_t lpi;

    if (find_here(rd, packet, &lpi) && lpi_set_adopt(&rd->virt->lpis, lpi, packet)) {
        virtual_tell_pending(rd, packet, now);
    } else {
        virtual_merge(rd, packet, now);
    }
}

static void carry_out_here(struct redistributor *rd, sim_time now)
{
    struct redistributor_virtual *virt = rd->virt;

    switch (virt->head->operation) {
    case GIC_SET_VLPI:
        set_lpi(rd, now);
        break;
    case GIC_CLEAR_VLPI:
        clear_lpi(rd, now);
        break;
    case GIC_MOVE_VLPI:
        move_lpi(rd, now);
        break;
    case GIC_VINV:
        invalidate(rd);
        break;
    case GIC_VINVALL:
        virtual_invalidate_all(rd);
        finish(rd);
        break;
    case GIC_SET_VSGI:
        virt->sgi_pending |= (uint16_t)(1u << virt->head->intid);
        finish(rd);
        break;
    case GIC_VSGI:
        configure_sgi(rd);
        break;
    case GIC_VSGI_QUERY:
        virt->sgi_result = virt->sgi_pending;
        virt->sgi_busy = false;
        finish(rd);
        break;
    case GIC_VPARK:
        adopt(rd, now);
        break;
    default: /* GIC_VALLOC: its table was in use before it was mapped, which is wrong; nothing is lost. */
        finish(rd);
        break;
    }
}

/* ---- Requests that need no table ---- */

static void synchronise(struct redistributor *rd, sim_time now)
{
    uint32_t link = rd->virt->head->tag;

    if (!virtual_is_refreshing(rd) && virtual_can_answer(rd, link, now)) {
        virtual_answer(rd, link, virtual_dequeue(rd), GIC_SYNC_DONE, now);
    }
}

/** The vPE goes. What is pending in its table goes with it if this was its last mapping. */
static void free_vpe(struct redistributor *rd, sim_time now)
{
    struct redistributor_virtual *virt = rd->virt;
    struct sim_packet *packet;
    uint32_t link = virt->head->tag;

    if (!virtual_can_answer(rd, link, now)) {
        return;
    }
    while (virt->head->arg != 0 && (packet = virtual_unpark_any(rd, virtual_table_of(virt->head))) != NULL) {
        redistributor_drop(rd, packet, now, SIM_DROP_LPI_CLEARED);
    }
    virtual_answer(rd, link, virtual_dequeue(rd), GIC_SYNC_DONE, now);
}

/** @return whether the head was such a request */
static bool carry_out_general(struct redistributor *rd, sim_time now)
{
    switch (rd->virt->head->operation) {
    case GIC_VSYNC:
        synchronise(rd, now);
        return true;
    case GIC_VFREE:
        free_vpe(rd, now);
        return true;
    case GIC_VMOVE_LIST:
    case GIC_VMOVE_ONE:
        virtual_move_asked(rd, virtual_dequeue(rd));
        return true;
    case GIC_VMOVE_END:
        virtual_move_ended(rd, rd->virt->head);
        finish(rd);
        return true;
    case GIC_VHELD:
        virtual_move_held(rd, rd->virt->head);
        finish(rd);
        return true;
    default:
        return false;
    }
}

void virtual_step_queue(struct redistributor *rd, sim_time now)
{
    struct redistributor_virtual *virt = rd->virt;

    if (virt->phase != VIRTUAL_PHASE_START) {
        virtual_store_step(rd, now);
        return;
    }
    if (virtual_is_changing(rd) || carry_out_general(rd, now)) {
        return;
    }
    if (virtual_is_here(rd, virt->head)) {
        carry_out_here(rd, now);
    } else {
        virtual_store_start(rd, now);
    }
}
