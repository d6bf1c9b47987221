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
#include "scenario/scenario_software.h"
#include "scenario/scenario_vm.h"
#include "sim/time.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A clock: an integer period, and the frequency it was rounded from (see sim/time.h). */
struct scenario_clock {
    sim_time period;    /**< femtoseconds, at least 1; nearest whole femtosecond to 1/hertz */
    uint64_t frequency; /**< hertz, as written */
};

/* ------------------------------------------------------------------------------------------------ platform */

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
    struct scenario_smmu *smmu; /**< array of smmu_count; may be empty (devices then use physical addresses) */
    size_t smmu_count;
    struct scenario_interconnect interconnect;
    struct scenario_memory memory;
};

/* ------------------------------------------------------------------------------------------------ PCI Express */

/** ACS capability and control bits, at their place in the registers (PCIe base specification 7.7.12). */
enum scenario_acs_bit {
    SCENARIO_ACS_SV = 1 << 0, /**< source validation */
    SCENARIO_ACS_TB = 1 << 1, /**< translation blocking */
    SCENARIO_ACS_RR = 1 << 2, /**< peer-to-peer request redirect */
    SCENARIO_ACS_CR = 1 << 3, /**< peer-to-peer completion redirect */
    SCENARIO_ACS_UF = 1 << 4, /**< upstream forwarding */
    SCENARIO_ACS_EC = 1 << 5, /**< peer-to-peer egress control */
    SCENARIO_ACS_DT = 1 << 6, /**< direct translated peer-to-peer */
};

/** What "acs: full" stands for: everything but egress control. */
#define SCENARIO_ACS_FULL                                                                                              \
    (SCENARIO_ACS_SV | SCENARIO_ACS_TB | SCENARIO_ACS_RR | SCENARIO_ACS_CR | SCENARIO_ACS_UF | SCENARIO_ACS_DT)

/** ACS of one function as software finds it: before `enable-acs` acts. */
struct scenario_acs {
    bool present;        /**< the function has the extended capability */
    uint16_t capability; /**< SCENARIO_ACS_ bits it can do */
    uint16_t control;    /**< SCENARIO_ACS_ bits that are on after reset and firmware; a subset of capability */
};

/** Flow-control credits that each receiver of a link advertises (both directions alike). 0 means infinite. */
struct scenario_credits {
    struct scenario_place place;
    uint64_t given;
    uint32_t ph;   /**< posted headers */
    uint32_t pd;   /**< posted data, units of 16 bytes */
    uint32_t nph;  /**< non-posted headers */
    uint32_t npd;  /**< non-posted data */
    uint32_t cplh; /**< completion headers */
    uint32_t cpld; /**< completion data */
};

/** What besides TLPs takes a link's wire. */
enum scenario_link_overhead {
    SCENARIO_OVERHEAD_PHYSICAL,
    SCENARIO_OVERHEAD_PAPER,
    SCENARIO_OVERHEAD_NONE,
};

/** One PCI Express link. */
struct scenario_link {
    struct scenario_place place;
    uint64_t given;
    uint32_t
        speed; /**< megatransfers per second and lane: 2500, 5000 (8b/10b), 8000, 16000, 32000 (128b/130b) or 64000 */
    uint32_t width;   /**< lanes: 1, 2, 4, 8, 16 or 32 */
    sim_time latency; /**< one way: propagation and the ports' fixed delay; serialisation comes on top */
    sim_time
        credit_latency; /**< from a packet's leaving the receiver's buffer to the sender's credit; 0: the model's own */
    enum scenario_link_overhead overhead;
    sim_time update_interval;  /**< least time between UpdateFCs of a class; 0: the specification's limit */
    sim_time ack_interval;     /**< least time between Acks; 0: the specification's limit */
    uint32_t tlp_errors;       /**< TLPs in a million that arrive corrupted, up to half */
    uint32_t lost_naks;        /**< Naks in a million that get lost */
    uint32_t receiver_errors;  /**< corrupted TLPs in a million that the receiver's physical layer sees first */
    uint32_t bad_acks;         /**< Acks in a million of what is not under way */
    uint32_t poisoned;         /**< TLPs with data in a million that the sender marks as poisoned */
    uint32_t corrupted;        /**< TLPs in a million that change inside the sender */
    uint32_t malformed;        /**< TLPs in a million with a wrong Length */
    sim_time replay_timer;     /**< 0: the model's own */
    uint32_t replay_buffer;    /**< TLPs that may be without an Ack; 0: no limit */
    sim_time retrain_time;     /**< after four replays in vain */
    sim_time refresh_interval; /**< of UpdateFCs */
    uint32_t virtual_channels; /**< 1..8 */
    uint32_t low_priority;     /**< of them besides VC0, those that share its priority */
    struct scenario_credits credits;
};

