/* What the rows of a recording must say to make sense; see docs/replay.md. */
#include "replay/recording_internal.h"

#include <stdlib.h>
#include <string.h>

#define GICR "gicr"

struct checker {
    struct replay_recording *recording;
    struct diagnostics *diagnostics;
    enum replay_file file;
};

static void wrong(const struct checker *checker, size_t row, const char *what)
{
    replay_table_complain(&checker->recording->texts[checker->file], row, checker->diagnostics, "%s", what);
}

/** Takes "smmu", "its", "gicd", "gicr3" apart. */
static bool read_unit(struct replay_mmio *mmio)
{
    static const char *const names[] = {
        [REPLAY_UNIT_SMMU] = "smmu", [REPLAY_UNIT_ITS] = "its", [REPLAY_UNIT_GICD] = "gicd"};
    uint64_t cpu;

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(mmio->device, names[i]) == 0) {
            mmio->unit = (enum replay_unit)i;
            return true;
        }
    }
    if (strncmp(mmio->device, GICR, strlen(GICR)) != 0 ||
        !replay_number(mmio->device + strlen(GICR), strlen(mmio->device + strlen(GICR)), &cpu) ||
        cpu >= REPLAY_MAX_CPUS) {
        return false;
    }
    mmio->unit = REPLAY_UNIT_GICR;
    mmio->cpu = (uint32_t)cpu;
    return true;
}

static void check_mmio(struct checker *checker)
{
    struct replay_recording *recording = checker->recording;

    checker->file = REPLAY_FILE_MMIO;
    for (size_t i = 0; i < recording->mmio_count; i++) {
        struct replay_mmio *mmio = &recording->mmio[i];
        const uint64_t size = mmio->size;

        if (!read_unit(mmio)) {
            wrong(checker, i,
                  "E2203 column 'device' must be smmu, its, gicd, or gicr and the number of a processor, up to 47");
            continue;
        }
        if ((size != 1 && size != 2 && size != 4 && size != 8) || mmio->offset % size != 0 || mmio->offset >= 0x20000) {
            wrong(checker, i,
                  "E2203 columns 'offset' and 'size' must be an aligned access of 1, 2, 4 or 8 bytes, below 0x20000");
        }
        mmio->write = strcmp(mmio->rw, "w") == 0;
        if (!mmio->write && strcmp(mmio->rw, "r") != 0) {
            wrong(checker, i, "E2203 column 'rw' must be r or w");
        }
        if (mmio->unit == REPLAY_UNIT_GICR && mmio->cpu >= recording->cpus) {
            recording->cpus = mmio->cpu + 1;
        }
    }
}

static void check_tables(struct checker *checker)
{
    const struct replay_recording *recording = checker->recording;

    checker->file = REPLAY_FILE_PTES;
    for (size_t i = 0; i < recording->pte_count; i++) {
        if (recording->ptes[i].address % 8 != 0 || !replay_in_memory(recording, recording->ptes[i].address, 8)) {
            wrong(checker, i, "E2203 column 'pte_pa' must be a multiple of 8 within the memory of regs.json");
        }
    }
    checker->file = REPLAY_FILE_CONFIGS;
    for (size_t i = 0; i < recording->config_count; i++) {
        const struct replay_config *config = &recording->configs[i];

        if (config->stream_id > UINT32_MAX ||
            (config->ste_address != REPLAY_NONE && !replay_in_memory(recording, config->ste_address, 64)) ||
            (config->cd_address != REPLAY_NONE && !replay_in_memory(recording, config->cd_address, 64))) {
            wrong(checker, i,
                  "E2203 'streamid' must have 32 bits, and 'ste_addr' and 'cd_addr' must be within the memory");
        }
    }
}

