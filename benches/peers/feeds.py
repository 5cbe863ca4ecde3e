"""Addresses of so many feeds of `poll_bench serve`, each on a loopback address of its own, as the bench makes them."""

import sys

n_feeds, port = int(sys.argv[1]), sys.argv[2]
for n in range(n_feeds):
    print(f"http://127.{n // 62500 % 250 + 1}.{n // 250 % 250}.{n % 250 + 1}:{port}/feed/{n}")
