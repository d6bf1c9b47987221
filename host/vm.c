/* Making a virtual machine: its memory, its stage 2, its devices and vPEs. */
#include "host/vm.h"

#include "host/messages.h"
#include "host/smmu_ats.h"
#include "host/smmu_stream.h"
#include "models/smmuv3/smmu_formats.h"
#include "sim/allocate.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MEMORY_ALIGN    UINT64_C(0x200000)
#define MESSAGE_OFFSET  UINT64_C(0x40) /* GITS_TRANSLATER in its page */
#define TRANSLATER_PAGE UINT64_C(0x10000)
#define PAGE_MASK       (~(IO_PAGE_BYTES - 1))
#define RAM_PROTECTION  (IO_PAGE_READ | IO_PAGE_WRITE)
#define PAGE_PROTECTION (IO_PAGE_WRITE | IO_PAGE_MMIO)

/* ---- Stage 2 ---- */

bool vm_map_page(struct vm *vm, uint64_t ipa, uint64_t physical, uint32_t protection, struct host_error *error)
{
    uint64_t there;

    if (io_page_table_lookup(&vm->stage2, ipa, &there)) {
        return there == physical ||
               host_error_fail(error, EEXIST, "%s: two pages at IPA 0x%llx", vm->config.name, (unsigned long long)ipa);
    }
    return io_page_table_map(&vm->stage2, ipa, physical, protection) ||
           host_error_fail(error, ENOMEM, "%s: no memory for stage 2", vm->config.name);
}

static bool make_memory(struct vm *vm, struct host_error *error)
{
    struct host_ram *ram = &vm->host->software->ram;
    uint64_t size = vm->config.memory;

    vm->physical = host_ram_take(ram, size, MEMORY_ALIGN);
    if (vm->physical == 0 || !io_page_table_init_stage2(&vm->stage2, ram, IO_PAGE_BITS)) {
        return host_error_fail(error, ENOMEM, "%s: no memory for the guest", vm->config.name);
    }
    for (uint64_t offset = 0; offset < size; offset += IO_PAGE_BYTES) {
        if (!vm_map_page(vm, VM_MEMORY_IPA + offset, vm->physical + offset, RAM_PROTECTION, error)) {
            return false;
        }
    }
    vm->memory = memory_create_window(vm->host->hypervisor->sim, ram->memory, VM_MEMORY_IPA, vm->physical, size);
    vm->ram =
        (struct host_ram){.memory = vm->memory, .next = VM_MEMORY_IPA + IO_PAGE_BYTES, .end = VM_MEMORY_IPA + size};
    return true;
}

uint16_t vm_vmid(const struct vm *vm, uint32_t smmu)
{
    for (uint32_t i = 0; i < vm->stage2_user_count; i++) {
        if (vm->stage2_users[i].smmu == smmu) {
            return vm->stage2_users[i].vmid;
        }
    }
    return 0;
}

/* ---- Devices ---- */

struct vm_device *vm_find_device(struct vm *vm, uint32_t function)
{
    for (size_t i = 0; i < vm->config.device_count; i++) {
        if (vm->config.devices[i].function == function) {
            return &vm->devices[i];
        }
    }
    return NULL;
}

struct vm_device *vm_device_by_id(struct vm *vm, uint32_t id)
{
    return id >= 1 && id <= vm->config.device_count ? &vm->devices[id - 1] : NULL;
}

