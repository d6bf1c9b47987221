/* Codes of errors: the platform and its PCI Express. */
#include "scenario/codes/groups.h"

static const struct error_code platform_codes[] = {
    {.code = "E1301",
     .title = "Windows overlap",
     .explanation = "Two components answer at the same addresses. Both windows are in the message; give one of them "
                    "another `base`.",
     .shown = ERROR_CODE_ADDED,
     .wrong = "platform: { its: { A: {}, B: { base: 0x0809_0000 } } }\n",
     .right = "platform: { its: { A: {}, B: { base: 0x0810_0000 } } }\n"},
    {.code = "E1302",
     .title = "A window beyond the addresses",
     .explanation = "The interconnect decodes 48 bits of address.",
     .shown = ERROR_CODE_ADDED,
     .wrong = "platform: { memory: { base: 0xffff_0000_0000, size: 64 GiB } }\n",
     .right = "platform: { memory: { base: 0x8000_0000, size: 64 GiB } }\n"},
    {.code = "E1303",
     .title = "The MMIO window does not hold the BARs",
     .explanation = "BARs of 32 bits lie in the root complex's MMIO window, below 4 GiB, each at a multiple of its "
                    "size.",
     .shown = ERROR_CODE_ROOT,
     .wrong = "    mmio: { size: 1 MiB }\n"
              "    root-ports: { rp0: { below: { ep0: { endpoint: { bars: [2 MiB] } } } } }\n",
     .right = "    mmio: { size: 16 MiB }\n"
              "    root-ports: { rp0: { below: { ep0: { endpoint: { bars: [2 MiB] } } } } }\n"},
    {.code = "E1304",
     .title = "A cache of no shape",
     .explanation = "Entries are split into ways evenly, and the number of sets is a power of two; tree replacement "
                    "(plru) needs a power of two of ways.",
     .shown = ERROR_CODE_ADDED,
     .wrong = "platform: { smmu: { S: { tlb: { entries: 6, ways: 4 } } } }\n",
     .right = "platform: { smmu: { S: { tlb: { entries: 8, ways: 4 } } } }\n"},
    {.code = "E1305",
     .title = "TBUs without a TCU",
     .explanation = "TBUs with TLBs of their own talk to a TCU over a link, which has a time each way; without that "
                    "link the TLB is the TCU's.",
     .shown = ERROR_CODE_ADDED,
     .wrong = "platform: { smmu: { S: { to-tcu: 8 cycles, to-tbu: 0 cycles } } }\n",
     .right = "platform: { smmu: { S: { to-tcu: 8 cycles, to-tbu: 8 cycles } } }\n"},
    {.code = "E1306",
     .title = "ID registers that contradict themselves",
     .explanation = "The features under `idr` cannot be together in one SMMU, by the architecture or by this model.",
     .shown = ERROR_CODE_ADDED,
     .wrong = "platform: { smmu: { S: { idr: { vcmdqs: 2, vintfs: 4 } } } }\n",
     .right = "platform: { smmu: { S: { idr: { vcmdqs: 4, vintfs: 4 } } } }\n"},
    {.code = "E1307",
     .title = "A linear stream table that is too large",
     .explanation = "Each StreamID has an entry of 64 bytes in a linear table. Beyond so many bits a table of two "
                    "levels is meant.",
     .shown = ERROR_CODE_ADDED,
     .wrong = "platform: { smmu: { S: { stream-table: linear, stream-id-bits: 24 } } }\n",
     .right = "platform: { smmu: { S: { stream-table: 2-level, stream-id-bits: 24 } } }\n"},
    {.code = "E1308",
     .title = "An identifier does not fit",
     .explanation = "A StreamID, DeviceID or EventID of a device has more bits than the SMMU or ITS takes.",
     .shown = ERROR_CODE_ADDED,
     .wrong = "platform: { its: { A: { device-id-bits: 8 } } }\n"
              "traffic: { epA: [ { msi: { period: 1 us } } ] }\n",
     .right = "platform: { its: { A: { device-id-bits: 16 } } }\n"
              "traffic: { epA: [ { msi: { period: 1 us } } ] }\n"},
    {.code = "E1309",
     .title = "No ITS for this device",
     .explanation = "The device sends MSIs, and no entry of `msi-map` covers its requester ID.",
     .shown = ERROR_CODE_ADDED,
     .wrong = "platform: { its: {} }\n"
              "traffic: { epB: [ { msi: { period: 1 us } } ] }\n",
     .right = "platform: { its: { A: {} } }\n"
              "traffic: { epB: [ { msi: { period: 1 us } } ] }\n"},
    {.code = "E1310",
     .title = "Too few LPIs",
     .explanation = "Every vector of every device needs an LPI of its own, and `lpi-id-bits` says how many there "
                    "are.",
     .shown = ERROR_CODE_ROOT,
     .wrong = "    root-ports: { rp0: { below: { sw: { switch: {}, below: { a: { endpoint: { msi-x: 2"
              "048, functions: 8 } },\n"
              "        b: { endpoint: { msi-x: 2048, functions: 8 } }, c: { endpoint: { msi-x: 2048, "
              "functions: 8 } },\n"
              "        d: { endpoint: { msi-x: 2048, functions: 8 } } } } } } }\n",
     .right = "    root-ports: { rp0: { below: { a: { endpoint: { msi-x: 2048, functions: 8 } } } } }\n"},
    {.code = "E1311",
     .title = "More than the models take",
     .explanation = "There is a limit to the number of ITSs, root ports, SMMUs of a root complex, and ports of the "
                    "interconnect.",
     .shown = ERROR_CODE_ADDED,
     .wrong = "platform: { pe: { count: 60 }, its: { a: {}, b: {} } }\n",
     .right = "platform: { pe: { count: 50 }, its: { a: {}, b: {} } }\n"},
    {.code = "E1312",
     .title = "SPIs that a frame cannot have",
     .explanation = "The SPIs of a GICv2m frame are among those of the distributor, INTIDs 32 to 31 + "
                    "`distributor.spis`, and belong to no other frame.",
     .shown = ERROR_CODE_ADDED,
     .wrong = "platform: { v2m: { M: { first-spi: 250 } } }\n",
     .right = "platform: { v2m: { M: { first-spi: 200 } } }\n"},
};

