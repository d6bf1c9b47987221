#include "models/pcie/virtual_channels.h"

#include "sim/sim.h"

#include <string.h>

#define ENTRY_SIZE_CODE  3u /* entries of port arbitration tables have 1 << 3 bits */
#define VC_TABLE_BYTES   (PCIE_VC_PHASES / 2)
#define PORT_TABLE_BYTES PCIE_VC_PHASES
#define TABLE_UNIT       16u

#define TURNS          (1u << PCIE_VC_ROUND_ROBIN)
#define TURNS_OR_TABLE (TURNS | 1u << PCIE_VC_WEIGHTED_32 | 1u << PCIE_VC_WEIGHTED_64 | 1u << PCIE_VC_WEIGHTED_128)

/* ---- Where things lie in the capability ---- */

static unsigned resource_at(const struct pcie_config_space *space, unsigned resource)
{
    return space->vc + PCIE_VC_RESOURCE(resource);
}

/** Offset of the VC arbitration table from the start of the capability. */
static unsigned vc_table_offset(const struct pcie_vc_config *config)
{
    return (PCIE_VC_RESOURCE(config->extended + 1) + TABLE_UNIT - 1) & ~(TABLE_UNIT - 1);
}

static unsigned port_table_offset(const struct pcie_vc_config *config, unsigned resource)
{
    return vc_table_offset(config) + VC_TABLE_BYTES + resource * PORT_TABLE_BYTES;
}

static unsigned capability_bytes(const struct pcie_vc_config *config)
{
    return config->port_tables ? port_table_offset(config, config->extended + 1)
                               : vc_table_offset(config) + VC_TABLE_BYTES;
}

/* ---- Building ---- */

static void allow_table(struct pcie_config_space *space, unsigned at, unsigned bytes, uint32_t bits)
{
    for (unsigned i = 0; i < bytes; i += 4) {
        pcie_config_allow32(space, at + i, bits);
    }
}

static void add_resource(struct pcie_config_space *space, const struct pcie_vc_config *config, unsigned resource)
{
    unsigned at = resource_at(space, resource);
    uint32_t writable = PCIE_VC_TC_MAP & ~1u; /* TC0 belongs to VC0 for good */

    if (resource == 0) {
        pcie_config_set32(space, at + PCIE_VC_RESOURCE_CONTROL, PCIE_VC_ENABLE | PCIE_VC_TC_MAP);
    } else {
        pcie_config_set32(space, at + PCIE_VC_RESOURCE_CONTROL, resource << PCIE_VC_ID_SHIFT);
        writable |= PCIE_VC_ENABLE | PCIE_VC_ID;
    }
    if (config->port_tables) {
        unsigned offset = port_table_offset(config, resource);

        pcie_config_set32(space, at, offset / TABLE_UNIT << PCIE_VC_TABLE_OFFSET_SHIFT | TURNS_OR_TABLE);
        writable |= PCIE_VC_LOAD_PORT_TABLE | PCIE_VC_PORT_SELECT;
        allow_table(space, space->vc + offset, PORT_TABLE_BYTES, 0xffffffffu);
    } else {
        pcie_config_set32(space, at, TURNS);
    }
    pcie_config_allow32(space, at + PCIE_VC_RESOURCE_CONTROL, writable);
}

static void add_capability(struct pcie_config_space *space, const struct pcie_vc_config *config)
{
    unsigned offset = vc_table_offset(config);

    space->vc = pcie_config_add_extended(space, PCIE_EXT_CAP_ID_VC, 1, (uint16_t)capability_bytes(config));
    pcie_config_set32(space, space->vc + PCIE_VC_PORT_CAPABILITY1,
                      config->extended | config->low_priority << PCIE_VC_LOW_PRIORITY_COUNT_SHIFT |
                          (config->port_tables ? ENTRY_SIZE_CODE << PCIE_VC_ENTRY_SIZE_SHIFT : 0));
    if (config->low_priority > 0) {
        pcie_config_set32(space, space->vc + PCIE_VC_PORT_CAPABILITY2,
                          offset / TABLE_UNIT << PCIE_VC_TABLE_OFFSET_SHIFT | TURNS_OR_TABLE);
        pcie_config_allow16(space, space->vc + PCIE_VC_PORT_CONTROL, PCIE_VC_LOAD_TABLE | PCIE_VC_ARBITRATION_SELECT);
        allow_table(space, space->vc + offset, VC_TABLE_BYTES, 0x77777777u);
    }
    for (unsigned i = 0; i <= config->extended; i++) {
        add_resource(space, config, i);
    }
}

