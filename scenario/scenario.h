/*
 * The scenario: a validated, fully resolved description of a system, the software on it, the work it does and what must
 * come out. It is plain data, made by scenario_load() from a YAML file (docs/scenario-format.md) and never changed
 * afterwards; every default is filled in and every reference by name is a pointer.
 *
 * Conventions:
 *  - Times are sim_time (femtoseconds). Clocks carry their period in whole femtoseconds and the frequency as written.
 *  - Latencies of a pipeline are cycles of the component's own clock; latencies of wires are times.
 *  - Sizes are bytes, bandwidths bytes per second, link speeds megatransfers per second and lane.
 *  - Components of one class are an array; `index` is the position in it, in the order of the file.
 *  - Pointers stay valid until scenario_free().
 *  - A `given` word has bit k set if key k of the structure's key table was written in the file (else it is a default).
 */
#ifndef DOORBELL_SCENARIO_SCENARIO_H
#define DOORBELL_SCENARIO_SCENARIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "result/verdict.h"
#include "scenario/diagnostics.h"
#include "scenario/scenario_pcie.h"
#include "scenario/scenario_platform.h"
#include "scenario/scenario_software.h"
#include "scenario/scenario_sweep.h"
#include "scenario/scenario_vm.h"
#include "sim/time.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------------------------------------------ software */

enum scenario_grouping {
    SCENARIO_GROUPING_LINUX,     /**< Linux's rule, of the version in `rules` */
    SCENARIO_GROUPING_CORRECTED, /**< the corrected proposal of 2025 */
    SCENARIO_GROUPING_REACH,     /**< what the switches really let reach each other */
};

enum scenario_enable_acs {
    SCENARIO_ENABLE_ACS_YES,            /**< SV, RR, CR and UF wherever the capability has them */
    SCENARIO_ENABLE_ACS_NO,             /**< the controls stay as firmware left them */
    SCENARIO_ENABLE_ACS_NOT_FIRST_PORT, /**< as older Linux on device trees: not on the first root port */
};

enum scenario_domain_kind {
    SCENARIO_DOMAIN_DMA,      /**< translated, doorbells mapped */
    SCENARIO_DOMAIN_IDENTITY, /**< bypass: input address = physical address */
};

struct scenario_domains {
    struct scenario_place place;
    uint64_t given;
    enum scenario_domain_kind default_kind; /**< of each group's domain */
};

/** A number for each traffic class, or each virtual channel. */
struct scenario_channel_list {
    uint8_t values[8];
    size_t count;
};

struct scenario_software {
    struct scenario_place place;
    uint64_t given;
    enum scenario_grouping grouping;
    uint32_t rules; /**< index for rules_at() (host/rules.h) */
    enum scenario_msi_window msi_window;
    struct scenario_consumer *consumers; /**< array of consumer_count, in the order of the file */
    size_t consumer_count;
    struct scenario_reserved *reserved; /**< array of reserved_count */
    size_t reserved_count;
    struct scenario_auxiliary *auxiliaries; /**< array of auxiliary_count, in the order of the file */
    size_t auxiliary_count;
    struct scenario_affinity *affinities; /**< array of affinity_count; the first that has a vector counts */
    size_t affinity_count;
    enum scenario_enable_acs enable_acs;
    struct scenario_domains domains;
    struct scenario_channel_list traffic_classes; /**< virtual channel of each traffic class; those left out: VC0 */
    struct scenario_channel_list vc_weights;      /**< of virtual channels in a low-priority group; may be empty */
    bool id_ordering;
    bool separate_pasids; /**< processes and auxiliary domains number theirs each for themselves */
    struct scenario_hypervisor hypervisor;
    uint64_t page_size;        /**< bytes; 4096 */
    uint64_t max_payload;      /**< Max_Payload_Size that software sets, bytes */
    uint64_t max_read_request; /**< Max_Read_Request_Size that software sets, bytes */
    bool ats;                  /**< enable ATS where device and SMMU have it */
    bool page_requests;        /**< and PRI */
    sim_time fault_latency;    /**< from a page request in the queue to the handler's first instruction */
    sim_time fault_time;       /**< to find and map a page */
    sim_time notice_time;      /**< from a device's being pulled out until software hears of it */
    sim_time reset_time;       /**< from a function level reset to the first access afterwards */
    sim_time reclaim;          /**< between two pages that are taken away again; 0: none is */
    bool ecrc;                 /**< software turns ECRC generation and checking on */
    bool error_reporting;      /**< software lets functions send error messages */
    bool extended_tags;        /**< software lets functions use tags of 8 bits */
    bool phantom_functions;    /**< software turns phantom functions on */
};

