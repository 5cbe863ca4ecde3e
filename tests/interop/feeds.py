"""A web server with two feeds of our own, whose articles carry the time of the run."""

import http.server
import threading
from email.utils import formatdate
from xml.sax.saxutils import escape

HEADLINES = {
    "/wire.xml": [
        ("Nvidia to buy Dutch chip designer for $2.1 billion", "The deal is expected to close in the spring."),
        ("Volkswagen recalls 40,000 vans over brake hoses", "Owners will be written to from Monday."),
    ],
    "/post.xml": [
        ("Nvidia buys Dutch chip designer in $2.1 billion deal", "It is the largest purchase of the year for the company."),
        ("Central bank holds rates and warns of dear energy", "Ünïcödé, “quotes” & <angles> have to survive the mail."),
    ],
}


class Feeds:
    """Serves until the run ends."""

    def __init__(self, ground):
        class Answer(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                rows = HEADLINES.get(self.path)
                body = (document(self.path, rows) if rows else "").encode()
                self.send_response(200 if rows else 404)
                self.send_header("Content-Type", "application/rss+xml; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        self.urls = {path[1:-4]: f"http://127.0.0.1:{server.server_address[1]}{path}" for path in HEADLINES}
        threading.Thread(target=server.serve_forever, daemon=True).start()
        ground.at_end(server.shutdown)

    @staticmethod
    def publish(title, text):
        """One more article, once."""
        if all(title != known for known, _ in HEADLINES["/wire.xml"]):
            HEADLINES["/wire.xml"].append((title, text))


def document(path, rows):
    items = "".join(
        f"<item><title>{escape(title)}</title><description>{escape(text)}</description>"
        f"<link>https://{path[1:-4]}.test/{number}</link><guid>{path}{number}</guid><pubDate>{formatdate()}</pubDate></item>"
        for number, (title, text) in enumerate(rows)
    )
    return f'<rss version="2.0"><channel><title>The {path[1:-4].title()}</title>{items}</channel></rss>'
