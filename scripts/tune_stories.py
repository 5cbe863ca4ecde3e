#!/usr/bin/env python3
"""Tunes the story engine's pair weights on whole streams: tune_stories.py COURANT WEIGHTS.tsv OUT.tsv STREAMS... -- CURATED...

fit_stories.py makes pairs likely; what a reader sees is stories. From WEIGHTS.tsv on, each weight in turn is moved by a
quarter up and down, COURANT runs its engine over every labelled collection, and a step is kept that raises the mean
pairwise F1 of the STREAMS plus half of the mean B-cubed F1 of the CURATED collections by .0015. Precision is the floor: below
.74 pairwise on the STREAMS, or .002 under where it began on the CURATED ones, every hundredth lost costs one or two.
Steps that fail get smaller; OUT.tsv is written at each gain. Collections to judge the result by must not be among them."""
import os
import random
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

GAIN = 0.0015
ROUNDS = 4
PRECISION_MIN = 0.74
PRECISION_LOSS = 0.002


def read(path):
    with open(path, encoding="utf-8") as f:
        return [line.rstrip("\n").split("\t") for line in f]


def write(path, lines, weights):
    with open(path, "w", encoding="utf-8") as f:
        for line in lines:
            value = weights.get(line[0])
            f.write("\t".join(line if value is None else [line[0], f"{value:.3f}", *line[2:]]) + "\n")


def score(courant, weights, path):
    """B-cubed P, R, F1, then pairwise P, R, F1."""
    command = [courant, "eval", "stories", "--input", path, "--gold", path, "--weights", weights]
    last = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip().split("\n")[-1]
    return [float(x) for x in re.findall(r"(?:P|R|F1) ([\d.]+)", last)]


def main(courant, start, out, streams, curated):
    lines = read(start)
    weights = {line[0]: float(line[1]) for line in lines if len(line) > 1 and not line[0].startswith("quick")}
    floor = 0.0
    trial = os.path.join(tempfile.mkdtemp(), "weights.tsv")

    def judge(candidate):
        write(trial, lines, candidate)
        with ThreadPoolExecutor() as pool:
            found = list(pool.map(lambda path: score(courant, trial, path), streams + curated))
        mean = lambda rows, i: sum(row[i] for row in rows) / max(1, len(rows))
        some, others = found[:len(streams)], found[len(streams):]
        f1, precision, b3, b3_precision = mean(some, 5), mean(some, 3), mean(others, 2), mean(others, 0)
        penalty = max(0, PRECISION_MIN - precision) + 2 * max(0, floor - b3_precision)
        return f1 + b3 / 2 - penalty, f1, precision, b3, b3_precision

    best = judge(weights)
    floor = best[4] - PRECISION_LOSS
    print("start", *(f"{x:.4f}" for x in best), flush=True)
    step = {key: max(0.3, abs(value) / 4) for key, value in weights.items()}
    order = list(weights)
    chance = random.Random(1)
    for number in range(ROUNDS):
        chance.shuffle(order)
        for key in order:
            for sign in (1, -1):
                candidate = {**weights, key: weights[key] + sign * step[key]}
                result = judge(candidate)
                if result[0] > best[0] + GAIN:
                    best, weights = result, candidate
                    write(out, lines, weights)
                    print(number, key, f"{weights[key]:.3f}", *(f"{x:.4f}" for x in best), flush=True)
                    break
            else:
                step[key] *= 0.6


if __name__ == "__main__":
    if len(sys.argv) < 5 or "--" not in sys.argv:
        sys.exit(__doc__)
    cut = sys.argv.index("--")
    main(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:cut], sys.argv[cut + 1:])
