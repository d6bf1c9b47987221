/*
 * The functions of an endpoint by number: its functions first, then all VFs of function 0, then those of function 1,
 * and so on, as models/pcie/endpoint.h counts them.
 */
#ifndef DOORBELL_SCENARIO_FUNCTIONS_H
#define DOORBELL_SCENARIO_FUNCTIONS_H

#include "scenario/scenario.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Functions of an endpoint, VFs that software leaves off included. */
uint32_t scenario_function_count(const struct scenario_endpoint *endpoint);

/** The number of VF @p vf (from 1) of function @p physical; the endpoint has SR-IOV. */
uint32_t scenario_virtual_function(const struct scenario_endpoint *endpoint, uint32_t physical, uint32_t vf);

/** Which VF of its PF a function is, from 1; 0 if it is none. */
uint32_t scenario_vf_number(const struct scenario_endpoint *endpoint, uint32_t function);

/** The PF of a VF; any other function itself. */
uint32_t scenario_physical_function(const struct scenario_endpoint *endpoint, uint32_t function);

/** Whether a function is there once software has run: any but a VF that is not enabled. */
bool scenario_function_exists(const struct scenario_endpoint *endpoint, uint32_t function);

/** MSI-X vectors of a function. */
uint32_t scenario_function_vectors(const struct scenario_endpoint *endpoint, uint32_t function);

/** Messages that software sets up for a function: those of MSI-X, or else MSI, and those of its own store. */
uint32_t scenario_message_count(const struct scenario_endpoint *endpoint, uint32_t function);

/** Memory BARs of a function. */
const struct scenario_bars *scenario_function_bars(const struct scenario_endpoint *endpoint, uint32_t function);

/** Requester ID of a function less that of function 0. */
uint32_t scenario_function_offset(const struct scenario_endpoint *endpoint, uint32_t function);

/** Requester ID of a function, as software numbers buses. */
uint16_t scenario_function_rid(const struct scenario_device *device, uint32_t function);

/** Requester ID of the farthest function less that of function 0, over all VFs that there can be. */
uint32_t scenario_last_function_offset(const struct scenario_endpoint *endpoint);

/** The function with a requester ID. @return false if the endpoint has none that exists */
bool scenario_find_function(const struct scenario_device *device, uint16_t rid, uint32_t *function);

/** Writes a function's name: "epA", "epA/1", "epA/vf2", "epA/1/vf2". @p text holds a device's name and 24 bytes more */
void scenario_format_function(const struct scenario_device *device, uint32_t function, char *text, size_t size);

#ifdef __cplusplus
}
#endif

#endif
