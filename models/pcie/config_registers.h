/*
 * Configuration space: where registers lie and what their bits mean, for the model and for the software that drives it.
 *
 * Offsets of a capability's registers count from the start of that capability. A field is written as its mask; where a
 * field is wider than a bit, NAME_SHIFT goes with it. Names are those of the PCI Express Base Specification, chapter 7.
 */
#ifndef DOORBELL_MODELS_PCIE_CONFIG_REGISTERS_H
#define DOORBELL_MODELS_PCIE_CONFIG_REGISTERS_H

/** Bytes of a function's configuration space; the first 256 are those of conventional PCI. */
#define PCIE_CONFIG_BYTES          4096u
#define PCIE_EXTENDED_CONFIG_START 0x100u

/* ---- Header, both types (7.5.1.1) ---- */
#define PCIE_VENDOR_ID           0x00
#define PCIE_DEVICE_ID           0x02
#define PCIE_COMMAND             0x04
#define PCIE_STATUS              0x06
#define PCIE_REVISION_ID         0x08
#define PCIE_CLASS_CODE          0x09 /* three bytes: interface, sub-class, base class */
#define PCIE_CACHE_LINE_SIZE     0x0c
#define PCIE_HEADER_TYPE         0x0e
#define PCIE_BAR(n)              (0x10 + 4 * (n))
#define PCIE_CAPABILITIES_PTR    0x34
#define PCIE_INTERRUPT_LINE      0x3c
#define PCIE_INTERRUPT_PIN       0x3d
#define PCIE_VENDOR_ID_NO_DEVICE 0xffffu

#define PCIE_COMMAND_IO_SPACE          0x0001u
#define PCIE_COMMAND_MEMORY_SPACE      0x0002u
#define PCIE_COMMAND_BUS_MASTER        0x0004u
#define PCIE_COMMAND_PARITY_RESPONSE   0x0040u
#define PCIE_COMMAND_SERR              0x0100u
#define PCIE_COMMAND_INTERRUPT_DISABLE 0x0400u

#define PCIE_STATUS_CAPABILITIES_LIST     0x0010u
#define PCIE_STATUS_MASTER_PARITY_ERROR   0x0100u
#define PCIE_STATUS_SIGNALED_TARGET_ABORT 0x0800u
#define PCIE_STATUS_RECEIVED_TARGET_ABORT 0x1000u
#define PCIE_STATUS_RECEIVED_MASTER_ABORT 0x2000u
#define PCIE_STATUS_SIGNALED_SYSTEM_ERROR 0x4000u
#define PCIE_STATUS_PARITY_ERROR          0x8000u

#define PCIE_HEADER_TYPE_LAYOUT         0x7fu
#define PCIE_HEADER_TYPE_0              0x00u
#define PCIE_HEADER_TYPE_1              0x01u
#define PCIE_HEADER_TYPE_MULTI_FUNCTION 0x80u

#define PCIE_BAR_IO_SPACE     0x1u
#define PCIE_BAR_TYPE         0x6u
#define PCIE_BAR_TYPE_32      0x0u
#define PCIE_BAR_TYPE_64      0x4u
#define PCIE_BAR_PREFETCHABLE 0x8u
#define PCIE_BAR_ADDRESS      0xfffffff0u

/* ---- Type 0 header (7.5.1.2) ---- */
#define PCIE_TYPE0_BARS          6
#define PCIE_SUBSYSTEM_VENDOR_ID 0x2c
#define PCIE_SUBSYSTEM_ID        0x2e
#define PCIE_EXPANSION_ROM       0x30

