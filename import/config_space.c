#include "import/config_space.h"

#include <string.h>

/* Capability identifiers (PCI Code and ID Assignment Specification, 2 and 3). */
#define CAP_MSI   0x05
#define CAP_PCIE  0x10
#define CAP_MSIX  0x11
#define EXT_ACS   0x000d
#define EXT_ARI   0x000e
#define EXT_ATS   0x000f
#define EXT_SRIOV 0x0010
#define EXT_PRI   0x0013
#define EXT_PASID 0x001b

#define STATUS_CAPABILITIES 0x10
#define HEADER_BRIDGE       1
#define CAPABILITY_STEPS    48  /* as many as fit into 192 bytes */
#define EXTENDED_STEPS      960 /* and into 3840 */

static uint16_t get16(const uint8_t *config, size_t at)
{
    return at + 2 > IMPORT_CONFIG_SIZE ? 0 : (uint16_t)(config[at] | config[at + 1] << 8);
}

static uint32_t get32(const uint8_t *config, size_t at)
{
    return get16(config, at) | (uint32_t)get16(config, at + 2) << 16;
}

static void decode_pcie(const uint8_t *config, size_t at, struct import_function *function)
{
    uint32_t capable = get32(config, at + 0x0c);
    uint16_t status = get16(config, at + 0x12);

    function->pcie = true;
    function->type = (uint8_t)(get16(config, at + 2) >> 4 & 0xf);
    function->speed = (uint8_t)(status & 0xf);
    function->width = (uint8_t)(status >> 4 & 0x3f);
    if (function->speed == 0 || function->width == 0) {
        function->speed = (uint8_t)(capable & 0xf);
        function->width = (uint8_t)(capable >> 4 & 0x3f);
    }
}

static void decode_msi(const uint8_t *config, size_t at, struct import_function *function)
{
    uint16_t control = get16(config, at + 2);
    unsigned exponent = control >> 1 & 7;

    function->msi.present = true;
    function->msi.vectors = (uint8_t)(1u << (exponent > 5 ? 5 : exponent));
    function->msi.wide = (control & 1u << 7) != 0;
    function->msi.mask = (control & 1u << 8) != 0;
}

static void decode_capabilities(const uint8_t *config, struct import_function *function)
{
    size_t at = config[0x34] & 0xfcu;

    if ((get16(config, 6) & STATUS_CAPABILITIES) == 0) {
        return;
    }
    for (unsigned step = 0; step < CAPABILITY_STEPS && at >= 0x40; step++) {
        switch (config[at]) {
        case CAP_MSI:
            decode_msi(config, at, function);
            break;
        case CAP_PCIE:
            decode_pcie(config, at, function);
            break;
        case CAP_MSIX:
            function->msix = (uint16_t)((get16(config, at + 2) & 0x7ff) + 1);
            break;
        default:
            break;
        }
        at = config[at + 1] & 0xfcu;
    }
}

static void decode_sriov(const uint8_t *config, size_t at, struct import_sriov *sriov)
{
    sriov->present = true;
    sriov->enabled = (get16(config, at + 0x08) & 1) != 0;
    sriov->total = get16(config, at + 0x0e);
    sriov->count = get16(config, at + 0x10);
    sriov->offset = get16(config, at + 0x14);
    sriov->stride = get16(config, at + 0x16);
    sriov->vf_device = get16(config, at + 0x1a);
}

static void decode_extended_one(const uint8_t *config, size_t at, struct import_function *function)
{
    switch (get16(config, at)) {
    case EXT_ACS:
        function->acs = true;
        function->acs_capability = get16(config, at + 4);
        function->acs_control = get16(config, at + 6);
        break;
    case EXT_ARI:
        function->ari = true;
        break;
    case EXT_ATS:
        function->ats = true;
        function->ats_depth = (uint8_t)((get16(config, at + 4) & 0x1f) == 0 ? 32 : get16(config, at + 4) & 0x1f);
        break;
    case EXT_SRIOV:
        decode_sriov(config, at, &function->sriov);
        break;
    case EXT_PRI:
        function->pri = true;
        function->pri_capacity = get32(config, at + 8);
        break;
    case EXT_PASID:
        function->pasid = true;
        function->pasid_bits = (uint8_t)(get16(config, at + 4) >> 8 & 0x1f);
        break;
    default:
        break;
    }
}

static void decode_extended(const uint8_t *config, struct import_function *function)
{
    size_t at = 0x100;

    for (unsigned step = 0; step < EXTENDED_STEPS && at >= 0x100 && at + 4 <= IMPORT_CONFIG_SIZE; step++) {
        uint32_t header = get32(config, at);

        if (header == 0 || header == UINT32_MAX) {
            return;
        }
        decode_extended_one(config, at, function);
        at = header >> 20 & 0xffcu;
    }
}

void import_config_decode(const uint8_t *config, size_t known, struct import_function *function)
{
    function->vendor = get16(config, 0);
    function->device = get16(config, 2);
    function->class_code = get32(config, 8) >> 8;
    function->bridge = (config[0x0e] & 0x7f) == HEADER_BRIDGE;
    function->multifunction = (config[0x0e] & 0x80) != 0;
    function->complete = known > 0x40 || (get16(config, 6) & STATUS_CAPABILITIES) == 0;
    function->extended = known > 0x100;
    if (function->bridge) {
        function->secondary = config[0x19];
        function->subordinate = config[0x1a];
    }
    decode_capabilities(config, function);
    if (function->pcie) {
        decode_extended(config, function);
    }
}
