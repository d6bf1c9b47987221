/*
 * MSIs whose pending bit is in a virtual pending table in memory. The bit is all that hardware has; the packet is kept
 * so that observers can follow it to its handler. They are in chains by table and vINTID, and take no memory of their
 * own.
 */
#include "models/gic-its/redistributor_virtual_internal.h"

static struct sim_packet **chain_of(struct redistributor *rd, uint64_t table, uint32_t intid)
{
    uint64_t mixed = (table ^ intid) * UINT64_C(0x9e3779b97f4a7c15);

    return &rd->virt->parked[mixed >> 56];
}

void virtual_park(struct redistributor *rd, struct sim_packet *packet)
{
    struct sim_packet **chain = chain_of(rd, virtual_table_of(packet), packet->intid);

    packet->next = *chain;
    *chain = packet;
    rd->virt->parked_count++;
}

static struct sim_packet *unlink_packet(struct redistributor *rd, struct sim_packet **where)
{
    struct sim_packet *packet = *where;

    *where = packet->next;
    packet->next = NULL;
    rd->virt->parked_count--;
    return packet;
}

struct sim_packet *virtual_unpark(struct redistributor *rd, uint64_t table, uint32_t intid)
{
    struct sim_packet **where = chain_of(rd, table, intid);

    while (*where != NULL) {
        if (virtual_table_of(*where) == table && (*where)->intid == intid) {
            return unlink_packet(rd, where);
        }
        where = &(*where)->next;
    }
    return NULL;
}

struct sim_packet *virtual_unpark_any(struct redistributor *rd, uint64_t table)
{
    for (uint32_t i = 0; rd->virt->parked_count > 0 && i < VIRTUAL_PARK_CHAINS; i++) {
        struct sim_packet **where = &rd->virt->parked[i];

        while (*where != NULL) {
            if (virtual_table_of(*where) == table) {
                return unlink_packet(rd, where);
            }
            where = &(*where)->next;
        }
    }
    return NULL;
}
