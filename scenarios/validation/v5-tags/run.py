#!/usr/bin/env python3
"""V5: the rate of 64-byte reads at random that a device with N tags reaches, from their latency alone.

Given: the latency that the data set has for a host, state of the cache and window. Calibrated: N, the median of rate
times latency over the cold rows of one folder (hsw2620), rounded to a whole number. Scored: the rates of all other
folders, within 8 % each, with a root of the mean square of at most 4 %. Of the folders with an IOMMU only the window of
256 KiB is taken, which misses nothing.
"""

import os
import statistics
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
import harness  # noqa: E402
import svg  # noqa: E402

CALIBRATED = "hsw2620"
ALL_HIT = 256 * 1024  # bytes; a window that an IOMMU's cache holds
RMS = 0.04
USUAL = 400  # ns of `send-latency`, from which its value is sought
SCENARIO = os.path.join(HERE, "v5-tags.yaml")
ENDPOINT = "pcie.rc0.root-ports.rp0.below.nfp.endpoint."
ONE = "traffic.nfp=[{dma-read: {size: 64 B, arrivals: when-done, buffer: 256 KiB, pattern: random}}]"


def points(data, host):
    """[(cache, window, latency in ns, millions of reads a second)] of a folder."""
    def key(row):
        return row["Cache"], int(row["WinSZ"])

    latency = {key(row): row["Avg(ns)"] for row in harness.rows(data, host, "lat_dma_sweep_rd_rnd_64.csv")
               if row["PAT"] == "Rand"}
    return [key(row) + (latency[key(row)], row["Trans/s"] / 1e6)
            for row in harness.rows(data, host, "bw_dma_win_sweep_rd_rnd_64.csv")
            if row["Cache"] in ("Cold", "HWarm") and key(row) in latency
            and ("iommu" not in host or key(row)[1] == ALL_HIT)]


def alone(given, send_ns):
    """Latency of one read at a time, ns."""
    sets = [ONE, ENDPOINT + "send-latency=%d ps" % round(send_ns * 1000)]
    dma = harness.dma_of(harness.simulate(given.doorbell, SCENARIO, sets), "nfp")
    return dma["read-latency"]["mean-fs"] / 1e6


def simulated(given, tags, latency):
    """(ns, millions a second): the latency of one read at a time, and the rate with all tags in use."""
    send_ns = USUAL
    for _ in range(3):  # what the rest of the path takes depends a little on where clock edges lie
        got = alone(given, send_ns)
        if abs(got / latency - 1) < 0.001:
            break
        send_ns += latency - got
    sets = [ENDPOINT + "send-latency=%d ps" % round(send_ns * 1000), ENDPOINT + "read-tags=%d" % tags]
    many = harness.dma_of(harness.simulate(given.doorbell, SCENARIO, sets), "nfp")
    return alone(given, send_ns), many["reads-measured"] / (many["measured-time-fs"] / 1e9)


def main():
    """Runs, scores, plots."""
    given = harness.arguments(needs_data=True)
    hosts = sorted(name for name in os.listdir(given.data) if os.path.isdir(os.path.join(given.data, name)))
    used = [rate * latency / 1000 for cache, _, latency, rate in points(given.data, CALIBRATED) if cache == "Cold"]
    tags = round(statistics.median(used))
    print("V5: N = %d, from the %d rows of %s (%.1f to %.1f)" % (tags, len(used), CALIBRATED, min(used), max(used)))
    rows = [(host,) + point for host in hosts for point in points(given.data, host)]
    if given.quick:
        rows = rows[::6]
    got = harness.in_parallel(given.jobs, lambda row: simulated(given, tags, row[3]), rows)
    latencies = harness.Score("V5 latency, as given", 0.005)
    rates = harness.Score("V5 rate", 0.08)
    told = harness.Score("V5 rate, with the folder that N comes from (told, not scored)", 0.08)
    plot = svg.Plot("V5: reads of 64 B limited by tags, N = %d" % tags, "latency, ns", "million reads a second")
    plot.line("simulated", [(row[3], rate) for row, (_, rate) in zip(rows, got)], colour=0)
    for i, host in enumerate(hosts):
        plot.line(host + (" (calibrated)" if host == CALIBRATED else ""),
                  [(row[3], row[4]) for row in rows if row[0] == host], marks=True, colour=i + 1)
    for row, (latency, rate) in zip(rows, got):
        latencies.add("%s, %s, %d KiB" % (row[0], row[1], row[2] // 1024), latency, row[3])
        told.add("%s, %s, %d KiB" % (row[0], row[1], row[2] // 1024), rate, row[4])
        if not row[0].startswith(CALIBRATED):
            rates.add("%s, %s, %d KiB" % (row[0], row[1], row[2] // 1024), rate, row[4])
    if given.plot:
        plot.write(given.plot)
    told.good()
    if rates.rms() > RMS:
        print("V5 rate: rms %.2f %% is beyond %g %%" % (100 * rates.rms(), 100 * RMS))
        sys.exit(1)
    harness.finish([latencies, rates])


if __name__ == "__main__":
    main()
