/*
 * What the SMMU knows of its command queues, whatever their kind: their registers, the commands at hand, a CMD_SYNC
 * under way. commands_internal.h has what is done with them.
 */
#ifndef DOORBELL_MODELS_SMMUV3_COMMAND_QUEUE_INTERNAL_H
#define DOORBELL_MODELS_SMMUV3_COMMAND_QUEUE_INTERNAL_H

#include "models/smmuv3/smmu.h"
#include "models/smmuv3/smmu_formats.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Commands read at once: those of one 64-byte line. */
#define SMMU_COMMAND_BATCH 4

/** What a CMD_SYNC waits for in one TBU. */
struct smmu_sync_part {
    uint8_t phase;     /**< enum of invalidate.c */
    sim_time until;    /**< the phase lasts at least until then */
    uint64_t sequence; /**< slots older than this must leave */
};

/** A CMD_SYNC under way: any number can be. */
struct smmu_sync {
    bool begun;
    struct smmu_sync_part part[SMMU_MAX_TBUS];
    uint64_t sent[SMMU_MAX_PORTS]; /**< packets that had left a port downstream, and must have been taken there */
    uint64_t events; /**< when all parts are done: event records that must be out of the buffer (events.finished) */
};

enum smmu_command_state {
    SMMU_COMMAND_IDLE,
    SMMU_COMMAND_FETCH,
    SMMU_COMMAND_EXECUTE, /**< until `until` */
    SMMU_COMMAND_SYNC,    /**< CMD_SYNC waits */
};

enum smmu_queue_kind {
    SMMU_QUEUE_CMDQ,  /**< of register page 0 */
    SMMU_QUEUE_ECMDQ, /**< of a command queue control page */
    SMMU_QUEUE_VCMDQ, /**< virtual: of an interface of a virtual machine */
};

/** A command queue. */
struct smmu_command_queue {
    uint8_t kind;      /**< enum smmu_queue_kind */
    uint8_t state;     /**< enum smmu_command_state */
    bool awake;        /**< has something to do, or may have: a register was written */
    uint32_t buffered; /**< commands in the buffer, from `next` on */
    uint32_t next;
    uint64_t buffer[SMMU_COMMAND_BATCH][SMMU_CMD_WORDS];
    sim_time until;
    struct smmu_sync sync;

    /* Registers, if they are not those of page 0. */
    uint64_t base;
    uint32_t prod;
    uint32_t cons;

    /* Further registers of a virtual queue: see smmu_cmdqv.h. */
    uint32_t config;
    uint32_t status;
    uint32_t gerror;
    uint32_t gerrorn;
    uint32_t alloc;
    uint64_t cons_base;
};

/** StreamIDs that one virtual interface can replace. */
#define SMMU_MAX_VINTF_SIDS 16

/** Virtual interface: see smmu_cmdqv.h. */
struct smmu_vintf {
    uint32_t config;
    uint32_t sid_match[SMMU_MAX_VINTF_SIDS];
    uint32_t sid_replace[SMMU_MAX_VINTF_SIDS];
};

struct smmu_cmdqv {
    uint32_t config;
    uint32_t int_mask[2];
    struct smmu_vintf *vintfs;
};

struct smmu_command_engine {
    struct smmu_command_queue *queues; /**< that of page 0 first */
    uint32_t count;
    uint32_t first_ecmdq; /**< those of control pages: first_ecmdq .. first_vcmdq - 1 */
    uint32_t first_vcmdq; /**< virtual ones: first_vcmdq .. count - 1 */
    uint32_t awake;       /**< queues that are */
    uint32_t turn;        /**< the queue that is asked first */
    bool busy;            /**< a command is being carried out */
};
#ifdef __cplusplus
}
#endif

#endif
