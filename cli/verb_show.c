#include "cli/verbs.h"

#include "cli/emit.h"
#include "cli/failure.h"
#include "cli/load.h"
#include "cli/show_json.h"
#include "scenario/show.h"

/** What the writers need. */
struct shown {
    const struct cli_request *request;
    struct scenario *scenario;
};

static bool write_text(FILE *stream, const void *context)
{
    const struct shown *shown = context;

    scenario_show(stream, shown->scenario);
    return !ferror(stream);
}

static bool write_json(FILE *stream, const void *context)
{
    const struct shown *shown = context;

    return cli_show_json(stream, shown->request, shown->scenario);
}

int cli_verb_show(const struct cli_request *request)
{
    struct shown shown = {.request = request};
    int status = cli_emit_possible(request);

    if (status == CLI_EXIT_OK) {
        status = cli_load_scenario(request, &shown.scenario);
    }
    if (status == CLI_EXIT_OK) {
        status = cli_emit(request, request->json ? write_json : write_text, &shown);
    }
    scenario_free(shown.scenario);
    return status;
}
