"""What goes wrong on the way out: a mailbox that is no more, and a server that says "later"."""

from ground import wait_for
from walk import is_digest, is_titled, subscribe


def bounce(ground, door, reader, provider):
    """A reader subscribes, their mailbox is closed, and the provider's refusal comes back as Postfix reports it."""
    part = door.name
    subscribe(ground, part, door, reader, "reply")
    door.has_stories()
    provider.close(reader)
    door.send_edition()
    provider.logged(["reject:", reader.address])
    wait_for("the report", lambda: door.one("SELECT count(*) FROM inbound WHERE outcome LIKE 'bounce:%'"))
    outcome = door.one("SELECT outcome FROM inbound WHERE outcome LIKE 'bounce:%'")
    ground.check(part, "Postfix' report came back by the mail's own return path and was read", outcome == "bounce:hard", outcome)
    ground.check(part, "the reader is suspended", door.status(reader.address) == ("ended", "bounced"), door.status(reader.address))
    listed = door.command("subscribers", "bounces")
    ground.check(part, "and listed with the other server's words", "550" in listed or "5.1.1" in listed, listed)


def greylisting(ground, door, reader, policy):
    """The submission server defers the first attempt of every mail to this reader, as greylists do."""
    part = door.name
    reader.write(f"news+subscribe-daily@{door.domain}", "subscribe")
    wait_for("the deferral", lambda: door.one("SELECT count(*) FROM attempts WHERE outcome = 'refused' AND code = 450"))
    state = door.rows("SELECT status, attempts FROM deliveries WHERE kind = 'confirm'")
    ground.check(part, "Postfix deferred the confirmation with 450; it waits", state == [("queued", 1)], state)
    wait_secs = door.one("SELECT next_attempt_at - at FROM deliveries JOIN attempts ON delivery_id = deliveries.id")
    ground.check(part, "the next attempt is due in about five minutes", 240 <= wait_secs <= 361, wait_secs)
    message_id = door.one("SELECT message_id FROM deliveries")
    door.clock.set("+7m")
    confirm = reader.receives("the confirmation", is_titled("Confirm your subscription"))
    ground.check(part, "the second attempt delivered it", policy.seen[reader.address] == 2, policy.seen)
    ground.check(part, "under the same Message-ID", confirm["Message-ID"].strip("<>") == message_id.strip("<>"))
    reader.answer(confirm)
    wait_for("the subscription", lambda: door.status(reader.address) == ("active", ""))
    door.has_stories()
    door.send_edition()
    reader.receives("the digest", is_digest)
    ground.check(part, "once known, the digest comes at the first attempt", True)
