#include "cli/verbs.h"

#include "cli/document.h"
#include "cli/emit.h"
#include "cli/failure.h"
#include "import/import.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/** What the writers need. */
struct imported {
    const struct cli_request *request;
    const struct import_machine *machine;
    const char *text;
};

static bool write_text(FILE *stream, const void *context)
{
    const struct imported *imported = context;

    return fputs(imported->text, stream) >= 0;
}

static json_t *texts(char *const *items, size_t count)
{
    json_t *array = json_array();

    for (size_t i = 0; i < count; i++) {
        json_array_append_new(array, cli_json_text(items[i]));
    }
    return array;
}

static bool write_json(FILE *stream, const void *context)
{
    const struct imported *imported = context;
    const struct cli_request *request = imported->request;
    const struct import_machine *machine = imported->machine;
    json_t *document = cli_document(request, CLI_SCHEMA_IMPORT, CLI_EXIT_OK, NULL);
    json_t *sources = json_array();
    bool written;

    for (size_t i = 0; i < request->operand_count; i++) {
        json_array_append_new(sources, cli_json_text(request->operands[i]));
    }
    json_object_set_new(document, "sources", sources);
    json_object_set_new(document, "firmware", json_boolean(machine->firmware_known));
    json_object_set_new(document, "hosts", json_integer((json_int_t)machine->firmware.host_count));
    json_object_set_new(document, "iommus", json_integer((json_int_t)machine->firmware.iommu_count));
    json_object_set_new(document, "controllers", json_integer((json_int_t)machine->firmware.controller_count));
    json_object_set_new(document, "functions", json_integer((json_int_t)machine->function_count));
    json_object_set_new(document, "routed-vectors", json_integer((json_int_t)machine->route_count));
    json_object_set_new(document, "remarks", texts(machine->remarks.items, machine->remarks.count));
    json_object_set_new(document, "scenario", cli_json_text(imported->text));
    written = cli_document_write(stream, document);
    json_decref(document);
    return written;
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
            const struct imported imported = {.request = request, .machine = &machine, .text = text};

            tell_remarks(&machine);
            status = cli_emit(request, request->json ? write_json : write_text, &imported);
        }
    }
    free(text);
    free(source);
    import_machine_clear(&machine);
    diagnostics_clear(&diagnostics);
    return status;
}
