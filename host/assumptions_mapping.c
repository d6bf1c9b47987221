/* What the translation does to MSIs: the doorbell is mapped, in the primary domain, and nothing is in its way. */
#include "host/assumptions_internal.h"

#include <inttypes.h>
#include <stdio.h>

static const struct assumption_tally nothing_seen = {0, 0};

static struct assumption_tally faults_of(const struct judge *judge, uint32_t function)
{
    return judge->observed == NULL ? nothing_seen : judge->observed[function].lost[SIM_DROP_SMMU_FAULT];
}

/* doorbell-mapped */

/* MSIs of a run that the translation took to a page that is not their function's own doorbell. */
static struct assumption_tally misled(const struct judge *judge, uint32_t function)
{
    struct assumption_tally tally = {0, 0};

    for (size_t i = 0; judge->observed != NULL && i < judge->observed[function].hit_count; i++) {
        const struct assumption_hit *hit = &judge->observed[function].hits[i];

        if (judge->system->functions[function].doorbell != VERDICT_NO_ID &&
            judge_page(hit->doorbell) != judge_page(judge->system->functions[function].doorbell)) {
            tally.first_packet = tally.count == 0 || hit->tally.first_packet < tally.first_packet
                                     ? hit->tally.first_packet
                                     : tally.first_packet;
            tally.count += hit->tally.count;
        }
    }
    return tally;
}

/* What shows that the mapping fails: faults, or else MSIs that went astray. */
static struct assumption_tally failures_of(const struct judge *judge, uint32_t function)
{
    struct assumption_tally faults = faults_of(judge, function);

    return faults.count != 0 ? faults : misled(judge, function);
}

/* Whether software has given a function a way for its messages that can be looked at. */
static bool has_way(const struct judge *judge, uint32_t function)
{
    const struct assumption_function *at = &judge->system->functions[function];

    return judge_sends_msis(judge, function) && !at->messages_off &&
           (judge_domain(judge, function) != NULL || at->refused);
}

/* Whether the mapping of a function's doorbell can be judged: its MSIs pass an SMMU, and (in a run) it sent some. */
static bool mapping_matters(const struct judge *judge, uint32_t function)
{
    if (judge->system->functions[function].smmu == ASSUMPTION_NONE) {
        return false;
    }
    if (judge->observed == NULL) {
        return has_way(judge, function);
    }
    return judge->observed[function].hit_count != 0 || faults_of(judge, function).count != 0 ||
           (judge_sent_msis(judge, function) && has_way(judge, function));
}

/* Whether physical addresses of a function that is attached to nothing get through: only if nothing is translated. */
static bool passes_where_met(const struct judge *judge, const struct assumption_function *at)
{
    return at->met < judge->system->domain_count && judge->system->domains[at->met].translation == ASSUMPTION_BYPASS;
}

static bool mapping_fails(const struct judge *judge, uint32_t function)
{
    const struct assumption_function *at = &judge->system->functions[function];

    /* Where no MSI came as far as the SMMU, a run is no wiser than a check. */
    if (judge->observed != NULL &&
        (judge->observed[function].hit_count != 0 || failures_of(judge, function).count != 0)) {
        return failures_of(judge, function).count != 0;
    }
    if (at->refused) {
        return !passes_where_met(judge, at);
    }
    if (at->message_known) {
        return at->message_leads_to == VERDICT_NO_ID || judge_page(at->message_leads_to) != judge_page(at->doorbell);
    }
    return !judge_domain_maps(judge_domain(judge, function), at->doorbell);
}

/* Whether messages that are mapped now had no way for a while: their function went from one stage 2 to another. */
static bool had_gap(const struct judge *judge, uint32_t function)
{
    return judge->system->functions[function].message_gap && mapping_matters(judge, function) &&
           !mapping_fails(judge, function);
}

static uint32_t show_gaps(const struct judge *judge, struct verdict *verdict)
{
    struct verdict_evidence *evidence = NULL;
    uint32_t count = 0;

    for (uint32_t i = 0; i < judge->system->tree->function_count; i++) {
        uint32_t function = judge_function_at(judge, i);

        if (!had_gap(judge, function)) {
            continue;
        }
        if (evidence == NULL) {
            evidence = verdict_add_evidence(verdict, "from one stage 2 to another",
                                            "with MSIs switched on: the stream table entry is invalid in between, "
                                            "and what comes then is terminated%s",
                                            judge->observed == NULL ? "" : "; nothing came");
        }
        judge_add_function(judge, evidence, function, nothing_seen);
        count++;
    }
    return count;
}

static struct verdict_evidence *open_mapping_evidence(const struct judge *judge, struct verdict *verdict,
                                                      uint32_t domain)
{
    char subject[128];

    if (domain >= judge->system->domain_count) {
        return verdict_add_evidence(verdict, "no domain", "MSIs of functions that are attached to none");
    }
    snprintf(subject, sizeof(subject), "domain %s", judge->system->domains[domain].name);
    if (judge->observed != NULL) {
        return verdict_add_evidence(verdict, subject,
                                    "MSIs faulted on their way to the doorbell, or were taken to another");
    }
    if (judge->system->domains[domain].translation == ASSUMPTION_BLOCKED) {
        return verdict_add_evidence(verdict, subject, "blocks every request, MSIs included");
    }
    return verdict_add_evidence(verdict, subject, "does not take the messages of these functions to their doorbell");
}

