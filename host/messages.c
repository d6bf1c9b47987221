#include "host/messages.h"

#include "host/interrupts.h"
#include "host/pci_config.h"
#include "host/software.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

/* Capability registers (7.7.1, 7.7.2). */
#define MSI_CONTROL             0x02u
#define MSI_CONTROL_ENABLE      0x0001u
#define MSI_CONTROL_GRANT       0x0070u
#define MSI_CONTROL_GRANT_SHIFT 4
#define MSI_CONTROL_WIDE        0x0080u
#define MSI_CONTROL_MASK        0x0100u
#define MSI_ADDRESS             0x04u
#define MSI_ADDRESS_HIGH        0x08u
#define MSI_DATA                0x08u
#define MSI_MASK                0x0cu
#define MSI_WIDE                0x04u /* data and mask are so much further with a 64-bit address */
#define MSIX_CONTROL            0x02u
#define MSIX_CONTROL_ENABLE     0x8000u
#define MSIX_CONTROL_MASK       0x4000u
#define MSIX_ENTRY_BYTES        16u

/** A function whose messages are being set up. */
struct setup {
    struct software *software;
    const struct enumerate_function *where;
    const struct pci_tree_function *found;
    const struct device_knowledge *known; /**< NULL: nothing */
    uint32_t first;                       /**< what its first message writes */
    uint64_t address;
};

const struct device_knowledge *device_knowledge_find(const struct device_knowledge *known, size_t count,
                                                     uint16_t segment, uint16_t rid)
{
    for (size_t i = 0; i < count; i++) {
        if (known[i].segment == segment && known[i].rid == rid) {
            return &known[i];
        }
    }
    return NULL;
}

static const struct device_knowledge *known_of(const struct software *software, uint32_t function)
{
    const struct pci_tree *tree = &software->found.tree;
    const struct pci_tree_function *found = &tree->functions[function];

    return device_knowledge_find(software->config.known, software->config.known_count,
                                 tree->host_bridges[found->host_bridge].segment, found->rid);
}

/** Messages of the MSI-X table, or of the MSI capability. */
static uint32_t standard_messages(const struct pci_tree_function *found, const struct device_knowledge *known)
{
    if (found->msix_vectors > 0) {
        return found->msix_vectors;
    }
    return known != NULL && known->msi_wanted > 0 && known->msi_wanted < found->msi_vectors ? known->msi_wanted
                                                                                            : found->msi_vectors;
}

uint32_t messages_alignment(const struct software *software, uint32_t function)
{
    const struct pci_tree_function *found = &software->found.tree.functions[function];
    uint32_t messages = standard_messages(found, known_of(software, function));

    return found->msix_vectors > 0 || messages == 0 ? 1 : messages;
}

uint32_t messages_count(const struct software *software, uint32_t function)
{
    const struct device_knowledge *known = known_of(software, function);

    return standard_messages(&software->found.tree.functions[function], known) +
           (known != NULL ? known->ims_entries : 0);
}

bool messages_are_in_configuration(const struct software *software, uint32_t function)
{
    const struct pci_tree_function *found = &software->found.tree.functions[function];

    return found->msix_vectors == 0 && standard_messages(found, known_of(software, function)) > 0;
}

/** Writes an entry of an MSI-X table or message store, masked while it changes (6.1.4). */
static void write_entry(struct host_access *access, uint64_t entry, uint64_t address, uint32_t data)
{
    host_write32(access, entry + 12, 1);
    host_write32(access, entry, (uint32_t)address);
    host_write32(access, entry + 4, (uint32_t)(address >> 32));
    host_write32(access, entry + 8, data);
    host_write32(access, entry + 12, 0);
}

/* ---- The three places ---- */

static uint16_t begin_msix(const struct setup *setup)
{
    struct host_access *access = setup->software->access;
    uint16_t control = pci_config_read16(access, setup->where->config, setup->where->msix + MSIX_CONTROL);

    pci_config_write16(access, setup->where->config, setup->where->msix + MSIX_CONTROL,
                       control | MSIX_CONTROL_ENABLE | MSIX_CONTROL_MASK);
    return control;
}

