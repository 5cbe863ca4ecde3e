"""Chromium without a window: sizes, color schemes, scripts off, keys, pictures, and axe-core where it is there."""

import base64
import os

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.remote_connection import RemoteConnection

TABS_MAX = 120
# Chromium may never answer a command of its own protocol (a picture, the layout): then the run fails, and does not hang.
ANSWER_SECONDS = 120


class Browser:
    """One window. With `scripts=False` no page may run any, as Chromium's own setting for sites does it."""

    def __init__(self, ground, scripts=True):
        options = Options()
        options.binary_location = "/usr/bin/chromium"
        for argument in ("--headless=new", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
                         f"--user-data-dir={ground.path('chromium', 'on' if scripts else 'off')}"):
            options.add_argument(argument)
        if os.geteuid() == 0:
            options.add_argument("--no-sandbox")  # Chromium's sandbox refuses root
        if not scripts:
            options.add_experimental_option("prefs", {"profile.managed_default_content_settings.javascript": 2})
        RemoteConnection.set_timeout(ANSWER_SECONDS)
        self.driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
        ground.at_end(self.driver.quit)
        self.driver.set_page_load_timeout(60)
        self.driver.set_script_timeout(60)
        self.pictures = None
        self.width = 640

    def look(self, width, scheme):
        """The width of the window in CSS pixels, `light` or `dark`."""
        self.width = width
        metrics = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 500}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})

    def reads(self, language):
        """What the browser says its reader wants to read: `de`."""
        self.driver.execute_cdp_cmd("Network.enable", {})
        self.driver.execute_cdp_cmd("Network.setExtraHTTPHeaders", {"headers": {"Accept-Language": language}})

    def open(self, url):
        self.driver.get(url)

    def text(self):
        return self.driver.find_element(By.TAG_NAME, "body").text

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
