#include "host/its_driver.h"

#include <stdlib.h>
#include <string.h>

/* Registers, IHI 0069 chapter 12. */
#define GITS_CTLR      0x0000u
#define GITS_TYPER     0x0008u
#define GITS_CBASER    0x0080u
#define GITS_CWRITER   0x0088u
#define GITS_CREADR    0x0090u
#define GITS_BASER(n)  (0x0100u + 8u * (n))
#define GITS_TRANSLATE 0x10040u

#define GICR_CTLR      0x0000u
#define GICR_TYPER     0x0008u
#define GICR_WAKER     0x0014u
#define GICR_PROPBASER 0x0070u
#define GICR_PENDBASER 0x0078u

#define BASER_VALID        (UINT64_C(1) << 63)
#define BASER_INDIRECT     (UINT64_C(1) << 62)
#define BASER_TYPE(baser)  ((uint32_t)((baser) >> 56) & 7)
#define BASER_ENTRY(baser) (((uint32_t)((baser) >> 48) & 0x1f) + 1)
#define BASER_CACHEABLE    (UINT64_C(7) << 59)
#define BASER_INNER_SHARE  (UINT64_C(1) << 10)
#define BASER_PAGE_64K     (UINT64_C(2) << 8)
#define BASER_PAGE_MASK    (UINT64_C(3) << 8)
#define TYPE_DEVICE        1u
#define TYPE_VPE           2u
#define TYPE_COLLECTION    4u
#define TABLE_PAGE         UINT64_C(0x10000)
#define INDIRECT_ENTRY     8u

#define PEND_PTZ        (UINT64_C(1) << 62)
#define CACHEABLE_IN_RD ((UINT64_C(7) << 7) | (UINT64_C(1) << 10))

#define CREADR_STALLED UINT64_C(1)
#define COMMAND_BYTES  32u

/* Commands. */
#define CMD_MOVI    0x01u
#define CMD_DISCARD 0x0fu
#define CMD_SYNC    0x05u
#define CMD_MAPD    0x08u
#define CMD_MAPC    0x09u
#define CMD_MAPTI   0x0au
#define CMD_INV     0x0cu
#define CMD_INVALL  0x0du

#define VALID (UINT64_C(1) << 63)

#define POLL_TIME  (200 * SIM_NS)
#define POLL_LIMIT 100000u

static unsigned log2_ceil(uint64_t value)
{
    unsigned bits = 0;

    while ((UINT64_C(1) << bits) < value) {
        bits++;
    }
    return bits;
}

/* ---- Redistributors (chapter 12.11, 5.1) ---- */

static bool start_redistributor(struct lpi_pool *pool, uint32_t pe, struct host_error *error)
{
    uint64_t base = pool->redistributor_base + pe * pool->redistributor_stride;
    /* One bit an INTID, and 64 KiB alignment. */
    uint64_t pending = host_ram_take(pool->ram, (UINT64_C(1) << pool->id_bits) / 8, TABLE_PAGE);
    uint32_t typer = host_read32(pool->access, base + GICR_TYPER);

    if (pending == 0) {
        return host_error_set(error, "redistributor %u: no memory for its pending table", pe);
    }
    if ((typer & 1) == 0) {
        return host_error_set(error, "redistributor %u: no physical LPIs (GICR_TYPER 0x%08x)", pe, typer);
    }
    host_write32(pool->access, base + GICR_WAKER, 0);
    host_write64(pool->access, base + GICR_PROPBASER, pool->configuration | CACHEABLE_IN_RD | (pool->id_bits - 1));
    host_write64(pool->access, base + GICR_PENDBASER, pending | CACHEABLE_IN_RD | PEND_PTZ);
    host_write32(pool->access, base + GICR_CTLR, 1);
    if ((host_read32(pool->access, base + GICR_CTLR) & 1) == 0) {
        return host_error_set(error, "redistributor %u: LPIs cannot be enabled", pe);
    }
    return true;
}

bool lpi_pool_start(struct lpi_pool *pool, struct host_error *error)
{
    uint64_t size = (UINT64_C(1) << pool->id_bits) - LPI_FIRST;

    pool->next_intid = LPI_FIRST;
    pool->configuration = host_ram_take(pool->ram, size, 4096);
    if (pool->configuration == 0) {
        return host_error_set(error, "no memory for an LPI configuration table of %u INTID bits", pool->id_bits);
    }
    for (uint32_t pe = 0; pe < pool->pe_count; pe++) {
        if (!start_redistributor(pool, pe, error)) {
            return false;
        }
    }
    return true;
}

