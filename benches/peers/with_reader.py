"""`reader` as a library is used: `add` puts the feeds into a database, `update` polls them with 8 workers."""

import sys

from reader import make_reader

database, urls, what = sys.argv[1:4]
reader = make_reader(database)
if what == "add":
    for url in open(urls):
        reader.add_feed(url.strip())
else:
    # All of them: its own schedule is not asked.
    failed = [result for result in reader.update_feeds_iter(workers=8) if isinstance(result.value, Exception)]
    assert not failed, f"{len(failed)} feeds failed: {failed[0].value!r}"
