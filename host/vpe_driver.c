#include "host/vpe_driver.h"

#include <string.h>

/* Registers, IHI 0069 chapter 12. */
#define GITS_CTLR       0x0000u
#define GITS_BASER(n)   (0x0100u + 8u * (n))
#define GITS_SGIR       0x20020u
#define GICR_TYPER      0x0008u
#define GICR_VPROPBASER 0x20070u
#define GICR_VPENDBASER 0x20078u

#define TYPER_VIRTUAL(typer)    (((typer) >> 1) & 1)
#define TYPER_VMOVP(typer)      (((typer) >> 37) & 1)
#define TYPER_EVENT_BITS(typer) ((unsigned)((typer) >> 8 & 0x1f)) /* ID_bits: one less than there are */
#define TYPER_RVPEID(typer)     (((typer) >> 7) & 1)

#define VALID             (UINT64_C(1) << 63)
#define PEND_DOORBELL     (UINT64_C(1) << 62)
#define PEND_LAST         (UINT64_C(1) << 61)
#define PEND_DIRTY        (UINT64_C(1) << 60)
#define PEND_GROUPS       (UINT64_C(3) << 58)
#define CACHEABLE_IN_RD   ((UINT64_C(7) << 7) | (UINT64_C(1) << 10))
#define BASER_TYPE(baser) ((uint32_t)((baser) >> 56) & 7)
#define TYPE_VPE          2u

#define CMD_MOVI    0x01u
#define CMD_CLEAR   0x04u
#define CMD_SYNC    0x05u
#define CMD_INV     0x0cu
#define CMD_DISCARD 0x0fu
#define CMD_VMOVI   0x21u
#define CMD_VMOVP   0x22u
#define CMD_VSYNC   0x25u
#define CMD_VSGI    0x23u
#define CMD_VMAPP   0x29u
#define CMD_VMAPTI  0x2au
#define CMD_VINVALL 0x2du

#define VMAPP_ALLOCATE (UINT64_C(1) << 8)
#define VMAPP_ZERO     (UINT64_C(1) << 9)

#define VSGI_ENABLE (UINT64_C(1) << 8)
#define VSGI_GROUP1 (UINT64_C(1) << 10)

#define TABLE_ALIGN UINT64_C(0x10000)
#define NO_DOORBELL 1023u
#define POLL_TIME   (200 * SIM_NS)
#define POLL_LIMIT  100000u

static uint64_t redistributor(const struct vpe_driver *driver, uint32_t pe)
{
    return driver->lpis->redistributor_base + pe * driver->lpis->redistributor_stride;
}

static bool vpe_command(struct its_driver *its, uint64_t opcode, const struct vpe *vpe, struct host_error *error)
{
    const uint64_t dw[4] = {opcode, (uint64_t)vpe->id << 32, 0, 0};

    return its_driver_issue(its, dw, error);
}

/** VSYNC at every ITS, and the end of all their queues. */
static bool synchronise(struct vpe_driver *driver, const struct vpe *vpe, struct host_error *error)
{
    for (uint32_t i = 0; i < driver->its_count; i++) {
        if (!vpe_command(driver->itss[i], CMD_VSYNC, vpe, error)) {
            return false;
        }
    }
    for (uint32_t i = 0; i < driver->its_count; i++) {
        if (!its_driver_wait(driver->itss[i], error)) {
            return false;
        }
    }
    return true;
}

/* ---- Start ---- */

/** GICR_VPROPBASER says of the vPE table what GITS_BASERn does, in other places. */
static bool share_table(struct vpe_driver *driver, struct host_error *error)
{
    struct host_access *access = driver->lpis->access;
    uint64_t baser = 0;
    uint64_t value;

    for (unsigned n = 0; n < 8 && BASER_TYPE(baser) != TYPE_VPE; n++) {
        baser = host_read64(access, driver->itss[0]->config.base + GITS_BASER(n));
    }
    if (BASER_TYPE(baser) != TYPE_VPE || (baser & VALID) == 0) {
        return host_error_set(error, "ITS %s: has no vPE table", driver->itss[0]->config.name);
    }
    value = VALID | CACHEABLE_IN_RD | ((baser >> 62 & 1) << 55) | ((baser >> 8 & 3) << 53) |
            (baser & UINT64_C(0xfffffffff000)) | (baser & 0x7f);
    for (uint32_t pe = 0; pe < driver->lpis->pe_count; pe++) {
        host_write64(access, redistributor(driver, pe) + GICR_VPROPBASER, value);
    }
    return true;
}

