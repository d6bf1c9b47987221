#include "host/v2m_driver.h"

#include "host/its_driver.h"

#include <errno.h>
#include <string.h>

/* Registers (models/gic-its/distributor.h and v2m.h say whose). */
#define GICD_CTLR       0x0000u
#define GICD_TYPER      0x0004u
#define GICD_IGROUPR    0x0080u
#define GICD_ISENABLER  0x0100u
#define GICD_ICENABLER  0x0180u
#define GICD_ISPENDR    0x0200u
#define GICD_ICPENDR    0x0280u
#define GICD_IPRIORITYR 0x0400u
#define GICD_IROUTER    0x6000u

#define CTLR_ENABLE_GROUP1 0x02u
#define CTLR_ARE           0x10u
#define CTLR_RWP           0x80000000u

#define V2M_MSI_TYPER 0x008u

#define POLL_TIME  (200 * SIM_NS)
#define POLL_LIMIT 100000u

/** The word of a register file with a bit for each INTID. */
static uint64_t bit_register(const struct v2m_driver *driver, uint32_t file, uint32_t intid)
{
    return driver->distributor + file + intid / 32 * 4;
}

static void write_bit(struct v2m_driver *driver, uint32_t file, uint32_t intid)
{
    host_write32(driver->access, bit_register(driver, file, intid), 1u << intid % 32);
}

/** Waits until what was disabled or sent elsewhere is not at a PE's redistributor any more. */
static bool wait(struct v2m_driver *driver, struct host_error *error)
{
    for (unsigned i = 0; i < POLL_LIMIT; i++) {
        if ((host_read32(driver->access, driver->distributor + GICD_CTLR) & CTLR_RWP) == 0) {
            return true;
        }
        host_wait(driver->access, POLL_TIME);
    }
    return host_error_set(error, "%s: the distributor does not finish (GICD_CTLR.RWP)", driver->config.name);
}

bool v2m_distributor_start(struct host_access *access, uint64_t distributor, struct host_error *error)
{
    uint32_t words = (host_read32(access, distributor + GICD_TYPER) & 0x1f) + 1;

    for (uint32_t i = 1; i < words; i++) {
        host_write32(access, distributor + GICD_ICENABLER + 4 * i, UINT32_MAX);
        host_write32(access, distributor + GICD_IGROUPR + 4 * i, UINT32_MAX);
    }
    host_write32(access, distributor + GICD_CTLR, CTLR_ARE | CTLR_ENABLE_GROUP1);
    if ((host_read32(access, distributor + GICD_CTLR) & CTLR_ENABLE_GROUP1) == 0) {
        return host_error_set(error, "the distributor cannot be enabled");
    }
    return true;
}

bool v2m_driver_start(struct v2m_driver *driver, struct host_access *access, uint64_t distributor,
                      const struct v2m_driver_config *config, struct host_error *error)
{
    uint32_t typer;

    memset(driver, 0, sizeof(*driver));
    driver->access = access;
    driver->config = *config;
    driver->distributor = distributor;
    if (access == NULL) {
        return true;
    }
    typer = host_read32(access, config->base + V2M_MSI_TYPER);
    if ((typer >> 16 & 0x3ff) != config->first_spi || (typer & 0x3ff) != config->spi_count) {
        return host_error_set(error, "%s: MSI_TYPER 0x%08x is not what firmware says", config->name, typer);
    }
    return true;
}

static bool is_free(const struct v2m_driver *driver, uint32_t first, uint32_t count)
{
    for (uint32_t i = first; i < first + count; i++) {
        if ((driver->taken[i / 64] >> (i % 64) & 1) != 0) {
            return false;
        }
    }
    return true;
}

bool v2m_driver_take(struct v2m_driver *driver, uint32_t count, uint32_t alignment, uint32_t *first,
                     struct host_error *error)
{
    uint32_t end = driver->config.first_spi + driver->config.spi_count;
    uint32_t at = (driver->config.first_spi + alignment - 1) / alignment * alignment;

    while (at + count <= end && !is_free(driver, at, count)) {
        at += alignment;
    }
    if (at + count > end) {
        return host_error_fail(error, ENOSPC, "%s: %u SPIs in a row are not free", driver->config.name, count);
    }
    for (uint32_t i = at; i < at + count; i++) {
        driver->taken[i / 64] |= (uint64_t)1 << (i % 64);
    }
    *first = at;
    return true;
}

void v2m_driver_enable(struct v2m_driver *driver, uint32_t intid, uint32_t pe)
{
    uint64_t priorities = driver->distributor + GICD_IPRIORITYR + intid / 4 * 4;
    uint32_t shift = intid % 4 * 8;
    uint32_t value = host_read32(driver->access, priorities);

    host_write32(driver->access, priorities, (value & ~(0xffu << shift)) | LPI_PRIORITY << shift);
    host_write64(driver->access, driver->distributor + GICD_IROUTER + 8 * (uint64_t)intid, pe);
    write_bit(driver, GICD_ISENABLER, intid);
}

bool v2m_driver_move(struct v2m_driver *driver, uint32_t intid, uint32_t pe, struct host_error *error)
{
    host_write64(driver->access, driver->distributor + GICD_IROUTER + 8 * (uint64_t)intid, pe);
    return wait(driver, error);
}

bool v2m_driver_disable(struct v2m_driver *driver, uint32_t intid, struct host_error *error)
{
    write_bit(driver, GICD_ICENABLER, intid);
    if (!wait(driver, error)) {
        return false;
    }
    write_bit(driver, GICD_ICPENDR, intid);
    return true;
}

void v2m_driver_set_pending(struct v2m_driver *driver, uint32_t intid, bool pending)
{
    write_bit(driver, pending ? GICD_ISPENDR : GICD_ICPENDR, intid);
}
