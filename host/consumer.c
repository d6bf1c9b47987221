/* Consumers: their domains, their doorbells, their guests' memory. */
#include "host/consumer_internal.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#define FOUR_GIB (UINT64_C(1) << 32)

static bool is_kernel(const struct consumer *consumer)
{
    return consumer->config->kind == CONSUMER_KERNEL;
}

static bool is_nested(const struct consumer *consumer)
{
    return consumer->config->translation == CONSUMER_NESTED;
}

/** Styles whose table serves all domains of a consumer. */
static bool is_for_all(enum doorbell_style style)
{
    return style == DOORBELL_FILE || style == DOORBELL_BIND_DEVICE || style == DOORBELL_BIND_DOMAIN ||
           style == DOORBELL_BIND_GROUP || style == DOORBELL_SINGLE_PAGE;
}

enum doorbell_style consumer_style(const struct software_rules *rules, const struct consumer_config *config)
{
    if (config->kind == CONSUMER_KERNEL) {
        return DOORBELL_COOKIE;
    }
    if (config->translation == CONSUMER_NESTED) {
        return rules->nested_vfio != (config->kind == CONSUMER_VFIO) ? DOORBELL_UNSUPPORTED
               : config->style_given                                 ? config->style
                                                                     : rules->nested;
    }
    if (config->kind == CONSUMER_IOMMUFD && !rules->file_has_iommufd) {
        return DOORBELL_UNSUPPORTED;
    }
    if (config->style_given) {
        return config->style;
    }
    return config->kind == CONSUMER_VFIO ? rules->type1 : rules->iommufd;
}

/* ---- Life ---- */

static size_t space_limit(const struct software *software, const struct consumer_config *config)
{
    const size_t plain = config->separate || config->kind == CONSUMER_KERNEL ? software->groups.group_count
                                                                             : software->config.firmware->iommu_count;

    return plain + software->config.replacements;
}

size_t consumers_domain_limit(const struct software *software)
{
    size_t sum = 0;

    for (size_t i = 0; i < software->config.consumer_count; i++) {
        const struct consumer_config *config = &software->config.consumers[i];

        sum +=
            2 * space_limit(software, config) + (config->guest_domain_each ? software->found.tree.function_count : 0);
    }
    return sum;
}

static uint64_t table_base(const struct consumer *consumer)
{
    return consumer->style == DOORBELL_SINGLE_PAGE ? consumer->config->guest_doorbell : consumer->config->window_base;
}

static void init_table(const struct software *software, const struct consumer *consumer, struct doorbell_table *table)
{
    uint64_t size = consumer->style == DOORBELL_GEOMETRY ? consumer->config->window_size : 0;

    doorbell_table_init(table, consumer->style, software_page_bits(software), table_base(consumer), size);
}

/** Empties a consumer, but for the memory of its spaces. */
static void begin(struct consumer *consumer, const struct software_rules *rules, const struct consumer_config *config)
{
    const struct host_room room = consumer->space_room;

    memset(consumer, 0, offsetof(struct consumer, doorbells));
    consumer->space_room = room;
    consumer->config = config;
    consumer->style = consumer_style(rules, config);
    consumer->guest_next_iova = FOUR_GIB;
}

bool consumers_init(struct software *software, struct host_error *error)
{
    size_t count = software->config.consumer_count;

    software->consumers = host_room_make(&software->memory.consumers, count, sizeof(*software->consumers));
    software->consumer_count = count;
    for (size_t i = 0; i < count; i++) {
        begin(&software->consumers[i], software->rules, &software->config.consumers[i]);
    }
    for (size_t i = 0; i < count; i++) {
        struct consumer *consumer = &software->consumers[i];

        consumer->space_limit = space_limit(software, consumer->config);
        consumer->spaces = host_room_make(&consumer->space_room, consumer->space_limit, sizeof(*consumer->spaces));
        init_table(software, consumer, &consumer->doorbells);
        if (consumer->config->faults != FAULT_NONE &&
            !fault_object_init(&consumer->faults, software->found.tree.function_count)) {
            return host_error_fail(error, ENOMEM, "out of memory");
        }
    }
    return true;
}

