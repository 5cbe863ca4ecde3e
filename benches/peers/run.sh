#!/usr/bin/env bash
# Other readers over the same feeds from the same server: a cold sweep, and a warm one in which every answer is 304.
#
#   benches/peers/run.sh [FEEDS]        (default 1000)
#
# Wants rss2email and newsboat (`apt-get install rss2email newsboat`) and Python's `reader`
# (`pip install reader sgmllib3k`; PYTHON names the interpreter that has it); what is missing is left out. Each runs as it is
# meant to be run, with as many requests at once as it offers by itself or its manual suggests.
set -euo pipefail
feeds=${1:-1000}
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.."
bench=${BENCH:-target/release/examples/poll_bench}
[ -x "$bench" ] || cargo build --locked --release --example poll_bench
work=$(mktemp -d)
coproc SERVER { exec "$bench" serve; }
server=$SERVER_PID
trap 'kill "$server" 2>/dev/null; rm -rf "$work"' EXIT
read -r port <&"${SERVER[0]}"
python=${PYTHON:-python3}
"$python" "$here/feeds.py" "$feeds" "$port" >"$work/urls"

seconds() { # runs a command, prints its wall seconds
  local begun ended
  begun=$(date +%s.%N)
  "$@" >>"$work/log" 2>&1 || { echo "failed: $*" >&2; tail -n 5 "$work/log" >&2; }
  ended=$(date +%s.%N)
  echo "$ended $begun" | awk '{ printf "%.2f", $1 - $2 }'
}
row() { printf '%-28s %9s %9s\n' "$@"; }

echo "$feeds feeds of 30 entries, one a host, wall seconds"
row "" cold warm

if command -v newsboat >/dev/null; then
  mkdir "$work/newsboat"
  cp "$work/urls" "$work/newsboat/urls"
  printf 'reload-threads 8\nauto-reload no\n' >"$work/newsboat/config"
  run=(newsboat -q -u "$work/newsboat/urls" -C "$work/newsboat/config" -c "$work/newsboat/cache.db" -x reload)
  row "$(newsboat -v | head -n 1 | cut -d' ' -f1,2), 8 threads" "$(seconds "${run[@]}")" "$(seconds "${run[@]}")"
fi

if "$python" -c 'import reader' 2>/dev/null; then
  run=("$python" "$here/with_reader.py" "$work/reader.db" "$work/urls")
  "${run[@]}" add
  version=$("$python" -c 'import reader; print(reader.__version__)')
  row "reader $version, 8 workers" "$(seconds "${run[@]}" update)" "$(seconds "${run[@]}" update)"
fi

if command -v r2e >/dev/null; then
  mkdir -p "$work/rss2email/mail"
  "$python" "$here/rss2email_config.py" "$work/urls" "$work/rss2email" >"$work/rss2email/config"
  run=(env "HOME=$work/rss2email" r2e -c "$work/rss2email/config" -d "$work/rss2email/data.json" run)
  row "rss2email $(r2e --version | awk '{ print $NF }')" "$(seconds "${run[@]}")" "$(seconds "${run[@]}")"
fi
