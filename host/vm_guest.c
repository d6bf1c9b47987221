/*
 * A guest's own code, on its first virtual CPU: it brings its hardware up by the drivers that the host uses too, and
 * then moves DMA buffers, if it is told to. What it computes, and the registers that trap, take their time.
 */
#include "host/smmu_stream.h"
#include "host/vm.h"

#include <errno.h>

#define GUEST_LPI_BITS      14u
#define GUEST_ITS_COMMANDS  128u
#define GUEST_SMMU_QUEUE    6u
#define MESSAGE_OFFSET      UINT64_C(0x40)
#define TRANSLATER_PAGE     UINT64_C(0x10000)
#define PAGE_MASK           (~(IO_PAGE_BYTES - 1))
#define BUFFER_PROTECTION   (IO_PAGE_READ | IO_PAGE_WRITE | IO_PAGE_USER | IO_PAGE_NOEXEC)
#define DOORBELL_PROTECTION (IO_PAGE_WRITE | IO_PAGE_USER | IO_PAGE_MMIO | IO_PAGE_NOEXEC)

static struct vcpu *first_vcpu(struct vm *vm)
{
    return &vm->vcpus[0];
}

/* ---- How a guest reaches registers ---- */

static const struct vm_region *find_region(const struct vm *vm, uint64_t address)
{
    for (uint32_t i = 0; i < vm->region_count; i++) {
        if (address >= vm->regions[i].base && address - vm->regions[i].base < vm->regions[i].size) {
            return &vm->regions[i];
        }
    }
    return NULL;
}

static void perform(void *context, struct host_port_access *access)
{
    struct vm *vm = context;
    struct vcpu *vcpu = first_vcpu(vm);
    const struct hypervisor_costs *costs = &vm->host->hypervisor->config.costs;
    const struct vm_region *region = find_region(vm, access->address);
    uint64_t address = access->address;

    vcpu_compute(vcpu, costs->guest_step);
    if (region == NULL) {
        access->status = SIM_STATUS_UR;
    } else if (region->access == NULL) {
        access->address = region->physical + (address - region->base);
        task_perform(vcpu->guest, access);
        access->address = address;
    } else {
        vcpu_trap(vcpu);
        task_sleep(vcpu->guest, costs->emulate);
        region->access(region->context, access);
        vcpu_untrap(vcpu);
        task_sleep(vcpu->guest, costs->enter);
    }
}

/** Handlers of errors run when their interrupt has come, whatever the code is at: it may wait for that very queue. */
static void take_errors(struct vm *vm)
{
    struct vcpu *vcpu = first_vcpu(vm);

    if ((vcpu->work & vm->error_work) == 0 || vcpu->work_at > sim_now(vm->host->hypervisor->sim)) {
        return;
    }
    vcpu->work &= ~vm->error_work;
    for (uint32_t i = 0; i < vm->smmu_count; i++) {
        vm_smmu_take_errors(&vm->smmus[i]);
    }
}

static void wait(void *context, sim_time duration)
{
    vcpu_compute(first_vcpu(context), duration);
    take_errors(context);
}

static const struct host_access_ops guest_ops = {.perform = perform, .wait = wait};

/* ---- Bringing its hardware up ---- */

static bool start_gic(struct vm *vm, struct host_error *error)
{
    if (vm->its_count == 0) {
        return true;
    }
    vm->lpis = (struct lpi_pool){.access = &vm->access,
                                 .ram = &vm->ram,
                                 .redistributor_base = VM_REDISTRIBUTOR_IPA,
                                 .redistributor_stride = VM_REDISTRIBUTOR_SIZE,
                                 .pe_count = vm->config.vcpus,
                                 .id_bits = GUEST_LPI_BITS};
    if (!lpi_pool_start(&vm->lpis, error)) {
        return false;
    }
    for (uint32_t i = 0; i < vm->its_count; i++) {
        const struct its_driver_config config = {
            .name = vm->config.name, .base = vm->itss[i].base, .command_count = GUEST_ITS_COMMANDS};

        if (!its_driver_start(&vm->itss[i].driver, &vm->access, &vm->ram, &vm->lpis, &config, error)) {
            return false;
        }
    }
    return true;
}

