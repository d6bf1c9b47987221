/*
 * What firmware would tell an operating system about a scenario's platform: host bridges with their maps, SMMUs, ITS.
 * The same tables as those from a real board's device tree, so that one set of rules serves both.
 */
#ifndef DOORBELL_SCENARIO_FIRMWARE_TABLES_H
#define DOORBELL_SCENARIO_FIRMWARE_TABLES_H

#include "host/firmware.h"
#include "scenario/scenario.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Fills in a zeroed struct firmware: hosts, IOMMUs and MSI controllers in the order (and with the indices) of the
 * scenario's root complexes, SMMUs and ITS. Release with firmware_clear().
 */
void firmware_tables_make(const struct scenario *scenario, struct firmware *firmware);

#ifdef __cplusplus
}
#endif

#endif