static void end_msix(const struct setup *setup, uint16_t control)
{
    pci_config_write16(setup->software->access, setup->where->config, setup->where->msix + MSIX_CONTROL,
                       (uint16_t)((control | MSIX_CONTROL_ENABLE) & ~MSIX_CONTROL_MASK));
}

/** The MSI capability: EventIDs from `first` on, whose low bits the function puts into those of the data. */
static void write_msi(const struct setup *setup, uint32_t messages)
{
    struct host_access *access = setup->software->access;
    uint64_t config = setup->where->config;
    uint32_t msi = setup->where->msi;
    uint16_t control = pci_config_read16(access, config, msi + MSI_CONTROL);
    uint32_t wide = (control & MSI_CONTROL_WIDE) != 0 ? MSI_WIDE : 0;
    uint32_t grant = 31u - (uint32_t)__builtin_clz(messages);

    if ((control & MSI_CONTROL_MASK) != 0) {
        pci_config_write(access, config, msi + MSI_MASK + wide, UINT32_MAX >> (32 - messages));
    }
    pci_config_write(access, config, msi + MSI_ADDRESS, (uint32_t)setup->address);
    if (wide != 0) {
        pci_config_write(access, config, msi + MSI_ADDRESS_HIGH, (uint32_t)(setup->address >> 32));
    }
    pci_config_write16(access, config, msi + MSI_DATA + wide, (uint16_t)setup->first);
    control = (uint16_t)((control & ~MSI_CONTROL_GRANT) | grant << MSI_CONTROL_GRANT_SHIFT | MSI_CONTROL_ENABLE);
    pci_config_write16(access, config, msi + MSI_CONTROL, control);
    if ((control & MSI_CONTROL_MASK) != 0) {
        pci_config_write(access, config, msi + MSI_MASK + wide, 0);
    }
}

static uint64_t store_of(const struct setup *setup)
{
    return setup->found->bars[setup->known->ims_bar].base + setup->known->ims_offset;
}

/* ---- The whole ---- */

/** A 32-bit MSI capability reaches no doorbell above 4 GiB (rule B18). */
static bool check_reach(const struct setup *setup, uint32_t messages, struct host_error *error)
{
    uint16_t control;

    if (setup->found->msix_vectors > 0 || messages == 0 || setup->address >> 32 == 0) {
        return true;
    }
    control = pci_config_read16(setup->software->access, setup->where->config, setup->where->msi + MSI_CONTROL);
    if ((control & MSI_CONTROL_WIDE) != 0) {
        return true;
    }
    return host_error_fail(error, EIO, "%s: its MSI capability has a 32-bit address, and its doorbell is at 0x%" PRIx64,
                           setup->found->name, setup->address);
}

/** What every message of a function is set up with. */
static struct setup setup_of(struct software *software, uint32_t index, uint32_t first, uint64_t address)
{
    return (struct setup){.software = software,
                          .where = &software->found.functions[index],
                          .found = &software->found.tree.functions[index],
                          .known = known_of(software, index),
                          .first = first,
                          .address = address};
}

/** Begins to write a function's messages: those of MSI-X do not fire meanwhile. @return what end_messages() wants */
static uint16_t begin_messages(const struct setup *setup)
{
    return setup->found->msix_vectors > 0 ? begin_msix(setup) : 0;
}

/** Writes one message into the table or store that holds it; those of the MSI capability are written at the end. */
static void write_message(const struct setup *setup, uint32_t message)
{
    uint32_t standard = standard_messages(setup->found, setup->known);
    struct host_access *access = setup->software->access;

    if (message >= standard) {
        write_entry(access, store_of(setup) + (uint64_t)MSIX_ENTRY_BYTES * (message - standard), setup->address,
                    setup->first + message);
    } else if (setup->found->msix_vectors > 0) {
        write_entry(access, setup->where->msix_table + (uint64_t)MSIX_ENTRY_BYTES * message, setup->address,
                    setup->first + message);
    }
}