/** A bus, device and function number. */
struct scenario_bdf {
    uint8_t bus;
    uint8_t device;   /**< 0..31 */
    uint8_t function; /**< 0..7 */
};

/** Requester ID of a bus, device and function number. */
static inline uint16_t scenario_rid(struct scenario_bdf bdf)
{
    return (uint16_t)((unsigned)bdf.bus << 8 | (unsigned)bdf.device << 3 | bdf.function);
}

struct scenario_device;

/** A port that has a link below it: a root port, or a downstream port of a switch. */
struct scenario_port {
    struct scenario_place place;
    uint64_t given;
    const char *name; /**< root port: as written; downstream port: "SWITCH.dsp-DEVICE" */
    struct scenario_acs acs;
    uint32_t weight;         /**< downstream port: packets in a row */
    uint32_t device;         /**< device number on its bus, 0..31 */
    uint32_t function;       /**< function number, 0..7 */
    struct scenario_bdf bdf; /**< as enumeration numbers it (depth first, as Linux does) */
    uint8_t secondary_bus;   /**< bus below */
    uint8_t subordinate_bus; /**< highest bus below */
};

/** When a switch acts on a packet. */
enum scenario_forwarding {
    SCENARIO_CUT_THROUGH,
    SCENARIO_STORE_AND_FORWARD,
};

/** A switch. Its downstream ports are `child->port` of the devices below it. */
struct scenario_switch {
    struct scenario_place place;
    uint64_t given;
    const char *upstream_name;        /**< name of the upstream port: "SWITCH.usp" */
    struct scenario_acs acs;          /**< of every downstream port that does not say otherwise */
    struct scenario_acs upstream_acs; /**< of the upstream port, if it is one of several functions */
    struct scenario_clock clock;
    sim_time latency; /**< cut-through: first byte in to first byte out; store-and-forward: from the last byte in on */
    enum scenario_forwarding forwarding;
    uint32_t upstream_weight; /**< packets in a row */
    uint32_t passing;         /**< packets behind a blocked one that may go before it */
    bool multifunction_ports; /**< downstream ports are functions of device 0, not devices of their own */
    uint8_t secondary_bus;    /**< the internal bus, on which the downstream ports sit */
    uint8_t subordinate_bus;
};

/** A device whose functions are the parts below it: switches and endpoints that share one link. */
struct scenario_multifunction {
    struct scenario_place place;
    uint64_t given;
    struct scenario_clock clock;
    sim_time latency; /**< between link and functions */
    bool peers;       /**< functions reach each other inside */
};

/** Whose requester ID a bridge to conventional PCI puts on what it forwards upstream. */
enum scenario_requester_ids {
    SCENARIO_IDS_REPLACED,    /**< its own: (secondary bus, 0, 0) */
    SCENARIO_IDS_POSTED_KEPT, /**< its own on reads, the device's on posted requests */
    SCENARIO_IDS_KEPT,        /**< the device's */
};