static void check_accesses(struct checker *checker)
{
    const struct replay_recording *recording = checker->recording;

    checker->file = REPLAY_FILE_TRANSLATIONS;
    for (size_t i = 0; i < recording->translation_count; i++) {
        const struct replay_translation *row = &recording->translations[i];

        if (row->stream_id > UINT32_MAX || row->permission < 1 || row->permission > 3) {
            wrong(checker, i, "E2203 'streamid' must have 32 bits, and 'perm' must be 1, 2 or 3");
        }
        if (strcmp(row->outcome, "ok") != 0 && strcmp(row->outcome, "bypass") != 0) {
            wrong(checker, i, "E2203 column 'outcome' must be ok or bypass");
        }
    }
    checker->file = REPLAY_FILE_FAULTS;
    for (size_t i = 0; i < recording->fault_count; i++) {
        const struct replay_fault *row = &recording->faults[i];

        if (row->stream_id > UINT32_MAX || (row->read != REPLAY_NONE && row->read > 1)) {
            wrong(checker, i, "E2203 'streamid' must have 32 bits, and 'rnw' must be 0, 1 or empty");
        }
    }
    checker->file = REPLAY_FILE_MSIS;
    for (size_t i = 0; i < recording->msi_count; i++) {
        const struct replay_msi *row = &recording->msis[i];

        if (row->device_id > UINT32_MAX || row->event_id > UINT32_MAX) {
            wrong(checker, i, "E2203 'deviceid' and 'eventid' must have 32 bits");
        }
    }
    checker->file = REPLAY_FILE_ROUTES;
    for (size_t i = 0; i < recording->route_count; i++) {
        const struct replay_route *row = &recording->routes[i];

        if (row->device_id > UINT32_MAX || row->event_id > UINT32_MAX) {
            wrong(checker, i, "E2203 'deviceid' and 'eventid' must have 32 bits");
        }
    }
}

/** Whether a text is a list of snapshots: "0;1;17". */
static bool is_list(const struct replay_recording *recording, const char *text)
{
    for (;;) {
        const size_t size = strcspn(text, ";");
        uint64_t snapshot;

        if (!replay_number(text, size, &snapshot) || snapshot >= recording->snapshot_count) {
            return false;
        }
        if (text[size] == '\0') {
            return true;
        }
        text += size + 1;
    }
}

static void check_snapshots(struct checker *checker)
{
    struct replay_recording *recording = checker->recording;
    const uint64_t pages = recording->memory.size / REPLAY_PAGE_BYTES;

    checker->file = REPLAY_FILE_MAPPINGS;
    for (size_t i = 0; i < recording->mapping_count; i++) {
        struct replay_mapping *row = &recording->mappings[i];
        const bool read = strchr(row->access, 'r') != NULL;
        const bool write = strchr(row->access, 'w') != NULL;

        row->permission = (read ? REPLAY_MAY_READ : 0) | (write ? REPLAY_MAY_WRITE : 0);
        if (row->stream_id > UINT32_MAX || row->permission == 0) {
            wrong(checker, i, "E2203 'streamid' must have 32 bits, and 'access' must be r, w or rw");
        }
        if (!is_list(recording, row->snapshots)) {
            wrong(checker, i,
                  "E2203 'valid_in_snapshots' must be indices of snapshots of regs.json, separated by semicolons");
        }
    }
    checker->file = REPLAY_FILE_PAGES;
    for (size_t i = 0; i < recording->page_count; i++) {
        const struct replay_page *page = &recording->pages[i];

        if (page->snapshot >= recording->snapshot_count || page->address % REPLAY_PAGE_BYTES != 0) {
            wrong(checker, i, "E2203 'snap' must be a snapshot of regs.json, and 'pa' a multiple of 4096");
        }
        if (page->number != REPLAY_NONE && page->number >= pages) {
            wrong(checker, i, "E2203 column 'page_no' is beyond the end of mem.bin");
        }
    }
}

/** What no table lacks without being useless. */
static void check_presence(const struct checker *checker)
{
    const struct replay_recording *recording = checker->recording;
    const struct diagnostic_where where = {.file = recording->directory};

    if (recording->mmio_count == 0) {
        diagnostics_add(checker->diagnostics, DIAGNOSTIC_ERROR, &where,
                        "E2203 mmio.csv has no rows: nothing was recorded");
    }
}

void replay_recording_check(struct replay_recording *recording, struct diagnostics *diagnostics)
{
    struct checker checker = {.recording = recording, .diagnostics = diagnostics};

    check_presence(&checker);
    check_mmio(&checker);
    check_tables(&checker);
    check_accesses(&checker);
    check_snapshots(&checker);
}
