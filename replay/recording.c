#include "replay/recording.h"

#include "replay/recording_internal.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define NUMBER(type, member, column)                                                                                   \
    {                                                                                                                  \
        column, REPLAY_NUMBER, offsetof(struct type, member)                                                           \
    }
#define OPTIONAL(type, member, column)                                                                                 \
    {                                                                                                                  \
        column, REPLAY_OPTIONAL, offsetof(struct type, member)                                                         \
    }
#define WORD(type, member, index, column)                                                                              \
    {                                                                                                                  \
        column, REPLAY_WORD, offsetof(struct type, member) + (index) * sizeof(uint64_t)                                \
    }
#define TEXT(type, member, column)                                                                                     \
    {                                                                                                                  \
        column, REPLAY_TEXT, offsetof(struct type, member)                                                             \
    }

static const struct replay_column mmio_columns[] = {
    NUMBER(replay_mmio, seq, "seq"),   TEXT(replay_mmio, device, "device"), NUMBER(replay_mmio, offset, "offset"),
    NUMBER(replay_mmio, size, "size"), NUMBER(replay_mmio, value, "value"), TEXT(replay_mmio, rw, "rw"),
};
static const struct replay_column smmu_command_columns[] = {
    NUMBER(replay_command, seq, "seq"),       NUMBER(replay_command, slot, "queue_slot"),
    NUMBER(replay_command, words[0], "dw0"),  NUMBER(replay_command, words[1], "dw1"),
    TEXT(replay_command, decoded, "decoded"),
};
static const struct replay_column its_command_columns[] = {
    NUMBER(replay_command, seq, "seq"),       NUMBER(replay_command, slot, "queue_slot"),
    NUMBER(replay_command, words[0], "dw0"),  NUMBER(replay_command, words[1], "dw1"),
    NUMBER(replay_command, words[2], "dw2"),  NUMBER(replay_command, words[3], "dw3"),
    TEXT(replay_command, decoded, "decoded"),
};
static const struct replay_column pte_columns[] = {
    NUMBER(replay_pte, seq, "seq"),
    NUMBER(replay_pte, address, "pte_pa"),
    NUMBER(replay_pte, value, "pte"),
};
static const struct replay_column config_columns[] = {
    NUMBER(replay_config, seq, "seq"),
    NUMBER(replay_config, stream_id, "streamid"),
    OPTIONAL(replay_config, ste_address, "ste_addr"),
    TEXT(replay_config, evidence, "evidence"),
    WORD(replay_config, ste, 0, "ste0"),
    WORD(replay_config, ste, 1, "ste1"),
    WORD(replay_config, ste, 2, "ste2"),
    WORD(replay_config, ste, 3, "ste3"),
    WORD(replay_config, ste, 4, "ste4"),
    WORD(replay_config, ste, 5, "ste5"),
    WORD(replay_config, ste, 6, "ste6"),
    WORD(replay_config, ste, 7, "ste7"),
    OPTIONAL(replay_config, cd_address, "cd_addr"),
    WORD(replay_config, cd, 0, "cd0"),
    WORD(replay_config, cd, 1, "cd1"),
    WORD(replay_config, cd, 2, "cd2"),
    WORD(replay_config, cd, 3, "cd3"),
    WORD(replay_config, cd, 4, "cd4"),
    WORD(replay_config, cd, 5, "cd5"),
    WORD(replay_config, cd, 6, "cd6"),
    WORD(replay_config, cd, 7, "cd7"),
};
static const struct replay_column translation_columns[] = {
    NUMBER(replay_translation, seq, "seq"),         NUMBER(replay_translation, stream_id, "streamid"),
    NUMBER(replay_translation, iova, "iova"),       NUMBER(replay_translation, pa, "pa"),
    NUMBER(replay_translation, permission, "perm"), TEXT(replay_translation, outcome, "outcome"),
};
static const struct replay_column mapping_columns[] = {
    NUMBER(replay_mapping, stream_id, "streamid"),
    NUMBER(replay_mapping, iova, "iova"),
    NUMBER(replay_mapping, pa, "pa"),
    TEXT(replay_mapping, access, "access"),
    TEXT(replay_mapping, snapshots, "valid_in_snapshots"),
};
static const struct replay_column fault_columns[] = {
    NUMBER(replay_fault, seq, "seq"),    NUMBER(replay_fault, stream_id, "streamid"),
    NUMBER(replay_fault, iova, "iova"),  TEXT(replay_fault, type, "type"),
    OPTIONAL(replay_fault, read, "rnw"), WORD(replay_fault, words, 0, "dw0"),
    WORD(replay_fault, words, 1, "dw1"), WORD(replay_fault, words, 2, "dw2"),
    WORD(replay_fault, words, 3, "dw3"),
};
static const struct replay_column msi_columns[] = {
    NUMBER(replay_msi, seq, "seq"),
    NUMBER(replay_msi, device_id, "deviceid"),
    NUMBER(replay_msi, event_id, "eventid"),
    NUMBER(replay_msi, iova, "msi_iova"),
    NUMBER(replay_msi, doorbell, "doorbell_pa"),
    OPTIONAL(replay_msi, intid, "lpi_intid"),
    OPTIONAL(replay_msi, collection, "icid"),
    OPTIONAL(replay_msi, target, "target_redist"),
};
static const struct replay_column route_columns[] = {
    NUMBER(replay_route, device_id, "deviceid"),   NUMBER(replay_route, event_id, "eventid"),
    NUMBER(replay_route, intid, "lpi_intid"),      NUMBER(replay_route, collection, "icid"),
    NUMBER(replay_route, target, "target_redist"),
};
static const struct replay_column page_columns[] = {
    NUMBER(replay_page, snapshot, "snap"),
    NUMBER(replay_page, address, "pa"),
    OPTIONAL(replay_page, number, "page_no"),
    TEXT(replay_page, kind, "kind"),
};

