/*
 * What an input of the SMMU's fuzz target says: the operations and their flags, for the machine that does them and for
 * the seeds that ask for them.
 */
#ifndef DOORBELL_TESTS_FUZZ_SMMU_OPERATIONS_H
#define DOORBELL_TESTS_FUZZ_SMMU_OPERATIONS_H

#include "tests/fuzz/target.h"

#include <cstdint>

namespace fuzz
{

enum Operation : uint8_t {
    kWrite32, /**< offset 2 (bit 15: page 1, and what follows it), value 4 */
    kWrite64, /**< offset 2, value 8 */
    kRead,    /**< offset 2, size 1 */
    kMemory,  /**< page 2, word 2, mask 8: exclusive or */
    kSte,     /**< StreamID 1, word 1, mask 8 */
    kCd,      /**< word 1, mask 8 */
    kTable,   /**< page 1, word 2, mask 8: of the translation tables */
    kCommand, /**< two words 16 */
    kSync,
    kRequest, /**< StreamID 1, SubstreamID 1, address 6, flags 2 */
    kWait,    /**< nanoseconds 2 */
    kSettle,
    kConsume,      /**< the event queue */
    kRepair,       /**< GERRORN = GERROR */
    kPage,         /**< a Page Request: StreamID 1, SubstreamID 1, page 5, group 1, flags 1 */
    kMessage,      /**< any message: code 1, StreamID 1, SubstreamID 1, address 8, flags 1 */
    kConsumePages, /**< the PRI queue */
    kFar32,        /**< a write to any page: offset 3, value 4 */
    kFar64,        /**< offset 3, value 8 */
    kFarRead,      /**< offset 3, size 1 */
    kStartQueue,   /**< one more command queue, as its driver does: number 1, mode 1 */
    kQueueCommand, /**< number 1, two words 16 */
    kQueueRepair,  /**< acknowledges its error: number 1 */
    kOperations,
};

/* Flags of a request. */
constexpr unsigned kIsWrite = 1;
constexpr unsigned kIsFetch = 2;
constexpr unsigned kIsPrivileged = 4;
constexpr unsigned kHasSubstream = 8;
constexpr unsigned kNoStream = 16;
constexpr unsigned kNoWrite = 1u << 11;

/* Bytes of the header after the first four; all are 0 in an SMMU without any of this. */
constexpr unsigned kAts = 1;
constexpr unsigned kPri = 2;
constexpr unsigned kPps = 8;
constexpr unsigned kAtsCheck = 32;

/** Of the seeds: ATS and PRI, all of it; two control pages of two queues and two virtual ones of two interfaces. */
constexpr unsigned kAllProtocols = 0x0f;
constexpr unsigned kAllQueues = 0x67;
constexpr unsigned kDistinctQueues = 16;
constexpr unsigned kExtraBits = 4; /**< log2 of the entries of one of them */

} // namespace fuzz

#endif
