#include "cli/check_kinds.h"

#include "cli/document.h"
#include "cli/emit.h"
#include "cli/failure.h"
#include "report/board_json.h"
#include "report/board_text.h"
#include "scenario/devicetree_check.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* The first four bytes of a flattened device tree (Devicetree Specification 5.2). */
static const unsigned char blob_magic[4] = {0xd0, 0x0d, 0xfe, 0xed};

bool cli_is_board(const char *path)
{
    unsigned char start[sizeof(blob_magic)];
    struct stat status;
    FILE *file;
    bool is_blob;

    if (board_path_is_devicetree(path)) {
        return true;
    }
    /* Only a regular file can be looked into without taking from it what its reader needs. */
    file = stat(path, &status) == 0 && S_ISREG(status.st_mode) ? fopen(path, "rb") : NULL;
    if (file == NULL) {
        return false;
    }
    is_blob = fread(start, 1, sizeof(start), file) == sizeof(start) && memcmp(start, blob_magic, sizeof(start)) == 0;
    fclose(file);
    return is_blob;
}

/** What the writers need. */
struct judged {
    const struct cli_request *request;
    struct board_result result;
};

static bool write_text(FILE *stream, const void *context)
{
    const struct judged *judged = context;

    return board_text_write(stream, &judged->result);
}

static bool write_json(FILE *stream, const void *context)
{
    const struct judged *judged = context;
    json_t *document = cli_document(judged->request, CLI_SCHEMA_BOARD, CLI_EXIT_OK, board_json(&judged->result));
    bool written = cli_document_write(stream, document);

    json_decref(document);
    return written;
}

/** Tells why a board could not be judged. */
static int fail_board(const struct cli_request *request, enum board_status status, const struct board_error *error)
{
    const struct diagnostic_where where = {.file = request->operand};
    struct diagnostics diagnostics;
    int exit_status;

    memset(&diagnostics, 0, sizeof(diagnostics));
    diagnostics.environment_failed = status == BOARD_UNREADABLE;
    diagnostics_add(&diagnostics, DIAGNOSTIC_ERROR, &where, "%s %s", error->code, error->text + error->message_at);
    exit_status = cli_fail_diagnostics(request, &diagnostics);
    diagnostics_clear(&diagnostics);
    return exit_status;
}

int cli_check_board(const struct cli_request *request)
{
    struct judged judged = {.request = request};
    struct board_error error;
    enum board_status status;
    int exit_status;

    if (request->set_count != 0) {
        const struct cli_problem problem = {.message = "E0107 --set changes scenarios, and this file is a device tree"};

        return cli_fail(request, CLI_EXIT_USAGE, &problem);
    }
    memset(&error, 0, sizeof(error));
    status = board_check_path(request->operand, &judged.result, &error);
    if (status == BOARD_OK) {
        exit_status = cli_emit(request, request->json ? write_json : write_text, &judged);
    } else {
        exit_status = fail_board(request, status, &error);
    }
    board_result_clear(&judged.result);
    return exit_status;
}
