"""Faults of ids, address, health, cancel, unknown jobs."""
