#include "host/viommu_hardware.h"

struct viommu_hardware viommu_hardware_of(const struct software *software, uint32_t function)
{
    const uint32_t smmu = software->functions[function].iommu;
    const uint32_t bridge = software->found.tree.functions[function].host_bridge;
    const struct smmu_driver_config *config = software->config.smmus != NULL ? &software->config.smmus[smmu] : NULL;
    struct viommu_hardware hardware = {.smmu = smmu,
                                       .name = software->config.firmware->iommus[smmu].name,
                                       .can_write_back = !software->config.firmware->hosts[bridge].no_write_back};

    if (software->planned) {
        hardware.has_stage1 = config == NULL || !config->no_stage1;
        hardware.has_stage2 = config == NULL || !config->no_stage2;
    } else {
        hardware.has_stage1 = software->smmus[smmu].has_stage1;
        hardware.has_stage2 = software->smmus[smmu].has_stage2;
    }
    return hardware;
}
