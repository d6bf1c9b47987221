/*
 * The GIC that a guest sees: redistributors and ITSs, whose registers trap. Tables of the guest's are its own affair
 * but for two: the configuration of its LPIs, read when the guest says that it has changed, and the command queue.
 */
#include "host/interrupts.h"
#include "host/messages.h"
#include "host/vm.h"

#include <string.h>

#define GICR_CTLR      0x0000u
#define GICR_TYPER     0x0008u
#define GICR_PROPBASER 0x0070u
#define GICR_PENDBASER 0x0078u
#define GICR_SGI_BASE  0x10000u

#define GITS_CTLR     0x0000u
#define GITS_TYPER    0x0008u
#define GITS_CBASER   0x0080u
#define GITS_CWRITER  0x0088u
#define GITS_CREADR   0x0090u
#define GITS_BASER    0x0100u
#define ITS_FRAME     UINT64_C(0x20000)
#define COMMAND_BYTES 32u
#define ENTRY_BYTES   UINT64_C(16)
#define OFFSET_MASK   UINT64_C(0xfffe0)
#define ADDRESS_MASK  UINT64_C(0x000ffffffffff000)

/* Physical LPIs, entries of 8 bytes, 16 EventID bits, 6 DeviceID bits, no PTA, collections in memory only. */
#define ITS_TYPER (UINT64_C(1) | UINT64_C(7) << 4 | UINT64_C(15) << 8 | UINT64_C(5) << 13)
/* GITS_BASER0 and 1: device table and collection table, entries of 8 bytes. */
#define BASER_DEVICE     (UINT64_C(1) << 56 | UINT64_C(7) << 48)
#define BASER_COLLECTION (UINT64_C(4) << 56 | UINT64_C(7) << 48)
#define BASER_FIXED      (UINT64_C(0x1f) << 48 | UINT64_C(7) << 56 | UINT64_C(1) << 62)

#define CMD_MOVI    0x01u
#define CMD_INT     0x03u
#define CMD_CLEAR   0x04u
#define CMD_SYNC    0x05u
#define CMD_MAPD    0x08u
#define CMD_MAPC    0x09u
#define CMD_MAPTI   0x0au
#define CMD_MAPI    0x0bu
#define CMD_INV     0x0cu
#define CMD_INVALL  0x0du
#define CMD_DISCARD 0x0fu

/* ---- Events: what the hardware is told ---- */

uint8_t vm_lpi_configuration(const struct vm *vm, uint32_t intid)
{
    uint64_t table = vm->propbaser[0] & ADDRESS_MASK;
    uint64_t address = table + (intid - LPI_FIRST);

    if (table == 0 || intid < LPI_FIRST || !memory_contains(vm->memory, address, 1)) {
        return 0;
    }
    return memory_read8(vm->memory, address);
}

static struct vcpu *target_of(struct vm_device *device, const struct vm_event *event)
{
    const struct vm_its *its = &device->vm->itss[device->vits];

    return &device->vm->vcpus[its->collections[event->collection % VM_MAX_VCPUS] % device->vm->config.vcpus];
}

/** All virtual LPIs of a DeviceID belong to one machine (F2): another one that has it already keeps it. */
static bool shares_device_id(const struct vm_device *device)
{
    const struct software *software = device->vm->host->software;
    uint32_t users = 0;

    for (uint32_t i = 0; i < software->found.tree.function_count; i++) {
        users += software->functions[i].its == device->its && software->functions[i].device_id == device->device_id &&
                 software->functions[i].vector_count > 0;
    }
    return users > 1;
}

/** The device's ITS among those with virtual LPIs; UINT32_MAX: the interrupt has to be injected (F3). */
static uint32_t direct_its(const struct vm_device *device)
{
    const struct vm_host *host = device->vm->host;

    if (!device->config->direct || !device->vm->vcpus[0].has_vpe ||
        !interrupts_have_its(host->software, device->config->function) || shares_device_id(device)) {
        return UINT32_MAX;
    }
    return vpe_driver_find_its(&host->hypervisor->vpes, &host->software->itses[device->its]);
}

