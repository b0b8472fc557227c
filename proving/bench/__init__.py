"""Throughput side by side in one run: receiving, decoding, judging (``make bench``)."""
