#!/usr/bin/env bash
# A browser for the tests of what people see (tests/browser/): Debian's Chromium, where none is there, with fonts for Hebrew.
set -euo pipefail
for name in chromium chromium-browser google-chrome; do
  command -v "$name" > /dev/null && exit 0
done
apt-get -qq update
apt-get -qq --yes --no-install-recommends install chromium fonts-dejavu-core > /dev/null
