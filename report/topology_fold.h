/*
 * What of a system's functions is drawn: all of a small one; of a large one, of siblings that are alike down to the
 * devices below them, the first, and one node that stands for the others.
 */
#ifndef DOORBELL_REPORT_TOPOLOGY_FOLD_H
#define DOORBELL_REPORT_TOPOLOGY_FOLD_H

#include "result/topology.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Systems of up to so many functions are drawn whole. */
#define TOPOLOGY_WHOLE 24

/** A box in the tree of functions. */
struct topology_node {
    uint32_t function; /**< itself, or whom those are like that it stands for */
    uint32_t parent;   /**< index of the node above it; TOPOLOGY_NONE: it is on a root bus */
    uint32_t like;     /**< siblings that it stands for; 0: it is a function of its own */
    uint32_t hidden;   /**< functions that these are, with all below them */
    bool one_group;    /**< those it stands for are in the group of the one they are like */
};

/** Nodes, each before what is below it, siblings in their order. */
struct topology_fold {
    struct topology_node *nodes;
    size_t count;
};

/**
 * Chooses what to draw. Functions of @p marked, and what is above them, are always drawn.
 * @param fold to be released with topology_fold_clear()
 */
void topology_fold_make(const struct topology *topology, const uint32_t *marked, size_t count,
                        struct topology_fold *fold);

/** Releases what a fold owns and empties it. */
void topology_fold_clear(struct topology_fold *fold);

/** Whether a function is one that devices' interrupts come from. */
bool topology_is_device(const struct topology_function *function);

/**
 * What a function's domain is called beside its group: "dma" for "dma of group 3" of a function of group 3.
 * @param text receives it; empty if it is attached to none
 */
void topology_domain_text(const struct topology_function *function, char *text, size_t size);

#ifdef __cplusplus
}
#endif

#endif
