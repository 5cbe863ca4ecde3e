"""What the operator's own server found out about a sender (`Authentication-Results`), and what follows from it.

opendkim verifies at the operator's port 25 and writes its verdict on top of whatever the mail brought along.
"""

from ground import wait_for
from walk import is_titled


def check(ground, door, honest, victim, keys):
    """One reader's provider signs; in the other's name somebody writes who cannot."""
    part = door.name
    to = f"news+subscribe-daily@{door.domain}"
    honest.write(to, "subscribe", sign=keys.sign)
    honest.receives("the confirmation", is_titled("Confirm your subscription"))
    ground.check(part, "whose provider's signature holds is asked back", True)
    victim.write(to, "subscribe")
    claims = {"Authentication-Results": f"{door.authserv_id}; dmarc=pass header.from=readers.test; dkim=pass"}
    victim.write(to, "subscribe", headers=claims)
    n_dropped = "SELECT count(*) FROM inbound WHERE outcome LIKE '%forged%'"
    wait_for("both forgeries", lambda: door.one(n_dropped) == 2)
    answered = door.one("SELECT count(*) FROM deliveries")
    ground.check(part, "who has none is not, whatever the mail says of itself", answered == 1, answered)
