#include "replay/rig.h"

#include "models/gic-its/its_registers.h"
#include "models/gic-its/redistributor_registers.h"
#include "models/smmuv3/smmu_regs.h"
#include "replay/rig_features.h"

#include <string.h>

#define PERIOD       SIM_NS
#define BUS_CAPACITY 16u
#define LPI_CREDITS  8u

/** Pages that walks and queues touch first during runs. */
#define FIRST_PAGES 256u

static struct sim_channel *channel(struct replay_rig *rig, struct sim_component *writer, struct sim_component *reader,
                                   uint32_t capacity)
{
    const struct sim_channel_config config = {.name = sim_printf(rig->sim, "%s -> %s", writer->name, reader->name),
                                              .writer = writer,
                                              .reader = reader,
                                              .capacity = capacity};

    return sim_channel_create(rig->sim, &config);
}

static struct sim_bus_port join(struct replay_rig *rig, struct sim_component *master, struct sim_component *target)
{
    return (struct sim_bus_port){.request = channel(rig, master, target, BUS_CAPACITY),
                                 .response = channel(rig, target, master, BUS_CAPACITY)};
}

static struct sim_bus_port join_master(struct replay_rig *rig, struct sim_component *master)
{
    struct sim_bus_port port = join(rig, master, crossbar_component(rig->interconnect));

    crossbar_bind_master(rig->interconnect, rig->next_master++, port, CROSSBAR_PORT_PLAIN);
    return port;
}

static bool join_target(struct replay_rig *rig, struct sim_component *target, uint64_t base, uint64_t size,
                        struct sim_bus_port *port)
{
    *port = join(rig, crossbar_component(rig->interconnect), target);
    crossbar_bind_target(rig->interconnect, rig->next_target, *port);
    return crossbar_map(rig->interconnect, base, size, rig->next_target++);
}

static bool build_memory(struct replay_rig *rig)
{
    const struct memory_config config = {
        .base = rig->map.ram, .size = rig->map.ram_size, .period = PERIOD, .pages = FIRST_PAGES};
    const struct crossbar_config crossbar = {.period = PERIOD, .masters = 3 + rig->cpus, .targets = 3 + rig->cpus};
    const struct host_port_config port = {.period = PERIOD};
    struct sim_bus_port bus;
    bool mapped;

    rig->memory = memory_create(rig->sim, "memory", &config);
    rig->interconnect = crossbar_create(rig->sim, "interconnect", &crossbar);
    mapped = join_target(rig, memory_component(rig->memory), rig->map.ram, rig->map.ram_size, &bus);
    memory_bind(rig->memory, 0, bus);
    rig->host_port = host_port_create(rig->sim, "host", &port);
    host_port_bind(rig->host_port, join_master(rig, host_port_component(rig->host_port)));
    host_access_init(&rig->access, rig->sim, rig->host_port, rig->memory);
    return mapped;
}

static bool build_smmu(struct replay_rig *rig, const struct smmu_config *config)
{
    struct sim_component *component;
    struct sim_bus_port port;
    bool mapped;

    rig->smmu = smmu_create(rig->sim, "smmu", config);
    component = smmu_component(rig->smmu);
    mapped = join_target(rig, component, config->base, SMMU_WINDOW_BYTES, &port);
    smmu_bind_registers(rig->smmu, port);
    smmu_bind_walker(rig->smmu, join_master(rig, component));
    port = join(rig, replay_devices_component(rig->devices), component);
    smmu_bind_upstream(rig->smmu, 0, port);
    replay_devices_bind_upstream(rig->devices, port);
    port = join(rig, component, replay_devices_component(rig->devices));
    smmu_bind_downstream(rig->smmu, 0, port);
    replay_devices_bind_downstream(rig->devices, port);
    return mapped;
}

