#include "models/pcie/config_space.h"

#include "sim/sim.h"

#define FIRST_CAPABILITY 0x40u

void pcie_config_init(struct pcie_config_space *space, struct sim *sim)
{
    space->value = sim_alloc(sim, PCIE_CONFIG_BYTES);
    space->writable = sim_alloc(sim, PCIE_CONFIG_BYTES);
    space->clearing = sim_alloc(sim, PCIE_CONFIG_BYTES);
    space->last_link = PCIE_CAPABILITIES_PTR;
    space->standard_end = FIRST_CAPABILITY;
    space->extended_end = PCIE_EXTENDED_CONFIG_START;
}

uint32_t pcie_config_get32(const struct pcie_config_space *space, unsigned offset)
{
    return sim_load_le32(space->value + offset);
}

static void store16(uint8_t *bytes, uint16_t value)
{
    bytes[0] = (uint8_t)value;
    bytes[1] = (uint8_t)(value >> 8);
}

void pcie_config_set8(struct pcie_config_space *space, unsigned offset, uint8_t value)
{
    space->value[offset] = value;
}

void pcie_config_set16(struct pcie_config_space *space, unsigned offset, uint16_t value)
{
    store16(space->value + offset, value);
}

void pcie_config_set32(struct pcie_config_space *space, unsigned offset, uint32_t value)
{
    sim_store_le32(space->value + offset, value);
}

void pcie_config_allow8(struct pcie_config_space *space, unsigned offset, uint8_t writable)
{
    space->writable[offset] = writable;
}

void pcie_config_allow16(struct pcie_config_space *space, unsigned offset, uint16_t writable)
{
    store16(space->writable + offset, writable);
}

void pcie_config_allow32(struct pcie_config_space *space, unsigned offset, uint32_t writable)
{
    sim_store_le32(space->writable + offset, writable);
}

void pcie_config_clear_on_one16(struct pcie_config_space *space, unsigned offset, uint16_t clearing)
{
    store16(space->clearing + offset, clearing);
}

void pcie_config_clear_on_one32(struct pcie_config_space *space, unsigned offset, uint32_t clearing)
{
    sim_store_le32(space->clearing + offset, clearing);
}

void pcie_config_write(struct pcie_config_space *space, unsigned offset, uint32_t value, unsigned byte_enables)
{
    for (unsigned i = 0; i < 4; i++) {
        unsigned at = offset + i;
        uint8_t byte = (uint8_t)(value >> (8 * i));

        if ((byte_enables >> i & 1) != 0) {
            uint8_t kept = (uint8_t)(space->value[at] & ~space->writable[at] & ~(byte & space->clearing[at]));

            space->value[at] = (uint8_t)(kept | (byte & space->writable[at]));
        }
    }
}

uint8_t pcie_config_add_capability(struct pcie_config_space *space, uint8_t id, uint8_t bytes)
{
    uint8_t at = space->standard_end;

    pcie_config_set8(space, space->last_link, at);
    pcie_config_set8(space, at, id);
    pcie_config_set16(space, PCIE_STATUS, pcie_config_get16(space, PCIE_STATUS) | PCIE_STATUS_CAPABILITIES_LIST);
    space->last_link = (uint16_t)(at + 1);
    space->standard_end = (uint8_t)(at + ((unsigned)bytes + 3) / 4 * 4);
    return at;
}

uint16_t pcie_config_add_extended(struct pcie_config_space *space, uint16_t id, uint8_t version, uint16_t bytes)
{
    uint16_t at = space->extended_end;

    if (space->last_extended != 0) {
        uint32_t head = pcie_config_get32(space, space->last_extended) & ~PCIE_EXT_CAP_NEXT;

        pcie_config_set32(space, space->last_extended, head | (uint32_t)at << PCIE_EXT_CAP_NEXT_SHIFT);
    }
    pcie_config_set32(space, at, id | (uint32_t)version << PCIE_EXT_CAP_VERSION_SHIFT);
    space->last_extended = at;
    space->extended_end = (uint16_t)(at + (bytes + 3u) / 4 * 4);
    return at;
}

uint16_t pcie_config_next_capability(const struct pcie_config_space *space, uint16_t previous)
{
    return pcie_config_get8(space, previous == 0 ? PCIE_CAPABILITIES_PTR : previous + 1u);
}

uint16_t pcie_config_next_extended(const struct pcie_config_space *space, uint16_t previous)
{
    if (previous == 0) {
        return pcie_config_get32(space, PCIE_EXTENDED_CONFIG_START) != 0 ? PCIE_EXTENDED_CONFIG_START : 0;
    }
    return (uint16_t)((pcie_config_get32(space, previous) & PCIE_EXT_CAP_NEXT) >> PCIE_EXT_CAP_NEXT_SHIFT);
}

/** Bytes that a code of Device Capabilities or Device Control stands for. */
static uint32_t size_of_code(uint32_t code)
{
    return 128u << (code < 5 ? code : 5);
}

uint32_t pcie_config_max_payload(const struct pcie_config_space *space)
{
    uint32_t capabilities = pcie_config_get32(space, space->express + PCIE_EXP_DEVICE_CAPABILITIES);
    uint32_t supported = size_of_code(capabilities & PCIE_EXP_DEVCAP_MAX_PAYLOAD);
    uint32_t control = pcie_config_get16(space, space->express + PCIE_EXP_DEVICE_CONTROL);
    uint32_t set = size_of_code((control & PCIE_EXP_DEVCTL_MAX_PAYLOAD) >> PCIE_EXP_DEVCTL_MAX_PAYLOAD_SHIFT);

    return set < supported ? set : supported;
}

uint32_t pcie_config_max_read_request(const struct pcie_config_space *space)
{
    uint32_t control = pcie_config_get16(space, space->express + PCIE_EXP_DEVICE_CONTROL);

    return size_of_code((control & PCIE_EXP_DEVCTL_MAX_READ_REQUEST) >> PCIE_EXP_DEVCTL_MAX_READ_REQUEST_SHIFT);
}

bool pcie_config_generates_ecrc(const struct pcie_config_space *space)
{
    return space->aer != 0 && (pcie_config_get32(space, space->aer + PCIE_AER_CONTROL) & PCIE_AER_ECRC_GENERATION) != 0;
}

void pcie_config_log_error(struct pcie_config_space *space, uint32_t error)
{
    uint16_t detected = PCIE_EXP_DEVSTA_NONFATAL;

    if (space->aer != 0) {
        unsigned at = space->aer + PCIE_AER_UNCORRECTABLE_STATUS;

        pcie_config_set32(space, at, pcie_config_get32(space, at) | error);
        if ((pcie_config_get32(space, space->aer + PCIE_AER_UNCORRECTABLE_SEVERITY) & error) != 0) {
            detected = PCIE_EXP_DEVSTA_FATAL;
        }
    }
    if (error == PCIE_AER_UNSUPPORTED_REQUEST) {
        detected |= PCIE_EXP_DEVSTA_UNSUPPORTED_REQUEST;
    }
    if (space->express != 0) {
        unsigned at = space->express + PCIE_EXP_DEVICE_STATUS;

        pcie_config_set16(space, at, (uint16_t)(pcie_config_get16(space, at) | detected));
    }
}
