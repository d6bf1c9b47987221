/*
 * The format of commands, and of error codes.
 */
#include "models/gic-its/its_commands.h"

#include "models/gic-its/gic_fields.h"
#include "models/gic-its/its_virtual_commands_internal.h"
#include "sim/packet.h"

#include <string.h>

/* Operands, by double word. */
#define DW0_OPCODE      0, 8
#define DW0_DEVICE_ID   32, 32
#define DW1_EVENT_ID    0, 32
#define DW1_INTID       32, 32
#define DW1_SIZE        0, 5
#define DW2_VALID       63, 1
#define DW2_COLLECTION  0, 16
#define DW2_TARGET      16, 36
#define DW2_ITT_ADDRESS 8, 44 /* address bits 51:8 */
#define DW3_TARGET2     16, 36

/** Which operands an opcode has. */
enum operand {
    HAS_DEVICE = 1 << 0,
    HAS_EVENT = 1 << 1,
    HAS_INTID = 1 << 2,
    HAS_SIZE = 1 << 3,
    HAS_VALID = 1 << 4,
    HAS_COLLECTION = 1 << 5,
    HAS_TARGET = 1 << 6,
    HAS_ITT = 1 << 7,
    HAS_TARGET2 = 1 << 8,
};

struct command_format {
    const char *name;
    unsigned operands;
};

static const struct command_format formats[] = {
    [ITS_COMMAND_MOVI] = {"MOVI", HAS_DEVICE | HAS_EVENT | HAS_COLLECTION},
    [ITS_COMMAND_INT] = {"INT", HAS_DEVICE | HAS_EVENT},
    [ITS_COMMAND_CLEAR] = {"CLEAR", HAS_DEVICE | HAS_EVENT},
    [ITS_COMMAND_SYNC] = {"SYNC", HAS_TARGET},
    [ITS_COMMAND_MAPD] = {"MAPD", HAS_DEVICE | HAS_SIZE | HAS_ITT | HAS_VALID},
    [ITS_COMMAND_MAPC] = {"MAPC", HAS_COLLECTION | HAS_TARGET | HAS_VALID},
    [ITS_COMMAND_MAPTI] = {"MAPTI", HAS_DEVICE | HAS_EVENT | HAS_INTID | HAS_COLLECTION},
    [ITS_COMMAND_MAPI] = {"MAPI", HAS_DEVICE | HAS_EVENT | HAS_COLLECTION},
    [ITS_COMMAND_INV] = {"INV", HAS_DEVICE | HAS_EVENT},
    [ITS_COMMAND_INVALL] = {"INVALL", HAS_COLLECTION},
    [ITS_COMMAND_MOVALL] = {"MOVALL", HAS_TARGET | HAS_TARGET2},
    [ITS_COMMAND_DISCARD] = {"DISCARD", HAS_DEVICE | HAS_EVENT},
    /* What else these have is in its_virtual_commands.c. */
    [ITS_COMMAND_VMOVI] = {"VMOVI", HAS_DEVICE | HAS_EVENT},
    [ITS_COMMAND_VMOVP] = {"VMOVP", HAS_TARGET},
    [ITS_COMMAND_VSGI] = {"VSGI", 0},
    [ITS_COMMAND_VSYNC] = {"VSYNC", 0},
    [ITS_COMMAND_VMAPP] = {"VMAPP", HAS_VALID | HAS_TARGET},
    [ITS_COMMAND_VMAPTI] = {"VMAPTI", HAS_DEVICE | HAS_EVENT},
    [ITS_COMMAND_VMAPI] = {"VMAPI", HAS_DEVICE | HAS_EVENT},
    [ITS_COMMAND_VINVALL] = {"VINVALL", 0},
    [ITS_COMMAND_INVDB] = {"INVDB", 0},
};

static const struct command_format *format_of(uint8_t opcode)
{
    if (opcode >= sizeof(formats) / sizeof(formats[0]) || formats[opcode].name == NULL) {
        return NULL;
    }
    return &formats[opcode];
}

const char *its_command_name(uint8_t opcode)
{
    const struct command_format *format = format_of(opcode);

    return format != NULL ? format->name : "unknown";
}

