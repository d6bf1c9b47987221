/*
 * A virtual command queue of the hardware in the hands of a guest (rules E7 to E10): the interface (VINTF) puts the
 * machine's VMID and the devices' StreamIDs into the guest's commands. Page 0, with the queue's indices, is the guest's
 * own; page 1, with the queue's address, traps. All of it belongs to one SMMU: what the guest invalidates there no
 * other SMMU hears of.
 */
#include "host/vm.h"

#include "models/smmuv3/smmu_cmdqv.h"

#include <errno.h>

#define VIEW_PAGE       UINT64_C(0x10000)
#define QUEUE_LOG2      6u
#define COMMAND_BYTES   UINT64_C(16)
#define CMD_TLBI_NH_VA  UINT64_C(0x12)
#define CMD_SYNC        UINT64_C(0x46)
#define CMD_LEAF        UINT64_C(1)
#define CMD_NONE        UINT64_C(0) /* no command has this number */
#define CONS_ERROR(reg) ((reg) >> 24 & 0x7f)
#define CERROR_ATC_SYNC 3u
#define INTERFACE_PAGE  (2 * VIEW_PAGE) /* the interface's registers in the guest's view, behind its two pages */
#define POLL_TIME       (200 * SIM_NS)
#define POLL_LIMIT      100000u

/** Address of the hardware's registers of virtual command queues. */
static uint64_t aperture(const struct vm_smmu *smmu)
{
    const struct vm_host *host = smmu->vm->host;
    uint32_t index = smmu->viommus[0].hardware.smmu;

    return host->software->smmus[index].config.base + host->cmdqv_offset[index];
}

static uint64_t guest_view(const struct vm_smmu *smmu)
{
    return smmu->base + VM_CMDQV_OFFSET;
}

/* ---- The host's side ---- */

/** The guest's StreamIDs, and what they stand for, of the devices behind that SMMU. */
static void set_stream_ids(const struct vm_smmu *smmu, uint64_t vintf)
{
    struct host_access *access = smmu->vm->host->software->access;
    uint32_t count = 0;

    for (uint32_t i = 0; i < smmu->vm->config.device_count; i++) {
        const struct vm_device *device = &smmu->vm->devices[i];

        if (device->vsmmu != smmu || device->smmu != smmu->viommus[0].hardware.smmu) {
            continue;
        }
        host_write32(access, vintf + SMMU_CMDQV_VINTF_SID_REPLACE + UINT64_C(4) * count, device->stream_id);
        host_write32(access, vintf + SMMU_CMDQV_VINTF_SID_MATCH + UINT64_C(4) * count, (device->number + 1) << 1 | 1);
        count++;
    }
}

/** The guest names its queue (page 1): it must be in one piece, of a size that exists, and aligned to it (E9). */
static void access_page1(void *context, struct host_port_access *access)
{
    struct vm_smmu *smmu = context;
    struct vm *vm = smmu->vm;
    uint64_t ipa = access->value & UINT64_C(0x0000ffffffffffe0);
    uint32_t log2 = (uint32_t)access->value & 0x1f;
    uint64_t size = COMMAND_BYTES << log2;
    struct host_error error;

    access->status = SIM_STATUS_OK;
    if (!access->write) {
        access->value = 0;
        return;
    }
    if (access->address != guest_view(smmu) + VIEW_PAGE + SMMU_VCMDQ_BASE ||
        !viommu_add_queue(&smmu->viommus[0], 0, ipa, size, memory_contains(vm->memory, ipa, size), &error)) {
        return; /* the queue stays without an address, and will not start */
    }
    host_write64(vm->host->software->access,
                 aperture(smmu) + SMMU_CMDQV_VINTF_VIEWS + SMMU_CMDQV_VIEW_BYTES * smmu->vintf + VIEW_PAGE +
                     SMMU_VCMDQ_BASE,
                 (ipa - VM_MEMORY_IPA + vm->physical) | log2);
}

/** The interface's registers: what the monitor has heard of its queues' errors. */
static void access_interface(void *context, struct host_port_access *access)
{
    const struct vm_smmu *smmu = context;
    const uint64_t offset = access->address - guest_view(smmu) - INTERFACE_PAGE;

    access->status = SIM_STATUS_OK;
    if (!access->write) {
        access->value = offset == SMMU_CMDQV_VINTF_ERR_MAP64 ? smmu->queue_errors : 0;
    }
}

