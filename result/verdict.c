#include "result/verdict.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *grow(void *array, size_t count, size_t size)
{
    void *grown = realloc(array, (count + 1) * size);

    if (grown == NULL) {
        fputs("doorbell: out of memory\n", stderr);
        abort();
    }
    return grown;
}

static char *copy_string(const char *text)
{
    size_t size;
    char *copy;

    if (text == NULL) {
        return NULL;
    }
    size = strlen(text) + 1;
    copy = grow(NULL, 0, size);
    memcpy(copy, text, size);
    return copy;
}

static char *format_string(const char *format, va_list arguments)
{
    va_list again;
    int length;
    char *text;

    va_copy(again, arguments);
    length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (length < 0) {
        return copy_string(format);
    }
    text = grow(NULL, 0, (size_t)length + 1);
    vsnprintf(text, (size_t)length + 1, format, arguments);
    return text;
}

struct verdict *verdict_list_add(struct verdict_list *list, const char *name, enum verdict_outcome outcome,
                                 const char *summary_format, ...)
{
    struct verdict *verdict;
    va_list arguments;

    list->items = grow(list->items, list->count, sizeof(*list->items));
    verdict = &list->items[list->count++];
    memset(verdict, 0, sizeof(*verdict));
    verdict->name = name;
    verdict->outcome = outcome;
    if (list->outcomes_only) {
        list->unsaid.unsaid = true;
        verdict->unsaid = &list->unsaid;
        return verdict;
    }
    va_start(arguments, summary_format);
    verdict->summary = format_string(summary_format, arguments);
    va_end(arguments);
    return verdict;
}

struct verdict_evidence *verdict_add_evidence(struct verdict *verdict, const char *subject, const char *detail_format,
                                              ...)
{
    struct verdict_evidence *evidence;
    va_list arguments;

    if (verdict->unsaid != NULL) {
        return verdict->unsaid;
    }
    verdict->evidence = grow(verdict->evidence, verdict->evidence_count, sizeof(*verdict->evidence));
    evidence = &verdict->evidence[verdict->evidence_count++];
    memset(evidence, 0, sizeof(*evidence));
    evidence->subject = copy_string(subject);
    va_start(arguments, detail_format);
    evidence->detail = format_string(detail_format, arguments);
    va_end(arguments);
    return evidence;
}

struct verdict_device *verdict_evidence_add_device(struct verdict_evidence *evidence,
                                                   const struct verdict_device *device)
{
    struct verdict_device *copy;

    if (evidence->unsaid) {
        return NULL;
    }
    evidence->devices = grow(evidence->devices, evidence->device_count, sizeof(*evidence->devices));
    copy = &evidence->devices[evidence->device_count++];
    *copy = *device;
    copy->name = copy_string(device->name);
    copy->smmu = copy_string(device->smmu);
    copy->its = copy_string(device->its);
    return copy;
}

const char *verdict_outcome_name(enum verdict_outcome outcome)
{
    switch (outcome) {
    case VERDICT_HOLDS:
        return "holds";
    case VERDICT_VIOLATED:
        return "violated";
    case VERDICT_NOT_APPLICABLE:
        break;
    }
    return "not-applicable";
}

const struct verdict *verdict_list_find(const struct verdict_list *list, const char *name)
{
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->items[i].name, name) == 0) {
            return &list->items[i];
        }
    }
    return NULL;
}

static void clear_evidence(struct verdict_evidence *evidence)
{
    for (size_t i = 0; i < evidence->device_count; i++) {
        free(evidence->devices[i].name);
        free(evidence->devices[i].smmu);
        free(evidence->devices[i].its);
    }
    free(evidence->devices);
    free(evidence->subject);
    free(evidence->detail);
}

void verdict_list_clear(struct verdict_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        struct verdict *verdict = &list->items[i];

        for (size_t j = 0; j < verdict->evidence_count; j++) {
            clear_evidence(&verdict->evidence[j]);
        }
        free(verdict->evidence);
        free(verdict->summary);
    }
    free(list->items);
    list->items = NULL;
    list->count = 0;
}

static unsigned weight_of(enum verdict_outcome outcome)
{
    return outcome == VERDICT_VIOLATED ? 2 : outcome == VERDICT_HOLDS ? 1 : 0;
}

void verdict_list_merge(struct verdict_list *list, struct verdict_list *other)
{
    for (size_t i = 0; i < list->count && i < other->count; i++) {
        if (weight_of(other->items[i].outcome) > weight_of(list->items[i].outcome)) {
            struct verdict swapped = list->items[i];

            list->items[i] = other->items[i];
            other->items[i] = swapped;
        }
    }
    if (list->count == 0) {
        *list = *other;
        *other = (struct verdict_list){.items = NULL};
        return;
    }
    verdict_list_clear(other);
}