/** A PCI Express to PCI bridge. The devices below it are conventional and share its bus. */
struct scenario_pci_bridge {
    struct scenario_place place;
    uint64_t given;
    struct scenario_clock clock; /**< of the bus */
    sim_time latency;            /**< from one interface to the other */
    uint64_t width;              /**< bytes that the bus moves in a data phase: 4 or 8 */
    uint32_t decode_cycles;      /**< from the address until the target takes part */
    uint32_t delayed_reads;      /**< reads of devices under way upstream */
    enum scenario_requester_ids requester_ids;
    uint32_t vendor_id;
    uint32_t device_id;
    uint8_t secondary_bus; /**< the conventional bus */
    uint8_t subordinate_bus;
};

/** Memory BARs of a function. */
struct scenario_bars {
    uint64_t sizes[6]; /**< bytes, powers of two */
    size_t count;      /**< 0..6 */
};

/** Where a capability lies in configuration space. */
struct scenario_layout_item {
    bool extended;
    uint16_t id;
    uint16_t offset;
};

/** Where those that were named lie, in the order of their chains. */
struct scenario_layout {
    struct scenario_layout_item items[16];
    size_t count;
};

/** SR-IOV of an endpoint's functions: each is a PF with as many VFs. */
struct scenario_sriov {
    struct scenario_place place;
    uint64_t given;
    uint32_t vfs;              /**< TotalVFs */
    uint32_t enabled;          /**< VFs that software enables, at most all */
    uint32_t first_offset;     /**< requester ID of VF 1 less that of its PF */
    uint32_t stride;           /**< from one VF's requester ID to the next one's */
    uint32_t device_id;        /**< PCI device ID of the VFs */
    uint32_t msix_vectors;     /**< MSI-X table size of each VF; 0: none */
    struct scenario_bars bars; /**< of each VF; the first holds its MSI-X table and PBA */
};

/** An MSI capability. */
struct scenario_msi_capability {
    struct scenario_place place;
    uint64_t given;
    uint32_t vectors; /**< asked for: 1, 2, 4, 8, 16 or 32 */
    uint32_t granted; /**< what its driver wants of them, a power of two */
    bool wide;        /**< 64-bit address */
    bool maskable;    /**< mask and pending bit per vector */
};

/** An ATS capability, and the endpoint's translation cache. */
struct scenario_ats {
    struct scenario_place place;
    uint64_t given;
    uint32_t queue_depth; /**< invalidations that it can take, 1..32 */
    uint32_t entries;     /**< translations that its cache keeps */
    uint32_t requests;    /**< translations that it waits for at once */
};

/** A PRI capability. */
struct scenario_pri {
    struct scenario_place place;
    uint64_t given;
    uint32_t capacity;   /**< page requests that can be outstanding */
    bool response_pasid; /**< PRG responses to requests with a PASID must have one */
};

/**
 * An endpoint: functions alike. Where one function of it is meant, its number counts functions first, then all VFs of
 * function 0, then those of function 1, and so on (scenario/functions.h).
 */
struct scenario_endpoint {
    struct scenario_place place;
    uint64_t given;
    uint32_t msix_vectors;         /**< MSI-X table size of each function; 0: no MSI-X capability */
    struct scenario_bars bars;     /**< the first holds the MSI-X table and PBA */
    uint32_t pasid_bits;           /**< Max PASID Width; 0: no PASID capability */
    uint32_t functions;            /**< 1..8 */
    struct scenario_layout layout; /**< of each function\'s capabilities */
    bool ari;                      /**< functions have the ARI capability */
    uint32_t phantom_bits;         /**< function number bits that reads can use as tags, 0..3 */
    uint32_t dma_alias;            /**< device 7:3 and function 2:0 that memory requests carry; only if has_dma_alias */
    bool has_dma_alias;
    struct scenario_sriov *sriov; /**< NULL: no SR-IOV */
    struct scenario_acs acs;      /**< of each function */
    uint32_t vendor_id;
    uint32_t device_id;                  /**< PCI device ID (not the ITS's DeviceID) */
    struct scenario_clock clock;         /**< of the endpoint's logic */
    sim_time send_latency;               /**< from the event in the device to the TLP at the link */
    sim_time complete_latency;           /**< from a request in to its completion at the link */
    uint32_t read_tags;                  /**< DMA reads in flight */
    sim_time completion_timeout;         /**< of a read, from its sending on */
    struct scenario_msi_capability *msi; /**< NULL: none */
    uint32_t ims_entries;                /**< messages in a store of the device's own, at the start of BAR 0; 0: none */
    struct scenario_ats *ats;            /**< NULL: none */
    struct scenario_pri *pri;            /**< NULL: none */
};

