#include "report/replay_json.h"

#include "report/verdict_json.h"

#include <stdio.h>

static json_t *tallies_json(const struct replay_tallies *tallies)
{
    json_t *object = json_object();

    for (size_t i = 0; i < tallies->count; i++) {
        json_t *count = verdict_json_count(tallies->items[i].count);

        if (json_object_set(object, tallies->items[i].name, count) != 0) {
            json_object_set(object, "(not UTF-8)", count);
        }
        json_decref(count);
    }
    return object;
}

static json_t *streams_json(const struct replay_result *result)
{
    json_t *list = json_array();

    for (size_t i = 0; i < result->stream_count; i++) {
        const struct replay_stream *stream = &result->streams[i];
        json_t *object = json_object();

        json_object_set_new(object, "stream-id", verdict_json_id(stream->id));
        json_object_set_new(object, "translated", verdict_json_count(stream->accesses));
        json_object_set_new(object, "denied", verdict_json_count(stream->faults));
        json_object_set_new(object, "msis", verdict_json_count(stream->msis));
        json_object_set_new(object, "event-ids", verdict_json_count(stream->events));
        json_object_set_new(object, "stream-table-entry",
                            stream->config[0] == '\0' ? json_null() : json_string(stream->config));
        json_array_append_new(list, object);
    }
    return list;
}

static json_t *checks_json(const struct replay_result *result)
{
    json_t *object = json_object();

    for (unsigned i = 0; i < REPLAY_CHECKS; i++) {
        const struct replay_count *count = &result->checks[i];
        json_t *row = json_object();

        json_object_set_new(row, "compared", verdict_json_count(count->compared));
        json_object_set_new(row, "different", verdict_json_count(count->different));
        json_object_set_new(row, "known", verdict_json_count(count->known));
        json_object_set_new(object, replay_check_key((enum replay_check)i), row);
    }
    return object;
}

static json_t *mismatches_json(const struct replay_result *result)
{
    json_t *list = json_array();

    for (size_t i = 0; i < result->mismatch_count; i++) {
        const struct replay_mismatch *mismatch = &result->mismatches[i];
        json_t *object = json_object();

        json_object_set_new(object, "check", json_string(replay_check_key(mismatch->check)));
        json_object_set_new(object, "known", json_boolean(mismatch->known));
        json_object_set_new(object, mismatch->has_seq ? "seq" : "snapshot", verdict_json_count(mismatch->seq));
        json_object_set_new(object, "subject", verdict_json_text(mismatch->subject));
        json_object_set_new(object, "expected", verdict_json_text(mismatch->expected));
        json_object_set_new(object, "got", verdict_json_text(mismatch->got));
        json_array_append_new(list, object);
    }
    return list;
}

json_t *replay_json(const struct replay_result *result)
{
    json_t *object = json_object();
    json_t *recorded = json_object();

    json_object_set_new(recorded, "name", verdict_json_text(result->name));
    json_object_set_new(recorded, "software", verdict_json_text(result->software));
    json_object_set_new(recorded, "hardware", verdict_json_text(result->hardware));
    json_object_set_new(recorded, "processors", verdict_json_count(result->processors));
    json_object_set_new(recorded, "snapshots", verdict_json_count(result->snapshots));
    json_object_set_new(recorded, "rows", tallies_json(&result->files));
    json_object_set_new(recorded, "registers", tallies_json(&result->registers));
    json_object_set_new(recorded, "smmu-commands", tallies_json(&result->smmu_commands));
    json_object_set_new(recorded, "its-commands", tallies_json(&result->its_commands));
    json_object_set_new(recorded, "faults", tallies_json(&result->faults));
    json_object_set_new(recorded, "devices", streams_json(result));
    json_object_set_new(object, "recorded", recorded);
    json_object_set_new(object, "interrupted", json_boolean(result->interrupted));
    json_object_set_new(object, "simulated-fs", verdict_json_count(result->simulated));
    json_object_set_new(object, "evaluations", verdict_json_count(result->evaluations));
    json_object_set_new(object, "skipped-registers", verdict_json_count(result->skipped_registers));
    json_object_set_new(object, "checks", checks_json(result));
    json_object_set_new(object, "compared", verdict_json_count(replay_result_compared(result)));
    json_object_set_new(object, "mismatches", verdict_json_count(replay_result_different(result)));
    json_object_set_new(object, "known-differences", verdict_json_count(replay_result_known(result)));
    json_object_set_new(object, "differences", mismatches_json(result));
    return object;
}
