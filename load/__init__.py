"""``make load``: many windows at once, on Locust's master and workers; the same client, the same rules."""
