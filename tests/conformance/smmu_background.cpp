/*
 * An STE that software rewrites while its stream goes on: the SMMU reads it one 64-bit word at a time, so software
 * writes words in an order in which whatever is read is what it was or what it is to be, with a CMD_SYNC between.
 */
#include "tests/conformance/smmu_harness.h"

#include <algorithm>
#include <array>

namespace conformance
{

namespace
{

constexpr sim_time request_gap = 100 * SIM_NS;
constexpr sim_time settled = 2 * SIM_US;

using Words = std::array<uint64_t, 8>;

/** The fields of an STE without translation that are looked at, by its configuration. */
Value configuration(const std::string &name, const Place &place)
{
    if (name == "abort") {
        return Value::map({{"V", Value::number(1)}, {"Config", Value::number(0)}});
    }
    if (name == "bypass") {
        return Value::map({{"V", Value::number(1)}, {"Config", Value::number(4)}, {"SHCFG", Value::number(1)}});
    }
    throw CaseError(place, "a sequence is of `bypass` and `abort`");
}

Words words_of(const Value &fields)
{
    Words words = {};

    for (const Value &field : fields.children) {
        put_field(ste_layout, words.data(), field.key, field.to_number(), field.place);
    }
    return words;
}

/** Which bits matter: all those of the fields that a configuration has. */
Words used_bits(const Value &fields)
{
    Words words = {};

    for (const Value &field : fields.children) {
        const Field *place = ste_layout.find(field.key);

        words[place->low / 64] |= ((UINT64_C(1) << place->width) - 1) << place->low % 64;
    }
    return words;
}

std::vector<std::string> split_sequence(const std::string &text)
{
    const std::string joint = " to ";
    std::vector<std::string> names;
    size_t at = 0;

    for (size_t end = text.find(joint); end != std::string::npos; end = text.find(joint, at)) {
        names.push_back(text.substr(at, end - at));
        at = end + joint.size();
    }
    names.push_back(text.substr(at));
    return names;
}

} // namespace

/** Requests that are spread over the steps to come. */
void SmmuHarness::start_background(uint64_t count)
{
    const Value &txn = background_.at("txn");

    rig_->device->set_gap(request_gap);
    for (uint64_t i = 0; i < count; i++) {
        Done done;

        do_transaction(txn, done);
        background_requests_.push_back(done);
    }
}

void SmmuHarness::write_ste_words(uint32_t sid, const uint64_t *words, const uint64_t *old)
{
    const Value leaf =
        Value::map({{"op", Value::text_of("CFGI_STE")}, {"SID", Value::number(sid)}, {"Leaf", Value::number(1)}});
    bool changed = false;

    for (unsigned i = 0; i < 8; i++) {
        if (words[i] != old[i]) {
            rig_->memory->write64(tables_->ste_address(sid) + 8 * i, words[i]);
            changed = true;
        }
    }
    if (changed) {
        do_command(leaf, true);
    }
}

/** From one configuration to another: what the first does not look at, the one word that decides, then the rest. */
void SmmuHarness::change_ste(uint32_t sid, const Value &from, const Value &to)
{
    const Words old = words_of(from);
    const Words target = words_of(to);
    const Words used = used_bits(from);
    const Words wanted = used_bits(to);
    Words words = old;
    unsigned deciding = 8;

    for (unsigned i = 0; i < 8; i++) {
        const uint64_t prepared = (old[i] & used[i]) | (target[i] & ~used[i]);

        if (((prepared ^ target[i]) & wanted[i]) == 0) {
            words[i] = prepared;
        } else if (deciding == 8) {
            deciding = i;
        } else {
            throw Failure("no order of words leads from the one STE to the other");
        }
    }
    write_ste_words(sid, words.data(), old.data());
    if (deciding < 8) {
        const Words before = words;

        words[deciding] = target[deciding];
        write_ste_words(sid, words.data(), before.data());
    }
    write_ste_words(sid, target.data(), words.data());
}

void SmmuHarness::do_sequence(const Value &item)
{
    const std::vector<std::string> names = split_sequence(item.at("sequence").to_text());
    const auto sid = static_cast<uint32_t>(item.at("sid").to_number());
    const Place &place = item.at("sequence").place;
    const Words first = words_of(configuration(names[0], place));
    Words none = {};

    /* The STE that the base has gives way to the first before anything runs. */
    write_ste_words(sid, none.data(), first.data());
    write_ste_words(sid, first.data(), none.data());
    if (!background_.is_null()) {
        busy_ = true;
        start_background(background_.at("txn").number_or("repeat", 1));
    }
    for (size_t i = 1; i < names.size(); i++) {
        sim_run(rig_->sim, sim_now(rig_->sim) + settled);
        change_ste(sid, configuration(names[i - 1], place), configuration(names[i], place));
    }
    busy_ = false;
    rig_->run();
}

/** What the requests in the background came to; "ok" with the address that bypass gives, or "abort". */
Value SmmuHarness::background_seen()
{
    const uint64_t address = background_.at("txn").at("addr").to_number();
    unsigned passed = 0;
    unsigned aborted = 0;

    for (const Done &done : background_requests_) {
        const std::string result = transaction_seen(done, "result").text;

        if (result == "ok" && transaction_seen(done, "pa").to_number() == address) {
            passed++;
        } else if (result == "abort") {
            aborted++;
        } else {
            return Value::text_of("one is " + result);
        }
    }
    trace_.line(std::to_string(passed) + " passed, " + std::to_string(aborted) + " aborted");
    if (passed == 0 || aborted == 0) {
        throw Failure("the requests in the background have not met both configurations");
    }
    return Value::text_of("equals old or new configuration");
}

/** Of the event types of a list, those that have never come. */
Value SmmuHarness::events_that_never_came(const Value &types) const
{
    Value never = Value::list();

    for (const Value &type : types.each()) {
        if (std::none_of(events_.begin(), events_.end(),
                         [&](const Value &event) { return event.at("type").to_number() == type.to_number(); })) {
            never.children.push_back(type);
        }
    }
    return never;
}

} // namespace conformance
