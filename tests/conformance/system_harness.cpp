/* Cases of unit group on a system of fabric, SMMU and GIC: what the steps do and what is seen. */
#include "tests/conformance/system_harness.h"

#include <algorithm>

namespace conformance
{

namespace
{

constexpr uint64_t page = 4096;
constexpr sim_time background_period = 100 * SIM_NS;
constexpr sim_time background_time = 200 * SIM_US;

} // namespace

std::unique_ptr<Harness> make_system_harness(const Case &c, const Trace &trace)
{
    return std::make_unique<SystemHarness>(c, trace);
}

/* ---- Traffic that goes on beside the steps ---- */

/** Translated writes from the endpoint's cache to the first page that is mapped, until long after the last step. */
void SystemHarness::start_background()
{
    const Value &mapped = case_.setup.at("map").children.at(0);
    pcie_test::Rig &rig = fabric_->rig();
    const sim_time start = sim_now(sim_);

    background_end_ = start + background_time;
    endpoint_set_buffer(rig.ep[0], 0, 0, mapped.at("va").to_number(), page);
    endpoint_start_traffic(rig.ep[0], start, background_end_);
    sim_run(sim_, start + 20 * background_period);
    if (endpoint_get_counters(rig.ep[0])->atc_hits == 0 || writes_to(mapped.at("pa").to_number(), 0) == 0) {
        throw Failure("the endpoint's translated writes do not come to memory before anything is changed");
    }
}

/** Lets what was just asked for get as far as the root port, or go on as long as --option lead=NANOSECONDS says. */
void SystemHarness::head_start()
{
    const auto lead = case_.options.find("lead");
    const size_t before = fabric_->count_at_root();

    if (lead != case_.options.end()) {
        sim_run(sim_, sim_now(sim_) + Value::text_of(lead->second).to_number() * SIM_NS);
        return;
    }
    while (fabric_->count_at_root() == before) {
        if (sim_run(sim_, sim_now(sim_) + SIM_NS) == SIM_RUN_DRAINED) {
            throw Failure("a request does not come to the root port");
        }
    }
}

/* ---- Steps ---- */

static bool is_epc(const Value &step, const char *what)
{
    const Value *verb = step.find("epc");

    return verb != nullptr && verb->find(what) != nullptr;
}

void SystemHarness::do_message(const Value &step)
{
    const Message &message = messages_.at(next_message_++);
    endpoint_job job = {};

    (void)step;
    job.kind = ENDPOINT_MSI;
    job.vector = message.vector;
    fabric_->ask(message.ep, job);
}

/** Writes that the bus took after a time. Those that it took before are ahead of whatever software does there later. */
size_t SystemHarness::writes_to(uint64_t address, sim_time after) const
{
    const auto &seen = fabric_->rig().router->seen;

    return static_cast<size_t>(std::count_if(seen.begin(), seen.end(), [=](const auto &one) {
        return one.master == pcie_test::FROM_DEVICES && one.type == SIM_PACKET_WRITE &&
               one.address / page == address / page && one.time > after;
    }));
}

/** `writes_to ADDRESS`: how many came to that page after software saw the last command consumed. */
void SystemHarness::do_observe(const Value &verb, Done &done)
{
    const std::string prefix = "writes_to ";

    if (!verb.is_scalar() || verb.text.compare(0, prefix.size(), prefix) != 0) {
        throw CaseError(verb.place, "`" + verb.show() + "` is nothing to observe in a system");
    }
    const sim_time synced = smmu_->consumed_at();
    const uint64_t address = Value::text_of(verb.text.substr(prefix.size())).to_number();

    if (background_ && background_end_ < synced + background_time / 4) {
        throw Failure("the background's traffic ended too early to say anything");
    }
    fabric_->rig().drain();
    trace_.line(std::to_string(writes_to(address, 0)) + " writes in all");
    done.value = Value::number(writes_to(address, synced));
}

static void copy_bars(pcie_test::Rig &rig, std::vector<uint8_t> (*bars)[2], unsigned side)
{
    for (unsigned ep = 0; ep < 3; ep++) {
        uint32_t size = 0;
        const uint8_t *bytes = endpoint_bar_bytes(rig.ep[ep], 0, 0, &size);

        bars[ep][side].assign(bytes, bytes + size);
    }
}

void SystemHarness::step(const Value &step)
{
    pcie_test::Rig &rig = fabric_->rig();
    const Value *epc = step.find("epc");
    Done done;

    done.events[0] = rig.log->events().size();
    copy_bars(rig, done.bar, 0);
    its_->begin_other();
    if (step.find("its_cmd") != nullptr) {
        its_->step(step);
        return;
    }
    if (is_epc(step, "msi")) {
        do_message(step);
    } else if (epc != nullptr) {
        const Value *write = epc->find("dma_write");

        asked_ += write != nullptr ? write->at("bytes").to_number() * write->number_or("repeat", 1) : 0;
        fabric_->set_busy(says("both ways") || (write != nullptr && write->flag("nowait")));
        fabric_->step(step);
        if (write != nullptr && write->flag("nowait")) {
            head_start();
            smmu_->set_busy(true);
        }
    } else if (const Value *what = step.find("observe")) {
        do_observe(*what, done);
    } else if (step.find("cmd") != nullptr || step.find("mem") != nullptr) {
        smmu_->step(step);
    } else {
        throw CaseError(step.place, "a step that a system of fabric, SMMU and GIC does not understand");
    }
    if (!background_ && !says("both ways") && epc != nullptr && !fabric_->is_busy()) {
        rig.drain();
    }
    smmu_->collect();
    its_->end_other(step);
    done.events[1] = rig.log->events().size();
    copy_bars(rig, done.bar, 1);
    if (const Value *id = step.find("id")) {
        done_[id->to_text()] = done;
    }
}

/* ---- What was seen ---- */

Value SystemHarness::observe(const Value &entry, const std::string &key)
{
    const std::string at = entry.at("at").to_text();

    fabric_->rig().drain();
    smmu_->collect();
    if (key == "lpi") {
        return its_->observe(entry, key);
    }
    if (key == "cpl" || key == "routed") {
        return fabric_->observe(entry, key);
    }
    if (key == "events" || key == "last_event") {
        return smmu_->observe(entry, key);
    }
    const auto found = done_.find(at);

    if (found == done_.end()) {
        throw CaseError(entry.place, "`" + key + "` is not seen in a system at `" + at + "`");
    }
    const Done &done = found->second;

    if (key == "value") {
        return done.value;
    }
    if (key == "memory_changed") {
        const auto &events = fabric_->rig().log->events();
        const auto first = events.begin() + static_cast<std::ptrdiff_t>(done.events[0]);
        const auto last = events.begin() + static_cast<std::ptrdiff_t>(done.events[1]);

        return Value::text_of(
            std::any_of(first, last, [](const auto &event) { return event.kind == SIM_EVENT_WRITE_VISIBLE; })
                ? "true"
                : "false");
    }
    if (key == "ep_memory_changed") {
        const bool changed =
            std::any_of(std::begin(done.bar), std::end(done.bar), [](const auto &bar) { return bar[0] != bar[1]; });

        return Value::text_of(changed ? "true" : "false");
    }
    throw CaseError(entry.place, "`" + key + "` is nothing that is seen in a system");
}

std::optional<uint64_t> SystemHarness::resolve(const std::string &text)
{
    return smmu_->resolve(text);
}

/** Everything that was asked for has come where it belongs, and nobody waits for anything. */
std::string SystemHarness::all_arrived()
{
    uint64_t bytes = 0;
    pcie_test::Rig &rig = fabric_->rig();

    rig.drain();
    smmu_->collect();
    for (unsigned ep = 0; ep < 3; ep++) {
        bytes += endpoint_get_counters(rig.ep[ep])->write_bytes;
        if (endpoint_outstanding(rig.ep[ep]) != 0) {
            return "EP" + std::to_string(ep) + " still waits";
        }
    }
    if (bytes != asked_) {
        return std::to_string(bytes) + " bytes were sent, not " + std::to_string(asked_);
    }
    if (rig.log->event_count(SIM_EVENT_DROPPED) != 0) {
        return "something was dropped";
    }
    const size_t delivered = rig.log->event_count(SIM_EVENT_MSI_PENDING);

    return delivered == messages_.size()
               ? ""
               : std::to_string(delivered) + " MSIs became pending, not " + std::to_string(messages_.size());
}

std::optional<std::string> SystemHarness::check_note(const Value &entry)
{
    if (entry.text_or("note", "") == "everything completes in bounded time") {
        return all_arrived();
    }
    return std::nullopt;
}

} // namespace conformance
