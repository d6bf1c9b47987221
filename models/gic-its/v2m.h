/*
 * GICv2m frame: a page whose register MSI_SETSPI_NS makes an SPI pending. What devices write there is the SPI's
 * INTID; the frame does not know who writes. (The frame is described with Arm's server base systems, "GICv2m
 * architecture"; Linux's irq-gic-v2m and the GICs of several open projects agree on the registers below.)
 *
 *   offset  register       access
 *   0x008   MSI_TYPER      RO   25:16 INTID of the first SPI that is the frame's, 9:0 how many there are
 *   0x040   MSI_SETSPI_NS  WO   9:0 INTID; 32 bits, or 16
 *   0xfcc   MSI_IIDR       RO   who made it
 *
 * Ports: a bus target, and a channel to the distributor.
 *
 *   stage                     parameter        default  source
 *   write taken -> SPI raised forward_cycles   2        assumption
 *   access -> its answer      register_cycles  4        assumption
 *
 * A write of an INTID that is not the frame's has no effect (here: the MSI is lost, SIM_DROP_NOT_AN_LPI).
 */
#ifndef DOORBELL_MODELS_GIC_ITS_V2M_H
#define DOORBELL_MODELS_GIC_ITS_V2M_H

#include "sim/bus.h"
#include "sim/sim.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define V2M_MSI_TYPER     0x008u
#define V2M_MSI_SETSPI_NS 0x040u
#define V2M_MSI_IIDR      0xfccu

/** Bytes of a frame. */
#define V2M_SIZE 0x1000u

struct v2m;

struct v2m_config {
    sim_time period;    /**< clock period, fs, at least 1 */
    uint64_t base;      /**< address of the frame, a multiple of its size */
    uint32_t first_spi; /**< INTID, 32..1019 */
    uint32_t spi_count; /**< 1 and up; the last SPI is 1019 at most */
    uint32_t forward_cycles;
    uint32_t register_cycles;
};

/** The defaults of the table above: 1 GHz, SPIs 64 to 127. */
struct v2m_config v2m_config_default(void);

/** Makes a frame. A configuration out of range is a panic. Counters: msis, dropped. */
struct v2m *v2m_create(struct sim *sim, const char *name, const struct v2m_config *config);

/** The frame as a component. */
struct sim_component *v2m_component(struct v2m *v2m);

/**
 * What a register access of 4 bytes at an offset of the frame would read. For debuggers.
 * @return false if it is outside of the frame, or not of a size and alignment that is served
 */
bool v2m_probe_register(const struct v2m *v2m, uint64_t offset, uint32_t bytes, uint64_t *value);

/** Binds the bus target port. */
void v2m_bind_target(struct v2m *v2m, struct sim_bus_port port);

/** Binds the channel on which the distributor hears of SPIs. */
void v2m_bind_distributor(struct v2m *v2m, struct sim_channel *to);

#ifdef __cplusplus
}
#endif

#endif
