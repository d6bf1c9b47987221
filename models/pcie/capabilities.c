#include "models/pcie/capabilities.h"

void pcie_add_header(struct pcie_config_space *space, const struct pcie_identity *identity, bool type1,
                     bool multi_function)
{
    unsigned layout = type1 ? PCIE_HEADER_TYPE_1 : PCIE_HEADER_TYPE_0;

    pcie_config_set16(space, PCIE_VENDOR_ID, identity->vendor_id);
    pcie_config_set16(space, PCIE_DEVICE_ID, identity->device_id);
    pcie_config_set8(space, PCIE_REVISION_ID, identity->revision_id);
    pcie_config_set8(space, PCIE_CLASS_CODE, (uint8_t)identity->class_code);
    pcie_config_set8(space, PCIE_CLASS_CODE + 1, (uint8_t)(identity->class_code >> 8));
    pcie_config_set8(space, PCIE_CLASS_CODE + 2, (uint8_t)(identity->class_code >> 16));
    pcie_config_set8(space, PCIE_HEADER_TYPE,
                     (uint8_t)(layout | (multi_function ? PCIE_HEADER_TYPE_MULTI_FUNCTION : 0)));
    pcie_config_allow16(space, PCIE_COMMAND,
                        PCIE_COMMAND_MEMORY_SPACE | PCIE_COMMAND_BUS_MASTER | PCIE_COMMAND_PARITY_RESPONSE |
                            PCIE_COMMAND_SERR | PCIE_COMMAND_INTERRUPT_DISABLE);
    pcie_config_clear_on_one16(space, PCIE_STATUS,
                               PCIE_STATUS_MASTER_PARITY_ERROR | PCIE_STATUS_SIGNALED_TARGET_ABORT |
                                   PCIE_STATUS_RECEIVED_TARGET_ABORT | PCIE_STATUS_RECEIVED_MASTER_ABORT |
                                   PCIE_STATUS_SIGNALED_SYSTEM_ERROR | PCIE_STATUS_PARITY_ERROR);
    pcie_config_allow8(space, PCIE_CACHE_LINE_SIZE, 0xff);
    pcie_config_allow8(space, PCIE_INTERRUPT_LINE, 0xff);
    if (!type1) {
        pcie_config_set16(space, PCIE_SUBSYSTEM_VENDOR_ID, identity->subsystem_vendor_id);
        pcie_config_set16(space, PCIE_SUBSYSTEM_ID, identity->subsystem_id);
    }
}

void pcie_add_bars(struct pcie_config_space *space, const struct pcie_bar *bars)
{
    for (unsigned i = 0; i < PCIE_TYPE0_BARS; i++) {
        const struct pcie_bar *bar = &bars[i];
        uint64_t address_bits = ~(bar->size - 1);
        uint32_t flags =
            (bar->wide ? PCIE_BAR_TYPE_64 : PCIE_BAR_TYPE_32) | (bar->prefetchable ? PCIE_BAR_PREFETCHABLE : 0);

        if (bar->size == 0) {
            continue;
        }
        pcie_config_set32(space, PCIE_BAR(i), flags);
        pcie_config_allow32(space, PCIE_BAR(i), (uint32_t)address_bits & PCIE_BAR_ADDRESS);
        if (bar->wide) {
            pcie_config_allow32(space, PCIE_BAR(i + 1), (uint32_t)(address_bits >> 32));
        }
    }
}

void pcie_add_bridge_registers(struct pcie_config_space *space)
{
    pcie_config_allow8(space, PCIE_PRIMARY_BUS, 0xff);
    pcie_config_allow8(space, PCIE_SECONDARY_BUS, 0xff);
    pcie_config_allow8(space, PCIE_SUBORDINATE_BUS, 0xff);
    /* The specification leaves the reset values open; here both windows come up closed: base above limit. */
    pcie_config_set16(space, PCIE_MEMORY_BASE, PCIE_WINDOW_ADDRESS);
    pcie_config_allow16(space, PCIE_MEMORY_BASE, PCIE_WINDOW_ADDRESS);
    pcie_config_allow16(space, PCIE_MEMORY_LIMIT, PCIE_WINDOW_ADDRESS);
    pcie_config_set16(space, PCIE_PREFETCH_BASE, PCIE_WINDOW_ADDRESS | PCIE_WINDOW_64);
    pcie_config_set16(space, PCIE_PREFETCH_LIMIT, PCIE_WINDOW_64);
    pcie_config_allow16(space, PCIE_PREFETCH_BASE, PCIE_WINDOW_ADDRESS);
    pcie_config_allow16(space, PCIE_PREFETCH_LIMIT, PCIE_WINDOW_ADDRESS);
    pcie_config_allow32(space, PCIE_PREFETCH_BASE_HI, 0xffffffffu);
    pcie_config_allow32(space, PCIE_PREFETCH_LIMIT_HI, 0xffffffffu);
    pcie_config_allow16(space, PCIE_BRIDGE_CONTROL, PCIE_BRIDGE_CONTROL_PARITY_RESPONSE | PCIE_BRIDGE_CONTROL_SERR);
}

