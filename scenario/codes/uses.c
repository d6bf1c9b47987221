/* Codes of errors: traffic, software, sweeps and expectations. */
#include "scenario/codes/groups.h"

static const struct error_code traffic_codes[] = {
    {.code = "E1501",
     .title = "Vectors that are not there",
     .explanation = "A stream of MSIs names vectors of its function, each once; they are 0 to N-1.",
     .shown = ERROR_CODE_ADDED,
     .wrong = "traffic: { epB: [ { msi: { vectors: [0, 4], period: 1 us } } ] }\n",
     .right = "traffic: { epB: [ { msi: { vectors: [0, 3], period: 1 us } } ] }\n"},
    {.code = "E1502",
     .title = "How often?",
     .explanation = "A stream has a `rate` or a `period`, not both; bursts have a `period`.",
     .shown = ERROR_CODE_ADDED,
     .wrong = "traffic: { epA: [ { msi: {} } ] }\n",
     .right = "traffic: { epA: [ { msi: { period: 1 us } } ] }\n"},
    {.code = "E1503",
     .title = "Over before it begins",
     .explanation = "`duration` is the time of the traffic; a stream, an action or the measurement would begin only "
                    "behind it.",
     .shown = ERROR_CODE_ADDED,
     .wrong = "duration: 1 us\n"
              "warmup: 1 us\n",
     .right = "duration: 10 us\n"
              "warmup: 1 us\n"},
    {.code = "E1504",
     .title = "One stream is one kind",
     .explanation = "An item of the list is one of `msi`, `dma-write` and `dma-read`; another kind is another item.",
     .shown = ERROR_CODE_ADDED,
     .wrong = "traffic: { epA: [ { msi: { period: 1 us }, dma-write: { period: 1 us } } ] }\n",
     .right = "traffic: { epA: [ { msi: { period: 1 us } }, { dma-write: { period: 1 us } } ] }\n"},
    {.code = "E1505",
     .title = "A peer that cannot be written to",
     .explanation = "DMA `to:` another endpoint goes to its last BAR, which must be there besides the one of the "
                    "MSI-X table, and hold the buffer.",
     .shown = ERROR_CODE_ADDED,
     .wrong = "traffic: { epA: [ { dma-write: { period: 1 us, to: epB } } ] }\n",
     .right = "traffic: { epB: [ { dma-write: { period: 1 us, to: epA } } ] }\n"},
    {.code = "E1506",
     .title = "The endpoint cannot do this",
     .explanation = "Translated requests, a PASID or page requests need the capability at the endpoint: `ats`, "
                    "`pasid`, `pri`.",
     .shown = ERROR_CODE_ADDED,
     .wrong = "traffic: { epA: [ { dma-write: { period: 1 us, ats: yes } } ] }\n",
     .right = "traffic: { epA: [ { dma-write: { period: 1 us, ats: no } } ] }\n"},
    {.code = "E1507",
     .title = "Buffers and strides",
     .explanation = "A buffer is a whole number of strides, a stride holds one packet, and only reads can be waited "
                    "for.",
     .shown = ERROR_CODE_ADDED,
     .wrong = "traffic: { epA: [ { dma-write: { size: 96 B, period: 1 us } } ] }\n",
     .right = "traffic: { epA: [ { dma-write: { size: 128 B, period: 1 us } } ] }\n"},
};

const struct error_code_group error_codes_traffic = {"Traffic", traffic_codes,
                                                     sizeof(traffic_codes) / sizeof(traffic_codes[0])};

