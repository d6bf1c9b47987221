#include "wrappers/protocol_checker.h"

#include <algorithm>
#include <sstream>

namespace doorbell
{

using rule = protocol_rule;

const char *protocol_rule_name(protocol_rule rule)
{
    static const char *const names[] = {"COMMAND",   "DATA",    "STREAMING", "BYTE_ENABLES", "INCOMPLETE",
                                        "DMI_HINT",  "MANAGED", "PHASE",     "RETURN",       "REQUESTS",
                                        "RESPONSES", "REUSED",  "ENDED",     "ATTRIBUTES",   "WRITE_DATA",
                                        "STATUS",    "TIME",    "DEBUG",     "DIRECT"};

    return names[static_cast<size_t>(rule)];
}

protocol_checker::protocol_checker(const sc_core::sc_module_name &name)
    : sc_core::sc_module(name), target("target"), initiator("initiator")
{
    target.bind(static_cast<tlm::tlm_fw_transport_if<> &>(*this));
    initiator.bind(static_cast<tlm::tlm_bw_transport_if<> &>(*this));
}

void protocol_checker::blame(protocol_rule rule, const std::string &text)
{
    violations_.push_back({rule, sc_core::sc_time_stamp(), text});
}

void protocol_checker::check(bool holds, protocol_rule rule, const char *text)
{
    if (!holds) {
        blame(rule, text);
    }
}

std::string protocol_checker::report() const
{
    std::ostringstream out;

    for (const violation &each : violations_) {
        out << name() << " at " << each.time << ": " << protocol_rule_name(each.rule) << ": " << each.text << '\n';
    }
    return out.str();
}

/* ---- A payload by itself ---- */

void protocol_checker::check_start(const tlm::tlm_generic_payload &payload)
{
    const unsigned char *enables = payload.get_byte_enable_ptr();
    const unsigned count = payload.get_byte_enable_length();
    const tlm::tlm_command command = payload.get_command();

    begun_++;
    check(command == tlm::TLM_READ_COMMAND || command == tlm::TLM_WRITE_COMMAND || command == tlm::TLM_IGNORE_COMMAND,
          rule::COMMAND, "the command is none of the generic payload's");
    check(payload.get_data_ptr() != nullptr, rule::DATA, "there is no data pointer");
    check(payload.get_data_length() > 0, rule::DATA, "the data length is 0");
    check(payload.get_streaming_width() > 0, rule::STREAMING, "the streaming width is 0");
    check(enables == nullptr || count > 0, rule::BYTE_ENABLES, "the byte enables have no length");
    check(enables == nullptr ||
              std::all_of(enables, enables + count,
                          [](unsigned char each) { return each == TLM_BYTE_ENABLED || each == TLM_BYTE_DISABLED; }),
          rule::BYTE_ENABLES, "a byte enable is neither 0x00 nor 0xff");
    check(payload.get_response_status() == tlm::TLM_INCOMPLETE_RESPONSE, rule::INCOMPLETE,
          "the response status is not TLM_INCOMPLETE_RESPONSE at the start");
    check(!payload.is_dmi_allowed(), rule::DMI_HINT, "the DMI hint is set at the start");
}

uint64_t protocol_checker::digest(const tlm::tlm_generic_payload &payload)
{
    uint64_t sum = UINT64_C(14695981039346656037);

    for (unsigned i = 0; payload.is_write() && payload.get_data_ptr() != nullptr && i < payload.get_data_length();
         i++) {
        sum = (sum ^ payload.get_data_ptr()[i]) * UINT64_C(1099511628211);
    }
    return sum;
}

protocol_checker::state protocol_checker::remember(const tlm::tlm_generic_payload &payload)
{
    state now;

    now.command = payload.get_command();
    now.data = payload.get_data_ptr();
    now.length = payload.get_data_length();
    now.width = payload.get_streaming_width();
    now.enables = payload.get_byte_enable_ptr();
    now.enables_length = payload.get_byte_enable_length();
    now.written = digest(payload);
    return now;
}

void protocol_checker::check_same(const state *of, const tlm::tlm_generic_payload &payload)
{
    const bool same = of->command == payload.get_command() && of->data == payload.get_data_ptr() &&
                      of->length == payload.get_data_length() && of->width == payload.get_streaming_width() &&
                      of->enables == payload.get_byte_enable_ptr() &&
                      of->enables_length == payload.get_byte_enable_length();

    check(same, rule::ATTRIBUTES, "an attribute that has to stay has changed");
    check(!same || of->written == digest(payload), rule::WRITE_DATA, "the data of a write have changed");
}

/* ---- Non-blocking transactions ---- */

void protocol_checker::check_time(state *of, const sc_core::sc_time &delay)
{
    const sc_core::sc_time time = sc_core::sc_time_stamp() + delay;

    check(time >= of->latest, rule::TIME, "a phase is annotated with a time before that of the phase before it");
    of->latest = std::max(of->latest, time);
}

protocol_checker::state *protocol_checker::find(tlm::tlm_generic_payload &payload, const char *what)
{
    const auto found = under_way_.find(&payload);

    if (found == under_way_.end()) {
        blame(rule::ENDED, std::string(what) + " of a transaction that is not under way");
        return nullptr;
    }
    return &found->second;
}

void protocol_checker::forget(tlm::tlm_generic_payload &payload)
{
    request_ = request_ == &payload ? nullptr : request_;
    response_ = response_ == &payload ? nullptr : response_;
    under_way_.erase(&payload);
}

void protocol_checker::begin(tlm::tlm_generic_payload &payload, const sc_core::sc_time &delay)
{
    check_start(payload);
    check(payload.has_mm() && payload.get_ref_count() > 0, rule::MANAGED,
          "a non-blocking transaction without a memory manager or a reference");
    check(under_way_.count(&payload) == 0, rule::REUSED, "the transaction object is still under way");
    check(request_ == nullptr, rule::REQUESTS, "BEGIN_REQ before the END_REQ of the request before");
    under_way_[&payload] = remember(payload);
    under_way_[&payload].latest = sc_core::sc_time_stamp() + delay;
    request_ = &payload;
}

void protocol_checker::end_request(tlm::tlm_generic_payload &payload, const sc_core::sc_time &delay)
{
    state *own = find(payload, "END_REQ");

    if (own == nullptr) {
        return;
    }
    check(own->at == stage::requested, rule::PHASE, "END_REQ of a request that has ended");
    check_time(own, delay);
    check_same(own, payload);
    own->at = stage::accepted;
    request_ = request_ == &payload ? nullptr : request_;
}

void protocol_checker::begin_response(tlm::tlm_generic_payload &payload, const sc_core::sc_time &delay, bool ends)
{
    state *own = find(payload, "BEGIN_RESP");

    if (own == nullptr) {
        return;
    }
    check(own->at != stage::responding, rule::PHASE, "a second BEGIN_RESP");
    check(ends || response_ == nullptr || response_ == &payload, rule::RESPONSES,
          "BEGIN_RESP before the END_RESP of the response before");
    check(payload.get_response_status() != tlm::TLM_INCOMPLETE_RESPONSE, rule::STATUS,
          "the response begins without a response status");
    check_time(own, delay);
    check_same(own, payload);
    own->at = stage::responding;
    request_ = request_ == &payload ? nullptr : request_;
    response_ = ends ? response_ : &payload;
}

void protocol_checker::end_response(tlm::tlm_generic_payload &payload, const sc_core::sc_time &delay)
{
    state *own = find(payload, "END_RESP");

    if (own == nullptr) {
        return;
    }
    check(own->at == stage::responding, rule::PHASE, "END_RESP without BEGIN_RESP");
    check_time(own, delay);
    forget(payload);
}

void protocol_checker::returned_from_begin(tlm::tlm_generic_payload &payload, tlm::tlm_sync_enum said,
                                           const tlm::tlm_phase &phase, const sc_core::sc_time &delay)
{
    if (said == tlm::TLM_COMPLETED) {
        begin_response(payload, delay, true);
        forget(payload);
    } else if (said == tlm::TLM_UPDATED && phase == tlm::END_REQ) {
        end_request(payload, delay);
    } else if (said == tlm::TLM_UPDATED && phase == tlm::BEGIN_RESP) {
        begin_response(payload, delay, false);
    } else if (said == tlm::TLM_UPDATED) {
        blame(rule::RETURN, "BEGIN_REQ returned TLM_UPDATED with a phase that cannot follow");
    }
}

tlm::tlm_sync_enum protocol_checker::nb_transport_fw(tlm::tlm_generic_payload &payload, tlm::tlm_phase &phase,
                                                     sc_core::sc_time &delay)
{
    const tlm::tlm_phase called = phase;
    tlm::tlm_sync_enum said;

    if (called == tlm::BEGIN_REQ) {
        begin(payload, delay);
        if (payload.has_mm()) {
            payload.acquire(); /* so that it is there to be looked at if the target completes it */
        }
        said = initiator->nb_transport_fw(payload, phase, delay);
        if (under_way_.count(&payload) > 0) {
            returned_from_begin(payload, said, phase, delay);
        } else if (said != tlm::TLM_ACCEPTED) {
            blame(rule::RETURN, "BEGIN_REQ of a transaction that ended within the call returned something");
        }
        if (payload.has_mm()) {
            payload.release();
        }
        return said;
    }
    if (called == tlm::END_RESP) {
        end_response(payload, delay);
        said = initiator->nb_transport_fw(payload, phase, delay);
        check(said != tlm::TLM_UPDATED, rule::RETURN, "END_RESP returned TLM_UPDATED, and nothing can follow it");
        return said;
    }
    blame(rule::PHASE, "the initiator sent a phase that is the target's");
    return initiator->nb_transport_fw(payload, phase, delay);
}

tlm::tlm_sync_enum protocol_checker::nb_transport_bw(tlm::tlm_generic_payload &payload, tlm::tlm_phase &phase,
                                                     sc_core::sc_time &delay)
{
    const tlm::tlm_phase called = phase;
    tlm::tlm_sync_enum said;

    if (called == tlm::END_REQ) {
        end_request(payload, delay);
        said = target->nb_transport_bw(payload, phase, delay);
        check(said == tlm::TLM_ACCEPTED, rule::RETURN, "END_REQ returned something, and the target's turn is next");
        return said;
    }
    if (called == tlm::BEGIN_RESP) {
        begin_response(payload, delay, false);
        said = target->nb_transport_bw(payload, phase, delay);
        if (said == tlm::TLM_COMPLETED || (said == tlm::TLM_UPDATED && phase == tlm::END_RESP)) {
            state *own = find(payload, "END_RESP");

            if (own != nullptr) {
                check_time(own, delay);
            }
            forget(payload);
        } else if (said == tlm::TLM_UPDATED) {
            blame(rule::RETURN, "BEGIN_RESP returned TLM_UPDATED with a phase that cannot follow");
        }
        return said;
    }
    blame(rule::PHASE, "the target sent a phase that is the initiator's");
    return target->nb_transport_bw(payload, phase, delay);
}

/* ---- The other calls ---- */

void protocol_checker::b_transport(tlm::tlm_generic_payload &payload, sc_core::sc_time &delay)
{
    const state before = remember(payload);
    const sc_core::sc_time start = sc_core::sc_time_stamp() + delay;

    check_start(payload);
    check(under_way_.count(&payload) == 0, rule::REUSED, "the transaction object is still under way");
    initiator->b_transport(payload, delay);
    check_same(&before, payload);
    check(payload.get_response_status() != tlm::TLM_INCOMPLETE_RESPONSE, rule::STATUS,
          "b_transport returned without a response status");
    check(sc_core::sc_time_stamp() + delay >= start, rule::TIME, "b_transport returned with a time that went back");
}

unsigned protocol_checker::transport_dbg(tlm::tlm_generic_payload &payload)
{
    const unsigned done = initiator->transport_dbg(payload);

    check(done <= payload.get_data_length(), rule::DEBUG, "transport_dbg moved more bytes than asked for");
    return done;
}

bool protocol_checker::get_direct_mem_ptr(tlm::tlm_generic_payload &payload, tlm::tlm_dmi &given)
{
    const sc_dt::uint64 address = payload.get_address();
    const bool granted = initiator->get_direct_mem_ptr(payload, given);

    check(given.get_start_address() <= given.get_end_address(), rule::DIRECT, "a range that ends before it starts");
    if (granted) {
        check(given.get_dmi_ptr() != nullptr, rule::DIRECT, "direct memory without a pointer");
        check(given.get_start_address() <= address && address <= given.get_end_address(), rule::DIRECT,
              "direct memory that does not hold the address");
        check(payload.is_read()    ? given.is_read_allowed()
              : payload.is_write() ? given.is_write_allowed()
                                   : true,
              rule::DIRECT, "direct memory that does not allow what was asked for");
    }
    return granted;
}

void protocol_checker::invalidate_direct_mem_ptr(sc_dt::uint64 first, sc_dt::uint64 last)
{
    check(first <= last, rule::DIRECT, "a range to be taken back that ends before it starts");
    target->invalidate_direct_mem_ptr(first, last);
}

/* ---- A platform's ---- */

protocol_checkers::protocol_checkers()
    : sc_core::sc_module(sc_core::sc_module_name(sc_core::sc_gen_unique_name("checkers")))
{
}

bool protocol_checkers::are_mine(const sc_core::sc_port_b<tlm::tlm_fw_transport_if<>> &port) const
{
    for (int i = 0; i < port.size(); i++) {
        const auto is_it = [target = port[i]](const auto &each) {
            return static_cast<tlm::tlm_fw_transport_if<> *>(each.get()) == target;
        };

        if (std::find_if(all_.begin(), all_.end(), is_it) == all_.end()) {
            return false;
        }
    }
    return true;
}

/* Whoever is reached is reached by some initiator: it is enough to look at those. */
void protocol_checkers::look_at(const std::vector<sc_core::sc_object *> &objects)
{
    for (const sc_core::sc_object *object : objects) {
        const auto *port = dynamic_cast<const sc_core::sc_port_b<tlm::tlm_fw_transport_if<>> *>(object);
        const bool is_ours = dynamic_cast<const protocol_checker *>(object->get_parent_object()) != nullptr;

        if (port != nullptr && !is_ours && !are_mine(*port)) {
            uncovered_ += std::string(object->name()) + ": bound without a checker\n";
        }
        look_at(object->get_child_objects());
    }
}

void protocol_checkers::start_of_simulation()
{
    look_at(sc_core::sc_get_top_level_objects());
}

protocol_checker &protocol_checkers::add()
{
    all_.push_back(std::make_unique<protocol_checker>(sc_core::sc_gen_unique_name("checker")));
    return *all_.back();
}

std::string protocol_checkers::report() const
{
    std::string text;

    for (const auto &each : all_) {
        text += each->report();
        if (each->open() > 0) {
            text += std::string(each->name()) + ": " + std::to_string(each->open()) + " transactions have not ended\n";
        }
    }
    return text;
}

} // namespace doorbell
