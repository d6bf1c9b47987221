#include "host/hotplug.h"

#include "host/messages.h"
#include "host/pasid.h"
#include "host/pci_config.h"
#include "host/services.h"
#include "host/software.h"

#include <errno.h>
#include <stdlib.h>

#define EXPRESS_CONTROL     0x08u
#define EXPRESS_CONTROL_FLR 0x8000u

/* Registers of the port above a device (PCIe Base 7.5.3, 7.8.4). */
#define LINK_CAPABILITIES        0x0cu
#define LINK_ACTIVE_REPORTING    0x00100000u
#define LINK_STATUS              0x12u
#define LINK_ACTIVE              0x2000u
#define SLOT_CAPABILITIES        0x14u
#define SLOT_HOT_PLUG            0x00000040u
#define SLOT_STATUS              0x1au
#define SLOT_PRESENCE_CHANGED    0x0008u
#define SLOT_PRESENCE            0x0040u
#define SLOT_LINK_STATE_CHANGED  0x0100u
#define AER_UNCORRECTABLE_STATUS 0x04u
#define AER_SURPRISE_DOWN        0x00000020u

/* After a reset a function may take this long to answer (PCIe Base 6.6.2, 6.6.1). */
#define RESET_TIME (100 * SIM_MS)

static const char *name_of(const struct software *software, uint32_t function)
{
    return software->found.tree.functions[function].name;
}

static sim_time settle_time(const struct software *software)
{
    return software->config.reset_time != 0 ? software->config.reset_time : RESET_TIME;
}

/* ---- With a word ---- */

bool hotplug_detach(struct software *software, uint32_t function, struct host_error *error)
{
    if (software->functions[function].consumer == CONSUMER_NONE) {
        return host_error_fail(error, ENODEV, "%s belongs to no consumer", name_of(software, function));
    }
    return software_disable_interrupts(software, function, error) && consumer_detach(software, function, error);
}

static void set_bus_master(struct software *software, uint32_t function, bool on)
{
    uint64_t config;
    uint16_t command;

    if (software->planned || software->functions[function].pulled) {
        return;
    }
    config = software->found.functions[function].config;
    command = pci_config_read16(software->access, config, PCI_COMMAND);
    command = (uint16_t)(on ? command | PCI_COMMAND_MASTER : command & ~PCI_COMMAND_MASTER);
    pci_config_write16(software->access, config, PCI_COMMAND, command);
}

/** Everything that a function has is taken back. */
static bool retire(struct software *software, uint32_t function, struct host_error *error)
{
    struct software_function *mine = &software->functions[function];

    if (mine->consumer != CONSUMER_NONE && !hotplug_detach(software, function, error)) {
        return false;
    }
    if (!software_disable_interrupts(software, function, error)) {
        return false;
    }
    set_bus_master(software, function, false);
    mine->removed = true;
    return mine->domain == SIZE_MAX || attachment_set_domain(&mine->attachment, NULL, error);
}

bool hotplug_remove(struct software *software, uint32_t function, struct host_error *error)
{
    const struct software_function *mine = &software->functions[function];

    if (mine->removed) {
        return host_error_fail(error, ENODEV, "%s is not there", name_of(software, function));
    }
    if (mine->attachment.pasid_count != 0) {
        return host_error_fail(error, EBUSY, "%s has %zu PASIDs in use", name_of(software, function),
                               mine->attachment.pasid_count);
    }
    return retire(software, function, error);
}

static bool add_function(struct software *software, uint32_t function, struct host_error *error)
{
    struct software_function *mine = &software->functions[function];
    struct domain *domain;

    if (mine->domain != SIZE_MAX) {
        domain = software_default_domain(software, software->groups.group_of[function], mine->iommu, error);
        if (domain == NULL || !software_attach(software, function, domain, error)) {
            return false;
        }
    }
    mine->removed = false;
    set_bus_master(software, function, true);
    return software_enable_interrupts(software, function, error);
}

/* ---- Registers ---- */

static void save(struct software *software, const struct enumerate_function *where, struct hotplug_saved *saved)
{
    struct host_access *access = software->access;

    for (unsigned i = 0; i < 6; i++) {
        saved->bars[i] = pci_config_read(access, where->config, PCI_BAR(i));
    }
    saved->command = pci_config_read16(access, where->config, PCI_COMMAND);
    saved->control = pci_config_read16(access, where->config, where->pcie + EXPRESS_CONTROL);
    saved->pasid = where->pasid == 0 ? 0 : pci_config_read16(access, where->config, where->pasid + 6u);
}

