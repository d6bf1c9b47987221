#include "host/services.h"

#include "host/pci_config.h"
#include "host/smmu_ats.h"
#include "host/software.h"

/* PASID capability (7.8.9). */
#define PASID_CAPABILITY 0x04u
#define PASID_CONTROL    0x06u
#define PASID_ENABLE     0x0001u

/* ATS capability (10.5.1). The smallest unit is a page of 4 KiB: 0. */
#define ATS_CONTROL 0x06u
#define ATS_ENABLE  0x8000u

/* PRI capability (10.5.2). */
#define PRI_CONTROL        0x04u
#define PRI_CONTROL_ENABLE 0x0001u
#define PRI_CONTROL_RESET  0x0002u
#define PRI_STATUS         0x06u
#define PRI_STATUS_PASID   0x8000u
#define PRI_CAPACITY       0x08u
#define PRI_ALLOCATION     0x0cu

/** A function, and where its registers are. */
struct place {
    struct software *software;
    struct host_access *access; /**< NULL: planned */
    const struct enumerate_function *where;
    struct pci_tree_function *found;
    struct software_function *function;
    const struct smmu_driver *smmu;
};

static struct place place_of(struct software *software, uint32_t index)
{
    struct place place = {
        .software = software, .found = &software->found.tree.functions[index], .function = &software->functions[index]};

    if (!software->planned) {
        place.access = software->access;
        place.where = &software->found.functions[index];
        place.smmu = &software->smmus[place.function->iommu];
    }
    return place;
}

static uint16_t read16(const struct place *place, uint32_t offset)
{
    return pci_config_read16(place->access, place->where->config, offset);
}

static void write16(const struct place *place, uint32_t offset, uint16_t value)
{
    pci_config_write16(place->access, place->where->config, offset, value);
}

/** What a VF's PF has switched on: PASIDs and page requests are its, for all its VFs (D3; PCIe Base 10.5.2). */
static const struct services *services_of_physical(const struct place *place)
{
    return &place->software->functions[place->found->physical_function].services;
}

/* ---- PASIDs ---- */

void services_probe(struct software *software, uint32_t index)
{
    const struct place place = place_of(software, index);
    uint32_t bits = place.found->pasid_width;

    if (place.found->is_vf) {
        place.function->services.pasid_bits = services_of_physical(&place)->pasid_bits;
        return;
    }
    if (!place.found->pasid || group_prefix_blocker(&software->found.tree, index) != PCI_TREE_NONE ||
        !group_pasid_path_ok(&software->found.tree, index, software->rules->kernel)) {
        return;
    }
    if (software->planned && software->config.smmus != NULL) {
        uint32_t limit = software->config.smmus[place.function->iommu].substream_id_bits;

        bits = bits < limit ? bits : limit;
    }
    if (!software->planned) {
        bits = bits < place.smmu->substream_id_bits ? bits : place.smmu->substream_id_bits;
        write16(&place, place.where->pasid + PASID_CONTROL, bits > 0 ? PASID_ENABLE : 0);
    }
    place.function->services.pasid_bits = bits;
}

/* ---- ATS ---- */

/** Whether a function in a domain may have ATS: where nothing translates there is nothing to cache. */
static bool can_have_ats(const struct place *place, const struct domain *domain)
{
    const struct software_config *config = &place->software->config;
    const struct firmware_host *host = &config->firmware->hosts[place->found->host_bridge];
    const uint32_t smmu = place->function->iommu;
    const bool supported =
        place->software->planned ? config->ats_of != NULL && config->ats_of[smmu] : place->smmu->has_ats;

    return config->ats && host->ats_supported && place->found->ats && supported && domain_translates(domain);
}

