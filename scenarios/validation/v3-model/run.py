#!/usr/bin/env python3
"""V3: the link against the arithmetic of pcie-bench, at every size from 4 to 1500 bytes that is whole double words.

`paper` is compared with that arithmetic; `physical` is measured beside it. Reads and writes at once are offered at the
rate that the arithmetic allows: both must keep up with it; and 2 % above it, where the slower one must not.

The model counts single bytes where a TLP carries whole double words, and has NICs, to which a host's driver belongs.
For these, at every size from 1 to 1500, what comes from the simulator is the rate of the wire: what the largest packets
move.
"""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
import harness  # noqa: E402
import nic  # noqa: E402
import svg  # noqa: E402

MPS, MRRS = 256, 512
RAW = 8 * 8 * 128 / 130  # Gb/s
LIMIT = int((MPS + 28) * 2.5 / 8 + 115)  # symbol times: UF 2.5 and 115 of internal delay at 8 GT/s x8
PAPER = RAW * (1 - 8 / LIMIT - 8 / LIMIT - 4 / 1538)
PRINTED = {64: (42.10, 44.10, 33.08), 128: (48.75, 50.06, 42.10), 192: (51.45, 52.42, 46.31),
           256: (52.92, 53.69, 48.75), 512: (52.92, 53.69, 50.75), 1024: (52.92, 53.69, 50.75),
           1500: (52.81, 53.60, 50.60)}
NICS = {64: (12.58, 17.63, 20.65), 128: (21.11, 27.51, 30.91), 256: (31.17, 37.50, 40.50), 512: (39.31, 43.96, 45.93),
        1024: (44.33, 47.12, 48.23)}  # frame with its check sequence: simple, kernel, DPDK; each way, both at once
FCS = 4
LINK = "pcie.rc0.root-ports.rp0.link.overhead="


