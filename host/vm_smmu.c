/*
 * The SMMUs that a guest sees. Their registers and command queues trap; stream table entries become nested entries of
 * the hardware (rule E4), invalidations go to the hardware with the machine's VMID and the device's StreamID (E5), to
 * one SMMU or to several (E6). Page tables and context descriptors stay where they are: the hardware walks them in the
 * guest's memory, through stage 2.
 */
#include "host/smmu_stream.h"
#include "host/vm.h"
#include "models/smmuv3/smmu_formats.h"

#include <errno.h>

#define SMMU_FRAME UINT64_C(0x20000)

#define IDR0            0x0000u
#define IDR1            0x0004u
#define IDR5            0x0014u
#define CR0             0x0020u
#define CR0ACK          0x0024u
#define CR1             0x0028u
#define CR2             0x002cu
#define GERROR          0x0060u
#define GERRORN         0x0064u
#define STRTAB_BASE     0x0080u
#define STRTAB_BASE_CFG 0x0088u
#define CMDQ_BASE       0x0090u
#define CMDQ_PROD       0x0098u
#define CMDQ_CONS       0x009cu
#define EVENTQ_BASE     0x00a0u
#define EVENTQ_PROD     0x100a8u
#define EVENTQ_CONS     0x100acu

/* Stage 1, AArch64 tables, coherent; messages; a linear stream table. */
#define GUEST_IDR0       (1u << 1 | 2u << 2 | 1u << 4 | 1u << 13)
#define GUEST_SID_BITS   6u
#define GUEST_IDR1       (GUEST_SID_BITS | 7u << 16 | 8u << 21)
#define IDR5_GRAN4K      (1u << 4)
#define CR0_CMDQEN       (1u << 3)
#define CR0_EVENTQEN     (1u << 2)
#define EVENT_BYTES      UINT64_C(32)
#define EVENTQ_OVERFLOW  (1u << 31)
#define GERROR_IRQ_CFG0  0x0068u
#define GERROR_IRQ_CFG1  0x0070u
#define EVENTQ_IRQ_CFG0  0x00b0u
#define EVENTQ_IRQ_CFG1  0x00b8u
#define GERROR_CMDQ      (1u << 0)
#define GERROR_EVENTQ    (1u << 2)
#define GERROR_ALL       (GERROR_CMDQ | GERROR_EVENTQ)
#define IRQ_CTRL         0x0050u
#define IRQ_CTRLACK      0x0054u
#define IRQ_CTRL_EVENTQ  (1u << 2)
#define CERROR_ILL       1u
#define CERROR_ABT       2u
#define QUEUE_LOG2(base) ((uint32_t)(base)&0x1f)
#define QUEUE_ADDRESS    UINT64_C(0x000fffffffffffe0)
#define TABLE_ADDRESS    UINT64_C(0x000fffffffffffc0)
#define COMMAND_BYTES    UINT64_C(16)

#define CMD_CFGI_STE       0x03u
#define CMD_CFGI_STE_RANGE 0x04u
#define CMD_SYNC           0x46u

static struct smmu_driver *hardware(const struct vm_smmu *smmu, uint32_t index)
{
    return &smmu->vm->host->software->smmus[index];
}

/* ---- Stream table entries ---- */

/** The vIOMMU behind which a device is. */
static struct viommu *viommu_of(struct vm_smmu *smmu, uint32_t index)
{
    uint32_t i = 0;

    while (smmu->viommus[i].hardware.smmu != index) {
        i++; /* there is one for each device's SMMU */
    }
    return &smmu->viommus[i];
}

static bool describe_entry(struct vm_device *device, const uint64_t guest[SMMU_STE_WORDS],
                           struct smmu_stream_setting *setting, struct host_error *error)
{
    if (!viommu_describe_entry(viommu_of(device->vsmmu, device->smmu), &device->iommufd, guest, setting, error)) {
        return false;
    }
    if (setting->config != SMMU_STE_CONFIG_ABORT) {
        setting->stage2 = &device->vm->stage2;
    }
    return true;
}

/** Makes the hardware's entry of a device say what the guest's does. */
static bool attach(struct vm_smmu *smmu, struct vm_device *device, struct host_error *error)
{
    struct hypervisor *hypervisor = smmu->vm->host->hypervisor;
    uint64_t entry = (smmu->stream_table & TABLE_ADDRESS) + (uint64_t)SMMU_STE_BYTES * (device->number + 1);
    struct smmu_stream_setting setting;
    uint64_t words[SMMU_STE_WORDS];
    bool fine;

    if (!memory_contains(smmu->vm->memory, entry, SMMU_STE_BYTES)) {
        return true; /* the guest has no table yet: the stream aborts, as it does */
    }
    for (unsigned i = 0; i < SMMU_STE_WORDS; i++) {
        words[i] = memory_read64(smmu->vm->memory, entry + 8 * i);
    }
    if (!describe_entry(device, words, &setting, error)) {
        return false;
    }
    task_lock(hypervisor->tasks, &hypervisor->smmu_locks[device->smmu]);
    fine = smmu_stream_set(hardware(smmu, device->smmu), device->stream_id, &setting, error);
    task_unlock(&hypervisor->smmu_locks[device->smmu]);
    return fine;
}

