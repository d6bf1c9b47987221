#include "tests/conformance/fields.h"

#include <utility>

namespace conformance
{

namespace
{

const Field *find_in(const std::vector<Field> &fields, const std::string &name)
{
    for (const Field &field : fields) {
        if (name == field.name) {
            return &field;
        }
    }
    return nullptr;
}

uint64_t mask_of(unsigned width)
{
    return width >= 64 ? ~UINT64_C(0) : (UINT64_C(1) << width) - 1;
}

} // namespace

const Field *Layout::find(const std::string &field) const
{
    return find_in(fields, field);
}

const Field *Register::find(const std::string &field) const
{
    return find_in(fields, field);
}

void put_field(const Layout &layout, uint64_t *words, const std::string &name, uint64_t value, const Place &place)
{
    const Field *field = layout.find(name);

    if (field == nullptr) {
        throw CaseError(place, "`" + name + "` is not a field of " + layout.name);
    }
    const uint64_t held = value >> field->shift;

    if ((held & ~mask_of(field->width)) != 0) {
        throw CaseError(place, show_number(value) + " does not fit into `" + name + "` of " + layout.name);
    }
    if (field->shift > 0 && (value & mask_of(field->shift)) != 0) {
        throw CaseError(place, show_number(value) + " is not aligned as `" + name + "` of " + layout.name + " must be");
    }
    uint64_t &word = words[field->low / 64];
    const unsigned low = field->low % 64;

    word = (word & ~(mask_of(field->width) << low)) | held << low;
}

uint64_t get_field(const Field &field, const uint64_t *words)
{
    return ((words[field.low / 64] >> (field.low % 64)) & mask_of(field.width)) << field.shift;
}

Value all_fields(const Layout &layout, const uint64_t *words)
{
    Value all = Value::map();

    for (const Field &field : layout.fields) {
        all.set(field.name, Value::number(get_field(field, words)));
    }
    return all;
}

/* ---- Structures in memory (IHI 0070, chapters 5, 7, 8) ---- */

const Layout ste_layout = {
    "an STE", 8, {{"V", 0, 1, 0},         {"Config", 1, 3, 0},    {"S1Fmt", 4, 2, 0},      {"S1ContextPtr", 6, 50, 6},
                  {"S1CDMax", 59, 5, 0},  {"S1DSS", 64, 2, 0},    {"S1CIR", 66, 2, 0},     {"S1COR", 68, 2, 0},
                  {"S1CSH", 70, 2, 0},    {"S2HWU59", 72, 1, 0},  {"S2HWU60", 73, 1, 0},   {"S2HWU61", 74, 1, 0},
                  {"S2HWU62", 75, 1, 0},  {"DRE", 76, 1, 0},      {"CONT", 77, 4, 0},      {"DCP", 81, 1, 0},
                  {"PPAR", 82, 1, 0},     {"MEV", 83, 1, 0},      {"SW", 84, 4, 0},        {"S2FWB", 89, 1, 0},
                  {"S1MPAM", 90, 1, 0},   {"S1STALLD", 91, 1, 0}, {"EATS", 92, 2, 0},      {"STRW", 94, 2, 0},
                  {"MemAttr", 96, 4, 0},  {"MTCFG", 100, 1, 0},   {"ALLOCCFG", 101, 4, 0}, {"SHCFG", 108, 2, 0},
                  {"NSCFG", 110, 2, 0},   {"PRIVCFG", 112, 2, 0}, {"INSTCFG", 114, 2, 0},  {"S2VMID", 128, 16, 0},
                  {"S2T0SZ", 160, 6, 0},  {"S2SL0", 166, 2, 0},   {"S2IR0", 168, 2, 0},    {"S2OR0", 170, 2, 0},
                  {"S2SH0", 172, 2, 0},   {"S2TG", 174, 2, 0},    {"S2PS", 176, 3, 0},     {"S2AA64", 179, 1, 0},
                  {"S2ENDI", 180, 1, 0},  {"S2AFFD", 181, 1, 0},  {"S2PTW", 182, 1, 0},    {"S2HD", 183, 1, 0},
                  {"S2HA", 184, 1, 0},    {"S2S", 185, 1, 0},     {"S2R", 186, 1, 0},      {"S2HAFT", 187, 1, 0},
                  {"S2NSW", 192, 1, 0},   {"S2NSA", 193, 1, 0},   {"S2SL0_2", 194, 1, 0},  {"S2DS", 195, 1, 0},
                  {"S2TTB", 196, 52, 4},  {"PARTID", 272, 16, 0}, {"S_S2T0SZ", 288, 6, 0}, {"PMG", 312, 8, 0},
                  {"VMSPtr", 332, 44, 12}}};

const Layout cd_layout = {
    "a CD",
    8,
    {{"T0SZ", 0, 6, 0},     {"TG0", 6, 2, 0},      {"IR0", 8, 2, 0},    {"OR0", 10, 2, 0},    {"SH0", 12, 2, 0},
     {"EPD0", 14, 1, 0},    {"ENDI", 15, 1, 0},    {"T1SZ", 16, 6, 0},  {"TG1", 22, 2, 0},    {"IR1", 24, 2, 0},
     {"OR1", 26, 2, 0},     {"SH1", 28, 2, 0},     {"EPD1", 30, 1, 0},  {"V", 31, 1, 0},      {"IPS", 32, 3, 0},
     {"AFFD", 35, 1, 0},    {"WXN", 36, 1, 0},     {"UWXN", 37, 1, 0},  {"TBI", 38, 2, 0},    {"TBI0", 38, 1, 0},
     {"TBI1", 39, 1, 0},    {"PAN", 40, 1, 0},     {"AA64", 41, 1, 0},  {"HD", 42, 1, 0},     {"HA", 43, 1, 0},
     {"S", 44, 1, 0},       {"R", 45, 1, 0},       {"A", 46, 1, 0},     {"ASET", 47, 1, 0},   {"ASID", 48, 16, 0},
     {"NSCFG0", 64, 1, 0},  {"HAD0", 65, 1, 0},    {"E0PD0", 66, 1, 0}, {"HAFT", 67, 1, 0},   {"TTB0", 68, 52, 4},
     {"HWU060", 125, 1, 0}, {"NSCFG1", 128, 1, 0}, {"HAD1", 129, 1, 0}, {"E0PD1", 130, 1, 0}, {"TTB1", 132, 52, 4},
     {"DS", 186, 1, 0},     {"MAIR", 192, 64, 0}}};

const Layout l1std_layout = {"a level-1 stream table descriptor", 1, {{"Span", 0, 5, 0}, {"L2Ptr", 6, 50, 6}}};

const Layout l1cd_layout = {"a level-1 context descriptor", 1, {{"V", 0, 1, 0}, {"L2Ptr", 12, 44, 12}}};

/* Commands overlay each other; which fields one has is the business of whoever writes it. */
const Layout command_layout = {
    "a command", 2, {{"opcode", 0, 8, 0},    {"Global", 9, 1, 0},   {"SSec", 10, 1, 0},  {"SSV", 11, 1, 0},
                     {"SSID", 12, 20, 0},    {"SID", 32, 32, 0},    {"Leaf", 64, 1, 0},  {"Range", 64, 5, 0},
                     {"Size", 64, 6, 0},     {"NUM", 12, 5, 0},     {"SCALE", 20, 5, 0}, {"VMID", 32, 16, 0},
                     {"ASID", 48, 16, 0},    {"TTL", 72, 2, 0},     {"TG", 74, 2, 0},    {"addr", 76, 52, 12},
                     {"PRGIndex", 64, 9, 0}, {"Resp", 76, 2, 0},    {"Ac", 12, 1, 0},    {"Ab", 13, 1, 0},
                     {"STAG", 64, 16, 0},    {"CS", 12, 2, 0},      {"MSH", 22, 2, 0},   {"MSIAttr", 24, 4, 0},
                     {"MSIData", 32, 32, 0}, {"MSIAddr", 66, 54, 2}}};

const Layout event_layout = {"an event record",
                             4,
                             {{"type", 0, 8, 0},
                              {"SSV", 11, 1, 0},
                              {"SSID", 12, 20, 0},
                              {"SID", 32, 32, 0},
                              {"STAG", 64, 16, 0},
                              {"Stall", 95, 1, 0},
                              {"PnU", 97, 1, 0},
                              {"InD", 98, 1, 0},
                              {"RnW", 99, 1, 0},
                              {"S2", 103, 1, 0},
                              {"CLASS", 104, 2, 0},
                              {"TTRnW", 108, 1, 0},
                              {"addr", 128, 64, 0},
                              {"InputAddr", 128, 64, 0},
                              {"IPA", 204, 40, 12},
                              {"FetchAddr", 195, 53, 3},
                              {"Reason", 64, 16, 0}}};

const Layout priq_layout = {"a PRI queue entry",
                            2,
                            {{"SID", 0, 32, 0},
                             {"SSID", 32, 20, 0},
                             {"Priv", 58, 1, 0},
                             {"X", 59, 1, 0},
                             {"R", 60, 1, 0},
                             {"W", 61, 1, 0},
                             {"Last", 62, 1, 0},
                             {"SSV", 63, 1, 0},
                             {"PRGIndex", 64, 9, 0},
                             {"addr", 76, 52, 12}}};

/* ---- Commands (chapter 4) ---- */

namespace
{

const std::vector<std::pair<const char *, uint64_t>> opcodes = {
    {"PREFETCH_CONFIG", 0x01}, {"PREFETCH_ADDR", 0x02},  {"CFGI_STE", 0x03},         {"CFGI_STE_RANGE", 0x04},
    {"CFGI_ALL", 0x04},        {"CFGI_CD", 0x05},        {"CFGI_CD_ALL", 0x06},      {"CFGI_VMS_PIDM", 0x07},
    {"TLBI_NH_ALL", 0x10},     {"TLBI_NH_ASID", 0x11},   {"TLBI_NH_VA", 0x12},       {"TLBI_NH_VAA", 0x13},
    {"TLBI_EL3_ALL", 0x18},    {"TLBI_EL3_VA", 0x1A},    {"TLBI_EL2_ALL", 0x20},     {"TLBI_EL2_ASID", 0x21},
    {"TLBI_EL2_VA", 0x22},     {"TLBI_EL2_VAA", 0x23},   {"TLBI_S12_VMALL", 0x28},   {"TLBI_S2_IPA", 0x2A},
    {"TLBI_NSNH_ALL", 0x30},   {"ATC_INV", 0x40},        {"PRI_RESP", 0x41},         {"RESUME", 0x44},
    {"STALL_TERM", 0x45},      {"SYNC", 0x46},           {"TLBI_S_EL2_ALL", 0x50},   {"TLBI_S_EL2_ASID", 0x51},
    {"TLBI_S_EL2_VA", 0x52},   {"TLBI_S_EL2_VAA", 0x53}, {"TLBI_S_S12_VMALL", 0x58}, {"TLBI_S_S2_IPA", 0x5A},
    {"TLBI_SNH_ALL", 0x60},    {"DPTI_ALL", 0x70},       {"DPTI_PA", 0x73}};

} // namespace

uint64_t command_opcode(const std::string &name, const Place &place)
{
    const std::string plain = name.rfind("CMD_", 0) == 0 ? name.substr(4) : name;

    for (const auto &opcode : opcodes) {
        if (plain == opcode.first) {
            return opcode.second;
        }
    }
    throw CaseError(place, "`" + name + "` is not an SMMU command");
}

std::string command_name(uint64_t opcode)
{
    for (const auto &known : opcodes) {
        if (known.second == opcode) {
            return known.first;
        }
    }
    return "";
}

} // namespace conformance