/** Where the address that the device will write leads to: the hardware's doorbell, by stage 2. */
static bool map_doorbell(struct vm_device *device, struct host_error *error)
{
    struct vm *vm = device->vm;
    uint64_t physical = device->doorbell & PAGE_MASK;

    if (device->config->guest_table) {
        uint64_t page = VM_ITS_IPA + device->vits * VM_ITS_STRIDE + TRANSLATER_PAGE;

        uint64_t there;

        device->message = page + MESSAGE_OFFSET;
        if (vm->config.single_its && io_page_table_lookup(&vm->stage2, page, &there)) {
            return true; /* it leads to another ITS, or to this one */
        }
        return vm_map_page(vm, page, physical, PAGE_PROTECTION, error);
    }
    for (uint32_t i = 0; i < vm->doorbell_pages; i++) {
        uint64_t there;

        if (io_page_table_lookup(&vm->stage2, VM_DOORBELL_IPA + i * IO_PAGE_BYTES, &there) && there == physical) {
            device->message = VM_DOORBELL_IPA + i * IO_PAGE_BYTES + (device->doorbell & ~PAGE_MASK);
            return true;
        }
    }
    device->message = VM_DOORBELL_IPA + vm->doorbell_pages * IO_PAGE_BYTES + (device->doorbell & ~PAGE_MASK);
    return vm_map_page(vm, VM_DOORBELL_IPA + vm->doorbell_pages++ * IO_PAGE_BYTES, physical, PAGE_PROTECTION, error);
}

/**
 * A device that the host lets ask for translations goes on doing so with stage 2 alone. A guest that translates is not
 * shown that its device can: it would have to invalidate what the device keeps. What it kept of the host's goes.
 */
static bool keep_ats(struct vm_device *device, struct host_error *error)
{
    struct software *software = device->vm->host->software;
    const struct domain none = {.kind = DOMAIN_BLOCKED};

    return device->vm->config.smmu != VM_SMMU_NONE
               ? services_before_attach(software, device->config->function, &none, error)
               : attachment_invalidate(&software->functions[device->config->function].attachment, 0, 0, SMMU_ATS_ALL,
                                       error);
}

/** The stream now has the machine's stage 2, or nothing, until the guest has given its own SMMU an entry for it. */
static bool take_stream(struct vm_device *device, struct host_error *error)
{
    struct vm *vm = device->vm;
    const struct software_function *function = &vm->host->software->functions[device->config->function];
    struct smmu_stream_setting setting = {.config = SMMU_STE_CONFIG_ABORT};

    if (!keep_ats(device, error)) {
        return false;
    }
    if (vm->config.smmu == VM_SMMU_NONE) {
        setting.eats = function->services.ats ? SMMU_EATS_FULL : SMMU_EATS_NONE;
        setting.page_response_pasid = function->services.response_pasid;
        setting.config = SMMU_STE_CONFIG_S2;
        setting.vmid = vm_vmid(vm, device->smmu);
        setting.stage2 = &vm->stage2;
    }
    return smmu_stream_set(&vm->host->software->smmus[device->smmu], device->stream_id, &setting, error);
}

static bool take_device(struct vm_device *device, struct host_error *error)
{
    device->events = sim_allocate(device->event_count, sizeof(*device->events));
    device->table_shadow = sim_allocate(device->event_count, 16);
    device->iova_next = VM_IOVA_BASE;
    return (device->event_count == 0 || map_doorbell(device, error)) && take_stream(device, error);
}

/* ---- Virtual CPUs ---- */

/** An LPI of the host's for a vPE's doorbell. */
static bool take_doorbell(struct vm *vm, struct vcpu *vcpu, uint32_t *intid, struct host_error *error)
{
    struct lpi_pool *pool = &vm->host->software->lpis;
    const struct hypervisor_lpi lpi = {.kind = HYPERVISOR_LPI_DOORBELL, .vcpu = vcpu};

    if (pool->next_intid >> pool->id_bits != 0) {
        return host_error_fail(error, ENOSPC, "%s: no LPI is left for a doorbell", vm->config.name);
    }
    *intid = pool->next_intid++;
    memory_write8(pool->ram->memory, pool->configuration + (*intid - LPI_FIRST), LPI_PRIORITY | 2 | 1);
    hypervisor_set_lpi(vm->host->hypervisor, *intid, &lpi);
    return true;
}

static bool wants_vpes(const struct vm *vm)
{
    bool direct = vm->config.direct_sgis && vm->config.ipi_period != 0 && vm->host->hypervisor->vpes.v4_1;

    for (size_t i = 0; i < vm->config.device_count; i++) {
        direct = direct || vm->config.devices[i].direct;
    }
    return direct && vm->host->hypervisor->has_vpes;
}

