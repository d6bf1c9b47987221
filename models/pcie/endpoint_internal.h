/*
 * The inside of an endpoint. Files: endpoint.c (making, evaluation), endpoint_function.c (configuration space, BARs,
 * requests from outside), endpoint_virtual.c (VFs, reset), endpoint_msix.c (where messages are kept),
 * endpoint_message.c (MSI, MSI-X, IMS), endpoint_dma.c, endpoint_traffic.c (streams and jobs).
 */
#ifndef DOORBELL_MODELS_PCIE_ENDPOINT_INTERNAL_H
#define DOORBELL_MODELS_PCIE_ENDPOINT_INTERNAL_H

#include "models/pcie/endpoint.h"
#include "models/pcie/errors.h"
#include "sim/random.h"

#include <assert.h>
#include <stdalign.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/** An MSI that waits for its vector to be unmasked. */
struct endpoint_held {
    sim_time born;
    uint64_t id;
    uint32_t source;
    uint32_t vector;
    uint32_t flags; /**< attributes */
    uint8_t traffic_class;
    bool pending;
};

/** How a message is made. */
enum endpoint_message_kind {
    ENDPOINT_MESSAGE_NONE,
    ENDPOINT_MESSAGE_MSI,
    ENDPOINT_MESSAGE_MSIX,
    ENDPOINT_MESSAGE_IMS,
};

/** Bit of an IMS entry's vector control: a message waits. Software cannot change it. */
#define ENDPOINT_IMS_PENDING 0x2u

struct endpoint_bar {
    uint64_t base;
    uint64_t size;  /**< 0: none */
    uint8_t *store; /**< its first store_bytes bytes */
    uint32_t store_bytes;
};

/** What each request looks at comes first. */
struct endpoint_function {
    alignas(64) struct endpoint *endpoint;
    uint16_t id;          /**< requester ID, captured */
    uint16_t dma_id;      /**< the one that its memory requests carry */
    int32_t dma_number;   /**< function number that its memory requests carry; -1: its own */
    uint32_t writes_sent; /**< DMA write TLPs meant for memory, so far */
    /* Decoded from the configuration space: */
    uint32_t max_payload;
    uint32_t max_read_request;
    uint32_t phantom_bits; /**< function number bits in use as tags */
    uint32_t wire_tags;    /**< tags that it may use: 32 or 256 */
    bool memory_space;
    bool bus_master;
    bool pasid_enabled;
    bool ats_enabled;
    bool relaxed_enabled;
    bool no_snoop_enabled;
    bool ido_requests;
    bool ido_completions;
    bool ecrc_enabled;
    bool present;                       /**< answers configuration requests; false for VFs that are not enabled */
    bool awake;                         /**< in D0 */
    unsigned index;                     /**< in endpoint.functions */
    unsigned number;                    /**< its requester ID less that of number 0 on the endpoint's own bus */
    struct endpoint_function *physical; /**< VFs: the PF; else NULL */
    uint32_t vf_number;                 /**< VFs: 1 and up */
    uint32_t first_vf;                  /**< PFs: index of VF 1 */
    uint32_t vfs_enabled;               /**< PFs */
    struct pcie_config_space config;
    uint8_t *initial; /**< registers out of reset */
    struct endpoint_bar bars[PCIE_TYPE0_BARS];
    enum endpoint_message_kind message_kind; /**< MSI or MSI-X, as enabled */
    bool msix_function_masked;
    uint32_t msi_granted_log2;
    uint64_t msi_address;
    uint32_t msi_data;
    uint32_t msi_mask;
    uint32_t pages_under_way; /**< page requests without a response; of a PF with its VFs */
    /* Messages: */
    uint32_t msi_vectors;
    uint16_t msi_pending; /**< offset of the pending bits in configuration space; 0: none */
    uint32_t ims_entries;
    uint8_t *ims;
    unsigned ims_bar;
    uint32_t ims_offset;
    uint32_t vectors; /**< of MSI-X */
    uint8_t *table;
    uint32_t table_bytes;
    unsigned table_bar;
    uint32_t table_offset;
    uint8_t *pba;
    uint32_t pba_bytes;
    unsigned pba_bar;
    uint32_t pba_offset;
    uint32_t slots;             /**< messages that can be pending at once */
    struct endpoint_held *held; /**< one a slot */
    uint32_t held_count;
    uint32_t release_from; /**< while releasing: no slot below holds a message that may go */
    bool releasing;        /**< masks changed while MSIs were held: some may be free to go */
};

