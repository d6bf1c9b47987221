#!/usr/bin/env python3
"""V4: bandwidth of large DMA, uncalibrated, against the hosts of the data set without an IOMMU.

Scored: whole multiples of 512 bytes but reads of 1024, which the facts of the data set call an artefact of the device.

What is known of each host comes from the data set itself: `sys-lspci.txt` has Max_Payload_Size (256 everywhere),
Max_Read_Request_Size, and whether AER generates ECRC, and `sys-dma-addrs.txt` the addresses of the buffers (above 4 GiB
for the window that these rows use, so that headers have four double words).
"""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
import harness  # noqa: E402
import svg  # noqa: E402

MPS = 256
READ_REQUEST = {"bdw-local": 4096, "bdw-remote": 4096, "hsw2620": 512, "ivb-local": 512}  # bytes
ECRC = {"bdw-local": "yes", "bdw-remote": "yes", "hsw2620": "yes", "ivb-local": "no"}  # CGenEn of device and root port
SIZES = [512, 1024, 1536, 2048]


def host_of(host):
    """What the scenario has to know of a host: Max_Read_Request_Size and ECRC."""
    return READ_REQUEST[host], ECRC[host]


def simulated(given, kind, size, host):
    """Gb/s."""
    read_request, ecrc = host
    stream = "[{dma-%s: {size: %d B, stride: 2 KiB, period: 1 ns, buffer: 8 KiB, pattern: random}}]" % (kind, size)
    sets = ["traffic.nfp=" + stream, "software.max-read-request=%d B" % read_request, "software.ecrc=" + ecrc]
    dma = harness.dma_of(harness.simulate(given.doorbell, os.path.join(HERE, "v4-bandwidth.yaml"), sets), "nfp")
    count = dma["writes-measured"] / -(-size // MPS) if kind == "write" else (
        dma["reads-measured"] / -(-size // read_request))
    return count * size * 8 / (dma["measured-time-fs"] / 1e6)


def measured(given, host, kind):
    """[(size, Gb/s)] of a host, with data in the cache."""
    test = {"write": "BW_DMA_WR", "read": "BW_DMA_RD"}[kind]
    return [(row["SZ"], row["BW (GB/s)"]) for row in harness.rows(given.data, host, "bw_dma_sz_sweep.csv")
            if row["Test"] == test and row["Cache"] == "HWarm" and row["SZ"] % 64 == 0]


def main():
    """Runs, scores, plots."""
    given = harness.arguments(needs_data=True, more={"--kinds": "read,write"})
    kinds = sorted(given.kinds.split(","))
    hosts = sorted(name for name in os.listdir(given.data) if name in READ_REQUEST)
    cases = sorted({(kind, size, host_of(host)) for kind in kinds for host in hosts
                    for size in (SIZES if given.quick else range(64, 2049, 64))})
    got = dict(zip(cases, harness.in_parallel(given.jobs, lambda case: simulated(given, *case), cases)))
    scores = {kind: harness.Score("V4 %s" % kind, 0.08) for kind in kinds}
    plot = svg.Plot("V4: DMA on Gen3 x8, MPS 256", "bytes a request", "Gb/s")
    for i, kind in enumerate(kinds):
        for ecrc in ("yes", "no"):
            plot.line("%s, simulated, ECRC: %s" % (kind, ecrc),
                      [(s, v) for (k, s, h), v in got.items() if k == kind and h == (512, ecrc)], colour=i,
                      dashed=ecrc == "no")
        for host in hosts:
            points = measured(given, host, kind)
            plot.line("%s, %s" % (kind, host), points, marks=True, colour=2 * hosts.index(host) + 2 + i)
            for size, rate in points:
                if size in SIZES and (kind, size) != ("read", 1024):
                    scores[kind].add("%s, %d B" % (host, size), got[kind, size, host_of(host)], rate)
    if given.plot:
        plot.write(given.plot)
    harness.finish(list(scores.values()))


if __name__ == "__main__":
    main()
