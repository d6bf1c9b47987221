#include "models/pcie/link.h"

#include "sim/sim.h"

#include <string.h>

#define UPDATE_FC_BYTES 8u
#define SMALLEST_TLP    20u
#define MOST_SLOTS      4096u
#define FEW_BLOCKS      16u

static const char *const class_names[PCIE_CLASSES] = {"posted", "non-posted", "completion"};

void pcie_link_config_init(struct pcie_link_config *config)
{
    const struct pcie_credits credits = {64, 1024, 64, 64, 64, 1024};

    memset(config, 0, sizeof(*config));
    config->speed = PCIE_LINK_DEFAULT_SPEED;
    config->width = PCIE_LINK_DEFAULT_WIDTH;
    config->latency = PCIE_LINK_DEFAULT_LATENCY;
    config->upper_credits = credits;
    config->lower_credits = credits;
}

uint64_t pcie_link_fs_per_byte(uint32_t speed, uint32_t width)
{
    /* A byte takes 8 / (speed × 10^6 × width × efficiency) seconds; in fs that is 8 × 10^9 / (speed × width × ...). */
    uint64_t numerator = (UINT64_C(8) * 1000 * 1000 * 1000) << SIM_WIRE_FRACTION_BITS;
    uint64_t rate = (uint64_t)speed * width;

    switch (speed) {
    case 2500:
    case 5000:
        numerator = numerator / 8 * 10;
        break;
    case 8000:
    case 16000:
    case 32000:
        numerator = numerator / 128 * 130;
        break;
    case 64000:
        numerator = numerator / 236 * 256;
        break;
    default:
        return 0;
    }
    return (numerator + rate / 2) / rate;
}

static uint32_t headers_of(const struct pcie_credits *credits, enum pcie_class class_)
{
    switch (class_) {
    case PCIE_POSTED:
        return credits->posted_headers;
    case PCIE_NON_POSTED:
        return credits->non_posted_headers;
    default:
        return credits->completion_headers;
    }
}

static uint32_t data_of(const struct pcie_credits *credits, enum pcie_class class_)
{
    switch (class_) {
    case PCIE_POSTED:
        return credits->posted_data;
    case PCIE_NON_POSTED:
        return credits->non_posted_data;
    default:
        return credits->completion_data;
    }
}

/**
 * Slots for infinite header credits: more than can be between sending and the return of the credit while the receiver
 * takes one an edge, so they are never what holds a sender back.
 */
static uint32_t enough_slots(const struct sim_channel_config *channel)
{
    sim_time gap = sim_time_max(sim_wire_time(channel->wire, SMALLEST_TLP),
                                sim_time_max(channel->writer->period, channel->reader->period));
    sim_time loop = channel->latency + channel->credit_latency + 4 * gap;

    return (uint32_t)sim_time_min(loop / gap + 8, MOST_SLOTS);
}

/**
 * Payload blocks for as many large TLPs as the credits of a class let be under way; for the ways against the main
 * stream (writes of the host and of peers down, answers of functions up), whose receivers take at once, at most a few.
 */
static void reserve_payloads(struct sim *sim, const struct sim_channel_config *channel, bool main_stream)
{
    uint32_t large = sim_channel_units(SIM_PACKET_INLINE_BYTES + 1);
    uint32_t blocks = channel->units == 0 ? channel->capacity : channel->units / large;
    uint32_t most = main_stream || channel->capacity < FEW_BLOCKS ? channel->capacity : FEW_BLOCKS;

    sim_packet_reserve(sim, blocks < most ? blocks : most, true);
}

struct direction {
    const char *name;
    bool upwards;
    struct sim_wire *wire;
    struct pcie_end from;
    struct pcie_end to;
    const struct pcie_credits *credits; /**< of the receiver */
};

static struct sim_channel *make_channel(struct sim *sim, const char *name, const struct pcie_link_config *config,
                                        const struct direction *direction, enum pcie_class class_)
{
    sim_time update = config->latency + sim_wire_time(direction->wire, UPDATE_FC_BYTES);
    struct sim_channel_config channel = {
        .name = sim_printf(sim, "%s.%s.%s", name, direction->name, class_names[class_]),
        .writer = direction->from.component,
        .reader = direction->to.component,
        .latency = config->latency,
        .credit_latency = config->credit_latency != 0 ? config->credit_latency : update,
        .capacity = headers_of(direction->credits, class_),
        .units = data_of(direction->credits, class_),
        .wire = direction->wire,
        .cut_through = direction->to.cut_through,
    };

    if (channel.capacity == 0) {
        channel.capacity = enough_slots(&channel);
    }
    if (class_ != PCIE_NON_POSTED) {
        reserve_payloads(sim, &channel, direction->upwards == (class_ == PCIE_POSTED));
    }
    return sim_channel_create(sim, &channel);
}

static void describe_port(struct pcie_port *port, const struct pcie_link_config *config)
{
    bool flit = config->speed >= 64000;

    port->framing = flit ? 0 : PCIE_FRAMING_BYTES;
    port->framing_head = flit ? 0 : PCIE_FRAMING_HEAD_BYTES;
    port->speed = config->speed;
    port->width = config->width;
}

struct pcie_link *pcie_link_create(struct sim *sim, const char *name, const struct pcie_link_config *config,
                                   struct pcie_end upper, struct pcie_end lower)
{
    struct pcie_link *link = sim_alloc(sim, sizeof(*link));
    struct direction down = {"down", false, &link->down_wire, upper, lower, &config->lower_credits};
    struct direction up = {"up", true, &link->up_wire, lower, upper, &config->upper_credits};
    uint64_t fs_per_byte = config->width == 0 ? 0 : pcie_link_fs_per_byte(config->speed, config->width);

    if (fs_per_byte == 0 || config->width > 32 || (config->width & (config->width - 1)) != 0) {
        sim_panic(sim, NULL, NULL, "link %s: no link has %u MT/s and %u lanes", name, config->speed, config->width);
    }
    link->down_wire.fs_per_byte = fs_per_byte;
    link->up_wire.fs_per_byte = fs_per_byte;
    describe_port(&link->upper, config);
    describe_port(&link->lower, config);
    for (unsigned i = 0; i < PCIE_CLASSES; i++) {
        link->upper.transmit[i] = make_channel(sim, name, config, &down, (enum pcie_class)i);
        link->lower.receive[i] = link->upper.transmit[i];
        link->lower.transmit[i] = make_channel(sim, name, config, &up, (enum pcie_class)i);
        link->upper.receive[i] = link->lower.transmit[i];
    }
    return link;
}
