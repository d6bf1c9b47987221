/*
 * Snapshots: for each the memory image is loaded, the SMMU is set up as its registers say, and every mapping of the
 * image is tried, in what it grants and in what it denies.
 */
#include "models/smmuv3/smmu_fields.h"
#include "models/smmuv3/smmu_formats.h"
#include "models/smmuv3/smmu_regs.h"
#include "replay/player.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* CR0: SMMUEN, EVENTQEN, CMDQEN. */
#define CR0_QUEUES 0xcu
#define CR0_ALL    0xdu

#define CMD_CFGI_ALL_RANGE 31u

struct snapshots {
    struct replay_player *player;
    uint64_t index;
    size_t first_page; /**< of mem.idx: this snapshot's begin here */
    size_t end_page;
};

static void write_register(struct replay_player *player, uint32_t offset, uint32_t size, uint64_t value)
{
    replay_rig_write(&player->rig, player->recording->map.smmu + offset, size, value);
}

static uint64_t recorded(const struct snapshots *snapshots, const char *name)
{
    const struct replay_recording *recording = snapshots->player->recording;
    uint64_t value = 0;

    replay_register_find(&recording->snapshots[snapshots->index].smmu, name, &value);
    return value;
}

/* ---- Memory ---- */

static void load_page(struct replay_player *player, const struct replay_page *page)
{
    const uint8_t *bytes = replay_page_bytes(player->recording, page);

    if (!replay_in_memory(player->recording, page->address, REPLAY_PAGE_BYTES)) {
        return;
    }
    if (bytes == NULL) {
        memory_fill(player->rig.memory, page->address, 0, REPLAY_PAGE_BYTES);
    } else {
        memory_write(player->rig.memory, page->address, bytes, REPLAY_PAGE_BYTES);
    }
}

/** Loads an image. What earlier ones, or the timeline, left elsewhere in tables must not be seen: it is zeroed. */
static void load_image(struct snapshots *snapshots)
{
    struct replay_player *player = snapshots->player;

    for (size_t i = 0; i < player->recording->page_count; i++) {
        const struct replay_page nothing = {.address = player->recording->pages[i].address, .number = REPLAY_NONE};

        load_page(player, &nothing);
    }
    for (size_t i = 0; i < player->recording->pte_count; i++) {
        memory_write64(player->rig.memory, player->recording->ptes[i].address, 0);
    }
    for (size_t i = snapshots->first_page; i < snapshots->end_page; i++) {
        load_page(player, &player->recording->pages[i]);
    }
}

/* ---- The SMMU ---- */

/** Has every cache of the SMMU emptied, by commands in the recorded queue. */
static void invalidate(struct snapshots *snapshots)
{
    static const uint64_t commands[][2] = {
        {SMMU_CMD_CFGI_STE_RANGE, CMD_CFGI_ALL_RANGE}, {SMMU_CMD_TLBI_NSNH_ALL, 0}, {SMMU_CMD_SYNC, 0}};
    struct replay_player *player = snapshots->player;
    const uint32_t count = sizeof(commands) / sizeof(commands[0]);

    for (uint32_t i = 0; i < count; i++) {
        for (unsigned w = 0; w < 2; w++) {
            memory_write64(player->rig.memory, player->commands.base + (uint64_t)i * SMMU_CMD_BYTES + 8 * w,
                           commands[i][w]);
        }
    }
    write_register(player, SMMU_CMDQ_PROD, 4, count);
    replay_compare_value(player, REPLAY_CHECK_SMMU_COMMANDS, player->recording->snapshots[snapshots->index].seq,
                         "CMDQ_CONS behind the invalidation before a snapshot", count,
                         replay_rig_read(&player->rig, player->recording->map.smmu + SMMU_CMDQ_CONS, 4));
}

static void set_queue(struct replay_queue *queue, uint64_t value)
{
    const uint32_t log2 = (uint32_t)smmu_get(value, SMMU_QUEUE_LOG2SIZE);

    queue->base = value & SMMU_MASK(SMMU_QUEUE_ADDR);
    queue->log2 = log2 > 19 ? 19 : log2;
    queue->position = 0;
}

