#include "scenario/verdicts_vm.h"

#include "host/messages.h"
#include "host/vm.h"
#include "scenario/functions.h"
#include "scenario/system_internal.h"
#include "sim/allocate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE_MASK       (~(IO_PAGE_BYTES - 1))
#define TRANSLATER_PAGE UINT64_C(0x10000)

/** One machine under way. */
struct adding {
    const struct scenario *scenario;
    const struct software *software;
    struct system *system;
    struct assumption_system *judged;
    struct assumption_function *functions;
    struct assumption_domain *domains;
    struct vm_view *view;
};

size_t vm_view_domains(const struct scenario *scenario)
{
    size_t count = 0;

    for (size_t i = 0; i < scenario->vm_count; i++) {
        count += 1 + scenario->vms[i].device_count;
    }
    return count;
}

static uint32_t function_of(const struct adding *adding, const struct scenario_vm_device *device)
{
    return pci_tree_find(&adding->software->found.tree, (uint16_t)device->device->root_complex->segment,
                         scenario_function_rid(device->device, device->function));
}

/* ---- Domains ---- */

static char *copy_name(const char *format, const char *first, const char *second)
{
    char text[160];

    snprintf(text, sizeof(text), format, first, second);
    return sim_copy_string(text);
}

static uint32_t add_domain(const struct adding *adding, char *name, size_t doorbells)
{
    struct assumption_domain *domain = &adding->domains[adding->judged->domain_count];

    *domain = (struct assumption_domain){.name = name, .translation = ASSUMPTION_TRANSLATED};
    domain->doorbells = sim_allocate(doorbells, sizeof(*domain->doorbells));
    domain->dma = sim_allocate(1, sizeof(*domain->dma));
    return adding->judged->domain_count++;
}

/** Maps a doorbell page, unless the address has one already. */
static void add_doorbell(const struct adding *adding, uint32_t index, uint64_t iova, uint64_t physical)
{
    struct assumption_domain *domain = &adding->domains[index];
    struct assumption_mapping *mappings = (struct assumption_mapping *)(uintptr_t)domain->doorbells;

    for (size_t i = 0; i < domain->doorbell_count; i++) {
        if (mappings[i].iova == iova) {
            return;
        }
    }
    mappings[domain->doorbell_count++] =
        (struct assumption_mapping){.iova = iova, .pa = physical, .size = IO_PAGE_BYTES, .writable = true};
}

static void set_dma(const struct adding *adding, uint32_t index, uint64_t base, uint64_t size, const char *what)
{
    struct assumption_domain *domain = &adding->domains[index];
    struct assumption_range *range = (struct assumption_range *)(uintptr_t)domain->dma;

    *range = (struct assumption_range){.base = base, .size = size, .what = what};
    domain->dma_count = size > 0 ? 1 : 0;
}

/** Bytes of addresses that the guest gives out for a device's buffers. */
static uint64_t buffer_bytes(const struct scenario *scenario, const struct scenario_vm_device *device)
{
    uint64_t bytes = 0;

    for (size_t i = 0; i < scenario->traffic_count; i++) {
        const struct scenario_traffic *traffic = &scenario->traffic[i];

        for (size_t j = 0;
             j < traffic->stream_count && traffic->device == device->device && traffic->function == device->function;
             j++) {
            const struct scenario_stream *stream = &traffic->streams[j];
            const struct scenario_dma_traffic *dma = stream->dma_write != NULL ? stream->dma_write : stream->dma_read;

            bytes += dma != NULL && dma->target == NULL ? (dma->buffer + IO_PAGE_BYTES - 1) & PAGE_MASK : 0;
        }
    }
    return device->remap != 0 ? 2 * bytes : bytes;
}

/* ---- Where messages go ---- */

/** The function whose ITS stands behind the page that a guest-programmed device writes to. */
static uint32_t page_owner(const struct adding *adding, const struct scenario_vm *vm, size_t number)
{
    uint32_t mine = function_of(adding, &vm->devices[number]);

    /* One page for all: that of the first device that has messages. */
    for (size_t i = 0; vm->its == SCENARIO_VM_ITS_SINGLE && i < vm->device_count; i++) {
        uint32_t other = function_of(adding, &vm->devices[i]);

        if (adding->functions[other].its != ASSUMPTION_NONE && messages_count(adding->software, other) > 0 &&
            vm->devices[i].table == SCENARIO_VM_TABLE_GUEST) {
            return other;
        }
    }
    return mine;
}

/** What a run has really mapped at the address that the device writes. */
static uint64_t mapped_doorbell(const struct adding *adding, uint32_t function, uint64_t otherwise)
{
    const struct vm_device *device = adding->system != NULL ? system_find_vm_device(adding->system, function) : NULL;
    uint64_t page;

    if (device == NULL) {
        return otherwise;
    }
    if (!io_page_table_lookup(&device->vm->stage2, device->message & PAGE_MASK, &page)) {
        return VERDICT_NO_ID;
    }
    return page + (device->message & ~PAGE_MASK);
}

