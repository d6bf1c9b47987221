#include "explore/use.h"

#include "host/doorbell_map.h"

#include <stdio.h>
#include <string.h>

/* What a scenario's consumer has unless its file says otherwise. */
#define GUEST_MEMORY      (UINT64_C(4) << 20)
#define GUEST_MEMORY_BASE UINT64_C(0x40000000)
#define GUEST_DOORBELL    UINT64_C(0x08090000)
#define USER_BASE         (UINT64_C(1) << 32)

static const struct {
    const char *name;
    const char *kind; /**< as scenario files write it; NULL: no consumer */
    const char *translation;
    enum consumer_kind kind_value;
    enum consumer_translation translation_value;
    bool each;
} uses[EXPLORE_USES] = {
    [EXPLORE_USE_KERNEL] = {"kernel", NULL, NULL, CONSUMER_KERNEL, CONSUMER_DMA, false},
    [EXPLORE_USE_IDENTITY] = {"kernel-identity", NULL, NULL, CONSUMER_KERNEL, CONSUMER_IDENTITY, false},
    [EXPLORE_USE_VFIO] = {"vfio", "vfio", "stage-1", CONSUMER_VFIO, CONSUMER_STAGE_1, false},
    [EXPLORE_USE_VFIO_STAGE_2] = {"vfio-stage-2", "vfio", "stage-2", CONSUMER_VFIO, CONSUMER_STAGE_2, false},
    [EXPLORE_USE_VFIO_NESTED] = {"vfio-nested", "vfio", "nested", CONSUMER_VFIO, CONSUMER_NESTED, false},
    [EXPLORE_USE_VFIO_NESTED_EACH] = {"vfio-nested-each", "vfio", "nested", CONSUMER_VFIO, CONSUMER_NESTED, true},
    [EXPLORE_USE_IOMMUFD] = {"iommufd", "iommufd", "stage-1", CONSUMER_IOMMUFD, CONSUMER_STAGE_1, false},
    [EXPLORE_USE_IOMMUFD_STAGE_2] = {"iommufd-stage-2", "iommufd", "stage-2", CONSUMER_IOMMUFD, CONSUMER_STAGE_2,
                                     false},
    [EXPLORE_USE_IOMMUFD_NESTED] = {"iommufd-nested", "iommufd", "nested", CONSUMER_IOMMUFD, CONSUMER_NESTED, false},
    [EXPLORE_USE_IOMMUFD_NESTED_EACH] = {"iommufd-nested-each", "iommufd", "nested", CONSUMER_IOMMUFD, CONSUMER_NESTED,
                                         true},
    [EXPLORE_USE_BLOCKED] = {"kernel-blocked", "kernel", "blocked", CONSUMER_KERNEL, CONSUMER_BLOCKED, false},
};

const char *explore_use_name(enum explore_use use)
{
    return uses[use].name;
}

bool explore_use_from_name(const char *name, enum explore_use *use)
{
    for (unsigned i = 0; i < EXPLORE_USES; i++) {
        if (strcmp(name, uses[i].name) == 0) {
            *use = (enum explore_use)i;
            return true;
        }
    }
    return false;
}

const char *explore_controller_name(enum explore_controller controller)
{
    static const char *const names[EXPLORE_CONTROLLERS] = {"its", "pre-its", "v2m"};

    return names[controller];
}

const char *explore_pasids_name(enum explore_pasids pasids)
{
    static const char *const names[EXPLORE_PASIDS] = {"none", "shared", "own"};

    return names[pasids];
}

bool explore_use_is_default(enum explore_use use)
{
    return uses[use].kind == NULL;
}

void explore_use_describe(const struct explore_software *software, char *text, size_t size)
{
    const bool is_user = uses[software->use].kind_value != CONSUMER_KERNEL;
    const char *unsafe = is_user && software->controller != EXPLORE_CONTROLLER_ITS ? ", unsafe-interrupts: yes" : "";
    int length = snprintf(text, size, "kind: %s, translation: %s%s", uses[software->use].kind,
                          uses[software->use].translation, unsafe);

    if (uses[software->use].translation_value == CONSUMER_NESTED && length >= 0 && (size_t)length < size) {
        snprintf(text + length, size - (size_t)length,
                 ", guest-domains: %s, guest-doorbells: %u, bindings: %u, identity-pages: %u",
                 uses[software->use].each ? "each" : "shared", software->guest_doorbells, software->guest_doorbells,
                 software->identity_pages);
    }
}

void explore_use_consumer(const struct explore_software *software, struct consumer_config *consumer)
{
    *consumer = (struct consumer_config){.name = "user",
                                         .kind = uses[software->use].kind_value,
                                         .translation = uses[software->use].translation_value,
                                         .unsafe_interrupts = software->controller != EXPLORE_CONTROLLER_ITS,
                                         .window_base = DOORBELL_WINDOW_BASE,
                                         .window_size = DOORBELL_WINDOW_SIZE,
                                         .user_base = USER_BASE,
                                         .guest_memory = GUEST_MEMORY,
                                         .guest_memory_base = GUEST_MEMORY_BASE,
                                         .guest_doorbell = GUEST_DOORBELL,
                                         .guest_doorbells = software->guest_doorbells,
                                         .bindings = software->guest_doorbells,
                                         .identity_pages = software->identity_pages,
                                         .guest_domain_each = uses[software->use].each};
}

const char *explore_auxiliary_name(unsigned number)
{
    static const char *const names[EXPLORE_AUXILIARIES] = {"aux0", "aux1", "aux2", "aux3",
                                                           "aux4", "aux5", "aux6", "aux7"};

    return names[number];
}

void explore_use_auxiliary(unsigned number, struct consumer_config *consumer)
{
    *consumer = (struct consumer_config){.name = explore_auxiliary_name(number),
                                         .kind = CONSUMER_IOMMUFD,
                                         .translation = CONSUMER_STAGE_1,
                                         .window_base = DOORBELL_WINDOW_BASE,
                                         .window_size = DOORBELL_WINDOW_SIZE,
                                         .user_base = USER_BASE,
                                         .guest_memory = GUEST_MEMORY,
                                         .guest_memory_base = GUEST_MEMORY_BASE,
                                         .guest_doorbell = GUEST_DOORBELL,
                                         .guest_doorbells = 1,
                                         .bindings = 1};
}

bool explore_use_is_known(const struct explore_software *software)
{
    struct consumer_config consumer;

    if (software->pasids != EXPLORE_PASIDS_NONE && !software->rules->auxiliary) {
        return false;
    }
    if (explore_use_is_default(software->use) || uses[software->use].kind_value == CONSUMER_KERNEL) {
        return true;
    }
    explore_use_consumer(software, &consumer);
    return consumer_style(software->rules, &consumer) != DOORBELL_UNSUPPORTED;
}
