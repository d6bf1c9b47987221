/*
 * Queues in memory, the commands in them, the command queues of control pages and of virtual machines, and the
 * invalidations that commands ask for.
 */
#ifndef DOORBELL_MODELS_SMMUV3_COMMANDS_INTERNAL_H
#define DOORBELL_MODELS_SMMUV3_COMMANDS_INTERNAL_H

#include "models/smmuv3/smmu_internal.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Queues (queues.c) ---- */

/** A queue, from its BASE register. */
struct smmu_queue {
    uint64_t base;
    uint32_t log2size;
};

/** @param most IDR1.xQS  @param entry_bytes bytes of an entry */
struct smmu_queue smmu_queue_decode(uint64_t base_register, uint32_t most, uint32_t entry_bytes);

/** Index without wrap bit. */
static inline uint32_t smmu_queue_slot(const struct smmu_queue *queue, uint32_t index)
{
    return index & ((1u << queue->log2size) - 1);
}

/** Whether two PROD and CONS values have equal index and wrap, or equal index and different wrap. */
bool smmu_queue_is_empty(const struct smmu_queue *queue, uint32_t prod, uint32_t cons);
bool smmu_queue_is_full(const struct smmu_queue *queue, uint32_t prod, uint32_t cons);

/** Register value with its index advanced by one entry; the bits above index and wrap stay. */
uint32_t smmu_queue_advance(const struct smmu_queue *queue, uint32_t value);

/* ---- Commands (commands.c, command_set.c) ---- */

/** Fetches and executes commands. @return when there is more to do */
sim_time smmu_commands_run(struct smmu *smmu, sim_time now);

/** The line of commands that queue @p index read. @p data is NULL if the read was aborted. */
void smmu_commands_fetched(struct smmu *smmu, uint32_t index, const uint8_t *data, uint32_t bytes);

/** Stops a command queue: reason and error become visible where its registers have them. */
void smmu_commands_fail(struct smmu *smmu, struct smmu_command_queue *queue, uint32_t reason);

/** A register that queue @p index looks at was written. */
void smmu_commands_wake(struct smmu *smmu, uint32_t index);

/** Whether a command (not CMD_SYNC) is legal here; if not it is a CERROR_ILL. */
bool smmu_command_is_legal(const struct smmu *smmu, const uint64_t words[SMMU_CMD_WORDS]);

/** Sets that a legal command visits; its time is command_cycles + scan_cycles for each. */
uint32_t smmu_command_sets(struct smmu *smmu, const uint64_t words[SMMU_CMD_WORDS]);

/** Whether a legal command can be carried out now: the TBUs, or the way to an endpoint, can take another. */
bool smmu_command_has_room(struct smmu *smmu, const uint64_t words[SMMU_CMD_WORDS]);

/** Carries a legal command out. @param queue number of its queue */
void smmu_command_apply(struct smmu *smmu, uint8_t queue, const uint64_t words[SMMU_CMD_WORDS], sim_time now);

/* ---- Command queue control pages (ecmdq.c) ---- */

/** Whether some queue is enabled, or not yet disabled. */
bool smmu_ecmdq_any_enabled(const struct smmu *smmu);

/** Acknowledges what PROD.EN asks for; the queue must be idle. @return whether it is to consume commands */
bool smmu_ecmdq_update(struct smmu_command_queue *queue);

/** Reports an error of a queue. */
void smmu_ecmdq_fail(struct smmu *smmu, struct smmu_command_queue *queue, uint32_t reason);

/** 32-bit accesses, and whether a register has 64 bits; the offset is from page 0, beyond page 1 if it is written. */
bool smmu_ecmdq_is_wide(struct smmu *smmu, uint32_t offset);
uint32_t smmu_ecmdq_read(struct smmu *smmu, uint32_t offset);
void smmu_ecmdq_write(struct smmu *smmu, uint32_t offset, uint32_t value);

/* ---- Virtual command queues (cmdqv.c, cmdqv_registers.c) ---- */

/** Whether a queue is of an interface that is enabled. */
bool smmu_vcmdq_has_interface(const struct smmu *smmu, const struct smmu_command_queue *queue);

/** Acknowledges what CONFIG.EN asks for; the queue must be idle. @return whether it is to consume commands */
bool smmu_vcmdq_update(const struct smmu *smmu, struct smmu_command_queue *queue);

/**
 * Makes of a virtual machine's command what it is to the SMMU.
 * @return SMMU_CERROR_NONE, or why the interface does not accept it
 */
uint32_t smmu_vcmdq_translate(const struct smmu *smmu, const struct smmu_command_queue *queue, uint64_t *words);

/** Activates an error, one bit of the queue's GERROR, unless it is active; the interface's wire tells. */
void smmu_vcmdq_raise(struct smmu *smmu, struct smmu_command_queue *queue, uint32_t error);

/** Reports an error of a command. */
void smmu_vcmdq_fail(struct smmu *smmu, struct smmu_command_queue *queue, uint32_t reason);

/** 32-bit accesses, and whether a register has 64 bits; offsets are from the aperture's base. */
bool smmu_cmdqv_is_wide(struct smmu *smmu, uint32_t offset);
uint32_t smmu_cmdqv_read(struct smmu *smmu, uint32_t offset);
void smmu_cmdqv_write(struct smmu *smmu, uint32_t offset, uint32_t value);

/* ---- Invalidation and synchronisation (invalidate.c) ---- */

/** Whether the TBUs can take another invalidation. */
bool smmu_invalidate_has_room(const struct smmu *smmu);

/** Drops translations that @p scope covers, and catches walks under way; the TBUs hear of it in their time. */
void smmu_invalidate_tlbs(struct smmu *smmu, const struct smmu_tlb_scope *scope, sim_time now);

/** Drops configurations that @p scope covers, and catches fetches under way; the TBUs hear of it in their time. */
void smmu_invalidate_configs(struct smmu *smmu, const struct smmu_config_scope *scope, sim_time now);

/** Carries out invalidations of a TBU's TLBs that are through. */
void smmu_tbu_invalidate_run(struct smmu *smmu, struct smmu_tbu *tbu, sim_time now);

/** Begins to wait for everything that may have used what was invalidated before @p now. */
void smmu_sync_begin(struct smmu *smmu, struct smmu_sync *sync, sim_time now);

/**
 * Whether every TBU is rid of what smmu_sync_begin() found; if so, sync->events says which event records must be
 * written first. @return when to look again (SIM_TIME_NEVER: at the next evaluation); 0 if it is
 */
sim_time smmu_sync_wait(struct smmu *smmu, struct smmu_sync *sync, sim_time now);
#ifdef __cplusplus
}
#endif

#endif
