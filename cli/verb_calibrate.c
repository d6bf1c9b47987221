#include "cli/verbs.h"

#include "calibrate/calibrate.h"
#include "cli/document.h"
#include "cli/emit.h"
#include "cli/failure.h"
#include "cli/interrupt.h"

#include <jansson.h>

#include <string.h>

/** What the writers need. */
struct calibrated {
    const struct cli_request *request;
    struct calibration calibration;
    int status;
};

static bool write_text(FILE *stream, const void *context)
{
    const struct calibrated *calibrated = context;

    return calibration_write(stream, calibrated->request->operand, &calibrated->calibration);
}

static json_t *row_json(const struct calibrate_row *row)
{
    const struct measurement *measured = &row->measured;

    return json_pack("{s:s, s:I, s:s, s:I, s:I, s:f, s:f, s:f, s:b, s:b, s:b}", "file",
                     measurements_file(measured->kind, measured->size), "line", (json_int_t)measured->line, "cache",
                     measured->cache == MEASUREMENT_COLD ? "cold" : "warm", "window", (json_int_t)measured->window,
                     "size", (json_int_t)measured->size, "measured", measured->value, "simulated", row->simulated,
                     "closed-form", row->closed, "used", row->used, "scored", row->scored, "beyond",
                     calibrate_misses(row));
}

static bool write_json(FILE *stream, const void *context)
{
    const struct calibrated *calibrated = context;
    const struct calibrate_fit *fit = &calibrated->calibration.fit;
    json_t *rows = json_array();
    json_t *document;
    bool written;

    for (size_t i = 0; i < calibrated->calibration.row_count; i++) {
        json_array_append_new(rows, row_json(&calibrated->calibration.rows[i]));
    }
    document = json_pack("{s:b, s:{s:f, s:f, s:f, s:f, s:f}, s:o}", "interrupted", calibrated->calibration.interrupted,
                         "fit", "hit-ns", fit->l0, "warm-gain-ns", fit->warm_gain, "miss-ns", fit->miss, "pages",
                         fit->pages, "walks-per-us", fit->walks, "rows", rows);
    document = cli_document(calibrated->request, CLI_SCHEMA_CALIBRATION, calibrated->status, document);
    written = cli_document_write(stream, document);
    json_decref(document);
    return written;
}

int cli_verb_calibrate(const struct cli_request *request)
{
    struct calibrated calibrated = {.request = request};
    struct diagnostics diagnostics;
    int status = cli_emit_possible(request);

    if (status != CLI_EXIT_OK) {
        return status;
    }
    memset(&diagnostics, 0, sizeof(diagnostics));
    cli_interrupt_catch();
    if (!calibrate_run(request->operand, cli_interrupt_signal(), &calibrated.calibration, &diagnostics)) {
        status = cli_fail_diagnostics(request, &diagnostics);
    } else {
        calibrated.status = calibration_misses(&calibrated.calibration) == 0 ? CLI_EXIT_OK : CLI_EXIT_EXPECTATION;
        calibrated.status =
            calibrated.calibration.interrupted ? CLI_EXIT_SIGNAL + *cli_interrupt_signal() : calibrated.status;
        status = cli_emit(request, request->json ? write_json : write_text, &calibrated);
        status = status == CLI_EXIT_OK ? calibrated.status : status;
    }
    diagnostics_clear(&diagnostics);
    calibration_clear(&calibrated.calibration);
    return status;
}
