#include "host/assumptions.h"

#include "host/assumptions_internal.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    void (*judge)(const struct judge *judge);
} assumptions[ASSUMPTION_COUNT] = {
    {ASSUMPTION_DOORBELL_PER_GROUP, judge_doorbell_per_group},
    {ASSUMPTION_DOORBELL_PER_DOMAIN, judge_doorbell_per_domain},
    {ASSUMPTION_GROUP_COVERS_REACH, judge_group_covers_reach},
    {ASSUMPTION_DOORBELL_MAPPED, judge_doorbell_mapped},
    {ASSUMPTION_MSI_WINDOW_FREE, judge_msi_window_free},
    {ASSUMPTION_MSI_IN_PRIMARY_DOMAIN, judge_msi_in_primary_domain},
    {ASSUMPTION_PASID_CONSISTENT, judge_pasid_consistent},
    {ASSUMPTION_ONE_VIOMMU_PER_SMMU, judge_one_viommu_per_smmu},
    {ASSUMPTION_GUEST_OWNED_MSI, judge_guest_owned_msi},
    {ASSUMPTION_MSI_ISOLATED, judge_msi_isolated},
    {ASSUMPTION_DATA_BEFORE_INTERRUPT, judge_data_before_interrupt},
};

const char *assumption_name(unsigned index)
{
    return assumptions[index].name;
}

void assumption_function_init(struct assumption_function *function)
{
    memset(function, 0, sizeof(*function));
    function->smmu = ASSUMPTION_NONE;
    function->stream_id = VERDICT_NO_ID;
    function->its = ASSUMPTION_NONE;
    function->device_id = VERDICT_NO_ID;
    function->doorbell = VERDICT_NO_ID;
    function->domain = ASSUMPTION_NONE;
    function->met = ASSUMPTION_NONE;
    function->vm = ASSUMPTION_NONE;
    function->viommu = ASSUMPTION_NONE;
    function->guest_doorbell = VERDICT_NO_ID;
    function->guest_lpi_owner = ASSUMPTION_NONE;
}

static void judge_all(const struct judge *judge)
{
    for (unsigned i = 0; i < ASSUMPTION_COUNT; i++) {
        assumptions[i].judge(judge);
    }
}

void assumptions_check(const struct assumption_system *system, struct verdict_list *list)
{
    struct judge judge = {.system = system, .observed = NULL, .list = list};

    judge_all(&judge);
}

enum verdict_outcome assumptions_outcome(const struct assumption_system *system, unsigned index)
{
    struct verdict_list list = {.outcomes_only = true};
    const struct judge judge = {.system = system, .observed = NULL, .list = &list};
    enum verdict_outcome outcome;

    assumptions[index].judge(&judge);
    outcome = list.items[0].outcome;
    verdict_list_clear(&list);
    return outcome;
}

void assumptions_observe(const struct assumption_system *system, const struct assumption_observation *observations,
                         struct verdict_list *list)
{
    struct judge judge = {.system = system, .observed = observations, .list = list};

    judge_all(&judge);
}

struct verdict *judge_open(const struct judge *judge, const char *name)
{
    return verdict_list_add(judge->list, name, VERDICT_NOT_APPLICABLE, "%s", "");
}

void judge_conclude(struct verdict *verdict, enum verdict_outcome outcome, const char *format, ...)
{
    va_list arguments;
    va_list again;
    int length;

    verdict->outcome = outcome;
    if (verdict->unsaid != NULL) {
        return;
    }
    va_start(arguments, format);
    va_copy(again, arguments);
    length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    free(verdict->summary);
    verdict->summary = length < 0 ? NULL : malloc((size_t)length + 1);
    if (verdict->summary == NULL) {
        fputs("doorbell: out of memory\n", stderr);
        abort();
    }
    vsnprintf(verdict->summary, (size_t)length + 1, format, arguments);
    va_end(arguments);
}

uint32_t judge_function_at(const struct judge *judge, uint32_t position)
{
    return judge->system->tree->by_rid[position];
}

bool judge_sends_msis(const struct judge *judge, uint32_t function)
{
    const struct pci_tree_function *at = &judge->system->tree->functions[function];

    return (at->msi_vectors != 0 || at->msix_vectors != 0) &&
           judge->system->functions[function].doorbell != VERDICT_NO_ID;
}

static bool is_same_page(uint64_t one, uint64_t other)
{
    return judge_page(one) == judge_page(other);
}

/** Whether a run's MSIs of a function include some that never got to the doorbell that the function is meant for. */
static bool missed_its_own(const struct judge *judge, uint32_t function)
{
    const struct assumption_observation *seen = &judge->observed[function];
    uint64_t own = judge->system->functions[function].doorbell;

    if (own == VERDICT_NO_ID || !judge_sent_msis(judge, function)) {
        return false;
    }
    for (size_t i = 0; i < seen->hit_count; i++) {
        if (is_same_page(seen->hits[i].doorbell, own)) {
            return false;
        }
    }
    return true;
}