void consumers_forget(struct software *software)
{
    for (size_t i = 0; i < software->consumer_count; i++) {
        fault_object_clear(&software->consumers[i].faults);
    }
    software->consumers = NULL;
    software->consumer_count = 0;
}

void consumers_clear(struct software *software)
{
    struct host_room *room = &software->memory.consumers;
    struct consumer *consumers = room->memory;

    consumers_forget(software);
    for (size_t i = 0; i < room->bytes / sizeof(*consumers); i++) {
        host_room_clear(&consumers[i].space_room);
    }
    host_room_clear(room);
}

/* ---- Guests ---- */

/** A guest's pages are as large as the host's. */
static uint64_t guest_iova(const struct software *software, struct consumer *consumer)
{
    consumer->guest_next_iova -= software_page_bytes(software);
    return consumer->guest_next_iova;
}

/** Memory for a guest, at the first nested domain. */
static bool make_guest_memory(struct software *software, struct consumer *consumer, struct host_error *error)
{
    uint64_t size = consumer->config->guest_memory;

    if (consumer->has_guest_memory || software->planned) {
        return true;
    }
    consumer->guest_ram_base = host_ram_take(&software->ram, size, software_page_bytes(software));
    if (consumer->guest_ram_base == 0) {
        return host_error_fail(error, ENOMEM, "no memory for a guest of %llu bytes", (unsigned long long)size);
    }
    consumer->guest_ram.memory = software->ram.memory;
    consumer->guest_ram.next = consumer->guest_ram_base + software_page_bytes(software);
    consumer->guest_ram.end = consumer->guest_ram_base + size;
    consumer->has_guest_memory = true;
    return true;
}

bool consumer_teach_guest(struct domain *guest, uint64_t iova, uint64_t ipa, struct host_error *error)
{
    return domain_install_doorbell(guest, iova, ipa, error);
}

/** What a guest's tables know from the beginning. */
static bool prepare_guest(const struct software *software, struct consumer *consumer, struct domain *guest,
                          struct host_error *error)
{
    const struct consumer_config *config = consumer->config;

    /* The addresses above are for doorbells: a page for each that can be bound. */
    guest->iova_end = FOUR_GIB - software_page_bytes(software) * DOORBELL_TABLE_PAGES;
    if (consumer->style == DOORBELL_SINGLE_PAGE) {
        return consumer_teach_guest(guest, consumer->doorbells.guest_iova, config->guest_doorbell, error);
    }
    if (software->rules->nested_identity && config->identity_pages > 0) {
        guest->window_base = config->window_base;
        guest->window_size = software_page_bytes(software) * config->identity_pages;
        if (!domain_install_window(guest, config->window_base, config->identity_pages, error)) {
            return false;
        }
    }
    for (size_t i = 0; i < consumer->doorbells.count && !config->guest_domain_each; i++) {
        const struct doorbell_page *page = &consumer->doorbells.pages[i];

        if (page->ipa != 0 && !consumer_teach_guest(guest, page->iova, page->ipa, error)) {
            return false;
        }
    }
    return true;
}

static struct domain *make_guest(struct software *software, struct consumer *consumer, struct domain *parent,
                                 struct host_error *error)
{
    struct domain *guest = software_take_domain(software, error);

    if (guest == NULL) {
        return NULL;
    }
    if (!domain_init_guest(guest, parent, &consumer->guest_ram,
                           consumer->guest_ram_base - consumer->config->guest_memory_base, error)) {
        return NULL;
    }
    guest->name = consumer->config->name;
    guest->smmu_index = parent->smmu_index;
    return prepare_guest(software, consumer, guest, error) ? guest : NULL;
}

/* ---- Bindings: what the user of a BIND_MSI interface asks for (C18, C19) ---- */

/** Binds the next guest doorbell, for a function, a group, or anybody. */
static bool bind_next(const struct software *software, struct consumer *consumer, uint32_t function, uint32_t group,
                      uint64_t *iova, uint64_t *ipa, struct host_error *error)
{
    uint32_t pages = consumer->config->guest_doorbells;

    *iova = guest_iova(software, consumer);
    *ipa = consumer->config->guest_doorbell +
           software_page_bytes(software) * (consumer->doorbells.count % (pages > 0 ? pages : 1));
    return doorbell_bind(&consumer->doorbells, *iova, *ipa, function, group, error);
}