void pcie_add_power_management(struct pcie_config_space *space)
{
    uint8_t at = pcie_config_add_capability(space, PCIE_CAP_ID_POWER_MANAGEMENT, PCIE_PM_BYTES);

    space->power_management = at;
    pcie_config_set16(space, at + PCIE_PM_CAPABILITIES, PCIE_PM_VERSION_3);
    pcie_config_set16(space, at + PCIE_PM_CONTROL_STATUS, PCIE_PM_NO_SOFT_RESET);
    pcie_config_allow16(space, at + PCIE_PM_CONTROL_STATUS, PCIE_PM_STATE);
}

/** Code of a payload size in Device Capabilities and Device Control: 128 << n bytes. */
static uint32_t payload_code(uint32_t bytes)
{
    uint32_t code = 0;

    while (code < 5 && 128u << code < bytes) {
        code++;
    }
    return code;
}

void pcie_add_express(struct pcie_config_space *space, const struct pcie_express *express)
{
    uint8_t at = pcie_config_add_capability(space, PCIE_CAP_ID_PCI_EXPRESS, PCIE_EXP_BYTES);
    bool downstream = express->type == PCIE_EXP_TYPE_ROOT_PORT || express->type == PCIE_EXP_TYPE_DOWNSTREAM;
    uint16_t control = PCIE_EXP_DEVCTL_CORRECTABLE_ENABLE | PCIE_EXP_DEVCTL_NONFATAL_ENABLE |
                       PCIE_EXP_DEVCTL_FATAL_ENABLE | PCIE_EXP_DEVCTL_UR_REPORTING_ENABLE | PCIE_EXP_DEVCTL_MAX_PAYLOAD;

    space->express = at;
    pcie_config_set16(space, at + PCIE_EXP_CAPABILITIES,
                      (uint16_t)(PCIE_EXP_VERSION_2 | express->type << PCIE_EXP_TYPE_SHIFT |
                                 (downstream && express->slot ? PCIE_EXP_SLOT_IMPLEMENTED : 0)));
    pcie_config_set32(space, at + PCIE_EXP_DEVICE_CAPABILITIES,
                      payload_code(express->max_payload) | PCIE_EXP_DEVCAP_ROLE_BASED_ERRORS |
                          (express->type == PCIE_EXP_TYPE_ENDPOINT ? PCIE_EXP_DEVCAP_FLR : 0) |
                          express->phantom << PCIE_EXP_DEVCAP_PHANTOM_SHIFT |
                          (express->extended_tag ? PCIE_EXP_DEVCAP_EXTENDED_TAG : 0));
    pcie_config_set32(space, at + PCIE_EXP_LINK_CAPABILITIES,
                      express->port_number << PCIE_EXP_LNKCAP_PORT_NUMBER_SHIFT);
    if (express->type == PCIE_EXP_TYPE_ENDPOINT) {
        control |= PCIE_EXP_DEVCTL_RELAXED_ORDERING | PCIE_EXP_DEVCTL_NO_SNOOP | PCIE_EXP_DEVCTL_MAX_READ_REQUEST |
                   PCIE_EXP_DEVCTL_EXTENDED_TAG | PCIE_EXP_DEVCTL_INITIATE_FLR |
                   (express->phantom > 0 ? PCIE_EXP_DEVCTL_PHANTOM : 0);
        pcie_config_set16(space, at + PCIE_EXP_DEVICE_CONTROL,
                          (uint16_t)(2u << PCIE_EXP_DEVCTL_MAX_READ_REQUEST_SHIFT | PCIE_EXP_DEVCTL_RELAXED_ORDERING |
                                     PCIE_EXP_DEVCTL_NO_SNOOP |
                                     (express->extended_tag ? PCIE_EXP_DEVCTL_EXTENDED_TAG : 0)));
        pcie_config_allow16(space, at + PCIE_EXP_LINK_CONTROL, PCIE_EXP_LNKCTL_RCB_128);
        pcie_config_allow16(space, at + PCIE_EXP_DEVICE_CONTROL2,
                            PCIE_EXP_DEVCTL2_IDO_REQUESTS | PCIE_EXP_DEVCTL2_IDO_COMPLETIONS);
    }
    pcie_config_allow16(space, at + PCIE_EXP_DEVICE_CONTROL, control);
    pcie_config_clear_on_one16(space, at + PCIE_EXP_DEVICE_STATUS,
                               PCIE_EXP_DEVSTA_CORRECTABLE | PCIE_EXP_DEVSTA_NONFATAL | PCIE_EXP_DEVSTA_FATAL |
                                   PCIE_EXP_DEVSTA_UNSUPPORTED_REQUEST);
    pcie_config_set32(space, at + PCIE_EXP_DEVICE_CAPABILITIES2,
                      (downstream ? PCIE_EXP_DEVCAP2_ARI_FORWARDING : 0) |
                          (express->pasid ? PCIE_EXP_DEVCAP2_END_END_PREFIX : 0));
    if (downstream) {
        pcie_config_allow16(space, at + PCIE_EXP_DEVICE_CONTROL2, PCIE_EXP_DEVCTL2_ARI_FORWARDING);
    }
}