/* ---- Type 1 header (7.5.1.3) ---- */
#define PCIE_TYPE1_BARS         2
#define PCIE_PRIMARY_BUS        0x18
#define PCIE_SECONDARY_BUS      0x19
#define PCIE_SUBORDINATE_BUS    0x1a
#define PCIE_IO_BASE            0x1c
#define PCIE_IO_LIMIT           0x1d
#define PCIE_SECONDARY_STATUS   0x1e
#define PCIE_MEMORY_BASE        0x20 /* bits 15:4 are address bits 31:20 */
#define PCIE_MEMORY_LIMIT       0x22
#define PCIE_PREFETCH_BASE      0x24 /* likewise; bits 3:0 are 1 where the window has 64-bit addresses */
#define PCIE_PREFETCH_LIMIT     0x26
#define PCIE_PREFETCH_BASE_HI   0x28
#define PCIE_PREFETCH_LIMIT_HI  0x2c
#define PCIE_BRIDGE_CONTROL     0x3e
#define PCIE_WINDOW_64          0x0001u
#define PCIE_WINDOW_ADDRESS     0xfff0u
#define PCIE_WINDOW_GRANULARITY 0x100000u

#define PCIE_BRIDGE_CONTROL_PARITY_RESPONSE     0x0001u
#define PCIE_BRIDGE_CONTROL_SERR                0x0002u
#define PCIE_BRIDGE_CONTROL_MASTER_ABORT        0x0020u /**< master aborts are reported */
#define PCIE_BRIDGE_CONTROL_SECONDARY_BUS_RESET 0x0040u

/* ---- Capability identifiers ---- */
#define PCIE_CAP_ID_POWER_MANAGEMENT 0x01
#define PCIE_CAP_ID_MSI              0x05
#define PCIE_CAP_ID_PCI_EXPRESS      0x10
#define PCIE_CAP_ID_MSIX             0x11
#define PCIE_EXT_CAP_ID_AER          0x0001
#define PCIE_EXT_CAP_ID_VC           0x0002
#define PCIE_EXT_CAP_ID_ACS          0x000d
#define PCIE_EXT_CAP_ID_ARI          0x000e
#define PCIE_EXT_CAP_ID_ATS          0x000f
#define PCIE_EXT_CAP_ID_SRIOV        0x0010
#define PCIE_EXT_CAP_ID_PRI          0x0013
#define PCIE_EXT_CAP_ID_PASID        0x001b

/* An extended capability's first double word (7.6.3). */
#define PCIE_EXT_CAP_ID            0x0000ffffu
#define PCIE_EXT_CAP_VERSION       0x000f0000u
#define PCIE_EXT_CAP_VERSION_SHIFT 16
#define PCIE_EXT_CAP_NEXT          0xfff00000u
#define PCIE_EXT_CAP_NEXT_SHIFT    20

/* ---- Power Management (7.5.2) ---- */
#define PCIE_PM_CAPABILITIES   0x02
#define PCIE_PM_CONTROL_STATUS 0x04
#define PCIE_PM_BYTES          0x08
#define PCIE_PM_VERSION_3      0x0003u
#define PCIE_PM_STATE          0x0003u
#define PCIE_PM_STATE_D0       0x0000u
#define PCIE_PM_STATE_D3HOT    0x0003u
#define PCIE_PM_NO_SOFT_RESET  0x0008u

/* ---- PCI Express (7.5.3) ---- */
#define PCIE_EXP_CAPABILITIES         0x02
#define PCIE_EXP_DEVICE_CAPABILITIES  0x04
#define PCIE_EXP_DEVICE_CONTROL       0x08
#define PCIE_EXP_DEVICE_STATUS        0x0a
#define PCIE_EXP_LINK_CAPABILITIES    0x0c
#define PCIE_EXP_LINK_CONTROL         0x10
#define PCIE_EXP_LINK_STATUS          0x12
#define PCIE_EXP_SLOT_CAPABILITIES    0x14
#define PCIE_EXP_SLOT_CONTROL         0x18
#define PCIE_EXP_SLOT_STATUS          0x1a
#define PCIE_EXP_ROOT_CONTROL         0x1c
#define PCIE_EXP_ROOT_STATUS          0x20
#define PCIE_EXP_DEVICE_CAPABILITIES2 0x24
#define PCIE_EXP_DEVICE_CONTROL2      0x28
#define PCIE_EXP_LINK_CAPABILITIES2   0x2c
#define PCIE_EXP_LINK_CONTROL2        0x30
#define PCIE_EXP_BYTES                0x3c

