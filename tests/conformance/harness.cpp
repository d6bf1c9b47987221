#include "tests/conformance/harness.h"

namespace conformance
{

std::unique_ptr<Harness> make_harness(const Case &c, const Trace &trace)
{
    const bool fabric = c.setup.find("root_ports") != nullptr;

    /* A case of several units that has no fabric is one of an SMMU. */
    if (c.unit == "smmuv3" || (c.unit == "group" && !fabric)) {
        return make_smmu_harness(c, trace);
    }
    if (c.unit == "group" && c.setup.find("idr") != nullptr) {
        return make_system_harness(c, trace);
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