/** Code of a speed in the link registers: 1 for 2.5 GT/s, doubling up to 6. */
static uint32_t speed_code(uint32_t speed)
{
    static const uint32_t speeds[] = {2500, 5000, 8000, 16000, 32000, 64000};
    uint32_t code = 1;

    while (code < sizeof(speeds) / sizeof(speeds[0]) && speeds[code - 1] < speed) {
        code++;
    }
    return code;
}

void pcie_set_link(struct pcie_config_space *space, uint32_t speed, uint32_t width)
{
    unsigned capabilities = space->express + PCIE_EXP_LINK_CAPABILITIES;
    uint32_t kept = pcie_config_get32(space, capabilities) & ~(PCIE_EXP_LNKCAP_MAX_SPEED | PCIE_EXP_LNKCAP_MAX_WIDTH);
    uint32_t code = speed_code(speed);

    pcie_config_set32(space, capabilities, kept | code | width << PCIE_EXP_LNKCAP_MAX_WIDTH_SHIFT);
    pcie_config_set16(space, space->express + PCIE_EXP_LINK_STATUS,
                      (uint16_t)(code | width << PCIE_EXP_LNKSTA_WIDTH_SHIFT));
}

void pcie_set_removal(struct pcie_config_space *space, enum pcie_removal removal, unsigned slot_number)
{
    const unsigned at = space->express;
    const unsigned link = at + PCIE_EXP_LINK_CAPABILITIES;
    const uint32_t errors = PCIE_AER_UNCORRECTABLE_ALL | PCIE_AER_SURPRISE_DOWN;
    uint32_t slot =
        slot_number << PCIE_EXP_SLTCAP_NUMBER_SHIFT | PCIE_EXP_SLTCAP_NO_COMMAND_COMPLETED | PCIE_EXP_SLTCAP_HOT_PLUG;

    if (removal == PCIE_REMOVAL_SILENT) {
        return;
    }
    pcie_config_set32(
        space, link, pcie_config_get32(space, link) | PCIE_EXP_LNKCAP_SURPRISE_DOWN | PCIE_EXP_LNKCAP_ACTIVE_REPORTING);
    pcie_config_set16(space, at + PCIE_EXP_LINK_STATUS,
                      pcie_config_get16(space, at + PCIE_EXP_LINK_STATUS) | PCIE_EXP_LNKSTA_ACTIVE);
    pcie_config_clear_on_one32(space, space->aer + PCIE_AER_UNCORRECTABLE_STATUS, errors);
    pcie_config_allow32(space, space->aer + PCIE_AER_UNCORRECTABLE_MASK, errors);
    pcie_config_allow32(space, space->aer + PCIE_AER_UNCORRECTABLE_SEVERITY, errors);
    pcie_config_set32(space, space->aer + PCIE_AER_UNCORRECTABLE_SEVERITY,
                      PCIE_AER_FATAL_AT_RESET | PCIE_AER_SURPRISE_DOWN);
    if (removal == PCIE_REMOVAL_SURPRISE_DOWN) {
        return;
    }
    slot |= removal == PCIE_REMOVAL_HOT_PLUG_SURPRISE ? PCIE_EXP_SLTCAP_SURPRISE : 0;
    pcie_config_set32(space, at + PCIE_EXP_SLOT_CAPABILITIES, slot);
    pcie_config_allow16(space, at + PCIE_EXP_SLOT_CONTROL,
                        PCIE_EXP_SLTCTL_PRESENCE_ENABLE | PCIE_EXP_SLTCTL_INTERRUPT_ENABLE |
                            PCIE_EXP_SLTCTL_LINK_STATE_ENABLE);
    pcie_config_set16(space, at + PCIE_EXP_SLOT_STATUS, PCIE_EXP_SLTSTA_PRESENCE);
    pcie_config_clear_on_one16(space, at + PCIE_EXP_SLOT_STATUS,
                               PCIE_EXP_SLTSTA_PRESENCE_CHANGED | PCIE_EXP_SLTSTA_LINK_STATE_CHANGED);
}