/* ---- Command queue (chapter 5.3) ---- */

/** Opcode of the command that the ITS is at. */
static unsigned command_at(const struct its_driver *driver, uint64_t offset)
{
    return memory_read8(driver->ram->memory, driver->queue + (offset & ~UINT64_C(0x1f)) % driver->queue_bytes);
}

bool its_driver_wait(struct its_driver *driver, struct host_error *error)
{
    for (unsigned i = 0; i < POLL_LIMIT; i++) {
        uint64_t read = host_read64(driver->access, driver->config.base + GITS_CREADR);

        if ((read & CREADR_STALLED) != 0) {
            return host_error_set(error, "ITS %s: stalled at the command at offset 0x%llx of its queue",
                                  driver->config.name, (unsigned long long)(read & ~UINT64_C(0x1f)));
        }
        if (read == driver->write_offset) {
            return true;
        }
        host_wait(driver->access, POLL_TIME);
    }
    return host_error_set(error, "ITS %s: its command queue makes no progress at command 0x%02x", driver->config.name,
                          command_at(driver, host_read64(driver->access, driver->config.base + GITS_CREADR)));
}

void its_driver_post(struct its_driver *driver, const uint64_t dw[4])
{
    struct memory *memory = driver->ram->memory;
    uint64_t entry = driver->queue + driver->write_offset;
    uint64_t next = driver->write_offset + COMMAND_BYTES;

    for (unsigned i = 0; i < 4; i++) {
        memory_write64(memory, entry + 8 * i, dw[i]);
    }
    driver->write_offset = next == driver->queue_bytes ? 0 : next;
    host_write64(driver->access, driver->config.base + GITS_CWRITER, driver->write_offset);
}

bool its_driver_issue(struct its_driver *driver, const uint64_t dw[4], struct host_error *error)
{
    its_driver_post(driver, dw);
    /* The queue is empty before each command but for those since the last page: look when a page is full. */
    return (driver->write_offset & 0x7ff) != 0 || its_driver_wait(driver, error);
}

static bool issue(struct its_driver *driver, uint64_t dw0, uint64_t dw1, uint64_t dw2, struct host_error *error)
{
    const uint64_t dw[4] = {dw0, dw1, dw2, 0};

    return its_driver_issue(driver, dw, error);
}

uint64_t its_driver_target(const struct its_driver *driver, uint32_t pe)
{
    uint64_t base = driver->lpis->redistributor_base + pe * driver->lpis->redistributor_stride;

    return ((driver->typer >> 19) & 1) != 0 ? base : (uint64_t)pe << 16;
}

bool its_driver_sync(struct its_driver *driver, struct host_error *error)
{
    for (uint32_t pe = 0; pe < driver->lpis->pe_count; pe++) {
        if (!issue(driver, CMD_SYNC, 0, its_driver_target(driver, pe), error)) {
            return false;
        }
    }
    return its_driver_wait(driver, error);
}

/* ---- Tables (chapter 5.2, 12.19.1) ---- */

/** Writes a BASER and reads it back, which tells what the ITS supports. */
static uint64_t try_baser(struct its_driver *driver, unsigned n, uint64_t value)
{
    uint64_t address = driver->config.base + GITS_BASER(n);

    host_write64(driver->access, address, value);
    return host_read64(driver->access, address);
}

static uint64_t page_bytes(uint64_t baser)
{
    switch ((baser & BASER_PAGE_MASK) >> 8) {
    case 0:
        return 0x1000;
    case 1:
        return 0x4000;
    default:
        return TABLE_PAGE;
    }
}

