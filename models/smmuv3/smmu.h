/*
 * SMMUv3 (Arm IHI 0070): translates and polices what devices behind it do to memory.
 *
 * One SMMU has N upstream ports (from root complexes), each with a downstream port of its own (into the
 * interconnect), a walker port (its own accesses to memory: tables, queues, MSIs) and a register port (128 KiB: page 0
 * at `base`, page 1 at `base` + 64 KiB). It is driven through these only. docs/smmuv3.md lists what is implemented and
 * what the identification registers report absent.
 *
 * Upstream requests carry a StreamID (SIM_FLAG_HAS_STREAM_ID) and perhaps a SubstreamID (SIM_FLAG_PASID: SSV). A
 * request without a StreamID does not come from behind the SMMU: it passes untranslated. A translated request leaves on
 * the downstream port of the same number with its physical address; everything else of it stays. Downstream ports are
 * posted: write acknowledgements never come back, read completions do and go upstream unchanged. A terminated write is
 * dropped (SIM_DROP_SMMU_FAULT; also one that is terminated as RAZ/WI, because it is lost all the same); a terminated
 * read is answered upstream: status CA if it aborts, status OK and zeros if it is RAZ/WI.
 *
 * Stages. `n` cycles of the SMMU's clock; the time of a request inside the SMMU is the sum of what applies to it.
 * Sources: [D] default of the gem5 model, measured or read in version 24.0; A: assumption, no public source.
 *
 *   stage            parameter             default  source  applies to
 *   accept           accept_cycles         1        A       every request
 *   config lookup    config_lookup_cycles  3        [D]     requests with a StreamID while SMMUEN=1
 *   config fetch     per structure read: issue_cycles + memory + decode_cycles; a miss of the configuration cache reads
 *                    STE, CD (one level each), plus one level-1 descriptor for each two-level table
 *   TLB lookup       tlb_lookup_cycles     3        [D]     requests that are translated
 *   walk             per level read: issue_cycles + memory + decode_cycles; a miss of the TLB reads one descriptor a
 *                    level from level 0 (input of 40..48 bits), 1 (31..39) or 2 (25..30) down to the leaf
 *   walk interval    walk_interval_cycles  0        A       under load: a walk begins so long after the last one began
 *   issue            issue_cycles          1        [D]     each read of the walker
 *   decode           decode_cycles         1        [D]     each read of the walker
 *   forward          forward_cycles        1        A       every request, and the answer to a terminated read
 *   response         response_cycles       1        A       a read completion on its way upstream
 *   register access  register_cycles       4        A       every access to a register
 *   command          command_cycles        2        A       every command, after its fetch; invalidations add
 *                    scan_cycles           1        A       for every set of the TLB or configuration cache visited
 *
 * "memory" is the time from the walker request leaving the SMMU to its answer arriving. So an unloaded write that hits
 * both caches takes accept + config lookup + TLB lookup + forward. Requests leave a port at most one a cycle. A
 * lookup's hit is one evaluation; only misses occupy translation slots.
 */
#ifndef DOORBELL_MODELS_SMMUV3_SMMU_H
#define DOORBELL_MODELS_SMMUV3_SMMU_H

#include "models/smmuv3/smmu_features.h"
#include "sim/bus.h"
#include "sim/sim.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct smmu;

/** Most upstream ports that one SMMU can have. */
#define SMMU_MAX_PORTS 16

/** Most translation buffer units of one SMMU: no more than ports. */
#define SMMU_MAX_TBUS SMMU_MAX_PORTS

/** Most translation slots, walk slots and config fetch slots. */
#define SMMU_MAX_SLOTS 1024
#define SMMU_MAX_JOBS  256

/** Most stalled transactions. */
#define SMMU_MAX_STALLS 256

/** In which order requests of one upstream port leave. */
enum smmu_order {
    SMMU_ORDER_PORT,   /**< as they came: PCIe posted order without relaxation */
    SMMU_ORDER_STREAM, /**< as they came among those of one StreamID; a hit may pass another stream's miss */
};

/** Which entry of a full set makes room. */
enum smmu_policy {
    SMMU_POLICY_LRU,         /**< least recently used */
    SMMU_POLICY_PLRU,        /**< tree pseudo-LRU: 1, 2, 4, ... 64 ways */
    SMMU_POLICY_ROUND_ROBIN, /**< first in, first out */
    SMMU_POLICY_RANDOM,
};

/** A cache. */
struct smmu_cache_config {
    uint32_t entries; /**< in all, a multiple of ways; 0: the cache is absent */
    uint32_t ways;
    enum smmu_policy policy;
    uint32_t lookup_cycles; /**< of a lookup, hit or miss */
};

struct smmu_config {
    uint64_t base;   /**< physical address of register page 0, a multiple of 64 KiB */
    sim_time period; /**< clock period, fs */
    uint32_t ports;  /**< upstream ports, 1..SMMU_MAX_PORTS */
    enum smmu_order order;