/** The event of the hardware's ITS becomes a virtual LPI, in place of the host's own (F1). */
static bool connect_directly(struct vm_device *device, uint32_t number, uint32_t its, struct host_error *error)
{
    struct hypervisor *hypervisor = device->vm->host->hypervisor;
    struct vm_event *event = &device->events[number];
    const struct vcpu *vcpu = target_of(device, event);
    uint8_t configuration = vm_lpi_configuration(device->vm, event->intid);
    uint32_t physical = device->first_event + number;
    bool fine;

    task_lock(hypervisor->tasks, &hypervisor->vpe_lock);
    fine = vpe_driver_unmap_event(&hypervisor->vpes, its, device->device_id, physical, error) &&
           vpe_driver_map_event(&hypervisor->vpes, &vcpu->vpe, its, device->device_id, physical, event->intid, error) &&
           vpe_driver_configure_event(&hypervisor->vpes, &vcpu->vpe, its, device->device_id, physical, event->intid,
                                      configuration, error);
    task_unlock(&hypervisor->vpe_lock);
    event->direct = fine;
    device->vm->counters.direct_events += fine;
    return fine;
}

static void connect_by_injection(struct vm_device *device, uint32_t number)
{
    const struct software_function *function = &device->vm->host->software->functions[device->config->function];
    const struct vm_event *event = &device->events[number];
    uint8_t configuration = vm_lpi_configuration(device->vm, event->intid);
    struct hypervisor_lpi lpi = {
        .kind = HYPERVISOR_LPI_INJECT, .vcpu = target_of(device, event), .intid = event->intid};

    lpi.priority = configuration & 0xfc;
    lpi.disabled = (configuration & 1) == 0;
    hypervisor_set_lpi(device->vm->host->hypervisor, function->vectors[number].intid, &lpi);
}

void vm_connect_event(struct vm_device *device, uint32_t number)
{
    struct vm_event *event = &device->events[number];
    uint32_t its = direct_its(device);
    struct host_error error = {.text = ""};

    if (!event->mapped || (!event->enabled && !device->config->guest_table) || event->direct) {
        return;
    }
    if (its == UINT32_MAX) {
        connect_by_injection(device, number);
    } else if (!connect_directly(device, number, its, &error)) {
        hypervisor_fail(device->vm->host->hypervisor, &error);
    }
}

/** What the guest says anew of an event that is connected: its configuration, or its virtual CPU. */
static void change_event(struct vm_device *device, uint32_t number, const struct vcpu *before)
{
    struct hypervisor *hypervisor = device->vm->host->hypervisor;
    struct vm_event *event = &device->events[number];
    const struct vcpu *now = target_of(device, event);
    uint32_t its = direct_its(device);
    uint32_t physical = device->first_event + number;
    struct host_error error = {.text = ""};
    bool fine = true;

    if (!event->direct) {
        vm_connect_event(device, number);
        return;
    }
    task_lock(hypervisor->tasks, &hypervisor->vpe_lock);
    if (before != now) {
        fine = vpe_driver_move_event(&hypervisor->vpes, &before->vpe, &now->vpe, its, device->device_id, physical,
                                     event->intid, &error);
    } else {
        fine = vpe_driver_configure_event(&hypervisor->vpes, &now->vpe, its, device->device_id, physical, event->intid,
                                          vm_lpi_configuration(device->vm, event->intid), &error);
    }
    task_unlock(&hypervisor->vpe_lock);
    if (!fine) {
        hypervisor_fail(hypervisor, &error);
    }
}

/** The guest has no interrupt for the event any more: the host takes it back, and ignores it. */
static void disconnect_event(struct vm_device *device, uint32_t number)
{
    struct vm_host const *host = device->vm->host;
    struct hypervisor *hypervisor = host->hypervisor;
    struct vm_event *event = &device->events[number];
    const struct hypervisor_lpi none = {.kind = HYPERVISOR_LPI_NONE};
    struct host_error error = {.text = ""};

    if (event->direct) {
        task_lock(hypervisor->tasks, &hypervisor->vpe_lock);
        if (!vpe_driver_unmap_event(&hypervisor->vpes, direct_its(device), device->device_id,
                                    device->first_event + number, &error)) {
            hypervisor_fail(hypervisor, &error);
        }
        task_unlock(&hypervisor->vpe_lock);
    } else {
        hypervisor_set_lpi(hypervisor, host->software->functions[device->config->function].vectors[number].intid,
                           &none);
    }
    *event = (struct vm_event){.enabled = event->enabled};
}

