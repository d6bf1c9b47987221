/*
 * A PCI Express endpoint: up to eight functions behind one link.
 *
 * Each function has a type 0 configuration space (Power Management, MSI, PCI Express, MSI-X; AER, ACS, ARI, ATS,
 * SR-IOV, PRI and PASID as configured), memory BARs with real bytes behind them, messages with masks and pending bits,
 * and streams of traffic. A physical function with SR-IOV has virtual ones, which come and go with VF Enable.
 *
 *   stage (all under the endpoint's name)         | time                    | parameter        | default | source
 *   ----------------------------------------------+-------------------------+------------------+---------+-----------
 *   birth: to the next clock edge                 | < 1 period              | period           | 1 ns    | assumption
 *   send: from the birth to the TLP at the link   | send_latency            | send_latency     | 50 ns   | assumption
 *   answer: request in to completion at the link  | complete_latency        | complete_latency | 50 ns   | assumption
 *   (structural) one TLP a class and edge in and out; read_tags reads under way
 *
 * Requests of one endpoint leave oldest first, whichever function or stream they come from; so a function's DMA writes
 * that were born before its MSI are ahead of it in the posted class. A DMA write is cut at Max_Payload_Size and at 4
 * KiB.
 *
 * MSI-X (6.1.4): a message to a masked vector sets its pending bit and waits; a second one merges with it. It is sent
 * once, with the table's contents of that time, when vector and function are unmasked. MSI does the same with its
 * registers; vectors beyond the number granted share those granted (vector modulo the number). Entries of the device's
 * own store (IMS) work as those of MSI-X do, but no control of MSI-X covers them. With the mechanism disabled or Bus
 * Master Enable 0 there is no message to send: the MSI is lost, and reported so. DMA waits for Bus Master Enable.
 *
 * A BAR's first bytes (bar_store) are real; behind them reads return 0 and writes are counted and dropped. Where the
 * MSI-X table and pending bits lie, accesses go to those.
 *
 * Function level reset takes no time and leaves requests alone that are under way.
 *
 * ATS and PRI: one translation cache (atc_entries, least recently used goes) serves all functions that have ATS. DMA
 * that asks for it waits, at the head of its class, until its page is translated; without translation it asks for the
 * page if PRI lets it, else it is given up (atc-refused). An invalidation is completed when the translated reads sent
 * before it have come back; a translation that was under way then is asked for again.
 *
 * Not modelled: expansion ROM, I/O BARs, INTx.
 */
#ifndef DOORBELL_MODELS_PCIE_ENDPOINT_H
#define DOORBELL_MODELS_PCIE_ENDPOINT_H

#include "models/pcie/capabilities.h"
#include "models/pcie/endpoint_traffic.h"
#include "models/pcie/link.h"
#include "models/pcie/virtual_channels.h"
#include "sim/sim.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ENDPOINT_MAX_FUNCTIONS    8u
#define ENDPOINT_MAX_IMS          2048u
#define ENDPOINT_MAX_TAGS         256u /**< reads under way */
#define ENDPOINT_MAX_ATC_REQUESTS 32u  /**< translations that an endpoint waits for at once */
#define ENDPOINT_MAX_JOBS         64u  /**< requests asked for one by one and not yet sent */

/** Number of entry @p n of a function's own message store, as a vector; lower numbers are those of MSI and MSI-X. */
#define ENDPOINT_IMS_VECTOR(n) (0x10000u + (n))

#define ENDPOINT_DEFAULT_PERIOD           SIM_NS
#define ENDPOINT_DEFAULT_SEND_LATENCY     (50 * SIM_NS)
#define ENDPOINT_DEFAULT_COMPLETE_LATENCY (50 * SIM_NS)
#define ENDPOINT_DEFAULT_ATC_ENTRIES      64u
#define ENDPOINT_DEFAULT_ATC_REQUESTS     8u
#define ENDPOINT_DEFAULT_READ_TAGS        32u
#define ENDPOINT_DEFAULT_TIMEOUT          (50 * SIM_MS)
#define ENDPOINT_DEFAULT_BAR_STORE        65536u
#define ENDPOINT_DEFAULT_MAX_PAYLOAD      512u

/** The streams of one function. */
struct endpoint_stream_list {
    const struct endpoint_stream_config *items;
    size_t count;
};

/** How long the tag of a read that was given up is kept back for completions that come late. */
#define ENDPOINT_LATE_COMPLETIONS (50 * SIM_MS)