def tlps(size, limit):
    """Packets that a request takes."""
    return -(-size // limit)


def closed_form(kind, size, rate):
    """Gb/s of data by the public model; of reads and writes at once, of each."""
    write_up = tlps(size, MPS) * 24 + size
    read_up = tlps(size, MRRS) * 24
    read_down = tlps(size, MPS) * 20 + size
    if kind == "write":
        return rate * size / write_up
    if kind == "read":
        return size * min(rate / read_down, rate / read_up)
    return size * min(rate / read_down, rate / (read_up + write_up))


def stream(kind, size, period):
    """A stream as a scenario has it."""
    return "{dma-%s: {size: %d B, stride: 2 KiB, period: %d ps, buffer: 64 KiB}}" % (kind, size, period)


def measured(given, kinds, size, overhead, period):
    """Gb/s of each kind."""
    streams = ", ".join(stream(kind, size, period) for kind in kinds)
    sets = [LINK + overhead, "traffic.nfp=[%s]" % streams, "duration=%d us" % (10 + max(50, size // 2))]
    dma = harness.dma_of(harness.simulate(given.doorbell, os.path.join(HERE, "v3-model.yaml"), sets), "nfp")
    nanoseconds = dma["measured-time-fs"] / 1e6
    counts = {"write": dma["writes-measured"] / tlps(size, MPS), "read": dma["reads-measured"] / tlps(size, MRRS)}
    return [counts[kind] * size * 8 / nanoseconds for kind in kinds]


def point(given, size):
    """Every measurement of one size."""
    got = {}
    for overhead in ("paper", "physical"):
        for kind in ("write", "read"):
            got[overhead, kind] = measured(given, [kind], size, overhead, 1000)[0]
    predicted = closed_form("both", size, PAPER)
    for name, load in (("offered", 1.0), ("overload", 1.02)):
        period = round(size * 8000 / predicted / load)
        got[name] = measured(given, ["write", "read"], size, "paper", period)
    return got


def nics(size):
    """The three NICs' TLPs for a frame, as the public model counts them."""
    return nic.simple(size), nic.batching(size, "kernel"), nic.batching(size, "dpdk")


def wire_rate(given, overhead):
    """Gb/s of TLPs on the simulated wire, from writes of the largest payload."""
    return measured(given, ["write"], MPS, overhead, 1000)[0] * (MPS + 24) / MPS


def score_nics(wire):
    """Every size with the simulated wire's rate, and the printed figures of the NICs."""
    every = harness.Score("V3 paper, sizes 1 to 1500", 0.001)
    printed = harness.Score("V3 paper, NICs as printed", 0.001)
    for size in range(1, 1501):
        for kind in ("write", "read", "both"):
            every.add("%s of %d B" % (kind, size), closed_form(kind, size, wire), closed_form(kind, size, PAPER))
        if size >= 64:
            for counted in nics(size - FCS):
                every.add("NIC, %d B" % size, nic.rate(counted, size - FCS, wire), nic.rate(counted, size - FCS, PAPER))
    for size, values in NICS.items():
        for counted, value in zip(nics(size - FCS), values):
            printed.add("%d B" % size, nic.rate(counted, size - FCS, wire), value)
    return [every, printed]


def plot_nics(wires, path):
    """NICs, `paper` and `physical`."""
    plot = svg.Plot("V3: NICs on Gen3 x8, each way, both at once", "bytes a frame", "Gb/s")
    sizes = range(64, 1500)
    for i, name in enumerate(("simple", "kernel", "DPDK")):
        for overhead, wire in wires.items():
            plot.line("%s, %s" % (name, overhead), [(s, nic.rate(nics(s - FCS)[i], s - FCS, wire)) for s in sizes],
                      colour=i, dashed=overhead == "physical")
        plot.line("%s, pcie-bench" % name, [(s, v[i]) for s, v in NICS.items()], marks=True, colour=i)
    plot.write(path)


def plot_of(sizes, points, path):
    """The plot."""
    plot = svg.Plot("V3: bandwidth of Gen3 x8, MPS 256, MRRS 512", "bytes a request", "Gb/s")
    for i, kind in enumerate(("write", "read")):
        plot.line("%s, paper" % kind, [(s, g["paper", kind]) for s, g in zip(sizes, points)], colour=i)
        plot.line("%s, pcie-bench" % kind, [(s, v[i]) for s, v in PRINTED.items()], marks=True, colour=i)
        plot.line("%s, physical" % kind, [(s, g["physical", kind]) for s, g in zip(sizes, points)], colour=i,
                  dashed=True)
    plot.line("both at once, paper", [(s, sum(g["offered"]) / 2) for s, g in zip(sizes, points)], colour=2)
    plot.line("both, pcie-bench", [(s, v[2]) for s, v in PRINTED.items()], marks=True, colour=2)
    plot.write(path)


def main():
    """Runs, scores, plots."""
    given = harness.arguments(needs_data=False, more={"--step": "4"})
    sizes = [16, 64, 260] if given.quick else sorted(set(range(4, 1501, int(given.step))) | set(PRINTED))
    points = harness.in_parallel(given.jobs, lambda size: point(given, size), sizes)
    scores = {kind: harness.Score("V3 paper %s" % kind, 0.001) for kind in ("write", "read", "rd+wr", "printed")}
    for size, got in zip(sizes, points):
        for kind in ("write", "read"):
            scores[kind].add("%d B" % size, got["paper", kind], closed_form(kind, size, PAPER))
        for rate in got["offered"]:
            scores["rd+wr"].add("%d B" % size, rate, closed_form("both", size, PAPER))
        if min(got["overload"]) > closed_form("both", size, PAPER) * 1.001:
            scores["rd+wr"].add("%d B, overload" % size, min(got["overload"]), closed_form("both", size, PAPER))
        if size in PRINTED:
            for kind, printed in zip(("write", "read"), PRINTED[size]):
                scores["printed"].add("%s of %d B" % (kind, size), got["paper", kind], printed)
    wires = {overhead: wire_rate(given, overhead) for overhead in ("paper", "physical")}
    if given.plot:
        plot_of(sizes, points, given.plot)
        plot_nics(wires, given.plot.replace("v3", "v3-nic"))
    harness.finish(list(scores.values()) + score_nics(wires["paper"]))


if __name__ == "__main__":
    main()
