"""Courant's pages and mails in a real browser. Usage: run.py BINARY PICTURES [AXE]. See README.md."""

import pathlib
import sys
import time
import traceback
import urllib.parse

sys.path.insert(1, str(pathlib.Path(__file__).parent.parent / "interop"))

import attacks
import journey
import mails
from browser import Browser
from feeds import Feeds
from ground import Failed, Ground
from house import House


def main(binary, pictures, axe=None):
    began = time.monotonic()
    axe = pathlib.Path(axe).read_text() if axe else None
    pictures = pathlib.Path(pictures)
    pictures.mkdir(parents=True, exist_ok=True)
    with Ground(range(26_000, 32_000)) as ground:
        try:
            everything(ground, binary, pictures, axe)
        except Failed as failure:
            ground.failed("run", "all checks", failure)
        except Exception:
            ground.failed("run", "all checks", traceback.format_exc())
        if ground.n_failed:
            print(ground.log("courant-house")[-4000:])
    if not axe:
        print("axe-core is not there: its checks were skipped")
    print(f"pictures of all pages and mails: {pictures}")
    print(f"{ground.n_passed} passed, {ground.n_failed} failed ({time.monotonic() - began:.0f}s)")
    return 1 if ground.n_failed else 0


def everything(ground, binary, pictures, axe):
    house = House(ground, pathlib.Path(binary).resolve(), Feeds(ground))
    house.start()
    with_scripts, without = Browser(ground, house.answers), Browser(ground, house.answers, scripts=False)
    with_scripts.pictures = without.pictures = pictures
    without.again(lambda: journey.keyboard(ground, house, without))
    # Pia leaves while the pages are looked at; Rosa stays, and Kim has yet to confirm, for the scanner.
    reader = "rosa@example.net"
    with_scripts.again(lambda: journey.readers(house, with_scripts, "pia@example.net", reader))
    without.again(lambda: journey.lost_link(ground, house, without, reader))
    journey.every_page(ground, house, with_scripts, axe)
    journey.every_language(ground, house, with_scripts, axe, reader)
    journey.pending(house, "kim@example.net")
    mails.every_mail(ground, house, with_scripts, axe, reader)
    attacks.headers(ground, house)
    links = {who: {word: journey.page_link(house.mail(f"{who}@example.net", "Welcome"), word) for word in ("settings", "leave")}
             for who in ("rosa", "pia")}
    with_scripts.again(lambda: attacks.foreign_forms(ground, house, with_scripts, links["rosa"]["settings"]))
    attacks.guesses(ground, house, *(path(links[who][word]) for who, word in (("rosa", "settings"), ("rosa", "leave"), ("pia", "leave"))))
    attacks.scanner(ground, house)
    attacks.slow(ground, house)


def path(url):
    return urllib.parse.urlsplit(url).path


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