struct endpoint_function_config {
    struct pcie_identity identity;
    struct pcie_bar bars[PCIE_TYPE0_BARS];
    uint32_t msix_vectors; /**< 0: no MSI-X; else up to 2048 */
    /**
     * Where table and pending bits lie. All 0: in the last bytes of BAR 0, pending bits below the table, both in 4 KiB
     * pages of their own if the BAR has 16 KiB or more.
     */
    unsigned msix_table_bar;
    uint32_t msix_table_offset;
    unsigned msix_pba_bar;
    uint32_t msix_pba_offset;
    struct pcie_msi msi;
    uint32_t ims_entries; /**< messages in a store of the device's own (IMS), up to ENDPOINT_MAX_IMS; 0: none */
    unsigned ims_bar;     /**< where it lies; entries are those of MSI-X, with a pending bit beside the mask */
    uint32_t ims_offset;
    struct pcie_acs acs; /**< legal only in a device of several functions */
    unsigned pasid_bits; /**< Max PASID Width; 0: no PASID capability */
    bool pasid_execute;
    bool pasid_privileged;
    bool ari;
    unsigned ats_queue_depth; /**< 1..32; 0: no ATS capability */
    uint32_t pri_capacity;    /**< outstanding page requests; 0: no PRI capability */
    bool pri_response_pasid;  /**< PRG responses to requests with a PASID have one */
    struct pcie_sriov sriov;
    uint32_t vf_msix_vectors; /**< of every VF, table and pending bits at the end of its BAR 0; 0: no MSI-X */
    const struct endpoint_stream_list *vf_streams; /**< of each VF, as many as it has; NULL: none has any */
    /**
     * 0..3: function number bits that reads can use as tags (7.5.3.3), the most significant ones, so that real
     * functions are left 8 >> bits numbers. The same in all functions; none then has ARI, VFs or an alias.
     */
    unsigned phantom_bits;
    /** A device with the known defect that its memory requests carry another function number. */
    bool has_dma_alias;
    uint8_t dma_alias; /**< that number: device 7:3 and function 2:0 */
    const struct endpoint_stream_config *streams;
    size_t stream_count;
};

struct endpoint_config {
    sim_time period; /**< clock, fs; 0: default */
    /**
     * A device of a conventional PCI bus, behind a bridge (pci_bridge.h): no PCI Express capability nor any of the
     * extended ones; requests of at most `max_payload` bytes, whatever software sets.
     */
    bool conventional;
    unsigned device;             /**< conventional: device number on its bus, 0..31 */
    sim_time send_latency;       /**< fs */
    sim_time complete_latency;   /**< fs */
    uint32_t read_tags;          /**< 1..ENDPOINT_MAX_TAGS; 0: default */
    sim_time completion_timeout; /**< of a read, from its sending on, fs; 0: default; SIM_TIME_NEVER: none (7.5.3.16) */
    uint32_t atc_entries;        /**< translations that its cache keeps; 0: default */
    uint32_t atc_requests;       /**< and waits for at once, 1..ENDPOINT_MAX_ATC_REQUESTS; 0: default */
    uint32_t bar_store;          /**< bytes of each BAR that are real; 0: default */
    uint32_t max_payload;        /**< Max_Payload_Size supported, bytes; 0: default */
    struct pcie_vc_config virtual_channels;
    /** Where the capabilities of physical functions lie; copied. Must leave room for each, and give none twice. */
    struct pcie_layout layout;
    const struct endpoint_function_config *functions;
    size_t function_count;   /**< 1..ENDPOINT_MAX_FUNCTIONS */
    bool shares_device;      /**< its functions are not all that the device has: see device.h */
    uint32_t first_function; /**< number of the first of them */
};

/** A request of a function that its driver asks for, once. */
struct endpoint_job {
    enum endpoint_stream_kind kind;
    unsigned function;
    uint32_t source;          /**< observer's number */
    uint32_t vector;          /**< MSI */
    uint64_t address;         /**< DMA: address as the device uses it (IOVA, or a peer's BAR) */
    uint32_t bytes;           /**< DMA: at least 1 */
    const uint8_t *data;      /**< DMA write of up to 8 bytes: its bytes; NULL: stamps, as in streams */
    enum sim_address_type at; /**< DMA: AT field */
    bool relaxed;
    bool id_ordered;
    bool no_snoop;
    uint8_t traffic_class;
    bool with_pasid;
    uint32_t pasid;
    bool ats;       /**< DMA: through the translation cache while ATS is enabled */
    bool write;     /**< translation and page requests: to write there */
    bool read;      /**< page requests: to read */
    bool last;      /**< page requests: the last of its group */
    uint16_t group; /**< page requests: Page Request Group Index, 9 bits */
    sim_time when;  /**< not born before that time, fs, absolute; 0: at the next edge */
};

struct endpoint;

/** What an endpoint counted. Registered as counters of the same names. */
struct endpoint_counters {
    uint64_t msi_born;
    uint64_t msi_sent;
    uint64_t msi_held;    /**< found their vector masked */
    uint64_t msi_merged;  /**< of them, those that joined one already pending */
    uint64_t msi_dropped; /**< born with MSI-X disabled or Bus Master Enable 0 */
    uint64_t reads_sent;  /**< TLPs */
    uint64_t reads_done;
    uint64_t read_bytes;             /**< received */
    uint64_t read_errors;            /**< completed with a status other than OK */
    uint64_t completion_timeouts;    /**< reads given up; errors too */
    uint64_t poisoned;               /**< TLPs with poisoned data, which was not used */
    uint64_t unexpected_completions; /**< dropped: no such tag, or not what was asked for */
    uint64_t requests_served;        /**< memory and configuration requests from outside */
    uint64_t unsupported_requests;
    uint64_t discarded; /**< malformed TLPs, and those with a wrong ECRC */
    uint64_t translation_requests;
    uint64_t atc_hits;
    uint64_t atc_refused; /**< DMA requests given up because there was no translation */
    uint64_t invalidations;
    uint64_t page_requests;
    uint64_t page_responses;
    uint64_t bytes_unbacked; /**< written to a BAR behind its real bytes */
    /* Last: these share a line of the host's cache with what else each write needs. */
    uint64_t writes_sent; /**< TLPs */
    uint64_t write_bytes;
};