static const struct error_code software_codes[] = {
    {.code = "E1601",
     .title = "Domains that a consumer cannot have",
     .explanation = "Which translation a domain can have follows from who consumes the device: the kernel, a "
                    "user-space driver, or a virtual machine.",
     .shown = ERROR_CODE_ADDED,
     .wrong = "software: { consumers: { vm: { kind: kernel, translation: nested } } }\n",
     .right = "software: { consumers: { vm: { kind: kernel, translation: identity } } }\n"},
    {.code = "E1602",
     .title = "A device is consumed once",
     .explanation = "A device is in the list of one consumer; the timeline moves it to another.",
     .shown = ERROR_CODE_ADDED,
     .wrong = "software: { consumers: { a: { devices: epA }, b: { devices: epA } } }\n",
     .right = "software: { consumers: { a: { devices: epA }, b: { devices: epB } } }\n"},
    {.code = "E1603",
     .title = "An action of the timeline that cannot be",
     .explanation = "An action is about one device, within the duration, with what its kind needs and a name of its "
                    "own.",
     .shown = ERROR_CODE_ADDED,
     .wrong = "timeline: [{ at: 1 us, action: attach, device: epA }]\n",
     .right = "timeline: [{ at: 1 us, action: detach, device: epA }]\n"},
    {.code = "E1604",
     .title = "A PASID is one device's",
     .explanation = "An auxiliary domain is attached to a PASID of one device; a list of devices has no PASID in "
                    "common.",
     .shown = ERROR_CODE_ADDED,
     .wrong = "software: { consumers: { vm: {} }, pasids: [{ device: [epA, epB], pasid: 5, consumer: vm }] }\n",
     .right = "software: { consumers: { vm: {} } }\n"},
    {.code = "E1605",
     .title = "A device that nobody can pull out",
     .explanation =
         "`surprise-remove` pulls a device out of its slot: a slot is a link that leads to that device alone. "
         "What lies on a conventional bus, or shares a link with others, goes with `remove`.",
     .shown = ERROR_CODE_FILE,
     .wrong =
         "doorbell: 1\n"
         "duration: 10 us\n"
         "pcie: { rc0: { root-ports: { rp0: { below: { br: { bridge: {}, below: { nic: { endpoint: {} } } } } } } } }\n"
         "traffic: { nic: [{ msi: { period: 1 us } }] }\n"
         "timeline: [{ at: 2 us, action: surprise-remove, device: nic }]\n",
     .right = "doorbell: 1\n"
              "duration: 10 us\n"
              "pcie: { rc0: { root-ports: { rp0: { below: { nic: { endpoint: {} } } } } } }\n"
              "traffic: { nic: [{ msi: { period: 1 us } }] }\n"
              "timeline: [{ at: 2 us, action: surprise-remove, device: nic }]\n"},
    {.code = "E1606",
     .title = "Vectors go to PEs that are there",
     .explanation = "`software.affinity` names PEs of the platform, which are numbered from 0 (`platform.pe.count`).",
     .shown = ERROR_CODE_ADDED,
     .wrong = "platform: { pe: { count: 2 } }\nsoftware: { affinity: [{ devices: [epA], pes: [0, 2] }] }\n",
     .right = "platform: { pe: { count: 2 } }\nsoftware: { affinity: [{ devices: [epA], pes: [0, 1] }] }\n"},
    {.code = "E1607",
     .title = "Pages of that size do not fit",
     .explanation = "`software.page-size` is the kernel's. An SMMU must have tables with pages as large or smaller; "
                    "what users map, "
                    "and where they want doorbells, is whole pages; hosts with virtual machines have pages of 4 KiB.",
     .shown = ERROR_CODE_ADDED,
     .wrong = "platform: { smmu: { S: { idr: { gran4k: no, gran16k: no } } } }\n"
              "software: { page-size: 16 KiB }\n",
     .right = "platform: { smmu: { S: { idr: { gran4k: no, gran16k: no } } } }\n"
              "software: { page-size: 64 KiB }\n"},
};

const struct error_code_group error_codes_software = {"Software", software_codes,
                                                      sizeof(software_codes) / sizeof(software_codes[0])};

