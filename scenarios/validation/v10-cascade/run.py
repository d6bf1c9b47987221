#!/usr/bin/env python3
"""V10: unloaded latency below 0 to 3 switches in a row, against what the switches' makers state.

Given: the cut-through latency of five parts as their makers state it, and their links. Slope: what one more switch adds
to an MSI's latency is that, the flight of one more link, and the time of the header on it; within 1 %.
Store-and-forward instead of cut-through adds what comes behind the header, payload and LCRC, at the link's rate, once a switch and
direction, to within the clock edges that things happen on: for MSIs, as far as the root complex, 0.1 ns each; for reads
of 256 bytes, there and back, that of the interconnect besides.
"""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
import harness  # noqa: E402
import svg  # noqa: E402

# Part, its stated latency in ns, GT/s and lanes of its links.
PARTS = [("PEX86xx", 140, 5, 4), ("PEX8747", 100, 8, 16), ("PEX88000", 105, 16, 16), ("PEX89000", 115, 32, 16),
         ("PEX8796", 150, 8, 16)]
MOST = 3  # switches in a row
FLIGHT = 10  # ns
EDGE = 0.1  # ns; the fabric's clock in the scenarios is 10 GHz
BUS_EDGE = 1  # ns; and that of the interconnect and memory 1 GHz
HEADER = 4 + 12  # framing and header with a 32-bit address, which a doorbell has
LCRC = 4
MSI = 4  # bytes
READ = 256
READS = "traffic.nfp=[{dma-read: {size: 256 B, arrivals: when-done, buffer: 4 KiB}}, {msi: {period: 2 us}}]"


def byte_ns(speed, width):
    """Time of a byte on the wire, skip ordered sets included."""
    return 8 / (speed * width * (8 / 10 if speed < 8 else 128 / 130)) * 1538 / (1538 - 4)


def measured(given, part, switches, forwarding):
    """(MSI's latency from its birth to the root complex, a read's whole latency), ns; the least of the run."""
    _, latency, speed, width = part
    sets = []
    for i in range(switches):
        sets += ["sw%d.switch.latency=%d ns" % (i, latency), "sw%d.switch.forwarding=%s" % (i, forwarding)]
    for link in ["rp0"] + ["sw%d" % i for i in range(1, switches)] + (["nfp"] if switches > 0 else []):
        sets += ["%s.link.speed=%d GT/s" % (link, speed), "%s.link.width=%d" % (link, width)]
    path = os.path.join(HERE, "cascade-%d.yaml" % switches)
    hops = harness.simulate(given.doorbell, path, sets)["hops"]
    fabric = [hop for hop in hops if hop["stage"].endswith(".up.posted") or hop["stage"].startswith(("nfp", "sw"))]
    msi = sum(hop["min-fs"] for hop in fabric) / 1e6
    read = harness.dma_of(harness.simulate(given.doorbell, path, sets + [READS]), "nfp")["read-latency"]["min-fs"] / 1e6
    return msi, read


def main():
    """Runs, scores, plots."""
    given = harness.arguments(needs_data=False)
    parts = PARTS[:1] if given.quick else PARTS
    cases = [(part, n, how) for part in parts for n in range(MOST + 1) for how in ("cut-through", "store-and-forward")]
    got = dict(zip(cases, harness.in_parallel(given.jobs, lambda case: measured(given, *case), cases)))
    slope = harness.Score("V10 slope", 0.01)
    good = True
    worst = 0
    plot = svg.Plot("V10: an MSI's way to the root complex, switches in a row, unloaded", "switches", "ns")
    for number, part in enumerate(parts):
        name, latency, speed, width = part
        byte = byte_ns(speed, width)
        for n in range(1, MOST + 1):
            step = got[part, n, "cut-through"][0] - got[part, n - 1, "cut-through"][0]
            slope.add("%s, switch %d" % (name, n), step, latency + FLIGHT + HEADER * byte)
            for what, index, behind, edges in (("MSI", 0, MSI + LCRC, (n + 1) * EDGE),
                                               ("read", 1, LCRC + READ + LCRC, 2 * (n + 1) * EDGE + BUS_EDGE)):
                off = got[part, n, "store-and-forward"][index] - got[part, n, "cut-through"][index] - n * behind * byte
                worst = max(worst, abs(off) / edges)
                if abs(off) > edges:
                    print("V10: %s, %d switches, %s: store-and-forward adds %+.3f ns too much" % (name, n, what, off))
                    good = False
        for how in ("cut-through", "store-and-forward"):
            plot.line("%s, %s" % (name, how), [(n, got[part, n, how][0]) for n in range(MOST + 1)], colour=number,
                      dashed=how != "cut-through")
        plot.line(None, [(n, got[part, 0, "cut-through"][0] + n * (latency + FLIGHT + HEADER * byte))
                         for n in range(MOST + 1)], marks=True, colour=number)
    if given.plot:
        plot.write(given.plot)
    print("V10 store-and-forward: at most %.2f of what the clock edges can make" % worst)
    if not good:
        sys.exit(1)
    harness.finish([slope])


if __name__ == "__main__":
    main()