static bool start_smmus(struct vm *vm, struct host_error *error)
{
    for (uint32_t i = 0; i < vm->smmu_count; i++) {
        struct vm_smmu *smmu = &vm->smmus[i];
        const struct smmu_driver_config config = {.name = smmu->name,
                                                  .base = smmu->base,
                                                  .command_queue_log2 = GUEST_SMMU_QUEUE,
                                                  .event_queue_log2 = GUEST_SMMU_QUEUE - 1};

        if (!smmu_driver_start(&smmu->driver, &vm->access, &vm->ram, &config, error) ||
            !vm_smmu_start_interrupts(smmu, error) || (vm->config.direct_queue && !vm_cmdqv_start(smmu, error))) {
            return false;
        }
    }
    return true;
}

/** Physical address behind an address of the guest's memory. */
static uint64_t physical_of(const struct vm *vm, uint64_t ipa)
{
    return ipa - VM_MEMORY_IPA + vm->physical;
}

static bool map_buffer(struct vm_device *device, const struct vm_buffer *buffer, unsigned place,
                       struct host_error *error)
{
    uint64_t ipa = buffer->ipa[place][buffer->pages[place]];

    for (uint64_t offset = 0; offset < buffer->size; offset += IO_PAGE_BYTES) {
        if (!io_page_table_map(&device->stage1, buffer->address[place] + offset, ipa + offset, BUFFER_PROTECTION)) {
            return host_error_fail(error, ENOMEM, "%s: the guest cannot map a buffer", device->config->name);
        }
        if (!stale_mapped(device->vm->host->stale, device->config->function, physical_of(device->vm, ipa + offset))) {
            return host_error_fail(error, ENOMEM, "%s: more pages than the checker of stale translations knows",
                                   device->config->name);
        }
    }
    return true;
}

/** The guest maps what its device will write messages to: its own ITS's page, or the page that it was told (C12). */
static bool map_messages(struct vm_device *device, struct host_error *error)
{
    uint64_t page = device->message & PAGE_MASK;
    uint64_t iova = page;

    if (device->config->guest_table) {
        iova = device->iova_next;
        device->iova_next += IO_PAGE_BYTES;
        device->guest_message = iova + (device->message & ~PAGE_MASK);
    }
    return io_page_table_map(&device->stage1, iova, page, DOORBELL_PROTECTION) ||
           host_error_fail(error, ENOMEM, "%s: the guest cannot map its doorbell", device->config->name);
}

static bool start_translation(struct vm_device *device, struct host_error *error)
{
    struct vm *vm = device->vm;
    struct smmu_driver *driver;
    uint64_t context;

    device->guest_message = device->message;
    if (device->vsmmu == NULL) {
        return true;
    }
    driver = &device->vsmmu->driver;
    if (!io_page_table_init(&device->stage1, &vm->ram, IO_PAGE_BITS)) {
        return host_error_fail(error, ENOMEM, "%s: no memory for the guest's tables", device->config->name);
    }
    if (device->event_count > 0 && !map_messages(device, error)) {
        return false;
    }
    for (uint32_t i = 0; i < device->buffer_count; i++) {
        for (unsigned place = 0; place < (device->config->remap != 0 ? 2u : 1u); place++) {
            if (!map_buffer(device, &device->buffers[i], place, error)) {
                return false;
            }
        }
    }
    device->asid = driver->next_asid;
    context = smmu_driver_make_context(driver, &device->stage1);
    return context != 0 && smmu_driver_attach_stage1(driver, device->number + 1, context, error);
}

static bool start_interrupts(struct vm_device *device, struct host_error *error)
{
    struct vm *vm = device->vm;
    struct its_driver *its = &vm->itss[device->vits].driver;
    uint64_t table = VM_TABLE_IPA + device->number * VM_TABLE_STRIDE;
    uint64_t message = device->config->guest_table ? device->guest_message : its_driver_doorbell(its);

    if (device->event_count == 0) {
        return true;
    }
    if (!its_driver_map_device(its, device->number + 1, device->event_count, error)) {
        return false;
    }
    for (uint32_t i = 0; i < device->event_count; i++) {
        uint64_t entry = table + UINT64_C(16) * i;
        uint32_t intid;

        if (!its_driver_map_event(its, device->number + 1, i, i % vm->config.vcpus, &intid, error)) {
            return false;
        }
        host_write32(&vm->access, entry + 12, 1);
        host_write32(&vm->access, entry, (uint32_t)message);
        host_write32(&vm->access, entry + 4, (uint32_t)(message >> 32));
        host_write32(&vm->access, entry + 8, i);
        host_write32(&vm->access, entry + 12, 0);
    }
    return its_driver_sync(its, error);
}