/** A request that is next in line. */
struct endpoint_operation {
    struct endpoint_function *function;
    enum endpoint_stream_kind kind;
    sim_time born;
    uint32_t source;
    uint32_t vector;
    uint64_t address;
    uint32_t bytes;
    uint64_t number; /**< of the request in its stream, for stamps */
    uint64_t inline_data;
    bool has_inline_data;
    enum sim_address_type at;
    bool relaxed;
    bool id_ordered;
    bool no_snoop;
    uint8_t traffic_class;
    bool with_pasid;
    uint32_t pasid;
    bool untracked;
    bool for_peer;
    bool ats; /**< translated before it is sent, if ATS is enabled */
    /* Page requests; `write` also of translation requests: */
    bool write;
    bool read;
    bool last;
    uint16_t group;
};

/** What changes comes first, then what each request needs of the configuration. */
struct endpoint_stream {
    alignas(64) sim_time next; /**< drawn time of the next arrival; SIM_TIME_NEVER: none known */
    struct endpoint_function *function;
    uint64_t number; /**< arrivals so far */
    uint64_t buffer;
    uint64_t buffer_bytes;
    uint64_t buffer_offset;
    uint32_t progress; /**< bytes of the current request that have left */
    uint32_t packets;  /**< identities given */
    uint32_t name_hash;
    uint32_t left_in_burst;
    struct endpoint_stream_config config;
    struct sim_random random;
    uint32_t *vectors;
    size_t next_vector; /**< index in vectors */
    uint32_t under_way; /**< reads that have left and are not done, of WHEN_DONE */
};

/** Requests asked for one by one; in a ring of their own for posted and for reads. */
struct endpoint_jobs {
    uint16_t head;
    uint16_t count;
    uint32_t progress;
    struct endpoint_operation *ring; /**< of ENDPOINT_MAX_JOBS */
};

/** A DMA read under way. */
struct endpoint_read {
    bool active;
    struct endpoint_function *function;
    uint16_t requester;             /**< ID that the request carried */
    struct endpoint_stream *stream; /**< the one that waits for it (WHEN_DONE); NULL: none does */
    uint64_t address;               /**< of the next byte expected */
    uint32_t rest;                  /**< bytes expected */
    sim_time sent;
    bool late;       /**< given up: its completions may still come, so its tag is kept back for a while */
    bool translated; /**< a translated request */
    int8_t walk;     /**< a translation request: for whom; else -1 */
};

#define ENDPOINT_NO_FUNCTION UINT16_MAX

/* Of VC0; those of VC n lie 2 n bits higher. */
#define ENDPOINT_BLOCKED_POSTED 1u
#define ENDPOINT_BLOCKED_READ   2u

/** The bit of endpoint.arrived that says that something may have been found wrong with the link. */
#define ENDPOINT_ARRIVED_FINDINGS 3u

/** Inputs for handlers' signals share the bits of endpoint.arrived that the link leaves: input n has bit n mod this. */
#define ENDPOINT_HANDLED_BITS 60u

/** An input for handlers' signals. */
struct endpoint_handled {
    struct sim_channel *channel;
    unsigned index;
    struct endpoint_handled *next; /**< with the same bit */
};

/** Cached: when the oldest request of either sort was born; SIM_TIME_NEVER if there is none that could be sent. */
struct endpoint_next {
    sim_time posted;
    sim_time read;
};

