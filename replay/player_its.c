/* What the recorded software did to the ITS and the redistributors, done again. */
#include "models/gic-its/gic.h"
#include "models/gic-its/its_commands.h"
#include "models/gic-its/its_registers.h"
#include "models/gic-its/redistributor_registers.h"
#include "replay/player.h"

#include <inttypes.h>
#include <stdio.h>

/** Enabled, priority 0xa0: what the replay makes of every LPI, because the recording has no more than snapshots. */
#define LPI_CONFIG 0xa1u

#define CWRITER_OFFSET UINT64_C(0xfffe0)
#define ITT_ADDRESS    UINT64_C(0x000fffffffffff00)

/** Zeroes the table that a MAPD gives to a device, as software does when it allocates one. */
static void prepare_device(struct replay_player *player, const struct replay_command *command)
{
    const uint64_t bits = (command->words[1] & 0x1f) + 1;
    const uint64_t bytes = (uint64_t)player->ite_bytes << bits;
    const uint64_t address = command->words[2] & ITT_ADDRESS;

    if ((uint8_t)command->words[0] == ITS_COMMAND_MAPD && command->words[2] >> 63 != 0 &&
        replay_in_memory(player->recording, address, bytes)) {
        memory_fill(player->rig.memory, address, 0, bytes);
    }
}

/** Puts the commands up to a byte offset into the queue. @return how many */
static uint32_t place_commands(struct replay_player *player, uint64_t seq, uint64_t offset)
{
    const struct replay_recording *recording = player->recording;
    struct replay_queue *queue = &player->its;
    uint64_t position = queue->position;
    uint32_t count = 0;

    while (position != offset && count * (uint64_t)ITS_COMMAND_BYTES < queue->bytes) {
        const struct replay_command *command = &recording->its_commands[queue->next];
        const uint64_t address = queue->base + position;

        if (queue->next == recording->its_command_count || command->slot != position / ITS_COMMAND_BYTES ||
            !replay_in_memory(recording, address, ITS_COMMAND_BYTES)) {
            replay_differ(player, REPLAY_CHECK_ITS_COMMANDS, seq, "write of GITS_CWRITER",
                          "commands for it in its_commands.csv", "none, or in other slots, or outside the memory");
            return 0;
        }
        prepare_device(player, command);
        for (unsigned i = 0; i < 4; i++) {
            memory_write64(player->rig.memory, address + 8 * i, command->words[i]);
        }
        queue->next++;
        count++;
        position += ITS_COMMAND_BYTES;
        position = position >= queue->bytes ? 0 : position;
    }
    return count;
}

/** Looks whether the commands have been consumed, and without an error. */
static void check_commands(struct replay_player *player, uint64_t seq, uint32_t count)
{
    const uint64_t reader = replay_rig_read(&player->rig, player->recording->map.its + GITS_CREADR, 8);
    const uint32_t error = its_last_error(player->rig.its);
    char expected[64];
    char got[64];

    for (uint32_t i = 0; i < count; i++) {
        replay_result_compare(player->result, REPLAY_CHECK_ITS_COMMANDS);
    }
    if (reader == player->its.position && error == player->its_errors) {
        return;
    }
    player->its_errors = error;
    snprintf(expected, sizeof(expected), "GITS_CREADR 0x%" PRIx64 ", no error", player->its.position);
    snprintf(got, sizeof(got), "0x%" PRIx64 ", last command error 0x%06x", reader, error);
    replay_differ(player, REPLAY_CHECK_ITS_COMMANDS, seq, "command queue of the ITS", expected, got);
}

static void feed_writer(struct replay_player *player, const struct replay_mmio *mmio, uint64_t address)
{
    const uint64_t offset = mmio->value & CWRITER_OFFSET;
    uint32_t count = 0;

    if (player->its_enabled && offset < player->its.bytes) {
        count = place_commands(player, mmio->seq, offset);
    }
    player->its.position = offset;
    replay_rig_write(&player->rig, address, mmio->size, mmio->value);
    if (count != 0) {
        check_commands(player, mmio->seq, count);
    }
}

/** Copies the level-1 entries of an indirect device table, which software writes, from the images. */
static void prepare_device_table(struct replay_player *player, uint64_t baser)
{
    const struct replay_recording *recording = player->recording;
    const uint64_t base = GIC_GET(baser, GITS_BASER_ADDRESS) << 12;
    const uint64_t page_bytes = UINT64_C(4096) << 2 * GIC_GET(baser, GITS_BASER_PAGE_SIZE);
    const uint64_t bytes = (GIC_GET(baser, GITS_BASER_SIZE) + 1) * page_bytes;

    if (GIC_GET(baser, GITS_BASER_VALID) == 0 || GIC_GET(baser, GITS_BASER_INDIRECT) == 0) {
        return;
    }
    for (size_t i = 0; i < recording->page_count; i++) {
        const struct replay_page *page = &recording->pages[i];
        const uint8_t *image = replay_page_bytes(recording, page);

        if (image != NULL && page->address - base < bytes &&
            replay_in_memory(recording, page->address, REPLAY_PAGE_BYTES)) {
            memory_write(player->rig.memory, page->address, image, REPLAY_PAGE_BYTES);
        }
    }
}

void replay_feed_its(struct replay_player *player, const struct replay_mmio *mmio, uint64_t address)
{
    switch (mmio->offset) {
    case GITS_CTLR:
        player->its_enabled = (mmio->value & 1) != 0;
        break;
    case GITS_CBASER:
        player->its.base = GIC_GET(mmio->value, GITS_CBASER_ADDRESS) << 12;
        player->its.bytes = (GIC_GET(mmio->value, GITS_CBASER_SIZE) + 1) * 4096;
        player->its.position = 0;
        break;
    case GITS_CWRITER:
        feed_writer(player, mmio, address);
        return;
    default:
        if (mmio->offset >= GITS_BASER(0) && mmio->offset < GITS_BASER(GITS_BASERS)) {
            prepare_device_table(player, mmio->value);
        }
        break;
    }
    replay_rig_write(&player->rig, address, mmio->size, mmio->value);
}

/** Enables every LPI of a configuration table. */
static void prepare_lpis(struct replay_player *player, uint64_t propbaser)
{
    const uint64_t base = GIC_GET(propbaser, GICR_PROPBASER_ADDRESS) << 12;
    const uint64_t bits = GIC_GET(propbaser, GICR_PROPBASER_ID_BITS) + 1;
    const uint64_t bytes = bits < 14 || bits > 24 ? 0 : (UINT64_C(1) << bits) - GIC_FIRST_LPI;

    if (base != player->lpi_table && replay_in_memory(player->recording, base, bytes)) {
        memory_fill(player->rig.memory, base, LPI_CONFIG, bytes);
        player->lpi_table = base;
    }
}

void replay_feed_redistributor(struct replay_player *player, const struct replay_mmio *mmio, uint64_t address)
{
    if (mmio->offset == GICR_PROPBASER) {
        prepare_lpis(player, mmio->value);
    }
    replay_rig_write(&player->rig, address, mmio->size, mmio->value);
}