/** One entry of a `below:` map: a switch, bridge, endpoint or device of several of them, with the link above it. */
struct scenario_device {
    struct scenario_place place;
    uint64_t given;
    const char *name;
    size_t index;  /**< in scenario.devices */
    uint32_t slot; /**< below a bridge: device number on its bus, 0..31 */
    bool empty;    /**< nothing stands there: only the downstream port above is built. Not in scenario.devices */
    /** Exactly one of the four is not NULL, unless `empty`. */
    struct scenario_switch *sw;
    struct scenario_pci_bridge *bridge;
    struct scenario_endpoint *endpoint;
    struct scenario_multifunction *multifunction;
    /** The link above; right below a root port that port's, of a device's parts the device's; below a bridge none. */
    struct scenario_link link;
    /** The downstream port above the device; meaningful only if parent is a switch. */
    struct scenario_port port;
    struct scenario_device *below; /**< array of below_count, of a switch or bridge; or the parts of a device */
    size_t below_count;
    const struct scenario_device *parent; /**< switch, bridge or device above; NULL right below a root port */
    const struct scenario_root_port *root_port;
    const struct scenario_root_complex *root_complex;
    struct scenario_bdf bdf; /**< of the upstream port, or of the endpoint's function 0 */
};

/** One root port, with the link below it. */
struct scenario_root_port {
    struct scenario_port port;     /**< place, name, ACS, bus numbers */
    struct scenario_link link;     /**< the link below */
    struct scenario_device *below; /**< array of below_count: no device or one */
    size_t below_count;
    const struct scenario_root_complex *root_complex;
};

/** One tuple of an iommu-map or msi-map, as in the device tree (pci-iommu.txt, pci-msi.txt). First match wins. */
struct scenario_map_entry {
    struct scenario_place place;
    uint32_t rid_base;                  /**< compared with (RID & mask) */
    const char *target_name;            /**< as written */
    struct scenario_place target_place; /**< of the name */
    const struct scenario_smmu *smmu;   /**< target of an iommu-map entry; else NULL */
    const struct scenario_its *its;     /**< target of an msi-map entry; else NULL */
    uint32_t output_base;               /**< first StreamID or DeviceID */
    uint32_t length;                    /**< number of requester IDs, 1..0x10000 */
};

struct scenario_map {
    struct scenario_map_entry *entries; /**< may be empty */
    size_t count;
    uint32_t mask; /**< iommu-map-mask or msi-map-mask */
};

/** An address window. */
struct scenario_window {
    struct scenario_place place;
    uint64_t given;
    uint64_t base;
    uint64_t size;
};