#define TABLE(columns, type, order)                                                                                    \
    {                                                                                                                  \
        columns, sizeof(columns) / sizeof((columns)[0]), sizeof(struct type), order                                    \
    }
#define ROWS(rows, count) offsetof(struct replay_recording, rows), offsetof(struct replay_recording, count)

/** A table, and where its rows go. */
static const struct {
    const char *name;
    struct replay_table table;
    size_t rows;
    size_t count;
} files[REPLAY_FILES] = {
    [REPLAY_FILE_MMIO] = {"mmio.csv", TABLE(mmio_columns, replay_mmio, 1), ROWS(mmio, mmio_count)},
    [REPLAY_FILE_SMMU_COMMANDS] = {"smmu_commands.csv", TABLE(smmu_command_columns, replay_command, 1),
                                   ROWS(smmu_commands, smmu_command_count)},
    [REPLAY_FILE_ITS_COMMANDS] = {"its_commands.csv", TABLE(its_command_columns, replay_command, 1),
                                  ROWS(its_commands, its_command_count)},
    [REPLAY_FILE_PTES] = {"pte_observed.csv", TABLE(pte_columns, replay_pte, 1), ROWS(ptes, pte_count)},
    [REPLAY_FILE_CONFIGS] = {"config_fetches.csv", TABLE(config_columns, replay_config, 1),
                             ROWS(configs, config_count)},
    [REPLAY_FILE_TRANSLATIONS] = {"translations_all.csv", TABLE(translation_columns, replay_translation, 1),
                                  ROWS(translations, translation_count)},
    [REPLAY_FILE_MAPPINGS] = {"translations.csv", TABLE(mapping_columns, replay_mapping, 0),
                              ROWS(mappings, mapping_count)},
    [REPLAY_FILE_FAULTS] = {"smmu_events.csv", TABLE(fault_columns, replay_fault, 1), ROWS(faults, fault_count)},
    [REPLAY_FILE_MSIS] = {"msis.csv", TABLE(msi_columns, replay_msi, 1), ROWS(msis, msi_count)},
    [REPLAY_FILE_ROUTES] = {"its_final_routes.csv", TABLE(route_columns, replay_route, 0), ROWS(routes, route_count)},
    [REPLAY_FILE_PAGES] = {"mem.idx", TABLE(page_columns, replay_page, 1), ROWS(pages, page_count)},
};

