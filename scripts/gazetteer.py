#!/usr/bin/env python3
"""Builds src/stories/tag/gazetteer.tsv from a table of company facts.

    scripts/gazetteer.py FACTS.tsv > src/stories/tag/gazetteer.tsv

FACTS.tsv has a header and the columns canonical, aliases, tickers, country, sector, source, tier, ambiguous, notes
(lists separated by '|', `ambiguous` as ALIAS=reason). Where the facts come from is in docs/decisions.md; each row
keeps the codes of its sources. The output is sorted by tier and name, so that a rebuild gives a readable diff.

What is left out, and why:
  - tickers in place of names (AMZN, MSFT): the tagger reads tickers only where a headline marks them as such;
  - share classes, depositary receipts, registered forms ("Aktiengesellschaft"): no headline writes them;
  - aliases that merged tables gave to the wrong company: nothing of the name is in them, and no curator put them there;
  - the first word of a longer name where that word is an everyday word or a place ("Capital", "Alexandria").

The first ticker of a row is the one readers are shown: the line a company is known to trade under now. A plain American
ticker counts only where a directory of listings has the company (SEC, Nasdaq, NYSE, S&P 500): TWTR and SAVE are gone.
Lines of Frankfurt, of London's international list and over the counter are of companies at home elsewhere. Where no
line is left, the row begins with "-": what follows is read in headlines and shown to nobody.
"""
import re
import sys
import unicodedata

SOURCES = {  # code in the output: label in the facts
    "cur": "curated",
    "sp5": "datasets/s-and-p-500-companies",
    "pts": "pytickersymbols",
    "fdb": "FinanceDatabase",
    "nas": "nasdaq-listings",
    "nys": "nyse-listings",
    "sec": "SEC",
    "wkd": "Wikidata",
    "sen": "SEntFiN",
    "uni": "unicorn-list",
    "hdl": "mined-headlines",
}
CLASSES = {"word": "w", "given-name": "g", "place": "p", "phrase": "f", "shared": "s", "short": "t", "curated": "c"}
PAPER = re.compile(
    r"aktiengesellschaft|depositary|sponso|registr|registered|preferred|\bpfd\b|\badr\b|\bgdr\b|class [a-z]\b|\bnew\b$"
    r"|voting|societe|société|\(.*|\bllc\b|gmbh|kgaa|nationalassoc|, inc|incorporated|\.com/|koppai|kabushiki|worldwive"
    r"|representing|warrant|common$|/[a-z]", re.I)
LEGAL = re.compile(
    r"[,.]?\s+(inc|corp|corporation|co|company|ltd|limited|plc|p\.l\.c|ag|se|sa|s\.a|nv|n\.v|ab|asa|oyj|spa|s\.p\.a|lp|l\.p"
    r"|hldg|adr|reit|k\.k|co\.ltd|co\.,ltd|bhd|ads|jsc)\.?$", re.I)
TRAILER = re.compile(
    r"\s+(inc|corp|ltd|plc|n\.v|s\.a|corporation|limited)\.?,?\s+(subordinate|class|common|american|ordinary|sponsored|new).*$", re.I)
WRONG = {  # what merged tables got wrong, seen by eye
    ("Air France-KLM", "Metropole Television"), ("Air France-KLM", "Metropole Télévision"), ("IAG", "Iamgold"),
    ("Deutsche Telekom", "Rostelecom"), ("STMicroelectronics", "Stabilus"), ("STMicroelectronics", "STABILUS"),
    ("Reliance Industries", "Reliance Steel & Aluminum"), ("Ares Capital", "Ares Management"), ("Ball", "Bally's"),
    ("Ares Management", "Ares Capital"), ("Anglo American", "Anglo American Platinum"), ("Steris", "SSE"),
    ("Marathon Petroleum", "Marathon Oil"), ("Dow Inc", "DuPont"), ("Standard Chartered", "Standard Chartered Bunk"),
    ("Standard Chartered", "Standard Chartered Yeah"), ("Johnson Controls", "Hitachi India"), ("Snap-on", "Snap"),
    ("Sartorius", "Sartorius Stedim Biotech"), ("Magnit", "Magnite"), ("Ashtead Group", "Ashford Hospitality"),
    ("Aperam", "Artisan Partners Asset Management"), ("SES", "Smiths Group"), ("News Corp", "News"),
    ("Palo Alto Networks", "Palo Alto Software"), ("Palo Alto Networks", "Palo"), ("Pool", "Pool Advista Indonesia"),
    ("Fidelity National Information Services", "Fidelity"), ("Amadeus FiRe", "Amadeus Fire"), ("Alphabet", "Google"),
    ("Standard Life", "Phoenix Group"), ("Standard Life", "Phoenix Group Holdings"), ("Thomson Reuters", "Thomson"),
    ("Globe Life", "Globe Life Field"), ("Johnson & Johnson", "Johnson"), ("Williams-Sonoma", "Williams"),
    ("Kimberly-Clark", "Kimberly"), ("Cleveland-Cliffs", "Cleveland"), ("Coca-Cola", "Coca"), ("Discover Financial", "Discover Card"),
    ("Thoma Bravo", "Thoma"), ("Procter & Gamble", "Procter"), ("Mercado Libre", "Mercado"), ("X Corp", "formerly Twitter"),
    ("X Corp", "X, formerly Twitter"), ("Purdue Pharma", "Purdue"), ("Estee Lauder", "Estee"), ("T-Mobile", "T-Mobile Usa"),
    ("Magnitogorski metallurgitscheski kombinat", "Magnera"), ("OpenAI", "ChatGPT maker"), ("Honeywell", "Honeywell Aerospace"),
}
DROPPED = {"Solar power in Spain", "ABOUT YOU AG & Co. KG", "HORNBACH HOLDING AG&CO.KGAA", "Software", "Investor", "Hon Hai Technology",
           "Federal Grid Company of Unified Energy System JSC", "Smurfit Kappa Group", "DANA", "Koninklijke DSM"}