/** One root complex: a host bridge with its own configuration and memory windows. */
struct scenario_root_complex {
    struct scenario_place place;
    uint64_t given;
    const char *name;
    size_t index;
    uint32_t segment;
    uint32_t first_bus;
    uint32_t last_bus;
    struct scenario_window ecam; /**< 1 MiB a bus; base is the address of first_bus */
    struct scenario_window mmio; /**< 32-bit memory window for BARs */
    struct scenario_clock clock;
    sim_time latency;                      /**< from the root port's link to the SMMU */
    struct scenario_map iommu_map;         /**< requester ID to StreamID; entries' `smmu` is never NULL */
    struct scenario_map msi_map;           /**< requester ID to DeviceID; entries' `its` is never NULL */
    bool ats;                              /**< firmware says that it supports ATS */
    bool peer_to_peer;                     /**< root ports send to each other what ACS lets go directly */
    struct scenario_root_port *root_ports; /**< array of root_port_count, in the order of the file */
    size_t root_port_count;
};

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
    enum scenario_enable_acs enable_acs;
    struct scenario_domains domains;
    struct scenario_channel_list traffic_classes; /**< virtual channel of each traffic class; those left out: VC0 */
    struct scenario_channel_list vc_weights;      /**< of virtual channels in a low-priority group; may be empty */
    bool id_ordering;
    struct scenario_hypervisor hypervisor;
    uint64_t page_size;        /**< bytes; 4096 */
    uint64_t max_payload;      /**< Max_Payload_Size that software sets, bytes */
    uint64_t max_read_request; /**< Max_Read_Request_Size that software sets, bytes */
    bool ats;                  /**< enable ATS where device and SMMU have it */
    bool page_requests;        /**< and PRI */
    sim_time fault_latency;    /**< from a page request in the queue to the handler's first instruction */
    sim_time fault_time;       /**< to find and map a page */
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

/* --------------------------------------------------------------------------------------------------- sweep */

/** How the axes of a sweep make its points. */
enum scenario_combine {
    SCENARIO_COMBINE_GRID,            /**< every combination; the last axis varies fastest */
    SCENARIO_COMBINE_ZIP,             /**< the first values of all axes, the second values, ... */
    SCENARIO_COMBINE_RANDOM,          /**< `samples` independent draws */
    SCENARIO_COMBINE_LATIN_HYPERCUBE, /**< `samples` draws, one in each of as many equal slices of every axis */
};

enum scenario_scale {
    SCENARIO_SCALE_LINEAR,
    SCENARIO_SCALE_LOG, /**< equal ratios */
};

/** One axis of a sweep: a key of the scenario and what it is set to. */
struct scenario_axis {
    struct scenario_place place;
    uint64_t given;
    const char *key;           /**< path, as --set takes it */
    const char *const *values; /**< array of value_count texts, each as --set takes it; none: any from low to high */
    size_t value_count;
    const char *from; /**< as written; NULL if `values` was */
    const char *to;
    const char *step;
    uint32_t steps; /**< number of values from `from` to `to`; 0: not written */
    uint32_t scale; /**< enum scenario_scale */
    uint32_t unit;  /**< enum units_kind of the range */
    uint64_t low;   /**< ends of the range in base units; low <= high */
    uint64_t high;
};

/** Axes of variation: what `doorbell sweep` runs. */
struct scenario_sweep {
    struct scenario_place place;
    uint64_t given;
    uint32_t combine;           /**< enum scenario_combine */
    uint32_t samples;           /**< points of random and latin-hypercube sweeps */
    uint32_t replications;      /**< runs of each point, with seeds seed, seed + 1, ... */
    struct scenario_axis *axes; /**< array of axis_count, at least one */
    size_t axis_count;
};

/** What a run has to know well enough, to end. */
enum scenario_until_metric {
    SCENARIO_UNTIL_MSI_LATENCY_MEAN, /**< mean latency of all devices' MSIs */
};

/** Ends a run early: scenario_settle(). */
struct scenario_until {
    struct scenario_place place;
    uint64_t given;
    uint32_t metric; /**< enum scenario_until_metric */
    uint32_t ci;     /**< half width of the 95 % confidence interval, in millionths of the mean */
};

/** A warm-up that the run finds itself. */
#define SCENARIO_WARMUP_AUTO SIM_TIME_NEVER

/* ------------------------------------------------------------------------------------------------ the whole */

struct scenario {
    struct scenario_place place;
    uint64_t given;
    uint32_t version;  /**< the value of `doorbell:` */
    const char *title; /**< never NULL */
    uint64_t seed;
    sim_time duration; /**< traffic time, counted from the end of the software's set-up; events then drain */
    sim_time warmup;   /**< traffic this early counts in no latency; less than duration, or SCENARIO_WARMUP_AUTO */
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
