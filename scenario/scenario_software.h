/*
 * The part of a scenario that says who uses devices, what is reserved, and what software does while traffic runs. See
 * scenario/scenario.h, which includes it.
 */
#ifndef DOORBELL_SCENARIO_SCENARIO_SOFTWARE_H
#define DOORBELL_SCENARIO_SCENARIO_SOFTWARE_H

#include "scenario/scenario_vm.h"
#include "sim/time.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct scenario_device;

/** A list of functions of endpoints. */
struct scenario_functions {
    const char **names; /**< as written: "epA", "epA/1" */
    struct scenario_place *places;
    const struct scenario_device **devices;
    uint32_t *functions; /**< of those endpoints */
    size_t count;
};

/** Who uses devices. */
enum scenario_consumer_kind {
    SCENARIO_CONSUMER_KERNEL,
    SCENARIO_CONSUMER_VFIO,
    SCENARIO_CONSUMER_IOMMUFD,
};

/** How requests of a consumer's devices are translated. */
enum scenario_translation {
    SCENARIO_TRANSLATION_DMA,
    SCENARIO_TRANSLATION_IDENTITY,
    SCENARIO_TRANSLATION_BLOCKED,
    SCENARIO_TRANSLATION_STAGE_1,
    SCENARIO_TRANSLATION_STAGE_2,
    SCENARIO_TRANSLATION_NESTED,
};

enum scenario_guest_domains {
    SCENARIO_GUEST_DOMAINS_SHARED,
    SCENARIO_GUEST_DOMAINS_EACH,
};

/** A user of devices: kernel drivers with domains of their own kind, a VFIO container, an iommufd file. */
struct scenario_consumer {
    struct scenario_place place;
    uint64_t given;
    const char *name;
    size_t index;
    enum scenario_consumer_kind kind;
    enum scenario_translation translation;
    struct scenario_functions devices; /**< in the order in which they are attached and enabled */
    uint32_t doorbells;                /**< 0: as the rule set says; else 1 + enum doorbell_style */
    bool separate;                     /**< a domain for each group */
    uint32_t faults;                   /**< enum fault_policy (host/fault_object.h) */
    sim_time fault_answer;
    bool unsafe_interrupts;
    uint64_t window_base; /**< MSI window, or aperture */
    uint64_t window_size;
    uint64_t user_base; /**< what the user mapped beforehand */
    uint64_t user_size; /**< 0: nothing */
    uint64_t guest_memory;
    uint64_t guest_memory_base;
    uint64_t guest_doorbell;
    uint32_t guest_doorbells;
    uint32_t bindings;
    uint32_t identity_pages;
    enum scenario_guest_domains guest_domains;
};

/** Kinds of reserved regions, in the order of the scenario key; see host/reserved.h. */
enum scenario_reserved_kind {
    SCENARIO_RESERVED_DIRECT,
    SCENARIO_RESERVED_DIRECT_RELAXABLE,
    SCENARIO_RESERVED_HOLE,
};

/** A reserved region of I/O virtual addresses. */
struct scenario_reserved {
    struct scenario_place place;
    uint64_t given;
    struct scenario_functions devices;
    enum scenario_reserved_kind kind;
    uint64_t base;
    uint64_t size;
};

/** A domain on a PASID of a device, from the beginning. */
struct scenario_auxiliary {
    struct scenario_place place;
    uint64_t given;
    struct scenario_functions device; /**< exactly one */
    uint32_t pasid;
    struct scenario_reference consumer_written;
    const struct scenario_consumer *consumer; /**< whose domain */
    bool doorbell; /**< the device's doorbell is mapped there, and not in its primary domain */
};

/** Numbers of a list of any length. */
struct scenario_numbers {
    const uint32_t *values; /**< array of count */
    size_t count;
};

/** PEs of vectors: smp_affinity, with one PE each. */
struct scenario_affinity {
    struct scenario_place place;
    uint64_t given;
    struct scenario_functions devices;
    uint32_t first; /**< the vector that `pes` begins with */
    struct scenario_numbers pes;
};

/** Where the IOMMU driver says that MSIs go. */
enum scenario_msi_window {
    SCENARIO_MSI_WINDOW_SOFTWARE, /**< a window that software chooses */
    SCENARIO_MSI_WINDOW_FIXED,    /**< the doorbell's own address, never anything else */
    SCENARIO_MSI_WINDOW_BOTH,     /**< the driver reports both */
};

/** What a group goes through after a replacement. */
enum scenario_replacement {
    SCENARIO_REPLACE_SAME,
    SCENARIO_REPLACE_STAGE_1,
    SCENARIO_REPLACE_STAGE_2,
    SCENARIO_REPLACE_NESTED,
};

/** Something that the software does at a given time; what it is, and what it asks for, see host/action.h. */
struct scenario_action {
    struct scenario_place place;
    uint64_t given;
    const char *name; /**< by which `expect` speaks of it; never NULL */
    sim_time at;      /**< counted from the start of traffic; as early as that and the action before allow */
    uint32_t kind;    /**< enum action_kind */
    struct scenario_functions device; /**< exactly one */
    struct scenario_reference consumer_written;
    const struct scenario_consumer *consumer; /**< NULL: none */
    enum scenario_replacement replacement;
    uint32_t vector;
    uint32_t pe;
    uint32_t pasid;
    uint32_t process;
    uint64_t base;
    uint64_t size;
    uint32_t count;
};

#ifdef __cplusplus
}
#endif

#endif