/** Whether software has told a function to write somewhere else than to its own doorbell. */
static bool is_led_astray(const struct judge *judge, uint32_t function)
{
    const struct assumption_function *at = &judge->system->functions[function];

    return !at->message_at_no_doorbell && at->message_known && at->message_leads_to != VERDICT_NO_ID &&
           !is_same_page(at->message_leads_to, at->doorbell);
}

bool judge_sent_msis(const struct judge *judge, uint32_t function)
{
    const struct assumption_observation *seen = &judge->observed[function];
    uint64_t lost = 0;

    for (unsigned i = 0; i < SIM_DROP_REASONS; i++) {
        lost += seen->lost[i].count;
    }
    return seen->hit_count != 0 || lost != 0;
}

size_t judge_use_count(const struct judge *judge, uint32_t function)
{
    if (judge->observed != NULL) {
        return judge->observed[function].hit_count + (missed_its_own(judge, function) ? 1 : 0);
    }
    if (!judge_sends_msis(judge, function)) {
        return 0;
    }
    return is_led_astray(judge, function) ? 2 : 1;
}

struct doorbell_use judge_use(const struct judge *judge, uint32_t function, size_t index)
{
    const struct assumption_function *at = &judge->system->functions[function];
    struct doorbell_use use = {.doorbell = at->doorbell, .its = at->its, .tally = {0, 0}};

    if (judge->observed != NULL && index < judge->observed[function].hit_count) {
        const struct assumption_hit *hit = &judge->observed[function].hits[index];

        use.doorbell = hit->doorbell;
        use.its = hit->its;
        use.tally = hit->tally;
    } else if (judge->observed == NULL && index == 1) {
        use.doorbell = at->message_leads_to;
        use.its = ASSUMPTION_NONE;
    }
    return use;
}

uint64_t judge_page(uint64_t address)
{
    return address & ~(ASSUMPTION_PAGE_SIZE - 1);
}

uint64_t judge_mapping_bytes(const struct judge *judge, uint32_t function)
{
    const struct assumption_domain *domain = judge_domain(judge, function);
    const uint64_t page = domain != NULL ? domain->page : judge->system->page;

    return page != 0 ? page : ASSUMPTION_PAGE_SIZE;
}

uint64_t judge_mapping_page(const struct judge *judge, uint32_t function, uint64_t address)
{
    return address & ~(judge_mapping_bytes(judge, function) - 1);
}

const struct assumption_domain *judge_domain(const struct judge *judge, uint32_t function)
{
    uint32_t domain = judge->system->functions[function].domain;

    return domain < judge->system->domain_count ? &judge->system->domains[domain] : NULL;
}

bool judge_domain_maps(const struct assumption_domain *domain, uint64_t doorbell)
{
    if (domain->translation != ASSUMPTION_TRANSLATED) {
        return domain->translation == ASSUMPTION_BYPASS;
    }
    for (size_t i = 0; i < domain->doorbell_count; i++) {
        const struct assumption_mapping *mapping = &domain->doorbells[i];

        if (mapping->writable && mapping->pa <= doorbell && doorbell - mapping->pa < mapping->size) {
            return true;
        }
    }
    return false;
}

const char *judge_smmu_name(const struct judge *judge, uint32_t smmu)
{
    return smmu < judge->system->smmu_count ? judge->system->smmu_names[smmu] : NULL;
}

const char *judge_its_name(const struct judge *judge, uint32_t its)
{
    return its < judge->system->its_count ? judge->system->its_names[its] : NULL;
}

void judge_add_use(const struct judge *judge, struct verdict_evidence *evidence, uint32_t function,
                   const struct doorbell_use *use)
{
    const struct pci_tree *tree = judge->system->tree;
    const struct assumption_function *known = &judge->system->functions[function];
    struct verdict_device device;

    if (evidence->unsaid) {
        return;
    }
    device = (struct verdict_device){
        .name = tree->functions[function].name,
        .segment = pci_tree_segment(tree, function),
        .rid = tree->functions[function].rid,
        .rid_count = 1,
        .stream_id = known->stream_id,
        .device_id = known->device_id,
        .doorbell = use->doorbell,
        .msi_count = use->tally.count,
        .first_packet = use->tally.first_packet,
    };

    /* The strings are copied, never written: the structure has no const because it owns its own. */
    device.smmu = (char *)(uintptr_t)judge_smmu_name(judge, known->smmu);
    device.its = (char *)(uintptr_t)judge_its_name(judge, use->its);
    verdict_evidence_add_device(evidence, &device);
}

void judge_add_function(const struct judge *judge, struct verdict_evidence *evidence, uint32_t function,
                        struct assumption_tally tally)
{
    struct doorbell_use use = {
        .doorbell = judge->system->functions[function].doorbell,
        .its = judge->system->functions[function].its,
        .tally = tally,
    };

    judge_add_use(judge, evidence, function, &use);
}

char *judge_group_label(const struct judge *judge, uint32_t function, char *text)
{
    uint32_t group = judge->system->groups->group_of[function];

    if (judge->list->outcomes_only) {
        text[0] = '\0';
    } else if (group == GROUP_NONE) {
        snprintf(text, JUDGE_LABEL_SIZE, "no group");
    } else {
        snprintf(text, JUDGE_LABEL_SIZE, "group %" PRIu32, group);
    }
    return text;
}
