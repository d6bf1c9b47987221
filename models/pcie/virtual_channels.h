/*
 * The virtual channels of a port: its capability (7.9.1), what software set there, and who goes next.
 *
 * A virtual channel is known by its VC ID. This model takes IDs up to the Extended VC Count, so a link has as many
 * virtual channels as the lesser of its ends. A traffic class that is mapped to none must not be sent or taken.
 *
 * Arbitration between virtual channels (6.3.3.2): those above the low-priority group go first, the highest ID before
 * all others; inside the group they take turns, or follow the table that software wrote and loaded, if it selected
 * that.
 * Arbitration between the inputs of a port (6.3.3.1), for each virtual channel: turns of the component's own, or a
 * table. Both tables are work-conserving: an entry of somebody who has nothing to send is passed over. What a table
 * never names goes when nobody else can.
 */
#ifndef DOORBELL_MODELS_PCIE_VIRTUAL_CHANNELS_H
#define DOORBELL_MODELS_PCIE_VIRTUAL_CHANNELS_H

#include "models/pcie/config_space.h"
#include "models/pcie/link.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PCIE_VC_PHASES 128u
#define PCIE_NO_VC     0xffu

/** What a port offers. */
struct pcie_vc_config {
    unsigned extended;     /**< virtual channels besides VC0, 0..7; 0: no capability, all traffic classes on VC0 */
    unsigned low_priority; /**< of them, those in the low-priority group; at most `extended` */
    bool port_tables;      /**< a port of a switch: port arbitration tables */
};

/** A table that software has loaded, and where it stands. */
struct pcie_vc_table {
    uint16_t phases; /**< 0: turns of the component's own */
    uint8_t phase;   /**< the next one */
    uint8_t entries[PCIE_VC_PHASES];
};

struct pcie_vcs {
    unsigned count;                      /**< VC0 and the extended ones, as the link allows */
    uint8_t vc_of[PCIE_TRAFFIC_CLASSES]; /**< PCIE_NO_VC: not mapped */
    uint8_t enabled;                     /**< bit a VC ID */
    uint8_t turn;                        /**< in the low-priority group: VC ID that is looked at first */
    struct pcie_vc_table *port_tables;   /**< one a VC ID: between inputs, by port number; NULL: none */
    uint8_t resource_of[PCIE_MAX_VCS];   /**< place in the capability of a VC ID that is enabled */
    struct pcie_vc_config config;
    struct pcie_vc_table arbitration; /**< between virtual channels */
};

/** Adds the capability to a configuration space that has none, if there is more than VC0. Building only. */
void pcie_vcs_init(struct pcie_vcs *vcs, struct pcie_config_space *space, struct sim *sim,
                   const struct pcie_vc_config *config);

/** Decodes the capability after a write, and carries out what the load bits ask for. */
void pcie_vcs_decode(struct pcie_vcs *vcs, struct pcie_config_space *space);

/** The port has a link: no more virtual channels than that has can be switched on. */
void pcie_vcs_bind(struct pcie_vcs *vcs, struct pcie_config_space *space, const struct pcie_port *link);

/**
 * Tells the data link layer which virtual channels are on, and shows in their status whether flow control of each is
 * initialised at both ends. After a decode, and before configuration space is read.
 * @param link NULL: link down
 */
void pcie_vcs_follow(const struct pcie_vcs *vcs, struct pcie_config_space *space, const struct pcie_port *link,
                     sim_time now);

/** A double word of configuration space as it reads then: what pcie_vcs_follow() would show, without showing it. */
uint32_t pcie_vcs_read(const struct pcie_vcs *vcs, const struct pcie_config_space *space, const struct pcie_port *link,
                       sim_time now, unsigned offset);

/** VC ID of a TLP's traffic class; PCIE_NO_VC if it is not mapped. */
static inline unsigned pcie_vcs_of(const struct pcie_vcs *vcs, const struct sim_packet *packet)
{
    return vcs->vc_of[packet->traffic_class];
}

/** Who of several virtual channels that could send goes first. @param ready a bit each VC ID, at least one */
unsigned pcie_vcs_choose(const struct pcie_vcs *vcs, unsigned ready);

/** One has sent a TLP: passes its turn on. */
void pcie_vcs_sent(struct pcie_vcs *vcs, unsigned vc);

/** Phases until a table names somebody; PCIE_VC_PHASES if it never does. */
unsigned pcie_vc_table_distance(const struct pcie_vc_table *table, unsigned name);

/** Somebody has had a turn: the table stands behind the phase that named it. */
void pcie_vc_table_pass(struct pcie_vc_table *table, unsigned name);

#ifdef __cplusplus
}
#endif

#endif
