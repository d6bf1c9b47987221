/*
 * The shape of a system as its software sees it, for pictures: see result/topology.h.
 */
#ifndef DOORBELL_HOST_TOPOLOGY_H
#define DOORBELL_HOST_TOPOLOGY_H

#include "host/software.h"
#include "result/topology.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Describes a system that software has brought up, or planned.
 * @param topology zeroed; release with topology_clear()
 */
void topology_describe(const struct software *software, struct topology *topology);

#ifdef __cplusplus
}
#endif

#endif