void pcie_add_msix(struct pcie_config_space *space, uint32_t vectors, unsigned table_bar, uint32_t table_offset,
                   unsigned pba_bar, uint32_t pba_offset)
{
    uint8_t at = pcie_config_add_capability(space, PCIE_CAP_ID_MSIX, PCIE_MSIX_BYTES);

    space->msix = at;
    pcie_config_set16(space, at + PCIE_MSIX_CONTROL, (uint16_t)((vectors - 1) & PCIE_MSIX_TABLE_SIZE));
    pcie_config_allow16(space, at + PCIE_MSIX_CONTROL, PCIE_MSIX_ENABLE | PCIE_MSIX_FUNCTION_MASK);
    pcie_config_set32(space, at + PCIE_MSIX_TABLE, (table_offset & PCIE_MSIX_OFFSET) | table_bar);
    pcie_config_set32(space, at + PCIE_MSIX_PBA, (pba_offset & PCIE_MSIX_OFFSET) | pba_bar);
}

void pcie_add_aer(struct pcie_config_space *space)
{
    uint16_t at = pcie_config_add_extended(space, PCIE_EXT_CAP_ID_AER, 2, PCIE_AER_BYTES);
    unsigned type =
        (pcie_config_get16(space, space->express + PCIE_EXP_CAPABILITIES) & PCIE_EXP_TYPE) >> PCIE_EXP_TYPE_SHIFT;

    space->aer = at;
    pcie_config_set32(space, at + PCIE_AER_CONTROL, PCIE_AER_ECRC_GENERATION_CAPABLE | PCIE_AER_ECRC_CHECK_CAPABLE);
    pcie_config_allow32(space, at + PCIE_AER_CONTROL, PCIE_AER_ECRC_GENERATION | PCIE_AER_ECRC_CHECK);
    pcie_config_clear_on_one32(space, at + PCIE_AER_UNCORRECTABLE_STATUS, PCIE_AER_UNCORRECTABLE_ALL);
    pcie_config_allow32(space, at + PCIE_AER_UNCORRECTABLE_MASK, PCIE_AER_UNCORRECTABLE_ALL);
    pcie_config_allow32(space, at + PCIE_AER_UNCORRECTABLE_SEVERITY, PCIE_AER_UNCORRECTABLE_ALL);
    pcie_config_set32(space, at + PCIE_AER_UNCORRECTABLE_SEVERITY, PCIE_AER_FATAL_AT_RESET);
    pcie_config_clear_on_one32(space, at + PCIE_AER_CORRECTABLE_STATUS, PCIE_AER_CORRECTABLE_ALL);
    pcie_config_allow32(space, at + PCIE_AER_CORRECTABLE_MASK, PCIE_AER_CORRECTABLE_ALL);
    pcie_config_set32(space, at + PCIE_AER_CORRECTABLE_MASK, PCIE_AER_CORRECTABLE_ADVISORY);
    if (type == PCIE_EXP_TYPE_ROOT_PORT) {
        pcie_config_allow32(space, at + PCIE_AER_ROOT_COMMAND, PCIE_AER_ROOT_COMMANDS);
        pcie_config_clear_on_one32(space, at + PCIE_AER_ROOT_STATUS, PCIE_AER_ROOT_STATUS_ALL);
    }
}

