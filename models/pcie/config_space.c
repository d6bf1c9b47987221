#include "models/pcie/config_space.h"

#include "sim/sim.h"

#define FIRST_CAPABILITY 0x40u

void pcie_config_init(struct pcie_config_space *space, struct sim *sim)
{
    space->value = sim_alloc(sim, PCIE_CONFIG_BYTES);
    space->writable = sim_alloc(sim, PCIE_CONFIG_BYTES);
    space->clearing = sim_alloc(sim, PCIE_CONFIG_BYTES);
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

/* ---- Layouts ---- */

uint16_t pcie_capability_bytes(bool extended, uint16_t id)
{
    static const struct {
        uint16_t id;
        uint16_t bytes;
    } standard[] =
        {
            {PCIE_CAP_ID_POWER_MANAGEMENT, PCIE_PM_BYTES},
            {PCIE_CAP_ID_MSI, PCIE_MSI_BYTES},
            {PCIE_CAP_ID_PCI_EXPRESS, PCIE_EXP_BYTES},
            {PCIE_CAP_ID_MSIX, PCIE_MSIX_BYTES},
        },
      others[] = {
          {PCIE_EXT_CAP_ID_AER, PCIE_AER_BYTES},     {PCIE_EXT_CAP_ID_ACS, PCIE_ACS_LONGEST_BYTES},
          {PCIE_EXT_CAP_ID_ARI, PCIE_ARI_BYTES},     {PCIE_EXT_CAP_ID_ATS, PCIE_ATS_BYTES},
          {PCIE_EXT_CAP_ID_SRIOV, PCIE_SRIOV_BYTES}, {PCIE_EXT_CAP_ID_PRI, PCIE_PRI_BYTES},
          {PCIE_EXT_CAP_ID_PASID, PCIE_PASID_BYTES},
      };

    for (unsigned i = 0; !extended && i < sizeof(standard) / sizeof(standard[0]); i++) {
        if (standard[i].id == id) {
            return standard[i].bytes;
        }
    }
    for (unsigned i = 0; extended && i < sizeof(others) / sizeof(others[0]); i++) {
        if (others[i].id == id) {
            return others[i].bytes;
        }
    }
    return 0;
}

void pcie_config_set_layout(struct pcie_config_space *space, const struct pcie_layout *layout)
{
    space->layout = layout;
    for (unsigned i = 0; i < layout->count; i++) {
        const struct pcie_layout_item *item = &layout->items[i];
        uint16_t end = (uint16_t)(item->offset + pcie_capability_bytes(item->extended, item->id));
        uint16_t *free = item->extended ? &space->extended_end : &space->standard_end;

        *free = end > *free ? (uint16_t)((end + 3u) / 4 * 4) : *free;
    }
}

/** Where a capability goes: where the layout says, or behind all others of its kind. */
static uint16_t place(struct pcie_config_space *space, bool extended, uint16_t id, uint16_t bytes)
{
    uint16_t *free = extended ? &space->extended_end : &space->standard_end;
    uint16_t at = *free;

    for (unsigned i = 0; space->layout != NULL && i < space->layout->count; i++) {
        const struct pcie_layout_item *item = &space->layout->items[i];

        if (item->extended == extended && item->id == id) {
            space->added[space->added_count++] = item->offset;
            return item->offset;
        }
    }
    *free = (uint16_t)(at + (bytes + 3u) / 4 * 4);
    space->added[space->added_count++] = at;
    return at;
}

static bool is_added(const struct pcie_config_space *space, uint16_t offset)
{
    for (unsigned i = 0; i < space->added_count; i++) {
        if (space->added[i] == offset) {
            return true;
        }
    }
    return false;
}

static bool is_named(const struct pcie_config_space *space, uint16_t offset)
{
    for (unsigned i = 0; space->layout != NULL && i < space->layout->count; i++) {
        if (space->layout->items[i].offset == offset) {
            return true;
        }
    }
    return false;
}

/** Makes a capability the next one of its chain. @param last the one before; 0: it is the first */
static void link_next(struct pcie_config_space *space, uint16_t *last, uint16_t at)
{
    if (at < PCIE_EXTENDED_CONFIG_START) {
        pcie_config_set8(space, *last == 0 ? PCIE_CAPABILITIES_PTR : *last + 1u, (uint8_t)at);
    } else if (*last != 0) {
        uint32_t head = pcie_config_get32(space, *last) & ~PCIE_EXT_CAP_NEXT;

        pcie_config_set32(space, *last, head | (uint32_t)at << PCIE_EXT_CAP_NEXT_SHIFT);
    }
    *last = at;
}

/** Links both chains: what the layout names in its order, then the others in the order of adding. */
static void link_all(struct pcie_config_space *space)
{
    uint16_t last[2] = {0, 0};

    for (unsigned i = 0; space->layout != NULL && i < space->layout->count; i++) {
        const struct pcie_layout_item *item = &space->layout->items[i];

        if (is_added(space, item->offset)) {
            link_next(space, &last[item->extended], item->offset);
        }
    }
    for (unsigned i = 0; i < space->added_count; i++) {
        if (!is_named(space, space->added[i])) {
            link_next(space, &last[space->added[i] >= PCIE_EXTENDED_CONFIG_START], space->added[i]);
        }
    }
    if (last[0] != 0) {
        pcie_config_set8(space, last[0] + 1u, 0);
    }
    if (last[1] != 0) {
        pcie_config_set32(space, last[1], pcie_config_get32(space, last[1]) & ~PCIE_EXT_CAP_NEXT);
    }
}

uint8_t pcie_config_add_capability(struct pcie_config_space *space, uint8_t id, uint8_t bytes)
{
    uint8_t at = (uint8_t)place(space, false, id, bytes);

    pcie_config_set8(space, at, id);
    pcie_config_set16(space, PCIE_STATUS, pcie_config_get16(space, PCIE_STATUS) | PCIE_STATUS_CAPABILITIES_LIST);
    link_all(space);
    return at;
}

uint16_t pcie_config_add_extended(struct pcie_config_space *space, uint16_t id, uint8_t version, uint16_t bytes)
{
    uint16_t at = place(space, true, id, bytes);

    pcie_config_set32(space, at, id | (uint32_t)version << PCIE_EXT_CAP_VERSION_SHIFT);
    link_all(space);
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

bool pcie_config_checks_ecrc(const struct pcie_config_space *space)
{
    return space->aer != 0 && (pcie_config_get32(space, space->aer + PCIE_AER_CONTROL) & PCIE_AER_ECRC_CHECK) != 0;
}
