"""The release sheet: what a run came to, on one page, for those who decide on it."""
