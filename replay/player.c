/* What the recorded software did to the SMMU, done again. */
#include "replay/player.h"

#include "models/smmuv3/smmu_fields.h"
#include "models/smmuv3/smmu_formats.h"
#include "models/smmuv3/smmu_regs.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/**
 * Whether a register is an index of the event or PRI queue, which are in page 1; a recording has them at their offsets
 * within the page, too.
 */
static bool is_index_of_page1(uint64_t offset)
{
    return offset == 0xa8 || offset == 0xac || offset == 0xc8 || offset == 0xcc;
}

bool replay_is_interrupted(const struct replay_player *player)
{
    return player->options->interrupted != NULL && *player->options->interrupted != 0;
}

static uint32_t index_mask(const struct replay_queue *queue)
{
    return (2u << queue->log2) - 1;
}

/* ---- Commands ---- */

/** Puts the commands up to a producer index into the queue. @return how many, and 0 if the recording has others */
static uint32_t place_commands(struct replay_player *player, uint64_t seq, uint32_t producer)
{
    const struct replay_recording *recording = player->recording;
    struct replay_queue *queue = &player->commands;
    const uint32_t count = (producer - (uint32_t)queue->position) & index_mask(queue);
    const uint32_t entries = 1u << queue->log2;

    if (count > entries) {
        replay_differ(player, REPLAY_CHECK_SMMU_COMMANDS, seq, "write of CMDQ_PROD", "at most a full queue",
                      "more commands than the queue holds");
        return 0;
    }
    for (uint32_t i = 0; i < count; i++) {
        const struct replay_command *command = &recording->smmu_commands[queue->next];
        const uint32_t slot = (uint32_t)(queue->position + i) & (entries - 1);
        const uint64_t address = queue->base + (uint64_t)slot * SMMU_CMD_BYTES;

        if (queue->next == recording->smmu_command_count || command->slot != slot ||
            !replay_in_memory(recording, address, SMMU_CMD_BYTES)) {
            replay_differ(player, REPLAY_CHECK_SMMU_COMMANDS, seq, "write of CMDQ_PROD",
                          "commands for it in smmu_commands.csv", "none, or in other slots, or outside the memory");
            return 0;
        }
        memory_write64(player->rig.memory, address, command->words[0]);
        memory_write64(player->rig.memory, address + 8, command->words[1]);
        queue->next++;
    }
    return count;
}

/** Looks whether the commands have been consumed. */
static void check_commands(struct replay_player *player, uint64_t seq, uint32_t count)
{
    const uint64_t register_address = player->recording->map.smmu + SMMU_CMDQ_CONS;
    const uint64_t consumer = replay_rig_read(&player->rig, register_address, 4);
    const struct replay_queue *queue = &player->commands;
    char expected[64];
    char got[64];

    for (uint32_t i = 0; i < count; i++) {
        replay_result_compare(player->result, REPLAY_CHECK_SMMU_COMMANDS);
    }
    if ((consumer & index_mask(queue)) == queue->position && smmu_get(consumer, SMMU_CMDQ_CONS_ERR) == 0) {
        return;
    }
    snprintf(expected, sizeof(expected), "CMDQ_CONS index 0x%" PRIx64, queue->position);
    snprintf(got, sizeof(got), "0x%" PRIx64 ", error %u", consumer & index_mask(queue),
             (unsigned)smmu_get(consumer, SMMU_CMDQ_CONS_ERR));
    replay_differ(player, REPLAY_CHECK_SMMU_COMMANDS, seq, "command queue of the SMMU", expected, got);
}

static void feed_producer(struct replay_player *player, const struct replay_mmio *mmio, uint64_t address)
{
    struct replay_queue *queue = &player->commands;
    const uint32_t producer = (uint32_t)mmio->value & index_mask(queue);
    uint32_t count = 0;

    if (player->commands_enabled) {
        count = place_commands(player, mmio->seq, producer);
    }
    queue->position = producer;
    replay_rig_write(&player->rig, address, mmio->size, mmio->value);
    if (count != 0) {
        check_commands(player, mmio->seq, count);
    }
}

static void set_queue(struct replay_queue *queue, uint64_t value)
{
    const uint32_t log2 = (uint32_t)smmu_get(value, SMMU_QUEUE_LOG2SIZE);

    queue->base = value & SMMU_MASK(SMMU_QUEUE_ADDR);
    queue->log2 = log2 > 19 ? 19 : log2;
}

