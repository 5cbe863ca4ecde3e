"""What strangers try: scanners, guesses, foreign forms, frames, slow connections."""

import functools
import http.server
import secrets
import socket
import threading
import time
import urllib.parse

from house import links

SCANNERS = [
    "Mozilla/5.0 (compatible; Barracuda Sentinel)",
    "Mozilla/5.0 (Windows NT 10.0) SafeLinks",
    "GoogleImageProxy",
    "Proofpoint URL Defense",
]
N_OPENED = 1000

# Standards.md IN-14: on every answer, whatever its status.
HEADERS = {
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
}
POLICY = ["default-src 'none'", "form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'"]


def scanner(ground, house):
    """Opens every link of every mail and every page, a thousand times, by GET and HEAD and OPTIONS."""
    part = "link scanner"
    urls = {url for mail in house.mails() for url in links(mail)}
    paths = {urllib.parse.urlsplit(url).path for url in urls}
    paths |= {"/", "/archive/daily", "/edition/1", "/subscribe", "/healthz", "/readyz", "/robots.txt", "/style.css"}
    words = {path.split("/")[1] for path in paths}
    ground.check(part, "its list has confirm, settings and leave links", {"confirm", "settings", "leave"} <= words, words)
    before, statuses = house.state(), {}
    for number in range(N_OPENED):
        path = sorted(paths)[number % len(paths)]
        method = ("GET", "HEAD", "OPTIONS")[number // len(paths) % 3]
        status, _, _ = house.ask(path, method, headers={"User-Agent": SCANNERS[number % len(SCANNERS)]})
        statuses[status] = statuses.get(status, 0) + 1
    changed = [table for table, rows in house.state().items() if rows != before[table]]
    ground.check(part, f"{N_OPENED} requests over {len(paths)} links change nothing in the database", not changed, changed)
    ground.check(part, "and none fails on our side", all(status < 500 for status in statuses), statuses)


def headers(ground, house):
    """The headers of every kind of answer."""
    part = "headers"
    answers = {
        "page": house.ask("/"),
        "style": house.ask("/style.css"),
        "missing": house.ask("/nothing"),
        "bad token": house.ask(f"/leave/{secrets.token_hex(13)}"),
        "wrong method": house.ask("/subscribe", "PUT", b""),
        "too large": house.ask("/subscribe", "POST", b"a" * 100_000),
        "too long": house.ask("/" + "a" * 3_000),
        "form": house.ask("/subscribe", "POST", b"address=nobody&digest=daily"),
    }
    statuses = {name: answer[0] for name, answer in answers.items()}
    wanted = {"page": 200, "style": 200, "missing": 404, "bad token": 404, "wrong method": 405, "too large": 413,
              "too long": 414, "form": 422}
    ground.check(part, "each kind of request has its status", statuses == wanted, statuses)
    for name, (_, found, _) in answers.items():
        wrong = {header: found.get(header) for header, value in HEADERS.items() if found.get(header) != value}
        policy = found.get("Content-Security-Policy", "")
        ground.check(part, f"{name}: all headers, no cookie", not wrong and all(p in policy for p in POLICY)
                     and not found.get("Set-Cookie") and "script-src" not in policy, (wrong, policy))


def foreign_forms(ground, house, browser, settings):
    """A page of somebody else posts forms to us, frames us, and waits for a referrer."""
    part = "foreign page"
    seen = []

    class Evil(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            seen.append((self.path, self.headers.get("Referer")))
            page = f"""<!doctype html><title>evil</title>
<form id=a method=post action="{house.url}/settings/guess"><input name=companies value=evil></form>
<form id=b method=post action="{house.url}/leave/guess"><input name=List-Unsubscribe value=One-Click></form>
<iframe id=f src="{settings}"></iframe>"""
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(page.encode())

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Evil)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    ground.at_end(server.shutdown)
    evil = f"http://localhost:{server.server_address[1]}/"
    before = house.state()
    browser.open(settings)  # whoever is "logged in" would be so now
    for form in ("a", "b"):
        browser.open(evil)
        browser.driver.execute_script(f"document.getElementById('{form}').submit()")
        ground.check(part, f"a form without the token is refused ({form})", "does not work" in browser.text(), browser.text())
    changed = [table for table, rows in house.state().items() if rows != before[table]]
    ground.check(part, "and changes nothing: there is no session to ride on", not changed, changed)
    browser.open(evil)
    frame = browser.all("#f")[0]
    browser.driver.switch_to.frame(frame)
    framed = browser.text()
    browser.driver.switch_to.default_content()
    ground.check(part, "our pages cannot be framed", "Your settings" not in framed, framed)
    browser.open(settings)
    browser.driver.execute_script(f"const a = document.createElement('a'); a.href = '{evil}out'; document.body.append(a); a.click()")
    referrers = [referrer for path, referrer in seen if path == "/out"]
    ground.check(part, "a link out of the settings page tells nobody its address", referrers == [None], referrers)


def guesses(ground, house, settings, leave, left):
    """Tokens at random: slowed after thirty a minute, while those that are good go on. `left` was used before. They are asked
    from a network of their own: the wrong tokens of other parts began a minute of this one."""
    part = "guessing"
    kinds = ("settings", "leave", "confirm")
    ask = functools.partial(house.ask, source="127.9.9.9")
    answers = [ask(f"/{kinds[n % 3]}/{secrets.token_hex(16)}") for n in range(60)]
    statuses = [status for status, _, _ in answers]
    first = statuses.index(429) if 429 in statuses else None
    ground.check(part, "after thirty wrong tokens a minute comes 429", first is not None and first <= 30, statuses)
    ground.check(part, "and stays, with Retry-After", set(statuses[first:]) == {429} and answers[-1][1]["Retry-After"].isdigit(), statuses)
    near = leave[:-1] + ("a" if leave[-1] != "a" else "b")
    ground.check(part, "a token that is wrong in its last letter is as wrong as any", ask(near)[0] in (404, 429))
    bodies = {body for status, _, body in answers if status == 404}
    ground.check(part, "all wrong tokens get one and the same page", len(bodies) == 1, len(bodies))
    good = {ask(path)[0] for _ in range(40) for path in (settings, leave)}
    ground.check(part, "good tokens are never slowed", good == {200}, good)
    clicks = {ask(left, "POST", b"List-Unsubscribe=One-Click")[0] for _ in range(40)}
    ground.check(part, "nor is one click, however often it is posted from one place", clicks == {200}, clicks)


def slow(ground, house):
    """Three hundred connections that never finish their first line."""
    part = "slowloris"
    crowd = []
    for _ in range(300):
        connection = socket.create_connection(("127.0.0.1", house.web), 5)
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX-")
        crowd.append(connection)
    # The quickest of three, since the machine has other work; none may hang.
    answers = [timed(lambda: house.ask("/healthz")[0]) for _ in range(3)]
    seconds = [seconds for _, seconds in answers]
    quick = min(seconds) < 1 and max(seconds) < 10 and {status for status, _ in answers} == {200}
    ground.check(part, "300 half-open connections: /healthz answers within a second", quick, answers)
    page, _, _ = house.ask("/")
    ground.check(part, "and so does the first page", page == 200)
    for connection in crowd:
        connection.close()


def timed(act):
    """What it returns, and the seconds it took."""
    began = time.monotonic()
    return act(), time.monotonic() - began
