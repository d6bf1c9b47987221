/*
 * What software does with a system of the space: whose the endpoints are, and by which rules.
 */
#ifndef DOORBELL_EXPLORE_USE_H
#define DOORBELL_EXPLORE_USE_H

#include "host/consumer.h"
#include "host/groups.h"
#include "host/rules.h"

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Whose all endpoints are. */
enum explore_use {
    EXPLORE_USE_KERNEL,           /**< the kernel's drivers, in default domains for DMA */
    EXPLORE_USE_IDENTITY,         /**< the kernel's drivers, in default domains that do not translate */
    EXPLORE_USE_VFIO,             /**< one VFIO type 1 container, one stage of format 1 */
    EXPLORE_USE_VFIO_STAGE_2,     /**< the same, of format 2 */
    EXPLORE_USE_VFIO_NESTED,      /**< a guest's stage 1 on the container's stage 2, one domain for all devices */
    EXPLORE_USE_VFIO_NESTED_EACH, /**< the same, the guest gives each device a domain */
    EXPLORE_USE_IOMMUFD,          /**< one iommufd file, one stage of format 1 */
    EXPLORE_USE_IOMMUFD_STAGE_2,
    EXPLORE_USE_IOMMUFD_NESTED,
    EXPLORE_USE_IOMMUFD_NESTED_EACH,
    EXPLORE_USE_BLOCKED, /**< the kernel keeps the endpoints in domains that let nothing through */
    EXPLORE_USES,
};

/** What takes MSIs, everywhere in a system. */
enum explore_controller {
    EXPLORE_CONTROLLER_ITS,
    EXPLORE_CONTROLLER_PRE_ITS, /**< an ITS behind a window in which every device has a doorbell of its own */
    EXPLORE_CONTROLLER_V2M,     /**< no ITS: GICv2m frames in their place, each with SPIs of its own */
    EXPLORE_CONTROLLERS,
};

/** What endpoints have besides, on a PASID; all have the capability then. */
enum explore_pasids {
    EXPLORE_PASIDS_NONE,
    EXPLORE_PASIDS_SHARED, /**< one auxiliary domain for all, on PASID EXPLORE_PASID of each */
    EXPLORE_PASIDS_OWN,    /**< an auxiliary domain for each, all on the same number */
    EXPLORE_PASIDS,
};

#define EXPLORE_PASID      5u
#define EXPLORE_PASID_BITS 16u

/* At most so many doorbell pages and pages that a guest maps one to one. */
#define EXPLORE_DOORBELLS      8u
#define EXPLORE_IDENTITY_PAGES 256u

/** One way to use the endpoints. */
struct explore_software {
    const struct software_rules *rules;
    enum group_rule grouping;
    enum explore_use use;
    enum explore_controller controller; /**< consumers take devices of one that cannot tell who writes all the same */
    unsigned guest_doorbells;           /**< nested: pages of the virtual ITS, and doorbells bound beforehand; 1.. */
    unsigned identity_pages;            /**< nested: pages of the MSI window that the guest maps one to one, 0..256 */
    enum explore_pasids pasids;         /**< auxiliary domains beside the others */
};

/** "kernel", "vfio-nested", ...: the words of the command. */
const char *explore_use_name(enum explore_use use);

/** Finds a use by that name. @return false if there is none; @p use is then unchanged */
bool explore_use_from_name(const char *name, enum explore_use *use);

/** "its", "pre-its", "v2m". */
const char *explore_controller_name(enum explore_controller controller);

/** "none", "shared", "own". */
const char *explore_pasids_name(enum explore_pasids pasids);

/** Whether the endpoints are in default domains, with no consumer. */
bool explore_use_is_default(enum explore_use use);

/** What a scenario file says of the consumer: "{ kind: vfio, ... devices: [...] }" without the devices. */
void explore_use_describe(const struct explore_software *software, char *text, size_t size);

/** The consumer as the software's own configuration has it, but for its devices. */
void explore_use_consumer(const struct explore_software *software, struct consumer_config *consumer);

/** Name of the consumer of an auxiliary domain ("aux0"); static. @param number below EXPLORE_AUXILIARIES */
const char *explore_auxiliary_name(unsigned number);

#define EXPLORE_AUXILIARIES 8u

/** That consumer: an iommufd file without devices. */
void explore_use_auxiliary(unsigned number, struct consumer_config *consumer);

/** Whether the rule set knows such a use, and auxiliary domains if there are any. */
bool explore_use_is_known(const struct explore_software *software);

#ifdef __cplusplus
}
#endif

#endif