#define PCIE_EXP_VERSION_2                     0x0002u
#define PCIE_EXP_TYPE                          0x00f0u
#define PCIE_EXP_TYPE_SHIFT                    4
#define PCIE_EXP_TYPE_ENDPOINT                 0x0u
#define PCIE_EXP_TYPE_ROOT_PORT                0x4u
#define PCIE_EXP_TYPE_UPSTREAM                 0x5u
#define PCIE_EXP_TYPE_DOWNSTREAM               0x6u
#define PCIE_EXP_TYPE_PCI_BRIDGE               0x7u
#define PCIE_EXP_TYPE_RCIEP                    0x9u
#define PCIE_EXP_TYPE_RCEC                     0xau
#define PCIE_EXP_SLOT_IMPLEMENTED              0x0100u
#define PCIE_EXP_DEVCAP_MAX_PAYLOAD            0x00000007u /* supported size: 128 << n bytes */
#define PCIE_EXP_DEVCAP_PHANTOM                0x00000018u /* function number bits that extend the tag */
#define PCIE_EXP_DEVCAP_PHANTOM_SHIFT          3
#define PCIE_EXP_DEVCAP_EXTENDED_TAG           0x00000020u
#define PCIE_EXP_DEVCAP_ROLE_BASED_ERRORS      0x00008000u
#define PCIE_EXP_DEVCAP_FLR                    0x10000000u
#define PCIE_EXP_DEVCTL_CORRECTABLE_ENABLE     0x0001u
#define PCIE_EXP_DEVCTL_NONFATAL_ENABLE        0x0002u
#define PCIE_EXP_DEVCTL_FATAL_ENABLE           0x0004u
#define PCIE_EXP_DEVCTL_UR_REPORTING_ENABLE    0x0008u
#define PCIE_EXP_DEVCTL_RELAXED_ORDERING       0x0010u
#define PCIE_EXP_DEVCTL_MAX_PAYLOAD            0x00e0u
#define PCIE_EXP_DEVCTL_MAX_PAYLOAD_SHIFT      5
#define PCIE_EXP_DEVCTL_EXTENDED_TAG           0x0100u
#define PCIE_EXP_DEVCTL_PHANTOM                0x0200u
#define PCIE_EXP_DEVCTL_NO_SNOOP               0x0800u
#define PCIE_EXP_DEVCTL_MAX_READ_REQUEST       0x7000u
#define PCIE_EXP_DEVCTL_MAX_READ_REQUEST_SHIFT 12
#define PCIE_EXP_DEVCTL_INITIATE_FLR           0x8000u
#define PCIE_EXP_DEVSTA_CORRECTABLE            0x0001u
#define PCIE_EXP_DEVSTA_NONFATAL               0x0002u
#define PCIE_EXP_DEVSTA_FATAL                  0x0004u
#define PCIE_EXP_DEVSTA_UNSUPPORTED_REQUEST    0x0008u
#define PCIE_EXP_DEVSTA_TRANSACTIONS_PENDING   0x0020u
#define PCIE_EXP_LNKCAP_MAX_SPEED              0x0000000fu /* 1: 2.5 GT/s, 2: 5, 3: 8, 4: 16, 5: 32, 6: 64 */
#define PCIE_EXP_LNKCAP_MAX_WIDTH              0x000003f0u
#define PCIE_EXP_LNKCAP_MAX_WIDTH_SHIFT        4
#define PCIE_EXP_LNKCAP_SURPRISE_DOWN          0x00080000u /* reports that its link went down unasked */
#define PCIE_EXP_LNKCAP_ACTIVE_REPORTING       0x00100000u /* PCIE_EXP_LNKSTA_ACTIVE says whether it is up */
#define PCIE_EXP_LNKCAP_PORT_NUMBER            0xff000000u
#define PCIE_EXP_LNKCAP_PORT_NUMBER_SHIFT      24
#define PCIE_EXP_LNKCTL_RCB_128                0x0008u
#define PCIE_EXP_LNKSTA_SPEED                  0x000fu
#define PCIE_EXP_LNKSTA_WIDTH                  0x03f0u
#define PCIE_EXP_LNKSTA_WIDTH_SHIFT            4
#define PCIE_EXP_LNKSTA_ACTIVE                 0x2000u
#define PCIE_EXP_SLTCAP_SURPRISE               0x00000020u /* a device may leave without a word */
#define PCIE_EXP_SLTCAP_HOT_PLUG               0x00000040u
#define PCIE_EXP_SLTCAP_NO_COMMAND_COMPLETED   0x00040000u
#define PCIE_EXP_SLTCAP_NUMBER_SHIFT           19
#define PCIE_EXP_SLTCTL_PRESENCE_ENABLE        0x0008u
#define PCIE_EXP_SLTCTL_INTERRUPT_ENABLE       0x0020u
#define PCIE_EXP_SLTCTL_LINK_STATE_ENABLE      0x1000u
#define PCIE_EXP_SLTSTA_PRESENCE_CHANGED       0x0008u
#define PCIE_EXP_SLTSTA_PRESENCE               0x0040u
#define PCIE_EXP_SLTSTA_LINK_STATE_CHANGED     0x0100u
#define PCIE_EXP_DEVCAP2_ARI_FORWARDING        0x00000020u
#define PCIE_EXP_DEVCAP2_END_END_PREFIX        0x00200000u
#define PCIE_EXP_DEVCTL2_ARI_FORWARDING        0x0020u
#define PCIE_EXP_DEVCTL2_IDO_REQUESTS          0x0100u
#define PCIE_EXP_DEVCTL2_IDO_COMPLETIONS       0x0200u

