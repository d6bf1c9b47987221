#!/usr/bin/env python3
"""Checks that each scenario of this folder shows the closed form that it is named for.

Exits with 0 if all do. The tolerance of each is that of the list of closed forms; a clock edge where one is in the way.
"""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "validation"))
import harness  # noqa: E402

BYTE = 0.25  # ns, of the links of 5 GT/s x8 without overhead
MWR, MSI, DATA = 8 + 12, 4, 256  # framing and header with a 32-bit address; payloads
FLIGHT = 10  # ns
EDGE = 1  # ns; everything is at 1 GHz


class Checks:
    """What was compared."""

    def __init__(self, given):
        self.given = given
        self.bad = 0

    def run(self, name, *sets):
        """The result document of a scenario."""
        return harness.simulate(self.given.doorbell, os.path.join(HERE, name + ".yaml"), sets)

    def near(self, what, got, expected, tolerance):
        """Notes a comparison. @param tolerance absolute"""
        good = abs(got - expected) <= tolerance
        self.bad += not good
        print("%-48s %12.6g  %12.6g  +- %-10.3g %s" % (what, got, expected, tolerance, "ok" if good else "NOT MET"))

    def share(self, what, got, expected, part):
        """The same, relative."""
        self.near(what, got, expected, part * abs(expected))


def writes(result, name):
    """Writes in the measured time."""
    return harness.dma_of(result, name)["writes-measured"]


def interval(result, name):
    """ns between two writes."""
    dma = harness.dma_of(result, name)
    return dma["measured-time-fs"] / 1e6 / dma["writes-measured"]


def hop(result, stage):
    """The latencies of a stage."""
    return next(hop for hop in result["hops"] if hop["stage"] == stage)


def unloaded(checks):
    """Q1, Q2."""
    result = checks.run("q01-q02-unloaded")
    up = [("ep", 50), ("sw-ep.up.posted", (4 + 12) * BYTE + FLIGHT), ("sw", 105),
          ("rp0-sw.up.posted", (MWR + MSI) * BYTE + FLIGHT)]
    for stage, expected in up:
        checks.near("Q1 %s, ns" % stage, hop(result, stage)["min-fs"] / 1e6, expected, EDGE - 1e-6)
        checks.near("Q1 %s, spread, ns" % stage,
                    (hop(result, stage)["max-fs"] - hop(result, stage)["min-fs"]) / 1e6, 0, 0)
    latency = result["latency"]
    total = sum(hop["mean-fs"] * hop["count"] for hop in result["hops"])
    checks.near("Q2 hops less latency, all packets, fs", total - latency["mean-fs"] * latency["count"], 0,
                len(result["hops"]) * latency["count"])


def burst(checks):
    """Q7."""
    result = checks.run("q07-burst")
    wait = hop(result, "ep")
    server = (MWR + MSI) * 4  # 2.5 GT/s x1: 4 ns a byte
    waited = (wait["max-fs"] - wait["min-fs"] + hop(result, "rp0-ep.up.posted")["max-fs"]
              - hop(result, "rp0-ep.up.posted")["min-fs"]) / 1e6
    checks.near("Q7 last of eight waits, ns", waited, 7 * server, 2 * EDGE)


def tandem(checks):
    """Q8, Q9."""
    result = checks.run("q08-q09-tandem", "duration=100 us")
    sent = writes(result, "ep") + harness.dma_of(result, "ep")["measured-time-fs"] / 5e9 * (MWR + MSI) / (MWR + DATA)
    checks.share("Q8 writes through a tandem", sent,
                 harness.dma_of(result, "ep")["measured-time-fs"] / 1e6 / ((MWR + DATA) * BYTE), 0.005)
    result = checks.run("q08-q09-tandem", "duration=100 us", "traffic.ep.0.dma-write.period=200 ns")
    checks.share("Q9 what is offered below that, interval, ns", interval(result, "ep"), 200, 0.005)