static bool set_table(struct its_driver *driver, unsigned n, uint64_t entries, struct host_error *error)
{
    uint64_t baser = try_baser(driver, n, BASER_CACHEABLE | BASER_INNER_SHARE | BASER_PAGE_64K);
    uint64_t page = page_bytes(baser);
    uint32_t entry = BASER_ENTRY(baser);
    bool device = BASER_TYPE(baser) == TYPE_DEVICE;
    uint64_t per_page = page / entry;
    uint64_t size = entries * entry;
    uint64_t flags = baser & (BASER_CACHEABLE | BASER_INNER_SHARE | BASER_PAGE_MASK);
    uint64_t base;

    if (device && size > 4 * page) {
        uint64_t probe = try_baser(driver, n, flags | BASER_INDIRECT);

        if ((probe & BASER_INDIRECT) != 0) {
            flags |= BASER_INDIRECT;
            driver->device_page = page;
            size = (entries + per_page - 1) / per_page * INDIRECT_ENTRY;
        }
    }
    size = (size + page - 1) / page * page;
    if (size > 256 * page) {
        size = 256 * page;
    }
    base = host_ram_take(driver->ram, size, page);
    if (base == 0) {
        return host_error_set(error, "ITS %s: no memory for table %u", driver->config.name, n);
    }
    if (device) {
        uint64_t held = driver->device_page != 0 ? size / INDIRECT_ENTRY * per_page : size / entry;

        driver->device_table = base;
        driver->device_entry = entry;
        driver->device_limit = held < entries ? held : entries;
        if (driver->device_page != 0) {
            driver->level2 = calloc(size / INDIRECT_ENTRY, sizeof(*driver->level2));
        }
    }
    try_baser(driver, n, flags | BASER_VALID | base | (size / page - 1));
    return !device || driver->device_page == 0 || driver->level2 != NULL || host_error_set(error, "out of memory");
}

static bool set_tables(struct its_driver *driver, struct host_error *error)
{
    for (unsigned n = 0; n < 8; n++) {
        uint32_t type = BASER_TYPE(host_read64(driver->access, driver->config.base + GITS_BASER(n)));
        unsigned device_bits = ((unsigned)(driver->typer >> 13) & 0x1f) + 1;

        if (driver->config.device_bits != 0 && driver->config.device_bits < device_bits) {
            device_bits = driver->config.device_bits;
        }
        if (type == TYPE_DEVICE && !set_table(driver, n, UINT64_C(1) << device_bits, error)) {
            return false;
        }
        if (type == TYPE_VPE && driver->config.vpe_count > 0 &&
            !set_table(driver, n, driver->config.vpe_count, error)) {
            return false;
        }
        if (type == TYPE_COLLECTION && !set_table(driver, n, driver->lpis->pe_count, error)) {
            return false;
        }
    }
    return driver->device_limit != 0 ||
           host_error_set(error, "ITS %s: has no device table register", driver->config.name);
}

bool its_driver_start(struct its_driver *driver, struct host_access *access, struct host_ram *ram,
                      struct lpi_pool *lpis, const struct its_driver_config *config, struct host_error *error)
{
    uint64_t pages = ((uint64_t)config->command_count * COMMAND_BYTES + 4095) / 4096;

    memset(driver, 0, sizeof(*driver));
    driver->access = access;
    driver->ram = ram;
    driver->lpis = lpis;
    driver->config = *config;
    driver->typer = host_read64(access, config->base + GITS_TYPER);
    host_write32(access, config->base + GITS_CTLR, 0);
    pages = pages < 1 ? 1 : pages > 256 ? 256 : pages;
    driver->queue_bytes = pages * 4096;
    driver->queue = host_ram_take(ram, driver->queue_bytes, TABLE_PAGE);
    if (driver->queue == 0) {
        return host_error_set(error, "ITS %s: no memory for its command queue", config->name);
    }
    if (!set_tables(driver, error)) {
        return false;
    }
    host_write64(access, config->base + GITS_CBASER,
                 VALID | BASER_CACHEABLE | BASER_INNER_SHARE | driver->queue | (pages - 1));
    host_write64(access, config->base + GITS_CWRITER, 0);
    host_write32(access, config->base + GITS_CTLR, 1);
    for (uint32_t pe = 0; pe < lpis->pe_count; pe++) {
        if (!issue(driver, CMD_MAPC, 0, VALID | its_driver_target(driver, pe) | pe, error) ||
            !issue(driver, CMD_INVALL, 0, pe, error)) {
            return false;
        }
    }
    return its_driver_sync(driver, error);
}

void its_driver_release(struct its_driver *driver)
{
    free(driver->level2);
    free(driver->devices);
    driver->level2 = NULL;
    driver->devices = NULL;
}

uint64_t its_driver_doorbell(const struct its_driver *driver)
{
    return driver->config.base + GITS_TRANSLATE;
}

/* ---- Devices and events ---- */