/* ---- MSI (7.7.1) ---- */
#define PCIE_MSI_CONTROL                0x02
#define PCIE_MSI_ADDRESS                0x04
#define PCIE_MSI_ADDRESS_HI             0x08 /* only with PCIE_MSI_64BIT */
#define PCIE_MSI_DATA_32                0x08u
#define PCIE_MSI_DATA_64                0x0cu
#define PCIE_MSI_MASK_32                0x0cu
#define PCIE_MSI_MASK_64                0x10u
#define PCIE_MSI_PENDING_32             0x10u
#define PCIE_MSI_PENDING_64             0x14u
#define PCIE_MSI_BYTES                  0x18 /* of the longest form; the others end earlier */
#define PCIE_MSI_ENABLE                 0x0001u
#define PCIE_MSI_MULTIPLE_CAPABLE       0x000eu /* log2 of the messages asked for */
#define PCIE_MSI_MULTIPLE_CAPABLE_SHIFT 1
#define PCIE_MSI_MULTIPLE_ENABLE        0x0070u /* log2 of the messages granted */
#define PCIE_MSI_MULTIPLE_ENABLE_SHIFT  4
#define PCIE_MSI_64BIT                  0x0080u
#define PCIE_MSI_PER_VECTOR_MASK        0x0100u
#define PCIE_MSI_MAX_VECTORS            32u

/* ---- MSI-X (7.7.2) ---- */
#define PCIE_MSIX_CONTROL       0x02
#define PCIE_MSIX_TABLE         0x04
#define PCIE_MSIX_PBA           0x08
#define PCIE_MSIX_BYTES         0x0c
#define PCIE_MSIX_TABLE_SIZE    0x07ffu /* number of entries less one */
#define PCIE_MSIX_FUNCTION_MASK 0x4000u
#define PCIE_MSIX_ENABLE        0x8000u
#define PCIE_MSIX_BIR           0x00000007u
#define PCIE_MSIX_OFFSET        0xfffffff8u
#define PCIE_MSIX_MAX_VECTORS   2048u

/* An entry of the table: 16 bytes. */
#define PCIE_MSIX_ENTRY_BYTES          16u
#define PCIE_MSIX_ENTRY_ADDRESS        0x0
#define PCIE_MSIX_ENTRY_ADDRESS_HI     0x4
#define PCIE_MSIX_ENTRY_DATA           0x8
#define PCIE_MSIX_ENTRY_VECTOR_CONTROL 0xc
#define PCIE_MSIX_ENTRY_MASKED         0x1u

