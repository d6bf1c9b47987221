#include "replay/summary.h"

#include "models/gic-its/its_commands.h"
#include "models/smmuv3/smmu_fields.h"
#include "models/smmuv3/smmu_formats.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct named {
    uint8_t code;
    const char *name;
};

static const struct named smmu_commands[] = {
    {0x01, "PREFETCH_CONFIG"}, {0x02, "PREFETCH_ADDR"}, {0x03, "CFGI_STE"},     {0x04, "CFGI_STE_RANGE"},
    {0x05, "CFGI_CD"},         {0x06, "CFGI_CD_ALL"},   {0x10, "TLBI_NH_ALL"},  {0x11, "TLBI_NH_ASID"},
    {0x12, "TLBI_NH_VA"},      {0x13, "TLBI_NH_VAA"},   {0x18, "TLBI_EL3_ALL"}, {0x20, "TLBI_EL2_ALL"},
    {0x21, "TLBI_EL2_ASID"},   {0x22, "TLBI_EL2_VA"},   {0x23, "TLBI_EL2_VAA"}, {0x28, "TLBI_S12_VMALL"},
    {0x2a, "TLBI_S2_IPA"},     {0x30, "TLBI_NSNH_ALL"}, {0x40, "ATC_INV"},      {0x41, "PRI_RESP"},
    {0x44, "RESUME"},          {0x45, "STALL_TERM"},    {0x46, "SYNC"},
};

static const struct named its_commands[] = {
    {0x01, "MOVI"},    {0x03, "INT"},   {0x04, "CLEAR"}, {0x05, "SYNC"},   {0x08, "MAPD"},   {0x09, "MAPC"},
    {0x0a, "MAPTI"},   {0x0b, "MAPI"},  {0x0c, "INV"},   {0x0d, "INVALL"}, {0x0e, "MOVALL"}, {0x0f, "DISCARD"},
    {0x21, "VMOVI"},   {0x22, "VMOVP"}, {0x25, "VSYNC"}, {0x29, "VMAPP"},  {0x2a, "VMAPTI"}, {0x2b, "VMAPI"},
    {0x2d, "VINVALL"}, {0x23, "VSGI"},  {0x2e, "INVDB"},
};

