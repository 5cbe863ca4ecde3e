"""DKIM: keys for the run, and what independent verifiers say of a received mail.

opendkim sits in the provider's server as a milter; dkimpy (python3-dkim) verifies here, and again after one byte was
changed. Neither shares code with Courant.
"""

import base64
import email
import email.policy
import re

import dkim

import shutil

from ground import ACCOUNT, run

OVERSIGNED = ("from", "to", "subject", "date", "message-id", "content-type", "list-id", "list-unsubscribe", "list-unsubscribe-post")


class Keys:
    """An RSA and an Ed25519 key, as docs/subscribing.md tells an operator to make them."""

    def __init__(self, ground, domains):
        folder = ground.path("dkim", own=True)
        self.rsa, self.ed25519 = folder / "rsa.pem", folder / "ed25519.pem"
        run(["openssl", "genrsa", "-out", self.rsa, "2048"])
        run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", self.ed25519])
        public = {}
        for selector, key in (("rsa", self.rsa), ("ed", self.ed25519)):
            shutil.chown(key, ACCOUNT, ACCOUNT)
            run(["openssl", "pkey", "-in", key, "-pubout", "-outform", "DER", "-out", folder / f"{selector}.der"])
            der = (folder / f"{selector}.der").read_bytes()
            # RFC 8463 publishes the 32 bytes of the key alone; RFC 6376 the whole structure.
            body = der[-32:] if selector == "ed" else der
            kind = "ed25519" if selector == "ed" else "rsa"
            public[selector] = f"v=DKIM1; k={kind}; p={base64.b64encode(body).decode()}"
        # What the readers' provider signs with.
        self.provider = folder / "provider.pem"
        run(["openssl", "genrsa", "-traditional", "-out", self.provider, "2048"])
        run(["openssl", "pkey", "-in", self.provider, "-pubout", "-outform", "DER", "-out", folder / "provider.der"])
        provider = base64.b64encode((folder / "provider.der").read_bytes()).decode()
        self.records = {f"{selector}._domainkey.{domain}": txt for domain in domains for selector, txt in public.items()}
        self.records["mail._domainkey.readers.test"] = f"v=DKIM1; k=rsa; p={provider}"

    def sign(self, raw):
        """A mail with the signature of the readers' provider."""
        names = [b"from", b"to", b"subject", b"message-id"]
        signature = dkim.sign(raw, b"mail", b"readers.test", self.provider.read_bytes(), include_headers=names)
        return signature + raw

    def ask(self, name, timeout=5):
        """What DNS would say."""
        return self.records.get(name.decode().rstrip("."), "").encode() or None


def verified(keys, raw):
    """Whether each signature of a mail holds, by selector."""
    found = {}
    verifier = dkim.DKIM(raw)
    for number, (_, value) in enumerate(h for h in verifier.headers if h[0].lower() == b"dkim-signature"):
        selector = re.search(rb"\bs=(\w+)", value)[1].decode()
        try:
            found[selector] = dkim.DKIM(raw).verify(idx=number, dnsfunc=keys.ask)
        except dkim.DKIMException as error:
            found[selector] = str(error)
    return found


def changed(raw, name):
    """The mail with one byte of a header, or of the body, made another."""
    if name == "body":
        at = raw.index(b"\r\n\r\n") + 40
    else:
        at = re.search(rb"(?im)^" + name.encode() + rb":\s*\S", raw).end()
    return raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]


def check(ground, part, keys, mail):
    """Everything a verifier can say of one received digest."""
    raw = mail.raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    both = {"rsa": True, "ed": True}
    ground.check(part, "dkimpy verifies the RSA and the Ed25519 signature", verified(keys, raw) == both, verified(keys, raw))
    says = "; ".join(value for value in mail.get_all("Authentication-Results", []) if "provider.test" in value)
    ground.check(part, "opendkim verified it on arrival", "dkim=pass" in says and "dkim=fail" not in says, says)
    for header in mail.get_all("DKIM-Signature"):
        names = re.search(r"h=([^;]+)", re.sub(r"\s", "", header))[1].lower().split(":")
        twice = all(names.count(name) == 2 for name in OVERSIGNED)
        ground.check(part, "h= names what readers see or programs act on once more than it is there", twice, names)
    for name in ("List-Unsubscribe", "List-Unsubscribe-Post", "Subject", "From", "body"):
        says = verified(keys, changed(raw, name))
        ground.check(part, f"one byte of {name} changed: both fail", True not in says.values(), says)
    for line in (b"From: chief@bank.test\r\n", b"List-Unsubscribe: <https://evil.test/>\r\n"):
        says = verified(keys, line + raw)
        ground.check(part, f"a second {line.split(b':')[0].decode()} added: both fail", True not in says.values(), says)
    strict(ground, part, raw)


def strict(ground, part, raw):
    """Python's parser under its strict policy, which raises on any defect, and what RFC 5322 says of lines."""
    mail = email.message_from_bytes(raw, policy=email.policy.strict)
    defects = [d for piece in mail.walk() for d in piece.defects]
    defects += [d for value in mail.values() for d in getattr(value, "defects", ())]
    ground.check(part, "Python's strict parser finds no defect", not defects, defects)
    once = ("From", "To", "Subject", "Date", "Message-ID", "MIME-Version")
    ground.check(part, "each header that must be there once is there once", all(len(mail.get_all(n, [])) == 1 for n in once))
    lines = raw.split(b"\r\n")
    ground.check(part, "no line over 998 bytes, all of them ASCII", max(map(len, lines)) <= 998 and raw.isascii())
    kinds = [piece.get_content_type() for piece in mail.walk()]
    ground.check(part, "text first, then HTML", kinds == ["multipart/alternative", "text/plain", "text/html"], kinds)
