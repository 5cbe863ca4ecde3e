"""What Courant and Python's feedparser read in the same documents, field by field, as text.

    cargo build --release
    pip install feedparser
    python3 scripts/parse_vs_feedparser.py FOLDER...        [--show 40] [--courant target/release/courant]

Takes every .xml, .rss, .rdf, .atom, .json and .feed file under the folders. A field counts when feedparser gives it; it
is equal when the text is the same, dates as UTC to the second. Files that feedparser finds neither title nor entries in
are listed apart, and so are those that Courant refuses.
"""

import argparse
import calendar
import collections
import json
import pathlib
import subprocess
import time

import feedparser

SUFFIXES = {".xml", ".rss", ".rdf", ".atom", ".feed", ".json"}


def date(value):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(calendar.timegm(value))) if value else None


def links(values):
    return [{key: link.get(key) for key in ("href", "rel", "type", "title")} for link in values]


def people(values):
    people = [{key: person.get(key) for key in ("name", "email", "href")} for person in values]
    return [person for person in people if any(person.values())]


def tags(values):
    return [{key: tag.get(key) for key in ("term", "scheme", "label")} for tag in values]


def peer_feed(feed):
    # Asked by name it gives one date for the other where that is missing; what was read is what counts.
    image = feed.get("image") or {}
    return {
        "title": feed.get("title"),
        "link": feed.get("link"),
        "links": links(feed.get("links", [])),
        "id": feed.get("id"),
        "published": date(dict.get(feed, "published_parsed")),
        "updated": date(dict.get(feed, "updated_parsed")),
        "subtitle": feed.get("subtitle"),
        "language": feed.get("language"),
        "rights": feed.get("rights"),
        "authors": people(feed.get("authors", [])),
        "contributors": people(feed.get("contributors", [])),
        "categories": tags(feed.get("tags", [])),
        "generator": feed.get("generator"),
        "image": image.get("href"),
        "icon": feed.get("icon"),
        "ttl": feed.get("ttl"),
    }


def peer_entry(entry):
    content = entry.get("content") or [{}]
    return {
        "title": entry.get("title"),
        "link": entry.get("link"),
        "links": links(entry.get("links", [])),
        "id": entry.get("id"),
        "published": date(dict.get(entry, "published_parsed")),
        "updated": date(dict.get(entry, "updated_parsed")),
        "summary": entry.get("summary"),
        "content": content[0].get("value"),
        "authors": people(entry.get("authors", [])),
        "contributors": people(entry.get("contributors", [])),
        "rights": entry.get("rights"),
        "categories": tags(entry.get("tags", [])),
        "enclosures": [
            {"href": e.get("href"), "type": e.get("type"), "length": e.get("length")}
            for e in entry.get("enclosures", [])
        ],
        "thumbs": [t.get("url") for t in entry.get("media_thumbnail", [])],
    }


def same(field, ours, theirs):
    if field == "ttl":
        return str(ours) == str(theirs)
    if isinstance(theirs, str) and isinstance(ours, str):
        return ours.strip() == theirs.strip()
    return ours == theirs


def around(one, other):
    """The start of a value, and for texts the part from where the two begin to differ."""
    if isinstance(one, str) and isinstance(other, str):
        at = next((n for n, (a, b) in enumerate(zip(one, other)) if a != b), min(len(one), len(other)))
        return f"at {at}: {one[max(0, at - 30) : at + 90]!r}"
    return f"{one!r:.300}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=pathlib.Path)
    parser.add_argument("--show", type=int, default=0, help="so many differences in full")
    parser.add_argument("--field", help="show differences of this field only, as feed.title or entry.link")
    parser.add_argument("--courant", default="target/release/courant")
    args = parser.parse_args()
    files = sorted(
        path for folder in args.folders for path in folder.rglob("*") if path.is_file() and path.suffix in SUFFIXES
    )
    names = "".join(f"{path}\n" for path in files)
    run = subprocess.run([args.courant, "parse", "--files-from", "-"], input=names, capture_output=True, text=True)
    lines = [json.loads(line) for line in run.stdout.split("\n") if line]
    assert len(lines) == len(files), run.stderr
    total, equal = collections.Counter(), collections.Counter()
    refused, no_feed, n_entries, shown = [], 0, [0, 0], 0
    for path, ours in zip(files, lines):
        body = path.read_bytes()
        try:
            peer = feedparser.parse(body, sanitize_html=True)
        except Exception as error:  # it raises on some documents of its own suite
            print(f"feedparser raised {error!r} on {path}")
            continue
        if path.suffix == ".json" or not (peer.entries or peer.feed.get("title")):
            no_feed += 1
            continue
        if not ours["ok"]:
            refused.append((path, ours["error"]))
            continue
        n_entries[0] += len(ours["entries"])
        n_entries[1] += len(peer.entries)
        if len(ours["entries"]) != len(peer.entries):
            print(f"{path}: {len(ours['entries'])} entries, feedparser {len(peer.entries)}")
        pairs = [("feed", ours["feed"], peer_feed(peer.feed))]
        pairs += [("entry", a, peer_entry(b)) for a, b in zip(ours["entries"], peer.entries)]
        for kind, got, wanted in pairs:
            for field, value in wanted.items():
                if value in (None, "", []):
                    continue
                name = f"{kind}.{field}"
                total[name] += 1
                if same(field, got.get(field), value):
                    equal[name] += 1
                elif shown < args.show and args.field in (None, name):
                    shown += 1
                    print(f"{path} {name}\n   courant    {around(got.get(field), value)}")
                    print(f"   feedparser {around(value, got.get(field))}")
    for name in sorted(total):
        print(f"{name:20} {equal[name]:7} of {total[name]:7}  {100 * equal[name] / total[name]:6.1f} %")
    n, of = sum(equal.values()), sum(total.values())
    print(f"{len(files)} files, {no_feed} in which feedparser finds no feed (or JSON), {len(refused)} refused by Courant")
    for path, why in refused:
        print(f"  refused: {path}: {why}")
    print(f"entries: {n_entries[0]}, feedparser {n_entries[1]}")
    print(f"fields equal as text: {n} of {of}, {100 * n / max(of, 1):.2f} %")


if __name__ == "__main__":
    main()
