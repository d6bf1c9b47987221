#include "host/pasid.h"

#include "host/consumer_internal.h"
#include "host/groups_acs.h"
#include "host/software.h"

#include <errno.h>
#include <string.h>

static const char *name_of(const struct software *software, uint32_t function)
{
    return software->found.tree.functions[function].name;
}

/* ---- Switching on (D1 to D3) ---- */

bool pasid_enable(struct software *software, uint32_t function, struct host_error *error)
{
    const struct pci_tree_function *found = &software->found.tree.functions[function];
    unsigned width = software->functions[function].services.pasid_bits;
    const uint32_t blocker = group_prefix_blocker(&software->found.tree, function);

    if (software->groups.group_of[function] == GROUP_NONE) {
        return host_error_fail(error, ENODEV, "%s is behind no SMMU", name_of(software, function));
    }
    if (!found->pasid && !found->is_vf) {
        return host_error_fail(error, ENODEV, "%s has no PASID capability", name_of(software, function));
    }
    if (blocker != PCI_TREE_NONE) {
        return host_error_fail(error, EINVAL, "%s takes no TLP prefixes, and a PASID is one",
                               name_of(software, blocker));
    }
    if (!group_pasid_path_ok(&software->found.tree, function, software->rules->kernel)) {
        return host_error_fail(error, EINVAL,
                               "ACS does not bring the requests of %s to the root, and a port that routes by address "
                               "does not look at PASIDs",
                               name_of(software, function));
    }
    if (width == 0) {
        return host_error_fail(error, ENODEV, "%s is behind an SMMU without SubstreamIDs", name_of(software, function));
    }
    return attachment_enable_pasids(&software->functions[function].attachment, width, error);
}

/* ---- A group's PASIDs (D5) ---- */

static bool in_use(const struct software *software, uint32_t group, uint32_t pasid)
{
    for (uint32_t i = 0; i < software->found.tree.function_count; i++) {
        if (software->groups.group_of[i] == group && pasid != 0 &&
            attachment_find(&software->functions[i].attachment, pasid) != NULL) {
            return true;
        }
    }
    return false;
}

/** Whether a domain is that of a process' address space. */
static bool is_of_a_process(const struct software *software, const struct domain *domain)
{
    for (unsigned i = 0; i < PASID_PROCESSES; i++) {
        for (size_t j = 0; j < sizeof(software->pasids.processes[i].domains) / sizeof(struct domain *); j++) {
            if (domain != NULL && software->pasids.processes[i].domains[j] == domain) {
                return true;
            }
        }
    }
    return false;
}

/**
 * Whether what has a number in a group is unknown to whoever attaches @p domain to it: where processes and auxiliary
 * domains number theirs each for themselves, and the number is of the other kind.
 */
static bool is_unknown(const struct software *software, uint32_t group, uint32_t pasid, const struct domain *domain)
{
    const bool process = is_of_a_process(software, domain);

    for (uint32_t i = 0; i < software->found.tree.function_count; i++) {
        const struct attachment *attachment = &software->functions[i].attachment;

        for (size_t j = 0; j < attachment->pasid_count && software->groups.group_of[i] == group; j++) {
            if (attachment->pasids[j].pasid == pasid &&
                is_of_a_process(software, attachment->pasids[j].domain) == process) {
                return false;
            }
        }
    }
    return software->config.separate_pasids;
}

/** Whether a member of a group takes part. */
static bool takes_part(const struct software *software, uint32_t group, uint32_t function)
{
    return software->groups.group_of[function] == group && software->functions[function].attachment.pasid_bits != 0;
}

/** The use of a PASID that is meant: a process' or an auxiliary domain's; another one if there is no such. */
static const struct domain *use_of(const struct software *software, const struct attachment *attachment, uint32_t pasid,
                                   bool process)
{
    for (size_t i = 0; i < attachment->pasid_count; i++) {
        if (attachment->pasids[i].pasid == pasid &&
            is_of_a_process(software, attachment->pasids[i].domain) == process) {
            return attachment->pasids[i].domain;
        }
    }
    return attachment_find(attachment, pasid);
}

/** Takes a PASID away from the members of a group below @p end. @param process from processes, not from users */
static bool remove_from(struct software *software, uint32_t group, uint32_t pasid, bool process, uint32_t end,
                        struct host_error *error)
{
    bool done = true;

    for (uint32_t i = 0; i < end; i++) {
        struct attachment *attachment = &software->functions[i].attachment;
        const struct domain *domain = use_of(software, attachment, pasid, process);

        if (takes_part(software, group, i) && domain != NULL) {
            done = attachment_end_pasid(attachment, pasid, domain, error) && done;
        }
    }
    return done;
}

static bool give_to_group(struct software *software, uint32_t function, uint32_t pasid, struct domain *domain,
                          struct host_error *error)
{
    uint32_t group = software->groups.group_of[function];
    uint32_t count = software->found.tree.function_count;
    const bool used = in_use(software, group, pasid);

    if (software->functions[function].attachment.pasid_bits == 0) {
        return host_error_fail(error, EINVAL, "PASIDs are not enabled on %s", name_of(software, function));
    }
    if (used && !is_unknown(software, group, pasid, domain)) {
        return host_error_fail(error, EBUSY, "PASID %u is in use in group %u", pasid, group);
    }
    for (uint32_t i = 0; i < count; i++) {
        struct attachment *attachment = &software->functions[i].attachment;

        if (takes_part(software, group, i) && !(used ? attachment_displace_pasid(attachment, pasid, domain, error)
                                                     : attachment_set_pasid(attachment, pasid, domain, error))) {
            struct host_error ignored;

            remove_from(software, group, pasid, is_of_a_process(software, domain), i, &ignored);
            return false;
        }
    }
    return true;
}