/**
 * The last DeviceID is the proxy's (rule F9). With an event for each vPE none is ever taken from another: DISCARD would
 * take a doorbell along that is pending, and its vPE would wait for ever.
 */
static bool make_proxy(struct vpe_driver *driver, struct host_error *error)
{
    struct vpe_proxy *proxy = &driver->proxy;

    proxy->device_id = (uint32_t)driver->itss[0]->device_limit - 1;
    proxy->events = 2;
    while (proxy->events < VPE_PROXY_EVENTS && proxy->events >> TYPER_EVENT_BITS(driver->itss[0]->typer) == 0) {
        proxy->events *= 2;
    }
    return its_driver_map_device(driver->itss[0], proxy->device_id, proxy->events, error);
}

bool vpe_driver_start(struct vpe_driver *driver, struct its_driver *const *itss, uint32_t its_count,
                      struct lpi_pool *lpis, struct host_error *error)
{
    uint64_t typer = host_read64(lpis->access, lpis->redistributor_base + GICR_TYPER);

    memset(driver, 0, sizeof(*driver));
    if (its_count == 0 || its_count > VPE_DRIVER_MAX_ITS || TYPER_VIRTUAL(typer) == 0) {
        return host_error_set(error, "no virtual LPIs: %u ITSs, GICR_TYPER 0x%llx", its_count,
                              (unsigned long long)typer);
    }
    driver->lpis = lpis;
    driver->v4_1 = TYPER_RVPEID(typer) != 0;
    driver->its_count = its_count;
    for (uint32_t i = 0; i < its_count; i++) {
        uint32_t control = host_read32(lpis->access, itss[i]->config.base + GITS_CTLR);

        if (TYPER_VIRTUAL(itss[i]->typer) == 0) {
            return host_error_set(error, "ITS %s: no virtual LPIs", itss[i]->config.name);
        }
        driver->itss[i] = itss[i];
        driver->its_list = (uint16_t)(driver->its_list | 1u << (control >> 4 & 0xf));
    }
    driver->single_move = TYPER_VMOVP(itss[0]->typer) != 0;
    return driver->v4_1 ? share_table(driver, error) : make_proxy(driver, error);
}

/* ---- Doorbells of GICv4.0 ---- */

/** A command about a vPE's doorbell, by the event that stands for it. */
static bool proxy_command(struct vpe_driver *driver, struct vpe *vpe, uint64_t opcode, uint64_t collection,
                          struct host_error *error)
{
    const uint64_t dw[4] = {opcode | (uint64_t)driver->proxy.device_id << 32, vpe->proxy_event, collection, 0};

    vpe->doorbell_cost++;
    return its_driver_issue(driver->itss[0], dw, error);
}

/** The next event of the proxy's that nobody has whose doorbell is on; if all are such, the next. */
static uint32_t choose_proxy_event(const struct vpe_proxy *proxy)
{
    for (uint32_t i = 0; i < proxy->events; i++) {
        const uint32_t event = (proxy->next + i) % proxy->events;

        if (proxy->users[event] == NULL || !proxy->users[event]->doorbell_on) {
            return event;
        }
    }
    return proxy->next;
}

/** Gives a vPE an event of the proxy's, if need be another's. */
static bool take_proxy_event(struct vpe_driver *driver, struct vpe *vpe, struct host_error *error)
{
    struct vpe_proxy *proxy = &driver->proxy;
    struct vpe *before;

    if (vpe->proxy_event != UINT32_MAX) {
        return true;
    }
    proxy->next = choose_proxy_event(proxy);
    before = proxy->users[proxy->next];
    if (before != NULL && !proxy_command(driver, before, CMD_DISCARD, 0, error)) {
        return false;
    }
    if (before != NULL) {
        before->proxy_event = UINT32_MAX;
    }
    proxy->users[proxy->next] = vpe;
    vpe->proxy_event = proxy->next;
    proxy->next = (proxy->next + 1) % proxy->events;
    vpe->doorbell_cost += 2; /* MAPTI, INV */
    return its_driver_remap_event(driver->itss[0], proxy->device_id, vpe->proxy_event, vpe->pe, vpe->doorbell, error);
}