static bool attach_all(struct vm_smmu *smmu, struct host_error *error)
{
    for (size_t i = 0; i < smmu->vm->config.device_count; i++) {
        if (smmu->vm->devices[i].vsmmu == smmu && !attach(smmu, &smmu->vm->devices[i], error)) {
            return false;
        }
    }
    return true;
}

/* ---- Invalidations ---- */

static bool send(struct vm_smmu *smmu, uint32_t index, uint64_t low, uint64_t high, bool sync, struct host_error *error)
{
    struct hypervisor *hypervisor = smmu->vm->host->hypervisor;
    bool fine;

    task_lock(hypervisor->tasks, &hypervisor->smmu_locks[index]);
    fine = sync ? smmu_driver_sync(hardware(smmu, index), error)
                : smmu_driver_issue(hardware(smmu, index), low, high, error);
    task_unlock(&hypervisor->smmu_locks[index]);
    return fine;
}

/** A command that names no StreamID: to all SMMUs behind this one, or to the first of them (E6). */
static bool send_widely(struct vm_smmu *smmu, uint64_t low, uint64_t high, bool sync, struct host_error *error)
{
    uint32_t count = smmu->vm->config.broadcast ? smmu->viommu_count : 1;

    for (uint32_t i = 0; i < count; i++) {
        uint64_t words[SMMU_CMD_WORDS] = {low, high};

        if ((!sync && !viommu_convert_command(&smmu->viommus[i], words, error)) ||
            !send(smmu, smmu->viommus[i].hardware.smmu, words[0], words[1], sync, error)) {
            return false;
        }
    }
    return true;
}

/** A command that names a StreamID: to the SMMU of that device. Entries are the monitor's to follow. */
static bool send_to_owner(struct vm_smmu *smmu, uint64_t low, uint64_t high, struct host_error *error)
{
    struct vm_device *device = vm_device_by_id(smmu->vm, (uint32_t)(low >> 32));
    uint64_t words[SMMU_CMD_WORDS] = {low, high};

    if (device == NULL || device->vsmmu != smmu) {
        return host_error_fail(error, EIO, "the guest has no StreamID 0x%llx", (unsigned long long)(low >> 32));
    }
    if ((low & 0xff) == SMMU_CMD_CFGI_STE) {
        return attach(smmu, device, error);
    }
    return viommu_convert_command(viommu_of(smmu, device->smmu), words, error) &&
           send(smmu, device->smmu, words[0], words[1], false, error);
}

static bool execute(struct vm_smmu *smmu, uint64_t low, uint64_t high, struct host_error *error)
{
    switch (low & 0xff) {
    case SMMU_CMD_CFGI_STE_RANGE:
        return attach_all(smmu, error);
    case SMMU_CMD_CFGI_STE:
    case SMMU_CMD_CFGI_CD:
    case SMMU_CMD_CFGI_CD_ALL:
    case SMMU_CMD_ATC_INV:
        return send_to_owner(smmu, low, high, error);
    case SMMU_CMD_SYNC:
        return send_widely(smmu, 0, 0, true, error);
    default:
        return send_widely(smmu, low, high, false, error);
    }
}

/** What could not be done the guest is told as an SMMU would: the queue stops, with a reason. */
static void refuse(struct vm_smmu *smmu, uint32_t reason)
{
    smmu->command_error = reason;
    vm_smmu_raise(smmu, GERROR_CMDQ);
}

/** Works off what the guest has put into its queue. */
static void execute_commands(struct vm_smmu *smmu)
{
    struct hypervisor *hypervisor = smmu->vm->host->hypervisor;
    struct task *task = tasks_current(hypervisor->tasks);
    uint32_t log2 = QUEUE_LOG2(smmu->command_base);
    uint64_t base = smmu->command_base & QUEUE_ADDRESS;
    uint32_t mask = (2u << log2) - 1;

    task_sleep(task, hypervisor->config.costs.user);
    while (smmu->command_consumer != (smmu->command_producer & mask)) {
        uint64_t entry = base + COMMAND_BYTES * (smmu->command_consumer & (mask >> 1));
        struct host_error error = {.text = ""};

        if (!memory_contains(smmu->vm->memory, entry, COMMAND_BYTES)) {
            refuse(smmu, CERROR_ABT);
            return;
        }
        task_sleep(task, hypervisor->config.costs.smmu_command);
        if (!execute(smmu, memory_read64(smmu->vm->memory, entry), memory_read64(smmu->vm->memory, entry + 8),
                     &error)) {
            refuse(smmu, CERROR_ILL);
            return;
        }
        smmu->commands++;
        smmu->command_consumer = (smmu->command_consumer + 1) & mask;
    }
}

