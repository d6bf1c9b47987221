/*
 * Traffic of an endpoint's function: streams of MSIs, DMA writes and DMA reads, each with its own arrivals.
 *
 * A stream is an open-loop source that keeps nothing but the time of its next arrival; when it is held back (credits,
 * an older request of the endpoint) that time lags and arrivals wait in it. Arrivals take effect on edges of the
 * endpoint's clock: the birth of a request is the first edge at or after the drawn time, so that the exact times do
 * not drift.
 */
#ifndef DOORBELL_MODELS_PCIE_ENDPOINT_TRAFFIC_H
#define DOORBELL_MODELS_PCIE_ENDPOINT_TRAFFIC_H

#include "sim/time.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum endpoint_stream_kind {
    ENDPOINT_MSI,
    ENDPOINT_DMA_WRITE,
    ENDPOINT_DMA_READ,
    ENDPOINT_TRANSLATE,    /**< jobs only: asks for a translation and keeps it */
    ENDPOINT_PAGE_REQUEST, /**< jobs only: asks for a page */
};

enum endpoint_arrivals {
    ENDPOINT_PERIODIC,     /**< one every period, the first at the start */
    ENDPOINT_POISSON,      /**< exponential gaps of mean period, the first one from the start on */
    ENDPOINT_BURST,        /**< `burst` at once; bursts start a period apart, the first at the start */
    ENDPOINT_WHEN_HANDLED, /**< MSIs only: first at the start, the next think_time after the handler of it ended */
    ENDPOINT_WHEN_DONE,    /**< DMA reads only: first at the start, the next when the last completion of it is in */
};

struct endpoint_stream_config {
    enum endpoint_stream_kind kind;
    enum endpoint_arrivals arrivals;
    sim_time period; /**< fs; at least 1, but for WHEN_HANDLED and WHEN_DONE */
    uint32_t burst;  /**< requests a burst; 0: 1 */
    uint32_t source; /**< observer's number; WHEN_HANDLED: unique, it is how the handler's signal finds the stream */
    /* DMA: */
    uint32_t size;   /**< bytes a request, at least 1 */
    uint32_t stride; /**< bytes from one place in the buffer to the next; 0: `size` */
    uint32_t pasid;  /**< 20 bits */
    bool scattered;  /**< each request goes to a place drawn at random, all alike likely; else in their order */
    bool with_pasid; /**< asks for a PASID prefix; none is sent unless the PASID capability is enabled */
    bool ats;        /**< asks for translations, and sends translated requests, while ATS is enabled */
    bool untracked;  /**< observers do not follow these requests */
    bool for_peer;   /**< the buffer is a peer's: what is written there is no data that an MSI tells a handler of */
    /* All: */
    /**
     * Asks for relaxed ordering, where Device Control allows it. An MSI must not have it (6.1.4): a function whose MSIs
     * do has a defect.
     */
    bool relaxed;
    bool id_ordered;       /**< asks for ID-based ordering, where Device Control 2 allows it */
    bool no_snoop;         /**< asks for No Snoop, where Device Control allows it; not of MSIs */
    uint8_t traffic_class; /**< 0..7; TC0 goes instead while no virtual channel has it */
    sim_time start;        /**< of the first arrival, from the start of traffic on, fs */
    sim_time think_time;   /**< for WHEN_HANDLED, fs */
    /* MSIs: */
    const uint32_t *vectors; /**< successive MSIs take these in turn; copied */
    size_t vector_count;
};

/**
 * What DMA writes carry: word @p word (8 bytes, little-endian) of a stream's @p number-th request, both from 0.
 * Fields from the top: source (16 bits), number (32 bits), word (16 bits). A request whose size is no multiple of 8
 * ends in the first bytes of its last word.
 */
uint64_t endpoint_dma_stamp(uint32_t source, uint64_t number, uint32_t word);

#ifdef __cplusplus
}
#endif

#endif