/** Fills in the defaults; functions stay NULL. */
void endpoint_config_init(struct endpoint_config *config);

/**
 * Makes an endpoint; it lives as long as the simulation. @p name is also the root of its streams' names. A wrong
 * configuration (see the ranges) is a broken invariant.
 */
struct endpoint *endpoint_create(struct sim *sim, const char *name, const struct endpoint_config *config);

struct sim_component *endpoint_component(struct endpoint *endpoint);

/** Its side of the link, for pcie_link_create(). */
struct pcie_end endpoint_end(struct endpoint *endpoint);

/** Binds the link's lower port; its speed and width go into the link registers. */
void endpoint_bind_link(struct endpoint *endpoint, const struct pcie_port *port);

/**
 * Binds an input on which a PE says that a handler has ended: any packet whose `source` is that of a WHEN_HANDLED
 * stream. The endpoint frees it. There can be any number of inputs; @p index is theirs to count and must not repeat.
 */
void endpoint_bind_handled(struct endpoint *endpoint, unsigned index, struct sim_channel *channel);

/* ---- What a driver does; only while the engine is paused. ---- */

/**
 * Gives a DMA stream its buffer, through which successive requests go from end to end, again and again.
 * @param address as the device uses it (IOVA)  @param bytes at least the size of a request
 */
void endpoint_set_buffer(struct endpoint *endpoint, unsigned function, size_t stream, uint64_t address, uint64_t bytes);

/**
 * Starts the streams. Arrivals from @p start on, before @p stop (fs, absolute). Can be called again: streams begin
 * anew, while counters, sequence numbers and random streams go on. A DMA stream without a buffer is a broken
 * invariant.
 */
void endpoint_start_traffic(struct endpoint *endpoint, sim_time start, sim_time stop);

/** Whether a function has a message of that number: one of MSI, MSI-X or its own store. */
bool endpoint_has_vector(const struct endpoint *endpoint, unsigned function, uint32_t vector);

/**
 * Asks for one request, born at the next edge, or later if the job says so; those behind it wait.
 * @return false if ENDPOINT_MAX_JOBS are waiting already
 */
bool endpoint_request(struct endpoint *endpoint, const struct endpoint_job *job);

/**
 * Index of virtual function @p vf (from 1) of a physical one, for jobs and for looking at. VFs come behind all physical
 * functions. The PF must have it; whether it is enabled is up to software.
 */
unsigned endpoint_virtual_function(const struct endpoint *endpoint, unsigned physical, unsigned vf);

/**
 * Pulls the device out of its slot: what it had not got through its link is lost (SIM_DROP_DEVICE_GONE), its streams
 * and reads end, and what comes down the link ends there: posted requests and completions without a trace, others as
 * Unsupported Requests, as the port above a link that is down has it (2.9.1), though only the flight of the link later.
 * A read that it had taken and not answered is never answered. Its translation cache is empty, and its VFs are
 * gone with VF Enable. The port above finds out if it can (pcie_link_config.removal). Only an endpoint with a link of
 * its own (else a broken invariant), and only while the engine is paused. Nothing to do if it is gone.
 */
void endpoint_remove(struct endpoint *endpoint);

/** Puts it in again, its registers as out of reset; streams stay silent until endpoint_resume_traffic(). */
void endpoint_insert(struct endpoint *endpoint);

/** Lets its streams begin anew from now on, until the time that endpoint_start_traffic() gave. */
void endpoint_resume_traffic(struct endpoint *endpoint);

/** Requests asked for that have not left yet, and reads under way. */
unsigned endpoint_outstanding(const struct endpoint *endpoint);

/** Ends a run: every MSI still held by a mask is reported as dropped (SIM_DROP_MSIX_MASKED). @return how many */
uint64_t endpoint_report_held(struct endpoint *endpoint);

/** The configuration space of a function, to look at. NULL if there is no such function. */
const struct pcie_config_space *endpoint_config_space(const struct endpoint *endpoint, unsigned function);

/** Requester ID that a function has learned from configuration writes. */
uint16_t endpoint_requester_id(const struct endpoint *endpoint, unsigned function);

/** Bytes of a BAR's real part, to look at and to prepare; NULL if there is no such BAR. @param size may be NULL */
uint8_t *endpoint_bar_bytes(struct endpoint *endpoint, unsigned function, unsigned bar, uint32_t *size);

const struct endpoint_counters *endpoint_get_counters(const struct endpoint *endpoint);

#ifdef __cplusplus
}
#endif

#endif