/* ---- Advanced Error Reporting (7.8.4) ---- */
#define PCIE_AER_UNCORRECTABLE_STATUS    0x04
#define PCIE_AER_UNCORRECTABLE_MASK      0x08
#define PCIE_AER_UNCORRECTABLE_SEVERITY  0x0c
#define PCIE_AER_CORRECTABLE_STATUS      0x10
#define PCIE_AER_CORRECTABLE_MASK        0x14
#define PCIE_AER_CONTROL                 0x18
#define PCIE_AER_HEADER_LOG              0x1c
#define PCIE_AER_ROOT_COMMAND            0x2c /* root ports only, as are the next two */
#define PCIE_AER_ROOT_STATUS             0x30
#define PCIE_AER_SOURCE_ID               0x34
#define PCIE_AER_PREFIX_LOG              0x38
#define PCIE_AER_BYTES                   0x48
#define PCIE_AER_FIRST_ERROR             0x001fu /* of PCIE_AER_CONTROL: number of an uncorrectable status bit */
#define PCIE_AER_ECRC_GENERATION_CAPABLE 0x0020u
#define PCIE_AER_ECRC_GENERATION         0x0040u
#define PCIE_AER_ECRC_CHECK_CAPABLE      0x0080u
#define PCIE_AER_ECRC_CHECK              0x0100u
#define PCIE_AER_PREFIX_PRESENT          0x0800u
#define PCIE_AER_DATA_LINK_PROTOCOL      0x00000010u
#define PCIE_AER_SURPRISE_DOWN           0x00000020u /* ports that can report it only: not among the next two */
#define PCIE_AER_POISONED_TLP            0x00001000u
#define PCIE_AER_FLOW_CONTROL            0x00002000u
#define PCIE_AER_COMPLETION_TIMEOUT      0x00004000u
#define PCIE_AER_COMPLETER_ABORT         0x00008000u
#define PCIE_AER_UNEXPECTED_COMPLETION   0x00010000u
#define PCIE_AER_RECEIVER_OVERFLOW       0x00020000u
#define PCIE_AER_MALFORMED_TLP           0x00040000u
#define PCIE_AER_ECRC_ERROR              0x00080000u
#define PCIE_AER_UNSUPPORTED_REQUEST     0x00100000u
#define PCIE_AER_ACS_VIOLATION           0x00200000u
#define PCIE_AER_UNCORRECTABLE_ALL                                                                                     \
    (PCIE_AER_DATA_LINK_PROTOCOL | PCIE_AER_POISONED_TLP | PCIE_AER_FLOW_CONTROL | PCIE_AER_COMPLETION_TIMEOUT |       \
     PCIE_AER_COMPLETER_ABORT | PCIE_AER_UNEXPECTED_COMPLETION | PCIE_AER_RECEIVER_OVERFLOW | PCIE_AER_MALFORMED_TLP | \
     PCIE_AER_ECRC_ERROR | PCIE_AER_UNSUPPORTED_REQUEST | PCIE_AER_ACS_VIOLATION)
#define PCIE_AER_FATAL_AT_RESET                                                                                        \
    (PCIE_AER_DATA_LINK_PROTOCOL | PCIE_AER_FLOW_CONTROL | PCIE_AER_RECEIVER_OVERFLOW | PCIE_AER_MALFORMED_TLP)
#define PCIE_AER_CORRECTABLE_RECEIVER        0x00000001u
#define PCIE_AER_CORRECTABLE_BAD_TLP         0x00000040u
#define PCIE_AER_CORRECTABLE_BAD_DLLP        0x00000080u
#define PCIE_AER_CORRECTABLE_REPLAY_ROLLOVER 0x00000100u
#define PCIE_AER_CORRECTABLE_REPLAY_TIMEOUT  0x00001000u
#define PCIE_AER_CORRECTABLE_ADVISORY        0x00002000u
#define PCIE_AER_CORRECTABLE_ALL                                                                                       \
    (PCIE_AER_CORRECTABLE_RECEIVER | PCIE_AER_CORRECTABLE_BAD_TLP | PCIE_AER_CORRECTABLE_BAD_DLLP |                    \
     PCIE_AER_CORRECTABLE_REPLAY_ROLLOVER | PCIE_AER_CORRECTABLE_REPLAY_TIMEOUT | PCIE_AER_CORRECTABLE_ADVISORY)