static bool has_proxy(const struct vpe_driver *driver, const struct vpe *vpe)
{
    return !driver->v4_1 && vpe->doorbell != NO_DOORBELL;
}

/** SYNC at the redistributor where the vPE's doorbell is. */
static bool end_proxy_commands(struct vpe_driver *driver, struct vpe *vpe, struct host_error *error)
{
    struct its_driver *its = driver->itss[0];
    const uint64_t dw[4] = {CMD_SYNC, 0, its_driver_target(its, vpe->pe), 0};

    vpe->doorbell_cost++;
    return its_driver_issue(its, dw, error) && its_driver_wait(its, error);
}

bool vpe_driver_set_doorbell(struct vpe_driver *driver, struct vpe *vpe, bool on, struct host_error *error)
{
    const struct lpi_pool *lpis = driver->lpis;
    uint8_t value = (uint8_t)(LPI_PRIORITY | 2 | (on ? 1 : 0));

    if (!has_proxy(driver, vpe) || vpe->doorbell_on == on) {
        return true;
    }
    vpe->doorbell_on = on;
    memory_write8(lpis->ram->memory, lpis->configuration + (vpe->doorbell - LPI_FIRST), value);
    return take_proxy_event(driver, vpe, error) && proxy_command(driver, vpe, CMD_INV, 0, error) &&
           end_proxy_commands(driver, vpe, error);
}

bool vpe_driver_clear_doorbell(struct vpe_driver *driver, struct vpe *vpe, struct host_error *error)
{
    if (!has_proxy(driver, vpe)) {
        return true;
    }
    return take_proxy_event(driver, vpe, error) && proxy_command(driver, vpe, CMD_CLEAR, 0, error) &&
           end_proxy_commands(driver, vpe, error);
}

/** The doorbell of a vPE that has moved, pending or not, goes along. */
static bool move_doorbell(struct vpe_driver *driver, struct vpe *vpe, struct host_error *error)
{
    return !has_proxy(driver, vpe) || vpe->proxy_event == UINT32_MAX ||
           (proxy_command(driver, vpe, CMD_MOVI, vpe->pe, error) && end_proxy_commands(driver, vpe, error));
}

/* ---- vPEs and events ---- */

static bool map(struct vpe_driver *driver, const struct vpe *vpe, uint32_t i, bool valid, struct host_error *error)
{
    struct its_driver *its = driver->itss[i];
    /* The first mapping of all and the last unmapping give and take the tables. */
    bool allocate = driver->v4_1 && (valid ? i == 0 : i == driver->its_count - 1);
    const uint64_t dw[4] = {
        CMD_VMAPP | (allocate ? VMAPP_ALLOCATE : 0) | (driver->v4_1 && valid ? VMAPP_ZERO : 0) |
            (driver->v4_1 ? vpe->configuration : 0),
        (uint64_t)vpe->id << 32 | (driver->v4_1 ? vpe->doorbell : 0),
        (valid ? VALID : 0) | its_driver_target(its, vpe->pe),
        vpe->pending | (VPE_ID_BITS - 1),
    };

    return its_driver_issue(its, dw, error);
}

bool vpe_driver_create(struct vpe_driver *driver, struct vpe *vpe, uint32_t pe, uint32_t doorbell,
                       struct host_error *error)
{
    struct host_ram *ram = driver->lpis->ram;
    uint64_t size = UINT64_C(1) << VPE_ID_BITS;

    *vpe = (struct vpe){.id = driver->next_id, .pe = pe, .doorbell = doorbell, .proxy_event = UINT32_MAX};
    vpe->doorbell_on = true; /* as every LPI is that has been given out */
    vpe->pending = host_ram_take(ram, size / 8, TABLE_ALIGN);
    vpe->configuration = host_ram_take(ram, size - LPI_FIRST, TABLE_ALIGN);
    if (vpe->pending == 0 || vpe->configuration == 0) {
        return host_error_set(error, "no memory for the tables of vPE %u", vpe->id);
    }
    memory_fill(ram->memory, vpe->pending, 0, size / 8);
    memory_fill(ram->memory, vpe->configuration, 0, size - LPI_FIRST);
    driver->next_id++;
    for (uint32_t i = 0; i < driver->its_count; i++) {
        if (!map(driver, vpe, i, true, error) || !vpe_command(driver->itss[i], CMD_VINVALL, vpe, error)) {
            return false;
        }
    }
    return synchronise(driver, vpe, error);
}

