/*
 * Commands and registers of the GIC's ITS and redistributors, by the specification's names (IHI 0069).
 */
#ifndef DOORBELL_TESTS_CONFORMANCE_ITS_LAYOUTS_H
#define DOORBELL_TESTS_CONFORMANCE_ITS_LAYOUTS_H

#include "tests/conformance/fields.h"

namespace conformance
{

extern const Layout its_command_layout;

/** Opcode of an ITS command; CaseError if there is none of that name. */
uint64_t its_command_opcode(const std::string &name, const Place &place);

/** A GITS_* or GICR_* register (GITS_BASER: the first of the eight); NULL if there is none. */
const Register *find_gic_register(const std::string &name);

} // namespace conformance

#endif
