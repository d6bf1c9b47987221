/*
 * What hangs on PCI Express in a scenario: root complexes, ports, switches, bridges, endpoints, links. A part of struct
 * scenario; its conventions are in scenario/scenario.h.
 */
#ifndef DOORBELL_SCENARIO_SCENARIO_PCIE_H
#define DOORBELL_SCENARIO_SCENARIO_PCIE_H

#include "scenario/scenario_platform.h"
#include "sim/time.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

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

/** `removal` of a link; values are those of enum pcie_removal. */
enum scenario_removal {
    SCENARIO_REMOVAL_SILENT,
    SCENARIO_REMOVAL_SURPRISE_DOWN,
    SCENARIO_REMOVAL_HOT_PLUG,
    SCENARIO_REMOVAL_HOT_PLUG_SURPRISE,
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
    sim_time update_interval;      /**< least time between UpdateFCs of a class; 0: the specification's limit */
    sim_time ack_interval;         /**< least time between Acks; 0: the specification's limit */
    uint32_t tlp_errors;           /**< TLPs in a million that arrive corrupted, up to half */
    uint32_t lost_naks;            /**< Naks in a million that get lost */
    uint32_t receiver_errors;      /**< corrupted TLPs in a million that the receiver's physical layer sees first */
    uint32_t bad_acks;             /**< Acks in a million of what is not under way */
    uint32_t poisoned;             /**< TLPs with data in a million that the sender marks as poisoned */
    uint32_t corrupted;            /**< TLPs in a million that change inside the sender */
    uint32_t malformed;            /**< TLPs in a million with a wrong Length */
    sim_time replay_timer;         /**< 0: the model's own */
    uint32_t replay_buffer;        /**< TLPs that may be without an Ack; 0: no limit */
    sim_time retrain_time;         /**< after four replays in vain */
    sim_time refresh_interval;     /**< of UpdateFCs */
    enum scenario_removal removal; /**< what the port above says when the device is pulled out */
    uint32_t virtual_channels;     /**< 1..8 */
    uint32_t low_priority;         /**< of them besides VC0, those that share its priority */
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
    bool tlp_prefixes;                /**< End-End TLP Prefix Supported, of all its ports */
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
    bool tlp_prefixes;             /**< End-End TLP Prefix Supported */
    bool error_interrupts;         /**< it has an MSI, for errors */
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
    const struct scenario_v2m *v2m;     /**< target of an msi-map entry that leads to no ITS; else NULL */
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
    struct scenario_map msi_map;           /**< requester ID to DeviceID; an entry has an `its` or a `v2m` */
    bool ats;                              /**< firmware says that it supports ATS */
    uint32_t passing;                      /**< packets behind a blocked one that may go before it */
    bool canwbs;                           /**< firmware says that devices' writes can always be made to snoop */
    sim_time completion_timeout;           /**< of the host's reads and configuration requests */
    bool peer_to_peer;                     /**< root ports send to each other what ACS lets go directly */
    struct scenario_root_port *root_ports; /**< array of root_port_count, in the order of the file */
    size_t root_port_count;
};

#ifdef __cplusplus
}
#endif

#endif
