/*
 * Virtual command queues in the manner of NVIDIA's Tegra241 CMDQV: an aperture of registers beside the SMMU's own.
 * Offsets are from the aperture's base (smmu_cmdqv_offset()). Sources: the Linux driver of the part and QEMU's model of
 * it; there is no public specification. A virtual interface (VINTF) is a virtual machine's share: what it is allowed to
 * name is replaced by what that means on the machine.
 */
#ifndef DOORBELL_MODELS_SMMUV3_SMMU_CMDQV_H
#define DOORBELL_MODELS_SMMUV3_SMMU_CMDQV_H

/* ---- Configuration page ---- */

#define SMMU_CMDQV_CONFIG    0x000
#define SMMU_CMDQV_CONFIG_EN 0, 0

#define SMMU_CMDQV_PARAM              0x004
#define SMMU_CMDQV_PARAM_VER          3, 0
#define SMMU_CMDQV_PARAM_LOG2_VCMDQS  7, 4
#define SMMU_CMDQV_PARAM_LOG2_VINTFS  11, 8
#define SMMU_CMDQV_PARAM_LOG2_SIDS    15, 12
#define SMMU_CMDQV_STATUS             0x008
#define SMMU_CMDQV_STATUS_ENABLED     0, 0
#define SMMU_CMDQV_VINTF_ERR_MAP      0x014 /* 2 registers: a bit for each VINTF */
#define SMMU_CMDQV_VINTF_INT_MASK     0x01C /* 2 registers */
#define SMMU_CMDQV_VCMDQ_ERR_MAP      0x024 /* 4 registers: a bit for each VCMDQ */
#define SMMU_CMDQV_VCMDQ_ALLOC        0x200 /* one register for each VCMDQ */
#define SMMU_CMDQV_VCMDQ_ALLOC_ALLOC  0, 0
#define SMMU_CMDQV_VCMDQ_ALLOC_LVCMDQ 7, 1 /* its number within the VINTF */
#define SMMU_CMDQV_VCMDQ_ALLOC_VINTF  20, 15

#define SMMU_CMDQV_VINTFS               0x1000 /* registers of the first ... */
#define SMMU_CMDQV_VINTF_BYTES          0x100  /* ... and from one to the next */
#define SMMU_CMDQV_VINTF_CONFIG         0x00
#define SMMU_CMDQV_VINTF_CONFIG_EN      0, 0
#define SMMU_CMDQV_VINTF_CONFIG_VMID    16, 1
#define SMMU_CMDQV_VINTF_CONFIG_HYP_OWN 17, 17 /* the hypervisor's own: nothing is replaced or refused */
#define SMMU_CMDQV_VINTF_STATUS         0x04
#define SMMU_CMDQV_VINTF_STATUS_ENABLED 0, 0
#define SMMU_CMDQV_VINTF_STATUS_STATUS  3, 1 /* 1: a VCMDQ has an error */
#define SMMU_CMDQV_VINTF_STATUS_LVCMDQS 23, 16
#define SMMU_CMDQV_VINTF_SID_MATCH      0x40
#define SMMU_CMDQV_SID_MATCH_EN         0, 0
#define SMMU_CMDQV_SID_MATCH_VSID       20, 1
#define SMMU_CMDQV_VINTF_SID_REPLACE    0x80
#define SMMU_CMDQV_SID_REPLACE_SID      19, 0
#define SMMU_CMDQV_VINTF_ERR_MAP64      0xC0 /* 2 registers of 64 bits: a bit for each logical VCMDQ */

/* ---- VCMDQs: page 0 and page 1, of all of them, and of those of each VINTF by their logical numbers ---- */

#define SMMU_CMDQV_VCMDQ_PAGE0 0x10000
#define SMMU_CMDQV_VCMDQ_PAGE1 0x20000
#define SMMU_CMDQV_VINTF_VIEWS 0x30000 /* page 0 and page 1 of the first VINTF */
#define SMMU_CMDQV_VIEW_BYTES  0x20000
#define SMMU_CMDQV_VCMDQ_BYTES 0x80

#define SMMU_VCMDQ_CONS          0x00 /* RD 19:0, ERR 30:24: as CMDQ_CONS */
#define SMMU_VCMDQ_PROD          0x04
#define SMMU_VCMDQ_CONFIG        0x08
#define SMMU_VCMDQ_CONFIG_EN     0, 0
#define SMMU_VCMDQ_STATUS        0x0C
#define SMMU_VCMDQ_STATUS_EN_OK  0, 0
#define SMMU_VCMDQ_GERROR        0x10
#define SMMU_VCMDQ_GERRORN       0x14
#define SMMU_VCMDQ_GERROR_CMDQ   0, 0
#define SMMU_VCMDQ_GERROR_INIT   2, 2 /* enabled without being of an enabled VINTF */
#define SMMU_VCMDQ_BASE          0x00 /* page 1, 64 bits */
#define SMMU_VCMDQ_BASE_ADDR     47, 5
#define SMMU_VCMDQ_BASE_LOG2SIZE 4, 0
#define SMMU_VCMDQ_CONS_BASE     0x08 /* page 1, 64 bits: stored; CONS is not copied to memory */

/** CONS.ERR, besides those of CMDQ_CONS: a virtual StreamID that the VINTF does not know. */
#define SMMU_VCMDQ_ERR_ILL_ACCESS 4

#endif
