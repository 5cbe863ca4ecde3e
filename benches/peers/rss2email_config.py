"""A configuration of rss2email for feeds, delivering into a Maildir: `r2e add` a thousand times would be the slow part."""

import sys

urls, folder = sys.argv[1:3]
print(
    f"""[DEFAULT]
from = news@example.org
to = reader@example.org
email-protocol = maildir
maildir-path = {folder}/mail
maildir-mailbox = feeds
digest = False
html-mail = False
verbose = error
"""
)
for n, url in enumerate(open(urls)):
    print(f"[feed.f{n}]\nurl = {url.strip()}\n")
