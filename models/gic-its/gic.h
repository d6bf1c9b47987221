/*
 * What ITS, redistributors and PEs say to each other: SIM_PACKET_GIC packets and their `operation`.
 *
 * ITS to redistributor, one channel per pair, in order; the redistributor answers on the channel back only where the
 * table below says so. The architecture leaves this protocol to the implementation.
 *
 *   operation          intid  answer                                       meaning
 *   GIC_SET_LPI        LPI    -                                            make it pending (an MSI or an INT command)
 *   GIC_CLEAR_LPI      LPI    -                                            make it not pending (CLEAR, DISCARD)
 *   GIC_INV            LPI    -                                            forget its cached configuration
 *   GIC_INVALL         -      -                                            forget all cached configuration
 *   GIC_MOVE           LPI    GIC_MOVED or GIC_NOT_MOVED                   give the pending state away (MOVI)
 *   GIC_MOVE_ALL       -      GIC_MOVED for each, then GIC_MOVE_ALL_DONE   give all pending state away (MOVALL)
 *   GIC_SYNC           -      GIC_SYNC_DONE                                answer when all before it has taken effect
 *
 * An MSI's own packet becomes the GIC_SET_LPI, stays in the redistributor with the pending bit, and is what the PE
 * gets; so an observer follows one packet from the device's function to the handler. Its `arg` then is the ICID by which
 * it was routed: no redistributor looks, an observer may.
 *
 * Redistributor and PE:
 *
 *   GIC_SIGNAL     redistributor to PE: the highest priority among pending, enabled LPIs is now `arg` (a priority,
 *                  or GIC_PRIORITY_NONE); `intid` names the LPI
 *   GIC_ACTIVATE   PE to redistributor: acknowledge (ICC_IAR1_EL1 read); `arg` is the PE's threshold: priorities below it
 *                  pass its mask, preempt what it runs, and are enabled as a group
 *   GIC_ACTIVATED  redistributor to PE: `intid` is no longer pending and yours, GIC_INTID_SPURIOUS if there is none;
 *                  `arg` is the priority of the best that remains, as in GIC_SIGNAL, `address` its own priority
 *   GIC_HANDLED    PE to a device's model: the handler of the MSI with this `source` and `vector` has ended
 *
 * The acknowledge is a round trip: the pending bit is cleared at the redistributor, and the handler starts after the
 * answer. So an MSI that comes earlier merges and is seen by the handler, one that comes later is pending again, and
 * none is lost in between. (Software gets the same from a DSB after reading ICC_IAR1_EL1.)
 */
#ifndef DOORBELL_MODELS_GIC_ITS_GIC_H
#define DOORBELL_MODELS_GIC_ITS_GIC_H

#ifdef __cplusplus
extern "C" {
#endif

enum gic_operation {
    GIC_NONE,
    GIC_SET_LPI,
    GIC_CLEAR_LPI,
    GIC_INV,
    GIC_INVALL,
    GIC_MOVE,
    GIC_MOVED,
    GIC_NOT_MOVED,
    GIC_MOVE_ALL,
    GIC_MOVE_ALL_DONE,
    GIC_SYNC,
    GIC_SYNC_DONE,
    GIC_SIGNAL,
    GIC_ACTIVATE,
    GIC_ACTIVATED,
    GIC_HANDLED,
};

/** First INTID of the LPIs (IHI 0069, INTID ranges). */
#define GIC_FIRST_LPI 8192u

/** Special INTID: there is no interrupt. */
#define GIC_INTID_SPURIOUS 1023u

/** In GIC_SIGNAL and GIC_ACTIVATED: no LPI is pending and enabled. Lower than any priority. */
#define GIC_PRIORITY_NONE 0x100u

/** The priority mask that lets every LPI through: priorities numerically below the mask are signalled (ICC_PMR_EL1). */
#define GIC_PRIORITY_MASK_OPEN 0xffu

#ifdef __cplusplus
}
#endif

#endif