TICKER = re.compile(r"[A-Z]{1,5}([.-][A-Z])?$")
PLAIN = re.compile(r"[A-Z]{1,5}([.-][A-C])?$")
OTC = re.compile(r"[A-Z]{4}[FY]$")
SIDE = re.compile(r"(\.(F|BE|DU|HM|MU|SG|HA|VI|BA|IL|XD|TG)|^0[0-9A-Z]{3}\.(L|DE)|^[A-Z]{4}[FY]\.[A-Z]+|:.*|^[A-Z]+EE?\.SW)$")
LISTED = {"sp5", "nas", "nys"}
GONE = {"CSGN.SW", "HL.L"}  # lines that ended after the facts were gathered, seen by eye


def words(name):
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.findall(r"[a-z0-9]+", plain.replace("'", "").replace("’", ""))


def tidy(name):
    name = TRAILER.sub("", name.strip()).strip(" ,")
    name = re.sub(r"\s*[({].*$", "", name)
    while LEGAL.search(name) and len(words(LEGAL.sub("", name))) >= 1:
        name = LEGAL.sub("", name).strip(" ,")
    return name.strip(" ,&")


def belongs(alias, canonical):
    """Whether something of the canonical name is in the alias: a word, a beginning, or its initials."""
    a, c = words(alias), words(canonical)
    if not a or not c:
        return False
    if any(w in c for w in a if len(w) > 2) or a[0][:4] == c[0][:4]:
        return True
    joined, initials = "".join(a), "".join(w[0] for w in c)
    return joined == initials or "".join(w[0] for w in a) == "".join(c) or joined in "".join(c) or "".join(c) in joined


def trades_as(tickers, country, codes):
    """The line to show, or nothing: the facts have the main line first."""
    listed = LISTED & set(codes) or country == "United States" and "sec" in codes
    for ticker in tickers:
        if PLAIN.match(ticker):
            if listed and not OTC.match(ticker):
                return ticker
        elif "." in ticker and ticker.replace("..", ".") not in GONE and not SIDE.search(ticker):
            return ticker.replace("..", ".")
    return next((t for t in tickers if OTC.match(t)), "") if "sec" in codes else ""


def main(path):
    with open(path, encoding="utf-8") as f:
        head = f.readline().rstrip("\n").split("\t")
        rows = [dict(zip(head, line.rstrip("\n").split("\t"))) for line in f if line.strip()]
    out = []
    for r in rows:
        name, tier, curated = r["canonical"], int(r["tier"]), "curated" in r["source"].split("+")
        if name in DROPPED:
            continue
        shown = name if tier == 1 else tidy(name) or name
        classes = {}
        for pair in filter(None, r["ambiguous"].split("|")):
            alias, _, reasons = pair.rpartition("=")
            classes[alias] = "".join(CLASSES[x] for x in reasons.split("+") if x in CLASSES)
        tickers = [t for t in r["tickers"].split("|") if t]
        bases = {t.split(".")[0] for t in tickers}
        local = [t for t in tickers if TICKER.match(t)] or tickers[:1]
        kept, seen = [], set()
        for alias in [name] + [a for a in r["aliases"].split("|") if a]:
            clean = alias if alias == name and tier == 1 else tidy(alias)
            key = clean.replace("’", "'")
            if not words(clean) or key in seen or (name, alias) in WRONG:
                continue
            if alias != name:
                if PAPER.search(alias) or (not curated and not belongs(alias, name)):
                    continue
                if alias.isupper() and len(alias) >= 4 and alias in bases and alias.lower() not in name.lower():
                    continue
                flagged = set(classes.get(alias, "")) & set("wgpf")
                if flagged and not curated and words(name)[: len(words(alias))] == words(alias):
                    continue
                if len("".join(words(clean))) <= 2 and not curated:
                    continue
            seen.add(key)
            mark = classes.get(alias, "")
            kept.append(key + (f"={mark}" if mark else ""))
        if not kept:
            continue
        codes = [code for code, label in SOURCES.items() if label in r["source"].split("+")]
        best = trades_as(tickers, r["country"], codes)
        read = [t for t in local[:2] if "." not in t or PLAIN.match(t)]
        lines = ([best] if best else ["-"] if read else []) + [t for t in read if t != best]
        out.append((tier, shown, kept, lines, r["sector"], codes))
    out.sort(key=lambda x: (x[0], x[1].casefold()))
    print("# Built by scripts/gazetteer.py; change that script or companies.toml, not this file.")
    print("# name\tnames in headlines (=class: w everyday word, g given name, p place, f phrase, s shared, t short, c by hand)"
          "\ttickers\tsector\ttier\tsources")
    for tier, shown, kept, tickers, sector, codes in out:
        print("\t".join([shown, "|".join(kept), "|".join(tickers), sector, str(tier), ",".join(codes)]))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