void vm_cmdqv_init(struct vm_smmu *smmu)
{
    struct vm *vm = smmu->vm;
    struct host_access *access = vm->host->software->access;
    uint64_t base = aperture(smmu);
    uint64_t vintf = base + SMMU_CMDQV_VINTFS + SMMU_CMDQV_VINTF_BYTES * smmu->vintf;

    host_write32(access, base + SMMU_CMDQV_CONFIG, 1);
    host_write32(access, vintf + SMMU_CMDQV_VINTF_CONFIG, (uint32_t)smmu->viommus[0].vmid << 1);
    set_stream_ids(smmu, vintf);
    host_write32(access, base + SMMU_CMDQV_VCMDQ_ALLOC + UINT64_C(4) * smmu->vintf * smmu->queues.queues,
                 smmu->vintf << 15 | 1);
    host_write32(access, vintf + SMMU_CMDQV_VINTF_CONFIG, (uint32_t)smmu->viommus[0].vmid << 1 | 1);
    vm_add_direct_region(vm, guest_view(smmu), VIEW_PAGE,
                         base + SMMU_CMDQV_VINTF_VIEWS + SMMU_CMDQV_VIEW_BYTES * smmu->vintf);
    vm_add_region(vm, guest_view(smmu) + VIEW_PAGE, VIEW_PAGE, access_page1, smmu);
    vm_add_region(vm, guest_view(smmu) + INTERFACE_PAGE, VIEW_PAGE, access_interface, smmu);
}

/* ---- The guest's side ---- */

bool vm_cmdqv_start(struct vm_smmu *smmu, struct host_error *error)
{
    struct host_access *access = &smmu->vm->access;
    uint64_t size = COMMAND_BYTES << QUEUE_LOG2;

    smmu->vcmdq_log2 = QUEUE_LOG2;
    smmu->vcmdq = host_ram_take(&smmu->vm->ram, size, IO_PAGE_BYTES);
    if (smmu->vcmdq == 0) {
        return host_error_fail(error, ENOMEM, "%s: no memory for a command queue", smmu->name);
    }
    host_write64(access, guest_view(smmu) + VIEW_PAGE + SMMU_VCMDQ_BASE, smmu->vcmdq | QUEUE_LOG2);
    host_write32(access, guest_view(smmu) + SMMU_VCMDQ_CONFIG, 1);
    return (host_read32(access, guest_view(smmu) + SMMU_VCMDQ_STATUS) & 1) != 0 ||
           host_error_fail(error, EIO, "%s: its virtual command queue does not start", smmu->name);
}

static void append(struct vm_smmu *smmu, uint64_t low, uint64_t high)
{
    uint64_t entry = smmu->vcmdq + COMMAND_BYTES * (smmu->vcmdq_producer & ((1u << smmu->vcmdq_log2) - 1));

    memory_write64(smmu->vm->memory, entry, low);
    memory_write64(smmu->vm->memory, entry + 8, high);
    smmu->vcmdq_producer = (smmu->vcmdq_producer + 1) & ((2u << smmu->vcmdq_log2) - 1);
}

void vm_cmdqv_send_bad_command(struct vm_smmu *smmu)
{
    append(smmu, CMD_NONE, 0);
    host_write32(&smmu->vm->access, guest_view(smmu) + SMMU_VCMDQ_PROD, smmu->vcmdq_producer);
}

bool vm_cmdqv_take_errors(struct vm_smmu *smmu)
{
    struct host_access *access = &smmu->vm->access;
    uint32_t errors;
    uint32_t active;

    if ((host_read64(access, guest_view(smmu) + INTERFACE_PAGE + SMMU_CMDQV_VINTF_ERR_MAP64) & 1) == 0) {
        return false;
    }
    errors = host_read32(access, guest_view(smmu) + SMMU_VCMDQ_GERROR);
    active = errors ^ host_read32(access, guest_view(smmu) + SMMU_VCMDQ_GERRORN);
    if ((active & 1) != 0) {
        const uint32_t consumer = host_read32(access, guest_view(smmu) + SMMU_VCMDQ_CONS);
        const uint64_t entry = smmu->vcmdq + COMMAND_BYTES * (consumer & ((1u << smmu->vcmdq_log2) - 1));

        if (CONS_ERROR(consumer) != CERROR_ATC_SYNC) {
            memory_write64(smmu->vm->memory, entry, CMD_SYNC);
            memory_write64(smmu->vm->memory, entry + 8, 0);
        }
    }
    if (active != 0) {
        host_write32(access, guest_view(smmu) + SMMU_VCMDQ_GERRORN, errors);
    }
    return (active & 1) != 0;
}

bool vm_cmdqv_invalidate(struct vm_smmu *smmu, uint16_t asid, uint64_t iova, struct host_error *error)
{
    struct host_access *access = &smmu->vm->access;

    append(smmu, CMD_TLBI_NH_VA | (uint64_t)asid << 48, iova | CMD_LEAF);
    append(smmu, CMD_SYNC, 0);
    host_write32(access, guest_view(smmu) + SMMU_VCMDQ_PROD, smmu->vcmdq_producer);
    for (unsigned i = 0; i < POLL_LIMIT; i++) {
        uint32_t consumer = host_read32(access, guest_view(smmu) + SMMU_VCMDQ_CONS);

        /* An error stops it until the handler of its interrupt has taken it out. */
        if ((consumer & 0xfffff) == smmu->vcmdq_producer) {
            return true;
        }
        host_wait(access, POLL_TIME);
    }
    return host_error_fail(error, EIO, "%s: its virtual command queue makes no progress", smmu->name);
}
