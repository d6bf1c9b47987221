#include "tests/conformance/harness.h"

namespace conformance
{

std::unique_ptr<Harness> make_harness(const Case &c, const Trace &trace)
{
    const bool fabric = c.setup.find("root_ports") != nullptr;

    for (const Value &step : c.stimulus.children) {
        if (c.unit == "group" && step.find("background") != nullptr) {
            throw Skip("no traffic is run in the background of other steps");
        }
    }
    /* A case of several units that has no fabric is one of an SMMU. */
    if (c.unit == "smmuv3" || (c.unit == "group" && !fabric)) {
        return make_smmu_harness(c, trace);
    }
    if (c.unit == "its") {
        return make_its_harness(c, trace);
    }
    if (c.unit == "pcie" || c.unit == "group") {
        return make_pcie_harness(c, trace);
    }
    return nullptr;
}

} // namespace conformance