#define PCIE_AER_ROOT_COMMANDS          0x00000007u /* interrupts on ERR_COR, ERR_NONFATAL, ERR_FATAL */
#define PCIE_AER_ROOT_ON_CORRECTABLE    0x00000001u
#define PCIE_AER_ROOT_ON_NONFATAL       0x00000002u
#define PCIE_AER_ROOT_ON_FATAL          0x00000004u
#define PCIE_AER_ROOT_COR_RECEIVED      0x00000001u
#define PCIE_AER_ROOT_COR_MULTIPLE      0x00000002u
#define PCIE_AER_ROOT_UNCOR_RECEIVED    0x00000004u
#define PCIE_AER_ROOT_UNCOR_MULTIPLE    0x00000008u
#define PCIE_AER_ROOT_FIRST_FATAL       0x00000010u
#define PCIE_AER_ROOT_NONFATAL_RECEIVED 0x00000020u
#define PCIE_AER_ROOT_FATAL_RECEIVED    0x00000040u
#define PCIE_AER_ROOT_STATUS_ALL        0x0000007fu

/* ---- Access Control Services (7.7.11) ---- */
#define PCIE_ACS_CAPABILITY              0x04
#define PCIE_ACS_CONTROL                 0x06
#define PCIE_ACS_EGRESS_VECTOR           0x08
#define PCIE_ACS_SOURCE_VALIDATION       0x0001u
#define PCIE_ACS_TRANSLATION_BLOCKING    0x0002u
#define PCIE_ACS_P2P_REQUEST_REDIRECT    0x0004u
#define PCIE_ACS_P2P_COMPLETION_REDIRECT 0x0008u
#define PCIE_ACS_UPSTREAM_FORWARDING     0x0010u
#define PCIE_ACS_P2P_EGRESS_CONTROL      0x0020u
#define PCIE_ACS_DIRECT_TRANSLATED_P2P   0x0040u
#define PCIE_ACS_CONTROLS                0x007fu
#define PCIE_ACS_EGRESS_SIZE             0xff00u /* bits of the egress control vector */
#define PCIE_ACS_EGRESS_SIZE_SHIFT       8

/* ---- Virtual Channels (7.9.1) ---- */
#define PCIE_VC_PORT_CAPABILITY1         0x04
#define PCIE_VC_PORT_CAPABILITY2         0x08
#define PCIE_VC_PORT_CONTROL             0x0c
#define PCIE_VC_PORT_STATUS              0x0e
#define PCIE_VC_RESOURCE(n)              (0x10u + 12u * (n)) /* capability; control; two reserved bytes, status */
#define PCIE_VC_RESOURCE_CONTROL         0x04
#define PCIE_VC_RESOURCE_STATUS          0x0a
#define PCIE_VC_EXTENDED_COUNT           0x00000007u /* virtual channels besides VC0 */
#define PCIE_VC_LOW_PRIORITY_COUNT       0x00000070u /* of them, in the group of lowest priority with VC0 */
#define PCIE_VC_LOW_PRIORITY_COUNT_SHIFT 4
#define PCIE_VC_ENTRY_SIZE_SHIFT         10 /* of port arbitration tables: 1 << n bits */
#define PCIE_VC_TABLE_OFFSET_SHIFT       24 /* units of 16 bytes from the start of the capability */
#define PCIE_VC_LOAD_TABLE               0x0001u
#define PCIE_VC_ARBITRATION_SELECT       0x000eu
#define PCIE_VC_ARBITRATION_SELECT_SHIFT 1
#define PCIE_VC_TABLE_STATUS             0x0001u /* written and not loaded */
#define PCIE_VC_TC_MAP                   0x000000ffu
#define PCIE_VC_LOAD_PORT_TABLE          0x00010000u
#define PCIE_VC_PORT_SELECT              0x000e0000u
#define PCIE_VC_PORT_SELECT_SHIFT        17
#define PCIE_VC_ID                       0x07000000u
#define PCIE_VC_ID_SHIFT                 24
#define PCIE_VC_ENABLE                   0x80000000u
#define PCIE_VC_NEGOTIATION_PENDING      0x0002u
/* Arbitration schemes: bit n of a capability, value n of a select field. */
#define PCIE_VC_ROUND_ROBIN  0u
#define PCIE_VC_WEIGHTED_32  1u
#define PCIE_VC_WEIGHTED_64  2u
#define PCIE_VC_WEIGHTED_128 3u