static void run_commands(struct vm_smmu *smmu)
{
    struct hypervisor *hypervisor = smmu->vm->host->hypervisor;

    if ((smmu->cr0 & CR0_CMDQEN) == 0 || ((smmu->gerror ^ smmu->gerrorn) & GERROR_CMDQ) != 0) {
        return;
    }
    hypervisor_note_commands(hypervisor, true);
    execute_commands(smmu);
    hypervisor_note_commands(hypervisor, false);
}

/* ---- Events ---- */

/** The events that a guest's SMMU would have recorded itself (E12); faults of stage 2 are the host's. */
static bool is_guests_event(const struct smmu_driver_event *event)
{
    switch (event->type) {
    case SMMU_C_BAD_STE:
    case SMMU_F_STREAM_DISABLED:
    case SMMU_C_BAD_SUBSTREAMID:
    case SMMU_C_BAD_CD:
        return true;
    case SMMU_F_TRANSLATION:
    case SMMU_F_ADDR_SIZE:
    case SMMU_F_ACCESS:
    case SMMU_F_PERMISSION:
        return smmu_field_get(event->words, SMMU_EVENT_S2) == 0;
    default:
        return false;
    }
}

/**
 * Puts a record into the guest's event queue; when that is full it says so as the hardware does (OVFLG), and when it is
 * in no memory as well (EVENTQ_ABT_ERR), upon which nothing is written until that is acknowledged (7.2).
 */
static bool append_event(struct vm_smmu *smmu, const uint64_t words[4])
{
    uint32_t log2 = QUEUE_LOG2(smmu->event_base);
    uint64_t entry = (smmu->event_base & QUEUE_ADDRESS) + EVENT_BYTES * (smmu->event_producer & ((1u << log2) - 1));
    uint32_t mask = (2u << log2) - 1;

    if (((smmu->event_producer - smmu->event_consumer) & mask) >= 1u << log2) {
        if (((smmu->event_producer ^ smmu->event_consumer) & EVENTQ_OVERFLOW) == 0) {
            smmu->event_producer ^= EVENTQ_OVERFLOW;
        }
        return false;
    }
    if (((smmu->gerror ^ smmu->gerrorn) & GERROR_EVENTQ) != 0) {
        return false;
    }
    if (!memory_contains(smmu->vm->memory, entry, EVENT_BYTES)) {
        vm_smmu_raise(smmu, GERROR_EVENTQ);
        return false;
    }
    for (unsigned i = 0; i < 4; i++) {
        memory_write64(smmu->vm->memory, entry + 8 * i, words[i]);
    }
    smmu->event_producer = (smmu->event_producer & EVENTQ_OVERFLOW) | ((smmu->event_producer + 1) & mask);
    return true;
}

bool vm_report_event(struct vm *vm, uint32_t smmu, const struct smmu_driver_event *event)
{
    bool is_first;

    for (size_t i = 0; i < vm->config.device_count; i++) {
        struct vm_device *device = &vm->devices[i];
        uint64_t words[4] = {(event->words[0] & UINT64_C(0xffffffff)) | (uint64_t)(device->number + 1) << 32,
                             event->words[1], event->words[2], event->words[3]};

        if (device->vsmmu == NULL || device->smmu != smmu || device->stream_id != event->stream_id) {
            continue;
        }
        if (!is_guests_event(event) || (device->vsmmu->cr0 & CR0_EVENTQEN) == 0) {
            return false;
        }
        is_first = ((device->vsmmu->event_producer ^ device->vsmmu->event_consumer) & ~EVENTQ_OVERFLOW) == 0;
        if (append_event(device->vsmmu, words)) {
            vm->counters.events++;
            if (is_first) {
                vm_smmu_signal(device->vsmmu);
            }
        } else {
            vm->counters.events_lost++;
        }
        return true;
    }
    return false;
}

/* ---- Registers ---- */

