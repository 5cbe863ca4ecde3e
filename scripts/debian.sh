# Sourced by tests that need other programs: `need WHAT PACKAGE...` returns when all packages are there, installs what is
# missing where that harms nobody (root, apt, a container or a CI machine), and else says so and ends the test as skipped.
need() {
  local what=$1 missing=() package
  shift
  for package in "$@"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  if ! command -v apt-get >/dev/null || [ "$(id -u)" != 0 ]; then
    echo "$what: skipped, since these Debian packages are missing and only root can install them: ${missing[*]}"
    exit 0
  fi
  # On a machine in use an installed mail server would run from the next start on; that is its owner's to decide.
  if [ -d /run/systemd/system ] && [ -z "${CI:-}" ]; then
    echo "$what: skipped; to run it, install: apt-get install ${missing[*]}"
    exit 0
  fi
  local quiet=/usr/sbin/policy-rc.d made=
  if [ ! -e "$quiet" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$quiet" && chmod 755 "$quiet" && made=1 # nothing is started by its installation
  fi
  local done=1 log
  log=$(mktemp)
  # A mirror may fail for a moment, and one of several lists for good: what counts is whether the packages come.
  for _ in 1 2 3; do
    { timeout 300 apt-get -qq update || true
      DEBIAN_FRONTEND=noninteractive timeout 600 \
        apt-get -qq -y -o DPkg::Lock::Timeout=300 --no-install-recommends install "${missing[@]}"; } >"$log" 2>&1 && done=0 && break
    DEBIAN_FRONTEND=noninteractive timeout 300 dpkg --configure -a >>"$log" 2>&1 || true
  done
  [ -z "$made" ] || rm -f "$quiet"
  if [ "$done" != 0 ]; then
    tail -n 20 "$log"
    echo "$what: skipped, since packages could not be installed: ${missing[*]}"
    exit 0
  fi
  rm -f "$log"
}