void pcie_vcs_init(struct pcie_vcs *vcs, struct pcie_config_space *space, struct sim *sim,
                   const struct pcie_vc_config *config)
{
    memset(vcs, 0, sizeof(*vcs));
    vcs->config = *config;
    vcs->count = config->extended + 1;
    vcs->enabled = 1;
    if (config->extended >= PCIE_MAX_VCS || config->low_priority > config->extended) {
        sim_panic(sim, NULL, NULL, "a port cannot have %u virtual channels besides VC0, %u of low priority",
                  config->extended, config->low_priority);
    }
    if (config->extended > 0) {
        add_capability(space, config);
        if (config->port_tables) {
            vcs->port_tables = sim_alloc(sim, vcs->count * sizeof(*vcs->port_tables));
        }
    }
    pcie_vcs_decode(vcs, space);
}

/* ---- Decoding ---- */

static uint16_t phases_of(unsigned select)
{
    return (uint16_t)(select >= PCIE_VC_WEIGHTED_32 && select <= PCIE_VC_WEIGHTED_128 ? 16u << select : 0);
}

/** @param bits of an entry: 4 or 8 */
static void load_table(struct pcie_vc_table *table, const uint8_t *bytes, unsigned bits)
{
    for (unsigned i = 0; i < PCIE_VC_PHASES; i++) {
        table->entries[i] = bits == 8 ? bytes[i] : (uint8_t)(bytes[i / 2] >> (4 * (i & 1)) & 7);
    }
    table->phase = 0;
}

/** A table that is not as it was loaded shows that. */
static bool table_differs(const struct pcie_vc_table *table, const uint8_t *bytes, unsigned bits)
{
    struct pcie_vc_table now;

    load_table(&now, bytes, bits);
    return memcmp(now.entries, table->entries, sizeof(now.entries)) != 0;
}

static void select_scheme(struct pcie_vc_table *table, unsigned select)
{
    if (table->phases != phases_of(select)) {
        table->phases = phases_of(select);
        table->phase = 0;
    }
}

static void decode_arbitration(struct pcie_vcs *vcs, struct pcie_config_space *space)
{
    const uint8_t *bytes = space->value + space->vc + vc_table_offset(&vcs->config);
    unsigned at = space->vc + PCIE_VC_PORT_CONTROL;
    uint16_t control = pcie_config_get16(space, at);

    if ((control & PCIE_VC_LOAD_TABLE) != 0) {
        load_table(&vcs->arbitration, bytes, 4);
        pcie_config_set16(space, at, control & (uint16_t)~PCIE_VC_LOAD_TABLE);
    }
    select_scheme(&vcs->arbitration, (control & PCIE_VC_ARBITRATION_SELECT) >> PCIE_VC_ARBITRATION_SELECT_SHIFT);
    pcie_config_set16(space, space->vc + PCIE_VC_PORT_STATUS,
                      table_differs(&vcs->arbitration, bytes, 4) ? PCIE_VC_TABLE_STATUS : 0);
}

static void decode_port_table(struct pcie_vcs *vcs, struct pcie_config_space *space, unsigned resource, unsigned id)
{
    const uint8_t *bytes = space->value + space->vc + port_table_offset(&vcs->config, resource);
    unsigned at = resource_at(space, resource);
    uint32_t control = pcie_config_get32(space, at + PCIE_VC_RESOURCE_CONTROL);
    uint16_t status = pcie_config_get16(space, at + PCIE_VC_RESOURCE_STATUS) & (uint16_t)~PCIE_VC_TABLE_STATUS;
    struct pcie_vc_table *table = &vcs->port_tables[id];

    if ((control & PCIE_VC_LOAD_PORT_TABLE) != 0) {
        load_table(table, bytes, 8);
        pcie_config_set32(space, at + PCIE_VC_RESOURCE_CONTROL, control & ~PCIE_VC_LOAD_PORT_TABLE);
    }
    select_scheme(table, (control & PCIE_VC_PORT_SELECT) >> PCIE_VC_PORT_SELECT_SHIFT);
    pcie_config_set16(space, at + PCIE_VC_RESOURCE_STATUS,
                      table_differs(table, bytes, 8) ? status | PCIE_VC_TABLE_STATUS : status);
}

static void decode_resource(struct pcie_vcs *vcs, struct pcie_config_space *space, unsigned resource)
{
    uint32_t control = pcie_config_get32(space, resource_at(space, resource) + PCIE_VC_RESOURCE_CONTROL);
    unsigned id = (control & PCIE_VC_ID) >> PCIE_VC_ID_SHIFT;

    if ((control & PCIE_VC_ENABLE) == 0 || id >= vcs->count || (id == 0 && resource != 0)) {
        return;
    }
    vcs->enabled |= (uint8_t)(1u << id);
    vcs->resource_of[id] = (uint8_t)resource;
    for (unsigned tc = 0; tc < PCIE_TRAFFIC_CLASSES; tc++) {
        if ((control >> tc & 1) != 0) {
            vcs->vc_of[tc] = (uint8_t)id;
        }
    }
    if (vcs->port_tables != NULL) {
        decode_port_table(vcs, space, resource, id);
    }
}