static uint64_t read_register(const struct vm_smmu *smmu, uint64_t offset)
{
    switch (offset) {
    case IDR0:
        return GUEST_IDR0;
    case IDR1:
        return GUEST_IDR1;
    case IDR5:
        return IDR5_GRAN4K | hardware(smmu, smmu->viommus[0].hardware.smmu)->output_size;
    case CR0:
    case CR0ACK:
        return smmu->cr0;
    case CR1:
        return smmu->cr1;
    case CR2:
        return smmu->cr2;
    case GERROR:
        return smmu->gerror;
    case GERRORN:
        return smmu->gerrorn;
    case CMDQ_PROD:
        return smmu->command_producer;
    case CMDQ_CONS:
        return smmu->command_consumer | smmu->command_error << 24;
    case EVENTQ_PROD:
        return smmu->event_producer;
    case EVENTQ_CONS:
        return smmu->event_consumer;
    case IRQ_CTRL:
    case IRQ_CTRLACK:
        return smmu->irq_control;
    case EVENTQ_IRQ_CFG0:
        return smmu->interrupts[VM_SMMU_EVENTS].address;
    case EVENTQ_IRQ_CFG1:
        return smmu->interrupts[VM_SMMU_EVENTS].data;
    case GERROR_IRQ_CFG0:
        return smmu->interrupts[VM_SMMU_ERRORS].address;
    case GERROR_IRQ_CFG1:
        return smmu->interrupts[VM_SMMU_ERRORS].data;
    default:
        return 0;
    }
}

static void write_interrupt_register(struct vm_smmu *smmu, uint64_t offset, uint64_t value)
{
    switch (offset) {
    case IRQ_CTRL:
        smmu->irq_control = (uint32_t)value;
        break;
    case EVENTQ_IRQ_CFG0:
        smmu->interrupts[VM_SMMU_EVENTS].address = value;
        break;
    case EVENTQ_IRQ_CFG1:
        smmu->interrupts[VM_SMMU_EVENTS].data = (uint32_t)value;
        break;
    case GERROR_IRQ_CFG0:
        smmu->interrupts[VM_SMMU_ERRORS].address = value;
        break;
    case GERROR_IRQ_CFG1:
        smmu->interrupts[VM_SMMU_ERRORS].data = (uint32_t)value;
        break;
    default:
        break;
    }
}

static void write_register(struct vm_smmu *smmu, uint64_t offset, uint64_t value)
{
    switch (offset) {
    case CR0:
        smmu->cr0 = (uint32_t)value;
        run_commands(smmu);
        break;
    case CR1:
        smmu->cr1 = (uint32_t)value;
        break;
    case CR2:
        smmu->cr2 = (uint32_t)value;
        break;
    case GERRORN:
        smmu->gerrorn = (uint32_t)value & GERROR_ALL;
        smmu->command_error = ((smmu->gerror ^ smmu->gerrorn) & GERROR_CMDQ) != 0 ? smmu->command_error : 0;
        run_commands(smmu); /* from the one that failed on, which may be another by now (7.1) */
        break;
    case STRTAB_BASE:
        smmu->stream_table = value;
        break;
    case STRTAB_BASE_CFG:
        smmu->stream_table_config = (uint32_t)value;
        break;
    case CMDQ_BASE:
        smmu->command_base = value;
        break;
    case CMDQ_PROD:
        smmu->command_producer = (uint32_t)value;
        run_commands(smmu);
        break;
    case CMDQ_CONS:
        smmu->command_consumer = (uint32_t)value;
        smmu->command_error = 0;
        break;
    case EVENTQ_BASE:
        smmu->event_base = value;
        break;
    case EVENTQ_PROD:
        smmu->event_producer = (uint32_t)value;
        break;
    case EVENTQ_CONS:
        smmu->event_consumer = (uint32_t)value;
        break;
    default:
        write_interrupt_register(smmu, offset, value);
        break;
    }
}

static void access_smmu(void *context, struct host_port_access *access)
{
    struct vm_smmu *smmu = context;

    access->status = SIM_STATUS_OK;
    if (access->write) {
        write_register(smmu, access->address - smmu->base, access->value);
    } else {
        access->value = read_register(smmu, access->address - smmu->base);
    }
}

/* ---- Making ---- */

/** Has the hardware interrupt for events. */
static void watch_events(struct smmu_driver *driver)
{
    uint64_t address = driver->config.base + IRQ_CTRL;

    host_write32(driver->access, address, host_read32(driver->access, address) | IRQ_CTRL_EVENTQ);
}

void vm_smmu_init(struct vm *vm)
{
    for (uint32_t i = 0; i < vm->smmu_count; i++) {
        struct vm_smmu *smmu = &vm->smmus[i];

        vm_add_region(vm, smmu->base, SMMU_FRAME, access_smmu, smmu);
        for (uint32_t j = 0; j < smmu->viommu_count; j++) {
            watch_events(hardware(smmu, smmu->viommus[j].hardware.smmu));
        }
        if (vm->config.direct_queue) {
            vm_cmdqv_init(smmu);
        }
    }
}