const struct error_code_group error_codes_platform = {"The platform", platform_codes,
                                                      sizeof(platform_codes) / sizeof(platform_codes[0])};

static const struct error_code pcie_codes[] = {
    {.code = "E1401",
     .title = "What is this device?",
     .explanation = "A device is one of `switch`, `bridge`, `endpoint`, `multifunction`, or an `empty` port of a "
                    "switch.",
     .shown = ERROR_CODE_ROOT,
     .wrong = "    root-ports: { rp0: { below: { ep0: {} } } }\n",
     .right = "    root-ports: { rp0: { below: { ep0: { endpoint: {} } } } }\n"},
    {.code = "E1402",
     .title = "Nothing stands below",
     .explanation = "A bridge or a device of several parts is there for what stands below it.",
     .shown = ERROR_CODE_ROOT,
     .wrong = "    root-ports: { rp0: { below: { x: { bridge: {} } } } }\n",
     .right = "    root-ports: { rp0: { below: { x: { bridge: {}, below: { y: { endpoint: {} } } } } } }\n"},
    {.code = "E1403",
     .title = "A link or port in the wrong place",
     .explanation = "A link and a port are described once: at the root port, or at the device below a switch's port. "
                    "Parts of a device, and what stands below a bridge, have none of their own.",
     .shown = ERROR_CODE_ROOT,
     .wrong = "    root-ports: { rp0: { below: { ep0: { endpoint: {}, link: { width: 1 } } } } }\n",
     .right = "    root-ports: { rp0: { link: { width: 1 }, below: { ep0: { endpoint: {} } } } }\n"},
    {.code = "E1404",
     .title = "Device and function numbers of ports",
     .explanation = "Ports on one bus have numbers of their own, and function 0 of a device is always there: "
                    "enumeration looks no further without it.",
     .shown = ERROR_CODE_ROOT,
     .wrong = "    root-ports: { rp0: { device: 1, below: { ep0: { endpoint: {} } } },\n"
              "        rp1: { device: 1 } }\n",
     .right = "    root-ports: { rp0: { device: 1, below: { ep0: { endpoint: {} } } },\n"
              "        rp1: { device: 2 } }\n"},
    {.code = "E1405",
     .title = "Out of bus numbers",
     .explanation = "Each link is a bus, and virtual functions may need more of them; the root complex has "
                    "`first-bus` to `last-bus`.",
     .shown = ERROR_CODE_ROOT,
     .wrong = "    first-bus: 9\n"
              "    last-bus: 8\n"
              "    root-ports: { rp0: { below: { ep0: { endpoint: {} } } } }\n",
     .right = "    first-bus: 8\n"
              "    last-bus: 9\n"
              "    root-ports: { rp0: { below: { ep0: { endpoint: {} } } } }\n"},
    {.code = "E1406",
     .title = "Too many ports or functions",
     .explanation = "A bus has 32 devices of 8 functions.",
     .shown = ERROR_CODE_ROOT,
     .wrong = "    root-ports: { rp0: { below: { sw: { switch: { multifunction-ports: yes }, below: {"
              " a: { endpoint: {} },\n"
              "        b: { endpoint: {} }, c: { endpoint: {} }, d: { endpoint: {} }, e: { endpoint: "
              "{} }, f: { endpoint: {} },\n"
              "        g: { endpoint: {} }, h: { endpoint: {} }, i: { endpoint: {} } } } } } }\n",
     .right = "    root-ports: { rp0: { below: { sw: { switch: {}, below: { a: { endpoint: {} },\n"
              "        b: { endpoint: {} }, c: { endpoint: {} }, d: { endpoint: {} }, e: { endpoint: "
              "{} }, f: { endpoint: {} },\n"
              "        g: { endpoint: {} }, h: { endpoint: {} }, i: { endpoint: {} } } } } } }\n"},
    {.code = "E1407",
     .title = "A part that needs the device to itself",
     .explanation = "Parts of one device share its link and its eight function numbers, so alternative routing, "
                    "virtual functions, aliases and virtual channels are not for them.",
     .shown = ERROR_CODE_ROOT,
     .wrong = "    root-ports: { rp0: { below: { mf: { multifunction: {}, below: { a: { endpoint: { a"
              "ri: yes } } } } } } }\n",
     .right = "    root-ports: { rp0: { below: { a: { endpoint: { ari: yes } } } } }\n"},
    {.code = "E1408",
     .title = "Access Control Services that cannot be",
     .explanation = "ACS is `none`, `full`, or a list of controls such as [SV, RR, CR, UF]; a control can be turned "
                    "on only where the capability has it.",
     .shown = ERROR_CODE_ROOT,
     .wrong = "    root-ports: { rp0: { acs: [SV, RX], below: { ep0: { endpoint: {} } } } }\n",
     .right = "    root-ports: { rp0: { acs: [SV, RR], below: { ep0: { endpoint: {} } } } }\n"},
    {.code = "E1409",
     .title = "The size of a BAR",
     .explanation = "A BAR is a power of two of 4 KiB to 1 GiB, and a function has six.",
     .shown = ERROR_CODE_ROOT,
     .wrong = "    root-ports: { rp0: { below: { ep0: { endpoint: { bars: [96 KiB] } } } } }\n",
     .right = "    root-ports: { rp0: { below: { ep0: { endpoint: { bars: [128 KiB] } } } } }\n"},
    {.code = "E1410",
     .title = "No BAR that holds the table",
     .explanation = "The MSI-X table and its pending bits, or the message store of IMS, lie in the first BAR, which "
                    "is missing or too small.",
     .shown = ERROR_CODE_ROOT,
     .wrong = "    root-ports: { rp0: { below: { ep0: { endpoint: { msi-x: 256, bars: [4 KiB] } } } } }\n",
     .right = "    root-ports: { rp0: { below: { ep0: { endpoint: { msi-x: 256, bars: [16 KiB] } } } } }\n"},
    {.code = "E1411",
     .title = "Virtual functions that cannot be",
     .explanation = "Requester IDs of virtual functions follow from `first-offset` and `stride`, and must be "
                    "distinct, within the buses that there are, and not those of other devices.",
     .shown = ERROR_CODE_ROOT,
     .wrong = "    root-ports: { rp0: { below: { x: { endpoint: { sr-iov: { vfs: 2, enabled: 3 } } } } } }\n",
     .right = "    root-ports: { rp0: { below: { x: { endpoint: { sr-iov: { vfs: 4, enabled: 3 } } } } } }\n"},
    {.code = "E1412",
     .title = "Phantom functions that cannot be",
     .explanation = "Phantom functions take the upper bits of the function number, so the device has fewer "
                    "functions, and none of what uses these bits.",
     .shown = ERROR_CODE_ROOT,
     .wrong = "    root-ports: { rp0: { below: { x: { endpoint: { functions: 3, phantom-functions: 2 } } } } }\n",
     .right = "    root-ports: { rp0: { below: { x: { endpoint: { functions: 2, phantom-functions: 2 } } } } }\n"},
    {.code = "E1413",
     .title = "A layout of capabilities that cannot be",
     .explanation = "Capabilities lie in configuration space without overlap, at multiples of four, each once, and "
                    "the extended ones begin at 0x100.",
     .shown = ERROR_CODE_ROOT,
     .wrong = "    root-ports: { rp0: { below: { x: { endpoint: { capabilities: [[pcie, 0x40], [msi-x"
              ", 0x70]] } } } } }\n",
     .right = "    root-ports: { rp0: { below: { x: { endpoint: { capabilities: [[pcie, 0x40], [msi-x"
              ", 0x80]] } } } } }\n"},
    {.code = "E1414",
     .title = "Below a bridge",
     .explanation = "A bridge to conventional PCI has only endpoints below it, each at a `slot` of its own, without "
                    "what PCI Express has brought.",
     .shown = ERROR_CODE_ROOT,
     .wrong = "    root-ports: { rp0: { below: { x: { bridge: {}, below: { y: { endpoint: { ats: {} } } } } } } }\n",
     .right = "    root-ports: { rp0: { below: { x: { bridge: {}, below: { y: { endpoint: {} } } } } } }\n"},
    {.code = "E1415",
     .title = "An entry of a map",
     .explanation = "`iommu-map` and `msi-map` are lists of [RID base, name, output base, length], as in a device "
                    "tree. A RID base has no bits outside the mask, and nothing goes beyond 16 bits of RID or 32 of "
                    "output.",
     .shown = ERROR_CODE_ROOT,
     .wrong = "    msi-map: [[0xff00, its0, 0, 0x101]]\n"
              "    root-ports: { rp0: { below: { ep0: { endpoint: {} } } } }\n",
     .right = "    msi-map: [[0xff00, its0, 0, 0x100], [0, its0, 0x100, 0xff00]]\n"
              "    root-ports: { rp0: { below: { ep0: { endpoint: {} } } } }\n"},
    {.code = "E1416",
     .title = "Nothing would happen",
     .explanation = "There is no root complex, or no endpoint below any.",
     .shown = ERROR_CODE_ROOT,
     .wrong = "    root-ports: { rp0: {} }\n",
     .right = "    root-ports: { rp0: { below: { ep0: { endpoint: {} } } } }\n"},
    {.code = "E1417",
     .title = "Credits for less than a packet",
     .explanation = "A receiver that announces fewer data credits than one packet of `max-payload` needs never gets "
                    "one.",
     .shown = ERROR_CODE_ROOT,
     .wrong = "    root-ports: { rp0: { link: { credits: { pd: 1 } }, below: { ep0: { endpoint: {} } } } }\n",
     .right = "    root-ports: { rp0: { link: { credits: { pd: 64 } }, below: { ep0: { endpoint: {} } } } }\n"},
    {.code = "E1418",
     .title = "Virtual channels",
     .explanation = "Channels besides VC0 share priorities and turns; TC0 always travels on VC0.",
     .shown = ERROR_CODE_ADDED,
     .wrong = "software: { traffic-classes: [1, 0, 0, 0, 0, 0, 0, 0] }\n",
     .right = "software: { traffic-classes: [0, 0, 0, 0, 0, 0, 0, 0] }\n"},
    {.code = "E1419",
     .title = "More vectors granted than asked for",
     .explanation = "Software grants an MSI capability as many vectors as it asks for, or fewer.",
     .shown = ERROR_CODE_ROOT,
     .wrong = "    root-ports: { rp0: { below: { ep0: { endpoint: { msi: { vectors: 4, granted: 8 } } } } } }\n",
     .right = "    root-ports: { rp0: { below: { ep0: { endpoint: { msi: { vectors: 8, granted: 4 } } } } } }\n"},
    {.code = "E1420",
     .title = "Page requests without translations",
     .explanation = "A device asks for pages (PRI) to use them through its translation cache (ATS).",
     .shown = ERROR_CODE_ROOT,
     .wrong = "    root-ports: { rp0: { below: { ep0: { endpoint: { pri: {} } } } } }\n",
     .right = "    root-ports: { rp0: { below: { ep0: { endpoint: { ats: {}, pri: {} } } } } }\n"},
    {.code = "E1421",
     .title = "Two devices below one root port",
     .explanation = "A root port has one link. More devices need more root ports, or a switch.",
     .shown = ERROR_CODE_ROOT,
     .wrong = "    root-ports: { rp0: { below: { ep0: { endpoint: {} }, ep1: { endpoint: {} } } } }\n",
     .right = "    root-ports: { rp0: { below: { sw: { switch: {}, below: { ep0: { endpoint: {} }, ep"
              "1: { endpoint: {} } } } } } }\n"},
};

const struct error_code_group error_codes_pcie = {"PCI Express", pcie_codes,
                                                  sizeof(pcie_codes) / sizeof(pcie_codes[0])};
