/*
 * Who uses devices: the kernel's own drivers, a VFIO type 1 container, an open iommufd file. A consumer has domains,
 * one or more at each SMMU that its devices are behind, and tables of doorbells; groups are attached to it as a whole
 * (A23).
 *
 * What a consumer may do is the rule set's matter (host/rules.h). Refusals are outcomes with the errno that Linux would
 * return. docs/software.md goes through the rules one by one.
 */
#ifndef DOORBELL_HOST_CONSUMER_H
#define DOORBELL_HOST_CONSUMER_H

#include "host/attachment.h"
#include "host/domain.h"
#include "host/doorbell_map.h"
#include "host/error.h"
#include "host/fault_object.h"
#include "host/ram.h"
#include "host/room.h"
#include "host/rules.h"
#include "host/viommu.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct software;

/** No consumer: the kernel's drivers with the group's default domain. */
#define CONSUMER_NONE UINT32_MAX

enum consumer_kind {
    CONSUMER_KERNEL,  /**< drivers of the kernel, in domains of another kind than the default */
    CONSUMER_VFIO,    /**< a VFIO type 1 container */
    CONSUMER_IOMMUFD, /**< an iommufd file with one I/O address space */
};

enum consumer_translation {
    CONSUMER_DMA,      /**< kernel */
    CONSUMER_IDENTITY, /**< kernel */
    CONSUMER_BLOCKED,  /**< kernel */
    CONSUMER_STAGE_1,  /**< VFIO, iommufd: one stage, of format 1 */
    CONSUMER_STAGE_2,  /**< the same, of format 2 */
    CONSUMER_NESTED,   /**< a guest's stage 1 on the host's stage 2 */
    CONSUMER_TRANSLATIONS,
};

/** A function that a consumer shall get. */
struct consumer_device {
    uint16_t segment;
    uint16_t rid;
};

/** What a consumer is. Pointers are the caller's and outlive it. */
struct consumer_config {
    const char *name;
    enum consumer_kind kind;
    enum consumer_translation translation;
    const struct consumer_device *devices; /**< in the order in which they are attached and enabled */
    size_t device_count;
    bool style_given;
    enum doorbell_style style; /**< of doorbells, if given; else as the rule set says */
    bool separate;             /**< iommufd: a domain (HWPT) for each group, not one for all */
    enum fault_policy faults;  /**< iommufd: its HWPTs have a fault object, and what user space answers */
    sim_time fault_answer;     /**< that user space takes for it, fs */
    bool unsafe_interrupts;    /**< VFIO: allow_unsafe_interrupts (C16) */
    uint64_t window_base;      /**< MSI window, or the aperture of 2016 */
    uint64_t window_size;
    uint64_t user_base; /**< what the user mapped before it attached any device */
    uint64_t user_size; /**< 0: nothing */
    /* Nested. */
    uint64_t guest_memory;      /**< bytes, whole pages */
    uint64_t guest_memory_base; /**< intermediate physical address */
    uint64_t guest_doorbell;    /**< intermediate physical address of the virtual ITS's page */
    uint32_t guest_doorbells;   /**< such pages, one after the other */
    uint32_t bindings;          /**< doorbells that the user binds beforehand; styles that bind for all */
    uint32_t identity_pages;    /**< of the MSI window that the guest maps one to one */
    bool guest_domain_each;     /**< the guest gives every device a domain of its own, not one for all */
};

/** A domain of a consumer at one SMMU. */
struct consumer_space {
    struct domain *domain; /**< one stage, or the stage 2 of all nested domains there */
    struct domain *guest;  /**< nested: the guest's stage 1 for all devices; NULL if every device has its own */
    uint32_t group;        /**< it is for, if domains are separate */
    enum consumer_translation translation; /**< of `domain` */
    uint32_t its;                          /**< of the first device attached (C18) */
    bool has_its;
    bool has_viommu;
    /* Only what the fields above say. */
    struct viommu viommu;            /**< iommufd, nested: behind which the guest's devices are */
    struct doorbell_table doorbells; /**< of styles that keep one for each domain */
};

/** A consumer as it stands. */
struct consumer {
    const struct consumer_config *config;
    enum doorbell_style style;
    struct consumer_space *spaces;
    size_t space_count;
    size_t space_limit;
    struct host_room space_room; /**< the memory of `spaces` */
    struct fault_object faults;
    bool has_guest_memory;
    struct host_ram guest_ram;
    uint64_t guest_ram_base;         /**< physical */
    uint64_t guest_next_iova;        /**< the guest's own allocator of addresses for doorbells: downward */
    size_t devices_seen;             /**< that the guest gave a domain of its own */
    struct doorbell_table doorbells; /**< of styles that keep one for all domains */
};

