/* Unit pcie: what the steps do. */
#include "tests/conformance/pcie_harness.h"

#include "sim/ats.h"

#include <algorithm>

namespace conformance
{

using pcie_test::Rig;
using pcie_test::Tlp;

std::unique_ptr<Harness> make_pcie_harness(const Case &c, const Trace &trace)
{
    return std::make_unique<PcieHarness>(c, trace);
}

/* ---- Looking on ---- */

void PcieHarness::note(const Tap &tap, const sim_packet *packet, sim_time now)
{
    Sent sent = {tap.link, tap.up, now, *packet, 0};

    for (uint32_t i = 0; pcie_tlp_payload_bytes(packet) > 0 && i < 8 && i < packet->length; i++) {
        sent.value |= static_cast<uint64_t>(packet->data[i]) << (8 * i);
    }
    sent_.push_back(sent);
}

void PcieHarness::watch()
{
    for (unsigned link = 0; link < 4; link++) {
        for (const bool up : {false, true}) {
            pcie_port &port = up ? rig_->links[link]->lower : rig_->links[link]->upper;

            taps_.push_back({this, link, up, port.tap, {}});
            Tap &tap = taps_.back();
            tap.tap.context = &tap;
            tap.tap.sent = [](void *context, const pcie_port *from, unsigned queue, const sim_packet *packet,
                              sim_time now) {
                const auto *self = static_cast<const Tap *>(context);

                self->harness->note(*self, packet, now);
                self->next->sent(self->next->context, from, queue, packet, now);
            };
            tap.tap.taken = [](void *context, const pcie_port *at, unsigned queue, const sim_packet *packet,
                               sim_time now) {
                const auto *self = static_cast<const Tap *>(context);

                self->next->taken(self->next->context, at, queue, packet, now);
            };
            port.tap = &tap.tap;
        }
    }
}

/* ---- Steps ---- */

static bool is_remark(const std::string &key)
{
    return key == "id" || key == "note" || key == "nowait" || key == "flags" || key == "devices";
}

void PcieHarness::step(const Value &step)
{
    Done done;
    const auto drops = [this] {
        return pcie_switch_get_counters(rig_->sw)->acs_violations + root_complex_get_counters(rig_->rc)->acs_violations;
    };

    done.sent[0] = sent_.size();
    done.seen[0] = rig_->router->seen.size();
    done.raw[0] = rig_->raw != nullptr ? rig_->raw->got.size() : 0;
    done.drops[0] = static_cast<unsigned>(drops());
    done.aer[0] = aer_bits();
    done.sent[0] = sent_.size();
    for (const Value &verb : step.children) {
        if (verb.key == "compute" && verb.text != "direct_pairs") {
            do_software(step);
        } else if (!is_remark(verb.key)) {
            done.verb = verb.key;
            do_verb(verb, done);
        }
    }
    if (!busy_) {
        rig_->drain();
    }
    done.sent[1] = sent_.size();
    done.seen[1] = rig_->router->seen.size();
    done.raw[1] = rig_->raw != nullptr ? rig_->raw->got.size() : 0;
    done.drops[1] = static_cast<unsigned>(drops());
    done.aer[1] = aer_bits();
    if (const Value *id = step.find("id")) {
        done_[id->to_text()] = done;
    }
    done_["end"] = done;
}

void PcieHarness::do_verb(const Value &verb, Done &done)
{
    if (verb.key == "cfg_write" || verb.key == "cfg_read") {
        do_config(verb, done);
    } else if (verb.key == "epc") {
        do_endpoint(verb, done);
    } else if (verb.key == "tlp" || verb.key == "tlps") {
        do_tlp(verb, done);
    } else if (verb.key == "emit") {
        do_emit(verb);
    } else if (verb.key == "walk_caps") {
        do_walk(verb, done);
    } else if (verb.key == "mmio_write") {
        const Value &dwords = verb.at("dwords");

        for (size_t i = 0; i < dwords.children.size(); i++) {
            rig_->write(verb.at("addr").to_number() + 4 * i, dwords.children[i].to_number(), 4);
        }
    } else if (verb.key == "peer_read") {
        endpoint_job job = {};

        job.kind = ENDPOINT_DMA_READ;
        job.address = pcie_test::BAR[1];
        job.bytes = 4;
        job.relaxed = verb.at("completion_attr").flag("RO");
        ask(0, job);
    } else if (verb.key == "list_vf_rids") {
        for (unsigned number = 1; number < 8; number++) {
            const auto rid = static_cast<uint16_t>(pcie_test::RID[0] + number);
            char text[16];

            /* A VF has no identity of its own, but a header and capabilities. */
            if (rig_->config_read(rid, PCIE_CAPABILITIES_PTR, 1) != 0xff) {
                snprintf(text, sizeof(text), "%02x:%02x.%x", rid >> 8, rid >> 3 & 0x1f, rid & 7u);
                done.list.children.push_back(Value::text_of(text));
            }
        }
        done.list.kind = Value::Kind::list;
    } else if (verb.key == "compute" && verb.text == "direct_pairs") {
        do_pairs();
    } else {
        throw CaseError(verb.place, "`" + verb.key + "` is not a verb for a fabric");
    }
}

/* ---- Configuration space ---- */

static const ConfigField *find_field(const std::string &capability, const std::string &name)
{
    for (const ConfigField &field : config_fields) {
        if (capability == field.capability && name == field.name) {
            return &field;
        }
    }
    return nullptr;
}

static const ConfigField &field_of(const std::string &capability, const Value &name, const std::string &text)
{
    const ConfigField *field = find_field(capability, text);

    if (field == nullptr) {
        throw CaseError(name.place, "`" + text + "` is no field of " + (capability.empty() ? "a header" : capability));
    }
    return *field;
}

void PcieHarness::do_config(const Value &verb, Done &done)
{
    const uint16_t rid = parse_bdf(verb.at("bdf"));
    const std::string name = verb.text_or("cap", "");
    const unsigned at = capability_at(rid, name, verb.place);
    unsigned bytes = static_cast<unsigned>(verb.number_or("width", 32) / 8);
    const Value *fields = verb.find("fields");

    done.capability = name;
    if (verb.key == "cfg_read") {
        if (const Value *field = verb.find("field")) {
            const ConfigField &place = field_of(name, *field, field->to_text());

            done.offset = place.offset;
            done.value =
                rig_->config_read(rid, at + place.offset, place.bytes) >> place.low & ((1u << place.width) - 1);
        } else {
            done.offset = static_cast<unsigned>(verb.at("offset").to_number());
            done.value = rig_->config_read(rid, at + done.offset, bytes, &done.status);
            done.has_status = true;
            /* Nobody there: the bus says OK and gives all ones, but the function's completion was UR. */
        }
        done.has_value = true;
        return;
    }
    if (fields == nullptr) {
        rig_->config_write(rid, at + static_cast<unsigned>(verb.at("offset").to_number()), verb.at("value").to_number(),
                           bytes);
        return;
    }
    for (const Value &item : fields->children) {
        const ConfigField &field = field_of(name, item, item.key);
        const uint64_t mask = ((UINT64_C(1) << field.width) - 1) << field.low;
        const uint64_t old = rig_->config_read(rid, at + field.offset, field.bytes);

        rig_->config_write(rid, at + field.offset, (old & ~mask) | (item.to_number() << field.low & mask), field.bytes);
    }
}

void PcieHarness::do_walk(const Value &verb, Done &done)
{
    const uint16_t rid = parse_bdf(verb.at("bdf"));

    done.list = Value::list();
    done.extended = Value::list();
    for (unsigned at : rig_->list_capabilities(rid)) {
        done.list.children.push_back(Value::number(rig_->config_read(rid, at, 1)));
    }
    for (unsigned at : rig_->list_extended(rid)) {
        done.extended.children.push_back(Value::number(rig_->config_read(rid, at, 2)));
    }
}

/** Not read over the links: those may be blocked on purpose. */
uint32_t PcieHarness::aer_bits()
{
    uint32_t bits = 0;

    for (const pcie_config_space *space :
         {&pcie_switch_bridge(rig_->sw, 1)->config, &pcie_switch_bridge(rig_->sw, 2)->config,
          &root_complex_bridge(rig_->rc, 0)->config}) {
        bits |= pcie_config_get32(space, space->aer + PCIE_AER_UNCORRECTABLE_STATUS);
    }
    return bits;
}

/* ---- What endpoints do ---- */

void PcieHarness::ask(unsigned ep, endpoint_job job)
{
    endpoint *asked = ep < 3 ? rig_->ep[ep] : rig_->ep3;

    while (!endpoint_request(asked, &job)) {
        if (sim_run(rig_->sim, sim_now(rig_->sim) + 100 * SIM_NS) == SIM_RUN_DRAINED &&
            !endpoint_request(asked, &job)) {
            throw Failure("the endpoint takes no more requests");
        }
    }
}

void PcieHarness::do_dma(unsigned ep, const Value &action, const Value &whole)
{
    endpoint_job job = {};
    uint8_t data[8] = {};
    const Value *pasid = action.find("pasid") != nullptr ? action.find("pasid") : whole.find("pasid");

    job.kind = action.key == "dma_read" ? ENDPOINT_DMA_READ : ENDPOINT_DMA_WRITE;
    job.address = action.is_map() ? action.at("addr").to_number() : action.to_number();
    job.bytes = static_cast<uint32_t>(action.is_map() ? action.number_or("bytes", 4) : 4);
    job.at = action.text_or("at", "U") == "T" ? SIM_AT_TRANSLATED : SIM_AT_UNTRANSLATED;
    if (pasid != nullptr) {
        job.with_pasid = true;
        job.pasid = static_cast<uint32_t>(pasid->to_number());
    }
    if (const Value *value = action.find("data")) {
        sim_store_le64(data, value->to_number());
        job.data = data;
    } else if (job.bytes <= sizeof(data)) {
        /* Other bytes than memory has already. */
        sim_store_le64(data, UINT64_C(0xD00DFEEDD00DFEED));
        job.data = data;
    }
    for (uint64_t i = 0; i < action.number_or("repeat", 1); i++) {
        ask(ep, job);
    }
}

void PcieHarness::do_page_requests(unsigned ep, const Value &action)
{
    const uint64_t count = action.is_map() ? 1 : action.to_number();
    endpoint_job job = {};

    job.kind = ENDPOINT_PAGE_REQUEST;
    for (uint64_t i = 0; i < count; i++) {
        job.address = action.is_map() ? action.at("addr").to_number() : 0x10000 + 0x1000 * i;
        job.read = !action.is_map() || action.flag("R");
        job.write = action.is_map() && action.flag("W");
        job.last = !action.is_map() || action.flag("last");
        job.group = static_cast<uint16_t>(action.is_map() ? action.number_or("prgi", 0) : i);
        ask(ep, job);
    }
}

void PcieHarness::do_action(unsigned ep, const Value &action, const Value &whole, Done &done)
{
    endpoint_job job = {};

    if (action.key == "msi_vector" || action.key == "msix_vector" || action.text == "msi") {
        job.kind = ENDPOINT_MSI;
        job.vector = action.text == "msi" ? 0 : static_cast<uint32_t>(action.to_number());
        ask(ep, job);
    } else if (action.key == "dma_write" || action.key == "dma_read") {
        done.asked = action.is_map() ? action.number_or("bytes", 4) * action.number_or("repeat", 1) : 4;
        if (case_.setup.find("link") != nullptr && case_.setup.at("link").find("advertised") == nullptr) {
            endpoint_job read = {};

            /* Uses the credits up: more reads than there is room for on the whole way. */
            read.kind = ENDPOINT_DMA_READ;
            read.address = pcie_test::MEMORY;
            read.bytes = 4;
            for (unsigned i = 0; i < 60; i++) {
                ask(ep, read);
            }
        }
        do_dma(ep, action, whole);
    } else if (action.key == "page_request" || action.key == "page_requests") {
        do_page_requests(ep, action);
    } else if (action.key == "translate") {
        job.kind = ENDPOINT_TRANSLATE;
        job.address = action.to_number();
        ask(ep, job);
    } else {
        throw CaseError(action.place, "`" + action.key + "` is nothing that an endpoint does");
    }
}

size_t PcieHarness::count_at_root() const
{
    return static_cast<size_t>(
        std::count_if(sent_.begin(), sent_.end(), [](const Sent &sent) { return sent.link == 0 && sent.up; }));
}

unsigned PcieHarness::endpoint_at(const Value &bdf)
{
    const uint16_t rid = parse_bdf(bdf);
    const auto found = std::find(std::begin(pcie_test::RID), std::end(pcie_test::RID), rid);

    for (unsigned i = 0; i < 2; i++) {
        if (rid == pcie_test::CONVENTIONAL_RID[i]) {
            return 2 + i;
        }
    }
    if (found == std::end(pcie_test::RID)) {
        throw CaseError(bdf.place, "there is no endpoint at " + bdf.to_text());
    }
    return static_cast<unsigned>(found - std::begin(pcie_test::RID));
}

void PcieHarness::do_endpoint(const Value &verb, Done &done)
{
    const unsigned ep = endpoint_at(verb.at("bdf"));

    for (const Value &action : verb.children) {
        if (action.key == "bdf" || action.key == "pasid" || action.key == "no_response") {
            continue;
        }
        if (action.key != "sequence") {
            do_action(ep, action, verb, done);
            continue;
        }
        for (const Value &part : action.children) {
            do_action(ep, part.is_map() ? part.children.at(0) : part, verb, done);
        }
    }
}

/* ---- TLPs and messages from outside ---- */

static Tlp tlp_of(const Value &value)
{
    const std::string type = value.at("type").to_text();
    Tlp tlp;

    tlp.type = type.compare(0, 3, "MRd") == 0 ? SIM_PACKET_READ : SIM_PACKET_WRITE;
    tlp.address = value.at("addr").to_number();
    tlp.length = 4 * static_cast<uint32_t>(value.number_or("len", 1));
    tlp.value = value.number_or("data", 0);
    tlp.at = static_cast<uint8_t>(value.number_or("AT", 0));
    tlp.tag = static_cast<uint16_t>(value.number_or("tag", 0));
    tlp.first_be = static_cast<uint8_t>(value.number_or("first_be", 0xf));
    tlp.requester = value.find("requester") != nullptr ? parse_bdf(value.at("requester")) : pcie_test::RID[0];
    return tlp;
}

void PcieHarness::do_host_tlp(const Value &tlp, Done &done)
{
    const Tlp what = tlp_of(tlp);

    if (rig_->raw != nullptr) {
        /* The function that is addressed is a device that never takes a read: two of them use the credits up. */
        rig_->raw->closed_until[PCIE_NON_POSTED] = SIM_TIME_NEVER;
        if (what.type == SIM_PACKET_READ) {
            bus_driver_read(rig_->host, sim_now(rig_->sim), what.address, 4);
            bus_driver_read(rig_->host, sim_now(rig_->sim), what.address, 4);
        } else {
            bus_driver_write(rig_->host, sim_now(rig_->sim), what.address, what.value, 4);
        }
        return;
    }
    done.has_status = true;
    if (what.type == SIM_PACKET_READ) {
        rig_->read(what.address, what.first_be == 0 ? 0 : what.length, &done.status);
    } else {
        done.status = rig_->write(what.address, what.value, what.length);
    }
}

void PcieHarness::do_tlp(const Value &verb, Done &done)
{
    const std::string at = verb.at("at").to_text();
    std::vector<Value> list;

    if (verb.key == "tlps") {
        list = verb.at("list").children;
    } else {
        list.push_back(verb);
    }
    for (const Value &tlp : list) {
        if (at == "host") {
            do_host_tlp(tlp, done);
        } else if (at == "EP0") {
            rig_->raw->send(tlp_of(tlp));
        } else {
            throw CaseError(verb.place, "TLPs are sent by the host or by EP0");
        }
    }
}

void PcieHarness::do_emit(const Value &verb)
{
    const std::string type = verb.at("type").to_text();
    const bool response = type == "PRGResponse";
    sim_packet *packet = sim_packet_new(rig_->sim, response ? 0 : SIM_ATS_ENTRY_BYTES);

    packet->type = SIM_PACKET_MESSAGE;
    packet->arg = SIM_ATS_ROUTE_BY_ID;
    packet->flags = SIM_FLAG_HAS_STREAM_ID;
    packet->stream_id = parse_bdf(verb.at("target"));
    if (response) {
        packet->operation = SIM_ATS_PRG_RESPONSE;
        packet->address = sim_ats_response_word(static_cast<unsigned>(verb.at("prgi").to_number()),
                                                static_cast<unsigned>(verb.at("code").to_number()));
    } else if (type == "InvalidateRequest") {
        packet->operation = SIM_ATS_INVALIDATE_REQUEST;
        packet->address = sim_ats_itag_word(0);
        sim_ats_store_range(packet->data, 0, 64, false);
    } else {
        throw CaseError(verb.place, "`" + type + "` is no message that a root complex sends");
    }
    rig_->router->send_to(pcie_test::FROM_DEVICES, packet);
}

} // namespace conformance