/** Bindings that are made before any device is attached. */
static bool bind_beforehand(const struct software *software, struct consumer *consumer, struct host_error *error)
{
    uint64_t iova;
    uint64_t ipa;

    if (consumer->style == DOORBELL_SINGLE_PAGE) {
        consumer->doorbells.guest_iova = guest_iova(software, consumer);
    }
    for (uint32_t i = 0; consumer->style == DOORBELL_BIND_DOMAIN && i < consumer->config->bindings; i++) {
        if (!bind_next(software, consumer, DOORBELL_ANY, DOORBELL_ANY, &iova, &ipa, error)) {
            return false;
        }
    }
    return true;
}

static bool is_bound(const struct consumer *consumer, uint32_t function, uint32_t group)
{
    for (size_t i = 0; i < consumer->doorbells.count; i++) {
        const struct doorbell_page *page = &consumer->doorbells.pages[i];

        if (consumer->style == DOORBELL_BIND_GROUP ? page->group == group : page->function == function) {
            return true;
        }
    }
    return false;
}

/** The binding that comes with a device, and what its guest's tables learn of it. */
static bool bind_for(struct software *software, struct consumer *consumer, struct domain *guest, uint32_t function,
                     struct host_error *error)
{
    uint32_t group = software->groups.group_of[function];
    bool by_group = consumer->style == DOORBELL_BIND_GROUP;
    uint64_t iova;
    uint64_t ipa;

    if (by_group || consumer->style == DOORBELL_BIND_DEVICE) {
        if (is_bound(consumer, function, group)) {
            return true;
        }
        return bind_next(software, consumer, by_group ? DOORBELL_ANY : function, by_group ? group : DOORBELL_ANY, &iova,
                         &ipa, error) &&
               consumer_teach_guest(guest, iova, ipa, error);
    }
    if (consumer->style == DOORBELL_BIND_DOMAIN && consumer->config->guest_domain_each) {
        size_t mine = consumer->devices_seen++ % (consumer->doorbells.count > 0 ? consumer->doorbells.count : 1);

        return consumer->doorbells.count == 0 || consumer_teach_guest(guest, consumer->doorbells.pages[mine].iova,
                                                                      consumer->doorbells.pages[mine].ipa, error);
    }
    return true;
}

/** The binding that serves a function; NULL: none. */
static const struct doorbell_page *binding_of(const struct software *software, const struct consumer *consumer,
                                              uint32_t function)
{
    for (size_t i = 0; i < consumer->doorbells.count; i++) {
        const struct doorbell_page *page = &consumer->doorbells.pages[i];

        if (page->function == function || (page->group == software->groups.group_of[function]) ||
            (consumer->style == DOORBELL_BIND_DOMAIN &&
             page->physical == (software->functions[function].doorbell & ~(software_page_bytes(software) - 1)))) {
            return page;
        }
    }
    return NULL;
}

static bool is_binding(enum doorbell_style style)
{
    return style == DOORBELL_BIND_DEVICE || style == DOORBELL_BIND_DOMAIN || style == DOORBELL_BIND_GROUP;
}

/** Owner of a function whose style has a call for doorbells; NULL with @p error. */
static struct consumer *binding_owner(struct software *software, uint32_t function, struct host_error *error)
{
    uint32_t owner = software->functions[function].consumer;

    if (owner == CONSUMER_NONE ||
        (!is_binding(software->consumers[owner].style) && software->consumers[owner].style != DOORBELL_GEOMETRY)) {
        host_error_fail(error, EOPNOTSUPP, "doorbells of %s are not bound one by one",
                        software->found.tree.functions[function].name);
        return NULL;
    }
    return &software->consumers[owner];
}

