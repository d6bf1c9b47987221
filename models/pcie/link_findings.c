#include "models/pcie/link_findings.h"

#include "sim/sim.h"

struct pcie_link_findings *pcie_link_findings_create(struct sim *sim, struct sim_component *reader)
{
    struct pcie_link_findings *findings = sim_alloc(sim, sizeof(*findings));

    findings->reader = reader;
    return findings;
}

void pcie_link_findings_set_hint(struct pcie_link_findings *findings, uint64_t *word, unsigned bit)
{
    findings->hint = word;
    findings->hint_bit = (uint8_t)bit;
}

/** The edge at which the reader sees a finding. */
static sim_time seen_at(const struct pcie_link_findings *findings, const struct pcie_link_finding *found)
{
    return sim_time_align(found->at, findings->reader->period);
}

/** Behind all that are not later. Those that are later are later than now too: the reader has not looked at them. */
static void insert(struct pcie_link_findings *findings, struct pcie_link_finding found, sim_time now)
{
    uint32_t place = findings->written++;

    while (place > 0 && findings->ring[(place - 1) % PCIE_LINK_FINDINGS].at > sim_time_max(found.at, now)) {
        findings->ring[place % PCIE_LINK_FINDINGS] = findings->ring[(place - 1) % PCIE_LINK_FINDINGS];
        place--;
    }
    findings->ring[place % PCIE_LINK_FINDINGS] = found;
}

void pcie_link_findings_add(struct pcie_link_findings *findings, struct pcie_link_finding found)
{
    sim_time now;

    if (findings == NULL || findings->hint == NULL) {
        return;
    }
    now = sim_now(findings->reader->sim);
    found.at = sim_time_max(found.at, now + 1);
    if (findings->written >= PCIE_LINK_FINDINGS) {
        const struct pcie_link_finding *oldest = &findings->ring[findings->written % PCIE_LINK_FINDINGS];

        /* Whether the reader has taken it at this very instant is not known; after its edge it has. */
        if (seen_at(findings, oldest) >= now) {
            return;
        }
    }
    insert(findings, found, now);
    *findings->hint |= UINT64_C(1) << findings->hint_bit;
    sim_wake(findings->reader, seen_at(findings, &found));
}

bool pcie_link_findings_take(struct pcie_link_findings *findings, sim_time now, struct pcie_link_finding *found)
{
    const struct pcie_link_finding *oldest;

    if (findings == NULL || findings->read == findings->written) {
        return false;
    }
    oldest = &findings->ring[findings->read % PCIE_LINK_FINDINGS];
    if (oldest->at > now) {
        return false;
    }
    *found = *oldest;
    findings->read++;
    return true;
}

sim_time pcie_link_findings_due(const struct pcie_link_findings *findings)
{
    if (findings == NULL || findings->read == findings->written) {
        return SIM_TIME_NEVER;
    }
    return seen_at(findings, &findings->ring[findings->read % PCIE_LINK_FINDINGS]);
}
