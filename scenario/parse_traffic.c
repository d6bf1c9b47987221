/* Streams: vectors, rates and periods, buffers. */
#include "scenario/functions.h"
#include "scenario/parse_resolve.h"
#include "scenario/parse_table.h"

#include <inttypes.h>
#include <string.h>

/* What the streams of one function share. */
struct function {
    struct parse *parse;
    const struct scenario_traffic *traffic;
    const struct scenario_endpoint *endpoint; /* NULL: its name was wrong */
    uint32_t *identity;                       /* 0, 1, 2, ...: what `all` stands for */
};

#define MAX_VECTORS 2048u

/* Where the messages of a stream come from, and how many there are. */
static uint32_t count_vectors(const struct function *function, const struct scenario_msi_traffic *msi,
                              const char **where)
{
    const struct scenario_endpoint *endpoint = function->endpoint;
    const bool is_virtual = function->traffic->function >= endpoint->functions;

    if (msi->ims) {
        *where = "its own store (IMS)";
        return is_virtual ? 0 : endpoint->ims_entries;
    }
    if (!is_virtual && endpoint->msix_vectors == 0 && endpoint->msi != NULL) {
        *where = "its MSI capability";
        return endpoint->msi->vectors;
    }
    *where = "its MSI-X table";
    return scenario_function_vectors(endpoint, function->traffic->function);
}

static void check_vectors(const struct function *function, const struct scenario_msi_traffic *msi, uint32_t count,
                          const char *where)
{
    uint8_t seen[MAX_VECTORS / 8] = {0};

    for (size_t i = 0; i < msi->vector_count; i++) {
        uint32_t vector = msi->vectors[i];

        if (vector >= count) {
            diagnostic_set_hint(parse_error_at(function->parse, &msi->vectors_place,
                                               "E1501 `%.63s` has no vector %" PRIu32, function->traffic->name, vector),
                                "%s has %" PRIu32 " vectors: 0 to %" PRIu32, where, count, count - 1);
            return;
        }
        if ((seen[vector / 8] >> vector % 8 & 1) != 0) {
            parse_error_at(function->parse, &msi->vectors_place, "E1501 vector %" PRIu32 " is written twice", vector);
            return;
        }
        seen[vector / 8] = (uint8_t)(seen[vector / 8] | 1u << vector % 8);
    }
}

/* Either rate or period, where the arrivals have one. Returns whether it is so. */
static bool check_pace(struct parse *parse, const struct scenario_table *table, const void *stream,
                       const struct scenario_place *place, enum scenario_arrivals arrivals)
{
    bool rate = parse_is_given(table, stream, "rate");
    bool period = parse_is_given(table, stream, "period");

    if (arrivals == SCENARIO_ARRIVALS_WHEN_HANDLED) {
        return false;
    }
    if (arrivals == SCENARIO_ARRIVALS_BURST) {
        if (!period) {
            diagnostic_set_hint(parse_error_at(parse, place, "E1502 `period` is missing in `%s`", table->name),
                                "the time from the start of one burst to the next, for example period: 10 us");
        }
        return period;
    }
    if (rate && period) {
        diagnostic_set_hint(parse_error_at(parse, place, "E1502 `rate` and `period` say the same thing twice"),
                            "keep one; over a base, take the other away with `rate: null` or `period: null`");
        return false;
    }
    if (!rate && !period) {
        diagnostic_set_hint(parse_error_at(parse, place, "E1502 `%s` says neither `rate` nor `period`", table->name),
                            "for example period: 1 us");
        return false;
    }
    return true;
}

static void check_start(struct parse *parse, const struct scenario_place *place, sim_time start)
{
    if (start != 0 && start >= parse->scenario->duration) {
        parse_error_at(parse, place, "E1503 the stream would start only when the traffic is over (`duration`)");
    }
}

static void resolve_msi(const struct function *function, struct scenario_msi_traffic *msi)
{
    struct parse *parse = function->parse;
    const char *where = NULL;
    uint32_t count;

    check_start(parse, &msi->place, msi->start);
    if (check_pace(parse, &scenario_table_msi, msi, &msi->place, msi->arrivals) && msi->rate != 0) {
        msi->period = units_period(msi->rate);
    }
    if (function->endpoint == NULL) {
        return;
    }
    count = count_vectors(function, msi, &where);
    if (count == 0 && msi->ims) {
        diagnostic_set_hint(parse_error_at(parse, &msi->place, "E1501 `%.63s` has no message store of its own (IMS)",
                                           function->traffic->name),
                            "give it one, for example ims: 16");
        return;
    }
    if (count == 0) {
        diagnostic_set_hint(
            parse_error_at(parse, &msi->place, "E1501 `%.63s` has no vectors to send", function->traffic->name),
            "give it MSI-X (msi-x: 8) or MSI (msi: {})");
        return;
    }
    if (msi->all_vectors) {
        msi->vectors = function->identity;
        msi->vector_count = count;
        return;
    }
    check_vectors(function, msi, count, where);
}