/* ---- Auxiliary domains ---- */

static bool is_of_process(const struct software *software, uint32_t pasid)
{
    for (unsigned i = 0; i < PASID_PROCESSES; i++) {
        if (pasid != 0 && software->pasids.processes[i].pasid == pasid) {
            return true;
        }
    }
    return false;
}

bool pasid_attach(struct software *software, uint32_t function, uint32_t pasid, uint32_t consumer,
                  struct host_error *error)
{
    struct software_function *mine = &software->functions[function];
    uint32_t group = software->groups.group_of[function];
    struct consumer_space *space;

    if (group == GROUP_NONE) {
        return host_error_fail(error, ENODEV, "%s has no IOMMU group", name_of(software, function));
    }
    if (!software->rules->auxiliary) {
        return host_error_fail(error, EOPNOTSUPP, "%s know no domains on PASIDs", software->rules->name);
    }
    if (is_of_process(software, pasid) && !software->config.separate_pasids) {
        return host_error_fail(error, EBUSY, "PASID %u is a process'", pasid);
    }
    space = consumer_find_space(software, consumer, group, mine->iommu, error);
    return space != NULL && give_to_group(software, function, pasid, space->domain, error);
}

bool pasid_detach(struct software *software, uint32_t function, uint32_t pasid, struct host_error *error)
{
    uint32_t group = software->groups.group_of[function];

    if (group == GROUP_NONE || !in_use(software, group, pasid)) {
        return host_error_fail(error, ENOENT, "PASID %u is not in use on %s", pasid, name_of(software, function));
    }
    return remove_from(software, group, pasid, false, software->found.tree.function_count, error);
}

/* ---- Processes (D4, D15) ---- */

/** The domain of a process' address space at an SMMU; made if there is none. */
static struct domain *process_domain(struct software *software, struct pasid_process *process, uint32_t iommu,
                                     struct host_error *error)
{
    struct domain *domain;

    if (iommu >= sizeof(process->domains) / sizeof(process->domains[0])) {
        host_error_fail(error, ENOSPC, "a process' address space is shared at more SMMUs than were foreseen");
        return NULL;
    }
    if (process->domains[iommu] != NULL) {
        return process->domains[iommu];
    }
    domain = software_take_domain(software, error);
    if (domain == NULL) {
        return NULL;
    }
    software_set_pages(software, iommu, domain);
    if (software->planned) {
        domain_init_planned(domain, DOMAIN_UNMANAGED);
    } else if (!domain_init(domain, DOMAIN_UNMANAGED, &software->smmus[iommu], &software->ram, error)) {
        return NULL;
    }
    domain->name = "a process";
    domain->smmu_index = iommu;
    process->domains[iommu] = domain;
    return domain;
}

/** Gives a process its number: one that no device uses for anything else. */
static bool number_process(struct software *software, struct pasid_process *process, struct host_error *error)
{
    bool taken = true;

    if (process->pasid != 0) {
        return true;
    }
    while (taken) {
        process->pasid = PASID_FIRST_PROCESS + software->pasids.next++;
        taken = false;
        for (uint32_t i = 0; i < software->found.tree.function_count && !taken && !software->config.separate_pasids;
             i++) {
            taken = attachment_find(&software->functions[i].attachment, process->pasid) != NULL;
        }
    }
    return process->pasid >> 20 == 0 || host_error_fail(error, ENOSPC, "all PASIDs are taken");
}

bool pasid_bind_process(struct software *software, uint32_t function, uint32_t process, struct host_error *error)
{
    struct pasid_process *mine = &software->pasids.processes[process % PASID_PROCESSES];
    struct domain *domain;

    if (software->groups.group_of[function] == GROUP_NONE) {
        return host_error_fail(error, ENODEV, "%s has no IOMMU group", name_of(software, function));
    }
    domain = process_domain(software, mine, software->functions[function].iommu, error);
    if (domain == NULL || !number_process(software, mine, error) ||
        !give_to_group(software, function, mine->pasid, domain, error)) {
        return false;
    }
    mine->users++;
    return true;
}

bool pasid_unbind_process(struct software *software, uint32_t function, uint32_t process, struct host_error *error)
{
    struct pasid_process *mine = &software->pasids.processes[process % PASID_PROCESSES];

    if (mine->pasid == 0 || attachment_find(&software->functions[function].attachment, mine->pasid) == NULL) {
        return host_error_fail(error, ENOENT, "process %u is not bound to %s", process, name_of(software, function));
    }
    mine->users--;
    return remove_from(software, software->groups.group_of[function], mine->pasid, true,
                       software->found.tree.function_count, error);
}

bool pasid_release(struct software *software, uint32_t function, struct host_error *error)
{
    const struct attachment *attachment = &software->functions[function].attachment;

    while (attachment->pasid_count > 0) {
        const uint32_t pasid = attachment->pasids[0].pasid;

        for (uint32_t i = 0; i < PASID_PROCESSES; i++) {
            software->pasids.processes[i].users -= software->pasids.processes[i].pasid == pasid ? 1 : 0;
        }
        if (!remove_from(software, software->groups.group_of[function], pasid,
                         is_of_a_process(software, attachment->pasids[0].domain), software->found.tree.function_count,
                         error)) {
            return false;
        }
    }
    return true;
}
