"""Bytes of mails: headers, parts, encodings, as mail programs write them."""
import base64
import quopri

CRLF = "\r\n"
TOKEN = "abcdefghijklmnopqrstuvwxyz234567"  # has the shape of a confirm token
LEAVE = "aaaaaaaaaaaavdbcoghxyz234567abcdefghijk"  # of a leave, settings or reply token
LIST = "news@example.org"
VERP = "bounces+17-abcdefgh23456777@example.org"


def word(text):
    """A header's text, encoded (RFC 2047) where it must be."""
    if all(ord(c) < 128 for c in text):
        return text
    return "=?UTF-8?B?" + base64.b64encode(text.encode()).decode() + "?="


def encoded(text, charset="utf-8", how="quoted-printable"):
    data = text.replace("\n", CRLF).encode(charset)
    if how == "quoted-printable":
        lines = quopri.encodestring(text.encode(charset)).decode("ascii")
        return lines.replace("\n", CRLF)
    if how == "base64":
        return base64.encodebytes(data).decode("ascii").replace("\n", CRLF)
    return data.decode("latin-1")  # 8bit and 7bit: bytes as they are, written as latin-1 below


def part(kind, text, charset="utf-8", how="quoted-printable", more=""):
    """Content headers and body of one part."""
    head = f'Content-Type: {kind}; charset="{charset}"{more}{CRLF}Content-Transfer-Encoding: {how}{CRLF}'
    return head + CRLF + encoded(text, charset, how)


def multipart(kind, parts, boundary, more=""):
    out = f'Content-Type: multipart/{kind}; boundary="{boundary}"{more}{CRLF}{CRLF}'
    for p in parts:
        out += f"--{boundary}{CRLF}{p}{CRLF}"
    return out + f"--{boundary}--{CRLF}"


def mail(headers, body):
    """The whole mail as bytes; `body` begins with its content headers."""
    lines = "".join(f"{name}: {value}{CRLF}" for name, value in headers if value is not None)
    return (lines + body).encode("latin-1")
