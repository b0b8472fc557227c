"""A stream as its client sees it: the frames, their metrics, and the channel they came through."""