void replay_feed_smmu(struct replay_player *player, const struct replay_mmio *mmio, uint64_t address)
{
    if (is_index_of_page1(mmio->offset)) {
        address += SMMU_PAGE_BYTES;
    }
    switch (address - player->recording->map.smmu) {
    case SMMU_CR0:
        player->commands_enabled = smmu_get(mmio->value, SMMU_CR0_CMDQEN) != 0;
        break;
    case SMMU_STRTAB_BASE:
        player->stream_table = mmio->value;
        break;
    case SMMU_STRTAB_BASE_CFG:
        player->stream_table_config = mmio->value;
        break;
    case SMMU_CMDQ_BASE:
        set_queue(&player->commands, mmio->value);
        break;
    case SMMU_EVENTQ_BASE:
        set_queue(&player->events, mmio->value);
        break;
    case SMMU_EVENTQ_PROD:
        player->events.position = mmio->value & index_mask(&player->events);
        break;
    case SMMU_CMDQ_PROD:
        feed_producer(player, mmio, address);
        return;
    default:
        break;
    }
    replay_rig_write(&player->rig, address, mmio->size, mmio->value);
}

void replay_feed_register(struct replay_player *player, const struct replay_mmio *mmio)
{
    const uint64_t address = replay_rig_address(&player->rig, mmio->unit, mmio->cpu, mmio->offset);

    if (address == 0) {
        player->result->skipped_registers++;
    } else if (mmio->unit == REPLAY_UNIT_SMMU) {
        replay_feed_smmu(player, mmio, address);
    } else if (mmio->unit == REPLAY_UNIT_ITS) {
        replay_feed_its(player, mmio, address);
    } else {
        replay_feed_redistributor(player, mmio, address);
    }
}

/* ---- Stream table ---- */

static void write_words(struct replay_player *player, uint64_t address, const uint64_t *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        memory_write64(player->rig.memory, address + 8 * i, words[i]);
    }
}

/** A word of the memory image at or behind a moment, or of the last one; 0 if no image has it. */
static uint64_t image_word(const struct replay_recording *recording, uint64_t seq, uint64_t address)
{
    uint64_t value = 0;

    for (size_t i = 0; i < recording->page_count; i++) {
        const struct replay_page *page = &recording->pages[i];
        const uint8_t *bytes = replay_page_bytes(recording, page);

        if (page->address != (address & ~(uint64_t)(REPLAY_PAGE_BYTES - 1)) || bytes == NULL) {
            continue;
        }
        value = sim_load_le64(bytes + address % REPLAY_PAGE_BYTES);
        if (recording->snapshots[page->snapshot].seq >= seq && value != 0) {
            return value;
        }
    }
    return value;
}

/** Makes the level-1 descriptor lead to an STE. What the driver wrote is in the next image; see docs/replay.md. */
static void feed_level1(struct replay_player *player, const struct replay_config *config)
{
    const uint64_t table = player->stream_table & SMMU_MASK(SMMU_STRTAB_BASE_ADDR);
    const unsigned split = (unsigned)smmu_get(player->stream_table_config, SMMU_STRTAB_BASE_CFG_SPLIT);
    const uint64_t address = table + 8 * (config->stream_id >> split);
    const uint64_t level2 = config->ste_address - 64 * (config->stream_id & ((UINT64_C(1) << split) - 1));
    uint64_t descriptor;

    if (smmu_get(player->stream_table_config, SMMU_STRTAB_BASE_CFG_FMT) != 1 ||
        !replay_in_memory(player->recording, address, 8)) {
        return;
    }
    descriptor = image_word(player->recording, config->seq, address);
    if ((descriptor & SMMU_MASK(SMMU_STRTAB_BASE_ADDR)) != level2) {
        descriptor = level2 | (split + 1); /* no image has it: a whole level-2 table */
    }
    memory_write64(player->rig.memory, address, descriptor);
}

void replay_feed_config(struct replay_player *player, const struct replay_config *config)
{
    if (strcmp(config->evidence, "none") == 0 || config->ste_address == REPLAY_NONE) {
        return;
    }
    feed_level1(player, config);
    write_words(player, config->ste_address, config->ste, 8);
    if (config->cd_address != REPLAY_NONE) {
        write_words(player, config->cd_address, config->cd, 8);
    }
}
