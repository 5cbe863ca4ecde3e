"""Courant between real servers. Usage: run.py BINARY. See README.md; `./run` installs what this needs."""

import concurrent.futures
import pathlib
import shutil
import sys
import time
import traceback

import nginx
import opendkim
import signatures
import trouble
import vouched
from certificates import Certificates
from clock import Clock
from courant import Door
from dovecot import Dovecot
from feeds import Feeds
from ground import Failed, Ground
from person import Person
from policy import Policy
from postfix import Operator, Provider
from signatures import Keys
from walk import walk

# Each door is an installation of its own: how mail comes in, and how it leaves. Both ways of encrypting are used, and one
# door hands its mails to Dovecot itself.
DOORS = [("pipe", "starttls"), ("alias", "implicit"), ("lmtp", "starttls"), ("lmtp-socket", "implicit"), ("imap", "implicit")]
STRAIGHT = ("straight", "pipe", "lmtp")


def main(binary):
    began = time.monotonic()
    with Ground() as ground:
        try:
            town = Town(ground, pathlib.Path(binary))
        except Failed as failure:
            ground.failed("setting up", "all servers run", failure)
            show_logs(ground)
            return 1
        parts = [lambda door=door: town.walk(door) for door in town.doors]
        parts.append(town.bounce)
        parts.append(town.greylist)
        parts.append(town.vouch)
        with concurrent.futures.ThreadPoolExecutor(len(parts)) as pool:
            for done in [pool.submit(guarded, ground, part) for part in parts]:
                done.result()
        for door in town.everywhere:
            guarded(ground, lambda door=door: ground.check(door.name, "the database is intact", door.intact()))
        if ground.n_failed:
            show_logs(ground)
    print(f"{ground.n_passed} passed, {ground.n_failed} failed ({time.monotonic() - began:.0f}s)")
    return 1 if ground.n_failed else 0


class Town:
    """All servers, and who lives there."""

    def __init__(self, ground, binary):
        self.ground = ground
        # Where Courant's account may run it, whatever the folder it was built in allows.
        courant = ground.path("bin") / "courant"
        shutil.copy(binary, courant)
        courant.chmod(0o755)
        self.doors = [Door(ground, kind, kind, way) for kind, way in DOORS] + [Door(ground, *STRAIGHT)]
        self.bouncing = Door(ground, "bounces", "pipe", "starttls")
        self.deferred = Door(ground, "greylisting", "pipe", "implicit", Clock(ground, "greylisting"))
        self.vouched = Door(ground, "vouched", "pipe", "starttls", authserv_id="operator.test")
        everywhere = self.everywhere = [*self.doors, self.bouncing, self.deferred, self.vouched]
        names = [f"{who}-{door.name}" for door in everywhere for who in ("anna", "bert")] + ["gone", "grey", "honest", "victim"]
        certificates = self.certificates = Certificates(ground)
        self.keys = Keys(ground, [door.domain for door in everywhere])
        self.dovecot = Dovecot(ground, certificates)
        milter = opendkim.start(ground, "provider", self.keys.records)
        verifier = opendkim.start(ground, "operator", self.keys.records)
        self.provider = Provider(ground, self.dovecot, milter, [f"{name}@readers.test" for name in names])
        self.policy = Policy(ground)
        operator = Operator(ground, certificates, self.dovecot, self.provider, self.policy.port, verifier, courant, everywhere)
        nginx.start(ground, certificates, [(door.front, door.web) for door in everywhere])
        feeds = Feeds(ground)
        for door in everywhere:
            door.configure(courant, certificates, operator, feeds, self.keys, self.dovecot)
            door.start()
        self.feeds = feeds

    def person(self, name):
        return Person(name, self.provider, self.dovecot, self.certificates)

    def walk(self, door):
        digests = walk(self.ground, door, self.person(f"anna-{door.name}"), self.person(f"bert-{door.name}"), self.feeds)
        if door.way != "lmtp":
            signatures.check(self.ground, f"{door.name}, signatures", self.keys, digests[0])

    def bounce(self):
        trouble.bounce(self.ground, self.bouncing, self.person("gone"), self.provider)

    def greylist(self):
        trouble.greylisting(self.ground, self.deferred, self.person("grey"), self.policy)

    def vouch(self):
        vouched.check(self.ground, self.vouched, self.person("honest"), self.person("victim"), self.keys)


def guarded(ground, part):
    """Runs a part; what goes wrong is a failed check, and the other parts go on."""
    try:
        part()
    except Failed as failure:
        what, _, why = str(failure).partition(": ")
        ground.failed("", what, why)
    except Exception:
        ground.failed("", "a part broke off", traceback.format_exc())


def show_logs(ground):
    for log in sorted(ground.path("log").iterdir()):
        print(f"--- {log.name}")
        print("".join(log.read_text(errors="replace").splitlines(keepends=True)[-40:]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