    /* What the identification registers say. */
    uint32_t stream_id_bits;       /**< IDR1.SIDSIZE, 0..32 */
    uint32_t substream_id_bits;    /**< IDR1.SSIDSIZE, 0..20 */
    uint32_t output_address_bits;  /**< IDR5.OAS: 32, 36, 40, 42, 44, 48 or 52 */
    uint32_t command_queue_bits;   /**< IDR1.CMDQS: log2 of the most entries, 0..19 */
    uint32_t event_queue_bits;     /**< IDR1.EVENTQS: likewise */
    uint32_t pri_queue_bits;       /**< IDR1.PRIQS: likewise */
    struct smmu_features features; /**< all other features (its sizes are not looked at) */
    uint32_t ecmdq_pages;          /**< IDR6: command queue control pages, a power of two, with msi; 0: none */
    uint32_t ecmdq_queues;         /**< IDR6: queues of each, a power of two; at most 128 in all */
    uint32_t vcmdqs;               /**< virtual command queues (smmu_cmdqv.h), a power of two up to 64; 0: none */
    uint32_t vintfs;               /**< their interfaces, a power of two up to vcmdqs */
    uint32_t vintf_sids;           /**< StreamIDs that an interface can replace, a power of two up to 16 */
    bool msi;                      /**< IDR0.MSI: its interrupts and CMD_SYNC completions can be MSIs */
    bool has_device_id;            /**< its MSIs carry device_id, so that an ITS can translate them */
    uint32_t device_id;

    /* Structures. */
    uint32_t tlb_entries; /**< the TCU's, in all, a multiple of tlb_ways; 0 with a link: none */
    uint32_t tlb_ways;
    enum smmu_policy tlb_policy;
    uint32_t config_cache_entries; /**< in all, a multiple of config_cache_ways */
    uint32_t config_cache_ways;
    enum smmu_policy config_cache_policy;
    uint32_t tbus;      /**< translation buffer units, 1..ports; ports are dealt out to them in order */
    uint32_t tbu_slots; /**< of each TBU: requests held because of a miss, or behind one; 0: as translation_slots */
    struct smmu_cache_config micro_tlb;        /**< of each TBU, looked up first; needs a link */
    struct smmu_cache_config tbu_tlb;          /**< of each TBU, looked up next; needs a link */
    struct smmu_cache_config walk_cache[2][4]; /**< of the TCU: [stage - 1][level], looked into deepest first */
    bool walk_cache_nonfinal; /**< stage 2 walks on behalf of stage 1 tables and CDs use the walk caches too */
    struct smmu_cache_config ipa_cache; /**< of the TCU: results of stage 2 */
    uint32_t translation_slots;         /**< requests that the TCU works on, 1..SMMU_MAX_SLOTS */
    bool separate_walks; /**< a miss walks even while another walk for its page is under way; else it waits for that */
    uint32_t walk_slots; /**< concurrent translation table walks, 1..SMMU_MAX_JOBS */
    uint32_t config_slots; /**< concurrent STE and CD fetches, 1..SMMU_MAX_JOBS */
    uint32_t stall_slots;  /**< IDR5.STALL_MAX: stalled transactions, 1..256; unless features.stall is NONE */
    uint32_t event_buffer; /**< event records waiting to be written to the event queue, at least 1 */

    /* Stages: see the table above. */
    sim_time atc_timeout; /**< fs that an endpoint has to answer an Invalidate Request */
    uint32_t accept_cycles;
    uint32_t config_lookup_cycles;
    uint32_t tlb_lookup_cycles;
    uint32_t to_tcu_cycles; /**< link from a TBU to the TCU; 0 (both): they are one block, without TLBs of its own */
    uint32_t to_tbu_cycles; /**< and back */
    uint32_t walk_begin_cycles;    /**< before the first read of each stage's walk */
    uint32_t walk_interval_cycles; /**< from the beginning of one walk to that of the next, at least; 0: none */
    uint32_t issue_cycles;
    uint32_t decode_cycles;        /**< of a descriptor of a translation table */
    uint32_t config_decode_cycles; /**< of an STE, a CD or a level-1 descriptor of theirs */
    uint32_t forward_cycles;
    uint32_t response_cycles;
    uint32_t register_cycles;
    uint32_t command_cycles;
    uint32_t scan_cycles;
};

/**
 * Sets every field: features as smmu_features_defaults() says, base 0, 1 GHz, one port in port order, 16 StreamID and
 * 16 SubstreamID bits, 48-bit addresses, 256 commands, 128 events, 128 page requests, no command queue control pages
 * or virtual command queues, MSIs without a DeviceID, one TBU that is one block with the TCU, a TLB of 2048 entries in
 * 4 ways and a configuration cache of 64 in 4 ways [D], 64 translation slots and 16 walk slots [D], 8 config fetch
 * slots and 8 buffered events (A), and the cycles of the table above.
 */
