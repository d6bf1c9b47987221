/*
 * Virtual machines: guests with memory of their own, devices that are assigned to them, and the hardware that they see:
 * a GIC with ITSs, SMMUs if they translate themselves, their devices' MSI-X tables. docs/virtual-machines.md tells it
 * all.
 *
 * A guest runs the same drivers as the host (its_driver.h, smmu_driver.h), on its own memory and on registers that trap
 * to an emulation or lead to the hardware. The hypervisor programs the hardware by the host's drivers.
 *
 * Guest addresses ("IPA", intermediate physical addresses):
 *
 *   0x0800_0000  doorbells of devices whose table the hypervisor writes, a page each: stage 2 leads to the hardware's
 *   0x0808_0000  virtual ITSs, 256 KiB each
 *   0x0905_0000  virtual SMMUs, 1 MiB each; page 0 of a virtual command queue's interface follows 512 KiB higher
 *   0x0a00_0000  redistributors, two frames of 64 KiB each
 *   0x1000_0000  MSI-X tables, 64 KiB each
 *   0x4000_0000  memory
 */
#ifndef DOORBELL_HOST_VM_H
#define DOORBELL_HOST_VM_H

#include "host/hypervisor.h"
#include "host/its_driver.h"
#include "host/smmu_driver.h"
#include "host/software.h"
#include "host/stale.h"
#include "host/viommu.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define VM_DOORBELL_IPA       UINT64_C(0x08000000)
#define VM_ITS_IPA            UINT64_C(0x08080000)
#define VM_ITS_STRIDE         UINT64_C(0x00040000)
#define VM_SMMU_IPA           UINT64_C(0x09050000)
#define VM_SMMU_STRIDE        UINT64_C(0x00100000)
#define VM_CMDQV_OFFSET       UINT64_C(0x00080000)
#define VM_REDISTRIBUTOR_IPA  UINT64_C(0x0a000000)
#define VM_REDISTRIBUTOR_SIZE UINT64_C(0x00020000)
#define VM_TABLE_IPA          UINT64_C(0x10000000)
#define VM_TABLE_STRIDE       UINT64_C(0x00010000)
#define VM_MEMORY_IPA         UINT64_C(0x40000000)

/** First address that a guest's driver gives out for DMA, where the guest translates. */
#define VM_IOVA_BASE UINT64_C(0x100000000)

/** Most virtual CPUs of a machine, SMMUs and ITSs that one sees, ranges of registers, and devices. */
#define VM_MAX_VCPUS   16u
#define VM_MAX_SMMUS   8u
#define VM_MAX_ITSS    8u
#define VM_MAX_REGIONS 64u
#define VM_MAX_DEVICES 32u

/** SGIs of a virtual CPU, the one that the guest sends, and the first SPI of its SMMUs if it has no ITS. */
#define VM_SGIS     16u
#define VM_IPI      0u
#define VM_SMMU_SPI 106u

/** Interrupts of a guest's SMMU, in the order of its SPIs, or of its events at the guest's first ITS. */
enum vm_smmu_wire {
    VM_SMMU_EVENTS,                /**< the event queue was empty */
    VM_SMMU_ERRORS,                /**< an error has become active in GERROR */
    VM_SMMU_WIRES,                 /**< that can be messages; the next is a wire always */
    VM_SMMU_QUEUE = VM_SMMU_WIRES, /**< an error of a virtual command queue of the hardware */
    VM_SMMU_ALL_WIRES,
};

enum vm_smmu_kind {
    VM_SMMU_NONE,
    VM_SMMU_PER_SMMU,
    VM_SMMU_SINGLE,
};

struct vm_device_config {
    uint32_t function;  /**< index in the software's tree */
    const char *name;   /**< for messages */
    bool direct;        /**< its interrupts become virtual LPIs where its ITS can */
    bool guest_table;   /**< the guest writes its MSI-X table itself */
    sim_time remap;     /**< 0: its buffers stay where they are */
    uint32_t endpoint;  /**< for vm_host.move_buffer */
    uint32_t in_device; /**< function number there, for the same */
};

enum vm_act {
    VM_MOVE_VCPU,      /**< `vcpu` shall run on PE `pe` */
    VM_MOVE_INTERRUPT, /**< the guest moves a vector to `vcpu` */
    VM_INVALIDATE,     /**< the guest invalidates its translations of a device's buffers */
    VM_BAD_COMMAND,    /**< the guest puts a command that is none into its SMMU's queue */
};

