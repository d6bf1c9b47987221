/* What was seen of an SMMU, in the format's own terms. */
#include "sim/ats.h"
#include "tests/conformance/smmu_harness.h"

namespace conformance
{

Value SmmuHarness::observe(const Value &entry, const std::string &key)
{
    const std::string label = entry.at("at").to_text();
    Value seen;

    if (const Value *reg = entry.find("reg")) {
        seen = register_seen(register_of(*reg), rig_->read(register_of(*reg)), key);
    } else if (label == "end") {
        seen = end_seen(entry, key);
    } else {
        seen = step_seen(entry, label, key);
    }
    trace_.line("at " + label + ", " + key + ": " + seen.show());
    return seen;
}

Value SmmuHarness::register_seen(const Register &reg, uint64_t value, const std::string &key)
{
    if (key == "value") {
        return Value::number(value);
    }
    if (key == "active" || key == "fields") {
        const std::string ends = std::string(reg.name) + "N";
        const uint64_t other = key == "active" ? rig_->read(register_of(Value::text_of(ends))) : 0;
        const Layout layout = {reg.name, 1, reg.fields};
        const uint64_t shown = value ^ other;
        Value fields = all_fields(layout, &shown);

        const std::string name = reg.name;
        const auto queue = queues_.find(name.substr(0, name.find('_')));

        if (name == "CMDQ_CONS" || name == "CMDQ_PROD" || queue != queues_.end()) {
            const unsigned bits = queue != queues_.end() ? queue->second.log2size : command_queue_.log2size;

            fields.set("index", Value::number(value & ((1u << bits) - 1)));
        }
        return fields;
    }
    throw CaseError({}, std::string("nothing called `") + key + "` can be seen of " + reg.name);
}

/* How a transaction ended. */
Value SmmuHarness::transaction_seen(const Done &done, const std::string &key)
{
    const DevicePort::Answer *answer = rig_->device->answer(*done.request);
    const SinkPort::Seen *passed = nullptr;

    for (const SinkPort::Seen &seen : rig_->sink->seen) {
        passed = seen.id == *done.request ? &seen : passed;
    }
    if (key == "pa") {
        return passed != nullptr ? Value::number(passed->address) : Value();
    }
    if (key == "data") {
        if (passed != nullptr && done.op == 'W') {
            return Value::number(passed->value);
        }
        uint64_t value = 0;
        for (size_t i = 0; answer != nullptr && i < answer->data.size() && i < 8; i++) {
            value |= uint64_t{answer->data[i]} << 8 * i;
        }
        return answer != nullptr ? Value::number(value) : Value();
    }
    if (key == "entries") {
        return answer != nullptr && answer->status == SIM_STATUS_OK ? translation_entries(answer->data) : Value();
    }
    if (key != "result") {
        throw CaseError({}, "nothing called `" + key + "` can be seen of a transaction");
    }
    if (done.translation && answer != nullptr) {
        return Value::text_of(answer->status == SIM_STATUS_OK   ? "cpl(SC)"
                              : answer->status == SIM_STATUS_CA ? "cpl(CA)"
                                                                : "cpl(UR)");
    }
    if (passed != nullptr) {
        return Value::text_of("ok");
    }
    if (answer != nullptr) {
        return Value::text_of(answer->status == SIM_STATUS_OK ? "raz_wi" : "abort");
    }
    return Value::text_of(rig_->dropped.count(*done.request) > 0 ? "dropped" : "stalled");
}

/* A Translation Completion's entries, by the names of their fields. */
Value SmmuHarness::translation_entries(const std::vector<uint8_t> &data) const
{
    std::vector<Value> entries;

    for (size_t at = 0; at + SIM_ATS_ENTRY_BYTES <= data.size(); at += SIM_ATS_ENTRY_BYTES) {
        const sim_ats_entry entry = sim_ats_load_entry(&data[at]);

        entries.push_back(Value::map({{"addr", Value::number(entry.address)},
                                      {"size", Value::number(entry.size)},
                                      {"R", Value::number(entry.read)},
                                      {"W", Value::number(entry.write)},
                                      {"U", Value::number(entry.untranslated)},
                                      {"N", Value::number(entry.no_snoop)},
                                      {"Exe", Value::number(entry.execute)},
                                      {"Priv", Value::number(entry.privileged)},
                                      {"Global", Value::number(entry.global)}}));
    }
    return Value::list(entries);
}

Value SmmuHarness::step_seen(const Value &entry, const std::string &label, const std::string &key)
{
    const auto found = done_.find(label);

    if (found == done_.end()) {
        throw CaseError(entry.place, "step `" + label + "` was not done");
    }
    const Done &done = found->second;

    if (key == "priq_written") {
        std::vector<Value> written(page_requests_.begin() + static_cast<long>(done.priq[0]),
                                   page_requests_.begin() + static_cast<long>(done.priq[1]));
        return Value::list(written);
    }
    if (key == "prg_response" || key == "tlp_out") {
        const Value seen = messages_seen(done.messages[0], done.messages[1]);

        return key == "tlp_out" ? seen : seen.children.empty() ? Value() : seen.children[0];
    }
    if (done.verb == "txn") {
        return transaction_seen(done, key);
    }
    if (done.verb == "reg_read" && key == "before") {
        const auto before = done.reg != nullptr ? before_.find(done.reg->name) : before_.end();

        return before != before_.end() ? Value::number(before->second) : Value();
    }
    if (done.verb == "reg_read" && done.reg != nullptr) {
        return register_seen(*done.reg, done.value, key);
    }
    if (done.verb == "reg_read" && key == "value") {
        return Value::number(done.value);
    }
    throw CaseError(entry.place, "nothing called `" + key + "` can be seen at a step of verb " + done.verb);
}

/* Writes of messages: all that did not go into a queue. */
Value SmmuHarness::memory_writes() const
{
    std::vector<Value> seen;

    for (const MemoryWrite &write : rig_->memory->writes) {
        const uint64_t after_queues = priq_.base + (UINT64_C(4) << 20);

        if (write.address < event_queue_.base || write.address >= after_queues) {
            seen.push_back(Value::map({{"addr", Value::number(write.address)},
                                       {"size", Value::number(write.size)},
                                       {"value", Value::number(write.value)}}));
        }
    }
    return Value::list(seen);
}

/* What the SMMU sent to the device on its own account. */
Value SmmuHarness::messages_seen(size_t from, size_t to) const
{
    std::vector<Value> seen;

    for (size_t i = from; i < to; i++) {
        const DevicePort::Message &message = rig_->device->messages[i];
        Value value = Value::map({{"target", Value::number(message.stream_id)}});

        value.set("pasid", (message.flags & SIM_FLAG_PASID) != 0 ? Value::number(message.pasid) : Value());
        if (message.operation == SIM_ATS_PRG_RESPONSE) {
            value.set("type", Value::text_of("PRGResponse"));
            value.set("prgi", Value::number(sim_ats_response_group(message.address)));
            value.set("code", Value::number(sim_ats_response_code(message.address)));
        } else if (message.operation == SIM_ATS_INVALIDATE_REQUEST && message.data.size() == 8) {
            uint64_t address = 0;
            bool global = false;
            const unsigned size = sim_ats_load_range(message.data.data(), &address, &global);

            value.set("type", Value::text_of("InvalidateRequest"));
            value.set("addr", Value::number(address));
            value.set("size", size >= 64 ? Value::text_of("all") : Value::number(UINT64_C(1) << size));
            value.set("global", Value::number(global));
        } else {
            value.set("type", Value::text_of("unknown message " + show_number(message.operation)));
        }
        seen.push_back(value);
    }
    return Value::list(seen);
}

Value SmmuHarness::end_seen(const Value &entry, const std::string &key)
{
    if (key == "events") {
        return Value::list(events_);
    }
    if (key == "last_event") {
        return events_.empty() ? Value() : events_.back();
    }
    if (key == "mem_writes") {
        return memory_writes();
    }
    if (key == "priq" || key == "priq_written") {
        return Value::list(page_requests_);
    }
    if (key == "tlp_out") {
        return messages_seen(0, rig_->device->messages.size());
    }
    if (key == "effective_commands") {
        return Value::list(commands_);
    }
    if (key == "probe") {
        return probe_;
    }
    if (key == "every_result" && !background_.is_null()) {
        return background_seen();
    }
    if (key == "never_events") {
        return events_that_never_came(entry.at(key));
    }
    throw CaseError(entry.place, "nothing called `" + key + "` can be seen of an SMMU at the end");
}

} // namespace conformance
