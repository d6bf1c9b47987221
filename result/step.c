#include "result/step.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *checked(void *memory)
{
    if (memory == NULL) {
        fputs("doorbell: out of memory\n", stderr);
        abort();
    }
    return memory;
}

static char *copy(const char *text)
{
    return strcpy(checked(malloc(strlen(text) + 1)), text);
}

struct run_step *step_list_add(struct step_list *list, const char *name, const char *what, const char *outcome,
                               const char *reason)
{
    struct run_step *step;

    list->items = checked(realloc(list->items, (list->count + 1) * sizeof(*list->items)));
    step = &list->items[list->count++];
    *step = (struct run_step){.name = copy(name),
                              .what = copy(what),
                              .outcome = copy(outcome),
                              .reason = reason == NULL || reason[0] == '\0' ? NULL : copy(reason),
                              .begin = SIM_TIME_NEVER,
                              .end = SIM_TIME_NEVER};
    return step;
}

const struct run_step *step_list_find(const struct step_list *list, const char *name)
{
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->items[i].name, name) == 0) {
            return &list->items[i];
        }
    }
    return NULL;
}

void step_list_clear(struct step_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->items[i].name);
        free(list->items[i].what);
        free(list->items[i].outcome);
        free(list->items[i].reason);
    }
    free(list->items);
    list->items = NULL;
    list->count = 0;
}
