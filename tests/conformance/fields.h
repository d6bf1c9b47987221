/*
 * Bits of what the architecture lays out, by the specification's own names: structures in memory, commands, records,
 * registers. The numbers come from the specification and not from the models' headers: the two check each other.
 */
#ifndef DOORBELL_TESTS_CONFORMANCE_FIELDS_H
#define DOORBELL_TESTS_CONFORMANCE_FIELDS_H

#include "tests/conformance/value.h"

#include <cstdint>
#include <string>
#include <vector>

namespace conformance
{

struct Field {
    const char *name;
    unsigned low;   /**< counted from bit 0 of the first 64-bit word */
    unsigned width; /**< up to 64, within one word */
    unsigned shift; /**< of addresses: low bits that are not held; the value is the whole address */
};

struct Layout {
    const char *name;
    unsigned words;
    std::vector<Field> fields;

    /** NULL if there is none. */
    const Field *find(const std::string &field) const;
};

/** Sets one field. CaseError if there is none of that name, or the value does not fit. */
void put_field(const Layout &layout, uint64_t *words, const std::string &field, uint64_t value, const Place &place);
uint64_t get_field(const Field &field, const uint64_t *words);
/** All fields of a record, by name. */
Value all_fields(const Layout &layout, const uint64_t *words);

extern const Layout ste_layout;
extern const Layout cd_layout;
extern const Layout l1std_layout;
extern const Layout l1cd_layout;
extern const Layout command_layout;
extern const Layout event_layout;
extern const Layout priq_layout;

/** Opcode of an SMMU command, with or without CMD_ in front; CaseError if there is none of that name. */
uint64_t command_opcode(const std::string &name, const Place &place);
/** Its name without CMD_; empty if it has none. */
std::string command_name(uint64_t opcode);

struct Register {
    const char *name;
    uint32_t offset; /**< page 1 begins at 0x10000 */
    uint32_t bytes;
    std::vector<Field> fields;

    const Field *find(const std::string &field) const;
};

/** A register of the SMMU by its name; NULL if there is none. */
const Register *find_smmu_register(const std::string &name);
const std::vector<Register> &smmu_registers();

} // namespace conformance

#endif
