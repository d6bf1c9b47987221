/* Building and programming an SMMU as a case's setup says. */
#include "sim/ats.h"
#include "tests/conformance/smmu_harness.h"

#include <set>

namespace conformance
{

namespace
{

/* Guarded registers first, CR0 last; a register that is not here comes before IRQ_CTRL. */
const char *const first_registers[] = {"CR1",         "CR2",       "GBPA",      "STRTAB_BASE", "STRTAB_BASE_CFG",
                                       "CMDQ_BASE",   "CMDQ_PROD", "CMDQ_CONS", "EVENTQ_BASE", "EVENTQ_PROD",
                                       "EVENTQ_CONS", "PRIQ_BASE", "PRIQ_PROD", "PRIQ_CONS"};

bool is_first(const std::string &name)
{
    for (const char *first : first_registers) {
        if (name == first) {
            return true;
        }
    }
    return false;
}

void check_setup_keys(const Value &setup)
{
    static const std::set<std::string> known = {"idr",   "regs", "ste", "cd",    "l1std", "l1cd",  "map",
                                                "unmap", "mem",  "ep",  "ecmdq", "vintf", "vcmdq", "requires"};

    for (const Value &member : setup.children) {
        if (known.count(member.key) == 0) {
            throw CaseError(member.place, "`" + member.key + "` is not a key of an SMMU's setup");
        }
    }
}

/* A field that an override makes RES0 reads 0. */
Value effective_idr(const Value &setup)
{
    Value idr = setup.find("idr") != nullptr ? *setup.find("idr") : Value::map();

    if (idr.children.empty()) {
        return idr;
    }
    static const std::pair<const char *, const char *> rules[] = {
        {"S1P", "ASID16"}, {"S1P", "CD2L"},      {"SSIDSIZE", "CD2L"}, {"S1P", "HYP"}, {"S2P", "VMID16"},
        {"S2P", "VMW"},    {"ATS", "ATSRECERR"}, {"ATS", "NS1ATS"},    {"ATS", "PRI"}, {"PRI", "PPS"}};

    for (const auto &rule : rules) {
        if (idr.number_or(rule.first, 0) == 0 && idr.find(rule.second) != nullptr) {
            idr.set(rule.second, Value::number(0));
        }
    }
    return idr;
}

} // namespace

SmmuHarness::SmmuHarness(const Case &c, const Trace &trace) : case_(c), trace_(trace)
{
}

/* What the case and its bases name must be so, and be seen in the registers. */
void SmmuHarness::check_requirements()
{
    for (const Value &wanted : effective_idr(case_.setup).children) {
        const uint64_t got = rig_->idr(wanted.key, wanted.place);

        if (got != wanted.to_number()) {
            throw Skip("the model reports " + wanted.key + " " + show_number(got) + ", the case needs " + wanted.text);
        }
    }
    for (const std::string &feature : case_.requires_) {
        if (feature == "TEGRA241_CMDQV") {
            continue; /* no identification register; what cannot be built is found out there */
        }
        if (rig_->idr(feature, case_.place) == 0) {
            throw Skip("the model reports " + feature + " 0, the case requires it");
        }
    }
}

void SmmuHarness::set_up()
{
    build(nullptr);
    program();
}

void SmmuHarness::build(struct sim *shared)
{
    check_setup_keys(case_.setup);
    rig_ = std::make_unique<SmmuRig>(smmu_config_of(effective_idr(case_.setup), case_.requires_, case_.options),
                                     case_.options, shared);
    rig_->on_command = [this](const uint64_t *words) {
        Value command = all_fields(command_layout, words);

        command.set("op", Value::text_of(command_name(words[0] & 0xFF)));
        commands_.push_back(command);
    };
    tables_ = std::make_unique<SmmuTables>(*rig_->memory);
}

void SmmuHarness::program()
{
    const Value &setup = case_.setup;

    rig_->run();
    check_requirements();
    if (!case_.bases.empty()) {
        place_queues();
        tables_->build(setup);
        if (const Value *mem = setup.find("mem")) {
            do_memory(*mem);
        }
        if (rig_->device != nullptr) {
            set_endpoint(setup.find("ep") != nullptr ? *setup.find("ep") : Value());
        }
        program_registers();
        program_queue_extensions();
    }
    rig_->run();
    collect();
    commands_.clear();
    for (const Value &step : case_.stimulus.children) {
        if (const Value *verb = step.find("reg_read"); verb != nullptr && verb->find("reg") != nullptr) {
            before_[verb->at("reg").to_text()] = rig_->read(register_of(verb->at("reg")));
        }
    }
}

/* Addresses that the case does not give. */
void SmmuHarness::place_queues()
{
    const Value *regs = case_.setup.find("regs");
    const auto field = [&](const char *reg, const char *name) -> unsigned {
        const Value *found = regs != nullptr ? regs->find(reg) : nullptr;

        return found != nullptr && found->is_map() ? static_cast<unsigned>(found->number_or(name, 0)) : 0;
    };

    command_queue_ = {tables_->allocate_big(), field("CMDQ_BASE", "LOG2SIZE"), 0};
    event_queue_ = {tables_->allocate_big(), field("EVENTQ_BASE", "LOG2SIZE"), 0};
    priq_ = {tables_->allocate_big(), field("PRIQ_BASE", "LOG2SIZE"), 0};
    tables_->define("CMDQ_BASE", command_queue_.base);
    tables_->define("EVENTQ_BASE", event_queue_.base);
    tables_->define("PRIQ_BASE", priq_.base);
    const unsigned split = field("STRTAB_BASE_CFG", "SPLIT");

    tables_->set_stream_table(field("STRTAB_BASE_CFG", "FMT") == 1, split == 8 || split == 10 ? split : 6,
                              field("STRTAB_BASE_CFG", "LOG2SIZE"), tables_->allocate_big());
    rig_->memory->on_write = [this](const MemoryWrite &write) {
        const bool queue = write.address >= event_queue_.base && write.address < priq_.base + (UINT64_C(4) << 20);

        if (!queue && probe_.is_null()) {
            const uint32_t index = event_queue_.seen & ((1u << event_queue_.log2size) - 1);
            const uint64_t record = rig_->memory->read64(event_queue_.base + 32 * index);

            /* The message is a memory probe's: it looks at the queue as soon as it has come. */
            probe_ = Value::map({{"record_type", Value::number(record & 0xFF)}});
            rig_->interrupt(
                [this] { probe_.set("EVENTQ_PROD", Value::number(rig_->read(*find_smmu_register("EVENTQ_PROD")))); });
        }
    };
}

/* Bits that are RES0 in this SMMU are not set. */
void SmmuHarness::clear_reserved(const Register &reg, uint64_t *value)
{
    static const struct {
        const char *reg;
        const char *field;
        const char *idr;
    } rules[] = {{"CR0", "PRIQEN", "PRI"},
                 {"CR0", "ATSCHK", "ATS"},
                 {"CR0", "VMW", "VMW"},
                 {"IRQ_CTRL", "PRIQ_IRQEN", "PRI"},
                 {"CR2", "REC_CFG_ATS", "ATSRECERR"}};

    for (const auto &rule : rules) {
        const Field *field = std::string(reg.name) == rule.reg ? reg.find(rule.field) : nullptr;

        if (field != nullptr && rig_->idr(rule.idr) == 0) {
            *value &= ~(((UINT64_C(1) << field->width) - 1) << field->low);
        }
    }
}

uint64_t SmmuHarness::register_value(const Register &reg, const Value &given)
{
    uint64_t value = 0;

    if (given.is_scalar() && given.text == "unreachable") {
        const uint64_t base = tables_->allocate_big();

        rig_->memory->aborts.push_back({base, UINT64_C(4) << 20});
        return base;
    }
    if (!given.is_map()) {
        value = given.to_number();
        clear_reserved(reg, &value);
        return value;
    }
    Layout layout = {reg.name, 1, reg.fields};

    for (const Value &field : given.children) {
        if (field.key != "note") {
            put_field(layout, &value, field.key, field.to_number(), field.place);
        }
    }
    clear_reserved(reg, &value);
    for (const auto &queue : {std::make_pair("CMDQ_BASE", &command_queue_),
                              std::make_pair("EVENTQ_BASE", &event_queue_), std::make_pair("PRIQ_BASE", &priq_)}) {
        value |= std::string(reg.name) == queue.first ? queue.second->base : 0;
    }
    if (std::string(reg.name) == "GBPA") {
        value |= UINT64_C(1) << 31;
    }
    return value;
}

void SmmuHarness::write_acknowledged(const char *name, const char *ack, uint64_t value)
{
    rig_->write(*find_smmu_register(name), value);
    rig_->run();
    const uint64_t got = rig_->read(*find_smmu_register(ack));

    if (got != value) {
        throw Failure(std::string("setup: ") + name + " = " + show_number(value) + " is acknowledged as " +
                      show_number(got));
    }
}

void SmmuHarness::program_registers()
{
    Value regs = case_.setup.find("regs") != nullptr ? *case_.setup.find("regs") : Value::map();

    if (regs.find("STRTAB_BASE") == nullptr) {
        regs.set("STRTAB_BASE", Value::number(*tables_->resolve("STRTAB_BASE")));
    }
    for (const char *name : first_registers) {
        if (const Value *given = regs.find(name)) {
            const Register &reg = *find_smmu_register(name);

            rig_->write(reg, register_value(reg, *given));
            rig_->run();
        }
    }
    for (const Value &given : regs.children) {
        if (!is_first(given.key) && given.key != "IRQ_CTRL" && given.key != "CR0" && given.key != "note") {
            const Register &reg = register_of(Value::text_of(given.key));

            rig_->write(reg, register_value(reg, given));
        }
    }
    if (const Value *given = regs.find("IRQ_CTRL")) {
        write_acknowledged("IRQ_CTRL", "IRQ_CTRLACK", register_value(*find_smmu_register("IRQ_CTRL"), *given));
    }
    if (const Value *given = regs.find("CR0")) {
        write_acknowledged("CR0", "CR0ACK", register_value(*find_smmu_register("CR0"), *given));
    }
}

/* How the device answers the SMMU's Invalidate Requests. */
void SmmuHarness::set_endpoint(const Value &ep)
{
    std::string answer = "now";

    for (const Value &member : ep.children) {
        if (member.key != "answer_invalidate") {
            throw CaseError(member.place, "`" + member.key + "` is nothing that an endpoint of an SMMU's case has");
        }
        answer = member.to_text();
    }
    if (answer != "now" && answer != "UR" && answer != "never" && answer != "on_epc") {
        throw CaseError(ep.place, "`" + answer + "` is no way to answer an invalidation");
    }
    rig_->device->on_message = [this, answer](const DevicePort::Message &message) {
        if (message.operation == SIM_ATS_INVALIDATE_REQUEST && (answer == "now" || answer == "UR")) {
            answer_invalidation(message, answer == "UR" ? SIM_STATUS_UR : SIM_STATUS_OK);
        }
    };
}

void SmmuHarness::answer_invalidation(const DevicePort::Message &message, uint8_t status)
{
    DevicePort::Request completion;

    completion.type = SIM_PACKET_MESSAGE;
    completion.operation = SIM_ATS_INVALIDATE_COMPLETION;
    completion.arg = SIM_ATS_ROUTE_BY_ID;
    completion.status = status;
    completion.address = sim_ats_completion_word(UINT32_C(1) << sim_ats_itag(message.address), 1);
    completion.length = 0;
    completion.stream_id = message.stream_id;
    completion.requester = static_cast<uint16_t>(message.stream_id);
    completion.flags = SIM_FLAG_HAS_STREAM_ID;
    rig_->device->send(completion);
}

} // namespace conformance
