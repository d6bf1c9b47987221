/*
 * A guest's software generated interrupts. The write of ICC_SGI1R_EL1 traps always. Where SGIs are direct (GICv4.1) the
 * hypervisor then writes GITS_SGIR: the ITS has the redistributor make it pending in the vPE, which takes it without an
 * exit, or is woken by its doorbell. Else the hypervisor makes it pending in a list register, and tells the PE.
 */
#include "host/vm.h"

/* Redistributor, second frame (IHI 0069, 12.11). */
#define GICR_IGROUPR0    0x10080u
#define GICR_ISENABLER0  0x10100u
#define GICR_ICENABLER0  0x10180u
#define GICR_IPRIORITYR0 0x10400u
#define PRIORITY_BYTES   32u

#define SGI_BITS       0xffffu
#define GUEST_PRIORITY 0xa0a0a0a0u

bool vm_sgis_are_direct(const struct vm *vm)
{
    return vm->config.direct_sgis && vm->vcpus[0].has_vpe && vm->host->hypervisor->vpes.v4_1;
}

/* ---- The frame that traps ---- */

/** Tells the hardware what the guest says of some of a virtual CPU's SGIs: VSGI for each. */
static void configure(struct vm *vm, uint32_t number, uint32_t which)
{
    struct hypervisor *hypervisor = vm->host->hypervisor;
    const struct vm_sgis *sgis = &vm->sgis[number];
    struct host_error error = {.text = ""};
    bool fine = true;

    if (!vm_sgis_are_direct(vm) || which == 0) {
        return;
    }
    task_lock(hypervisor->tasks, &hypervisor->vpe_lock);
    for (uint32_t sgi = 0; fine && sgi < VM_SGIS; sgi++) {
        if ((which >> sgi & 1) != 0) {
            fine = vpe_driver_configure_sgi(&hypervisor->vpes, &vm->vcpus[number].vpe, sgi, sgis->priority[sgi],
                                            (sgis->group >> sgi & 1) != 0, (sgis->enabled >> sgi & 1) != 0, &error);
        }
    }
    task_unlock(&hypervisor->vpe_lock);
    if (!fine) {
        hypervisor_fail(hypervisor, &error);
    }
}

static void access_priority(struct vm *vm, uint32_t number, uint32_t first, struct host_port_access *access)
{
    struct vm_sgis *sgis = &vm->sgis[number];
    uint64_t value = 0;

    for (uint32_t i = 0; i < 4; i++) {
        if (access->write) {
            sgis->priority[first + i] = (uint8_t)(access->value >> (8 * i));
        }
        value |= (uint64_t)sgis->priority[first + i] << (8 * i);
    }
    access->value = value;
    if (access->write && first < VM_SGIS) {
        configure(vm, number, sgis->enabled & 0xfu << first);
    }
}

void vm_access_sgis(struct vm *vm, uint32_t number, uint64_t offset, struct host_port_access *access)
{
    struct vm_sgis *sgis = &vm->sgis[number];
    uint32_t bits = (uint32_t)access->value & SGI_BITS;

    if (offset >= GICR_IPRIORITYR0 && offset < GICR_IPRIORITYR0 + PRIORITY_BYTES) {
        access_priority(vm, number, (uint32_t)(offset - GICR_IPRIORITYR0) & ~3u, access);
    } else if (offset == GICR_IGROUPR0) {
        sgis->group = access->write ? bits : sgis->group;
        access->value = sgis->group;
    } else if (offset == GICR_ISENABLER0 || offset == GICR_ICENABLER0) {
        if (access->write) {
            sgis->enabled = offset == GICR_ISENABLER0 ? sgis->enabled | bits : sgis->enabled & ~bits;
            configure(vm, number, bits);
        }
        access->value = sgis->enabled;
    } else {
        access->value = 0;
    }
}

/* ---- The guest's side ---- */

void vm_start_sgis(struct vm *vm)
{
    for (uint32_t i = 0; i < vm->config.vcpus; i++) {
        uint64_t base = VM_REDISTRIBUTOR_IPA + i * VM_REDISTRIBUTOR_SIZE;

        host_write32(&vm->access, base + GICR_IGROUPR0, UINT32_MAX);
        host_write32(&vm->access, base + GICR_IPRIORITYR0, GUEST_PRIORITY);
        host_write32(&vm->access, base + GICR_ISENABLER0, 1u << VM_IPI);
    }
}

/** The hypervisor's handler of the register that traps. */
static void emulate_send(struct vm *vm, uint32_t target)
{
    struct hypervisor *hypervisor = vm->host->hypervisor;
    struct vcpu *vcpu = &vm->vcpus[target];

    if ((vm->sgis[target].enabled >> VM_IPI & 1) == 0) {
        return;
    }
    if (vm_sgis_are_direct(vm)) {
        vpe_driver_send_sgi(&hypervisor->vpes, &vcpu->vpe, VM_IPI);
    } else {
        vcpu_inject(vcpu, sim_packet_new(hypervisor->sim, 0), VM_IPI, vm->sgis[target].priority[VM_IPI]);
    }
}

void vm_send_ipi(struct vm *vm, uint32_t target)
{
    const struct hypervisor_costs *costs = &vm->host->hypervisor->config.costs;
    struct vcpu *sender = &vm->vcpus[0];
    struct vcpu_ipi *ipi = &vm->vcpus[target].ipi;
    sim_time written;

    vcpu_compute(sender, costs->guest_step);
    written = sim_now(vm->host->hypervisor->sim);
    ipi->sent++;
    vcpu_trap(sender);
    task_sleep(sender->guest, costs->emulate);
    if (!ipi->pending) {
        ipi->pending = true;
        ipi->since = written;
    }
    emulate_send(vm, target);
    vcpu_untrap(sender);
    task_sleep(sender->guest, costs->enter);
}
