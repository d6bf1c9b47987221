/*
 * A protocol checker: looks at every TLP that enters and leaves a link, and says where a rule of the specification is
 * broken. It changes nothing and takes no time; what it says must never appear in a run.
 *
 *   rule                    | what is checked
 *   ------------------------+-------------------------------------------------------------------------------------
 *   credits (2.6.1)         | headers and data in the receiver's buffer of a class are never more than it advertised
 *   ordering (2.4.1)        | nothing is taken out before what was sent before it on the same virtual channel, but
 *                           | where the ordering table lets it pass (pcie_order_may_pass())
 *   payload (2.2.2, 7.5.3.4)| whole double words; at most Max_Payload_Size; read requests at most
 *                           | Max_Read_Request_Size; no request crosses 4 KiB
 *   format (2.2.4, 2.2.5)   | byte enables of one and of several double words; AT is not reserved; a PASID prefix only
 *                           | where it may be; messages and completions in a form that there is
 *   completions (2.3.1.1)   | pieces end at a multiple of 64 bytes but for the last, Byte Count is what is left
 *   tags (2.2.6.2)          | a requester's tag is not used again before its completions are there; completions come
 *                           | for requests that are under way, in order, and with no more than was asked for
 *
 * A requester that has given up a request (completion timeout) may use the tag anew; a completion that comes late
 * then counts for whichever request has the tag, and one more is let pass. Where `losses` is set a piece of an answer
 * may come without those before it, which a port on its way has thrown away as malformed (2.3.1).
 *
 * Tags are only watched where `tags` is set: on links where a requester's request and all its completions pass, which
 * is so at endpoints and not necessarily above switches.
 */
#ifndef DOORBELL_MODELS_PCIE_CHECKER_H
#define DOORBELL_MODELS_PCIE_CHECKER_H

#include "models/pcie/config_space.h"
#include "models/pcie/link.h"
#include "sim/sim.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum pcie_rule {
    PCIE_RULE_CREDITS,
    PCIE_RULE_ORDER,
    PCIE_RULE_PAYLOAD,
    PCIE_RULE_FORMAT,
    PCIE_RULE_COMPLETION,
    PCIE_RULE_TAGS,
    PCIE_RULES,
};

struct pcie_checker_config {
    struct pcie_link *link;
    struct pcie_credits upper_credits; /**< advertised by the upper end, as in the link's configuration */
    struct pcie_credits lower_credits;
    /** Configuration spaces in which software sets the sizes; NULL: not known, 4096 bytes. Of function 0, below. */
    const struct pcie_config_space *upper;
    const struct pcie_config_space *lower;
    bool tags;
    sim_time tag_timeout; /**< a request this old has been given up, and its tag is free, fs; 0: never */
    bool losses;          /**< other links lose malformed TLPs: of an answer, pieces may be missing */
    bool fatal;           /**< a broken rule is a broken invariant of the simulation and ends it; else it is counted */
};

struct pcie_checker;

/** Puts a checker onto a link; it lives as long as the simulation. One checker a link. */
struct pcie_checker *pcie_checker_create(struct sim *sim, const char *name, const struct pcie_checker_config *config);

/** How often a rule was broken. */
uint64_t pcie_checker_count(const struct pcie_checker *checker, enum pcie_rule rule);

/** How often any rule was. */
uint64_t pcie_checker_total(const struct pcie_checker *checker);

/** What was wrong the first time; empty if nothing was. */
const char *pcie_checker_first(const struct pcie_checker *checker);

/** TLPs that it has seen sent, both ways: that it looks at all. */
uint64_t pcie_checker_seen(const struct pcie_checker *checker);

#ifdef __cplusplus
}
#endif

#endif
