/*
 * Looking at an SMMU without touching it: what a register would read, and what a transaction would be translated to.
 * For debuggers and for those who hand memory out directly (TLM-2.0: transport_dbg, DMI). Takes no simulated time and
 * changes nothing: no cache, counter, event record, descriptor. Caches of the SMMU are not looked at either: the answer
 * is that of the tables in memory, which is what the next miss would find.
 */
#ifndef DOORBELL_MODELS_SMMUV3_SMMU_PROBE_H
#define DOORBELL_MODELS_SMMUV3_SMMU_PROBE_H

#include "models/smmuv3/smmu.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Reads memory as it is, without time. @return false: an external abort */
typedef bool (*smmu_probe_read)(void *context, uint64_t address, uint8_t *bytes, uint32_t count);

/** What a transaction presents. */
struct smmu_probe {
    uint64_t address;
    bool has_stream_id; /**< without one it passes untranslated */
    uint32_t stream_id;
    bool has_substream; /**< SSV */
    uint32_t substream_id;
    bool translated; /**< ATS Translated: its address is taken as it is, if the SMMU lets such through */
    bool write;
    bool execute;    /**< InD */
    bool privileged; /**< PnU */
};

/** What becomes of it. */
enum smmu_probe_outcome {
    SMMU_PROBE_PASSES,  /**< leaves with `address` */
    SMMU_PROBE_ABORTED, /**< terminated: SMMU disabled with GBPA.ABORT, or STE.Config 0 */
    SMMU_PROBE_FAULTS,  /**< terminated or stalled: `event` would be recorded */
};

struct smmu_probe_result {
    enum smmu_probe_outcome outcome;
    uint64_t address; /**< physical */
    uint64_t first;   /**< input addresses from here to `last` go the same way, one after another */
    uint64_t last;
    bool reads;        /**< reads of this StreamID and privilege may go there ... */
    bool writes;       /**< ... and writes */
    bool would_update; /**< a real access would set the access flag or mark the descriptor dirty first */
    uint8_t event;     /**< type of the event record (7.3); 0 if none */
};

/**
 * What would become of a transaction now, with registers and memory as they are.
 * @param read the SMMU's view of memory, for its tables
 */
struct smmu_probe_result smmu_probe(struct smmu *smmu, const struct smmu_probe *transaction, smmu_probe_read read,
                                    void *context);

/**
 * What a register access of 4 or 8 bytes at an offset of the SMMU's window would read; reads of an SMMU's registers
 * have no side effects.
 * @return false if it is outside the window, or not of a size and alignment that is served
 */
bool smmu_probe_register(struct smmu *smmu, uint32_t offset, uint32_t bytes, uint64_t *value);

#ifdef __cplusplus
}
#endif

#endif
