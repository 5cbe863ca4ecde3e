"""Subscribe, confirm, choose, leave: by pointer at every size, and by keyboard alone without scripts."""

from selenium.webdriver.common.keys import Keys

from ground import Failed, wait_for
from house import links

LOOKS = [(360, "light"), (360, "dark"), (1024, "light"), (1024, "dark")]
# Colors follow the scheme and order the width: two looks are enough for axe-core, which takes its time.
AXE_LOOKS = [(360, "light"), (1024, "dark")]


def page_link(mail, word):
    return next(url for url in links(mail) if f"/{word}/" in url)


def keyboard(ground, house, browser):
    """No pointer, no scripts, 360 pixels."""
    part = "keyboard, no scripts"
    address = f"kay{browser.n_starts}@example.net"
    browser.look(360, "light")
    browser.open("data:text/html,<script>document.title='ran'</script>")
    ground.check(part, "the browser runs no scripts", browser.driver.title != "ran")
    browser.open(house.url)
    field = browser.tab_to("#address")
    browser.press(address)
    ground.check(part, "the label names the field", label_of(browser, field) == "Your mail address", label_of(browser, field))
    browser.tab_to("input[name=digest]")
    browser.press(Keys.ARROW_DOWN)
    browser.press(Keys.ENTER)
    shows(ground, browser, part, "Enter sends the form", "mailbox")
    confirm = house.mail(address, "Confirm your subscription to The Weekly")
    browser.open(page_link(confirm, "confirm"))
    browser.tab_to("main button")
    browser.picture("focus-on-button-360-light")
    ground.check(part, "the focus is seen", outlined(browser))
    browser.press(Keys.ENTER)
    shows(ground, browser, part, "Enter on the button confirms", "You are subscribed")
    ground.check(part, "and the database agrees", house.status(address) == "active")
    browser.tab_to("main a")
    browser.press(Keys.ENTER)
    shows(ground, browser, part, "the way on leads to the settings", "Your settings")
    browser.tab_to("#companies")
    browser.press("Nvidia, Toyota")
    browser.tab_to("input[name=theme]")
    browser.press(Keys.SPACE)
    browser.tab_to("#frequency")
    browser.press("Mondays"[:3])
    browser.tab_to("main form:first-of-type button")
    browser.press(Keys.ENTER)
    shows(ground, browser, part, "Enter on the button saves, and the page says so", "Saved")
    kept = house.choices(address)
    ground.check(part, "the settings are kept", kept.get("companies") == ["nvidia", "toyota"] and len(kept["themes"]) == 1, kept)
    browser.tab_to("button.quiet")
    browser.press(Keys.ENTER)
    shows(ground, browser, part, "leaving from the settings page", "no more of these mails")
    ground.check(part, "which holds at once", house.status(address) == "ended")
    ground.check(part, "no cookie was set", browser.driver.get_cookies() == [])


def lost_link(ground, house, browser, address):
    """The way back to the settings for whoever lost the link, by keyboard alone, without scripts, 360 pixels."""
    part = "lost link"
    browser.look(360, "light")
    browser.open(house.url)
    browser.tab_to("main a[href='/settings']")
    browser.press(Keys.ENTER)
    shows(ground, browser, part, "the subscribe page leads there", "Lost the link to your settings?")
    browser.open(house.url + "/settings/nothing")
    browser.tab_to("main a[href='/settings']")
    browser.press(Keys.ENTER)
    shows(ground, browser, part, "so does a link that does not work", "Lost the link to your settings?")
    pages = []
    for who in (address, "stranger@gmail.com"):
        browser.open(house.url + "/settings")
        field = browser.tab_to("#address")
        ground.check(part, "the label names the field", label_of(browser, field) == "Your mail address", label_of(browser, field))
        browser.press(who)
        browser.press(Keys.ENTER)
        shows(ground, browser, part, "Enter sends the form", "mailbox")
        pages.append(browser.text())
    ground.check(part, "a stranger sees the same page", pages[0] == pages[1], pages)
    mail = house.mail(address, "Your settings")
    browser.open(page_link(mail, "settings"))
    shows(ground, browser, part, "the mailed link opens the settings", "Your settings")
    ground.check(part, "the stranger is told by mail only", house.mail("stranger@gmail.com", "This address is not") is not None)


def shows(ground, browser, part, what, words):
    """Waits until the page shows these words: a key returns before the next page is there."""
    try:
        wait_for(f"`{words}` on the page", lambda: browser.says(words), 60)
    except Failed:
        browser.picture("failed")
        raise Failed(f"{part}, {what}: instead of `{words}` the page says `{browser.text()}`") from None
    ground.check(part, what, True)


def label_of(browser, field):
    labels = browser.all(f"label[for={field.get_attribute('id')}]")
    return labels[0].text if labels else ""


