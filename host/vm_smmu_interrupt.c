/*
 * The interrupt of a guest's SMMU: its event queue was empty and is no more. As a message to the guest's first ITS,
 * which no hardware carries: the monitor in user space writes the record and sends the message, the hypervisor finds
 * the LPI in the guest's ITS and makes it pending in a list register. A guest without an ITS has a wire to an SPI.
 * So it is whoever carries the guest's commands: a queue of the hardware has no part in events (E12).
 */
#include "host/vm.h"

#define EVENTQ_IRQ_CFG0 0x00b0u
#define EVENTQ_IRQ_CFG1 0x00b8u
#define EVENTQ_IRQ_CFG2 0x00bcu
#define IRQ_CTRL        0x0050u
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

/* ---- The hypervisor's side ---- */

static void inject(struct vm_smmu *smmu, struct vcpu *vcpu, uint32_t intid, uint8_t priority)
{
    smmu->vm->counters.event_interrupts++;
    vcpu_inject(vcpu, sim_packet_new(vcpu->hypervisor->sim, 0), intid, priority);
}

void vm_smmu_send_message(struct vm_smmu *smmu)
{
    struct vm *vm = smmu->vm;
    const struct vm_event *event = &smmu->event;
    uint8_t configuration;

    smmu->held = true;
    if (!event->mapped) {
        return;
    }
    configuration = vm_lpi_configuration(vm, event->intid);
    if ((configuration & LPI_ENABLED) == 0) {
        return;
    }
    smmu->held = false;
    inject(smmu, &vm->vcpus[vm->itss[0].collections[event->collection % VM_MAX_VCPUS] % vm->config.vcpus], event->intid,
           configuration & 0xfc);
}

void vm_smmu_signal(struct vm_smmu *smmu)
{
    smmu->event_since = sim_now(smmu->vm->host->hypervisor->sim);
    if ((smmu->irq_control & IRQ_CTRL_EVENTQ) == 0) {
        return;
    }
    if (smmu->message_address == 0) {
        inject(smmu, &smmu->vm->vcpus[0], VM_SMMU_SPI + smmu->number, WIRED_PRIORITY);
    } else if (smmu->message_address == its_driver_doorbell(&smmu->vm->itss[0].driver) && smmu->message_data == 0) {
        vm_smmu_send_message(smmu);
    }
}

/* ---- The guest's side ---- */

bool vm_smmu_start_interrupt(struct vm_smmu *smmu, struct host_error *error)
{
    struct vm *vm = smmu->vm;
    struct vcpu *vcpu = &vm->vcpus[0];
    struct its_driver *its = &vm->itss[0].driver;
    uint32_t intid = VM_SMMU_SPI + smmu->number;

    if (vm->its_count > 0) {
        uint32_t device_id = vm_smmu_device_id(smmu);

        if (!its_driver_map_device(its, device_id, 1, error) ||
            !its_driver_map_event(its, device_id, 0, 0, &intid, error) || !its_driver_sync(its, error)) {
            return false;
        }
        host_write64(&vm->access, smmu->base + EVENTQ_IRQ_CFG0, its_driver_doorbell(its));
        host_write32(&vm->access, smmu->base + EVENTQ_IRQ_CFG1, 0);
        host_write32(&vm->access, smmu->base + EVENTQ_IRQ_CFG2, 0);
    }
    vcpu->work_intids[vcpu->work_count++] = intid;
    host_write32(&vm->access, smmu->base + IRQ_CTRL, IRQ_CTRL_EVENTQ);
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
