/* What an ITS has read for an MSI, in words, for whoever follows it. Nothing here runs unless somebody listens. */
#include "models/gic-its/its_virtual_internal.h"

#include <inttypes.h>
#include <stdio.h>

static void describe_device(const struct its_walk *walk, char *text, size_t size)
{
    if (walk->dte.valid) {
        snprintf(text, size, "its interrupt translation table is at 0x%" PRIx64 ", for %u bits of EventID",
                 walk->dte.itt_address, walk->dte.event_bits);
    } else {
        snprintf(text, size, "not valid: no MAPD for DeviceID 0x%" PRIx32, walk->device);
    }
}

static void describe_event(const struct its_walk *walk, char *text, size_t size)
{
    if (!walk->ite.valid) {
        snprintf(text, size, "not valid: nothing is mapped for EventID %" PRIu32, walk->event);
    } else if (walk->ite.is_virtual) {
        snprintf(text, size, "EventID %" PRIu32 " is virtual INTID %" PRIu32 " of vPE %" PRIu32, walk->event,
                 walk->ite.intid, walk->ite.vpe);
    } else {
        snprintf(text, size, "EventID %" PRIu32 " is INTID %" PRIu32 " in collection %" PRIu32, walk->event,
                 walk->ite.intid, walk->ite.collection);
    }
}

static void describe_target(bool valid, const char *what, uint32_t target, char *text, size_t size)
{
    if (valid) {
        snprintf(text, size, "%s goes to redistributor %" PRIu32, what, target);
    } else {
        snprintf(text, size, "not valid: %s is not mapped", what);
    }
}

static void describe_level2(uint64_t entry, char *text, size_t size)
{
    if ((entry & GIC_MASK(GITS_L1_VALID)) != 0) {
        snprintf(text, size, "the second level is at 0x%" PRIx64, entry & GIC_MASK(GITS_L1_ADDRESS));
    } else {
        snprintf(text, size, "not valid: there is no second level here");
    }
}

void its_tell_read(struct its *its, const struct its_slot *slot, uint8_t level, const struct sim_packet *answer,
                   sim_time now)
{
    static const char *const names[] = {
        [ITS_LEVEL_DEVICE_L1] = "device table, level 1",
        [ITS_LEVEL_DEVICE] = "device table entry",
        [ITS_LEVEL_EVENT] = "interrupt translation entry (ITT)",
        [ITS_LEVEL_COLLECTION] = "collection table entry",
        [ITS_LEVEL_VPE_L1] = "vPE table, level 1",
        [ITS_LEVEL_VPE] = "vPE table entry",
    };
    const struct its_walk *walk = &slot->walk;
    char meaning[120] = "the read ended in a bus error";
    const struct sim_table_read read = {.packet = slot->packet,
                                        .where = &its->component,
                                        .what = names[level],
                                        .meaning = meaning,
                                        .address = answer->address,
                                        .length = answer->length,
                                        .shared = answer->tag != (uint16_t)(slot - its->slots),
                                        .issued = answer->born,
                                        .arrived = now};

    if (answer->status == SIM_STATUS_OK) {
        switch ((enum its_level)level) {
        case ITS_LEVEL_DEVICE:
            describe_device(walk, meaning, sizeof(meaning));
            break;
        case ITS_LEVEL_EVENT:
            describe_event(walk, meaning, sizeof(meaning));
            break;
        case ITS_LEVEL_COLLECTION:
            describe_target(walk->cte.valid, "the collection", walk->cte.target, meaning, sizeof(meaning));
            break;
        case ITS_LEVEL_VPE:
            describe_target(walk->vpe_entry.valid, "the vPE", walk->vpe_entry.target, meaning, sizeof(meaning));
            break;
        case ITS_LEVEL_DEVICE_L1:
        case ITS_LEVEL_VPE_L1:
            describe_level2(sim_load_le64(answer->data), meaning, sizeof(meaning));
            break;
        }
    }
    sim_tell_read(its->component.sim, &read);
}
