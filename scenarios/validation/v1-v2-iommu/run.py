#!/usr/bin/env python3
"""V1 and V2: `doorbell calibrate` on every host of the data set with the IOMMU on.

V1: latency of 64-byte reads at random in a window, within 3 %. V2: rate of writes, within 8 %. Rows that were used to
calibrate are not scored.
"""

import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
import harness  # noqa: E402
import svg  # noqa: E402

V1, V2 = "lat_dma_sweep_rd_rnd_64.csv", "bw_dma_win_sweep_wr_rnd_"


def calibrate(given, host):
    """The document of one host."""
    ended = subprocess.run([given.doorbell, "calibrate", "--json", os.path.join(given.data, host)],
                           capture_output=True, text=True, check=False)
    if ended.returncode not in (0, 1):
        sys.exit("%s: %s%s" % (host, ended.stdout[-2000:], ended.stderr))
    return json.loads(ended.stdout)


def window_text(window):
    """A window for people."""
    return "%g MiB" % (window / 2 ** 20) if window >= 2 ** 20 else "%g KiB" % (window / 2 ** 10)


def plot(title, unit, series, path):
    """Measured (circles), simulated (lines), closed form (dashes)."""
    picture = svg.Plot(title, "window", unit, log_x=True, x_text=window_text)
    for i, (name, rows) in enumerate(series):
        picture.line(name, [(row["window"], row["simulated"]) for row in rows], colour=i)
        picture.line(None, [(row["window"], row["closed-form"]) for row in rows], colour=i, dashed=True)
        picture.line(None, [(row["window"], row["measured"]) for row in rows], marks=True, colour=i)
    picture.write(path)


def main():
    """Runs, scores, plots."""
    given = harness.arguments(needs_data=True, more={"--hosts": ""})
    hosts = [name for name in given.hosts.split(",") if name] or sorted(
        name for name in os.listdir(given.data) if name.endswith("-iommu"))
    documents = harness.in_parallel(given.jobs, lambda host: calibrate(given, host), hosts)
    scores = []
    for host, document in zip(hosts, documents):
        for title, prefix, tolerance in (("V1", V1, 0.03), ("V2", V2, 0.08)):
            score = harness.Score("%s %s" % (title, host), tolerance)
            for row in document["rows"]:
                if row["scored"] and row["file"].startswith(prefix):
                    score.add("%s line %d" % (row["file"], row["line"]), row["simulated"], row["measured"])
            scores.append(score)
    if given.plot:
        def rows(document, prefix, cache, size):
            return [row for row in document["rows"]
                    if row["file"].startswith(prefix) and row["cache"] == cache and row["size"] == size]
        plot("V1: read of 64 B against window, IOMMU on", "ns",
             [("%s, %s" % (host.replace("-iommu", ""), cache), rows(document, V1, cache, 64))
              for host, document in zip(hosts, documents) for cache in ("cold", "warm")], given.plot)
        plot("V2: writes against window, IOMMU on, cold", "million writes a second",
             [("%s, %d B" % (host.replace("-iommu", ""), size), rows(document, V2, "cold", size))
              for host, document in zip(hosts, documents) if "remote" not in host for size in (64, 256)],
             given.plot.replace("v1", "v2"))
    harness.finish(scores)


if __name__ == "__main__":
    main()