/** INT and CLEAR are the hardware's to do: the event is mapped there, whatever it is mapped to. */
static void pass_on(struct vm_device *device, uint32_t number, uint32_t opcode)
{
    struct hypervisor *hypervisor = device->vm->host->hypervisor;
    struct software *software = device->vm->host->software;
    struct its_driver *its;
    const uint64_t dw[4] = {opcode | (uint64_t)device->device_id << 32, device->first_event + number, 0, 0};
    struct host_error error = {.text = ""};

    if (!interrupts_have_its(software, device->config->function)) {
        interrupts_set_pending(software, device->config->function, number, opcode == CMD_INT);
        return;
    }
    its = &software->itses[device->its];
    task_lock(hypervisor->tasks, &hypervisor->vpe_lock);
    if (!its_driver_issue(its, dw, &error) || !its_driver_wait(its, &error)) {
        hypervisor_fail(hypervisor, &error);
    }
    task_unlock(&hypervisor->vpe_lock);
}

/* ---- Commands ---- */

static void map_event(struct vm_its *its, struct vm_device *device, const uint64_t dw[4])
{
    uint32_t number = (uint32_t)dw[1];
    bool identity = (dw[0] & 0xff) == CMD_MAPI;
    struct vm_event *event = &device->events[number];

    if (event->mapped) {
        its->errors++;
        return;
    }
    event->mapped = true;
    event->intid = identity ? number : (uint32_t)(dw[1] >> 32);
    event->collection = (uint32_t)dw[2] & 0xffff;
    vm_connect_event(device, number);
}

/** An SMMU's events, one for each interrupt, which nothing of the hardware stands behind. */
static void smmu_command(struct vm_its *its, struct vm_smmu *smmu, const uint64_t dw[4])
{
    const uint32_t number = (uint32_t)dw[1];
    uint32_t opcode = (uint32_t)dw[0] & 0xff;
    bool maps = opcode == CMD_MAPTI || opcode == CMD_MAPI;
    struct vm_smmu_interrupt *interrupt;
    struct vm_event *event;

    if (number >= VM_SMMU_WIRES || its->number != 0 || smmu->interrupts[number].event.mapped == maps) {
        its->errors++;
        return;
    }
    interrupt = &smmu->interrupts[number];
    event = &interrupt->event;
    if (maps) {
        event->mapped = true;
        event->intid = opcode == CMD_MAPI ? number : (uint32_t)(dw[1] >> 32);
    }
    if (maps || opcode == CMD_MOVI) {
        event->collection = (uint32_t)dw[2] & 0xffff;
    }
    if (opcode == CMD_DISCARD) {
        *event = (struct vm_event){.mapped = false};
    }
    if (opcode == CMD_DISCARD || opcode == CMD_CLEAR) {
        interrupt->held = false;
    } else if (opcode == CMD_INT || interrupt->held) {
        vm_smmu_send_message(smmu, (enum vm_smmu_wire)number);
    }
}

static void event_command(struct vm_its *its, const uint64_t dw[4])
{
    struct vm_smmu *smmu = vm_smmu_by_device_id(its->vm, (uint32_t)(dw[0] >> 32));
    struct vm_device *device = vm_device_by_id(its->vm, (uint32_t)(dw[0] >> 32));
    uint32_t number = (uint32_t)dw[1];
    uint32_t opcode = (uint32_t)dw[0] & 0xff;
    const struct vcpu *before;

    if (smmu != NULL) {
        smmu_command(its, smmu, dw);
        return;
    }
    if (device == NULL || number >= device->event_count || device->vits != its->number) {
        its->errors++;
        return;
    }
    if (opcode == CMD_MAPTI || opcode == CMD_MAPI) {
        map_event(its, device, dw);
        return;
    }
    if (!device->events[number].mapped) {
        its->errors++;
        return;
    }
    before = target_of(device, &device->events[number]);
    switch (opcode) {
    case CMD_MOVI:
        device->events[number].collection = (uint32_t)dw[2] & 0xffff;
        change_event(device, number, before);
        break;
    case CMD_INV:
        change_event(device, number, before);
        break;
    case CMD_DISCARD:
        disconnect_event(device, number);
        break;
    default:
        pass_on(device, number, opcode);
    }
}

