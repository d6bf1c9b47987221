/* PASIDs, virtual IOMMUs and messages that a guest programs itself. */
#include "host/assumptions_internal.h"

#include <inttypes.h>
#include <stdio.h>

static const struct assumption_tally nothing_seen = {0, 0};

static const char *vm_name(const struct judge *judge, uint32_t vm)
{
    return vm < judge->system->vm_count ? judge->system->vm_names[vm] : "(none)";
}

/* pasid-consistent */

static bool same_user(const struct assumption_pasid_user *one, const struct assumption_pasid_user *other)
{
    return one->domain == other->domain &&
           (one->domain != ASSUMPTION_NONE || one->address_space == other->address_space);
}

/* What is wrong with one use of a PASID by itself; NULL if nothing. */
static const char *wrong_with_user(const struct judge *judge, uint32_t function, size_t index)
{
    const struct pci_tree_function *at = &judge->system->tree->functions[function];
    const struct assumption_pasid_user *users = judge->system->functions[function].pasids;

    if (!at->pasid) {
        return "the function has no PASID capability";
    }
    if (group_prefix_blocker(judge->system->tree, function) != PCI_TREE_NONE) {
        return "a port on its way takes no TLP prefixes, so PASIDs cannot be enabled";
    }
    if (!group_pasid_path_ok(judge->system->tree, function, judge->system->kernel)) {
        return "ACS does not bring its requests to the root, so PASIDs cannot be enabled";
    }
    if (users[index].pasid == 0) {
        return "PASID 0 stands for requests without one";
    }
    if (users[index].pasid >> at->pasid_width != 0) {
        return "the number is wider than the function's PASIDs";
    }
    for (size_t i = 0; i < index; i++) {
        if (users[i].pasid == users[index].pasid && !same_user(&users[i], &users[index])) {
            return "the same function uses the number for something else";
        }
    }
    return NULL;
}

/* What is wrong between two functions; NULL if nothing. A PASID table serves a group; a process has one number. */
static const char *wrong_between(const struct judge *judge, uint32_t one, const struct assumption_pasid_user *a,
                                 uint32_t other, const struct assumption_pasid_user *b)
{
    bool both_shared = a->domain == ASSUMPTION_NONE && b->domain == ASSUMPTION_NONE;

    if (a->pasid == b->pasid && !same_user(a, b) && group_same(judge->system->groups, one, other)) {
        return "another function of the group uses the number for something else";
    }
    if (both_shared && (a->pasid == b->pasid) != (a->address_space == b->address_space)) {
        return "a process has one PASID on all devices, and shares it with none";
    }
    return NULL;
}

static void show_pasid(const struct judge *judge, struct verdict *verdict, uint32_t pasid, const char *what,
                       uint32_t one, uint32_t other)
{
    struct verdict_evidence *evidence;
    char label[JUDGE_LABEL_SIZE];

    evidence =
        verdict_add_evidence(verdict, judge_group_label(judge, one, label), "PASID %" PRIu32 ": %s", pasid, what);
    judge_add_function(judge, evidence, one, nothing_seen);
    if (other != one) {
        judge_add_function(judge, evidence, other, nothing_seen);
    }
}

static uint32_t check_pasids_between(const struct judge *judge, struct verdict *verdict, uint32_t one, uint32_t other)
{
    const struct assumption_function *a = &judge->system->functions[one];
    const struct assumption_function *b = &judge->system->functions[other];
    uint32_t shown = 0;

    for (size_t i = 0; i < a->pasid_count; i++) {
        for (size_t j = 0; j < b->pasid_count; j++) {
            const char *what = wrong_between(judge, one, &a->pasids[i], other, &b->pasids[j]);

            if (what != NULL) {
                show_pasid(judge, verdict, a->pasids[i].pasid, what, one, other);
                shown++;
            }
        }
    }
    return shown;
}

