"""Baselines: how fast a server's streams were, and whether they have become slower since."""
