#include "tests/conformance/harness.h"

namespace conformance
{

std::unique_ptr<Harness> make_harness(const Case &c, const Trace &trace)
{
    if (c.unit == "smmuv3") {
        return make_smmu_harness(c, trace);
    }
    if (c.unit == "its") {
        return make_its_harness(c, trace);
    }
    return nullptr;
}

} // namespace conformance
