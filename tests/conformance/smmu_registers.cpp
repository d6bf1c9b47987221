#include "tests/conformance/fields.h"

namespace conformance
{

namespace
{

/* Index and, above it, the wrap bit: the number of index bits is the queue's, so `index` is cut by whoever knows it. */
std::vector<Register> make_registers()
{
    return {
        {"IDR0", 0x00, 4, {{"S2P", 0, 1, 0},          {"S1P", 1, 1, 0},         {"TTF", 2, 2, 0},
                           {"COHACC", 4, 1, 0},       {"BTM", 5, 1, 0},         {"HTTU", 6, 2, 0},
                           {"DORMHINT", 8, 1, 0},     {"HYP", 9, 1, 0},         {"ATS", 10, 1, 0},
                           {"NS1ATS", 11, 1, 0},      {"ASID16", 12, 1, 0},     {"MSI", 13, 1, 0},
                           {"SEV", 14, 1, 0},         {"ATOS", 15, 1, 0},       {"PRI", 16, 1, 0},
                           {"VMW", 17, 1, 0},         {"VMID16", 18, 1, 0},     {"CD2L", 19, 1, 0},
                           {"VATOS", 20, 1, 0},       {"TTENDIAN", 21, 2, 0},   {"ATSRECERR", 23, 1, 0},
                           {"STALL_MODEL", 24, 2, 0}, {"TERM_MODEL", 26, 1, 0}, {"ST_LEVEL", 27, 2, 0}}},
        {"IDR1",
         0x04,
         4,
         {{"SIDSIZE", 0, 6, 0},
          {"SSIDSIZE", 6, 5, 0},
          {"PRIQS", 11, 5, 0},
          {"EVENTQS", 16, 5, 0},
          {"CMDQS", 21, 5, 0},
          {"ATTR_PERMS_OVR", 26, 1, 0},
          {"ATTR_TYPES_OVR", 27, 1, 0},
          {"REL", 28, 1, 0},
          {"QUEUES_PRESET", 29, 1, 0},
          {"TABLES_PRESET", 30, 1, 0},
          {"ECMDQ", 31, 1, 0}}},
        {"IDR2", 0x08, 4, {{"BA_VATOS", 0, 10, 0}}},
        {"IDR3",
         0x0C,
         4,
         {{"HAD", 2, 1, 0},
          {"PBHA", 3, 1, 0},
          {"XNX", 4, 1, 0},
          {"PPS", 5, 1, 0},
          {"MPAM", 7, 1, 0},
          {"FWB", 8, 1, 0},
          {"STT", 9, 1, 0},
          {"RIL", 10, 1, 0},
          {"BBML", 11, 2, 0},
          {"E0PD", 13, 1, 0},
          {"PTWNNC", 14, 1, 0},
          {"DPT", 15, 1, 0}}},
        {"IDR4", 0x10, 4, {}},
        {"IDR5",
         0x14,
         4,
         {{"OAS", 0, 3, 0},
          {"GRAN4K", 4, 1, 0},
          {"GRAN16K", 5, 1, 0},
          {"GRAN64K", 6, 1, 0},
          {"DS", 7, 1, 0},
          {"D128", 8, 1, 0},
          {"VAX", 10, 2, 0},
          {"STALL_MAX", 16, 16, 0}}},
        {"IIDR", 0x18, 4, {}},
        {"AIDR", 0x1C, 4, {{"ArchMinorRev", 0, 4, 0}, {"ArchMajorRev", 4, 4, 0}}},
        {"CR0",
         0x20,
         4,
         {{"SMMUEN", 0, 1, 0},
          {"PRIQEN", 1, 1, 0},
          {"EVENTQEN", 2, 1, 0},
          {"CMDQEN", 3, 1, 0},
          {"ATSCHK", 4, 1, 0},
          {"VMW", 6, 3, 0}}},
        {"CR0ACK",
         0x24,
         4,
         {{"SMMUEN", 0, 1, 0},
          {"PRIQEN", 1, 1, 0},
          {"EVENTQEN", 2, 1, 0},
          {"CMDQEN", 3, 1, 0},
          {"ATSCHK", 4, 1, 0},
          {"VMW", 6, 3, 0}}},
        {"CR1",
         0x28,
         4,
         {{"QUEUE_IC", 0, 2, 0},
          {"QUEUE_OC", 2, 2, 0},
          {"QUEUE_SH", 4, 2, 0},
          {"TABLE_IC", 6, 2, 0},
          {"TABLE_OC", 8, 2, 0},
          {"TABLE_SH", 10, 2, 0}}},
        {"CR2", 0x2C, 4, {{"E2H", 0, 1, 0}, {"RECINVSID", 1, 1, 0}, {"PTM", 2, 1, 0}, {"REC_CFG_ATS", 3, 1, 0}}},
        {"STATUSR", 0x40, 4, {}},
        {"GBPA",
         0x44,
         4,
         {{"MemAttr", 0, 4, 0},
          {"MTCFG", 4, 1, 0},
          {"ALLOCCFG", 8, 4, 0},
          {"SHCFG", 12, 2, 0},
          {"PRIVCFG", 16, 2, 0},
          {"INSTCFG", 18, 2, 0},
          {"ABORT", 20, 1, 0},
          {"Update", 31, 1, 0}}},
        {"IRQ_CTRL", 0x50, 4, {{"GERROR_IRQEN", 0, 1, 0}, {"PRIQ_IRQEN", 1, 1, 0}, {"EVENTQ_IRQEN", 2, 1, 0}}},
        {"IRQ_CTRLACK", 0x54, 4, {{"GERROR_IRQEN", 0, 1, 0}, {"PRIQ_IRQEN", 1, 1, 0}, {"EVENTQ_IRQEN", 2, 1, 0}}},
        {"GERROR",
         0x60,
         4,
         {{"CMDQ_ERR", 0, 1, 0},
          {"EVENTQ_ABT_ERR", 2, 1, 0},
          {"PRIQ_ABT_ERR", 3, 1, 0},
          {"MSI_CMDQ_ABT_ERR", 4, 1, 0},
          {"MSI_EVENTQ_ABT_ERR", 5, 1, 0},
          {"MSI_PRIQ_ABT_ERR", 6, 1, 0},
          {"MSI_GERROR_ABT_ERR", 7, 1, 0},
          {"SFM_ERR", 8, 1, 0},
          {"CMDQP_ERR", 9, 1, 0}}},
        {"GERRORN",
         0x64,
         4,
         {{"CMDQ_ERR", 0, 1, 0},
          {"EVENTQ_ABT_ERR", 2, 1, 0},
          {"PRIQ_ABT_ERR", 3, 1, 0},
          {"MSI_CMDQ_ABT_ERR", 4, 1, 0},
          {"MSI_EVENTQ_ABT_ERR", 5, 1, 0},
          {"MSI_PRIQ_ABT_ERR", 6, 1, 0},
          {"MSI_GERROR_ABT_ERR", 7, 1, 0},
          {"SFM_ERR", 8, 1, 0},
          {"CMDQP_ERR", 9, 1, 0}}},
        {"GERROR_IRQ_CFG0", 0x68, 8, {{"ADDR", 2, 54, 2}}},
        {"GERROR_IRQ_CFG1", 0x70, 4, {{"DATA", 0, 32, 0}}},
        {"GERROR_IRQ_CFG2", 0x74, 4, {{"MemAttr", 0, 4, 0}, {"SH", 4, 2, 0}}},
        {"STRTAB_BASE", 0x80, 8, {{"ADDR", 6, 50, 6}, {"RA", 62, 1, 0}}},
        {"STRTAB_BASE_CFG", 0x88, 4, {{"LOG2SIZE", 0, 6, 0}, {"SPLIT", 6, 5, 0}, {"FMT", 16, 2, 0}}},
        {"CMDQ_BASE", 0x90, 8, {{"LOG2SIZE", 0, 5, 0}, {"ADDR", 5, 51, 5}, {"RA", 62, 1, 0}}},
        {"CMDQ_PROD", 0x98, 4, {{"WR", 0, 20, 0}}},
        {"CMDQ_CONS", 0x9C, 4, {{"RD", 0, 20, 0}, {"ERR", 24, 7, 0}}},
        {"EVENTQ_BASE", 0xA0, 8, {{"LOG2SIZE", 0, 5, 0}, {"ADDR", 5, 51, 5}, {"WA", 62, 1, 0}}},
        {"EVENTQ_PROD", 0x100A8, 4, {{"WR", 0, 20, 0}, {"OVFLG", 31, 1, 0}}},
        {"EVENTQ_CONS", 0x100AC, 4, {{"RD", 0, 20, 0}, {"OVACKFLG", 31, 1, 0}}},
        {"EVENTQ_IRQ_CFG0", 0xB0, 8, {{"ADDR", 2, 54, 2}}},
        {"EVENTQ_IRQ_CFG1", 0xB8, 4, {{"DATA", 0, 32, 0}}},
        {"EVENTQ_IRQ_CFG2", 0xBC, 4, {{"MemAttr", 0, 4, 0}, {"SH", 4, 2, 0}}},
        {"PRIQ_BASE", 0xC0, 8, {{"LOG2SIZE", 0, 5, 0}, {"ADDR", 5, 51, 5}, {"WA", 62, 1, 0}}},
        {"PRIQ_PROD", 0x100C8, 4, {{"WR", 0, 20, 0}, {"OVFLG", 31, 1, 0}}},
        {"PRIQ_CONS", 0x100CC, 4, {{"RD", 0, 20, 0}, {"OVACKFLG", 31, 1, 0}}},
        {"PRIQ_IRQ_CFG0", 0xD0, 8, {{"ADDR", 2, 54, 2}}},
        {"PRIQ_IRQ_CFG1", 0xD8, 4, {{"DATA", 0, 32, 0}}},
        {"PRIQ_IRQ_CFG2", 0xDC, 4, {{"MemAttr", 0, 4, 0}, {"SH", 4, 2, 0}, {"LO", 31, 1, 0}}},
        {"IDR6", 0x190, 4, {{"CMDQ_CONTROL_PAGE_LOG2NUMQ", 24, 4, 0}}},
    };
}

} // namespace

const std::vector<Register> &smmu_registers()
{
    static const std::vector<Register> registers = make_registers();

    return registers;
}

const Register *find_smmu_register(const std::string &name)
{
    for (const Register &reg : smmu_registers()) {
        if (name == reg.name) {
            return &reg;
        }
    }
    return nullptr;
}

} // namespace conformance
