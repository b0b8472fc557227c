"""Streams that were kept as they came, and judged again without a server."""
