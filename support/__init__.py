"""The library of the suite: clients, rules, report and the embedded server.

Whatever is imported of it, the console takes every character from then on: one that its encoding lacks, as an escape.
"""

import sys
from io import TextIOWrapper
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
"""Folder of the project."""

for _console in (sys.stdout, sys.stderr):
    if isinstance(_console, TextIOWrapper):
        _console.reconfigure(errors="backslashreplace")
