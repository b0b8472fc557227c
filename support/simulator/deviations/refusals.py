"""Faults of errors and metadata."""