static void invalidate_collection(struct vm_its *its, uint32_t collection)
{
    for (size_t i = 0; i < its->vm->config.device_count; i++) {
        struct vm_device *device = &its->vm->devices[i];

        for (uint32_t e = 0; e < device->event_count && device->vits == its->number; e++) {
            if (device->events[e].mapped && device->events[e].collection == collection) {
                change_event(device, e, target_of(device, &device->events[e]));
            }
        }
    }
    for (uint32_t i = 0; i < its->vm->smmu_count && its->number == 0; i++) {
        for (uint32_t wire = 0; wire < VM_SMMU_WIRES; wire++) {
            const struct vm_smmu_interrupt *interrupt = &its->vm->smmus[i].interrupts[wire];

            if (interrupt->held && interrupt->event.collection == collection) {
                vm_smmu_send_message(&its->vm->smmus[i], (enum vm_smmu_wire)wire);
            }
        }
    }
}

static void execute(struct vm_its *its, const uint64_t dw[4])
{
    uint32_t collection = (uint32_t)dw[2] & 0xffff;

    switch (dw[0] & 0xff) {
    case CMD_MAPD: /* the guest's interrupt translation table is not used */
        its->errors += vm_device_by_id(its->vm, (uint32_t)(dw[0] >> 32)) == NULL &&
                       vm_smmu_by_device_id(its->vm, (uint32_t)(dw[0] >> 32)) == NULL;
        break;
    case CMD_MAPC:
        if (collection < VM_MAX_VCPUS) {
            its->collections[collection] = (uint32_t)(dw[2] >> 16) & 0xffff;
        } else {
            its->errors++;
        }
        break;
    case CMD_INVALL:
        invalidate_collection(its, collection);
        break;
    case CMD_SYNC: /* every command has taken effect when the next one is looked at */
        break;
    case CMD_MAPTI:
    case CMD_MAPI:
    case CMD_MOVI:
    case CMD_INV:
    case CMD_INT:
    case CMD_CLEAR:
    case CMD_DISCARD:
        event_command(its, dw);
        break;
    default:
        its->errors++;
    }
}

static void run_commands(struct vm_its *its)
{
    struct hypervisor *hypervisor = its->vm->host->hypervisor;
    uint64_t base = its->cbaser & ADDRESS_MASK;
    uint64_t bytes = ((its->cbaser & 0xff) + 1) * 4096;

    if ((its->ctlr & 1) == 0 || (its->cbaser >> 63) == 0 || !memory_contains(its->vm->memory, base, bytes)) {
        return;
    }
    hypervisor_note_commands(hypervisor, true);
    while (its->creadr != its->cwriter && its->cwriter < bytes) {
        uint64_t dw[4];

        for (unsigned i = 0; i < 4; i++) {
            dw[i] = memory_read64(its->vm->memory, base + its->creadr + 8 * i);
        }
        task_sleep(tasks_current(hypervisor->tasks), hypervisor->config.costs.its_command);
        execute(its, dw);
        its->commands++;
        its->creadr = its->creadr + COMMAND_BYTES == bytes ? 0 : its->creadr + COMMAND_BYTES;
    }
    hypervisor_note_commands(hypervisor, false);
}

/* ---- Registers ---- */

static uint64_t read_its(const struct vm_its *its, uint64_t offset)
{
    switch (offset) {
    case GITS_CTLR:
        return its->ctlr | UINT64_C(1) << 31; /* Quiescent */
    case GITS_TYPER:
        return ITS_TYPER;
    case GITS_CBASER:
        return its->cbaser;
    case GITS_CWRITER:
        return its->cwriter;
    case GITS_CREADR:
        return its->creadr;
    case GITS_BASER:
        return its->baser[0];
    case GITS_BASER + 8:
        return its->baser[1];
    default:
        return 0;
    }
}

static void write_its(struct vm_its *its, uint64_t offset, uint64_t value)
{
    switch (offset) {
    case GITS_CTLR:
        its->ctlr = (uint32_t)value & 1;
        run_commands(its);
        break;
    case GITS_CBASER:
        its->cbaser = value;
        its->creadr = 0;
        break;
    case GITS_CWRITER:
        its->cwriter = value & OFFSET_MASK;
        run_commands(its);
        break;
    case GITS_BASER:
        its->baser[0] = (value & ~BASER_FIXED) | BASER_DEVICE;
        break;
    case GITS_BASER + 8:
        its->baser[1] = (value & ~BASER_FIXED) | BASER_COLLECTION;
        break;
    default:
        break;
    }
}

static void access_its(void *context, struct host_port_access *access)
{
    struct vm_its *its = context;

    access->status = SIM_STATUS_OK;
    if (access->write) {
        write_its(its, access->address - its->base, access->value);
    } else {
        access->value = read_its(its, access->address - its->base);
    }
}