/** What the guest, or the hypervisor to it, does at a time. */
struct vm_action_config {
    sim_time at; /**< counted from the start of traffic */
    enum vm_act act;
    uint32_t vcpu;
    uint32_t pe;
    uint32_t device; /**< index of the machine's */
    uint32_t vector;
};

struct vm_config {
    const char *name;
    uint32_t vcpus;
    uint32_t first_pe;
    uint32_t pe_count;
    uint64_t memory; /**< bytes, a multiple of 64 KiB */
    bool busy;
    enum vm_smmu_kind smmu;
    bool single_its;     /**< one virtual ITS page for all messages that the guest writes itself */
    bool direct_queue;   /**< the guest has a virtual command queue of the hardware */
    bool direct_sgis;    /**< SGIs become virtual SGIs of the hardware where it has them (GICv4.1) */
    sim_time ipi_period; /**< after which the first virtual CPU sends one to the next of the others; 0: never */
    bool broadcast;      /**< an emulated queue sends what names no StreamID to all its SMMUs; else to the first */
    const struct vm_device_config *devices;
    size_t device_count;
    const struct vm_action_config *actions; /**< in the order of their times */
    size_t action_count;
};

/** Virtual command queues of an SMMU. All 0: it has none. */
struct vm_queues {
    uint32_t interfaces;
    uint32_t queues;     /**< of each interface */
    uint32_t stream_ids; /**< that an interface knows */
    uint32_t queue_log2; /**< most commands of a queue */
};

/** What virtual machines need of the system around them. */
struct vm_host {
    struct software *software;
    struct hypervisor *hypervisor;
    struct stale_checker *stale;  /**< is told what guests unmap */
    const uint32_t *cmdqv_offset; /**< of each SMMU: of its virtual command queues from its base; 0: it has none */
    const struct vm_queues *planned_queues; /**< of each SMMU, where there is no hardware to ask; else NULL */
    uint32_t *next_vintf;                   /**< of each SMMU: interface given out last; 0 is the host's */
    /** A guest tells its device to use another address for a stream's buffer. */
    void (*move_buffer)(void *context, uint32_t endpoint, uint32_t function, uint32_t stream, uint64_t address,
                        uint64_t size);
    void *context;
};

struct vm;

/** Registers that trap, or that are the guest's own. */
struct vm_region {
    uint64_t base;
    uint64_t size;
    void (*access)(void *context, struct host_port_access *access); /**< on the guest's task, trapped; NULL: its own */
    void *context;
    uint64_t physical; /**< its own: where they are */
};

/** An event of a virtual ITS, and what stands behind it. */
struct vm_event {
    bool mapped;    /**< the guest has mapped it */
    bool enabled;   /**< and the device may send it: its vector is set up */
    bool direct;    /**< the hardware's ITS has it as a virtual LPI */
    uint32_t intid; /**< in the guest */
    uint32_t collection;
};

/** A DMA buffer of a device. With remap it has two places, each with two sets of pages. */
struct vm_buffer {
    uint32_t stream;
    uint64_t size;       /**< bytes, whole pages */
    uint64_t used;       /**< bytes that the device may use */
    uint64_t address[2]; /**< as the device sees them */
    uint64_t ipa[2][2];  /**< pages behind each */
    unsigned place;      /**< that the device uses */
    unsigned pages[2];   /**< which set is mapped at each */
    bool on_demand;      /**< stage 2 has none of its pages before the device asks for them */
};

#define VM_MAX_BUFFERS 8u

/** An assigned device. */
struct vm_device {
    struct vm *vm;
    const struct vm_device_config *config;
    uint32_t number; /**< in the machine; the guest's DeviceID and StreamID is number + 1 */
    uint32_t smmu;   /**< index of its SMMU; UINT32_MAX: none */
    uint32_t stream_id;
    uint32_t its;
    uint32_t device_id;
    uint64_t doorbell;            /**< physical address */
    uint32_t first_event;         /**< EventID of its first message in the hardware's ITS */
    uint64_t message;             /**< address that the hypervisor writes into it: an IPA */
    uint32_t vits;                /**< virtual ITS that the guest uses for it */
    struct vm_smmu *vsmmu;        /**< NULL: none */
    struct viommu_device iommufd; /**< as iommufd knows it */
    struct vm_event *events;
    uint32_t event_count;
    uint64_t guest_message; /**< address that a guest which writes the table itself puts there */
    uint8_t *table_shadow;  /**< what the guest wrote to a table that traps: 16 bytes a vector */
    /* The guest's side. */
    struct io_page_table stage1;
    uint16_t asid;
    uint64_t iova_next;
    struct vm_buffer buffers[VM_MAX_BUFFERS];
    uint32_t buffer_count;
};