void smmu_config_defaults(struct smmu_config *config);

/**
 * Sets the structures and cycles of a part; everything else of @p config stays. Presets, and where their numbers come
 * from, are listed in docs/smmuv3.md.
 * @param name "default" (smmu_config_defaults()), "gem5-default" or "agilex5-mmu600"
 * @return false if there is no such preset
 */
bool smmu_config_preset(struct smmu_config *config, const char *name);

/** Names of all presets, ended by NULL. */
extern const char *const smmu_presets[];

/** What is wrong with a configuration, as a sentence without a full stop; NULL if nothing is. */
const char *smmu_config_error(const struct smmu_config *config);

/** Offset of the registers of virtual command queues from config->base: they follow all register pages. */
uint32_t smmu_cmdqv_offset(const struct smmu_config *config);

/**
 * Bytes of all registers, from config->base on: pages 0 and 1, command queue control pages, and virtual command queues.
 */
uint32_t smmu_window_bytes(const struct smmu_config *config);

/**
 * Makes an SMMU in its reset state: disabled, GBPA lets everything through, caches empty. Memory is the simulation's.
 * @param name   component name, unique in the simulation; the stages "<name> config" and "<name> walk" book the parts
 *               of a request's time that its misses cost, the stage "<name>" all the rest
 * @param config copied; one with an error (see smmu_config_error()) stops the simulator
 */
struct smmu *smmu_create(struct sim *sim, const char *name, const struct smmu_config *config);

/** The component, to create channels with. */
struct sim_component *smmu_component(struct smmu *smmu);

/** Binds upstream port @p port (0..ports-1): the SMMU is the target. All ports must be bound before the first run. */
void smmu_bind_upstream(struct smmu *smmu, uint32_t port, struct sim_bus_port bus);

/**
 * Says that the endpoints of StreamIDs @p first to @p last are behind upstream port @p port: where CMD_ATC_INV and PRG
 * Responses for them go. Without any route all are behind port 0; with some, what no route names is nowhere, and
 * messages for it are lost, as if it had answered that it does not support them.
 */
void smmu_add_stream_route(struct smmu *smmu, uint32_t first, uint32_t last, uint32_t port);

/** Binds downstream port @p port: the SMMU is the master. The port is posted: no write acknowledgements. */
void smmu_bind_downstream(struct smmu *smmu, uint32_t port, struct sim_bus_port bus);

/** Binds the walker port: the SMMU is the master of an ordinary port, on which writes are acknowledged. */
void smmu_bind_walker(struct smmu *smmu, struct sim_bus_port bus);

/** Outputs of an SMMU that are wires: its interrupts, also beside MSIs (3.18.2), and the wake-up of PEs (WFE). */
enum smmu_wire {
    SMMU_WIRE_GERROR,
    SMMU_WIRE_EVENTQ,
    SMMU_WIRE_PRIQ,
    SMMU_WIRE_SYNC,  /**< CMD_SYNC with CS = IRQ */
    SMMU_WIRE_CMDQV, /**< error of a virtual command queue whose interface is not masked */
    SMMU_WIRE_WAKE,  /**< IDR0.SEV: CMD_SYNC with CS = SEV; a command queue is no longer full (4.1.2) */
    SMMU_WIRES,
};

/** Edges that can be on their way along a wire. */
#define SMMU_WIRE_PACKETS 4u

/**
 * Connects a wire: each of its edges pushes a packet of type SIM_PACKET_MESSAGE, whose reader frees it. The channel
 * holds SMMU_WIRE_PACKETS; an edge that finds it full joins those that are on their way. Without this nothing is
 * connected to a wire: software polls, or uses MSIs.
 */
void smmu_bind_wire(struct smmu *smmu, enum smmu_wire wire, struct sim_channel *channel);

/** How many edges an output has had. */
uint64_t smmu_get_edges(const struct smmu *smmu, enum smmu_wire wire);

/**
 * Called when a command, CMD_SYNC too, has been found legal and begins to be carried out.
 * @param queue number of its queue: 0 is that of page 0
 * @param words the two words of the command as the SMMU uses it
 */
typedef void (*smmu_command_observer)(void *context, uint32_t queue, const uint64_t *words);

/** Sets who is told of commands; NULL: nobody. For tests and tools: it must not change the simulation. */
void smmu_observe_commands(struct smmu *smmu, smmu_command_observer observer, void *context);

/**
 * Binds the register port: the SMMU is the target, at addresses base .. base + smmu_window_bytes() - 1. 32-bit accesses
 * to any register, 64-bit ones to 64-bit registers; an access of another size or alignment reads zeros and is ignored
 * (the choice among what chapter 6 calls CONSTRAINED UNPREDICTABLE). An address outside the window is answered with UR.
 */
void smmu_bind_registers(struct smmu *smmu, struct sim_bus_port bus);

#ifdef __cplusplus
}
#endif

#endif
