"""The library of the suite: clients, rules, report and the embedded server."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
"""Folder of the project."""