/** What every evaluation looks at comes first: with a thousand endpoints, each line of it has to be fetched. */
struct endpoint {
    alignas(64) struct sim_component component;
    const struct pcie_port *port;
    uint64_t arrived;         /**< hint: bits 0..2 the classes of the link, 3 its errors, then the handlers' inputs */
    struct endpoint_atc *atc; /**< NULL: no function has ATS */
    sim_time read_deadline;   /**< no read under way times out before; SIM_TIME_NEVER: none is */
    struct pcie_split answer; /**< completion that is going out */
    uint32_t releasing_functions; /**< how many are */
    uint32_t atc_blocked;         /**< bits ENDPOINT_BLOCKED_*: the oldest request waits for a translation */
    struct endpoint_jobs posted_jobs;
    struct endpoint_jobs read_jobs;
    struct endpoint_function *functions; /**< the physical ones, then all VFs of each */
    struct endpoint_stream *streams;
    uint32_t stream_count;
    bool only_vc0;                /**< all traffic classes are on it: `vcs` need not be looked at */
    bool has_errors;              /**< there are messages in `errors` */
    bool in_place;                /**< it has a link, and is in its slot */
    struct pcie_port_lines lines; /**< of `port` */
    struct sim *sim;
    uint32_t jobs_hash;
    uint32_t job_packets;
    uint16_t *by_number;               /**< index of the function with that number; ENDPOINT_NO_FUNCTION: none */
    struct endpoint_counters counters; /**< its end begins the last such line */
    sim_time send_latency;
    sim_time complete_latency;
    uint64_t reciprocal; /**< of its clock: see sim_time_align_by() */
    sim_time stop;
    struct endpoint_next next[PCIE_MAX_VCS]; /**< the first with them, the others for those who have them */
    struct pcie_vcs vcs;
    sim_time completion_timeout;
    uint32_t function_count;
    uint32_t physical_count;
    bool conventional; /**< on a PCI bus */
    uint32_t device;   /**< its device number there */
    struct pcie_layout layout;
    uint32_t burst;        /**< conventional: bytes that it moves at once */
    uint32_t phantom_bits; /**< function number bits that its functions can use as tags */
    uint32_t number_count; /**< numbers in it: 256 for every bus that the endpoint has functions on */
    uint32_t free_tag_count;
    uint32_t receive_limit; /**< largest Max_Payload_Size of its functions, bytes */
    bool checks_ecrc;       /**< function 0 does */
    uint32_t late_tags;     /**< taken by reads that were given up */
    uint32_t read_tags;
    struct endpoint_read reads[ENDPOINT_MAX_TAGS];
    uint16_t free_tags[ENDPOINT_MAX_TAGS];
    struct endpoint_handled *handled[ENDPOINT_HANDLED_BITS];
    struct pcie_error_queue errors;
};

static_assert(offsetof(struct endpoint, counters.writes_sent) % 64 == 0 && offsetof(struct endpoint, next[1]) % 64 == 0,
              "what the two begin and end is one line");

/** sim_component_edge() for what every request asks. */
static inline sim_time endpoint_edge(const struct endpoint *endpoint, sim_time time)
{
    return time == SIM_TIME_NEVER ? time : sim_time_align_by(time, endpoint->component.period, endpoint->reciprocal);
}

/** Virtual channels were bound, or software changed them. */
static inline void endpoint_vcs_changed(struct endpoint *endpoint)
{
    endpoint->only_vc0 = endpoint->vcs.count == 1;
    for (unsigned i = 0; i < PCIE_TRAFFIC_CLASSES; i++) {
        endpoint->only_vc0 = endpoint->only_vc0 && endpoint->vcs.vc_of[i] == 0;
    }
}

/** How many there are. */
static inline unsigned endpoint_vc_count(const struct endpoint *endpoint)
{
    return endpoint->only_vc0 ? 1 : endpoint->vcs.count;
}

