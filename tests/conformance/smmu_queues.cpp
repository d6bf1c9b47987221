/*
 * Command queues besides that of page 0: those of command queue control pages (ECMDQn), and virtual ones in the manner
 * of Tegra241 (VCMDQn), whose offsets are those of the Linux driver.
 */
#include "tests/conformance/smmu_harness.h"

#include <cstdio>

namespace conformance
{

namespace
{

constexpr uint32_t vintfs = 0x1000;
constexpr uint32_t vintf_bytes = 0x100;
constexpr uint32_t allocations = 0x200;
constexpr uint32_t vcmdq_page0 = 0x10000;
constexpr uint32_t vcmdq_page1 = 0x20000;
constexpr uint32_t vcmdq_bytes = 0x80;

struct Shape {
    const char *format; /**< of the name: %u is the queue's number, then %n */
    uint32_t offset;
    uint32_t bytes;
    std::vector<Field> fields;
};

const std::vector<Shape> ecmdq_shapes = {
    {"ECMDQ_BASE%u%n", 0x0, 8, {{"LOG2SIZE", 0, 5, 0}, {"ADDR", 5, 51, 5}, {"RA", 62, 1, 0}}},
    {"ECMDQ_PROD%u%n", 0x8, 4, {{"WR", 0, 20, 0}, {"ERRACK", 23, 1, 0}, {"EN", 31, 1, 0}}},
    {"ECMDQ_CONS%u%n", 0xC, 4, {{"RD", 0, 20, 0}, {"ERR", 23, 1, 0}, {"ERR_REASON", 24, 3, 0}, {"ENACK", 31, 1, 0}}}};

const std::vector<Shape> vcmdq_shapes = {
    {"VCMDQ%u_CONS%n", vcmdq_page0 + 0x0, 4, {{"RD", 0, 20, 0}, {"ERR", 24, 7, 0}}},
    {"VCMDQ%u_PROD%n", vcmdq_page0 + 0x4, 4, {{"WR", 0, 20, 0}}},
    {"VCMDQ%u_CONFIG%n", vcmdq_page0 + 0x8, 4, {{"EN", 0, 1, 0}}},
    {"VCMDQ%u_STATUS%n", vcmdq_page0 + 0xC, 4, {{"EN_OK", 0, 1, 0}}},
    {"VCMDQ%u_GERROR%n", vcmdq_page0 + 0x10, 4, {{"CMDQ_ERR", 0, 1, 0}, {"CMDQ_INIT_ERR", 2, 1, 0}}},
    {"VCMDQ%u_GERRORN%n", vcmdq_page0 + 0x14, 4, {{"CMDQ_ERR", 0, 1, 0}, {"CMDQ_INIT_ERR", 2, 1, 0}}},
    {"VCMDQ%u_BASE%n", vcmdq_page1 + 0x0, 8, {{"LOG2SIZE", 0, 5, 0}, {"ADDR", 5, 43, 5}}}};

const Shape *find_shape(const std::vector<Shape> &shapes, const std::string &name, unsigned *number)
{
    for (const Shape &shape : shapes) {
        int length = 0;

        if (sscanf(name.c_str(), shape.format, number, &length) == 1 && length == static_cast<int>(name.size())) {
            return &shape;
        }
    }
    return nullptr;
}

} // namespace

/* Queues of a page are evenly spaced; where the pages are, page 0 says. */
uint32_t SmmuHarness::ecmdq_offset(unsigned number, const Place &place)
{
    const auto idr6 = static_cast<uint32_t>(rig_->read(0x190, 4));
    const unsigned queues = 1u << (idr6 >> 16 & 0xF);
    const unsigned pages = 1u << (idr6 >> 24 & 0xF);

    if (rig_->idr("ECMDQ") == 0 || number >= queues * pages) {
        throw CaseError(place, "there is no ECMDQ " + std::to_string(number));
    }
    const uint64_t page = rig_->read(0x4000 + 32 * (number / queues), 8);

    return static_cast<uint32_t>(page & UINT64_C(0xFFFFFFFF0000)) + number % queues * (0x10000 / queues);
}

/* Registers whose names have numbers in them are made when they are first named. */
const Register &SmmuHarness::register_of(const Value &where)
{
    const std::string name = where.to_text();
    unsigned number = 0;

    if (const Register *reg = find_smmu_register(name)) {
        return *reg;
    }
    const auto made = registers_.find(name);

    if (made != registers_.end()) {
        return made->second;
    }
    const Shape *ecmdq = find_shape(ecmdq_shapes, name, &number);
    const Shape *vcmdq = ecmdq == nullptr ? find_shape(vcmdq_shapes, name, &number) : nullptr;

    if (ecmdq == nullptr && (vcmdq == nullptr || number >= rig_->config.vcmdqs)) {
        throw CaseError(where.place, "`" + name + "` is not a register of the SMMU");
    }
    Register &reg = registers_[name];
    const Shape &shape = ecmdq != nullptr ? *ecmdq : *vcmdq;

    reg.name = registers_.find(name)->first.c_str();
    reg.bytes = shape.bytes;
    reg.fields = shape.fields;
    reg.offset = ecmdq != nullptr ? ecmdq_offset(number, where.place) + shape.offset
                                  : smmu_cmdqv_offset(&rig_->config) + shape.offset + vcmdq_bytes * number;
    return reg;
}

/* ---- Setting up ---- */

void SmmuHarness::program_ecmdq(const Value &ecmdq)
{
    const Value *base = ecmdq.find("BASE");

    for (const Value &number : ecmdq.at("n").each()) {
        const std::string name = "ECMDQ" + number.to_text();
        const uint64_t log2size = base != nullptr ? base->number_or("LOG2SIZE", 0) : 0;

        queues_[name] = {tables_->allocate_big(), static_cast<unsigned>(log2size), 0};
        rig_->write(register_of(Value::text_of("ECMDQ_BASE" + number.text)), queues_[name].base | log2size);
        if (ecmdq.flag("EN")) {
            rig_->write(register_of(Value::text_of("ECMDQ_PROD" + number.text)), UINT64_C(1) << 31);
            rig_->run();
            if (rig_->read(register_of(Value::text_of("ECMDQ_CONS" + number.text))) >> 31 == 0) {
                throw Failure("setup: enabling " + name + " is not acknowledged");
            }
        }
    }
}

/* As the driver does: the interface with what it replaces, its queues, and then they are enabled. */
void SmmuHarness::program_vintf(const Value &vintf)
{
    const uint32_t aperture = smmu_cmdqv_offset(&rig_->config);
    const uint32_t own = aperture + vintfs + vintf_bytes * static_cast<uint32_t>(vintf.at("n").to_number());
    uint64_t config = vintf.number_or("VMID", 0) << 1 | vintf.number_or("HYP_OWN", 0) << 17;

    rig_->write(aperture, 1, 4);
    rig_->write(own, config, 4);
    for (const Value &member : vintf.children) {
        unsigned number = 0;

        if (sscanf(member.key.c_str(), "SID_MATCH%u", &number) == 1) {
            rig_->write(own + 0x40 + 4 * number, member.number_or("EN", 0) | member.number_or("VSID", 0) << 1, 4);
        } else if (sscanf(member.key.c_str(), "SID_REPLACE%u", &number) == 1) {
            rig_->write(own + 0x80 + 4 * number, member.to_number(), 4);
        } else if (member.key != "n" && member.key != "EN" && member.key != "VMID" && member.key != "HYP_OWN") {
            throw CaseError(member.place, "`" + member.key + "` is not part of a VINTF");
        }
    }
    if (vintf.flag("EN")) {
        config |= 1;
        rig_->write(own, config, 4);
        if ((rig_->read(own + 4, 4) & 1) == 0) {
            throw Failure("setup: enabling the VINTF is not acknowledged");
        }
    }
}

void SmmuHarness::program_vcmdq(const Value &vcmdq)
{
    const std::string number = vcmdq.at("n").to_text();
    const uint32_t n = static_cast<uint32_t>(vcmdq.at("n").to_number());
    Queue &queue = queues_["VCMDQ" + number];

    queue = {tables_->allocate_big(), 4, 0};
    rig_->write(smmu_cmdqv_offset(&rig_->config) + allocations + 4 * n, vcmdq.at("vintf").to_number() << 15 | 1, 4);
    rig_->write(register_of(Value::text_of("VCMDQ" + number + "_BASE")), queue.base | queue.log2size);
    if (vcmdq.flag("EN")) {
        rig_->write(register_of(Value::text_of("VCMDQ" + number + "_CONFIG")), 1);
        rig_->run();
        if ((rig_->read(register_of(Value::text_of("VCMDQ" + number + "_STATUS"))) & 1) == 0) {
            throw Failure("setup: enabling VCMDQ" + number + " is not acknowledged");
        }
    }
}

void SmmuHarness::program_queue_extensions()
{
    for (const Value &member : case_.setup.children) {
        for (const Value &item : member.each()) {
            if (member.key == "ecmdq") {
                program_ecmdq(item);
            } else if (member.key == "vintf") {
                program_vintf(item);
            }
        }
    }
    if (const Value *vcmdq = case_.setup.find("vcmdq")) {
        for (const Value &item : vcmdq->each()) {
            program_vcmdq(item);
        }
    }
}

/* ---- Using ---- */

void SmmuHarness::append_to(const Value &name, const Value &verb)
{
    const auto found = queues_.find(name.to_text());

    if (found == queues_.end()) {
        throw CaseError(name.place, "the setup has no queue `" + name.text + "`");
    }
    const bool ecmdq = name.text[0] == 'E';
    const std::string prod_name = ecmdq ? "ECMDQ_PROD" + name.text.substr(5) : name.text + "_PROD";
    const Register &reg = register_of(Value::text_of(prod_name));
    const auto prod = static_cast<uint32_t>(rig_->read(reg));
    const uint32_t mask = (2u << found->second.log2size) - 1;

    put_command(found->second.base + 16 * (prod & (mask >> 1)), verb);
    rig_->write(reg, (prod & ~UINT32_C(0xFFFFF)) | ((prod + 1) & mask));
    rig_->run();
}

} // namespace conformance