/** Adds the doorbell page of a device to its domain. */
static void add_messages(const struct adding *adding, const struct scenario_vm *vm, size_t number, uint32_t domain)
{
    const struct scenario_vm_device *device = &vm->devices[number];
    uint32_t function = function_of(adding, device);
    struct assumption_function *judged = &adding->functions[function];
    uint64_t physical = judged->doorbell;
    uint64_t iova = VM_DOORBELL_IPA + IO_PAGE_BYTES * number;

    if (judged->its == ASSUMPTION_NONE || messages_count(adding->software, function) == 0) {
        return;
    }
    judged->message_known = true;
    if (device->table == SCENARIO_VM_TABLE_GUEST) {
        physical = adding->functions[page_owner(adding, vm, number)].doorbell;
        judged->guest_programs_msi = true;
        judged->guest_lpi_owner = judged->vm;
        iova = VM_ITS_IPA + VM_ITS_STRIDE * judged->its + TRANSLATER_PAGE;
        if (vm->smmu != SCENARIO_VM_SMMU_NONE) {
            iova = VM_IOVA_BASE + buffer_bytes(adding->scenario, device);
        }
    }
    physical = mapped_doorbell(adding, function, physical);
    judged->guest_doorbell = judged->guest_programs_msi ? physical : VERDICT_NO_ID;
    judged->message_leads_to = physical;
    add_doorbell(adding, domain, iova, physical & PAGE_MASK);
}

/* ---- Virtual IOMMUs ---- */

static bool has_smmu(const struct assumption_viommu *viommu, uint32_t smmu)
{
    for (size_t i = 0; i < viommu->smmu_count; i++) {
        if (viommu->smmus[i] == smmu) {
            return true;
        }
    }
    return false;
}

static void reach_smmu(struct assumption_viommu *viommu, uint32_t smmu)
{
    uint32_t *smmus = (uint32_t *)(uintptr_t)viommu->smmus;

    if (smmu != ASSUMPTION_NONE && !has_smmu(viommu, smmu)) {
        smmus[viommu->smmu_count++] = smmu;
    }
}

/** The guest's SMMU for a device: its own SMMU's, or the machine's only one. @param first of the machine's */
static struct assumption_viommu *viommu_for(const struct adding *adding, const struct scenario_vm *vm, uint32_t first,
                                            uint32_t smmu)
{
    struct vm_view *view = adding->view;
    struct assumption_viommu *viommu;

    for (uint32_t i = first; i < view->viommu_count; i++) {
        if (vm->smmu == SCENARIO_VM_SMMU_SINGLE || has_smmu(&view->viommus[i], smmu)) {
            return &view->viommus[i];
        }
    }
    viommu = &view->viommus[view->viommu_count++];
    viommu->name = copy_name(vm->smmu == SCENARIO_VM_SMMU_SINGLE ? "%s.smmu" : "%s.smmu for %s", vm->name,
                             smmu < adding->judged->smmu_count ? adding->judged->smmu_names[smmu] : "none");
    viommu->vm = (uint32_t)vm->index;
    viommu->direct_queue = vm->queue == SCENARIO_VM_QUEUE_DIRECT;
    viommu->smmus = sim_allocate(adding->judged->smmu_count, sizeof(*viommu->smmus));
    reach_smmu(viommu, smmu);
    return viommu;
}

/** A queue of the hardware reaches its own SMMU; an emulated one all of them, if it broadcasts. */
static void add_viommu(const struct adding *adding, const struct scenario_vm *vm, uint32_t first, uint32_t function)
{
    struct assumption_function *judged = &adding->functions[function];
    struct assumption_viommu *viommu = viommu_for(adding, vm, first, judged->smmu);

    if (!viommu->direct_queue && vm->without_stream_id == SCENARIO_VM_BROADCAST) {
        reach_smmu(viommu, judged->smmu);
    }
    judged->viommu = (uint32_t)(viommu - adding->view->viommus);
}

/* ---- The whole ---- */

static void add_vm(const struct adding *adding, const struct scenario_vm *vm)
{
    uint32_t first = adding->view->viommu_count;
    bool nested = vm->smmu != SCENARIO_VM_SMMU_NONE;
    uint32_t domain = 0;

    if (!nested) {
        domain = add_domain(adding, copy_name("of %s%s", vm->name, ""), vm->device_count);
        set_dma(adding, domain, VM_MEMORY_IPA, vm->memory, "the guest's memory");
    }
    for (size_t i = 0; i < vm->device_count; i++) {
        uint32_t function = function_of(adding, &vm->devices[i]);

        if (function == PCI_TREE_NONE) {
            continue;
        }
        if (nested) {
            domain = add_domain(adding, copy_name("of %s in %s", vm->devices[i].name, vm->name), 1);
            set_dma(adding, domain, VM_IOVA_BASE, buffer_bytes(adding->scenario, &vm->devices[i]), "DMA buffers");
            add_viommu(adding, vm, first, function);
        }
        adding->functions[function].domain = domain;
        adding->functions[function].vm = (uint32_t)vm->index;
        add_messages(adding, vm, i, domain);
    }
}

void vm_view_add(const struct scenario *scenario, const struct software *software, struct system *machines,
                 struct assumption_system *judged, struct assumption_function *functions,
                 struct assumption_domain *domains, struct vm_view *view)
{
    const struct adding adding = {.scenario = scenario,
                                  .software = software,
                                  .system = machines,
                                  .judged = judged,
                                  .functions = functions,
                                  .domains = domains,
                                  .view = view};

    view->names = sim_allocate(scenario->vm_count, sizeof(*view->names));
    view->viommus = sim_allocate(vm_view_domains(scenario), sizeof(*view->viommus));
    for (size_t i = 0; i < scenario->vm_count; i++) {
        view->names[i] = scenario->vms[i].name;
        add_vm(&adding, &scenario->vms[i]);
    }
    judged->vm_names = view->names;
    judged->vm_count = (uint32_t)scenario->vm_count;
    judged->viommus = view->viommus;
    judged->viommu_count = view->viommu_count;
}

void vm_view_clear(struct vm_view *view)
{
    for (uint32_t i = 0; i < view->viommu_count; i++) {
        free((void *)(uintptr_t)view->viommus[i].name);
        free((void *)(uintptr_t)view->viommus[i].smmus);
    }
    free(view->viommus);
    free(view->names);
}