static bool make_vcpu(struct vm *vm, uint32_t number, struct host_error *error)
{
    struct vcpu *vcpu = &vm->vcpus[number];
    uint32_t doorbell = 0;

    vcpu->vm = vm->number;
    vcpu->number = number;
    vcpu->first_pe = vm->config.first_pe;
    vcpu->pe_count = vm->config.pe_count;
    vcpu->busy = vm->config.busy;
    hypervisor_add_vcpu(vm->host->hypervisor, vcpu);
    if (!wants_vpes(vm)) {
        return true;
    }
    vcpu->has_vpe = true;
    return take_doorbell(vm, vcpu, &doorbell, error) &&
           vpe_driver_create(&vm->host->hypervisor->vpes, &vcpu->vpe, vcpu->pe->number, doorbell, error);
}

/* ---- The whole ---- */

static void count(struct vm *vm, const char *name, const uint64_t *value)
{
    sim_counter_register(&vm->component, name, value);
}

/** The machine does nothing as a component; it is one so that its counters have a name to stand under. */
static sim_time sleep_on(struct sim_component *component, sim_time now)
{
    (void)component;
    (void)now;
    return SIM_TIME_NEVER;
}

static void register_counters(struct vm *vm)
{
    struct sim *sim = vm->host->hypervisor->sim;

    sim_component_init(&vm->component, sim, sim_strdup(sim, vm->config.name), SIM_NS, sleep_on);
    count(vm, "traps", &vm->counters.traps);
    count(vm, "injected", &vm->counters.injected);
    count(vm, "doorbells", &vm->counters.doorbells);
    count(vm, "idle_doorbells", &vm->counters.idle_doorbells);
    count(vm, "doorbell_commands", &vm->counters.doorbell_commands);
    count(vm, "loads", &vm->counters.loads);
    count(vm, "its_commands", &vm->counters.its_commands);
    count(vm, "smmu_commands", &vm->counters.smmu_commands);
    count(vm, "direct_events", &vm->counters.direct_events);
    count(vm, "invalidations", &vm->counters.invalidations);
    count(vm, "invalidation_ns", &vm->counters.invalidation_ns);
    count(vm, "invalidation_max_ns", &vm->counters.invalidation_max_ns);
    count(vm, "remaps", &vm->counters.remaps);
    count(vm, "moves", &vm->counters.moves);
    count(vm, "events", &vm->counters.events);
    count(vm, "events_lost", &vm->counters.events_lost);
    count(vm, "event_interrupts", &vm->counters.event_interrupts);
    count(vm, "events_handled", &vm->counters.events_handled);
    count(vm, "event_max_ns", &vm->counters.event_max_ns);
    count(vm, "command_errors", &vm->counters.command_errors);
    count(vm, "command_error_max_ns", &vm->counters.command_error_max_ns);
    count(vm, "error_interrupts", &vm->counters.error_interrupts);
    count(vm, "ipis", &vm->counters.ipis);
    count(vm, "ipis_handled", &vm->counters.ipis_handled);
    count(vm, "ipis_timed", &vm->counters.ipis_timed);
    count(vm, "ipi_ns", &vm->counters.ipi_ns);
    count(vm, "ipi_max_ns", &vm->counters.ipi_max_ns);
    count(vm, "pages_mapped", &vm->counters.pages_mapped);
    count(vm, "boot_ns", &vm->counters.boot_ns);
}

void vm_prepare(struct vm *vm, const struct vm_host *host, uint32_t number, const struct vm_config *config)
{
    memset(vm, 0, sizeof(*vm));
    vm->config = *config;
    vm->number = number;
    vm->host = host;
    register_counters(vm);
    /* SGIs and messages of SMMUs: one is pending for each, and one more may be on its way to it. */
    sim_packet_reserve(host->hypervisor->sim, 2 * (config->vcpus + VM_SMMU_ALL_WIRES * VM_MAX_SMMUS), false);
}