/** Virtual channel of a traffic class. One that has none goes as TC0. */
static inline unsigned endpoint_vc_of(const struct endpoint *endpoint, uint8_t traffic_class)
{
    uint8_t vc = endpoint->only_vc0 ? 0 : endpoint->vcs.vc_of[traffic_class];

    return vc != PCIE_NO_VC ? vc : 0;
}

/** Traffic class that a request really has. */
static inline uint8_t endpoint_traffic_class(const struct endpoint *endpoint, uint8_t traffic_class)
{
    return endpoint->only_vc0 || endpoint->vcs.vc_of[traffic_class] != PCIE_NO_VC ? traffic_class : 0;
}

/** Queue of a TLP that the endpoint sends. */
static inline unsigned endpoint_queue_of(const struct endpoint *endpoint, const struct sim_packet *packet,
                                         enum pcie_class class_)
{
    return pcie_queue(endpoint_vc_of(endpoint, packet->traffic_class), class_);
}

/* ---- endpoint_function.c ---- */

/** Builds the configuration space, BARs and message structures of a physical function. */
void endpoint_function_init(struct endpoint_function *function, const struct endpoint_config *config);

/** Decodes the configuration space after a write. */
void endpoint_function_decode(struct endpoint_function *function);

/**
 * The function with a requester ID; NULL if there is none, or it is a VF that is not enabled. VFs may be on buses
 * beyond the endpoint's own (9.2.1.2).
 */
struct endpoint_function *endpoint_find_function(struct endpoint *endpoint, uint16_t id);

/** The function in one of whose BARs a memory request lies; NULL: none claims it. */
struct endpoint_function *endpoint_claiming_function(struct endpoint *endpoint, const struct sim_packet *packet);

/** A function learns its requester ID. */
void endpoint_function_set_id(struct endpoint_function *function, uint16_t id);

/** Gives a BAR its real bytes. @param store the most that there are */
void endpoint_bar_init(struct endpoint_function *function, unsigned bar, uint64_t size, uint32_t store);

/** Takes a posted request from outside; the packet ends here. */
void endpoint_take_posted(struct endpoint *endpoint, struct sim_packet *packet, sim_time now);

/** Carries a non-posted request from outside out; the packet is its completion afterwards. */
void endpoint_serve(struct endpoint *endpoint, struct sim_packet *packet, sim_time now);

/* ---- endpoint_msix.c ---- */

/** Makes table, pending bits and the list of held MSIs, and checks where they lie. */
void endpoint_msix_init(struct endpoint_function *function, const struct endpoint_function_config *config);

/** Makes the device's own message store, if there is one. */
void endpoint_ims_init(struct endpoint_function *function, const struct endpoint_function_config *config);

/** Whether an offset of a BAR belongs to table, pending bits or message store; then where, and the bits to write. */
bool endpoint_msix_place(struct endpoint_function *function, unsigned bar, uint64_t offset, uint8_t **byte,
                         uint8_t *writable);

/* ---- endpoint_message.c ---- */

/** Makes the slots for messages that wait; after MSI, MSI-X and IMS were made. */
void endpoint_message_init(struct endpoint_function *function);

/** Whether a function has that vector at all. */
bool endpoint_message_exists(const struct endpoint_function *function, uint32_t vector);

/** Something changed that may let held messages go: tables, controls, masks, Bus Master Enable. */
void endpoint_message_unmasked(struct endpoint_function *function);

/** The ordering attributes that a function's MSI has: those asked for, as far as software lets it. */
static inline uint32_t endpoint_message_flags(const struct endpoint_function *function, bool relaxed, bool id_ordered)
{
    return (relaxed && function->relaxed_enabled ? SIM_FLAG_RELAXED : 0) |
           (id_ordered && function->ido_requests ? SIM_FLAG_ID_ORDER : 0);
}

