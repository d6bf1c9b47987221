"""What the validation scripts share: running the simulator, reading the public data set, scoring, plotting.

A script exits 0 if every point is within its tolerance, 1 if one is not, and 77 (skipped) without the data set.
"""

import argparse
import concurrent.futures
import csv
import json
import os
import subprocess
import sys

SKIPPED = 77
HERE = os.path.dirname(os.path.abspath(__file__))


def arguments(needs_data, more=None):
    """The options that all the scripts have, and `more` of their own with their defaults."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--doorbell", default="doorbell", help="the command")
    parser.add_argument("--quick", action="store_true", help="fewer points, for tests")
    parser.add_argument("--plot", help="write the plot to this file (SVG)")
    parser.add_argument("--jobs", type=int, default=2, help="simulations at once")
    if needs_data:
        parser.add_argument("--data", help="folder of the pcie-bench data set, one folder a host")
    for option, default in (more or {}).items():
        parser.add_argument(option, default=default)
    given = parser.parse_args()
    if needs_data and (given.data is None or not os.path.isdir(given.data)):
        print("skipped: the pcie-bench data set is not there (--data)")
        sys.exit(SKIPPED)
    return given


def simulate(doorbell, scenario, sets=()):
    """Runs a scenario file; returns its result document."""
    command = [doorbell, "run", "--json"]
    for assignment in sets:
        command += ["--set", assignment]
    ended = subprocess.run(command + [scenario], capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        sys.exit("%s\n%s%s" % (" ".join(command + [scenario]), ended.stdout[-2000:], ended.stderr))
    return json.loads(ended.stdout)


def dma_of(result, name):
    """The DMA counts of a device."""
    return next(device["dma"] for device in result["devices"] if device["name"] == name)


def in_parallel(jobs, function, items):
    """[function(item) for item in items], several at once."""
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        return list(pool.map(function, items))


def rows(data, host, name):
    """The rows of one file of a host, numbers as floats."""
    with open(os.path.join(data, host, name), newline="", encoding="ascii") as stream:
        for row in csv.DictReader(stream):
            for key, value in row.items():
                try:
                    row[key] = float(value)
                except ValueError:
                    pass
            yield row


class Score:
    """Differences between what is simulated and what it is compared with."""

    def __init__(self, title, tolerance):
        self.title = title
        self.tolerance = tolerance
        self.errors = []

    def add(self, what, simulated, expected):
        """Notes one point; tells of one beyond the tolerance."""
        error = simulated / expected - 1
        self.errors.append(error)
        if abs(error) > self.tolerance:
            print("%s: %s: %.4g, not %.4g (%+.2f %%)" % (self.title, what, simulated, expected, 100 * error))

    def rms(self):
        """Root of the mean square."""
        return (sum(error * error for error in self.errors) / len(self.errors)) ** 0.5

    def good(self):
        """Prints the summary. Whether all points are within the tolerance."""
        worst = max(self.errors, key=abs)
        beyond = sum(abs(error) > self.tolerance for error in self.errors)
        print("%s: %d points, worst %+.3f %%, rms %.3f %%, tolerance %.3g %%: %s" % (
            self.title, len(self.errors), 100 * worst, 100 * self.rms(), 100 * self.tolerance,
            "ok" if beyond == 0 else "%d beyond" % beyond))
        return beyond == 0


def finish(scores):
    """Exits as the scores say."""
    sys.exit(0 if all([score.good() for score in scores]) else 1)
