#include "cli/verbs.h"

#include "cli/document.h"
#include "cli/emit.h"
#include "cli/explain_code.h"
#include "cli/failure.h"
#include "cli/interrupt.h"
#include "cli/load.h"
#include "cli/suggest.h"
#include "report/story.h"
#include "report/story_json.h"
#include "scenario/run.h"
#include "sim/allocate.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/** MSIs that a recording holds: as many as a run of some seconds of simulation has. */
#define MOST_PACKETS 4000000

/** What is to be told. */
struct telling {
    const struct cli_request *request;
    uint64_t packet; /**< identity, if `is_packet` */
    bool is_packet;
    char *story;  /**< NULL: not found */
    json_t *json; /**< the same, if that is asked for */
    struct cli_problem problem;
};

/** A packet's identity: 16 hexadecimal digits, as results print it. */
static bool parse_identity(const char *text, uint64_t *id)
{
    if (strncmp(text, "0x", 2) == 0) {
        text += 2;
    }
    for (size_t i = 0; i < 16; i++) {
        if (!isxdigit((unsigned char)text[i])) {
            return false;
        }
    }
    *id = strtoull(text, NULL, 16);
    return text[16] == '\0';
}

/** Says which verdict was perhaps meant. */
static void miss_verdict(struct telling *telling, const struct run_result *result)
{
    const char **names = sim_allocate(result->verdicts.count + 1, sizeof(*names));
    const char *nearest;

    for (size_t i = 0; i < result->verdicts.count; i++) {
        names[i] = result->verdicts.items[i].name;
    }
    nearest = cli_suggest(telling->request->second, names, result->verdicts.count);
    snprintf(telling->problem.message, sizeof(telling->problem.message),
             "E0108 '%s' is neither a packet's identity nor an assumption", telling->request->second);
    if (nearest != NULL) {
        snprintf(telling->problem.hint, sizeof(telling->problem.hint), "did you mean '%s'?", nearest);
    } else {
        snprintf(telling->problem.hint, sizeof(telling->problem.hint),
                 "an identity has 16 hexadecimal digits, as 'doorbell run' prints it");
    }
    free((void *)names);
}

/** Called at the end of the run, while the simulation still stands. */
static void tell(void *context, const struct recording *recording, const struct sim *sim,
                 const struct run_result *result)
{
    struct telling *telling = context;
    const char *name = telling->request->second;
    const struct recorded_packet *packet = telling->is_packet ? story_find(recording, telling->packet) : NULL;
    const struct verdict *verdict = telling->is_packet ? NULL : verdict_list_find(&result->verdicts, name);
    size_t length = 0;
    FILE *stream;

    if (telling->is_packet && packet == NULL) {
        snprintf(telling->problem.message, sizeof(telling->problem.message), "E0108 this run has no packet %s", name);
        snprintf(telling->problem.hint, sizeof(telling->problem.hint), "another seed has other packets");
        return;
    }
    if (!telling->is_packet && verdict == NULL) {
        miss_verdict(telling, result);
        return;
    }
    if (telling->request->json) {
        telling->json = json_object();
        if (packet != NULL) {
            json_object_set_new(telling->json, "packet", story_packet_json(recording, packet, sim, result));
        } else {
            json_object_set_new(telling->json, "verdict", story_verdict_json(recording, verdict, sim, result));
        }
        return;
    }
    stream = open_memstream(&telling->story, &length);
    if (stream == NULL) {
        return;
    }
    if (packet != NULL) {
        story_packet_write(stream, recording, packet, sim, result);
    } else {
        story_verdict_write(stream, recording, verdict, sim, result);
    }
    fclose(stream);
}

static bool write_story(FILE *stream, const void *context)
{
    const struct telling *telling = context;

    fputs(telling->story, stream);
    return !ferror(stream);
}

static bool write_json(FILE *stream, const void *context)
{
    const struct telling *telling = context;
    json_t *document = cli_document(telling->request, CLI_SCHEMA_STORY, CLI_EXIT_OK, json_incref(telling->json));
    const bool written = cli_document_write(stream, document);

    json_decref(document);
    return written;
}

static int explain(const struct cli_request *request, const struct scenario *scenario)
{
    struct cli_request told = *request; /* cli_fail_panic() takes no pointer to const */
    struct telling telling = {.request = request};
    struct recording_filter filter = recording_filter_all(MOST_PACKETS);
    const struct scenario_run_options options = {.system = {.panic = cli_fail_panic, .panic_context = &told},
                                                 .record = &filter,
                                                 .recorded = tell,
                                                 .recorded_context = &telling,
                                                 .interrupted = cli_interrupt_signal()};
    struct host_error error = {.text = ""};
    struct run_result result = {0};
    int status;

    filter.reads = true;
    telling.is_packet = parse_identity(request->second, &telling.packet);
    cli_interrupt_catch();
    if (scenario_run(scenario, &options, &result, &error) == SCENARIO_RUN_IMPOSSIBLE) {
        snprintf(telling.problem.message, sizeof(telling.problem.message), "E0303 %s: %s", request->operand,
                 error.text);
    }
    if (telling.json != NULL) {
        status = cli_emit(request, write_json, &telling);
    } else if (telling.story != NULL) {
        status = cli_emit(request, write_story, &telling);
    } else {
        status = cli_fail(request, CLI_EXIT_USAGE, &telling.problem);
    }
    json_decref(telling.json);
    free(telling.story);
    run_result_clear(&result);
    return status;
}

int cli_verb_explain(const struct cli_request *request)
{
    struct scenario *scenario = NULL;
    int status = cli_emit_possible(request);

    if (status == CLI_EXIT_OK && request->second == NULL) {
        return cli_explain_code(request);
    }
    if (status == CLI_EXIT_OK) {
        status = cli_load_scenario(request, &scenario);
    }
    if (status == CLI_EXIT_OK) {
        status = explain(request, scenario);
    }
    scenario_free(scenario);
    return status;
}
