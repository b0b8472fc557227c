"""Faults of what /configure answers."""
