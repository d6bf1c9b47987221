/*
 * The platform of a scenario: PEs, ITSs, redistributors, SMMUs, interconnect, memory. A part of struct scenario; its
 * conventions are in scenario/scenario.h.
 */
#ifndef DOORBELL_SCENARIO_SCENARIO_PLATFORM_H
#define DOORBELL_SCENARIO_SCENARIO_PLATFORM_H

#include "scenario/scenario_vm.h"
#include "sim/time.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A clock: an integer period, and the frequency it was rounded from (see sim/time.h). */
struct scenario_clock {
    sim_time period;    /**< femtoseconds, at least 1; nearest whole femtosecond to 1/hertz */
    uint64_t frequency; /**< hertz, as written */
};

/** The processing elements: all alike, each with one redistributor. */
struct scenario_pe {
    struct scenario_place place;
    uint64_t given;
    uint32_t count;              /**< number of PEs, 1..60; they are named pe0, pe1, ... */
    struct scenario_clock clock; /**< of the PEs */
    uint32_t acknowledge_cycles; /**< from the interrupt signal to the acknowledge (ICC_IAR1_EL1 read) */
    uint32_t entry_cycles;       /**< from the acknowledge to the first instruction of the handler */
    sim_time handler_time;       /**< the handler's own work, until end of interrupt */
    uint32_t handled_cycles;     /**< from the end of the handler until the device is told (when-handled traffic) */
    bool preemption;             /**< handlers run with interrupts unmasked */
    sim_time drop_time;          /**< with preemption: from the handler's start to the priority drop, at most its end */
    uint32_t guest_exit_cycles;  /**< from a guest to the hypervisor for a physical interrupt */
    uint32_t guest_enter_cycles; /**< and back into the guest */
    sim_time guest_handler_time; /**< a handler's own work in a guest */
};

/** What a command error of an ITS does. */
enum scenario_command_errors {
    SCENARIO_COMMAND_ERRORS_SKIP,  /**< the command is skipped */
    SCENARIO_COMMAND_ERRORS_STALL, /**< the queue stops at it */
};

/** Silicon whose configuration the defaults of an ITS, or of the redistributors, are taken from. */
enum scenario_gic_preset {
    SCENARIO_GIC_PRESET_NONE,
    SCENARIO_GIC_PRESET_GIC600_AGILEX5,
    SCENARIO_GIC_PRESET_GIC600_MAX,
};

struct scenario_root_complex;

/** A pre-ITS: a window in front of an ITS that turns an address into a DeviceID. */
struct scenario_pre_its {
    struct scenario_place place;
    uint64_t given;
    uint64_t base;   /**< a multiple of 4 KiB */
    uint64_t size;   /**< bytes, a power of two: 4 for each DeviceID */
    uint32_t cycles; /**< of the ITS's clock, from the window to the translation */
};

/** One Interrupt Translation Service. */
struct scenario_its {
    struct scenario_place place;
    uint64_t given;
    const char *name;
    size_t index;
    enum scenario_gic_preset preset;
    uint64_t base;               /**< control frame; the translation frame follows at base + 0x1_0000; 128 KiB in all */
    struct scenario_clock clock; /**< of the ITS */
    /** Root complex that the ITS stands beside, reached without the interconnect; NULL: on the interconnect. */
    const struct scenario_root_complex *beside;
    struct scenario_reference beside_written;
    sim_time port_latency;             /**< private path from the root complex's SMMU to the ITS; only if beside */
    uint32_t device_id_bits;           /**< GITS_TYPER.Devbits + 1, 1..32 */
    uint32_t event_id_bits;            /**< GITS_TYPER.ID_bits + 1, 1..32 */
    uint32_t translate_cycles;         /**< pipeline of a translation whose table entries all hit */
    uint32_t command_cycles;           /**< to decode and carry out a command, memory accesses not counted */
    uint32_t interval_cycles;          /**< from one MSI to the next */
    uint32_t register_cycles;          /**< of a register access */
    uint32_t translation_slots;        /**< translations in flight */
    uint32_t device_cache_entries;     /**< DeviceID -> device table entry */
    uint32_t event_cache_entries;      /**< (DeviceID, EventID) -> interrupt translation entry */
    uint32_t collection_cache_entries; /**< ICID -> collection table entry */
    uint32_t cache_ways;               /**< associativity of the three caches */
    uint32_t command_queue_entries;    /**< 32-byte commands, a power of two; software allocates them */
    sim_time redistributor_latency;    /**< from the ITS to a redistributor */
    uint32_t lpi_credits;              /**< LPI messages under way to a redistributor at once */
    enum scenario_command_errors command_errors;
    bool report_unmapped;       /**< GITS_TYPER.UMSI */
    bool virtual_lpis;          /**< GITS_TYPER.Virtual, with redistributors of GICv4; else the ITS is a GICv3's */
    uint32_t vpe_cache_entries; /**< vPEID -> vPE table entry */
    uint32_t vpe_cache_ways;
    struct scenario_pre_its *pre_its; /**< NULL: writes bring their DeviceID beside them */
};

