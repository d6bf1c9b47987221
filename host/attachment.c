#include "host/attachment.h"

#include "host/smmu_ats.h"
#include "models/smmuv3/smmu_formats.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

void attachment_init(struct attachment *attachment, struct smmu_driver *smmu, uint32_t smmu_index)
{
    memset(attachment, 0, offsetof(struct attachment, streams));
    attachment->smmu = smmu;
    attachment->smmu_index = smmu_index;
}

bool attachment_add_stream(struct attachment *attachment, uint32_t stream_id, struct host_error *error)
{
    for (size_t i = 0; i < attachment->stream_count; i++) {
        if (attachment->streams[i] == stream_id) {
            return true;
        }
    }
    if (attachment->stream_count == ATTACHMENT_STREAMS) {
        return host_error_fail(error, ENOSPC, "a function has more than %u StreamIDs", ATTACHMENT_STREAMS);
    }
    attachment->streams[attachment->stream_count++] = stream_id;
    return true;
}

/** A domain is in use by the function's requests with a PASID, or without one (0). */
static void enter(struct attachment *attachment, uint32_t pasid, struct domain *domain)
{
    struct domain_user *user = attachment->users;
    const struct domain_user *end = user + attachment->user_count;

    while (user != end && user->attachment != NULL) {
        user++;
    }
    /* There is one for each PASID, and for requests without. */
    attachment->user_count += user == end ? 1 : 0;
    *user = (struct domain_user){.next = domain->users, .attachment = attachment, .pasid = pasid};
    domain->users = user;
    domain->attached++;
}

static void leave(const struct attachment *attachment, uint32_t pasid, struct domain *domain)
{
    struct domain_user **link = &domain->users;

    while ((*link)->attachment != attachment || (*link)->pasid != pasid) {
        link = &(*link)->next;
    }
    (*link)->attachment = NULL;
    *link = (*link)->next;
    domain->attached--;
}

void attachment_clear(struct attachment *attachment)
{
    if (attachment->domain != NULL) {
        leave(attachment, 0, attachment->domain);
    }
    for (size_t i = 0; i < attachment->pasid_count; i++) {
        leave(attachment, attachment->pasids[i].pasid, attachment->pasids[i].domain);
    }
    attachment->domain = NULL;
    attachment->pasid_count = 0;
    smmu_contexts_clear(&attachment->contexts);
    attachment->has_contexts = false;
}

/** A stage 1 of the host's own: what a context descriptor of the host's can lead to. */
static bool has_own_stage1(const struct domain *domain)
{
    return domain != NULL && !domain->stage2 && domain->parent == NULL &&
           (domain->kind == DOMAIN_DMA || domain->kind == DOMAIN_UNMANAGED);
}

static bool has_stage2(const struct domain *domain)
{
    return domain != NULL && (domain->stage2 || domain->parent != NULL);
}

/** The entry that says what @p domain for requests without PASID, and the PASIDs in use, need. */
static void describe(const struct attachment *attachment, const struct domain *domain, bool pasids_in_use,
                     struct smmu_stream_setting *setting)
{
    if (domain == NULL) {
        memset(setting, 0, sizeof(*setting));
        setting->config = SMMU_STE_CONFIG_ABORT;
    } else {
        domain_describe(domain, setting);
    }
    if (attachment->has_contexts && !has_stage2(domain) && (pasids_in_use || has_own_stage1(domain))) {
        setting->dss = setting->config == SMMU_STE_CONFIG_S1       ? SMMU_S1DSS_SSID0
                       : setting->config == SMMU_STE_CONFIG_BYPASS ? SMMU_S1DSS_BYPASS
                                                                   : SMMU_S1DSS_TERMINATE;
        setting->config = SMMU_STE_CONFIG_S1;
        smmu_contexts_describe(&attachment->contexts, setting);
    }
    if (setting->config != SMMU_STE_CONFIG_ABORT && setting->config != SMMU_STE_CONFIG_BYPASS) {
        setting->eats = attachment->eats;
        setting->page_response_pasid = attachment->page_response_pasid;
    }
}

static bool write_entries(struct attachment *attachment, const struct domain *domain, bool pasids_in_use,
                          struct host_error *error)
{
    struct smmu_stream_setting setting;

    describe(attachment, domain, pasids_in_use, &setting);
    for (size_t i = 0; i < attachment->stream_count; i++) {
        if (!smmu_stream_set(attachment->smmu, attachment->streams[i], &setting, error)) {
            return false;
        }
    }
    return true;
}

/** Writes a context descriptor of the function's own table. @param domain NULL: none */
static bool write_context(struct attachment *attachment, uint32_t pasid, const struct domain *domain,
                          struct host_error *error)
{
    uint64_t words[SMMU_CD_WORDS];

    if (domain != NULL) {
        smmu_driver_context_words(attachment->smmu, &domain->table, domain->asid, words);
    }
    return smmu_contexts_set(&attachment->contexts, attachment->streams, attachment->stream_count, pasid,
                             domain != NULL ? words : NULL, error);
}

