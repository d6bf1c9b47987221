#include "report/group_reason.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/** Reasons under way. */
struct reasons {
    const struct topology *topology;
    char (*texts)[GROUP_REASON_BYTES];
    size_t count;
    size_t limit;
};

static char *next_text(struct reasons *reasons)
{
    return reasons->count < reasons->limit ? reasons->texts[reasons->count++] : NULL;
}

/** The controls without which a port does not keep apart what is below it, by what of a list is missing in another. */
static void list_missing(const char *acs, char *missing, size_t size)
{
    static const char *const required[] = {"SV", "RR", "CR", "UF"};

    missing[0] = '\0';
    for (size_t i = 0; i < sizeof(required) / sizeof(required[0]); i++) {
        if (strstr(acs, required[i]) == NULL) {
            const size_t length = strlen(missing);

            snprintf(missing + length, size - length, "%s%s", length == 0 ? "" : ", ", required[i]);
        }
    }
}

/** A port that is no barrier. */
static void add_port(struct reasons *reasons, const struct topology_function *port)
{
    const char *kind = topology_kind_name(port->kind);
    char missing[32];
    char *text;

    list_missing(port->acs == NULL ? "" : port->acs, missing, sizeof(missing));
    if (missing[0] == '\0' || (text = next_text(reasons)) == NULL) {
        return;
    }
    if (port->acs == NULL) {
        snprintf(text, GROUP_REASON_BYTES, "%s %.60s has no ACS: what is below it may reach what is beside it", kind,
                 port->name);
    } else if (strcmp(port->acs, "off") == 0) {
        snprintf(text, GROUP_REASON_BYTES, "%s %.60s has ACS, with every control off: %s are needed", kind, port->name,
                 missing);
    } else {
        snprintf(text, GROUP_REASON_BYTES, "%s %.60s has ACS with %s, but not %s", kind, port->name, port->acs,
                 missing);
    }
}

static void add_bridge(struct reasons *reasons, const struct topology_function *bridge)
{
    char *text = next_text(reasons);

    if (text != NULL) {
        snprintf(text, GROUP_REASON_BYTES,
                 "bridge %.60s: requests of what is below it carry a requester ID that is the bridge's (an alias)",
                 bridge->name);
    }
}

static bool is_above(const struct topology *topology, uint32_t function, uint32_t of)
{
    for (uint32_t at = topology->functions[of].parent; at != TOPOLOGY_NONE; at = topology->functions[at].parent) {
        if (at == function) {
            return true;
        }
    }
    return false;
}

/** Two functions of one device have no port between them: only their own ACS would keep them apart. */
static void add_device(struct reasons *reasons, uint32_t one, uint32_t other)
{
    const struct topology_function *first = &reasons->topology->functions[one];
    const struct topology_function *second = &reasons->topology->functions[other];
    char *text;

    if (first->host != second->host || first->rid >> 3 != second->rid >> 3 || first->parent != second->parent ||
        (text = next_text(reasons)) == NULL) {
        return;
    }
    snprintf(text, GROUP_REASON_BYTES, "%.60s and %.60s are functions of one device, without ACS between them",
             first->name, second->name);
}

/** Finds two different functions, if all of them are in one group. */
static bool find_pair(const struct topology *topology, const uint32_t *functions, size_t count, uint32_t *one,
                      uint32_t *other)
{
    *one = TOPOLOGY_NONE;
    *other = TOPOLOGY_NONE;
    for (size_t i = 0; i < count; i++) {
        if (functions[i] == TOPOLOGY_NONE) {
            continue;
        }
        if (*one == TOPOLOGY_NONE) {
            *one = functions[i];
        } else if (topology->functions[functions[i]].group != topology->functions[*one].group) {
            return false;
        } else if (*other == TOPOLOGY_NONE && functions[i] != *one) {
            *other = functions[i];
        }
    }
    return *other != TOPOLOGY_NONE && topology->functions[*one].group != TOPOLOGY_NONE;
}

size_t group_reasons(const struct topology *topology, const uint32_t *functions, size_t count,
                     char (*reasons)[GROUP_REASON_BYTES], size_t limit)
{
    struct reasons found = {.topology = topology, .texts = reasons, .limit = limit};
    uint32_t one;
    uint32_t other;
    uint32_t group;

    if (!find_pair(topology, functions, count, &one, &other)) {
        return 0;
    }
    group = topology->functions[one].group;
    add_device(&found, one, other);
    for (uint32_t i = 0; i < topology->function_count; i++) {
        const struct topology_function *function = &topology->functions[i];

        if ((function->group != group && function->group != TOPOLOGY_NONE) ||
            (!is_above(topology, i, one) && !is_above(topology, i, other))) {
            continue;
        }
        if (function->kind == TOPOLOGY_BRIDGE) {
            add_bridge(&found, function);
        } else if (function->kind == TOPOLOGY_ROOT_PORT || function->kind == TOPOLOGY_DOWNSTREAM_PORT) {
            add_port(&found, function);
        }
    }
    if (found.count == 0 && next_text(&found) != NULL) {
        snprintf(reasons[0], GROUP_REASON_BYTES, "the rule that the software forms groups by puts them together");
    }
    return found.count;
}
