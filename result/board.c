#include "result/board.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint32_t board_id_of(const struct board_id *id, uint32_t rid)
{
    return (rid & id->mask) + id->offset;
}

void *board_array_grow(void *array, size_t count, size_t size)
{
    void *grown = NULL;

    /* Capacities are the powers of two, so an array is full exactly when its count is one of them (or zero). */
    if (array != NULL && count > 0 && (count & (count - 1)) != 0) {
        return array;
    }
    if (count <= SIZE_MAX / 2 / (size > 0 ? size : 1)) {
        grown = realloc(array, (count > 0 ? 2 * count : 1) * size);
    }
    if (grown == NULL) {
        fputs("doorbell: out of memory\n", stderr);
        abort();
    }
    return grown;
}

char *board_copy_string(const char *text)
{
    size_t size = text == NULL ? 1 : strlen(text) + 1;
    char *copy = board_array_grow(NULL, 0, size);

    memcpy(copy, text == NULL ? "" : text, size);
    return copy;
}

void board_add_finding(struct board_result *result, const char *name, const char *rule, const char *subject,
                       const char *format, ...)
{
    struct board_finding *finding;
    char text[1024];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    result->findings = board_array_grow(result->findings, result->finding_count, sizeof(*result->findings));
    finding = &result->findings[result->finding_count++];
    finding->name = name;
    finding->rule = rule;
    finding->subject = board_copy_string(subject);
    finding->detail = board_copy_string(text);
}

void board_error_set(struct board_error *error, const char *file, const char *format, ...)
{
    const char *message = error_code_split(format, error->code);
    va_list arguments;
    int length = snprintf(error->text, sizeof(error->text), "%.400s: error[%s]: ", file, error->code);
    size_t used = length < 0 ? 0 : (size_t)length;

    if (used >= sizeof(error->text)) {
        used = sizeof(error->text) - 1;
    }
    error->message_at = used;
    va_start(arguments, format);
    vsnprintf(error->text + used, sizeof(error->text) - used, message, arguments);
    va_end(arguments);
    /* Names out of a hostile file must not reach a terminal as control sequences. */
    for (char *c = error->text; *c != '\0'; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7f) {
            *c = '?';
        }
    }
}

static void clear_host(struct board_host *host)
{
    free(host->name);
    free(host->compatible);
    free(host->ranges);
    free(host->specs);
}

static void clear_iommu(struct board_iommu *iommu)
{
    free(iommu->name);
    free(iommu->compatible);
    free(iommu->users);
    free(iommu->controllers);
}

void board_result_clear(struct board_result *result)
{
    free(result->file);
    free(result->model);
    for (size_t i = 0; i < result->controller_count; i++) {
        free(result->controllers[i].name);
        free(result->controllers[i].compatible);
    }
    free(result->controllers);
    for (size_t i = 0; i < result->iommu_count; i++) {
        clear_iommu(&result->iommus[i]);
    }
    free(result->iommus);
    for (size_t i = 0; i < result->host_count; i++) {
        clear_host(&result->hosts[i]);
    }
    free(result->hosts);
    verdict_list_clear(&result->verdicts);
    for (size_t i = 0; i < result->finding_count; i++) {
        free(result->findings[i].subject);
        free(result->findings[i].detail);
    }
    free(result->findings);
    memset(result, 0, sizeof(*result));
}
