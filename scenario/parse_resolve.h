/*
 * The second half of reading: names become pointers, what depends on other things is filled in, and the parts are held
 * against each other.
 */
#ifndef DOORBELL_SCENARIO_PARSE_RESOLVE_H
#define DOORBELL_SCENARIO_PARSE_RESOLVE_H

#include "scenario/parse_context.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Numbers the PCIe trees as enumeration will, depth first, and lists the devices. (parse_pcie.c) */
void parse_resolve_pcie(struct parse *parse);

/** Fills in what SMMUs have from their presets. (parse_smmu.c) */
void parse_resolve_smmus(struct parse *parse);

/** Fills in and checks what endpoints' capabilities ask of each other. (parse_endpoint.c) */
void parse_resolve_endpoints(struct parse *parse);

/** Checks that names differ, and resolves those of maps, ITS placement and traffic targets. (parse_resolve.c) */
void parse_resolve_names(struct parse *parse);

/** Resolves the functions of virtual machines, and checks their PEs. (parse_vm.c) */
void parse_resolve_vms(struct parse *parse);

/** Holds the functions of virtual machines against consumers and the timeline. (parse_vm.c) */
void parse_check_vms(struct parse *parse);

/** Fills in and checks the streams. (parse_traffic.c) */
void parse_resolve_traffic(struct parse *parse);

/** Fills in and checks who uses devices, and what is reserved. (parse_software.c) */
void parse_resolve_software(struct parse *parse);

/** Resolves the timeline's actions and puts them in order. (parse_software.c) */
void parse_resolve_timeline(struct parse *parse);

/** Resolves the endpoints that expectations name. (parse_resolve.c) */
void parse_resolve_expectations(struct parse *parse);

/**
 * Checks that the functions of an endpoint with SR-IOV have numbers that differ and can be reached.
 * (parse_functions.c)
 */
void parse_check_virtual(struct parse *parse, const struct scenario_device *device);

/** Checks phantom functions and aliases, and fills in has_dma_alias. (parse_functions.c) */
void parse_check_aliases(struct parse *parse, const struct scenario_device *device);

/** Checks that an endpoint has the capabilities whose places it gives. (parse_layout.c) */
void parse_check_layout(struct parse *parse, const struct scenario_device *device);

/** Checks that a device below a bridge asks for nothing that conventional PCI has not. (parse_functions.c) */
void parse_check_conventional(struct parse *parse, const struct scenario_device *device);

/** Checks the BARs of all functions of an endpoint. (parse_functions.c) */
void parse_check_functions(struct parse *parse, const struct scenario_device *device);

/** Checks virtual channels of links, and what software makes of them. (parse_channels.c) */
void parse_check_channels(struct parse *parse);

/** Works out the values of a sweep's axes. (parse_sweep.c) */
void parse_resolve_sweep(struct parse *parse);

/** Holds the parts against each other: address windows, identifiers, capacities. (parse_check.c) */
void parse_check(struct parse *parse);

/**
 * Finds an endpoint's function by "epA", "epA/1", "epA/vf2" or "epA/1/vf2".
 * @param place of the name, for messages
 * @return the endpoint; NULL after an error
 */
const struct scenario_device *parse_find_function(struct parse *parse, const char *name,
                                                  const struct scenario_place *place, uint32_t *function);

#ifdef __cplusplus
}
#endif

#endif