bool vpe_driver_destroy(struct vpe_driver *driver, struct vpe *vpe, struct host_error *error)
{
    if (vpe->proxy_event != UINT32_MAX) {
        driver->proxy.users[vpe->proxy_event] = NULL;
        if (!proxy_command(driver, vpe, CMD_DISCARD, 0, error)) {
            return false;
        }
        vpe->proxy_event = UINT32_MAX;
    }
    for (uint32_t i = 0; i < driver->its_count; i++) {
        if (!map(driver, vpe, i, false, error) || !its_driver_wait(driver->itss[i], error)) {
            return false;
        }
    }
    return true;
}

bool vpe_driver_map_event(struct vpe_driver *driver, const struct vpe *vpe, uint32_t its, uint32_t device_id,
                          uint32_t event_id, uint32_t intid, struct host_error *error)
{
    uint32_t doorbell = driver->v4_1 ? NO_DOORBELL : vpe->doorbell;
    const uint64_t dw[4] = {CMD_VMAPTI | (uint64_t)device_id << 32, event_id | (uint64_t)vpe->id << 32,
                            intid | (uint64_t)doorbell << 32, 0};

    memory_write8(driver->lpis->ram->memory, vpe->configuration + (intid - LPI_FIRST), LPI_PRIORITY | 2 | 1);
    return its_driver_issue(driver->itss[its], dw, error) && vpe_command(driver->itss[its], CMD_VINVALL, vpe, error) &&
           synchronise(driver, vpe, error);
}

bool vpe_driver_move_event(struct vpe_driver *driver, const struct vpe *from, const struct vpe *to, uint32_t its,
                           uint32_t device_id, uint32_t event_id, uint32_t intid, struct host_error *error)
{
    uint32_t doorbell = driver->v4_1 ? NO_DOORBELL : to->doorbell;
    uint64_t offset = intid - LPI_FIRST;
    const uint64_t dw[4] = {CMD_VMOVI | (uint64_t)device_id << 32, event_id | (uint64_t)to->id << 32,
                            (driver->v4_1 ? 0 : 1) | (uint64_t)doorbell << 32, 0};
    struct memory *memory = driver->lpis->ram->memory;

    memory_write8(memory, to->configuration + offset, memory_read8(memory, from->configuration + offset));
    return vpe_command(driver->itss[its], CMD_VINVALL, to, error) && its_driver_issue(driver->itss[its], dw, error) &&
           vpe_command(driver->itss[its], CMD_VSYNC, from, error) && synchronise(driver, to, error);
}

bool vpe_driver_configure_event(struct vpe_driver *driver, const struct vpe *vpe, uint32_t its, uint32_t device_id,
                                uint32_t event_id, uint32_t intid, uint8_t value, struct host_error *error)
{
    const uint64_t dw[4] = {CMD_INV | (uint64_t)device_id << 32, event_id, 0, 0};

    memory_write8(driver->lpis->ram->memory, vpe->configuration + (intid - LPI_FIRST), value);
    return its_driver_issue(driver->itss[its], dw, error) && synchronise(driver, vpe, error);
}

bool vpe_driver_unmap_event(struct vpe_driver *driver, uint32_t its, uint32_t device_id, uint32_t event_id,
                            struct host_error *error)
{
    const uint64_t dw[4] = {CMD_DISCARD | (uint64_t)device_id << 32, event_id, 0, 0};

    return its_driver_issue(driver->itss[its], dw, error) && its_driver_sync(driver->itss[its], error);
}

/* ---- SGIs of GICv4.1 ---- */

