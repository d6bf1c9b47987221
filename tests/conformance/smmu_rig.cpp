#include "tests/conformance/smmu_rig.h"

#include "tests/support/bus_connect.h"

#include <functional>
#include <map>

namespace conformance
{

namespace
{

constexpr sim_time period = SIM_NS;
constexpr sim_time memory_latency = 20 * SIM_NS;
constexpr sim_time forever = 100 * SIM_S;

using Setter = std::function<void(smmu_config &, uint64_t)>;

unsigned address_bits(uint64_t code)
{
    static const unsigned bits[] = {32, 36, 40, 42, 44, 48, 52};

    return code < 7 ? bits[code] : 0;
}

/* Identification fields that are a choice of the model's configuration. */
const std::map<std::string, Setter> &setters()
{
    static const std::map<std::string, Setter> map = {
        {"S1P", [](smmu_config &c, uint64_t v) { c.features.stage1 = v != 0; }},
        {"S2P", [](smmu_config &c, uint64_t v) { c.features.stage2 = v != 0; }},
        {"HYP", [](smmu_config &c, uint64_t v) { c.features.hypervisor = v != 0; }},
        {"ATS", [](smmu_config &c, uint64_t v) { c.features.ats = v != 0; }},
        {"ATSRECERR", [](smmu_config &c, uint64_t v) { c.features.ats_rec_err = v != 0; }},
        {"PRI", [](smmu_config &c, uint64_t v) { c.features.pri = v != 0; }},
        {"PPS", [](smmu_config &c, uint64_t v) { c.features.pps = v != 0; }},
        {"SEV", [](smmu_config &c, uint64_t v) { c.features.sev = v != 0; }},
        {"VMW", [](smmu_config &c, uint64_t v) { c.features.vmw = v != 0; }},
        {"ST_LEVEL", [](smmu_config &c, uint64_t v) { c.features.st_two_level = v == 1; }},
        {"NS1ATS", [](smmu_config &c, uint64_t v) { c.features.ns1ats = v != 0; }},
        {"ASID16", [](smmu_config &c, uint64_t v) { c.features.asid16 = v != 0; }},
        {"VMID16", [](smmu_config &c, uint64_t v) { c.features.vmid16 = v != 0; }},
        {"CD2L", [](smmu_config &c, uint64_t v) { c.features.cd_two_level = v != 0; }},
        {"TERM_MODEL", [](smmu_config &c, uint64_t v) { c.features.term_abort = v != 0; }},
        {"STALL_MODEL", [](smmu_config &c, uint64_t v) { c.features.stall = static_cast<uint8_t>(v); }},
        {"TTENDIAN", [](smmu_config &c, uint64_t v) { c.features.endian = static_cast<uint8_t>(v); }},
        {"HTTU", [](smmu_config &c, uint64_t v) { c.features.httu = static_cast<uint8_t>(v); }},
        {"ATTR_TYPES_OVR", [](smmu_config &c, uint64_t v) { c.features.types_ovr = v != 0; }},
        {"ATTR_PERMS_OVR", [](smmu_config &c, uint64_t v) { c.features.perms_ovr = v != 0; }},
        {"HAD", [](smmu_config &c, uint64_t v) { c.features.had = v != 0; }},
        {"XNX", [](smmu_config &c, uint64_t v) { c.features.xnx = v != 0; }},
        {"STT", [](smmu_config &c, uint64_t v) { c.features.stt = v != 0; }},
        {"GRAN4K", [](smmu_config &c, uint64_t v) { c.features.granule_4k = v != 0; }},
        {"GRAN16K", [](smmu_config &c, uint64_t v) { c.features.granule_16k = v != 0; }},
        {"GRAN64K", [](smmu_config &c, uint64_t v) { c.features.granule_64k = v != 0; }},
        {"VAX", [](smmu_config &c, uint64_t v) { c.features.va52 = v == 1; }},
        {"DS", [](smmu_config &c, uint64_t v) { c.features.ds = v != 0; }},
        {"MSI", [](smmu_config &c, uint64_t v) { c.msi = v != 0; }},
        {"SIDSIZE", [](smmu_config &c, uint64_t v) { c.stream_id_bits = static_cast<uint32_t>(v); }},
        {"SSIDSIZE", [](smmu_config &c, uint64_t v) { c.substream_id_bits = static_cast<uint32_t>(v); }},
        {"OAS", [](smmu_config &c, uint64_t v) { c.output_address_bits = address_bits(v); }},
        {"CMDQS", [](smmu_config &c, uint64_t v) { c.command_queue_bits = static_cast<uint32_t>(v); }},
        {"PRIQS", [](smmu_config &c, uint64_t v) { c.pri_queue_bits = static_cast<uint32_t>(v); }},
        {"EVENTQS", [](smmu_config &c, uint64_t v) { c.event_queue_bits = static_cast<uint32_t>(v); }},
    };

    return map;
}

/* What identification registers have no field for, or one that follows from elsewhere. */
void set_feature(smmu_config &config, const std::string &feature)
{
    if (feature == "ECMDQ") {
        config.ecmdq_pages = 1;
        config.ecmdq_queues = 4;
    } else if (feature == "TEGRA241_CMDQV") {
        config.vcmdqs = 2;
        config.vintfs = 2;
        config.vintf_sids = 4;
    } else if (setters().count(feature) > 0) {
        setters().at(feature)(config, 1);
    }
}

} // namespace

smmu_config smmu_config_of(const Value &idr, const std::vector<std::string> &features,
                           const std::map<std::string, std::string> &options)
{
    /* The sizes of queues are as large as a case's registers want them. */
    static const std::set<std::string> sizes = {"CMDQS", "EVENTQS", "PRIQS"};
    smmu_config config;

    smmu_config_defaults(&config);
    if (const auto preset = options.find("smmu-preset");
        preset != options.end() && !smmu_config_preset(&config, preset->second.c_str())) {
        throw CaseError({}, "there is no preset `" + preset->second + "` of an SMMU");
    }
    config.base = SmmuRig::register_base;
    config.period = period;
    config.command_queue_bits = 19;
    config.event_queue_bits = 19;
    config.pri_queue_bits = 19;
    for (const auto &setter : setters()) {
        const Value *wanted = idr.find(setter.first);

        if (wanted != nullptr) {
            setter.second(config, wanted->to_number());
        } else if (!idr.children.empty() && sizes.count(setter.first) == 0) {
            setter.second(config, 0);
        }
    }
    for (const std::string &feature : features) {
        set_feature(config, feature);
    }
    if (idr.number_or("ECMDQ", 0) != 0) {
        set_feature(config, "ECMDQ");
    }
    if (smmu_config_error(&config) != nullptr) {
        throw Skip(std::string("the model cannot be built so: ") + smmu_config_error(&config));
    }
    return config;
}

SmmuRig::SmmuRig(const smmu_config &given, const std::map<std::string, std::string> &options, struct sim *shared)
    : config(given), sim(shared != nullptr ? shared : make_sim(options)), owns_sim_(shared == nullptr)
{
    bus_connect_config wide = {};

    memory = std::make_unique<MemoryPort>(sim, "smmu.tables", period, memory_latency);
    host_ = bus_driver_create(sim, "smmu.host", period);
    smmu_ = smmu_create(sim, "smmu", &config);
    smmu_observe_commands(smmu_, &SmmuRig::on_smmu_command, this);
    wide.request_capacity = 64;
    wide.response_capacity = 64;
    sim_bus_port port = bus_connect(sim, "walker", smmu_component(smmu_), memory->component(), &wide);
    smmu_bind_walker(smmu_, port);
    memory->bind(port);
    port = bus_connect(sim, "registers", bus_driver_component(host_), smmu_component(smmu_), nullptr);
    bus_driver_bind(host_, port);
    smmu_bind_registers(smmu_, port);
    if (owns_sim_) {
        connect_ports();
    }
}

/** A device and a sink at every port, and an observer of what the SMMU drops. */
void SmmuRig::connect_ports()
{
    sim_observer observer = {};

    observer.context = this;
    observer.event = &SmmuRig::on_event;
    sim_observe(sim, &observer);
    device = std::make_unique<DevicePort>(sim, "device", period);
    sink = std::make_unique<SinkPort>(sim, "sink", period, memory_latency);
    for (uint32_t i = 0; i < config.ports; i++) {
        bus_connect_config wide = {};

        wide.request_capacity = 64;
        wide.response_capacity = 64;
        sim_bus_port port = bus_connect(sim, "upstream", device->component(), smmu_component(smmu_), &wide);
        device->bind(port);
        smmu_bind_upstream(smmu_, i, port);
        port = bus_connect(sim, "downstream", smmu_component(smmu_), sink->component(), &wide);
        sink->bind(port);
        smmu_bind_downstream(smmu_, i, port);
    }
}

sim_bus_port SmmuRig::connect(struct sim_component *master, const std::function<void(sim_bus_port)> &bind_master,
                              struct sim_component *target)
{
    sim_bus_port port = bus_connect(sim, "upstream", master, smmu_component(smmu_), nullptr);