static void load_tables(struct replay_recording *recording, struct diagnostics *diagnostics)
{
    for (size_t i = 0; i < REPLAY_FILES; i++) {
        size_t count = 0;
        void *rows = NULL;

        if (replay_text_load(&recording->texts[i], recording->directory, files[i].name, true, diagnostics)) {
            rows = replay_table_read(&files[i].table, &recording->texts[i], &count, diagnostics);
        }
        memcpy((char *)recording + files[i].rows, &rows, sizeof(rows));
        memcpy((char *)recording + files[i].count, &count, sizeof(count));
        if (rows == NULL) {
            memset((char *)recording + files[i].count, 0, sizeof(count));
        }
    }
}

/** Files of which only the number of rows is told. */
static void count_rows(struct replay_recording *recording, struct diagnostics *diagnostics)
{
    struct replay_text text;

    if (replay_text_load(&text, recording->directory, "pci_config.csv", false, diagnostics)) {
        recording->pci_config_rows = replay_table_count(&text);
    }
    replay_text_clear(&text);
}

static bool is_folder(const char *directory, struct diagnostics *diagnostics)
{
    const struct diagnostic_where where = {.file = directory};
    struct stat status;

    if (stat(directory, &status) != 0) {
        diagnostics->environment_failed = true;
        diagnostics_add(diagnostics, DIAGNOSTIC_ERROR, &where, "E0206 there is no such folder");
        return false;
    }
    if (!S_ISDIR(status.st_mode)) {
        diagnostics->environment_failed = true;
        diagnostic_set_hint(diagnostics_add(diagnostics, DIAGNOSTIC_ERROR, &where, "E0206 this is no folder"),
                            "a recording is a folder with the files that docs/replay.md lists");
        return false;
    }
    return true;
}

bool replay_recording_load(struct replay_recording *recording, const char *directory, struct diagnostics *diagnostics)
{
    const size_t errors = diagnostics->error_count;
    bool json;

    memset(recording, 0, sizeof(*recording));
    if (!is_folder(directory, diagnostics)) {
        return false;
    }
    recording->directory = strdup(directory);
    if (recording->directory == NULL) {
        return false;
    }
    json = replay_text_load(&recording->regs, directory, "regs.json", true, diagnostics);
    replay_text_load(&recording->about, directory, "recording.json", false, diagnostics);
    replay_text_load(&recording->memory, directory, "mem.bin", true, diagnostics);
    load_tables(recording, diagnostics);
    count_rows(recording, diagnostics);
    json = json && replay_recording_read_json(recording, diagnostics);
    if (json && diagnostics->error_count == errors) {
        replay_recording_check(recording, diagnostics);
    }
    return diagnostics->error_count == errors;
}

static void clear_snapshot(struct replay_snapshot *snapshot)
{
    free(snapshot->smmu.items);
    free(snapshot->its.items);
    free(snapshot->gicd.items);
    for (size_t i = 0; i < REPLAY_MAX_CPUS; i++) {
        free(snapshot->gicr[i].items);
    }
}

void replay_recording_clear(struct replay_recording *recording)
{
    for (size_t i = 0; i < REPLAY_FILES; i++) {
        void *rows;

        memcpy(&rows, (char *)recording + files[i].rows, sizeof(rows));
        free(rows);
        replay_text_clear(&recording->texts[i]);
    }
    for (size_t i = 0; i < recording->snapshot_count; i++) {
        clear_snapshot(&recording->snapshots[i]);
    }
    free(recording->snapshots);
    replay_text_clear(&recording->memory);
    replay_text_clear(&recording->about);
    replay_text_clear(&recording->regs);
    json_decref(recording->json);
    json_decref(recording->about_json);
    free(recording->directory);
    memset(recording, 0, sizeof(*recording));
}

bool replay_register_find(const struct replay_registers *registers, const char *name, uint64_t *value)
{
    for (size_t i = 0; i < registers->count; i++) {
        if (strcmp(registers->items[i].name, name) == 0) {
            *value = registers->items[i].value;
            return true;
        }
    }
    return false;
}

bool replay_in_memory(const struct replay_recording *recording, uint64_t address, uint64_t size)
{
    const struct replay_map *map = &recording->map;

    return size <= map->ram_size && address >= map->ram && address - map->ram <= map->ram_size - size;
}

const uint8_t *replay_page_bytes(const struct replay_recording *recording, const struct replay_page *page)
{
    return page->number == REPLAY_NONE
               ? NULL
               : (const uint8_t *)recording->memory.bytes + page->number * (size_t)REPLAY_PAGE_BYTES;
}
