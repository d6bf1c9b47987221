/* Virtual machines: whose functions, on which PEs. */
#include "host/action.h"
#include "host/fault_object.h"
#include "scenario/functions.h"
#include "scenario/parse_resolve.h"
#include "scenario/parse_table.h"
#include "scenario/schema/keys.h"

#include <inttypes.h>
#include <string.h>

static void resolve_pes(struct parse *parse, struct scenario_vm *vm)
{
    uint32_t count = parse->scenario->platform.pe.count;

    if (vm->first_pe >= count) {
        parse_error_at(parse, &vm->place, "E1701 there is no pe%" PRIu32 ": the last is pe%" PRIu32, vm->first_pe,
                       count - 1);
        return;
    }
    if (!parse_is_given(&scenario_table_vm, vm, "pes")) {
        vm->pes = vm->vcpus < count - vm->first_pe ? vm->vcpus : count - vm->first_pe;
    }
    if (vm->pes > count - vm->first_pe) {
        diagnostic_set_hint(parse_error_at(parse, &vm->place,
                                           "E1701 there are not %" PRIu32 " PEs from pe%" PRIu32 " on", vm->pes,
                                           vm->first_pe),
                            "platform.pe.count is %" PRIu32, count);
    }
}

/* The machine that has a function already, before device j of machine i; NULL if none has. */
static const struct scenario_vm *owner_before(const struct scenario *scenario, size_t i, size_t j)
{
    const struct scenario_vm_device *mine = &scenario->vms[i].devices[j];

    for (size_t vm = 0; vm <= i; vm++) {
        for (size_t d = 0; d < (vm == i ? j : scenario->vms[vm].device_count); d++) {
            const struct scenario_vm_device *other = &scenario->vms[vm].devices[d];

            if (other->device == mine->device && other->function == mine->function) {
                return &scenario->vms[vm];
            }
        }
    }
    return NULL;
}

static void resolve_device(struct parse *parse, size_t i, size_t j)
{
    struct scenario_vm *vm = &parse->scenario->vms[i];
    struct scenario_vm_device *device = &vm->devices[j];
    const struct scenario_vm *owner;

    device->device = parse_find_function(parse, device->name, &device->place, &device->function);
    if (device->device == NULL) {
        return;
    }
    owner = owner_before(parse->scenario, i, j);
    if (owner != NULL) {
        parse_error_at(parse, &device->place, "E1702 `%.63s` is assigned to `%.63s` already", device->name,
                       owner->name);
    }
    if (device->remap != 0 && vm->smmu == SCENARIO_VM_SMMU_NONE) {
        diagnostic_set_hint(parse_error_at(parse, &device->place, "E1702 `remap` needs a guest that translates"),
                            "add `smmu: per-smmu` to `%.63s`", vm->name);
    }
}

/* The machine that has a function; NULL: none. */
static const struct scenario_vm *machine_of(const struct scenario *scenario, const struct scenario_functions *functions,
                                            size_t index)
{
    for (size_t vm = 0; vm < scenario->vm_count; vm++) {
        for (size_t i = 0; i < scenario->vms[vm].device_count; i++) {
            const struct scenario_vm_device *device = &scenario->vms[vm].devices[i];

            if (device->device == functions->devices[index] && device->function == functions->functions[index]) {
                return &scenario->vms[vm];
            }
        }
    }
    return NULL;
}

/* What consumers do to a function is the host kernel's affair, which a machine's function is not. */
static void check_consumer(struct parse *parse, const struct scenario_functions *functions)
{
    for (size_t i = 0; i < functions->count; i++) {
        const struct scenario_vm *vm = machine_of(parse->scenario, functions, i);

        if (vm != NULL) {
            parse_error_at(parse, &functions->places[i],
                           "E1702 `%.63s` is assigned to `%.63s`, so it cannot be in `consumers` too",
                           functions->names[i], vm->name);
        }
    }
}

/* Nor what the timeline does: the machine's own has actions for its functions, and says what it has instead. */
static const char *instead_of(enum action_kind kind)
{
    switch (kind) {
    case ACTION_MOVE_INTERRUPT:
        return "its guest moves it: `action: move-interrupt` in `timeline` of";
    case ACTION_INVALIDATE:
        return "its guest invalidates: `action: invalidate` in `timeline` of";
    case ACTION_MAP:
    case ACTION_UNMAP:
    case ACTION_LOAD:
        return "its guest maps: `remap` of the device in";
    default:
        return "a machine keeps its functions as they are for the whole run; to attach, remove or reset one under "
               "traffic "
               "give it to one of `software.consumers` (`translation: nested` for a guest) and take it out of";
    }
}

