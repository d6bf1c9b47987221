/*
 * The operands of virtual commands (IHI 0069, "ITS commands"): which double word, which bits.
 */
#include "models/gic-its/its_virtual_commands_internal.h"

#include "models/gic-its/gic_fields.h"

#define DW1_VPE 32, 16

/* VMAPTI, VMAPI, VMOVI */
#define DW2_INTID      0, 32
#define DW2_DOORBELL   32, 32
#define DW2_DOORBELL_V 0, 1

/* VMAPP */
#define DW0_ALLOCATE      8, 1
#define DW0_TABLE_ZERO    9, 1
#define DW0_CONFIGURATION 16, 36
#define DW1_DOORBELL      0, 32
#define DW3_TABLE         16, 36
#define DW3_TABLE_SIZE    0, 5

/* VMOVP */
#define DW0_SEQUENCE       32, 16
#define DW1_ITS_LIST       0, 16
#define DW2_NEW_DOORBELL_V 63, 1
#define DW3_NEW_DOORBELL   0, 32

/* VSGI */
#define DW0_ENABLE   8, 1
#define DW0_CLEAR    9, 1
#define DW0_GROUP    10, 1
#define DW0_PRIORITY 20, 4
#define DW0_SGI      32, 4

static void encode_vmapp(const struct its_virtual_command *virt, uint64_t dw[4])
{
    dw[0] |= GIC_PUT(virt->allocate, DW0_ALLOCATE) | GIC_PUT(virt->table_zero, DW0_TABLE_ZERO);
    dw[0] |= virt->configuration & GIC_MASK(DW0_CONFIGURATION);
    dw[1] |= GIC_PUT(virt->doorbell, DW1_DOORBELL);
    dw[3] |= (virt->table & GIC_MASK(DW3_TABLE)) | GIC_PUT(virt->table_size, DW3_TABLE_SIZE);
}

static void decode_vmapp(const uint64_t dw[4], struct its_virtual_command *virt)
{
    virt->allocate = GIC_GET(dw[0], DW0_ALLOCATE) != 0;
    virt->table_zero = GIC_GET(dw[0], DW0_TABLE_ZERO) != 0;
    virt->configuration = dw[0] & GIC_MASK(DW0_CONFIGURATION);
    virt->doorbell = (uint32_t)GIC_GET(dw[1], DW1_DOORBELL);
    virt->table = dw[3] & GIC_MASK(DW3_TABLE);
    virt->table_size = (uint8_t)GIC_GET(dw[3], DW3_TABLE_SIZE);
}

static void encode_vmovp(const struct its_virtual_command *virt, uint64_t dw[4])
{
    dw[0] |= GIC_PUT(virt->sequence, DW0_SEQUENCE);
    dw[1] |= GIC_PUT(virt->its_list, DW1_ITS_LIST);
    dw[2] |= GIC_PUT(virt->doorbell_valid, DW2_NEW_DOORBELL_V);
    dw[3] |= GIC_PUT(virt->doorbell, DW3_NEW_DOORBELL);
}

static void decode_vmovp(const uint64_t dw[4], struct its_virtual_command *virt)
{
    virt->sequence = (uint16_t)GIC_GET(dw[0], DW0_SEQUENCE);
    virt->its_list = (uint16_t)GIC_GET(dw[1], DW1_ITS_LIST);
    virt->doorbell_valid = GIC_GET(dw[2], DW2_NEW_DOORBELL_V) != 0;
    virt->doorbell = (uint32_t)GIC_GET(dw[3], DW3_NEW_DOORBELL);
}

static void encode_vsgi(const struct its_virtual_command *virt, uint64_t dw[4])
{
    dw[0] |= GIC_PUT(virt->enable, DW0_ENABLE) | GIC_PUT(virt->clear, DW0_CLEAR) | GIC_PUT(virt->group, DW0_GROUP);
    dw[0] |= GIC_PUT(virt->priority >> 4, DW0_PRIORITY) | GIC_PUT(virt->sgi, DW0_SGI);
}

static void decode_vsgi(const uint64_t dw[4], struct its_virtual_command *virt)
{
    virt->enable = GIC_GET(dw[0], DW0_ENABLE) != 0;
    virt->clear = GIC_GET(dw[0], DW0_CLEAR) != 0;
    virt->group = GIC_GET(dw[0], DW0_GROUP) != 0;
    virt->priority = (uint8_t)(GIC_GET(dw[0], DW0_PRIORITY) << 4);
    virt->sgi = (uint8_t)GIC_GET(dw[0], DW0_SGI);
}

void its_virtual_command_encode(const struct its_command *command, uint64_t dw[4])
{
    const struct its_virtual_command *virt = &command->virt;

    if (command->opcode < ITS_COMMAND_VMOVI) {
        return;
    }
    dw[1] |= GIC_PUT(virt->vpe, DW1_VPE);
    switch (command->opcode) {
    case ITS_COMMAND_VMAPTI:
        dw[2] |= GIC_PUT(virt->intid, DW2_INTID) | GIC_PUT(virt->doorbell, DW2_DOORBELL);
        break;
    case ITS_COMMAND_VMAPI:
        dw[2] |= GIC_PUT(virt->doorbell, DW2_DOORBELL);
        break;
    case ITS_COMMAND_VMOVI:
        dw[2] |= GIC_PUT(virt->doorbell_valid, DW2_DOORBELL_V) | GIC_PUT(virt->doorbell, DW2_DOORBELL);
        break;
    case ITS_COMMAND_VMAPP:
        encode_vmapp(virt, dw);
        break;
    case ITS_COMMAND_VMOVP:
        encode_vmovp(virt, dw);
        break;
    case ITS_COMMAND_VSGI:
        encode_vsgi(virt, dw);
        break;
    default:
        break;
    }
}

void its_virtual_command_decode(const uint64_t dw[4], struct its_command *command)
{
    struct its_virtual_command *virt = &command->virt;

    if (command->opcode < ITS_COMMAND_VMOVI) {
        return;
    }
    virt->vpe = (uint16_t)GIC_GET(dw[1], DW1_VPE);
    switch (command->opcode) {
    case ITS_COMMAND_VMAPTI:
        virt->intid = (uint32_t)GIC_GET(dw[2], DW2_INTID);
        virt->doorbell = (uint32_t)GIC_GET(dw[2], DW2_DOORBELL);
        break;
    case ITS_COMMAND_VMAPI:
        virt->doorbell = (uint32_t)GIC_GET(dw[2], DW2_DOORBELL);
        break;
    case ITS_COMMAND_VMOVI:
        virt->doorbell_valid = GIC_GET(dw[2], DW2_DOORBELL_V) != 0;
        virt->doorbell = (uint32_t)GIC_GET(dw[2], DW2_DOORBELL);
        break;
    case ITS_COMMAND_VMAPP:
        decode_vmapp(dw, virt);
        break;
    case ITS_COMMAND_VMOVP:
        decode_vmovp(dw, virt);
        break;
    case ITS_COMMAND_VSGI:
        decode_vsgi(dw, virt);
        break;
    default:
        break;
    }
}
