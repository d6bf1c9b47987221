/*
 * Which requester IDs share an identifier: a StreamID at one IOMMU, or a DeviceID at one ITS. A mask can make
 * functions of one host share, and maps of two hosts can overlap. Private to the board check.
 */
#ifndef DOORBELL_HOST_BOARD_SHARING_H
#define DOORBELL_HOST_BOARD_SHARING_H

#include "result/board.h"

#ifdef __cplusplus
extern "C" {
#endif

/** What is shared. */
enum board_sharing_kind {
    BOARD_SHARED_STREAM_ID,
    BOARD_SHARED_DEVICE_ID,
};

/** One case: functions of one host, or of two, that have the same identifier at one target. */
struct board_share {
    size_t target; /**< IOMMU or MSI controller */
    size_t host;
    size_t other_host;  /**< the same as host if the case lies within one host */
    uint64_t rids;      /**< within one host: how many RIDs share an identifier with another */
    uint64_t ids;       /**< within one host: how many identifiers are shared */
    uint32_t id;        /**< an example: the lowest identifier, */
    uint32_t rid;       /**< ... a RID of `host` that has it, */
    uint32_t other_rid; /**< ... and one of `other_host` */
    bool with_iommu;    /**< some function concerned has an IOMMU, so it is in a group */
};

/** A growing list. */
struct board_shares {
    struct board_share *items;
    size_t count;
};

/**
 * Finds the cases among available hosts: one per host and target within a host, and, of overlaps between hosts, at
 * least one for every host that takes part in one. Release items with free().
 */
void board_find_shares(const struct board_result *result, enum board_sharing_kind kind, struct board_shares *shares);

#ifdef __cplusplus
}
#endif

#endif
