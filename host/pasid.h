/*
 * PASIDs: one space of numbers for the whole system, from which processes take theirs (D4), and what is attached to a
 * PASID of a device: processes (SVA) and auxiliary domains side by side in one table (D15).
 *
 * A group shares its PASIDs: a number is in use for all of it or for none (D5).
 */
#ifndef DOORBELL_HOST_PASID_H
#define DOORBELL_HOST_PASID_H

#include "host/domain.h"
#include "host/error.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct software;

/** Processes whose address space devices share. */
#define PASID_PROCESSES 16u

/** The first number that the system gives to a process; lower ones are for users that choose theirs. */
#define PASID_FIRST_PROCESS 1u

/** A process: its address space is one domain at each SMMU that it is used behind. */
struct pasid_process {
    uint32_t pasid;            /**< 0: has none yet */
    uint32_t users;            /**< devices bound to it */
    struct domain *domains[8]; /**< by SMMU; NULL: none */
};

/** A consumer's domain on a PASID of a device, from the beginning. */
struct pasid_config {
    uint16_t segment;
    uint16_t rid; /**< of the function */
    uint32_t pasid;
    uint32_t consumer;
    bool doorbell; /**< the function's doorbell is mapped in that domain, not in that of its requests without PASID */
};

/** The system's numbers. */
struct pasid_space {
    uint32_t next; /**< for processes: upward */
    struct pasid_process processes[PASID_PROCESSES];
};

/**
 * Gives a device, whose capability is on (host/services.h), a table of context descriptors.
 * ENODEV: no capability, no SMMU, or one without SubstreamIDs. EINVAL: ACS does not bring its requests to the root
 * (D1), where the rule set asks for that. @return false with @p error
 */
bool pasid_enable(struct software *software, uint32_t function, struct host_error *error);

/**
 * Attaches a consumer's domain to a PASID of a device and of every other device of its group that has PASIDs on.
 * EOPNOTSUPP: the rule set has no auxiliary domains. EBUSY: the number is in use in the group, or by a process. Else as
 * attachment_set_pasid(). @return false with @p error, and nothing changed
 */
bool pasid_attach(struct software *software, uint32_t function, uint32_t pasid, uint32_t consumer,
                  struct host_error *error);

/** Takes it away again, from the whole group. ENOENT: not in use. */
bool pasid_detach(struct software *software, uint32_t function, uint32_t pasid, struct host_error *error);

/** Binds a process. address space. The PASID is the process. own, the same everywhere. Errors as above. */
bool pasid_bind_process(struct software *software, uint32_t function, uint32_t process, struct host_error *error);

/** ENOENT: it is not bound. */
bool pasid_unbind_process(struct software *software, uint32_t function, uint32_t process, struct host_error *error);

/** Takes all PASIDs away that a function uses, as those calls do. @return false with @p error */
bool pasid_release(struct software *software, uint32_t function, struct host_error *error);

#ifdef __cplusplus
}
#endif

#endif
