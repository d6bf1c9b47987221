/* Between the files of consumers. */
#ifndef DOORBELL_HOST_CONSUMER_INTERNAL_H
#define DOORBELL_HOST_CONSUMER_INTERNAL_H

#include "host/consumer.h"
#include "host/software.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Finds the space for a group at an SMMU; makes it if there is none. NULL with @p error. */
struct consumer_space *consumer_find_space(struct software *software, uint32_t consumer, uint32_t group, uint32_t iommu,
                                           struct host_error *error);

/** The next space, with nothing in it yet; it counts when space_count does. NULL with @p error: ENOSPC. */
struct consumer_space *consumer_next_space(struct consumer *consumer, uint32_t group, struct host_error *error);

/** Makes the domain of a space, without any mapping, and its table of doorbells. @return false with @p error */
bool consumer_make_domain(struct software *software, const struct consumer *consumer, struct consumer_space *space,
                          uint32_t iommu, enum consumer_translation translation, struct host_error *error);

/**
 * The domain for one function's requests: the space's, or in nested translation the guest's, which is made if the guest
 * gives every device its own. Makes the bindings that come with a device. NULL with @p error.
 */
struct domain *consumer_domain_for(struct software *software, uint32_t consumer, struct consumer_space *space,
                                   uint32_t function, struct host_error *error);

/** Notes how many users the page of a function's doorbell has (2016). */
void consumer_note_users(struct software *software, uint32_t function);

/** Makes a guest's domain learn where a bound doorbell is. */
bool consumer_teach_guest(struct domain *guest, uint64_t iova, uint64_t ipa, struct host_error *error);

#ifdef __cplusplus
}
#endif

#endif