static bool build_its(struct replay_rig *rig, const struct its_config *config)
{
    struct sim_component *component;
    struct sim_bus_port port;
    bool mapped;

    rig->its = its_create(rig->sim, "its", config);
    component = its_component(rig->its);
    mapped = join_target(rig, component, config->base, GITS_SIZE, &port);
    its_bind_target(rig->its, 0, port);
    its_bind_memory(rig->its, join_master(rig, component));
    port = join(rig, replay_devices_component(rig->devices), component);
    its_bind_target(rig->its, 1, port);
    replay_devices_bind_its(rig->devices, port);
    return mapped;
}

static bool build_processor(struct replay_rig *rig, uint32_t cpu, uint32_t intid_bits)
{
    struct redistributor_config config = redistributor_config_default();
    const struct pe_config pe_config = pe_config_default();
    struct sim_component *rd;
    struct sim_component *pe;
    struct sim_channel *to;
    struct sim_channel *from;
    struct sim_bus_port port;
    bool mapped;

    config.base = rig->map.gicr + cpu * rig->map.gicr_stride;
    config.processor_number = cpu;
    config.affinity = cpu;
    config.last = cpu + 1 == rig->cpus;
    config.intid_bits = intid_bits;
    rig->redistributors[cpu] = redistributor_create(rig->sim, sim_printf(rig->sim, "rd%u", cpu), &config);
    rig->pes[cpu] = pe_create(rig->sim, sim_printf(rig->sim, "pe%u", cpu), &pe_config);
    rd = redistributor_component(rig->redistributors[cpu]);
    pe = pe_component(rig->pes[cpu]);
    mapped = join_target(rig, rd, config.base, GICR_SIZE, &port);
    redistributor_bind_target(rig->redistributors[cpu], port);
    redistributor_bind_memory(rig->redistributors[cpu], join_master(rig, rd));
    to = channel(rig, rd, pe, 2);
    from = channel(rig, pe, rd, 2);
    redistributor_bind_pe(rig->redistributors[cpu], to, from);
    pe_bind_redistributor(rig->pes[cpu], to, from);
    to = channel(rig, its_component(rig->its), rd, LPI_CREDITS);
    from = channel(rig, rd, its_component(rig->its), LPI_CREDITS);
    its_bind_redistributor(rig->its, cpu, to, from);
    redistributor_bind_its(rig->redistributors[cpu], 0, to, from);
    return mapped;
}

/** Number of the processor that a component belongs to; UINT32_MAX: of none. */
static uint32_t processor_of(const struct replay_rig *rig, const struct sim_component *where)
{
    for (uint32_t cpu = 0; cpu < rig->cpus; cpu++) {
        if (where == redistributor_component(rig->redistributors[cpu]) || where == pe_component(rig->pes[cpu])) {
            return cpu;
        }
    }
    return UINT32_MAX;
}

/** Notes what becomes of an MSI. */
static void observe(void *context, enum sim_event_kind kind, const struct sim_packet *packet,
                    const struct sim_component *where, sim_time time, uint32_t detail)
{
    struct replay_rig *rig = context;
    struct replay_arrival *arrival = &rig->arrival;

    (void)time;
    if ((packet->flags & SIM_FLAG_MSI) == 0) {
        return;
    }
    if (kind == SIM_EVENT_MSI_DELIVERED) {
        arrival->delivered = processor_of(rig, where);
    } else if (kind == SIM_EVENT_MSI_PENDING || kind == SIM_EVENT_MSI_MERGED || kind == SIM_EVENT_DROPPED) {
        arrival->seen = true;
        arrival->kind = kind;
        arrival->id = packet->id;
        arrival->intid = packet->intid;
        arrival->collection = packet->arg;
        arrival->target = processor_of(rig, where);
        arrival->drop = kind == SIM_EVENT_DROPPED ? (enum sim_drop_reason)detail : SIM_DROP_NONE;
    }
}