bool consumer_bind_doorbell(struct software *software, uint32_t function, struct host_error *error)
{
    struct consumer *owner = binding_owner(software, function, error);
    struct domain *guest = software->functions[function].attachment.domain;
    bool by_group = owner != NULL && owner->style == DOORBELL_BIND_GROUP;
    bool by_device = owner != NULL && owner->style == DOORBELL_BIND_DEVICE;
    uint64_t iova;
    uint64_t ipa;

    if (owner == NULL) {
        return false;
    }
    if (owner->style == DOORBELL_GEOMETRY) {
        if (!consumer_map_doorbell(software, function, &iova, error)) {
            return false;
        }
        consumer_note_users(software, function);
        return true;
    }
    if ((by_group || by_device) && binding_of(software, owner, function) != NULL) {
        return host_error_fail(error, EEXIST, "a doorbell is bound for %s already",
                               software->found.tree.functions[function].name);
    }
    return bind_next(software, owner, by_device ? function : DOORBELL_ANY,
                     by_group ? software->groups.group_of[function] : DOORBELL_ANY, &iova, &ipa, error) &&
           consumer_teach_guest(guest, iova, ipa, error);
}

bool consumer_unbind_doorbell(struct software *software, uint32_t function, struct host_error *error)
{
    struct consumer *owner = binding_owner(software, function, error);
    const struct doorbell_page *page;
    uint64_t iova;

    if (owner == NULL) {
        return false;
    }
    if (owner->style == DOORBELL_GEOMETRY) {
        if (!consumer_unmap_doorbell(software, function, error)) {
            return false;
        }
        consumer_note_users(software, function);
        return true;
    }
    page = binding_of(software, owner, function);
    if (page == NULL) {
        return host_error_fail(error, ENOENT, "no doorbell is bound for %s",
                               software->found.tree.functions[function].name);
    }
    iova = page->iova;
    return doorbell_unbind(&owner->doorbells, iova, error) &&
           domain_remove_doorbell(software->functions[function].attachment.domain, iova, error);
}

/* ---- Spaces ---- */

static enum domain_kind kind_of(enum consumer_translation translation)
{
    switch (translation) {
    case CONSUMER_DMA:
        return DOMAIN_DMA;
    case CONSUMER_IDENTITY:
        return DOMAIN_IDENTITY;
    case CONSUMER_BLOCKED:
        return DOMAIN_BLOCKED;
    default:
        return DOMAIN_UNMANAGED;
    }
}

bool consumer_make_domain(struct software *software, const struct consumer *consumer, struct consumer_space *space,
                          uint32_t iommu, enum consumer_translation translation, struct host_error *error)
{
    struct smmu_driver *smmu = software->planned ? NULL : &software->smmus[iommu];
    struct domain *domain = software_take_domain(software, error);
    bool made = true;

    if (domain == NULL) {
        return false;
    }
    software_set_pages(software, iommu, domain);
    if (software->planned && software->config.smmus != NULL && software->config.smmus[iommu].no_stage2 &&
        (translation == CONSUMER_STAGE_2 || translation == CONSUMER_NESTED)) {
        return host_error_fail(error, EOPNOTSUPP, "SMMU %s has no stage 2",
                               software->config.firmware->iommus[iommu].name);
    }
    if (translation == CONSUMER_STAGE_2 || translation == CONSUMER_NESTED) {
        made = domain_init_stage2(domain, smmu, &software->ram, error);
    } else if (software->planned) {
        domain_init_planned(domain, kind_of(translation));
    } else {
        made = domain_init(domain, kind_of(translation), smmu, &software->ram, error);
    }
    domain->name = consumer->config->name;
    domain->smmu_index = iommu;
    space->domain = domain;
    space->translation = translation;
    init_table(software, consumer, &space->doorbells);
    if (made && !is_kernel(consumer)) {
        domain->window_base = consumer->config->window_base;
        domain->window_size = consumer->config->window_size;
    }
    return made;
}

/** Maps what the user had mapped before: a range of memory of its own. */
static bool map_user_memory(struct software *software, const struct consumer *consumer, struct domain *domain,
                            struct host_error *error)
{
    const struct consumer_config *config = consumer->config;
    uint64_t physical = 0;