/* ------------------------------------------------------------------------------------------------ traffic */

enum scenario_arrivals {
    SCENARIO_ARRIVALS_PERIODIC,     /**< one every `period`, the first at `start` */
    SCENARIO_ARRIVALS_POISSON,      /**< exponential gaps with mean `period` */
    SCENARIO_ARRIVALS_BURST,        /**< `burst` at once, bursts start `period` apart */
    SCENARIO_ARRIVALS_WHEN_HANDLED, /**< the next one `think_time` after the handler of the one before ended */
    SCENARIO_ARRIVALS_WHEN_DONE = SCENARIO_ARRIVALS_WHEN_HANDLED, /**< DMA reads: when the one before is done */
};

/** Where successive DMA requests go. */
enum scenario_pattern {
    SCENARIO_PATTERN_SEQUENTIAL, /**< through the buffer from end to end, again and again */
    SCENARIO_PATTERN_RANDOM,     /**< to any place of it, all alike likely */
};

/** One stream of MSIs of one function. Successive MSIs take the listed vectors in turn. */
struct scenario_msi_traffic {
    struct scenario_place place;
    uint64_t given;
    struct scenario_place vectors_place; /**< of a list of vectors */
    bool all_vectors;                    /**< "all" was written; `vectors` is filled in all the same */
    bool ims;                            /**< vectors are entries of the device's own message store */
    const uint32_t *vectors;             /**< array of vector_count, each one that the function has, no duplicates */
    size_t vector_count;
    enum scenario_arrivals arrivals;
    uint64_t rate;       /**< hertz, as written; 0 if `period` was */
    sim_time period;     /**< mean time between arrivals, or between the starts of bursts; 0 for when-handled */
    uint32_t burst;      /**< MSIs a burst; 1 unless arrivals is burst */
    sim_time think_time; /**< for when-handled */
    sim_time start;      /**< of the first arrival, counted from the start of traffic */
    uint32_t traffic_class;
    bool relaxed; /**< a defect */
};

/** Whether the pages of a buffer are there from the start. */
enum scenario_pages {
    SCENARIO_PAGES_PINNED,    /**< software maps them beforehand */
    SCENARIO_PAGES_ON_DEMAND, /**< software maps each when the device asks for it (PRI) */
};

/** One stream of DMA writes or reads of one function. */
struct scenario_dma_traffic {
    struct scenario_place place;
    uint64_t given;
    uint64_t size;                   /**< bytes each */
    enum scenario_arrivals arrivals; /**< WHEN_DONE: reads only */
    uint64_t rate;                   /**< bytes per second, as written; 0 if `period` was */
    sim_time period;                 /**< mean time between arrivals, or between the starts of bursts */
    uint32_t burst;                  /**< requests a burst; 1 unless arrivals is burst */
    sim_time start;
    uint64_t buffer; /**< bytes of the buffer, a multiple of stride */
    uint64_t stride; /**< bytes from one place of it to the next, at least size */
    enum scenario_pattern pattern;
    uint32_t traffic_class;
    bool relaxed;
    bool id_ordered;
    bool no_snoop;
    struct scenario_reference target_written; /**< "memory" or an endpoint */
    const struct scenario_device *target;     /**< endpoint whose last BAR (not BAR 0) holds the buffer; NULL: memory */
    uint32_t target_function;                 /**< of it */
    bool ats;                                 /**< goes through the endpoint's translation cache */
    uint32_t pasid;                           /**< the buffer is in the address space of this PASID; 0: no PASID */
    enum scenario_pages pages;
};

/** One stream; exactly one of the pointers is not NULL. */
struct scenario_stream {
    struct scenario_place place;
    uint64_t given;
    struct scenario_msi_traffic *msi;
    struct scenario_dma_traffic *dma_write;
    struct scenario_dma_traffic *dma_read;
};

