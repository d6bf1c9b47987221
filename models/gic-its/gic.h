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
 * GICv2m frame to distributor, and distributor to redistributor, for SPIs. `intid` is the SPI's.
 *
 *   GIC_SET_SPI      SPI    -                                            make it pending; from the distributor `arg` is
 *                                                                        its priority
 *   GIC_RECALL_SPI   SPI    GIC_MOVED or GIC_NOT_MOVED                   give the pending state back; waits while the
 *                                                                        SPI is active
 *
 * For virtual LPIs (GICv4). `target` is the vPEID, `intid` the vINTID, `address` bits 51:16 the address of the vPE's
 * virtual pending table (VPT) and bits 4:0 its vINTID bits minus 1, `arg` as told.
 *
 *   GIC_SET_VLPI     ITS  -                 make it pending; arg: INTID of the doorbell, or GIC_NO_DOORBELL
 *   GIC_SET_VSGI     ITS  -                 the same for a virtual SGI, intid 0 .. 15
 *   GIC_CLEAR_VLPI   ITS  -                 make it not pending
 *   GIC_MOVE_VLPI    ITS  GIC_MOVED or GIC_NOT_MOVED          give the pending state away (VMOVI)
 *   GIC_VINV         ITS  -                 forget a virtual LPI's cached configuration
 *   GIC_VINVALL      ITS  -                 forget the vPE's cached configuration
 *   GIC_VSYNC        ITS  GIC_SYNC_DONE     answer when all before it has taken effect
 *   GIC_VSGI         ITS  -                 configure (and clear) a virtual SGI; arg as GIC_VSGI_* below
 *   GIC_VALLOC       ITS  -                 a VPT that need not be zero comes into use (VMAPP with Alloc, without PTZ)
 *   GIC_VFREE        ITS  GIC_SYNC_DONE     the vPE goes (VMAPP with V 0); arg 1: its pending interrupts go with it
 *   GIC_VMOVE_LIST   ITS  GIC_VHANDED for each, GIC_VMOVE_DONE   the vPE goes to another redistributor (VMOVP);
 *                         answered when each ITS of the list has asked. arg: sequence number 15:0, ITS list 31:16;
 *                         intid: this ITS's number; cookie: Processor_Number of the new redistributor
 *   GIC_VMOVE_ONE    ITS  the same          the same, for all ITSs at once: the redistributor has each of the others
 *                                           hold the vPE's interrupts back
 *   GIC_VMOVE_END    ITS  -                 the vPE has moved; arg: Processor_Number of its new redistributor. From the
 *                                           ITS that was told GIC_VMOVE_DONE with arg 1; the others are told after it
 *   GIC_VHOLD        redistributor          hold back what goes to the vPE; answer GIC_VHELD when nothing is on its way
 *   GIC_VHELD        ITS  -                 the answer
 *   GIC_VCONTINUE    redistributor          the vPE is at `arg` now, go on
 *   GIC_VPARK        ITS  -                 an MSI whose pending bit is in the VPT already: keep it with that bit
 *
 * An MSI's own packet becomes the GIC_SET_LPI or GIC_SET_VLPI, stays in the redistributor with the pending bit, and is
 * what the PE gets; so an observer follows one packet from the device's function to the handler. In a GIC_SET_LPI its
 * `arg` is the ICID by which it was routed: no redistributor looks, an observer may.
 *
 * Redistributor and PE:
 *
 *   GIC_SIGNAL     redistributor to PE: the highest priority among pending, enabled LPIs is now `arg` (a priority,
 *                  or GIC_PRIORITY_NONE); `intid` names the LPI
 *   GIC_ACTIVATE   PE to redistributor: acknowledge (ICC_IAR1_EL1 read); `arg` is the PE's threshold: priorities
 *                  below it pass its mask, preempt what it runs, and are enabled as a group
 *   GIC_ACTIVATED  redistributor to PE: `intid` is no longer pending and yours, GIC_INTID_SPURIOUS if there is none;
 *                  `arg` is the priority of the best that remains, as in GIC_SIGNAL, `address` its own priority
 *   GIC_DEACTIVATE PE to redistributor: the handler of the SPI `intid` has ended, it is active no more
 *   GIC_VSIGNAL, GIC_VACTIVATE, GIC_VACTIVATED   the same three for the virtual interrupts of the resident vPE
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
    GIC_SET_VLPI,
    GIC_SET_VSGI,
    GIC_CLEAR_VLPI,
    GIC_MOVE_VLPI,
    GIC_VINV,
    GIC_VINVALL,
    GIC_VSYNC,
    GIC_VSGI,
    GIC_VALLOC,
    GIC_VFREE,
    GIC_VMOVE_LIST,
    GIC_VMOVE_ONE,
    GIC_VMOVE_END,
    GIC_VMOVE_DONE,
    GIC_VHANDED,
    GIC_VHOLD,
    GIC_VHELD,
    GIC_VCONTINUE,
    GIC_VPARK,
    GIC_VSGI_QUERY, /**< inside a redistributor: GICR_VSGIR was written */
    GIC_VSIGNAL,
    GIC_VACTIVATE,
    GIC_VACTIVATED,
    GIC_SET_SPI,
    GIC_RECALL_SPI,
    GIC_DEACTIVATE,
};

/** `arg` of GIC_VSGI. */
#define GIC_VSGI_ENABLE   0x01u
#define GIC_VSGI_GROUP    0x02u
#define GIC_VSGI_CLEAR    0x04u
#define GIC_VSGI_PRIORITY 0xf0u

/** INTIDs of the SPIs (IHI 0069, INTID ranges). */
#define GIC_FIRST_SPI 32u
#define GIC_LAST_SPI  1019u

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
