/* What was seen of a GIC, in the format's own terms. */
#include "tests/conformance/its_harness.h"

#include "models/gic-its/gic.h"

#include <cstdio>

namespace conformance
{

Value ItsHarness::signals(size_t from, size_t to, bool of_guests, bool sgis) const
{
    std::vector<Value> seen;

    for (size_t i = from; i < to; i++) {
        const Signal &signal = signals_[i];

        if (signal.is_virtual != of_guests || (of_guests && sgis != (signal.intid < 16))) {
            continue;
        }
        Value value = Value::map(
            {{of_guests ? "vintid" : "intid", Value::number(signal.intid)}, {"rd", Value::number(signal.rd)}});

        if (const Value *vpes = case_.setup.find("vpe"); of_guests && vpes != nullptr) {
            for (const Value &vpe : vpes->children) {
                if (vpe.number_or("rd", 0) == signal.rd) {
                    value.set("vpe", Value::text_of(vpe.key));
                }
            }
        }
        seen.push_back(value);
    }
    return Value::list(seen);
}

/* How the last command error shows: the queue stops, or the command is passed over. */
Value ItsHarness::queue_state()
{
    const uint64_t reader = rig_->its_read(0, GITS_CREADR, 8);
    char text[48];

    if ((reader & 1) != 0) {
        return Value::text_of("stalled");
    }
    if ((reader & 0xFFFE0) != queues_[0].next) {
        return Value::text_of("neither stalled nor done");
    }
    if (its_last_error(rig_->its[0]) == 0) {
        return Value::text_of("ignored");
    }
    snprintf(text, sizeof(text), "ignored_with_error 0x%06X", its_last_error(rig_->its[0]));
    return Value::text_of(text);
}

Value ItsHarness::observe(const Value &entry, const std::string &key)
{
    const std::string label = entry.at("at").to_text();
    std::pair<size_t, size_t> seen = {0, signals_.size()};
    const Done *done = nullptr;

    if (label != "end") {
        const auto found = done_.find(label);

        if (found == done_.end()) {
            throw CaseError(entry.place, "step `" + label + "` was not done");
        }
        done = &found->second;
        seen = done->seen;
    }
    if (key == "lpi") {
        return signals(seen.first, seen.second, false, false);
    }
    if (key == "vlpi" || key == "vsgi") {
        return signals(seen.first, seen.second, true, key == "vsgi");
    }
    if (key == "first_msi_lpi") {
        return signals(first_message_.first, first_message_.second, false, false);
    }
    if (key == "queue") {
        return queue_state();
    }
    if (key == "pending") {
        Value state = entry.at("pending");

        state.set("value", Value::number(is_pending(state)));
        return state;
    }
    if (key == "vpt_pending") {
        Value state = entry.at("vpt_pending");
        const uint64_t intid = state.at("vintid").to_number();
        const uint64_t vpt = ItsRig::vpts + state.at("vpe").to_number() * 0x10000;

        state.set("value", Value::number(memory_read8(rig_->memory, vpt + intid / 8) >> intid % 8 & 1));
        return state;
    }
    if (key == "acked_per_event" || key == "spurious") {
        std::map<uint32_t, uint64_t> counts;
        uint64_t same = 0;

        for (unsigned i = 0; i < devices_ * events_each_; i++) {
            counts[8192 + i] = 0;
        }
        for (const auto &pe : rig_->pes) {
            for (const uint32_t intid : pe->intids()) {
                counts[intid]++;
            }
        }
        const uint64_t spurious = counts[GIC_INTID_SPURIOUS];

        counts.erase(GIC_INTID_SPURIOUS);
        for (const auto &count : counts) {
            if (count.second != counts.begin()->second) {
                return key == "spurious" ? Value::number(spurious)
                                         : Value::text_of("differs: LPI " + std::to_string(count.first) + " " +
                                                          std::to_string(count.second) + " times");
            }
            same = count.second;
        }
        return Value::number(key == "spurious" ? spurious : same);
    }
    if (done != nullptr && (key == "value" || key == "intid" || key == "intids")) {
        return done->value;
    }
    if (done != nullptr && key == "fields" && done->reg != nullptr) {
        return fields_of(*done->reg, done->value.to_number());
    }
    throw CaseError(entry.place, "nothing called `" + key + "` can be seen of a GIC here");
}

/* "at least one Type 1 and one Type 4", of a list of registers: each Type that the note names is there. */
std::optional<std::string> ItsHarness::check_note(const Value &entry)
{
    const auto done = done_.find(entry.at("at").to_text());
    const std::string note = entry.text_or("note", "");
    bool named = false;

    if (done == done_.end() || !done->second.value.is_list()) {
        return std::nullopt;
    }
    for (size_t at = note.find("Type "); at != std::string::npos; at = note.find("Type ", at + 1)) {
        const uint64_t type = strtoull(note.c_str() + at + 5, nullptr, 10);
        bool found = false;

        for (const Value &reg : done->second.value.children) {
            found = found || reg.number_or("Type", 0) == type;
        }
        if (!found) {
            return "no register has Type " + std::to_string(type);
        }
        named = true;
    }
    return named ? std::optional<std::string>("") : std::nullopt;
}

} // namespace conformance
