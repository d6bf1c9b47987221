#include "host/viommu.h"

#include "models/smmuv3/smmu_formats.h"

#include <errno.h>
#include <string.h>

#define TABLE_ADDRESS UINT64_C(0x000fffffffffffc0)
#define COMMAND_BYTES UINT64_C(16)
#define SHORTEST      UINT64_C(32)
#define VMID_MASK     (UINT64_C(0xffff) << 32)
#define LOW_HALF      UINT64_C(0xffffffff)

/* What a guest may say in an entry (E4): V, Config, S1Fmt, S1ContextPtr, S1CDMax; S1DSS to S1CSH, S1STALLD, EATS. */
#define STE_WORD0_ALLOWED UINT64_C(0xf80fffffffffffff)
#define STE_WORD1_ALLOWED (UINT64_C(0xff) | UINT64_C(1) << 27 | UINT64_C(3) << 28)

/* Full ATS; what a guest may ask for is that or none. */
#define EATS_FULL 1u

/* ---- Life ---- */

bool viommu_init(struct viommu *viommu, enum viommu_type type, const struct viommu_hardware *hardware,
                 const struct viommu_parent *parent, struct host_error *error)
{
    memset(viommu, 0, offsetof(struct viommu, devices));
    viommu->hardware = *hardware;
    viommu->type = type;
    viommu->vmid = parent->vmid;
    if (type == VIOMMU_DEFAULT) {
        return host_error_fail(error, EOPNOTSUPP, "a virtual IOMMU has a type");
    }
    if (!hardware->has_stage1 || !hardware->has_stage2) {
        return host_error_fail(error, EOPNOTSUPP, "SMMU %s has no stage %u to nest in", hardware->name,
                               hardware->has_stage1 ? 2 : 1);
    }
    if (!hardware->can_write_back) {
        return host_error_fail(error, EOPNOTSUPP,
                               "writes that come to SMMU %s cannot be made to snoop, so its guests' could not be kept "
                               "coherent",
                               hardware->name);
    }
    if (type == VIOMMU_CMDQV && hardware->queues == 0) {
        return host_error_fail(error, EOPNOTSUPP, "SMMU %s has no virtual command queues", hardware->name);
    }
    if (!parent->nest_parent) {
        return host_error_fail(error, EINVAL, "what shall be below a virtual IOMMU is no stage 2 to nest in");
    }
    return parent->smmu == hardware->smmu ||
           host_error_fail(error, EINVAL, "the stage 2 below belongs to another SMMU than %s", hardware->name);
}

/* ---- Devices ---- */

static struct vdevice *find_vdevice(struct viommu *viommu, const struct viommu_device *device)
{
    for (size_t i = 0; i < viommu->device_count; i++) {
        if (viommu->devices[i].device == device) {
            return &viommu->devices[i];
        }
    }
    return NULL;
}

bool viommu_add_device(struct viommu *viommu, struct viommu_device *device, uint32_t virtual_id,
                       struct host_error *error)
{
    struct vdevice *place = find_vdevice(viommu, NULL);

    if (device->smmu != viommu->hardware.smmu) {
        return host_error_fail(error, EINVAL, "the device is not behind SMMU %s, which the virtual IOMMU stands for",
                               viommu->hardware.name);
    }
    if (device->has_vdevice) {
        return host_error_fail(error, EEXIST, "the device has a virtual device already");
    }
    if (device->stream_count != 1) {
        return host_error_fail(error, EOPNOTSUPP, "the device has %zu StreamIDs, and a virtual device has one",
                               device->stream_count);
    }
    if (viommu_find(viommu, virtual_id) != NULL) {
        return host_error_fail(error, EEXIST, "StreamID 0x%x of the guest is another device's", virtual_id);
    }
    if (place == NULL) {
        if (viommu->device_count == VIOMMU_MAX_DEVICES) {
            return host_error_fail(error, ENOSPC, "more than %u devices behind a virtual IOMMU", VIOMMU_MAX_DEVICES);
        }
        place = &viommu->devices[viommu->device_count++];
    }
    *place = (struct vdevice){.device = device, .virtual_id = virtual_id};
    device->has_vdevice = true;
    return true;
}

bool viommu_remove_device(struct viommu *viommu, struct viommu_device *device, struct host_error *error)
{
    struct vdevice *place = find_vdevice(viommu, device);

    if (place == NULL) {
        return host_error_fail(error, ENOENT, "the device has no virtual device there");
    }
    place->device = NULL;
    device->has_vdevice = false;
    return true;
}

struct viommu_device *viommu_find(const struct viommu *viommu, uint32_t virtual_id)
{
    for (size_t i = 0; i < viommu->device_count; i++) {
        if (viommu->devices[i].device != NULL && viommu->devices[i].virtual_id == virtual_id) {
            return viommu->devices[i].device;
        }
    }
    return NULL;
}

/* ---- Stream table entries ---- */

static bool has_vdevice_here(const struct viommu *viommu, const struct viommu_device *device)
{
    for (size_t i = 0; i < viommu->device_count; i++) {
        if (viommu->devices[i].device == device) {
            return true;
        }
    }
    return false;
}

static void describe_translation(const uint64_t guest[8], struct smmu_stream_setting *setting)
{
    setting->config = SMMU_STE_CONFIG_NESTED;
    setting->context = guest[0] & TABLE_ADDRESS;
    setting->context_bits = (unsigned)smmu_field_get(guest, SMMU_STE_S1CDMAX);
    setting->context_format = (unsigned)smmu_field_get(guest, SMMU_STE_S1FMT);
    setting->dss = (unsigned)smmu_field_get(guest, SMMU_STE_S1DSS);
    setting->eats = (unsigned)smmu_field_get(guest, SMMU_STE_EATS);
}

