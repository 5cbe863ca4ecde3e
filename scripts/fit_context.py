#!/usr/bin/env python3
"""Fits src/stories/tag/weights.tsv, the weights of the context model, by logistic regression.

    courant eval companies --input GOLD.tsv --candidates CANDIDATES.tsv
    scripts/fit_context.py WEIGHTS.tsv GOLD.tsv CANDIDATES.tsv SHARE [GOLD.tsv CANDIDATES.tsv SHARE ...] > NEW.tsv

GOLD.tsv has `id` and either `companies` (and `optional`), or `word` and `label` (company | not_company): then only
the candidates that are that word are used. SHARE is what one row of the set counts against a row of the others.
WEIGHTS.tsv are the weights to start from; the fit is pulled towards them, so that a feature the sets say nothing
about keeps the weight a person gave it. With --half 0 or --half 1 first, every other row is left out, and the accuracy on
what was left out is printed on standard error. No packages needed.
"""
import math
import re
import sys
import zlib

PULL = 0.6  # how strongly a weight is held to its start
ROUNDS = 400


def read(path):
    with open(path, encoding="utf-8") as f:
        head = f.readline().rstrip("\n").split("\t")
        return [dict(zip(head, line.rstrip("\n").split("\t"))) for line in f if line.strip()]


def norm(surface):
    s = surface.split("=")[0].casefold().replace("\u2019", "'")
    s = re.sub(r"'s\b", "", s)
    return " ".join(re.findall(r"[\w&+.]+", s)).strip(". ")


def same(a, b):
    return bool(a and b) and (a == b or f" {a} " in f" {b} " or f" {b} " in f" {a} ")


def rows(gold_path, candidates_path, share, half):
    gold = {g["id"]: g for g in read(gold_path)}
    for c in read(candidates_path):
        g = gold.get(c["id"])
        if g is None:
            continue
        side = zlib.crc32(c["id"].encode()) % 2
        name = norm(c["words"])
        if "word" in g:
            if not same(norm(g["word"]), name):
                continue
            label = g["label"] == "company"
        else:
            split = lambda cell: [norm(x) for x in (cell or "").split("|") if x.strip()]
            wanted = any(same(w, name) for w in split(g["companies"]))
            if not wanted and any(same(w, name) for w in split(g.get("optional"))):
                continue
            label = wanted
        yield side != half, share, float(c["lean"]), c["features"].split("|"), label


def main(args):
    half = None
    if args[0] == "--half":
        half, args = int(args[1]), args[2:]
    start = dict(line.rstrip("\n").split("\t") for line in open(args[0], encoding="utf-8") if not line.startswith("#"))
    start = {k: float(v) for k, v in start.items()}
    data = [r for i in range(1, len(args), 3) for r in rows(args[i], args[i + 1], float(args[i + 2]), half)]
    train = [r for r in data if half is None or r[0]]
    weights = dict(start)
    for _, _, _, features, _ in data:
        for f in features:
            weights.setdefault(f, 0.0)
    squares = {f: 1e-6 for f in weights}
    for _ in range(ROUNDS):
        slope = {f: PULL * (weights[f] - start.get(f, 0.0)) for f in weights}
        for _, share, lean, features, label in train:
            p = 1 / (1 + math.exp(-max(-30, min(30, lean + sum(weights[f] for f in features)))))
            for f in features:
                slope[f] += share * (p - label)
        for f, s in slope.items():
            squares[f] += s * s
            weights[f] -= 0.5 * s / math.sqrt(squares[f])
    if half is not None:
        for name, w in (("start", start), ("fitted", weights)):
            seen = [(lean + sum(w.get(f, 0.0) for f in features) >= 0) == label for held_in, _, lean, features, label in data if not held_in]
            print(f"{name}: {sum(seen)} of {len(seen)} right on the rows left out", file=sys.stderr)
    print("# Weights of the context model, fitted by scripts/fit_context.py. Above 0 speaks for the company.")
    for f, w in weights.items():
        print(f"{f}\t{w:.2f}")


if __name__ == "__main__":
    if len(sys.argv) < 5:
        sys.exit(__doc__)
    main(sys.argv[1:])