/** Sets the SMMU up anew. @return false if the snapshot does not have it enabled with queues in memory */
static bool set_up(struct snapshots *snapshots)
{
    struct replay_player *player = snapshots->player;
    const uint64_t command_queue = recorded(snapshots, "CMDQ_BASE");
    const uint64_t event_queue = recorded(snapshots, "EVENTQ_BASE");

    set_queue(&player->commands, command_queue);
    set_queue(&player->events, event_queue);
    if (smmu_get(recorded(snapshots, "CR0"), SMMU_CR0_SMMUEN) == 0 || player->commands.log2 < 2 ||
        player->events.log2 < 2 || !replay_in_memory(player->recording, player->commands.base, 64) ||
        !replay_in_memory(player->recording, player->events.base, UINT64_C(32) << player->events.log2)) {
        return false;
    }
    write_register(player, SMMU_CR0, 4, 0);
    load_image(snapshots);
    write_register(player, SMMU_GERRORN, 4,
                   replay_rig_read(&player->rig, player->recording->map.smmu + SMMU_GERROR, 4));
    write_register(player, SMMU_CR1, 4, recorded(snapshots, "CR1"));
    write_register(player, SMMU_CR2, 4, recorded(snapshots, "CR2"));
    write_register(player, SMMU_STRTAB_BASE, 8, recorded(snapshots, "STRTAB_BASE"));
    write_register(player, SMMU_STRTAB_BASE_CFG, 4, recorded(snapshots, "STRTAB_BASE_CFG"));
    write_register(player, SMMU_CMDQ_BASE, 8, command_queue);
    write_register(player, SMMU_CMDQ_PROD, 4, 0);
    write_register(player, SMMU_CMDQ_CONS, 4, 0);
    write_register(player, SMMU_EVENTQ_BASE, 8, event_queue);
    write_register(player, SMMU_EVENTQ_PROD, 4, 0);
    write_register(player, SMMU_EVENTQ_CONS, 4, 0);
    write_register(player, SMMU_CR0, 4, CR0_QUEUES);
    invalidate(snapshots);
    write_register(player, SMMU_CR0, 4, CR0_ALL);
    return true;
}

/* ---- Mappings ---- */

/** Whether a list such as "0;1;17" has a number. */
static bool has_snapshot(const char *list, uint64_t index)
{
    for (;;) {
        const size_t size = strcspn(list, ";");
        uint64_t value = 0;

        if (replay_number(list, size, &value) && value == index) {
            return true;
        }
        if (list[size] == '\0') {
            return false;
        }
        list += size + 1;
    }
}

static void try_mapping(struct snapshots *snapshots, const struct replay_mapping *row)
{
    static const struct replay_denial denial = {.type = SMMU_F_PERMISSION, .has_address = true};
    struct replay_player *player = snapshots->player;
    struct replay_subject subject = {.check = REPLAY_CHECK_MAPPING,
                                     .seq = snapshots->index,
                                     .stream_id = (uint32_t)row->stream_id,
                                     .iova = row->iova};

    for (unsigned way = 0; way < 2; way++) {
        subject.write = way == 1;
        if ((row->permission & (subject.write ? REPLAY_MAY_WRITE : REPLAY_MAY_READ)) != 0) {
            replay_expect_pass(player, &subject, row->pa);
        } else {
            replay_expect_denial(player, &subject, &denial);
            write_register(player, SMMU_EVENTQ_CONS, 4, player->events.position);
        }
    }
}

static void try_snapshot(struct snapshots *snapshots)
{
    const struct replay_recording *recording = snapshots->player->recording;

    if (!set_up(snapshots)) {
        return;
    }
    for (size_t i = 0; i < recording->mapping_count; i++) {
        if (has_snapshot(recording->mappings[i].snapshots, snapshots->index)) {
            if (replay_is_interrupted(snapshots->player)) {
                return;
            }
            try_mapping(snapshots, &recording->mappings[i]);
        }
    }
}

void replay_snapshots(struct replay_player *player)
{
    const struct replay_recording *recording = player->recording;
    struct snapshots snapshots = {.player = player};
    size_t page = 0;

    for (uint64_t i = 0; i < recording->snapshot_count; i++) {
        snapshots.index = i;
        snapshots.first_page = page;
        while (page < recording->page_count && recording->pages[page].snapshot == i) {
            page++;
        }
        snapshots.end_page = page;
        if (player->options->snapshot == REPLAY_ALL_SNAPSHOTS || player->options->snapshot == i) {
            try_snapshot(&snapshots);
        }
    }
}

/* ---- The ITS ---- */

void replay_routes(struct replay_player *player)
{
    const struct replay_recording *recording = player->recording;

    for (size_t i = 0; i < recording->route_count; i++) {
        const struct replay_route *route = &recording->routes[i];
        const struct replay_access access = {.stream_id = (uint32_t)route->device_id,
                                             .address = recording->map.translater,
                                             .write = true,
                                             .msi = true,
                                             .device_id = (uint32_t)route->device_id,
                                             .data = (uint32_t)route->event_id};
        const struct replay_goal goal = {.check = REPLAY_CHECK_ROUTE,
                                         .seq = recording->snapshot_count - 1,
                                         .device_id = (uint32_t)route->device_id,
                                         .event_id = (uint32_t)route->event_id,
                                         .intid = route->intid,
                                         .collection = route->collection,
                                         .target = route->target};
        struct replay_outcome outcome;

        replay_rig_signal(&player->rig, &access, &outcome);
        replay_compare_arrival(player, &goal);
    }
}