static const struct named events[] = {
    {0x01, "F_UUT"},          {0x02, "C_BAD_STREAMID"},    {0x03, "F_STE_FETCH"},        {0x04, "C_BAD_STE"},
    {0x05, "F_BAD_ATS_TREQ"}, {0x06, "F_STREAM_DISABLED"}, {0x07, "F_TRANSL_FORBIDDEN"}, {0x08, "C_BAD_SUBSTREAMID"},
    {0x09, "F_CD_FETCH"},     {0x0a, "C_BAD_CD"},          {0x0b, "F_WALK_EABT"},        {0x10, "F_TRANSLATION"},
    {0x11, "F_ADDR_SIZE"},    {0x12, "F_ACCESS"},          {0x13, "F_PERMISSION"},       {0x20, "F_TLB_CONFLICT"},
    {0x21, "F_CFG_CONFLICT"}, {0x24, "E_PAGE_REQUEST"},    {0x25, "F_VMS_FETCH"},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *name_of(const struct named *table, size_t count, uint8_t code)
{
    for (size_t i = 0; i < count; i++) {
        if (table[i].code == code) {
            return table[i].name;
        }
    }
    return NULL;
}

const char *replay_event_name(uint8_t type)
{
    return name_of(events, COUNT(events), type);
}

static void count_commands(struct replay_tallies *tallies, const struct replay_command *commands, size_t count,
                           const struct named *table, size_t names)
{
    for (size_t i = 0; i < count; i++) {
        const uint8_t code = (uint8_t)commands[i].words[0];
        const char *name = name_of(table, names, code);
        char number[16];

        snprintf(number, sizeof(number), "0x%02x", code);
        replay_tally_add(tallies, name == NULL ? number : name, 1);
    }
    replay_tally_sort(tallies);
}

static void count_registers(const struct replay_recording *recording, struct replay_result *result)
{
    for (size_t i = 0; i < recording->mmio_count; i++) {
        const struct replay_mmio *mmio = &recording->mmio[i];
        char name[40];

        snprintf(name, sizeof(name), "%.20s %s", mmio->device, mmio->write ? "writes" : "reads");
        replay_tally_add(&result->registers, name, 1);
    }
    replay_tally_sort(&result->registers);
}

static void count_rows(const struct replay_recording *recording, struct replay_result *result)
{
    const struct {
        const char *name;
        uint64_t count;
    } rows[] = {
        {"register accesses", recording->mmio_count},
        {"SMMU commands", recording->smmu_command_count},
        {"ITS commands", recording->its_command_count},
        {"table descriptors observed", recording->pte_count},
        {"STE and CD fetches", recording->config_count},
        {"accesses translated", recording->translation_count},
        {"accesses denied", recording->fault_count},
        {"MSIs", recording->msi_count},
        {"mappings in snapshots", recording->mapping_count},
        {"final ITS routes", recording->route_count},
        {"pages of memory images", recording->page_count},
        {"configuration space accesses", recording->pci_config_rows},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        replay_tally_add(&result->files, rows[i].name, rows[i].count);
    }
}

/* ---- Streams ---- */

static int compare_streams(const void *a, const void *b)
{
    const struct replay_stream *left = a;
    const struct replay_stream *right = b;

    return left->id < right->id ? -1 : left->id > right->id ? 1 : 0;
}

static struct replay_stream *stream_of(struct replay_result *result, uint64_t id)
{
    struct replay_stream *grown;

    for (size_t i = 0; i < result->stream_count; i++) {
        if (result->streams[i].id == id) {
            return &result->streams[i];
        }
    }
    grown = realloc(result->streams, (result->stream_count + 1) * sizeof(*grown));
    if (grown == NULL) {
        fputs("doorbell: out of memory\n", stderr);
        abort();
    }
    result->streams = grown;
    grown += result->stream_count++;
    memset(grown, 0, sizeof(*grown));
    grown->id = (uint32_t)id;
    return grown;
}

static int compare_msis(const void *a, const void *b)
{
    const struct replay_msi *left = *(const struct replay_msi *const *)a;
    const struct replay_msi *right = *(const struct replay_msi *const *)b;

    if (left->device_id != right->device_id) {
        return left->device_id < right->device_id ? -1 : 1;
    }
    return left->event_id < right->event_id ? -1 : left->event_id > right->event_id ? 1 : 0;
}

/** How many different EventIDs each DeviceID's MSIs have. */
static void count_events(const struct replay_recording *recording, struct replay_result *result)
{
    const struct replay_msi **sorted = calloc(recording->msi_count + 1, sizeof(*sorted));

    if (sorted == NULL) {
        return;
    }
    for (size_t i = 0; i < recording->msi_count; i++) {
        sorted[i] = &recording->msis[i];
    }
    if (recording->msi_count != 0) {
        qsort(sorted, recording->msi_count, sizeof(*sorted), compare_msis);
    }
    for (size_t i = 0; i < recording->msi_count; i++) {
        if (i == 0 || compare_msis(&sorted[i], &sorted[i - 1]) != 0) {
            stream_of(result, sorted[i]->device_id)->events++;
        }
    }
    free(sorted);
}

static void describe_config(const struct replay_config *config, struct replay_stream *stream)
{
    static const char *const names[] = {
        [0] = "abort", [4] = "bypass", [5] = "stage 1", [6] = "stage 2", [7] = "nested"};
    const unsigned value = (unsigned)smmu_field_get(config->ste, SMMU_STE_CONFIG);
    const char *name = value < COUNT(names) ? names[value] : NULL;

    if (smmu_field_get(config->ste, SMMU_STE_V) == 0) {
        snprintf(stream->config, sizeof(stream->config), "none");
    } else {
        snprintf(stream->config, sizeof(stream->config), "%s", name == NULL ? "reserved" : name);
    }
}

static void count_streams(const struct replay_recording *recording, struct replay_result *result)
{
    for (size_t i = 0; i < recording->translation_count; i++) {
        stream_of(result, recording->translations[i].stream_id)->accesses++;
    }
    for (size_t i = 0; i < recording->fault_count; i++) {
        stream_of(result, recording->faults[i].stream_id)->faults++;
        replay_tally_add(&result->faults, recording->faults[i].type, 1);
    }
    for (size_t i = 0; i < recording->msi_count; i++) {
        stream_of(result, recording->msis[i].device_id)->msis++;
    }
    for (size_t i = 0; i < recording->config_count; i++) {
        describe_config(&recording->configs[i], stream_of(result, recording->configs[i].stream_id));
    }
    count_events(recording, result);
    if (result->stream_count != 0) {
        qsort(result->streams, result->stream_count, sizeof(*result->streams), compare_streams);
    }
    replay_tally_sort(&result->faults);
}

static char *copy(const char *text)
{
    return text == NULL ? NULL : strdup(text);
}

void replay_summarise(const struct replay_recording *recording, struct replay_result *result)
{
    result->directory = copy(recording->directory);
    result->name = copy(recording->name);
    result->software = copy(recording->software);
    result->hardware = copy(recording->hardware);
    result->processors = recording->cpus;
    result->snapshots = recording->snapshot_count;
    count_rows(recording, result);
    count_registers(recording, result);
    count_commands(&result->smmu_commands, recording->smmu_commands, recording->smmu_command_count, smmu_commands,
                   COUNT(smmu_commands));
    count_commands(&result->its_commands, recording->its_commands, recording->its_command_count, its_commands,
                   COUNT(its_commands));
    count_streams(recording, result);
}