/** The DMA of a stream; NULL if it has MSIs. */
static inline const struct scenario_dma_traffic *scenario_stream_dma(const struct scenario_stream *stream)
{
    return stream->dma_write != NULL ? stream->dma_write : stream->dma_read;
}

/** All streams of one function. */
struct scenario_traffic {
    struct scenario_place place;
    uint64_t given;
    const char *name;                     /**< as written: "epA" (function 0) or "epA/1" (function 1) */
    const struct scenario_device *device; /**< an endpoint */
    uint32_t function;
    struct scenario_stream *streams; /**< array of stream_count */
    size_t stream_count;
};

/* ------------------------------------------------------------------------------------------------ expectations */

enum scenario_metric {
    SCENARIO_METRIC_VERDICT,         /**< not a number: an assumption's outcome */
    SCENARIO_METRIC_STEP,            /**< not a number: how a step of the software came out */
    SCENARIO_METRIC_MSI_COUNT,       /**< MSIs sent */
    SCENARIO_METRIC_MSI_LOST,        /**< MSIs sent that no handler ever saw */
    SCENARIO_METRIC_MSI_LATENCY_MIN, /**< femtoseconds, from the event in the device to the handler */
    SCENARIO_METRIC_MSI_LATENCY_MEAN,
    SCENARIO_METRIC_MSI_LATENCY_P50,
    SCENARIO_METRIC_MSI_LATENCY_P99,
    SCENARIO_METRIC_MSI_LATENCY_P99_9,
    SCENARIO_METRIC_MSI_LATENCY_MAX,
    SCENARIO_METRIC_COUNTER, /**< what a component counted */
};

/** One end of an expected range. */
struct scenario_bound {
    bool present;
    bool inclusive;
    uint64_t value; /**< femtoseconds or a count, as the metric says */
};

/** One line of `expect:`. */
struct scenario_expectation {
    struct scenario_place place;     /**< of the expected value */
    struct scenario_place key_place; /**< of the key */
    const char *key;                 /**< as written, for example "epA.msi.latency.p99" */
    const char *text;                /**< expected value as written, for example "< 3 us" */
    enum scenario_metric metric;
    const char *verdict;                  /**< for VERDICT: name of the assumption */
    enum verdict_outcome outcome;         /**< for VERDICT */
    const char *step;                     /**< for STEP: its name, as struct run_step has it */
    const char *device_name;              /**< for a metric of one function: as written, "epA" or "epA/1"; else NULL */
    const struct scenario_device *device; /**< metric of one function of this endpoint; NULL: of the whole system */
    uint32_t function;                    /**< of that endpoint */
    const char *component;                /**< for COUNTER: as written, "S" */
    const char *counter;                  /**< for COUNTER: as written, "tlb-misses" */
    struct scenario_bound lower;          /**< for numbers: value must not be below */
    struct scenario_bound upper;          /**< for numbers: value must not be above; equal to lower for "==" */
};

/* ------------------------------------------------------------------------------------------------ the whole */

struct scenario {
    struct scenario_place place;
    uint64_t given;
    uint32_t version;  /**< the value of `doorbell:` */
    const char *title; /**< never NULL */
    uint64_t seed;
    sim_time duration; /**< traffic time, counted from the end of the software's set-up; events then drain */
    sim_time warmup;   /**< traffic this early counts in no latency; less than duration, or SCENARIO_WARMUP_AUTO */
    bool occupancy;    /**< a run records how full what was */
    struct scenario_until *until; /**< NULL: the run has the whole duration */
    struct scenario_platform platform;
    struct scenario_root_complex *root_complexes; /**< array of root_complex_count, at least one */
    size_t root_complex_count;
    struct scenario_software software;
    struct scenario_vm *vms; /**< array of vm_count */
    size_t vm_count;
    struct scenario_traffic *traffic; /**< array of traffic_count */
    size_t traffic_count;
    struct scenario_action *actions; /**< array of action_count, by time, then in the order of the file */
    size_t action_count;
    struct scenario_expectation *expectations; /**< array of expectation_count, in the order of the file */
    size_t expectation_count;
    struct scenario_sweep *sweep;           /**< NULL if there is none */
    const struct scenario_device **devices; /**< every switch and endpoint, in the order of enumeration */
    size_t device_count;
    struct scenario_component *components; /**< array of component_count, sorted by name */
    size_t component_count;
    const char *path;             /**< of the file, as given */
    struct scenario_arena *arena; /**< owns all of it; private */
};