    bind_master(port);
    smmu_bind_upstream(smmu_, 0, port);
    port = bus_connect(sim, "downstream", smmu_component(smmu_), target, nullptr);
    smmu_bind_downstream(smmu_, 0, port);
    return port;
}

SmmuRig::~SmmuRig()
{
    if (owns_sim_) {
        sim_destroy(sim);
    }
}

void SmmuRig::on_event(void *context, sim_event_kind kind, const sim_packet *packet, const sim_component *where,
                       sim_time time, uint32_t detail)
{
    (void)where;
    (void)time;
    (void)detail;
    if (kind == SIM_EVENT_DROPPED) {
        static_cast<SmmuRig *>(context)->dropped.insert(packet->id);
    }
}

void SmmuRig::on_smmu_command(void *context, uint32_t queue, const uint64_t *words)
{
    const auto *rig = static_cast<const SmmuRig *>(context);

    (void)queue;
    if (rig->on_command) {
        rig->on_command(words);
    }
}

void SmmuRig::interrupt(std::function<void()> hook)
{
    hooks_.push_back(std::move(hook));
    sim_request_stop(sim);
}

void SmmuRig::run()
{
    const sim_time end = sim_now(sim) + forever;

    for (;;) {
        const sim_run_result result = sim_run(sim, end);

        if (result == SIM_RUN_DRAINED) {
            return;
        }
        if (result == SIM_RUN_REACHED_END) {
            throw Failure("the unit never becomes idle");
        }
        const std::vector<std::function<void()>> hooks = std::move(hooks_);

        hooks_.clear();
        for (const std::function<void()> &hook : hooks) {
            hook();
        }
    }
}

uint64_t SmmuRig::access(uint32_t offset, uint64_t value, uint32_t bytes, bool is_write)
{
    const uint64_t address = register_base + offset;
    const uint32_t index =
        is_write ? bus_driver_write(host_, 0, address, value, bytes) : bus_driver_read(host_, 0, address, bytes);
    const bus_driver_result *result = bus_driver_get_result(host_, index);

    /* Only until the answer: a probe looks at a register while the unit goes on. */
    bus_driver_set_stop_when_done(host_, true);
    while (!result->answered) {
        if (sim_run(sim, sim_now(sim) + forever) != SIM_RUN_STOPPED && !result->answered) {
            throw Failure("a register access is never answered");
        }
    }
    bus_driver_set_stop_when_done(host_, false);
    if (result->status != SIM_STATUS_OK) {
        throw Failure("a register access is answered with an error");
    }
    return result->value;
}

uint64_t SmmuRig::read(uint32_t offset, uint32_t bytes)
{
    const uint64_t value = access(offset, 0, bytes, false);

    return bytes == 4 ? value & 0xFFFFFFFF : value;
}

void SmmuRig::write(uint32_t offset, uint64_t value, uint32_t bytes)
{
    access(offset, value, bytes, true);
}

uint64_t SmmuRig::idr(const std::string &field, const Place &place)
{
    for (const char *name : {"IDR0", "IDR1", "IDR3", "IDR5"}) {
        const Register *reg = find_smmu_register(name);

        if (const Field *found = reg->find(field)) {
            const uint64_t value = read(*reg);

            return get_field(*found, &value);
        }
    }
    throw CaseError(place, "`" + field + "` is not an identification field");
}

} // namespace conformance
