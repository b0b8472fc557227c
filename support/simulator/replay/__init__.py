"""A stream that a client kept, served again: the same bytes at the same pace, live data as old as they were."""
