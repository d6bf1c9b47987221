/* Unit pcie: what has been seen. */
#include "tests/conformance/pcie_harness.h"

#include "sim/ats.h"

#include <algorithm>

namespace conformance
{

using pcie_test::BAR;
using pcie_test::FROM_DEVICES;

/** Rig::links: which one is right above an endpoint. */
unsigned PcieHarness::link_of(unsigned ep) const
{
    static const unsigned links[] = {2, 3, 1};

    return links[ep];
}

std::optional<uint64_t> PcieHarness::resolve(const std::string &text)
{
    (void)text;
    return std::nullopt;
}

/* ---- TLPs ---- */

static bool is_long(const sim_packet &tlp)
{
    return pcie_tlp_is_4dw(&tlp);
}

static std::string type_name(const sim_packet &tlp)
{
    switch (tlp.type) {
    case SIM_PACKET_READ:
        return is_long(tlp) ? "MRd64" : "MRd32";
    case SIM_PACKET_WRITE:
        return is_long(tlp) ? "MWr64" : "MWr32";
    case SIM_PACKET_MESSAGE:
        return tlp.operation == SIM_ATS_PAGE_REQUEST ? "PageRequest" : "Msg";
    default:
        return "Cpl";
    }
}

/** Requests that EP0 has sent. A case that says "MRd" means either length of header. */
Value PcieHarness::sent_by_endpoint(const Done &done) const
{
    Value list = Value::list();

    for (size_t i = done.sent[0]; i < done.sent[1]; i++) {
        const Sent &sent = sent_[i];
        Value tlp = Value::map();
        char requester[16];

        if (sent.link != (rig_->bridge != nullptr ? 1u : 2u) || !sent.up || sent.tlp.type == SIM_PACKET_COMPLETION) {
            continue;
        }
        snprintf(requester, sizeof(requester), "%02x:%02x.%x", sent.tlp.requester >> 8, sent.tlp.requester >> 3 & 0x1f,
                 sent.tlp.requester & 7u);
        tlp.set("type", Value::text_of(type_name(sent.tlp)));
        tlp.set("addr", Value::number(sent.tlp.address));
        tlp.set("AT", Value::number(sent.tlp.at));
        tlp.set("data", Value::number(sent.value));
        tlp.set("length_dw", Value::number(sent.tlp.length / 4));
        tlp.set("requester", Value::text_of(requester));
        if ((sent.tlp.flags & SIM_FLAG_PASID) != 0) {
            tlp.set("pasid", Value::number(sent.tlp.pasid));
        }
        if (sent.tlp.at == SIM_AT_TRANSLATION_REQUEST && (sent.tlp.address & 0xfff) == 0) {
            /* NW has a flag of its own in a packet; the address' low bits hold nothing else. */
            tlp.set("addr_low_bits", Value::text_of("bit 0 is NW"));
        }
        list.children.push_back(tlp);
    }
    return list;
}

static const char *status_name(uint8_t status)
{
    return status == SIM_STATUS_OK ? "SC" : status == SIM_STATUS_CA ? "CA" : "UR";
}

/** How what a step asked for was completed: the host's request, a raw device's, or an endpoint's. */
Value PcieHarness::completion_status(const Done &done) const
{
    for (size_t i = done.sent[0]; i < done.sent[1]; i++) {
        const Sent &sent = sent_[i];
        const bool to_ep0 = sent.link == 2 && !sent.up;
        const bool to_host = sent.link == 0 && sent.up;

        if (sent.tlp.type == SIM_PACKET_COMPLETION && (to_ep0 ? done.verb != "cfg_read" : to_host)) {
            return Value::text_of(status_name(sent.tlp.status));
        }
    }
    /* What the root port or the switch above refuses never comes by on the host's side of a link. */
    return done.has_status ? Value::text_of(status_name(done.status)) : Value();
}

/** Where a request of EP0, or a message to a function, came out. */
Value PcieHarness::routed(const Done &done) const
{
    for (size_t i = done.sent[1]; i-- > done.sent[0];) {
        const Sent &sent = sent_[i];
        const bool request = sent.tlp.type != SIM_PACKET_COMPLETION;

        if (request && !sent.up && sent.link != 0) {
            return Value::text_of(sent.link == 2 ? "EP0" : sent.link == 3 ? "EP1" : "EP2");
        }
        if (request && sent.up && sent.link == 0) {
            return Value::text_of("upstream");
        }
    }
    return Value();
}

bool PcieHarness::completions_cut_right(const Done &done, uint64_t *total, uint64_t *first) const
{
    bool right = true;
    uint64_t next = 0;
    bool any = false;

    *total = 0;
    *first = 0;
    for (size_t i = done.sent[0]; i < done.sent[1]; i++) {
        const Sent &sent = sent_[i];

        if (sent.link != 2 || sent.up || sent.tlp.type != SIM_PACKET_COMPLETION) {
            continue;
        }
        if (!any) {
            *first = sent.tlp.arg;
        } else {
            right = right && sent.tlp.address == next && sent.tlp.address % 64 == 0;
        }
        any = true;
        next = sent.tlp.address + sent.tlp.length;
        *total += sent.tlp.length;
    }
    return right && any;
}

Value PcieHarness::fields_of(const Done &done) const
{
    Value map = Value::map();

    for (const ConfigField &field : config_fields) {
        if (done.capability == field.capability && done.offset == field.offset) {
            map.set(field.name, Value::number(done.value >> field.low & ((UINT64_C(1) << field.width) - 1)));
        }
    }
    return map;
}

/* ---- Reach ---- */

/** Whether a write from one endpoint to another's BAR gets there without coming by where an SMMU would be. */
static bool reaches(pcie_test::Rig &rig, unsigned from, unsigned to)
{
    endpoint_job job = {};
    const size_t seen = rig.router->seen_from(FROM_DEVICES).size();
    const uint64_t served = endpoint_get_counters(rig.ep[to])->requests_served;

    job.kind = ENDPOINT_DMA_WRITE;
    job.address = BAR[to] + 0x100;
    job.bytes = 4;
    if (!endpoint_request(rig.ep[from], &job)) {
        throw Failure("an endpoint takes no request");
    }
    rig.drain();
    return endpoint_get_counters(rig.ep[to])->requests_served > served &&
           rig.router->seen_from(FROM_DEVICES).size() == seen;
}

static Value names(const std::vector<unsigned> &numbers)
{
    Value list = Value::list();

    for (unsigned number : numbers) {
        list.children.push_back(Value::text_of("EP" + std::to_string(number)));
    }
    return list;
}

void PcieHarness::do_pairs()
{
    unsigned group[3] = {0, 1, 2};

    pairs_ = Value::list();
    groups_ = Value::list();
    for (unsigned from = 0; from < 3; from++) {
        for (unsigned to = 0; to < 3; to++) {
            if (from != to && reaches(*rig_, from, to)) {
                const unsigned joined = std::min(group[from], group[to]);

                pairs_.children.push_back(names({from, to}));
                std::replace(std::begin(group), std::end(group), std::max(group[from], group[to]), joined);
            }
        }
    }
    for (unsigned first = 0; first < 3; first++) {
        std::vector<unsigned> members;

        for (unsigned ep = 0; ep < 3; ep++) {
            if (group[ep] == first) {
                members.push_back(ep);
            }
        }
        if (!members.empty()) {
            groups_.children.push_back(names(members));
        }
    }
}

/* ---- Answers ---- */

static Value yes_or_no(bool yes)
{
    return Value::text_of(yes ? "true" : "false");
}

Value PcieHarness::observe(const Value &entry, const std::string &key)
{
    const auto found = done_.find(entry.at("at").to_text());

    if (found == done_.end()) {
        throw CaseError(entry.place, "no step has the id " + entry.at("at").to_text());
    }
    const Done &done = found->second;
    const auto seen = rig_->router->seen_from(FROM_DEVICES);
    uint64_t total = 0;
    uint64_t first = 0;

    if (key == "tlp_out" || key == "tlps" || key == "tlp_out_count") {
        Value list = sent_by_endpoint(done);

        for (Value &tlp : list.children) {
            const Value *wanted = entry.find(key);
            const bool short_names = wanted != nullptr && wanted->show().find("MRd,") != std::string::npos;

            if (short_names && tlp.at("type").text.compare(0, 3, "MRd") == 0) {
                tlp.set("type", Value::text_of("MRd"));
            }
        }
        return list;
    }
    if (key == "value") {
        if (entry.at("value").text == "not 0xFFFFFFFF") {
            return Value::text_of(done.value != 0xffffffff ? "not 0xFFFFFFFF" : "0xFFFFFFFF");
        }
        return done.has_value ? Value::number(done.value) : Value();
    }
    if (key == "fields") {
        return fields_of(done);
    }
    if (key == "cpl") {
        return completion_status(done);
    }
    if (key == "rids" || key == "standard") {
        return done.list;
    }
    if (key == "extended") {
        return done.extended;
    }
    if (key == "absent") {
        /* Of the capabilities that must not be there, those that indeed are not. */
        Value absent = Value::list();

        for (const Value &id : entry.at(key).each()) {
            const auto is_it = [&id](const Value &there) { return there.to_number() == id.to_number(); };
            const std::vector<Value> &chain = done.extended.children;

            if (std::none_of(chain.begin(), chain.end(), is_it)) {
                absent.children.push_back(id);
            }
        }
        return absent;
    }
    if (key == "direct_pairs") {
        return pairs_;
    }
    if (key == "isolation_groups") {
        return groups_;
    }
    if (key == "routed" || key == "final") {
        return routed(done);
    }
    if (key == "smmu_seen") {
        return yes_or_no(done.seen[1] > done.seen[0] && !seen.empty() &&
                         std::any_of(rig_->router->seen.begin() + static_cast<std::ptrdiff_t>(done.seen[0]),
                                     rig_->router->seen.begin() + static_cast<std::ptrdiff_t>(done.seen[1]),
                                     [](const auto &one) { return one.master == FROM_DEVICES; }));
    }
    if (key == "dropped") {
        return done.drops[1] > done.drops[0] ? Value::text_of("acs_violation") : Value();
    }
    if (key == "aer_bit") {
        const uint32_t bits = done.aer[1] & ~done.aer[0];

        return bits != 0 ? Value::number(static_cast<uint64_t>(__builtin_ctz(bits))) : Value();
    }
    if (key == "completions") {
        const std::string text = "boundaries only at multiples of 64 except first and last";

        return Value::text_of(completions_cut_right(done, &total, &first) ? text : "cut elsewhere");
    }
    if (key == "total_bytes" || key == "byte_count_first") {
        completions_cut_right(done, &total, &first);
        return Value::number(key == "total_bytes" ? total : first);
    }
    if (key == "completions_in_address_order") {
        return yes_or_no(completions_cut_right(done, &total, &first) && total == 256);
    }
    if (key == "memory" || key == "ep_memory") {
        const Value &wanted = entry.at(key);
        Value got = wanted;

        if (key == "memory") {
            got.set("value", Value::number(memory_read8(rig_->mem, wanted.at("addr").to_number())));
        } else {
            const auto ep = static_cast<unsigned>(wanted.at("ep").text.back() - '0');

            got.set("value",
                    Value::number(endpoint_bar_bytes(rig_->ep[ep], 0, 0, nullptr)[wanted.at("offset").to_number()]));
        }
        return got;
    }
    if (key == "read_value") {
        for (size_t i = done.raw[0]; i < done.raw[1]; i++) {
            if (rig_->raw->got[i].tlp.type == SIM_PACKET_COMPLETION) {
                return Value::number(rig_->raw->got[i].tlp.value);
            }
        }
        return Value();
    }
    if (key == "completion_path") {
        for (size_t i = done.sent[0]; i < done.sent[1]; i++) {
            if (sent_[i].link == 0 && sent_[i].up && sent_[i].tlp.type == SIM_PACKET_COMPLETION) {
                return Value::text_of("upstream");
            }
        }
        return Value::text_of(endpoint_get_counters(rig_->ep[0])->reads_done > 0 ? "direct" : "none");
    }
    if (key == "when") {
        /* The data came where memory is before the MSI came there. */
        const bool in_order =
            seen.size() >= 2 && seen[0].address == pcie_test::MEMORY && seen.back().address == 0xfee00000;

        return Value::text_of(in_order ? "msi_observed" : "msi before its data");
    }
    return software_says(entry, key);
}

/* ---- Expectations that a note says ---- */

std::optional<std::string> PcieHarness::check_note(const Value &entry)
{
    const std::string text = entry.text_or("note", "");
    const Done &done = done_[entry.at("at").to_text()];

    if (text == "never blocked by posted data" || text == "delivered") {
        uint64_t bytes = 0;

        for (const auto &one : rig_->router->seen) {
            bytes += one.master == FROM_DEVICES && one.type == SIM_PACKET_WRITE ? one.length : 0;
        }
        return bytes == done.asked ? "" : "only " + std::to_string(bytes) + " bytes of " + std::to_string(done.asked);
    }
    if (text == "the write reaches the endpoint although the read is held") {
        const auto &got = rig_->raw->got;
        const bool came = std::any_of(got.begin(), got.end(), [](const auto &one) {
            return one.tlp.type == SIM_PACKET_WRITE && one.tlp.value == 7;
        });

        return came && rig_->raw->got_of(SIM_PACKET_READ).empty() ? "" : "the write has not come, or the read has";
    }
    return std::nullopt;
}

} // namespace conformance
