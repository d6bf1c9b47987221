/*
 * What one function is attached to: the domain of its requests without PASID, and domains by PASID (rules D5 to D11).
 *
 * A function without PASIDs has an entry that points to its domain's own context descriptor. One that has them enabled
 * gets a table of context descriptors of its own, whose entry 0 is the domain's of requests without PASID; when that
 * domain has no stage 1, S1DSS says what such requests do.
 */
#ifndef DOORBELL_HOST_ATTACHMENT_H
#define DOORBELL_HOST_ATTACHMENT_H

#include "host/domain.h"
#include "host/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** StreamIDs of one function: its own requester ID's and those of its aliases. */
#define ATTACHMENT_STREAMS 16u

/** Domains that a function can have by PASID at once. */
#define ATTACHMENT_PASIDS 32u

/** A PASID in use. */
struct attachment_pasid {
    uint32_t pasid;
    struct domain *domain;
    bool displaced; /**< another use has its context descriptor now (attachment_displace_pasid()) */
};

struct attachment {
    struct smmu_driver *smmu; /**< NULL: planned, or no SMMU */
    uint32_t smmu_index;
    size_t stream_count;
    struct domain *domain; /**< of requests without PASID; NULL: none yet, they abort */
    unsigned pasid_bits;   /**< PASIDs are enabled, that wide; 0: they are not */
    bool has_contexts;
    struct smmu_contexts contexts;
    size_t pasid_count;
    size_t user_count;        /**< elements of `users` that are or were in use */
    unsigned eats;            /**< STE.EATS of entries with a stage (models/smmuv3/smmu_formats.h) */
    bool page_response_pasid; /**< STE.PPAR: page responses that the SMMU makes itself have a PASID */
    unsigned gaps; /**< changes of domain by way of an invalid entry: requests in between were terminated (3.21.3) */
    /* Behind what is counted above nothing is set. */
    uint32_t streams[ATTACHMENT_STREAMS];
    struct attachment_pasid pasids[ATTACHMENT_PASIDS];
    struct domain_user users[ATTACHMENT_PASIDS + 1]; /**< of `domain`, and of each PASID's */
};

/** Makes an attachment to nothing. @param smmu NULL: planned */
void attachment_init(struct attachment *attachment, struct smmu_driver *smmu, uint32_t smmu_index);

/** Adds a StreamID; one that is there already is not added again. @return false with @p error if there are too many */
bool attachment_add_stream(struct attachment *attachment, uint32_t stream_id, struct host_error *error);

/** Detaches from everything in host memory only; hardware is left as it is. */
void attachment_clear(struct attachment *attachment);

/**
 * Switches PASIDs on or off for the function. @param bits width, at most what the SMMU has; 0: off, EBUSY while any
 * PASID is in use. @return false with @p error
 */
bool attachment_enable_pasids(struct attachment *attachment, unsigned bits, struct host_error *error);

/** Sets memory of the host's aside, so that switching PASIDs on later allocates none. @return false with @p error */
bool attachment_prepare_pasids(struct attachment *attachment, struct host_error *error);

/**
 * Puts requests without PASID into a domain: EINVAL if it is of another SMMU; EBUSY if it has a stage 2 while a PASID
 * is in use (D6). @return false with @p error, and nothing changed
 */
bool attachment_set_domain(struct attachment *attachment, struct domain *domain, struct host_error *error);

/**
 * Puts requests with a PASID into a domain; NULL takes the PASID away (ENOENT if it is not in use). EINVAL: PASID 0 or
 * too wide, PASIDs not enabled, domain of another SMMU or without a stage 1 of its own, or requests without PASID are
 * in a domain with a stage 2 (D6). EBUSY: the PASID is in use. @return false with @p error, and nothing changed
 */
bool attachment_set_pasid(struct attachment *attachment, uint32_t pasid, struct domain *domain,
                          struct host_error *error);

/**
 * As attachment_set_pasid() with a domain, but a number in use is no error: software that does not know of the other
 * use writes its own domain into the context descriptor. The other one stays in the list, displaced.
 */
bool attachment_displace_pasid(struct attachment *attachment, uint32_t pasid, struct domain *domain,
                               struct host_error *error);

/**
 * Takes one use of a PASID away, as attachment_set_pasid() with NULL. Its context descriptor becomes invalid, whoever
 * has it: of other uses of the number nobody has one then. @param domain whose use
 */
bool attachment_end_pasid(struct attachment *attachment, uint32_t pasid, const struct domain *domain,
                          struct host_error *error);

/**
 * Says in the stream table entries whether the function may use ATS (EATS), and how page requests are answered (PPAR).
 * Takes effect on what may be asked for from now on: what the device has cached it keeps. @return false with @p error
 */
bool attachment_allow_ats(struct attachment *attachment, bool allowed, bool page_response_pasid,
                          struct host_error *error);

/**
 * Makes the device forget translations, if it may use ATS, and waits until it has.
 * @param pasid 0: those of requests without PASID  @param size log2 of the bytes, or SMMU_ATS_ALL (host/smmu_ats.h)
 */
bool attachment_invalidate(const struct attachment *attachment, uint32_t pasid, uint64_t iova, unsigned size,
                           struct host_error *error);

/**
 * Domain of a PASID: the one whose context descriptor is there, else one that was displaced; NULL if there is none.
 * PASID 0 stands for requests without PASID.
 */
struct domain *attachment_find(const struct attachment *attachment, uint32_t pasid);

#ifdef __cplusplus
}
#endif

#endif
