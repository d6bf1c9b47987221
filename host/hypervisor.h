/*
 * A hypervisor on the simulated PEs: virtual CPUs that are loaded and put, wait for interrupts and are woken by
 * doorbells; interrupts that it injects itself; traps of guests. All of it takes time, on a PE that then does nothing
 * else: its work and the guests' compete for the PEs (docs/virtual-machines.md).
 *
 * Each PE has a task (host/task.h) that owns the PE whenever the hypervisor runs there: after a physical interrupt that
 * it knows, or when it has asked the PE. Guests' own code is tasks too, one for a virtual CPU at most; they get on only
 * while their virtual CPU is loaded.
 */
#ifndef DOORBELL_HOST_HYPERVISOR_H
#define DOORBELL_HOST_HYPERVISOR_H

#include "host/access.h"
#include "host/error.h"
#include "host/task.h"
#include "host/vpe_driver.h"
#include "models/gic-its/pe.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Most PEs, and most virtual CPUs on all of them. */
#define HYPERVISOR_MAX_PES   64u
#define HYPERVISOR_MAX_VCPUS 256u

/** Most SMMUs whose queues it locks. */
#define HYPERVISOR_MAX_SMMUS 32u

/**
 * What software's steps cost: time on the PE that takes them. Entering and leaving a guest for an interrupt are the
 * PE's (`guest-exit`, `guest-enter`).
 */
struct hypervisor_costs {
    sim_time trap;         /**< a trapped access: from the guest to the hypervisor's handler */
    sim_time emulate;      /**< what the handler of a trapped register access does */
    sim_time user;         /**< to the virtual machine monitor in user space and back */
    sim_time inject;       /**< a device's interrupt: to find out whose it is and make it pending in the guest */
    sim_time wake;         /**< a virtual CPU that waited: until it is chosen to run */
    sim_time load;         /**< to put one virtual CPU and load another */
    sim_time kick;         /**< from one PE to another, to have it leave its guest */
    sim_time its_command;  /**< emulation of one command of a virtual ITS */
    sim_time smmu_command; /**< emulation of one command of a virtual SMMU */
    sim_time exit;         /**< out of the guest for another PE's kick or a timer, as the PE does it for an interrupt */
    sim_time enter;        /**< back into the guest, as the PE does it: the guest's code goes on after that */
    sim_time guest_step;   /**< a guest driver's own work for each register access or command */
};

struct hypervisor_config {
    struct hypervisor_costs costs;
    sim_time time_slice; /**< that a virtual CPU runs while another one waits for the PE */
};

struct hypervisor;
struct hypervisor_pe;

/** What a virtual CPU is at. */
enum vcpu_state {
    VCPU_BLOCKED, /**< waits for an interrupt, put */
    VCPU_READY,   /**< in the queue of a PE */
    VCPU_LOADING, /**< on its way from there onto the PE */
    VCPU_LOADED,  /**< on a PE */
};

/** SGIs that other virtual CPUs of a machine send to one. */
struct vcpu_ipi {
    bool pending;   /**< one has been made pending, and no handler has started since */
    sim_time since; /**< when that was written, before the write trapped */
    uint64_t sent;
    uint64_t handled; /**< handlers: SGIs that are merged into one that is pending have one together */
    uint64_t timed;   /**< those of which it is known which write was the first */
    uint64_t ns;      /**< from that write to the handler's first instruction, in all */
    uint64_t max_ns;
};

/** Most interrupts whose handlers in a guest leave work to its code. */
#define VCPU_MAX_WORK 24u

/** A virtual CPU. */
struct vcpu {
    struct hypervisor *hypervisor;
    uint32_t vm; /**< index of its machine, for reports */
    uint32_t number;
    uint32_t first_pe; /**< it runs on these PEs only */
    uint32_t pe_count;
    bool busy; /**< computes beside handling interrupts, until the end of traffic: never waits */
    enum vcpu_state state;
    struct hypervisor_pe *pe; /**< READY to LOADED: whose; BLOCKED: where it was last */
    struct vcpu *behind;      /**< in the queue of the PE */
    bool has_vpe;             /**< direct interrupts: it is a vPE of the hardware */
    struct vpe vpe;
    struct pe_context context;
    struct sim_packet *pending;          /**< injected, not yet in a list register; in order, by `next` */
    struct task *guest;                  /**< its code; NULL: none, it only handles interrupts */
    bool active;                         /**< that code has something to do */
    bool by_timer;                       /**< a timer has woken it */
    uint32_t work_intids[VCPU_MAX_WORK]; /**< interrupts whose handlers have the code do something */
    uint32_t work_count;
    uint32_t work;    /**< a bit for each of those handlers that has started; noted within evaluate */
    sim_time work_at; /**< the last one with that instruction */
    struct vcpu_ipi ipi;
    bool trapping;  /**< and wants the hypervisor */
    bool trapped;   /**< and has it: the PE is the code's own until it is done */
    uint64_t loads; /**< how often loaded */
    uint64_t wakes_by_doorbell;
    uint64_t idle_doorbells; /**< that came when it did not wait */
    uint64_t injected;
    uint64_t traps;
};

/** INTIDs from which SPIs are. */
#define HYPERVISOR_SPIS 1024u

/** INTIDs below it are SGIs. */
#define HYPERVISOR_SGIS 16u

/** Whose interrupt a physical LPI is. */
enum hypervisor_lpi_kind {
    HYPERVISOR_LPI_NONE,     /**< the host's: a plain handler */
    HYPERVISOR_LPI_DOORBELL, /**< of `vcpu` */
    HYPERVISOR_LPI_INJECT,   /**< a device's, which becomes `intid` in `vcpu` */
};

