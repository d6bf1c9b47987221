/* The verbs of unit smmuv3. */
#include "tests/conformance/smmu_harness.h"
#include "sim/ats.h"

#include <algorithm>
#include <set>

namespace conformance
{

namespace
{

const char *const verbs[] = {"reg_write", "reg_read", "mem", "cmd", "txn", "ppr", "capture", "background"};

bool is_remark(const std::string &key)
{
    return key == "id" || key == "note" || key == "nowait" || key == "repeat" || key == "sync" || key == "after";
}

const Value &verb_of(const Value &step)
{
    const Value *found = nullptr;

    for (const Value &member : step.children) {
        const bool known =
            std::any_of(std::begin(verbs), std::end(verbs), [&](const char *verb) { return member.key == verb; });

        if (!known && !is_remark(member.key)) {
            throw CaseError(member.place, "`" + member.key + "` is not a verb for an SMMU");
        }
        if (known && found != nullptr) {
            throw CaseError(member.place, "a step has one verb");
        }
        found = known ? &member : found;
    }
    if (found == nullptr) {
        throw CaseError(step.place, "a step without a verb");
    }
    return *found;
}

} // namespace

std::unique_ptr<Harness> make_smmu_harness(const Case &c, const Trace &trace)
{
    return std::make_unique<SmmuHarness>(c, trace);
}

void SmmuHarness::step(const Value &step)
{
    const Value &verb = verb_of(step);
    const uint64_t repeat = step.number_or("repeat", verb.is_map() ? verb.number_or("repeat", 1) : 1);
    Done done;

    done.verb = verb.key;
    done.messages[0] = messages_seen();
    done.priq[0] = page_requests_.size();
    for (uint64_t i = 0; i < repeat; i++) {
        do_verb(step, verb, done);
        /* What stalls is never answered; all else has been when nothing moves any more. */
        wait();
        collect();
    }
    done.messages[1] = messages_seen();
    done.priq[1] = page_requests_.size();
    if (const Value *id = step.find("id")) {
        done_[id->to_text()] = done;
    }
}

size_t SmmuHarness::messages_seen() const
{
    return rig_->device != nullptr ? rig_->device->messages.size() : 0;
}

void SmmuHarness::wait()
{
    if (!busy_) {
        rig_->run();
    }
}

/** Reads CMDQ_CONS until it shows that all is consumed, as software does that has other things going on. */
void SmmuHarness::wait_consumed(uint32_t prod)
{
    constexpr unsigned most = 100000;

    for (unsigned i = 0; i < most; i++) {
        if (rig_->read(*find_smmu_register("CMDQ_CONS")) == prod) {
            consumed_at_ = sim_now(rig_->sim);
            return;
        }
    }
    throw Failure("a command is never consumed");
}

void SmmuHarness::do_verb(const Value &step, const Value &verb, Done &done)
{
    if (verb.key == "reg_write") {
        do_register_write(verb);
    } else if (verb.key == "reg_read") {
        do_register_read(verb, done);
    } else if (verb.key == "mem") {
        do_memory(verb);
    } else if (verb.key == "cmd") {
        do_command(verb, step.flag("sync"));
    } else if (verb.key == "txn") {
        do_transaction(verb, done);
    } else if (verb.key == "ppr") {
        do_page_request(verb);
    } else if (verb.key == "background") {
        background_ = verb;
    } else {
        do_capture(verb, step);
    }
}

/* ---- Registers ---- */

void SmmuHarness::do_register_write(const Value &verb)
{
    const Register &reg = register_of(verb.at("reg"));
    uint64_t value = 0;

    if (const Value *other = verb.find("equal_to")) {
        value = rig_->read(register_of(*other));
    } else if (const Value *fields = verb.find("fields")) {
        const Layout layout = {reg.name, 1, reg.fields};

        for (const Value &field : fields->children) {
            put_field(layout, &value, field.key, field.to_number(), field.place);
        }
    } else {
        value = verb.at("value").to_number();
    }
    rig_->write(reg, value);
}

void SmmuHarness::do_register_read(const Value &verb, Done &done)
{
    if (const Value *offset = verb.find("offset")) {
        const uint64_t page = verb.number_or("page", 0);

        done.value = rig_->read(static_cast<uint32_t>(page * 0x10000 + offset->to_number()), 4);
        return;
    }
    done.reg = &register_of(verb.at("reg"));
    done.value = rig_->read(*done.reg);
    trace_.line(std::string(done.reg->name) + " is " + show_number(done.value));
}

/* ---- Memory ---- */

void SmmuHarness::set_aborts(const Value &region)
{
    const std::string text = region.to_text();
    const auto queue = [&](const Queue &q, unsigned entry) {
        rig_->memory->aborts.push_back({q.base, uint64_t{entry} << q.log2size});
    };

    if (text == "none") {
        rig_->memory->aborts.clear();
    } else if (text == "command queue memory") {
        queue(command_queue_, 16);
    } else if (text == "event queue memory") {
        queue(event_queue_, 32);
    } else if (text == "PRI queue memory") {
        queue(priq_, 16);
    } else {
        for (const Range &range : tables_->regions_of(region)) {
            rig_->memory->aborts.push_back(range);
        }
    }
}

void SmmuHarness::do_memory(const Value &verb)
{
    for (const Value &what : verb.children) {
        for (const Value &item : what.each()) {
            if (what.key == "ste" && item.find("sequence") != nullptr) {
                do_sequence(item);
            } else if (what.key == "ste") {
                tables_->set_ste(item);
            } else if (what.key == "cd") {
                tables_->set_cd(item);
            } else if (what.key == "l1std") {
                tables_->set_l1std(item);
            } else if (what.key == "l1cd") {
                tables_->set_l1cd(item);
            } else if (what.key == "map") {
                tables_->map(item);
            } else if (what.key == "unmap") {
                tables_->unmap(item);
            } else if (what.key == "abort_region") {
                set_aborts(item);
            } else if (what.key == "cmdq_entry") {
                put_command(command_queue_.base + 16 * item.at("index").to_number(), item);
            } else if (what.key != "cmdq_entries") {
                throw CaseError(what.place, "`" + what.key + "` is nothing in an SMMU's memory");
            }
        }
        for (size_t i = 0; what.key == "cmdq_entries" && i < what.children.size(); i++) {
            put_command(command_queue_.base + 16 * i, what.children[i]);
        }
    }
}

/* ---- Commands ---- */

/* A map of fields, or a command's name alone. */
void SmmuHarness::put_command(uint64_t address, const Value &verb)
{
    uint64_t words[2] = {};
    const Value *op = verb.is_scalar() ? &verb : verb.find("op");

    if (op != nullptr) {
        put_field(command_layout, words, "opcode", command_opcode(op->to_text(), op->place), op->place);
        if (op->text.find("CFGI_ALL") != std::string::npos) {
            put_field(command_layout, words, "Range", 31, op->place);
        }
    }
    for (const Value &field : verb.children) {
        if (field.key == "op" || field.key == "index" || field.key == "queue" || field.key == "repeat" ||
            field.key == "note") {
            continue;
        }
        const auto label = captured_.find(field.to_text());

        put_field(command_layout, words, field.key, label != captured_.end() ? label->second : field.to_number(),
                  field.place);
    }
    rig_->memory->write64(address, words[0]);
    rig_->memory->write64(address + 8, words[1]);
}

void SmmuHarness::append_command(const Value &verb)
{
    const Register &prod_register = *find_smmu_register("CMDQ_PROD");
    const auto prod = static_cast<uint32_t>(rig_->read(prod_register));
    const uint32_t mask = (1u << command_queue_.log2size) - 1;

    put_command(command_queue_.base + 16 * (prod & mask), verb);
    rig_->write(prod_register, (prod + 1) & (2 * mask + 1));
    if (busy_) {
        wait_consumed((prod + 1) & (2 * mask + 1));
    } else {
        rig_->run();
    }
}

void SmmuHarness::do_command(const Value &verb, bool sync)
{
    const Value *queue = verb.find("queue");

    if (queue != nullptr) {
        append_to(*queue, verb);
    } else {
        append_command(verb);
    }
    if (!sync) {
        return;
    }
    if (queue != nullptr) {
        throw CaseError(queue->place, "`sync` is for the queue of page 0");
    }
    append_command(Value::text_of("SYNC"));
    const uint64_t cons = rig_->read(*find_smmu_register("CMDQ_CONS"));

    if (cons != rig_->read(*find_smmu_register("CMDQ_PROD"))) {
        throw Failure("CMD_SYNC after " + verb.show() + " does not complete: CMDQ_CONS is " + show_number(cons));
    }
}

/* ---- Requests ---- */

void SmmuHarness::do_transaction(const Value &verb, Done &done)
{
    DevicePort::Request request;
    const std::string at = verb.text_or("at", "U");
    const std::string op = verb.text_or("op", "R");

    for (const Value &member : verb.children) {
        static const std::set<std::string> known = {"sid", "ssid", "addr", "op",   "size", "priv",
                                                    "at",  "nw",   "exe",  "data", "note", "repeat"};
        if (known.count(member.key) == 0) {
            throw CaseError(member.place, "`" + member.key + "` is not part of a transaction");
        }
    }
    if ((op != "R" && op != "W" && op != "X") || (at != "U" && at != "T" && at != "TR")) {
        throw CaseError(verb.place, "op is R, W or X, and at is U, TR or T");
    }
    request.type = op == "W" ? SIM_PACKET_WRITE : SIM_PACKET_READ;
    request.address = verb.at("addr").to_number();
    request.length = static_cast<uint32_t>(verb.number_or("size", at == "TR" ? 8 : 4));
    request.value = verb.number_or("data", 0xD00DFEED);
    request.stream_id = static_cast<uint32_t>(verb.at("sid").to_number());
    request.requester = static_cast<uint16_t>(request.stream_id);
    request.at = at == "U" ? SIM_AT_UNTRANSLATED : at == "T" ? SIM_AT_TRANSLATED : SIM_AT_TRANSLATION_REQUEST;
    request.flags = SIM_FLAG_HAS_STREAM_ID;
    request.flags |= op == "X" || verb.flag("exe") ? SIM_FLAG_EXECUTE : 0;
    request.flags |= verb.flag("priv") ? SIM_FLAG_PRIVILEGED : 0;
    request.flags |= verb.flag("nw") ? SIM_FLAG_NO_WRITE : 0;
    if (const Value *ssid = verb.find("ssid")) {
        request.flags |= SIM_FLAG_PASID;
        request.pasid = static_cast<uint32_t>(ssid->to_number());
    }
    done.op = op[0];
    done.translation = at == "TR";
    done.request = rig_->device->send(request);
}

void SmmuHarness::do_page_request(const Value &verb)
{
    static const std::set<std::string> known = {"sid",  "ssid", "addr", "R",    "W",    "X",
                                                "priv", "last", "prgi", "stop", "note", "repeat"};
    DevicePort::Request request;
    sim_ats_page_request page = {};

    for (const Value &member : verb.children) {
        if (known.count(member.key) == 0) {
            throw CaseError(member.place, "`" + member.key + "` is not part of a page request");
        }
    }
    page.page = verb.at("addr").to_number();
    page.group = static_cast<uint16_t>(verb.at("prgi").to_number());
    page.last = verb.flag("last");
    page.read = verb.flag("R");
    page.write = verb.flag("W");
    request.type = SIM_PACKET_MESSAGE;
    request.operation = SIM_ATS_PAGE_REQUEST;
    request.arg = SIM_ATS_ROUTE_TO_ROOT;
    request.address = sim_ats_page_request_word(&page);
    request.length = 0;
    request.stream_id = static_cast<uint32_t>(verb.at("sid").to_number());
    request.requester = static_cast<uint16_t>(request.stream_id);
    request.flags = SIM_FLAG_HAS_STREAM_ID;
    request.flags |= verb.flag("X") ? SIM_FLAG_EXECUTE : 0;
    request.flags |= verb.flag("priv") ? SIM_FLAG_PRIVILEGED : 0;
    if (const Value *ssid = verb.find("ssid")) {
        request.flags |= SIM_FLAG_PASID;
        request.pasid = static_cast<uint32_t>(ssid->to_number());
    }
    if (verb.flag("stop") != sim_ats_is_stop_marker(request.address, (request.flags & SIM_FLAG_PASID) != 0)) {
        throw CaseError(verb.place, "a stop marker, and nothing else, has a PASID, last, and neither R nor W");
    }
    rig_->device->send(request);
}

void SmmuHarness::do_capture(const Value &verb, const Value &step)
{
    const Value &field = verb.at("event");

    if (events_.empty()) {
        throw Failure("there is no event record to take " + field.to_text() + " from");
    }
    captured_[step.at("id").to_text()] = events_.back().at(field.to_text()).to_number();
}

/* ---- After every step ---- */

void SmmuHarness::collect_queue(Queue &queue, const char *prod, const Layout &layout, std::vector<Value> &records)
{
    const uint32_t mask = (2u << queue.log2size) - 1;
    const auto index = static_cast<uint32_t>(rig_->read(*find_smmu_register(prod))) & mask;

    while (queue.seen != index) {
        uint64_t words[4] = {};
        const uint64_t entry = queue.seen & (mask >> 1);

        for (unsigned i = 0; i < layout.words; i++) {
            words[i] = rig_->memory->read64(queue.base + 8 * (layout.words * entry + i));
        }
        records.push_back(all_fields(layout, words));
        trace_.line(std::string("record: ") + records.back().show());
        queue.seen = (queue.seen + 1) & mask;
    }
}

void SmmuHarness::collect()
{
    if (case_.bases.empty()) {
        return;
    }
    collect_queue(event_queue_, "EVENTQ_PROD", event_layout, events_);
    collect_queue(priq_, "PRIQ_PROD", priq_layout, page_requests_);
}

std::optional<uint64_t> SmmuHarness::resolve(const std::string &text)
{
    return tables_->resolve(text);
}

} // namespace conformance