/** An MSI is born. @return true if it was sent (else held, merged or lost) */
bool endpoint_message_signal(struct endpoint_function *function, const struct endpoint_held *what, sim_time now);

/** The lowest slot whose message is free to go, of any function that may have one; NULL if there is none. */
struct endpoint_function *endpoint_message_find_released(struct endpoint *endpoint, uint32_t *slot);

/** Sends that one. */
void endpoint_message_release(struct endpoint_function *function, uint32_t slot, sim_time now);

/** Drops all that are held, for that reason. @return how many */
uint64_t endpoint_message_discard(struct endpoint_function *function, sim_time now, enum sim_drop_reason reason);

/* ---- endpoint_virtual.c ---- */

/** Checks a PF's SR-IOV configuration and lays out its VFs from functions[first] on. */
void endpoint_virtual_init(struct endpoint_function *physical, uint32_t first, const struct endpoint_config *config);

/** Follows the SR-IOV control of a PF: which VFs there are, their IDs and BARs. */
void endpoint_virtual_decode(struct endpoint_function *physical);

/** Puts a function's registers and tables back to what they were out of reset; held messages are lost. */
void endpoint_function_reset(struct endpoint_function *function, sim_time now);

/* ---- endpoint_removal.c ---- */

/** Drops what has not come through the link, and forgets everything else. */
void endpoint_lose_all(struct endpoint *endpoint, sim_time now);

/* ---- endpoint_dma.c ---- */

/** Bytes of the next TLP of a DMA request of which @p progress bytes have left. */
uint32_t endpoint_dma_chunk(const struct endpoint_operation *operation, uint32_t progress);

/** Payload bytes on the wire of the next TLP of a posted operation. */
uint32_t endpoint_payload(const struct endpoint_operation *operation, uint32_t progress);

void endpoint_send_write(struct endpoint *endpoint, const struct endpoint_operation *operation, uint32_t progress,
                         uint32_t bytes, uint64_t id, sim_time now);

/** @param stream that waits for the read to be done; NULL: none does */
void endpoint_send_read(struct endpoint *endpoint, const struct endpoint_operation *operation, uint32_t progress,
                        uint32_t bytes, uint64_t id, struct endpoint_stream *stream, sim_time now);

/** Gives up reads whose completions have not come in time (2.8). */
void endpoint_expire_reads(struct endpoint *endpoint, sim_time now);

/** Whether a function can send a read now: it may use one of the tags that are free. */
bool endpoint_has_tag(const struct endpoint *endpoint, const struct endpoint_function *function);

/** Takes a completion from the link; the packet ends here. */
void endpoint_take_completion(struct endpoint *endpoint, struct sim_packet *packet, sim_time now);

/** Takes a number for a request that is to be answered, and its tag and requester ID. @return the number */
uint16_t endpoint_start_read(struct endpoint *endpoint, struct endpoint_function *function, struct sim_packet *packet,
                             sim_time now);

/* ---- endpoint_atc.c ---- */

enum endpoint_atc_answer {
    ENDPOINT_ATC_GO,
    ENDPOINT_ATC_WAIT,
    ENDPOINT_ATC_REFUSED,
};

struct sim_ats_page_request;

/** Makes what ATS needs, if a function has it. @param entries translations that are kept @param walks waited for */
void endpoint_atc_init(struct endpoint *endpoint, uint32_t entries, uint32_t walks);

/** Drops all translations of a function. */
void endpoint_atc_forget(struct endpoint_function *function);

/** The cache of the whole endpoint is empty, and nothing is under way any more: it was pulled out. */
void endpoint_atc_reset(struct endpoint *endpoint);

/**
 * Translates the next TLP of a DMA request; asks for the translation if there is none.
 * @param operation address and at are those of the translated request if it can go
 */
enum endpoint_atc_answer endpoint_atc_translate(struct endpoint *endpoint, struct endpoint_operation *operation,
                                                uint32_t progress);

