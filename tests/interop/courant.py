"""Courant as an operator installs it: a configuration, the daemon, and a look into its database."""

import os
import shutil
import sqlite3

from dovecot import PASSWORD
from ground import ACCOUNT, Failed, run, wait_for, wait_for_port

ACCOUNT_OPTIONS = {"user": ACCOUNT, "group": ACCOUNT, "extra_groups": []}


class Door:
    """One installation: a domain of its own, one way in for mail (`kind`), one way out: `starttls` or `implicit` to
    Postfix, or `lmtp` to Dovecot."""

    def __init__(self, ground, name, kind, way, clock=None, authserv_id=None):
        self.ground, self.name, self.kind, self.way, self.clock = ground, name, kind, way, clock
        self.authserv_id = authserv_id
        self.domain = f"{self.name}.test"
        self.list_address = f"news@{self.domain}"
        self.folder = ground.path("courant", self.name, own=True)
        self.config = self.folder / "config.toml"
        self.database = self.folder / "courant.db"
        # Postfix drops all groups but its own: the socket must have that group, which it takes from a setgid folder.
        self.socket = ground.path("courant", self.name, "postfix", own=True) / "lmtp.sock"
        shutil.chown(self.socket.parent, ACCOUNT, "postfix")
        self.socket.parent.chmod(0o2750)
        self.web, self.front, self.lmtp = ground.port(), ground.port(), ground.port()

    def configure(self, binary, certificates, operator, feeds, keys, dovecot):
        inbound = {
            "lmtp": f'lmtp = "127.0.0.1:{self.lmtp}"\n',
            "lmtp-socket": f'lmtp = "unix:{self.socket}"\n',
            "imap": f'[inbound.imap]\nhost = "localhost"\nport = {dovecot.imaps}\nusername = "{self.list_address}"\n'
                    f'password = "{PASSWORD}"\nca_file = "{certificates.ca}"\nmove_to = "Read by Courant"\n',
        }.get(self.kind, "")
        if self.authserv_id:
            inbound = f'authserv_id = "{self.authserv_id}"\n' + inbound
        port = operator.implicit if self.way == "implicit" else operator.starttls
        out = f"""
[mail.smtp]
host = "localhost"
port = {port}
tls = "{self.way}"
username = "courant@{self.domain}"
password = "{PASSWORD}"
ca_file = "{certificates.ca}"
"""
        if self.way == "lmtp":
            out = f'transport = "lmtp"\nlmtp = "127.0.0.1:{dovecot.lmtp}"\n'
        sources = "".join(f'[[feed]]\nkey = "{key}"\nurl = "{url}"\nallow_private = true\n' for key, url in feeds.urls.items())
        self.config.write_text(f"""
[database]
path = "{self.database}"
[poll]
host_pause = "0s"
[inbound]
{inbound}
[web]
listen = "127.0.0.1:{self.web}"
public_url = "https://localhost:{self.front}"
trusted_proxies = ["127.0.0.1"]
[mail]
list_address = "{self.list_address}"
from = "digest@{self.domain}"
contact = "Interop desk, 1 High Street"
bounce_domain = "{self.domain}"
{out}
[mail.dkim]
selector = "rsa"
key_file = "{keys.rsa}"
second_selector = "ed"
second_key_file = "{keys.ed25519}"
[[digest]]
key = "daily"
title = "The Daily Courant"
schedule = "0 0 1 1 *"
{sources}""")
        shutil.chown(self.config, ACCOUNT, ACCOUNT)
        self.config.chmod(0o600)
        self.binary = binary

    def command(self, *arguments):
        return run([self.binary, "--config", self.config, *arguments], **ACCOUNT_OPTIONS)

    def start(self):
        """Starts the daemon and waits until its pages answer."""
        environment = dict(os.environ)
        if self.clock:
            environment.update(self.clock.environment())
        self.process = self.ground.start(
            f"courant-{self.name}", [self.binary, "--config", self.config, "run"], env=environment, **ACCOUNT_OPTIONS
        )
        wait_for_port(f"Courant ({self.name})", self.web, self.process)

    def rows(self, sql, *values):
        """What the database holds; read only, while the daemon writes."""
        with sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=30) as database:
            return database.execute(sql, values).fetchall()

    def one(self, sql, *values):
        rows = self.rows(sql, *values)
        return rows[0][0] if rows else None

    def status(self, address):
        """The state of a subscription and why it ended."""
        rows = self.rows(
            "SELECT status, end_reason FROM subscriptions JOIN subscribers ON subscribers.id = subscriber_id "
            "WHERE address = ?", address)
        return rows[0] if rows else None

    def has_stories(self):
        """Waits until the feeds were read and their articles placed."""
        return wait_for(f"stories ({self.name})", lambda: (self.one("SELECT count(*) FROM stories") or 0) >= 3)

    def send_edition(self):
        said = self.command("send-now", "daily")
        if "mails queued" not in said:
            raise Failed(f"send-now said `{said.strip()}`")
        return said

    def intact(self):
        """SQLite's own checks."""
        return self.one("PRAGMA integrity_check") == "ok" and not self.rows("PRAGMA foreign_key_check")
