/* `doorbell run --trace-vcd`: the waveforms that are written beside the result. */
#ifndef DOORBELL_CLI_RUN_WAVEFORM_H
#define DOORBELL_CLI_RUN_WAVEFORM_H

#include "cli/output.h"
#include "scenario/run.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Waveforms to be written. Zero-initialised: none. */
struct cli_waveform {
    struct cli_output output;
};

/**
 * Asks, before any work is done, whether the options make sense and the file could be written.
 * @return CLI_EXIT_OK, or the exit status of a failure, which has been told
 */
int cli_waveform_possible(const struct cli_request *request);

/** Opens the file that the request wants, if it wants one, for the run. @return as above */
int cli_waveform_ask(struct cli_waveform *waveform, const struct cli_request *request,
                     struct scenario_run_options *options);

/** Gives the file its name if the run @p was one, else leaves no trace of it. @return as above */
int cli_waveform_end(struct cli_waveform *waveform, const struct cli_request *request, bool was);

#ifdef __cplusplus
}
#endif

#endif