static bool sends_ipis(const struct vm *vm)
{
    return vm->config.ipi_period != 0 && vm->config.vcpus > 1;
}

static bool boot(struct vm *vm, struct host_error *error)
{
    if (!start_gic(vm, error) || !start_smmus(vm, error)) {
        return false;
    }
    if (sends_ipis(vm)) {
        vm_start_sgis(vm);
    }
    for (size_t i = 0; i < vm->config.device_count; i++) {
        if (!start_translation(&vm->devices[i], error) || !start_interrupts(&vm->devices[i], error)) {
            return false;
        }
    }
    return true;
}

/* ---- Moving buffers ---- */

static bool invalidate(struct vm_device *device, uint64_t iova, struct host_error *error)
{
    struct vm *vm = device->vm;
    struct sim *sim = vm->host->hypervisor->sim;
    sim_time begin = sim_now(sim);
    uint64_t took;
    bool fine = vm->config.direct_queue ? vm_cmdqv_invalidate(device->vsmmu, device->asid, iova, error)
                                        : smmu_invalidate_page(&device->vsmmu->driver, device->asid, iova, error);

    took = (uint64_t)((sim_now(sim) - begin) / SIM_NS);
    vm->counters.invalidations++;
    vm->counters.invalidation_ns += took;
    vm->counters.invalidation_max_ns =
        took > vm->counters.invalidation_max_ns ? took : vm->counters.invalidation_max_ns;
    return fine;
}

/** The place that the device does not use gets other pages, and the device is told to use it. */
static bool move_buffer(struct vm_device *device, struct vm_buffer *buffer, struct host_error *error)
{
    struct vm *vm = device->vm;
    struct hypervisor *hypervisor = vm->host->hypervisor;
    unsigned place = 1 - buffer->place;
    uint64_t ipa = buffer->ipa[place][buffer->pages[place]];

    for (uint64_t offset = 0; offset < buffer->size; offset += IO_PAGE_BYTES) {
        uint64_t iova = buffer->address[place] + offset;

        if (!io_page_table_unmap(&device->stage1, iova) || !invalidate(device, iova, error)) {
            return host_error_set(error, "%s: the guest cannot unmap a buffer", device->config->name);
        }
        stale_retired(vm->host->stale, physical_of(vm, ipa + offset), sim_now(hypervisor->sim));
    }
    buffer->pages[place] = 1 - buffer->pages[place];
    if (!map_buffer(device, buffer, place, error)) {
        return false;
    }
    vcpu_compute(first_vcpu(vm), hypervisor->config.costs.guest_step);
    buffer->place = place;
    vm->counters.remaps++;
    vm->host->move_buffer(vm->host->context, device->config->endpoint, device->config->in_device, buffer->stream,
                          buffer->address[place], buffer->used);
    return true;
}

/* ---- Actions ---- */

#define CMD_MOVI 0x01u

/** The guest's driver sets an interrupt's affinity: its collection changes. */
static bool move_interrupt(struct vm *vm, const struct vm_action_config *action, struct host_error *error)
{
    const struct vm_device *device = &vm->devices[action->device];
    struct its_driver *its = &vm->itss[device->vits].driver;
    const uint64_t dw[4] = {CMD_MOVI | (uint64_t)(device->number + 1) << 32, action->vector, action->vcpu, 0};

    if (action->vector >= device->event_count) {
        return host_error_fail(error, EINVAL, "%s: %s has no vector %u", vm->config.name, device->config->name,
                               action->vector);
    }
    vm->counters.moves++;
    return its_driver_issue(its, dw, error) && its_driver_sync(its, error);
}

/** The guest's driver invalidates what may be cached of a device's buffers, page by page, as after unmapping them. */
static bool invalidate_buffers(struct vm_device *device, struct host_error *error)
{
    for (uint32_t i = 0; i < device->buffer_count; i++) {
        const struct vm_buffer *buffer = &device->buffers[i];

        for (uint64_t offset = 0; offset < buffer->size; offset += IO_PAGE_BYTES) {
            if (!invalidate(device, buffer->address[buffer->place] + offset, error)) {
                return false;
            }
        }
    }
    return true;
}