    if (is_nested(consumer) &&
        !domain_map_at(domain, config->guest_memory_base, consumer->guest_ram_base, config->guest_memory, error)) {
        return false;
    }
    if (config->user_size == 0) {
        return true;
    }
    if (!software->planned) {
        physical = host_ram_take(&software->ram, config->user_size, software_page_bytes(software));
        if (physical == 0) {
            return host_error_fail(error, ENOMEM, "no memory for %llu bytes of the user's",
                                   (unsigned long long)config->user_size);
        }
    }
    return domain_map_at(domain, config->user_base, physical, config->user_size, error);
}

static bool fill_space(struct software *software, struct consumer *consumer, struct consumer_space *space,
                       uint32_t iommu, struct host_error *error)
{
    if (!consumer_make_domain(software, consumer, space, iommu, consumer->config->translation, error)) {
        return false;
    }
    if (is_kernel(consumer)) {
        return true;
    }
    if (is_nested(consumer) && !make_guest_memory(software, consumer, error)) {
        return false;
    }
    if (consumer->space_count == 0 && !bind_beforehand(software, consumer, error)) {
        return false;
    }
    if (!map_user_memory(software, consumer, space->domain, error)) {
        return false;
    }
    if (is_nested(consumer) && !consumer->config->guest_domain_each) {
        space->guest = make_guest(software, consumer, space->domain, error);
        return space->guest != NULL;
    }
    return true;
}

struct consumer_space *consumer_next_space(struct consumer *consumer, uint32_t group, struct host_error *error)
{
    struct consumer_space *space = &consumer->spaces[consumer->space_count];

    if (consumer->space_count == consumer->space_limit) {
        host_error_fail(error, ENOSPC, "%s: more domains than were foreseen", consumer->config->name);
        return NULL;
    }
    memset(space, 0, offsetof(struct consumer_space, viommu));
    space->group = group;
    return space;
}

struct consumer_space *consumer_find_space(struct software *software, uint32_t consumer, uint32_t group, uint32_t iommu,
                                           struct host_error *error)
{
    struct consumer *user = &software->consumers[consumer];
    bool separate = user->config->separate || is_kernel(user);
    struct consumer_space *space;
    size_t domains = software->domain_count;

    for (size_t i = 0; i < user->space_count; i++) {
        space = &user->spaces[i];
        if (space->domain->smmu_index == iommu && (!separate || space->group == group)) {
            return space;
        }
    }
    space = consumer_next_space(user, group, error);
    if (space == NULL) {
        return NULL;
    }
    if (!fill_space(software, user, space, iommu, error)) {
        while (software->domain_count > domains) {
            domain_release(&software->domains[--software->domain_count]);
        }
        return NULL;
    }
    user->space_count++;
    return space;
}

struct domain *consumer_domain_for(struct software *software, uint32_t consumer, struct consumer_space *space,
                                   uint32_t function, struct host_error *error)
{
    struct consumer *user = &software->consumers[consumer];
    struct domain *domain = space->domain;

    if (!is_nested(user)) {
        return domain;
    }
    domain = space->guest != NULL ? space->guest : make_guest(software, user, space->domain, error);
    return domain != NULL && bind_for(software, user, domain, function, error) ? domain : NULL;
}

struct consumer_space *consumer_space_of(const struct software *software, uint32_t function)
{
    const struct software_function *mine = &software->functions[function];
    const struct domain *domain = mine->attachment.domain;

    if (mine->consumer == CONSUMER_NONE || domain == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < software->consumers[mine->consumer].space_count; i++) {
        struct consumer_space *space = &software->consumers[mine->consumer].spaces[i];

        if (space->domain == domain || (domain->parent != NULL && space->domain == domain->parent)) {
            return space;
        }
    }
    return NULL;
}

/* ---- Doorbells ---- */

