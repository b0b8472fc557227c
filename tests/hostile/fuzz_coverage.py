"""Fuzzes with an eye on coverage: inputs that reach new code are kept, and changed further.

``python -m tests.hostile.fuzz_coverage --target rest --inputs 1000000 --seed 1`` needs atheris, which is no part of the
set-up (docs/PROVING.md). It ends with the first input that leads to anything but a typed error or a judgement, and
keeps that input under ``reports/``.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

REPORTS = Path(__file__).resolve().parents[2] / "reports"

INSTRUMENTED = ["support", "requests.models", "requests.sessions", "urllib3.response"]
LONGEST_INPUT = 1024
MOST_MEBIBYTES = 4096
"""A bound for what runs away: atheris itself keeps up to 2 KiB of every input."""
LONGEST_SECONDS = 300
"""Until an input counts as hanging; processor time is bounded by the targets themselves."""


def main() -> None:
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("--target", choices=("rest", "frames"), required=True)
    parser.add_argument("--inputs", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    try:
        import atheris
    except ImportError:
        parser.error("this needs atheris: pip install -r requirements-fuzz.txt (Linux, x86-64)")

    with atheris.instrument_imports(include=INSTRUMENTED):
        from tests.hostile.fuzz_targets import TARGETS, TOKENS
    try_input, seeds = TARGETS[options.target]
    counts: Counter[str] = Counter()
    began = time.monotonic()

    def one_input(data: bytes) -> None:
        counts["inputs"] += 1
        try_input(data, counts)
        if counts["inputs"] == options.inputs:
            told = ", ".join(f"{count:,} {what}" for what, count in sorted(counts.items()))
            print(f"{told} in {time.monotonic() - began:.0f} s", flush=True)  # noqa: T201 - what a person asked for

    with tempfile.TemporaryDirectory() as folder:
        corpus = Path(folder, "corpus")
        corpus.mkdir()
        for number, data in enumerate(seeds()):
            (corpus / str(number)).write_bytes(data)
        words = Path(folder, "words")
        words.write_text("".join(f'"{_escaped(token)}"\n' for token in TOKENS), encoding="ascii")
        REPORTS.mkdir(exist_ok=True)
        atheris.Setup(
            [
                sys.argv[0],
                f"-atheris_runs={options.inputs}",
                f"-seed={options.seed}",
                f"-max_len={LONGEST_INPUT}",
                f"-timeout={LONGEST_SECONDS}",
                f"-rss_limit_mb={MOST_MEBIBYTES}",
                f"-dict={words}",
                f"-artifact_prefix={REPORTS}/fuzz-",
                str(corpus),
            ],
            one_input,
        )
        atheris.Fuzz()


def _escaped(token: str) -> str:
    """As libFuzzer reads it between quotes."""
    return "".join(f"\\x{ord(sign):02x}" if not sign.isalnum() else sign for sign in token)


if __name__ == "__main__":
    main()