bool vm_create(struct vm *vm, struct host_error *error)
{
    if (!vm_admit(vm, error) || !make_memory(vm, error)) {
        return false;
    }
    for (uint32_t i = 0; i < vm->config.vcpus; i++) {
        if (!make_vcpu(vm, i, error)) {
            return false;
        }
    }
    for (uint32_t i = 0; i < vm->config.device_count; i++) {
        if (!take_device(&vm->devices[i], error)) {
            return false;
        }
    }
    vm_its_init(vm);
    vm_smmu_init(vm);
    vm_guest_init(vm);
    return true;
}

void vm_release(struct vm *vm)
{
    for (uint32_t i = 0; i < vm->its_count; i++) {
        its_driver_release(&vm->itss[i].driver);
    }
    for (uint32_t i = 0; i < vm->smmu_count; i++) {
        smmu_driver_release(&vm->smmus[i].driver);
    }
    for (size_t i = 0; vm->devices != NULL && i < vm->config.device_count; i++) {
        free(vm->devices[i].events);
        free(vm->devices[i].table_shadow);
    }
    free(vm->devices);
    vm->devices = NULL;
}

void vm_add_region(struct vm *vm, uint64_t base, uint64_t size,
                   void (*access)(void *context, struct host_port_access *access), void *context)
{
    if (vm->region_count == VM_MAX_REGIONS) {
        sim_panic(vm->host->hypervisor->sim, NULL, NULL, "%s: more than %u ranges of registers", vm->config.name,
                  VM_MAX_REGIONS);
    }
    vm->regions[vm->region_count++] =
        (struct vm_region){.base = base, .size = size, .access = access, .context = context};
}

void vm_add_direct_region(struct vm *vm, uint64_t base, uint64_t size, uint64_t physical)
{
    vm_add_region(vm, base, size, NULL, NULL);
    vm->regions[vm->region_count - 1].physical = physical;
}

static void collect_ipis(struct vm *vm)
{
    struct vm_counters *counters = &vm->counters;

    counters->ipis = 0;
    counters->ipis_handled = 0;
    counters->ipis_timed = 0;
    counters->ipi_ns = 0;
    counters->ipi_max_ns = 0;
    for (uint32_t i = 0; i < vm->config.vcpus; i++) {
        const struct vcpu_ipi *ipi = &vm->vcpus[i].ipi;

        counters->ipis += ipi->sent;
        counters->ipis_handled += ipi->handled;
        counters->ipis_timed += ipi->timed;
        counters->ipi_ns += ipi->ns;
        counters->ipi_max_ns = ipi->max_ns > counters->ipi_max_ns ? ipi->max_ns : counters->ipi_max_ns;
    }
}

void vm_collect(struct vm *vm)
{
    collect_ipis(vm);
    vm->counters.traps = 0;
    vm->counters.injected = 0;
    vm->counters.doorbells = 0;
    vm->counters.idle_doorbells = 0;
    vm->counters.doorbell_commands = 0;
    vm->counters.loads = 0;
    vm->counters.its_commands = 0;
    vm->counters.smmu_commands = 0;
    for (uint32_t i = 0; i < vm->config.vcpus; i++) {
        vm->counters.traps += vm->vcpus[i].traps;
        vm->counters.injected += vm->vcpus[i].injected;
        vm->counters.doorbells += vm->vcpus[i].wakes_by_doorbell;
        vm->counters.idle_doorbells += vm->vcpus[i].idle_doorbells;
        vm->counters.doorbell_commands += vm->vcpus[i].vpe.doorbell_cost;
        vm->counters.loads += vm->vcpus[i].loads;
    }
    for (uint32_t i = 0; i < vm->its_count; i++) {
        vm->counters.its_commands += vm->itss[i].commands;
    }
    for (uint32_t i = 0; i < vm->smmu_count; i++) {
        vm->counters.smmu_commands += vm->smmus[i].commands;
    }
}
