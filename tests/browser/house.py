"""An installation whose mails stay in a folder: pages, LMTP door, feeds of our own."""

import email
import email.policy
import functools
import http.client
import json
import re
import smtplib
import sqlite3
import urllib.error
import urllib.request
from email.message import EmailMessage
from email.utils import make_msgid

from ground import Failed, run, wait_for, wait_for_port


class House:
    def __init__(self, ground, binary, feeds, name="house"):
        self.ground, self.binary, self.name = ground, binary, name
        self.folder = ground.path(name)
        self.config = self.folder / "config.toml"
        self.database = self.folder / "courant.db"
        self.mails_folder = self.folder / "mails"
        self.web, self.lmtp = ground.port(), ground.port()
        self.url = f"http://127.0.0.1:{self.web}"
        sources = "".join(f'[[feed]]\nkey = "{key}"\nurl = "{url}"\nallow_private = true\n' for key, url in feeds.urls.items())
        self.config.write_text(f"""
[database]
path = "{self.database}"
[poll]
host_pause = "0s"
[inbound]
lmtp = "127.0.0.1:{self.lmtp}"
[web]
listen = "127.0.0.1:{self.web}"
[limits]
replies_per_hour = 10000
[mail]
list_address = "news@example.org"
from_name = "The Courant"
contact = "Example Society, 1 High Street, London"
transport = "folder"
folder = "{self.mails_folder}"
[[digest]]
key = "daily"
title = "The Daily Courant"
schedule = "0 7 * * *"
zone = "Europe/London"
[[digest]]
key = "weekly"
title = "The Weekly Courant"
schedule = "0 8 * * Sun"
zone = "Europe/London"
{sources}""")

    def start(self):
        process = self.ground.start(f"courant-{self.name}", [self.binary, "--config", self.config, "run"])
        wait_for_port("Courant", self.web, process)

    def answers(self):
        """Fails where the web server does not answer."""
        if self.ask("/healthz")[0] != 200:
            raise Failed("/healthz does not say that all is well")

    def command(self, *arguments):
        return run([self.binary, "--config", self.config, *arguments])

    def rows(self, sql, *values):
        with sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=30) as database:
            return database.execute(sql, values).fetchall()

    def status(self, address):
        rows = self.rows(
            "SELECT status FROM subscriptions JOIN subscribers ON subscribers.id = subscriber_id WHERE address = ?", address)
        return rows[0][0] if rows else None

    def choices(self, address):
        rows = self.rows(
            "SELECT choices FROM subscriptions JOIN subscribers ON subscribers.id = subscriber_id WHERE address = ?", address)
        return json.loads(rows[0][0])

    def state(self):
        """Every row of every table that a person's act could change."""
        tables = ("subscribers", "subscriptions", "consents", "suppressions", "deliveries", "editions", "audiences",
                  "audience_stories", "inbound", "reply_budget", "attempts")
        return {table: self.rows(f"SELECT * FROM {table} ORDER BY 1") for table in tables}

    def mails(self):
        """All mails that were written, oldest first."""
        files = sorted(self.mails_folder.rglob("*.eml"), key=lambda file: file.stat().st_mtime)
        return [email.message_from_bytes(file.read_bytes(), policy=email.policy.default) for file in files]

    def mail(self, address, subject):
        """Waits for a mail to somebody whose subject begins so."""

        def look():
            hits = [m for m in self.mails() if m["To"] == address and str(m["Subject"]).startswith(subject)]
            return hits[-1] if hits else None

        return wait_for(f"`{subject}` for {address}", look)

    def write(self, sender, to="news@example.org", subject="", text="\n"):
        """A mail to Courant, through its LMTP door."""
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"], mail["Message-ID"] = sender, to, subject, make_msgid(domain="example.net")
        mail.set_content(text)
        with smtplib.LMTP("127.0.0.1", self.lmtp, timeout=60) as door:
            door.send_message(mail, sender, [to])

    def ask(self, path, method="GET", body=None, headers=None, source="127.0.0.1"):
        """One request from an address; returns status, headers, text. Redirects are errors of ours, so none is followed."""
        request = urllib.request.Request(self.url + path, body, headers or {}, method=method)
        opener = urllib.request.build_opener(NoRedirect, From(source), urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=60) as answer:
                return answer.status, answer.headers, answer.read().decode(errors="replace")
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read().decode(errors="replace")


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


class From(urllib.request.HTTPHandler):
    """Asks from another address of the loopback network: to Courant, somebody else."""

    def __init__(self, address):
        super().__init__()
        self.connection = functools.partial(http.client.HTTPConnection, source_address=(address, 0))

    def http_open(self, request):
        return self.do_open(self.connection, request)


def html_of(mail):
    part = mail.get_body(("html",))
    return part.get_content() if part else ""


def links(mail):
    """Every link of a mail: of its text, its HTML and its headers."""
    everything = mail.get_body(("plain",)).get_content() + html_of(mail) + str(mail["List-Unsubscribe"] or "")
    return sorted(set(re.findall(r"http://127\.0\.0\.1:\d+/[^\s\"'<>)]*", everything)))