void pcie_vcs_decode(struct pcie_vcs *vcs, struct pcie_config_space *space)
{
    if (space->vc == 0) {
        return;
    }
    vcs->enabled = 0;
    memset(vcs->vc_of, PCIE_NO_VC, sizeof(vcs->vc_of));
    for (unsigned i = 0; i <= vcs->config.extended; i++) {
        decode_resource(vcs, space, i);
    }
    if (vcs->config.low_priority > 0) {
        decode_arbitration(vcs, space);
    }
}

void pcie_vcs_bind(struct pcie_vcs *vcs, struct pcie_config_space *space, const struct pcie_port *link)
{
    vcs->count = vcs->count < link->vcs ? vcs->count : link->vcs;
    pcie_vcs_decode(vcs, space);
}

void pcie_vcs_follow(const struct pcie_vcs *vcs, struct pcie_config_space *space, const struct pcie_port *link,
                     sim_time now)
{
    if (space->vc == 0 || link == NULL) {
        return;
    }
    for (unsigned id = 1; id < vcs->count; id++) {
        unsigned status = resource_at(space, vcs->resource_of[id]) + PCIE_VC_RESOURCE_STATUS;
        bool enabled = (vcs->enabled >> id & 1) != 0;
        uint16_t others = pcie_config_get16(space, status) & (uint16_t)~PCIE_VC_NEGOTIATION_PENDING;
        bool pending;

        pcie_port_enable_vc(link, id, enabled, now);
        if (!enabled) {
            continue;
        }
        pending = !pcie_port_vc_is_ready(link, id, now);
        pcie_config_set16(space, status, pending ? others | PCIE_VC_NEGOTIATION_PENDING : others);
    }
}

uint32_t pcie_vcs_read(const struct pcie_vcs *vcs, const struct pcie_config_space *space, const struct pcie_port *link,
                       sim_time now, unsigned offset)
{
    const uint32_t pending_bit = (uint32_t)PCIE_VC_NEGOTIATION_PENDING << 16;
    uint32_t value = pcie_config_get32(space, offset);

    for (unsigned id = 1; space->vc != 0 && link != NULL && id < vcs->count; id++) {
        unsigned status = resource_at(space, vcs->resource_of[id]) + PCIE_VC_RESOURCE_STATUS;

        /* The status is the upper half of its double word. */
        if ((vcs->enabled >> id & 1) != 0 && status == offset + 2) {
            value = pcie_port_vc_is_ready(link, id, now) ? value & ~pending_bit : value | pending_bit;
        }
    }
    return value;
}

/* ---- Arbitration ---- */

unsigned pcie_vc_table_distance(const struct pcie_vc_table *table, unsigned name)
{
    for (unsigned i = 0; i < table->phases; i++) {
        if (table->entries[(table->phase + i) % table->phases] == name) {
            return i;
        }
    }
    return PCIE_VC_PHASES;
}

void pcie_vc_table_pass(struct pcie_vc_table *table, unsigned name)
{
    unsigned distance = pcie_vc_table_distance(table, name);

    if (distance < PCIE_VC_PHASES) {
        table->phase = (uint8_t)((table->phase + distance + 1) % table->phases);
    }
}

unsigned pcie_vcs_choose(const struct pcie_vcs *vcs, unsigned ready)
{
    unsigned group = vcs->config.low_priority + 1;
    unsigned low = ready & ((1u << group) - 1);
    unsigned turn = vcs->turn;

    if (low != ready) {
        return 31u - (unsigned)__builtin_clz(ready);
    }
    for (unsigned i = 0; i < vcs->arbitration.phases; i++) {
        unsigned phase = (vcs->arbitration.phase + i) % vcs->arbitration.phases;

        if ((low >> vcs->arbitration.entries[phase] & 1) != 0) {
            return vcs->arbitration.entries[phase];
        }
    }
    while ((low >> turn & 1) == 0) {
        turn = turn + 1 < group ? turn + 1 : 0;
    }
    return turn;
}

void pcie_vcs_sent(struct pcie_vcs *vcs, unsigned vc)
{
    unsigned group = vcs->config.low_priority + 1;

    if (vc >= group) {
        return;
    }
    vcs->turn = (uint8_t)(vc + 1 < group ? vc + 1 : 0);
    if (vcs->arbitration.phases != 0) {
        pcie_vc_table_pass(&vcs->arbitration, vc);
    }
}
