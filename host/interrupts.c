#include "host/interrupts.h"

#include "host/software.h"
#include "host/software_sharing.h"

#include <errno.h>
#include <stdlib.h>

static size_t its_count(const struct software *software)
{
    return software->config.firmware->controller_count - software->config.frame_count;
}

bool interrupts_have_its(const struct software *software, uint32_t function)
{
    return software->functions[function].its < its_count(software);
}

static struct its_driver *its_of(struct software *software, uint32_t function)
{
    return &software->itses[software->functions[function].its];
}

static struct v2m_driver *frame_of(struct software *software, uint32_t function)
{
    return &software->frames[software->functions[function].its - its_count(software)];
}

/* ---- Drivers ---- */

static bool start_frames(struct software *software, struct host_error *error)
{
    const struct software_config *config = &software->config;

    software->frames = host_room_make(&software->memory.frames, config->frame_count, sizeof(*software->frames));
    if (config->frame_count > 0 && !software->planned &&
        !v2m_distributor_start(software->access, config->distributor_base, error)) {
        return false;
    }
    for (size_t i = 0; i < config->frame_count; i++) {
        if (!v2m_driver_start(&software->frames[i], software->planned ? NULL : software->access,
                              config->distributor_base, &config->frames[i], error)) {
            return false;
        }
    }
    return true;
}

bool interrupts_start(struct software *software, struct host_error *error)
{
    size_t count = its_count(software);

    if (software->planned) {
        return start_frames(software, error);
    }
    software->itses = calloc(count > 0 ? count : 1, sizeof(*software->itses));
    if (software->itses == NULL) {
        return host_error_set(error, "out of memory");
    }
    if (count > 0 && !lpi_pool_start(&software->lpis, error)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (!its_driver_start(&software->itses[i], software->access, &software->ram, &software->lpis,
                              &software->config.itses[i], error)) {
            return false;
        }
    }
    return start_frames(software, error);
}

/* ---- Functions ---- */

static bool prepare_spis(struct software *software, uint32_t function, uint32_t *first, struct host_error *error)
{
    struct software_function *mine = &software->functions[function];

    if (!mine->has_spis) {
        if (!v2m_driver_take(frame_of(software, function), messages_count(software, function),
                             messages_alignment(software, function), &mine->first_spi, error)) {
            return false;
        }
        mine->has_spis = true;
    }
    *first = mine->first_spi;
    return true;
}

/** Whether a function has the DeviceID of the kernel's own device at its ITS. */
static bool is_proxy(const struct software *software, uint32_t function)
{
    const struct software_config *config = &software->config;

    return config->has_proxy && software->functions[function].its == config->proxy_its &&
           software->functions[function].device_id == config->proxy_device_id;
}

bool interrupts_prepare(struct software *software, uint32_t function, uint32_t *first, struct host_error *error)
{
    struct software_events events;

    if (!interrupts_have_its(software, function)) {
        return prepare_spis(software, function, first, error);
    }
    if (is_proxy(software, function)) {
        return host_error_fail(error, EINVAL,
                               "%s has DeviceID 0x%x, which the kernel itself uses at that ITS, for the doorbells of "
                               "virtual CPUs (GICv4.0)",
                               software->found.tree.functions[function].name, software->config.proxy_device_id);
    }
    if (software->planned) {
        *first = 0;
        return true;
    }
    events = software_events_of(software, function);
    *first = events.first;
    return its_driver_map_device(its_of(software, function), software->functions[function].device_id, events.total,
                                 error);
}

/** The PE of a message that is set up for the first time: as it was told, or the next in turn. */
static uint32_t choose_pe(struct software *software, uint32_t function, uint32_t message)
{
    const struct pci_tree *tree = &software->found.tree;
    const struct pci_tree_function *at = &tree->functions[function];

    for (size_t i = 0; i < software->config.affinity_count; i++) {
        const struct interrupt_affinity *affinity = &software->config.affinities[i];

        if (affinity->rid == at->rid && affinity->segment == tree->host_bridges[at->host_bridge].segment &&
            message >= affinity->first && message - affinity->first < affinity->count) {
            return affinity->pes[message - affinity->first];
        }
    }
    return software->next_pe++ % software->config.pe_count;
}

bool interrupts_map(struct software *software, uint32_t function, uint32_t message, uint32_t written,
                    struct host_error *error)
{
    struct software_function *mine = &software->functions[function];
    struct software_vector *vector = &mine->vectors[message];
    bool known = vector->intid != 0;

    if (!known) {
        vector->pe = choose_pe(software, function, message);
    }
    if (!interrupts_have_its(software, function)) {
        vector->intid = written;
        v2m_driver_enable(frame_of(software, function), written, vector->pe);
        return true;
    }
    if (known) {
        return its_driver_remap_event(its_of(software, function), mine->device_id, written, vector->pe, vector->intid,
                                      error);
    }
    return its_driver_map_event(its_of(software, function), mine->device_id, written, vector->pe, &vector->intid,
                                error);
}

bool interrupts_unmap(struct software *software, uint32_t function, uint32_t written, struct host_error *error)
{
    if (!interrupts_have_its(software, function)) {
        return v2m_driver_disable(frame_of(software, function), written, error);
    }
    return its_driver_discard_event(its_of(software, function), software->functions[function].device_id, written,
                                    error);
}

bool interrupts_move(struct software *software, uint32_t function, uint32_t message, uint32_t pe,
                     struct host_error *error)
{
    struct software_function *mine = &software->functions[function];
    uint32_t written = mine->first_event + message;

    mine->vectors[message].pe = pe;
    if (!interrupts_have_its(software, function)) {
        return v2m_driver_move(frame_of(software, function), written, pe, error);
    }
    return its_driver_move_event(its_of(software, function), mine->device_id, written, pe, error);
}

void interrupts_set_pending(struct software *software, uint32_t function, uint32_t message, bool pending)
{
    v2m_driver_set_pending(frame_of(software, function), software->functions[function].first_event + message, pending);
}

bool interrupts_sync(struct software *software, uint32_t function, struct host_error *error)
{
    return !interrupts_have_its(software, function) || its_driver_sync(its_of(software, function), error);
}