static void access_redistributor(void *context, struct host_port_access *access)
{
    struct vm *vm = context;
    uint64_t offset = access->address - VM_REDISTRIBUTOR_IPA;
    uint32_t vcpu = (uint32_t)(offset / VM_REDISTRIBUTOR_SIZE);
    uint64_t *wide = offset % VM_REDISTRIBUTOR_SIZE == GICR_PROPBASER ? &vm->propbaser[vcpu] : &vm->pendbaser[vcpu];

    access->status = SIM_STATUS_OK;
    if (offset % VM_REDISTRIBUTOR_SIZE >= GICR_SGI_BASE) {
        vm_access_sgis(vm, vcpu, offset % VM_REDISTRIBUTOR_SIZE, access);
        return;
    }
    switch (offset % VM_REDISTRIBUTOR_SIZE) {
    case GICR_CTLR:
        vm->gicr_ctlr[vcpu] = access->write ? (uint32_t)access->value & 1 : vm->gicr_ctlr[vcpu];
        access->value = vm->gicr_ctlr[vcpu];
        break;
    case GICR_TYPER:
        access->value = 1 | (uint64_t)vcpu << 8;
        break;
    case GICR_PROPBASER:
    case GICR_PENDBASER:
        *wide = access->write ? access->value : *wide;
        access->value = *wide;
        break;
    default:
        access->value = 0;
    }
}

/** The message table of a device that the hypervisor programs: a write that unmasks a vector sets it up. */
static void access_table(void *context, struct host_port_access *access)
{
    struct vm_device *device = context;
    uint64_t offset = access->address - (VM_TABLE_IPA + device->number * VM_TABLE_STRIDE);
    uint32_t vector = (uint32_t)(offset / 16);

    access->status = SIM_STATUS_OK;
    if (vector >= device->event_count) {
        access->value = 0;
        return;
    }
    if (!access->write) {
        access->value = sim_load_le32(&device->table_shadow[offset & ~UINT64_C(3)]);
        return;
    }
    sim_store_le32(&device->table_shadow[offset & ~UINT64_C(3)], (uint32_t)access->value);
    if (offset % 16 != 12 || (access->value & 1) != 0 || device->events[vector].enabled) {
        return;
    }
    task_sleep(tasks_current(device->vm->host->hypervisor->tasks), device->vm->host->hypervisor->config.costs.user);
    messages_write(device->vm->host->software, device->config->function, vector, device->message);
    device->events[vector].enabled = true;
    vm_connect_event(device, vector);
}

/** A table that is the guest's own, and behind it, for its messages too, the device's store. */
static void add_own_tables(struct vm_device *device)
{
    struct vm *vm = device->vm;
    uint64_t base = VM_TABLE_IPA + device->number * VM_TABLE_STRIDE;
    uint32_t first = 0;

    for (uint32_t i = 1; i <= device->event_count; i++) {
        uint64_t entry = messages_entry(vm->host->software, device->config->function, first);

        if (i == device->event_count ||
            messages_entry(vm->host->software, device->config->function, i) != entry + ENTRY_BYTES * (i - first)) {
            vm_add_direct_region(vm, base + ENTRY_BYTES * first, ENTRY_BYTES * (i - first), entry);
            first = i;
        }
    }
}

void vm_its_init(struct vm *vm)
{
    for (uint32_t i = 0; i < vm->its_count; i++) {
        struct vm_its *its = &vm->itss[i];

        its->vm = vm;
        its->number = i;
        its->base = VM_ITS_IPA + i * VM_ITS_STRIDE;
        its->baser[0] = BASER_DEVICE;
        its->baser[1] = BASER_COLLECTION;
        vm_add_region(vm, its->base, ITS_FRAME, access_its, its);
    }
    vm_add_region(vm, VM_REDISTRIBUTOR_IPA, vm->config.vcpus * VM_REDISTRIBUTOR_SIZE, access_redistributor, vm);
    for (uint32_t i = 0; i < vm->config.device_count; i++) {
        struct vm_device *device = &vm->devices[i];

        if (device->event_count > 0 && device->config->guest_table) {
            add_own_tables(device);
        } else if (device->event_count > 0) {
            vm_add_region(vm, VM_TABLE_IPA + i * VM_TABLE_STRIDE, VM_TABLE_STRIDE, access_table, device);
        }
    }
}