void pcie_add_acs(struct pcie_config_space *space, const struct pcie_acs *acs)
{
    bool egress = (acs->capability & PCIE_ACS_P2P_EGRESS_CONTROL) != 0;
    uint16_t vector_bytes = egress ? PCIE_ACS_EGRESS_BITS / 8 : 0;
    uint16_t at;

    if (!acs->present) {
        return;
    }
    at = pcie_config_add_extended(space, PCIE_EXT_CAP_ID_ACS, 1, (uint16_t)(PCIE_ACS_EGRESS_VECTOR + vector_bytes));
    space->acs = at;
    pcie_config_set16(space, at + PCIE_ACS_CAPABILITY,
                      (uint16_t)((acs->capability & PCIE_ACS_CONTROLS) |
                                 (egress ? PCIE_ACS_EGRESS_BITS << PCIE_ACS_EGRESS_SIZE_SHIFT : 0)));
    pcie_config_set16(space, at + PCIE_ACS_CONTROL, acs->control & acs->capability & PCIE_ACS_CONTROLS);
    pcie_config_allow16(space, at + PCIE_ACS_CONTROL, acs->capability & PCIE_ACS_CONTROLS);
    for (unsigned i = 0; i < vector_bytes; i += 4) {
        pcie_config_allow32(space, at + PCIE_ACS_EGRESS_VECTOR + i, 0xffffffffu);
    }
}

void pcie_add_ari(struct pcie_config_space *space, unsigned next_function)
{
    uint16_t at = pcie_config_add_extended(space, PCIE_EXT_CAP_ID_ARI, 1, PCIE_ARI_BYTES);

    space->ari = at;
    pcie_config_set16(space, at + PCIE_ARI_CAPABILITY, (uint16_t)(next_function << PCIE_ARI_NEXT_FUNCTION_SHIFT));
}

void pcie_add_ats(struct pcie_config_space *space, unsigned queue_depth)
{
    uint16_t at = pcie_config_add_extended(space, PCIE_EXT_CAP_ID_ATS, 1, PCIE_ATS_BYTES);

    space->ats = at;
    /* A depth of 32 is written as 0. */
    pcie_config_set16(space, at + PCIE_ATS_CAPABILITY,
                      (uint16_t)((queue_depth & PCIE_ATS_INVALIDATE_QUEUE_DEPTH) | PCIE_ATS_PAGE_ALIGNED_REQUEST));
    pcie_config_allow16(space, at + PCIE_ATS_CONTROL, PCIE_ATS_ENABLE | PCIE_ATS_SMALLEST_UNIT);
}

void pcie_add_pasid(struct pcie_config_space *space, unsigned width, bool execute, bool privileged)
{
    uint16_t at = pcie_config_add_extended(space, PCIE_EXT_CAP_ID_PASID, 1, PCIE_PASID_BYTES);
    uint16_t offers = (uint16_t)((execute ? PCIE_PASID_EXECUTE : 0) | (privileged ? PCIE_PASID_PRIVILEGED : 0));

    space->pasid = at;
    pcie_config_set16(space, at + PCIE_PASID_CAPABILITY, (uint16_t)(offers | width << PCIE_PASID_WIDTH_SHIFT));
    pcie_config_allow16(space, at + PCIE_PASID_CONTROL, PCIE_PASID_ENABLE | offers);
}

/* ---- Messages ---- */

static uint32_t log2_of(uint32_t value)
{
    return 31u - (uint32_t)__builtin_clz(value);
}

void pcie_add_msi(struct pcie_config_space *space, const struct pcie_msi *msi)
{
    uint8_t bytes = (uint8_t)((msi->wide ? 0x10 : 0x0c) + (msi->maskable ? 8 : 0));
    uint32_t all = (uint32_t)((UINT64_C(1) << msi->vectors) - 1);
    uint8_t at;

    if (msi->vectors == 0) {
        return;
    }
    at = pcie_config_add_capability(space, PCIE_CAP_ID_MSI, bytes);
    space->msi = at;
    pcie_config_set16(space, at + PCIE_MSI_CONTROL,
                      (uint16_t)(log2_of(msi->vectors) << PCIE_MSI_MULTIPLE_CAPABLE_SHIFT |
                                 (msi->wide ? PCIE_MSI_64BIT : 0) | (msi->maskable ? PCIE_MSI_PER_VECTOR_MASK : 0)));
    pcie_config_allow16(space, at + PCIE_MSI_CONTROL, PCIE_MSI_ENABLE | PCIE_MSI_MULTIPLE_ENABLE);
    pcie_config_allow32(space, at + PCIE_MSI_ADDRESS, ~3u);
    if (msi->wide) {
        pcie_config_allow32(space, at + PCIE_MSI_ADDRESS_HI, 0xffffffffu);
    }
    pcie_config_allow16(space, at + (msi->wide ? PCIE_MSI_DATA_64 : PCIE_MSI_DATA_32), 0xffff);
    if (msi->maskable) {
        pcie_config_allow32(space, at + (msi->wide ? PCIE_MSI_MASK_64 : PCIE_MSI_MASK_32), all);
    }
}