static void resolve_target(const struct function *function, struct scenario_dma_traffic *dma)
{
    struct parse *parse = function->parse;
    const struct scenario_bars *bars;
    char text[32];

    if (dma->target_written.name == NULL || strcmp(dma->target_written.name, "memory") == 0) {
        return;
    }
    dma->target =
        parse_find_function(parse, dma->target_written.name, &dma->target_written.place, &dma->target_function);
    if (dma->target == NULL) {
        return;
    }
    bars = scenario_function_bars(dma->target->endpoint, dma->target_function);
    if (dma->target == function->traffic->device && dma->target_function == function->traffic->function) {
        parse_error_at(parse, &dma->place, "E1505 `%.63s` cannot be its own peer", dma->target_written.name);
    } else if (bars->count < 2) {
        diagnostic_set_hint(parse_error_at(parse, &dma->place,
                                           "E1505 endpoint `%.63s` has no BAR for peers: its first one "
                                           "holds the MSI-X table",
                                           dma->target_written.name),
                            "give it a second one, for example bars: [64 KiB, 1 MiB]");
    } else if (dma->buffer > bars->sizes[bars->count - 1]) {
        units_format(UNITS_SIZE, bars->sizes[bars->count - 1], text, sizeof(text));
        parse_error_at(parse, &dma->place, "E1505 `buffer` is larger than the last BAR of `%.63s`, %s",
                       dma->target_written.name, text);
    }
}

/* Translation cache, PASID and page requests. */
static void resolve_translation(const struct function *function, const struct scenario_table *table,
                                struct scenario_dma_traffic *dma)
{
    const struct scenario_endpoint *endpoint = function->endpoint;
    struct parse *parse = function->parse;
    const char *name = function->traffic->name;

    if (endpoint == NULL) {
        return;
    }
    if (!parse_is_given(table, dma, "ats")) {
        dma->ats = endpoint->ats != NULL && dma->target == NULL;
    } else if (dma->ats && endpoint->ats == NULL) {
        diagnostic_set_hint(parse_error_at(parse, &dma->place, "E1506 `%.63s` has no translation cache", name),
                            "give the endpoint ats: {}");
    }
    if (dma->pasid >> endpoint->pasid_bits != 0) {
        diagnostic_set_hint(
            parse_error_at(parse, &dma->place, "E1506 `%.63s` cannot send PASID %" PRIu32, name, dma->pasid),
            "`pasid` of the endpoint is its width: %" PRIu32 " bits", endpoint->pasid_bits);
    }
    if (dma->pages == SCENARIO_PAGES_ON_DEMAND && (endpoint->pri == NULL || !dma->ats)) {
        diagnostic_set_hint(parse_error_at(parse, &dma->place, "E1506 `%.63s` cannot ask for pages", name),
                            "it needs pri: {} and ats: {}, and the stream `ats`");
    }
    if (dma->target != NULL && (dma->pasid != 0 || dma->pages != SCENARIO_PAGES_PINNED)) {
        parse_error_at(parse, &dma->place, "E1505 a peer's BAR is in no PASID's address space, and always there");
    }
}

static void resolve_dma(const struct function *function, const struct scenario_table *table,
                        struct scenario_dma_traffic *dma)
{
    struct parse *parse = function->parse;

    check_start(parse, &dma->place, dma->start);
    if (check_pace(parse, table, dma, &dma->place, dma->arrivals) && dma->rate != 0) {
        dma->period = units_scale(dma->size, SIM_S, dma->rate);
    }
    if (dma->arrivals == SCENARIO_ARRIVALS_WHEN_DONE && table == &scenario_table_dma_write) {
        parse_error_at(parse, &dma->place, "E1507 a write is posted: nothing tells the device when it is done");
    }
    if (!parse_is_given(table, dma, "stride")) {
        dma->stride = dma->size;
    }
    if (dma->stride < dma->size) {
        parse_error_at(parse, &dma->place, "E1507 `stride` must be `size` at least");
    } else if (dma->buffer < dma->stride || dma->buffer % dma->stride != 0) {
        parse_error_at(parse, &dma->place, "E1507 `buffer` must be a multiple of `%s`",
                       parse_is_given(table, dma, "stride") ? "stride" : "size");
    }
    resolve_target(function, dma);
    resolve_translation(function, table, dma);
}

static void resolve_stream(const struct function *function, struct scenario_stream *stream)
{
    int kinds = (stream->msi != NULL) + (stream->dma_write != NULL) + (stream->dma_read != NULL);

    if (kinds != 1) {
        diagnostic_set_hint(parse_error_at(function->parse, &stream->place,
                                           "E1504 a stream is %s of `msi`, `dma-write` and "
                                           "`dma-read`",
                                           kinds == 0 ? "one" : "only one"),
                            "each list item is a stream of its own: - msi: {...}");
    }
    if (stream->msi != NULL) {
        resolve_msi(function, stream->msi);
    }
    if (stream->dma_write != NULL) {
        resolve_dma(function, &scenario_table_dma_write, stream->dma_write);
    }
    if (stream->dma_read != NULL) {
        resolve_dma(function, &scenario_table_dma_read, stream->dma_read);
    }
}

void parse_resolve_traffic(struct parse *parse)
{
    struct scenario *scenario = parse->scenario;
    uint32_t *identity = scenario_arena_take(parse->arena, MAX_VECTORS, sizeof(*identity));

    for (uint32_t i = 0; i < MAX_VECTORS; i++) {
        identity[i] = i;
    }
    if (scenario->warmup != SCENARIO_WARMUP_AUTO && scenario->warmup >= scenario->duration) {
        const struct tree_node *warmup = tree_find(parse->root, "warmup");

        parse_error(parse, warmup == NULL ? &parse->root->mark : &warmup->mark,
                    "E1503 `warmup` must be shorter than `duration`");
    }
    for (size_t i = 0; i < scenario->traffic_count; i++) {
        struct scenario_traffic *traffic = &scenario->traffic[i];
        struct function function = {.parse = parse, .traffic = traffic, .identity = identity};

        traffic->device = parse_find_function(parse, traffic->name, &traffic->place, &traffic->function);
        function.endpoint = traffic->device == NULL ? NULL : traffic->device->endpoint;
        for (size_t j = 0; j < traffic->stream_count; j++) {
            resolve_stream(&function, &traffic->streams[j]);
        }
    }
}