/** The machine's stage 2 at one SMMU. */
struct vm_stage2 {
    uint32_t smmu; /**< index */
    uint16_t vmid;
};

/** An interrupt of an SMMU that a guest sees. */
struct vm_smmu_interrupt {
    uint64_t address;      /**< of its message; 0: a wire */
    uint32_t data;         /**< of its message */
    struct vm_event event; /**< in the guest's first ITS, with the number of the interrupt */
    bool held;             /**< pending there, and disabled or not mapped */
};

/** An SMMU that a guest sees. */
struct vm_smmu {
    struct vm *vm;
    uint32_t number;
    uint64_t base;                       /**< IPA */
    struct viommu viommus[VM_MAX_SMMUS]; /**< one for each SMMU of the hardware behind it */
    uint32_t viommu_count;
    /* Registers. */
    uint32_t cr0;
    uint32_t cr1;
    uint32_t cr2;
    uint64_t stream_table;
    uint32_t stream_table_config;
    uint64_t command_base;
    uint32_t command_producer;
    uint32_t command_consumer;
    uint32_t command_error;
    uint64_t event_base;
    uint32_t event_producer;
    uint32_t event_consumer;
    uint32_t gerror;
    uint32_t gerrorn;
    uint64_t commands;     /**< emulated */
    uint64_t queue_errors; /**< of its direct queue, as the hypervisor was told: a bit for each of its interface */
    /* Its interrupts (vm_smmu_interrupt.c). */
    uint32_t irq_control;
    struct vm_smmu_interrupt interrupts[VM_SMMU_WIRES];
    sim_time event_since; /**< when the queue was empty last and got a record */
    /* The guest's side. */
    struct smmu_driver driver;
    char name[32];
    struct vm_queues queues; /**< of the first viommu's SMMU */
    uint32_t vintf;          /**< interface of them that is the guest's; 0: none */
    uint64_t vcmdq;          /**< IPA of the guest's direct queue; 0: none */
    uint32_t vcmdq_log2;
    uint32_t vcmdq_producer;
    sim_time bad_since; /**< when a command that is none was put into a queue last */
};

/** An ITS that a guest sees. */
struct vm_its {
    struct vm *vm;
    uint32_t number;
    uint64_t base; /**< IPA */
    uint32_t its;  /**< of the hardware, that guests' own messages reach through its page */
    uint64_t baser[2];
    uint64_t cbaser;
    uint64_t cwriter;
    uint64_t creadr;
    uint32_t ctlr;
    uint32_t collections[VM_MAX_VCPUS];
    uint64_t commands; /**< emulated */
    uint64_t errors;   /**< commands that made no sense */
    /* The guest's side. */
    struct its_driver driver;
    char name[32];
};

struct vm_counters {
    uint64_t traps;
    uint64_t injected;
    uint64_t doorbells;         /**< virtual CPUs that one has woken */
    uint64_t idle_doorbells;    /**< that found theirs awake */
    uint64_t doorbell_commands; /**< GICv4.0: to ITSs, to switch doorbells on and off */
    uint64_t loads;
    uint64_t its_commands;
    uint64_t smmu_commands;
    uint64_t direct_events; /**< events that the hardware has as virtual LPIs */
    uint64_t invalidations;
    uint64_t invalidation_ns; /**< that the guest spent in them, in all */
    uint64_t invalidation_max_ns;
    uint64_t remaps;
    uint64_t moves;        /**< of virtual CPUs and of interrupts */
    uint64_t pages_mapped; /**< by user space, since a device asked for them */
    uint64_t boot_ns;
    uint64_t events;               /**< faults of its own stage 1 that its SMMUs' event queues got */
    uint64_t events_lost;          /**< for which they had no room */
    uint64_t event_interrupts;     /**< that told the guest of them */
    uint64_t events_handled;       /**< that it has read */
    uint64_t command_errors;       /**< of commands that were none, and that its handler has taken out of the queue */
    uint64_t command_error_max_ns; /**< most time from such a command until its queue could go on */
    uint64_t error_interrupts;     /**< that told the guest of them */
    uint64_t event_max_ns;         /**< most time from the first record in the queue until it was read */
    uint64_t ipis;                 /**< that its virtual CPUs have sent to each other */
    uint64_t ipis_handled;
    uint64_t ipis_timed; /**< of those: as struct vcpu_ipi has it */
    uint64_t ipi_ns;     /**< of these: from the write to the handler's first instruction, in all */
    uint64_t ipi_max_ns;
};

