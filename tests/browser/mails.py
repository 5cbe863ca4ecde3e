"""The HTML of every kind of mail as a mail program shows it: light and dark, narrow and wide."""

from house import html_of
from journey import page_link
from ground import wait_for

LOOKS = [(360, "light"), (360, "dark"), (640, "light"), (640, "dark")]
AXE_LOOKS = [(360, "light"), (640, "dark")]


def every_mail(ground, house, browser, axe, address="pia@example.net"):
    """A picture of each; nothing to scroll sideways, nothing loaded from anywhere, nothing for axe-core to find."""
    settings = page_link(house.mail(address, ""), "settings").rsplit("/", 1)[1]
    # Written with the reader's own token, as a reply to a digest would be, so that nothing needs asking back.
    house.write(address, f"news+settings-{settings}@example.org", "Re: settings",
                "follow Nvidia, Toyotta\nmute crypto\ntime 06:45\nweekdays\n")
    house.write("who@example.net", "news@example.org", "help")
    wait_for("the answer", lambda: kinds(house).keys() >= {"reply", "confirm", "welcome", "digest"})
    for name, mail in sorted(kinds(house).items()):
        file = ground.path("pages") / f"{name}.html"
        file.write_text(html_of(mail))
        for look in LOOKS:
            sight = browser.inspect(f"mail-{name}", look, lambda file=file: browser.open(file.as_uri()),
                                    axe if look in AXE_LOOKS else None, practice=False)
            size = f"{look[0]} px, {look[1]}"
            ground.check("mails", f"{name} fits {size}", sight.too_wide == 0, f"{sight.too_wide} px too wide")
            if axe and look in AXE_LOOKS:
                ground.check("mails", f"{name}: axe-core finds nothing, {size}", not sight.faults, sight.faults)
        ground.check("mails", f"{name} loads nothing", sight.n_parts == 0, f"{sight.n_parts} parts")


def kinds(house):
    """One mail of each kind, by what its subject says."""
    found = {}
    titles = {"Confirm your": "confirm", "Welcome": "welcome", "You have left": "goodbye", "Your settings": "reply",
              "How to use": "help", "Confirm:": "question"}
    for mail in house.mails():
        subject = str(mail["Subject"])
        name = "digest" if mail["List-Id"] else next((k for start, k in titles.items() if subject.startswith(start)), None)
        if name and html_of(mail):
            found[name] = mail
    return found
