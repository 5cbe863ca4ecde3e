#!/usr/bin/env python3
"""Fits the story engine's pair weights: fit_stories.py WEIGHTS.tsv PAIRS.tsv...

Each PAIRS.tsv is what `courant eval stories --input SET.tsv --pairs PAIRS.tsv` wrote for one labelled collection.
Needs numpy and scikit-learn. Every collection weighs as much as its rarer class allows, so that none drowns the
others; each is then left out in turn to show what transfers; the weights in WEIGHTS.tsv are replaced by those of all."""
import sys

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, precision_recall_curve


def read(path):
    with open(path, encoding="utf-8") as f:
        head = f.readline().rstrip("\n").split("\t")
        rows = [line.rstrip("\n").split("\t") for line in f]
    rows = [r for r in rows if r[2] != "-1"]
    return head[3:], np.array([int(r[2]) for r in rows]), np.array([r[3:] for r in rows], dtype=np.float32)


def fit(sets):
    x = np.vstack([x for _, x in sets])
    y = np.concatenate([y for y, _ in sets])
    w = np.concatenate([np.full(len(y), 3000 / max(1, min(y.sum(), (1 - y).sum()))) for y, _ in sets])
    scale = x.std(0) + 1e-6
    model = LogisticRegression(C=0.3, max_iter=600).fit(x / scale, y, sample_weight=w)
    return model.intercept_[0], model.coef_[0] / scale


def report(name, data, model):
    y, x = data
    z = model[0] + x @ model[1]
    p, r, t = precision_recall_curve(y, z)
    f = 2 * p * r / np.maximum(p + r, 1e-9)
    i = f.argmax()
    print(f"{name:40} AP {average_precision_score(y, z):.3f}  best F1 {f[i]:.3f} at {t[min(i, len(t) - 1)]:+.2f}")


def main(weights, paths):
    loaded = [read(p) for p in paths]
    names = loaded[0][0]
    sets = [(y, x) for _, y, x in loaded]
    for i, path in enumerate(paths):
        if len(sets) > 1:
            report(f"left out: {path}", sets[i], fit(sets[:i] + sets[i + 1:]))
    bias, coefficients = fit(sets)
    value = {"bias": bias, **dict(zip(names, coefficients))}
    with open(weights, encoding="utf-8") as f:
        lines = [line.rstrip("\n").split("\t") for line in f]
    with open(weights, "w", encoding="utf-8") as f:
        for line in lines:
            if line[0] in value:
                line[1] = f"{value[line[0]]:.3f}"
            f.write("\t".join(line) + "\n")


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2:])
