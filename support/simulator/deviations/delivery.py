"""Faults of rate, first frame, count, end, wire."""
