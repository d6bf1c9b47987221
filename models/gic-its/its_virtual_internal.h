/*
 * The inside of an ITS's virtual side:
 *
 *   its_virtual.c           configuration and registers; vPEs that are held back; virtual SGIs
 *   its_virtual_tables.c    the vPE table, and the part of a walk that goes to it
 *   its_virtual_execute.c   what each virtual command does
 *   its_virtual_move.c      VMOVI and VMOVP
 *   its_virtual_commands.c  the format of commands
 *   vpe_table.c             the format of a vPE table entry
 *
 * An MSI (or INT, or GITS_SGIR) of a vPE whose entry is being changed waits at the point where it would look the entry
 * up, and such a change does not begin before those that have looked it up have been sent. So each is sent either
 * before or after the change. With GITS_TYPER.VMOVP the other ITSs are made to do the same by the redistributor that
 * the vPE leaves (GIC_VHOLD).
 */
#ifndef DOORBELL_MODELS_GIC_ITS_ITS_VIRTUAL_INTERNAL_H
#define DOORBELL_MODELS_GIC_ITS_ITS_VIRTUAL_INTERNAL_H

#include "models/gic-its/gic.h"
#include "models/gic-its/its_internal.h"

#ifdef __cplusplus
extern "C" {
#endif

/* its_virtual.c */

/** Checks the configuration and takes memory. */
void its_virtual_create(struct its *its);

/** Fields of GITS_TYPER. */
uint64_t its_virtual_typer(const struct its *its);

/** GITS_BASERn beyond those of physical LPIs. */
uint64_t its_virtual_read_baser(const struct its *its, uint32_t index);
void its_virtual_write_baser(struct its *its, uint32_t index, uint64_t value);

/** Whether interrupts of a vPE must wait; the walk of the command that changes it need not. */
bool its_virtual_is_held(const struct its *its, uint32_t vpe, const struct its_walk *walk);

/** Whether an MSI has looked this vPE up and has not been sent. */
bool its_virtual_is_in_flight(const struct its *its, uint32_t vpe);

/** Takes what redistributors say unasked. Only with VMOVP 1. */
void its_virtual_listen(struct its *its, sim_time now);

/** Answers GIC_VHOLD where nothing is in flight any more. */
void its_virtual_answer_holds(struct its *its, sim_time now);

/** Whether this is a write to GITS_SGIR. */
bool its_virtual_is_sgi(const struct its *its, const struct sim_packet *packet);

/** Takes it, if there is a slot. */
bool its_virtual_accept_sgi(struct its *its, struct its_target *target, sim_time now);

/** Sends a virtual SGI when its vPE has been found, or loses it. @return false if it must wait */
bool its_virtual_finish_sgi(struct its *its, struct its_slot *slot, sim_time now);

/** Turns a packet into the message that makes a virtual LPI pending. */
void its_virtual_make_lpi(const struct its *its, struct sim_packet *packet, const struct its_ite *ite,
                          const struct vpe_entry *vpe);

/* its_virtual_tables.c */

/** ITEs of virtual events, but for the Valid bit. */
bool its_virtual_is_ite(uint64_t word);
uint64_t its_virtual_encode_ite(const struct its_ite *ite);
struct its_ite its_virtual_decode_ite(uint64_t word);

/** Bytes to read for the entry that a walk wants. */
uint32_t its_virtual_entry_bytes(const struct its_walk *walk);

/** Goes on from an ITE (or begins) with a vPE. */
void its_virtual_look_up(struct its *its, struct its_walk *walk, uint32_t vpe);

/** Starts a walk that is only about a vPE. @param goal ITS_GOAL_VPE_ADDRESS or ITS_GOAL_VPE */
void its_virtual_walk_start(struct its *its, struct its_walk *walk, uint32_t vpe, enum its_goal goal, bool translation);

/** Gives it what it read. */
void its_virtual_walk_take(struct its *its, struct its_walk *walk, uint64_t value, uint64_t high);

/** The end of its_find_cached() for a virtual event: changes nothing. @return false if it misses or is held */
bool its_virtual_find_cached(const struct its *its, struct its_cached *found);

/** Forgets a vPE's entry. */
void its_virtual_forget(struct its *its, uint32_t vpe);

/* its_virtual_execute.c */

/** Which interrupts a virtual command holds back. */
enum its_hazard its_virtual_hazard_of(const struct its_command *command);

/** Carries out the next step of a virtual command; others are unknown. */
enum its_progress its_virtual_execute(struct its *its, sim_time now);

/** The end of the command engine's walk; looks a held vPE up again. */
bool its_virtual_walk_is_done(struct its *its);

/** The last step of INT, CLEAR, DISCARD, INV for a virtual event. @param operation the one of a physical event */
enum its_progress its_virtual_send_event(struct its *its, uint8_t operation, sim_time now);

/** A message about a vPE. @return NULL if it cannot be sent at this edge; else what may still be filled in */
struct sim_packet *its_virtual_send(struct its *its, const struct vpe_entry *entry, uint32_t vpe, uint8_t operation,
                                    uint32_t intid, sim_time now);

/** Steps that handlers share. */
enum its_progress its_virtual_next(struct its *its);
enum its_progress its_virtual_walk_vpe(struct its *its, enum its_goal goal);
enum its_progress its_virtual_finish_walk(struct its *its);
enum its_progress its_virtual_finish_write(struct its *its);

/* its_virtual_move.c */

/** VMOVI and VMOVP, step by step. */
enum its_progress its_virtual_execute_vmovi(struct its *its, sim_time now);
enum its_progress its_virtual_execute_vmovp(struct its *its, sim_time now);

/** Begins to bring this ITS's own entry of a vPE up to date that another ITS has moved. @return whether there is one */
bool its_virtual_begin_update(struct its *its);

/** Moves that on. @return whether anything changed */
bool its_virtual_step_update(struct its *its);

#ifdef __cplusplus
}
#endif

#endif