/** SGIs of a virtual CPU, as its redistributor has them. */
struct vm_sgis {
    uint32_t group;
    uint32_t enabled;
    uint8_t priority[2 * VM_SGIS]; /**< PPIs, which nothing has, behind them */
};

/** A virtual machine. */
struct vm {
    struct sim_component component; /**< first: what its counters stand under */
    struct vm_config config;
    uint32_t number;
    const struct vm_host *host;
    struct vcpu vcpus[VM_MAX_VCPUS];
    struct memory *memory; /**< by IPA */
    uint64_t physical;     /**< of its first byte */
    struct io_page_table stage2;
    uint32_t doorbell_pages;
    struct vm_stage2 stage2_users[VM_MAX_SMMUS]; /**< SMMUs that have its stage 2, each under a VMID of its own */
    uint32_t stage2_user_count;
    struct vm_device *devices;
    struct vm_smmu smmus[VM_MAX_SMMUS];
    uint32_t smmu_count;
    struct vm_its itss[VM_MAX_ITSS];
    uint32_t its_count;
    uint64_t propbaser[VM_MAX_VCPUS];
    uint64_t pendbaser[VM_MAX_VCPUS];
    uint32_t gicr_ctlr[VM_MAX_VCPUS];
    struct vm_sgis sgis[VM_MAX_VCPUS];
    struct vm_region regions[VM_MAX_REGIONS];
    uint32_t region_count;
    struct vm_counters counters;
    bool booted;
    bool loaded;          /**< its loads have begun */
    sim_time start;       /**< of traffic */
    struct task *control; /**< the hypervisor's, for the machine's actions; NULL: there are none */
    /* The guest's side. */
    uint32_t error_work; /**< which of the first virtual CPU's work is that of error interrupts: a bit each */
    struct host_access access;
    struct host_ram ram;
    struct lpi_pool lpis;
};

/** Begins a machine: only while building, as it is a component. @param config its arrays outlive the machine */
void vm_prepare(struct vm *vm, const struct vm_host *host, uint32_t number, const struct vm_config *config);

/**
 * Makes the machine and takes its devices from the host's kernel: their streams get its stage 2, or abort where it has
 * an SMMU of its own to set up. After the host has been brought up, and before any guest runs.
 * @return false with @p error, as a rule of Linux's or because the hardware cannot do it
 */
bool vm_create(struct vm *vm, struct host_error *error);

/**
 * Finds out whether a machine could be made of planned software (host/software.h): what groups, identifiers, and
 * iommufd's objects would refuse. Nothing is changed but `next_vintf` of the host, which counts over all machines.
 * @param host of planned software, with `planned_queues`  @return false with @p error, as vm_create() would have it
 */
bool vm_plan(const struct vm_host *host, const struct vm_config *config, struct host_error *error);

/** Frees what it holds in host memory. */
void vm_release(struct vm *vm);

/** The machine's device that is a function; NULL if none is. */
struct vm_device *vm_find_device(struct vm *vm, uint32_t function);

/**
 * Gives a device a DMA buffer in the machine's memory. Before the guest starts.
 * @param stream    for vm_host.move_buffer
 * @param on_demand its pages are not in stage 2 before the device asks for them: a guest that does not translate
 * @param address   set to where the device sees it
 * @return false with @p error: ENOSPC, ENOMEM; EOPNOTSUPP: it cannot ask for pages
 */
bool vm_add_buffer(struct vm_device *device, uint32_t stream, uint64_t size, bool on_demand, uint64_t *address,
                   struct host_error *error);

/**
 * Serves a page request, as user space does by the fault object of the stage 2 that it has made.
 * @param code set to the answer  @return false: the device is none of the machine's
 */
bool vm_serve_page(struct vm *vm, uint32_t smmu, const struct smmu_page_request *request, unsigned *code);

/** Has the guest start: `booted` becomes true when its drivers have set everything up. */
void vm_start(struct vm *vm);

/** Has the guest's loads (remap) and the machine's actions begin; before, its code has nothing to do. */
void vm_start_load(struct vm *vm, sim_time start);

/** Sums up what its parts have counted. */
void vm_collect(struct vm *vm);

/* ---- Between the files that make a machine ---- */

/** Adds registers that trap. */
void vm_add_region(struct vm *vm, uint64_t base, uint64_t size,
                   void (*access)(void *context, struct host_port_access *access), void *context);

/** Adds registers that are the guest's own: its accesses go to the hardware at @p physical. */
void vm_add_direct_region(struct vm *vm, uint64_t base, uint64_t size, uint64_t physical);