/** What the command line adds to a file. Zero-initialise. */
struct scenario_options {
    const char *const *sets; /**< array of set_count texts "path=value", applied in order */
    size_t set_count;
};

/**
 * Reads, merges, validates and resolves a scenario file.
 * @param path    file to read; a `base:` in it is relative to the file's own folder
 * @param options NULL for none
 * @param diagnostics receives every error and warning; must be initialised (diagnostics_init or zero)
 * @return the scenario, to be released with scenario_free(); NULL if there is any error. If a file could not be read,
 *         diagnostics->environment_failed is set (exit status 4), otherwise the scenario is wrong (exit status 2).
 */
struct scenario *scenario_load(const char *path, const struct scenario_options *options,
                               struct diagnostics *diagnostics);

/** A file that was read, bases and all, for whoever loads it again and again with other overrides. */
struct scenario_source;

/**
 * Reads a file, without looking at what it says. Release with scenario_source_free().
 * @return NULL if it cannot be read or is no YAML; errors and warnings in @p diagnostics
 */
struct scenario_source *scenario_read(const char *path, struct diagnostics *diagnostics);

/** Takes a top-level key out of what was read, if it is there: for who has no use for it in what it loads. */
void scenario_source_forget(struct scenario_source *source, const char *key);

/** As scenario_load(), of a file as it was when it was read. The source must outlive the scenario. */
struct scenario *scenario_load_source(const struct scenario_source *source, const struct scenario_options *options,
                                      struct diagnostics *diagnostics);

/** Frees it. NULL is allowed. */
void scenario_source_free(struct scenario_source *source);

/**
 * The same, from memory.
 * @param name   stands for the path in messages; a `base:` is relative to its folder
 * @param text   the file's bytes; need not end with NUL, may hold anything
 * @param length number of bytes
 */
struct scenario *scenario_load_text(const char *name, const char *text, size_t length,
                                    const struct scenario_options *options, struct diagnostics *diagnostics);

/** Releases a scenario and all that it points to. NULL is allowed. */
void scenario_free(struct scenario *scenario);

/** Bytes of address space of one redistributor, and of one ITS. */
uint64_t scenario_redistributor_bytes(const struct scenario *scenario);
uint64_t scenario_its_bytes(const struct scenario *scenario, const struct scenario_its *its);

/** DeviceID bits that devices of an ITS can have: its own, or what its pre-ITS's window has room for. */
uint32_t scenario_device_id_bits(const struct scenario_its *its);

/** What a component is. */
enum scenario_class {
    SCENARIO_CLASS_ITS,
    SCENARIO_CLASS_SMMU,
    SCENARIO_CLASS_ROOT_COMPLEX,
    SCENARIO_CLASS_ROOT_PORT,
    SCENARIO_CLASS_SWITCH,
    SCENARIO_CLASS_ENDPOINT,
    SCENARIO_CLASS_BRIDGE,
    SCENARIO_CLASS_MULTIFUNCTION,
    SCENARIO_CLASS_V2M,
};

/** A component by its name. Names differ among all components of a scenario. */
struct scenario_component {
    const char *name;
    enum scenario_class kind;
    struct scenario_place place;
    const void *object; /**< struct scenario_its, _smmu, _root_complex, _root_port, or _device for the last four */
};

/** Finds a component by name; NULL if there is none. */
const struct scenario_component *scenario_find_component(const struct scenario *scenario, const char *name);

/** Finds a switch or endpoint by name; NULL if there is none. */
const struct scenario_device *scenario_find_device(const struct scenario *scenario, const char *name);

/**
 * Looks a requester ID up in a map, as Linux's of_map_id() does: first entry that covers RID & mask.
 * @param output receives the StreamID or DeviceID; may be NULL
 * @return the entry; NULL if none covers it
 */
const struct scenario_map_entry *scenario_map_find(const struct scenario_map *map, uint16_t rid, uint32_t *output);

#ifdef __cplusplus
}
#endif

#endif
