/*
 * A device whose functions are several components that share one link: the upstream ports of switches, and endpoints
 * beside them (a switch with a DMA or management function, two switches in one package); or one endpoint whose
 * functions reach each other inside.
 *
 *   stage (under the device's name)              | time    | parameter | default | source
 *   ---------------------------------------------+---------+-----------+---------+------------------------------------
 *   arrival of the last byte: to the next edge   | < 1     | period    | 1 ns    | assumption
 *                                                | period  |           |         |
 *   from link to function, or function to link   | latency | latency   | 5 ns    | assumption
 *   between function and inside (a channel)      | 1 clock | period    | 1 ns    | assumption
 *
 * Order, arbitration and sizes are a switch's (switch.h): the classes take turns, and the functions within a class.
 *
 * Routing:
 *  - from the link: configuration requests of type 0 by function number, those of type 1 and whatever goes by ID to the
 *    switch or the virtual function that has the bus; memory requests to whose window or BAR claims the address. What
 *    nobody has goes to function 0's component, which answers as it would alone. Messages to everybody: to each.
 *  - from a function: to the link. With `peers`, a memory request that another function claims stays inside, if the ACS
 *    controls of the function that it comes from (the requester; a switch's upstream port) allow that (6.12.1.2):
 *    Direct Translated, Egress Control with a bit a function number in the vector, Request Redirect. Completions
 *    likewise, with Completion Redirect. A violation is recorded in that function.
 *  - what a switch sends up although its own windows claim it was redirected further down: it goes to the link.
 *
 * Functions of such a device have no phantom numbers and no DMA aliases; its link has one virtual channel. Function
 * numbers are 0 to 7, except for VFs.
 */
#ifndef DOORBELL_MODELS_PCIE_DEVICE_H
#define DOORBELL_MODELS_PCIE_DEVICE_H

#include "models/pcie/endpoint.h"
#include "models/pcie/switch.h"

#ifdef __cplusplus
extern "C" {
#endif

#define PCIE_DEVICE_MAX_PARTS 8u

#define PCIE_DEVICE_DEFAULT_PERIOD  SIM_NS
#define PCIE_DEVICE_DEFAULT_LATENCY (5 * SIM_NS)

struct pcie_device_config {
    sim_time period;  /**< clock, fs; 0: default */
    sim_time latency; /**< fs */
    bool peers;       /**< its functions can reach each other inside */
};

struct pcie_device;

/** Fills in the defaults: functions do not reach each other inside. */
void pcie_device_config_init(struct pcie_device_config *config);

/** Makes a device without functions; it lives as long as the simulation. */
struct pcie_device *pcie_device_create(struct sim *sim, const char *name, const struct pcie_device_config *config);

/**
 * Adds a switch, whose upstream port becomes a function. Its configuration must say `shares_device` and its function
 * number. The component with function 0 must be added first; nothing after the link is bound.
 */
void pcie_device_add_switch(struct pcie_device *device, struct pcie_switch *switch_);

/** Adds the functions of an endpoint; likewise, with `first_function`. */
void pcie_device_add_endpoint(struct pcie_device *device, struct endpoint *endpoint);

struct sim_component *pcie_device_component(struct pcie_device *device);

/** Its side of the link, for pcie_link_create(). */
struct pcie_end pcie_device_end(struct pcie_device *device);

/** Binds the link's lower port, and all functions to the inside. The link has one virtual channel. */
void pcie_device_bind_link(struct pcie_device *device, const struct pcie_port *port);

/** What it counted: as a switch, with functions in the place of downstream ports. */
const struct pcie_switch_counters *pcie_device_get_counters(const struct pcie_device *device);

#ifdef __cplusplus
}
#endif

#endif
