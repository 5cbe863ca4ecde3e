"""The whole life of a subscription, walked by two people through one door.

One confirms by answering and leaves by mail; the other confirms by the link and leaves by one click, as Gmail does it.
"""

from ground import wait_for
from person import link, unsubscribe_ways


def is_digest(mail):
    return bool(mail["List-Id"])


def is_titled(start):
    return lambda mail: str(mail["Subject"]).startswith(start)


def text_of(mail):
    return mail.get_body(("plain",)).get_content()


def subscribe(ground, part, door, person, by):
    """From the first mail to an active subscription."""
    person.write(f"news+subscribe-daily@{door.domain}", "subscribe" if by == "reply" else "hello")
    confirm = person.receives("the confirmation", is_titled("Confirm your subscription"))
    ground.check(part, f"a mail to news+subscribe-daily@ is answered with a confirmation ({by})", True)
    ground.check(part, "nothing is subscribed before the answer", door.status(person.address) == ("pending", ""))
    if by == "reply":
        person.answer(confirm)
    else:
        url = link(confirm, "confirm")
        for _ in range(3):
            person.open(url)
        ground.check(part, "opening the link changes nothing", door.status(person.address) == ("pending", ""))
        status, page = person.press(url)
        ground.check(part, "the button of the page confirms", status == 200 and "subscribed" in page)
    wait_for("the subscription", lambda: door.status(person.address) == ("active", ""))
    person.receives("the welcome", is_titled("Welcome"))
    ground.check(part, f"confirmed by {by}: active, and welcomed", True)


def gets_digest(ground, part, person, door):
    digest = person.receives("the digest", is_digest)
    text = text_of(digest)
    ground.check(part, f"the digest lies in {person.address.split('@')[0]}'s mailbox", "Nvidia" in text and "Volkswagen" in text)
    bounces = digest["Return-Path"].startswith("<bounces+")
    if door.way == "lmtp":
        straight = " ".join(digest.get_all("Received")).count("LMTP") == 1 and "Postfix" not in digest.as_string()
        ground.check(part, "it was handed to Dovecot by LMTP, and nobody was between", straight and bounces, digest["Received"])
    else:
        ground.check(
            part, "it was logged in and encrypted on its way",
            "ESMTPSA" in digest.as_string() and bounces, digest["Return-Path"],
        )
    return digest


def leave_by_mail(ground, part, door, person, digest):
    _, address = unsubscribe_ways(digest)
    person.write(address, "unsubscribe")
    wait_for("the end", lambda: door.status(person.address) == ("ended", "asked"))
    person.receives("the goodbye", is_titled("You have left"))
    ground.check(part, "unsubscribed by mail, with a goodbye", True)


def leave_by_click(ground, part, door, person, digest):
    url, _ = unsubscribe_ways(digest)
    ground.check(
        part, "the mail offers one click",
        digest["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click", digest["List-Unsubscribe-Post"],
    )
    person.open(url)
    ground.check(part, "opening the leaving link changes nothing", door.status(person.address) == ("active", ""))
    boundary = b'--b\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--b--\r\n'
    first, _ = person.open(url, boundary, "multipart/form-data; boundary=b")
    ended = door.status(person.address)
    again, _ = person.open(url, {"List-Unsubscribe": "One-Click"})
    ground.check(
        part, "one click ends it before it answers, in both encodings and twice",
        (first, again, ended) == (200, 200, ("ended", "one_click")), f"{first} {again} {ended}",
    )


def walk(ground, door, by_reply, by_link, feeds):
    """Both people, from start to end."""
    part = door.name
    subscribe(ground, part, door, by_reply, "reply")
    subscribe(ground, part, door, by_link, "link")
    door.has_stories()
    door.send_edition()
    digests = [gets_digest(ground, part, person, door) for person in (by_reply, by_link)]
    leave_by_mail(ground, part, door, by_reply, digests[0])
    leave_by_click(ground, part, door, by_link, digests[1])
    n_stories = door.one("SELECT count(*) FROM stories")
    feeds.publish("Toyota opens a battery plant in Poland", "It is to employ 900 people.")
    door.command("poll")
    wait_for("a new story", lambda: door.one("SELECT count(*) FROM stories") > n_stories)
    said = door.command("send-now", "daily")
    ground.check(part, "who left gets nothing more, though there is news", "1 story; no mail to send" in said, said)
    return digests
