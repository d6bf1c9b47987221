/*
 * The interrupts of a guest's SMMU: its event queue was empty and is no more; an error is active in GERROR; a virtual
 * command queue of the hardware has one. The first two are messages to the guest's first ITS, which no hardware
 * carries: the monitor in user space sends the message, the hypervisor finds the LPI in the guest's ITS and makes it
 * pending in a list register. A guest without an ITS has a wire to an SPI for each; the third is such a wire always.
 * Events are so whoever carries the guest's commands: a queue of the hardware has no part in them (E12).
 */
#include "host/vm.h"

#define EVENTQ_IRQ_CFG0 0x00b0u
#define GERROR_IRQ_CFG0 0x0068u
#define IRQ_CFG1        0x0008u /* from CFG0 on */
#define IRQ_CFG2        0x000cu
#define IRQ_CTRL        0x0050u
#define IRQ_CTRL_GERROR (1u << 0)
#define IRQ_CTRL_EVENTQ (1u << 2)
#define WIRED_PRIORITY  0xa0u

/** The guest's configuration byte of an LPI: priority in bits 7:2. */
#define LPI_ENABLED 1u

uint32_t vm_smmu_device_id(const struct vm_smmu *smmu)
{
    return VM_MAX_DEVICES + 1 + smmu->number;
}

struct vm_smmu *vm_smmu_by_device_id(struct vm *vm, uint32_t id)
{
    return id > VM_MAX_DEVICES && id - VM_MAX_DEVICES <= vm->smmu_count ? &vm->smmus[id - VM_MAX_DEVICES - 1] : NULL;
}

/** SPI of an interrupt that is a wire; in a guest with an ITS it has the message's place. */
static uint32_t spi_of(const struct vm_smmu *smmu, enum vm_smmu_wire wire)
{
    return VM_SMMU_SPI + VM_SMMU_ALL_WIRES * smmu->number + (uint32_t)wire;
}

/* ---- The hypervisor's side ---- */

static void inject(struct vm_smmu *smmu, enum vm_smmu_wire wire, struct vcpu *vcpu, uint32_t intid, uint8_t priority)
{
    if (wire == VM_SMMU_EVENTS) {
        smmu->vm->counters.event_interrupts++;
    } else {
        smmu->vm->counters.error_interrupts++;
    }
    vcpu_inject(vcpu, sim_packet_new(vcpu->hypervisor->sim, 0), intid, priority);
}

void vm_smmu_send_message(struct vm_smmu *smmu, enum vm_smmu_wire wire)
{
    struct vm *vm = smmu->vm;
    struct vm_smmu_interrupt *interrupt = &smmu->interrupts[wire];
    const struct vm_event *event = &interrupt->event;
    uint8_t configuration;

    interrupt->held = true;
    if (!event->mapped) {
        return;
    }
    configuration = vm_lpi_configuration(vm, event->intid);
    if ((configuration & LPI_ENABLED) == 0) {
        return;
    }
    interrupt->held = false;
    inject(smmu, wire, &vm->vcpus[vm->itss[0].collections[event->collection % VM_MAX_VCPUS] % vm->config.vcpus],
           event->intid, configuration & 0xfc);
}

static void signal(struct vm_smmu *smmu, enum vm_smmu_wire wire)
{
    const struct vm_smmu_interrupt *interrupt = &smmu->interrupts[wire];

    if (interrupt->address == 0) {
        inject(smmu, wire, &smmu->vm->vcpus[0], spi_of(smmu, wire), WIRED_PRIORITY);
    } else if (interrupt->address == its_driver_doorbell(&smmu->vm->itss[0].driver) &&
               interrupt->data == (uint32_t)wire) {
        vm_smmu_send_message(smmu, wire);
    }
}

void vm_smmu_signal(struct vm_smmu *smmu)
{
    smmu->event_since = sim_now(smmu->vm->host->hypervisor->sim);
    if ((smmu->irq_control & IRQ_CTRL_EVENTQ) != 0) {
        signal(smmu, VM_SMMU_EVENTS);
    }
}

void vm_smmu_raise(struct vm_smmu *smmu, uint32_t errors)
{
    const uint32_t fresh = errors & ~(smmu->gerror ^ smmu->gerrorn);

    smmu->gerror ^= fresh;
    if (fresh != 0 && (smmu->irq_control & IRQ_CTRL_GERROR) != 0) {
        signal(smmu, VM_SMMU_ERRORS);
    }
}

