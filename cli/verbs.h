/* The verbs. Each does what a request asks for and returns the exit status of the process. */
#ifndef DOORBELL_CLI_VERBS_H
#define DOORBELL_CLI_VERBS_H

#include "cli/request.h"

#ifdef __cplusplus
extern "C" {
#endif

/** `doorbell run FILE`. */
int cli_verb_run(const struct cli_request *request);

/** `doorbell check FILE`: a scenario, or a board's device tree. */
int cli_verb_check(const struct cli_request *request);

/** `doorbell show FILE`. */
int cli_verb_show(const struct cli_request *request);

/** `doorbell replay DIR`. */
int cli_verb_replay(const struct cli_request *request);

/** `doorbell calibrate DIR`. */
int cli_verb_calibrate(const struct cli_request *request);

/** `doorbell golden DIR`. */
int cli_verb_golden(const struct cli_request *request);

/** `doorbell compare A B`. */
int cli_verb_compare(const struct cli_request *request);

/** `doorbell topo FILE`. */
int cli_verb_topo(const struct cli_request *request);

/** `doorbell explain FILE PACKET|VERDICT`. */
int cli_verb_explain(const struct cli_request *request);

/** `doorbell import SOURCE...`. */
int cli_verb_import(const struct cli_request *request);

/** `doorbell sweep [ACTION] FILE`. */
int cli_verb_sweep(const struct cli_request *request);

/** `doorbell query DATABASE [QUESTION]`. */
int cli_verb_query(const struct cli_request *request);

/** `doorbell bottleneck FILE`. */
int cli_verb_bottleneck(const struct cli_request *request);

/** `doorbell report RESULT...`. */
int cli_verb_report(const struct cli_request *request);

/** `doorbell explore ASSUMPTION`. */
int cli_verb_explore(const struct cli_request *request);

/** `doorbell params [WORD]`. */
int cli_verb_params(const struct cli_request *request);

/** `doorbell completion SHELL`. */
int cli_verb_completion(const struct cli_request *request);

/** `doorbell man [VERB]`. */
int cli_verb_man(const struct cli_request *request);

/** `doorbell help [VERB]`, and `doorbell VERB --help`. */
int cli_verb_help(const struct cli_request *request);

/** Tells that a word is no verb, and the nearest. @return CLI_EXIT_USAGE */
int cli_fail_no_verb(const struct cli_request *request, const char *word);

/** `doorbell version`. */
int cli_verb_version(const struct cli_request *request);

#ifdef __cplusplus
}
#endif

#endif