/** Switches MSI-X or MSI on. */
static void end_messages(const struct setup *setup, uint16_t control)
{
    uint32_t standard = standard_messages(setup->found, setup->known);

    if (setup->found->msix_vectors > 0) {
        end_msix(setup, control);
    } else if (standard > 0) {
        write_msi(setup, standard);
    }
}

bool messages_set_up(struct software *software, uint32_t index, uint32_t first, uint64_t address,
                     struct host_error *error)
{
    struct software_function *function = &software->functions[index];
    const struct setup setup = setup_of(software, index, first, address);
    uint32_t count = messages_count(software, index);
    uint16_t control;

    if (!check_reach(&setup, standard_messages(setup.found, setup.known), error)) {
        return false;
    }
    control = begin_messages(&setup);
    for (uint32_t i = 0; i < count; i++) {
        function->vectors[i].address = address;
        if (!interrupts_map(software, index, i, first + i, error)) {
            return false;
        }
        write_message(&setup, i);
    }
    function->vector_count = count;
    function->first_event = first;
    end_messages(&setup, control);
    return interrupts_sync(software, index, error);
}

void messages_restore(struct software *software, uint32_t index)
{
    struct software_function *function = &software->functions[index];
    const struct setup setup = setup_of(software, index, function->first_event, function->message);
    uint16_t control = begin_messages(&setup);

    for (uint32_t i = 0; i < function->vector_count; i++) {
        write_message(&setup, i);
    }
    end_messages(&setup, control);
}

void messages_write(struct software *software, uint32_t index, uint32_t message, uint64_t address)
{
    const struct setup setup = setup_of(software, index, software->functions[index].first_event, address);
    uint32_t standard = standard_messages(setup.found, setup.known);

    if (message < standard && setup.found->msix_vectors == 0) {
        write_msi(&setup, standard);
    } else {
        write_message(&setup, message);
    }
}

uint64_t messages_entry(struct software *software, uint32_t index, uint32_t message)
{
    const struct setup setup = setup_of(software, index, software->functions[index].first_event, 0);
    uint32_t standard = standard_messages(setup.found, setup.known);

    if (message >= standard) {
        return store_of(&setup) + (uint64_t)MSIX_ENTRY_BYTES * (message - standard);
    }
    return setup.found->msix_vectors > 0 ? setup.where->msix_table + (uint64_t)MSIX_ENTRY_BYTES * message : 0;
}

/** Takes a message out of a store: masked, so that none is sent. */
static void mask_store(const struct setup *setup, uint32_t entry)
{
    host_write32(setup->software->access, store_of(setup) + (uint64_t)MSIX_ENTRY_BYTES * entry + 12, 1);
}

bool messages_disable(struct software *software, uint32_t index, struct host_error *error)
{
    struct software_function *function = &software->functions[index];
    const struct setup setup = setup_of(software, index, function->first_event, function->message);
    uint32_t standard = standard_messages(setup.found, setup.known);
    struct host_access *access = software->access;
    uint64_t config = setup.where->config;
    uint32_t at = setup.found->msix_vectors > 0 ? setup.where->msix + MSIX_CONTROL : setup.where->msi + MSI_CONTROL;
    uint16_t on = setup.found->msix_vectors > 0 ? MSIX_CONTROL_ENABLE : MSI_CONTROL_ENABLE;

    if (standard > 0 && !function->pulled) {
        pci_config_write16(access, config, at, (uint16_t)(pci_config_read16(access, config, at) & ~on));
    }
    for (uint32_t i = 0; i < function->vector_count; i++) {
        if (i >= standard && !function->pulled) {
            mask_store(&setup, i - standard);
        }
        if (!interrupts_unmap(software, index, function->first_event + i, error)) {
            return false;
        }
    }
    return interrupts_sync(software, index, error);
}