static void check_action(struct parse *parse, const struct scenario_action *action)
{
    for (size_t i = 0; i < action->device.count; i++) {
        const struct scenario_vm *vm = machine_of(parse->scenario, &action->device, i);

        if (vm != NULL) {
            diagnostic_set_hint(parse_error_at(parse, &action->device.places[i],
                                               "E1702 `%.63s` is assigned to `%.63s`, so it cannot be in the timeline",
                                               action->device.names[i], vm->name),
                                "%s `vms.%.63s`", instead_of((enum action_kind)action->kind), vm->name);
        }
    }
}

/*
 * A guest that writes messages itself writes to GITS_TRANSLATER in its virtual ITS's page. In a pre-ITS's window that
 * place is another device's doorbell.
 */
static void check_table(struct parse *parse, const struct scenario_vm_device *device)
{
    const struct scenario_map_entry *entry;

    if (device->device == NULL || device->table != SCENARIO_VM_TABLE_GUEST) {
        return;
    }
    entry = scenario_map_find(&device->device->root_complex->msi_map,
                              scenario_function_rid(device->device, device->function), NULL);
    if (entry != NULL && entry->v2m != NULL) {
        diagnostic_set_hint(
            parse_error_at(parse, &device->place,
                           "E1705 `%.63s` cannot have `table: guest`: it has no ITS but GICv2m frame `%.63s`",
                           device->name, entry->v2m->name),
            "what a guest's ITS calls an event means nothing there: use `table: trapped`");
    }
    if (entry != NULL && entry->its != NULL && entry->its->pre_its != NULL) {
        diagnostic_set_hint(parse_error_at(parse, &device->place,
                                           "E1705 `%.63s` cannot have `table: guest`: its ITS `%.63s` has a pre-ITS",
                                           device->name, entry->its->name),
                            "the doorbell of a device is then not where a guest's ITS has it: use `table: trapped`");
    }
}

static void check_tables(struct parse *parse)
{
    const struct scenario *scenario = parse->scenario;

    for (size_t vm = 0; vm < scenario->vm_count && parse->identifiable; vm++) {
        for (size_t i = 0; i < scenario->vms[vm].device_count; i++) {
            check_table(parse, &scenario->vms[vm].devices[i]);
        }
    }
}

/* Pages that come on demand, of a stream of a function that may be a machine's. */
static void check_pages(struct parse *parse, const struct scenario_traffic *traffic,
                        const struct scenario_dma_traffic *dma)
{
    const struct scenario *scenario = parse->scenario;

    for (size_t vm = 0; vm < scenario->vm_count; vm++) {
        for (size_t i = 0; i < scenario->vms[vm].device_count; i++) {
            const struct scenario_vm_device *device = &scenario->vms[vm].devices[i];

            if (device->device == traffic->device && device->function == traffic->function &&
                scenario->vms[vm].smmu != SCENARIO_VM_SMMU_NONE) {
                diagnostic_set_hint(
                    parse_error_at(parse, &dma->place,
                                   "E1111 pages on demand of a guest that translates are not supported yet"),
                    "the SMMU that `%.63s` sees has no queue of page requests: use `smmu: none`",
                    scenario->vms[vm].name);
            }
        }
    }
    if (scenario->software.reclaim != 0) {
        parse_error_at(parse, &dma->place,
                       "E1111 pages that are taken away again (`software.reclaim`) beside virtual machines are not "
                       "supported yet");
    }
    for (size_t i = 0; i < scenario->software.consumer_count; i++) {
        if (scenario->software.consumers[i].faults != FAULT_NONE) {
            parse_error_at(parse, &scenario->software.consumers[i].place,
                           "E1111 fault objects of consumers beside virtual machines are not supported yet");
        }
    }
}

static void check_all_pages(struct parse *parse)
{
    const struct scenario *scenario = parse->scenario;

    for (size_t i = 0; scenario->vm_count > 0 && i < scenario->traffic_count; i++) {
        for (size_t j = 0; j < scenario->traffic[i].stream_count; j++) {
            const struct scenario_dma_traffic *dma = scenario_stream_dma(&scenario->traffic[i].streams[j]);

            if (dma != NULL && dma->pages == SCENARIO_PAGES_ON_DEMAND) {
                check_pages(parse, &scenario->traffic[i], dma);
            }
        }
    }
}

