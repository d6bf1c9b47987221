/* msi-isolated: no function can raise an interrupt of a function in another group. */
#include "host/assumptions_internal.h"

#include "sim/allocate.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Who is asked about. All in order of segment and requester ID. */
struct cast {
    uint32_t *senders; /* functions that have MSIs and a doorbell to send them to */
    uint32_t sender_count;
    uint32_t *sources; /* functions that can send requests of their own */
    uint32_t *ports; /* of each source: the lowest port above it that checks requester IDs; PCI_TREE_NONE: none does */
    uint32_t source_count;
    bool *involved; /* per function */
};

static bool apart(const struct judge *judge, uint32_t one, uint32_t other)
{
    return one != other && !group_same(judge->system->groups, one, other);
}

/* Two functions with MSIs whose messages an ITS cannot tell apart. */
static bool shares_device_id(const struct judge *judge, uint32_t one, uint32_t other)
{
    const struct assumption_function *a = &judge->system->functions[one];
    const struct assumption_function *b = &judge->system->functions[other];

    if (a->its != b->its || a->its == ASSUMPTION_NONE) {
        return false;
    }
    return (a->device_id == b->device_id && a->device_id != VERDICT_NO_ID) || a->no_device_id || b->no_device_id;
}

/*
 * A frame that cannot tell who writes (GICv2m) is mapped where a function of another group is that needs another frame:
 * for somebody else in its domain, or because both frames lie in one page (C6: with pages of 64 KiB what a function
 * needs is not all that it gets).
 */
static bool meets_in_page(const struct judge *judge, uint32_t one, uint32_t other)
{
    const struct assumption_function *a = &judge->system->functions[one];
    const struct assumption_function *b = &judge->system->functions[other];
    const struct assumption_domain *domain = judge_domain(judge, one);

    return b->no_device_id && a->its != b->its && domain != NULL && domain->translation == ASSUMPTION_TRANSLATED &&
           judge_domain_maps(domain, b->doorbell);
}

static bool same_mapping(const struct judge *judge, uint32_t one, uint32_t other)
{
    const struct assumption_function *functions = judge->system->functions;

    return judge_mapping_page(judge, one, functions[one].doorbell) ==
           judge_mapping_page(judge, one, functions[other].doorbell);
}

static uint32_t show_shared_pages(const struct judge *judge, const struct cast *cast, struct verdict *verdict)
{
    uint32_t shown = 0;

    for (uint32_t i = 0; i < cast->sender_count; i++) {
        const uint32_t one = cast->senders[i];
        struct verdict_evidence *evidence = NULL;

        for (uint32_t j = 0; j < cast->sender_count; j++) {
            const uint32_t other = cast->senders[j];
            char label[JUDGE_LABEL_SIZE];

            if (!apart(judge, one, other) || !meets_in_page(judge, one, other)) {
                continue;
            }
            if (evidence == NULL) {
                evidence =
                    verdict_add_evidence(verdict, judge_group_label(judge, one, label),
                                         "its domain maps doorbells of other groups that cannot tell who writes%s",
                                         same_mapping(judge, one, other) ? ", in the page with its own" : "");
                judge_add_function(judge, evidence, one, (struct assumption_tally){0, 0});
                shown++;
            }
            judge_add_function(judge, evidence, other, (struct assumption_tally){0, 0});
        }
    }
    return shown;
}

static uint32_t show_shared_ids(const struct judge *judge, const struct cast *cast, struct verdict *verdict)
{
    uint32_t shown = 0;

    for (uint32_t i = 0; i < cast->sender_count; i++) {
        uint32_t one = cast->senders[i];
        struct verdict_evidence *evidence = NULL;

        for (uint32_t j = i + 1; j < cast->sender_count; j++) {
            uint32_t other = cast->senders[j];
            char label[JUDGE_LABEL_SIZE];

            if (!apart(judge, one, other) || !shares_device_id(judge, one, other)) {
                continue;
            }
            if (evidence == NULL) {
                evidence = verdict_add_evidence(verdict, judge_group_label(judge, one, label),
                                                "the ITS cannot tell its messages from those of other groups");
                judge_add_function(judge, evidence, one, (struct assumption_tally){0, 0});
                shown++;
            }
            judge_add_function(judge, evidence, other, (struct assumption_tally){0, 0});
        }
    }
    return shown;
}

/* Whether requests of one function carry the requester ID of another one, of the same bus: a defect of devices. */
static bool sends_as(const struct judge *judge, uint32_t one, uint32_t other)
{
    const struct pci_tree_function *a = &judge->system->tree->functions[one];
    const struct pci_tree_function *b = &judge->system->tree->functions[other];
    unsigned number = b->rid & 0xffu;

    return (a->alias_devfns[number / 64] >> number % 64 & 1) != 0 && a->host_bridge == b->host_bridge &&
           pci_tree_rid_bus(a->rid) == pci_tree_rid_bus(b->rid) && judge_sends_msis(judge, one) &&
           judge_sends_msis(judge, other);
}