struct hypervisor_lpi {
    enum hypervisor_lpi_kind kind;
    struct vcpu *vcpu;
    uint32_t intid;
    uint8_t priority;
    bool disabled;           /**< the guest has it disabled: kept back until it enables it */
    struct sim_packet *held; /**< what has been kept back */
};

/** A PE as the hypervisor sees it. */
struct hypervisor_pe {
    struct hypervisor *hypervisor;
    uint32_t number;
    struct pe *pe;
    struct task *task;
    struct vcpu *current;
    struct vcpu *first; /**< READY ones in the order in which they run next */
    struct vcpu *last;
    sim_time slice_end;
    struct sim_packet *taken; /**< an interrupt that the hypervisor has to deal with; noted within evaluate */
    sim_time taken_start;
    bool granted;      /**< noted within evaluate */
    bool idle;         /**< the guest handles nothing; noted within evaluate */
    bool kicked;       /**< something changed for what runs here */
    sim_time kick_at;  /**< and is known here from then on */
    sim_time occupied; /**< time that the hypervisor had the PE, in all */
    uint64_t works;    /**< 1 while the hypervisor has the PE */
    uint64_t commands; /**< 1 while it works off an emulated command queue there, and waits for the hardware's */
};

struct hypervisor {
    struct sim *sim;
    struct task_set *tasks;
    struct hypervisor_config config;
    struct hypervisor_pe pes[HYPERVISOR_MAX_PES];
    uint32_t pe_count;
    struct vcpu *vcpus[HYPERVISOR_MAX_VCPUS];
    uint32_t vcpu_count;
    struct hypervisor_lpi *lpis; /**< interrupts that it knows: SPIs by INTID, then LPIs by INTID - LPI_FIRST */
    uint32_t lpi_count;
    struct vpe_driver vpes;
    bool has_vpes;                                     /**< some ITS and the redistributors have virtual LPIs */
    struct task_lock vpe_lock;                         /**< ITSs' queues and vPEs */
    struct task_lock smmu_locks[HYPERVISOR_MAX_SMMUS]; /**< command queues and stream tables, by index */
    sim_time end;                                      /**< of traffic: busy guests stop computing */
    uint32_t stage;                                    /**< under which time in the hypervisor is booked */
    struct host_error error;                           /**< the first thing that went wrong in a task */
    bool failed;
};

/**
 * Makes the hypervisor's side of every PE, which must have guests.
 * @param lpi_limit INTIDs are below it
 */
void hypervisor_init(struct hypervisor *hypervisor, struct sim *sim, struct task_set *tasks, struct pe *const *pes,
                     uint32_t pe_count, uint32_t lpi_limit, const struct hypervisor_config *config);

/** Frees what it holds in host memory, packets excepted. */
void hypervisor_release(struct hypervisor *hypervisor);

/** Adds a virtual CPU, blocked. Its `hypervisor`, `number`, `first_pe`, `pe_count`, `busy` are set. Only building. */
void hypervisor_add_vcpu(struct hypervisor *hypervisor, struct vcpu *vcpu);

/** Says whose an LPI is. What was kept back goes to its new owner, if that has it enabled. From tasks. */
void hypervisor_set_lpi(struct hypervisor *hypervisor, uint32_t intid, const struct hypervisor_lpi *lpi);

/** At the end of a run: interrupts that are still kept back are lost. */
void hypervisor_finish(struct hypervisor *hypervisor);

/** Tells it when traffic ends. */
void hypervisor_set_end(struct hypervisor *hypervisor, sim_time end);

/** Notes that a task has met an error, if it is the first. */
void hypervisor_fail(struct hypervisor *hypervisor, const struct host_error *error);

/* ---- For the code of guests: tasks ---- */

/** Makes the task of a virtual CPU's code. It starts as soon as the CPU is loaded first. Only while building. */
void vcpu_set_guest(struct vcpu *vcpu, const char *name, void (*run)(void *context), void *context);

/** The guest computes: returns when its virtual CPU has been loaded for that long, the hypervisor's time not counted.
 */
void vcpu_compute(struct vcpu *vcpu, sim_time duration);

/**
 * The guest has nothing to do for that long (SIM_TIME_NEVER: for good), or until a handler leaves it work: its virtual
 * CPU may wait meanwhile, and is woken by a timer.
 * @return what work there is, a bit for each of `work_intids`; it is taken with that
 */
uint32_t vcpu_idle(struct vcpu *vcpu, sim_time duration);

/** The guest's code has ended: only interrupts from now on. */
void vcpu_retire(struct vcpu *vcpu);

/** Leaves the guest for the hypervisor (costs `trap`), which has the PE until vcpu_untrap(). */
void vcpu_trap(struct vcpu *vcpu);
void vcpu_untrap(struct vcpu *vcpu);

/* ---- For the hypervisor's own code ---- */

/** Notes that emulated commands are begun, or are done, for the guest whose task runs: a gauge of its PE shows it. */
void hypervisor_note_commands(struct hypervisor *hypervisor, bool under_way);

/**
 * Has a virtual CPU run on one PE only from now on: at once if it runs or is to run, else when it is woken. Its vPE
 * goes along when it is loaded there (VMOVP).
 */
void vcpu_move(struct vcpu *vcpu, uint32_t pe);

/** Makes a virtual CPU run that waits; does nothing if it does not wait. */
void vcpu_wake(struct vcpu *vcpu);

/**
 * Makes an interrupt pending in a virtual CPU and has its PE see it.
 * @param packet its MSI, taken over; told as merged, and freed, if that interrupt is pending there already
 */
void vcpu_inject(struct vcpu *vcpu, struct sim_packet *packet, uint32_t intid, uint8_t priority);

#ifdef __cplusplus
}
#endif

#endif
