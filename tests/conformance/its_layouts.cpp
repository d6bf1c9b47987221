#include "tests/conformance/its_layouts.h"

#include <utility>

namespace conformance
{

/* IHI 0069, "ITS commands". Operands of different commands overlay each other. */
const Layout its_command_layout = {
    "an ITS command", 4, {{"opcode", 0, 8, 0},     {"DeviceID", 32, 32, 0},   {"EventID", 64, 32, 0},
                          {"pINTID", 96, 32, 0},   {"Size", 64, 5, 0},        {"ITT_addr", 136, 44, 8},
                          {"ICID", 128, 16, 0},    {"rd", 144, 36, 0},        {"RDbase1", 144, 36, 0},
                          {"RDbase2", 208, 36, 0}, {"V", 191, 1, 0},          {"vPEID", 96, 16, 0},
                          {"vINTID", 128, 32, 0},  {"doorbell", 160, 32, 0},  {"D", 128, 1, 0},
                          {"VPT_size", 192, 5, 0}, {"VPT_addr", 208, 36, 16}, {"VCONF_addr", 16, 36, 16},
                          {"Alloc", 8, 1, 0},      {"PTZ", 9, 1, 0},          {"default_doorbell", 64, 32, 0},
                          {"SeqNum", 32, 16, 0},   {"ITSList", 64, 16, 0},    {"sgi", 32, 4, 0},
                          {"enable", 8, 1, 0},     {"clear", 9, 1, 0},        {"group", 10, 1, 0},
                          {"priority", 20, 4, 4}}};

uint64_t its_command_opcode(const std::string &name, const Place &place)
{
    static const std::pair<const char *, uint64_t> opcodes[] = {
        {"MOVI", 0x01},  {"INT", 0x03},     {"CLEAR", 0x04}, {"SYNC", 0x05},   {"MAPD", 0x08},   {"MAPC", 0x09},
        {"MAPTI", 0x0A}, {"MAPI", 0x0B},    {"INV", 0x0C},   {"INVALL", 0x0D}, {"MOVALL", 0x0E}, {"DISCARD", 0x0F},
        {"VMOVI", 0x21}, {"VMOVP", 0x22},   {"VSGI", 0x23},  {"VSYNC", 0x25},  {"VMAPP", 0x29},  {"VMAPTI", 0x2A},
        {"VMAPI", 0x2B}, {"VINVALL", 0x2D}, {"INVDB", 0x2E}};

    for (const auto &opcode : opcodes) {
        if (name == opcode.first) {
            return opcode.second;
        }
    }
    throw CaseError(place, "`" + name + "` is not an ITS command");
}

namespace
{

/* A BASER is at 0x100 + 8 n; which one holds what is found by its Type. */
const std::vector<Register> registers = {
    {"GITS_CTLR", 0x0, 4, {{"Enabled", 0, 1, 0}, {"ImDe", 1, 1, 0}, {"ITS_Number", 4, 4, 0}, {"Quiescent", 31, 1, 0}}},
    {"GITS_IIDR", 0x4, 4, {}},
    {"GITS_TYPER",
     0x8,
     8,
     {{"Physical", 0, 1, 0},
      {"Virtual", 1, 1, 0},
      {"CCT", 2, 1, 0},
      {"ITT_entry_size", 4, 4, 0},
      {"ID_bits", 8, 5, 0},
      {"Devbits", 13, 5, 0},
      {"SEIS", 18, 1, 0},
      {"PTA", 19, 1, 0},
      {"HCC", 24, 8, 0},
      {"CIDbits", 32, 4, 0},
      {"CIL", 36, 1, 0},
      {"VMOVP", 37, 1, 0},
      {"VSGI", 39, 1, 0},
      {"VMAPP", 40, 1, 0},
      {"UMSI", 44, 1, 0}}},
    {"GITS_CBASER", 0x80, 8, {{"Size", 0, 8, 0}, {"Physical_Address", 12, 40, 12}, {"Valid", 63, 1, 0}}},
    {"GITS_CWRITER", 0x88, 8, {{"Retry", 0, 1, 0}, {"Offset", 5, 15, 5}}},
    {"GITS_CREADR", 0x90, 8, {{"Stalled", 0, 1, 0}, {"Offset", 5, 15, 5}}},
    {"GITS_BASER",
     0x100,
     8,
     {{"Size", 0, 8, 0},
      {"Page_Size", 8, 2, 0},
      {"Entry_Size", 48, 5, 0},
      {"Type", 56, 3, 0},
      {"Indirect", 62, 1, 0},
      {"Valid", 63, 1, 0}}},
    {"GITS_SGIR", 0x20020, 8, {{"vINTID", 0, 4, 0}, {"vPEID", 32, 16, 0}}},
    {"GICR_CTLR", 0x0, 4, {{"EnableLPIs", 0, 1, 0}, {"CES", 1, 1, 0}, {"RWP", 3, 1, 0}}},
    {"GICR_TYPER", 0x8, 8, {{"PLPIS", 0, 1, 0}, {"Processor_Number", 8, 16, 0}}},
    {"GICR_PROPBASER", 0x70, 8, {{"IDbits", 0, 5, 0}, {"Physical_Address", 12, 40, 12}}},
    {"GICR_PENDBASER", 0x78, 8, {{"Physical_Address", 16, 36, 16}, {"PTZ", 62, 1, 0}}},
};

} // namespace

const Register *find_gic_register(const std::string &name)
{
    for (const Register &reg : registers) {
        if (name == reg.name) {
            return &reg;
        }
    }
    return nullptr;
}

} // namespace conformance