def outlined(browser):
    return browser.focused().value_of_css_property("outline-width") not in ("", "0px")


def every_page(ground, house, browser, axe, address="pia@example.net"):
    """Each page at each size and scheme: a picture, nothing to scroll sideways, nothing for axe-core to find."""
    digest = digest_of(house, address)
    pages = {
        "subscribe": house.url + "/",
        "settings": page_link(digest, "settings"),
        "leave": page_link(digest, "leave"),
        "lost-link": house.url + "/settings",
        "bad-link": house.url + "/confirm/nothing",
        "missing": house.url + "/nothing",
        "archive": house.url + "/archive/daily",
        "edition": house.url + "/edition/1",
    }
    for name, url in pages.items():
        one_page(ground, browser, axe, name, lambda url=url: browser.open(url))
    one_page(ground, browser, axe, "confirm", lambda: browser.open(pending(house, "kim@example.net")))
    one_page(ground, browser, axe, "subscribe-problem", lambda: refused(house, browser))
    one_page(ground, browser, axe, "asked", lambda: asked(house, browser))
    one_page(ground, browser, axe, "settings-saved", lambda: saved(browser, pages["settings"]))
    one_page(ground, browser, axe, "settings-problem", lambda: saved(browser, pages["settings"], "Nvidiaa, qqqq"))
    one_page(ground, browser, axe, "confirmed", lambda: confirm_new(house, browser))
    browser.again(lambda: leave(browser, pages["leave"]))
    one_page(ground, browser, axe, "left", lambda: browser.open(pages["leave"]))


def every_language(ground, house, browser, axe, address):
    """Each kind of page in each language: the right `lang`, and nothing to scroll sideways where words are long."""
    digest = digest_of(house, address)
    pages = {
        "subscribe": house.url + "/",
        "lost-link": house.url + "/settings",
        "settings": page_link(digest, "settings"),
        "leave": page_link(digest, "leave"),
        "edition": house.url + "/edition/1",
        "bad-link": house.url + "/confirm/nothing",
    }
    for code in ("de", "fr", "es"):
        browser.reads(code)
        for name, url in pages.items():
            sight = one_page(ground, browser, axe, f"{name}-{code}", lambda url=url: browser.open(url), [(360, "light")])
            ground.check("languages", f"{name} is in {code}", sight.language == code, sight.language)
    browser.reads("en")


def one_page(ground, browser, axe, name, go, looks=LOOKS):
    for look in looks:
        sight = browser.inspect(f"page-{name}", look, go, axe if look in AXE_LOOKS else None)
        size = f"{look[0]} px, {look[1]}"
        ground.check("pages", f"{name} fits {size}", sight.too_wide == 0, f"{sight.too_wide} px too wide")
        if axe and look in AXE_LOOKS:
            ground.check("pages", f"{name}: axe-core finds nothing, {size}", not sight.faults, sight.faults)
    return sight


def fill(browser, selector, text):
    field = browser.all(selector)[0]
    field.clear()
    field.send_keys(text)


def submit(browser, selector="main form:first-of-type button"):
    browser.all(selector)[0].click()


def refused(house, browser):
    """An address the browser lets through and we do not."""
    browser.open(house.url)
    fill(browser, "#address", "somebody@[127.0.0.1]")
    browser.driver.execute_script("document.querySelector('form').noValidate = true")
    submit(browser)


N_ASKED = iter(range(1000))


def asked(house, browser):
    browser.open(house.url)
    fill(browser, "#address", f"asked{next(N_ASKED)}@gmail.com")
    submit(browser)


def pending(house, address):
    if house.status(address) is None:
        house.write(address, "news+subscribe-daily@example.org")
    return page_link(house.mail(address, "Confirm your subscription"), "confirm")


def confirm_new(house, browser):
    browser.open(pending(house, f"new{next(N_ASKED)}@gmail.com"))
    submit(browser)


def saved(browser, url, companies="Nvidia"):
    browser.open(url)
    fill(browser, "#companies", companies)
    submit(browser)


def leave(browser, url):
    browser.open(url)
    if browser.all("main form"):
        submit(browser)


def readers(house, browser, *addresses):
    """Confirmed readers, each with a digest in the folder."""
    for address in addresses:
        if house.status(address) != "active":
            browser.open(pending(house, address))
            submit(browser)
        wait_for("the subscription", lambda address=address: house.status(address) == "active")
    wait_for("stories", lambda: house.rows("SELECT count(*) FROM stories")[0][0] >= 3)
    house.command("send-now", "daily")
    for address in addresses:
        digest_of(house, address)


def digest_of(house, address):
    def hits():
        return [mail for mail in house.mails() if mail["List-Id"] and mail["To"] == address]

    return wait_for(f"a digest for {address}", hits)[0]