/** Asks for a translation that nobody needs yet. @return false if it has to wait */
bool endpoint_atc_prefetch(struct endpoint *endpoint, const struct endpoint_operation *operation);

/** Makes a page request. REFUSED: the function must not; WAIT: Outstanding Page Request Allocation is used up. */
enum endpoint_atc_answer endpoint_atc_request_page(struct endpoint *endpoint, struct endpoint_function *function,
                                                   const struct sim_ats_page_request *request,
                                                   const struct endpoint_operation *operation);

/** Controls of PRI or ATS, or what is under way, changed: those who wait may go on. */
void endpoint_atc_pri_changed(struct endpoint *endpoint);

/** A translation request has been answered. @param packet NULL: nothing came in time */
void endpoint_atc_answered(struct endpoint *endpoint, unsigned walk, const struct sim_packet *packet);

/** Looks at a message. @return whether it was one for a function of this endpoint */
bool endpoint_atc_take_message(struct endpoint *endpoint, const struct sim_packet *packet, sim_time now);

/* ---- endpoint_atc_send.c: only if there is an ATC ---- */

/** Sends the oldest message. @return whether there was one to send */
bool endpoint_atc_send_message(struct endpoint *endpoint, sim_time now);

/** Sends a translation request. @return whether there was one to send */
bool endpoint_atc_send_request(struct endpoint *endpoint, sim_time now);

/** When one of the two has something to do. */
sim_time endpoint_atc_due(struct endpoint *endpoint, sim_time now);

/* ---- endpoint_error.c ---- */

/**
 * A function has found an uncorrectable error: records it, and queues the message that it causes.
 * @param error    one of PCIE_AER_*
 * @param advisory see struct pcie_error
 * @param packet   that the error is about; NULL: none
 */
void endpoint_error(struct endpoint_function *function, uint32_t error, bool advisory, const struct sim_packet *packet);

/** The same for an error that is no single function's: all record it, one of them sends a message (6.2.4). */
void endpoint_error_of_all(struct endpoint *endpoint, uint32_t error, bool advisory, const struct sim_packet *packet);

/**
 * Whether a TLP from outside is no good: malformed, or its ECRC wrong where software wants that checked. Then it is
 * recorded and dropped.
 */
bool endpoint_discards(struct endpoint *endpoint, struct sim_packet *packet, sim_time now);

/** Records what has been found wrong with the link by now. */
void endpoint_take_findings(struct endpoint *endpoint, sim_time now);

/** Sends the oldest error message, of which there is one, if there is space. */
void endpoint_send_error(struct endpoint *endpoint, sim_time now);

/** When there is something to do about them. */
sim_time endpoint_errors_due(const struct endpoint *endpoint, sim_time now);

/* ---- endpoint_traffic.c ---- */

void endpoint_stream_init(struct endpoint_stream *stream, struct endpoint_function *function,
                          const struct endpoint_stream_config *config, size_t index);

/** Sends at most one posted request of VC0, oldest first. */
void endpoint_send_posted(struct endpoint *endpoint, sim_time now);

/** Sends at most one DMA read of VC0, oldest first. */
void endpoint_send_reads(struct endpoint *endpoint, sim_time now);

/** With several virtual channels, in place of both: each sends at most one of either, as their arbitration says. */
void endpoint_send_by_vc(struct endpoint *endpoint, sim_time now);

/** When either of the two may have something to do next. */
sim_time endpoint_traffic_due(struct endpoint *endpoint, sim_time now);

/** A read that a stream waits for is done, or given up. */
void endpoint_stream_read_done(struct endpoint_stream *stream, sim_time now);

/** A handler has ended. */
void endpoint_take_handled(struct endpoint *endpoint, const struct sim_packet *packet, sim_time now);

/** Looks for the oldest requests anew, after streams, jobs or Bus Master Enable changed. */
void endpoint_refresh_next(struct endpoint *endpoint);

#ifdef __cplusplus
}
#endif

#endif
