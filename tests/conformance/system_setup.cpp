/* Cases of unit group on a system of fabric, SMMU and GIC: building and programming it as a case's setup says. */
#include "tests/conformance/system_harness.h"

#include <algorithm>
#include <set>

namespace conformance
{

namespace
{

/* Where an MSI goes if the case does not say which ITS or address, and its LPI if the case maps none. */
constexpr uint64_t first_lpi = 8400;
constexpr uint64_t frame = 0x10000;

Value number(uint64_t value)
{
    return Value::number(value);
}

Value command(const char *op, std::initializer_list<std::pair<const char *, Value>> operands)
{
    return Value::map({{op, Value::map(operands)}});
}

/** A page that devices write MSIs to. */
uint64_t doorbell_page(uint32_t its)
{
    return ItsRig::its_base(its) + frame;
}

} // namespace

SystemHarness::SystemHarness(const Case &c, const Trace &trace) : case_(c), trace_(trace)
{
}

SystemHarness::~SystemHarness()
{
    fabric_.reset();
    its_.reset();
    smmu_.reset();
    if (sim_ != nullptr) {
        sim_destroy(sim_);
    }
}

/** Each harness is given its own part of the case. */
void SystemHarness::split()
{
    static const std::set<std::string> of_smmu = {"idr", "regs", "ste", "cd", "l1std", "l1cd", "map", "unmap", "mem"};
    static const std::set<std::string> of_its = {"typer", "baser",  "queue",     "rds",    "gicr",
                                                 "gicd",  "mapped", "its_count", "lpi_cfg"};

    for (Case *part : {&smmu_case_, &its_case_, &fabric_case_}) {
        *part = case_;
        part->setup = Value::map();
    }
    for (const Value &member : case_.setup.children) {
        Case &part = of_smmu.count(member.key) > 0  ? smmu_case_
                     : of_its.count(member.key) > 0 ? its_case_
                                                    : fabric_case_;

        part.setup.set(member.key, member);
    }
    its_case_.bases = {"its_on"};
}

/* ---- Messages ---- */

/** An address that the case gives, or the doorbell of an ITS. */
uint64_t SystemHarness::doorbell_of(const Value &message) const
{
    if (const Value *address = message.find("addr")) {
        return address->to_number();
    }
    return doorbell_page(static_cast<uint32_t>(message.number_or("its", 0))) + 0x40;
}

/** Each message of a case has a vector of its own, which is programmed before the first step. */
void SystemHarness::read_messages()
{
    for (const Value &step : case_.stimulus.children) {
        const Value *verb = step.find("epc");
        const Value *msi = verb != nullptr ? verb->find("msi") : nullptr;

        if (msi != nullptr) {
            messages_.push_back({PcieHarness::endpoint_at(verb->at("bdf")), static_cast<unsigned>(messages_.size()),
                                 doorbell_of(*msi), static_cast<uint32_t>(msi->at("data").to_number())});
        }
    }
}

/** A case that maps no event for its messages means that they would arrive if nothing else stopped them. */
void SystemHarness::map_messages()
{
    Value mapped = its_case_.setup.find("mapped") != nullptr ? *its_case_.setup.find("mapped") : Value::list();
    std::set<unsigned> devices;

    if (mapped.children.empty()) {
        for (uint64_t i = 0; i < 4; i++) {
            mapped.children.push_back(command("MAPC", {{"ICID", number(i)}, {"rd", number(i)}}));
        }
    }
    const bool own = std::any_of(case_.stimulus.children.begin(), case_.stimulus.children.end(), [](const Value &step) {
        const Value *given = step.find("its_cmd");

        return given != nullptr && given->text_or("op", "") == "MAPTI";
    });

    for (const Message &message : messages_) {
        const Value device = number(pcie_test::RID[message.ep]);

        if (own) {
            break;
        }
        if (devices.insert(message.ep).second) {
            mapped.children.push_back(command("MAPD", {{"DeviceID", device}, {"Size", number(3)}, {"V", number(1)}}));
        }
        mapped.children.push_back(command("MAPTI", {{"DeviceID", device},
                                                    {"EventID", number(message.data)},
                                                    {"pINTID", number(first_lpi + message.vector)},
                                                    {"ICID", number(1)}}));
    }
    its_case_.setup.set("mapped", mapped);
}

/* ---- Streams ---- */

/** A stage-1 context of a StreamID of its own, through which so many pages are seen: (VA, PA). */
void SystemHarness::add_context(uint64_t sid, const std::vector<std::pair<uint64_t, uint64_t>> &pages)
{
    const Value table = Value::text_of("CDT_SYSTEM");
    const Value root = Value::text_of("PT_SYSTEM");
    Value map = Value::list();

    smmu_case_.setup.set("ste", Value::list({Value::map({{"sid", number(sid)},
                                                         {"V", number(1)},
                                                         {"Config", number(5)},
                                                         {"S1ContextPtr", table},
                                                         {"SHCFG", number(1)},
                                                         {"S2VMID", number(1)}})}));
    smmu_case_.setup.set("cd", Value::list({Value::map({{"table", table},
                                                        {"index", number(0)},
                                                        {"V", number(1)},
                                                        {"AA64", number(1)},
                                                        {"T0SZ", number(16)},
                                                        {"EPD1", number(1)},
                                                        {"IPS", number(5)},
                                                        {"A", number(1)},
                                                        {"R", number(1)},
                                                        {"ASET", number(1)},
                                                        {"ASID", number(7)},
                                                        {"TTB0", root},
                                                        {"MAIR", number(0xFF)}})}));
    for (const auto &mapped : pages) {
        map.children.push_back(Value::map({{"pt", root},
                                           {"va", number(mapped.first)},
                                           {"pa", number(mapped.second)},
                                           {"perm", Value::text_of("RW")}}));
    }
    smmu_case_.setup.set("map", map);
}

/** What a case's note says of its StreamIDs, where no STE is given. */
void SystemHarness::complete_streams()
{
    const Value *map = case_.setup.find("map");
    const Value *own = map != nullptr && map->children.size() == 1 ? map->children[0].find("msi_page") : nullptr;

    if (own != nullptr) {
        add_context(own->at("sid").to_number(), {{own->at("va").to_number(), doorbell_page(0)}});
    } else if (case_.setup.find("ste") != nullptr) {
        return;
    } else if (says("lets both doorbell pages through")) {
        add_context(pcie_test::RID[0], {{doorbell_page(0), doorbell_page(0)}, {doorbell_page(1), doorbell_page(1)}});
    } else if (says("STEs 0x300 and 0x400 bypass")) {
        Value stes = Value::list();

        for (const uint16_t rid : {pcie_test::RID[0], pcie_test::RID[1]}) {
            stes.children.push_back(
                Value::map({{"sid", number(rid)}, {"V", number(1)}, {"Config", number(4)}, {"SHCFG", number(1)}}));
        }
        smmu_case_.setup.set("ste", stes);
    } else {
        throw CaseError(case_.place, "neither the setup nor its note says what the STEs are");
    }
}

/* ---- Building ---- */

void SystemHarness::build()
{
    pcie_test::Options &options = fabric_->options();

    sim_ = make_sim(case_.options);
    smmu_->build(sim_);
    its_->build(sim_);
    options.sim = sim_;
    options.msi_map = {{0, 0x10000, 0, 0}};
    options.above = [this](pcie_test::Rig &rig) {
        for (uint32_t i = 0; i < its_->rig().options.its_count; i++) {
            rig.router->add_target(its_->rig().bind_device(i, &rig.router->component),
                                   {{ItsRig::its_base(i), 2 * frame}});
        }
        return smmu_->rig().connect(
            root_complex_component(rig.rc), [&rig](sim_bus_port port) { root_complex_bind_memory(rig.rc, 0, port); },
            &rig.router->component);
    };
    if (background_) {
        endpoint_stream_config stream = {};

        stream.kind = ENDPOINT_DMA_WRITE;
        stream.arrivals = ENDPOINT_PERIODIC;
        stream.period = 100 * SIM_NS;
        stream.source = 1;
        stream.size = 64;
        stream.ats = true;
        options.functions[0][0].streams.push_back(stream);
    }
    fabric_->build();
}

void SystemHarness::set_up()
{
    background_ = says("keeps issuing translated writes from its cache");
    split();
    read_messages();
    map_messages();
    complete_streams();
    smmu_ = std::make_unique<SmmuHarness>(smmu_case_, trace_);
    its_ = std::make_unique<ItsHarness>(its_case_, trace_);
    fabric_ = std::make_unique<PcieHarness>(fabric_case_, trace_);
    build();
    fabric_->program();
    smmu_->program();
    its_->program();
    for (const Message &message : messages_) {
        fabric_->rig().set_vector(message.ep, message.vector, message.address, message.data);
        fabric_->rig().enable_msix(message.ep);
    }
    if (background_) {
        start_background();
        smmu_->set_busy(true);
    }
}

} // namespace conformance
