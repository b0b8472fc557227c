#!/usr/bin/env bash
# Renews requirements*.lock from requirements*.txt and constraints.txt: the hashes of all files of each release, for every
# system and every Python from 3.11 on. Needs uv (python -m pip install uv).
set -euo pipefail
cd "$(dirname "$0")/.."

for pins in requirements*.txt; do
  [ "$pins" = requirements-fuzz.txt ] && continue # for one system alone
  {
    echo "# Made by scripts/lock.sh: what $pins names and brings along, with hashes."
    uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-strip-extras --no-header --no-annotate \
      --constraint constraints.txt "$pins" | sed '/^-e /d'
  } > "${pins%.txt}.lock"
done
