#include "tests/conformance/check.h"

#include <algorithm>

namespace conformance
{

namespace
{

bool is_nothing(const Value &value)
{
    return value.is_null() || (value.is_list() && value.children.empty()) || (value.is_map() && value.children.empty());
}

bool means_nothing(const Value &expected)
{
    return expected.is_scalar() && (expected.text == "none" || expected.text == "absent");
}

/* A posted write that is terminated leaves no trace of how: neither an abort nor RAZ/WI is answered. */
bool is_terminated_write(const Value &expected, const Value &got)
{
    return got.text == "dropped" && (expected.text == "abort" || expected.text == "raz_wi");
}

std::string mismatch(const std::string &what, const Value &expected, const Value &got)
{
    return what + ": expected " + expected.show() + ", got " + (is_nothing(got) ? "nothing" : got.show());
}

std::string scalar_differs(const Value &expected, const Value &got, Harness &harness, const std::string &what)
{
    std::optional<uint64_t> number = expected.as_number();

    if (got.is_list()) {
        if (number && *number == got.children.size()) {
            return "";
        }
        return mismatch(what, expected, got);
    }
    if (!got.is_scalar()) {
        return mismatch(what, expected, got);
    }
    if (expected.text == got.text || is_terminated_write(expected, got)) {
        return "";
    }
    if (!number) {
        number = harness.resolve(expected.text);
    }
    if (expected.text == "true" || expected.text == "false") {
        number = expected.text == "true" ? 1 : 0;
    }
    return number && got.as_number() && *number == *got.as_number() ? "" : mismatch(what, expected, got);
}

std::string list_differs(const Value &expected, const Value &got, Harness &harness, const std::string &what)
{
    const std::vector<Value> items = got.each();

    if (items.size() != expected.children.size()) {
        return mismatch(what, expected, got);
    }
    for (size_t i = 0; i < items.size(); i++) {
        const std::string different =
            differs(expected.children[i], items[i], harness, what + "[" + std::to_string(i) + "]");

        if (!different.empty()) {
            return different;
        }
    }
    return "";
}

/* Each expected item matches an item of its own. */
std::string set_differs(const Value &expected, const Value &got, Harness &harness, const std::string &what, bool others)
{
    std::vector<Value> left = got.each();

    for (const Value &wanted : expected.each()) {
        const auto found = std::find_if(
            left.begin(), left.end(), [&](const Value &item) { return differs(wanted, item, harness, what).empty(); });

        if (found == left.end()) {
            return what + ": expected " + wanted.show() + " among " + got.show();
        }
        left.erase(found);
    }
    return left.empty() || others ? "" : what + ": " + Value::list(left).show() + " was not expected";
}

std::string same_differs(const Value &entry, const Value &wanted, Harness &harness)
{
    const Value got = harness.observe(entry, "value");
    Value reference;

    if (wanted.to_text() == "before") {
        reference = harness.observe(entry, "before");
    } else {
        Value other = Value::map();

        other.set("at", wanted);
        other.place = entry.place;
        reference = harness.observe(other, "value");
    }
    return got.show() == reference.show() ? "" : mismatch("value", reference, got);
}

bool is_remark(const std::string &key)
{
    return key == "at" || key == "note" || key == "order" || key == "others" || key == "reg" || key == "mask" ||
           key == "rd" || key == "latitude";
}

std::string masked_differs(const Value &entry, const Value &wanted, Harness &harness)
{
    const uint64_t mask = entry.at("mask").to_number();
    const Value got = Value::number(harness.observe(entry, "value").to_number() & mask);

    return differs(Value::number(wanted.to_number() & mask), got, harness, "value");
}

/* `X_any_of: [..]`: what is seen as X is one of these. */
bool is_choice(const std::string &key)
{
    return key.size() > 7 && key.compare(key.size() - 7, 7, "_any_of") == 0;
}

std::string choice_differs(const Value &entry, const Value &choices, Harness &harness)
{
    const std::string key = choices.key.substr(0, choices.key.size() - 7);
    const Value got = harness.observe(entry, key);

    for (const Value &choice : choices.each()) {
        if (differs(choice, got, harness, key).empty()) {
            return "";
        }
    }
    return mismatch(key + ": any of", choices, got);
}

std::string check_members(const Value &entry, const Value &whole, Harness &harness)
{
    size_t checked = 0;

    for (const Value &member : entry.children) {
        std::string different;

        if (is_remark(member.key) || member.key == "any_of") {
            continue;
        }
        checked++;
        if (is_choice(member.key)) {
            different = choice_differs(whole, member, harness);
        } else if (member.key == "same_as") {
            different = same_differs(whole, member, harness);
        } else if (member.key == "value" && entry.find("mask") != nullptr) {
            different = masked_differs(whole, member, harness);
        } else if (entry.text_or("order", "") == "any") {
            different = set_differs(member, harness.observe(whole, member.key), harness, member.key,
                                    entry.text_or("others", "") == "allowed");
        } else {
            different = differs(member, harness.observe(whole, member.key), harness, member.key);
        }
        if (!different.empty()) {
            return different;
        }
    }
    if (checked == 0 && entry.find("any_of") == nullptr) {
        if (const auto different = harness.check_note(entry)) {
            return *different;
        }
        throw CaseError(entry.place, "an entry that expects nothing cannot fail");
    }
    return "";
}

/* An alternative is an entry that inherits what it does not say. */
std::string check_alternatives(const Value &entry, const Value &any_of, Harness &harness)
{
    std::string all;

    for (const Value &alternative : any_of.each()) {
        Value whole = entry;

        whole.remove("any_of");
        for (const Value &member : alternative.children) {
            whole.set(member.key, member);
        }
        const std::string different = check_members(alternative, whole, harness);

        if (different.empty()) {
            return "";
        }
        all += (all.empty() ? "none of the alternatives: " : "; or ") + different;
    }
    return all.empty() ? "any_of: no alternative is given" : all;
}

} // namespace

std::string differs(const Value &expected, const Value &got, Harness &harness, const std::string &what)
{
    if (means_nothing(expected)) {
        return is_nothing(got) || (got.is_scalar() && got.text == expected.text) ? "" : mismatch(what, expected, got);
    }
    if (expected.is_scalar()) {
        return scalar_differs(expected, got, harness, what);
    }
    if (expected.is_list()) {
        return list_differs(expected, got, harness, what);
    }
    if (!got.is_map()) {
        return mismatch(what, expected, got);
    }
    for (const Value &member : expected.children) {
        if (member.key == "note") {
            continue;
        }
        const Value *found = got.find(member.key);
        const std::string different =
            differs(member, found != nullptr ? *found : Value(), harness, what + "." + member.key);

        if (!different.empty()) {
            return different;
        }
    }
    return "";
}

std::string check_entry(const Value &entry, Harness &harness)
{
    std::string different = check_members(entry, entry, harness);

    if (const Value *any_of = entry.find("any_of"); any_of != nullptr && different.empty()) {
        different = check_alternatives(entry, *any_of, harness);
    }
    return different.empty() ? "" : "at " + entry.at("at").to_text() + ": " + different;
}

static std::string run(const Case &c, Harness &harness, const Trace &trace)
{
    std::string all;

    harness.set_up();
    for (const Value &step : c.stimulus.children) {
        trace.line("step: " + step.show());
        harness.step(step);
    }
    for (const Value &entry : c.expected.children) {
        const std::string different = check_entry(entry, harness);

        if (!different.empty()) {
            all += (all.empty() ? "" : "; ") + different;
        }
    }
    return all;
}

Outcome run_case(const Case &c, const Trace &trace, const HarnessMaker &make)
{
    Outcome outcome;

    try {
        const std::unique_ptr<Harness> harness = make(c, trace);

        if (harness == nullptr) {
            throw Skip("no harness for unit `" + c.unit + "`");
        }
        outcome.text = run(c, *harness, trace);
        outcome.verdict = outcome.text.empty() ? Verdict::passed : Verdict::failed;
    } catch (const Skip &skip) {
        outcome = {Verdict::skipped, skip.what()};
    } catch (const CaseError &error) {
        outcome = {Verdict::failed, error.what()};
    } catch (const Failure &failure) {
        outcome = {Verdict::failed, failure.what()};
    }
    return outcome;
}

} // namespace conformance
