/*
 * ITS commands: 32 bytes each in the command queue (IHI 0069, "ITS commands"), and the errors that they can end in.
 */
#ifndef DOORBELL_MODELS_GIC_ITS_ITS_COMMANDS_H
#define DOORBELL_MODELS_GIC_ITS_ITS_COMMANDS_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Bytes of a command. */
#define ITS_COMMAND_BYTES 32u

/** Opcodes: the low byte of a command. */
enum its_opcode {
    ITS_COMMAND_MOVI = 0x01,
    ITS_COMMAND_INT = 0x03,
    ITS_COMMAND_CLEAR = 0x04,
    ITS_COMMAND_SYNC = 0x05,
    ITS_COMMAND_MAPD = 0x08,
    ITS_COMMAND_MAPC = 0x09,
    ITS_COMMAND_MAPTI = 0x0a,
    ITS_COMMAND_MAPI = 0x0b,
    ITS_COMMAND_INV = 0x0c,
    ITS_COMMAND_INVALL = 0x0d,
    ITS_COMMAND_MOVALL = 0x0e,
    ITS_COMMAND_DISCARD = 0x0f,
    /* GICv4 */
    ITS_COMMAND_VMOVI = 0x21,
    ITS_COMMAND_VMOVP = 0x22,
    ITS_COMMAND_VSGI = 0x23, /**< GICv4.1 */
    ITS_COMMAND_VSYNC = 0x25,
    ITS_COMMAND_VMAPP = 0x29,
    ITS_COMMAND_VMAPTI = 0x2a,
    ITS_COMMAND_VMAPI = 0x2b,
    ITS_COMMAND_VINVALL = 0x2d,
    ITS_COMMAND_INVDB = 0x2e, /**< GICv4.1 */
};

/** Opcodes are below this. */
#define ITS_OPCODES 0x30u

/** Operands of virtual commands. */
struct its_virtual_command {
    uint16_t vpe;           /**< vPEID */
    uint32_t intid;         /**< VMAPTI: vINTID */
    uint32_t doorbell;      /**< VMAPTI, VMAPI, VMOVI: of the event; VMAPP, VMOVP (GICv4.1): the vPE's default */
    bool doorbell_valid;    /**< VMOVI: D; VMOVP: DB */
    bool allocate;          /**< VMAPP: Alloc (GICv4.1) */
    bool table_zero;        /**< VMAPP: PTZ (GICv4.1) */
    uint8_t table_size;     /**< VMAPP: vINTID bits, minus 1 */
    uint64_t table;         /**< VMAPP: address of the virtual pending table, bits 51:16 */
    uint64_t configuration; /**< VMAPP: address of the virtual configuration table, bits 51:16 (GICv4.1) */
    uint16_t sequence;      /**< VMOVP */
    uint16_t its_list;      /**< VMOVP: a bit for each ITS number */
    uint8_t sgi;            /**< VSGI: 0..15 */
    uint8_t priority;       /**< VSGI: priority bits 7:4 in place */
    bool group;             /**< VSGI */
    bool clear;             /**< VSGI */
    bool enable;            /**< VSGI */
};

/** A command's operands; which ones count depends on the opcode. */
struct its_command {
    uint8_t opcode;
    bool valid;   /**< MAPD, MAPC, VMAPP: V */
    uint8_t size; /**< MAPD: EventID bits, minus 1 */
    uint32_t device_id;
    uint32_t event_id;
    uint32_t intid;       /**< MAPTI: pINTID */
    uint16_t collection;  /**< ICID */
    uint64_t itt_address; /**< MAPD: address bits 51:8 in place */
    uint64_t target;      /**< RDbase (MOVALL: RDbase1): with GITS_TYPER.PTA 0 a GICR_TYPER.Processor_Number */
    uint64_t target2;     /**< MOVALL: RDbase2 */
    struct its_virtual_command virt;
};

/** Writes a command as the ITS reads it. Operands that the opcode does not have are written as 0. */
void its_command_encode(const struct its_command *command, uint8_t bytes[ITS_COMMAND_BYTES]);

/** Reads a command. Unknown opcodes give only the opcode. */
void its_command_decode(const uint8_t bytes[ITS_COMMAND_BYTES], struct its_command *command);

/** Name of an opcode, for example "MAPTI"; "unknown" if there is none. */
const char *its_command_name(uint8_t opcode);

/** Why a command had no effect: low byte of its error code. */
enum its_error_reason {
    ITS_ERROR_UNKNOWN = 0x00,          /**< no such command */
    ITS_ERROR_DEVICE_RANGE = 0x01,     /**< DeviceID out of range; MOVALL: an RDbase out of range */
    ITS_ERROR_SIZE_RANGE = 0x02,       /**< MAPD: ITT size; MAPC, SYNC: RDbase out of range */
    ITS_ERROR_COLLECTION_RANGE = 0x03, /**< ICID out of range */
    ITS_ERROR_DEVICE_UNMAPPED = 0x04,
    ITS_ERROR_EVENT_RANGE = 0x05,    /**< EventID beyond the range of the MAPD */
    ITS_ERROR_INTID_RANGE = 0x06,    /**< not an LPI of this system */
    ITS_ERROR_EVENT_UNMAPPED = 0x07, /**< no ITE */
    ITS_ERROR_COLLECTION_UNMAPPED = 0x09,
    ITS_ERROR_TABLE = 0x0b,  /**< own code: a table that the command needs is not Valid */
    ITS_ERROR_MEMORY = 0x0f, /**< own code: a read or write of the ITS ended in a bus error */
    /* Own codes; the published list has none for virtual commands. */
    ITS_ERROR_VPE_RANGE = 0x11,      /**< vPEID out of range */
    ITS_ERROR_VPE_UNMAPPED = 0x12,   /**< no VMAPP for this vPEID */
    ITS_ERROR_VINTID_RANGE = 0x13,   /**< not a virtual LPI */
    ITS_ERROR_DOORBELL_RANGE = 0x14, /**< neither an LPI of this system nor "none" */
    ITS_ERROR_REASONS = 0x18,
};

/** An error's whole code, 0x01_opcode_reason as published; CLEAR is published with 05 in the opcode's place. */
uint32_t its_error_code(uint8_t opcode, enum its_error_reason reason);

#ifdef __cplusplus
}
#endif

#endif