/** How much of GICv4 redistributors and ITSs have. */
enum scenario_gic_version {
    SCENARIO_GIC_V3,
    SCENARIO_GIC_V4_0,
    SCENARIO_GIC_V4_1,
};

/** The redistributors: one a PE, all alike, in consecutive frames of 128 KiB, with virtual LPIs 256 KiB. */
struct scenario_redistributor {
    struct scenario_place place;
    uint64_t given;
    enum scenario_gic_preset preset;
    enum scenario_gic_version version;
    uint64_t base; /**< RD_base of pe0; pe n at base + n * scenario_redistributor_bytes() */
    struct scenario_clock clock;
    uint32_t config_cache_entries;  /**< LPI configuration bytes cached; 0: no cache */
    uint32_t config_cache_ways;     /**< associativity */
    uint32_t config_fetches;        /**< configuration reads in flight */
    uint32_t pending_entries;       /**< pending LPIs held on chip; 0: all */
    uint32_t lpi_id_bits;           /**< INTID bits, 14..24; LPIs are 8192 .. 2^bits - 1 */
    uint32_t lookup_cycles;         /**< to look an LPI up when its configuration hits */
    uint32_t deliver_cycles;        /**< from pending to the signal at the PE */
    uint32_t activate_cycles;       /**< to answer an acknowledge */
    uint32_t register_cycles;       /**< of a register access */
    uint32_t virtual_slots;         /**< requests about virtual interrupts that wait */
    uint32_t virtual_cache_entries; /**< configuration bytes of virtual LPIs cached; 0: no cache */
    bool single_vmovp;              /**< GITS_TYPER.VMOVP of every ITS: one command moves a vPE for all */
};

/** The distributor, which is there for GICv2m frames only. Its clock, and theirs, is the redistributors'. */
struct scenario_distributor {
    struct scenario_place place;
    uint64_t given;
    uint64_t base;                  /**< of its registers, 64 KiB */
    uint32_t spis;                  /**< SPIs are INTIDs 32 to 31 + spis */
    uint32_t route_cycles;          /**< from an SPI that comes to its message to a redistributor */
    uint32_t register_cycles;       /**< of a register access */
    sim_time redistributor_latency; /**< from the distributor to a redistributor */
};

/** A GICv2m frame: messages are SPIs. */
struct scenario_v2m {
    struct scenario_place place;
    uint64_t given;
    const char *name;
    size_t index;
    uint64_t base;            /**< of the frame, 4 KiB */
    uint32_t first_spi;       /**< INTID */
    uint32_t spi_count;       /**< SPIs of the frame */
    uint32_t forward_cycles;  /**< from a write to the SPI at the distributor's channel */
    uint32_t register_cycles; /**< of a register access */
};

/** Format of an SMMU's stream table: STRTAB_BASE_CFG.FMT. */
enum scenario_stream_table {
    SCENARIO_STREAM_TABLE_LINEAR,
    SCENARIO_STREAM_TABLE_2_LEVEL,
};

/** In which order requests of one port leave an SMMU. */
enum scenario_smmu_order {
    SCENARIO_SMMU_ORDER_PORT,   /**< as they came */
    SCENARIO_SMMU_ORDER_STREAM, /**< as they came among those of one StreamID */
};

/** Which entry of a full set makes room. */
enum scenario_policy {
    SCENARIO_POLICY_LRU,
    SCENARIO_POLICY_PLRU,
    SCENARIO_POLICY_ROUND_ROBIN,
    SCENARIO_POLICY_RANDOM,
};

/** Structures and cycles of a known part. */
enum scenario_smmu_preset {
    SCENARIO_SMMU_DEFAULT,
    SCENARIO_SMMU_GEM5,
    SCENARIO_SMMU_AGILEX5,
};

/** A cache of an SMMU. */
struct scenario_smmu_cache {
    struct scenario_place place;
    uint64_t given;
    uint32_t entries;       /**< in all; a multiple of ways; where it may be absent, 0 */
    uint32_t ways;          /**< associativity */
    uint32_t lookup_cycles; /**< of a lookup, hit or miss */
    enum scenario_policy policy;
};

/** The walk caches of an SMMU: entries of each stage and level. */
struct scenario_walk_cache {
    struct scenario_place place;
    uint64_t given;
    uint32_t entries[2][3]; /**< [stage - 1][level]; multiples of ways; 0: absent */
    uint32_t ways;
    uint32_t lookup_cycles; /**< of each level looked into */
    enum scenario_policy policy;
    bool nonfinal; /**< stage 2 walks on behalf of stage 1 tables and context descriptors use them too */
};

/** What an SMMU implements: fields of its identification registers, and queues beyond the architecture's. */
struct scenario_smmu_idr {
    struct scenario_place place;
    uint64_t given;
    bool s1p;
    bool s2p;
    bool hyp;
    bool ats;
    bool ns1ats;
    bool pri;
    bool asid16;
    bool vmid16;
    bool vmw;
    bool msi;
    bool sev;
    bool term_model;
    bool gran4k;
    bool gran16k;
    bool gran64k;
    uint32_t stall_model;  /**< 0, 1 or 2 */
    uint32_t httu;         /**< 0, 1 or 2 */
    uint32_t iidr;         /**< the whole register */
    uint32_t ecmdq_pages;  /**< command queue control pages; 0: none */
    uint32_t ecmdq_queues; /**< queues of each */
    uint32_t vcmdqs;       /**< virtual command queues; 0: none */
    uint32_t vintfs;       /**< their interfaces */
};