/** A driver with a defect: what it puts into the queue of a device's SMMU is no command. It waits for nothing. */
static bool send_bad_command(struct vm_device *device, struct host_error *error)
{
    struct vm_smmu *smmu = device->vsmmu;

    smmu->bad_since = sim_now(device->vm->host->hypervisor->sim);
    if (device->vm->config.direct_queue) {
        vm_cmdqv_send_bad_command(smmu);
        return true;
    }
    return smmu_driver_issue(&smmu->driver, 0, 0, error);
}

static bool act_as_planned(struct vm *vm, const struct vm_action_config *action, struct host_error *error)
{
    switch (action->act) {
    case VM_INVALIDATE:
        return invalidate_buffers(&vm->devices[action->device], error);
    case VM_BAD_COMMAND:
        return send_bad_command(&vm->devices[action->device], error);
    default:
        return move_interrupt(vm, action, error);
    }
}

/** The hypervisor's part: virtual CPUs go to other PEs. */
static void run_control(void *context)
{
    struct vm *vm = context;
    struct sim *sim = vm->host->hypervisor->sim;

    while (!vm->loaded) {
        task_wait(vm->control);
    }
    for (size_t i = 0; i < vm->config.action_count; i++) {
        const struct vm_action_config *action = &vm->config.actions[i];

        if (action->act != VM_MOVE_VCPU) {
            continue;
        }
        if (vm->start + action->at > sim_now(sim)) {
            task_sleep(vm->control, vm->start + action->at - sim_now(sim));
        }
        vm->counters.moves++;
        vcpu_move(&vm->vcpus[action->vcpu], action->pe);
    }
}

/* ---- What the guest's code does while traffic runs ---- */

/** The guest's next action from @p first on; action_count if there is none. */
static size_t next_action(const struct vm *vm, size_t first)
{
    while (first < vm->config.action_count && vm->config.actions[first].act == VM_MOVE_VCPU) {
        first++;
    }
    return first;
}

/** The device whose buffers are next to move. */
static uint32_t next_device(const struct vm *vm, const sim_time *due)
{
    uint32_t next = UINT32_MAX;

    for (uint32_t i = 0; i < vm->config.device_count; i++) {
        if (vm->config.devices[i].remap != 0 && vm->devices[i].buffer_count > 0 &&
            (next == UINT32_MAX || due[i] < due[next])) {
            next = i;
        }
    }
    return next;
}

static bool move_buffers(struct vm_device *device, struct host_error *error)
{
    for (uint32_t i = 0; i < device->buffer_count; i++) {
        if (!move_buffer(device, &device->buffers[i], error)) {
            return false;
        }
    }
    return true;
}

/** What the guest's code has to do, and when. */
struct guest_load {
    sim_time due[VM_MAX_DEVICES]; /**< each device's buffers */
    size_t action;
    sim_time ipi;
    uint32_t ipi_target;
};

enum guest_act {
    GUEST_ACTION,
    GUEST_IPI,
    GUEST_BUFFERS,
};

/** What comes next, and when: SIM_TIME_NEVER if nothing does. */
static enum guest_act next_act(const struct vm *vm, const struct guest_load *load, uint32_t *device, sim_time *at)
{
    sim_time action =
        load->action < vm->config.action_count ? vm->start + vm->config.actions[load->action].at : SIM_TIME_NEVER;

    *device = next_device(vm, load->due);
    *at = *device != UINT32_MAX ? load->due[*device] : SIM_TIME_NEVER;
    if (action <= sim_time_min(*at, load->ipi)) {
        *at = action;
        return GUEST_ACTION;
    }
    if (load->ipi <= *at) {
        *at = load->ipi;
        return GUEST_IPI;
    }
    return GUEST_BUFFERS;
}

