/* The inside of struct system, for the files that build it. */
#ifndef DOORBELL_SCENARIO_SYSTEM_INTERNAL_H
#define DOORBELL_SCENARIO_SYSTEM_INTERNAL_H

#include "host/access.h"
#include "host/error_service.h"
#include "host/interrupt_input.h"
#include "host/vm.h"
#include "models/gic-its/distributor.h"
#include "models/gic-its/its.h"
#include "models/gic-its/pe.h"
#include "models/gic-its/redistributor.h"
#include "models/gic-its/v2m.h"
#include "models/interconnect/crossbar.h"
#include "models/memory/memory.h"
#include "models/pcie/endpoint.h"
#include "models/pcie/pci_bridge.h"
#include "models/pcie/root_complex.h"
#include "models/pcie/switch.h"
#include "models/smmuv3/smmu.h"
#include "result/collector.h"
#include "scenario/software_tables.h"
#include "scenario/system.h"
#include "scenario/timeline.h"

#ifdef __cplusplus
extern "C" {
#endif

struct system_vms;

struct system {
    const struct scenario *scenario;
    struct sim *sim;
    bool checkers;

    struct memory *memory;
    struct crossbar *interconnect;
    unsigned next_master;
    unsigned next_target;
    struct host_port *host_port;
    struct pe **pes;
    struct redistributor **redistributors;
    struct its **itses;
    struct distributor *distributor; /**< NULL: no GICv2m frame, so none */
    struct smmu **smmus;
    struct root_complex **root_complexes;
    struct crossbar **local;       /**< per root complex: the crossbar of the ITS beside it; NULL if there is none */
    unsigned *local_master;        /**< per root complex: next free master port of that crossbar */
    unsigned *local_target;        /**< per root complex: next free target port of that crossbar */
    struct pcie_switch **switches; /**< per device; NULL for others */
    struct pci_bridge **pci_bridges;
    struct pcie_device **pcie_devices; /**< those of several parts */
    struct endpoint **endpoints;
    struct pcie_link **links; /**< per device: the one above it; NULL for conventional devices */

    struct system_stream *streams;
    size_t stream_count;
    struct system_function *functions;
    char **function_names;
    size_t function_count;

    struct firmware firmware;
    struct software_tables software_tables;
    struct enumerate_bridge *bridges;
    struct its_driver_config *its_configs;
    struct device_knowledge *known; /**< one per function of an endpoint */
    size_t known_count;
    struct host_access access;
    struct software software;
    struct system_vms *machines; /**< NULL: no virtual machines */
    struct timeline timeline;
    system_moment_fn moment; /**< told of moments of the timeline; NULL: nobody is */
    void *moment_context;
    sim_time start; /**< of traffic */
    bool brought_up;
    struct interrupt_input *interrupts; /**< NULL: neither SMMU nor root port has an interrupt for software */
    struct error_service errors;        /**< what software has found when root ports told it of errors */
    sim_time next_reclaim;              /**< when a page is taken away; SIM_TIME_NEVER: no more */
    sim_time reclaim_stop;
    struct host_error failure; /**< text empty: software has carried everything out so far */
    char name_text[64];        /**< scratch for name_of() */
};

/** Joins a master to a master port of a crossbar and a component to a target port: two channels each. */
struct sim_bus_port system_join(struct system *system, struct sim_component *master, struct sim_component *target);

/** Joins a bus master to the next master port of the system interconnect. */
struct sim_bus_port system_join_master(struct system *system, struct sim_component *master,
                                       enum crossbar_port_kind kind);

/** Joins a bus target to the next target port of the system interconnect, at an address range. */
struct sim_bus_port system_join_target(struct system *system, struct sim_component *target, uint64_t base,
                                       uint64_t size);

/** Numbers the streams and the functions (scenario/system.c). */
void system_number_streams(struct system *system);

/** The source that messages of a root port carry; 0: it sends none. */
uint32_t system_root_port_source(const struct system *system, const struct scenario_root_complex *rc, size_t port);

/** Whether a root complex has an iommu-map entry that leads to an SMMU, and how many root complexes do. */
bool system_uses_smmu(const struct scenario_root_complex *rc, size_t smmu);
uint32_t system_smmu_users(const struct scenario *scenario, size_t smmu);

/** Virtual machines (scenario/system_vm.c); all of it does nothing if there are none. In the order of their use. */
void system_build_vms(struct system *system);
bool system_create_vms(struct system *system, struct host_error *error);
/** @param mapped set to whether the function belongs to a virtual machine, which then has the buffer */
bool system_map_vm_buffer(struct system *system, uint32_t function, uint32_t stream,
                          const struct scenario_dma_traffic *dma, uint64_t *address, bool *mapped,
                          struct host_error *error);
/** Has a task serve the page requests of SMMUs (a bit each). @return false: there are no machines */
bool system_serve_pages(struct system *system, uint64_t smmus);
bool system_boot_vms(struct system *system, struct host_error *error);
void system_start_vms(struct system *system, sim_time start, sim_time end);
void system_finish_vms(struct system *system);
/** Runs the simulation, and tasks whenever some are ready; otherwise as sim_run(). */
enum sim_run_result system_advance(struct system *system, sim_time end);
/** What went wrong in a task; NULL if nothing did. */
const struct host_error *system_vm_failure(const struct system *system);
void system_free_vms(struct system *system);

/** A function of the tree as a virtual machine's device; NULL if it is none. */
struct vm_device *system_find_vm_device(struct system *system, uint32_t function);

/** What the checker of stale translations has counted for a function; NULL if there is none. */
const struct stale_count *system_stale(const struct system *system, uint32_t function);

/** Makes memory, interconnect, PEs, ITS and SMMUs (scenario/build_platform.c). */
bool system_build_platform(struct system *system, struct host_error *error);

/** Leads the interrupts of SMMUs and root ports to the software (scenario/system_run.c). */
void system_build_interrupts(struct system *system);

/** Lets pages be taken away again from now on, as often as the scenario says. */
void system_begin_reclaim(struct system *system, sim_time start, sim_time stop);

/** Makes everything from the root complexes down (scenario/build_pcie.c). */
bool system_build_pcie(struct system *system, struct host_error *error);

#ifdef __cplusplus
}
#endif

#endif