static const struct error_code machines_codes[] = {
    {.code = "E1701",
     .title = "PEs that are not there",
     .explanation = "Virtual CPUs run on PEs of the platform, which are numbered from 0.",
     .shown = ERROR_CODE_ADDED,
     .wrong = "platform: { redistributor: { version: gicv4.1 }, pe: { count: 2 } }\n"
              "vms: { vm0: { first-pe: 2, devices: { epA: {} } } }\n",
     .right = "platform: { redistributor: { version: gicv4.1 } }\n"
              "vms: { vm0: { devices: { epA: {} } } }\n"},
    {.code = "E1702",
     .title = "A function is assigned once",
     .explanation = "A function belongs to one virtual machine, and neither to a consumer of the host nor to the "
                    "system's timeline: the machine has one of its own. A guest remaps only where it has a virtual "
                    "SMMU.",
     .shown = ERROR_CODE_ADDED,
     .wrong = "platform: { redistributor: { version: gicv4.1 } }\n"
              "vms: { vm0: { devices: { epA: { remap: 20 us } } } }\n",
     .right = "platform: { redistributor: { version: gicv4.1 } }\n"
              "vms: { vm0: { devices: { epA: {} } } }\n"},
    {.code = "E1703",
     .title = "An action of a machine's timeline",
     .explanation = "Actions stand in their order, and name virtual CPUs and devices that the machine has, and vectors "
                    "that the devices have.",
     .shown = ERROR_CODE_ADDED,
     .wrong = "platform: { redistributor: { version: gicv4.1 } }\n"
              "vms: { vm0: { devices: { epA: {} }, timeline: [{ at: 5 us, action: move-vcpu, vcpu: 7, pe: 1 }] } }\n",
     .right = "platform: { redistributor: { version: gicv4.1 } }\n"
              "vms: { vm0: { devices: { epA: {} } } }\n"},
    {.code = "E1704",
     .title = "Preemption below virtual machines",
     .explanation = "PEs that run virtual machines take one interrupt after the other.",
     .shown = ERROR_CODE_ADDED,
     .wrong = "platform: { redistributor: { version: gicv4.1 }, pe: { preemption: yes } }\n"
              "vms: { vm0: { devices: { epA: {} } } }\n",
     .right = "platform: { redistributor: { version: gicv4.1 } }\n"
              "vms: { vm0: { devices: { epA: {} } } }\n"},
    {.code = "E1705",
     .title = "A table that the guest cannot own",
     .explanation = "A guest that writes messages itself writes to its virtual ITS, whose doorbell lies elsewhere "
                    "where the ITS has a pre-ITS. `table: trapped` leaves the writing to the hypervisor.",
     .shown = ERROR_CODE_ADDED,
     .wrong = "platform: { redistributor: { version: gicv4.1 }, its: { A: { pre-its: { base: 0x5800_0000 } } } }\n"
              "vms: { vm0: { devices: { epA: { table: guest } } } }\n",
     .right = "platform: { redistributor: { version: gicv4.1 }, its: { A: { pre-its: { base: 0x5800_0000 } } } }\n"
              "vms: { vm0: { devices: { epA: { table: trapped } } } }\n"},
};

const struct error_code_group error_codes_machines = {"Virtual machines", machines_codes,
                                                      sizeof(machines_codes) / sizeof(machines_codes[0])};

static const struct error_code axes_codes[] = {
    {.code = "E1801",
     .title = "An axis that cannot be",
     .explanation = "An axis is a key that --set takes, once, with `values` or with a range (`from`, `to`) and one "
                    "of `steps` and `step`; zipped axes are of one length.",
     .shown = ERROR_CODE_ADDED,
     .wrong = "sweep: { axes: [{ key: platform.pe.count, values: [1], from: 1, to: 2 }] }\n",
     .right = "sweep: { axes: [{ key: platform.pe.count, values: [1, 2] }] }\n"},
};

const struct error_code_group error_codes_axes = {"Axes of sweeps", axes_codes,
                                                  sizeof(axes_codes) / sizeof(axes_codes[0])};

static const struct error_code expectations_codes[] = {
    {.code = "E1901",
     .title = "Neither an assumption nor a metric",
     .explanation = "`expect:` names assumptions, metrics (msi.lost, epA.msi.latency.p99, counter.NAME.COUNTER) and "
                    "steps of the timeline.",
     .shown = ERROR_CODE_ADDED,
     .wrong = "expect: { doorbell-per-grup: holds }\n",
     .right = "expect: { doorbell-per-group: holds }\n"},
    {.code = "E1902",
     .title = "No such outcome",
     .explanation = "An assumption `holds`, is `violated`, `untested` or more as the message lists; a step is `ok` "
                    "or an error of Linux such as EINVAL.",
     .shown = ERROR_CODE_ADDED,
     .wrong = "expect: { doorbell-per-group: maybe }\n",
     .right = "expect: { doorbell-per-group: holds }\n"},
    {.code = "E1903",
     .title = "A bound that cannot be read",
     .explanation = "A bound is a number, a comparison or a range, with a unit where the metric has one.",
     .shown = ERROR_CODE_ADDED,
     .wrong = "expect: { msi.latency.p99: < 3 }\n",
     .right = "expect: { msi.latency.p99: < 3 us }\n"},
    {.code = "E1904",
     .title = "An empty range",
     .explanation = "The range begins behind its end, so nothing could meet it.",
     .shown = ERROR_CODE_ADDED,
     .wrong = "expect: { msi.lost: 5..3 }\n",
     .right = "expect: { msi.lost: 3..5 }\n"},
};

const struct error_code_group error_codes_expectations = {"Expectations", expectations_codes,
                                                          sizeof(expectations_codes) / sizeof(expectations_codes[0])};
