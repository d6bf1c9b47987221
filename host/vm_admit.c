/*
 * Which devices a machine may have, and what the hardware has for its guest: what groups, identifiers and iommufd's
 * objects say. It needs no machine around it: planned software refuses what a run would refuse, in the same words.
 */
#include "host/messages.h"
#include "host/software_sharing.h"
#include "host/viommu_hardware.h"
#include "host/vm.h"
#include "models/smmuv3/smmu_cmdqv.h"
#include "sim/allocate.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define IDR1 0x0004u

/* ---- Groups ---- */

static bool has_device(const struct vm *vm, uint32_t function)
{
    for (size_t i = 0; i < vm->config.device_count; i++) {
        if (vm->config.devices[i].function == function) {
            return true;
        }
    }
    return false;
}

/** A group has one owner (A23): functions of it that another machine, or the kernel, uses stand in the way. */
static bool check_group(const struct vm *vm, uint32_t number, struct host_error *error)
{
    const struct software *software = vm->host->software;
    const uint32_t mine = vm->config.devices[number].function;

    for (uint32_t f = 0; f < software->found.tree.function_count; f++) {
        const struct pci_tree_function *other = &software->found.tree.functions[f];

        if (software->groups.group_of[f] == software->groups.group_of[mine] && !pci_tree_is_bridge(other) &&
            messages_count(software, f) > 0 && !has_device(vm, f)) {
            return host_error_fail(error, EBUSY,
                                   "%s cannot have %s alone: function %02x:%02x.%x, of the same IOMMU group, belongs "
                                   "to another",
                                   vm->config.name, vm->config.devices[number].name, other->rid >> 8,
                                   other->rid >> 3 & 0x1f, other->rid & 7);
        }
    }
    return true;
}

/* ---- Devices ---- */

/** The virtual ITS for a device: the first, or, if the guest writes the message itself, that of the device's own. */
static bool choose_its(struct vm_device *device, struct host_error *error)
{
    struct vm *vm = device->vm;

    for (uint32_t i = 0; i < vm->its_count; i++) {
        if (!device->config->guest_table || vm->config.single_its || vm->itss[i].its == device->its) {
            device->vits = i;
            return true;
        }
    }
    if (vm->its_count == VM_MAX_ITSS) {
        return host_error_fail(error, ENOSPC, "%s: its devices use more than %u ITSs", vm->config.name, VM_MAX_ITSS);
    }
    device->vits = vm->its_count;
    vm->itss[vm->its_count++].its = device->its;
    return true;
}

/** Gives the machine's stage 2 a VMID at an SMMU, if it has none there yet. */
static bool use_smmu(struct vm *vm, uint32_t smmu, struct host_error *error)
{
    struct software *software = vm->host->software;

    if (vm_vmid(vm, smmu) != 0) {
        return true;
    }
    if (vm->stage2_user_count == VM_MAX_SMMUS) {
        return host_error_fail(error, ENOSPC, "%s: its devices are behind more than %u SMMUs", vm->config.name,
                               VM_MAX_SMMUS);
    }
    vm->stage2_users[vm->stage2_user_count++] =
        (struct vm_stage2){.smmu = smmu, .vmid = software->planned ? 1 : ++software->smmus[smmu].next_vmid};
    return true;
}

/** A guest that writes messages itself needs a table or store of memory, and EventIDs that are its own from 0 on. */
static bool can_own_messages(const struct vm_device *device, struct host_error *error)
{
    const struct software *software = device->vm->host->software;

    if (!device->config->guest_table || device->event_count == 0) {
        return true;
    }
    if (messages_are_in_configuration(software, device->config->function)) {
        return host_error_fail(error, EOPNOTSUPP,
                               "%s: %s has messages in its configuration space, which the guest "
                               "cannot own",
                               device->vm->config.name, device->config->name);
    }
    return device->first_event == 0 ||
           host_error_fail(error, EINVAL, "%s: %s shares its DeviceID, so the guest cannot choose EventIDs for it",
                           device->vm->config.name, device->config->name);
}

/** What the host's software knows of a device. */
static void describe(struct vm *vm, uint32_t number)
{
    struct vm_device *device = &vm->devices[number];
    const struct software *software = vm->host->software;
    const struct vm_device_config *config = &vm->config.devices[number];
    const struct software_function *function = &software->functions[config->function];

    device->vm = vm;
    device->config = config;
    device->number = number;
    device->smmu = function->iommu;
    device->stream_id = function->stream_id;
    device->iommufd = (struct viommu_device){
        .smmu = device->smmu, .stream_id = device->stream_id, .stream_count = function->attachment.stream_count};
    device->its = function->its;
    device->device_id = function->device_id;
    device->doorbell = function->doorbell;
    device->event_count = messages_count(software, config->function);
    if (software->planned) {
        device->first_event = device->event_count > 0 ? software_events_of(software, config->function).first : 0;
    } else {
        device->event_count = function->vector_count;
        device->first_event = function->first_event;
    }
}

static bool admit_device(struct vm *vm, uint32_t number, struct host_error *error)
{
    struct vm_device *device = &vm->devices[number];

    describe(vm, number);
    if (device->smmu == UINT32_MAX || vm->host->software->functions[device->config->function].aliased) {
        return host_error_fail(error, EINVAL, "%s: %s has no IOMMU, so it cannot be assigned", vm->config.name,
                               device->config->name);
    }
    return check_group(vm, number, error) && can_own_messages(device, error) &&
           (device->event_count == 0 || choose_its(device, error)) && use_smmu(vm, device->smmu, error);
}

