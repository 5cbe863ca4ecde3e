"""A reader at `readers.test`: writes mails through their provider, and reads what comes by IMAP with TLS."""

import email
import email.policy
import imaplib
import re
import smtplib
import ssl
import urllib.parse
import urllib.request
from email.message import EmailMessage
from email.utils import make_msgid

from dovecot import PASSWORD
from ground import Failed, wait_for


class Person:
    def __init__(self, name, provider, dovecot, certificates):
        self.address = f"{name}@readers.test"
        self.provider, self.dovecot = provider, dovecot
        self.tls = ssl.create_default_context(cafile=certificates.ca)

    def write(self, to, subject="", text="", answering=None, sender=None, headers=None, sign=None):
        """Sends a mail as a mail program does; `sign` is what the provider does with its bytes."""
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = sender or self.address, to, subject
        mail["Message-ID"] = make_msgid(domain="readers.test")
        if answering is not None:
            mail["In-Reply-To"] = mail["References"] = answering["Message-ID"]
            quoted = answering.get_body(("plain",)).get_content()
            text += "\n\nOn Tuesday they wrote:\n" + "".join(f"> {line}\n" for line in quoted.splitlines())
        for name, value in (headers or {}).items():
            mail[name] = value
        mail.set_content(text or "\n")
        raw = mail.as_bytes(policy=email.policy.SMTP)
        with smtplib.SMTP("127.0.0.1", self.provider.smtp, timeout=120) as server:
            server.sendmail(sender or self.address, [to], sign(raw) if sign else raw)

    def answer(self, mail, text=""):
        """Presses "reply": to Reply-To, with the mail quoted below."""
        self.write(mail["Reply-To"] or mail["From"], f"Re: {mail['Subject']}", text, answering=mail)

    def mails(self):
        """The raw bytes of everything in the mailbox."""
        with imaplib.IMAP4_SSL("localhost", self.dovecot.imaps, ssl_context=self.tls, timeout=120) as box:
            box.login(self.address, PASSWORD)
            box.select("INBOX", readonly=True)
            _, (numbers,) = box.search(None, "ALL")
            return [box.fetch(number, "(RFC822)")[1][0][1] for number in numbers.split()]

    def receives(self, what, test, **options):
        """Waits for a mail that passes the test, and returns it with its raw bytes as `.raw`."""

        trouble = []

        def look():
            try:
                raws = self.mails()
            except (OSError, imaplib.IMAP4.abort) as error:
                trouble.append(error)  # a busy server is asked again
                return None
            for raw in raws:
                mail = email.message_from_bytes(raw, policy=email.policy.default)
                if test(mail):
                    mail.raw = raw
                    return mail
            return None

        try:
            return wait_for(f"{what} for {self.address}", look, **options)
        except Failed as failed:
            raise Failed(f"{failed}; trouble with the mailbox: {trouble[-1:]}") from None

    # --- the web

    def open(self, url, form=None, content_type="application/x-www-form-urlencoded"):
        """GET, or POST with a form; returns status and text. Follows nothing, keeps no cookie."""
        body = form if isinstance(form, bytes) else urllib.parse.urlencode(form).encode() if form is not None else None
        request = urllib.request.Request(url, body, {"Content-Type": content_type} if body is not None else {})
        opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=self.tls), NoRedirect)
        with opener.open(request, timeout=30) as response:
            if response.headers.get("Set-Cookie"):
                raise Failed(f"{url} sets a cookie")
            return response.status, response.read().decode()

    def press(self, url):
        """Opens a page and presses its only button."""
        _, page = self.open(url)
        action = re.search(r'<form method="post" action="([^"]+)"', page)
        if not action:
            raise Failed(f"{url} has no button: {page[:400]}")
        return self.open(urllib.parse.urljoin(url, action[1]), form={})


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


def link(mail, word):
    """The first link of a mail whose path begins with a word."""
    text = mail.get_body(("plain",)).get_content()
    found = re.search(rf"https://\S+/{word}/\S+", text)
    if not found:
        raise Failed(f"no `{word}` link in `{mail['Subject']}`")
    return found[0]


def unsubscribe_ways(mail):
    """The web and mail addresses of List-Unsubscribe."""
    header = re.sub(r"\s", "", mail["List-Unsubscribe"] or "")
    found = re.fullmatch(r"<(https:[^>]+)>,<mailto:([^?>]+)(\?[^>]*)?>", header)
    if not found:
        raise Failed(f"List-Unsubscribe is `{header}`")
    return found[1], found[2]