void its_command_encode(const struct its_command *command, uint8_t bytes[ITS_COMMAND_BYTES])
{
    const struct command_format *format = format_of(command->opcode);
    unsigned has = format != NULL ? format->operands : 0;
    uint64_t dw[4] = {GIC_PUT(command->opcode, DW0_OPCODE), 0, 0, 0};

    dw[0] |= (has & HAS_DEVICE) != 0 ? GIC_PUT(command->device_id, DW0_DEVICE_ID) : 0;
    dw[1] |= (has & HAS_EVENT) != 0 ? GIC_PUT(command->event_id, DW1_EVENT_ID) : 0;
    dw[1] |= (has & HAS_INTID) != 0 ? GIC_PUT(command->intid, DW1_INTID) : 0;
    dw[1] |= (has & HAS_SIZE) != 0 ? GIC_PUT(command->size, DW1_SIZE) : 0;
    dw[2] |= (has & HAS_VALID) != 0 ? GIC_PUT(command->valid, DW2_VALID) : 0;
    dw[2] |= (has & HAS_COLLECTION) != 0 ? GIC_PUT(command->collection, DW2_COLLECTION) : 0;
    dw[2] |= (has & HAS_TARGET) != 0 ? GIC_PUT(command->target, DW2_TARGET) : 0;
    dw[2] |= (has & HAS_ITT) != 0 ? command->itt_address & GIC_MASK(DW2_ITT_ADDRESS) : 0;
    dw[3] |= (has & HAS_TARGET2) != 0 ? GIC_PUT(command->target2, DW3_TARGET2) : 0;
    if (format != NULL) {
        its_virtual_command_encode(command, dw);
    }
    for (unsigned i = 0; i < 4; i++) {
        sim_store_le64(&bytes[8 * i], dw[i]);
    }
}

void its_command_decode(const uint8_t bytes[ITS_COMMAND_BYTES], struct its_command *command)
{
    uint64_t dw0 = sim_load_le64(&bytes[0]);
    uint64_t dw1 = sim_load_le64(&bytes[8]);
    uint64_t dw2 = sim_load_le64(&bytes[16]);
    uint64_t dw3 = sim_load_le64(&bytes[24]);
    uint8_t opcode = (uint8_t)GIC_GET(dw0, DW0_OPCODE);
    const struct command_format *format = format_of(opcode);
    unsigned has = format != NULL ? format->operands : 0;

    memset(command, 0, sizeof(*command));
    command->opcode = opcode;
    command->device_id = (has & HAS_DEVICE) != 0 ? (uint32_t)GIC_GET(dw0, DW0_DEVICE_ID) : 0;
    command->event_id = (has & HAS_EVENT) != 0 ? (uint32_t)GIC_GET(dw1, DW1_EVENT_ID) : 0;
    command->intid = (has & HAS_INTID) != 0 ? (uint32_t)GIC_GET(dw1, DW1_INTID) : 0;
    command->size = (has & HAS_SIZE) != 0 ? (uint8_t)GIC_GET(dw1, DW1_SIZE) : 0;
    command->valid = (has & HAS_VALID) != 0 && GIC_GET(dw2, DW2_VALID) != 0;
    command->collection = (has & HAS_COLLECTION) != 0 ? (uint16_t)GIC_GET(dw2, DW2_COLLECTION) : 0;
    command->target = (has & HAS_TARGET) != 0 ? GIC_GET(dw2, DW2_TARGET) : 0;
    command->itt_address = (has & HAS_ITT) != 0 ? dw2 & GIC_MASK(DW2_ITT_ADDRESS) : 0;
    command->target2 = (has & HAS_TARGET2) != 0 ? GIC_GET(dw3, DW3_TARGET2) : 0;
    if (format != NULL) {
        its_virtual_command_decode((const uint64_t[4]){dw0, dw1, dw2, dw3}, command);
    }
}

uint32_t its_error_code(uint8_t opcode, enum its_error_reason reason)
{
    /* Published codes of CLEAR carry the opcode of SYNC; a reader of logs expects them so. */
    uint32_t op = opcode == ITS_COMMAND_CLEAR ? 0x05 : opcode;

    return 0x010000u | op << 8 | (uint32_t)reason;
}
