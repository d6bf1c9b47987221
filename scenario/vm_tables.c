#include "scenario/vm_tables.h"

#include "scenario/functions.h"
#include "scenario/smmu_idr.h"
#include "sim/allocate.h"

#include <stdlib.h>

static void describe_devices(const struct scenario_vm *from, struct vm_device_config *devices)
{
    for (size_t i = 0; i < from->device_count; i++) {
        const struct scenario_vm_device *device = &from->devices[i];

        devices[i] = (struct vm_device_config){.name = device->name,
                                               .direct = device->interrupts == SCENARIO_VM_DIRECT,
                                               .guest_table = device->table == SCENARIO_VM_TABLE_GUEST,
                                               .remap = device->remap,
                                               .endpoint = (uint32_t)device->device->index,
                                               .in_device = device->function};
    }
}

static void describe_actions(const struct scenario_vm *from, struct vm_action_config *actions)
{
    for (size_t i = 0; i < from->action_count; i++) {
        actions[i] = (struct vm_action_config){.at = from->actions[i].at,
                                               .act = (enum vm_act)from->actions[i].act,
                                               .vcpu = from->actions[i].vcpu,
                                               .pe = from->actions[i].pe,
                                               .device = (uint32_t)from->actions[i].device,
                                               .vector = from->actions[i].vector};
    }
}

void vm_tables_make(const struct scenario_vm *from, struct vm_tables *tables)
{
    tables->devices = sim_allocate(from->device_count, sizeof(*tables->devices));
    tables->actions = sim_allocate(from->action_count, sizeof(*tables->actions));
    describe_devices(from, tables->devices);
    describe_actions(from, tables->actions);
    tables->config = (struct vm_config){.name = from->name,
                                        .vcpus = from->vcpus,
                                        .first_pe = from->first_pe,
                                        .pe_count = from->pes,
                                        .memory = from->memory,
                                        .busy = from->work == SCENARIO_VM_BUSY,
                                        .smmu = (enum vm_smmu_kind)from->smmu,
                                        .direct_queue = from->queue == SCENARIO_VM_QUEUE_DIRECT,
                                        .direct_sgis = from->sgis == SCENARIO_VM_SGIS_DIRECT,
                                        .ipi_period = from->ipi_period,
                                        .single_its = from->its == SCENARIO_VM_ITS_SINGLE,
                                        .broadcast = from->without_stream_id == SCENARIO_VM_BROADCAST,
                                        .devices = tables->devices,
                                        .device_count = from->device_count,
                                        .actions = tables->actions,
                                        .action_count = from->action_count};
}

void vm_tables_clear(struct vm_tables *tables)
{
    free(tables->devices);
    free(tables->actions);
}

/* ---- Plans ---- */

/** Virtual command queues of an SMMU, as its registers will have them. */
static struct vm_queues queues_of(const struct scenario_smmu *smmu)
{
    struct smmu_config config;

    smmu_config_defaults(&config);
    smmu_idr_apply(smmu, &config);
    if (config.vcmdqs == 0) {
        return (struct vm_queues){0};
    }
    return (struct vm_queues){.interfaces = config.vintfs,
                              .queues = config.vcmdqs / config.vintfs,
                              .stream_ids = config.vintf_sids,
                              .queue_log2 = config.command_queue_bits};
}

static bool plan_machine(const struct scenario_vm *from, const struct vm_host *host, struct host_error *error)
{
    struct vm_tables tables;
    bool fine = true;

    vm_tables_make(from, &tables);
    for (size_t i = 0; fine && i < from->device_count; i++) {
        const struct scenario_device *device = from->devices[i].device;

        tables.devices[i].function = pci_tree_find(&host->software->found.tree, (uint16_t)device->root_complex->segment,
                                                   scenario_function_rid(device, from->devices[i].function));
        fine = tables.devices[i].function != PCI_TREE_NONE ||
               host_error_set(error, "%s: there is no %s", from->name, from->devices[i].name);
    }
    fine = fine && vm_plan(host, &tables.config, error);
    vm_tables_clear(&tables);
    return fine;
}

bool vm_tables_plan(const struct scenario *scenario, struct software *software, struct host_error *error)
{
    const struct scenario_platform *platform = &scenario->platform;
    struct vm_queues *queues;
    struct vm_host host = {.software = software};
    bool fine = true;

    if (scenario->vm_count == 0) {
        return true;
    }
    queues = sim_allocate(platform->smmu_count, sizeof(*queues));
    for (size_t i = 0; i < platform->smmu_count; i++) {
        queues[i] = queues_of(&platform->smmu[i]);
    }
    host.planned_queues = queues;
    host.next_vintf = sim_allocate(platform->smmu_count, sizeof(*host.next_vintf));
    for (size_t i = 0; fine && i < scenario->vm_count; i++) {
        fine = plan_machine(&scenario->vms[i], &host, error);
    }
    free(host.next_vintf);
    free(queues);
    return fine;
}
