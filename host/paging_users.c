/* Page requests that user space answers: fault objects of iommufd files. */
#include "host/paging_internal.h"

#include "models/smmuv3/smmu_formats.h"
#include "sim/sim.h"

/** The consumer that a function's requests without PASID belong to; NULL: the kernel serves them. */
static struct consumer *user_of(const struct software *software, uint32_t function)
{
    const uint32_t consumer = software->functions[function].consumer;

    return consumer == CONSUMER_NONE || software->consumers[consumer].config->kind == CONSUMER_KERNEL
               ? NULL
               : &software->consumers[consumer];
}

enum paging_hand paging_hand_over(struct software *software, uint32_t smmu, uint32_t function,
                                  const struct smmu_page_request *request)
{
    struct consumer *user = request->with_pasid ? NULL : user_of(software, function);
    const struct fault_entry entry = {
        .function = function, .smmu = smmu, .since = sim_now(software->access->sim), .request = *request};

    if (user == NULL) {
        return PAGING_KERNELS;
    }
    if (user->config->faults == FAULT_NONE || !fault_object_add(&user->faults, &entry)) {
        return PAGING_NOBODYS;
    }
    software->paging.counters.handed_over++;
    return PAGING_USERS;
}

sim_time paging_next_answer(const struct software *software)
{
    sim_time due = SIM_TIME_NEVER;

    for (size_t i = 0; i < software->consumer_count; i++) {
        const struct consumer *user = &software->consumers[i];

        due = sim_time_min(due, fault_object_due(&user->faults, user->config->fault_answer));
    }
    return due;
}

/** User space has read a group: it maps its pages or does not, and writes what it thinks of it. */
static bool answer_group(struct software *software, struct consumer *user, struct host_error *error)
{
    const struct fault_entry last = *fault_object_next(&user->faults);
    struct fault_entry entry;
    bool fine = true;

    while (fine && fault_object_take(&user->faults, &last, &entry)) {
        const unsigned code = user->config->faults == FAULT_ANSWERED
                                  ? paging_provide(software, entry.function, &entry.request, 0)
                                  : SMMU_RESP_INVALID;

        software->paging.counters.refused += user->config->faults == FAULT_REFUSED ? 1 : 0;
        fine = paging_conclude(software, entry.smmu, entry.function, &entry.request, code, error);
        if (entry.request.last) {
            break; /* the device may have used the group's number again */
        }
    }
    user->faults.free_at = sim_now(software->access->sim);
    return fine;
}

bool paging_answer(struct software *software, struct host_error *error)
{
    for (size_t i = 0; i < software->consumer_count; i++) {
        struct consumer *user = &software->consumers[i];

        if (fault_object_due(&user->faults, user->config->fault_answer) <= sim_now(software->access->sim) &&
            !answer_group(software, user, error)) {
            return false;
        }
    }
    return true;
}

bool paging_flush(struct software *software, uint32_t function, struct host_error *error)
{
    struct consumer *user = user_of(software, function);
    struct fault_entry entry;

    while (!software->planned && user != NULL && fault_object_take_any(&user->faults, function, &entry)) {
        software->paging.counters.refused++;
        if (!paging_conclude(software, entry.smmu, function, &entry.request, SMMU_RESP_INVALID, error)) {
            return false;
        }
    }
    return true;
}
