"""The suite, tried on itself: against servers that break a promise, against ones that only differ, and over and over."""
