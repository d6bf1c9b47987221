#include "report/topology_fold.h"

#include "result/verdict.h"
#include "sim/allocate.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/** Deeper trees than PCI can have are cut. */
#define MOST_DEPTH 256

/** What is known of each function while folding. */
struct folding {
    const struct topology *topology;
    uint64_t *likeness; /**< equal for those that are alike, with all below them */
    uint32_t *sizes;    /**< functions below, and itself */
    bool *holds_mark;   /**< it, or one below it, is marked */
    bool *folded;       /**< it is not drawn */
    struct topology_fold *fold;
};

bool topology_is_device(const struct topology_function *function)
{
    return function->kind == TOPOLOGY_ENDPOINT || function->kind == TOPOLOGY_VIRTUAL_FUNCTION;
}

void topology_domain_text(const struct topology_function *function, char *text, size_t size)
{
    char own[32];
    size_t length = function->domain == NULL ? 0 : strlen(function->domain);
    size_t end = (size_t)snprintf(own, sizeof(own), " of group %" PRIu32, function->group);

    snprintf(text, size, "%s", function->domain == NULL ? "" : function->domain);
    if (length > end && length < size && strcmp(text + length - end, own) == 0) {
        text[length - end] = '\0';
    }
}

/* ---- Likeness ---- */

/** FNV-1a, over the bytes of a text and its end. */
static uint64_t mix_text(uint64_t hash, const char *text)
{
    for (; text != NULL && *text != '\0'; text++) {
        hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
    }
    return (hash ^ 0xff) * UINT64_C(0x100000001b3);
}

static uint64_t mix_number(uint64_t hash, uint64_t number)
{
    for (unsigned i = 0; i < 8; i++, number >>= 8) {
        hash = (hash ^ (number & 0xff)) * UINT64_C(0x100000001b3);
    }
    return hash;
}

/** A function without those below it: its kind and controls, where its interrupts go, what it is attached to. */
static uint64_t own_likeness(const struct topology *topology, const struct topology_function *function)
{
    const struct topology_function *parent =
        function->parent == TOPOLOGY_NONE ? NULL : &topology->functions[function->parent];
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    char domain[96];

    topology_domain_text(function, domain, sizeof(domain));
    hash = mix_number(hash, function->kind);
    hash = mix_text(hash, function->acs);
    hash = mix_number(hash, function->smmu);
    hash = mix_number(hash, function->its);
    hash = mix_number(hash, function->doorbell);
    hash = mix_number(hash, function->device_id == VERDICT_NO_ID);
    hash = mix_number(hash,
                      (function->group == TOPOLOGY_NONE) + 2u * (parent != NULL && parent->group == function->group));
    return mix_text(hash, domain);
}

/** Bridges stand before what is below them: from the end on, what is below is known. */
static void find_likeness(struct folding *folding)
{
    const struct topology *topology = folding->topology;

    for (size_t i = topology->function_count; i > 0; i--) {
        const struct topology_function *function = &topology->functions[i - 1];

        /* In this place are the sums over what is below; the order of these makes no difference. */
        folding->likeness[i - 1] =
            mix_number(own_likeness(topology, function), folding->likeness[i - 1]) * UINT64_C(0x9e3779b97f4a7c15);
        folding->sizes[i - 1]++;
        if (function->parent != TOPOLOGY_NONE) {
            folding->likeness[function->parent] += folding->likeness[i - 1];
            folding->sizes[function->parent] += folding->sizes[i - 1];
            folding->holds_mark[function->parent] |= folding->holds_mark[i - 1];
        }
    }
}

/* ---- Choosing ---- */

static void add_node(struct folding *folding, uint32_t function, uint32_t parent)
{
    folding->fold->nodes[folding->fold->count++] = (struct topology_node){.function = function, .parent = parent};
}

static bool are_siblings(const struct topology *topology, uint32_t one, uint32_t other)
{
    return topology->functions[one].parent == topology->functions[other].parent &&
           topology->functions[one].host == topology->functions[other].host;
}

/**
 * Folds the later siblings that are like a function.
 * @param node receives what stands for them; `like` stays 0 if there are fewer than two, who are drawn
 */
static void fold_siblings(struct folding *folding, uint32_t function, struct topology_node *node)
{
    const struct topology *topology = folding->topology;
    const uint32_t group = topology->functions[function].group;
    uint32_t like = 0;

    for (int pass = 0; pass < 2; pass++) {
        if (pass == 1 && like < 2) {
            return;
        }
        for (uint32_t i = function + 1; i < topology->function_count; i++) {
            const bool same = topology->functions[i].group == group;

            if (!are_siblings(topology, function, i) || folding->likeness[i] != folding->likeness[function] ||
                folding->holds_mark[i] || folding->folded[i] || (like > 0 && same != node->one_group)) {
                continue;
            }
            node->one_group = same;
            if (pass == 0) {
                like++;
            } else {
                folding->folded[i] = true;
                node->like++;
                node->hidden += folding->sizes[i];
            }
        }
    }
}

/** Adds what is below a node, or on a root bus. */
static void add_below(struct folding *folding, uint32_t host, uint32_t parent, uint32_t parent_node, unsigned depth)
{
    const struct topology *topology = folding->topology;

    for (uint32_t i = parent == TOPOLOGY_NONE ? 0 : parent + 1; i < topology->function_count && depth < MOST_DEPTH;
         i++) {
        const struct topology_function *function = &topology->functions[i];
        struct topology_node others = {.function = i, .parent = parent_node};

        if (function->host != host || function->parent != parent || folding->folded[i]) {
            continue;
        }
        add_node(folding, i, parent_node);
        add_below(folding, host, i, (uint32_t)folding->fold->count - 1, depth + 1);
        if (topology->function_count > TOPOLOGY_WHOLE) {
            fold_siblings(folding, i, &others);
        }
        if (others.like > 0) {
            folding->fold->nodes[folding->fold->count++] = others;
        }
    }
}

void topology_fold_make(const struct topology *topology, const uint32_t *marked, size_t count,
                        struct topology_fold *fold)
{
    const size_t limit = topology->function_count + 1;
    struct folding folding = {.topology = topology, .fold = fold};

    folding.likeness = sim_allocate(limit, sizeof(*folding.likeness));
    folding.sizes = sim_allocate(limit, sizeof(*folding.sizes));
    folding.holds_mark = sim_allocate(limit, sizeof(*folding.holds_mark));
    folding.folded = sim_allocate(limit, sizeof(*folding.folded));
    fold->nodes = sim_allocate(limit, sizeof(*fold->nodes)); /* a node for others is there in place of two of them */
    fold->count = 0;
    for (size_t i = 0; i < count; i++) {
        folding.holds_mark[marked[i]] = true;
    }
    find_likeness(&folding);
    for (size_t i = 0; i < topology->host_count; i++) {
        add_below(&folding, (uint32_t)i, TOPOLOGY_NONE, TOPOLOGY_NONE, 0);
    }
    free(folding.likeness);
    free(folding.sizes);
    free(folding.holds_mark);
    free(folding.folded);
}

void topology_fold_clear(struct topology_fold *fold)
{
    free(fold->nodes);
    *fold = (struct topology_fold){.nodes = NULL};
}