static bool switch_ats_on(const struct place *place, struct host_error *error)
{
    struct attachment *attachment = &place->function->attachment;

    place->function->services.ats = true;
    place->found->ats_enabled = true;
    if (place->software->planned) {
        return true;
    }
    if (place->found->is_vf) {
        place->function->services.response_pasid = services_of_physical(place)->response_pasid;
    } else if (place->where->pri != 0) {
        place->function->services.response_pasid =
            (read16(place, place->where->pri + PRI_STATUS) & PRI_STATUS_PASID) != 0;
    }
    /* The device must have nothing cached from before, and may ask as soon as it is switched on. */
    if (!attachment_allow_ats(attachment, true, place->function->services.response_pasid, error) ||
        !attachment_invalidate(attachment, 0, 0, SMMU_ATS_ALL, error)) {
        return false;
    }
    write16(place, place->where->ats + ATS_CONTROL, ATS_ENABLE);
    return true;
}

/* ---- Page requests ---- */

static void switch_pages_on(const struct place *place)
{
    const uint32_t pri = place->where->pri;
    uint32_t capacity = pci_config_read(place->access, place->where->config, pri + PRI_CAPACITY);

    capacity = capacity < SERVICES_PAGE_REQUESTS ? capacity : SERVICES_PAGE_REQUESTS;
    write16(place, pri + PRI_CONTROL, PRI_CONTROL_RESET);
    pci_config_write(place->access, place->where->config, pri + PRI_ALLOCATION, capacity);
    write16(place, pri + PRI_CONTROL, PRI_CONTROL_ENABLE);
    place->function->services.page_requests = capacity;
}

bool services_can_request_pages(const struct software *software, uint32_t index)
{
    const struct software_config *config = &software->config;
    const struct pci_tree_function *found = &software->found.tree.functions[index];
    const uint32_t smmu = software->functions[index].iommu;
    bool supported;

    if (smmu == UINT32_MAX || !found->ats || !found->pri || !config->ats || !config->page_requests ||
        !config->firmware->hosts[found->host_bridge].ats_supported) {
        return false;
    }
    supported = software->planned ? config->ats_of != NULL && config->ats_of[smmu] && config->requests_of[smmu]
                                  : software->smmus[smmu].has_ats && software->smmus[smmu].has_pri;
    return supported;
}

/* ---- Domains ---- */

/** The device has nothing cached any more, and may not ask again. */
static bool switch_ats_off(const struct place *place, struct host_error *error)
{
    struct attachment *attachment = &place->function->attachment;

    place->function->services.ats = false;
    place->function->services.page_requests = 0;
    place->found->ats_enabled = false;
    return place->software->planned || (attachment_invalidate(attachment, 0, 0, SMMU_ATS_ALL, error) &&
                                        attachment_allow_ats(attachment, false, false, error));
}

bool services_lose(struct software *software, uint32_t index, struct host_error *error)
{
    const struct place place = place_of(software, index);

    return !place.function->services.ats || switch_ats_off(&place, error);
}

bool services_before_attach(struct software *software, uint32_t index, const struct domain *next,
                            struct host_error *error)
{
    const struct place place = place_of(software, index);
    struct services *services = &place.function->services;

    if (!services->ats || can_have_ats(&place, next)) {
        return true;
    }
    if (!software->planned) {
        if (services->page_requests > 0 && !place.found->is_vf) {
            write16(&place, place.where->pri + PRI_CONTROL, 0);
        }
        write16(&place, place.where->ats + ATS_CONTROL, 0);
    }
    /* What the device asked for before it heard of that is carried out before this completes. */
    return switch_ats_off(&place, error);
}

bool services_after_attach(struct software *software, uint32_t index, struct host_error *error)
{
    const struct place place = place_of(software, index);
    struct services *services = &place.function->services;

    if (services->ats || !can_have_ats(&place, place.function->attachment.domain)) {
        return true;
    }
    if (!switch_ats_on(&place, error)) {
        return false;
    }
    if (place.found->is_vf) {
        services->page_requests = services_of_physical(&place)->page_requests;
    } else if (!software->planned && software->config.page_requests && place.where->pri != 0 && place.smmu->has_pri) {
        switch_pages_on(&place);
    }
    return true;
}
