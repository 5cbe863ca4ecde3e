#!/usr/bin/env python3
"""Stories: Courant beside simple methods: story_baselines.py COURANT SET.tsv... [--reference REFERENCE.py:CUT]...

Each SET.tsv is a labelled collection (id, published, source, title, summary, cluster) or one of pairs (a_title, ...,
label). Methods: everything apart; TF-IDF cosine in a single pass (an item joins the story of its nearest earlier item
of the last three days when the cosine reaches one cut for all collections); any program that is called as
`python3 REFERENCE.py INPUT PRED CUT`; `COURANT eval stories`. B-cubed P, R, F1 and pairwise P, R, F1 as a Markdown
table; for pairs, the F1 of the best cosine cut chosen in hindsight, which no method knows beforehand. Needs Python only."""
import csv
import math
import re
import subprocess
import sys
import tempfile
import unicodedata
from collections import Counter, defaultdict
from datetime import datetime

CUT = 0.35
WINDOW_HOURS = 72
WORD = re.compile(r"[^\W_]+", re.U)


def read(path):
    with open(path, encoding="utf-8", newline="") as f:
        return list(csv.DictReader(f, delimiter="\t", quoting=csv.QUOTE_NONE))


def words(title, summary):
    counts = Counter()
    for text, weight in ((title, 2.0), (summary or "", 1.0)):
        for w in WORD.findall(unicodedata.normalize("NFKC", text).lower()):
            counts[w[:-1] if len(w) > 4 and w.endswith("s") else w] += weight
    return counts


def hours(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() / 3600 if text else None


class Stream:
    """TF-IDF vectors with the document frequencies of what was seen so far."""

    def __init__(self):
        self.df, self.n = Counter(), 0

    def vector(self, counts):
        self.df.update(counts.keys())
        self.n += 1
        v = {w: (1 + math.log(c)) * math.log((self.n + 1) / (self.df[w] + 0.5)) for w, c in counts.items()}
        norm = math.sqrt(sum(x * x for x in v.values())) or 1.0
        return {w: x / norm for w, x in v.items()}


def cosine(a, b):
    return sum(x * b[w] for w, x in a.items() if w in b)


def single_pass(rows):
    at = [hours(r["published"]) for r in rows]
    first = min((a for a in at if a is not None), default=0.0)
    at = [first if a is None else a for a in at]
    stream, seen, story, postings = Stream(), [], {}, defaultdict(list)
    for i in sorted(range(len(rows)), key=lambda i: (at[i], i)):
        v = stream.vector(words(rows[i]["title"], rows[i].get("summary")))
        sums = Counter()
        for w, x in v.items():
            for j, y in postings[w]:
                if at[i] - at[j] <= WINDOW_HOURS:
                    sums[j] += x * y
        best = max(sums.items(), key=lambda s: (s[1], -s[0]), default=(None, 0.0))
        story[i] = story[best[0]] if best[1] >= CUT else i
        for w, x in v.items():
            postings[w].append((i, x))
        seen.append(i)
    return [story[i] for i in range(len(rows))]


def scores(gold, found):
    both, g, p, n = Counter(zip(gold, found)), Counter(gold), Counter(found), len(gold)
    bp = sum(k * k / p[b] for (_, b), k in both.items()) / n
    br = sum(k * k / g[a] for (a, _), k in both.items()) / n
    pairs = lambda c: sum(v * (v - 1) // 2 for v in c.values())
    pp = pairs(both) / pairs(p) if pairs(p) else 1.0
    pr = pairs(both) / pairs(g) if pairs(g) else 1.0
    return [bp, br, harmonic(bp, br), pp, pr, harmonic(pp, pr)]


def harmonic(p, r):
    return 2 * p * r / (p + r) if p + r else 0.0


def output_of(command, rows):
    """Clusters that a program writes to the file in place of `PRED`."""
    with tempfile.NamedTemporaryFile("r", suffix=".tsv", encoding="utf-8") as out:
        subprocess.run([out.name if c == "PRED" else c for c in command], check=True, capture_output=True)
        found = {r["id"]: r["cluster"] for r in read(out.name)}
    return [found.get(r["id"], r["id"]) for r in rows]


def pairs(path, rows, courant):
    gold = [r["label"] == "1" for r in rows]
    stream = Stream()
    vectors = [[stream.vector(words(r[s + "title"], r.get(s + "summary"))) for s in ("a_", "b_")] for r in rows]
    similar = [cosine(*v) for v in vectors]
    best = max((f1_of(gold, [s >= cut for s in similar]), cut) for cut in (c / 50 for c in range(1, 50)))
    with tempfile.NamedTemporaryFile("r", suffix=".tsv", encoding="utf-8") as out:
        command = [courant, "eval", "stories", "--input", path, "--output", out.name]
        subprocess.run(command, check=True, capture_output=True)
        found = [r["label"] == "1" for r in read(out.name)]
    print(f"\n{path}: cosine at its best cut ({best[1]:.2f}) F1 {best[0]:.3f}; courant F1 {f1_of(gold, found):.3f}")


def f1_of(gold, found):
    hit = sum(g and f for g, f in zip(gold, found))
    return harmonic(hit / sum(found) if any(found) else 1.0, hit / sum(gold) if any(gold) else 1.0)


def main(courant, paths, references):
    print("| collection | method | B-cubed P | R | F1 | pairwise P | R | F1 |\n|---|---|---|---|---|---|---|---|")
    after = []
    for path in paths:
        rows = read(path)
        if "a_title" in rows[0]:
            after.append((path, rows))
            continue
        found = {"all apart": list(range(len(rows))), "TF-IDF, single pass": single_pass(rows)}
        for reference, cut in references:
            found[f"reference, {cut}"] = output_of([sys.executable, reference, path, "PRED", cut], rows)
        found["courant"] = output_of([courant, "eval", "stories", "--input", path, "--output", "PRED"], rows)
        for method, clusters in found.items():
            cells = " | ".join(f"{x:.3f}" for x in scores([r["cluster"] for r in rows], clusters))
            print(f"| {path.rsplit('/', 1)[-1]} | {method} | {cells} |", flush=True)
    for path, rows in after:
        pairs(path, rows, courant)


if __name__ == "__main__":
    given = sys.argv[1:]
    references = []
    while "--reference" in given:
        at = given.index("--reference")
        references.append(given[at + 1].rsplit(":", 1))
        del given[at:at + 2]
    if len(given) < 2:
        sys.exit(__doc__)
    main(given[0], given[1:], references)