bool vm_report_queue_error(struct vm *vm, uint32_t smmu, uint32_t vintf, uint64_t map)
{
    for (uint32_t i = 0; i < vm->smmu_count; i++) {
        struct vm_smmu *mine = &vm->smmus[i];

        if (mine->vintf != vintf || mine->viommus[0].hardware.smmu != smmu) {
            continue;
        }
        mine->queue_errors = map;
        inject(mine, VM_SMMU_QUEUE, &vm->vcpus[0], spi_of(mine, VM_SMMU_QUEUE), WIRED_PRIORITY);
        return true;
    }
    return false;
}

/* ---- The guest's side ---- */

/** Has the guest's code do something when an interrupt has been handled. */
static void expect_work(struct vm *vm, uint32_t intid, bool of_errors)
{
    struct vcpu *vcpu = &vm->vcpus[0];

    if (of_errors) {
        vm->error_work |= 1u << vcpu->work_count;
    }
    vcpu->work_intids[vcpu->work_count++] = intid;
}

static bool start_interrupt(struct vm_smmu *smmu, enum vm_smmu_wire wire, struct host_error *error)
{
    const uint64_t registers = smmu->base + (wire == VM_SMMU_EVENTS ? EVENTQ_IRQ_CFG0 : GERROR_IRQ_CFG0);
    struct vm *vm = smmu->vm;
    struct its_driver *its = &vm->itss[0].driver;
    uint32_t intid = spi_of(smmu, wire);

    if (vm->its_count > 0) {
        if (!its_driver_map_event(its, vm_smmu_device_id(smmu), (uint32_t)wire, 0, &intid, error) ||
            !its_driver_sync(its, error)) {
            return false;
        }
        host_write64(&vm->access, registers, its_driver_doorbell(its));
        host_write32(&vm->access, registers + IRQ_CFG1, (uint32_t)wire);
        host_write32(&vm->access, registers + IRQ_CFG2, 0);
    }
    expect_work(vm, intid, wire != VM_SMMU_EVENTS);
    return true;
}

bool vm_smmu_start_interrupts(struct vm_smmu *smmu, struct host_error *error)
{
    struct vm *vm = smmu->vm;

    if (vm->its_count > 0 &&
        !its_driver_map_device(&vm->itss[0].driver, vm_smmu_device_id(smmu), VM_SMMU_WIRES, error)) {
        return false;
    }
    for (uint32_t wire = 0; wire < VM_SMMU_WIRES; wire++) {
        if (!start_interrupt(smmu, (enum vm_smmu_wire)wire, error)) {
            return false;
        }
    }
    if (vm->config.direct_queue) {
        expect_work(vm, spi_of(smmu, VM_SMMU_QUEUE), true);
    }
    host_write32(&vm->access, smmu->base + IRQ_CTRL, IRQ_CTRL_EVENTQ | IRQ_CTRL_GERROR);
    smmu->driver.repairs = true;
    return true;
}

void vm_smmu_take_events(struct vm_smmu *smmu)
{
    struct vm_counters *counters = &smmu->vm->counters;
    struct sim *sim = smmu->vm->host->hypervisor->sim;
    struct smmu_driver_event event;
    bool first = true;

    while (smmu_driver_next_event(&smmu->driver, &event)) {
        uint64_t took = (uint64_t)((sim_now(sim) - smmu->event_since) / SIM_NS);

        counters->events_handled++;
        if (first && took > counters->event_max_ns) {
            counters->event_max_ns = took;
        }
        first = false;
    }
}

void vm_smmu_take_errors(struct vm_smmu *smmu)
{
    struct vm_counters *counters = &smmu->vm->counters;
    const struct sim *sim = smmu->vm->host->hypervisor->sim;
    const bool of_commands = (smmu_driver_take_errors(&smmu->driver) & 1) != 0;
    const bool of_queues = smmu->vcmdq != 0 && vm_cmdqv_take_errors(smmu);
    uint64_t took;

    if (!of_commands && !of_queues) {
        return;
    }
    took = (uint64_t)((sim_now(sim) - smmu->bad_since) / SIM_NS);
    counters->command_errors += (uint64_t)of_commands + (uint64_t)of_queues;
    counters->command_error_max_ns = took > counters->command_error_max_ns ? took : counters->command_error_max_ns;
}
