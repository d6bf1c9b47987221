#!/bin/sh
# A sweep of the reference topology, 10,000 MSIs a point: the rate of four workers as a multiple of one worker's, and
# what a point takes outside its simulation.
#   sh bench/sweep.sh DOORBELL [POINTS]     1,000 points unless given; the machine should have nothing else to do
set -eu
doorbell=$1
points=${2:-1000}
root=$(cd "$(dirname "$0")/.." && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

cat > "$folder/sweep.yaml" <<END
doorbell: 1
base: $root/scenarios/seeds/two-its-split.yaml
duration: 6700 us
sweep:
  axes: [ { key: interconnect.latency, from: 10 ns, to: 100 ns, steps: $points } ]
END
for workers in 1 4; do
    begin=$(date +%s%N)
    "$doorbell" sweep "$folder/sweep.yaml" -j $workers -d "$folder/$workers.sqlite" > "$folder/said" ||
        cat "$folder/said"
    echo "$workers $(($(date +%s%N) - begin)) $("$doorbell" query "$folder/$workers.sqlite" --format csv \
        'SELECT sum(wall_us) FROM runs' | tail -1)" >> "$folder/times"
done
"$doorbell" query "$folder/1.sqlite" --format csv \
    "SELECT 'MSIs a point: ' || avg(value) FROM metrics WHERE metric = 'msi.count' AND device = ''" | tail -1
awk -v points="$points" '
    { time[$1] = $2 / 1e9; inside[$1] = $3 / 1e6 }
    END {
        printf "1 worker: %.2f s, 4 workers: %.2f s, ratio %.2f\n", time[1], time[4], time[1] / time[4]
        printf "outside simulation: %.3f ms a point (1 worker)\n", (time[1] - inside[1]) * 1000 / points
    }' "$folder/times"