static uint32_t show_borrowed_ids(const struct judge *judge, struct verdict *verdict)
{
    const struct pci_tree *tree = judge->system->tree;
    uint32_t shown = 0;

    for (uint32_t i = 0; i < tree->function_count; i++) {
        const uint32_t one = judge_function_at(judge, i);
        const uint64_t *alias = tree->functions[one].alias_devfns;
        const bool any = (alias[0] | alias[1] | alias[2] | alias[3]) != 0;

        for (uint32_t j = 0; any && j < tree->function_count; j++) {
            const uint32_t other = judge_function_at(judge, j);
            struct verdict_evidence *evidence;
            char label[JUDGE_LABEL_SIZE];

            if (!apart(judge, one, other) || !sends_as(judge, one, other)) {
                continue;
            }
            evidence = verdict_add_evidence(verdict, judge_group_label(judge, one, label),
                                            "requests of %s carry the requester ID of %s, and software does not know",
                                            tree->functions[one].name, tree->functions[other].name);
            judge_add_function(judge, evidence, one, (struct assumption_tally){0, 0});
            judge_add_function(judge, evidence, other, (struct assumption_tally){0, 0});
            shown++;
        }
    }
    return shown;
}

/* The lowest port above a function that checks requester IDs; PCI_TREE_NONE if none does up to the root. */
static uint32_t validating_port(const struct pci_tree *tree, uint32_t function)
{
    uint32_t at = tree->functions[function].parent;

    while (at != PCI_TREE_NONE) {
        const struct pci_tree_function *port = &tree->functions[at];
        bool faces_down = port->type == PCI_TREE_ROOT_PORT || port->type == PCI_TREE_DOWNSTREAM_PORT;
        bool validates = port->acs.present && (port->acs.capability & port->acs.control & PCI_TREE_ACS_SV) != 0;

        if (faces_down && (validates || (port->quirks & PCI_TREE_QUIRK_ISOLATED) != 0)) {
            return at;
        }
        at = port->parent;
    }
    return PCI_TREE_NONE;
}

/* Functions of one physical device answer for each other's requester IDs: hardware gives those, not software. */
static bool same_device(const struct pci_tree *tree, uint32_t one, uint32_t other)
{
    const struct pci_tree_function *a = &tree->functions[one];
    const struct pci_tree_function *b = &tree->functions[other];

    if (a->parent != b->parent) {
        return false;
    }
    a = a->is_vf ? &tree->functions[a->physical_function] : a;
    b = b->is_vf ? &tree->functions[b->physical_function] : b;
    return a->rid >> 3 == b->rid >> 3;
}

/*
 * Whether requests of @p source under the requester ID of @p victim would pass every check on their way.
 * @param port the lowest above the source that validates
 */
static bool can_forge(const struct pci_tree *tree, uint32_t source, uint32_t port, uint32_t victim)
{
    const struct pci_tree_function *at = &tree->functions[victim];
    uint8_t bus = pci_tree_rid_bus(at->rid);

    /* What sits in the root complex has its requester ID from there. */
    if (tree->functions[source].parent == PCI_TREE_NONE || tree->functions[source].host_bridge != at->host_bridge ||
        same_device(tree, source, victim)) {
        return false;
    }
    return port == PCI_TREE_NONE ||
           (tree->functions[port].secondary <= bus && bus <= tree->functions[port].subordinate);
}

/* Functions whose requests are first checked at the same port can pretend the same: one evidence for all of them. */
struct forgers {
    const struct judge *judge;
    const struct cast *cast;
    uint32_t first;  /* number of the first source of them */
    uint32_t source; /* the first that can pose as a function of another group, and... */
    uint32_t victim; /* ...that one; PCI_TREE_NONE until one is found */
};

/* Whether two sources, by number, are first checked at the same place. */
static bool forge_alike(const struct forgers *forgers, uint32_t one, uint32_t other)
{
    const struct cast *cast = forgers->cast;
    const struct pci_tree_function *functions = forgers->judge->system->tree->functions;

    return cast->ports[one] == cast->ports[other] &&
           functions[cast->sources[one]].host_bridge == functions[cast->sources[other]].host_bridge;
}

/* Whether no source before a number is checked at the same place. */
static bool first_of_forgers(const struct forgers *forgers, uint32_t number)
{
    for (uint32_t i = 0; i < number; i++) {
        if (forge_alike(forgers, i, number)) {
            return false;
        }
    }
    return true;
}

static void find_forgeries(struct forgers *forgers)
{
    const struct judge *judge = forgers->judge;
    const struct cast *cast = forgers->cast;

    forgers->victim = PCI_TREE_NONE;
    memset(cast->involved, 0, judge->system->tree->function_count * sizeof(*cast->involved));
    for (uint32_t i = forgers->first; i < cast->source_count; i++) {
        uint32_t source = cast->sources[i];

        for (uint32_t j = 0; j < cast->sender_count && forge_alike(forgers, i, forgers->first); j++) {
            uint32_t victim = cast->senders[j];

            if (!apart(judge, source, victim) || !can_forge(judge->system->tree, source, cast->ports[i], victim)) {
                continue;
            }
            cast->involved[source] = true;
            cast->involved[victim] = true;
            if (forgers->victim == PCI_TREE_NONE) {
                forgers->source = source;
                forgers->victim = victim;
            }
        }
    }
}

