#include "host/known_devices.h"

#include <stddef.h>

#define ASMEDIA    0x1b21u
#define ASPEED     0x1a03u
#define BROADCOM   0x14e4u
#define GLENFLY    0x6766u
#define HUAWEI     0x19e5u
#define INTEL      0x8086u
#define ITE        0x1283u
#define MARVELL    0x1b4bu
#define RICOH      0x1180u
#define SOLARFLARE 0x1924u
#define TTI        0x1103u
#define TUNDRA     0x10e3u

/** What is wrong, or better than it says. */
enum knowledge {
    SENDS_AS_FUNCTION_0, /**< its other functions' requests carry function 0 */
    SENDS_AS_FUNCTION_1, /**< requests of all of its functions carry function 1, which may not exist */
    KEEPS_IDS,           /**< PCIe-to-PCI bridge that leaves requester IDs as they are */
    SENDS_AS_SECONDARY,  /**< conventional bridge right below a PCIe port that sends as its secondary bus, 0.0 */
    TRANSLATES_ABOVE,    /**< bridge above which the IOMMU sees no aliases */
    NEEDS_NO_PREFIXES,   /**< PASIDs work without TLP prefixes: devices that are no PCIe behind their registers */
    ISOLATES,            /**< functions do not reach each other, though none has ACS */
};

struct known {
    uint16_t vendor;
    uint16_t device;
    enum knowledge what;
};

static const struct known table[] = {
    {RICOH, 0xe832, SENDS_AS_FUNCTION_0},
    {RICOH, 0xe476, SENDS_AS_FUNCTION_0},
    {GLENFLY, 0x3d40, SENDS_AS_FUNCTION_0},
    {GLENFLY, 0x3d41, SENDS_AS_FUNCTION_0},
    {MARVELL, 0x9120, SENDS_AS_FUNCTION_1},
    {MARVELL, 0x9123, SENDS_AS_FUNCTION_1},
    {MARVELL, 0x9125, SENDS_AS_FUNCTION_1},
    {MARVELL, 0x9128, SENDS_AS_FUNCTION_1},
    {MARVELL, 0x9130, SENDS_AS_FUNCTION_1},
    {MARVELL, 0x9170, SENDS_AS_FUNCTION_1},
    {MARVELL, 0x9172, SENDS_AS_FUNCTION_1},
    {MARVELL, 0x917a, SENDS_AS_FUNCTION_1},
    {MARVELL, 0x9182, SENDS_AS_FUNCTION_1},
    {MARVELL, 0x9183, SENDS_AS_FUNCTION_1},
    {MARVELL, 0x91a0, SENDS_AS_FUNCTION_1},
    {MARVELL, 0x9215, SENDS_AS_FUNCTION_1},
    {MARVELL, 0x9220, SENDS_AS_FUNCTION_1},
    {MARVELL, 0x9230, SENDS_AS_FUNCTION_1},
    {MARVELL, 0x9235, SENDS_AS_FUNCTION_1},
    {TTI, 0x0642, SENDS_AS_FUNCTION_1},
    {ASPEED, 0x1150, KEEPS_IDS},
    {ASMEDIA, 0x1080, SENDS_AS_SECONDARY},
    {TUNDRA, 0x8113, SENDS_AS_SECONDARY},
    {ITE, 0x8892, SENDS_AS_SECONDARY},
    {INTEL, 0x244e, SENDS_AS_SECONDARY},
    {BROADCOM, 0x9000, TRANSLATES_ABOVE},
    {BROADCOM, 0x9084, TRANSLATES_ABOVE},
    {HUAWEI, 0xa250, NEEDS_NO_PREFIXES},
    {HUAWEI, 0xa251, NEEDS_NO_PREFIXES},
    {HUAWEI, 0xa255, NEEDS_NO_PREFIXES},
    {HUAWEI, 0xa256, NEEDS_NO_PREFIXES},
    {HUAWEI, 0xa258, NEEDS_NO_PREFIXES},
    {HUAWEI, 0xa259, NEEDS_NO_PREFIXES},
    {SOLARFLARE, 0x0903, ISOLATES},
    {SOLARFLARE, 0x0923, ISOLATES},
    {INTEL, 0x10c6, ISOLATES},
    {INTEL, 0x10c9, ISOLATES},
    {INTEL, 0x10e6, ISOLATES},
    {INTEL, 0x10e7, ISOLATES},
    {INTEL, 0x10e8, ISOLATES},
    {INTEL, 0x10fb, ISOLATES},
    {INTEL, 0x150a, ISOLATES},
    {INTEL, 0x150d, ISOLATES},
    {INTEL, 0x1518, ISOLATES},
    {INTEL, 0x151c, ISOLATES},
    {INTEL, 0x1521, ISOLATES},
    {INTEL, 0x1522, ISOLATES},
    {INTEL, 0x1523, ISOLATES},
    {INTEL, 0x1524, ISOLATES},
    {INTEL, 0x1526, ISOLATES},
    {INTEL, 0x1529, ISOLATES},
    {INTEL, 0x154d, ISOLATES},
    {INTEL, 0x154f, ISOLATES},
    {INTEL, 0x1558, ISOLATES},
};

/** Another function of its own device under whose number it may also send. */
static void add_alias(struct pci_tree_function *function, unsigned number)
{
    unsigned devfn = (function->rid & 0xf8u) | number;

    if (devfn != (function->rid & 0xffu)) {
        function->alias_devfns[devfn / 64] |= UINT64_C(1) << devfn % 64;
    }
}

static void apply(enum knowledge what, struct pci_tree_function *function)
{
    switch (what) {
    case SENDS_AS_FUNCTION_0:
        add_alias(function, 0);
        break;
    case SENDS_AS_FUNCTION_1:
        add_alias(function, 1);
        break;
    case KEEPS_IDS:
        function->quirks |= PCI_TREE_QUIRK_NO_ALIAS;
        break;
    case SENDS_AS_SECONDARY:
        function->quirks |= PCI_TREE_QUIRK_BRIDGE_ALIAS;
        break;
    case TRANSLATES_ABOVE:
        function->quirks |= PCI_TREE_QUIRK_XLATE_ROOT;
        break;
    case NEEDS_NO_PREFIXES:
        function->quirks |= PCI_TREE_QUIRK_NO_PREFIXES;
        break;
    case ISOLATES:
        function->quirks |= PCI_TREE_QUIRK_ISOLATED;
        break;
    }
}

void known_device_apply(uint16_t vendor, uint16_t device, struct pci_tree_function *function)
{
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        if (table[i].vendor == vendor && table[i].device == device) {
            apply(table[i].what, function);
        }
    }
}