/** Backs a DeviceID's entry of an indirect device table with memory. */
static bool back_device(struct its_driver *driver, uint32_t device_id, struct host_error *error)
{
    uint64_t index;

    if (device_id >= driver->device_limit) {
        return host_error_set(error, "ITS %s: DeviceID 0x%x is beyond its device table of %llu entries",
                              driver->config.name, device_id, (unsigned long long)driver->device_limit);
    }
    if (driver->device_page == 0) {
        return true;
    }
    index = device_id / (driver->device_page / driver->device_entry);
    if (driver->level2[index] == 0) {
        driver->level2[index] = host_ram_take(driver->ram, driver->device_page, driver->device_page);
        if (driver->level2[index] == 0) {
            return host_error_set(error, "ITS %s: no memory for its device table", driver->config.name);
        }
        memory_write64(driver->ram->memory, driver->device_table + INDIRECT_ENTRY * index,
                       driver->level2[index] | VALID);
    }
    return true;
}

static struct its_driver_device *find_device(struct its_driver *driver, uint32_t device_id)
{
    for (uint32_t i = 0; i < driver->device_count; i++) {
        if (driver->devices[i].device_id == device_id) {
            return &driver->devices[i];
        }
    }
    return NULL;
}

bool its_driver_map_device(struct its_driver *driver, uint32_t device_id, uint32_t events, struct host_error *error)
{
    struct its_driver_device *device = find_device(driver, device_id);
    /* At least two events, as one bit of EventID is the least that MAPD can say. */
    unsigned bits = events > 2 ? log2_ceil(events) : 1;
    uint64_t entry_bytes = ((driver->typer >> 4) & 0xf) + 1;
    uint64_t table;
    void *grown;

    if (device != NULL) {
        return device->event_count >= events ||
               host_error_set(error, "ITS %s: DeviceID 0x%x is shared and its table has only %u events",
                              driver->config.name, device_id, device->event_count);
    }
    if (bits > ((driver->typer >> 8) & 0x1f) + 1) {
        return host_error_set(error, "ITS %s: %u events are more than its EventIDs", driver->config.name, events);
    }
    table = host_ram_take(driver->ram, entry_bytes << bits, 256);
    grown = realloc(driver->devices, (driver->device_count + 1) * sizeof(*driver->devices));
    if (grown != NULL) {
        driver->devices = grown;
    }
    if (table == 0 || grown == NULL) {
        return host_error_set(error, "ITS %s: no memory for an interrupt translation table", driver->config.name);
    }
    device = &driver->devices[driver->device_count++];
    device->device_id = device_id;
    device->event_count = 1u << bits;
    return back_device(driver, device_id, error) &&
           issue(driver, CMD_MAPD | (uint64_t)device_id << 32, bits - 1, VALID | table, error);
}

bool its_driver_remap_event(struct its_driver *driver, uint32_t device_id, uint32_t event_id, uint32_t pe,
                            uint32_t intid, struct host_error *error)
{
    return issue(driver, CMD_MAPTI | (uint64_t)device_id << 32, event_id | (uint64_t)intid << 32, pe, error) &&
           issue(driver, CMD_INV | (uint64_t)device_id << 32, event_id, 0, error);
}

bool its_driver_move_event(struct its_driver *driver, uint32_t device_id, uint32_t event_id, uint32_t pe,
                           struct host_error *error)
{
    return issue(driver, CMD_MOVI | (uint64_t)device_id << 32, event_id, pe, error) && its_driver_sync(driver, error);
}

bool its_driver_discard_event(struct its_driver *driver, uint32_t device_id, uint32_t event_id,
                              struct host_error *error)
{
    return issue(driver, CMD_DISCARD | (uint64_t)device_id << 32, event_id, 0, error);
}

bool its_driver_map_event(struct its_driver *driver, uint32_t device_id, uint32_t event_id, uint32_t pe,
                          uint32_t *intid, struct host_error *error)
{
    struct lpi_pool *pool = driver->lpis;
    uint8_t configuration = LPI_PRIORITY | 2 | 1; /* bit 1 is RES1; bit 0 enables */

    if (pool->next_intid >> pool->id_bits != 0) {
        return host_error_set(error, "all %u LPIs are taken", (1u << pool->id_bits) - LPI_FIRST);
    }
    *intid = pool->next_intid++;
    memory_write8(pool->ram->memory, pool->configuration + (*intid - LPI_FIRST), configuration);
    return its_driver_remap_event(driver, device_id, event_id, pe, *intid, error);
}
