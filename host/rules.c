#include "host/rules.h"

#include <errno.h>
#include <string.h>

#define LINUX_6_1                                                                                                      \
    .grouping = GROUP_RULE_LINUX, .kernel = GROUP_KERNEL_6_1, .type1 = DOORBELL_BUMP, .iommufd = DOORBELL_UNSUPPORTED, \
    .nested_vfio = true, .first_port_without_acs = true, .alias_error = EINVAL
#define LINUX_6_12                                                                                                     \
    .grouping = GROUP_RULE_LINUX, .kernel = GROUP_KERNEL_6_12, .type1 = DOORBELL_BUMP, .iommufd = DOORBELL_BUMP,       \
    .direct_blocks_claim = true, .file_has_iommufd = true, .fault_needs_requests = true, .auxiliary = true,            \
    .first_port_without_acs = true, .alias_error = EINVAL
#define LINUX_7_3                                                                                                      \
    .kernel = GROUP_KERNEL_7_3, .type1 = DOORBELL_BUMP, .iommufd = DOORBELL_FILE, .nested = DOORBELL_FILE,             \
    .nested_identity = true, .blocked_refuses_msi = true, .direct_blocks_claim = true, .file_has_iommufd = true,       \
    .auxiliary = true, .alias_error = ENODEV

/* BIND_MSI was proposed from 2018 to 2021; what it left alone is taken from the oldest version that is known here. */
#define BIND(number, bind_style, checks, refuses)                                                                      \
    {                                                                                                                  \
        .name = "bind-msi-v" number, .doc = "Revision " number " of the VFIO BIND_MSI proposal.", LINUX_6_1,           \
        .nested = (bind_style), .bind_checks_domain = (checks), .bind_refuses_fixed = (refuses)                        \
    }

static const struct software_rules sets[] = {
    {.name = "linux-6.1", .doc = "Linux 6.1.", LINUX_6_1, .nested = DOORBELL_UNSUPPORTED},
    {.name = "linux-6.12", .doc = "Linux 6.12.", LINUX_6_12, .nested = DOORBELL_UNSUPPORTED},
    {.name = "linux-7.3", .doc = "Linux 7.3.", .grouping = GROUP_RULE_LINUX, LINUX_7_3},
    {.name = "corrected-grouping",
     .doc = "Linux 7.3 with the grouping of the series of 2025.",
     .grouping = GROUP_RULE_CORRECTED,
     LINUX_7_3},
    {.name = "msi-geometry-2016",
     .doc = "The MSI mapping API of 2016: an aperture, and doorbells counted by their users.",
     .grouping = GROUP_RULE_LINUX,
     .kernel = GROUP_KERNEL_6_1,
     .type1 = DOORBELL_GEOMETRY,
     .iommufd = DOORBELL_UNSUPPORTED,
     .nested = DOORBELL_UNSUPPORTED,
     .first_port_without_acs = true,
     .alias_error = EINVAL},
    {.name = "bind-per-group",
     .doc = "A hypervisor that relies on the claim of 2019: one guest doorbell bound for a whole group.",
     LINUX_6_1,
     .nested = DOORBELL_BIND_GROUP},
    BIND("1", DOORBELL_BIND_DOMAIN, false, false),
    BIND("2", DOORBELL_BIND_DOMAIN, false, false),
    BIND("3", DOORBELL_BIND_DEVICE, false, false),
    BIND("4", DOORBELL_BIND_DEVICE, false, false),
    BIND("5", DOORBELL_BIND_DEVICE, false, false),
    BIND("6", DOORBELL_BIND_DEVICE, false, false),
    BIND("7", DOORBELL_BIND_DOMAIN, true, false),
    BIND("8", DOORBELL_BIND_DOMAIN, true, true),
    BIND("9", DOORBELL_BIND_DOMAIN, true, true),
    BIND("10", DOORBELL_BIND_DOMAIN, true, true),
    BIND("11", DOORBELL_BIND_DOMAIN, true, true),
    BIND("12", DOORBELL_BIND_DOMAIN, true, true),
    BIND("13", DOORBELL_BIND_DOMAIN, true, true),
    BIND("14", DOORBELL_BIND_DOMAIN, true, true),
    BIND("15", DOORBELL_BIND_DOMAIN, true, true),
    {.name = "bind-msi-v16",
     .doc = "Revision 16 of that proposal: no binding any more, the guest maps the MSI window one to one.",
     LINUX_6_1,
     .nested = DOORBELL_BUMP,
     .nested_identity = true},
    {.name = "approach-2",
     .doc = "Linux 7.3 with the proposal that the virtual machine monitor gives the guest's address for each vector.",
     .grouping = GROUP_RULE_LINUX,
     .kernel = GROUP_KERNEL_7_3,
     .type1 = DOORBELL_BUMP,
     .iommufd = DOORBELL_FILE,
     .nested = DOORBELL_SINGLE_PAGE,
     .blocked_refuses_msi = true,
     .direct_blocks_claim = true,
     .file_has_iommufd = true,
     .auxiliary = true,

     .alias_error = ENODEV},
};

static const char *const style_names[] = {"physical",    "cookie",      "bump",       "file",          "geometry",
                                          "bind-device", "bind-domain", "bind-group", "identity-page", "single-page"};

const char *doorbell_style_name(enum doorbell_style style)
{
    return style_names[style];
}

size_t rules_count(void)
{
    return sizeof(sets) / sizeof(sets[0]);
}

const struct software_rules *rules_at(size_t index)
{
    return &sets[index];
}

const struct software_rules *rules_find(const char *name)
{
    for (size_t i = 0; i < rules_count(); i++) {
        if (strcmp(sets[i].name, name) == 0) {
            return &sets[i];
        }
    }
    return NULL;
}