/* ---- Alternative Routing-ID Interpretation (7.8.7) ---- */
#define PCIE_ARI_CAPABILITY          0x04
#define PCIE_ARI_CONTROL             0x06
#define PCIE_ARI_BYTES               0x08
#define PCIE_ACS_LONGEST_BYTES       0x10 /* with an egress vector of 64 bits */
#define PCIE_ARI_NEXT_FUNCTION       0xff00u
#define PCIE_ARI_NEXT_FUNCTION_SHIFT 8

/* ---- Address Translation Services (10.5.1) ---- */
#define PCIE_ATS_CAPABILITY             0x04
#define PCIE_ATS_CONTROL                0x06
#define PCIE_ATS_BYTES                  0x08
#define PCIE_ATS_INVALIDATE_QUEUE_DEPTH 0x001fu
#define PCIE_ATS_PAGE_ALIGNED_REQUEST   0x0020u
#define PCIE_ATS_SMALLEST_UNIT          0x001fu
#define PCIE_ATS_ENABLE                 0x8000u

/* ---- Process Address Space ID (7.8.8) ---- */
#define PCIE_PASID_CAPABILITY  0x04
#define PCIE_PASID_CONTROL     0x06
#define PCIE_PASID_BYTES       0x08
#define PCIE_PASID_EXECUTE     0x0002u
#define PCIE_PASID_PRIVILEGED  0x0004u
#define PCIE_PASID_WIDTH       0x1f00u
#define PCIE_PASID_WIDTH_SHIFT 8
#define PCIE_PASID_ENABLE      0x0001u

/* ---- Single Root I/O Virtualization (9.3.3) ---- */
#define PCIE_SRIOV_CAPABILITIES    0x04
#define PCIE_SRIOV_CONTROL         0x08
#define PCIE_SRIOV_STATUS          0x0a
#define PCIE_SRIOV_INITIAL_VFS     0x0c
#define PCIE_SRIOV_TOTAL_VFS       0x0e
#define PCIE_SRIOV_NUM_VFS         0x10
#define PCIE_SRIOV_DEPENDENCY_LINK 0x12
#define PCIE_SRIOV_FIRST_VF_OFFSET 0x14
#define PCIE_SRIOV_VF_STRIDE       0x16
#define PCIE_SRIOV_VF_DEVICE_ID    0x1a
#define PCIE_SRIOV_SUPPORTED_PAGES 0x1c
#define PCIE_SRIOV_SYSTEM_PAGE     0x20
#define PCIE_SRIOV_VF_BAR(n)       (0x24u + 4u * (n))
#define PCIE_SRIOV_BYTES           0x40
#define PCIE_SRIOV_VF_ENABLE       0x0001u
#define PCIE_SRIOV_VF_MEMORY_SPACE 0x0008u
#define PCIE_SRIOV_ARI_HIERARCHY   0x0010u
#define PCIE_SRIOV_PAGES_4K_TO_4M  0x00000553u /* the sizes that every device must support (9.3.3.12) */

/* ---- Page Request Interface (10.5.2) ---- */
#define PCIE_PRI_CONTROL          0x04
#define PCIE_PRI_STATUS           0x06
#define PCIE_PRI_CAPACITY         0x08
#define PCIE_PRI_ALLOCATION       0x0c
#define PCIE_PRI_BYTES            0x10
#define PCIE_PRI_ENABLE           0x0001u
#define PCIE_PRI_RESET            0x0002u
#define PCIE_PRI_RESPONSE_FAILURE 0x0001u
#define PCIE_PRI_UNEXPECTED_GROUP 0x0002u
#define PCIE_PRI_STOPPED          0x0100u
#define PCIE_PRI_PASID_REQUIRED   0x8000u

#endif