static void restore(struct software *software, const struct enumerate_function *where,
                    const struct hotplug_saved *saved)
{
    struct host_access *access = software->access;

    for (unsigned i = 0; i < 6; i++) {
        pci_config_write(access, where->config, PCI_BAR(i), saved->bars[i]);
    }
    pci_config_write16(access, where->config, where->pcie + EXPRESS_CONTROL, saved->control);
    if (where->pasid != 0) {
        pci_config_write16(access, where->config, where->pasid + 6u, saved->pasid);
    }
    pci_config_write16(access, where->config, PCI_COMMAND, saved->command);
}

static void save_virtual(struct software *software, const struct enumerate_function *where, struct hotplug_saved *saved)
{
    struct host_access *access = software->access;
    const uint64_t sriov = where->config + where->sriov;

    if (where->sriov == 0) {
        return;
    }
    for (unsigned i = 0; i < 6; i++) {
        saved->vf_bars[i] = pci_config_read(access, sriov, PCI_SRIOV_BARS + 4 * i);
    }
    saved->vf_control = pci_config_read16(access, sriov, PCI_SRIOV_CONTROL);
    saved->vf_count = pci_config_read16(access, sriov, PCI_SRIOV_NUM_VFS);
}

/** VFs are there from VF Enable on, which therefore comes last (9.3.3.3.1). */
static void restore_virtual(struct software *software, const struct enumerate_function *where,
                            const struct hotplug_saved *saved)
{
    struct host_access *access = software->access;
    const uint64_t sriov = where->config + where->sriov;

    if (where->sriov == 0) {
        return;
    }
    pci_config_write16(access, sriov, PCI_SRIOV_CONTROL, (uint16_t)(saved->vf_control & ~PCI_SRIOV_CONTROL_VFE));
    pci_config_write(access, sriov, PCI_SRIOV_PAGE_SIZE, PCI_SRIOV_PAGE_4K);
    for (unsigned i = 0; i < 6; i++) {
        pci_config_write(access, sriov, PCI_SRIOV_BARS + 4 * i, saved->vf_bars[i]);
    }
    pci_config_write16(access, sriov, PCI_SRIOV_NUM_VFS, saved->vf_count);
    pci_config_write16(access, sriov, PCI_SRIOV_CONTROL, saved->vf_control);
}

bool hotplug_reset(struct software *software, uint32_t function, struct host_error *error)
{
    const struct enumerate_function *where = software->planned ? NULL : &software->found.functions[function];
    struct hotplug_saved saved;

    if (software->functions[function].removed) {
        return host_error_fail(error, ENODEV, "%s is not there", name_of(software, function));
    }
    if (where == NULL) {
        return true;
    }
    save(software, where, &saved);
    pci_config_write16(software->access, where->config, where->pcie + EXPRESS_CONTROL,
                       (uint16_t)(saved.control | EXPRESS_CONTROL_FLR));
    host_wait(software->access, settle_time(software));
    restore(software, where, &saved);
    if (software->functions[function].message != SOFTWARE_NO_ADDRESS) {
        messages_restore(software, function);
    }
    return true;
}

/* ---- Without a word ---- */

/** Of a VF its PF, of others themselves. */
static const struct pci_tree_function *physical_of(const struct software *software, uint32_t function)
{
    const struct pci_tree_function *found = &software->found.tree.functions[function];

    return found->is_vf ? &software->found.tree.functions[found->physical_function] : found;
}

/** Whether two functions leave together: they, or their PFs, are on the bus below one link. */
static bool is_same_device(const struct software *software, uint32_t one, uint32_t other)
{
    const struct pci_tree_function *a = physical_of(software, one);
    const struct pci_tree_function *b = physical_of(software, other);

    return a->host_bridge == b->host_bridge && a->rid >> 8 == b->rid >> 8;
}

bool hotplug_prepare(struct software *software, uint32_t function, struct host_error *error)
{
    for (uint32_t i = 0; !software->planned && i < software->found.tree.function_count; i++) {
        struct software_function *mine = &software->functions[i];

        if (!is_same_device(software, function, i) || mine->saved != NULL) {
            continue;
        }
        mine->saved = calloc(1, sizeof(*mine->saved));
        if (mine->saved == NULL) {
            return host_error_fail(error, ENOMEM, "out of memory");
        }
        save(software, &software->found.functions[i], mine->saved);
        save_virtual(software, &software->found.functions[i], mine->saved);
    }
    return true;
}

static void change_slot(struct software *software, uint32_t function, enum software_slot what)
{
    if (!software->planned) {
        software->config.slot(software->config.slot_context, function, what);
    }
}

/** Reads what a bit field of a register says of a port, and clears it by writing ones. */
static uint32_t take_status16(struct software *software, uint64_t config, uint32_t at, uint16_t bits)
{
    const uint16_t status = pci_config_read16(software->access, config, at);

    if ((status & bits) != 0) {
        pci_config_write16(software->access, config, at, (uint16_t)(status & bits));
    }
    return status;
}