/** One SMMUv3. */
struct scenario_smmu {
    struct scenario_place place;
    uint64_t given;
    const char *name;
    size_t index;
    uint64_t base; /**< register page 0; page 1 at base + 0x1_0000; then what more queues have */
    struct scenario_clock clock;
    enum scenario_smmu_preset preset;
    struct scenario_smmu_cache tlb; /**< the TCU's */
    struct scenario_smmu_cache config_cache;
    struct scenario_smmu_cache micro_tlb; /**< of each TBU */
    struct scenario_smmu_cache tbu_tlb;   /**< of each TBU */
    struct scenario_smmu_cache ipa_cache;
    struct scenario_walk_cache walk_cache;
    struct scenario_smmu_idr idr;
    uint32_t tbus;                 /**< translation buffer units */
    uint32_t tbu_slots;            /**< of each TBU; 0: as translation_slots */
    uint32_t to_tcu_cycles;        /**< link from a TBU to the TCU; 0: none */
    uint32_t to_tbu_cycles;        /**< and back */
    uint32_t walk_begin_cycles;    /**< before the first read of a stage's walk */
    uint32_t walk_interval_cycles; /**< from the beginning of one walk to that of the next, at least */
    uint32_t config_decode_cycles; /**< to take what a read of an STE or CD brought */
    uint32_t accept_cycles;        /**< from arrival to the first lookup */
    uint32_t forward_cycles;       /**< from the translated address to the output port */
    uint32_t response_cycles;      /**< of a read completion on its way to the device */
    uint32_t issue_cycles;         /**< to send one read of a table */
    uint32_t decode_cycles;        /**< to take what a table read brought */
    uint32_t register_cycles;      /**< of a register access */
    uint32_t command_cycles;       /**< to decode and carry out a command, memory accesses not counted */
    uint32_t scan_cycles;          /**< of an invalidation, for each set it visits */
    enum scenario_smmu_order order;
    uint32_t translation_slots;   /**< requests in flight */
    bool share_walks;             /**< a miss waits for a walk for its page that is under way; else it walks too */
    uint32_t walk_slots;          /**< translation table walks in flight */
    uint32_t config_slots;        /**< stream table entry and context descriptor fetches in flight */
    uint32_t event_buffer;        /**< event records that wait to be written */
    uint32_t stream_id_bits;      /**< IDR1.SIDSIZE, 1..32 */
    uint32_t substream_id_bits;   /**< IDR1.SSIDSIZE, 0..20 */
    uint32_t output_address_bits; /**< IDR5.OAS: 32, 36, 40, 42, 44 or 48 */
    enum scenario_stream_table stream_table; /**< which format software chooses */
    uint32_t command_queue_entries;          /**< 16-byte commands, a power of two up to 2^19 */
    sim_time atc_timeout;                    /**< that a device has to answer an invalidation */
    uint32_t event_queue_entries;            /**< 32-byte events, a power of two up to 2^19 */
    uint32_t page_queue_entries;             /**< 16-byte page requests, a power of two up to 2^19 */
};

/** The system interconnect. */
enum scenario_interconnect_kind {
    SCENARIO_INTERCONNECT_CROSSBAR,
};

struct scenario_interconnect {
    struct scenario_place place;
    uint64_t given;
    enum scenario_interconnect_kind kind;
    struct scenario_clock clock;
    sim_time latency;          /**< of a request, port to port, unloaded */
    sim_time response_latency; /**< of an answer */
    uint64_t width;            /**< bytes moved a cycle and port */
    bool relaxed_ordering;     /**< writes with RO do not wait for others */
    uint32_t ordered_writes;   /**< writes without an answer that an ordered port remembers */
};

/** Main memory: one region behind one controller. */
struct scenario_memory {
    struct scenario_place place;
    uint64_t given;
    uint64_t base;
    uint64_t size;
    struct scenario_clock clock;
    sim_time latency;   /**< of a read, from the port to the data, unloaded */
    uint64_t bandwidth; /**< bytes per second */
    uint32_t queue;     /**< accesses under way at once */
};

struct scenario_platform {
    struct scenario_place place;
    uint64_t given;
    struct scenario_pe pe;
    struct scenario_its *its; /**< array of its_count; may be empty */
    size_t its_count;
    struct scenario_redistributor redistributor;
    struct scenario_distributor distributor;
    struct scenario_v2m *v2m; /**< array of v2m_count; may be empty */
    size_t v2m_count;
    struct scenario_smmu *smmu; /**< array of smmu_count; may be empty (devices then use physical addresses) */
    size_t smmu_count;
    struct scenario_interconnect interconnect;
    struct scenario_memory memory;
};

#ifdef __cplusplus
}
#endif

#endif
