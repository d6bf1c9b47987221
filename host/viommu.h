/*
 * What iommufd offers the monitor of a virtual machine whose guest has an SMMU: a vIOMMU for each SMMU of the hardware,
 * a vDEVICE for each device behind it, and queues of the hardware (rules E1 to E9; Linux from 6.13 on). These are the
 * kernel's objects: who may have which, with the errors that Linux returns, and what becomes of what a guest says in
 * its stream table and its commands. Registers and queues are the business of their users (host/vm.h,
 * host/consumer.h).
 */
#ifndef DOORBELL_HOST_VIOMMU_H
#define DOORBELL_HOST_VIOMMU_H

#include "host/error.h"
#include "host/smmu_stream.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Devices behind a vIOMMU, and queues that one can have. */
#define VIOMMU_MAX_DEVICES 64u
#define VIOMMU_MAX_QUEUES  64u

enum viommu_type {
    VIOMMU_DEFAULT, /**< none: the user did not say which */
    VIOMMU_SMMUV3,
    VIOMMU_CMDQV, /**< an SMMUv3 with virtual command queues */
};

/** What the SMMU and the way of its devices' writes can do. */
struct viommu_hardware {
    uint32_t smmu; /**< index */
    const char *name;
    bool has_stage1;
    bool has_stage2;
    bool can_write_back; /**< the root complex's writes can always be made to snoop (IORT CANWBS), or S2FWB */
    uint32_t queues;     /**< of virtual command queues, those of one interface; 0: it has none */
    uint32_t queue_log2; /**< most commands of a queue (IDR1.CMDQS) */
};

/** The HWPT below. */
struct viommu_parent {
    uint32_t smmu;
    bool nest_parent; /**< made with IOMMU_HWPT_ALLOC_NEST_PARENT: a stage 2 */
    uint16_t vmid;
};

/** A device as iommufd knows it. */
struct viommu_device {
    uint32_t smmu;
    uint32_t stream_id;
    size_t stream_count;
    bool has_vdevice; /**< it has one, behind whichever vIOMMU */
};

/** A device of the guest's. */
struct vdevice {
    struct viommu_device *device; /**< NULL: not in use */
    uint32_t virtual_id;          /**< StreamID in the guest */
};

struct viommu {
    struct viommu_hardware hardware;
    enum viommu_type type;
    uint16_t vmid;
    uint32_t queue_count;
    size_t device_count; /**< elements that are or were in use; behind them nothing is set */
    struct vdevice devices[VIOMMU_MAX_DEVICES];
};

/**
 * Makes a vIOMMU (E1, E2). EOPNOTSUPP: no type, both stages or write-back snooping are missing, or no such queues.
 * EINVAL: @p parent is no stage 2 to nest in, or that of another SMMU. @return false with @p error
 */
bool viommu_init(struct viommu *viommu, enum viommu_type type, const struct viommu_hardware *hardware,
                 const struct viommu_parent *parent, struct host_error *error);

/**
 * Makes a vDEVICE (E3). EINVAL: the device is behind another SMMU. EOPNOTSUPP: it has more than one StreamID. EEXIST:
 * it has a vDEVICE, or the StreamID is another's. ENOSPC: too many. @return false with @p error
 */
bool viommu_add_device(struct viommu *viommu, struct viommu_device *device, uint32_t virtual_id,
                       struct host_error *error);

/** Takes the vDEVICE of a device away. ENOENT: it has none here. */
bool viommu_remove_device(struct viommu *viommu, struct viommu_device *device, struct host_error *error);

/** The device with a StreamID of the guest's; NULL: there is none. */
struct viommu_device *viommu_find(const struct viommu *viommu, uint32_t virtual_id);

/**
 * What a device's entry must say for the guest's to hold (E4); tables below are the caller's to add.
 * EINVAL: the device is behind another SMMU. EIO: the guest's entry has bits that are not its own. ENOENT: it asks for
 * translation, and the device has no vDEVICE here. @return false with @p error
 */
bool viommu_describe_entry(const struct viommu *viommu, const struct viommu_device *device, const uint64_t guest[8],
                           struct smmu_stream_setting *setting, struct host_error *error);

/**
 * Makes a guest's invalidation one of the hardware's (E5): with the VMID and the device's own StreamID.
 * EIO: no such StreamID, or a command that is not an invalidation of stage 1. @return false with @p error
 */
bool viommu_convert_command(const struct viommu *viommu, uint64_t words[2], struct host_error *error);

/**
 * Gives a guest a queue of the hardware (E9): the next one of its interface.
 * @param base in guest memory  @param bytes of the queue  @param contiguous guest memory is there, in one piece
 * EOPNOTSUPP: no such queues. EINVAL: beyond the interface's, a length that is no power of two from 32 bytes to the
 * SMMU's most, or a base that is not aligned to it. EEXIST: in use. EIO: one before it is not. EFAULT: no such memory.
 */
bool viommu_add_queue(struct viommu *viommu, uint32_t index, uint64_t base, uint64_t bytes, bool contiguous,
                      struct host_error *error);

/** Takes a queue away. EBUSY: one behind it is in use. ENOENT: it is not. */
bool viommu_remove_queue(struct viommu *viommu, uint32_t index, struct host_error *error);

#ifdef __cplusplus
}
#endif

#endif
