#include "wrappers/tlp_bridge.h"

#include "wrappers/pcie_debug_internal.h"

#include <algorithm>

namespace doorbell
{

namespace
{

uint32_t headers_of(const pcie_credits &credits, unsigned queue)
{
    const uint32_t headers[] = {credits.posted_headers, credits.non_posted_headers, credits.completion_headers};

    return headers[queue];
}

uint32_t data_of(const pcie_credits &credits, unsigned queue)
{
    const uint32_t data[] = {credits.posted_data, credits.non_posted_data, credits.completion_data};

    return data[queue];
}

} // namespace

tlp_bridge::options::options() : flight(10, sc_core::SC_NS)
{
    pcie_link_config usual;

    pcie_link_config_init(&usual);
    credits = usual.upper_credits;
}

tlp_bridge::record::record(tlm::tlm_mm_interface *pool) : tlm::tlm_generic_payload(pool)
{
    set_extension(&header);
}

tlp_bridge::record::~record()
{
    clear_extension(&header); /* which the payload would delete */
}

tlp_bridge::tlp_bridge(const sc_core::sc_module_name &name, const options &how)
    : sc_core::sc_module(name), transmit("transmit"), receive("receive"), dma("dma"), registers("registers"),
      config("config"), how_(how), readings_(how.tags), inbox_("inbox")
{
    transmit.bind(static_cast<tlm::tlm_bw_transport_if<> &>(*this));
    receive.bind(static_cast<tlm::tlm_fw_transport_if<> &>(*this));
    dma.register_b_transport(this, &tlp_bridge::access);
    dma.register_transport_dbg(this, &tlp_bridge::access_debug);
    SC_HAS_PROCESS(tlp_bridge);
    SC_THREAD(serve);
}

/* ---- The device's accesses ---- */

void tlp_bridge::access(tlm::tlm_generic_payload &payload, sc_core::sc_time &delay)
{
    const tlm::tlm_response_status wrong = payload_error(payload);
    sim_packet_status worst = SIM_STATUS_OK;

    if (wrong != tlm::TLM_OK_RESPONSE) {
        payload.set_response_status(wrong);
        return;
    }
    wait(delay);
    delay = sc_core::SC_ZERO_TIME;
    for (segment part = next_segment(payload, 0); part.length > 0;
         part = next_segment(payload, part.offset + part.length)) {
        const uint32_t most = payload.is_write() ? how_.max_payload : how_.max_read_request;

        for (uint32_t done = 0; done < part.length;) {
            const uint64_t address = part.address + done;
            const auto room = static_cast<uint32_t>(most - address % most);
            const uint32_t count = std::min(room, part.length - done);
            uint8_t *bytes = payload.get_data_ptr() + part.offset + done;

            if (payload.is_write()) {
                write(address, bytes, count);
            } else if (payload.is_read()) {
                const sim_packet_status status = read(address, bytes, count);

                worst = worst == SIM_STATUS_OK ? status : worst;
            }
            done += count;
        }
        if (worst != SIM_STATUS_OK) {
            break;
        }
    }
    payload.set_response_status(worst == SIM_STATUS_OK   ? tlm::TLM_OK_RESPONSE
                                : worst == SIM_STATUS_UR ? tlm::TLM_ADDRESS_ERROR_RESPONSE
                                                         : tlm::TLM_GENERIC_ERROR_RESPONSE);
}

void tlp_bridge::write(uint64_t address, const uint8_t *bytes, uint32_t count)
{
    std::vector<uint8_t> data;
    tlp header;

    header.kind = tlp_kind::memory_write;
    header.requester = requester_;
    tlp_set_range(header, address, count);
    data.resize(header.length);
    std::copy_n(bytes, count, data.begin() + static_cast<std::ptrdiff_t>(address - header.address));
    send(header, data.data());
}

sim_packet_status tlp_bridge::read(uint64_t address, uint8_t *bytes, uint32_t count)
{
    const auto is_free = [](const reading &each) { return !each.active; };
    auto found = std::find_if(readings_.begin(), readings_.end(), is_free);
    tlp header;

    while (found == readings_.end()) {
        wait(moved_);
        found = std::find_if(readings_.begin(), readings_.end(), is_free);
    }
    reading &own = *found;
    header.kind = tlp_kind::memory_read;
    header.requester = requester_;
    header.tag = static_cast<uint16_t>(found - readings_.begin());
    tlp_set_range(header, address, count);
    own.active = true;
    own.done = false;
    own.received = 0;
    own.status = SIM_STATUS_OK;
    own.data.assign(header.length, 0);
    send(header, nullptr);
    while (!own.done) {
        wait(moved_);
    }
    std::copy_n(own.data.begin() + static_cast<std::ptrdiff_t>(address - header.address), count, bytes);
    own.active = false;
    moved_.notify(sc_core::SC_ZERO_TIME);
    return own.status;
}

void tlp_bridge::take_completion(const tlp &header, const uint8_t *data)
{
    reading *own = header.tag < readings_.size() ? &readings_[header.tag] : nullptr;

    if (own == nullptr || !own->active || own->done || own->received + header.length > own->data.size()) {
        unexpected_++;
        return;
    }
    if (header.status != SIM_STATUS_OK) {
        own->status = header.status;
        own->done = true;
    } else {
        std::copy_n(data, header.length, own->data.begin() + own->received);
        own->received += header.length;
        own->done = own->received == own->data.size();
    }
    if (own->done) {
        moved_.notify(sc_core::SC_ZERO_TIME);
    }
}

/* ---- Sending ---- */

bool tlp_bridge::has_credit(unsigned queue, uint32_t units) const
{
    const uint32_t headers = headers_of(how_.credits, queue);
    const uint32_t data = data_of(how_.credits, queue);

    return (headers == 0 || headers_used_[queue] < headers) && (data == 0 || units_used_[queue] + units <= data);
}

void tlp_bridge::send(const tlp &header, const uint8_t *data)
{
    const sim_packet packet = header.packet();
    const unsigned queue = pcie_tlp_class(&packet);
    const uint32_t units = pcie_tlp_units(&packet);
    tlm::tlm_phase phase = tlm::BEGIN_REQ;
    sc_core::sc_time delay = how_.flight;
    record *own;

    while (open_ != nullptr || !has_credit(queue, units)) {
        wait(moved_);
    }
    if (free_.empty()) {
        records_.push_back(std::make_unique<record>(static_cast<tlm::tlm_mm_interface *>(this)));
        free_.push_back(records_.back().get());
    }
    own = free_.back();
    free_.pop_back();
    own->acquire();
    own->header = header;
    own->queue = queue;
    own->units = units;
    own->taken = false;
    own->data.assign(std::max(header.length, 1u), 0);
    if (data != nullptr && header.carries_data()) {
        std::copy_n(data, header.length, own->data.begin());
    }
    headers_used_[queue]++;
    units_used_[queue] += units;
    own->set_command(header.kind == tlp_kind::memory_read    ? tlm::TLM_READ_COMMAND
                     : header.kind == tlp_kind::memory_write ? tlm::TLM_WRITE_COMMAND
                                                             : tlm::TLM_IGNORE_COMMAND);
    own->set_address(header.address);
    own->set_data_ptr(own->data.data());
    own->set_data_length(static_cast<unsigned>(own->data.size()));
    own->set_streaming_width(static_cast<unsigned>(own->data.size()));
    own->set_byte_enable_ptr(nullptr);
    own->set_dmi_allowed(false);
    own->set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
    open_ = own;

    const tlm::tlm_sync_enum said = transmit->nb_transport_fw(*own, phase, delay);

    if (said == tlm::TLM_ACCEPTED) {
        return;
    }
    open_ = nullptr;
    if (said == tlm::TLM_UPDATED && phase == tlm::END_REQ) {
        return;
    }
    if (said == tlm::TLM_UPDATED) {
        phase = tlm::END_RESP;
        transmit->nb_transport_fw(*own, phase, delay);
    }
    taken(own);
}

void tlp_bridge::taken(record *own)
{
    headers_used_[own->queue]--;
    units_used_[own->queue] -= own->units;
    own->release();
    moved_.notify(sc_core::SC_ZERO_TIME);
}

tlm::tlm_sync_enum tlp_bridge::nb_transport_bw(tlm::tlm_generic_payload &payload, tlm::tlm_phase &phase,
                                               sc_core::sc_time &)
{
    auto *own = static_cast<record *>(&payload);

    open_ = open_ == own ? nullptr : open_;
    moved_.notify(sc_core::SC_ZERO_TIME);
    if (phase != tlm::BEGIN_RESP) {
        return tlm::TLM_ACCEPTED;
    }
    phase = tlm::END_RESP;
    taken(own);
    return tlm::TLM_COMPLETED;
}

void tlp_bridge::free(tlm::tlm_generic_payload *payload)
{
    free_.push_back(static_cast<record *>(payload));
}

/* ---- What comes from above ---- */

tlm::tlm_sync_enum tlp_bridge::nb_transport_fw(tlm::tlm_generic_payload &payload, tlm::tlm_phase &phase,
                                               sc_core::sc_time &delay)
{
    if (phase == tlm::END_RESP) {
        responding_ = nullptr;
        payload.release();
        ended_.notify(sc_core::SC_ZERO_TIME);
        return tlm::TLM_COMPLETED;
    }
    if (payload.get_extension<tlp>() == nullptr) {
        payload.set_response_status(tlm::TLM_COMMAND_ERROR_RESPONSE);
        return tlm::TLM_COMPLETED;
    }
    if (payload.get_extension<tlp>()->kind == tlp_kind::init_fc) {
        payload.set_response_status(tlm::TLM_OK_RESPONSE); /* here is VC0 only: the other end waits for ever */
        return tlm::TLM_COMPLETED;
    }
    payload.acquire();
    inbox_.notify(payload, delay);
    phase = tlm::END_REQ;
    return tlm::TLM_UPDATED;
}

void tlp_bridge::b_transport(tlm::tlm_generic_payload &payload, sc_core::sc_time &delay)
{
    const tlp *header = payload.get_extension<tlp>();

    if (header == nullptr) {
        payload.set_response_status(tlm::TLM_COMMAND_ERROR_RESPONSE);
        return;
    }
    wait(delay);
    delay = sc_core::SC_ZERO_TIME;
    serve_one(*header, payload.get_data_ptr());
    payload.set_response_status(tlm::TLM_OK_RESPONSE);
}

void tlp_bridge::serve()
{
    for (;;) {
        tlm::tlm_generic_payload *payload = inbox_.get_next_transaction();
        tlm::tlm_phase phase = tlm::BEGIN_RESP;
        sc_core::sc_time delay = sc_core::SC_ZERO_TIME;

        if (payload == nullptr) {
            wait(inbox_.get_event());
            continue;
        }
        serve_one(*payload->get_extension<tlp>(), payload->get_data_ptr());
        payload->set_response_status(tlm::TLM_OK_RESPONSE);
        responding_ = payload;
        const tlm::tlm_sync_enum said = receive->nb_transport_bw(*payload, phase, delay);
        if (said == tlm::TLM_COMPLETED || (said == tlm::TLM_UPDATED && phase == tlm::END_RESP)) {
            responding_ = nullptr;
            payload->release();
        }
        while (responding_ != nullptr) {
            wait(ended_);
        }
    }
}

void tlp_bridge::serve_one(const tlp &header, const uint8_t *data)
{
    switch (header.kind) {
    case tlp_kind::memory_read:
    case tlp_kind::memory_write:
        serve_memory(header, data);
        break;
    case tlp_kind::config_read:
    case tlp_kind::config_write:
        serve_config(header, data);
        break;
    case tlp_kind::completion:
        take_completion(header, data);
        break;
    case tlp_kind::message:
    case tlp_kind::init_fc:
        break;
    }
}

/* A memory-mapped access for a request. @return how it went */
sim_packet_status tlp_bridge::perform(bool is_config, bool is_read, uint64_t address, std::vector<uint8_t> &data,
                                      const tlp &header)
{
    std::vector<uint8_t> enables(data.size(), TLM_BYTE_ENABLED);
    tlm::tlm_generic_payload payload;
    sc_core::sc_time delay;
    const sim_packet packet = header.packet();

    for (uint32_t i = 0; i < data.size(); i++) {
        enables[i] = pcie_tlp_byte_enabled(&packet, i) ? TLM_BYTE_ENABLED : TLM_BYTE_DISABLED;
    }
    payload.set_command(is_read ? tlm::TLM_READ_COMMAND : tlm::TLM_WRITE_COMMAND);
    payload.set_address(address);
    payload.set_data_ptr(data.data());
    payload.set_data_length(static_cast<unsigned>(data.size()));
    payload.set_streaming_width(static_cast<unsigned>(data.size()));
    payload.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
    if (std::count(enables.begin(), enables.end(), TLM_BYTE_DISABLED) > 0) {
        payload.set_byte_enable_ptr(enables.data());
        payload.set_byte_enable_length(static_cast<unsigned>(enables.size()));
    }
    if (is_config) {
        config->b_transport(payload, delay);
    } else {
        registers->b_transport(payload, delay);
    }
    wait(delay);
    return payload.is_response_ok()                                           ? SIM_STATUS_OK
           : payload.get_response_status() == tlm::TLM_ADDRESS_ERROR_RESPONSE ? SIM_STATUS_UR
                                                                              : SIM_STATUS_CA;
}

void tlp_bridge::serve_memory(const tlp &header, const uint8_t *data)
{
    const bool is_read = header.kind == tlp_kind::memory_read;
    std::vector<uint8_t> bytes(header.length);

    if (!is_read) {
        std::copy_n(data, header.length, bytes.begin());
    }
    const sim_packet_status status = perform(false, is_read, header.address, bytes, header);
    if (is_read) {
        complete(header, status, bytes);
    }
}

void tlp_bridge::serve_config(const tlp &header, const uint8_t *data)
{
    const bool is_read = header.kind == tlp_kind::config_read;
    std::vector<uint8_t> bytes(4);
    sim_packet_status status = SIM_STATUS_UR;

    if (!is_read) {
        requester_ = header.target; /* 2.2.6.2: captured from every configuration write */
        std::copy_n(data, 4, bytes.begin());
    }
    if (config.size() > 0) {
        status = perform(true, is_read, header.address + 4096 * (header.target & 7u), bytes, header);
    }
    if (!is_read) {
        bytes.clear();
    }
    complete(header, status, bytes);
}

void tlp_bridge::complete(const tlp &request, sim_packet_status status, const std::vector<uint8_t> &data)
{
    const auto total = static_cast<uint32_t>(status == SIM_STATUS_OK ? data.size() : 0);
    uint32_t done = 0;

    do {
        const uint64_t address = request.address + done;
        uint32_t count = std::min(total - done, how_.max_payload);
        tlp header;

        if (count < total - done) {
            count -= static_cast<uint32_t>((address + count) % how_.boundary);
        }
        header.kind = tlp_kind::completion;
        header.requester = request.kind == tlp_kind::config_read || request.kind == tlp_kind::config_write
                               ? request.target
                               : requester_;
        header.target = request.requester;
        header.tag = request.tag;
        header.status = status;
        header.address = address & 0x7f;
        header.length = count;
        header.byte_count = total - done;
        header.first_be = 0;
        send(header, data.data() + done);
        done += count;
    } while (done < total);
}

} // namespace doorbell
