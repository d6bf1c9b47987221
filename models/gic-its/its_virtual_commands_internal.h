/*
 * The operands of virtual commands, as part of the format of commands.
 */
#ifndef DOORBELL_MODELS_GIC_ITS_ITS_VIRTUAL_COMMANDS_INTERNAL_H
#define DOORBELL_MODELS_GIC_ITS_ITS_VIRTUAL_COMMANDS_INTERNAL_H

#include "models/gic-its/its_commands.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Adds the operands that the opcode has. Nothing for commands that are not virtual. */
void its_virtual_command_encode(const struct its_command *command, uint64_t dw[4]);

/** Reads them. */
void its_virtual_command_decode(const uint64_t dw[4], struct its_command *command);

#ifdef __cplusplus
}
#endif

#endif