/** What the port above a function's device has to say. */
static struct hotplug_report ask_port(struct software *software, uint32_t function)
{
    const uint32_t port = physical_of(software, function)->parent;
    const struct enumerate_function *where = &software->found.functions[port];
    struct host_access *access = software->access;
    struct hotplug_report report = {0};
    uint32_t aer;
    uint32_t status;

    if (port == PCI_TREE_NONE || where->pcie == 0) {
        return report;
    }
    if ((pci_config_read(access, where->config, where->pcie + LINK_CAPABILITIES) & LINK_ACTIVE_REPORTING) != 0) {
        report.can_say_active = true;
        report.active = (pci_config_read16(access, where->config, where->pcie + LINK_STATUS) & LINK_ACTIVE) != 0;
    }
    if ((pci_config_read(access, where->config, where->pcie + SLOT_CAPABILITIES) & SLOT_HOT_PLUG) != 0) {
        status = take_status16(software, where->config, where->pcie + SLOT_STATUS,
                               SLOT_PRESENCE_CHANGED | SLOT_LINK_STATE_CHANGED);
        report.presence = (status & SLOT_PRESENCE_CHANGED) != 0;
        report.link_state = (status & SLOT_LINK_STATE_CHANGED) != 0;
        report.still_there = (status & SLOT_PRESENCE) != 0;
    }
    aer = pci_config_find_extended(access, where->config, PCI_EXT_CAP_AER);
    if (aer != 0) {
        status = pci_config_read(access, where->config, aer + AER_UNCORRECTABLE_STATUS) & AER_SURPRISE_DOWN;
        report.surprise_down = status != 0;
        if (report.surprise_down) {
            pci_config_write(access, where->config, aer + AER_UNCORRECTABLE_STATUS, status);
        }
    }
    return report;
}

/** Software knows: everything is taken back that a function of the device had. */
static bool lose(struct software *software, uint32_t function, struct host_error *error)
{
    struct software_function *mine = &software->functions[function];

    mine->pulled = true;
    return mine->removed || (services_lose(software, function, error) && pasid_release(software, function, error) &&
                             retire(software, function, error));
}

bool hotplug_surprise(struct software *software, uint32_t function, struct host_error *error)
{
    if (!software->planned && software->config.slot == NULL) {
        return host_error_fail(error, EOPNOTSUPP, "%s cannot be pulled out", name_of(software, function));
    }
    if (software->functions[function].gone) {
        return host_error_fail(error, ENODEV, "%s is not there", name_of(software, function));
    }
    change_slot(software, function, SOFTWARE_SLOT_PULLED);
    for (uint32_t i = 0; i < software->found.tree.function_count; i++) {
        if (is_same_device(software, function, i)) {
            software->functions[i].gone = true;
        }
    }
    return true;
}

bool hotplug_is_unnoticed(const struct software *software, uint32_t function)
{
    return software->functions[function].gone && !software->functions[function].pulled;
}

bool hotplug_notice(struct software *software, uint32_t function, struct host_error *error)
{
    if (!hotplug_is_unnoticed(software, function)) {
        return true;
    }
    if (!software->planned) {
        software->functions[function].saved->report = ask_port(software, function);
    }
    for (uint32_t i = 0; i < software->found.tree.function_count; i++) {
        if (is_same_device(software, function, i) && !lose(software, i, error)) {
            return false;
        }
    }
    return true;
}

/** The device is in its slot again: it gets the addresses that it had. */
static bool add_device(struct software *software, uint32_t function, struct host_error *error)
{
    /* That there is another one says that the first is gone. */
    bool fine = hotplug_notice(software, function, error);

    change_slot(software, function, SOFTWARE_SLOT_FILLED);
    if (!software->planned) {
        host_wait(software->access, settle_time(software));
    }
    for (uint32_t i = 0; i < software->found.tree.function_count; i++) {
        if (is_same_device(software, function, i)) {
            software->functions[i].gone = false;
            software->functions[i].pulled = false;
            if (!software->planned) {
                restore(software, &software->found.functions[i], software->functions[i].saved);
                restore_virtual(software, &software->found.functions[i], software->functions[i].saved);
            }
        }
    }
    for (uint32_t i = 0; fine && i < software->found.tree.function_count; i++) {
        if (is_same_device(software, function, i)) {
            /* That a function has no messages counts for the one that was asked for. */
            fine = add_function(software, i, error) || (i != function && error->code == ENODEV);
        }
    }
    change_slot(software, function, SOFTWARE_SLOT_STARTED);
    return fine;
}

bool hotplug_add(struct software *software, uint32_t function, struct host_error *error)
{
    const struct software_function *mine = &software->functions[function];

    if (!mine->removed) {
        return host_error_fail(error, EEXIST, "%s is there", name_of(software, function));
    }
    return mine->gone ? add_device(software, function, error) : add_function(software, function, error);
}
