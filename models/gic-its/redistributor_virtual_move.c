/*
 * VMOVP at the redistributor that the vPE leaves. What has been sent to it before is in its table in memory when an ITS
 * is told that the move is done, and no ITS sends more in between. So the new redistributor finds everything there, and
 * the two never write the table at the same time.
 *
 * With an ITS list it waits until each ITS of the list has asked with the same vPEID, sequence number and list.
 * Without, it has the other ITSs hold back (GIC_VHOLD), and lets them go on (GIC_VCONTINUE) when the vPE table has
 * changed.
 *
 * MSIs that wait with the vPE's pending bits are handed to one of the ITSs, which passes them on and says when they are
 * in place (GIC_VMOVE_END). The others go on after that.
 *
 * Choice: a vPE that is resident here is moved when it is no longer.
 */
#include "models/gic-its/redistributor_virtual_internal.h"

#define ARG_LIST(arg) ((arg) >> 16)

void virtual_move_asked(struct redistributor *rd, struct sim_packet *packet)
{
    rd->virt->moves[packet->tag] = packet;
    rd->virt->asked |= (uint64_t)1 << packet->tag;
}

void virtual_move_held(struct redistributor *rd, const struct sim_packet *packet)
{
    rd->virt->holding |= (uint64_t)1 << packet->tag;
}

void virtual_move_ended(struct redistributor *rd, const struct sim_packet *packet)
{
    struct redistributor_virtual *virt = rd->virt;

    if (virt->move_phase == VIRTUAL_MOVE_AWAY) {
        virt->moved_to = packet->arg;
        virt->to_tell = virt->holding;
        virt->move_phase = VIRTUAL_MOVE_RELEASING;
    }
}

/** Who has asked for the same move as this ITS; sets whether all of the list have. */
static uint64_t find_partners(const struct redistributor *rd, uint32_t index, bool *complete)
{
    const struct redistributor_virtual *virt = rd->virt;
    const struct sim_packet *first = virt->moves[index];
    uint64_t partners = 0;
    uint32_t missing = ARG_LIST(first->arg);

    for (uint64_t bits = virt->asked; bits != 0; bits &= bits - 1) {
        uint32_t i = (uint32_t)__builtin_ctzll(bits);
        const struct sim_packet *other = virt->moves[i];

        if (other->operation == GIC_VMOVE_LIST && other->target == first->target && other->arg == first->arg) {
            partners |= (uint64_t)1 << i;
            missing &= ~(1u << other->intid);
        }
    }
    *complete = missing == 0;
    return partners;
}

static void begin(struct redistributor *rd, uint32_t index, uint64_t participants)
{
    struct redistributor_virtual *virt = rd->virt;
    uint64_t all = UINT64_MAX >> (64 - rd->config.its_count);
    bool one = virt->moves[index]->operation == GIC_VMOVE_ONE;

    virt->carrier = index;
    virt->participants = participants;
    virt->move_vpe = virt->moves[index]->target;
    virt->move_table = virtual_table_of(virt->moves[index]);
    virt->holding = 0;
    virt->to_tell = one ? all & ~participants : 0;
    virt->move_phase = one ? VIRTUAL_MOVE_HOLDING : VIRTUAL_MOVE_HANDING;
    virt->asked &= ~participants;
    rd->progress = true;
}

/** The first move that can begin. */
static void look_for_one(struct redistributor *rd)
{
    struct redistributor_virtual *virt = rd->virt;

    for (uint64_t bits = virt->asked; bits != 0; bits &= bits - 1) {
        uint32_t index = (uint32_t)__builtin_ctzll(bits);
        bool complete = true;
        uint64_t participants = (uint64_t)1 << index;

        if (virt->moves[index]->operation == GIC_VMOVE_LIST) {
            participants = find_partners(rd, index, &complete);
        }
        if (complete) {
            begin(rd, index, participants);
            return;
        }
    }
}