static void show_forgers(const struct forgers *forgers, struct verdict *verdict)
{
    const struct judge *judge = forgers->judge;
    const struct pci_tree *tree = judge->system->tree;
    const uint32_t port = forgers->cast->ports[forgers->first];
    struct verdict_evidence *evidence;
    char one[JUDGE_LABEL_SIZE];
    char other[JUDGE_LABEL_SIZE];
    char subject[2 * JUDGE_LABEL_SIZE + 8];

    if (judge->list->outcomes_only) {
        return;
    }
    snprintf(subject, sizeof(subject), "%s and %s", judge_group_label(judge, forgers->source, one),
             judge_group_label(judge, forgers->victim, other));
    evidence = verdict_add_evidence(
        verdict, subject, "a device in the place of %s can send under the requester ID of %s: %s%s",
        tree->functions[forgers->source].name, tree->functions[forgers->victim].name,
        port == PCI_TREE_NONE ? "no port on its way validates sources (ACS)" : "the first port to validate is ",
        port == PCI_TREE_NONE ? "" : tree->functions[port].name);
    for (uint32_t i = 0; i < tree->function_count; i++) {
        uint32_t function = judge_function_at(judge, i);

        if (forgers->cast->involved[function]) {
            judge_add_function(judge, evidence, function, (struct assumption_tally){0, 0});
        }
    }
}

static uint32_t show_forgeries(const struct judge *judge, const struct cast *cast, struct verdict *verdict)
{
    struct forgers forgers = {.judge = judge, .cast = cast};
    uint32_t shown = 0;

    for (forgers.first = 0; forgers.first < cast->source_count; forgers.first++) {
        if (!first_of_forgers(&forgers, forgers.first)) {
            continue;
        }
        find_forgeries(&forgers);
        if (forgers.victim != PCI_TREE_NONE) {
            show_forgers(&forgers, verdict);
            shown++;
        }
    }
    return shown;
}

static uint32_t show_foreign_interrupts(const struct judge *judge, struct verdict *verdict)
{
    uint32_t shown = 0;

    for (uint32_t i = 0; judge->observed != NULL && i < judge->system->tree->function_count; i++) {
        uint32_t function = judge_function_at(judge, i);
        const struct assumption_observation *seen = &judge->observed[function];
        struct verdict_evidence *evidence;
        char label[JUDGE_LABEL_SIZE];

        if (seen->foreign.count == 0 || !apart(judge, function, seen->foreign_owner)) {
            continue;
        }
        evidence =
            verdict_add_evidence(verdict, judge_group_label(judge, function, label), "its MSIs raised interrupts of %s",
                                 judge->system->tree->functions[seen->foreign_owner].name);
        judge_add_function(judge, evidence, function, seen->foreign);
        judge_add_function(judge, evidence, seen->foreign_owner, (struct assumption_tally){0, 0});
        shown++;
    }
    return shown;
}

/* @return in one piece of memory, at `senders` */
static struct cast make_cast(const struct judge *judge)
{
    const struct pci_tree *tree = judge->system->tree;
    const size_t count = tree->function_count;
    struct cast cast = {.senders = sim_allocate(3 * count, sizeof(uint32_t) + sizeof(bool))};

    cast.sources = cast.senders + count;
    cast.ports = cast.sources + count;
    cast.involved = (bool *)(cast.ports + count);
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t function = judge_function_at(judge, i);

        if (judge_sends_msis(judge, function)) {
            cast.senders[cast.sender_count++] = function;
        }
        if (pci_tree_is_requester(&tree->functions[function])) {
            cast.sources[cast.source_count] = function;
            cast.ports[cast.source_count++] = validating_port(tree, function);
        }
    }
    return cast;
}

void judge_msi_isolated(const struct judge *judge)
{
    struct verdict *verdict = judge_open(judge, ASSUMPTION_MSI_ISOLATED);
    const struct cast cast = make_cast(judge);
    uint32_t shown;

    shown = show_shared_ids(judge, &cast, verdict);
    shown += show_borrowed_ids(judge, verdict);
    shown += show_shared_pages(judge, &cast, verdict);
    shown += show_forgeries(judge, &cast, verdict);
    shown += show_foreign_interrupts(judge, verdict);
    free(cast.senders);
    if (cast.sender_count == 0) {
        judge_conclude(verdict, VERDICT_NOT_APPLICABLE, "no function has MSIs and a doorbell to send them to");
    } else if (shown != 0) {
        judge_conclude(verdict, VERDICT_VIOLATED,
                       "interrupts of one group can be raised from another, in %" PRIu32 " way%s", shown,
                       shown == 1 ? "" : "s");
    } else {
        judge_conclude(verdict, VERDICT_HOLDS, "no function can raise an interrupt of another group");
    }
}