void judge_pasid_consistent(const struct judge *judge)
{
    struct verdict *verdict = judge_open(judge, ASSUMPTION_PASID_CONSISTENT);
    uint32_t count = judge->system->tree->function_count;
    size_t users = 0;
    uint32_t shown = 0;

    for (uint32_t i = 0; i < count; i++) {
        uint32_t function = judge_function_at(judge, i);
        const struct assumption_function *at = &judge->system->functions[function];

        for (size_t j = 0; j < at->pasid_count; j++) {
            const char *what = wrong_with_user(judge, function, j);

            if (what != NULL) {
                show_pasid(judge, verdict, at->pasids[j].pasid, what, function, function);
                shown++;
            }
        }
        for (uint32_t j = i + 1; j < count && at->pasid_count != 0; j++) {
            shown += check_pasids_between(judge, verdict, function, judge_function_at(judge, j));
        }
        users += at->pasid_count;
    }
    if (users == 0) {
        judge_conclude(verdict, VERDICT_NOT_APPLICABLE, "no function uses PASIDs");
    } else if (shown != 0) {
        judge_conclude(verdict, VERDICT_VIOLATED, "%" PRIu32 " conflict%s among %zu uses of PASIDs", shown,
                       shown == 1 ? "" : "s", users);
    } else {
        judge_conclude(verdict, VERDICT_HOLDS, "%zu use%s of PASIDs, none in conflict", users, users == 1 ? "" : "s");
    }
}

/* one-viommu-per-smmu */

static bool invalidates(const struct assumption_viommu *viommu, uint32_t smmu)
{
    for (size_t i = 0; i < viommu->smmu_count; i++) {
        if (viommu->smmus[i] == smmu) {
            return true;
        }
    }
    return false;
}

static const struct assumption_viommu *viommu_of(const struct judge *judge, uint32_t function)
{
    uint32_t viommu = judge->system->functions[function].viommu;

    return viommu < judge->system->viommu_count ? &judge->system->viommus[viommu] : NULL;
}

static struct assumption_tally stale_of(const struct judge *judge, uint32_t function)
{
    return judge->observed == NULL ? nothing_seen : judge->observed[function].stale;
}

static uint32_t check_viommu(const struct judge *judge, struct verdict *verdict, uint32_t function)
{
    const struct assumption_function *at = &judge->system->functions[function];
    const struct assumption_viommu *viommu = viommu_of(judge, function);
    const char *smmu = judge_smmu_name(judge, at->smmu);
    struct verdict_evidence *evidence;
    char subject[128];

    snprintf(subject, sizeof(subject), "virtual IOMMU %s", viommu->name);
    if (viommu->vm != at->vm) {
        evidence = verdict_add_evidence(verdict, subject, "belongs to %s, the function to %s",
                                        vm_name(judge, viommu->vm), vm_name(judge, at->vm));
    } else if (viommu->direct_queue && viommu->smmu_count > 1) {
        evidence = verdict_add_evidence(
            verdict, subject, "owns a hardware command queue, which reaches one SMMU and not %zu", viommu->smmu_count);
    } else if (!invalidates(viommu, at->smmu) && stale_of(judge, function).count != 0) {
        evidence = verdict_add_evidence(verdict, subject,
                                        "its invalidations do not reach %s; %" PRIu64
                                        " writes used translations that it had invalidated, the first is packet "
                                        "%016" PRIx64,
                                        smmu == NULL ? "any SMMU of the function" : smmu,
                                        stale_of(judge, function).count, stale_of(judge, function).first_packet);
    } else if (!invalidates(viommu, at->smmu)) {
        evidence =
            verdict_add_evidence(verdict, subject, "its invalidations do not reach %s, which caches translations",
                                 smmu == NULL ? "any SMMU of the function" : smmu);
    } else if (stale_of(judge, function).count != 0) {
        evidence = verdict_add_evidence(verdict, subject,
                                        "%" PRIu64 " writes used translations after their invalidation had completed, "
                                        "the first is packet %016" PRIx64,
                                        stale_of(judge, function).count, stale_of(judge, function).first_packet);
    } else {
        return 0;
    }
    judge_add_function(judge, evidence, function, nothing_seen);
    return 1;
}

void judge_one_viommu_per_smmu(const struct judge *judge)
{
    struct verdict *verdict = judge_open(judge, ASSUMPTION_ONE_VIOMMU_PER_SMMU);
    uint32_t judged = 0;
    uint32_t failing = 0;

    for (uint32_t i = 0; i < judge->system->tree->function_count; i++) {
        uint32_t function = judge_function_at(judge, i);

        if (viommu_of(judge, function) != NULL) {
            judged++;
            failing += check_viommu(judge, verdict, function);
        }
    }
    if (judge->system->vm_count == 0) {
        judge_conclude(verdict, VERDICT_NOT_APPLICABLE, "no virtual machine in this scenario");
    } else if (judged == 0) {
        judge_conclude(verdict, VERDICT_NOT_APPLICABLE, "no function is behind a virtual IOMMU");
    } else if (failing != 0) {
        judge_conclude(verdict, VERDICT_VIOLATED,
                       "%" PRIu32 " of %" PRIu32 " functions are behind a virtual IOMMU that is not their SMMU's",
                       failing, judged);
    } else {
        judge_conclude(verdict, VERDICT_HOLDS, "each virtual IOMMU reaches the SMMU of its %" PRIu32 " function%s",
                       judged, judged == 1 ? "" : "s");
    }
}

