/*
 * Virtual channels as firmware sets them up: which traffic class goes on which channel of every link, and how channels
 * that share the lowest priority take turns (PCI Express Base 6.3, 7.9.1).
 */
#ifndef DOORBELL_HOST_VIRTUAL_CHANNELS_H
#define DOORBELL_HOST_VIRTUAL_CHANNELS_H

#include "host/enumerate.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Programs both ends of every link: as many channels as both offer, each with the traffic classes that the options give
 * it; a class whose channel a link does not have stays on VC0 there. Does nothing if all classes go on VC0.
 * @return false with @p error if flow control of a channel does not come up
 */
bool virtual_channels_program(const struct enumeration *result, struct host_access *access,
                              const struct enumerate_options *options, struct host_error *error);

#ifdef __cplusplus
}
#endif

#endif