/* ---- Virtual functions ---- */

static void add_vf_bars(struct pcie_config_space *space, unsigned at, const struct pcie_bar *bars)
{
    for (unsigned i = 0; i < PCIE_TYPE0_BARS; i++) {
        const struct pcie_bar *bar = &bars[i];
        uint64_t address_bits = ~(bar->size - 1);

        if (bar->size == 0) {
            continue;
        }
        pcie_config_set32(space, at + PCIE_SRIOV_VF_BAR(i),
                          (bar->wide ? PCIE_BAR_TYPE_64 : PCIE_BAR_TYPE_32) |
                              (bar->prefetchable ? PCIE_BAR_PREFETCHABLE : 0));
        pcie_config_allow32(space, at + PCIE_SRIOV_VF_BAR(i), (uint32_t)address_bits & PCIE_BAR_ADDRESS);
        if (bar->wide) {
            pcie_config_allow32(space, at + PCIE_SRIOV_VF_BAR(i + 1), (uint32_t)(address_bits >> 32));
        }
    }
}

void pcie_add_sriov(struct pcie_config_space *space, const struct pcie_sriov *sriov)
{
    uint16_t at;

    if (sriov->total_vfs == 0) {
        return;
    }
    at = pcie_config_add_extended(space, PCIE_EXT_CAP_ID_SRIOV, 1, PCIE_SRIOV_BYTES);
    space->sriov = at;
    pcie_config_allow16(space, at + PCIE_SRIOV_CONTROL,
                        PCIE_SRIOV_VF_ENABLE | PCIE_SRIOV_VF_MEMORY_SPACE | PCIE_SRIOV_ARI_HIERARCHY);
    pcie_config_set16(space, at + PCIE_SRIOV_INITIAL_VFS, sriov->total_vfs);
    pcie_config_set16(space, at + PCIE_SRIOV_TOTAL_VFS, sriov->total_vfs);
    pcie_config_allow16(space, at + PCIE_SRIOV_NUM_VFS, 0xffff);
    pcie_config_set16(space, at + PCIE_SRIOV_FIRST_VF_OFFSET, sriov->first_vf_offset);
    pcie_config_set16(space, at + PCIE_SRIOV_VF_STRIDE, sriov->vf_stride);
    pcie_config_set16(space, at + PCIE_SRIOV_VF_DEVICE_ID, sriov->vf_device_id);
    pcie_config_set32(space, at + PCIE_SRIOV_SUPPORTED_PAGES, PCIE_SRIOV_PAGES_4K_TO_4M);
    pcie_config_set32(space, at + PCIE_SRIOV_SYSTEM_PAGE, 1);
    pcie_config_allow32(space, at + PCIE_SRIOV_SYSTEM_PAGE, PCIE_SRIOV_PAGES_4K_TO_4M);
    add_vf_bars(space, at, sriov->bars);
}

/* ---- Page requests ---- */

void pcie_add_pri(struct pcie_config_space *space, uint32_t capacity, bool response_pasid)
{
    uint16_t at = pcie_config_add_extended(space, PCIE_EXT_CAP_ID_PRI, 1, PCIE_PRI_BYTES);

    space->pri = at;
    pcie_config_allow16(space, at + PCIE_PRI_CONTROL, PCIE_PRI_ENABLE | PCIE_PRI_RESET);
    pcie_config_set16(space, at + PCIE_PRI_STATUS,
                      (uint16_t)(PCIE_PRI_STOPPED | (response_pasid ? PCIE_PRI_PASID_REQUIRED : 0)));
    pcie_config_clear_on_one16(space, at + PCIE_PRI_STATUS, PCIE_PRI_RESPONSE_FAILURE | PCIE_PRI_UNEXPECTED_GROUP);
    pcie_config_set32(space, at + PCIE_PRI_CAPACITY, capacity);
    pcie_config_allow32(space, at + PCIE_PRI_ALLOCATION, 0xffffffffu);
}