/** Makes the table of context descriptors and moves the function onto it. */
static bool make_contexts(struct attachment *attachment, struct host_error *error)
{
    if (!smmu_contexts_init(&attachment->contexts, attachment->smmu, attachment->pasid_bits, error)) {
        return false;
    }
    attachment->has_contexts = true;
    if (!has_own_stage1(attachment->domain)) {
        return true;
    }
    return write_context(attachment, 0, attachment->domain, error) &&
           write_entries(attachment, attachment->domain, false, error);
}

bool attachment_prepare_pasids(struct attachment *attachment, struct host_error *error)
{
    return attachment->smmu == NULL || smmu_contexts_prepare(&attachment->contexts) ||
           host_error_fail(error, ENOMEM, "out of memory");
}

bool attachment_enable_pasids(struct attachment *attachment, unsigned bits, struct host_error *error)
{
    if (bits == attachment->pasid_bits) {
        return true;
    }
    if (attachment->pasid_count != 0) {
        return host_error_fail(error, EBUSY, "%zu PASIDs are in use", attachment->pasid_count);
    }
    if (bits == 0) {
        attachment->pasid_bits = 0;
        return true;
    }
    if (attachment->smmu != NULL && bits > attachment->smmu->substream_id_bits) {
        return host_error_fail(error, EINVAL, "SMMU %s has %u SubstreamID bits, not %u", attachment->smmu->config.name,
                               attachment->smmu->substream_id_bits, bits);
    }
    attachment->pasid_bits = bits;
    return attachment->smmu == NULL || attachment->has_contexts || make_contexts(attachment, error);
}

/** The domain whose stage 2 a domain's requests go through; NULL: they go through none. */
static const struct domain *stage2_of(const struct domain *domain)
{
    return domain == NULL || domain->stage2 ? domain : domain->parent;
}

/**
 * Whether an entry cannot change from one domain to another while requests go on: S2VMID and S2TTB are in words of
 * their own, so that one stage 2 becomes another by way of an invalid entry. All else is decided in one word.
 */
static bool leaves_gap(const struct domain *from, const struct domain *to)
{
    const struct domain *before = stage2_of(from);
    const struct domain *after = stage2_of(to);

    return before != NULL && after != NULL && before != after;
}

bool attachment_set_domain(struct attachment *attachment, struct domain *domain, struct host_error *error)
{
    struct domain *before = attachment->domain;
    const uint64_t gaps = attachment->smmu != NULL ? attachment->smmu->gaps : 0;

    if (before == domain) {
        return true;
    }
    if (domain != NULL && domain->smmu_index != attachment->smmu_index) {
        return host_error_fail(error, EINVAL, "the domain belongs to another SMMU");
    }
    if (has_stage2(domain) && attachment->pasid_count != 0) {
        return host_error_fail(error, EBUSY, "%zu PASIDs are in use, which a domain with a stage 2 excludes",
                               attachment->pasid_count);
    }
    if (attachment->smmu != NULL) {
        bool with_contexts = attachment->has_contexts && has_own_stage1(domain);

        if ((with_contexts && !write_context(attachment, 0, domain, error)) ||
            !write_entries(attachment, domain, attachment->pasid_count != 0, error)) {
            return false;
        }
        if (!with_contexts && attachment->has_contexts && has_own_stage1(before) &&
            !write_context(attachment, 0, NULL, error)) {
            return false;
        }
    }
    if (attachment->smmu != NULL ? attachment->smmu->gaps != gaps : leaves_gap(before, domain)) {
        attachment->gaps++;
    }
    if (before != NULL) {
        leave(attachment, 0, before);
    }
    if (domain != NULL) {
        enter(attachment, 0, domain);
    }
    attachment->domain = domain;
    return attachment_invalidate(attachment, 0, 0, SMMU_ATS_ALL, error);
}

/** Index of the use of a PASID whose context descriptor is there, else of one that was displaced; SIZE_MAX: none. */
static size_t find_pasid(const struct attachment *attachment, uint32_t pasid)
{
    size_t displaced = SIZE_MAX;

    for (size_t i = 0; i < attachment->pasid_count; i++) {
        if (attachment->pasids[i].pasid == pasid && !attachment->pasids[i].displaced) {
            return i;
        }
        if (attachment->pasids[i].pasid == pasid) {
            displaced = i;
        }
    }
    return displaced;
}

static void displace_pasids(struct attachment *attachment, uint32_t pasid, size_t end)
{
    for (size_t i = 0; i < end; i++) {
        if (attachment->pasids[i].pasid == pasid) {
            attachment->pasids[i].displaced = true;
        }
    }
}

/** @param index of the use, SIZE_MAX: there is none */
static bool remove_pasid(struct attachment *attachment, uint32_t pasid, size_t index, struct host_error *error)
{
    struct attachment_pasid *found = &attachment->pasids[index == SIZE_MAX ? 0 : index];

    if (index == SIZE_MAX) {
        return host_error_fail(error, ENOENT, "PASID %u is not in use", pasid);
    }
    if (attachment->smmu != NULL) {
        if (!write_context(attachment, pasid, NULL, error) ||
            !smmu_invalidate_asid(attachment->smmu, found->domain->asid, error) ||
            !attachment_invalidate(attachment, pasid, 0, SMMU_ATS_ALL, error)) {
            return false;
        }
        /* With the last PASID goes the table, where requests without PASID do not need it (D11). */
        if (attachment->pasid_count == 1 && !write_entries(attachment, attachment->domain, false, error)) {
            return false;
        }
    }
    leave(attachment, pasid, found->domain);
    *found = attachment->pasids[--attachment->pasid_count];
    displace_pasids(attachment, pasid, attachment->pasid_count);
    return true;
}