/** Says something to every ITS of to_tell whose channel has room. @return whether all have been told */
static bool tell(struct redistributor *rd, uint8_t operation, sim_time now)
{
    struct redistributor_virtual *virt = rd->virt;

    for (uint64_t bits = virt->to_tell; bits != 0; bits &= bits - 1) {
        uint32_t link = (uint32_t)__builtin_ctzll(bits);
        struct sim_packet *packet;

        if (!virtual_can_answer(rd, link, now)) {
            continue;
        }
        packet = sim_packet_new(rd->component.sim, 0);
        packet->target = (uint16_t)virt->move_vpe;
        packet->arg = virt->moved_to;
        virtual_answer(rd, link, packet, operation, now);
        virt->to_tell &= ~((uint64_t)1 << link);
    }
    return virt->to_tell == 0;
}

static bool is_resident_here(const struct redistributor *rd)
{
    return virtual_is_here(rd, rd->virt->moves[rd->virt->carrier]);
}

static void step_holding(struct redistributor *rd, sim_time now)
{
    struct redistributor_virtual *virt = rd->virt;
    uint64_t others = UINT64_MAX >> (64 - rd->config.its_count) & ~virt->participants;

    if (tell(rd, GIC_VHOLD, now) && virt->holding == others) {
        virt->move_phase = VIRTUAL_MOVE_HANDING;
        rd->progress = true;
    }
}

/** Tells participants that it is done, the carrier with arg 1. @return whether all of @p whom have been told */
static bool tell_done(struct redistributor *rd, uint64_t whom, sim_time now)
{
    struct redistributor_virtual *virt = rd->virt;
    bool all = true;

    for (uint64_t bits = whom; bits != 0; bits &= bits - 1) {
        uint32_t link = (uint32_t)__builtin_ctzll(bits);

        if (virt->moves[link] != NULL && virtual_can_answer(rd, link, now)) {
            virt->moves[link]->arg = link == virt->carrier;
            virtual_answer(rd, link, virt->moves[link], GIC_VMOVE_DONE, now);
            virt->moves[link] = NULL;
        }
        all = all && virt->moves[link] == NULL;
    }
    return all;
}

/** The next MSI to hand over; none if the vPE goes to where it is. */
static struct sim_packet *next_to_hand(struct redistributor *rd)
{
    struct redistributor_virtual *virt = rd->virt;
    bool stays = virt->moves[virt->carrier]->cookie == rd->config.processor_number;

    return stays ? NULL : virtual_unpark_any(rd, virt->move_table);
}

/** The carrier is handed the MSIs, and told when there are no more. */
static void step_handing(struct redistributor *rd, sim_time now)
{
    struct redistributor_virtual *virt = rd->virt;
    struct sim_packet *packet;

    if (is_resident_here(rd) || !virtual_can_answer(rd, virt->carrier, now)) {
        return;
    }
    packet = next_to_hand(rd);
    if (packet != NULL) {
        virtual_answer(rd, virt->carrier, packet, GIC_VHANDED, now);
        return;
    }
    virt->move_one = virt->moves[virt->carrier]->operation == GIC_VMOVE_ONE;
    tell_done(rd, (uint64_t)1 << virt->carrier, now);
    virt->move_phase = VIRTUAL_MOVE_AWAY;
}

/** The vPE has moved: the others go on. */
static void step_releasing(struct redistributor *rd, sim_time now)
{
    struct redistributor_virtual *virt = rd->virt;
    bool done = virt->move_one ? tell(rd, GIC_VCONTINUE, now) : tell_done(rd, virt->participants, now);

    if (done) {
        virt->move_phase = VIRTUAL_MOVE_NONE;
        rd->progress = true;
    }
}

void virtual_step_move(struct redistributor *rd, sim_time now)
{
    struct redistributor_virtual *virt = rd->virt;

    switch (virt->move_phase) {
    case VIRTUAL_MOVE_NONE:
        look_for_one(rd);
        break;
    case VIRTUAL_MOVE_HOLDING:
        step_holding(rd, now);
        break;
    case VIRTUAL_MOVE_HANDING:
        step_handing(rd, now);
        break;
    case VIRTUAL_MOVE_RELEASING:
        step_releasing(rd, now);
        break;
    default:
        break;
    }
}