void parse_check_vms(struct parse *parse)
{
    const struct scenario *scenario = parse->scenario;

    check_tables(parse);
    check_all_pages(parse);

    for (size_t i = 0; i < scenario->software.consumer_count; i++) {
        check_consumer(parse, &scenario->software.consumers[i].devices);
    }
    for (size_t i = 0; i < scenario->action_count; i++) {
        check_action(parse, &scenario->actions[i]);
    }
}

/* Messages of a function: those of MSI-X or MSI, and of its own store. */
static uint32_t messages_of(const struct scenario_vm_device *device)
{
    const struct scenario_endpoint *endpoint = device->device->endpoint;
    const bool is_virtual = device->function >= endpoint->functions;
    uint32_t count = scenario_function_vectors(endpoint, device->function);

    if (count == 0 && !is_virtual && endpoint->msi != NULL) {
        count = endpoint->msi->granted;
    }
    return count + (is_virtual ? 0 : endpoint->ims_entries);
}

static void check_moved_vector(struct parse *parse, const struct scenario_vm *vm,
                               const struct scenario_vm_action *action)
{
    const struct scenario_vm_device *device = &vm->devices[action->device];
    uint32_t count;

    if (device->device == NULL || action->act != SCENARIO_VM_MOVE_INTERRUPT) {
        return;
    }
    count = messages_of(device);
    if (action->vector >= count) {
        diagnostic_set_hint(
            parse_error_at(parse, &action->place, "E1703 `%.63s` has no vector %" PRIu32, device->name, action->vector),
            count == 0 ? "it sends no messages" : "its messages are 0 to %" PRIu32, count - 1);
    }
}

static void resolve_action(struct parse *parse, const struct scenario_vm *vm, size_t i)
{
    struct scenario_vm_action *action = &vm->actions[i];
    const char *name = action->device_written.name;

    if (i > 0 && action->at < vm->actions[i - 1].at) {
        parse_error_at(parse, &action->place, "E1703 an action of a timeline cannot be before the one above it");
    }
    if (action->vcpu >= vm->vcpus) {
        parse_error_at(parse, &action->place, "E1703 `%.63s` has no virtual CPU %" PRIu32 ": the last is %" PRIu32,
                       vm->name, action->vcpu, vm->vcpus - 1);
    }
    if (action->pe >= parse->scenario->platform.pe.count) {
        parse_error_at(parse, &action->place, "E1701 there is no pe%" PRIu32 ": the last is pe%" PRIu32, action->pe,
                       parse->scenario->platform.pe.count - 1);
    }
    if (action->act == SCENARIO_VM_MOVE_VCPU) {
        return;
    }
    if ((action->act == SCENARIO_VM_INVALIDATE || action->act == SCENARIO_VM_BAD_COMMAND) &&
        vm->smmu == SCENARIO_VM_SMMU_NONE) {
        diagnostic_set_hint(parse_error_at(parse, &action->place, "E1703 `%s` needs a guest that translates",
                                           action->act == SCENARIO_VM_INVALIDATE ? "invalidate" : "bad-command"),
                            "add `smmu: per-smmu` to `%.63s`", vm->name);
    }
    while (action->device < vm->device_count && name != NULL && strcmp(vm->devices[action->device].name, name) != 0) {
        action->device++;
    }
    if (action->device == vm->device_count) {
        parse_error_at(parse, name != NULL ? &action->device_written.place : &action->place,
                       "E1703 `%.63s` has no device `%.63s`", vm->name, name != NULL ? name : "at all");
        return;
    }
    check_moved_vector(parse, vm, action);
}

void parse_resolve_vms(struct parse *parse)
{
    struct scenario *scenario = parse->scenario;

    for (size_t i = 0; i < scenario->vm_count; i++) {
        if (scenario_find_component(scenario, scenario->vms[i].name) != NULL) {
            parse_error_at(parse, &scenario->vms[i].place, "E1203 `%.63s` is the name of something else already",
                           scenario->vms[i].name);
        }
        resolve_pes(parse, &scenario->vms[i]);
        for (size_t j = 0; j < scenario->vms[i].device_count; j++) {
            resolve_device(parse, i, j);
        }
        for (size_t j = 0; j < scenario->vms[i].action_count; j++) {
            resolve_action(parse, &scenario->vms[i], j);
        }
    }
    if (scenario->vm_count > 0 && scenario->platform.pe.preemption) {
        parse_error_at(parse, &scenario->vms[0].place, "E1704 PEs that run virtual machines have no `preemption`");
    }
}
