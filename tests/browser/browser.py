"""Chromium without a window: sizes, color schemes, scripts off, keys, pictures, and axe-core where it is there."""

import base64
import os
import subprocess
from dataclasses import dataclass

import urllib3
from selenium import webdriver
from selenium.common.exceptions import (
    InvalidSessionIdException,
    NoSuchElementException,
    NoSuchWindowException,
    SessionNotCreatedException,
    StaleElementReferenceException,
    TimeoutException,
    WebDriverException,
)
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.remote_connection import RemoteConnection

TABS_MAX = 120
# Chromium may never answer a command of its own protocol (a picture, the layout, a script): it is then ended, and a new
# one does the same once more, a few times for one act and in a run.
ANSWER_SECONDS = 60
PAGE_SECONDS = 45
TRIES_MAX = 3
RESTARTS_MAX = 6
NO_ANSWER = (
    urllib3.exceptions.HTTPError,
    TimeoutException,
    InvalidSessionIdException,
    NoSuchWindowException,
    SessionNotCreatedException,
)
# A question that was not answered in time is not asked three times more, as urllib3 does by itself.
urllib3.Retry.DEFAULT = urllib3.Retry(0)


@dataclass
class Sight:
    """What was seen of a page: pixels too wide, what axe-core found, its language, how many things it loads or asks."""

    too_wide: int
    faults: list
    language: str
    n_parts: int


def gives_no_answer(error):
    """Whether Chromium or its driver failed, and not the page: "tab crashed" and the like have no kind of their own."""
    return isinstance(error, NO_ANSWER) or type(error) is WebDriverException


class Driver(Service):
    """chromedriver, which is ended by a signal: one that is stuck never answers a request to end."""

    def send_remote_shutdown_command(self):
        pass


class Browser:
    """One window. With `scripts=False` no page may run any, as Chromium's own setting for sites does it.
    `ask_server` fails where Courant itself does not answer: that is no fault of Chromium's."""

    def __init__(self, ground, ask_server, scripts=True):
        self.ground, self.ask_server, self.scripts = ground, ask_server, scripts
        self.driver = self.service = self.profile = self.pictures = self.language = None
        self.width = 640
        self.n_starts = self.n_restarts = 0
        ground.at_end(self._end)
        self._start()

    def _start(self):
        for _ in range(TRIES_MAX - 1):
            try:
                return self._begin()
            except (urllib3.exceptions.HTTPError, WebDriverException, OSError) as error:
                print(f"note  Chromium does not start and is started anew: {type(error).__name__}", flush=True)
                self._end()
        return self._begin()

    def _begin(self):
        self.n_starts += 1
        name = "on" if self.scripts else "off"
        self.profile = self.ground.path("chromium", f"{name}-{self.n_starts}")
        options = Options()
        options.binary_location = "/usr/bin/chromium"
        for argument in ("--headless=new", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
                         f"--user-data-dir={self.profile}"):
            options.add_argument(argument)
        if os.geteuid() == 0:
            options.add_argument("--no-sandbox")  # Chromium's sandbox refuses root
        if not self.scripts:
            options.add_experimental_option("prefs", {"profile.managed_default_content_settings.javascript": 2})
        RemoteConnection.set_timeout(ANSWER_SECONDS)
        self.service = Driver("/usr/bin/chromedriver")
        self.driver = webdriver.Chrome(service=self.service, options=options)
        self.driver.set_page_load_timeout(PAGE_SECONDS)
        self.driver.set_script_timeout(PAGE_SECONDS)
        if self.language:
            self.reads(self.language)

    def _end(self):
        """Not by asking: one that answers nothing would be asked for minutes."""
        driver = getattr(self.service, "process", None)
        if driver is not None:
            driver.kill()
        subprocess.run(["pkill", "-KILL", "-f", "--", f"--user-data-dir={self.profile}"], check=False)

    def again(self, act):
        """What `act` returns; where Chromium gives no answer, a new one does it from its start, so it must bear that."""
        for _ in range(TRIES_MAX - 1):
            try:
                return act()
            except (urllib3.exceptions.HTTPError, WebDriverException) as error:
                if not gives_no_answer(error):
                    raise
                self.ask_server()
                self.n_restarts += 1
                if self.n_restarts > RESTARTS_MAX:
                    raise
                print(f"note  Chromium gives no answer and is started anew: {type(error).__name__}", flush=True)
                self._end()
                self._start()
        return act()

    def look(self, width, scheme):
        """The width of the window in CSS pixels, `light` or `dark`."""
        self.width = width
        metrics = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 500}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})

    def reads(self, language):
        """What the browser says its reader wants to read: `de`."""
        self.language = language
        self.driver.execute_cdp_cmd("Network.enable", {})
        self.driver.execute_cdp_cmd("Network.setExtraHTTPHeaders", {"headers": {"Accept-Language": language}})

    def open(self, url):
        self.driver.get(url)

    def text(self):
        return self.driver.find_element(By.TAG_NAME, "body").text

    def says(self, words):
        """Whether the page has these words; it has none while another one takes its place."""
        try:
            return words in self.text()
        except (NoSuchElementException, StaleElementReferenceException):
            return False

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def too_wide(self):
        """How many pixels the page is wider than its window."""
        size = self.driver.execute_cdp_cmd("Page.getLayoutMetrics", {})["cssContentSize"]
        return max(0, size["width"] - self.width)

    def picture(self, name):
        """The whole page as a PNG in the folder of pictures."""
        size = self.driver.execute_cdp_cmd("Page.getLayoutMetrics", {})["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": self.width, "height": min(size["height"], 6000), "scale": 1}
        shot = self.driver.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True, "clip": clip})
        (self.pictures / f"{name}.png").write_bytes(base64.b64decode(shot["data"]))

    def inspect(self, name, look, go, axe=None, practice=True):
        """Goes to a page at a width and in a scheme, takes its picture and says what there is to see."""

        def act():
            self.look(*look)
            go()
            self.picture("-".join(map(str, (name, *look))))
            wide = self.too_wide()
            language = self.all("html")[0].get_attribute("lang")
            parts = self.all("img, link, script, iframe, form, video, audio, object, embed")
            return Sight(wide, self.accessibility(axe, practice) if axe else [], language, len(parts))

        return self.again(act)

    # --- the keyboard alone

    def focused(self):
        return self.driver.switch_to.active_element

    def press(self, *keys):
        ActionChains(self.driver).send_keys(*keys).perform()

    def tab_to(self, selector):
        """Presses Tab until an element has the focus; the way there is what somebody without a mouse has."""
        wanted = self.all(selector)
        for _ in range(TABS_MAX):
            self.press(Keys.TAB)
            if self.focused() in wanted:
                return self.focused()
        raise AssertionError(f"Tab never comes to `{selector}`")

    def accessibility(self, axe, practice=True):
        """What axe-core finds wrong, as short lines: WCAG 2.1 A and AA, and for pages what it calls best practice."""
        self.driver.execute_script(axe)
        found = self.driver.execute_async_script(
            "const done = arguments[1]; axe.run({runOnly: arguments[0]})"
            ".then(r => done(r.violations.map(v => v.id + ': ' + v.nodes.map(n => n.target.join(' ')).join(', '))))"
            ".catch(e => done([String(e)]))",
            ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"] + (["best-practice"] if practice else []),
        )
        return found
