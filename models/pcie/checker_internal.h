/* The inside of a protocol checker. Files: checker.c (credits, order), checker_tlp.c (TLPs one by one, and tags). */
#ifndef DOORBELL_MODELS_PCIE_CHECKER_INTERNAL_H
#define DOORBELL_MODELS_PCIE_CHECKER_INTERNAL_H

#include "models/pcie/checker.h"

#ifdef __cplusplus
extern "C" {
#endif

#define CHECKER_SPARE    64u   /* TLPs beyond the credits that it can still follow */
#define CHECKER_INFINITE 4096u /* the same without credits */
#define CHECKER_TAGS     2048u /* a power of two */

/** A TLP that has been sent and not taken. */
struct checker_flight {
    const struct sim_packet *packet; /**< to compare only */
    uint64_t number;                 /**< of the direction's TLPs */
    struct pcie_order order;
};

struct checker_class {
    uint32_t header_credits; /**< advertised; 0: infinite */
    uint32_t unit_credits;
    uint32_t headers; /**< sent and not taken */
    uint32_t units;
    struct checker_flight *flights; /**< ring of them */
    uint32_t size;
    uint32_t head;
    uint32_t count;
};

struct pcie_checker;

/** What one end sends and the other takes. */
struct checker_direction {
    struct pcie_checker *checker;
    struct checker_direction *opposite;
    const char *name;
    struct pcie_tap tap;
    const struct pcie_config_space *space; /**< of the sender; may be NULL */
    bool limits_reads;                     /**< Max_Read_Request_Size of `space` is that of whoever reads */
    uint64_t sent;
    struct checker_class queues[PCIE_QUEUES];
};

/** A non-posted request under way, in a hash table with open addressing. */
struct checker_tag {
    bool used;
    bool upwards; /**< sent up */
    bool read;    /**< completed with data */
    uint16_t requester;
    uint16_t tag;
    uint32_t rest; /**< bytes to come */
    sim_time sent;
    uint64_t address;
};

struct pcie_checker {
    struct sim *sim;
    const char *name;
    bool losses;
    bool fatal;
    struct checker_direction down;
    struct checker_direction up;
    struct checker_tag *tags; /**< NULL: not watched */
    sim_time tag_timeout;     /**< SIM_TIME_NEVER: none */
    uint64_t given_up;        /**< requests whose completions may still come */
    bool interrupted;         /**< the device below was pulled out: completions may come that nobody waits for */
    uint64_t counts[PCIE_RULES];
    uint64_t total;
    char first[160];
};

/** Books a broken rule. */
void checker_report(const struct checker_direction *direction, enum pcie_rule rule, const struct sim_packet *packet,
                    const char *what);

/** Everything that a TLP alone can break. */
void checker_check_format(const struct checker_direction *direction, const struct sim_packet *packet);

/** A TLP is sent: notes a request, finds the request of a completion. */
void checker_track_tags(struct checker_direction *direction, const struct sim_packet *packet, sim_time now);

#ifdef __cplusplus
}
#endif

#endif