/** The machine's device by its number in the guest (number + 1); NULL if there is none. */
struct vm_device *vm_device_by_id(struct vm *vm, uint32_t id);

/** Maps what stands behind an IPA page into stage 2, if it is not mapped there. */
bool vm_map_page(struct vm *vm, uint64_t ipa, uint64_t physical, uint32_t protection, struct host_error *error);

/** vm_its.c: the emulation of ITSs and redistributors. */
void vm_its_init(struct vm *vm);

/**
 * Makes an event of a device that the guest has mapped, and that its device may send, reach the guest: directly if it
 * can, else by injection.
 */
void vm_connect_event(struct vm_device *device, uint32_t event);

/** vm_admit.c: which devices it may have; describes them, its ITSs and its SMMUs. */
bool vm_admit(struct vm *vm, struct host_error *error);

/** vm_smmu.c: the emulation of SMMUs. */
void vm_smmu_init(struct vm *vm);

/**
 * Gives the guest an event of the hardware's that is its own affair: a fault of its stage 1 or of its configuration,
 * with the StreamID that it knows (E12).
 * @return false: it is none of its
 */
bool vm_report_event(struct vm *vm, uint32_t smmu, const struct smmu_driver_event *event);

/** VMID of the machine's stage 2 at an SMMU; 0: it has none there. */
uint16_t vm_vmid(const struct vm *vm, uint32_t smmu);

/** vm_cmdqv.c: a virtual command queue of the hardware for a guest's SMMU, at its first viommu. */
void vm_cmdqv_init(struct vm_smmu *smmu);

/** The guest's side of it: gives the queue memory and starts it. */
bool vm_cmdqv_start(struct vm_smmu *smmu, struct host_error *error);

/** Puts a command that is none into the queue, and waits for nothing. */
void vm_cmdqv_send_bad_command(struct vm_smmu *smmu);

/** What the handler of its error interrupt does. @return whether a queue had one */
bool vm_cmdqv_take_errors(struct vm_smmu *smmu);

/** Sends an invalidation of a page and waits. */
bool vm_cmdqv_invalidate(struct vm_smmu *smmu, uint16_t asid, uint64_t iova, struct host_error *error);

/** vm_its.c: the configuration that the guest has for an LPI; disabled if it has none. */
uint8_t vm_lpi_configuration(const struct vm *vm, uint32_t intid);

/** vm_sgi.c: whether SGIs are the hardware's. */
bool vm_sgis_are_direct(const struct vm *vm);

/** An access to the second frame of a redistributor. @param offset from its first */
void vm_access_sgis(struct vm *vm, uint32_t number, uint64_t offset, struct host_port_access *access);

/** The guest's side: enables the SGI at each redistributor; sends it from the first virtual CPU. */
void vm_start_sgis(struct vm *vm);
void vm_send_ipi(struct vm *vm, uint32_t target);

/** vm_smmu_interrupt.c: DeviceID of an SMMU at the guest's first ITS, and the SMMU that has one; NULL: none. */
uint32_t vm_smmu_device_id(const struct vm_smmu *smmu);
struct vm_smmu *vm_smmu_by_device_id(struct vm *vm, uint32_t id);

/** An SMMU's event queue was empty and has a record now: tells the guest, if it wants to know. */
void vm_smmu_signal(struct vm_smmu *smmu);

/** Errors become active in an SMMU's GERROR, but for those that are; tells the guest, if it wants to know. */
void vm_smmu_raise(struct vm_smmu *smmu, uint32_t errors);

/** Makes an LPI of an SMMU pending in the guest, or keeps it until the guest has mapped and enabled it. */
void vm_smmu_send_message(struct vm_smmu *smmu, enum vm_smmu_wire wire);

/**
 * A virtual command queue of the hardware has an error: the guest whose interface it is of is told (as the hypervisor's
 * monitor tells it, when iommufd has).
 * @param map a bit for each queue of the interface  @return false: the interface is none of this machine's
 */
bool vm_report_queue_error(struct vm *vm, uint32_t smmu, uint32_t vintf, uint64_t map);

/** The guest's side: has the SMMU interrupt; reads what it has to tell; takes errors out of its queues. */
bool vm_smmu_start_interrupts(struct vm_smmu *smmu, struct host_error *error);
void vm_smmu_take_events(struct vm_smmu *smmu);
void vm_smmu_take_errors(struct vm_smmu *smmu);

/** vm_guest.c: the guest's code. */
void vm_guest_init(struct vm *vm);

#ifdef __cplusplus
}
#endif

#endif