/** Why a domain cannot have this PASID; NULL if it can. */
static bool check_pasid(struct attachment *attachment, uint32_t pasid, const struct domain *domain,
                        struct host_error *error)
{
    if (pasid == 0) {
        return host_error_fail(error, EINVAL, "PASID 0 stands for requests without one");
    }
    if (attachment->pasid_bits == 0) {
        return host_error_fail(error, EINVAL, "PASIDs are not enabled on the function");
    }
    if (pasid >> attachment->pasid_bits != 0) {
        return host_error_fail(error, EINVAL, "PASID %u is wider than %u bits", pasid, attachment->pasid_bits);
    }
    if (domain->smmu_index != attachment->smmu_index) {
        return host_error_fail(error, EINVAL, "the domain belongs to another SMMU");
    }
    if (!has_own_stage1(domain)) {
        return host_error_fail(error, EINVAL, "only a domain with a stage 1 of the host's can be attached to a PASID");
    }
    if (has_stage2(attachment->domain)) {
        return host_error_fail(error, EINVAL,
                               "requests without PASID go through a stage 2, which leaves no room for "
                               "the host's context descriptors");
    }
    return attachment->pasid_count < ATTACHMENT_PASIDS ||
           host_error_fail(error, ENOSPC, "%u PASIDs are in use", ATTACHMENT_PASIDS);
}

static bool add_pasid(struct attachment *attachment, uint32_t pasid, struct domain *domain, struct host_error *error)
{
    if (attachment->smmu != NULL &&
        (!write_context(attachment, pasid, domain, error) ||
         (attachment->pasid_count == 0 && !write_entries(attachment, attachment->domain, true, error)))) {
        return false;
    }
    attachment->pasids[attachment->pasid_count++] = (struct attachment_pasid){.pasid = pasid, .domain = domain};
    enter(attachment, pasid, domain);
    return true;
}

bool attachment_set_pasid(struct attachment *attachment, uint32_t pasid, struct domain *domain,
                          struct host_error *error)
{
    if (domain == NULL) {
        return remove_pasid(attachment, pasid, find_pasid(attachment, pasid), error);
    }
    if (!check_pasid(attachment, pasid, domain, error)) {
        return false;
    }
    if (find_pasid(attachment, pasid) != SIZE_MAX) {
        return host_error_fail(error, EBUSY, "PASID %u is in use", pasid);
    }
    return add_pasid(attachment, pasid, domain, error);
}

bool attachment_displace_pasid(struct attachment *attachment, uint32_t pasid, struct domain *domain,
                               struct host_error *error)
{
    if (!check_pasid(attachment, pasid, domain, error) || !add_pasid(attachment, pasid, domain, error)) {
        return false;
    }
    displace_pasids(attachment, pasid, attachment->pasid_count - 1);
    return attachment_invalidate(attachment, pasid, 0, SMMU_ATS_ALL, error);
}

bool attachment_end_pasid(struct attachment *attachment, uint32_t pasid, const struct domain *domain,
                          struct host_error *error)
{
    size_t index = SIZE_MAX;

    for (size_t i = 0; i < attachment->pasid_count; i++) {
        if (attachment->pasids[i].pasid == pasid && attachment->pasids[i].domain == domain) {
            index = i;
        }
    }
    return remove_pasid(attachment, pasid, index, error);
}

bool attachment_allow_ats(struct attachment *attachment, bool allowed, bool page_response_pasid,
                          struct host_error *error)
{
    attachment->eats = allowed ? SMMU_EATS_FULL : SMMU_EATS_NONE;
    attachment->page_response_pasid = allowed && page_response_pasid;
    return attachment->smmu == NULL ||
           write_entries(attachment, attachment->domain, attachment->pasid_count != 0, error);
}

bool attachment_invalidate(const struct attachment *attachment, uint32_t pasid, uint64_t iova, unsigned size,
                           struct host_error *error)
{
    if (attachment->smmu == NULL || attachment->eats == SMMU_EATS_NONE) {
        return true;
    }
    for (size_t i = 0; i < attachment->stream_count; i++) {
        if (!smmu_ats_invalidate(attachment->smmu, attachment->streams[i], pasid, iova, size, error)) {
            return false;
        }
    }
    return smmu_driver_sync(attachment->smmu, error);
}

struct domain *attachment_find(const struct attachment *attachment, uint32_t pasid)
{
    const size_t index = find_pasid(attachment, pasid);

    if (pasid == 0) {
        return attachment->domain;
    }
    return index == SIZE_MAX ? NULL : attachment->pasids[index].domain;
}