/* guest-owned-msi */

/* What is wrong with the way of a guest's own messages; NULL if nothing. */
static const char *wrong_with_message(const struct judge *judge, uint32_t function)
{
    const struct assumption_function *at = &judge->system->functions[function];

    if (at->guest_doorbell == VERDICT_NO_ID) {
        return "the guest's message address leads nowhere";
    }
    if (judge_page(at->guest_doorbell) != judge_page(at->doorbell)) {
        return "the guest's message address leads to another doorbell page than the function's own";
    }
    if (at->guest_lpi_owner != at->vm) {
        return "the interrupt that its messages raise belongs to another owner";
    }
    if (judge->observed != NULL && judge->observed[function].foreign.count != 0) {
        return "its messages raised interrupts of another function";
    }
    return NULL;
}

/* Another machine's function under the same DeviceID: all events of a DeviceID belong to one machine. */
static uint32_t shares_device(const struct judge *judge, uint32_t function)
{
    const struct assumption_function *at = &judge->system->functions[function];

    for (uint32_t i = 0; i < judge->system->tree->function_count; i++) {
        uint32_t other = judge_function_at(judge, i);
        const struct assumption_function *its = &judge->system->functions[other];

        if (its->vm != at->vm && its->its == at->its && its->its != ASSUMPTION_NONE &&
            its->device_id == at->device_id && at->device_id != VERDICT_NO_ID && judge_sends_msis(judge, other)) {
            return other;
        }
    }
    return PCI_TREE_NONE;
}

static uint32_t check_guest_message(const struct judge *judge, struct verdict *verdict, uint32_t function)
{
    const struct assumption_function *at = &judge->system->functions[function];
    const char *what = wrong_with_message(judge, function);
    uint32_t sharer = shares_device(judge, function);
    struct assumption_tally tally = judge->observed == NULL ? nothing_seen : judge->observed[function].foreign;
    struct verdict_evidence *evidence;
    char subject[128];

    if (what == NULL && sharer == PCI_TREE_NONE) {
        return 0;
    }
    snprintf(subject, sizeof(subject), "virtual machine %s", vm_name(judge, at->vm));
    evidence = verdict_add_evidence(verdict, subject, "%s",
                                    what != NULL ? what : "a function of another owner has the same DeviceID");
    judge_add_function(judge, evidence, function, tally);
    if (sharer != PCI_TREE_NONE) {
        judge_add_function(judge, evidence, sharer, nothing_seen);
    }
    return 1;
}

void judge_guest_owned_msi(const struct judge *judge)
{
    struct verdict *verdict = judge_open(judge, ASSUMPTION_GUEST_OWNED_MSI);
    uint32_t judged = 0;
    uint32_t failing = 0;

    for (uint32_t i = 0; i < judge->system->tree->function_count; i++) {
        uint32_t function = judge_function_at(judge, i);

        if (judge->system->functions[function].guest_programs_msi) {
            judged++;
            failing += check_guest_message(judge, verdict, function);
        }
    }
    if (judge->system->vm_count == 0) {
        judge_conclude(verdict, VERDICT_NOT_APPLICABLE, "no virtual machine in this scenario");
    } else if (judged == 0) {
        judge_conclude(verdict, VERDICT_NOT_APPLICABLE, "no guest programs messages itself");
    } else if (failing != 0) {
        judge_conclude(verdict, VERDICT_VIOLATED,
                       "messages of %" PRIu32 " of %" PRIu32
                       " functions do not reach their own interrupts, or not only those",
                       failing, judged);
    } else {
        judge_conclude(verdict, VERDICT_HOLDS, "messages of %" PRIu32 " function%s reach their own interrupts", judged,
                       judged == 1 ? "" : "s");
    }
}