static bool build(struct replay_rig *rig, const struct replay_features *features)
{
    const struct sim_observer observer = {.context = rig, .event = observe};
    bool mapped = build_memory(rig);

    rig->devices = replay_devices_create(rig->sim, "devices", PERIOD, rig->map.its, GITS_SIZE);
    mapped = build_smmu(rig, &features->smmu) && mapped;
    mapped = build_its(rig, &features->its) && mapped;
    for (uint32_t cpu = 0; cpu < rig->cpus; cpu++) {
        mapped = build_processor(rig, cpu, features->its.intid_bits) && mapped;
    }
    sim_observe(rig->sim, &observer);
    return mapped;
}

bool replay_rig_create(struct replay_rig *rig, const struct replay_recording *recording,
                       const struct replay_options *options, struct diagnostics *diagnostics)
{
    const struct diagnostic_where where = {.file = recording->regs.path};
    const struct sim_config config = {.engine = options->engine,
                                      .ops = options->ops,
                                      .shuffle = options->shuffle,
                                      .shuffle_seed = options->shuffle_seed,
                                      .panic = options->panic,
                                      .panic_context = options->panic_context};
    struct replay_features features;

    memset(rig, 0, sizeof(*rig));
    rig->map = recording->map;
    rig->cpus = recording->cpus == 0 ? 1 : recording->cpus;
    if (!replay_features_read(&features, recording, rig->cpus, options->preset, diagnostics)) {
        return false;
    }
    rig->address_bits = features.smmu.output_address_bits;
    rig->sim = sim_create(&config);
    if (!build(rig, &features)) {
        diagnostics_add(diagnostics, DIAGNOSTIC_ERROR, &where, "E2205 memory_map: two of its ranges overlap");
        return false;
    }
    return true;
}

void replay_rig_destroy(struct replay_rig *rig)
{
    if (rig->sim != NULL) {
        sim_destroy(rig->sim);
    }
    memset(rig, 0, sizeof(*rig));
}

void replay_rig_settle(struct replay_rig *rig)
{
    while (sim_run(rig->sim, SIM_TIME_NEVER - 1) != SIM_RUN_DRAINED) {
        /* A stop that somebody asked for is not ours. */
    }
}

uint64_t replay_rig_address(const struct replay_rig *rig, enum replay_unit unit, uint32_t cpu, uint64_t offset)
{
    switch (unit) {
    case REPLAY_UNIT_SMMU:
        return rig->map.smmu + offset;
    case REPLAY_UNIT_ITS:
        return rig->map.its + offset;
    case REPLAY_UNIT_GICR:
        return offset < GICR_SIZE / 2 ? rig->map.gicr + cpu * rig->map.gicr_stride + offset : 0;
    case REPLAY_UNIT_GICD:
    case REPLAY_UNITS:
        break;
    }
    return 0;
}

void replay_rig_write(struct replay_rig *rig, uint64_t address, uint64_t size, uint64_t value)
{
    switch (size) {
    case 1:
        host_write8(&rig->access, address, (uint8_t)value);
        break;
    case 2:
        host_write16(&rig->access, address, (uint16_t)value);
        break;
    case 4:
        host_write32(&rig->access, address, (uint32_t)value);
        break;
    default:
        host_write64(&rig->access, address, value);
        break;
    }
    replay_rig_settle(rig);
}

uint64_t replay_rig_read(struct replay_rig *rig, uint64_t address, uint64_t size)
{
    return size == 8 ? host_read64(&rig->access, address) : host_read32(&rig->access, address);
}

void replay_rig_access(struct replay_rig *rig, const struct replay_access *access, struct replay_outcome *outcome)
{
    rig->arrival = (struct replay_arrival){.delivered = UINT32_MAX};
    replay_devices_perform(rig->devices, access, outcome);
}

void replay_rig_signal(struct replay_rig *rig, const struct replay_access *access, struct replay_outcome *outcome)
{
    rig->arrival = (struct replay_arrival){.delivered = UINT32_MAX};
    replay_devices_signal(rig->devices, access, outcome);
}