/** The table of a consumer's domain; NULL: of none. */
static struct doorbell_table *table_of_domain(const struct software *software, const struct domain *domain)
{
    for (size_t i = 0; i < software->consumer_count; i++) {
        struct consumer *consumer = &software->consumers[i];

        for (size_t j = 0; j < consumer->space_count && !is_kernel(consumer); j++) {
            if (consumer->spaces[j].domain == domain) {
                return is_for_all(consumer->spaces[j].doorbells.style) ? &consumer->doorbells
                                                                       : &consumer->spaces[j].doorbells;
            }
        }
    }
    return NULL;
}

/** Table and request of a function. @return NULL: not mapped by a table */
static struct doorbell_table *find_table(const struct software *software, uint32_t function,
                                         struct doorbell_request *request)
{
    struct software_function *mine = &software->functions[function];
    struct consumer_space *space = consumer_space_of(software, function);

    request->function = function;
    request->group = software->groups.group_of[function];
    request->doorbell = mine->doorbell;
    if (mine->doorbell_in != NULL) {
        request->domain = mine->doorbell_in;
        return table_of_domain(software, mine->doorbell_in);
    }
    request->domain = space != NULL ? space->domain : mine->attachment.domain;
    if (space == NULL || software->consumers[mine->consumer].config->kind == CONSUMER_KERNEL) {
        return NULL;
    }
    return is_for_all(space->doorbells.style) ? &software->consumers[mine->consumer].doorbells : &space->doorbells;
}

static bool has_fixed_window(const struct software *software, uint32_t function)
{
    const struct pci_tree *tree = &software->found.tree;
    const struct pci_tree_function *at = &tree->functions[function];

    return reserved_find(&software->config.reserved, tree->host_bridges[at->host_bridge].segment, at->rid,
                         RESERVED_MSI) != NULL;
}

/** What a function is told where its doorbell is mapped in an auxiliary domain of its own (2018). */
static bool map_in_auxiliary(struct software *software, uint32_t function, uint64_t *address, struct host_error *error)
{
    struct doorbell_request request;
    struct doorbell_table *table = find_table(software, function, &request);

    if (table == NULL) {
        return domain_map_doorbell(request.domain, request.doorbell, address, error);
    }
    return doorbell_map(table, &request, address, error);
}

bool consumer_map_doorbell(struct software *software, uint32_t function, uint64_t *address, struct host_error *error)
{
    struct software_function *mine = &software->functions[function];
    struct domain *domain = mine->attachment.domain;
    struct doorbell_request request;
    struct doorbell_table *table;

    mine->doorbell_left = false;
    mine->doorbell_in = mine->doorbell_pasid == 0 ? NULL : attachment_find(&mine->attachment, mine->doorbell_pasid);
    if (mine->doorbell_in != NULL) {
        return map_in_auxiliary(software, function, address, error);
    }
    if (domain == NULL || domain->kind == DOMAIN_IDENTITY) {
        *address = mine->doorbell;
        return true;
    }
    if (domain->kind == DOMAIN_BLOCKED) {
        *address = mine->doorbell;
        return !software->rules->blocked_refuses_msi ||
               host_error_fail(error, EOPNOTSUPP, "a blocked domain has no way to a doorbell");
    }
    table = find_table(software, function, &request);
    if (has_fixed_window(software, function)) {
        uint64_t page = mine->doorbell & ~(software_page_bytes(software) - 1);

        *address = mine->doorbell;
        return domain_install_doorbell(request.domain, page, page, error) &&
               (domain == request.domain || domain_install_doorbell(domain, page, page, error));
    }
    if (table == NULL) {
        return domain_map_doorbell(domain, mine->doorbell, address, error);
    }
    return doorbell_map(table, &request, address, error);
}

bool consumer_unmap_doorbell(struct software *software, uint32_t function, struct host_error *error)
{
    struct software_function *mine = &software->functions[function];
    struct domain *domain = mine->attachment.domain;
    struct doorbell_request request;
    struct doorbell_table *table;

    if (mine->doorbell_left) {
        mine->doorbell_left = false;
        return true;
    }
    if (mine->doorbell_in == NULL &&
        (domain == NULL || !domain_translates(domain) || has_fixed_window(software, function))) {
        return true;
    }
    table = find_table(software, function, &request);
    mine->doorbell_in = NULL;
    return table == NULL || doorbell_unmap(table, &request, error);
}
