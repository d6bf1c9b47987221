#include "wrappers/smmu.h"

#include <algorithm>
#include <string>
#include <utility>

namespace doorbell
{

namespace
{

bus_target_options register_options(const smmu::options &how)
{
    bus_target_options options;

    options.offset = how.register_offset;
    options.slots = how.slots;
    options.registers = true;
    return options;
}

bus_initiator_options walker_options(const smmu::options &how)
{
    bus_initiator_options options;

    options.latency = how.latency;
    options.slots = how.slots;
    return options;
}

std::string numbered(const char *what, unsigned i)
{
    return what + std::to_string(i);
}

} // namespace

smmu::smmu(const sc_core::sc_module_name &name, simulation &whole, const smmu_config &config)
    : smmu(name, whole, config, options())
{
}

smmu::smmu(const sc_core::sc_module_name &name, simulation &whole, const smmu_config &config, const options &how)
    : sc_core::sc_module(name), wires("wire", SMMU_WIRES), whole_(whole), config_(config), how_(how),
      registers_("registers", whole, register_options(how)), walker_("walker", whole, walker_options(how))
{
    const char *wrong = smmu_config_error(&config);

    if (wrong != nullptr) {
        SC_REPORT_FATAL("/Doorbell/smmu", wrong);
    }
    model_ = smmu_create(whole.handle(), this->name(), &config);
    smmu_bind_registers(model_, registers_.attach(smmu_component(model_)));
    smmu_bind_walker(model_, walker_.attach(smmu_component(model_)));
    registers_.on_debug(
        [this](tlm::tlm_generic_payload &payload, uint64_t address) { return debug_register(payload, address); });
    registers_.on_taken([this] { take_direct_memory_back(); });
    for (unsigned i = 0; i < config.ports; i++) {
        build_port(i);
    }
    smmu_observe_commands(
        model_,
        [](void *context, uint32_t, const uint64_t *) { static_cast<smmu *>(context)->take_direct_memory_back(); },
        this);
    if (how_.write_outcomes) {
        whole.listen([this](const simulation::event &event) {
            if (event.kind == SIM_EVENT_DROPPED && event.where == smmu_component(model_) &&
                event.packet->type == SIM_PACKET_WRITE) {
                written(event.packet->cookie, SIM_STATUS_CA, event.time);
            }
        });
    }
    whole.watch([this] {
        for (unsigned i = 0; i < SMMU_WIRES; i++) {
            if (states_[i].edges != smmu_get_edges(model_, static_cast<smmu_wire>(i))) {
                pulse_.notify(sc_core::SC_ZERO_TIME);
            }
        }
    });
    SC_HAS_PROCESS(smmu);
    SC_METHOD(drive_wires);
    sensitive << pulse_;
    dont_initialize();
}

void smmu::build_port(unsigned port)
{
    bus_target_options upstream;
    bus_initiator_options downstream = walker_options(how_);

    upstream.slots = how_.slots;
    upstream.posted = true;
    upstream.awaits_outcome = how_.write_outcomes;
    if (port < how_.defaults.size()) {
        upstream.defaults = how_.defaults[port];
    }
    downstream.posted = true;
    tbus_.push_back(std::make_unique<bus_target>(numbered("tbu", port).c_str(), whole_, upstream));
    memories_.push_back(std::make_unique<bus_initiator>(numbered("memory", port).c_str(), whole_, downstream));
    messages_.push_back(std::make_unique<message_port>(numbered("ats", port).c_str(), whole_,
                                                       [this, port](sim_time at) { tbus_[port]->release_answer(at); }));
    smmu_bind_upstream(model_, port, tbus_[port]->attach(smmu_component(model_)));
    smmu_bind_downstream(model_, port, memories_[port]->attach(smmu_component(model_)));
    tbus_[port]->on_message(
        [this, port](sim_packet *packet, sim_time arrival) { messages_[port]->send(packet, arrival); });
    tbus_[port]->on_command(
        [this, port](const tlm::tlm_generic_payload &payload) { return make_message(port, payload); });
    tbus_[port]->on_debug(
        [this, port](tlm::tlm_generic_payload &payload, uint64_t address) { return debug(port, payload, address); });
    tbus_[port]->on_direct_memory([this, port](tlm::tlm_generic_payload &payload, uint64_t address,
                                               tlm::tlm_dmi &given) { return grant(port, payload, address, given); });
    memories_[port]->on_written(
        [this](uint64_t cookie, sim_packet_status status, sim_time at) { written(cookie, status, at); });
    memories_[port]->on_invalidate([this](uint64_t, uint64_t) { take_direct_memory_back(); });
}

void smmu::written(uint64_t cookie, sim_packet_status status, sim_time at)
{
    for (const auto &tbu : tbus_) {
        if (how_.write_outcomes) {
            tbu->finish_write(cookie, status, at);
        }
    }
}

sim_packet *smmu::make_message(unsigned port, const tlm::tlm_generic_payload &payload) const
{
    const tlp *header = payload.get_extension<tlp>();
    sim_packet *packet;

    if (header == nullptr || header->kind != tlp_kind::message) {
        return nullptr;
    }
    packet = sim_packet_new(whole_.handle(), header->length);
    header->store(packet);
    const uint32_t flags = packet->flags;
    const uint32_t pasid = packet->pasid;
    const uint16_t requester = packet->requester;
    tbus_[port]->sideband_of(payload).store(packet);
    packet->flags |= flags;
    packet->pasid = (flags & SIM_FLAG_PASID) != 0 ? pasid : packet->pasid;
    packet->requester = requester;
    packet->born = whole_.now();
    packet->last_mark = packet->born;
    std::copy_n(payload.get_data_ptr(), header->length, packet->data);
    return packet;
}

/* ---- Wires: a pulse of one cycle for each edge, and a cycle between two of them ---- */

void smmu::drive_wires()
{
    const sim_time now = whole_.now();
    sim_time next = SIM_TIME_NEVER;

    for (unsigned i = 0; i < SMMU_WIRES; i++) {
        wire_state &state = states_[i];
        const bool pending = state.edges != smmu_get_edges(model_, static_cast<smmu_wire>(i));

        if (state.until <= now && (state.level || pending)) {
            state.level = !state.level;
            state.until = now + config_.period;
            state.edges += state.level ? 1 : 0;
            if (wires[i].size() > 0) {
                wires[i]->write(state.level);
            }
        }
        if (state.level || pending) {
            next = std::min(next, std::max(state.until, now + 1));
        }
    }
    if (next != SIM_TIME_NEVER) {
        pulse_.notify(whole_.to_kernel(next - now));
    }
}

/* ---- Without time ---- */

smmu_probe_result smmu::probe(unsigned port, const tlm::tlm_generic_payload &payload, uint64_t address, bool write)
{
    const sideband &beside = tbus_[port]->sideband_of(payload);
    struct smmu_probe transaction = {};

    transaction.address = address;
    transaction.has_stream_id = beside.has_stream_id;
    transaction.stream_id = beside.stream_id;
    transaction.has_substream = beside.has_substream_id;
    transaction.substream_id = beside.substream_id;
    transaction.translated = beside.address_type == SIM_AT_TRANSLATED;
    transaction.write = write;
    transaction.execute = beside.instruction;
    transaction.privileged = beside.privileged;
    return ::smmu_probe(
        model_, &transaction,
        [](void *context, uint64_t at, uint8_t *bytes, uint32_t count) {
            return static_cast<bus_initiator *>(context)->debug_read(at, bytes, count);
        },
        &walker_);
}

unsigned smmu::debug(unsigned port, tlm::tlm_generic_payload &payload, uint64_t address)
{
    const unsigned length = payload.get_data_length();
    unsigned done = 0;

    while (done < length && (payload.is_read() || payload.is_write())) {
        const smmu_probe_result found = probe(port, payload, address + done, payload.is_write());
        const uint64_t left = found.last - (address + done);
        const unsigned part = static_cast<unsigned>(std::min<uint64_t>(length - done - 1, left) + 1);
        uint8_t *bytes = payload.get_data_ptr() + done;

        if (found.outcome != SMMU_PROBE_PASSES ||
            !(payload.is_read() ? memories_[port]->debug_read(found.address, bytes, part)
                                : memories_[port]->debug_write(found.address, bytes, part))) {
            break;
        }
        done += part;
    }
    return done;
}

unsigned smmu::debug_register(tlm::tlm_generic_payload &payload, uint64_t address)
{
    const unsigned length = payload.get_data_length();
    uint64_t value = 0;

    if (!payload.is_read() || address < config_.base ||
        !smmu_probe_register(model_, static_cast<uint32_t>(address - config_.base), length, &value)) {
        return 0;
    }
    for (unsigned i = 0; i < length; i++) {
        payload.get_data_ptr()[i] = static_cast<uint8_t>(value >> 8 * i);
    }
    return length;
}

bool smmu::grant(unsigned port, tlm::tlm_generic_payload &payload, uint64_t address, tlm::tlm_dmi &given)
{
    const sideband none;
    const sideband &own = port < how_.defaults.size() ? how_.defaults[port] : none;
    const sideband &beside = tbus_[port]->sideband_of(payload);
    const smmu_probe_result found = probe(port, payload, address, payload.is_write());
    uint64_t first;
    uint64_t last;

    if (beside.has_stream_id != own.has_stream_id || beside.stream_id != own.stream_id ||
        beside.has_substream_id != own.has_substream_id || beside.substream_id != own.substream_id ||
        beside.address_type != own.address_type || beside.privileged != own.privileged || beside.instruction) {
        return false;
    }
    if (found.outcome != SMMU_PROBE_PASSES || found.would_update ||
        !memories_[port]->direct_memory(payload.get_command(), found.address, given)) {
        return false;
    }
    /* Both ranges, as distances from the address: what is before it and behind it. */
    first = std::min<uint64_t>(address - found.first, found.address - given.get_start_address());
    last = std::min<uint64_t>(found.last - address, given.get_end_address() - found.address);
    given.set_dmi_ptr(given.get_dmi_ptr() + (found.address - first - given.get_start_address()));
    given.set_start_address(address - first);
    given.set_end_address(address + last);
    if (!found.reads || !found.writes) {
        const bool reads = given.is_read_allowed() && found.reads;
        const bool writes = given.is_write_allowed() && found.writes;

        given.set_granted_access(reads && writes ? tlm::tlm_dmi::DMI_ACCESS_READ_WRITE
                                 : reads         ? tlm::tlm_dmi::DMI_ACCESS_READ
                                 : writes        ? tlm::tlm_dmi::DMI_ACCESS_WRITE
                                                 : tlm::tlm_dmi::DMI_ACCESS_NONE);
    }
    granted_ = true;
    return true;
}

void smmu::take_direct_memory_back()
{
    if (!granted_) {
        return;
    }
    granted_ = false;
    for (const auto &tbu : tbus_) {
        tbu->socket->invalidate_direct_mem_ptr(0, UINT64_MAX);
    }
}

} // namespace doorbell
