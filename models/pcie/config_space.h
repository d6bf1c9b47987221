/*
 * A function's configuration space: 4 KiB of registers, which of their bits software may change and how, and the two
 * capability chains. It knows nothing of what the bits mean: capabilities.h lays registers out, the components decode
 * them at one place each after every write.
 */
#ifndef DOORBELL_MODELS_PCIE_CONFIG_SPACE_H
#define DOORBELL_MODELS_PCIE_CONFIG_SPACE_H

#include "models/pcie/config_registers.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct sim;

#define PCIE_LAYOUT_ITEMS 24u

/** Where a capability lies. */
struct pcie_layout_item {
    bool extended;
    uint16_t id;
    uint16_t offset; /**< a multiple of 4: from 0x40 to 0xff, extended from 0x100 on */
};

/**
 * Where capabilities lie and in which order the chains have them, as real devices have it: both kinds mixed, each chain
 * in the order of the list. Capabilities that it does not name follow behind those that it does.
 */
struct pcie_layout {
    struct pcie_layout_item items[PCIE_LAYOUT_ITEMS];
    unsigned count; /**< 0: one behind the other, in the order in which they are added */
};

struct pcie_config_space {
    uint8_t *value;                        /**< what a read returns */
    uint8_t *writable;                     /**< bits that take what is written (RW) */
    uint8_t *clearing;                     /**< bits that a written 1 clears (RW1C) */
    uint16_t extended_end;                 /**< first free byte behind the extended capabilities */
    uint16_t standard_end;                 /**< first free byte behind the standard capabilities */
    const struct pcie_layout *layout;      /**< NULL: none */
    uint16_t added[2 * PCIE_LAYOUT_ITEMS]; /**< offsets of all capabilities, in the order of adding */
    unsigned added_count;
    /* Where the capabilities lie; 0 if absent. */
    uint16_t power_management;
    uint16_t express;
    uint16_t msi;
    uint16_t msix;
    uint16_t aer;
    uint16_t vc;
    uint16_t acs;
    uint16_t ari;
    uint16_t ats;
    uint16_t sriov;
    uint16_t pri;
    uint16_t pasid;
};

/** Makes an empty space: all zero, nothing writable, no capabilities. Memory is the simulation's. Building only. */
void pcie_config_init(struct pcie_config_space *space, struct sim *sim);

/**
 * Has capabilities that are added from now on lie where @p layout says. It must outlive the space, and leave room for
 * each: see pcie_capability_bytes(). The first extended one must be at 0x100.
 */
void pcie_config_set_layout(struct pcie_config_space *space, const struct pcie_layout *layout);

/** Bytes of a capability that a layout can name, in its longest form; 0 for one that it cannot. */
uint16_t pcie_capability_bytes(bool extended, uint16_t id);

/** Register as software would read it. @p offset below 4096, aligned to the size. */
static inline uint8_t pcie_config_get8(const struct pcie_config_space *space, unsigned offset)
{
    return space->value[offset];
}

static inline uint16_t pcie_config_get16(const struct pcie_config_space *space, unsigned offset)
{
    return (uint16_t)(space->value[offset] | space->value[offset + 1] << 8);
}

uint32_t pcie_config_get32(const struct pcie_config_space *space, unsigned offset);

/** The function's own change of a register, whatever software may do with it. */
void pcie_config_set8(struct pcie_config_space *space, unsigned offset, uint8_t value);
void pcie_config_set16(struct pcie_config_space *space, unsigned offset, uint16_t value);
void pcie_config_set32(struct pcie_config_space *space, unsigned offset, uint32_t value);

/** Says which bits of a register software may write. */
void pcie_config_allow8(struct pcie_config_space *space, unsigned offset, uint8_t writable);
void pcie_config_allow16(struct pcie_config_space *space, unsigned offset, uint16_t writable);
void pcie_config_allow32(struct pcie_config_space *space, unsigned offset, uint32_t writable);

/** Says which bits of a register software clears by writing 1. */
void pcie_config_clear_on_one16(struct pcie_config_space *space, unsigned offset, uint16_t clearing);
void pcie_config_clear_on_one32(struct pcie_config_space *space, unsigned offset, uint32_t clearing);

/**
 * A configuration write as the TLP carries it (2.2.7).
 * @param offset       of the double word, a multiple of 4 below 4096
 * @param value        little-endian double word
 * @param byte_enables bit n set: byte n is written
 */
void pcie_config_write(struct pcie_config_space *space, unsigned offset, uint32_t value, unsigned byte_enables);

/**
 * Appends a standard capability to the chain that starts at offset 0x34 (7.5.1.1.11).
 * @param bytes its size; it starts at the next multiple of 4 (the first one at 0x40). All must fit below 0x100, which
 *              those of capabilities.h do.
 * @return its offset
 */
uint8_t pcie_config_add_capability(struct pcie_config_space *space, uint8_t id, uint8_t bytes);

/** Appends an extended capability to the chain that starts at offset 0x100 (7.6.3). @return its offset */
uint16_t pcie_config_add_extended(struct pcie_config_space *space, uint16_t id, uint8_t version, uint16_t bytes);

/**
 * Walks a chain, as software does.
 * @param previous 0 to start, then the offset that the last call returned
 * @return offset of the next capability; 0 at the end
 */
uint16_t pcie_config_next_capability(const struct pcie_config_space *space, uint16_t previous);
uint16_t pcie_config_next_extended(const struct pcie_config_space *space, uint16_t previous);

/**
 * Max_Payload_Size and Max_Read_Request_Size that software set in Device Control, bytes (7.5.3.4). A payload size above
 * the supported one, which software must not set, counts as the supported one; reserved codes count as 4096.
 */
uint32_t pcie_config_max_payload(const struct pcie_config_space *space);
uint32_t pcie_config_max_read_request(const struct pcie_config_space *space);

/** Whether software has turned ECRC generation on: every TLP that the function makes carries one (7.8.4.7, 2.7.1). */
bool pcie_config_generates_ecrc(const struct pcie_config_space *space);

/** Whether software wants the ECRC of TLPs checked that end at the function (7.8.4.7). */
bool pcie_config_checks_ecrc(const struct pcie_config_space *space);

#ifdef __cplusplus
}
#endif

#endif
