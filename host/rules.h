/*
 * Rule sets: what system software does, by version and by proposal. What differs lives in one table (rules.c); code
 * asks the rule set and never compares versions itself. docs/software.md shows the table.
 */
#ifndef DOORBELL_HOST_RULES_H
#define DOORBELL_HOST_RULES_H

#include "host/groups.h"
#include "host/groups_acs.h"

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Ways to map doorbells. docs/doorbells.md tells each. */
enum doorbell_style {
    DOORBELL_PHYSICAL,    /**< none: devices write the physical address */
    DOORBELL_COOKIE,      /**< DMA layer: a page of the domain's own address space for each doorbell page (C1 to C7) */
    DOORBELL_BUMP,        /**< type 1 cookie: pages from the start of the MSI window upward, for each domain (C8) */
    DOORBELL_FILE,        /**< iommufd: one table for each open file, the same addresses in all its domains (C11) */
    DOORBELL_GEOMETRY,    /**< 2016: an aperture of the domain's, pages counted by their users (C21) */
    DOORBELL_BIND_DEVICE, /**< the user binds a guest doorbell for each device (BIND_MSI v3 to v6) */
    DOORBELL_BIND_DOMAIN, /**< the user binds guest doorbells: by doorbell, else the latest unused (v1, v2, v7 on) */
    DOORBELL_BIND_GROUP,  /**< the claim of 2019 taken at its word: one guest doorbell for a whole group */
    DOORBELL_IDENTITY_PAGE, /**< the doorbell's own page, mapped one to one: a window that hardware fixes */
    DOORBELL_SINGLE_PAGE,   /**< the user gives the address; one page of the virtual ITS leads to the hardware (C22) */
    DOORBELL_STYLES,
    DOORBELL_UNSUPPORTED = DOORBELL_STYLES, /**< the rule set has no such use of devices */
};

/** "cookie", "bump", ...: the words that scenario files use. */
const char *doorbell_style_name(enum doorbell_style style);

struct software_rules {
    const char *name; /**< as scenario files write it */
    const char *doc;  /**< one sentence */
    enum group_rule grouping;
    enum group_kernel kernel;    /**< whose rules hold where the proposal says nothing */
    enum doorbell_style type1;   /**< of a VFIO container with one stage */
    enum doorbell_style iommufd; /**< of an iommufd file with one stage */
    enum doorbell_style nested;  /**< of nested translation */
    bool nested_vfio;            /**< nested translation is VFIO's; else iommufd's */
    bool nested_identity;        /**< nested: the guest maps the MSI window one to one (RMR, C12) */
    bool bind_checks_domain;     /**< attach to a nested domain fails if the device's ITS differs (v7 to v15, C18) */
    bool bind_refuses_fixed;     /**< nested domains refuse devices with a fixed MSI window (v8 on) */
    bool blocked_refuses_msi;    /**< no doorbell in a blocked domain: EOPNOTSUPP (C2); else the physical address */
    bool direct_blocks_claim;    /**< a device with a direct region cannot be taken from the kernel (F13) */
    bool file_has_iommufd;       /**< iommufd exists */
    bool fault_needs_requests;   /**< HWPTs with a fault object only for devices that can ask for pages */
    bool auxiliary;              /**< PASIDs can be attached to plain domains (D16) */
    bool first_port_without_acs; /**< a device tree's first port is probed before ACS is asked for, and stays (A18) */
    int alias_error;             /**< errno when a StreamID belongs to another device (A21) */
};

/** Number of rule sets; the i-th, in the order of the scenario key. */
size_t rules_count(void);
const struct software_rules *rules_at(size_t index);

/** Finds a rule set; NULL if there is none. */
const struct software_rules *rules_find(const char *name);

#ifdef __cplusplus
}
#endif

#endif