static bool act(struct vm *vm, struct guest_load *load, enum guest_act what, uint32_t device, struct host_error *error)
{
    const struct sim *sim = vm->host->hypervisor->sim;

    switch (what) {
    case GUEST_ACTION:
        if (!act_as_planned(vm, &vm->config.actions[load->action], error)) {
            return false;
        }
        load->action = next_action(vm, load->action + 1);
        return true;
    case GUEST_IPI:
        vm_send_ipi(vm, load->ipi_target);
        load->ipi_target = load->ipi_target + 1 < vm->config.vcpus ? load->ipi_target + 1 : 1;
        load->ipi += vm->config.ipi_period;
        return true;
    default:
        if (!move_buffers(&vm->devices[device], error)) {
            return false;
        }
        /* From now: what the device had under way to the place that it left must have come to its end. */
        load->due[device] = sim_now(sim) + vm->config.devices[device].remap;
        return true;
    }
}

/** The guest waits; what its SMMUs' interrupt has told of in the meantime it reads. */
static void wait_for_work(struct vm *vm, sim_time duration)
{
    const uint32_t work = vcpu_idle(first_vcpu(vm), duration);

    for (uint32_t i = 0; (work & vm->error_work) != 0 && i < vm->smmu_count; i++) {
        vm_smmu_take_errors(&vm->smmus[i]);
    }
    for (uint32_t i = 0; (work & ~vm->error_work) != 0 && i < vm->smmu_count; i++) {
        vm_smmu_take_events(&vm->smmus[i]);
    }
}

static bool run_loads(struct vm *vm, struct host_error *error)
{
    const struct hypervisor *hypervisor = vm->host->hypervisor;
    struct guest_load load = {.action = next_action(vm, 0), .ipi = SIM_TIME_NEVER, .ipi_target = 1};

    for (uint32_t i = 0; i < vm->config.device_count; i++) {
        load.due[i] = sim_now(hypervisor->sim) + vm->config.devices[i].remap;
    }
    if (sends_ipis(vm)) {
        load.ipi = vm->start + vm->config.ipi_period;
    }
    for (;;) {
        uint32_t device;
        sim_time at;
        enum guest_act what = next_act(vm, &load, &device, &at);
        sim_time now = sim_now(hypervisor->sim);

        if (at >= hypervisor->end && vm->smmu_count == 0) {
            return true;
        }
        if (at >= hypervisor->end) {
            wait_for_work(vm, SIM_TIME_NEVER);
        } else if (at > now) {
            wait_for_work(vm, at - now);
        } else if (!act(vm, &load, what, device, error)) {
            return false;
        }
    }
}

/* ---- The task ---- */

static void run_guest(void *context)
{
    struct vm *vm = context;
    struct hypervisor *hypervisor = vm->host->hypervisor;
    struct vcpu *vcpu = first_vcpu(vm);
    struct host_error error = {.text = ""};
    sim_time begin = sim_now(hypervisor->sim);
    bool fine = boot(vm, &error);

    vm->counters.boot_ns = (uint64_t)((sim_now(hypervisor->sim) - begin) / SIM_NS);
    vm->booted = fine;
    vcpu_retire(vcpu);
    while (fine && !vm->loaded) {
        task_wait(vcpu->guest);
    }
    vcpu->active = fine;
    if (fine) {
        vcpu_wake(vcpu);
        fine = run_loads(vm, &error);
    }
    if (!fine) {
        hypervisor_fail(hypervisor, &error);
    }
    vcpu_retire(vcpu);
}

void vm_guest_init(struct vm *vm)
{
    host_access_init(&vm->access, vm->host->hypervisor->sim, NULL, vm->memory);
    host_access_divert(&vm->access, &guest_ops, vm);
}

void vm_start(struct vm *vm)
{
    struct sim *sim = vm->host->hypervisor->sim;

    vcpu_set_guest(first_vcpu(vm), sim_printf(sim, "%s.guest", vm->config.name), run_guest, vm);
    if (vm->config.action_count > 0) {
        vm->control =
            task_create(vm->host->hypervisor->tasks, sim_printf(sim, "%s.control", vm->config.name), run_control, vm);
    }
    /* The others come up too, find nothing to do, and wait: from then on a doorbell can wake them. */
    for (uint32_t i = 1; i < vm->config.vcpus; i++) {
        vcpu_wake(&vm->vcpus[i]);
    }
}

void vm_start_load(struct vm *vm, sim_time start)
{
    vm->loaded = true;
    vm->start = start;
    task_signal(first_vcpu(vm)->guest);
    if (vm->control != NULL) {
        task_signal(vm->control);
    }
}