bool viommu_describe_entry(const struct viommu *viommu, const struct viommu_device *device, const uint64_t guest[8],
                           struct smmu_stream_setting *setting, struct host_error *error)
{
    *setting = (struct smmu_stream_setting){.config = SMMU_STE_CONFIG_ABORT};
    if (device->smmu != viommu->hardware.smmu) {
        return host_error_fail(error, EINVAL, "the device is not behind SMMU %s", viommu->hardware.name);
    }
    if (smmu_field_get(guest, SMMU_STE_V) == 0) {
        return true;
    }
    if ((guest[0] & ~STE_WORD0_ALLOWED) != 0 || (guest[1] & ~STE_WORD1_ALLOWED) != 0 ||
        smmu_field_get(guest, SMMU_STE_EATS) > EATS_FULL) {
        return host_error_fail(error, EIO, "the guest's stream table entry says what it may not");
    }
    switch (smmu_field_get(guest, SMMU_STE_CONFIG)) {
    case SMMU_STE_CONFIG_BYPASS:
        setting->config = SMMU_STE_CONFIG_S2;
        break;
    case SMMU_STE_CONFIG_S1:
        if (!has_vdevice_here(viommu, device)) {
            return host_error_fail(error, ENOENT,
                                   "the device has no virtual device, by which its faults would be told");
        }
        describe_translation(guest, setting);
        break;
    case SMMU_STE_CONFIG_ABORT:
        return true;
    default:
        return host_error_fail(error, EIO, "a guest's stream has a stage 1, none, or is blocked");
    }
    setting->merge_events = true;
    setting->vmid = viommu->vmid;
    return true;
}

/* ---- Commands ---- */

bool viommu_convert_command(const struct viommu *viommu, uint64_t words[2], struct host_error *error)
{
    const uint32_t virtual_id = (uint32_t)(words[0] >> 32);
    const struct viommu_device *device;

    switch (words[0] & 0xff) {
    case SMMU_CMD_TLBI_NSNH_ALL:
        words[0] = SMMU_CMD_TLBI_NH_ALL | (uint64_t)viommu->vmid << 32;
        words[1] = 0;
        return true;
    case SMMU_CMD_TLBI_NH_ALL:
    case SMMU_CMD_TLBI_NH_ASID:
    case SMMU_CMD_TLBI_NH_VA:
    case SMMU_CMD_TLBI_NH_VAA:
        words[0] = (words[0] & ~VMID_MASK) | (uint64_t)viommu->vmid << 32;
        return true;
    case SMMU_CMD_CFGI_CD:
    case SMMU_CMD_CFGI_CD_ALL:
    case SMMU_CMD_ATC_INV:
        device = viommu_find(viommu, virtual_id);
        if (device == NULL) {
            return host_error_fail(error, EIO, "the guest has no StreamID 0x%x", virtual_id);
        }
        words[0] = (words[0] & LOW_HALF) | (uint64_t)device->stream_id << 32;
        return true;
    default:
        return host_error_fail(error, EIO, "the guest's command 0x%x is not one that a guest can have carried out",
                               (unsigned)(words[0] & 0xff));
    }
}

/* ---- Queues of the hardware ---- */

bool viommu_add_queue(struct viommu *viommu, uint32_t index, uint64_t base, uint64_t bytes, bool contiguous,
                      struct host_error *error)
{
    if (viommu->type != VIOMMU_CMDQV) {
        return host_error_fail(error, EOPNOTSUPP, "the virtual IOMMU has no queues of the hardware");
    }
    if (index >= viommu->hardware.queues) {
        return host_error_fail(error, EINVAL, "queue %u is beyond the %u of an interface", index,
                               viommu->hardware.queues);
    }
    if (bytes < SHORTEST || (bytes & (bytes - 1)) != 0 || bytes > COMMAND_BYTES << viommu->hardware.queue_log2) {
        return host_error_fail(
            error, EINVAL, "a queue of %llu bytes: it is a power of two, from %llu to %llu bytes at SMMU %s",
            (unsigned long long)bytes, (unsigned long long)SHORTEST,
            (unsigned long long)(COMMAND_BYTES << viommu->hardware.queue_log2), viommu->hardware.name);
    }
    if ((base & (bytes - 1)) != 0) {
        return host_error_fail(error, EINVAL, "a queue at 0x%llx is not aligned to its %llu bytes",
                               (unsigned long long)base, (unsigned long long)bytes);
    }
    if (!contiguous) {
        return host_error_fail(error, EFAULT, "the guest's memory at 0x%llx is not there, or not in one piece",
                               (unsigned long long)base);
    }
    if (index < viommu->queue_count) {
        return host_error_fail(error, EEXIST, "queue %u is in use", index);
    }
    if (index > viommu->queue_count) {
        return host_error_fail(error, EIO, "queue %u cannot be used before queue %u", index, viommu->queue_count);
    }
    viommu->queue_count++;
    return true;
}

bool viommu_remove_queue(struct viommu *viommu, uint32_t index, struct host_error *error)
{
    if (index >= viommu->queue_count) {
        return host_error_fail(error, ENOENT, "queue %u is not in use", index);
    }
    if (index + 1 != viommu->queue_count) {
        return host_error_fail(error, EBUSY, "queue %u goes before queue %u", viommu->queue_count - 1, index);
    }
    viommu->queue_count--;
    return true;
}
