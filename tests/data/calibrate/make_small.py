#!/usr/bin/env python3
"""Makes the folder small: measurements of a host that never was, by the closed forms of docs/validation.md."""

import os

HIT, WARM_GAIN, MISS, PAGES, WALKS = 700.0, 40.0, 250.0, 100.0, 20.0
ISSUE = {64: 40.0, 128: 32.0, 256: 24.0}
KIB = 1024
HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "small")


def misses(window):
    return max(0.0, 1 - PAGES / (window / (4 * KIB)))


def main():
    with open(os.path.join(HERE, "lat_dma_sweep_rd_rnd_64.csv"), "w", encoding="ascii") as out:
        out.write("Test,Cache,WinSZ,SZ,Avg(ns)\n")
        for cache, gain in (("Cold", 0.0), ("DThrash", 99.0), ("HWarm", WARM_GAIN)):
            for window in (64, 256, 512, 1024, 4096, 65536):
                out.write("LAT_DMA_RD,%s,%d.0,64,%.3f\n" % (
                    cache, window * KIB, HIT - gain + MISS * misses(window * KIB)))
    for size, issue in ISSUE.items():
        with open(os.path.join(HERE, "bw_dma_win_sweep_wr_rnd_%d.csv" % size), "w", encoding="ascii") as out:
            out.write("Test,Cache,WinSZ,SZ,BW (GB/s),Trans/s\n")
            for window in (4, 256, 8192, 65536):
                rate = min(issue, WALKS / max(misses(window * KIB), 1e-9))
                out.write("BW_DMA_WR,Cold,%d,%d,0,%.1f\n" % (window * KIB, size, rate * 1e6))


main()
