#include "models/gic-its/v2m.h"

#include "models/gic-its/gic.h"
#include "models/gic-its/output_internal.h"
#include "models/gic-its/write_ack_internal.h"

#include <string.h>

/** MSI_IIDR: product 0, revision 0, nobody's implementer code. */
#define IIDR_VALUE 0u

#define INTID_MASK 0x3ffu

struct v2m {
    struct sim_component component; /**< first */
    struct v2m_config config;
    struct sim_channel *request;
    struct gic_output response;
    struct gic_output distributor;
    sim_time forward_service;
    sim_time register_service;
    uint64_t count_msis;
    uint64_t count_dropped;
};

/** What a write gives to MSI_SETSPI_NS: 32 bits, or 16. @return false if it is neither */
static bool value_of_write(const struct sim_packet *packet, uint32_t *value)
{
    bool low_half = packet->first_be == 0x3 && packet->last_be == 0;
    bool whole = packet->last_be == 0 && (packet->first_be == 0 || packet->first_be == 0xf);

    if (packet->length == 4 && whole) {
        *value = sim_load_le32(packet->data);
        return true;
    }
    *value = (uint32_t)packet->data[0] | (uint32_t)packet->data[1] << 8;
    return (packet->length == 4 && low_half) || (packet->length == 2 && (low_half || whole));
}

static bool is_mine(const struct v2m *v2m, uint32_t intid)
{
    return intid >= v2m->config.first_spi && intid - v2m->config.first_spi < v2m->config.spi_count;
}

static bool is_doorbell(const struct v2m *v2m, const struct sim_packet *packet)
{
    return packet->type == SIM_PACKET_WRITE && packet->address == v2m->config.base + V2M_MSI_SETSPI_NS;
}

static void lose(struct v2m *v2m, struct sim_packet *packet, sim_time now)
{
    v2m->count_dropped++;
    sim_mark(v2m->component.sim, packet, v2m->component.stage, now);
    sim_drop(v2m->component.sim, packet, &v2m->component, now, SIM_DROP_NOT_AN_LPI);
}

/** Takes a write of MSI_SETSPI_NS, if its SPI can leave at this edge. @return whether it was taken */
static bool take_msi(struct v2m *v2m, const struct sim_packet *head, sim_time now, sim_time *due)
{
    uint32_t value;
    bool known = value_of_write(head, &value) && is_mine(v2m, value & INTID_MASK);
    struct sim_packet *packet;

    if (known && !gic_output_is_ready(&v2m->distributor, now, due)) {
        return false;
    }
    packet = sim_channel_pop(v2m->request, now);
    v2m->count_msis++;
    if ((packet->flags & SIM_FLAG_TRACKED) != 0) {
        sim_event(v2m->component.sim, SIM_EVENT_MSI_AT_DOORBELL, packet, &v2m->component, now, 0);
    }
    gic_output_push(&v2m->response, gic_make_write_ack(v2m->component.sim, packet), now, v2m->register_service);
    if (!known) {
        lose(v2m, packet, now);
        return true;
    }
    packet->type = SIM_PACKET_GIC;
    packet->operation = GIC_SET_SPI;
    packet->intid = value & INTID_MASK;
    gic_output_push(&v2m->distributor, packet, now, v2m->forward_service);
    return true;
}

static uint32_t read_register(const struct v2m *v2m, uint64_t offset)
{
    switch (offset) {
    case V2M_MSI_TYPER:
        return v2m->config.first_spi << 16 | v2m->config.spi_count;
    case V2M_MSI_IIDR:
        return IIDR_VALUE;
    default:
        return 0;
    }
}

bool v2m_probe_register(const struct v2m *v2m, uint64_t offset, uint32_t bytes, uint64_t *value)
{
    if (bytes != 4 || offset % 4 != 0 || offset >= V2M_SIZE) {
        return false;
    }
    *value = read_register(v2m, offset);
    return true;
}

/** An access of anything but the doorbell. Registers are 32 bits; other accesses read as zero, writes do nothing. */
static void take_access(struct v2m *v2m, sim_time now)
{
    struct sim_packet *packet = sim_channel_pop(v2m->request, now);

    packet->status = SIM_STATUS_OK;
    if (packet->type == SIM_PACKET_READ) {
        memset(packet->data, 0, packet->length);
        if (packet->length == 4) {
            sim_store_le32(packet->data, read_register(v2m, packet->address - v2m->config.base));
        }
        packet->type = SIM_PACKET_COMPLETION;
    } else {
        if ((packet->flags & SIM_FLAG_TRACKED) != 0) {
            sim_mark(v2m->component.sim, packet, v2m->component.stage, now);
            sim_event(v2m->component.sim, SIM_EVENT_DROPPED, packet, &v2m->component, now, SIM_DROP_NOT_AN_LPI);
            packet->flags &= ~SIM_FLAG_TRACKED;
        }
        packet->type = SIM_PACKET_WRITE_ACK;
    }
    gic_output_push(&v2m->response, packet, now, v2m->register_service);
}

static sim_time v2m_evaluate(struct sim_component *component, sim_time now)
{
    struct v2m *v2m = (struct v2m *)component;
    const struct sim_packet *head = sim_channel_peek(v2m->request, now);
    sim_time due = SIM_TIME_NEVER;

    if (head != NULL) {
        if (!gic_output_is_ready(&v2m->response, now, &due)) {
            return due;
        }
        if (!is_doorbell(v2m, head)) {
            take_access(v2m, now);
        } else if (!take_msi(v2m, head, now, &due)) {
            return due;
        }
    }
    return sim_time_min(due, sim_channel_next_arrival(v2m->request));
}

struct v2m_config v2m_config_default(void)
{
    return (struct v2m_config){
        .period = SIM_NS, .first_spi = 64, .spi_count = 64, .forward_cycles = 2, .register_cycles = 4};
}

struct v2m *v2m_create(struct sim *sim, const char *name, const struct v2m_config *config)
{
    struct v2m *v2m = sim_alloc(sim, sizeof(*v2m));

    v2m->config = *config;
    sim_component_init(&v2m->component, sim, name, config->period, v2m_evaluate);
    if (config->first_spi < GIC_FIRST_SPI || config->spi_count == 0 ||
        config->spi_count > GIC_LAST_SPI + 1 - config->first_spi || config->first_spi > GIC_LAST_SPI) {
        sim_panic(sim, &v2m->component, NULL, "SPIs %u, %u of them, are not among %u to %u", config->first_spi,
                  config->spi_count, GIC_FIRST_SPI, GIC_LAST_SPI);
    }
    v2m->forward_service = sim_time_cycles(config->forward_cycles, config->period);
    v2m->register_service = sim_time_cycles(config->register_cycles, config->period);
    sim_counter_register(&v2m->component, "msis", &v2m->count_msis);
    sim_counter_register(&v2m->component, "dropped", &v2m->count_dropped);
    /* The answer to a write whose packet goes on. */
    sim_packet_reserve(sim, 1, false);
    return v2m;
}

struct sim_component *v2m_component(struct v2m *v2m)
{
    return &v2m->component;
}

void v2m_bind_target(struct v2m *v2m, struct sim_bus_port port)
{
    v2m->request = port.request;
    v2m->response.channel = port.response;
}

void v2m_bind_distributor(struct v2m *v2m, struct sim_channel *to)
{
    v2m->distributor.channel = to;
}