static uint32_t show_unmapped(const struct judge *judge, struct verdict *verdict, uint32_t domain)
{
    struct verdict_evidence *evidence = NULL;
    uint32_t failing = 0;

    for (uint32_t i = 0; i < judge->system->tree->function_count; i++) {
        uint32_t function = judge_function_at(judge, i);
        uint32_t its_domain = judge->system->functions[function].domain;

        if ((its_domain < judge->system->domain_count ? its_domain : judge->system->domain_count) != domain ||
            !mapping_matters(judge, function) || !mapping_fails(judge, function)) {
            continue;
        }
        if (evidence == NULL) {
            evidence = open_mapping_evidence(judge, verdict, domain);
        }
        judge_add_function(judge, evidence, function, failures_of(judge, function));
        failing++;
    }
    return failing;
}

void judge_doorbell_mapped(const struct judge *judge)
{
    struct verdict *verdict = judge_open(judge, ASSUMPTION_DOORBELL_MAPPED);
    uint32_t judged = 0;
    uint32_t failing = 0;
    uint32_t gaps;

    for (uint32_t i = 0; i < judge->system->tree->function_count; i++) {
        judged += mapping_matters(judge, i) ? 1u : 0u;
    }
    /* One round more than there are domains: the functions of none. */
    for (uint32_t domain = 0; domain <= judge->system->domain_count; domain++) {
        failing += show_unmapped(judge, verdict, domain);
    }
    gaps = show_gaps(judge, verdict);
    failing += gaps;
    if (judged == 0) {
        judge_conclude(verdict, VERDICT_NOT_APPLICABLE, "no function %s through an SMMU",
                       judge->observed == NULL ? "with a domain has MSIs that go" : "sent an MSI");
    } else if (failing != 0) {
        judge_conclude(verdict, VERDICT_VIOLATED, "MSIs of %" PRIu32 " of %" PRIu32 " functions %s", failing, judged,
                       gaps == failing           ? "have no way to their doorbell for a while"
                       : judge->observed == NULL ? "have no way to their doorbell"
                                                 : "faulted in the SMMU or went astray");
    } else {
        judge_conclude(verdict, VERDICT_HOLDS, "the MSIs of %" PRIu32 " function%s %s", judged, judged == 1 ? "" : "s",
                       judge->observed == NULL ? "have a way through their domain" : "passed the SMMU without a fault");
    }
}

/* msi-in-primary-domain */

static const char *auxiliary_that_maps(const struct judge *judge, uint32_t function)
{
    const struct assumption_function *at = &judge->system->functions[function];

    for (size_t i = 0; i < at->pasid_count; i++) {
        uint32_t domain = at->pasids[i].domain;

        if (domain < judge->system->domain_count && judge_domain_maps(&judge->system->domains[domain], at->doorbell)) {
            return judge->system->domains[domain].name;
        }
    }
    return NULL;
}

static void show_not_in_primary(const struct judge *judge, struct verdict *verdict, uint32_t function)
{
    const struct assumption_domain *primary = judge_domain(judge, function);
    const char *auxiliary = auxiliary_that_maps(judge, function);
    struct verdict_evidence *evidence;
    char label[JUDGE_LABEL_SIZE];

    evidence =
        verdict_add_evidence(verdict, judge_group_label(judge, function, label),
                             "MSIs carry no PASID, and primary domain %s does not map the doorbell%s%s%s",
                             primary == NULL ? "(none)" : primary->name, auxiliary == NULL ? "" : "; auxiliary domain ",
                             auxiliary == NULL ? "" : auxiliary, auxiliary == NULL ? "" : " does");
    judge_add_function(judge, evidence, function, faults_of(judge, function));
}

void judge_msi_in_primary_domain(const struct judge *judge)
{
    struct verdict *verdict = judge_open(judge, ASSUMPTION_MSI_IN_PRIMARY_DOMAIN);
    uint32_t judged = 0;
    uint32_t failing = 0;

    for (uint32_t i = 0; i < judge->system->tree->function_count; i++) {
        uint32_t function = judge_function_at(judge, i);
        const struct assumption_function *at = &judge->system->functions[function];
        const struct assumption_domain *primary = judge_domain(judge, function);

        if (at->pasid_count == 0 || !judge_sends_msis(judge, function)) {
            continue;
        }
        judged++;
        if (primary == NULL || !judge_domain_maps(primary, at->doorbell)) {
            show_not_in_primary(judge, verdict, function);
            failing++;
        }
    }
    if (judged == 0) {
        judge_conclude(verdict, VERDICT_NOT_APPLICABLE, "no function with MSIs uses PASIDs");
    } else if (failing != 0) {
        judge_conclude(verdict, VERDICT_VIOLATED,
                       "%" PRIu32 " of %" PRIu32 " functions with PASIDs lack their doorbell in the primary domain",
                       failing, judged);
    } else {
        judge_conclude(verdict, VERDICT_HOLDS,
                       "the doorbell is in the primary domain of %" PRIu32 " function%s with PASIDs", judged,
                       judged == 1 ? "" : "s");
    }
}
