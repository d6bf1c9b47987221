#include "cli/verbs.h"

#include "cli/emit.h"
#include "cli/failure.h"
#include "import/import.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool write_text(FILE *stream, const void *context)
{
    return fputs(context, stream) >= 0;
}

/** The operands' last components, for the scenario's first line: where they lay is the reader's own affair. */
static char *sources_of(const struct cli_request *request)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);

    for (size_t i = 0; stream != NULL && i < request->operand_count; i++) {
        const char *slash = strrchr(request->operands[i], '/');
        const char *name = slash != NULL && slash[1] != '\0' ? slash + 1 : request->operands[i];

        fprintf(stream, "%s%s", i == 0 ? "" : i + 1 == request->operand_count ? " and " : ", ", name);
    }
    if (stream != NULL) {
        fclose(stream);
    }
    return text;
}

/** Tells what is not as it was in the machine; it stands in the text too. */
static void tell_remarks(const struct import_machine *machine)
{
    for (size_t i = 0; i < machine->remarks.count; i++) {
        fprintf(stderr, "%s\n", machine->remarks.items[i]);
    }
}

int cli_verb_import(const struct cli_request *request)
{
    struct diagnostics diagnostics;
    struct import_machine machine;
    char *source = sources_of(request);
    char *text = NULL;
    int status = cli_emit_possible(request);

    memset(&diagnostics, 0, sizeof(diagnostics));
    memset(&machine, 0, sizeof(machine));
    if (status == CLI_EXIT_OK) {
        if (import_read(request->operands, request->operand_count, &machine, &diagnostics)) {
            text = import_scenario(&machine, source == NULL ? "files" : source, &diagnostics);
        }
        if (text == NULL) {
            status = cli_fail_diagnostics(request, &diagnostics);
        } else {
            tell_remarks(&machine);
            status = cli_emit(request, write_text, text);
        }
    }
    free(text);
    free(source);
    import_machine_clear(&machine);
    diagnostics_clear(&diagnostics);
    return status;
}