/** How a consumer's doorbells are mapped by a rule set; DOORBELL_UNSUPPORTED: it knows no such use of devices. */
enum doorbell_style consumer_style(const struct software_rules *rules, const struct consumer_config *config);

/** Makes the consumers of software->config. Their devices are attached by consumer_attach(). @return false, @p error */
bool consumers_init(struct software *software, struct host_error *error);

/** Forgets them, but keeps their memory. */
void consumers_forget(struct software *software);

/** Releases what they hold, and held before they were forgotten, in host memory. */
void consumers_clear(struct software *software);

/** How many domains all consumers together can come to need. */
size_t consumers_domain_limit(const struct software *software);

/**
 * Gives a function's group to a consumer and attaches it. The function's outcome is also kept in the software.
 *
 * ENODEV: no IOMMU, no group. EBUSY: another function of the group is used by the kernel. EPERM: by another consumer;
 * or MSIs are not isolated. EINVAL: a direct region, regions in conflict with what is mapped, a domain of another
 * SMMU, or the rule set's check of doorbells. EOPNOTSUPP: the rule set or the SMMU has no such thing.
 * @return false with @p error, and nothing changed
 */
bool consumer_attach(struct software *software, uint32_t consumer, uint32_t function, struct host_error *error);

/** Stands for what the consumer's own configuration says. */
#define CONSUMER_AS_CONFIGURED CONSUMER_TRANSLATIONS

/**
 * Replaces what the requests of a function's whole group go through, while they go on: an iommufd HWPT by another on
 * the same I/O address space. With one stage it is a new one, of @p translation, that maps what the old one maps; in
 * nested translation NESTED is the guest's stage 1 and STAGE_2 the one below alone, which both are there already.
 * Doorbell pages that the group uses are mapped beforehand if the rule set does that (C11); else its messages fault.
 *
 * EINVAL: the function is attached to nothing, or to something that has no such domain. EOPNOTSUPP: its owner is no
 * iommufd file. EBUSY: a stage 2, while a PASID is in use (D6).
 * @return false with @p error, and every function of the group is where it was
 */
bool consumer_replace(struct software *software, uint32_t function, enum consumer_translation translation,
                      struct host_error *error);

/**
 * Takes a function away from its consumer. With the last function of a group the group goes back to the kernel and its
 * default domain. ENODEV: it has none.
 */
bool consumer_detach(struct software *software, uint32_t function, struct host_error *error);

/**
 * The address that a function writes to reach its doorbell, by its owner's style; maps what is missing.
 * @return false with @p error: see doorbell_map(); EOPNOTSUPP in a blocked domain (C2)
 */
bool consumer_map_doorbell(struct software *software, uint32_t function, uint64_t *address, struct host_error *error);

/** A function no longer sends messages. */
bool consumer_unmap_doorbell(struct software *software, uint32_t function, struct host_error *error);

/**
 * A user's own call for one device: with styles that bind, binds a guest doorbell for it; with that of 2016, takes one
 * more reference of its doorbell. EOPNOTSUPP with others.
 */
bool consumer_bind_doorbell(struct software *software, uint32_t function, struct host_error *error);

/** The opposite. With styles that bind: EBUSY while a function writes to the doorbell. */
bool consumer_unbind_doorbell(struct software *software, uint32_t function, struct host_error *error);

/**
 * The calls of 2016 for the MSI geometry of a function's domain (host/doorbell_map.h), and what they found in
 * software->note: the aperture; what the function's doorbell is in it, and how many users that has. EOPNOTSUPP with
 * other styles. Setting: EINVAL once it has been set, or with an empty range. Translating: EINVAL if the doorbell is
 * mapped for nobody.
 */
bool consumer_get_aperture(struct software *software, uint32_t function, struct host_error *error);
bool consumer_set_aperture(struct software *software, uint32_t function, uint64_t base, uint64_t size,
                           struct host_error *error);
bool consumer_translate_doorbell(struct software *software, uint32_t function, struct host_error *error);

/** The space that a function's requests without PASID are in; NULL: it belongs to no consumer. */
struct consumer_space *consumer_space_of(const struct software *software, uint32_t function);

#ifdef __cplusplus
}
#endif

#endif
