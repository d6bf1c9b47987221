/*
 * Virtual machines of a scenario, and what the hypervisor's work costs: a part of struct scenario.
 */
#ifndef DOORBELL_SCENARIO_SCENARIO_VM_H
#define DOORBELL_SCENARIO_SCENARIO_VM_H

#include "sim/time.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Where something stands in the input. Lines and columns count from 1; line 0 means "nowhere" (a default). */
struct scenario_place {
    const char *file; /**< file name as opened, or "--set"; NULL if nowhere */
    unsigned line;
    unsigned column;
    unsigned span; /**< characters */
};

/** A component's name where another one refers to it. What it names is a pointer beside it. */
struct scenario_reference {
    const char *name;            /**< as written; NULL for "none" */
    struct scenario_place place; /**< of the name */
};

struct scenario_device;

/** The hypervisor: software.hypervisor. */
struct scenario_hypervisor {
    struct scenario_place place;
    uint64_t given;
    sim_time time_slice;
    uint32_t trap_cycles; /**< cycles are the PEs' */
    uint32_t emulate_cycles;
    uint32_t user_cycles;
    sim_time inject_time;
    uint32_t wake_cycles;
    uint32_t load_cycles;
    sim_time kick_time;
    uint32_t its_command_cycles;
    uint32_t smmu_command_cycles;
    uint32_t guest_step_cycles;
};

/** How interrupts of an assigned device come to its guest. */
enum scenario_vm_interrupts {
    SCENARIO_VM_DIRECT,   /**< as virtual LPIs, by the ITS, where it has them */
    SCENARIO_VM_INJECTED, /**< by a handler of the hypervisor's */
};

/** Who writes the message address and data of an assigned device. */
enum scenario_vm_table {
    SCENARIO_VM_TABLE_TRAPPED, /**< the hypervisor; the guest's writes trap */
    SCENARIO_VM_TABLE_GUEST,   /**< the guest, into the device */
};

/** A function that is assigned to a virtual machine. */
struct scenario_vm_device {
    struct scenario_place place;
    uint64_t given;
    const char *name; /**< as written: "epA" or "epA/1" */
    size_t index;
    const struct scenario_device *device;
    uint32_t function;
    enum scenario_vm_interrupts interrupts;
    enum scenario_vm_table table;
    sim_time remap; /**< between two times that the guest moves its DMA buffer to other pages; 0: never */
};

/** What is done at a time of the machine's own timeline. */
enum scenario_vm_act {
    SCENARIO_VM_MOVE_VCPU,
    SCENARIO_VM_MOVE_INTERRUPT,
    SCENARIO_VM_INVALIDATE,
    SCENARIO_VM_BAD_COMMAND,
};

/** One item of vms.NAME.timeline. */
struct scenario_vm_action {
    struct scenario_place place;
    uint64_t given;
    sim_time at;
    enum scenario_vm_act act;
    uint32_t vcpu;
    uint32_t pe;
    struct scenario_reference device_written;
    size_t device; /**< index among the machine's */
    uint32_t vector;
};

/** What SMMU a guest sees. */
enum scenario_vm_smmu {
    SCENARIO_VM_SMMU_NONE,     /**< none: the devices use its physical addresses */
    SCENARIO_VM_SMMU_PER_SMMU, /**< one for each SMMU that its devices are behind */
    SCENARIO_VM_SMMU_SINGLE,   /**< one for all of them */
};

/** How a guest invalidates. */
enum scenario_vm_queue {
    SCENARIO_VM_QUEUE_TRAPPED, /**< its command queue is emulated */
    SCENARIO_VM_QUEUE_DIRECT,  /**< it has a virtual command queue of the hardware, of one SMMU, besides */
};

/** Where an emulated queue sends an invalidation without StreamID. */
enum scenario_vm_routing {
    SCENARIO_VM_BROADCAST,  /**< to all SMMUs of the guest's devices */
    SCENARIO_VM_FIRST_SMMU, /**< to that of its first device */
};

/** The ITSs that a guest sees. */
enum scenario_vm_its {
    SCENARIO_VM_ITS_PER_ITS, /**< one for each whose page its devices write to themselves */
    SCENARIO_VM_ITS_SINGLE,  /**< one: one page for all messages that guests write themselves */
};

/** How SGIs come from one virtual CPU to another. */
enum scenario_vm_sgis {
    SCENARIO_VM_SGIS_DIRECT,   /**< as virtual SGIs, by an ITS, where it has them (GICv4.1) */
    SCENARIO_VM_SGIS_INJECTED, /**< by the hypervisor, in list registers */
};

/** What its virtual CPUs do beside handling interrupts. */
enum scenario_vm_work {
    SCENARIO_VM_IDLE, /**< wait for the next (WFI) */
    SCENARIO_VM_BUSY, /**< compute until the end of traffic */
};

/** One virtual machine: vms.NAME. */
struct scenario_vm {
    struct scenario_place place;
    uint64_t given;
    const char *name;
    size_t index;
    uint32_t vcpus;    /**< 1..16 */
    uint32_t first_pe; /**< its virtual CPUs run on `pes` PEs from this one on */
    uint32_t pes;      /**< 0 in the file's absence: as many as virtual CPUs; filled in */
    uint64_t memory;   /**< bytes */
    enum scenario_vm_work work;
    enum scenario_vm_sgis sgis;
    sim_time ipi_period; /**< 0: none are sent */
    enum scenario_vm_smmu smmu;
    enum scenario_vm_its its;
    enum scenario_vm_queue queue;
    enum scenario_vm_routing without_stream_id;
    struct scenario_vm_device *devices; /**< array of device_count */
    size_t device_count;
    struct scenario_vm_action *actions; /**< array of action_count, in the order of their times */
    size_t action_count;
};

#ifdef __cplusplus
}
#endif

#endif