/* ---- SMMUs ---- */

/** Virtual command queues of an SMMU: what its registers say, or will. */
static struct vm_queues queues_of(const struct vm *vm, uint32_t smmu)
{
    const struct vm_host *host = vm->host;
    const struct smmu_driver *driver = &host->software->smmus[smmu];
    uint32_t parameters;

    if (host->planned_queues != NULL) {
        return host->planned_queues[smmu];
    }
    if (host->cmdqv_offset[smmu] == 0) {
        return (struct vm_queues){0};
    }
    parameters = host_read32(driver->access, driver->config.base + host->cmdqv_offset[smmu] + SMMU_CMDQV_PARAM);
    return (struct vm_queues){.interfaces = 1u << (parameters >> 8 & 0xf),
                              .queues = (1u << (parameters >> 4 & 0xf)) >> (parameters >> 8 & 0xf),
                              .stream_ids = 1u << (parameters >> 12 & 0xf),
                              .queue_log2 = host_read32(driver->access, driver->config.base + IDR1) >> 21 & 0x1f};
}

/** The guest's SMMU for a device: its own SMMU's, or the only one. */
static struct vm_smmu *smmu_for(struct vm *vm, const struct vm_device *device)
{
    for (uint32_t i = 0; i < vm->smmu_count; i++) {
        if (vm->config.smmu == VM_SMMU_SINGLE || vm->smmus[i].viommus[0].hardware.smmu == device->smmu) {
            return &vm->smmus[i];
        }
    }
    vm->smmus[vm->smmu_count] =
        (struct vm_smmu){.vm = vm, .number = vm->smmu_count, .base = VM_SMMU_IPA + vm->smmu_count * VM_SMMU_STRIDE};
    snprintf(vm->smmus[vm->smmu_count].name, sizeof(vm->smmus[0].name), "%.20s.smmu%u", vm->config.name,
             vm->smmu_count);
    return &vm->smmus[vm->smmu_count++];
}

/** An interface of virtual command queues, at the first SMMU behind the guest's. */
static bool take_interface(struct vm_smmu *smmu, struct host_error *error)
{
    const struct vm_host *host = smmu->vm->host;
    const uint32_t index = smmu->viommus[0].hardware.smmu;

    smmu->vintf = ++host->next_vintf[index];
    return (smmu->vintf < smmu->queues.interfaces && smmu->queues.queues > 0) ||
           host_error_fail(error, ENOSPC, "%s: no interface of virtual command queues is left at SMMU %s",
                           smmu->vm->config.name, smmu->viommus[0].hardware.name);
}

/** A vIOMMU for the SMMU of a device, if there is none, and a vDEVICE for it. */
static bool admit_to_smmu(struct vm_smmu *smmu, struct vm_device *device, struct host_error *error)
{
    const struct vm *vm = smmu->vm;
    const struct viommu_parent parent = {.smmu = device->smmu, .nest_parent = true, .vmid = vm_vmid(vm, device->smmu)};
    const enum viommu_type type = vm->config.direct_queue ? VIOMMU_CMDQV : VIOMMU_SMMUV3;
    uint32_t i = 0;

    while (i < smmu->viommu_count && smmu->viommus[i].hardware.smmu != device->smmu) {
        i++;
    }
    if (i == smmu->viommu_count) {
        struct viommu_hardware hardware = viommu_hardware_of(vm->host->software, device->config->function);
        const struct vm_queues queues = queues_of(vm, device->smmu);

        hardware.queues = queues.queues;
        hardware.queue_log2 = queues.queue_log2;
        if (i == 0) {
            smmu->queues = queues;
        }
        smmu->viommu_count++;
        if (!viommu_init(&smmu->viommus[i], type, &hardware, &parent, error) ||
            (vm->config.direct_queue && i == 0 && !take_interface(smmu, error))) {
            return false;
        }
    }
    if (vm->config.direct_queue && i == 0 && smmu->viommus[0].device_count == smmu->queues.stream_ids) {
        return host_error_fail(error, ENOSPC, "%s: an interface of virtual command queues knows %u StreamIDs only",
                               vm->config.name, smmu->queues.stream_ids);
    }
    return viommu_add_device(&smmu->viommus[i], &device->iommufd, device->number + 1, error);
}

/* ---- The whole ---- */

bool vm_admit(struct vm *vm, struct host_error *error)
{
    vm->devices = sim_allocate(vm->config.device_count, sizeof(*vm->devices));
    for (uint32_t i = 0; i < vm->config.device_count; i++) {
        if (!admit_device(vm, i, error)) {
            return false;
        }
    }
    for (size_t i = 0; vm->config.smmu != VM_SMMU_NONE && i < vm->config.device_count; i++) {
        vm->devices[i].vsmmu = smmu_for(vm, &vm->devices[i]);
        if (!admit_to_smmu(vm->devices[i].vsmmu, &vm->devices[i], error)) {
            return false;
        }
    }
    return true;
}

bool vm_plan(const struct vm_host *host, const struct vm_config *config, struct host_error *error)
{
    struct vm *vm = sim_allocate(1, sizeof(*vm));
    bool admitted;

    vm->config = *config;
    vm->host = host;
    admitted = vm_admit(vm, error);
    free(vm->devices);
    free(vm);
    return admitted;
}
