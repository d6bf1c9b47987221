/*
 * Configuration space of one function, through ECAM: reads, writes, capability search (PCIe Base 7.2, 7.5, 7.6).
 */
#ifndef DOORBELL_HOST_PCI_CONFIG_H
#define DOORBELL_HOST_PCI_CONFIG_H

#include "host/access.h"

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Registers and capabilities that software uses. */
#define PCI_VENDOR          0x00u
#define PCI_COMMAND         0x04u
#define PCI_COMMAND_MEMORY  0x0002u
#define PCI_COMMAND_MASTER  0x0004u
#define PCI_COMMAND_NO_INTX 0x0400u
#define PCI_HEADER          0x0cu /**< double word with the header type in bits 23:16 */
#define PCI_BAR(n)          (0x10u + 4u * (n))
#define PCI_BUSES           0x18u /**< primary, secondary, subordinate bus numbers */
#define PCI_MEMORY_WINDOW   0x20u
#define PCI_PREFETCH_WINDOW 0x24u
#define PCI_PREFETCH_UPPER  0x28u
#define PCI_PREFETCH_LIMIT  0x2cu
#define PCI_CAPABILITIES    0x34u

#define PCI_CAP_MSI  0x05u
#define PCI_CAP_PCIE 0x10u
#define PCI_CAP_MSIX 0x11u

#define PCI_EXT_CAP_AER   0x0001u
#define PCI_EXT_CAP_VC    0x0002u
#define PCI_EXT_CAP_ACS   0x000du
#define PCI_EXT_CAP_ARI   0x000eu
#define PCI_EXT_CAP_SRIOV 0x0010u
#define PCI_EXT_CAP_ATS   0x000fu
#define PCI_EXT_CAP_PRI   0x0013u
#define PCI_EXT_CAP_PASID 0x001bu

/* SR-IOV capability (9.3.3). */
#define PCI_SRIOV_CONTROL      0x08u
#define PCI_SRIOV_CONTROL_VFE  0x0001u
#define PCI_SRIOV_CONTROL_MSE  0x0008u
#define PCI_SRIOV_CONTROL_ARI  0x0010u
#define PCI_SRIOV_TOTAL_VFS    0x0eu
#define PCI_SRIOV_NUM_VFS      0x10u
#define PCI_SRIOV_FIRST_OFFSET 0x14u
#define PCI_SRIOV_STRIDE       0x16u
#define PCI_SRIOV_PAGE_SIZE    0x20u
#define PCI_SRIOV_PAGE_4K      1u
#define PCI_SRIOV_BARS         0x24u

/** A double word; @p offset a multiple of 4. All ones if no function answers. */
uint32_t pci_config_read(struct host_access *access, uint64_t config, uint32_t offset);

/** Writes a double word. */
void pci_config_write(struct host_access *access, uint64_t config, uint32_t offset, uint32_t value);

/** A word; @p offset even. */
uint16_t pci_config_read16(struct host_access *access, uint64_t config, uint32_t offset);

/** Writes a word, by itself (its neighbour in the double word is not touched). */
void pci_config_write16(struct host_access *access, uint64_t config, uint32_t offset, uint16_t value);

/** Offset of a capability; 0 if the function has none of that ID. */
uint16_t pci_config_find(struct host_access *access, uint64_t config, uint8_t id);

/** Offset of an extended capability; 0 if the function has none of that ID. */
uint16_t pci_config_find_extended(struct host_access *access, uint64_t config, uint16_t id);

#ifdef __cplusplus
}
#endif

#endif