def credits(checks):
    """Q10."""
    service = (MWR + DATA) * BYTE
    trip = 1 + service + FLIGHT + 500  # a packet has its credits from `send-latency` before its wire on
    for headers, data in ((2, 0), (4, 0), (8, 0), (0, 48), (16, 0)):
        result = checks.run("q10-credits", "duration=1 ms", "traffic.ep=[{dma-write: {size: 256 B, period: 10 ns}}]",
                            "rp0.link.credits.ph=%d" % headers, "rp0.link.credits.pd=%d" % data)
        packets = min(n for n in (headers, data // (DATA // 16)) if n > 0)
        checks.share("Q10 PH %d, PD %d: interval, ns" % (headers, data), interval(result, "ep"),
                     max(service, trip / packets), 0.001)


def tags(checks):
    """Q11, Q12."""
    alone = checks.run("q11-q12-tags", "traffic.ep=[{dma-read: {size: 64 B, arrivals: when-done}}]")
    latency = harness.dma_of(alone, "ep")["read-latency"]["mean-fs"] / 1e6
    for number in (1, 4, 8):
        result = checks.run("q11-q12-tags", "duration=100 us", "traffic.ep=[{dma-read: {size: 64 B, period: 1 ns}}]",
                            "ep.endpoint.read-tags=%d" % number)
        dma = harness.dma_of(result, "ep")
        each = dma["measured-time-fs"] / 1e6 / dma["reads-measured"]
        checks.share("Q11 %d tags: interval, ns" % number, each, latency / number, 0.01)
    # Below saturation the latency is what the report says, from birth to the last byte.
    result = checks.run("q11-q12-tags", "duration=100 us", "traffic.ep=[{dma-read: {size: 64 B, period: 100 ns}}]")
    dma = harness.dma_of(result, "ep")
    under_way = dma["read-latency"]["mean-fs"] * dma["reads-measured"] / dma["measured-time-fs"]
    checks.share("Q12 reads under way", under_way, latency / 100, 0.001)


def turns(checks):
    """Q13, Q14."""
    result = checks.run("q13-round-robin", "duration=50 us")
    each = [writes(result, "ep%d" % i) for i in range(4)]
    checks.near("Q13 most less least of four", max(each) - min(each), 0, 1 + len(each))
    checks.share("Q13 sum of squares (Jain)", sum(each) ** 2 / (4 * sum(n * n for n in each)), 1, 1e-4)
    result = checks.run("q14-weights", "duration=50 us")
    heavy, light = writes(result, "heavy"), writes(result, "light")
    checks.near("Q14 packets, 3 to 1: heavy", heavy, 3 * light, 3 * 5)
    checks.share("Q14 bytes, 3 x 64 to 256", heavy * 64 / (light * 256), 0.75, 0.02)


def parking_lot(checks):
    """Q15."""
    result = checks.run("q15-parking-lot", "duration=100 us")
    counts = {name: writes(result, name) for name in ("near", "middle", "far", "farther")}
    for name, part in (("near", 1 / 2), ("middle", 1 / 4), ("far", 1 / 8), ("farther", 1 / 8)):
        checks.share("Q15 share of %s" % name, counts[name] / sum(counts.values()), part, 0.01)


def ordering(checks):
    """Q27."""
    for headers in (1, 2, 64):
        result = checks.run("q27-ordering", "rp0.link.credits.ph=%d" % headers)
        dma = harness.dma_of(result, "ep")
        checks.near("Q27 PH %d: messages before their data" % headers, dma["msis-before-data"], 0, 0)
        checks.near("Q27 PH %d: messages compared" % headers, min(dma["msis-checked-against-data"], 1), 1, 0)


def replay(checks):
    """Q28."""
    service, dllp = (MWR + DATA) * BYTE, 8 * BYTE
    for errors in (5000, 20000, 50000):
        p = errors / 1e6
        result = checks.run("q28-replay", "duration=4 ms", "traffic.ep=[{dma-write: {size: 256 B, period: 10 ns}}]",
                            "rp0.link.tlp-errors=%d" % errors)
        in_flight = (service + 2 * 200 + dllp) / service
        checks.share("Q28 p = %g: efficiency" % p, service / interval(result, "ep"), (1 - p) / (1 - p + p * in_flight),
                     0.02)


def main():
    """Runs them all."""
    checks = Checks(harness.arguments(needs_data=False))
    print("%-48s %12s  %12s" % ("", "simulated", "closed form"))
    for check in (unloaded, burst, tandem, credits, tags, turns, parking_lot, ordering, replay):
        check(checks)
    print("closed forms: %s" % ("all met" if checks.bad == 0 else "%d not met" % checks.bad))
    sys.exit(0 if checks.bad == 0 else 1)


if __name__ == "__main__":
    main()
