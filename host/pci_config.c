#include "host/pci_config.h"

#define STATUS_HAS_CAPABILITIES (1u << 20) /* Status bit 4, seen in the Command/Status double word */
#define FIRST_EXTENDED          0x100u

/* A chain longer than this has a loop in it. */
#define MOST_CAPABILITIES          48u
#define MOST_EXTENDED_CAPABILITIES 960u

uint32_t pci_config_read(struct host_access *access, uint64_t config, uint32_t offset)
{
    return host_read32(access, config + offset);
}

void pci_config_write(struct host_access *access, uint64_t config, uint32_t offset, uint32_t value)
{
    host_write32(access, config + offset, value);
}

uint16_t pci_config_read16(struct host_access *access, uint64_t config, uint32_t offset)
{
    return (uint16_t)(pci_config_read(access, config, offset & ~3u) >> (8 * (offset & 2)));
}

void pci_config_write16(struct host_access *access, uint64_t config, uint32_t offset, uint16_t value)
{
    host_write16(access, config + offset, value);
}

uint16_t pci_config_find(struct host_access *access, uint64_t config, uint8_t id)
{
    uint32_t pointer;

    if ((pci_config_read(access, config, PCI_COMMAND) & STATUS_HAS_CAPABILITIES) == 0) {
        return 0;
    }
    pointer = pci_config_read(access, config, PCI_CAPABILITIES) & 0xfc;
    for (unsigned i = 0; pointer >= 0x40 && i < MOST_CAPABILITIES; i++) {
        uint32_t header = pci_config_read(access, config, pointer);

        if ((header & 0xff) == id) {
            return (uint16_t)pointer;
        }
        pointer = (header >> 8) & 0xfc;
    }
    return 0;
}

uint16_t pci_config_find_extended(struct host_access *access, uint64_t config, uint16_t id)
{
    uint32_t pointer = FIRST_EXTENDED;

    for (unsigned i = 0; pointer >= FIRST_EXTENDED && i < MOST_EXTENDED_CAPABILITIES; i++) {
        uint32_t header = pci_config_read(access, config, pointer);

        if (header == 0 || header == UINT32_MAX) {
            return 0;
        }
        if ((header & 0xffff) == id) {
            return (uint16_t)pointer;
        }
        pointer = (header >> 20) & 0xffc;
    }
    return 0;
}
