/*
 * SPIs that the distributor has sent here: pending until the PE acknowledges them, active until their handler has
 * ended. One that comes while it is active is pending beside, and no candidate before. They do not depend on the LPIs
 * being enabled; but while the LPIs' pending table is loaded or saved no message is taken.
 */
#include "models/gic-its/redistributor_internal.h"

/** Room for all INTIDs of SPIs; what struct lpi_set wants at the least. */
#define SPI_SET_SIZE 4096u

static bool is_active(const struct redistributor_spis *spis, uint32_t intid)
{
    return (spis->active[intid / 64] >> (intid % 64) & 1) != 0;
}

void redistributor_create_spis(struct redistributor *rd)
{
    if (!rd->config.spis) {
        return;
    }
    rd->spis = sim_alloc(rd->component.sim, sizeof(*rd->spis));
    lpi_set_create(rd->component.sim, &rd->spis->set, SPI_SET_SIZE);
}

static void merge(struct redistributor *rd, struct sim_packet *packet, sim_time now)
{
    rd->count_merged++;
    if ((packet->flags & SIM_FLAG_TRACKED) != 0) {
        sim_mark(rd->component.sim, packet, rd->component.stage, now);
        sim_event(rd->component.sim, SIM_EVENT_MSI_MERGED, packet, &rd->component, now, 0);
    }
    sim_packet_free(rd->component.sim, packet);
}

static void set_spi(struct redistributor *rd, struct sim_packet *packet, sim_time now)
{
    struct redistributor_spis *spis = rd->spis;
    uint32_t intid = packet->intid;

    if (lpi_set_is_pending(&spis->set, intid)) {
        merge(rd, packet, now);
        return;
    }
    spis->priority[intid] = (uint8_t)packet->arg;
    lpi_set_add(&spis->set, intid, packet);
    lpi_set_configure(&spis->set, intid, !is_active(spis, intid), spis->priority[intid]);
    rd->count_set++;
    rd->progress = true;
    if ((packet->flags & SIM_FLAG_TRACKED) != 0) {
        sim_event(rd->component.sim, SIM_EVENT_MSI_PENDING, packet, &rd->component, now, 0);
    }
}

/** Gives an SPI back. @return false while it is active, or the distributor's channel is full */
static bool give_back(struct redistributor *rd, struct redistributor_link *link, uint32_t intid, sim_time now)
{
    struct sim_packet *message;
    struct sim_packet *answer;

    if (is_active(rd->spis, intid) || !gic_output_is_ready(&link->to, now, &rd->due)) {
        return false;
    }
    message = sim_channel_pop(link->from, now);
    answer = message;
    answer->operation = GIC_NOT_MOVED;
    if (lpi_set_is_pending(&rd->spis->set, intid)) {
        answer = lpi_set_remove(&rd->spis->set, intid);
        sim_packet_free(rd->component.sim, message);
        answer->operation = GIC_MOVED;
        rd->count_moved++;
    }
    answer->type = SIM_PACKET_GIC;
    answer->intid = intid;
    gic_output_push(&link->to, answer, now, 0);
    rd->progress = true;
    return true;
}

bool redistributor_take_spi_message(struct redistributor *rd, uint32_t link, const struct sim_packet *head,
                                    sim_time now)
{
    if (rd->spis == NULL) {
        sim_panic(rd->component.sim, &rd->component, head, "a message about SPIs, and there is no distributor");
    }
    if (head->operation == GIC_RECALL_SPI) {
        return give_back(rd, &rd->its[link], head->intid, now);
    }
    set_spi(rd, sim_channel_pop(rd->its[link].from, now), now);
    return true;
}

struct sim_packet *redistributor_acknowledge_spi(struct redistributor *rd)
{
    uint32_t intid = lpi_set_best(&rd->spis->set);
    uint32_t priority = lpi_set_best_priority(&rd->spis->set);
    struct sim_packet *packet = lpi_set_remove(&rd->spis->set, intid);

    rd->spis->active[intid / 64] |= (uint64_t)1 << (intid % 64);
    rd->count_activated++;
    packet->intid = intid;
    packet->address = priority;
    return packet;
}

void redistributor_deactivate_spi(struct redistributor *rd, uint32_t intid)
{
    rd->spis->active[intid / 64] &= ~((uint64_t)1 << (intid % 64));
    if (lpi_set_is_pending(&rd->spis->set, intid)) {
        lpi_set_configure(&rd->spis->set, intid, true, rd->spis->priority[intid]);
    }
    /* A recall that waited for it can be answered. */
    rd->progress = true;
}