bool vpe_driver_configure_sgi(struct vpe_driver *driver, const struct vpe *vpe, uint32_t sgi, uint8_t priority,
                              bool group1, bool enable, struct host_error *error)
{
    const uint64_t opcode = CMD_VSGI | (enable ? VSGI_ENABLE : 0) | (group1 ? VSGI_GROUP1 : 0) |
                            (uint64_t)(priority >> 4) << 20 | (uint64_t)sgi << 32;

    return vpe_command(driver->itss[0], opcode, vpe, error) && synchronise(driver, vpe, error);
}

void vpe_driver_send_sgi(const struct vpe_driver *driver, const struct vpe *vpe, uint32_t sgi)
{
    host_write64(driver->lpis->access, driver->itss[0]->config.base + GITS_SGIR, (uint64_t)vpe->id << 32 | sgi);
}

uint32_t vpe_driver_find_its(const struct vpe_driver *driver, const struct its_driver *its)
{
    for (uint32_t i = 0; i < driver->its_count; i++) {
        if (driver->itss[i] == its) {
            return i;
        }
    }
    return UINT32_MAX;
}

/* ---- Residency ---- */

static bool wait_clean(struct vpe_driver *driver, const struct vpe *vpe, uint64_t *value, struct host_error *error)
{
    for (unsigned i = 0; i < POLL_LIMIT; i++) {
        *value = host_read64(driver->lpis->access, redistributor(driver, vpe->pe) + GICR_VPENDBASER);
        if ((*value & PEND_DIRTY) == 0) {
            return true;
        }
        host_wait(driver->lpis->access, POLL_TIME);
    }
    return host_error_set(error, "redistributor %u: GICR_VPENDBASER.Dirty stays 1", vpe->pe);
}

bool vpe_driver_enter(struct vpe_driver *driver, struct vpe *vpe, struct host_error *error)
{
    struct host_access *access = driver->lpis->access;
    uint64_t base = redistributor(driver, vpe->pe);
    uint64_t value = PEND_GROUPS | vpe->id;

    if (!driver->v4_1) {
        host_write64(access, base + GICR_VPROPBASER, vpe->configuration | CACHEABLE_IN_RD | (VPE_ID_BITS - 1));
        value = vpe->pending | CACHEABLE_IN_RD;
    }
    host_write64(access, base + GICR_VPENDBASER, VALID | value);
    vpe->resident = true;
    return wait_clean(driver, vpe, &value, error);
}

bool vpe_driver_leave(struct vpe_driver *driver, struct vpe *vpe, bool doorbell, bool *pending,
                      struct host_error *error)
{
    uint64_t address = redistributor(driver, vpe->pe) + GICR_VPENDBASER;
    uint64_t value = host_read64(driver->lpis->access, address);

    value &= ~(VALID | PEND_LAST | PEND_DIRTY | (driver->v4_1 ? PEND_DOORBELL : 0));
    value |= driver->v4_1 && doorbell ? PEND_DOORBELL : 0;
    host_write64(driver->lpis->access, address, value);
    if (!wait_clean(driver, vpe, &value, error)) {
        return false;
    }
    vpe->resident = false;
    *pending = (value & PEND_LAST) != 0;
    return true;
}

/* ---- Moving ---- */

bool vpe_driver_move(struct vpe_driver *driver, struct vpe *vpe, uint32_t pe, struct host_error *error)
{
    uint32_t count = driver->single_move ? 1 : driver->its_count;
    uint64_t list = driver->single_move ? 0 : driver->its_list;

    /* With lists none of them ends before all have begun: nothing may be waited for until each has its command. */
    for (uint32_t i = 0; i < count; i++) {
        if (!its_driver_wait(driver->itss[i], error)) {
            return false;
        }
    }
    driver->sequence++;
    for (uint32_t i = 0; i < count; i++) {
        const uint64_t dw[4] = {CMD_VMOVP | (uint64_t)driver->sequence << 32, (uint64_t)vpe->id << 32 | list,
                                its_driver_target(driver->itss[i], pe), 0};

        its_driver_post(driver->itss[i], dw);
    }
    /* Nobody else may speak to the vPE before all of them have moved it. */
    for (uint32_t i = 0; i < count; i++) {
        if (!its_driver_wait(driver->itss[i], error)) {
            return false;
        }
    }
    vpe->pe = pe;
    return synchronise(driver, vpe, error) && move_doorbell(driver, vpe, error);
}
